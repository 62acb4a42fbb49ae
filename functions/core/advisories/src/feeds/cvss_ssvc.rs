//! The table of CVSS and SSVC values of CISA's Vulnrichment: one CSV row for each CVE with the numbering authority's
//! and CISA's own CVSS, and the SSVC decision points.
//!
//! Source: <https://github.com/cisagov/vulnrichment>, brought into the columns named in the header.

use schemas::severity::SeveritySource;

use super::{Document, Feed, FeedError, Sink, csv_error, shape};
use crate::{
    cvss::base_score,
    row::{IntelRow, RatingRef},
    severity::of_score,
};

/// The CVSS and SSVC table.
pub(super) struct CvssSsvc;

impl Feed for CvssSsvc {
    fn name(&self) -> &'static str {
        "cvss-ssvc"
    }

    fn recognises(&self, document: &Document<'_>) -> bool {
        let bytes = shape::trimmed(document.bytes);
        let line = bytes
            .split(|&byte| byte == b'\n')
            .next()
            .unwrap_or_default();
        let has = |name: &[u8]| {
            line.split(|&byte| byte == b',')
                .any(|column| column.trim_ascii() == name)
        };
        line.len() < 4096 && has(b"cve") && (has(b"ssvc_exploitation") || has(b"cna_base_score"))
    }

    fn parse(&self, document: &Document<'_>, sink: &mut dyn Sink) -> Result<(), FeedError> {
        let bytes = shape::trimmed(document.bytes);
        let mut reader = csv::ReaderBuilder::new().from_reader(bytes);
        let header = reader.headers().map_err(|error| csv_error(&error))?;
        let column = |name: &str| {
            header
                .iter()
                .position(|column| column.trim() == name)
                .unwrap_or(usize::MAX)
        };
        let id = column("cve");
        let cna = (column("cna_base_score"), column("cna_cvss_vector"));
        let adp = (column("adp_base_score"), column("adp_cvss_vector"));
        let exploitation = column("ssvc_exploitation");
        let automatable = column("ssvc_automatable");
        let impact = column("ssvc_technical_impact");
        let mut record = csv::StringRecord::new();
        let mut rows = 0u64;
        while reader
            .read_record(&mut record)
            .map_err(|error| csv_error(&error))?
        {
            rows += 1;
            let text = |column: usize| {
                record
                    .get(column)
                    .map(str::trim)
                    .filter(|text| !text.is_empty())
            };
            let rating = |(score, vector), source| {
                let vector = text(vector);
                let score = text(score)
                    .and_then(|score| score.parse().ok())
                    .filter(|score| (0.0..=10.0).contains(score))
                    .or_else(|| vector.and_then(base_score))?;
                Some(RatingRef {
                    source,
                    severity: of_score(score),
                    word: None,
                    cvss_score: Some(score),
                    cvss_vector: vector,
                })
            };
            let ratings = [(cna, SeveritySource::Cna), (adp, SeveritySource::Adp)];
            sink.intel(&IntelRow {
                vulnerability: text(id).unwrap_or_default(),
                exploitation: text(exploitation),
                automatable: text(automatable),
                technical_impact: text(impact),
                ratings: ratings
                    .into_iter()
                    .filter_map(|(columns, source)| rating(columns, source))
                    .collect(),
                ..IntelRow::default()
            });
        }
        if rows == 0 {
            return Err(FeedError::Empty);
        }
        Ok(())
    }
}
