//! Ubuntu's CVE tracker: one text file a vulnerability, with a line for each package and release.
//!
//! Source: `https://git.launchpad.net/ubuntu-cve-tracker`, its README and `scripts/cve_lib.py`. Complete, with what is not
//! fixed: needed, deferred, ignored, end of life.

use std::{borrow::Cow, collections::BTreeMap};

use super::{
    Document, Feed, FeedError, Sink, is_cve, one_line,
    ubuntu::{Issue, Pocket, place, row, status},
};
use crate::cvss::base_score;

/// The feed's name.
pub(super) const NAME: &str = "ubuntu-tracker";

/// Ubuntu's CVE tracker.
pub(super) struct UbuntuTracker;

/// The fields that every file has.
static FIELDS: [&str; 3] = ["Candidate:", "PublicDate:", "Priority:"];

impl Feed for UbuntuTracker {
    fn name(&self) -> &'static str {
        NAME
    }

    fn recognises(&self, document: &Document<'_>) -> bool {
        let head = document.bytes.get(..64 * 1024).unwrap_or(document.bytes);
        let head = String::from_utf8_lossy(head);
        let has = |field: &str| head.lines().any(|line| line.starts_with(field));
        // The boilerplate for new files has the fields and no id.
        let named = head
            .lines()
            .find_map(|line| line.strip_prefix("Candidate:"))
            .is_some_and(|id| is_cve(id.trim()));
        named && FIELDS.iter().all(|field| has(field))
    }

    fn parse(&self, document: &Document<'_>, sink: &mut dyn Sink) -> Result<(), FeedError> {
        let text = std::str::from_utf8(document.bytes).map_err(|error| FeedError::Malformed {
            at: format!("byte {}", error.valid_up_to()),
            what: "not UTF-8".to_owned(),
        })?;
        let mut id = None;
        let mut field = "";
        let mut description = String::new();
        let mut priorities: BTreeMap<&str, &str> = BTreeMap::new();
        let mut cvss = None;
        let mut lines: Vec<(&str, &str, &str)> = Vec::new();
        for line in text.lines() {
            if line.starts_with('#') {
                continue;
            }
            if line.starts_with([' ', '\t']) {
                let line = line.trim();
                match field {
                    "Description" if description.len() < 2000 => {
                        description.push_str(line);
                        description.push(' ');
                    }
                    // ` nvd: CVSS:3.1/AV:L/… [5.5 MEDIUM]`
                    "CVSS" if cvss.is_none() => cvss = vector(line),
                    _ => {}
                }
                continue;
            }
            let Some((key, value)) = line.split_once(':') else {
                continue;
            };
            let value = value.trim();
            field = key;
            if key == "Candidate" {
                id = Some(value).filter(|id| is_cve(id));
            } else if let Some(of) = key.strip_prefix("Priority") {
                // `Priority_linux`, and `medium` before a reason.
                let word = value.split([' ', '\t']).next().unwrap_or_default();
                priorities.insert(of.trim_start_matches('_'), word);
            } else if let Some((place, source)) = key.split_once('_')
                && place
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || matches!(b, b'/' | b'-'))
                && !source.is_empty()
            {
                lines.push((place, source, value));
            }
        }
        let id = id.ok_or_else(|| FeedError::Malformed {
            at: "Candidate".to_owned(),
            what: "it is no CVE id".to_owned(),
        })?;
        let issue = Issue {
            id,
            summary: one_line(&description).map(Cow::Owned),
            cvss,
            ..Issue::default()
        };
        for (at, source, value) in lines {
            let Some((release, pocket)) = place(at) else {
                continue;
            };
            if pocket == Pocket::Other {
                sink.not_judged("ubuntu kernels and modules of their own pockets");
                continue;
            }
            let (word, remark) = match value.split_once('(') {
                Some((word, rest)) => (word.trim(), rest.trim_end().trim_end_matches(')')),
                None => (value, ""),
            };
            let Some(said) = status(word, remark) else {
                continue;
            };
            let priority = priorities
                .get(source)
                .or_else(|| priorities.get(""))
                .copied();
            row(
                &issue,
                (release, pocket),
                source,
                (said, Some(remark)),
                priority,
                sink,
            );
        }
        Ok(())
    }
}

/// The score and vector of `nvd: CVSS:3.1/AV:L/… [5.5 MEDIUM]`.
fn vector(line: &str) -> Option<(Option<f32>, &str)> {
    let start = line.find("CVSS:3")?;
    let vector = line.get(start..)?.split_whitespace().next()?;
    Some((base_score(vector), vector))
}
