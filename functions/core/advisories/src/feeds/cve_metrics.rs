//! CVSS and SSVC as the records of CVE and NVD write them.

use std::borrow::Cow;

use schemas::severity::SeveritySource;
use serde::Deserialize;

use crate::{
    cvss::base_score,
    row::RatingRef,
    severity::{of_score, of_word},
};

/// CVSS of any version. Source: the JSON schemas of CVSS, <https://www.first.org/cvss/>.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Cvss<'a> {
    #[serde(rename = "vectorString", borrow, default)]
    vector: Option<Cow<'a, str>>,
    #[serde(rename = "baseScore", default)]
    score: Option<f32>,
    #[serde(rename = "baseSeverity", borrow, default)]
    word: Option<Cow<'a, str>>,
}

impl Cvss<'_> {
    /// The rating that a source gives with it; none when it has neither a score nor a vector that gives one.
    pub(super) fn rating(&self, source: SeveritySource) -> Option<RatingRef<'_>> {
        let vector = self.vector.as_deref().filter(|vector| !vector.is_empty());
        let score = self
            .score
            .filter(|score| (0.0..=10.0).contains(score))
            .or_else(|| vector.and_then(base_score));
        let said = self.word.as_deref().map(of_word);
        let severity = score.map(of_score).or(said)?;
        Some(RatingRef {
            source,
            severity,
            word: None,
            cvss_score: score,
            cvss_vector: vector,
        })
    }
}

/// The answers of an SSVC decision. Source: CISA's SSVC guide; both spellings of keys occur.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Decision<'a> {
    #[serde(borrow, default)]
    options: Vec<Answers<'a>>,
}

#[derive(Debug, Deserialize)]
struct Answers<'a> {
    #[serde(alias = "Exploitation", borrow, default)]
    exploitation: Option<Cow<'a, str>>,
    #[serde(alias = "Automatable", borrow, default)]
    automatable: Option<Cow<'a, str>>,
    #[serde(
        rename = "technicalImpact",
        alias = "Technical Impact",
        borrow,
        default
    )]
    impact: Option<Cow<'a, str>>,
}

impl Decision<'_> {
    pub(super) fn exploitation(&self) -> Option<&str> {
        let mut answers = self.options.iter();
        answers.find_map(|answer| answer.exploitation.as_deref())
    }

    pub(super) fn automatable(&self) -> Option<&str> {
        let mut answers = self.options.iter();
        answers.find_map(|answer| answer.automatable.as_deref())
    }

    pub(super) fn impact(&self) -> Option<&str> {
        let mut answers = self.options.iter();
        answers.find_map(|answer| answer.impact.as_deref())
    }
}
