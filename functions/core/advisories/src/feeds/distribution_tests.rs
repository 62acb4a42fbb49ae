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
