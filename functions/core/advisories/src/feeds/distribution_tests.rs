//! Feeds of Linux distributions against small documents in their real forms.

use super::tests::{good, read};

#[test]
fn almalinux_errata_tell_security_advisories_with_stream_and_architecture() {
    let notes = good(
        r#"{"schema_version":"1.0","data":[
        {"id":"ALBA-2021:1","issued_date":1628589283,"updated_date":1628589276,"severity":"None","title":"a bug fix","type":"bugfix","packages":[],"modules":[],"references":[]},
        {"id":"ALSA-2019:3708","issued_date":1572983623,"updated_date":1651142818,"severity":"Moderate","title":"Moderate: mariadb:10.3 security update","type":"security",
         "packages":[
          {"name":"mariadb","epoch":"3","version":"10.3.17","release":"1.module_el8.1.0+257+48736ea6","arch":"x86_64","src":"m.src.rpm","module":"mariadb:10.3:8050020220427075058:c5368500:x86_64"},
          {"name":"mariadb","epoch":"3","version":"10.3.17","release":"1.module_el8.1.0+257+48736ea6","arch":"aarch64","src":"m.src.rpm","module":"mariadb:10.3:8050020220427075058:c5368500:aarch64"},
          {"name":"Judy-doc","epoch":"0","version":"1.0.5","release":"18.el8","arch":"noarch","src":"Judy.src.rpm"}],
         "references":[{"id":"CVE-2019-2510","type":"cve","href":""},{"id":"ALSA-2019-3708","type":"self","href":"https://errata.almalinux.org/8/ALSA-2019-3708.html"}]}]}"#,
        "almalinux-errata",
    );
    assert_eq!(
        notes,
        [
            "as of 2021-08-10T09:54:43.000Z",
            "as of 2022-04-28T10:46:58.000Z",
            "almalinux:8 Judy-doc CVE-2019-2510 ALSA-2019:3708 fixed [0..1.0.5-18.el8]  medium",
            "almalinux:8 mariadb CVE-2019-2510 ALSA-2019:3708 fixed [0..3:10.3.17-1.module_el8.1.0+257+48736ea6]  medium mariadb:10.3 aarch64 x86_64",
        ]
    );
}

#[test]
fn rocky_errata_leave_out_bug_fixes_and_special_interest_groups() {
    let notes = good(
        r#"{"advisories":[
        {"id":1,"published_at":"2025-11-27T09:11:22.820964+00:00","updated_at":"2025-11-27T09:12:41+00:00","name":"RLSA-2025:21816","synopsis":"Moderate: delve security update","kind":"Security","severity":"Moderate",
         "cves":[{"cve":"CVE-2025-58183","cvss3_scoring_vector":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H","cvss3_base_score":"7.5"}],
         "packages":[
          {"nevra":"delve-0:1.25.2-1.el10_1.aarch64.rpm","module_name":null,"module_stream":null,"product_name":"Rocky Linux 10 aarch64"},
          {"nevra":"delve-0:1.25.2-1.el10_1.src.rpm","module_name":null,"module_stream":null,"product_name":"Rocky Linux 10 aarch64"},
          {"nevra":"podman-1:1.0-2.module+el8.4.0+557+48ba8b2f.x86_64.rpm","module_name":"container-tools","module_stream":"1.0","product_name":"Rocky Linux 8.6 x86_64 (Legacy)"},
          {"nevra":"broken","product_name":"Rocky Linux 8 x86_64"}]},
        {"name":"RLBA-2019:0973","kind":"Bug Fix","synopsis":"x","cves":[],"packages":[]},
        {"name":"RXSA-2023:1","kind":"Security","synopsis":"x","cves":[{"cve":"CVE-2022-2964"}],"packages":[{"nevra":"kernel-4-1.el8.cloud.x86_64","product_name":"Rocky Linux 8 x86_64"}]}],
        "total":3,"last_updated_at":"2025-11-27T09:00:19Z"}"#,
        "rocky-errata",
    );
    assert_eq!(
        notes,
        [
            "as of 2025-11-27T09:00:19.000Z",
            "problem at RLSA-2025:21816 broken: a build without a name, version or release of Rocky Linux",
            "rocky:10 delve CVE-2025-58183 RLSA-2025:21816 fixed [0..1.25.2-1.el10_1]  medium aarch64",
            "rocky:8 podman CVE-2025-58183 RLSA-2025:21816 fixed [0..1:1.0-2.module+el8.4.0+557+48ba8b2f]  medium container-tools:1.0 x86_64",
            "not judged: rocky special interest groups",
        ]
    );
}

