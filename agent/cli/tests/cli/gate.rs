//! The gate: each exit code, policies, exceptions, VEX and what is new.

use serde_json::{Value, json};

use super::fixture::{Place, Ran};

/// Debian with five findings: two known to be exploited with a fix, two low with a fix, one not rated without.
fn prepared() -> Place {
    let place = Place::new();
    place.debian();
    place.compiled();
    place
}

fn scan(place: &Place, more: &[&str]) -> Ran {
    let mut arguments = vec!["scan", "dir:root", "--feeds", "compiled"];
    arguments.extend(more);
    place.run(&arguments)
}

fn rules(report: &Value) -> Vec<String> {
    let all = report["policy"]["violations"].as_array().unwrap();
    all.iter()
        .map(|violation| {
            format!(
                "{} {}",
                violation["rule"].as_str().unwrap(),
                violation["finding"]["package"].as_str().unwrap()
            )
        })
        .collect()
}

#[test]
fn rules_of_the_command_line_decide_between_0_and_1() {
    let place = prepared();
    scan(&place, &["--fail-on", "critical"])
        .exits(0)
        .says("Gate: passed (exit code 0)")
        .says("1 finding that nobody rated meets no severity");
    scan(&place, &["--fail-on", "high"])
        .exits(1)
        .says("Gate: VIOLATED, 1 rule by 2 findings")
        .says("rule severity of --fail-on: 2 findings: CVE-2026-1001 in libspam1 (severity high)");
    let report = scan(
        &place,
        &["--fail-on", "kev,epss>=0.9,unrated", "--format", "json"],
    )
    .exits(1)
    .json();
    assert_eq!(
        rules(&report),
        [
            "kev libspam1",
            "epss libspam1",
            "kev spam-tools",
            "epss spam-tools",
            "unrated eggs"
        ]
    );
    scan(&place, &["--fail-on", "epss_percentile>=0.95"])
        .exits(1)
        .says("EPSS percentile 0.99, at least 0.95");
    scan(&place, &["--fail-on", "unjudged"])
        .exits(1)
        .says("CVE-2026-1004 in eggs");
    scan(&place, &["--fail-on", "unrated", "--ignore-unfixed"])
        .exits(0)
        .says("1 finding suppressed by option --ignore-unfixed: there is no fix yet");
}

#[test]
fn what_is_wrong_with_a_gate_is_told_before_the_scan() {
    let place = prepared();
    scan(&place, &["--fail-on", "hihg"])
        .exits(2)
        .says("epss>=0.5");
    place.write(
        "policy.toml",
        "version = 1\n[fail_on]\nseveritty = \"high\"\n",
    );
    scan(&place, &["--policy", "policy.toml"])
        .exits(2)
        .says("use policy policy.toml")
        .says("line 3");
    place.write("policy.txt", "version = 1\n");
    scan(&place, &["--policy", "policy.txt"])
        .exits(2)
        .says("*.toml");
    place.write("empty.yaml", "version: 1\n");
    scan(&place, &["--policy", "empty.yaml"])
        .exits(2)
        .says("no policy has a rule");
    scan(&place, &["--policy", "nowhere.toml"])
        .exits(2)
        .says("read policy nowhere.toml");
    scan(&place, &["--new-since", "policy.toml", "--fail-on", "high"])
        .exits(2)
        .says("it is not a valid report");
    place.write(
        "vex.json",
        json!({"@context": "https://openvex.dev/ns/v9.0.0", "statements": []}).to_string(),
    );
    scan(&place, &["--vex", "vex.json"])
        .exits(2)
        .says("OpenVEX /v9.0.0 is not known");
    scan(&place, &["--vex-out", "no/such/vex.json"])
        .exits(2)
        .says("there is no folder");
}

#[test]
fn what_was_not_scanned_gives_4_unless_a_policy_allows_it_and_1_when_one_is_violated() {
    let place = prepared();
    // Without advisories nothing was judged: no rule is violated, and none is kept.
    let bare = |more: &[&str]| {
        let mut arguments = vec!["scan", "dir:root"];
        arguments.extend(more);
        place.run(&arguments)
    };
    bare(&["--fail-on", "high"])
        .exits(4)
        .says("Gate: NOT PASSED");
    let allowed = "version = 1\n[fail_on]\nseverity = \"high\"\n[[coverage.allow]]\ngap = \"no_advisories\"\nreason = \"a trial\"\n";
    place.write("allow.toml", allowed);
    bare(&["--policy", "allow.toml"])
        .exits(0)
        .says("allowed although not scanned")
        .says("a trial");
    // A record that cannot be read is a gap beside what was found.
    let status = place.path("root/var/lib/dpkg/status");
    let whole = std::fs::read_to_string(&status).unwrap();
    std::fs::write(
        &status,
        format!("{whole}\nPackage: cut\nStatus: install ok installed\n"),
    )
    .unwrap();
    scan(&place, &[]).exits(4);
    scan(&place, &["--fail-on", "critical"]).exits(4);
    scan(&place, &["--fail-on", "high"])
        .exits(1)
        .says("1 gap that no policy allows (corrupt)");
}

