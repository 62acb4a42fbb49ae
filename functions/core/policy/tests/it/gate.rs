//! Rules, grace, exceptions, coverage and authority.

use policy::{Authority, Gate, Known, parse_fail_on};
use proptest::prelude::*;
use schemas::policy::{PolicyNoticeKind, PolicyOutcome, PolicyVerdict, SuppressionKind};
use serde_json::{Value, json};

use crate::support::{finding, gate, ids, now, policy, read, report};

fn outcome(gate: &Gate, value: &Value) -> PolicyOutcome {
    gate.decide(&read(value), now()).outcome.unwrap()
}

/// Names of the rules that one finding violates.
fn violated(text: &str, changes: Value) -> Vec<String> {
    let report = report(&[finding("CVE-2026-1", "spam", changes)]);
    let outcome = outcome(&gate(text), &report);
    outcome.violations.into_iter().map(|it| it.rule).collect()
}

#[test]
fn each_threshold_counts_from_where_it_says() {
    let none: &[&str] = &[];
    for (text, changes, expected) in [
        (
            "fail_on = { severity = 'high' }",
            json!({}),
            &["severity"][..],
        ),
        (
            "fail_on = { severity = 'high' }",
            json!({"severity": "critical"}),
            &["severity"],
        ),
        ("fail_on = { severity = 'critical' }", json!({}), none),
        // Not rated is not low, and counts only where it is asked for.
        (
            "fail_on = { severity = 'low' }",
            json!({"severity": "unknown"}),
            none,
        ),
        (
            "fail_on = { severity = 'unknown' }",
            json!({"severity": "unknown"}),
            &["severity"],
        ),
        (
            "fail_on = { unrated = true }",
            json!({"severity": "unknown"}),
            &["unrated"],
        ),
        ("fail_on = { unrated = true }", json!({}), none),
        ("fail_on = { score = 50 }", json!({}), &["score"]),
        ("fail_on = { score = 50.1 }", json!({}), none),
        ("fail_on = { cvss = 7.5 }", json!({}), &["cvss"]),
        ("fail_on = { cvss = 7.6 }", json!({}), none),
        ("fail_on = { cvss = 1 }", json!({"ratings": []}), none),
        ("fail_on = { kev = true }", json!({}), none),
        ("fail_on = { kev = true }", json!({"kev": true}), &["kev"]),
        ("fail_on = { epss = 0.02 }", json!({}), &["epss"]),
        ("fail_on = { epss = 0.03 }", json!({}), none),
        (
            "fail_on = { epss_percentile = 0.4 }",
            json!({}),
            &["epss_percentile"],
        ),
        ("fail_on = { epss_percentile = 0.5 }", json!({}), none),
        (
            "only_fixable = true\nfail_on = { severity = 'high' }",
            json!({"fixed_version": null}),
            none,
        ),
        (
            "only_fixable = true\nfail_on = { severity = 'high' }",
            json!({}),
            &["severity"],
        ),
        (
            "only_fixable = true\nfail_on = { severity = 'high' }",
            json!({"fixed_version": null, "kb": "KB1"}),
            &["severity"],
        ),
        (
            "base_image = 'ignore'\nfail_on = { severity = 'high' }",
            json!({"in_base_image": true}),
            none,
        ),
        (
            "base_image = 'ignore'\nfail_on = { severity = 'high' }",
            json!({"in_base_image": false}),
            &["severity"],
        ),
        (
            "base_image = 'ignore'\nfail_on = { severity = 'high' }",
            json!({}),
            &["severity"],
        ),
        // All conditions of a rule must be met.
        (
            "[[rules]]\nname = 'both'\nwhen = { severity = 'high', epss = 0.01 }",
            json!({}),
            &["both"],
        ),
        (
            "[[rules]]\nname = 'both'\nwhen = { severity = 'high', epss = 0.5 }",
            json!({}),
            none,
        ),
        (
            "only_fixable = true\n[[rules]]\nname = 'any'\nonly_fixable = false\nwhen = { severity = 'high' }",
            json!({"fixed_version": null}),
            &["any"],
        ),
    ] {
        assert_eq!(
            violated(text, changes.clone()),
            expected,
            "{text} on {changes}"
        );
    }
}

