//! SBOMs as other tools write them, later and broken ones, and arbitrary bytes.

use proptest::prelude::*;
use schemas::inventory::{CoverageStatus, GapReason, PackageKind, TargetKind};

use super::*;

fn read(text: &str) -> Result<ParsedSbom, SbomError> {
    parse(text.as_bytes(), "a file", &Limits::default())
}

/// In the form of trivy's, with what it says of the source package.
const CYCLONEDX: &str = r#"{
  "bomFormat": "CycloneDX", "specVersion": "1.5",
  "metadata": {
    "tools": {"components": [{"type": "application", "name": "trivy", "version": "1"}]},
    "component": {"type": "container", "name": "debian:10", "bom-ref": "x"}
  },
  "components": [
    {"type": "operating-system", "name": "debian", "version": "10.2"},
    {"type": "library", "name": "libssl1.1", "version": "1.1.1d-0",
     "purl": "pkg:deb/debian/libssl1.1@1.1.1d-0?arch=amd64&distro=debian-10.2&epoch=1",
     "properties": [
       {"name": "aquasecurity:trivy:SrcName", "value": "openssl"},
       {"name": "aquasecurity:trivy:SrcVersion", "value": "1.1.1d"},
       {"name": "aquasecurity:trivy:SrcRelease", "value": "0"},
       {"name": "aquasecurity:trivy:SrcEpoch", "value": "1"}]},
    {"type": "application", "name": "package-lock.json", "components": [
       {"type": "library", "group": "@angular", "name": "core", "version": "1.0", "purl": "pkg:npm/%40angular/core@1.0",
        "components": [{"type": "library", "name": "left", "version": 3, "purl": "pkg:maven/org.left/left"}]}]},
    {"type": "library", "name": "vendored", "version": "2.0"},
    {"type": "file", "name": "etc/passwd"}
  ]
}"#;

#[test]
fn cyclonedx_of_other_tools_is_an_inventory() {
    let sbom = read(CYCLONEDX).unwrap();
    assert_eq!(sbom.form, "CycloneDX 1.5 (JSON)");
    let inventory = sbom.inventory;
    assert_eq!(inventory.target.kind, TargetKind::Image);
    assert_eq!(inventory.target.name, "debian:10");
    let os = inventory.os.unwrap();
    assert_eq!(
        (os.id.as_str(), os.version_id.as_deref()),
        ("debian", Some("10"))
    );
    let found: Vec<_> = inventory
        .packages
        .iter()
        .map(|p| (p.kind, p.name.as_str(), p.version.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            (PackageKind::Deb, "libssl1.1", "1:1.1.1d-0"),
            (PackageKind::Npm, "@angular/core", "1.0"),
            (PackageKind::Maven, "org.left:left", "3"),
        ]
    );
    let ssl = &inventory.packages[0];
    assert_eq!(ssl.source_name.as_deref(), Some("openssl"));
    assert_eq!(ssl.source_version.as_deref(), Some("1:1.1.1d-0"));
    assert_eq!(ssl.architecture.as_deref(), Some("amd64"));
    // What has no purl is not clean.
    assert_eq!(inventory.coverage.status, CoverageStatus::Partial);
    let [gap] = inventory.coverage.gaps.as_slice() else {
        panic!("{:?}", inventory.coverage.gaps);
    };
    assert!(
        gap.detail
            .starts_with("1 of the SBOM's components have no purl"),
        "{}",
        gap.detail
    );
    assert!(gap.detail.contains("vendored 2.0"), "{}", gap.detail);
}

#[test]
fn cyclonedx_as_xml_gives_the_same() {
    let sbom = read(
        r#"<?xml version="1.0"?>
        <bom xmlns="http://cyclonedx.org/schema/bom/1.4" version="1">
          <metadata><tools><components><component type="application"><name>tool</name></component></components></tools>
            <component type="container"><name>a &amp; b</name></component></metadata>
          <components>
            <component type="operating-system"><name>alpine</name><version>3.18.4</version></component>
            <component type="library"><supplier><name>nobody</name></supplier><name>ssl</name><version>3</version>
              <purl>pkg:apk/alpine/libssl3@3.1.4-r0?arch=x86_64&amp;upstream=openssl</purl>
              <properties><property name="aquasecurity:trivy:FilePath">lib/apk</property></properties>
              <components><component type="library"><purl>pkg:gem/rails@7.0</purl></component></components>
            </component>
          </components>
          <compositions><composition><aggregate>incomplete</aggregate>
            <assemblies><assembly ref="x"/></assemblies></composition></compositions>
        </bom>"#,
    )
    .unwrap();
    let inventory = sbom.inventory;
    assert_eq!(sbom.form, "CycloneDX 1.4 (XML)");
    assert_eq!(inventory.target.name, "a & b");
    let ssl = inventory
        .packages
        .iter()
        .find(|p| p.name == "libssl3")
        .unwrap();
    assert_eq!(ssl.source_name.as_deref(), Some("openssl"));
    assert_eq!(ssl.purl, "pkg:apk/alpine/libssl3@3.1.4-r0?arch=x86_64");
    assert_eq!(ssl.path, "lib/apk");
    assert_eq!(inventory.packages.len(), 2);
    assert_eq!(inventory.os.unwrap().version_id.as_deref(), Some("3.18.4"));
    assert_eq!(inventory.coverage.gaps[0].reason, GapReason::ReadError);
}

