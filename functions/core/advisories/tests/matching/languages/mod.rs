//! Packages of languages: their names and groups, whose advisories they are judged by, and what is told once.

mod published;

use advisories::{MatchOptions, match_inventory, match_inventory_with};
use schemas::{
    Severity,
    finding::CannotJudgeReason,
    inventory::{CoverageStatus, GapReason, Package, PackageKind, PackageOrigin},
};

use super::support::{SSVC, at, built, inventory, os, package, vulnerabilities, zlib};

#[test]
fn languages_are_matched_by_their_own_names_and_told_once_under_their_cve() {
    let osv = |id: &str, aliases: &str, ecosystem: &str, name: &str, events: &str| {
        format!(
            r#"{{"id":"{id}","modified":"2024-01-01T00:00:00Z","aliases":[{aliases}],"affected":[{{"package":{{"ecosystem":"{ecosystem}","name":"{name}"}},"ranges":[{{"type":"ECOSYSTEM","events":[{events}]}}]}}],"database_specific":{{"severity":"HIGH"}}}}"#
        )
    };
    let lines = [
        osv(
            "GHSA-1111-1111-1111",
            "\"CVE-2024-1000\"",
            "PyPI",
            "Ruamel.Yaml",
            r#"{"introduced":"0"},{"fixed":"1.5"}"#,
        ),
        osv(
            "PYSEC-2024-1",
            "\"CVE-2024-1000\",\"GHSA-1111-1111-1111\"",
            "PyPI",
            "ruamel-yaml",
            r#"{"introduced":"0"},{"fixed":"1.6"}"#,
        ),
        osv(
            "GHSA-2222-2222-2222",
            "",
            "npm",
            "left-pad",
            r#"{"introduced":"1.0.0"},{"last_affected":"1.2.0"}"#,
        ),
        osv(
            "GHSA-3333-3333-3333",
            "\"CVE-2024-3000\"",
            "NuGet",
            "Newtonsoft.Json",
            r#"{"introduced":"0"},{"fixed":"13.0.1"}"#,
        ),
        osv(
            "OTHER-1",
            "\"GHSA-2222-2222-2222\"",
            "npm",
            "left-pad",
            r#"{"introduced":"0"}"#,
        ),
    ];
    let out = tempfile::tempdir().unwrap();
    let (_, shards) = built(&[("all.jsonl", &lines.join("\n")), ("s", SSVC)], out.path());
    let place = inventory(
        Some(os("debian", "12")),
        vec![
            zlib("1"),
            package(
                PackageKind::Pypi,
                "ruamel_yaml",
                "1.5.1",
                "srv/app/ruamel_yaml-1.5.1.dist-info/METADATA",
            ),
            Package {
                owned_by: Some("python3-ruamel.yaml".to_owned()),
                ..package(
                    PackageKind::Pypi,
                    "ruamel.yaml",
                    "1.4",
                    "usr/lib/python3/dist-packages/ruamel.yaml-1.4.egg-info",
                )
            },
            Package {
                origin: PackageOrigin::Development,
                ..package(
                    PackageKind::Pypi,
                    "ruamel.yaml",
                    "1.3",
                    "srv/app/poetry.lock",
                )
            },
            package(
                PackageKind::Npm,
                "left-pad",
                "1.2.0",
                "srv/app/node_modules/left-pad/package.json",
            ),
            package(
                PackageKind::Npm,
                "left-pad",
                "git+https://x",
                "srv/b/node_modules/left-pad/package.json",
            ),
            package(
                PackageKind::Nuget,
                "newtonsoft.json",
                "12.0.3",
                "srv/app.deps.json",
            ),
        ],
    );
    let result = match_inventory(&place, &shards, at()).unwrap();
    // Debian's package is judged by Debian's advisories, and where there are none by Python's.
    assert_eq!((result.left_out.owned, result.left_out.development), (0, 1));
    let all = MatchOptions {
        include_development: true,
    };
    let with_development = match_inventory_with(&place, &shards, at(), &all).unwrap();
    assert_eq!(with_development.left_out.development, 0);
    assert_eq!(
        with_development.findings.len(),
        result.findings.len() + 1,
        "what is for development is judged when it is asked for"
    );
    let found: Vec<_> = result
        .findings
        .iter()
        .map(|f| {
            (
                f.vulnerability.as_str(),
                f.package.as_str(),
                f.fixed_version.as_deref(),
                f.severity,
                f.evidence.comparison.as_str(),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            (
                "CVE-2024-1000",
                "ruamel.yaml",
                Some("1.6"),
                Severity::High,
                "1.4 < 1.6 (PEP 440)"
            ),
            (
                "CVE-2024-1000",
                "ruamel_yaml",
                Some("1.6"),
                Severity::High,
                "1.5.1 < 1.6 (PEP 440)"
            ),
            (
                "CVE-2024-3000",
                "newtonsoft.json",
                Some("13.0.1"),
                Severity::High,
                "12.0.3 < 13.0.1 (NuGet)"
            ),
            (
                "GHSA-2222-2222-2222",
                "left-pad",
                None,
                Severity::High,
                "1.0.0 <= 1.2.0 <= 1.2.0 (semver)"
            ),
        ]
    );
    assert_eq!(
        result.findings[0].evidence.advisory.as_deref(),
        Some("PYSEC-2024-1")
    );
    assert!(
        result
            .cannot_judge
            .iter()
            .all(|row| row.reason == CannotJudgeReason::UnreadableVersion)
    );
    assert!(!result.cannot_judge.is_empty());
    // Debian itself has no advisories here, and that is told.
    let [gap] = &result.gaps[..] else {
        panic!("{:?}", result.gaps)
    };
    assert_eq!(gap.reason, GapReason::NoAdvisories);
    assert!(gap.detail.contains("debian:12"), "{}", gap.detail);
    assert_eq!(result.coverage(&place).status, CoverageStatus::Partial);
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
        assert_eq!(
            vulnerabilities(&shards, kind, name, "1.0.0").len(),
            1,
            "{name}"
        );
        assert_eq!(
            vulnerabilities(&shards, kind, name, "9.0.0").len(),
            0,
            "{name}"
        );
    }
    // A package that a distribution's package owns is judged by the distribution where that can be judged, else by its
    // own advisories.
    let mut owned = package(PackageKind::Pypi, "ruamel_yaml", "1.0.0", "app/x");
    owned.owned_by = Some("python3-ruamel.yaml".to_owned());
    let result = match_inventory(&inventory(None, vec![owned]), &shards, at()).unwrap();
    assert_eq!(result.findings.len(), 1);
}