#[test]
fn grace_is_given_from_the_day_of_the_fix_and_only_where_that_is_known() {
    let text = "fail_on = { severity = 'medium' }\ngrace_days = { high = 30 }";
    let none: &[&str] = &[];
    for (changes, expected) in [
        (json!({"fixed_at": "2026-11-01T00:00:00Z"}), none),
        (json!({"fixed_at": "2026-10-26T12:00:01Z"}), none),
        (
            json!({"fixed_at": "2026-10-26T12:00:00Z"}),
            &["severity"][..],
        ),
        (
            json!({"fixed_at": "2026-11-01T00:00:00Z", "severity": "medium"}),
            &["severity"],
        ),
        (
            json!({"fixed_at": "2026-11-01T00:00:00Z", "kev": true}),
            &["severity"],
        ),
        (json!({}), &["severity"]),
        (json!({"fixed_version": null}), &["severity"]),
    ] {
        assert_eq!(violated(text, changes.clone()), expected, "{changes}");
    }
    let report = report(&[finding(
        "CVE-2026-1",
        "spam",
        json!({"fixed_at": "2026-10-01T00:00:00Z"}),
    )]);
    let reason = &outcome(&gate(text), &report).violations[0].reason;
    assert_eq!(
        reason,
        "severity high, medium or worse; fixed on 2026-10-01, and 30 days of grace ended on 2026-10-31"
    );
}

#[test]
fn an_exception_suppresses_what_all_its_patterns_fit() {
    for (exception, suppresses) in [
        ("vulnerability = 'CVE-2026-1'", true),
        ("vulnerability = 'CVE-2026-*'", true),
        ("vulnerability = 'CVE-2026-2'", false),
        ("package = 'lib*'", true),
        ("package = 'spam'", true),
        ("package = 'eggs'", false),
        ("package = 'pkg:deb/debian/libspam1'", true),
        ("package = 'pkg:deb/debian/libspam1@1.0-2'", true),
        ("package = 'pkg:deb/debian/libspam1@1.0-1'", false),
        ("package = 'pkg:deb/**'", true),
        ("image = 'registry.example.org/payments/*'", true),
        (
            "image = 'registry.example.org/payments/api@sha256:2222*'",
            true,
        ),
        ("image = 'sha256:1111*'", true),
        ("image = 'registry.example.org/orders/*'", false),
        ("path = 'var/lib/**'", true),
        ("path = 'usr/**'", false),
        ("vulnerability = 'CVE-2026-1'\npackage = 'eggs'", false),
        (
            "vulnerability = 'CVE-2026-1'\npath = 'var/**'\nimage = '**/api:*'",
            true,
        ),
    ] {
        let text = format!(
            "fail_on = {{ severity = 'high' }}\n[[exceptions]]\n{exception}\nreason = 'port closed'\nexpires = 2027-06-01"
        );
        let mut libspam = finding("CVE-2026-1", "libspam1", json!({}));
        libspam["evidence"]["matched_name"] = json!("spam");
        let decided = gate(&text).decide(&read(&report(&[libspam])), now());
        assert_eq!(
            decided.suppressed.len(),
            usize::from(suppresses),
            "{exception}"
        );
        assert_eq!(
            decided.findings.len(),
            usize::from(!suppresses),
            "{exception}"
        );
        let verdict = decided.outcome.unwrap().verdict;
        let expected = if suppresses {
            PolicyVerdict::Pass
        } else {
            PolicyVerdict::Violated
        };
        assert_eq!(verdict, expected, "{exception}");
        if let Some(one) = decided.suppressed.first() {
            assert_eq!(one.by.kind, SuppressionKind::Exception);
            assert_eq!(one.by.reason, "port closed");
            assert_eq!(
                one.by.expires_at.unwrap().to_string(),
                "2027-06-02T00:00:00.000Z"
            );
        }
    }
}

