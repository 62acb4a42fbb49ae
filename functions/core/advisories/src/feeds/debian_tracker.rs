//! Debian's security tracker: `{source: {CVE: {description, scope, debianbug, releases: {bookworm: {status,
//! repositories, fixed_version, urgency, nodsa, nodsa_reason}}}}}`, for all releases or only some.
//!
//! Source: <https://security-tracker.debian.org/tracker/data/json> and the tracker's documentation of its words.

use std::borrow::Cow;

use schemas::{advisory::AdvisoryStatus, severity::SeveritySource};
use serde::{
    Deserialize,
    de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor},
};

use super::{Document, Feed, FeedError, Sink, debian_release, json_error, one_line, shape};
use crate::{
    row::{EcosystemRef, EventsRef, RatingRef, Row},
    severity::of_word,
};

/// The feed's name.
pub(crate) const NAME: &str = "debian-tracker";

/// Debian's security tracker.
pub(super) struct DebianTracker;

impl Feed for DebianTracker {
    fn name(&self) -> &'static str {
        NAME
    }

    fn recognises(&self, document: &Document<'_>) -> bool {
        let Some(shape) = shape::shape(document.bytes) else {
            return false;
        };
        let issue = |key: &[u8]| key.starts_with(b"CVE-") || key.starts_with(b"TEMP-");
        let fields: [&[u8]; 4] = [b"releases", b"description", b"scope", b"debianbug"];
        !shape.list
            && shape.second.first().is_some_and(|key| issue(key))
            && shape.third.first().is_none_or(|key| fields.contains(key))
    }

    fn parse(&self, document: &Document<'_>, sink: &mut dyn Sink) -> Result<(), FeedError> {
        let bytes = shape::trimmed(document.bytes);
        let mut reader = serde_json::Deserializer::from_slice(bytes);
        Sources { sink }
            .deserialize(&mut reader)
            .and_then(|()| reader.end())
            .map_err(|error| json_error(&error))
    }
}

#[derive(Deserialize)]
struct Issue<'a> {
    #[serde(borrow, default)]
    description: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    releases: std::collections::BTreeMap<Cow<'a, str>, Release<'a>>,
}

#[derive(Deserialize)]
struct Release<'a> {
    #[serde(borrow, default)]
    status: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    fixed_version: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    urgency: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    nodsa: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    nodsa_reason: Option<Cow<'a, str>>,
}

impl Release<'_> {
    /// What the row means. An open row without a security advisory is still open: it may be fixed by a point release.
    fn verdict(&self) -> AdvisoryStatus {
        let word = |text: &Option<Cow<'_, str>>, wanted: &str| {
            text.as_deref()
                .is_some_and(|text| text.to_ascii_lowercase().contains(wanted))
        };
        let unimportant = word(&self.urgency, "unimportant");
        match (self.status.as_deref(), self.fixed_version.as_deref()) {
            (Some("resolved"), Some("0")) => AdvisoryStatus::NotAffected,
            (Some("resolved"), Some(_)) if unimportant => AdvisoryStatus::Unimportant,
            (Some("resolved"), Some(_)) => AdvisoryStatus::Fixed,
            (Some("open"), _) if word(&self.urgency, "end-of-life") => AdvisoryStatus::EndOfLife,
            (Some("open"), _)
                if word(&self.nodsa, "end-of-life") || word(&self.nodsa, "end of life") =>
            {
                AdvisoryStatus::EndOfLife
            }
            (Some("open"), _) if unimportant => AdvisoryStatus::Unimportant,
            (Some("open"), _) if word(&self.nodsa_reason, "ignored") => AdvisoryStatus::WillNotFix,
            (Some("open"), _) => AdvisoryStatus::Open,
            // "undetermined", and words that came later.
            _ => AdvisoryStatus::Undetermined,
        }
    }
}

/// Source packages, one after another: the whole tracker has some 80 MB and is never held as a tree.
struct Sources<'s> {
    sink: &'s mut dyn Sink,
}

impl<'de> DeserializeSeed<'de> for Sources<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Sources<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object of source packages")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(source) = map.next_key::<Cow<'de, str>>()? {
            map.next_value_seed(Issues {
                source: &source,
                sink: &mut *self.sink,
            })?;
        }
        Ok(())
    }
}

/// The issues of one source package.
struct Issues<'s, 'n> {
    source: &'n str,
    sink: &'s mut dyn Sink,
}

impl<'de> DeserializeSeed<'de> for Issues<'_, '_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Issues<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object of issues of a source package")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(id) = map.next_key::<Cow<'de, str>>()? {
            if !id.starts_with("CVE-") && !id.starts_with("TEMP-") {
                map.next_value::<IgnoredAny>()?;
                self.sink
                    .problem(&format!("{} {id}", self.source), "an id that is no issue's");
                continue;
            }
            let issue: Issue<'de> = map.next_value()?;
            rows(self.source, &id, &issue, self.sink);
        }
        Ok(())
    }
}

fn rows(source: &str, id: &str, issue: &Issue<'_>, sink: &mut dyn Sink) {
    let summary = issue.description.as_deref().and_then(one_line);
    for (name, release) in &issue.releases {
        let status = release.verdict();
        if release.status.as_deref() == Some("resolved") && release.fixed_version.is_none() {
            sink.problem(
                &format!("{source} {id} {name}"),
                "resolved without a fixed version",
            );
        }
        let fixed = release
            .fixed_version
            .as_deref()
            .filter(|version| *version != "0");
        let affected = match (status, fixed) {
            (AdvisoryStatus::Fixed | AdvisoryStatus::Unimportant, Some(fixed)) => vec![EventsRef {
                introduced: "0",
                fixed: Some(fixed),
                last_affected: None,
            }],
            _ => Vec::new(),
        };
        let ratings = release.urgency.as_deref().map(|word| RatingRef {
            source: SeveritySource::Vendor,
            severity: of_word(word),
            word: Some(word),
            cvss_score: None,
            cvss_vector: None,
        });
        sink.advisory(&Row {
            ecosystem: EcosystemRef {
                name: "debian",
                release: Some(debian_release(name)),
            },
            package: source,
            vulnerability: id,
            status,
            affected,
            ratings: ratings.into_iter().collect(),
            summary: summary.as_deref(),
            ..Row::default()
        });
    }
}
