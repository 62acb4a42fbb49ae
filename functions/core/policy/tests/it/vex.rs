//! VEX in three forms in, and OpenVEX out.

use policy::{
    Gate, PolicyError,
    vex::{Document, OpenVexError, write_openvex},
};
use proptest::prelude::*;
use schemas::{
    policy::{PolicyNoticeKind, SuppressionKind, VexStatus},
    report::Report,
};
use serde_json::{Value, json};

use crate::support::{IMAGE, MANIFEST, finding, gate, ids, now, read, report as report_of};

fn parse(document: &Value) -> Result<Document, PolicyError> {
    Document::parse("vex.json", document.to_string().as_bytes())
}

/// What is left of a report of three packages by a document: ids of findings that count.
fn left(document: &Value) -> Vec<String> {
    let mut gate = Gate::default();
    gate.vex(parse(document).unwrap());
    let decided = gate.decide(&sample(), now());
    for one in &decided.suppressed {
        assert_eq!(one.by.kind, SuppressionKind::Vex);
        assert_eq!(one.by.source, "vex.json");
        assert!(!one.by.reason.is_empty());
    }
    ids(&decided.findings)
        .into_iter()
        .map(str::to_owned)
        .collect()
}

fn sample() -> Report {
    let mut libspam = finding("CVE-2026-3", "libspam1", json!({}));
    libspam["evidence"]["matched_name"] = json!("spam");
    read(&report_of(&[
        finding("CVE-2026-1", "spam", json!({})),
        finding("CVE-2026-2", "eggs", json!({})),
        libspam,
    ]))
}

fn openvex(statements: Value) -> Value {
    json!({
        "@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://example.org/vex/1", "author": "Ada",
        "timestamp": "2026-11-01T00:00:00Z", "version": 1, "statements": statements
    })
}

fn statement(id: &str, products: Value) -> Value {
    json!({
        "vulnerability": {"name": id}, "products": products, "status": "not_affected",
        "justification": "vulnerable_code_not_in_execute_path"
    })
}

#[test]
fn a_statement_is_about_a_package_however_its_name_is_spelled() {
    // PEP 503: runs of `-`, `_` and `.` are one `-`.
    for installed in ["pkg:pypi/a--b@1.0-2", "pkg:pypi/A.-B@1.0-2"] {
        let of_python = finding("CVE-2026-1", "a__b", json!({"purl": installed}));
        let report = read(&report_of(&[of_python]));
        let counts = |product: &str| {
            let document = openvex(json!([statement("CVE-2026-1", json!([{"@id": product}]))]));
            let mut gate = Gate::default();
            gate.vex(parse(&document).unwrap());
            gate.decide(&report, now()).findings.len()
        };
        assert_eq!(counts("pkg:pypi/a-b"), 0, "{installed}");
        assert_eq!(counts("pkg:pypi/ab"), 1, "{installed}");
        // What is broken names nothing, not even what it begins with.
        assert_eq!(counts("pkg:pypi/a-b?x=%zz"), 1, "{installed}");
    }
}

