//! Linux distributions from their feeds' documents to findings: who is affected, who is not, and what cannot be said.

mod goldens;

use std::{collections::BTreeMap, fs, io::Read as _};

use super::support::{at, built, inventory, os, package, shared};
use advisories::{BuildOptions, MatchResult, ShardSet, Source, build, match_inventory};
use schemas::{
    advisory::AdvisoryStatus,
    inventory::{GapReason, Package, PackageKind},
};

/// An rpm package with its source, architecture and module.
fn rpm(name: &str, version: &str, source: &str, architecture: &str, module: &str) -> Package {
    let mut package = package(PackageKind::Rpm, name, version, "var/lib/rpm/rpmdb.sqlite");
    let (source_name, source_version) = source.split_once(' ').unwrap_or((source, version));
    package.source_name = Some(source_name.to_owned());
    package.source_version = Some(source_version.to_owned());
    package.architecture = Some(architecture.to_owned());
    if !module.is_empty() {
        package.purl = format!("pkg:rpm/x/{name}@{version}?arch={architecture}&rpmmod={module}");
    }
    package
}

fn deb(name: &str, version: &str, source: &str) -> Package {
    let mut package = package(PackageKind::Deb, name, version, "var/lib/dpkg/status");
    package.source_name = Some(source.to_owned());
    package.source_version = Some(version.to_owned());
    package
}

fn judged(shards: &ShardSet, id: &str, release: &str, packages: Vec<Package>) -> MatchResult {
    match_inventory(&inventory(Some(os(id, release)), packages), shards, at()).unwrap()
}

/// `package vulnerability status fixed-version` of each finding, and `package vulnerability ?` of what is open.
fn told(result: &MatchResult) -> Vec<String> {
    let findings = result.findings.iter().map(|f| {
        let status = serde_json::to_string(&f.status).unwrap();
        let fixed = f.fixed_version.as_deref().unwrap_or("-");
        format!(
            "{} {} {} {fixed}",
            f.package,
            f.vulnerability,
            status.trim_matches('"')
        )
    });
    let open = result
        .cannot_judge
        .iter()
        .map(|row| format!("{} {} ?", row.package, row.vulnerability));
    findings.chain(open).collect()
}

fn shards(documents: &[(&str, &str)]) -> (tempfile::TempDir, ShardSet) {
    let out = tempfile::tempdir().unwrap();
    let (report, shards) = built(documents, out.path());
    assert_eq!(
        (report.errors, report.unrecognised),
        (Vec::new(), Vec::new())
    );
    (out, shards)
}

const ALMA: &str = r#"{"data":[{"id":"ALSA-2024:1","issued_date":1700000000,"updated_date":1700000000,"severity":"Important","title":"Important: nodejs:18 security update","type":"security",
 "packages":[{"name":"nodejs","epoch":"1","version":"18.19.0","release":"1.module_el8.9.0+3","arch":"x86_64","module":"nodejs:18:80:c:x86_64"}],
 "references":[{"id":"CVE-2024-0001","type":"cve"}]},
 {"id":"ALSA-2024:2","issued_date":1700000000,"updated_date":1700000000,"severity":"Low","title":"Low: x","type":"security",
 "packages":[{"name":"x","epoch":"0","version":"2","release":"1.el8","arch":"aarch64"},{"name":"x","epoch":"0","version":"2","release":"2.el8","arch":"s390x"}],
 "references":[{"id":"CVE-2024-0002","type":"cve"}]}]}"#;

