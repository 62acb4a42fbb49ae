//! The published databases of languages: the last affected version is found, and the fixed one is not.

use advisories::{BuildOptions, ShardSet, Source, build};
use schemas::inventory::PackageKind;

use crate::support::{findings, vulnerabilities};

/// Shards of some files of the published databases; none when they are absent.
fn published(files: &[&str], out: &std::path::Path) -> Option<ShardSet> {
    let folder = at_hand::data("osv")?;
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
            vulnerabilities(&shards, kind, name, affected).contains(id),
            "{name} {affected} {id}"
        );
        assert!(
            !vulnerabilities(&shards, kind, name, fixed).contains(id),
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