#[test]
fn openvex_products_are_packages_images_or_packages_in_images() {
    let all = ["CVE-2026-1", "CVE-2026-2", "CVE-2026-3"];
    let (two, three) = (&all[1..], &all[..]);
    let image = |id: String, within: &str| {
        json!([{
            "@id": id, "subcomponents": [{"@id": within, "identifiers": {"purl": within}}]
        }])
    };
    let spam = "pkg:deb/debian/spam@1.0-2";
    let by_digest = format!(
        "pkg:oci/api@{}?repository_url=registry.example.org/payments/api",
        MANIFEST.replace(':', "%3A")
    );
    let other = format!("pkg:oci/api@sha256%3A{}", "3".repeat(64));
    for (products, expected) in [
        (json!([{"@id": "pkg:deb/debian/spam"}]), two),
        (json!([{"@id": spam}]), two),
        (
            json!([{"@id": "https://example.org/product", "identifiers": {"purl": spam}}]),
            two,
        ),
        (json!([{"@id": "pkg:deb/debian/spam@1.0-1"}]), three),
        (json!([{"@id": "pkg:deb/ubuntu/spam"}]), three),
        (
            json!([{"@id": "pkg:deb/debian/spam@1.0-2?arch=source"}]),
            two,
        ),
        (image(by_digest.clone(), spam), two),
        (json!([{"@id": by_digest}]), two),
        (image(other.clone(), spam), three),
        (json!([{"@id": other}]), three),
        (
            image(
                "pkg:oci/api?repository_url=registry.example.org/payments&tag=1.2".into(),
                spam,
            ),
            two,
        ),
        (
            image(
                "pkg:oci/api?repository_url=registry.example.org/orders&tag=1.2".into(),
                spam,
            ),
            three,
        ),
        (
            image(
                "pkg:oci/api?repository_url=registry.example.org/payments&tag=1.3".into(),
                spam,
            ),
            three,
        ),
        (
            image("registry.example.org/payments/api:1.2".into(), spam),
            two,
        ),
        (image("registry.example.org/payments/api".into(), spam), two),
        (image(IMAGE.into(), spam), two),
        (
            image(
                "registry.example.org/payments/api:1.2".into(),
                "pkg:deb/debian/eggs",
            ),
            three,
        ),
        // A component that cannot be compared does not stand for the whole image.
        (
            image(
                "registry.example.org/payments/api:1.2".into(),
                "cpe:2.3:a:x",
            ),
            three,
        ),
        // Components of a package that is installed, and of one that is not.
        (image("pkg:deb/debian/eggs".into(), spam), two),
        (image("pkg:deb/debian/absent".into(), spam), three),
    ] {
        let document = openvex(json!([statement("CVE-2026-1", products.clone())]));
        assert_eq!(left(&document), expected, "{products}");
    }
}

#[test]
fn a_source_package_speaks_for_its_binaries() {
    let products = json!([{"@id": "pkg:deb/debian/spam@1.0-2?arch=source"}]);
    assert_eq!(
        left(&openvex(json!([statement("CVE-2026-3", products)]))),
        ["CVE-2026-1", "CVE-2026-2"]
    );
}

#[test]
fn the_newest_statement_counts_and_of_the_same_moment_the_worst() {
    let with = |first: &str, second: (&str, &str)| {
        let products = json!(["pkg:deb/debian/spam"]);
        let mut one = statement("CVE-2026-1", products.clone());
        one["timestamp"] = json!(first);
        let mut two = statement("CVE-2026-1", products);
        (two["timestamp"], two["status"]) = (json!(second.0), json!(second.1));
        left(&openvex(json!([one, two]))).len()
    };
    assert_eq!(
        with("2026-11-02T00:00:00Z", ("2026-11-03T00:00:00Z", "affected")),
        3
    );
    assert_eq!(
        with("2026-11-04T00:00:00Z", ("2026-11-03T00:00:00Z", "affected")),
        2
    );
    assert_eq!(
        with(
            "2026-11-03T00:00:00Z",
            ("2026-11-03T00:00:00Z", "under_investigation")
        ),
        3
    );
}

#[test]
fn statements_that_do_not_say_enough_are_named_and_not_used() {
    let mut silent = statement("CVE-2026-1", json!(["pkg:deb/debian/spam"]));
    silent.as_object_mut().unwrap().remove("justification");
    let mut fixed = statement("CVE-2026-2", json!(["pkg:deb/debian/eggs"]));
    fixed["status"] = json!("fixed");
    let nowhere = statement(
        "CVE-2026-3",
        json!([{"@id": "https://example.org/product"}]),
    );
    let mut gate = gate("fail_on = { severity = 'high' }");
    gate.vex(parse(&openvex(json!([silent, fixed, nowhere]))).unwrap());
    let decided = gate.decide(&sample(), now());
    assert_eq!(decided.findings.len(), 3);
    let outcome = decided.outcome.unwrap();
    let said: Vec<_> = outcome
        .notices
        .iter()
        .filter(|it| it.kind == PolicyNoticeKind::VexNotUsed)
        .map(|it| &it.detail)
        .collect();
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(said[0].contains("CVE-2026-1: it is `not affected` and does not say why"));
    assert!(said[1].contains("CVE-2026-2: it is `fixed` without saying in which version"));
    assert!(said[2].contains("CVE-2026-3: it names no product"));
}

