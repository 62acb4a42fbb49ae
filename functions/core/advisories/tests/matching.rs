//! From documents to findings: small documents of every kind of row, damage, and real hosts and feeds.

#[cfg(test)]
mod linux;
#[cfg(test)]
mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write as _,
    process::{Command, Stdio},
};

use advisories::{
    BuildOptions, MatchOptions, MatchResult, ShardError, ShardSet, Source, build, diff,
    match_inventory, match_inventory_with,
    shards::{INTEL, MANIFEST_NAME, ShardRead},
};
use schemas::{
    Severity,
    advisory::AdvisoryStatus,
    finding::CannotJudgeReason,
    inventory::{CoverageStatus, GapReason, Package, PackageKind, PackageOrigin},
    severity::SeveritySource,
};
use support::{at, built, built_over, dpkg_packages, inventory, os, package, shared};

const DEBIAN: &str = r#"{"zlib": {
  "CVE-2024-0001": {"description": "fixed", "releases": {"bookworm": {"status": "resolved", "fixed_version": "1:1.2.13.dfsg-1+deb12u1", "urgency": "not yet assigned"}}},
  "CVE-2024-0002": {"releases": {"bookworm": {"status": "open", "urgency": "medium"}}},
  "CVE-2024-0003": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "0", "urgency": "high"}}},
  "CVE-2024-0004": {"releases": {"bookworm": {"status": "open", "urgency": "unimportant"}}},
  "CVE-2024-0005": {"releases": {"bookworm": {"status": "undetermined", "urgency": "not yet assigned"}}},
  "CVE-2024-0006": {"releases": {"bookworm": {"status": "open", "urgency": "end-of-life"}}},
  "CVE-2024-0007": {"releases": {"bookworm": {"status": "open", "urgency": "low", "nodsa": "Minor issue", "nodsa_reason": "ignored"}}}
}}"#;

const SSVC: &str = "cve,cna_cvss_vector,cna_base_score,adp_cvss_vector,adp_base_score,ssvc_exploitation,ssvc_automatable,ssvc_technical_impact\n\
    CVE-2024-0001,,9.8,,5.0,active,yes,total\nCVE-2024-0002,,9.9,,,none,no,partial\nCVE-2024-1000,,,,8.1,none,no,partial\n";
const KEV: &str = r#"{"catalogVersion":"1","dateReleased":"2026-01-01T00:00:00Z","count":1,"vulnerabilities":[{"cveID":"CVE-2024-0001","knownRansomwareCampaignUse":"Known"}]}"#;
const EPSS: &str = "#model_version:v2025.03.14,score_date:2026-01-01T00:00:00+0000\ncve,epss,percentile\nCVE-2024-0001,0.5,0.9\n";

