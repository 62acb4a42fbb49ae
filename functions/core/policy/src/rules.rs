//! Rules: which findings violate a policy. A finding violates a rule when it meets all of the rule's conditions.

use schemas::{Severity, Timestamp, finding::Finding};
use serde::Deserialize;

use crate::words::{Cvss, DAY_MS, Points, SeverityWord, Share, day};

/// Conditions, as `[fail_on]` (each is a rule of its own) and `[[rules]]` (all must be met) name them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Conditions {
    pub(crate) severity: Option<SeverityWord>,
    pub(crate) unrated: bool,
    pub(crate) score: Option<Points>,
    pub(crate) cvss: Option<Cvss>,
    pub(crate) kev: bool,
    pub(crate) epss: Option<Share>,
    pub(crate) epss_percentile: Option<Share>,
}

impl Conditions {
    /// Each condition as a rule of its own, named after it.
    pub(crate) fn apart(self) -> Vec<(&'static str, Self)> {
        let none = Self::default();
        let mut rules = Vec::new();
        let mut rule = |there: bool, name: &'static str, conditions: Self| {
            if there {
                rules.push((name, conditions));
            }
        };
        let Self {
            severity,
            unrated,
            score,
            cvss,
            kev,
            epss,
            epss_percentile,
        } = self;
        rule(kev, "kev", Self { kev, ..none });
        rule(severity.is_some(), "severity", Self { severity, ..none });
        rule(unrated, "unrated", Self { unrated, ..none });
        rule(score.is_some(), "score", Self { score, ..none });
        rule(cvss.is_some(), "cvss", Self { cvss, ..none });
        rule(epss.is_some(), "epss", Self { epss, ..none });
        rule(
            epss_percentile.is_some(),
            "epss_percentile",
            Self {
                epss_percentile,
                ..none
            },
        );
        rules
    }

    /// Whether no condition is named.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What a finding meets them by, for people; `None` when it does not meet all.
    fn met(&self, finding: &Finding) -> Option<String> {
        let mut why: Vec<String> = Vec::new();
        if self.kev {
            finding
                .kev
                .then(|| why.push("known to be exploited".to_owned()))?;
        }
        if let Some(word) = self.severity {
            let least = Severity::from(word);
            (finding.severity >= least).then(|| {
                why.push(match least {
                    Severity::Unknown => format!("severity {}", finding.severity.as_str()),
                    _ if finding.severity == least => format!("severity {}", least.as_str()),
                    _ => format!(
                        "severity {}, {} or worse",
                        finding.severity.as_str(),
                        least.as_str()
                    ),
                });
            })?;
        }
        if self.unrated {
            (finding.severity == Severity::Unknown)
                .then(|| why.push("nobody rated its severity".to_owned()))?;
        }
        if let Some(Points(least)) = self.score {
            let value = finding.score.as_ref().map(|score| score.value)?;
            (value >= least)
                .then(|| why.push(format!("risk score {value:.1}, at least {least}")))?;
        }
        if let Some(Cvss(least)) = self.cvss {
            let value = cvss(finding)?;
            (value >= least).then(|| why.push(format!("CVSS {value:.1}, at least {least}")))?;
        }
        if let Some(Share(least)) = self.epss {
            let value = finding.epss?;
            (value >= least).then(|| why.push(format!("EPSS {value}, at least {least}")))?;
        }
        if let Some(Share(least)) = self.epss_percentile {
            let value = finding.epss_percentile?;
            (value >= least)
                .then(|| why.push(format!("EPSS percentile {value}, at least {least}")))?;
        }
        Some(why.join("; "))
    }
}

/// The CVSS base score that the finding's severity was taken from, else the first that is known.
fn cvss(finding: &Finding) -> Option<f32> {
    let scored = || {
        finding
            .ratings
            .iter()
            .filter(|rating| rating.cvss_score.is_some())
    };
    scored()
        .find(|rating| rating.severity == finding.severity)
        .or_else(|| scored().next())
        .and_then(|rating| rating.cvss_score)
}

/// Whether anything can be done about a finding: a fixed version or an update is named.
pub(crate) fn fix_available(finding: &Finding) -> bool {
    finding.fixed_version.is_some() || finding.kb.is_some()
}

/// Days in which a fix may wait, by severity, counted from the day on which it became available.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct GraceDays {
    critical: u16,
    high: u16,
    medium: u16,
    low: u16,
    unknown: u16,
}

impl GraceDays {
    /// Whether any severity has some.
    pub(crate) fn is_given(self) -> bool {
        self != Self::default()
    }

    fn of(self, severity: Severity) -> u16 {
        match severity {
            Severity::Critical => self.critical,
            Severity::High => self.high,
            Severity::Medium => self.medium,
            Severity::Low => self.low,
            Severity::Unknown => self.unknown,
        }
    }
}

/// Whether the base image's findings count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum BaseImage {
    /// They count as any other.
    #[default]
    Count,
    /// They do not: the image's own layers decide. A finding of which it is not known counts.
    Ignore,
}

/// A rule, with what limits it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rule {
    pub(crate) name: String,
    pub(crate) conditions: Conditions,
    pub(crate) only_fixable: bool,
    pub(crate) base_image: BaseImage,
    pub(crate) grace_days: GraceDays,
}

impl Rule {
    /// Why a finding violates this rule at a moment; `None` when it does not.
    ///
    /// Grace is given from the day of the fix. None is given for what is known to be exploited, for what has no fix
    /// (there is nothing to wait for: `only_fixable` leaves it out), and where the day of the fix is not known, because
    /// otherwise whatever says no date would never be due.
    pub(crate) fn violated_by(&self, finding: &Finding, now: Timestamp) -> Option<String> {
        if self.only_fixable && !fix_available(finding) {
            return None;
        }
        if self.base_image == BaseImage::Ignore && finding.in_base_image == Some(true) {
            return None;
        }
        let why = self.conditions.met(finding)?;
        let days = self.grace_days.of(finding.severity);
        if days == 0 || !fix_available(finding) {
            return Some(why);
        }
        if finding.kev {
            return Some(format!(
                "{why}; no grace, because it is known to be exploited"
            ));
        }
        let Some(fixed_at) = finding.fixed_at else {
            return Some(format!(
                "{why}; no grace, because the day of its fix is not known"
            ));
        };
        let due = fixed_at.plus_ms(i64::from(days) * DAY_MS);
        (now >= due).then(|| {
            format!(
                "{why}; fixed on {}, and {days} days of grace ended on {}",
                day(fixed_at),
                day(due)
            )
        })
    }
}