fn csaf() -> Value {
    json!({
        "document": {
            "category": "csaf_vex", "csaf_version": "2.0", "title": "VEX",
            "publisher": {"category": "vendor", "name": "Example", "namespace": "https://example.org"},
            "tracking": {
                "id": "1", "status": "final", "version": "1", "current_release_date": "2026-11-01T00:00:00Z",
                "initial_release_date": "2026-11-01T00:00:00Z", "revision_history": []
            }
        },
        "product_tree": {
            "branches": [{"category": "vendor", "name": "Debian", "branches": [
                {"category": "product_version", "name": "spam", "product": {
                    "product_id": "SPAM", "name": "spam",
                    "product_identification_helper": {"purl": "pkg:deb/debian/spam@1.0-2"}
                }},
                {"category": "product_name", "name": "Debian 12", "product": {
                    "product_id": "DEBIAN", "name": "Debian 12",
                    "product_identification_helper": {"cpe": "cpe:/o:debian:debian_linux:12"}
                }}
            ]}],
            "full_product_names": [
                {"product_id": "EGGS", "name": "eggs", "product_identification_helper": {"purl": "pkg:deb/debian/eggs@1.0-2"}},
                {"product_id": "OTHER", "name": "other", "product_identification_helper": {"purl": "pkg:oci/other@sha256%3A00"}}
            ],
            "relationships": [
                {"category": "default_component_of", "product_reference": "SPAM", "relates_to_product_reference": "DEBIAN",
                    "full_product_name": {"product_id": "DEBIAN:SPAM", "name": "spam of Debian 12"}},
                {"category": "default_component_of", "product_reference": "EGGS", "relates_to_product_reference": "OTHER",
                    "full_product_name": {"product_id": "OTHER:EGGS", "name": "eggs in another image"}},
                {"category": "default_component_of", "product_reference": "LOOP", "relates_to_product_reference": "LOOP",
                    "full_product_name": {"product_id": "LOOP", "name": "itself"}}
            ],
            "product_groups": [{"group_id": "G", "product_ids": ["DEBIAN:SPAM", "LOOP"]}]
        },
        "vulnerabilities": [
            {"cve": "CVE-2026-1", "product_status": {"known_not_affected": ["DEBIAN:SPAM", "LOOP"]},
                "flags": [{"label": "vulnerable_code_not_present", "group_ids": ["G"]}]},
            {"cve": "CVE-2026-2", "product_status": {"known_not_affected": ["OTHER:EGGS"], "fixed": ["EGGS"]},
                "threats": [{"category": "impact", "details": "The feature is off.", "product_ids": ["OTHER:EGGS"]}]},
        ]
    })
}

#[test]
fn csaf_products_are_found_through_branches_relationships_and_groups() {
    assert_eq!(left(&csaf()), ["CVE-2026-3"]);
    let mut open = csaf();
    open["vulnerabilities"][0]["product_status"] = json!({"known_affected": ["DEBIAN:SPAM"]});
    // What holds for eggs in another image says nothing of eggs here.
    open["vulnerabilities"][1]["product_status"] = json!({"known_not_affected": ["OTHER:EGGS"]});
    assert_eq!(left(&open).len(), 3);
}

#[test]
fn what_holds_in_one_release_says_nothing_of_another() {
    // Source packages without a version, as Red Hat names them.
    let with = |purl: &str, cpe: &str| {
        let mut document = csaf();
        let branches = &mut document["product_tree"]["branches"][0]["branches"];
        branches[0]["product"]["product_identification_helper"]["purl"] = json!(purl);
        branches[1]["product"]["product_identification_helper"] = json!({"cpe": cpe});
        document["vulnerabilities"].as_array_mut().unwrap().pop();
        document
    };
    let counts = |purl: &str, cpe: &str| {
        let mut report = sample();
        report.os =
            serde_json::from_value(json!({"family": "linux", "id": "debian", "version_id": "12"}))
                .unwrap();
        let mut gate = gate("fail_on = { severity = 'high' }");
        gate.vex(parse(&with(purl, cpe)).unwrap());
        gate.decide(&report, now())
    };
    let versionless = "pkg:deb/debian/spam?arch=source";
    for (purl, cpe, left) in [
        (versionless, "cpe:/o:debian:debian_linux:12", 2),
        (
            versionless,
            "cpe:2.3:o:debian:debian_linux:12:*:*:*:*:*:*:*",
            2,
        ),
        (versionless, "cpe:/o:debian:debian_linux:11", 3),
        (versionless, "cpe:/o:debian:debian_linux:1", 3),
        (versionless, "cpe:/o:redhat:enterprise_linux:12", 3),
        (versionless, "cpe:/a:example:appliance:3", 3),
        // A version is of one release mostly.
        ("pkg:deb/debian/spam@1.0-2", "cpe:/a:example:appliance:3", 2),
    ] {
        let decided = counts(purl, cpe);
        assert_eq!(decided.findings.len(), left, "{purl} {cpe}");
    }
    let notices = counts(versionless, "cpe:/a:example:appliance:3")
        .outcome
        .unwrap()
        .notices;
    assert!(
        notices
            .iter()
            .any(|it| it.detail.contains("a platform that is not known")),
        "{notices:?}"
    );
}