/// A binary-only rebuild: the binary is newer than the source that advisories speak of.
fn zlib(source_version: &str) -> Package {
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

fn ids(result: &MatchResult) -> Vec<&str> {
    result
        .findings
        .iter()
        .map(|finding| finding.vulnerability.as_str())
        .collect()
}

#[test]
fn every_kind_of_debian_row_is_judged_as_the_vendor_means_it() {
    let out = tempfile::tempdir().unwrap();
    let documents = [("d", DEBIAN), ("s", SSVC), ("k", KEV), ("e", EPSS)];
    let (report, shards) = built(&documents, out.path());
    assert_eq!((report.errors.len(), report.unrecognised_total), (0, 0));
    let host = inventory(Some(os("debian", "12")), vec![zlib("1:1.2.13.dfsg-1")]);
    let result = match_inventory(&host, &shards, at()).unwrap();
    let found: Vec<_> = result
        .findings
        .iter()
        .map(|f| {
            (
                f.vulnerability.as_str(),
                f.status,
                f.severity,
                f.fixed_version.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            (
                "CVE-2024-0001",
                AdvisoryStatus::Fixed,
                Severity::Critical,
                Some("1:1.2.13.dfsg-1+deb12u1")
            ),
            (
                "CVE-2024-0002",
                AdvisoryStatus::Open,
                Severity::Medium,
                None
            ),
            (
                "CVE-2024-0004",
                AdvisoryStatus::Unimportant,
                Severity::Low,
                None
            ),
            (
                "CVE-2024-0006",
                AdvisoryStatus::EndOfLife,
                Severity::Unknown,
                None
            ),
            (
                "CVE-2024-0007",
                AdvisoryStatus::WillNotFix,
                Severity::Low,
                None
            ),
        ]
    );
    let first = &result.findings[0];
    assert_eq!((first.kev, first.epss), (true, Some(0.5)));
    assert_eq!(
        (first.package.as_str(), first.installed_version.as_str()),
        ("zlib1g", "1:1.2.13.dfsg-1+b1")
    );
    assert_eq!(first.evidence.matched_name, "zlib");
    assert_eq!(
        first.evidence.comparison,
        "1:1.2.13.dfsg-1 < 1:1.2.13.dfsg-1+deb12u1 (dpkg)"
    );
    assert_eq!(first.evidence.source.document, "d");
    assert!(
        first
            .evidence
            .source
            .url
            .as_ref()
            .unwrap()
            .ends_with("/CVE-2024-0001")
    );
    // All ratings are kept, the used one first: the authority before the publisher, and the vendor's silence last.
    let sources: Vec<_> = first.ratings.iter().map(|rating| rating.source).collect();
    assert_eq!(
        sources,
        [
            SeveritySource::Cna,
            SeveritySource::Adp,
            SeveritySource::Vendor
        ]
    );
    let [open] = &result.cannot_judge[..] else {
        panic!("{:?}", result.cannot_judge)
    };
    assert_eq!(
        (open.vulnerability.as_str(), open.reason),
        ("CVE-2024-0005", CannotJudgeReason::Undetermined)
    );
    assert_eq!(result.coverage(&host).status, CoverageStatus::Complete);
    let facts = shards.facts("CVE-2024-0001", &first.ratings).unwrap();
    assert_eq!(facts.exploited_sources, ["cisa-kev"]);
    assert!(facts.known_exploited && facts.ransomware);
    assert_eq!(
        (facts.cvss_score, facts.exploitation.as_deref()),
        (Some(9.8), Some("active"))
    );

    let mended = inventory(
        Some(os("debian", "12")),
        vec![zlib("1:1.2.13.dfsg-1+deb12u1")],
    );
    let result = match_inventory(&mended, &shards, at()).unwrap();
    assert!(!ids(&result).contains(&"CVE-2024-0001"));
}

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
fn module_streams_of_rpm_are_compared_with_their_own_fixes() {
    let affected = |name: &str, fixed: &str| {
        format!(
            r#"{{"package":{{"ecosystem":"AlmaLinux:8","name":"{name}"}},"ranges":[{{"type":"ECOSYSTEM","events":[{{"introduced":"0"}},{{"fixed":"{fixed}"}}]}}]}}"#
        )
    };
    let document = format!(
        r#"{{"id":"ALSA-2024:1","modified":"2024-01-01T00:00:00Z","summary":"Critical: nodejs","related":["CVE-2024-5000"],"affected":[{},{},{},{}]}}"#,
        affected("nodejs", "1:12.22.1-1.module_el8.4.0+2"),
        affected("nodejs", "1:12.22.1-1.module_el8.5.0+9"),
        affected("nodejs", "1:14.17.0-1.module_el8.4.0+2"),
        affected("openssl", "1:1.1.1k-7.el8"),
    );
    let out = tempfile::tempdir().unwrap();
    let (_, shards) = built(&[("a.json", &document)], out.path());
    for (name, version, affected) in [
        ("nodejs", "1:12.22.1-1.module_el8.4.0+2", false),
        ("nodejs", "1:12.20.0-1.module_el8.4.0+1", true),
        ("nodejs", "1:14.16.0-1.module_el8.4.0+1", true),
        ("nodejs", "1:14.17.0-1.module_el8.4.0+2", false),
        ("nodejs", "1:10.0.0-1.el8", false),
        ("openssl", "1:1.1.1k-6.el8", true),
        ("openssl", "1.1.1k-9.el8", true),
        ("openssl", "1:1.1.1k-7.el8", false),
    ] {
        let place = inventory(
            Some(os("almalinux", "8.9")),
            vec![package(PackageKind::Rpm, name, version, "var/lib/rpm")],
        );
        let result = match_inventory(&place, &shards, at()).unwrap();
        assert_eq!(
            result.findings.len(),
            usize::from(affected),
            "{name} {version}"
        );
        assert!(
            result
                .findings
                .iter()
                .all(|f| f.severity == Severity::Critical)
        );
    }
}

#[test]
fn a_system_that_cannot_be_judged_is_never_clean() {
    let shards = ShardSet::empty();
    let packages = || vec![zlib("1")];
    for (system, reason) in [
        (None, GapReason::UnknownOs),
        (Some(os("gentoo", "2")), GapReason::UnsupportedOs),
        (Some(os("debian", "12")), GapReason::NoAdvisories),
    ] {
        let place = inventory(system, packages());
        let result = match_inventory(&place, &shards, at()).unwrap();
        assert_eq!(result.gaps[0].reason, reason);
        assert_eq!(
            result.coverage(&place).status,
            CoverageStatus::Unsupported,
            "{reason:?}"
        );
    }
    let old = inventory(Some(os("debian", "9")), packages());
    let result = match_inventory(&old, &shards, at()).unwrap();
    assert!(
        result
            .gaps
            .iter()
            .any(|gap| gap.reason == GapReason::EndOfLife && gap.detail.contains("2022-06-30"))
    );
}

#[test]
fn a_cut_or_empty_document_keeps_its_last_good_rows_and_the_others_go_on() {
    let out = tempfile::tempdir().unwrap();
    let (_, first) = built(
        &[
            ("debian.json", DEBIAN),
            ("kev.json", KEV),
            ("epss.csv", EPSS),
        ],
        out.path(),
    );
    let newer = EPSS.replace("0.5", "0.25");
    let documents = [
        ("debian.json", &DEBIAN[..600]),
        ("kev.json", ""),
        ("epss.csv", &newer),
    ];
    let next = tempfile::tempdir().unwrap();
    let (report, second) = built_over(&documents, next.path(), Some(&first));
    let errors: Vec<_> = report
        .errors
        .iter()
        .map(|error| {
            (
                error.document.as_str(),
                error.problem.as_str(),
                error.unusable,
                error.kept,
            )
        })
        .collect();
    assert_eq!(
        errors,
        [
            ("debian.json", "the document is cut", true, true),
            ("kev.json", "the document is empty", true, true),
        ]
    );
    assert!(report.errors[0].at.as_ref().unwrap().starts_with("line "));
    let changes = diff(&first, &second).unwrap();
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert_eq!(
        (changes[0].shard.as_str(), &changes[0].names[..]),
        (INTEL, &["CVE-2024-0001".to_owned()][..])
    );
    let facts = second.facts("CVE-2024-0001", &[]).unwrap();
    assert!(facts.known_exploited && facts.epss == Some(0.25));
    // And again, with the generation that kept them as the one before.
    let third = tempfile::tempdir().unwrap();
    let (_, third) = built_over(&documents, third.path(), Some(&second));
    assert!(diff(&second, &third).unwrap().is_empty());
    // Without a generation before, nothing half-read is used.
    let alone = tempfile::tempdir().unwrap();
    let (report, shards) = built(&documents, alone.path());
    assert!(shards.shard("debian:12").unwrap().is_none());
    assert!(
        report
            .errors
            .iter()
            .all(|error| error.unusable && !error.kept)
    );
}

/// A catalogue of exploited vulnerabilities with CVE-2024-0009, as `xz` and `bzip2` compress it.
const KEV_XZ: &str = "fd377a585a000004e6d6b4460200210116000000742fe5a3e0009a00875d003d8888665474af3f3d8fb8e98404d592b33828\
    37fbd57ba68c5948a2913b0d14f48ae5fc7fe2da62c8655faf8d4e5be95512f6d98fe3d6e9e44b4be6fc13ed8d65f96de239\
    a06c316ce3cee8d2457d9db4dabfdf11a5d4fdb0509501acdb339e6c16adedea564342e4c011c5819765b7eafaced10b37bf\
    15b1ad46c14440f31bd4f45e44d066780000faa190f27398aac90001a3019b010000bf923e0ab1c467fb020000000004595a";
const KEV_BZ2: &str = "425a683931415926535967a908cd00004b9f80100675300e20171a3eafdf8a20007514d468c8f534d01a0c801ea341aa6d35\
    0f24c8ca6d400c8343ca6eb55c35e78f4db6b851ec6588fb308c8b38cb8601a330602990369030c23180c0765f8c4b019236\
    eaa1811352e82f9770c3a01c301240d9779f0268252a3e09540e121c57e505d79bd67015823038a768217cf258b9a3950ebf\
    c5dc914e142419ea423340";

#[test]
fn xz_and_bzip2_are_unpacked_and_told_when_they_are_cut() {
    for (name, text) in [("kev.xz", KEV_XZ), ("kev.bz2", KEV_BZ2)] {
        let bytes = hex::decode(text).unwrap();
        let build = |bytes: &[u8]| {
            let out = tempfile::tempdir().unwrap();
            let documents = vec![(name.to_owned(), bytes.to_vec())];
            let source = Source::Documents(Box::new(documents.into_iter()));
            build(source, out.path(), &BuildOptions::default()).unwrap()
        };
        let report = build(&bytes);
        assert_eq!(report.errors, [], "{name}");
        let feeds: Vec<_> = report
            .manifest
            .feeds
            .iter()
            .map(|feed| (feed.name.as_str(), feed.rows))
            .collect();
        assert_eq!(feeds, [("cisa-kev", 1)], "{name}");
        for cut in [bytes.len() / 2, bytes.len() - 3] {
            let report = build(&bytes[..cut]);
            assert!(
                report.errors.iter().any(|error| error.unusable),
                "{name} {cut}"
            );
            assert!(
                report.manifest.feeds.iter().all(|feed| feed.rows == 0),
                "{name} {cut}"
            );
        }
        // A part in the middle that is not what was packed.
        let mut changed = bytes.clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 0xff;
        assert!(
            build(&changed).errors.iter().any(|error| error.unusable),
            "{name}"
        );
    }
}

#[test]
fn documents_are_read_from_every_container_and_nothing_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    let zst = |bytes: &[u8]| zstd::encode_all(bytes, 3).unwrap();
    let gz = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in [("a/kev.json", KEV.as_bytes()), ("a/notes.txt", b"nothing")] {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, bytes).unwrap();
    }
    let tar = tar.into_inner().unwrap();
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("epss.csv.gz", zip::write::SimpleFileOptions::default())
        .unwrap();
    zip.write_all(&gz(EPSS.as_bytes())).unwrap();
    let zip = zip.finish().unwrap().into_inner();
    write("one.bin", &zst(DEBIAN.as_bytes()));
    write("two", &zst(&tar));
    write("three.zip", &zip);
    write("four.gz", &gz(SSVC.as_bytes()));
    write("cut.tar.zst", &zst(&tar)[..60]);
    write("half.tar", &[&tar[..1536], &tar[1024..1100]].concat());
    write("binary", &[0; 100]);
    #[cfg(unix)]
    {
        let outside = tempfile::NamedTempFile::new().unwrap();
        fs::write(outside.path(), KEV).unwrap();
        std::os::unix::fs::symlink(outside.path(), folder.path().join("link.json")).unwrap();
    }
    let out = tempfile::tempdir().unwrap();
    let report = build(
        Source::Folder(folder.path()),
        out.path(),
        &BuildOptions::default(),
    )
    .unwrap();
    let feeds: Vec<_> = report
        .manifest
        .feeds
        .iter()
        .map(|feed| (feed.name.as_str(), feed.documents))
        .collect();
    assert_eq!(
        feeds.iter().map(|feed| feed.0).collect::<Vec<_>>(),
        ["cisa-kev", "cvss-ssvc", "debian-tracker", "epss"]
    );
    assert_eq!(
        report.unrecognised,
        ["binary", "half.tar/a/notes.txt", "two/a/notes.txt"]
    );
    let broken: BTreeSet<_> = report
        .errors
        .iter()
        .map(|error| error.document.split('/').next().unwrap())
        .collect();
    assert_eq!(
        broken,
        BTreeSet::from(["cut.tar.zst", "half.tar"]),
        "{:?}",
        report.errors
    );
    let names: Vec<_> = report
        .manifest
        .documents
        .iter()
        .map(|document| document.name.as_str())
        .collect();
    assert_eq!(names, ["four.gz", "one.bin", "three.zip", "two"]);
}