#[test]
fn updateinfo_of_amazon_tells_the_release_and_the_topic_by_its_ids() {
    let update = |id: &str, package: &str| {
        format!(
            r#"<update author="a" type="security"><id>{id}</id><title>t</title><issued date="2018-01-11 21:05"/><updated date="2018-01-16 01:28:00"/><severity>critical</severity>
            <references><reference href="h" id="CVE-2017-5754" type="cve"/><reference id="RHSA-2017:1" type="redhat"/></references>
            <pkglist><collection short="c"><name>n</name>{package}</collection></pkglist></update>"#
        )
    };
    let kernel = r#"<package arch="x86_64" epoch="0" name="kernel" release="1.amzn2" version="4.9"><filename>f</filename></package>"#;
    let other = r#"<package arch="aarch64" epoch="1" name="kernel" release="1.amzn2" version="5.15"/><package arch="x86_64" epoch="1" name="kernel" release="1.amzn2" version="5.15"/>"#;
    let text = format!(
        "<?xml version=\"1.0\"?>\n<updates>{}{}{}</updates>",
        update("ALAS2-2018-939", kernel),
        update("ALAS2KERNEL-5.15-2022-001", other),
        update("FEDORA-2020-1", kernel)
    );
    let mut notes = good(&text, "updateinfo");
    notes.retain(|note| !note.starts_with("as of"));
    assert_eq!(
        notes,
        [
            "amazon:2 kernel CVE-2017-5754 ALAS2-2018-939 fixed [0..4.9-1.amzn2]  critical",
            "amazon:2 kernel CVE-2017-5754 ALAS2KERNEL-5.15-2022-001 fixed [0..1:5.15-1.amzn2]  critical kernel-5.15 aarch64 x86_64",
            "not judged: FEDORA",
        ]
    );
    let (feed, _, outcome) = read(&text[..text.len() - 30]);
    assert_eq!(feed, Some("updateinfo"));
    assert!(matches!(outcome, Err(super::FeedError::Cut { .. })));
}

#[test]
fn photon_rows_are_of_the_release_that_their_versions_bear() {
    let notes = good(
        r#"[{"cve_id":"CVE-2025-9086","pkg":"curl","cve_score":7.5,"aff_ver":"all versions before 8.16.0-1.ph4 are vulnerable","res_ver":"8.16.0-1.ph4","status":"Fixed"},
        {"cve_id":"CVE-2025-1","pkg":"curl","cve_score":6.7,"aff_ver":"NA","res_ver":"NA","status":"Not Affected"},
        {"cve_id":"CVE-2025-0001","pkg":"linux","cve_score":6.7,"aff_ver":"all versions","res_ver":"NA","status":"Open"},
        {"cve_id":"UNK-1","pkg":"curl","cve_score":6.7,"aff_ver":"NA","res_ver":"NA","status":"Not Affected"}]"#,
        "photon",
    );
    assert_eq!(
        notes,
        [
            "photon:4.0 curl CVE-2025-9086 - fixed [0..8.16.0-1.ph4]  high",
            "not judged: photon issues without a CVE",
            "photon:4.0 linux CVE-2025-0001 - open []  medium",
            "not judged: photon issues without a CVE",
        ]
    );
}

/// An OVAL document of definitions, tests, objects and states.
fn oval(definitions: &str, facts: &str) -> String {
    format!(
        r#"<?xml version="1.0"?><oval_definitions xmlns="http://oval.mitre.org/XMLSchema/oval-definitions-5" xmlns:oval="o">
        <generator><oval:timestamp>2026-01-22T07:04:14</oval:timestamp></generator><definitions>{definitions}</definitions>{facts}</oval_definitions>"#
    )
}

fn rpm_fact(mark: &str, id: &str, package: &str, state: &str) -> String {
    format!(
        r#"<rpminfo_test id="{mark}:tst:{id}" comment="c"><object object_ref="{mark}:obj:{id}"/><state state_ref="{mark}:ste:{id}"/></rpminfo_test>
        <rpminfo_object id="{mark}:obj:{id}"><name>{package}</name></rpminfo_object><rpminfo_state id="{mark}:ste:{id}">{state}</rpminfo_state>"#
    )
}

