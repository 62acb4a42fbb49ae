//! Real documents of every distribution's feed, as they are published.

use std::{collections::BTreeMap, fs, io::Read as _};

use advisories::{BuildOptions, Source, build};

use super::*;
use crate::support::ids;

#[test]
fn real_documents_of_every_distribution_are_read() {
    let Some(packed) = at_hand::data("distro/vuls-data-update-fetch-fixtures.tar.zst") else {
        return;
    };
    let packed = fs::File::open(packed);
    let mut unpacked = zstd::stream::read::Decoder::new(packed.unwrap()).unwrap();
    unpacked.window_log_max(27).unwrap();
    let folders = [
        "ubuntu/osv",
        "ubuntu/oval",
        "ubuntu/tracker",
        "redhat/vex/v2",
        "redhat/csaf",
        "alma/errata",
        "rocky/errata",
        "rocky/osv",
        "oracle/linux",
        "suse/csaf",
        "suse/csaf_vex",
        "suse/oval",
        "suse/osv",
        "amazon",
        "photon",
        "alpine/secdb",
        "wolfi/secdb",
        "chainguard/secdb",
    ];
    let mut documents = Vec::new();
    for entry in tar::Archive::new(unpacked).entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_string_lossy().into_owned();
        let at = name.split("pkg/fetch/").nth(1).unwrap_or_default();
        let wanted = folders
            .iter()
            .any(|folder| at.starts_with(&format!("{folder}/")));
        // Made to be broken.
        let broken = ["invalid", "corrupt", "badid"]
            .iter()
            .any(|word| at.contains(word));
        if wanted && !broken && entry.header().entry_type().is_file() {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            documents.push((at.to_owned(), bytes));
        }
    }
    assert!(documents.len() > 50, "{}", documents.len());
    let out = tempfile::tempdir().unwrap();
    let documents = Source::Documents(Box::new(documents.into_iter()));
    let report = build(documents, out.path(), &BuildOptions::default()).unwrap();
    let errors: Vec<String> = report.errors.iter().map(ToString::to_string).collect();
    assert_eq!(errors, [""; 0]);
    // Lists, signatures and the like beside the documents.
    let beside = [
        ".html",
        ".asc",
        ".sha256",
        ".csv",
        ".txt",
        "LICENSE",
        "boilerplate",
        "commits.json",
        "versions.json",
    ];
    let missed: Vec<&String> = report
        .unrecognised
        .iter()
        .filter(|name| !name.contains("repomd") && !name.contains("suse/osv/"))
        .filter(|name| !beside.iter().any(|end| name.ends_with(end)))
        .collect();
    assert_eq!(missed, [""; 0]);
    let feeds: BTreeMap<&str, (u32, u64)> = report
        .manifest
        .feeds
        .iter()
        .map(|feed| (feed.name.as_str(), (feed.documents, feed.rows)))
        .collect();
    let expected = [
        ("almalinux-errata", (1, 72)),
        ("alpine-secdb", (7, 139)),
        ("oracle-oval", (1, 18)),
        ("osv", (7, 599)),
        ("photon", (3, 6)),
        ("photon-oval", (2, 6)),
        ("redhat-csaf", (11, 179)),
        ("rocky-errata", (2, 11)),
        ("suse-csaf", (5, 2861)),
        ("suse-oval", (14, 126)),
        ("ubuntu-oval", (5, 4)),
        ("ubuntu-tracker", (4, 9)),
        ("updateinfo", (7, 268)),
    ];
    assert_eq!(feeds, BTreeMap::from(expected));
    for key in [
        "amazon:2023",
        "redhat:9",
        "sle-micro:6.1",
        "sles:16.0",
        "ubuntu:24.04",
        "wolfi",
        "chainguard",
    ] {
        assert!(report.manifest.shard(key).is_some(), "{key}");
    }
    let shards = ShardSet::open_dir(out.path()).unwrap();
    for row in [
        "rhel 9.3 | openssl-libs 1:3.0.7-25.el9 of openssl at 3.0.7-25.el9 | CVE-2023-6237 fixed 1:3.0.7-27.el9",
        "rhel 9.4 | openssl-libs 1:3.0.7-27.el9 of openssl at 3.0.7-27.el9 | nothing",
        "rhel 8.9 | openssl-libs 1:1.1.1k-9.el8 of openssl at 1.1.1k-9.el8 | nothing",
        "rhel 9.4 | edk2-ovmf 20231122-6.el9 of edk2 | CVE-2023-6237 open -",
        "centos 7 | kernel 3.10.0-1160.el7 | CVE-2023-6240 end_of_life -",
        "rocky 10.1 | delve 1.24.0-1.el10 | CVE-2025-58183 fixed 1.25.2-1.el10_1",
        "rocky 10.1 | delve 1.25.2-1.el10_1 | nothing",
        "ol 5.11 | bind 30:9.3.3-7.el5 | CVE-2007-0493 fixed 30:9.3.3-8.el5",
        "ol 5.11 | bind-libs 30:9.3.3-7.el5 of bind for i386 | CVE-2007-0493 fixed 30:9.3.3-8.el5",
        "ol 6.1 | bind 30:9.3.3-7.el5 | nothing",
        "amzn 2023 | rsyslog 8.2204.0-2.amzn2023 | CVE-2022-24903 fixed 8.2204.0-3.amzn2023.0.2",
        "sles 16.0 | 389-ds 3.0.5-1 | CVE-2014-8105 fixed 3.0.6~git86.dce421a0d-160000.2.2",
        "opensuse-leap 15.2 | fastjar 0.98-lp152.3.1 | CVE-2010-2322 fixed 0.98-lp152.4.3.1",
        "photon 4.0 | curl-libs 8.15.0-1.ph4 of curl | CVE-2025-9086 fixed 8.16.0-1.ph4",
        "ubuntu 22.04 | openssh-client 1:8.9p1-3ubuntu0.4 of openssh | CVE-2023-48795 fixed 1:8.9p1-3ubuntu0.5",
        "ubuntu 22.04 | openssh-client 1:8.9p1-3ubuntu0.5 of openssh | nothing",
        "ubuntu 22.04 | linux-libc-dev 5.15.0-1.1 of linux | CVE-2022-36879 ?",
    ] {
        let case = case(row);
        let found = told(&judged(
            &shards,
            &case.id,
            &case.release,
            vec![case.package],
        ));
        // Other vulnerabilities may be told beside the one of the row, but none where it says that there is nothing.
        match case.told.first() {
            Some(line) => assert!(found.contains(line), "{row}: {found:?}"),
            None => assert_eq!(found, [""; 0], "{row}"),
        }
    }
}

#[test]
fn alpine_packages_are_matched_by_origin_within_their_branch() {
    let Some(data) = at_hand::data("") else {
        return;
    };
    let out = tempfile::tempdir().unwrap();
    let folder = data.join("distro/alpine-secdb");
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