fn cyclonedx() -> Value {
    json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "metadata": {"timestamp": "2026-11-01T00:00:00Z"},
        "components": [
            {"type": "library", "bom-ref": "a", "name": "spam", "version": "1.0-2", "purl": "pkg:deb/debian/spam@1.0-2",
                "components": [{"type": "library", "bom-ref": "b", "name": "eggs", "purl": "pkg:deb/debian/eggs"}]}
        ],
        "vulnerabilities": [
            {"id": "CVE-2026-1", "analysis": {"state": "not_affected", "justification": "code_not_reachable", "detail": "never called"},
                "affects": [{"ref": "a"}]},
            {"id": "CVE-2026-2", "analysis": {"state": "false_positive"},
                "affects": [{"ref": "b", "versions": [{"version": "1.0-2", "status": "unaffected"}]}]},
            {"id": "CVE-2026-3", "analysis": {"state": "resolved"},
                "affects": [{"ref": "urn:cdx:f08a6ccd-4dce-4759-bd84-c626675d60a7/1#pkg%3Adeb%2Fdebian%2Flibspam1%401.0-2"}]},
            {"id": "CVE-2026-1", "affects": [{"ref": "a"}]}
        ]
    })
}

#[test]
fn cyclonedx_analyses_are_statements() {
    assert!(left(&cyclonedx()).is_empty());
    // In a document about an image, it is that image's packages that are spoken of.
    let mut of_image = cyclonedx();
    of_image["metadata"]["component"] = json!({
        "type": "container", "name": "registry.example.org/payments/api", "version": MANIFEST
    });
    assert!(left(&of_image).is_empty());
    of_image["metadata"]["component"] = json!({
        "type": "container", "name": "registry.example.org/orders/api", "version": "sha256:00"
    });
    assert_eq!(left(&of_image).len(), 3);
    let mut open = cyclonedx();
    for (at, state) in ["exploitable", "in_triage", "news"].into_iter().enumerate() {
        open["vulnerabilities"][at]["analysis"]["state"] = json!(state);
    }
    assert_eq!(left(&open).len(), 3);
    let mut other = cyclonedx();
    other["vulnerabilities"][1]["affects"][0]["versions"][0]["version"] = json!("1.0-1");
    assert_eq!(left(&other), ["CVE-2026-2"]);
}

