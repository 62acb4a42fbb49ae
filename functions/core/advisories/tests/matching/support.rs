//! Documents, inventories and shards that several tests share.

use std::{collections::BTreeSet, path::Path};

use advisories::{
    BuildOptions, BuildReport, MatchResult, ShardSet, Source, build, match_inventory,
};
use schemas::{
    Timestamp,
    finding::Finding,
    inventory::{
        Coverage, CoverageStatus, Inventory, OperatingSystem, OsFamily, Package, PackageKind,
        Target, TargetKind,
    },
};

pub(crate) const DEBIAN: &str = r#"{"zlib": {
  "CVE-2024-0001": {"description": "fixed", "releases": {"bookworm": {"status": "resolved", "fixed_version": "1:1.2.13.dfsg-1+deb12u1", "urgency": "not yet assigned"}}},
  "CVE-2024-0002": {"releases": {"bookworm": {"status": "open", "urgency": "medium"}}},
  "CVE-2024-0003": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "0", "urgency": "high"}}},
  "CVE-2024-0004": {"releases": {"bookworm": {"status": "open", "urgency": "unimportant"}}},
  "CVE-2024-0005": {"releases": {"bookworm": {"status": "undetermined", "urgency": "not yet assigned"}}},
  "CVE-2024-0006": {"releases": {"bookworm": {"status": "open", "urgency": "end-of-life"}}},
  "CVE-2024-0007": {"releases": {"bookworm": {"status": "open", "urgency": "low", "nodsa": "Minor issue", "nodsa_reason": "ignored"}}}
}}"#;

pub(crate) const SSVC: &str = "cve,cna_cvss_vector,cna_base_score,adp_cvss_vector,adp_base_score,ssvc_exploitation,ssvc_automatable,ssvc_technical_impact\n\
    CVE-2024-0001,,9.8,,5.0,active,yes,total\nCVE-2024-0002,,9.9,,,none,no,partial\nCVE-2024-1000,,,,8.1,none,no,partial\n";
pub(crate) const KEV: &str = r#"{"catalogVersion":"1","dateReleased":"2026-01-01T00:00:00Z","count":1,"vulnerabilities":[{"cveID":"CVE-2024-0001","knownRansomwareCampaignUse":"Known"}]}"#;
pub(crate) const EPSS: &str = "#model_version:v2025.03.14,score_date:2026-01-01T00:00:00+0000\ncve,epss,percentile\nCVE-2024-0001,0.5,0.9\n";

pub(crate) fn at() -> Timestamp {
    "2026-11-01T00:00:00Z".parse().unwrap()
}

/// Builds shards from named documents.
pub(crate) fn built(documents: &[(&str, &str)], out: &Path) -> (BuildReport, ShardSet) {
    built_over(documents, out, None)
}

pub(crate) fn built_over(
    documents: &[(&str, &str)],
    out: &Path,
    previous: Option<&ShardSet>,
) -> (BuildReport, ShardSet) {
    let owned: Vec<(String, Vec<u8>)> = documents
        .iter()
        .map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()))
        .collect();
    let options = BuildOptions {
        threads: 2,
        previous,
    };
    let report = build(
        Source::Documents(Box::new(owned.into_iter())),
        out,
        &options,
    )
    .unwrap();
    (report, ShardSet::open_dir(out).unwrap())
}

pub(crate) fn os(id: &str, version: &str) -> OperatingSystem {
    OperatingSystem {
        family: OsFamily::Linux,
        id: id.to_owned(),
        id_like: Vec::new(),
        version_id: Some(version.to_owned()),
        codename: None,
        pretty_name: None,
        architecture: None,
        windows: None,
    }
}

pub(crate) fn package(kind: PackageKind, name: &str, version: &str, path: &str) -> Package {
    Package {
        name: name.to_owned(),
        version: version.to_owned(),
        kind,
        purl: format!("pkg:generic/{name}@{version}"),
        source_name: None,
        source_version: None,
        architecture: None,
        path: path.to_owned(),
        layer: None,
        origin: Default::default(),
        owned_by: None,
    }
}

pub(crate) fn inventory(os: Option<OperatingSystem>, packages: Vec<Package>) -> Inventory {
    Inventory {
        version: 1,
        target: Target {
            kind: TargetKind::Folder,
            name: "test".to_owned(),
            id: None,
        },
        os,
        packages,
        image: None,
        host: None,
        coverage: Coverage {
            status: CoverageStatus::Complete,
            gaps: Vec::new(),
        },
    }
}

/// The packages of a dpkg status file that are installed.
pub(crate) fn dpkg_packages(status: &str) -> Vec<Package> {
    let mut packages = Vec::new();
    for stanza in status.split("\n\n") {
        let field = |name: &str| {
            let prefix = format!("{name}: ");
            stanza
                .lines()
                .find_map(|line| line.strip_prefix(&prefix))
                .map(str::trim)
        };
        let installed = field("Status").is_some_and(|status| status.ends_with(" installed"));
        let (Some(name), Some(version), true) = (field("Package"), field("Version"), installed)
        else {
            continue;
        };
        let mut one = package(PackageKind::Deb, name, version, "var/lib/dpkg/status");
        let source = field("Source").unwrap_or(name);
        let (source_name, source_version) = match source.split_once(" (") {
            Some((source, version)) => (source, version.trim_end_matches(')')),
            None => (source, version),
        };
        one.source_name = Some(source_name.to_owned());
        one.source_version = Some(source_version.to_owned());
        packages.push(one);
    }
    packages
}

/// A binary-only rebuild: the binary is newer than the source that advisories speak of.
pub(crate) fn zlib(source_version: &str) -> Package {
    Package {
        source_name: Some("zlib".to_owned()),
        source_version: Some(source_version.to_owned()),
        ..package(
            PackageKind::Deb,
            "zlib1g",
            &format!("{source_version}+b1"),
            "var/lib/dpkg/status",
        )
    }
}

pub(crate) fn ids(result: &MatchResult) -> Vec<&str> {
    result
        .findings
        .iter()
        .map(|finding| finding.vulnerability.as_str())
        .collect()
}

/// What one package of a language is found to have.
pub(crate) fn findings(
    shards: &ShardSet,
    kind: PackageKind,
    name: &str,
    version: &str,
) -> Vec<Finding> {
    let place = inventory(None, vec![package(kind, name, version, "app/x")]);
    match_inventory(&place, shards, at()).unwrap().findings
}

pub(crate) fn vulnerabilities(
    shards: &ShardSet,
    kind: PackageKind,
    name: &str,
    version: &str,
) -> BTreeSet<String> {
    findings(shards, kind, name, version)
        .into_iter()
        .map(|finding| finding.vulnerability.to_string())
        .collect()
}
