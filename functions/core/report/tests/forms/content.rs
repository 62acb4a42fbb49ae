//! What readers of each form rely on.

use report::Form;
use schemas::{Severity, inventory::CoverageStatus};
use serde_json::Value;

use super::fixture::{LACKS, empty, finding, full, gate_lacks, json, package, windows, written};

fn results(sarif: &Value) -> &Vec<Value> {
    sarif["runs"][0]["results"].as_array().unwrap()
}

#[test]
fn sarif_has_what_code_scanning_needs() {
    let sarif = json(&full(), Form::Sarif);
    let rules = sarif["runs"][0]["tool"]["driver"]["rules"]
        .as_array()
        .unwrap();
    for result in results(&sarif) {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let location = &result["locations"][0]["physicalLocation"];
        let uri = location["artifactLocation"]["uri"].as_str().unwrap();
        assert!(!uri.starts_with('/') && !uri.contains(':'), "{uri}");
        assert_eq!(location["region"]["startLine"], 1);
    }
    let of = |id: &str| rules.iter().find(|rule| rule["id"] == id).unwrap();
    // The vendor's word decides, not the score that another gave.
    let critical = &of("CVE-2026-1001")["properties"];
    assert_eq!(critical["security-severity"], "9.5");
    assert!(
        critical["tags"]
            .as_array()
            .unwrap()
            .contains(&"known-exploited".into())
    );
    assert_eq!(
        of("CVE-2026-1003")["properties"]["security-severity"],
        "5.5"
    );
    assert!(
        of("GHSA-aaaa-bbbb-cccc")["properties"]
            .get("security-severity")
            .is_none()
    );
    assert!(
        of("CVE-2026-1001")["help"]["markdown"]
            .as_str()
            .unwrap()
            .contains("fixed in 9.9")
    );
    // A lock file is where the alert is shown.
    let locked = results(&sarif)
        .iter()
        .find(|r| r["ruleId"] == "GHSA-aaaa-bbbb-cccc")
        .unwrap();
    assert_eq!(
        locked["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
        "app/package-lock.json"
    );
    assert_eq!(locked["level"], "warning");
    let violating = &results(&sarif)[0]["properties"]["violates"];
    assert_eq!(violating, &serde_json::json!(["ci/kev"]));
}

#[test]
fn a_fingerprint_outlives_an_update_that_does_not_fix() {
    let prints = |version: &str| {
        let mut report = empty();
        let package = package("openssl", version);
        report.findings = vec![
            finding("CVE-2026-1", &package, Severity::High),
            finding("CVE-2026-2", &package, Severity::High),
            finding("CVE-2026-1", &package, Severity::High),
        ];
        let sarif = json(&report, Form::Sarif);
        results(&sarif)
            .iter()
            .map(|r| {
                r["partialFingerprints"]["primaryLocationLineHash"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect::<Vec<_>>()
    };
    let before = prints("1.0");
    assert_eq!(before, prints("1.1"));
    let mut distinct = before.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), 3, "{before:?}");
}

#[test]
fn what_does_not_count_is_said_in_each_forms_own_way() {
    let report = full();
    let sarif = json(&report, Form::Sarif);
    let suppressed: Vec<_> = results(&sarif)
        .iter()
        .filter(|result| result.get("suppressions").is_some())
        .collect();
    assert_eq!(suppressed.len(), 2);
    let why = suppressed[0]["suppressions"][0]["justification"]
        .as_str()
        .unwrap();
    assert!(
        why.contains("only used in the build") && why.contains("2027-01-01"),
        "{why}"
    );

    let bom = json(&report, Form::CycloneDx);
    let of = |id: &str| {
        let all = bom["vulnerabilities"].as_array().unwrap();
        all.iter().find(|v| v["id"] == id).unwrap().clone()
    };
    let vex = of("CVE-2026-1005");
    assert_eq!(vex["analysis"]["state"], "not_affected");
    assert_eq!(vex["analysis"]["justification"], "code_not_reachable");
    assert!(of("CVE-2026-1004")["analysis"].get("state").is_none());
    assert_eq!(
        of("CVE-2026-1003")["analysis"]["response"][0],
        "will_not_fix"
    );

    let junit = written(&report, Form::Junit);
    assert!(junit.contains("skipped=\"1\""), "{junit}");
    assert!(junit.contains("<skipped type=\"suppressed\""), "{junit}");
}

#[test]
fn no_form_looks_clean_when_something_was_not_read() {
    for status in [CoverageStatus::Partial, CoverageStatus::Unsupported] {
        let mut report = empty();
        report.coverage = full().coverage;
        report.coverage.status = status;
        let sarif = json(&report, Form::Sarif);
        let run = &sarif["runs"][0];
        let told = run["invocations"][0]["toolExecutionNotifications"]
            .as_array()
            .unwrap();
        assert_eq!(told.len(), 2);
        assert_eq!(results(&sarif)[0]["ruleId"], "not-fully-scanned");
        let unread = status == CoverageStatus::Unsupported;
        assert_eq!(run["invocations"][0]["executionSuccessful"], !unread);
        for form in Form::ALL {
            let text = written(&report, form);
            assert!(text.contains("the archive ends early"), "{form:?}");
        }
        let junit = written(&report, Form::Junit);
        assert!(junit.contains("errors=\"1\"") && junit.contains("<error type=\"coverage\""));
        let bom = json(&report, Form::CycloneDx);
        let aggregate = if unread { "unknown" } else { "incomplete" };
        assert_eq!(bom["compositions"][0]["aggregate"], aggregate);
    }
    // And what cannot be judged is not hidden either.
    for form in [Form::Sarif, Form::CycloneDx, Form::Junit, Form::Html] {
        assert!(written(&full(), form).contains("CVE-2026-2000"), "{form:?}");
    }
}

/// A scan without a gap, and a gate that nothing violates: what it lacks is the only thing that tells it from a pass.
#[test]
fn what_a_gate_lacks_is_told_where_readers_look() {
    let mut report = gate_lacks();
    let sarif = json(&report, Form::Sarif);
    let told = sarif["runs"][0]["invocations"][0]["toolExecutionNotifications"]
        .as_array()
        .unwrap();
    let lacking = told
        .iter()
        .find(|told| told["descriptor"]["id"] == "policy/lacking")
        .unwrap();
    assert_eq!(lacking["level"], "error");
    assert_eq!(lacking["message"]["text"], LACKS);
    let result = &results(&sarif)[0];
    assert_eq!(result["ruleId"], "not-fully-scanned");
    assert_eq!(result["ruleIndex"], 0);
    assert!(result["message"]["text"].as_str().unwrap().contains(LACKS));

    let escaped = LACKS.replace('<', "&lt;").replace('>', "&gt;");
    let junit = written(&report, Form::Junit);
    assert!(junit.contains("failures=\"0\" errors=\"1\""), "{junit}");
    assert!(junit.contains("<error type=\"policy\""), "{junit}");
    assert!(junit.contains(&escaped), "{junit}");

    let html = written(&report, Form::Html);
    assert!(html.contains("Gate: not passed") && html.contains(&format!("<li>{escaped}</li>")));
    assert!(!html.contains("<p>Nothing was found.</p>"));

    // Beside gaps it is told as well.
    report.coverage = full().coverage;
    let junit = written(&report, Form::Junit);
    assert!(
        junit.contains("errors=\"1\"") && junit.contains("<error type=\"coverage\""),
        "{junit}"
    );
    assert!(junit.contains(&escaped) && junit.contains("the archive ends early"));
}

#[test]
fn packages_that_were_not_judged_by_themselves_are_counted() {
    let mut report = gate_lacks();
    report.policy = None;
    let (development, owned) = (
        "2 packages for development only left out",
        "1 package of languages judged by the distribution",
    );
    let html = written(&report, Form::Html);
    assert!(html.contains(development) && html.contains(owned), "{html}");
    let sarif = json(&report, Form::Sarif);
    let told = &sarif["runs"][0]["invocations"][0]["toolExecutionNotifications"];
    for (at, expected) in [development, owned].into_iter().enumerate() {
        assert_eq!(told[at]["level"], "note");
        let text = told[at]["message"]["text"].as_str().unwrap();
        assert!(text.starts_with(expected), "{text}");
    }
    // It is no reason to fail.
    assert!(results(&sarif).is_empty());
    let junit = written(&report, Form::Junit);
    assert!(junit.contains("errors=\"0\""), "{junit}");
    for property in [
        "name=\"bulkhead.development_left_out\" value=\"2\"",
        "name=\"bulkhead.owned_by_distribution\" value=\"1\"",
    ] {
        assert!(junit.contains(property), "{junit}");
    }
}

#[test]
fn tests_fail_by_the_policy_where_there_is_one() {
    let mut report = full();
    let with = written(&report, Form::Junit);
    assert!(with.contains("failures=\"2\" errors=\"1\""), "{with}");
    assert!(with.contains("Violates kev of ci"), "{with}");
    report.policy = None;
    let without = written(&report, Form::Junit);
    assert!(without.contains("failures=\"4\""), "{without}");
    let clean = written(&empty(), Form::Junit);
    assert!(
        clean.contains("tests=\"1\" failures=\"0\" errors=\"0\""),
        "{clean}"
    );
}

#[test]
fn an_sbom_says_what_a_scan_needs_to_judge_again() {
    let bom = json(&full(), Form::CycloneDx);
    let components = bom["components"].as_array().unwrap();
    assert_eq!(components[0]["type"], "operating-system");
    assert_eq!(components[0]["version"], "12");
    assert_eq!(
        components[1]["purl"],
        "pkg:deb/debian/libssl3@3.0.11-1?arch=amd64&distro=debian-12&upstream=openssl%403.0.11-1~a"
    );
    assert_eq!(components[3]["scope"], "excluded");
    // Every reference leads somewhere, and no two components share one.
    let mut known: Vec<&str> = components
        .iter()
        .map(|c| c["bom-ref"].as_str().unwrap())
        .collect();
    known.sort_unstable();
    let before = known.len();
    known.dedup();
    assert_eq!(known.len(), before);
    for vulnerability in bom["vulnerabilities"].as_array().unwrap() {
        for affected in vulnerability["affects"].as_array().unwrap() {
            assert!(
                known.contains(&affected["ref"].as_str().unwrap()),
                "{affected}"
            );
        }
    }
    let spdx = json(&full(), Form::Spdx);
    assert_eq!(spdx["relationships"][0]["relationshipType"], "DESCRIBES");
    assert_eq!(spdx["packages"][0]["checksums"][0]["algorithm"], "SHA256");
    assert_eq!(spdx["packages"].as_array().unwrap().len(), 7);
}

#[test]
fn windows_itself_is_the_operating_system() {
    let bom = json(&windows(), Form::CycloneDx);
    let vulnerability = &bom["vulnerabilities"][0];
    assert_eq!(vulnerability["affects"][0]["ref"], "operating-system");
    assert_eq!(
        vulnerability["recommendation"],
        "Install KB5048654 or a later update (10.0.20348.2966)."
    );
    let sarif = json(&windows(), Form::Sarif);
    let location = &results(&sarif)[0]["locations"][0]["physicalLocation"];
    assert_eq!(
        location["artifactLocation"]["uri"],
        "windows/servercore%3Altsc2022"
    );
}