#[test]
fn oracles_definitions_tell_release_architecture_and_module() {
    let mark = "oval:com.oracle.elsa";
    let definition = format!(
        r#"<definition id="{mark}:def:1" class="patch"><metadata><title>
ELSA-2023-12342:  virt:kvm_utils security update (IMPORTANT)
</title><affected family="unix"><platform>Oracle Linux 8</platform></affected>
        <reference source="elsa" ref_id="ELSA-2023-12342" ref_url="https://linux.oracle.com/errata/ELSA-2023-12342.html"/>
        <reference source="CVE" ref_id="CVE-2023-0664" ref_url="https://linux.oracle.com/cve/CVE-2023-0664.html"/><description>d</description>
        <advisory><severity>IMPORTANT</severity><issued date="2023-05-22"/><cve cvss3="7.8/CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H" href="h">CVE-2023-0664</cve></advisory></metadata>
        <criteria operator="AND"><criterion test_ref="{mark}:tst:1" comment="Oracle Linux 8 is installed"/>
        <criterion test_ref="{mark}:tst:2" comment="Module virt:kvm_utils is enabled"/>
        <criteria operator="OR"><criteria operator="AND"><criterion test_ref="{mark}:tst:3" comment="Oracle Linux arch is aarch64"/>
        <criteria operator="OR"><criteria operator="AND"><criterion test_ref="{mark}:tst:4" comment="hivex is earlier than 0:1.3.18-21.el8"/>
        <criterion test_ref="{mark}:tst:5" comment="hivex is signed with the Oracle Linux 8 key"/></criteria></criteria></criteria></criteria></criteria></definition>"#
    );
    let facts = [
        rpm_fact(
            mark,
            "1",
            "oraclelinux-release",
            "<version operation=\"pattern match\">^8</version>",
        ),
        rpm_fact(
            mark,
            "3",
            "oraclelinux-release",
            "<arch operation=\"pattern match\">aarch64</arch>",
        ),
        rpm_fact(
            mark,
            "4",
            "hivex",
            "<evr datatype=\"evr_string\" operation=\"less than\">0:1.3.18-21.el8</evr>",
        ),
    ]
    .concat();
    assert_eq!(
        good(&oval(&definition, &facts), "oracle-oval"),
        [
            "as of 2026-01-22T07:04:14.000Z",
            "oracle:8 hivex CVE-2023-0664 ELSA-2023-12342 fixed [0..1.3.18-21.el8]  high virt:kvm_utils aarch64",
        ]
    );
    let text = oval(&definition, &facts);
    let (feed, notes, outcome) = read(&text[..text.len() - 40]);
    assert_eq!(feed, Some("oracle-oval"));
    assert!(
        matches!(outcome, Err(super::FeedError::Cut { .. })),
        "{notes:?}"
    );
}

#[test]
fn suses_definitions_keep_open_fixed_and_not_affected_apart_by_release() {
    let mark = "oval:org.opensuse.security";
    let definition = format!(
        r#"<definition id="{mark}:def:1" class="vulnerability"><metadata><title>CVE-2001-1267</title>
        <reference ref_id="Mitre CVE-2001-1267" ref_url="u" source="CVE"/><reference ref_id="SUSE-SU-2021:1-1" ref_url="https://lists.suse.com/1" source="SUSE-SU"/>
        <description>Directory traversal.</description><advisory><issued date="2021-10-02"/><updated date="2021-10-03"/><severity>Moderate</severity>
        <cve impact="moderate" href="h">CVE-2001-1267 at SUSE</cve></advisory></metadata>
        <criteria operator="OR">
         <criteria operator="AND"><criteria operator="OR"><criterion test_ref="{mark}:tst:1" comment="SUSE Linux Enterprise Server 15 SP4 is installed"/><criterion test_ref="{mark}:tst:1" comment="SUSE Linux Enterprise Desktop 15 SP4 is installed"/><criterion test_ref="{mark}:tst:1" comment="SUSE Linux Enterprise Micro 5.4 is installed"/></criteria>
          <criteria operator="OR"><criterion test_ref="{mark}:tst:2" comment="tar-1.34-2.2 is installed"/><criterion test_ref="{mark}:tst:3" comment="tar-lang is affected"/></criteria></criteria>
         <criteria operator="AND"><criterion test_ref="{mark}:tst:1" comment="openSUSE Tumbleweed is installed"/><criterion test_ref="{mark}:tst:4" comment="tar-doc is not affected"/></criteria>
         <criteria operator="AND"><criterion test_ref="{mark}:tst:1" comment="SUSE Manager Proxy 4.3 is installed"/><criterion test_ref="{mark}:tst:2" comment="tar-1.34-2.2 is installed"/></criteria>
        </criteria></definition>"#
    );
    let facts = [
        rpm_fact(mark, "1", "sles-release", "<version operation=\"equals\">15.4</version>"),
        rpm_fact(mark, "2", "tar", "<arch datatype=\"string\" operation=\"pattern match\">(aarch64|x86_64)</arch><evr datatype=\"evr_string\" operation=\"less than\">0:1.34-2.2</evr>"),
        rpm_fact(mark, "3", "tar-lang", "<evr datatype=\"evr_string\" operation=\"greater than\">0:0-0</evr>"),
        rpm_fact(mark, "4", "tar-doc", "<version operation=\"equals\">0</version>"),
    ]
    .concat();
    assert_eq!(
        good(&oval(&definition, &facts), "suse-oval")[1..],
        [
            "not judged: suse products on top of a distribution",
            "opensuse-tumbleweed tar-doc CVE-2001-1267 SUSE-SU-2021:1-1 not-affected []  medium",
            "sle-micro:5.4 tar CVE-2001-1267 SUSE-SU-2021:1-1 fixed [0..1.34-2.2]  medium aarch64 x86_64",
            "sle-micro:5.4 tar-lang CVE-2001-1267 SUSE-SU-2021:1-1 open []  medium",
            "sles:15.4 tar CVE-2001-1267 SUSE-SU-2021:1-1 fixed [0..1.34-2.2]  medium aarch64 x86_64",
            "sles:15.4 tar-lang CVE-2001-1267 SUSE-SU-2021:1-1 open []  medium",
        ]
    );
}