#[test]
fn an_advisory_for_a_module_stream_speaks_of_that_stream_only() {
    let (_out, shards) = shards(&[("a", ALMA)]);
    let node = |version: &str, module: &str| {
        told(&judged(
            &shards,
            "almalinux",
            "8.9",
            vec![rpm("nodejs", version, "nodejs", "x86_64", module)],
        ))
    };
    let hit = ["nodejs CVE-2024-0001 fixed 1:18.19.0-1.module_el8.9.0+3"];
    assert_eq!(node("1:18.17.0-1.module_el8.8.0+2", "nodejs:18:80:c"), hit);
    assert_eq!(
        node("1:18.17.0-1.module_el8.8.0+2", "nodejs%3A18%3A80%3Ac"),
        hit
    );
    assert_eq!(
        node("1:18.19.0-1.module_el8.9.0+3", "nodejs:18:80:c"),
        [""; 0]
    );
    // Older, and of a stream that has advisories of its own.
    assert_eq!(
        node("1:16.20.0-1.module_el8.8.0+2", "nodejs:16:80:c"),
        [""; 0]
    );
    // Outside of modules.
    assert_eq!(node("1:10.0.0-1.el8", ""), [""; 0]);
    // Of a module whose name the inventory does not carry.
    assert_eq!(node("1:18.17.0-1.module_el8.8.0+2", ""), hit);
}

