//! Builds of one package that are not compared with one another: of module streams, architectures and kernel lines.

use schemas::{
    Severity,
    inventory::{GapReason, PackageKind},
};

use super::*;

const ALMA: &str = r#"{"data":[{"id":"ALSA-2024:1","issued_date":1700000000,"updated_date":1700000000,"severity":"Important","title":"Important: nodejs:18 security update","type":"security",
 "packages":[{"name":"nodejs","epoch":"1","version":"18.19.0","release":"1.module_el8.9.0+3","arch":"x86_64","module":"nodejs:18:80:c:x86_64"}],
 "references":[{"id":"CVE-2024-0001","type":"cve"}]},
 {"id":"ALSA-2024:2","issued_date":1700000000,"updated_date":1700000000,"severity":"Low","title":"Low: x","type":"security",
 "packages":[{"name":"x","epoch":"0","version":"2","release":"1.el8","arch":"aarch64"},{"name":"x","epoch":"0","version":"2","release":"2.el8","arch":"s390x"}],
 "references":[{"id":"CVE-2024-0002","type":"cve"}]}]}"#;

#[test]
fn an_advisory_for_a_module_stream_speaks_of_that_stream_only() {
    let (_out, shards) = shards(&[("a", ALMA)]);
    let rows = [
        "almalinux 8.9 | nodejs 1:18.17.0-1.module_el8.8.0+2 in nodejs:18:80:c | CVE-2024-0001 fixed 1:18.19.0-1.module_el8.9.0+3",
        "almalinux 8.9 | nodejs 1:18.17.0-1.module_el8.8.0+2 in nodejs%3A18%3A80%3Ac | CVE-2024-0001 fixed 1:18.19.0-1.module_el8.9.0+3",
        "almalinux 8.9 | nodejs 1:18.19.0-1.module_el8.9.0+3 in nodejs:18:80:c | nothing",
        // Older, and of a stream that has advisories of its own.
        "almalinux 8.9 | nodejs 1:16.20.0-1.module_el8.8.0+2 in nodejs:16:80:c | nothing",
        // Outside of modules.
        "almalinux 8.9 | nodejs 1:10.0.0-1.el8 | nothing",
        // Of a module whose name the inventory does not carry.
        "almalinux 8.9 | nodejs 1:18.17.0-1.module_el8.8.0+2 | CVE-2024-0001 fixed 1:18.19.0-1.module_el8.9.0+3",
    ];
    assert_told(&shards, &rows);
}

#[test]
fn an_advisory_for_one_architecture_says_nothing_of_another() {
    let (_out, shards) = shards(&[("a", ALMA)]);
    let rows = [
        "almalinux 8.9 | x 2-1.el7 for aarch64 | CVE-2024-0002 fixed 2-1.el8",
        "almalinux 8.9 | x 2-1.el7 for s390x | CVE-2024-0002 fixed 2-2.el8",
        "almalinux 8.9 | x 2-1.el7 for x86_64 | nothing",
    ];
    assert_told(&shards, &rows);
    let result = judged(
        &shards,
        "almalinux",
        "8.9",
        vec![rpm("x", "2-1.el7", "x", "aarch64", "")],
    );
    let finding = result.findings.first().unwrap();
    assert_eq!(finding.evidence.advisory.as_deref(), Some("ALSA-2024:2"));
    assert_eq!(
        finding.fixed_at.unwrap().to_string(),
        "2023-11-14T22:13:20.000Z"
    );
}

/// An `updateinfo.xml` of one package for each id.
fn amazon(updates: &[(&str, &str, &str, &str)]) -> String {
    let updates: Vec<String> = updates
        .iter()
        .map(|(id, package, version, release)| format!(
            r#"<update type="security"><id>{id}</id><title>t</title><issued date="2022-01-11 21:05"/><severity>medium</severity><references><reference id="CVE-2022-0001" type="cve"/></references>
            <pkglist><collection short="c"><package arch="x86_64" epoch="0" name="{package}" release="{release}" version="{version}"/></collection></pkglist></update>"#
        ))
        .collect();
    format!(
        "<?xml version=\"1.0\"?><updates>{}</updates>",
        updates.concat()
    )
}

