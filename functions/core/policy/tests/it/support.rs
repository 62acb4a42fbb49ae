//! Reports and policies for tests.

use policy::{Authority, Form, Gate, Policy};
use schemas::{Timestamp, finding::Finding, report::Report};
use serde_json::{Value, json};

pub(crate) const NOW: &str = "2026-11-25T12:00:00Z";

pub(crate) fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// A finding of an ordinary package, with what differs from it.
pub(crate) fn finding(id: &str, package: &str, changes: Value) -> Value {
    let mut finding = json!({
        "vulnerability": id, "package": package, "installed_version": "1.0-2",
        "purl": format!("pkg:deb/debian/{package}@1.0-2?arch=amd64&distro=debian-12"),
        "fixed_version": "1.0-3", "severity": "high", "kev": false, "epss": 0.02, "epss_percentile": 0.4,
        "status": "fixed", "path": "var/lib/dpkg/status",
        "ratings": [{"source": "nvd", "severity": "high", "cvss_score": 7.5}],
        "evidence": {
            "ecosystem": {"name": "debian", "release": "12"}, "matched_name": package, "matched_version": "1.0-2",
            "comparison": "1.0-2 < 1.0-3 (dpkg)", "source": {"feed": "debian-tracker", "document": "d"}
        },
        "score": {"value": 50.0, "parts": []}
    });
    for (key, value) in changes.as_object().unwrap() {
        finding[key] = value.clone();
    }
    finding
}

/// A report of an image that was fully scanned with all feeds.
pub(crate) fn report(findings: &[Value]) -> Value {
    json!({
        "version": 1, "software": "0.1.0", "scanned_at": NOW,
        "target": {"kind": "image", "name": "registry.example.org/payments/api:1.2", "id": IMAGE},
        "image": {
            "id": IMAGE, "tags": ["registry.example.org/payments/api:1.2"],
            "repo_digests": [format!("registry.example.org/payments/api@{MANIFEST}")], "os": "linux"
        },
        "coverage": {"status": "complete", "gaps": []},
        "packages": findings.iter().map(|finding| json!({
            "name": finding["package"], "version": finding["installed_version"], "kind": "deb",
            "purl": finding["purl"], "path": "var/lib/dpkg/status"
        })).collect::<Vec<_>>(),
        "findings": findings, "cannot_judge": [],
        "summary": {
            "total": 0, "critical": 0, "high": 0, "medium": 0, "low": 0, "unknown": 0, "known_exploited": 0,
            "fixable": 0, "cannot_judge": 0
        },
        "feeds": [
            {"name": "cisa-kev", "documents": 1, "rows": 1}, {"name": "epss", "documents": 1, "rows": 1}
        ]
    })
}

pub(crate) const IMAGE: &str =
    "sha256:1111111111111111111111111111111111111111111111111111111111111111";
pub(crate) const MANIFEST: &str =
    "sha256:2222222222222222222222222222222222222222222222222222222222222222";

pub(crate) fn read(report: &Value) -> Report {
    serde_json::from_value(report.clone()).unwrap()
}

pub(crate) fn policy(text: &str) -> Policy {
    Policy::parse(
        "test.toml",
        Form::Toml,
        format!("version = 1\n{text}").as_bytes(),
    )
    .unwrap()
}

/// A gate of one local policy.
pub(crate) fn gate(text: &str) -> Gate {
    let mut gate = Gate::default();
    gate.policy(Authority::Local, policy(text));
    gate
}

pub(crate) fn ids(findings: &[Finding]) -> Vec<&str> {
    findings
        .iter()
        .map(|finding| finding.vulnerability.as_str())
        .collect()
}
