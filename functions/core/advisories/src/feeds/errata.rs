//! Advisories of rpm distributions, whatever form they come in: one advisory, its vulnerabilities, and builds that fix
//! them. Findings are told by vulnerability, and the advisory's id goes with them.

use std::collections::{BTreeMap, BTreeSet};

use schemas::{Timestamp, advisory::AdvisoryStatus, severity::SeveritySource};

use super::{Sink, one_line};
use crate::{
    row::{EcosystemRef, EventsRef, RatingRef, Row},
    severity::of_word,
};

/// Most vulnerabilities that one advisory may stand for.
const MAX_IDS: usize = 5000;

/// An advisory without its builds.
#[derive(Debug, Default)]
pub(super) struct Erratum<'a> {
    /// Name of the ecosystem, such as `amazon`.
    pub(super) ecosystem: &'a str,
    pub(super) id: &'a str,
    /// CVE ids; an advisory without any is ranked under its own.
    pub(super) cves: Vec<&'a str>,
    /// The vendor's word.
    pub(super) severity: Option<&'a str>,
    /// CVSS scores and vectors by CVE.
    pub(super) scores: BTreeMap<&'a str, (Option<f32>, Option<&'a str>)>,
    pub(super) title: Option<&'a str>,
    pub(super) url: Option<&'a str>,
    pub(super) issued: Option<Timestamp>,
    pub(super) updated: Option<Timestamp>,
    /// Whether an architecture that is not named is one that the advisory does not speak of. Not so for documents made
    /// for one architecture, which are used for all.
    pub(super) limited: bool,
}

/// One build that an advisory names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Build<'a> {
    /// The release, such as `9`; none for a rolling one.
    pub(super) release: Option<&'a str>,
    pub(super) package: &'a str,
    /// Module or topic.
    pub(super) stream: Option<String>,
    /// `[epoch:]version-release` of the first build with the fix; none for a package without any.
    pub(super) version: Option<String>,
    pub(super) state: State,
    pub(super) architecture: &'a str,
}

/// What an advisory says of a build.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    #[default]
    Fixed,
    /// The build is the last that is affected.
    LastAffected,
    Open,
    NotAffected,
}

/// `epoch:version-release` without an epoch of zero, which compares like none.
pub(super) fn evr(epoch: &str, version: &str, release: &str) -> String {
    match epoch.trim() {
        "" | "0" | "(none)" => format!("{version}-{release}"),
        epoch => format!("{epoch}:{version}-{release}"),
    }
}

/// The same of a text that has all of it, as OVAL writes it.
pub(super) fn plain_evr(text: &str) -> &str {
    text.strip_prefix("0:").unwrap_or(text)
}

/// Gives the rows of an advisory: one for each vulnerability, package, stream and version, with the architectures.
pub(super) fn rows<'a>(erratum: &Erratum<'a>, builds: Vec<Build<'a>>, sink: &mut dyn Sink) {
    let mut groups: BTreeMap<Build<'a>, BTreeSet<&'a str>> = BTreeMap::new();
    for mut build in builds {
        let architecture = std::mem::take(&mut build.architecture);
        if matches!(architecture, "src" | "nosrc") || build.package.is_empty() {
            continue;
        }
        groups.entry(build).or_default().insert(architecture);
    }
    let mut cves: Vec<&str> = erratum.cves.clone();
    cves.sort_unstable();
    cves.dedup();
    if cves.len() > MAX_IDS {
        sink.problem(
            erratum.id,
            "an advisory of more vulnerabilities than any real one: the first are kept",
        );
        cves.truncate(MAX_IDS);
    }
    if cves.is_empty() {
        cves.push(erratum.id);
    }
    let summary = erratum.title.and_then(one_line);
    for cve in cves {
        let ratings = ratings(erratum, cve);
        for (build, architectures) in &groups {
            let everywhere =
                !erratum.limited || architectures.contains("noarch") || architectures.contains("");
            let version = build.version.as_deref();
            let (status, affected) = match (build.state, version) {
                (State::NotAffected, _) => (AdvisoryStatus::NotAffected, Vec::new()),
                (State::Fixed, Some(fixed)) => {
                    let run = EventsRef {
                        introduced: "0",
                        fixed: Some(fixed),
                        last_affected: None,
                    };
                    (AdvisoryStatus::Fixed, vec![run])
                }
                (State::LastAffected, Some(last)) => {
                    let run = EventsRef {
                        introduced: "0",
                        fixed: None,
                        last_affected: Some(last),
                    };
                    (AdvisoryStatus::Open, vec![run])
                }
                _ => (AdvisoryStatus::Open, Vec::new()),
            };
            sink.advisory(&Row {
                ecosystem: EcosystemRef {
                    name: erratum.ecosystem,
                    release: build.release,
                },
                package: build.package,
                vulnerability: cve,
                advisory: Some(erratum.id).filter(|id| *id != cve),
                status,
                affected,
                stream: build.stream.as_deref(),
                architectures: match everywhere {
                    true => Vec::new(),
                    false => architectures.iter().copied().collect(),
                },
                ratings: ratings.clone(),
                summary: summary.as_deref(),
                url: erratum.url,
                modified_at: erratum.updated,
                fixed_at: erratum.issued.filter(|_| build.state == State::Fixed),
                ..Row::default()
            });
        }
    }
}

/// The vendor's word for the advisory, with the score of the one vulnerability.
fn ratings<'a>(erratum: &Erratum<'a>, cve: &str) -> Vec<RatingRef<'a>> {
    let (score, vector) = erratum.scores.get(cve).copied().unwrap_or_default();
    let word = erratum
        .severity
        .filter(|word| !word.eq_ignore_ascii_case("none"));
    if word.is_none() && score.is_none() {
        return Vec::new();
    }
    vec![RatingRef {
        source: SeveritySource::Vendor,
        severity: match (word, score) {
            (Some(word), _) => of_word(word),
            (None, Some(score)) => crate::severity::of_score(score),
            (None, None) => schemas::Severity::Unknown,
        },
        word,
        cvss_score: score,
        cvss_vector: vector,
    }]
}

/// Whether an architecture is of another processor than the one that most documents are made for.
pub(super) fn is_other_processor(architecture: &str) -> bool {
    !matches!(
        architecture,
        "" | "x86_64" | "i386" | "i486" | "i586" | "i686" | "noarch" | "src" | "nosrc"
    )
}
