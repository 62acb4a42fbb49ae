//! Rows of the databases that languages keep themselves, from what all of them say.

use schemas::{Severity, Timestamp, advisory::AdvisoryStatus, severity::SeveritySource};
use serde::{Deserialize, Deserializer, de::Visitor};

use super::{Sink, ecosystems::normal_name, is_cve, requirement::Versions};
use crate::{
    cvss::base_score,
    row::{EcosystemRef, RatingRef, Row},
    severity::{of_score, of_word},
};

/// One advisory about one package.
pub(super) struct Language<'a> {
    pub(super) ecosystem: &'static str,
    pub(super) package: &'a str,
    /// The advisory's own id first, where it has one; then all others.
    pub(super) ids: &'a [&'a str],
    pub(super) affected: &'a Versions,
    /// The database's own word.
    pub(super) word: Option<&'a str>,
    /// CVSS vector.
    pub(super) cvss: Option<&'a str>,
    /// CVSS score, where it is said without a vector.
    pub(super) score: Option<f32>,
    pub(super) summary: Option<&'a str>,
    pub(super) url: Option<&'a str>,
    pub(super) modified_at: Option<Timestamp>,
    /// When the fix came; counts only where the versions end with one.
    pub(super) fixed_at: Option<Timestamp>,
}

/// The severity of a word, where code that is meant to harm is the worst there is.
pub(super) fn of_any_word(word: &str) -> Severity {
    match word {
        "malicious" => Severity::Critical,
        word => of_word(word),
    }
}

/// Hands the rows of an advisory over: one for each CVE, else one under its own id.
pub(super) fn language_rows(advisory: &Language<'_>, sink: &mut dyn Sink) {
    let mut cves: Vec<&str> = advisory
        .ids
        .iter()
        .copied()
        .filter(|id| is_cve(id))
        .collect();
    cves.sort_unstable();
    cves.dedup();
    if cves.is_empty() {
        cves.extend(advisory.ids.first());
    }
    let runs = advisory.affected.runs();
    if runs.is_empty() {
        return;
    }
    let has_fix = runs.iter().any(|run| run.borrowed().fixed.is_some());
    let score = advisory.cvss.and_then(base_score).or(advisory.score);
    let mut ratings = Vec::new();
    if score.is_some() || advisory.word.is_some() || advisory.cvss.is_some() {
        let said = advisory.word.map_or(Severity::Unknown, of_any_word);
        ratings.push(RatingRef {
            source: SeveritySource::Adp,
            severity: match said {
                Severity::Unknown => score.map_or(Severity::Unknown, of_score),
                said => said,
            },
            word: advisory.word,
            cvss_score: score,
            cvss_vector: advisory.cvss,
        });
    }
    for vulnerability in cves {
        let others = advisory.ids.iter().copied();
        let own = advisory.ids.first().copied();
        sink.advisory(&Row {
            ecosystem: EcosystemRef {
                name: advisory.ecosystem,
                release: None,
            },
            package: &normal_name(advisory.ecosystem, advisory.package),
            vulnerability,
            advisory: own.filter(|own| *own != vulnerability),
            aliases: others
                .filter(|id| !is_cve(id) && Some(*id) != own)
                .collect(),
            status: if has_fix {
                AdvisoryStatus::Fixed
            } else {
                AdvisoryStatus::Open
            },
            affected: runs.iter().map(|run| run.borrowed()).collect(),
            ratings: ratings.clone(),
            summary: advisory.summary,
            url: advisory.url,
            modified_at: advisory.modified_at,
            fixed_at: advisory.fixed_at.filter(|_| has_fix),
            ..Row::default()
        });
    }
}

/// A text or a number, as text: these databases are written by hand.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Scalar(pub(super) Option<String>);

impl Scalar {
    pub(super) fn text(&self) -> Option<&str> {
        self.0
            .as_deref()
            .map(str::trim)
            .filter(|text| !text.is_empty())
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Scalar;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a text or a number")
            }

            fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
                Ok(Scalar(Some(text.to_owned())))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Scalar, E> {
                Ok(Scalar(Some(number.to_string())))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Scalar, E> {
                Ok(Scalar(Some(number.to_string())))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Scalar, E> {
                Ok(Scalar(Some(number.to_string())))
            }

            fn visit_bool<E>(self, _: bool) -> Result<Scalar, E> {
                Ok(Scalar(None))
            }

            fn visit_unit<E>(self) -> Result<Scalar, E> {
                Ok(Scalar(None))
            }

            fn visit_none<E>(self) -> Result<Scalar, E> {
                Ok(Scalar(None))
            }
        }
        reader.deserialize_any(Any)
    }
}
