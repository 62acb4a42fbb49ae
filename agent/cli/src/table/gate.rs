//! What a gate says of a scan: verdict, violated rules, what does not count and why, and exceptions that end.

use std::collections::BTreeMap;

use schemas::{
    policy::{PolicyOutcome, PolicyVerdict, SuppressionKind, Violation},
    report::Report,
};

use super::{bold, date, styled, wrapped};
use crate::{
    output::Look,
    text::{count, cut, plain},
};

/// Findings that are named for each violated rule; the rest are counted.
const SHOWN_FINDINGS: usize = 3;
/// Reasons for suppressing that are shown, and notices; the rest are counted.
const SHOWN_LINES: usize = 10;
/// Characters of a reason that are shown.
const SHOWN_REASON: usize = 160;

/// The section of the gate; empty where there is neither a policy nor anything that does not count.
pub(super) fn render_gate(report: &Report, look: Look) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut head = "Findings that do not count".to_owned();
    if let Some(outcome) = &report.policy {
        head = format!("Gate: {}", in_words(outcome));
        lines.extend(violated(outcome));
        lines.extend(outcome.lacking.iter().map(|why| plain(why).into_owned()));
        if let Some(since) = outcome.new_since {
            lines.push(format!(
                "counted: {} that the report of {} does not have; {} it has",
                count(outcome.considered as usize, "finding", "findings"),
                date(since),
                outcome.known_before
            ));
        }
    }
    lines.extend(suppressed(report));
    if let Some(outcome) = &report.policy {
        let notices = outcome.notices.iter().map(|notice| {
            let source = if notice.source.is_empty() {
                String::new()
            } else {
                format!("{}: ", plain(&notice.source))
            };
            format!("{source}{}", plain(&notice.detail))
        });
        lines.extend(shortened(notices.collect(), "notice", "notices"));
    }
    if lines.is_empty() && report.policy.is_none() {
        return String::new();
    }
    let head = match report.policy.as_ref().map(|outcome| outcome.verdict) {
        None => bold(look, &head),
        Some(PolicyVerdict::Pass) => styled(look, "1;32", &head),
        Some(PolicyVerdict::Violated) => styled(look, "1;31", &head),
        Some(PolicyVerdict::NotFullyScanned | PolicyVerdict::Unknown) => {
            styled(look, "1;33", &head)
        }
    };
    let mut out = format!("\n{head}\n");
    for line in lines {
        out.push_str(&wrapped(look, "  - ", "    ", &line));
    }
    out
}

/// The last words on a scan with a policy.
pub(super) fn closing(outcome: &PolicyOutcome, look: Look) -> String {
    let (style, code) = match outcome.verdict {
        PolicyVerdict::Pass => ("32", 0),
        PolicyVerdict::Violated => ("1;31", 1),
        PolicyVerdict::NotFullyScanned | PolicyVerdict::Unknown => ("1;33", 4),
    };
    let text = format!("Gate: {} (exit code {code}).", in_words(outcome));
    format!("{}\n", styled(look, style, &text))
}

fn in_words(outcome: &PolicyOutcome) -> String {
    match outcome.verdict {
        PolicyVerdict::Pass => "passed".to_owned(),
        PolicyVerdict::Violated => {
            let rules: std::collections::BTreeSet<_> = outcome
                .violations
                .iter()
                .map(|violation| (&violation.policy, &violation.rule))
                .collect();
            let findings: std::collections::BTreeSet<_> = outcome
                .violations
                .iter()
                .filter_map(|violation| violation.finding.as_ref())
                .collect();
            format!(
                "VIOLATED, {} by {}",
                count(rules.len(), "rule", "rules"),
                count(findings.len(), "finding", "findings")
            )
        }
        PolicyVerdict::NotFullyScanned => {
            "NOT PASSED, because not enough was scanned; what was is no violation".to_owned()
        }
        PolicyVerdict::Unknown => "NOT PASSED".to_owned(),
    }
}

/// One line for each violated rule, in the order of the report.
fn violated(outcome: &PolicyOutcome) -> Vec<String> {
    let mut order: Vec<(&str, &str)> = Vec::new();
    let mut rules: BTreeMap<(&str, &str), Vec<&Violation>> = BTreeMap::new();
    for violation in &outcome.violations {
        let key = (violation.policy.as_str(), violation.rule.as_str());
        let of = rules.entry(key).or_default();
        if of.is_empty() {
            order.push(key);
        }
        of.push(violation);
    }
    order
        .into_iter()
        .filter_map(|key| rules.get(&key).map(|of| (key, of)))
        .map(|((policy, rule), of)| {
            let shown: Vec<String> = of
                .iter()
                .take(SHOWN_FINDINGS)
                .map(|violation| {
                    let reason = cut(&plain(&violation.reason), SHOWN_REASON).into_owned();
                    match &violation.finding {
                        Some(finding) => {
                            let package = cut(&plain(&finding.package), 60).into_owned();
                            format!("{} in {package} ({reason})", finding.vulnerability)
                        }
                        None => reason,
                    }
                })
                .collect();
            let more = match of.len().saturating_sub(SHOWN_FINDINGS) {
                0 => String::new(),
                more => format!(", and {more} more"),
            };
            format!(
                "rule {} of {}: {}: {}{more}",
                plain(rule),
                plain(policy),
                count(of.len(), "finding", "findings"),
                shown.join(", ")
            )
        })
        .collect()
}

/// One line for each reason why findings do not count.
fn suppressed(report: &Report) -> Vec<String> {
    let mut reasons: BTreeMap<(SuppressionKind, &str, &str, String), usize> = BTreeMap::new();
    for one in &report.suppressed {
        let by = &one.by;
        let until = match by.expires_at {
            Some(end) => format!(", until {}", date(end.plus_ms(-1))),
            None if by.until_fixable => ", until there is a fix".to_owned(),
            None => String::new(),
        };
        *reasons
            .entry((by.kind, &by.source, &by.reason, until))
            .or_default() += 1;
    }
    let lines = reasons
        .into_iter()
        .map(|((kind, source, reason, until), number)| {
            let by = match kind {
                SuppressionKind::Exception => "exception of ",
                SuppressionKind::Vex => "VEX of ",
                SuppressionKind::Unfixed => "option ",
                SuppressionKind::Unknown => "",
            };
            format!(
                "{} suppressed by {by}{}: {}{until}",
                count(number, "finding", "findings"),
                plain(source),
                cut(&plain(reason), SHOWN_REASON),
            )
        });
    shortened(lines.collect(), "reason", "reasons")
}

fn shortened(mut lines: Vec<String>, one: &str, many: &str) -> Vec<String> {
    if let Some(more) = lines.len().checked_sub(SHOWN_LINES).filter(|n| *n > 0) {
        lines.truncate(SHOWN_LINES);
        lines.push(format!(
            "and {} (all of them with --format json)",
            count(more, &format!("more {one}"), &format!("more {many}"))
        ));
    }
    lines
}
