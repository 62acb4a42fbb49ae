//! What an earlier report has already, so that only what is new counts.

use std::collections::HashSet;

use schemas::{Timestamp, finding::Finding, report::REPORT_VERSION};
use serde::Deserialize;

use crate::error::{PolicyError, shown};

/// The findings of an earlier report.
///
/// A finding is the same when vulnerability, package and path are: versions of the package, scores and ratings may have
/// changed. What the earlier report had suppressed was never let pass by a rule, so it is new when it counts again.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// When that report was made.
    pub scanned_at: Timestamp,
    /// Of findings that stood under an advisory's own id, that too.
    findings: HashSet<(String, String, String)>,
}

/// As much of a report as is needed, so that reports of older and newer versions can be compared with.
#[derive(Deserialize)]
struct EarlierReport {
    version: u32,
    scanned_at: Timestamp,
    findings: Vec<EarlierFinding>,
}

#[derive(Deserialize)]
struct EarlierFinding {
    vulnerability: String,
    package: String,
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    evidence: EarlierEvidence,
}

#[derive(Default, Deserialize)]
struct EarlierEvidence {
    #[serde(default)]
    advisory: Option<String>,
}

impl Known {
    /// Reads an earlier report, as `--format json` writes it.
    ///
    /// # Errors
    /// When it is none, or of a later version.
    pub fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        let report: EarlierReport =
            serde_json::from_slice(bytes).map_err(|error| PolicyError::Malformed {
                what: "report as `--format json` writes it",
                problem: shown(&error.to_string()),
            })?;
        if report.version > REPORT_VERSION {
            return Err(PolicyError::OtherVersion {
                what: "report version",
                found: report.version.to_string(),
                known: "1",
            });
        }
        let mut findings = HashSet::with_capacity(report.findings.len());
        for finding in report.findings {
            let path = finding.path.unwrap_or_default();
            // An advisory may have been given a CVE id since, or be ranked under another of its ids.
            let other = finding.evidence.advisory.filter(|id| is_another_name(id));
            for id in [Some(finding.vulnerability), other].into_iter().flatten() {
                findings.insert((id, finding.package.clone(), path.clone()));
            }
        }
        Ok(Self {
            scanned_at: report.scanned_at,
            findings,
        })
    }

    /// Whether the earlier report has this finding.
    pub(crate) fn has(&self, finding: &Finding) -> bool {
        let path = finding.path.clone().unwrap_or_default();
        let has = |id: &str| {
            self.findings
                .contains(&(id.to_owned(), finding.package.clone(), path.clone()))
        };
        has(finding.vulnerability.as_str())
            || finding
                .evidence
                .advisory
                .as_deref()
                .is_some_and(|id| is_another_name(id) && has(id))
    }
}

/// Whether an advisory's id is another name of the one vulnerability that it is about. Errata of distributions and
/// Microsoft's updates mend many at once: one of them that is known says nothing of the others. Source: the OSV
/// schema, prefixes of databases that have an entry for each vulnerability.
fn is_another_name(advisory: &str) -> bool {
    [
        "GHSA-", "PYSEC-", "GO-", "RUSTSEC-", "HSEC-", "RSEC-", "JLSEC-", "EEF-", "PSF-", "OSV-",
    ]
    .iter()
    .any(|prefix| advisory.starts_with(prefix))
}