#[test]
fn an_advisory_for_one_architecture_says_nothing_of_another() {
    let (_out, shards) = shards(&[("a", ALMA)]);
    let x = |architecture: &str| {
        told(&judged(
            &shards,
            "almalinux",
            "8.9",
            vec![rpm("x", "2-1.el7", "x", architecture, "")],
        ))
    };
    assert_eq!(x("aarch64"), ["x CVE-2024-0002 fixed 2-1.el8"]);
    assert_eq!(x("s390x"), ["x CVE-2024-0002 fixed 2-2.el8"]);
    assert_eq!(x("x86_64"), [""; 0]);
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
    let kernel = |id: &str, version: &str| {
        told(&judged(
            &shards,
            "amzn",
            id,
            vec![rpm("kernel", version, "kernel", "x86_64", "")],
        ))
    };
    assert_eq!(
        kernel("2", "4.14.200-1.amzn2"),
        ["kernel CVE-2022-0001 fixed 4.14.300-1.amzn2"]
    );
    assert_eq!(
        kernel("2", "5.10.100-1.amzn2"),
        ["kernel CVE-2022-0001 fixed 5.10.160-1.amzn2"]
    );
    assert_eq!(kernel("2", "5.10.160-1.amzn2"), [""; 0]);
    assert_eq!(
        kernel("2", "5.15.10-1.amzn2"),
        ["kernel CVE-2022-0001 fixed 5.15.86-1.amzn2"]
    );
    assert_eq!(
        kernel("2018.03", "4.14.200-1.amzn1"),
        ["kernel CVE-2022-0001 fixed 4.14.299-1.amzn1"]
    );
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
fn oracle(versions: &[(&str, &str)]) -> String {
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
    let one = |name: &str, version: &str| {
        told(&judged(
            &shards,
            "ol",
            "8.9",
            vec![rpm(name, version, name, "x86_64", "")],
        ))
    };
    assert_eq!(
        one("glibc", "2.28-211.el8"),
        ["glibc CVE-2023-0001 fixed 2.28-225.0.4.el8"]
    );
    assert_eq!(one("glibc", "2.28-225.0.4.el8"), [""; 0]);
    assert_eq!(
        one("glibc", "2:2.28-211.ksplice1.el8"),
        ["glibc CVE-2023-0001 fixed 2:2.28-225.0.4.ksplice1.el8"]
    );
    assert_eq!(one("gnutls", "3.6.16-4.el8"), [""; 0]);
    assert_eq!(
        one("gnutls", "10:3.6.16-3.el8_fips"),
        ["gnutls CVE-2023-0001 fixed 10:3.6.16-4.0.1.el8_fips"]
    );
    // The older line has its own fix, and is not behind the newer one.
    assert_eq!(one("kernel-uek", "5.4.17-2136.330.7.el8uek"), [""; 0]);
    assert_eq!(
        one("kernel-uek", "5.4.17-2136.300.7.el8uek"),
        ["kernel-uek CVE-2023-0001 fixed 5.4.17-2136.330.7.el8uek"]
    );
    // A line of which nothing is said.
    assert_eq!(
        one("kernel-uek", "4.14.35-2047.el8uek"),
        ["kernel-uek CVE-2023-0001 ?"]
    );
}

fn red_hat() -> String {
    let named = |id: &str, cpe: &str| {
        format!(
            r#"{{"product":{{"product_id":"{id}","product_identification_helper":{{"cpe":"{cpe}"}}}}}}"#
        )
    };
    let mut statuses: [Vec<String>; 3] = Default::default();
    let mut parts = Vec::new();
    for (list, component, product) in [
        (0, "openssl-libs-1:3.0.7-27.el9.x86_64", "BaseOS-9.4"),
        (0, "openssl-1:3.0.7-27.el9.src", "BaseOS-9.4"),
        (0, "openssl-1:3.0.7-18.el9_2.src", "BaseOS-9.2.EUS"),
        // Of a module, and says nothing of the package outside of it.
        (
            0,
            "bash-doc-5.3-1.module+el9.4.0+1+abc.x86_64",
            "BaseOS-9.4",
        ),
        (1, "bash", "el9"),
        (1, "edk2", "el9"),
        (2, "shim", "el9"),
    ] {
        parts.push(format!(r#"{{"full_product_name":{{"product_id":"{product}:{component}"}},"product_reference":"{component}","relates_to_product_reference":"{product}"}}"#));
        statuses[list].push(format!("\"{product}:{component}\""));
    }
    format!(
        r#"{{"document":{{"category":"csaf_vex","csaf_version":"2.0","publisher":{{"name":"Red Hat Product Security"}},"title":"t","tracking":{{"id":"CVE-2023-0001"}}}},
        "product_tree":{{"branches":[{},{},{}],"relationships":[{}]}},
        "vulnerabilities":[{{"cve":"CVE-2023-0001","product_status":{{"fixed":[{}],"known_affected":[{}],"known_not_affected":[{}]}},
        "remediations":[{{"category":"no_fix_planned","details":"Will not fix","product_ids":["el9:bash"]}}],"threats":[{{"category":"impact","details":"Important"}}]}}]}}"#,
        named("BaseOS-9.4", "cpe:/o:redhat:enterprise_linux:9::baseos"),
        named("BaseOS-9.2.EUS", "cpe:/o:redhat:rhel_eus:9.2::baseos"),
        named("el9", "cpe:/o:redhat:enterprise_linux:9"),
        parts.join(","),
        statuses[0].join(","),
        statuses[1].join(","),
        statuses[2].join(","),
    )
}

#[test]
fn red_hats_words_are_kept_apart_and_extended_channels_mend() {
    let document = red_hat();
    let (_out, shards) = shards(&[("r", &document)]);
    let one = |id: &str, package: Package| told(&judged(&shards, id, "9.2", vec![package]));
    let libs = |version: &str| {
        rpm(
            "openssl-libs",
            &format!("1:{version}"),
            &format!("openssl {version}"),
            "x86_64",
            "",
        )
    };
    let hit = ["openssl-libs CVE-2023-0001 fixed 1:3.0.7-27.el9"];
    assert_eq!(one("rhel", libs("3.0.7-6.el9_2")), hit);
    assert_eq!(one("centos", libs("3.0.7-6.el9")), hit);
    assert_eq!(one("rhel", libs("3.0.7-27.el9")), [""; 0]);
    // The fix of the extended channel, in its own minor release.
    assert_eq!(one("rhel", libs("3.0.7-18.el9_2")), [""; 0]);
    assert_eq!(one("rhel", libs("3.0.7-20.el9_3")), hit);
    // Unfixed ones are named by source, and every package of it is concerned.
    let of = |name: &str, source: &str| rpm(name, "5.1-1.el9", source, "x86_64", "");
    assert_eq!(
        one("rhel", of("bash-doc", "bash")),
        ["bash-doc CVE-2023-0001 will_not_fix -"]
    );
    let of_module = "5.2-1.module+el9.4.0+1+abc";
    assert_eq!(
        one("rhel", rpm("bash-doc", of_module, "bash", "x86_64", "")),
        ["bash-doc CVE-2023-0001 fixed 5.3-1.module+el9.4.0+1+abc"]
    );
    assert_eq!(
        one("rhel", of("edk2-ovmf", "edk2")),
        ["edk2-ovmf CVE-2023-0001 open -"]
    );
    assert_eq!(one("rhel", of("shim-x64", "shim")), [""; 0]);
}

const UBUNTU: &str = "Candidate: CVE-2023-0001\nPublicDate: 2023-07-27\nPriority: medium\n\
    bionic_curl: ignored (end of standard support, was needed)\nesm-infra/bionic_curl: released (7.58.0-2ubuntu3.24+esm1)\n\
    jammy_curl: released (7.81.0-1ubuntu1.10)\njammy_ffmpeg: needed\nesm-apps/jammy_ffmpeg: released (7:4.4.2-0ubuntu0.22.04.1+esm4)\njammy_snapd: needs-triage\njammy_vim: deferred\njammy_bash: DNE\n";

#[test]
fn ubuntus_fix_for_subscribers_is_no_fix_for_others() {
    let (_out, shards) = shards(&[("u", UBUNTU)]);
    let on = |release: &str, packages: Vec<Package>| judged(&shards, "ubuntu", release, packages);
    let jammy = on(
        "22.04",
        vec![
            deb("libcurl4", "7.81.0-1ubuntu1.9", "curl"),
            deb("ffmpeg", "7:4.4.2-0ubuntu0.22.04.1", "ffmpeg"),
            deb("snapd", "2.1", "snapd"),
            deb("vim", "9", "vim"),
            deb("bash", "5", "bash"),
        ],
    );
    assert_eq!(
        told(&jammy),
        [
            "ffmpeg CVE-2023-0001 open -",
            "libcurl4 CVE-2023-0001 fixed 7.81.0-1ubuntu1.10",
            "vim CVE-2023-0001 open -",
            "snapd CVE-2023-0001 ?",
        ]
    );
    let ffmpeg = jammy
        .findings
        .iter()
        .find(|f| f.package == "ffmpeg")
        .unwrap();
    assert_eq!(ffmpeg.evidence.fix_requires.as_deref(), Some("Ubuntu Pro"));
    assert_eq!(ffmpeg.fixed_at, None);
    assert!(
        ffmpeg.evidence.comparison.contains("+esm4"),
        "{}",
        ffmpeg.evidence.comparison
    );

    let old = on("18.04", vec![deb("curl", "7.58.0-2ubuntu3.24", "curl")]);
    assert_eq!(told(&old), ["curl CVE-2023-0001 end_of_life -"]);
    assert!(
        old.gaps
            .iter()
            .any(|gap| gap.reason == GapReason::EndOfLife)
    );
    // A place that has other updates for subscribers can get this one.
    let subscribed = on(
        "18.04",
        vec![
            deb("curl", "7.58.0-2ubuntu3.24", "curl"),
            deb("tar", "1.29b-2ubuntu0.4+esm1", "tar"),
        ],
    );
    assert_eq!(
        told(&subscribed),
        ["curl CVE-2023-0001 fixed 7.58.0-2ubuntu3.24+esm1"]
    );
    assert_eq!(subscribed.findings[0].status, AdvisoryStatus::Fixed);
    assert!(
        !subscribed
            .gaps
            .iter()
            .any(|gap| gap.reason == GapReason::EndOfLife)
    );
    let mended = on(
        "18.04",
        vec![deb("curl", "7.58.0-2ubuntu3.24+esm1", "curl")],
    );
    assert_eq!(told(&mended), [""; 0]);
}

#[test]
fn systems_find_their_shards_and_others_are_said_not_to_be_judged() {
    let photon = r#"[{"cve_id":"CVE-2025-9086","pkg":"curl","cve_score":7.5,"aff_ver":"x","res_ver":"8.16.0-1.ph5","status":"Fixed"}]"#;
    let alpine = r#"{"apkurl":"x","reponame":"os","urlprefix":"https://packages.wolfi.dev","packages":[{"pkg":{"name":"curl","secfixes":{"8.1-r0":["CVE-2025-9086"],"0":["CVE-2025-9087"]}}}]}"#;
    let suse = r#"{"document":{"category":"csaf_security_advisory","csaf_version":"2.0","publisher":{"name":"SUSE Product Security Team"},"title":"t","tracking":{"id":"SUSE-SU-2025:1-1","initial_release_date":"2025-01-02T00:00:00Z"}},
        "product_tree":{"relationships":[{"full_product_name":{"product_id":"SUSE Linux Enterprise Desktop 15 SP4:curl"},"product_reference":"curl","relates_to_product_reference":"SUSE Linux Enterprise Desktop 15 SP4"},{"full_product_name":{"product_id":"SUSE Linux Enterprise Micro 5.4:curl-8-2.1.x86_64"},"product_reference":"curl-8-2.1.x86_64","relates_to_product_reference":"SUSE Linux Enterprise Micro 5.4"},
        {"full_product_name":{"product_id":"SUSE Linux Enterprise Module for Basesystem 15 SP4:curl-8-2.1.x86_64"},"product_reference":"curl-8-2.1.x86_64","relates_to_product_reference":"SUSE Linux Enterprise Module for Basesystem 15 SP4"},
        {"full_product_name":{"product_id":"openSUSE Tumbleweed:curl-8-2.1"},"product_reference":"curl-8-2.1","relates_to_product_reference":"openSUSE Tumbleweed"}]},
        "vulnerabilities":[{"cve":"CVE-2025-9086","product_status":{"known_affected":["SUSE Linux Enterprise Desktop 15 SP4:curl"],"recommended":["SUSE Linux Enterprise Micro 5.4:curl-8-2.1.x86_64","SUSE Linux Enterprise Module for Basesystem 15 SP4:curl-8-2.1.x86_64","openSUSE Tumbleweed:curl-8-2.1"]}}]}"#;
    let (_out, shards) = shards(&[("p", photon), ("w", alpine), ("s", suse)]);
    let curl = || rpm("libcurl", "7-1", "curl", "x86_64", "");
    let own = || rpm("curl", "7-1", "curl", "x86_64", "");
    for (id, release, package, found) in [
        ("photon", "5.0", curl(), 1),
        ("sle-micro", "5.4", own(), 1),
        ("sles", "15.4", own(), 1),
        ("sled", "15.4", own(), 1),
        ("sle-micro-rancher", "5.4", own(), 1),
        ("opensuse-tumbleweed", "20240607", own(), 1),
        (
            "sles",
            "15.4",
            rpm("curl", "8-2.1", "curl", "x86_64", ""),
            0,
        ),
        // SUSE names the packages themselves.
        ("sles", "15.4", curl(), 0),
    ] {
        let result = judged(&shards, id, release, vec![package]);
        assert_eq!(result.findings.len(), found, "{id} {release}");
        assert!(
            !result
                .gaps
                .iter()
                .any(|gap| gap.reason == GapReason::NoAdvisories),
            "{id}"
        );
    }
    let apk = package(PackageKind::Apk, "curl", "8.0-r1", "lib/apk/db/installed");
    assert_eq!(
        told(&judged(&shards, "wolfi", "20230201", vec![apk])),
        ["curl CVE-2025-9086 fixed 8.1-r0"]
    );
    for (id, release, reason) in [
        ("fedora", "40", GapReason::UnsupportedOs),
        ("sles", "15.5", GapReason::NoAdvisories),
        ("photon", "4.0", GapReason::NoAdvisories),
        ("opensuse-leap", "15.5", GapReason::NoAdvisories),
        ("mariner", "2.0.20240123", GapReason::NoAdvisories),
        ("azurelinux", "3.0", GapReason::NoAdvisories),
    ] {
        let result = judged(&shards, id, release, vec![own()]);
        assert!(
            result.gaps.iter().any(|gap| gap.reason == reason),
            "{id} {release}: {:?}",
            result.gaps
        );
        let covered = result.coverage(&inventory(Some(os(id, release)), vec![own()]));
        assert_eq!(
            covered.status,
            schemas::inventory::CoverageStatus::Unsupported,
            "{id}"
        );
    }
}