#[test]
fn azure_linux_is_told_by_the_tag_and_by_whether_there_is_a_patch() {
    let mark = "oval:com.microsoft.cbl-mariner";
    let definition = |id: &str, patchable: &str| {
        format!(
            r#"<definition class="vulnerability" id="{mark}:def:{id}" version="1"><metadata><title>CVE-2021-{id}999 affecting package ceph</title>
            <affected family="unix"><platform>CBL-Mariner</platform></affected><reference ref_id="CVE-2021-{id}999" ref_url="u" source="CVE"/>
            <patchable>{patchable}</patchable><advisory_date>2022-05-19T16:37:40Z</advisory_date><advisory_id>9201-1</advisory_id><severity>High</severity><description>d</description></metadata>
            <criteria operator="AND"><criterion comment="Package ceph is installed" test_ref="{mark}:tst:{id}"/></criteria></definition>"#
        )
    };
    let definitions = [
        definition("3", "true"),
        definition("4", "false"),
        definition("5", "Not Applicable"),
        definition("6", "true"),
    ]
    .concat();
    let less = "<evr datatype=\"evr_string\" operation=\"less than\">0:16.2.5-3.cm2</evr>";
    let facts = [
        rpm_fact(mark, "3", "ceph", less),
        rpm_fact(mark, "4", "ceph", less),
        rpm_fact(mark, "5", "ceph", less),
        rpm_fact(
            mark,
            "6",
            "ceph",
            "<evr datatype=\"evr_string\" operation=\"less than or equal\">0:18-1.azl3</evr>",
        ),
    ]
    .concat();
    assert_eq!(
        good(&oval(&definitions, &facts), "azurelinux-oval")[1..],
        [
            "azurelinux:2.0 ceph CVE-2021-3999 - fixed [0..16.2.5-3.cm2]  high",
            "azurelinux:2.0 ceph CVE-2021-4999 - open []  high",
            "azurelinux:3.0 ceph CVE-2021-6999 - open [0..=18-1.azl3]  high",
        ]
    );
}

#[test]
fn photons_definitions_are_read_as_well() {
    let mark = "oval:com.vmware.phsa";
    let definition = format!(
        r#"<definition class="patch" id="{mark}:def:1" version="1"><metadata><title>PHSA-2024:00001 ansible Security Update. (Important)</title>
        <reference ref_id="PHSA:00001:5.0:184" ref_url="https://github.com/vmware/photon/wiki/Security-Updates-5.0-184" source="PHSA"/><reference ref_id="CVE:00001:CVE-2023-5115" ref_url="u" source="CVE"/>
        <advisory><severity>Important</severity><issued date="2024-01-04"/><cve>CVE-2023-5115</cve></advisory></metadata>
        <criteria operator="AND"><criterion comment="Photon OS 5 is installed" test_ref="{mark}:tst:1"/><criteria operator="OR"><criteria operator="AND">
        <criterion comment="ansible is earlier than 0:2.14.12-1.ph5" test_ref="{mark}:tst:2"/></criteria></criteria></criteria></definition>"#
    );
    let facts = rpm_fact(
        mark,
        "2",
        "ansible",
        "<evr operation=\"less than\">0:2.14.12-1.ph5</evr>",
    );
    assert_eq!(
        good(&oval(&definition, &facts), "photon-oval")[1..],
        ["photon:5.0 ansible CVE-2023-5115 PHSA-2024:00001 fixed [0..2.14.12-1.ph5]  high"]
    );
}