#[test]
fn a_damaged_shard_is_an_error_and_never_a_panic_or_a_wrong_answer() {
    let out = tempfile::tempdir().unwrap();
    let (report, shards) = built(&[("d", DEBIAN), ("s", SSVC)], out.path());
    let host = inventory(Some(os("debian", "12")), vec![zlib("1:1.2.13.dfsg-1")]);
    let right = match_inventory(&host, &shards, at()).unwrap();
    let file = &report.manifest.shard("debian:12").unwrap().file;
    let bytes = fs::read(out.path().join(file)).unwrap();
    let open = |changed: Vec<u8>| {
        let mut manifest = report.manifest.clone();
        for shard in &mut manifest.shards {
            if &shard.file == file {
                shard.size_bytes = changed.len() as u64;
            }
        }
        let (file, folder) = (file.clone(), out.path().to_owned());
        ShardSet::open_with(manifest, move |name| {
            let bytes = if name == file {
                changed.clone()
            } else {
                fs::read(folder.join(name))?
            };
            Ok(Box::new(bytes) as Box<dyn ShardRead>)
        })
    };
    for at_byte in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at_byte] ^= 0x41;
        let result = match_inventory(&host, &open(changed), at());
        let error = result.expect_err(&format!("byte {at_byte} changed unnoticed"));
        assert!(
            matches!(
                error,
                ShardError::Corrupt { .. } | ShardError::OtherVersion { .. }
            ),
            "{error}"
        );
    }
    for len in 0..bytes.len() {
        assert!(match_inventory(&host, &open(bytes[..len].to_vec()), at()).is_err());
    }
    assert_eq!(match_inventory(&host, &open(bytes), at()).unwrap(), right);
    fs::write(
        out.path().join(MANIFEST_NAME),
        b"{\"version\":9,\"generation\":\"x\"}",
    )
    .unwrap();
    assert!(matches!(
        ShardSet::open_dir(out.path()),
        Err(ShardError::OtherVersion { found: 9, .. })
    ));
}