#[test]
fn packages_of_another_system_and_programs_are_told() {
    let apk = || package(PackageKind::Apk, "curl", "8.0-r1", "lib/apk/db/installed");
    let (_out, shards) = shards(&[("r", &red_hat())]);
    let result = judged(
        &shards,
        "rhel",
        "9.2",
        vec![
            rpm("bash", "5.1-1.el9", "bash", "x86_64", ""),
            apk(),
            deb("zlib1g", "1", "zlib"),
        ],
    );
    assert_eq!(told(&result), ["bash CVE-2023-0001 will_not_fix -"]);
    let [gap] = &result.gaps[..] else {
        panic!("{:?}", result.gaps)
    };
    assert_eq!(gap.reason, GapReason::UnsupportedOs);
    assert!(gap.detail.starts_with("2 packages"), "{}", gap.detail);

    let mut windows = os("windows", "10.0.20348.1");
    windows.family = schemas::inventory::OsFamily::Windows;
    let program =
        |name: &str| package(PackageKind::WindowsProgram, name, "1.2", "windows/registry");
    let packages = vec![
        apk(),
        program("7-Zip"),
        program("Mozilla Firefox"),
        program("Microsoft .NET Runtime - 8.0.1 (x64)"),
    ];
    let place = inventory(Some(windows), packages);
    let result = match_inventory(&place, &shards, at()).unwrap();
    for said in ["1 packages are of another kind", "2 installed programs"] {
        let told = result.gaps.iter().any(|gap| gap.detail.contains(said));
        assert!(told, "{said}: {:?}", result.gaps);
    }
}

