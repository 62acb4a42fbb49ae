//! Packages of languages against the databases that are published about them.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and says when it is skipped"
)]

#[expect(dead_code, reason = "other tests use the rest")]
mod support;

use std::collections::BTreeSet;

use advisories::{BuildOptions, ShardSet, Source, build, match_inventory};
use schemas::{
    finding::Finding,
    inventory::{GapReason, PackageKind},
};
use support::{at, built, inventory, package, shared};

/// Shards of some files of the published databases; none when they are absent.
fn published(files: &[&str], out: &std::path::Path) -> Option<ShardSet> {
    let folder = shared()?.join("data/osv");
    let documents: Vec<(String, Vec<u8>)> = files
        .iter()
        .map(|file| {
            (
                (*file).to_owned(),
                std::fs::read(folder.join(file)).unwrap(),
            )
        })
        .collect();
    let report = build(
        Source::Documents(Box::new(documents.into_iter())),
        out,
        &BuildOptions::default(),
    )
    .unwrap();
    assert_eq!(report.errors, [], "every document and row is read");
    Some(ShardSet::open_dir(out).unwrap())
}

fn findings(shards: &ShardSet, kind: PackageKind, name: &str, version: &str) -> Vec<Finding> {
    let place = inventory(None, vec![package(kind, name, version, "app/x")]);
    match_inventory(&place, shards, at()).unwrap().findings
}

fn ids(shards: &ShardSet, kind: PackageKind, name: &str, version: &str) -> BTreeSet<String> {
    findings(shards, kind, name, version)
        .into_iter()
        .map(|finding| finding.vulnerability.to_string())
        .collect()
}

#[test]
fn the_last_affected_version_is_found_and_the_fixed_one_is_not() {
    let out = tempfile::tempdir().unwrap();
    let files = [
        "go-vulndb-osv.jsonl.zst",
        "nodejs-security-wg-npm.jsonl.zst",
        "nodejs-core-vulns.json.zst",
        "osv-mixed-ecosystems.jsonl.zst",
        "rustsec-advisories.tar.zst",
        "ruby-advisory-db.tar.zst",
        "dotnet-releases.tar.zst",
    ];
    let Some(shards) = published(&files, out.path()) else {
        return;
    };
    use PackageKind::{Cargo, Dotnet, Gem, Golang, Maven, Npm, WindowsProgram};
    for (kind, name, affected, fixed, id) in [
        (
            Golang,
            "github.com/gin-gonic/gin",
            "v1.5.9",
            "v1.6.0",
            "CVE-2020-36567",
        ),
        (Golang, "stdlib", "go1.20", "go1.20.1", "CVE-2022-41722"),
        (
            Golang,
            "stdlib",
            "1.19.5 X:boringcrypto",
            "1.19.6",
            "CVE-2022-41722",
        ),
        (
            Golang,
            "github.com/cubefs/cubefs",
            "v3.3.0",
            "v3.3.1",
            "CVE-2023-46738",
        ),
        (Cargo, "h2", "0.4.15", "0.4.16", "RUSTSEC-2026-0258"),
        (Gem, "nokogiri", "1.7.1", "1.7.2", "CVE-2017-5029"),
        (Npm, "bassmaster", "1.5.1", "1.5.2", "CVE-2014-7205"),
        (
            Maven,
            "io.netty:netty-codec-http",
            "4.1.70.Final",
            "4.1.71.Final",
            "CVE-2021-43797",
        ),
        (
            Maven,
            "com.fasterxml.jackson.core:jackson-databind",
            "2.13.4.1",
            "2.13.4.2",
            "CVE-2022-42003",
        ),
        (
            Dotnet,
            "Microsoft.NETCore.App",
            "8.0.27",
            "8.0.28",
            "CVE-2026-45591",
        ),
        (
            Dotnet,
            "Microsoft.NET.Sdk",
            "8.0.127",
            "8.0.128",
            "CVE-2026-45591",
        ),
        (
            Dotnet,
            "Microsoft.NET.Sdk",
            "8.0.421",
            "8.0.422",
            "CVE-2026-45591",
        ),
        (
            WindowsProgram,
            "Node.js",
            "8.1.3",
            "9.0.0",
            "CVE-2017-1000381",
        ),
    ] {
        assert!(
            ids(&shards, kind, name, affected).contains(id),
            "{name} {affected} {id}"
        );
        assert!(
            !ids(&shards, kind, name, fixed).contains(id),
            "{name} {fixed} {id}"
        );
    }
    let found = findings(&shards, Cargo, "h2", "0.4.15");
    let one = found
        .iter()
        .find(|f| f.vulnerability.as_str() == "RUSTSEC-2026-0258")
        .unwrap();
    assert_eq!(one.fixed_version.as_deref(), Some("0.4.16"));
    assert!(one.fixed_at.is_some() && one.evidence.source.feed == "rustsec");
}

