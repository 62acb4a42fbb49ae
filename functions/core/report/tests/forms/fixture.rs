//! Reports to write.

use report::{Form, write};
use schemas::{
    Severity, Timestamp,
    advisory::{AdvisorySource, AdvisoryStatus},
    finding::{Finding, FixAt},
    inventory::{
        Coverage, CoverageGap, CoverageStatus, GapReason, InstallationType, OperatingSystem,
        OsFamily, Package, PackageKind, PackageOrigin, Target, TargetKind, UpdateState, WindowsOs,
        WindowsUpdate,
    },
    policy::{
        FindingRef, PolicyNotice, PolicyNoticeKind, PolicyOutcome, PolicyUsed, PolicyVerdict,
        SuppressedFinding, Suppression, SuppressionKind, VexStatus, Violation,
    },
    report::{FeedUsed, REPORT_VERSION, Remedy, Report, Summary},
};
use serde_json::json as value_of;

pub(crate) fn written(report: &Report, form: Form) -> String {
    let mut out = Vec::new();
    write(report, form, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

pub(crate) fn json(report: &Report, form: Form) -> serde_json::Value {
    serde_json::from_str(&written(report, form)).unwrap()
}

/// A report of a target in which nothing was found and everything was read. Made from JSON, as reports of earlier
/// versions are, so that words that come later need not be named here.
pub(crate) fn empty() -> Report {
    serde_json::from_value(value_of!({
        "version": REPORT_VERSION,
        "software": "0.1.0",
        "scanned_at": "2026-11-25T16:00:00.123Z",
        "target": {"kind": "folder", "name": "srv/app"},
        "coverage": {"status": "complete"},
        "packages": [],
        "findings": [],
        "summary": Summary::default(),
    }))
    .unwrap()
}

pub(crate) fn package(name: &str, version: &str) -> Package {
    Package {
        name: name.to_owned(),
        version: version.to_owned(),
        kind: PackageKind::Deb,
        purl: format!("pkg:deb/debian/{name}@{version}?arch=amd64&distro=debian-12"),
        path: "var/lib/dpkg/status".to_owned(),
        ..Package::default()
    }
}

pub(crate) fn finding(id: &str, package: &Package, severity: Severity) -> Finding {
    serde_json::from_value(value_of!({
        "vulnerability": id,
        "package": package.name,
        "purl": package.purl,
        "installed_version": package.version,
        "fixed_version": "9.9",
        "severity": severity,
        "ratings": [
            {"source": "vendor", "severity": severity, "word": "important"},
            {
                "source": "nvd", "severity": "critical", "cvss_score": 9.8,
                "cvss_vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
            },
        ],
        "kev": false,
        "epss": 0.25,
        "status": "fixed",
        "path": package.path,
        "layer": package.layer,
        "in_base_image": true,
        "summary": "Something in it goes wrong.",
        "evidence": {
            "ecosystem": {"name": "debian", "release": "12"},
            "matched_name": package.name,
            "matched_version": package.version,
            "advisory": "DSA-1-1",
            "comparison": format!("{} < 9.9 (dpkg)", package.version),
            "source": {
                "feed": "debian-tracker", "document": "json",
                "url": format!("https://security-tracker.debian.org/tracker/{id}"),
            },
        },
        "score": {
            "value": 61.5,
            "parts": [{"name": "severity", "points": 61.5, "max": 70.0, "reason": "high"}],
        },
    }))
    .unwrap()
}

/// An image with everything that a report can say.
pub(crate) fn full() -> Report {
    let layer = format!("sha256:{}", "ab".repeat(32));
    let mut libssl = package("libssl3", "3.0.11-1");
    libssl.source_name = Some("openssl".to_owned());
    libssl.source_version = Some("3.0.11-1~a".to_owned());
    libssl.layer = Some(layer.parse().unwrap());
    let twin = Package {
        path: "opt/other/var/lib/dpkg/status".to_owned(),
        ..libssl.clone()
    };
    let mut tool = package("tool", "1.0");
    tool.kind = PackageKind::Npm;
    tool.purl = "pkg:npm/tool@1.0".to_owned();
    tool.path = "app/package-lock.json".to_owned();
    tool.origin = PackageOrigin::Development;
    let mut nameless = package("nameless", "");
    nameless.purl = String::new();
    let clean = package("clean", "2.0");

    let mut critical = finding("CVE-2026-1001", &libssl, Severity::Critical);
    critical.kev = true;
    let other = finding("CVE-2026-1001", &twin, Severity::Low);
    let mut unrated = finding("GHSA-aaaa-bbbb-cccc", &tool, Severity::Unknown);
    unrated.ratings = Vec::new();
    unrated.epss = None;
    unrated.fixed_version = None;
    unrated.status = AdvisoryStatus::Open;
    unrated.in_base_image = Some(false);
    unrated.evidence.source.url = None;
    unrated.evidence.advisory = None;
    let mut left = finding("CVE-2026-1003", &nameless, Severity::Medium);
    left.fixed_version = None;
    left.status = AdvisoryStatus::WillNotFix;
    let ignored = finding("CVE-2026-1004", &clean, Severity::High);
    let harmless = finding("CVE-2026-1005", &tool, Severity::High);

    let mut report = empty();
    report.target = Target {
        kind: TargetKind::Image,
        name: "registry.example.org:5000/team/app:1.2".to_owned(),
        id: Some(format!("sha256:{}", "cd".repeat(32))),
    };
    report.os = Some(OperatingSystem {
        family: OsFamily::Linux,
        id: "debian".to_owned(),
        id_like: Vec::new(),
        version_id: Some("12".to_owned()),
        codename: Some("bookworm".to_owned()),
        pretty_name: Some("Debian GNU/Linux 12 (bookworm)".to_owned()),
        architecture: Some("amd64".to_owned()),
        windows: None,
    });
    report.coverage = Coverage {
        status: CoverageStatus::Partial,
        gaps: vec![
            CoverageGap {
                reason: GapReason::Corrupt,
                detail: "the archive ends early".to_owned(),
                path: Some("opt/app/lib.jar".to_owned()),
                layer: Some(layer.parse().unwrap()),
            },
            CoverageGap {
                reason: GapReason::ForeignLayer,
                detail: "the base layer is not held by the registry".to_owned(),
                path: None,
                layer: None,
            },
        ],
    };
    report.policy = Some(PolicyOutcome {
        verdict: PolicyVerdict::Violated,
        policies: vec![PolicyUsed {
            name: "ci".to_owned(),
            source: "policy.toml".to_owned(),
        }],
        violations: vec![
            Violation {
                policy: "ci".to_owned(),
                rule: "kev".to_owned(),
                finding: Some(FindingRef::from(&critical)),
                reason: "it is known to be exploited".to_owned(),
            },
            Violation {
                policy: "ci".to_owned(),
                rule: "coverage".to_owned(),
                finding: None,
                reason: "not everything was scanned".to_owned(),
            },
        ],
        notices: vec![PolicyNotice {
            kind: PolicyNoticeKind::ExceptionUnused,
            source: "ci".to_owned(),
            detail: "the exception for CVE-2020-1 is about nothing here".to_owned(),
        }],
        considered: 4,
        ..PolicyOutcome::default()
    });
    report.suppressed = vec![
        SuppressedFinding {
            finding: ignored,
            by: Suppression {
                kind: SuppressionKind::Exception,
                source: "ci".to_owned(),
                reason: "only used in the build".to_owned(),
                author: Some("ann@example.org".to_owned()),
                expires_at: Some("2027-01-01T00:00:00Z".parse().unwrap()),
                ..Suppression::default()
            },
        },
        SuppressedFinding {
            finding: harmless,
            by: Suppression {
                kind: SuppressionKind::Vex,
                source: "vendor.openvex.json".to_owned(),
                reason: "the function is never called".to_owned(),
                vex_status: Some(VexStatus::NotAffected),
                vex_justification: Some("vulnerable_code_not_in_execute_path".to_owned()),
                ..Suppression::default()
            },
        },
    ];
    report.cannot_judge = vec![
        serde_json::from_value(value_of!({
            "vulnerability": "CVE-2026-2000",
            "package": "libssl3",
            "installed_version": "3.0.11-1",
            "severity": "high",
            "kev": false,
            "reason": "undetermined",
            "detail": "Debian has not decided",
            "source": AdvisorySource::default(),
        }))
        .unwrap(),
    ];
    report.remedies = vec![Remedy {
        action: "openssl: update 3.0.11-1 to 9.9".to_owned(),
        top_score: 61.5,
        vulnerabilities: 1,
        known_exploited: 1,
    }];
    report.feeds = vec![FeedUsed {
        name: "debian-tracker".to_owned(),
        documents: 1,
        rows: 1000,
        as_of: Some(Timestamp::from_ms(1_763_000_000_000)),
    }];
    report.packages = vec![libssl, twin, tool, nameless, clean];
    report.findings = vec![critical, other, unrated, left];
    report.summary = Summary {
        total: 4,
        critical: 1,
        medium: 1,
        low: 1,
        unknown: 1,
        known_exploited: 1,
        fixable: 2,
        cannot_judge: 1,
        ..Summary::default()
    };
    report
}

/// What a gate lacks in `gate_lacks`.
pub(crate) const LACKS: &str = "the rule kev needs the feed <kev>, which was not loaded";

/// A scan without a gap, held against a policy that nothing violates and that cannot be decided all the same.
pub(crate) fn gate_lacks() -> Report {
    let mut report = empty();
    report.policy = Some(PolicyOutcome {
        verdict: PolicyVerdict::NotFullyScanned,
        lacking: vec![LACKS.to_owned()],
        ..PolicyOutcome::default()
    });
    report.summary.development_left_out = 2;
    report.summary.owned_by_distribution = 1;
    report
}

/// A Windows image that was judged by its build.
pub(crate) fn windows() -> Report {
    let mut report = empty();
    report.target = Target {
        kind: TargetKind::Image,
        name: "windows/servercore:ltsc2022".to_owned(),
        id: Some(format!("sha256:{}", "ef".repeat(32))),
    };
    report.os = Some(OperatingSystem {
        family: OsFamily::Windows,
        id: "windows".to_owned(),
        id_like: Vec::new(),
        version_id: Some("10.0.20348.2700".to_owned()),
        codename: None,
        pretty_name: None,
        architecture: Some("amd64".to_owned()),
        windows: Some(WindowsOs {
            product_name: Some("Windows Server 2022 Datacenter".to_owned()),
            build: 20348,
            ubr: Some(2700),
            edition: Some("ServerDatacenter".to_owned()),
            display_version: Some("21H2".to_owned()),
            installation_type: Some(InstallationType::ServerCore),
            updates_complete: true,
            updates: vec![WindowsUpdate {
                kb: "KB5043050".to_owned(),
                state: UpdateState::Installed,
                installed_at: None,
            }],
        }),
    });
    let itself = package(
        "Windows Server 2022 (Server Core installation)",
        "10.0.20348.2700",
    );
    let mut found = finding("CVE-2024-49120", &itself, Severity::High);
    found.purl = None;
    found.path = None;
    found.kb = Some("KB5048654".to_owned());
    found.fixed_version = Some("10.0.20348.2966".to_owned());
    found.fix_at = Some(FixAt::Both);
    report.findings = vec![found];
    report.summary.total = 1;
    report.summary.high = 1;
    report
}