#[test]
fn every_service_pack_of_openeuler_has_advisories_of_its_own() {
    let document = r#"{"id":"OESA-2025-1","modified":"2025-01-01T00:00:00Z","upstream":["CVE-2025-9086"],"affected":[{"package":{"ecosystem":"openEuler:22.03-LTS-SP4","name":"curl"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"7.79.1-37.oe2203sp4"}]}]}]}"#;
    let (_out, shards) = shards(&[("o", document)]);
    let on = |pretty: &str| {
        let mut system = os("openeuler", "22.03");
        system.pretty_name = Some(pretty.to_owned());
        let curl = rpm("curl", "7.79.1-12.oe2203sp4", "curl", "x86_64", "");
        let place = inventory(Some(system), vec![curl]);
        match_inventory(&place, &shards, at()).unwrap()
    };
    assert_eq!(on("openEuler 22.03 (LTS-SP4)").findings.len(), 1);
    let other = on("openEuler 22.03 (LTS-SP1)");
    assert_eq!(other.findings, []);
    let told = |gap: &schemas::inventory::CoverageGap| gap.reason == GapReason::NoAdvisories;
    assert!(other.gaps.iter().any(told), "{:?}", other.gaps);
}

#[test]
fn what_the_distribution_does_not_speak_of_is_judged_by_its_own_advisories() {
    let alpine = r#"{"apkurl":"x","reponame":"os","urlprefix":"https://packages.wolfi.dev","packages":[{"pkg":{"name":"py3-idna","secfixes":{"9.0-r0":["CVE-2025-9086"]}}}]}"#;
    let python = |name: &str| {
        format!(
            r#"{{"id":"PYSEC-2025-{name}","modified":"2025-01-01T00:00:00Z","affected":[{{"package":{{"ecosystem":"PyPI","name":"{name}"}},"ranges":[{{"type":"ECOSYSTEM","events":[{{"introduced":"0"}},{{"fixed":"9"}}]}}]}}]}}"#
        )
    };
    let (of_idna, of_house) = (python("idna"), python("house"));
    let debian = r#"{"linux":{"CVE-2024-0001":{"releases":{"bookworm":{"status":"resolved","fixed_version":"6.1.64-1","urgency":"low"}}}}}"#;
    let (_out, shards) = shards(&[
        ("w", alpine),
        ("d", debian),
        ("i", &of_idna),
        ("h", &of_house),
    ]);
    let packages = |kind: PackageKind| {
        let owned = |name: &str, owner: &str| Package {
            owned_by: Some(owner.to_owned()),
            ..package(
                PackageKind::Pypi,
                name,
                "1",
                "usr/lib/python3.12/site-packages",
            )
        };
        vec![
            package(kind, "py3-idna", "10.0-r0", "lib/apk/db/installed"),
            package(kind, "py3-house", "1-r0", "lib/apk/db/installed"),
            owned("idna", "py3-idna"),
            owned("house", "py3-house"),
        ]
    };
    let wolfi = judged(&shards, "wolfi", "1", packages(PackageKind::Apk));
    assert_eq!(told(&wolfi), ["house PYSEC-2025-house fixed 9"]);
    assert_eq!(wolfi.left_out.owned, 1);
    // A tracker of all packages speaks of those, too, that have never had a vulnerability.
    let result = judged(&shards, "debian", "12", packages(PackageKind::Deb));
    assert_eq!(told(&result), [""; 0]);
    assert_eq!(result.left_out.owned, 2);
    // Nothing is known of these systems' packages at all.
    for id in ["fedora", "sles"] {
        let result = judged(&shards, id, "15.5", packages(PackageKind::Rpm));
        assert_eq!(
            told(&result),
            [
                "house PYSEC-2025-house fixed 9",
                "idna PYSEC-2025-idna fixed 9"
            ],
            "{id}"
        );
        assert_eq!(result.left_out.owned, 0);
    }
}