#[test]
fn exceptions_end_and_say_so() {
    let with = |end: &str, changes: Value| {
        let text = format!(
            "fail_on = {{ severity = 'high' }}\n[[exceptions]]\nvulnerability = 'CVE-2026-1'\nreason = 'x'\n{end}"
        );
        let outcome = outcome(
            &gate(&text),
            &report(&[finding("CVE-2026-1", "spam", changes)]),
        );
        let kinds: Vec<_> = outcome.notices.iter().map(|notice| notice.kind).collect();
        (outcome.verdict, kinds)
    };
    use PolicyNoticeKind::{
        ExceptionExpired, ExceptionExpiring, ExceptionFixable, ExceptionUnused,
    };
    use PolicyVerdict::{Pass, Violated};
    assert_eq!(with("expires = 2027-11-25", json!({})), (Pass, vec![]));
    // It holds on its last day.
    assert_eq!(
        with("expires = '2026-11-25'", json!({})),
        (Pass, vec![ExceptionExpiring])
    );
    assert_eq!(
        with("expires = 2026-11-24", json!({})),
        (Violated, vec![ExceptionExpired])
    );
    assert_eq!(
        with("until = 'fixable'", json!({})),
        (Violated, vec![ExceptionFixable])
    );
    assert_eq!(
        with("until = 'fixable'", json!({"fixed_version": null})),
        (Pass, vec![])
    );
    assert_eq!(
        with(
            "until = 'fixable'\nexpires = 2026-11-01",
            json!({"fixed_version": null})
        ),
        (Violated, vec![ExceptionExpired])
    );
    assert_eq!(
        with("until = 'fixable'\npackage = 'eggs'", json!({})),
        (Violated, vec![ExceptionUnused])
    );
    // One for another image is no waste.
    assert_eq!(
        with("until = 'fixable'\nimage = 'other/*'", json!({})),
        (Violated, vec![])
    );
}

#[test]
fn what_was_not_scanned_does_not_pass_unless_it_is_allowed() {
    let mut value = report(&[]);
    value["coverage"] = json!({"status": "partial", "gaps": [
        {"reason": "foreign_layer", "detail": "the base layer is not in the registry"},
        {"reason": "permission_denied", "detail": "root/.npm cannot be read", "path": "root/.npm"}
    ]});
    let allow = |gap: &str, rest: &str| {
        format!("[[coverage.allow]]\ngap = '{gap}'\nreason = 'known'\n{rest}\n")
    };
    let verdict = |text: &str| {
        outcome(
            &gate(&format!("fail_on = {{ kev = true }}\n{text}")),
            &value,
        )
        .verdict
    };
    let foreign = allow("foreign_layer", "");
    let denied = allow("permission_denied", "path = 'root/**'");
    assert_eq!(verdict(""), PolicyVerdict::NotFullyScanned);
    assert_eq!(verdict(&foreign), PolicyVerdict::NotFullyScanned);
    assert_eq!(verdict(&format!("{foreign}{denied}")), PolicyVerdict::Pass);
    let elsewhere = allow("permission_denied", "path = 'home/**'");
    assert_eq!(
        verdict(&format!("{foreign}{elsewhere}")),
        PolicyVerdict::NotFullyScanned
    );
    let over = allow("permission_denied", "expires = 2026-11-24");
    assert_eq!(
        verdict(&format!("{foreign}{over}")),
        PolicyVerdict::NotFullyScanned
    );
    // A status without any gap says that it is not known what is missing: no allowance reaches that.
    let mut silent = value.clone();
    silent["coverage"]["gaps"] = json!([]);
    let silent = outcome(&gate(&foreign), &silent);
    assert_eq!(silent.verdict, PolicyVerdict::NotFullyScanned);
    // What was found is reason enough, whatever else was not read.
    value["findings"] = json!([finding("CVE-2026-1", "spam", json!({"kev": true}))]);
    let both = outcome(&gate("fail_on = { kev = true }"), &value);
    assert_eq!(both.verdict, PolicyVerdict::Violated);
    assert!(
        both.lacking[0].contains("2 gaps that no policy allows (foreign_layer, permission_denied)")
    );
}

