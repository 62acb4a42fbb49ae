//! What rules ask for that a report cannot answer: a rule that could never be met is no reason to pass.

use schemas::{
    policy::{PolicyNotice, PolicyNoticeKind},
    report::Report,
};

use crate::{
    document::{Policy, Unjudged},
    words::{SeverityWord, counted},
};

/// The feed of CISA's catalogue, and that of EPSS, as reports name them.
const KEV: &str = "cisa-kev";
const EPSS: &str = "epss";

/// The feeds that a policy's rules need and that took no part in the scan, each as a sentence.
pub(crate) fn lacking_feeds(policy: &Policy, report: &Report) -> Vec<String> {
    let loaded = |name: &str| report.feeds.iter().any(|feed| feed.name == name);
    let mut lacking = Vec::new();
    let mut need = |needed: bool, feed: &str, what: &str| {
        if needed && !loaded(feed) {
            lacking.push(format!(
                "policy `{}` asks for {what}, and the feed {feed} is not loaded: add it to the advisories",
                policy.name
            ));
        }
    };
    let any = |asks: fn(&crate::rules::Conditions) -> bool| {
        policy.rules.iter().any(|rule| asks(&rule.conditions))
    };
    let asks = any(|rule| rule.kev) || policy.unjudged == Unjudged::KnownExploited;
    // What is exploited has no grace, and without the feed nothing is known to be.
    let graced = policy.rules.iter().any(|rule| rule.grace_days.is_given());
    need(asks, KEV, "known exploited vulnerabilities");
    need(
        graced && !asks,
        KEV,
        "days of grace, which known exploited vulnerabilities do not have",
    );
    need(
        any(|rule| rule.epss.is_some() || rule.epss_percentile.is_some()),
        EPSS,
        "EPSS",
    );
    let without_percentile = || {
        report
            .findings
            .iter()
            .any(|finding| finding.epss.is_some() && finding.epss_percentile.is_none())
    };
    if any(|rule| rule.epss_percentile.is_some()) && loaded(EPSS) && without_percentile() {
        lacking.push(format!(
            "policy `{}` asks for EPSS percentiles, and the compiled advisories hold none: build them again",
            policy.name
        ));
    }
    lacking
}

/// What to tell of findings that nobody rated where a policy asks for a severity: they meet none, and are not low.
pub(crate) fn not_rated(policy: &Policy, number: usize) -> Option<PolicyNotice> {
    let conditions = || policy.rules.iter().map(|rule| &rule.conditions);
    let asks = conditions().any(|it| it.severity.is_some());
    let counts = conditions().any(|it| it.unrated || it.severity == Some(SeverityWord::Unknown));
    (asks && !counts).then(|| PolicyNotice {
        kind: PolicyNoticeKind::Unrated,
        source: policy.name.clone(),
        detail: format!(
            "{} that nobody rated {} no severity; add the rule `unrated` to count {}",
            counted(number, "finding", "findings"),
            if number == 1 { "meets" } else { "meet" },
            if number == 1 { "it" } else { "them" },
        ),
    })
}