#[test]
fn a_signed_kernel_is_judged_as_the_kernel_it_is() {
    let tracker = r#"{"linux":{"CVE-2024-0001":{"releases":{"bookworm":{"status":"resolved","fixed_version":"6.1.64-1","urgency":"low"}}}}}"#;
    let ubuntu = "Candidate: CVE-2024-0001\nPublicDate: x\nPriority: high\njammy_linux: released (5.15.0-92.102)\njammy_linux-hwe-6.5: released (6.5.0-15.15~22.04.1)\n";
    let (_out, shards) = shards(&[("d", tracker), ("u", ubuntu)]);
    let mut image = deb(
        "linux-image-6.1.0-13-amd64",
        "6.1.55-1",
        "linux-signed-amd64",
    );
    image.source_version = Some("6.1.55+1".to_owned());
    let name = "linux-image-6.1.0-13-amd64 CVE-2024-0001 fixed 6.1.64-1";
    assert_eq!(told(&judged(&shards, "debian", "12", vec![image])), [name]);
    let on_jammy = |version: &str, source: &str| {
        told(&judged(
            &shards,
            "ubuntu",
            "22.04",
            vec![deb("linux-image", version, source)],
        ))
    };
    let hit = ["linux-image CVE-2024-0001 fixed 5.15.0-92.102"];
    assert_eq!(on_jammy("5.15.0-91.101", "linux-signed"), hit);
    assert_eq!(on_jammy("5.15.0-92.102", "linux-signed"), [""; 0]);
    assert_eq!(
        on_jammy("6.5.0-15.15~22.04.1", "linux-signed-hwe-6.5"),
        [""; 0]
    );
}

