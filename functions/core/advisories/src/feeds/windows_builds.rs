//! Windows update history: which update brought which build. CSV with the columns `product`, `release` (build),
//! `revision`, `kb` and `kind`, in any order.
//!
//! Its rows are no vulnerabilities: they tell the judging of Windows which build an update has whose advisory names only
//! the update, as nearly all did before 2021.

use std::collections::BTreeMap;

use schemas::advisory::AdvisoryStatus;

use super::{Document, Feed, FeedError, Sink};
use crate::{
    row::{EcosystemRef, Row, WindowsRef},
    windows::UPDATE_HISTORY,
};

/// The feed.
#[derive(Clone, Copy, Debug)]
pub(super) struct WindowsBuilds;

/// The oldest build whose updates are cumulative: Windows 10, first release.
const FIRST_BUILD: u32 = 10_240;

/// Where the columns are.
struct Columns {
    build: usize,
    revision: usize,
    kb: usize,
}

impl Columns {
    fn of<'a>(header: impl Iterator<Item = &'a str>) -> Option<Self> {
        let names: Vec<&str> = header
            .map(|name| name.trim_start_matches('\u{feff}').trim())
            .collect();
        let find = |wanted: &[&str]| {
            names
                .iter()
                .position(|name| wanted.iter().any(|word| name.eq_ignore_ascii_case(word)))
        };
        Some(Self {
            build: find(&["release", "build"])?,
            revision: find(&["revision", "ubr"])?,
            kb: find(&["kb"])?,
        })
    }
}

impl Feed for WindowsBuilds {
    fn name(&self) -> &'static str {
        "windows-update-history"
    }

    fn recognises(&self, document: &Document<'_>) -> bool {
        let start = document
            .bytes
            .get(..document.bytes.len().min(512))
            .unwrap_or_default();
        let first = start
            .split(|&byte| byte == b'\n')
            .next()
            .unwrap_or_default();
        std::str::from_utf8(first)
            .is_ok_and(|line| line.len() < 512 && Columns::of(line.trim_end().split(',')).is_some())
    }

    fn parse(&self, document: &Document<'_>, sink: &mut dyn Sink) -> Result<(), FeedError> {
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .from_reader(document.bytes);
        let malformed = |error: &csv::Error| FeedError::Malformed {
            at: error.position().map_or_else(
                || "the header".to_owned(),
                |at| format!("line {}", at.line()),
            ),
            what: error.to_string(),
        };
        let columns = Columns::of(reader.headers().map_err(|error| malformed(&error))?.iter())
            .ok_or_else(|| FeedError::Malformed {
                at: "line 1".to_owned(),
                what: "the columns release, revision and kb are not there".to_owned(),
            })?;
        // An update that was released twice has two revisions: a machine of the lower one has it.
        let mut known: BTreeMap<(u32, u32), u32> = BTreeMap::new();
        let mut record = csv::StringRecord::new();
        loop {
            let at = format!("line {}", reader.position().line());
            match reader.read_record(&mut record) {
                Ok(false) => break,
                Ok(true) => {}
                Err(error) => {
                    sink.problem(&at, &error.to_string());
                    continue;
                }
            }
            let field = |index| record.get(index).unwrap_or_default().trim();
            let (build, revision, kb) = (
                field(columns.build),
                field(columns.revision),
                field(columns.kb),
            );
            // Releases before Windows 10 are named by service pack and have no revisions.
            let (Ok(build), false) = (build.parse::<u32>(), revision.is_empty()) else {
                continue;
            };
            let kb = kb.trim_start_matches(['K', 'k', 'B', 'b']);
            match (revision.parse::<u32>(), kb.parse::<u32>()) {
                (Ok(revision), Ok(kb)) if build >= FIRST_BUILD => {
                    let entry = known.entry((build, kb)).or_insert(revision);
                    *entry = (*entry).min(revision);
                }
                (Ok(_), Ok(_)) => {}
                _ => sink.problem(&at, "the revision or KB is not a number"),
            }
        }
        if known.is_empty() {
            return Err(FeedError::Empty);
        }
        for ((build, kb), revision) in known {
            let (release, kb) = (build.to_string(), format!("KB{kb}"));
            let fixed_build = format!("10.0.{build}.{revision}");
            sink.advisory(&Row {
                ecosystem: EcosystemRef {
                    name: "windows",
                    release: Some(&release),
                },
                package: UPDATE_HISTORY,
                vulnerability: &kb,
                status: AdvisoryStatus::NotAffected,
                windows: Some(WindowsRef {
                    kb: Some(&kb),
                    fixed_build: Some(&fixed_build),
                    ..WindowsRef::default()
                }),
                ..Row::default()
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::IntelRow;
    use schemas::Timestamp;

    #[derive(Default)]
    struct Seen {
        rows: Vec<String>,
        problems: Vec<String>,
    }

    impl Sink for Seen {
        fn advisory(&mut self, row: &Row<'_>) {
            let windows = row.windows.as_ref().unwrap();
            self.rows.push(format!(
                "{} {} {}",
                row.ecosystem.release.unwrap(),
                row.vulnerability,
                windows.fixed_build.unwrap()
            ));
        }
        fn intel(&mut self, _: &IntelRow<'_>) {}
        fn not_judged(&mut self, _: &str) {}
        fn as_of(&mut self, _: Timestamp) {}
        fn title(&mut self, _: &str) {}
        fn problem(&mut self, at: &str, what: &str) {
            self.problems.push(format!("{at}: {what}"));
        }
    }

    fn read(text: &str) -> (Result<(), FeedError>, Seen) {
        let mut seen = Seen::default();
        let document = Document {
            name: "any",
            bytes: text.as_bytes(),
        };
        assert!(WindowsBuilds.recognises(&document));
        (WindowsBuilds.parse(&document, &mut seen), seen)
    }

    #[test]
    fn builds_are_read_once_and_old_releases_left_out() {
        let (done, seen) = read(
            "product,release,revision,kb,kind\nWindows 7,SP1,,3172605,rollup\n\"Windows Server, Version 1709\",16299,19,4043961,rollup\n\
             Windows Server 2019,17763,404,4490481,rollup\nWindows 10,17763,402,KB4490481,rollup\nWindows 10,17763,x,1,rollup\n",
        );
        assert_eq!(done, Ok(()));
        assert_eq!(
            seen.rows,
            [
                "16299 KB4043961 10.0.16299.19",
                "17763 KB4490481 10.0.17763.402"
            ]
        );
        assert_eq!(seen.problems.len(), 1, "{:?}", seen.problems);
    }

    #[test]
    fn a_table_without_rows_is_empty_and_other_tables_are_not_ours() {
        assert_eq!(read("kb,build,revision\n").0, Err(FeedError::Empty));
        let epss = Document {
            name: "builds.csv",
            bytes: b"cve,epss,percentile\n",
        };
        assert!(!WindowsBuilds.recognises(&epss));
    }
}
