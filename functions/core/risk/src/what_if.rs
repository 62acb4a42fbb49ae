//! What if: the same vulnerability in the same place with some facts changed.

use schemas::{
    api::vulnerability::WhatIfQuery,
    risk::{Answer, Exposure, PlaceFacts, VulnerabilityFacts},
};
use thiserror::Error;

/// The source of the word that something is exploited: CISA's catalogue.
pub(crate) const KEV: &str = "cisa-kev";
/// What stands for a label that is only supposed.
const SUPPOSED: &str = "as supposed";

/// Why a changed fact cannot be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("`{field}` is {wanted}")]
pub struct InvalidChange {
    /// The fact.
    pub field: &'static str,
    /// What it can be.
    pub wanted: &'static str,
}

/// Facts that are others than they are; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    exposure: Option<Exposure>,
    answers: Vec<(Field, Answer)>,
    running_containers: Option<u32>,
    critical: Option<bool>,
    known_exploited: Option<bool>,
    ransomware: Option<bool>,
    epss: Option<f32>,
    exploitation: Option<String>,
    automatable: Option<String>,
    technical_impact: Option<String>,
    cvss_score: Option<f32>,
    fix_available: Option<bool>,
}

/// An answer in the facts of a place.
type Field = fn(&mut PlaceFacts) -> &mut Answer;

impl Changes {
    /// Reads what was asked.
    ///
    /// # Errors
    /// Names the first fact that has a value that it cannot have.
    pub fn read(asked: &WhatIfQuery) -> Result<Self, InvalidChange> {
        let mut answers = Vec::new();
        let fields: [(&'static str, &Option<String>, Field); 8] = [
            ("root", &asked.root, |facts| &mut facts.root),
            ("privileged", &asked.privileged, |facts| {
                &mut facts.privileged
            }),
            ("capabilities", &asked.capabilities, |facts| {
                &mut facts.capabilities
            }),
            ("no_security_profile", &asked.no_security_profile, |facts| {
                &mut facts.no_security_profile
            }),
            ("host_namespaces", &asked.host_namespaces, |facts| {
                &mut facts.host_namespaces
            }),
            ("host_mounts", &asked.host_mounts, |facts| {
                &mut facts.host_mounts
            }),
            ("runtime_socket", &asked.runtime_socket, |facts| {
                &mut facts.runtime_socket
            }),
            ("package_in_use", &asked.package_in_use, |facts| {
                &mut facts.package_in_use
            }),
        ];
        for (field, word, of) in fields {
            let Some(word) = word else { continue };
            answers.push((of, answer(field, word)?));
        }
        let exposure = asked.exposure.as_deref().map(exposure).transpose()?;
        let word = |field, word: &Option<String>, known: &[&str], wanted| match word {
            Some(word) if !known.contains(&word.as_str()) => Err(InvalidChange { field, wanted }),
            word => Ok(word.clone()),
        };
        let number = |field, number: Option<f32>, most: f32, wanted| match number {
            Some(number) if !(0.0..=most).contains(&number) => Err(InvalidChange { field, wanted }),
            number => Ok(number),
        };
        Ok(Self {
            exposure,
            answers,
            running_containers: asked.running_containers,
            critical: asked.critical,
            known_exploited: asked.known_exploited,
            ransomware: asked.ransomware,
            epss: number("epss", asked.epss, 1.0, "a probability from 0 to 1")?,
            exploitation: word(
                "exploitation",
                &asked.exploitation,
                &["none", "poc", "active"],
                "`none`, `poc` or `active`",
            )?,
            automatable: word(
                "automatable",
                &asked.automatable,
                &["yes", "no"],
                "`yes` or `no`",
            )?,
            technical_impact: word(
                "technical_impact",
                &asked.technical_impact,
                &["partial", "total"],
                "`partial` or `total`",
            )?,
            cvss_score: number("cvss_score", asked.cvss_score, 10.0, "a score from 0 to 10")?,
            fix_available: asked.fix_available,
        })
    }

    /// The facts as they would be: of the vulnerability, whether a fix is available, and of the place.
    #[must_use]
    pub fn made(
        &self,
        vulnerability: &VulnerabilityFacts,
        fix_available: bool,
        place: &PlaceFacts,
    ) -> (VulnerabilityFacts, bool, PlaceFacts) {
        let (mut vulnerability, mut place) = (vulnerability.clone(), place.clone());
        if let Some(exposure) = self.exposure {
            place.exposure = exposure;
            place.exposure_reason = Some(SUPPOSED.to_owned());
        }
        for (field, answer) in &self.answers {
            *field(&mut place) = *answer;
        }
        if let Some(count) = self.running_containers {
            place.running_containers = Some(count);
        }
        if let Some(critical) = self.critical {
            let kept = place.critical_label.take();
            place.critical_label = critical.then(|| kept.unwrap_or_else(|| SUPPOSED.to_owned()));
        }
        match self.known_exploited {
            Some(true) => {
                vulnerability.known_exploited = true;
                if !vulnerability.exploited_sources.iter().any(|by| by == KEV) {
                    vulnerability.exploited_sources.push(KEV.to_owned());
                    vulnerability.exploited_sources.sort_unstable();
                }
            }
            Some(false) => {
                vulnerability.known_exploited = false;
                vulnerability.known_exploited_since = None;
                // What ransomware uses is exploited.
                vulnerability.ransomware = false;
                vulnerability.exploited_sources.clear();
            }
            None => {}
        }
        vulnerability.ransomware = self.ransomware.unwrap_or(vulnerability.ransomware);
        vulnerability.epss = self.epss.or(vulnerability.epss);
        vulnerability.cvss_score = self.cvss_score.or(vulnerability.cvss_score);
        for (field, word) in [
            (&mut vulnerability.exploitation, &self.exploitation),
            (&mut vulnerability.automatable, &self.automatable),
            (&mut vulnerability.technical_impact, &self.technical_impact),
        ] {
            if word.is_some() {
                field.clone_from(word);
            }
        }
        let fix_available = self.fix_available.unwrap_or(fix_available);
        (vulnerability, fix_available, place)
    }
}

fn answer(field: &'static str, word: &str) -> Result<Answer, InvalidChange> {
    match word {
        "yes" => Ok(Answer::Yes),
        "no" => Ok(Answer::No),
        "unknown" => Ok(Answer::Unknown),
        _ => Err(InvalidChange {
            field,
            wanted: "`yes`, `no` or `unknown`",
        }),
    }
}

fn exposure(word: &str) -> Result<Exposure, InvalidChange> {
    Ok(match word {
        "none" => Exposure::None,
        "internal" => Exposure::Internal,
        "published" => Exposure::Published,
        "public_address" => Exposure::PublicAddress,
        "declared" => Exposure::Declared,
        "observed" => Exposure::Observed,
        "unknown" => Exposure::Unknown,
        _ => {
            return Err(InvalidChange {
                field: "exposure",
                wanted: "`none`, `internal`, `published`, `public_address`, `declared`, `observed` or `unknown`",
            });
        }
    })
}