#[test]
fn ubuntus_tracker_keeps_every_status_apart() {
    let text = "Candidate: CVE-2022-36879\nPublicDate: 2022-07-27 04:15:00 UTC\nReferences:\n https://x\nDescription:\n An issue was\n discovered.\nPriority: medium\n Because.\nPriority_other: low\nCVSS:\n nvd: CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:N/I:N/A:H [5.5 MEDIUM]\n\n#Patches_PKG:\nPatches_linux:\nupstream_linux: needs-triage\n\
        trusty_linux: ignored (out of standard support)\ntrusty/esm_linux: needed\nxenial_linux: ignored (end of standard support, was needs-triage)\nesm-infra/xenial_linux: released (4.4.0-1+esm1)\nbionic_linux: DNE\nfocal_linux: released (5.4.0-1)\n\
        jammy_linux: deferred (2022-08-01)\nnoble_linux: not-affected (6.8.0)\nmantic_linux: ignored (superseded by linux-6.5)\nlunar_linux: needs-triage\nfips-updates/jammy_linux: needed\ndevel_linux: not-affected\nfocal_other: pending (1.2)\n";
    assert_eq!(
        good(text, "ubuntu-tracker"),
        [
            "ubuntu:14.04 linux CVE-2022-36879 - end-of-life []  medium",
            "ubuntu:14.04 linux CVE-2022-36879 - open []  medium with Ubuntu Pro",
            "ubuntu:16.04 linux CVE-2022-36879 - undetermined []  medium",
            "ubuntu:16.04 linux CVE-2022-36879 - fixed [0..4.4.0-1+esm1]  medium with Ubuntu Pro",
            "ubuntu:20.04 linux CVE-2022-36879 - fixed [0..5.4.0-1]  medium",
            "ubuntu:22.04 linux CVE-2022-36879 - open []  medium",
            "ubuntu:24.04 linux CVE-2022-36879 - not-affected []  medium",
            "ubuntu:23.10 linux CVE-2022-36879 - will-not-fix []  medium",
            "ubuntu:23.04 linux CVE-2022-36879 - undetermined []  medium",
            "not judged: ubuntu kernels and modules of their own pockets",
            "ubuntu:20.04 other CVE-2022-36879 - open []  low",
        ]
    );
    // The boilerplate for new files.
    assert_eq!(
        read("Candidate: \nPublicDate: \nPriority: untriaged\n").0,
        None
    );
}

#[test]
fn ubuntus_definitions_are_read_by_their_words() {
    let criterion = |text: &str| format!(r#"<criterion test_ref="t" comment="{text}"/>"#);
    let definition = format!(
        r#"<definition class="vulnerability" id="oval:com.ubuntu.jammy:def:1" version="1"><metadata><title>CVE-2023-48795 on Ubuntu 22.04 LTS (jammy) - medium</title>
        <description>The SSH protocol.

    Update Instructions:

    Run it</description><advisory><severity>Medium</severity><cve href="h" priority="low" public="20231218" cvss_score="5.9" cvss_vector="CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:N/I:H/A:N">CVE-2023-48795</cve></advisory></metadata>
        <criteria><criteria operator="OR">{}{}{}{}{}{}</criteria></criteria></definition>
        <definition class="patch" id="oval:com.ubuntu.jammy:def:2" version="1"><metadata><title>USN-1-1 -- x</title></metadata></definition>"#,
        criterion(
            "openssh package in jammy was vulnerable but has been fixed (note: '1:8.9p1-3ubuntu0.5')."
        ),
        criterion(
            "asyncssh package in jammy was vulnerable but has been fixed (note: '2.5.0-1ubuntu0.1~esm1')."
        ),
        criterion("dropbear package in jammy is affected and needs fixing."),
        criterion(
            "lxd package in jammy is affected. An update containing the fix has been completed and is pending publication (note: '2')."
        ),
        criterion("snapd package in jammy is affected and may need fixing."),
        criterion(
            "putty package in jammy, while related to the CVE in some way, a decision has been made to ignore this issue (note: 'end of life')."
        ),
    );
    let notes = good(&oval(&definition, ""), "ubuntu-oval");
    assert_eq!(
        notes[1..],
        [
            "ubuntu:22.04 openssh CVE-2023-48795 - fixed [0..1:8.9p1-3ubuntu0.5]  low",
            "ubuntu:22.04 asyncssh CVE-2023-48795 - fixed [0..2.5.0-1ubuntu0.1~esm1]  low with Ubuntu Pro",
            "ubuntu:22.04 dropbear CVE-2023-48795 - open []  low",
            "ubuntu:22.04 lxd CVE-2023-48795 - open []  low",
            "ubuntu:22.04 snapd CVE-2023-48795 - undetermined []  low",
            "ubuntu:22.04 putty CVE-2023-48795 - end-of-life []  low",
            "not judged: ubuntu notices without source packages",
        ]
    );
}

/// A CSAF document of one vulnerability.
fn csaf(publisher: &str, category: &str, tree: &str, vulnerability: &str) -> String {
    format!(
        r#"{{"document":{{"aggregate_severity":{{"text":"moderate"}},"category":"{category}","csaf_version":"2.0","publisher":{{"category":"vendor","name":"{publisher}","namespace":"n"}},"title":"openssl: a flaw","tracking":{{"current_release_date":"2024-08-02T12:27:56+00:00","id":"SUSE-SU-2024:1-1","initial_release_date":"2024-01-02T00:00:00Z"}}}},
        "product_tree":{tree},"vulnerabilities":[{vulnerability}]}}"#
    )
}