/// Real documents of every feed, as they are published.
#[test]
fn real_documents_of_every_distribution_are_read() {
    let Some(shared) = shared() else { return };
    let packed = fs::File::open(shared.join("data/distro/vuls-data-update-fetch-fixtures.tar.zst"));
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
    let one = |id: &str, release: &str, package: Package| {
        told(&judged(&shards, id, release, vec![package]))
    };
    let x86 = |name: &str, version: &str, source: &str| rpm(name, version, source, "x86_64", "");
    let openssl = |version: &str| {
        x86(
            "openssl-libs",
            &format!("1:{version}"),
            &format!("openssl {version}"),
        )
    };
    for (id, release, package, expected) in [
        (
            "rhel",
            "9.3",
            openssl("3.0.7-25.el9"),
            Some("openssl-libs CVE-2023-6237 fixed 1:3.0.7-27.el9"),
        ),
        ("rhel", "9.4", openssl("3.0.7-27.el9"), None),
        ("rhel", "8.9", openssl("1.1.1k-9.el8"), None),
        (
            "rhel",
            "9.4",
            x86("edk2-ovmf", "20231122-6.el9", "edk2"),
            Some("edk2-ovmf CVE-2023-6237 open -"),
        ),
        (
            "centos",
            "7",
            x86("kernel", "3.10.0-1160.el7", "kernel"),
            Some("kernel CVE-2023-6240 end_of_life -"),
        ),
        (
            "rocky",
            "10.1",
            x86("delve", "1.24.0-1.el10", "delve"),
            Some("delve CVE-2025-58183 fixed 1.25.2-1.el10_1"),
        ),
        (
            "rocky",
            "10.1",
            x86("delve", "1.25.2-1.el10_1", "delve"),
            None,
        ),
        (
            "ol",
            "5.11",
            x86("bind", "30:9.3.3-7.el5", "bind"),
            Some("bind CVE-2007-0493 fixed 30:9.3.3-8.el5"),
        ),
        (
            "ol",
            "5.11",
            rpm("bind-libs", "30:9.3.3-7.el5", "bind", "i386", ""),
            Some("bind-libs CVE-2007-0493 fixed 30:9.3.3-8.el5"),
        ),
        ("ol", "6.1", x86("bind", "30:9.3.3-7.el5", "bind"), None),
        (
            "amzn",
            "2023",
            x86("rsyslog", "8.2204.0-2.amzn2023", "rsyslog"),
            Some("rsyslog CVE-2022-24903 fixed 8.2204.0-3.amzn2023.0.2"),
        ),
        (
            "sles",
            "16.0",
            x86("389-ds", "3.0.5-1", "389-ds"),
            Some("389-ds CVE-2014-8105 fixed 3.0.6~git86.dce421a0d-160000.2.2"),
        ),
        (
            "opensuse-leap",
            "15.2",
            x86("fastjar", "0.98-lp152.3.1", "fastjar"),
            Some("fastjar CVE-2010-2322 fixed 0.98-lp152.4.3.1"),
        ),
        (
            "photon",
            "4.0",
            x86("curl-libs", "8.15.0-1.ph4", "curl"),
            Some("curl-libs CVE-2025-9086 fixed 8.16.0-1.ph4"),
        ),
        (
            "ubuntu",
            "22.04",
            deb("openssh-client", "1:8.9p1-3ubuntu0.4", "openssh"),
            Some("openssh-client CVE-2023-48795 fixed 1:8.9p1-3ubuntu0.5"),
        ),
        (
            "ubuntu",
            "22.04",
            deb("openssh-client", "1:8.9p1-3ubuntu0.5", "openssh"),
            None,
        ),
        (
            "ubuntu",
            "22.04",
            deb("linux-libc-dev", "5.15.0-1.1", "linux"),
            Some("linux-libc-dev CVE-2022-36879 ?"),
        ),
    ] {
        let said = format!("{id} {release} {} {}", package.name, package.version);
        let found = one(id, release, package);
        match expected {
            Some(line) => assert!(found.iter().any(|found| found == line), "{said}: {found:?}"),
            None => assert_eq!(found, [""; 0], "{said}"),
        }
    }
}
