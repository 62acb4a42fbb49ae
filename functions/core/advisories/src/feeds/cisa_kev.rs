//! CISA's catalogue of known exploited vulnerabilities, JSON or CSV.
//!
//! Source: <https://www.cisa.gov/known-exploited-vulnerabilities-catalog> and its JSON schema.

use std::borrow::Cow;

use serde::Deserialize;

use super::{Document, Feed, FeedError, Sink, csv_error, json_error, moment, shape};
use crate::row::IntelRow;

/// The feed's name, also the name of the source of the word "exploited".
const NAME: &str = "cisa-kev";

/// CISA's catalogue.
pub(super) struct CisaKev;

#[derive(Deserialize)]
struct Catalogue<'a> {
    #[serde(rename = "dateReleased", borrow, default)]
    released: Option<Cow<'a, str>>,
    #[serde(default)]
    count: Option<u64>,
    #[serde(borrow)]
    vulnerabilities: Vec<Entry<'a>>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(rename = "cveID", borrow)]
    id: Cow<'a, str>,
    #[serde(rename = "dateAdded", borrow, default)]
    added: Option<Cow<'a, str>>,
    #[serde(rename = "knownRansomwareCampaignUse", borrow, default)]
    ransomware: Option<Cow<'a, str>>,
}

impl Feed for CisaKev {
    fn name(&self) -> &'static str {
        NAME
    }

    fn recognises(&self, document: &Document<'_>) -> bool {
        if let Some(shape) = shape::shape(document.bytes) {
            let element: &[u8] = b"cveID";
            return !shape.list
                && (shape.has("catalogVersion")
                    && (shape.has("dateReleased") || shape.has("title"))
                    || shape.has("vulnerabilities") && shape.second.contains(&element));
        }
        shape::trimmed(document.bytes).starts_with(b"cveID,")
    }

    fn parse(&self, document: &Document<'_>, sink: &mut dyn Sink) -> Result<(), FeedError> {
        let bytes = shape::trimmed(document.bytes);
        if !bytes.starts_with(b"{") {
            return parse_csv(bytes, sink);
        }
        let catalogue: Catalogue<'_> =
            serde_json::from_slice(bytes).map_err(|error| json_error(&error))?;
        if catalogue.vulnerabilities.is_empty() {
            return Err(FeedError::Empty);
        }
        let found = catalogue.vulnerabilities.len() as u64;
        if let Some(count) = catalogue.count.filter(|count| *count != found) {
            let what = format!("it says that it has {count} entries, and has {found}");
            sink.problem("count", &what);
        }
        if let Some(released) = catalogue.released.as_deref().and_then(moment) {
            sink.as_of(released);
        }
        for entry in &catalogue.vulnerabilities {
            let added = entry.added.as_deref();
            row(&entry.id, added, entry.ransomware.as_deref(), sink);
        }
        Ok(())
    }
}

fn parse_csv(bytes: &[u8], sink: &mut dyn Sink) -> Result<(), FeedError> {
    let mut reader = csv::ReaderBuilder::new().from_reader(bytes);
    let header = reader.headers().map_err(|error| csv_error(&error))?.clone();
    let column = |name: &str| header.iter().position(|column| column == name);
    let (Some(id), Some(added), ransomware) = (
        column("cveID"),
        column("dateAdded"),
        column("knownRansomwareCampaignUse"),
    ) else {
        return Err(FeedError::OtherVersion {
            found: super::shown(&header.iter().collect::<Vec<_>>().join(",")),
            known: "columns cveID and dateAdded",
        });
    };
    let mut rows = 0u64;
    for record in reader.records() {
        let record = record.map_err(|error| csv_error(&error))?;
        let added = record.get(added);
        if let Some(added) = added.and_then(moment) {
            sink.as_of(added);
        }
        let ransomware = ransomware.and_then(|column| record.get(column));
        row(record.get(id).unwrap_or_default(), added, ransomware, sink);
        rows += 1;
    }
    if rows == 0 {
        Err(FeedError::Empty)
    } else {
        Ok(())
    }
}

fn row(id: &str, added: Option<&str>, ransomware: Option<&str>, sink: &mut dyn Sink) {
    let added = added.map(str::trim);
    // Of the day alone, and only where it is one.
    let added = added.filter(|day| day.len() == 10 && moment(day).is_some());
    let by = added.map(|day| format!("{NAME} {day}"));
    sink.intel(&IntelRow {
        vulnerability: id.trim(),
        exploited_by: Some(by.as_deref().unwrap_or(NAME)),
        ransomware: ransomware.is_some_and(|word| word.eq_ignore_ascii_case("known")),
        ..IntelRow::default()
    });
}