#[test]
fn kernels_of_amazons_extras_are_judged_by_their_own_line() {
    let document = amazon(&[
        ("ALAS2-2022-1", "kernel", "4.14.300", "1.amzn2"),
        ("ALAS2KERNEL-5.10-2022-1", "kernel", "5.10.160", "1.amzn2"),
        ("ALAS2KERNEL-5.15-2022-1", "kernel", "5.15.86", "1.amzn2"),
        ("ALAS-2022-9", "kernel", "4.14.299", "1.amzn1"),
    ]);
    let (_out, shards) = shards(&[("a", &document)]);
    let rows = [
        "amzn 2 | kernel 4.14.200-1.amzn2 | CVE-2022-0001 fixed 4.14.300-1.amzn2",
        "amzn 2 | kernel 5.10.100-1.amzn2 | CVE-2022-0001 fixed 5.10.160-1.amzn2",
        "amzn 2 | kernel 5.10.160-1.amzn2 | nothing",
        "amzn 2 | kernel 5.15.10-1.amzn2 | CVE-2022-0001 fixed 5.15.86-1.amzn2",
        "amzn 2018.03 | kernel 4.14.200-1.amzn1 | CVE-2022-0001 fixed 4.14.299-1.amzn1",
    ];
    assert_told(&shards, &rows);
    // No advisories of this release are loaded: that is told and is not health.
    let result = judged(
        &shards,
        "amzn",
        "2023",
        vec![rpm("kernel", "6.1-1", "kernel", "x86_64", "")],
    );
    assert_eq!(told(&result), [""; 0]);
    assert!(
        result
            .gaps
            .iter()
            .any(|gap| gap.reason == GapReason::NoAdvisories)
    );
}

/// An OVAL document of Oracle's: release 8, one advisory for each version.
pub(super) fn oracle(versions: &[(&str, &str)]) -> String {
    let mark = "oval:com.oracle.elsa";
    let (mut definitions, mut facts) = (String::new(), String::new());
    for (index, (package, version)) in versions.iter().enumerate() {
        definitions.push_str(&format!(
            r#"<definition id="{mark}:def:{index}" class="patch"><metadata><title>ELSA-2023-{index}: x</title><reference source="elsa" ref_id="ELSA-2023-{index}" ref_url="https://linux.oracle.com/errata/x.html"/>
            <reference source="CVE" ref_id="CVE-2023-0001"/><advisory><severity>IMPORTANT</severity><issued date="2023-05-22"/></advisory></metadata>
            <criteria operator="AND"><criterion comment="Oracle Linux 8 is installed" test_ref="n"/><criterion test_ref="{mark}:tst:{index}" comment="{package} is earlier than {version}"/></criteria></definition>"#
        ));
        facts.push_str(&format!(
            r#"<rpminfo_test id="{mark}:tst:{index}"><object object_ref="{mark}:obj:{index}"/><state state_ref="{mark}:ste:{index}"/></rpminfo_test><rpminfo_object id="{mark}:obj:{index}"><name>{package}</name></rpminfo_object>
            <rpminfo_state id="{mark}:ste:{index}"><evr datatype="evr_string" operation="less than">{version}</evr></rpminfo_state>"#
        ));
    }
    format!("<oval_definitions><definitions>{definitions}</definitions>{facts}</oval_definitions>")
}

#[test]
fn oracles_builds_of_other_kinds_are_not_compared_with_one_another() {
    let document = oracle(&[
        ("glibc", "2:2.28-225.0.4.ksplice1.el8"),
        ("glibc", "0:2.28-225.0.4.el8"),
        ("gnutls", "10:3.6.16-4.0.1.el8_fips"),
        ("kernel-uek", "0:5.4.17-2136.330.7.el8uek"),
        ("kernel-uek", "0:5.15.0-200.131.27.el8uek"),
    ]);
    let (_out, shards) = shards(&[("o", &document)]);
    let rows = [
        "ol 8.9 | glibc 2.28-211.el8 | CVE-2023-0001 fixed 2.28-225.0.4.el8",
        "ol 8.9 | glibc 2.28-225.0.4.el8 | nothing",
        "ol 8.9 | glibc 2:2.28-211.ksplice1.el8 | CVE-2023-0001 fixed 2:2.28-225.0.4.ksplice1.el8",
        "ol 8.9 | gnutls 3.6.16-4.el8 | nothing",
        "ol 8.9 | gnutls 10:3.6.16-3.el8_fips | CVE-2023-0001 fixed 10:3.6.16-4.0.1.el8_fips",
        // The older line has its own fix, and is not behind the newer one.
        "ol 8.9 | kernel-uek 5.4.17-2136.330.7.el8uek | nothing",
        "ol 8.9 | kernel-uek 5.4.17-2136.300.7.el8uek | CVE-2023-0001 fixed 5.4.17-2136.330.7.el8uek",
        // A line of which nothing is said.
        "ol 8.9 | kernel-uek 4.14.35-2047.el8uek | CVE-2023-0001 ?",
    ];
    assert_told(&shards, &rows);
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