#[test]
fn red_hats_documents_keep_every_status_apart_with_modules_and_channels() {
    let named = |id: &str, cpe: &str| {
        format!(
            r#"{{"category":"product_name","name":"n","product":{{"name":"n","product_id":"{id}","product_identification_helper":{{"cpe":"{cpe}"}}}}}}"#
        )
    };
    let part = |component: &str, product: &str| {
        format!(
            r#"{{"category":"default_component_of","full_product_name":{{"name":"n","product_id":"{product}:{component}"}},"product_reference":"{component}","relates_to_product_reference":"{product}"}}"#
        )
    };
    let branches = [
        named(
            "red_hat_enterprise_linux_7",
            "cpe:/o:redhat:enterprise_linux:7",
        ),
        named(
            "red_hat_enterprise_linux_9",
            "cpe:/o:redhat:enterprise_linux:9",
        ),
        named(
            "BaseOS-9.4.0.GA",
            "cpe:/o:redhat:enterprise_linux:9::baseos",
        ),
        named("BaseOS-9.2.0.Z.EUS", "cpe:/o:redhat:rhel_eus:9.2::baseos"),
        named("openshift", "cpe:/a:redhat:openshift:4.12::el8"),
    ]
    .join(",");
    let parts = [
        part("openssl-1:3.0.7-27.el9.src", "BaseOS-9.4.0.GA"),
        part("openssl-1:3.0.7-27.el9.x86_64", "BaseOS-9.4.0.GA"),
        part("openssl-debuginfo-1:3.0.7-27.el9.x86_64", "BaseOS-9.4.0.GA"),
        part("openssl-1:3.0.7-18.el9_2.src", "BaseOS-9.2.0.Z.EUS"),
        part("openssl-1:3.0.7-18.el9_2.x86_64", "BaseOS-9.2.0.Z.EUS"),
        part("openssl-1:3-1.el8.x86_64", "openshift"),
        part("nodejs:18:9040020240807:rhel9", "BaseOS-9.4.0.GA"),
        part(
            "nodejs-1:18.1-1.module+el9.4.0+1.x86_64",
            "BaseOS-9.4.0.GA:nodejs:18:9040020240807:rhel9",
        ),
        part("edk2", "red_hat_enterprise_linux_9"),
        part("shim", "red_hat_enterprise_linux_9"),
        part("nodejs:16/nodejs", "red_hat_enterprise_linux_9"),
        part("openssl", "red_hat_enterprise_linux_7"),
        part("ovmf", "red_hat_enterprise_linux_7"),
        part("mingw-openssl", "red_hat_enterprise_linux_7"),
    ]
    .join(",");
    let vulnerability = r#"{"cve":"CVE-2023-6237","title":"openssl: excessive time",
        "product_status":{"fixed":["BaseOS-9.4.0.GA:openssl-1:3.0.7-27.el9.src","BaseOS-9.4.0.GA:openssl-1:3.0.7-27.el9.x86_64","BaseOS-9.4.0.GA:openssl-debuginfo-1:3.0.7-27.el9.x86_64","BaseOS-9.2.0.Z.EUS:openssl-1:3.0.7-18.el9_2.src","BaseOS-9.2.0.Z.EUS:openssl-1:3.0.7-18.el9_2.x86_64","openshift:openssl-1:3-1.el8.x86_64","BaseOS-9.4.0.GA:nodejs:18:9040020240807:rhel9:nodejs-1:18.1-1.module+el9.4.0+1.x86_64"],
          "known_affected":["red_hat_enterprise_linux_9:edk2","red_hat_enterprise_linux_9:nodejs:16/nodejs","red_hat_enterprise_linux_7:openssl","red_hat_enterprise_linux_7:ovmf"],
          "known_not_affected":["red_hat_enterprise_linux_9:shim"],"under_investigation":["red_hat_enterprise_linux_7:mingw-openssl"]},
        "remediations":[{"category":"vendor_fix","date":"2024-04-30T10:52:23+00:00","details":"d","url":"https://access.redhat.com/errata/RHSA-2024:2447","product_ids":["BaseOS-9.4.0.GA:openssl-1:3.0.7-27.el9.x86_64"]},
          {"category":"none_available","details":"Affected","product_ids":["red_hat_enterprise_linux_9:edk2"]},
          {"category":"no_fix_planned","details":"Will not fix","product_ids":["red_hat_enterprise_linux_7:openssl"]},
          {"category":"no_fix_planned","details":"Out of support scope","product_ids":["red_hat_enterprise_linux_7:ovmf"]}],
        "scores":[{"cvss_v3":{"baseScore":5.9,"vectorString":"CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:N/I:N/A:H"},"products":[]}],
        "threats":[{"category":"impact","details":"Low"}]}"#;
    let tree = format!(
        r#"{{"branches":[{{"branches":[{branches}],"category":"vendor","name":"Red Hat"}}],"relationships":[{parts}]}}"#
    );
    assert_eq!(
        good(
            &csaf("Red Hat Product Security", "csaf_vex", &tree, vulnerability),
            "redhat-csaf"
        ),
        [
            "as of 2024-08-02T12:27:56.000Z",
            "not judged: red hat products on top of a distribution",
            "redhat:7 mingw-openssl CVE-2023-6237 - undetermined []  low",
            "redhat:7 openssl CVE-2023-6237 - will-not-fix []  low",
            "redhat:7 ovmf CVE-2023-6237 - end-of-life []  low",
            "redhat:9 edk2 CVE-2023-6237 - open []  low",
            "redhat:9 nodejs CVE-2023-6237 - open []  low nodejs:16",
            "redhat:9 nodejs CVE-2023-6237 - fixed [0..1:18.1-1.module+el9.4.0+1]  low nodejs:18 x86_64",
            "redhat:9 openssl CVE-2023-6237 RHSA-2024:2447 fixed [0..1:3.0.7-27.el9]  low x86_64",
            "redhat:9 openssl CVE-2023-6237 - fixed [0..1:3.0.7-18.el9_2]  low rhel:9.2",
            "redhat:9 shim CVE-2023-6237 - not-affected []  low",
        ]
    );
}