/// Reads ranges only, as from a store of objects.
struct Ranges(Vec<u8>);

impl ShardRead for Ranges {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<()> {
        ShardRead::read_at(&self.0, offset, buffer)
    }
}

#[test]
fn ranged_reads_and_maps_and_any_number_of_threads_say_the_same() {
    let Some(shared) = shared() else { return };
    let file = shared.join("data/distro/almalinux-osv/almalinux10.jsonl.zst");
    let bytes = fs::read(file).unwrap();
    let built = |threads| {
        let out = tempfile::tempdir().unwrap();
        let options = BuildOptions {
            threads,
            previous: None,
        };
        let documents = [
            ("alma", &bytes[..]),
            ("kev", KEV.as_bytes()),
            ("debian", DEBIAN.as_bytes()),
        ];
        let documents = documents.map(|(name, bytes)| (name.to_owned(), bytes.to_vec()));
        let source = Source::Documents(Box::new(documents.into_iter()));
        let report = build(source, out.path(), &options).unwrap();
        assert!(report.errors.is_empty() && report.unrecognised.is_empty());
        (report, out)
    };
    let ((one, out), (three, _other)) = (built(1), built(3));
    assert_eq!(one.manifest.generation, three.manifest.generation);
    assert!(one.manifest.shard("almalinux:10").is_some());
    let packages: Vec<Package> = ["kernel", "openssl", "nodejs", "pcs", "zzz"]
        .iter()
        .map(|name| package(PackageKind::Rpm, name, "0:0.0.1-1.el10", "var/lib/rpm"))
        .collect();
    let place = inventory(Some(os("almalinux", "10.0")), packages);
    let mapped = ShardSet::open_dir(out.path()).unwrap();
    let dir = out.path().to_owned();
    let ranged = ShardSet::open_with(one.manifest.clone(), move |file| {
        Ok(Box::new(Ranges(fs::read(dir.join(file))?)))
    });
    let found = match_inventory(&place, &mapped, at()).unwrap();
    assert_eq!(found, match_inventory(&place, &ranged, at()).unwrap());
    assert!(found.findings.len() > 100, "{}", found.findings.len());
    assert!(
        found
            .findings
            .iter()
            .all(|f| f.evidence.advisory.as_deref().unwrap().starts_with("ALSA-"))
    );
}

