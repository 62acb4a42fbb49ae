//! What Ubuntu's feeds have in common: releases by code name, statuses, and fixes that only subscribers get.

use std::borrow::Cow;

use schemas::{Severity, advisory::AdvisoryStatus, severity::SeveritySource};

use super::Sink;
use crate::{
    row::{EcosystemRef, EventsRef, RatingRef, Row},
    severity::of_word,
};

/// What a machine needs for updates after the five years of standard support, and for those of `universe`.
pub(super) const PRO: &str = "Ubuntu Pro";

/// Source: `https://releases.ubuntu.com/` and the list of releases in the tracker's `cve_lib.py`.
static RELEASES: &[(&str, &str)] = &[
    ("precise", "12.04"),
    ("trusty", "14.04"),
    ("utopic", "14.10"),
    ("vivid", "15.04"),
    ("wily", "15.10"),
    ("xenial", "16.04"),
    ("yakkety", "16.10"),
    ("zesty", "17.04"),
    ("artful", "17.10"),
    ("bionic", "18.04"),
    ("cosmic", "18.10"),
    ("disco", "19.04"),
    ("eoan", "19.10"),
    ("focal", "20.04"),
    ("groovy", "20.10"),
    ("hirsute", "21.04"),
    ("impish", "21.10"),
    ("jammy", "22.04"),
    ("kinetic", "22.10"),
    ("lunar", "23.04"),
    ("mantic", "23.10"),
    ("noble", "24.04"),
    ("oracular", "24.10"),
    ("plucky", "25.04"),
    ("questing", "25.10"),
    ("resolute", "26.04"),
];

/// The number of a release, such as `22.04` of `jammy`.
pub(super) fn release_of(codename: &str) -> Option<&'static str> {
    let known = RELEASES.iter().find(|(name, _)| *name == codename)?;
    Some(known.1)
}

/// Where a fix is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pocket {
    /// For everybody.
    Standard,
    /// For subscribers: extended security maintenance.
    Pro,
    /// Kernels, certified modules and the like of their own repositories, whose versions do not compare.
    Other,
}

/// The release and pocket of `jammy`, `esm-infra/xenial`, `trusty/esm`, `fips-updates/jammy`.
pub(super) fn place(text: &str) -> Option<(&'static str, Pocket)> {
    let (first, second) = match text.split_once('/') {
        None => return release_of(text).map(|release| (release, Pocket::Standard)),
        Some(parts) => parts,
    };
    let (release, pocket) = match (release_of(first), release_of(second)) {
        (Some(release), None) => (release, second),
        (None, Some(release)) => (release, first),
        _ => return None,
    };
    let pocket = match pocket.starts_with("esm") {
        true => Pocket::Pro,
        false => Pocket::Other,
    };
    Some((release, pocket))
}

/// Whether a version is one that only subscribers get: `1.0-1ubuntu2+esm1`, `1.0-1ubuntu2~esm1`.
pub(super) fn is_pro_version(version: &str) -> bool {
    version.contains("+esm") || version.contains("~esm")
}

/// What a status with the remark beside it means. None for a package that the release does not have.
/// Source: the tracker's README, "Status".
pub(super) fn status(word: &str, remark: &str) -> Option<AdvisoryStatus> {
    let remark = remark.to_ascii_lowercase();
    let untriaged = remark.contains("was needs-triage");
    let ended = [
        "end of life",
        "end-of-life",
        "reached eol",
        "end of standard support",
        "out of standard support",
        "end of esm support",
        "end of ubuntu pro support",
    ];
    Some(match word {
        "DNE" | "does-not-exist" => return None,
        "released" | "released-esm" => AdvisoryStatus::Fixed,
        "not-affected" => AdvisoryStatus::NotAffected,
        "needed" | "in-progress" | "pending" | "deferred" | "active" => AdvisoryStatus::Open,
        "ignored" if ended.iter().any(|text| remark.contains(text)) => match untriaged {
            true => AdvisoryStatus::Undetermined,
            false => AdvisoryStatus::EndOfLife,
        },
        "ignored" => AdvisoryStatus::WillNotFix,
        // "needs-triage", and words that came later.
        _ => AdvisoryStatus::Undetermined,
    })
}

/// One vulnerability, before its packages.
#[derive(Clone, Debug, Default)]
pub(super) struct Issue<'a> {
    pub(super) id: &'a str,
    pub(super) summary: Option<Cow<'a, str>>,
    pub(super) cvss: Option<(Option<f32>, &'a str)>,
    /// The row's own address, if any.
    pub(super) advisory: Option<&'a str>,
    pub(super) fixed_at: Option<schemas::Timestamp>,
}

/// Gives one row.
pub(super) fn row(
    issue: &Issue<'_>,
    (release, pocket): (&str, Pocket),
    source: &str,
    (status, fixed): (AdvisoryStatus, Option<&str>),
    priority: Option<&str>,
    sink: &mut dyn Sink,
) {
    let fixed = fixed.map(str::trim).filter(|fixed| !fixed.is_empty());
    let (status, affected) = match (status, fixed) {
        (AdvisoryStatus::Fixed, Some(fixed)) => {
            let run = EventsRef {
                introduced: "0",
                fixed: Some(fixed),
                last_affected: None,
            };
            (AdvisoryStatus::Fixed, vec![run])
        }
        // A fix without its version says nothing of what is installed.
        (AdvisoryStatus::Fixed, None) => (AdvisoryStatus::Undetermined, Vec::new()),
        (status, _) => (status, Vec::new()),
    };
    let pro = pocket == Pocket::Pro || fixed.is_some_and(is_pro_version);
    let mut ratings = Vec::new();
    if priority.is_some() || issue.cvss.is_some() {
        ratings.push(RatingRef {
            source: SeveritySource::Vendor,
            severity: priority.map_or(Severity::Unknown, of_word),
            word: priority,
            cvss_score: None,
            cvss_vector: None,
        });
    }
    if let Some((score, vector)) = issue.cvss {
        ratings.push(RatingRef {
            source: SeveritySource::Nvd,
            severity: score.map_or(Severity::Unknown, crate::severity::of_score),
            word: None,
            cvss_score: score,
            cvss_vector: Some(vector),
        });
    }
    sink.advisory(&Row {
        ecosystem: EcosystemRef {
            name: "ubuntu",
            release: Some(release),
        },
        package: source,
        vulnerability: issue.id,
        advisory: issue.advisory,
        status,
        affected,
        subscription: Some(PRO).filter(|_| pro),
        ratings,
        summary: issue.summary.as_deref(),
        fixed_at: issue.fixed_at.filter(|_| status == AdvisoryStatus::Fixed),
        ..Row::default()
    });
}
