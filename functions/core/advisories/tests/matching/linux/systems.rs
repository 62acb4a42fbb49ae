//! Which advisories a system is judged by, and what is said of it where there are none.

use schemas::inventory::{CoverageGap, CoverageStatus, GapReason, OsFamily};

use super::{red_hat::red_hat, *};
use crate::support::zlib;

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
        assert_eq!(covered.status, CoverageStatus::Unsupported, "{id}");
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
    windows.family = OsFamily::Windows;
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
    let told = |gap: &CoverageGap| gap.reason == GapReason::NoAdvisories;
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
