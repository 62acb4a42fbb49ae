//! What a file of documents would give, without compiling it: to judge a download before it replaces the one before.

use std::path::Path;

use schemas::Timestamp;

use super::{DocumentError, collect::Collector, source::Input, unpack};

/// Errors that a survey carries, at most.
const MAX_ERRORS: usize = 20;

/// What a file would give.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// The feeds that its documents are of; empty when none is recognised.
    pub feeds: Vec<String>,
    /// Number of documents in it.
    pub documents: u64,
    /// Number of rows in them.
    pub rows: u64,
    /// The newest date that they carry.
    pub as_of: Option<Timestamp>,
    /// Number of documents in it that are of no feed.
    pub unrecognised: u64,
    /// Documents that could not be used, and rows that could not be read: the first ones.
    pub errors: Vec<DocumentError>,
    /// Why the file as a whole cannot be used.
    pub unusable: Option<String>,
}

/// Reads a file, whatever it is packed in, and counts what is in it. `name` is the file's name for messages.
#[must_use]
pub fn survey(path: &Path, name: &str) -> Survey {
    let mut collector = Collector::counting();
    collector.begin_file(name);
    unpack::read_file(
        Input::Path {
            name: name.to_owned(),
            path: path.to_owned(),
        },
        &mut collector,
    );
    collector.end_file();
    let mut survey = Survey {
        documents: collector
            .feeds
            .values()
            .map(|counted| u64::from(counted.documents))
            .sum(),
        unrecognised: collector.unrecognised_total,
        unusable: collector
            .errors
            .iter()
            .find(|error| error.unusable && error.document == name)
            .map(|error| match &error.at {
                Some(at) => format!("{} (at {at})", error.problem),
                None => error.problem.clone(),
            }),
        ..Survey::default()
    };
    for document in collector.documents {
        survey.rows += document.rows;
        survey.as_of = survey.as_of.max(document.as_of);
        survey.feeds.extend(document.feeds);
    }
    collector.errors.truncate(MAX_ERRORS);
    survey.errors = collector.errors;
    survey
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const KEV: &str = r#"{"catalogVersion":"2026.11.20","dateReleased":"2026-11-20T12:00:00Z","count":2,
        "vulnerabilities":[{"cveID":"CVE-2026-1001","dateAdded":"2026-11-19"},
        {"cveID":"CVE-2026-1002","dateAdded":"2026-11-19"}]}"#;

    fn of(content: &[u8]) -> Survey {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("kev.json");
        fs::write(&file, content).unwrap();
        survey(&file, "kev.json")
    }

    #[test]
    fn a_whole_document_is_counted_and_dated() {
        let whole = of(KEV.as_bytes());
        assert_eq!(whole.feeds, ["cisa-kev"]);
        assert_eq!((whole.documents, whole.rows), (1, 2));
        assert!(
            whole.as_of.is_some() && whole.unusable.is_none(),
            "{whole:?}"
        );
    }

    #[test]
    fn what_is_cut_empty_or_another_thing_is_told() {
        let cut = of(KEV.get(..KEV.len() - 20).unwrap().as_bytes());
        assert!(cut.unusable.is_some() && cut.rows == 0, "{cut:?}");
        assert!(of(b"").unusable.is_some());
        let page = of(b"<!doctype html><html><body>Busy</body></html>");
        assert!(page.feeds.is_empty() && page.unrecognised == 1, "{page:?}");
        let packed = zstd::encode_all(KEV.as_bytes(), 1).unwrap();
        assert_eq!(of(&packed).rows, 2);
        assert!(
            of(packed.get(..packed.len() - 9).unwrap())
                .unusable
                .is_some()
        );
    }
}