#[test]
fn a_rule_that_could_never_be_met_is_no_reason_to_pass() {
    let mut value = report(&[]);
    value["feeds"] = json!([]);
    for (text, feed) in [
        ("fail_on = { kev = true }", "cisa-kev"),
        ("fail_on = { epss = 0.5 }", "epss"),
        ("fail_on = { unjudged = 'known_exploited' }", "cisa-kev"),
        // Grace ends where a vulnerability is exploited, which only that feed tells.
        (
            "fail_on = { severity = 'high' }\ngrace_days = { high = 30 }",
            "cisa-kev",
        ),
    ] {
        let outcome = outcome(&gate(text), &value);
        assert_eq!(outcome.verdict, PolicyVerdict::NotFullyScanned, "{text}");
        assert!(outcome.lacking[0].contains(feed), "{:?}", outcome.lacking);
    }
    let severity = outcome(&gate("fail_on = { severity = 'low' }"), &value);
    assert_eq!(severity.verdict, PolicyVerdict::Pass);
    let value = report(&[finding(
        "CVE-2026-1",
        "spam",
        json!({"epss_percentile": null}),
    )]);
    let percentile = outcome(&gate("fail_on = { epss_percentile = 0.99 }"), &value);
    assert_eq!(percentile.verdict, PolicyVerdict::NotFullyScanned);
}

#[test]
fn rows_that_cannot_be_judged_count_where_a_policy_says_so() {
    let mut value = report(&[]);
    let row = |id: &str, kev: bool| {
        json!({
            "vulnerability": id, "package": "Windows Server 2019", "installed_version": "10.0.17763", "severity": "high",
            "kev": kev, "reason": "no_fixed_build", "detail": "no build", "source": {"feed": "msrc", "document": "d"}
        })
    };
    value["cannot_judge"] = json!([row("CVE-2026-1", true), row("CVE-2026-2", false)]);
    let rows = |text: &str| {
        let outcome = outcome(&gate(text), &value);
        let ids = outcome
            .violations
            .iter()
            .map(|it| it.finding.as_ref().unwrap().vulnerability.to_string());
        ids.collect::<Vec<_>>()
    };
    assert!(rows("fail_on = { severity = 'low' }").is_empty());
    assert_eq!(
        rows("fail_on = { unjudged = 'known_exploited' }"),
        ["CVE-2026-1"]
    );
    assert_eq!(
        rows("fail_on = { unjudged = 'any' }"),
        ["CVE-2026-1", "CVE-2026-2"]
    );
    let excepted = "fail_on = { unjudged = 'any' }\n[[exceptions]]\nvulnerability = 'CVE-2026-2'\nreason = 'x'\nuntil = 'fixable'";
    assert_eq!(rows(excepted), ["CVE-2026-1"]);
}