#[test]
fn exceptions_suppress_are_counted_and_end() {
    let place = prepared();
    let policy = |end: &str| {
        format!(
            "version: 1\nname: payments\nfail_on: {{severity: high}}\nexceptions:\n  - vulnerability: CVE-2026-1001\n    \
             package: libspam1\n    reason: never loaded\n    {end}\n  - vulnerability: CVE-2026-1001\n    package: spam-tools\n    \
             reason: removed in the next release\n    expires: 2999-01-01\n"
        )
    };
    place.write("policy.yaml", policy("expires: 2999-01-01"));
    let ran = scan(&place, &["--policy", "policy.yaml"])
        .exits(0)
        .says("suppressed by exception of payments: never loaded, until 2999-01-01")
        .says("Fully scanned: 3 findings, 1 row cannot be judged, 2 suppressed.");
    assert!(!ran.out().contains("libspam1    1.0-2+b1   1.0-2+deb12u1"));
    let report = scan(&place, &["--policy", "policy.yaml", "--format", "json"])
        .exits(0)
        .json();
    assert_eq!(report["summary"]["high"], 0);
    // What to do first is about what counts: the update still mends the other vulnerability.
    let remedies = report["remedies"].as_array().unwrap();
    assert_eq!(remedies.len(), 1);
    assert_eq!(remedies[0]["vulnerabilities"], 1);
    assert_eq!(remedies[0]["known_exploited"], 0);
    assert_eq!(
        report["suppressed"][0]["finding"]["vulnerability"],
        "CVE-2026-1001"
    );
    assert_eq!(report["suppressed"][0]["by"]["kind"], "exception");
    place.write("policy.yaml", policy("expires: 2026-01-01"));
    scan(&place, &["--policy", "policy.yaml"])
        .exits(1)
        .says("expired on 2026-01-01, 1 finding of it count again");
    place.write("policy.yaml", policy("until: fixable"));
    scan(&place, &["--policy", "policy.yaml"])
        .exits(1)
        .says("a fix is there");
}

#[test]
fn only_what_is_new_since_an_earlier_report_counts() {
    let place = prepared();
    scan(&place, &["--format", "json", "--output", "before.json"]).exits(0);
    let gated = ["--fail-on", "high", "--new-since", "before.json"];
    scan(&place, &gated).exits(0).says("counted: 0 findings");
    let mut before: Value =
        serde_json::from_slice(&std::fs::read(place.path("before.json")).unwrap()).unwrap();
    before["findings"]
        .as_array_mut()
        .unwrap()
        .retain(|finding| finding["package"] != "spam-tools");
    place.write("before.json", before.to_string());
    let mut arguments = gated.to_vec();
    arguments.extend(["--format", "json"]);
    let report = scan(&place, &arguments).exits(1).json();
    assert_eq!(rules(&report), ["severity spam-tools"]);
    assert_eq!(report["policy"]["known_before"], 3);
}

#[test]
fn vex_goes_in_and_comes_out() {
    let place = prepared();
    let report = scan(&place, &["--format", "json"]).exits(0).json();
    let purl = report["findings"][0]["purl"].as_str().unwrap();
    place.write(
        "vex.json",
        json!({
            "@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://example.org/1", "author": "Ada",
            "timestamp": "2026-11-01T00:00:00Z", "version": 1, "statements": [{
                "vulnerability": {"name": "CVE-2026-1001"}, "products": [{"@id": purl}], "status": "not_affected",
                "justification": "vulnerable_code_not_in_execute_path", "impact_statement": "never called"
            }]
        })
        .to_string(),
    );
    scan(&place, &["--vex", "vex.json", "--fail-on", "high", "--vex-out", "out.json", "--vex-author", "Build"])
        .exits(1)
        .says("1 finding suppressed by VEX of vex.json: not affected: vulnerable code not in execute path: never called");
    let written: Value =
        serde_json::from_slice(&std::fs::read(place.path("out.json")).unwrap()).unwrap();
    assert_eq!(written["author"], "Build");
    assert!(written["@id"].as_str().unwrap().starts_with("urn:uuid:"));
    // What was written out is taken in again, with the same effect.
    let again = scan(&place, &["--vex", "out.json", "--format", "json"])
        .exits(0)
        .json();
    assert_eq!(again["suppressed"].as_array().unwrap().len(), 1);
    assert_eq!(again["suppressed"][0]["finding"]["package"], "libspam1");
}

#[test]
fn a_clean_build_passes_although_vex_has_nothing_to_state() {
    let place = prepared();
    place.write(
        "root/var/lib/dpkg/status",
        "Package: quiet\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.0\n\n",
    );
    scan(&place, &["--fail-on", "low", "--vex-out", "out.json"])
        .exits(0)
        .says("out.json is not written: there is nothing to state");
    assert!(!place.path("out.json").exists());
}

#[test]
fn a_place_without_findings_passes_a_rule_about_exploits_when_its_feed_is_loaded() {
    let place = Place::new();
    place.debian();
    place.write(
        "root/var/lib/dpkg/status",
        "Package: quiet\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n",
    );
    place.compiled();
    place
        .run(&[
            "scan",
            "dir:root",
            "--feeds",
            "compiled",
            "--fail-on",
            "kev",
        ])
        .exits(0);
}