#[test]
fn other_versions_and_forms_are_refused_by_name() {
    let mut later = openvex(json!([]));
    later["@context"] = json!("https://openvex.dev/ns/v1.0.0");
    let mut csaf = csaf();
    csaf["document"]["csaf_version"] = json!("2.1");
    let mut cyclonedx = cyclonedx();
    cyclonedx["specVersion"] = json!("2.0");
    for (document, expected) in [
        (later, "OpenVEX /v1.0.0 is not known, only 0.0.1 to 0.2.x"),
        (csaf, "CSAF 2.1 is not known, only 2.0"),
        (
            cyclonedx,
            "CycloneDX with vulnerabilities 2.0 is not known, only 1.4 to 1.7",
        ),
        (
            json!({"spdxVersion": "SPDX-2.3"}),
            "neither OpenVEX nor CSAF nor CycloneDX",
        ),
    ] {
        let error = parse(&document).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let broken = Document::parse(
        "x",
        b"{\"@context\":\"https://openvex.dev/ns/v0.2.0\",\n\"statements\": 5}",
    )
    .unwrap_err();
    assert!(broken.to_string().contains("line 2"), "{broken}");
}

#[test]
fn openvex_of_an_early_version_names_things_by_texts() {
    let early = json!({
        "@context": "https://openvex.dev/ns", "@id": "x", "author": "Ada", "timestamp": "2023-01-08T18:02:03Z",
        "version": "1", "statements": [{
            "vulnerability": "CVE-2026-1", "products": ["registry.example.org/payments/api"],
            "subcomponents": ["pkg:deb/debian/spam"], "status": "not_affected", "impact_statement": "never called"
        }]
    });
    assert_eq!(left(&early), ["CVE-2026-2", "CVE-2026-3"]);
}

#[test]
fn what_is_written_out_takes_the_same_findings_out_again() {
    let only_third = {
        let mut document = cyclonedx();
        document["vulnerabilities"]
            .as_array_mut()
            .unwrap()
            .drain(..2);
        document
    };
    let mut report = sample();
    let mut gate = gate_of_exceptions();
    gate.vex(parse(&only_third).unwrap());
    let decided = gate.decide(&report, now());
    (report.findings, report.suppressed) = (decided.findings, decided.suppressed);
    let written = write_openvex(&report, "urn:uuid:1", "Ada", now()).unwrap();
    let of = |id: &str| {
        let all = written["statements"].as_array().unwrap();
        all.iter()
            .find(|it| it["vulnerability"]["name"] == id)
            .unwrap()
            .clone()
    };
    assert_eq!(of("CVE-2026-1")["status"], "not_affected");
    assert_eq!(
        of("CVE-2026-1")["justification"],
        "vulnerable_code_not_in_execute_path"
    );
    // A risk that somebody accepts is still a risk.
    assert_eq!(of("CVE-2026-2")["status"], "affected");
    assert_eq!(
        of("CVE-2026-2")["action_statement"],
        "accepted until 2027-01-01: accepted by Ada"
    );
    assert_eq!(of("CVE-2026-3")["status"], "fixed");
    assert_eq!(
        of("CVE-2026-3")["products"][0]["@id"],
        format!(
            "pkg:oci/api@{}?repository_url=registry.example.org%2Fpayments%2Fapi",
            MANIFEST.replace(':', "%3A")
        )
    );
    assert_eq!(left(&written), ["CVE-2026-2"]);

    let nothing = read(&report_of(&[]));
    assert_eq!(
        write_openvex(&nothing, "x", "Ada", now()),
        Err(OpenVexError::NoStatement)
    );
}

fn gate_of_exceptions() -> Gate {
    gate(
        "[[exceptions]]\nvulnerability = 'CVE-2026-1'\nreason = 'never called'\nexpires = 2027-01-01\n\
         justification = 'vulnerable_code_not_in_execute_path'\n\
         [[exceptions]]\nvulnerability = 'CVE-2026-2'\nreason = 'accepted by Ada'\nexpires = 2027-01-01",
    )
}

#[test]
fn an_open_finding_is_stated_as_not_yet_judged() {
    let written = write_openvex(&sample(), "urn:uuid:1", "Ada", now()).unwrap();
    assert_eq!(written["statements"].as_array().unwrap().len(), 3);
    assert_eq!(written["statements"][0]["status"], "under_investigation");
    let status: VexStatus =
        serde_json::from_value(written["statements"][0]["status"].clone()).unwrap();
    assert_eq!(status, VexStatus::UnderInvestigation);
    assert_eq!(left(&written).len(), 3);
}

proptest! {
    #[test]
    fn cut_and_changed_documents_never_panic(which in 0usize..3, at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let products = json!([{"@id": "pkg:oci/api", "subcomponents": [{"@id": "pkg:deb/debian/spam"}]}]);
        let document = match which {
            0 => openvex(json!([statement("CVE-2026-1", products)])),
            1 => csaf(),
            _ => cyclonedx(),
        };
        let mut bytes = document.to_string().into_bytes();
        let at = at.index(bytes.len());
        prop_assert!(Document::parse("x", &bytes[..at]).is_err());
        bytes[at] = byte;
        if let Ok(document) = Document::parse("x", &bytes) {
            let mut gate = Gate::default();
            gate.vex(document);
            let decided = gate.decide(&sample(), now());
            prop_assert_eq!(decided.findings.len() + decided.suppressed.len(), 3);
        }
    }
}