#[test]
fn a_dotnet_that_is_no_longer_supported_is_told_and_not_clean() {
    let channel = r#"{"channel-version":"6.0","latest-release":"6.0.36","releases":[{"release-date":"2024-11-12",
        "cve-list":[{"cve-id":"CVE-2024-43498"}],"runtime":{"version":"6.0.36"}}]}"#;
    let out = tempfile::tempdir().unwrap();
    let (_, shards) = built(&[("releases.json", channel)], out.path());
    let runtime = package(
        PackageKind::Dotnet,
        "Microsoft.NETCore.App",
        "6.0.36",
        "dotnet",
    );
    let framework = package(
        PackageKind::Dotnet,
        ".NET Framework",
        "4.8.4654.0",
        "clr.dll",
    );
    let result =
        match_inventory(&inventory(None, vec![runtime, framework]), &shards, at()).unwrap();
    assert_eq!(result.findings, []);
    let gap = result
        .gaps
        .iter()
        .find(|gap| gap.reason == GapReason::EndOfLife)
        .unwrap();
    assert!(gap.detail.contains(".NET 6.0") && gap.detail.contains("2024-11-12"));
}

#[test]
fn names_are_one_whatever_way_they_are_written() {
    let entry = |ecosystem: &str, name: &str| {
        format!(
            r#"{{"id":"X-{}","modified":"2024-05-01T00:00:00Z","affected":[{{"package":{{"ecosystem":"{ecosystem}","name":"{name}"}},"ranges":[{{"type":"ECOSYSTEM","events":[{{"introduced":"0"}},{{"fixed":"9"}}]}}]}}]}}"#,
            ecosystem.replace('.', "-")
        )
    };
    let documents: Vec<(String, String)> = [
        ("PyPI", "Ruamel.Yaml"),
        ("crates.io", "serde-json"),
        ("Packagist", "Symfony/HTTP-kernel"),
        ("NuGet", "Newtonsoft.Json"),
        ("Go", "github.com/Masterminds/semver"),
    ]
    .iter()
    .map(|(ecosystem, name)| ((*ecosystem).to_owned(), entry(ecosystem, name)))
    .collect();
    let borrowed: Vec<(&str, &str)> = documents.iter().map(|(a, b)| (&**a, &**b)).collect();
    let out = tempfile::tempdir().unwrap();
    let (_, shards) = built(&borrowed, out.path());
    for (kind, name) in [
        (PackageKind::Pypi, "ruamel_yaml"),
        (PackageKind::Cargo, "serde_json"),
        (PackageKind::Composer, "symfony/http-kernel"),
        (PackageKind::Nuget, "newtonsoft.json"),
        (PackageKind::Golang, "github.com/masterminds/semver"),
    ] {
        assert_eq!(ids(&shards, kind, name, "1.0.0").len(), 1, "{name}");
        assert_eq!(ids(&shards, kind, name, "9.0.0").len(), 0, "{name}");
    }
    // A package that a distribution's package owns is judged by the distribution where that can be judged, else by its
    // own advisories.
    let mut owned = package(PackageKind::Pypi, "ruamel_yaml", "1.0.0", "app/x");
    owned.owned_by = Some("python3-ruamel.yaml".to_owned());
    let result = match_inventory(&inventory(None, vec![owned]), &shards, at()).unwrap();
    assert_eq!(result.findings.len(), 1);
}

#[test]
fn a_scan_reads_only_the_pages_that_it_asks() {
    let rows: Vec<String> = (0..20_000)
        .map(|number| {
            format!(
                r#"{{"id":"X-{number}","modified":"2024-05-01T00:00:00Z","details":"some words about package {number}","affected":[{{"package":{{"ecosystem":"npm","name":"package-{number}"}},"ranges":[{{"type":"SEMVER","events":[{{"introduced":"0"}}]}}]}}]}}"#
            )
        })
        .collect();
    let out = tempfile::tempdir().unwrap();
    let text = rows.join("\n");
    let (report, shards) = built(&[("all.jsonl", &text)], out.path());
    assert_eq!(shards.read().shards, 0);
    let found = ids(&shards, PackageKind::Npm, "package-777", "1.0.0");
    assert_eq!(found.len(), 1);
    let read = shards.read();
    let all: u64 = report
        .manifest
        .shards
        .iter()
        .map(|shard| shard.size_bytes)
        .sum();
    assert_eq!(read.shards, 1);
    assert!(read.bytes > 0 && read.bytes * 10 < all, "{read:?} of {all}");
    // What was read once is not read again.
    ids(&shards, PackageKind::Npm, "package-777", "2.0.0");
    assert_eq!(shards.read(), read);
}