#[test]
fn an_artifact_without_a_group_is_judged_where_one_group_has_it() {
    let osv = |id: &str, name: &str| {
        format!(
            r#"{{"id":"{id}","modified":"2024-01-01T00:00:00Z","affected":[{{"package":{{"ecosystem":"Maven","name":"{name}"}},"ranges":[{{"type":"ECOSYSTEM","events":[{{"introduced":"0"}},{{"fixed":"9.0.60"}}]}}]}}]}}"#
        )
    };
    let feed = [
        osv(
            "GHSA-aaaa-bbbb-cccc",
            "org.apache.tomcat.embed:tomcat-embed-core",
        ),
        osv("GHSA-aaaa-bbbb-dddd", "org.webjars:jquery"),
        osv("GHSA-aaaa-bbbb-eeee", "org.webjars.npm:jquery"),
    ]
    .join("\n");
    let folder = tempfile::tempdir().unwrap();
    let (_, shards) = built(&[("maven.jsonl", &feed)], folder.path());
    let jar = |name: &str| package(PackageKind::Maven, name, "9.0.54", "app/x.jar");
    let packages = ["tomcat-embed-core", "jquery", "unheard-of"].map(jar);
    let place = inventory(None, packages.to_vec());
    let result = match_inventory(&place, &shards, at()).unwrap();
    let found: Vec<_> = result
        .findings
        .iter()
        .map(|finding| {
            (
                finding.vulnerability.as_str(),
                finding.package.as_str(),
                finding.fixed_version.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        found,
        [("GHSA-aaaa-bbbb-cccc", "tomcat-embed-core", Some("9.0.60"))]
    );
    let names = &result.shards[0].names;
    assert!(names.contains(&"org.apache.tomcat.embed:tomcat-embed-core".to_owned()));
    assert_eq!(result.gaps.len(), 1, "{:?}", result.gaps);
    assert!(result.gaps[0].detail.starts_with("jquery state no group"));
}