#[test]
fn suses_documents_name_products_by_words() {
    let part = |component: &str, product: &str| {
        format!(
            r#"{{"category":"default_component_of","full_product_name":{{"name":"n","product_id":"{product}:{component}"}},"product_reference":"{component}","relates_to_product_reference":"{product}"}}"#
        )
    };
    let parts = [
        part("samba-4.19.2+git.322-1.1", "openSUSE Tumbleweed"),
        part(
            "samba-libs-4.19.4-1.22.x86_64",
            "SUSE Linux Enterprise Module for Basesystem 15 SP4",
        ),
        part("samba", "SUSE Linux Enterprise Server 12 SP5"),
        part("samba-doc", "SUSE Linux Enterprise Server 12 SP5"),
    ]
    .join(",");
    let tree = format!(r#"{{"branches":[],"relationships":[{parts}]}}"#);
    let vulnerability = r#"{"cve":"CVE-2023-5568","title":"CVE-2023-5568","product_status":{"recommended":["openSUSE Tumbleweed:samba-4.19.2+git.322-1.1","SUSE Linux Enterprise Module for Basesystem 15 SP4:samba-libs-4.19.4-1.22.x86_64"],"known_affected":["SUSE Linux Enterprise Server 12 SP5:samba"],"known_not_affected":["SUSE Linux Enterprise Server 12 SP5:samba-doc"]},"threats":[{"category":"impact","details":"moderate"}]}"#;
    let team = "SUSE Product Security Team";
    assert_eq!(
        good(&csaf(team, "csaf_vex", &tree, vulnerability), "suse-csaf")[1..],
        [
            "opensuse-tumbleweed samba CVE-2023-5568 - fixed [0..4.19.2+git.322-1.1]  medium",
            "sles:12.5 samba CVE-2023-5568 - open []  medium",
            "sles:15.4 samba-libs CVE-2023-5568 - fixed [0..4.19.4-1.22]  medium x86_64",
        ]
    );
    let advisory = good(
        &csaf(team, "csaf_security_advisory", &tree, vulnerability),
        "suse-csaf",
    );
    assert_eq!(
        advisory[1],
        "opensuse-tumbleweed samba CVE-2023-5568 SUSE-SU-2024:1-1 fixed [0..4.19.2+git.322-1.1]  medium"
    );
}

#[test]
fn ubuntus_osv_tells_what_needs_a_subscription() {
    let entry = |id: &str, ecosystem: &str, fixed: &str| {
        format!(
            r#"{{"id":"{id}","modified":"2024-05-01T00:00:00Z","published":"2024-04-01T00:00:00Z","upstream":["CVE-2024-0001"],"severity":[{{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}}],
            "affected":[{{"package":{{"ecosystem":"{ecosystem}","name":"curl"}},"ranges":[{{"type":"ECOSYSTEM","events":[{{"introduced":"0"}}{fixed}]}}],"versions":["1"],"ecosystem_specific":{{"ubuntu_priority":"low"}}}}]}}"#
        )
        .replace('\n', "")
    };
    let text = [
        entry(
            "UBUNTU-CVE-2024-0001",
            "Ubuntu:22.04:LTS",
            ",{\"fixed\":\"2\"}",
        ),
        entry(
            "UBUNTU-CVE-2024-0001",
            "Ubuntu:Pro:18.04:LTS",
            ",{\"fixed\":\"2+esm1\"}",
        ),
        entry("UBUNTU-CVE-2024-0001", "Ubuntu:24.04:LTS", ""),
        entry("UBUNTU-CVE-2024-0001", "Ubuntu:Pro:FIPS:24.04:LTS", ""),
        entry("LSN-0108-1", "Ubuntu:Pro:18.04:LTS", ",{\"fixed\":\"2\"}"),
    ]
    .join("\n");
    let mut notes = good(&text, "osv");
    notes.retain(|note| !note.starts_with("as of"));
    assert_eq!(
        notes,
        [
            "ubuntu:22.04 curl CVE-2024-0001 UBUNTU-CVE-2024-0001 fixed [0..2]  low",
            "ubuntu:18.04 curl CVE-2024-0001 UBUNTU-CVE-2024-0001 fixed [0..2+esm1]  low with Ubuntu Pro",
            "ubuntu:24.04 curl CVE-2024-0001 UBUNTU-CVE-2024-0001 open [0..]  low",
            "not judged: Ubuntu",
            "not judged: live patches and special interest groups",
        ]
    );
}

