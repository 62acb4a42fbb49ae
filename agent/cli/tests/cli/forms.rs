//! Reports in the forms that other tools read, and where they are written.

use std::fs;

use serde_json::Value;

use super::fixture::Place;

#[test]
fn several_forms_are_written_beside_the_table() {
    let place = Place::new();
    place.debian();
    place.compiled();
    let ran = place
        .run(&[
            "scan",
            "dir:root",
            "--feeds",
            "compiled",
            "--output",
            "sarif=out.sarif",
            "--output",
            "cyclonedx=bom.json",
            "--output",
            "spdx=spdx.json",
            "--output",
            "junit=tests.xml",
            "--output",
            "html=report.html",
            "--output",
            "json=report.json",
        ])
        .exits(0)
        .says("CVE-2026-1001");
    assert!(ran.out().contains("What to do first"), "the table is shown");
    let read = |name: &str| fs::read_to_string(place.path(name)).unwrap();
    let json = |name: &str| serde_json::from_str::<Value>(&read(name)).unwrap();
    let sarif = json("out.sarif");
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 5);
    assert_eq!(results[0]["ruleId"], "CVE-2026-1001");
    assert_eq!(
        results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
        "var/lib/dpkg/status"
    );
    assert_eq!(json("bom.json")["components"].as_array().unwrap().len(), 4);
    assert_eq!(json("spdx.json")["spdxVersion"], "SPDX-2.3");
    assert!(read("tests.xml").contains("<failure type=\"vulnerability\""));
    assert!(read("report.html").contains("CVE-2026-1001"));
    assert_eq!(json("report.json")["summary"]["total"], 5);
    assert!(
        json("report.json")["remedies"][0]["action"]
            .as_str()
            .unwrap()
            .contains("spam")
    );
}

#[test]
fn one_form_goes_to_standard_output_or_to_a_file_of_its_own() {
    let place = Place::new();
    place.debian();
    place.compiled();
    let scan = [
        "scan", "dir:root", "--feeds", "compiled", "--format", "sarif",
    ];
    assert_eq!(place.run(&scan).exits(0).json()["version"], "2.1.0");
    let mut to_file = scan.to_vec();
    to_file.extend(["--output", "only.sarif"]);
    assert_eq!(place.run(&to_file).exits(0).out(), "");
    assert!(place.path("only.sarif").is_file());
}

#[test]
fn two_reports_never_go_to_one_file() {
    let place = Place::new();
    place.debian();
    place
        .run(&[
            "scan", "dir:root", "--output", "json=a", "--output", "sarif=a",
        ])
        .exits(2)
        .says("two reports would go there");
    assert!(!place.path("a").exists());
    place
        .run(&["scan", "dir:root", "--output", "sarif=no/folder/a"])
        .exits(2)
        .says("there is no folder");
}

#[test]
fn what_was_not_scanned_is_no_clean_sarif() {
    let place = Place::new();
    place.compiled();
    fs::create_dir(place.path("empty")).unwrap();
    let sarif = place
        .run(&[
            "scan",
            "dir:empty",
            "--feeds",
            "compiled",
            "--format",
            "sarif",
        ])
        .exits(4)
        .json();
    let run = &sarif["runs"][0];
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
    assert_eq!(run["results"][0]["ruleId"], "not-fully-scanned");
}

/// Everything about the findings but when they were looked for.
fn judged(report: &Value) -> Value {
    let mut report = report.clone();
    for finding in report["findings"].as_array_mut().unwrap() {
        // SPDX has no field for where a package's record lies.
        finding["path"] = Value::Null;
    }
    serde_json::json!([
        report["findings"],
        report["cannot_judge"],
        report["summary"],
        report["coverage"]
    ])
}

#[test]
fn a_scan_of_our_own_sbom_finds_the_same() {
    let place = Place::new();
    place.debian();
    place.compiled();
    let scan = |source: &str| {
        place
            .run(&["scan", source, "--feeds", "compiled", "--format", "json"])
            .exits(0)
            .json()
    };
    place
        .run(&[
            "scan",
            "dir:root",
            "--feeds",
            "compiled",
            "--output",
            "cyclonedx=bom.json",
            "--output",
            "spdx=spdx.json",
        ])
        .exits(0);
    let direct = scan("dir:root");
    assert_eq!(scan("sbom:bom.json")["packages"], direct["packages"]);
    assert_eq!(scan("sbom:bom.json")["findings"], direct["findings"]);
    for sbom in ["sbom:bom.json", "sbom:spdx.json"] {
        assert_eq!(judged(&scan(sbom)), judged(&direct), "{sbom}");
    }
}

#[test]
fn an_sbom_that_cannot_be_judged_whole_is_not_clean() {
    let place = Place::new();
    place.compiled();
    place.write(
        "bom.json",
        r#"{"bomFormat": "CycloneDX", "specVersion": "1.7", "components": [
            {"type": "library", "name": "libspam1", "version": "1.0-2",
             "purl": "pkg:deb/debian/libspam1@1.0-2?distro=debian-12&upstream=spam"},
            {"type": "library", "name": "vendored", "version": "1"}]}"#,
    );
    let ran = place
        .run(&["scan", "sbom:bom.json", "--feeds", "compiled"])
        .exits(4)
        .says("later than the 1.6")
        .says("CVE-2026-1001")
        .says("have no purl");
    assert!(ran.out().contains("Not fully scanned"));
    place.write(
        "later.json",
        r#"{"bomFormat": "CycloneDX", "specVersion": "2.0"}"#,
    );
    place
        .run(&["scan", "sbom:later.json", "--feeds", "compiled"])
        .exits(2)
        .says("reads up to CycloneDX 1.6");
}