#[test]
fn alpine_packages_are_matched_by_origin_within_their_branch() {
    let Some(shared) = shared() else { return };
    let out = tempfile::tempdir().unwrap();
    let folder = shared.join("data/distro/alpine-secdb");
    let report = build(
        Source::Folder(&folder),
        out.path(),
        &BuildOptions::default(),
    )
    .unwrap();
    assert!(report.errors.is_empty(), "{:?}", report.errors);
    let keys: Vec<_> = report
        .manifest
        .shards
        .iter()
        .map(|shard| shard.key.as_str())
        .collect();
    assert_eq!(
        keys,
        ["alpine:v3.10", "alpine:v3.11", "alpine:v3.8", "alpine:v3.9"]
    );
    let shards = ShardSet::open_dir(out.path()).unwrap();
    let libcrypto = Package {
        source_name: Some("openssl".to_owned()),
        ..package(
            PackageKind::Apk,
            "libcrypto1.1",
            "1.1.1b-r0",
            "lib/apk/db/installed",
        )
    };
    let place = inventory(Some(os("alpine", "3.9.4")), vec![libcrypto]);
    let result = match_inventory(&place, &shards, at()).unwrap();
    assert!(
        ids(&result).contains(&"CVE-2019-1543"),
        "{:?}",
        ids(&result)
    );
    assert!(
        result
            .findings
            .iter()
            .all(|f| f.package == "libcrypto1.1" && f.evidence.matched_name == "openssl")
    );
}