/// Small documents that every feed of a distribution recognises, whole, cut anywhere and with bytes changed.
mod damage {
    use proptest::prelude::*;

    use super::super::{Document, FEEDS, tests::Notes};
    use super::*;

    fn documents() -> Vec<String> {
        let mark = "oval:com.oracle.elsa";
        let fact = rpm_fact(
            mark,
            "1",
            "x",
            "<arch>(a|b)</arch><evr operation=\"less than\">0:1-1</evr>",
        );
        let definition = format!(
            r#"<definition id="{mark}:def:1"><metadata><title>t</title><reference source="CVE" ref_id="CVE-2024-0001"/></metadata><criteria operator="OR"><criteria><criterion comment="Oracle Linux 8 is installed"/><criterion test_ref="{mark}:tst:1"/></criteria></criteria></definition>"#
        );
        let part = r#"{"relationships":[{"full_product_name":{"product_id":"p:a-1-1.el9.x86_64"},"product_reference":"a-1-1.el9.x86_64","relates_to_product_reference":"p"},{"full_product_name":{"product_id":"p"},"product_reference":"p","relates_to_product_reference":"p"}],"branches":[{"product":{"product_id":"p","product_identification_helper":{"cpe":"cpe:/o:redhat:enterprise_linux:9"}}}]}"#;
        let vulnerability = r#"{"cve":"CVE-2024-0001","product_status":{"fixed":["p:a-1-1.el9.x86_64","p"]},"remediations":[{"category":"vendor_fix","url":"https://x/RHSA-1","product_ids":["p"]}]}"#;
        vec![
            oval(&definition, &fact),
            oval(&definition.replace("com.oracle.elsa", "com.ubuntu.jammy"), ""),
            csaf("Red Hat Product Security", "csaf_vex", part, vulnerability),
            csaf("SUSE Product Security Team", "csaf_vex", part, vulnerability),
            "Candidate: CVE-2024-0001\nPublicDate: x\nPriority: low\njammy_a: released (1)\nesm-apps/focal_b: ignored (x".to_owned(),
            r#"<?xml version="1.0"?><updates><update type="security"><id>ALAS2-2018-939</id><pkglist><collection><package name="a" version="1" release="1" arch="x"/></collection></pkglist></update></updates>"#.to_owned(),
            r#"{"advisories":[{"name":"RLSA-1","kind":"Security","synopsis":"s","packages":[{"nevra":"a-1-1.x86_64","product_name":"Rocky Linux 9"}]}]}"#.to_owned(),
            r#"{"data":[{"id":"ALSA-1:1","issued_date":1,"type":"security","packages":[{"name":"a","version":"1","release":"1.el8"}]}]}"#.to_owned(),
            r#"[{"cve_id":"CVE-2024-0001","pkg":"a","aff_ver":"x","res_ver":"1-1.ph5"}]"#.to_owned(),
        ]
    }

    #[test]
    fn each_document_is_of_exactly_one_feed() {
        for text in documents() {
            let document = Document {
                name: "d",
                bytes: text.as_bytes(),
            };
            let feeds: Vec<_> = FEEDS
                .iter()
                .filter(|feed| feed.recognises(&document))
                .collect();
            assert_eq!(feeds.len(), 1, "{text}");
            let mut notes = Notes::default();
            assert_eq!(feeds[0].parse(&document, &mut notes), Ok(()), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(150))]

        #[test]
        fn no_damage_stops_a_feed(
            which in 0usize..9,
            cut in 0usize..3000,
            changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 0..5),
        ) {
            let mut bytes = documents().swap_remove(which).into_bytes();
            bytes.truncate(cut);
            for (at, byte) in changes {
                if !bytes.is_empty() {
                    let at = at % bytes.len();
                    bytes[at] = byte;
                }
            }
            for feed in FEEDS {
                let document = Document { name: "noise", bytes: &bytes };
                let _ = feed.recognises(&document);
                let _ = feed.parse(&document, &mut Notes::default());
            }
        }
    }
}
