//! EPSS: the probability that a vulnerability is exploited within 30 days, one CSV a day.
//!
//! Source: <https://www.first.org/epss/data_stats>: a comment line `#model_version:…,score_date:…`, then `cve,epss,
//! percentile`.

use super::{Document, Feed, FeedError, Sink, csv_error, moment, shape, shown};
use crate::row::IntelRow;

/// EPSS.
pub(super) struct Epss;

impl Feed for Epss {
    fn name(&self) -> &'static str {
        "epss"
    }

    fn recognises(&self, document: &Document<'_>) -> bool {
        let bytes = shape::trimmed(document.bytes);
        bytes.starts_with(b"#model_version") || bytes.starts_with(b"cve,epss")
    }

    fn parse(&self, document: &Document<'_>, sink: &mut dyn Sink) -> Result<(), FeedError> {
        let bytes = shape::trimmed(document.bytes);
        let mut lines = bytes.split(|&byte| byte == b'\n');
        let first = String::from_utf8_lossy(lines.next().unwrap_or_default());
        if let Some((_, date)) = first.split_once("score_date:")
            && let Some(date) = moment(date.split(',').next().unwrap_or_default())
        {
            sink.as_of(date);
        }
        let mut reader = csv::ReaderBuilder::new()
            .comment(Some(b'#'))
            .from_reader(bytes);
        let header = reader.headers().map_err(|error| csv_error(&error))?;
        let column = |name: &str| header.iter().position(|column| column.trim() == name);
        let (Some(id), Some(epss)) = (column("cve"), column("epss")) else {
            return Err(if header.is_empty() {
                FeedError::Empty
            } else {
                FeedError::OtherVersion {
                    found: shown(&header.iter().collect::<Vec<_>>().join(",")),
                    known: "columns cve and epss",
                }
            });
        };
        let percentile = column("percentile");
        let mut record = csv::StringRecord::new();
        let mut rows = 0u64;
        while reader
            .read_record(&mut record)
            .map_err(|error| csv_error(&error))?
        {
            rows += 1;
            let score = record
                .get(epss)
                .and_then(|text| text.trim().parse::<f32>().ok());
            let percentile = percentile
                .and_then(|at| record.get(at)?.trim().parse::<f32>().ok())
                .filter(|share| (0.0..=1.0).contains(share));
            match (
                record.get(id),
                score.filter(|score| (0.0..=1.0).contains(score)),
            ) {
                (Some(id), Some(score)) => sink.intel(&IntelRow {
                    vulnerability: id.trim(),
                    epss: Some(score),
                    epss_percentile: percentile,
                    ..IntelRow::default()
                }),
                _ => sink.problem(
                    &format!("row {rows}"),
                    "a score that is not between 0 and 1",
                ),
            }
        }
        if rows == 0 {
            return Err(FeedError::Empty);
        }
        Ok(())
    }
}