/// The real host against the real feed, judged independently by dpkg itself.
#[test]
fn the_debian_host_has_exactly_what_dpkg_says() {
    let Some(shared) = shared() else { return };
    if Command::new("dpkg").arg("--version").output().is_err() {
        println!("skipped: no dpkg");
        return;
    }
    let document = shared.join("data/distro/debian-tracker-bookworm.json.zst");
    let packed = fs::read(&document).unwrap();
    let out = tempfile::tempdir().unwrap();
    let documents = vec![("tracker".to_owned(), packed.clone())];
    let source = Source::Documents(Box::new(documents.into_iter()));
    let report = build(source, out.path(), &BuildOptions::default()).unwrap();
    assert_eq!(report.manifest.feeds[0].rows, 2032);
    let status =
        fs::read_to_string(shared.join("data/hosts/debian-12/var/lib/dpkg/status")).unwrap();
    let packages = dpkg_packages(&status);
    assert_eq!(packages.len(), 816);
    let host = inventory(Some(os("debian", "12")), packages);

    let text = zstd::decode_all(&packed[..]).unwrap();
    let tracker: BTreeMap<String, BTreeMap<String, serde_json::Value>> =
        serde_json::from_slice(&text).unwrap();
    let mut asked = String::new();
    let mut questions = Vec::new();
    let mut pairs = BTreeMap::new();
    for package in &host.packages {
        let (source, version) = (
            package.source_name.as_ref().unwrap(),
            package.source_version.as_ref().unwrap(),
        );
        for (id, issue) in tracker.get(source).into_iter().flatten() {
            let fixed = issue["releases"]["bookworm"]["fixed_version"]
                .as_str()
                .unwrap();
            pairs
                .entry((version.clone(), fixed.to_owned()))
                .or_insert(false);
            questions.push((
                package.name.clone(),
                id.clone(),
                version.clone(),
                fixed.to_owned(),
            ));
        }
    }
    for (version, fixed) in pairs.keys() {
        asked.push_str(&format!("{version} {fixed}\n"));
    }
    let script =
        "while read a b; do dpkg --compare-versions \"$a\" lt \"$b\" && echo yes || echo no; done";
    let mut shell = Command::new("sh")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = shell.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(asked.as_bytes()).unwrap());
    let answers = shell.wait_with_output().unwrap();
    writer.join().unwrap();
    let answers = String::from_utf8(answers.stdout).unwrap();
    assert_eq!(answers.lines().count(), pairs.len());
    for (answer, less) in answers.lines().zip(pairs.values_mut()) {
        *less = answer == "yes";
    }
    let expected: BTreeSet<(String, String)> = questions
        .into_iter()
        .filter(|(_, _, version, fixed)| pairs[&(version.clone(), fixed.clone())])
        .map(|(package, id, ..)| (package, id))
        .collect();

    let shards = ShardSet::open_dir(out.path()).unwrap();
    let result = match_inventory(&host, &shards, at()).unwrap();
    let found: BTreeSet<(String, String)> = result
        .findings
        .iter()
        .map(|finding| {
            (
                finding.package.clone(),
                finding.vulnerability.as_str().to_owned(),
            )
        })
        .collect();
    println!("{} findings of {} comparisons", found.len(), pairs.len());
    assert!(found.len() > 100);
    assert_eq!(found, expected);
    assert_eq!(
        result.findings.len(),
        expected.len(),
        "something is told twice"
    );
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