#[test]
fn spdx_is_read_as_json_in_an_envelope_and_as_tags() {
    let json = r#"{"spdxVersion": "SPDX-2.3", "name": "app", "packages": [
        {"SPDXID": "SPDXRef-root", "name": "rocky:9", "primaryPackagePurpose": "CONTAINER"},
        {"SPDXID": "SPDXRef-1", "name": "bash", "versionInfo": "5.1.8-6.el9", "externalRefs": [
          {"referenceCategory": "SECURITY", "referenceType": "cpe23Type", "referenceLocator": "cpe:2.3:a:b"},
          {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
           "referenceLocator": "pkg:rpm/rocky/bash@5.1.8-6.el9?distro=rocky-9.3&epoch=1&upstream=bash-5.1.8-6.el9.src.rpm"}]}],
        "relationships": [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES",
          "relatedSpdxElement": "SPDXRef-root"}]}"#;
    let tags = "SPDXVersion: SPDX-2.3\nDocumentName: app\n\
        PackageName: rocky:9\nSPDXID: SPDXRef-root\nPrimaryPackagePurpose: CONTAINER\n\
        PackageName: bash\nSPDXID: SPDXRef-1\nPackageVersion: 5.1.8-6.el9\n\
        PackageComment: <text>PackageName: forged\nPackageName: forged too\n</text>\n\
        ExternalRef: SECURITY cpe23Type cpe:2.3:a:b\n\
        ExternalRef: PACKAGE-MANAGER purl pkg:rpm/rocky/bash@5.1.8-6.el9?distro=rocky-9.3&epoch=1&upstream=bash-5.1.8-6.el9.src.rpm\n\
        FileName: ./a\nSPDXID: SPDXRef-2\n\
        Relationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-root\n";
    let enveloped = format!("{{\"sbom\": {json}}}");
    for text in [json, &enveloped, tags] {
        let inventory = read(text).unwrap().inventory;
        assert_eq!(inventory.target.kind, TargetKind::Image);
        assert_eq!(inventory.target.name, "rocky:9");
        let [bash] = inventory.packages.as_slice() else {
            panic!("{:?}", inventory.packages);
        };
        assert_eq!(
            (bash.kind, bash.version.as_str()),
            (PackageKind::Rpm, "1:5.1.8-6.el9")
        );
        assert_eq!(bash.source_name.as_deref(), Some("bash"));
        let os = inventory.os.unwrap();
        assert_eq!(
            (os.id.as_str(), os.version_id.as_deref()),
            ("rocky", Some("9.3"))
        );
        assert_eq!(inventory.coverage.status, CoverageStatus::Complete);
    }
}

#[test]
fn later_versions_are_read_with_a_note_or_refused_with_a_reason() {
    let later = CYCLONEDX.replace("\"1.5\"", "\"1.9\"");
    let sbom = read(&later).unwrap();
    assert!(
        sbom.notes[0].contains("1.9, later than the 1.6"),
        "{:?}",
        sbom.notes
    );
    assert_eq!(sbom.inventory.packages.len(), 3);
    for text in [
        CYCLONEDX.replace("\"1.5\"", "\"2.0\""),
        r#"{"spdxVersion": "SPDX-4.0", "packages": []}"#.to_owned(),
        r#"{"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": []}"#
            .to_owned(),
        "<bom xmlns=\"http://cyclonedx.org/schema/bom/3.0\"/>".to_owned(),
        "SPDXVersion: SPDX-9.9\n".to_owned(),
    ] {
        let error = read(&text).unwrap_err();
        assert!(matches!(error, SbomError::Version { .. }), "{error}");
        assert!(error.to_string().contains("reads up to"), "{error}");
    }
}