#[test]
fn only_what_an_earlier_report_does_not_have_counts() {
    // One erratum mends many vulnerabilities, of which one was known.
    let of_erratum = |id: &str| {
        let mut finding = finding(id, "ham", json!({}));
        finding["evidence"]["advisory"] = json!("RHSA-2026:1");
        finding
    };
    let old = report(&[
        of_erratum("CVE-2026-4"),
        finding(
            "CVE-2026-1",
            "spam",
            json!({"installed_version": "0.9", "severity": "low"}),
        ),
        finding("GHSA-x", "eggs", json!({})),
    ]);
    let mut renamed = finding("CVE-2026-3", "eggs", json!({}));
    renamed["evidence"]["advisory"] = json!("GHSA-x");
    let new = report(&[
        finding("CVE-2026-1", "spam", json!({})),
        renamed,
        finding(
            "CVE-2026-1",
            "spam",
            json!({"path": "opt/var/lib/dpkg/status"}),
        ),
        finding("CVE-2026-2", "spam", json!({})),
        of_erratum("CVE-2026-4"),
        of_erratum("CVE-2026-5"),
    ]);
    let mut gate = gate("fail_on = { severity = 'high' }");
    gate.new_since(Known::parse(old.to_string().as_bytes()).unwrap());
    let decided = gate.decide(&read(&new), now());
    assert_eq!(
        decided.findings.len(),
        6,
        "what is known stays in the report"
    );
    let outcome = decided.outcome.unwrap();
    assert_eq!((outcome.considered, outcome.known_before), (3, 3));
    let violations: Vec<_> = outcome
        .violations
        .iter()
        .map(|it| {
            let finding = it.finding.as_ref().unwrap();
            (
                finding.vulnerability.as_str(),
                finding.path.as_deref().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        violations,
        [
            ("CVE-2026-1", "opt/var/lib/dpkg/status"),
            ("CVE-2026-2", "var/lib/dpkg/status"),
            ("CVE-2026-5", "var/lib/dpkg/status")
        ]
    );
    let later = json!({"version": 2, "scanned_at": "2026-11-25T12:00:00Z", "findings": []});
    assert!(
        Known::parse(later.to_string().as_bytes())
            .unwrap_err()
            .to_string()
            .contains("version 2 is not known")
    );
    assert!(Known::parse(b"[]").is_err());
}

#[test]
fn what_a_server_asks_for_is_not_weakened_beside_a_scan() {
    let value = report(&[
        finding("CVE-2026-1", "spam", json!({})),
        finding("CVE-2026-2", "eggs", json!({})),
    ]);
    let local = "fail_on = { severity = 'high' }\n[[exceptions]]\nvulnerability = 'CVE-2026-1'\nreason = 'mine'\nuntil = 'fixable'\nexpires = 2027-01-01"
        .replace("until = 'fixable'\n", "");
    let server = "name = 'central'\nfail_on = { severity = 'high' }\n[[exceptions]]\nvulnerability = 'CVE-2026-2'\nreason = 'approved'\nexpires = 2027-01-01";
    let mut gate = gate(&local);
    gate.policy(Authority::Server, policy(server));
    let decided = gate.decide(&read(&value), now());
    let violations: Vec<_> = decided
        .outcome
        .as_ref()
        .unwrap()
        .violations
        .iter()
        .map(|it| {
            (
                it.policy.as_str(),
                it.finding.as_ref().unwrap().vulnerability.as_str(),
            )
        })
        .collect();
    // The local exception does not count for the server; the server's counts for both.
    assert_eq!(violations, [("central", "CVE-2026-1")]);
    assert_eq!(ids(&decided.findings), ["CVE-2026-1"]);
    assert_eq!(decided.suppressed[0].by.reason, "approved");

    // Options count for the server only as far as it accepts them.
    let unfixed = report(&[finding(
        "CVE-2026-1",
        "spam",
        json!({"fixed_version": null}),
    )]);
    for (accept, verdict) in [
        ("", PolicyVerdict::Violated),
        ("accept = ['ignore_unfixed']\n", PolicyVerdict::Pass),
    ] {
        let mut gate = Gate::default();
        gate.policy(
            Authority::Server,
            policy(&format!("{accept}fail_on = {{ severity = 'high' }}")),
        );
        gate.ignore_unfixed();
        assert_eq!(outcome(&gate, &unfixed).verdict, verdict, "{accept}");
    }
}

#[test]
fn without_a_policy_there_is_no_verdict_and_options_count_all_the_same() {
    let value = report(&[
        finding("CVE-2026-1", "spam", json!({"fixed_version": null})),
        finding("CVE-2026-2", "spam", json!({})),
    ]);
    let mut gate = Gate::default();
    gate.ignore_unfixed();
    let decided = gate.decide(&read(&value), now());
    assert_eq!(decided.outcome, None);
    assert_eq!(ids(&decided.findings), ["CVE-2026-2"]);
    assert_eq!(decided.suppressed[0].by.kind, SuppressionKind::Unfixed);
}

#[test]
fn many_exceptions_and_findings_are_quick_to_judge() {
    let findings: Vec<Value> = (0..5_000)
        .map(|n| finding(&format!("CVE-2026-{n}"), "spam", json!({})))
        .collect();
    let mut text = "fail_on = { severity = 'high' }\n".to_owned();
    for n in 0..5_000 {
        text += &format!(
            "[[exceptions]]\nvulnerability = 'CVE-2026-{n}'\nreason = 'x'\nexpires = 2027-01-01\n"
        );
    }
    let outcome = outcome(&gate(&text), &report(&findings));
    assert_eq!(
        (outcome.verdict, outcome.considered),
        (PolicyVerdict::Pass, 0)
    );
}

fn any_exception() -> impl Strategy<Value = String> {
    let selector = prop_oneof![
        (0u8..6).prop_map(|n| format!("vulnerability = 'CVE-2026-{n}'")),
        Just("vulnerability = 'CVE-*'".to_owned()),
        prop::sample::select(vec!["spam", "eggs", "*", "pkg:deb/**"])
            .prop_map(|name| format!("package = '{name}'")),
        Just("path = 'var/**'".to_owned()),
        Just("image = '**/api:*'".to_owned()),
    ];
    let end = prop_oneof![
        Just("until = 'fixable'".to_owned()),
        (20u8..30).prop_map(|day| format!("expires = 2026-11-{day}")),
    ];
    (selector, end)
        .prop_map(|(selector, end)| format!("[[exceptions]]\n{selector}\nreason = 'x'\n{end}\n"))
}

fn any_finding() -> impl Strategy<Value = Value> {
    (
        0u8..6,
        prop::sample::select(vec!["spam", "eggs"]),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(id, package, kev, fixed)| {
            let fixed = if fixed { json!("2") } else { Value::Null };
            finding(
                &format!("CVE-2026-{id}"),
                package,
                json!({"kev": kev, "fixed_version": fixed}),
            )
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn adding_an_exception_never_adds_violations_and_loses_no_finding(
        findings in proptest::collection::vec(any_finding(), 0..8),
        exceptions in proptest::collection::vec(any_exception(), 0..4),
        more in any_exception(),
    ) {
        let rules = "fail_on = { severity = 'high', kev = true, unjudged = 'any' }\n";
        let before = format!("{rules}{}", exceptions.concat());
        let after = format!("{before}{more}");
        let value = read(&report(&findings));
        let (before, after) = (gate(&before).decide(&value, now()), gate(&after).decide(&value, now()));
        prop_assert_eq!(after.findings.len() + after.suppressed.len(), findings.len());
        prop_assert!(after.suppressed.len() >= before.suppressed.len());
        let (before, after) = (before.outcome.unwrap(), after.outcome.unwrap());
        for violation in &after.violations {
            prop_assert!(before.violations.contains(violation), "{:?}", violation);
        }
        if before.verdict == PolicyVerdict::Pass {
            prop_assert_eq!(after.verdict, PolicyVerdict::Pass);
        }
    }
}

#[test]
fn a_line_of_rules_is_a_policy() {
    let mut gate = Gate::default();
    gate.policy(
        Authority::Local,
        parse_fail_on("--fail-on", "critical,kev,epss>=0.5").unwrap(),
    );
    let value = report(&[
        finding("CVE-2026-1", "spam", json!({})),
        finding("CVE-2026-2", "spam", json!({"epss": 0.91})),
    ]);
    let outcome = outcome(&gate, &value);
    assert_eq!(outcome.violations.len(), 1);
    assert_eq!(outcome.violations[0].reason, "EPSS 0.91, at least 0.5");
}