#[test]
fn packages_of_another_release_than_the_systems_are_told() {
    let with = |name: &str, version: &str, purl: &str| {
        let text = format!(
            r#"{{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{{"type":"operating-system","name":"{name}","version":"{version}"}},{{"type":"library","name":"zlib","version":"1","purl":"{purl}"}}]}}"#
        );
        let gaps = read(&text).unwrap().inventory.coverage.gaps;
        gaps.into_iter()
            .map(|gap| (gap.reason, gap.detail))
            .collect::<Vec<_>>()
    };
    for (name, version, purl) in [
        ("debian", "12.4", "pkg:deb/debian/zlib1g@1?distro=debian-12"),
        (
            "debian",
            "12",
            "pkg:deb/debian/zlib1g@1?distro=debian-bookworm",
        ),
        ("debian", "12", "pkg:deb/debian/zlib1g@1"),
        (
            "alpine",
            "3.19.1",
            "pkg:apk/alpine/zlib@1?distro=alpine-3.19",
        ),
        ("redhat", "9.3", "pkg:rpm/redhat/zlib@1?distro=rhel-9.2"),
        ("amazon", "2 (Karoo)", "pkg:rpm/amazon/zlib@1?distro=amzn-2"),
        (
            "opensuse-leap",
            "15.6",
            "pkg:rpm/opensuse/zlib@1?distro=opensuse.leap-15.6",
        ),
        ("chainguard", "20230214", "pkg:apk/wolfi/zlib@1"),
    ] {
        let told = with(name, version, purl);
        assert!(told.is_empty(), "{name} {purl}: {told:?}");
    }
    for (name, version, purl) in [
        ("debian", "12", "pkg:deb/debian/zlib1g@1?distro=debian-11"),
        (
            "debian",
            "12",
            "pkg:deb/ubuntu/zlib1g@1?distro=ubuntu-22.04",
        ),
        ("debian", "12", "pkg:deb/ubuntu/zlib1g@1"),
        (
            "ubuntu",
            "22.04",
            "pkg:deb/ubuntu/zlib1g@1?distro=ubuntu-22.10",
        ),
    ] {
        let told = with(name, version, purl);
        let [(GapReason::Disagreement, detail)] = &told[..] else {
            panic!("{name} {purl}: {told:?}")
        };
        assert!(
            detail.contains("1 of its packages name another"),
            "{detail}"
        );
    }
}

#[test]
fn what_is_no_sbom_is_refused() {
    for text in [
        "",
        "{}",
        "[]",
        "hello",
        "<html/>",
        "<bom/>",
        r#"{"bomFormat": "CycloneDX""#,
        "{\"spdxVersion\": 7}",
        "<bom xmlns=\"http://cyclonedx.org/schema/bom/1.4\"><components>",
    ] {
        assert!(read(text).is_err(), "{text}");
    }
    let deep = format!(
        "<bom xmlns=\"http://cyclonedx.org/schema/bom/1.4\">{}",
        "<a>".repeat(100_000)
    );
    assert!(read(&deep).is_err());
    let deep = format!(
        "{{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.4\",\"components\":{}",
        "[{\"components\":".repeat(100_000)
    );
    assert!(read(&deep).is_err());
}

#[test]
fn too_many_components_and_types_nobody_judges_are_told() {
    let limits = Limits {
        max_packages: 2,
        ..Limits::default()
    };
    let text = r#"{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [
        {"type": "library", "purl": "pkg:cargo/a@1"}, {"type": "library", "purl": "pkg:qpkg/b@1"},
        {"type": "library", "purl": "pkg:cargo/c@1"}]}"#;
    let inventory = parse(text.as_bytes(), "x", &limits).unwrap().inventory;
    assert_eq!(inventory.packages.len(), 2);
    let gaps = &inventory.coverage.gaps;
    assert_eq!(gaps[0].reason, GapReason::LimitExceeded);
    assert!(gaps[1].detail.contains("`qpkg`"), "{}", gaps[1].detail);
    let empty = read(r#"{"bomFormat": "CycloneDX", "specVersion": "1.6"}"#).unwrap();
    assert_eq!(
        empty.inventory.coverage.gaps[0].reason,
        GapReason::UnknownOs
    );
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), cut in 0usize..2000, at in 0usize..2000) {
        let limits = Limits::default();
        let _ = parse(&bytes, "x", &limits);
        let _ = parse(&[b"SPDXVersion: SPDX-2.3\n".as_slice(), &bytes].concat(), "x", &limits);
        let mut real = CYCLONEDX.as_bytes().to_vec();
        real.truncate(cut);
        if let Some(byte) = real.get_mut(at) {
            *byte = bytes.first().copied().unwrap_or(0);
        }
        let _ = parse(&real, "x", &limits);
    }
}
