//! SARIF 2.1.0. Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0"; what GitHub needs
//! beyond it: GitHub Docs, "SARIF support for code scanning".
//!
//! The structures are ours and not those of the `serde-sarif` crate: that one holds a whole document in memory with
//! every string its own, and this one is written while it is made. A test holds it against the published schema.

mod results;
mod rules;

use std::{collections::BTreeMap, io};

use schemas::{finding::CannotJudgeReason, inventory::CoverageStatus, report::Report};
use serde::Serialize;

use self::{
    results::{Message, Violated, results},
    rules::Rules,
};
use crate::{
    links,
    stream::{Lazy, write_json},
    words,
};

/// Vulnerabilities that are named for each reason they cannot be judged for.
const NAMED_UNJUDGED: usize = 20;

#[derive(Serialize)]
struct Log<R> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [R; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<T, N, R> {
    tool: Tool<T>,
    automation_details: AutomationDetails,
    invocations: [Invocation<N>; 1],
    column_kind: &'static str,
    results: R,
    properties: RunProperties<'static>,
}

#[derive(Serialize)]
struct Tool<T> {
    driver: Driver<T>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver<T> {
    name: &'static str,
    version: String,
    rules: T,
}

#[derive(Serialize)]
struct AutomationDetails {
    id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation<N> {
    execution_successful: bool,
    end_time_utc: String,
    tool_execution_notifications: N,
}

#[derive(Serialize)]
struct RunProperties<'a> {
    coverage: &'a str,
}

#[derive(Serialize)]
struct Notification {
    level: &'static str,
    message: Message,
    descriptor: Descriptor,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locations: Vec<results::Location>,
}

#[derive(Serialize)]
struct Descriptor {
    id: String,
}

pub(crate) fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let rules = Rules::of(report);
    let violated = Violated::of(report);
    let log = Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "Bulkhead",
                    version: report.software.clone(),
                    rules: Lazy(|| rules.iter()),
                },
            },
            automation_details: AutomationDetails {
                id: category(report),
            },
            invocations: [Invocation {
                // Where nothing can be concluded, the tool did not do what it was run for.
                execution_successful: report.coverage.status != CoverageStatus::Unsupported,
                end_time_utc: report.scanned_at.to_string(),
                tool_execution_notifications: Lazy(|| notifications(report)),
            }],
            column_kind: "unicodeCodePoints",
            results: Lazy(|| results(report, &rules, &violated)),
            properties: RunProperties {
                coverage: words::coverage(report.coverage.status),
            },
        }],
    };
    write_json(&log, out)
}

/// What tells one target's runs from another's: without it an upload for one image would close the alerts of the last.
/// Source: SARIF 2.1.0, section 3.17.3; the last slash ends the category.
fn category(report: &Report) -> String {
    let name = report.target.name.split('@').next().unwrap_or_default();
    let name = links::relative(name).unwrap_or_else(|| "unnamed".to_owned());
    format!("bulkhead/{}/{name}/", words::target(report.target.kind))
}

/// What was not read or judged, and what of a gate is not about one finding.
fn notifications(report: &Report) -> impl Iterator<Item = Notification> + '_ {
    let level = match report.coverage.status {
        CoverageStatus::Complete => "note",
        CoverageStatus::Partial => "warning",
        CoverageStatus::Unsupported => "error",
    };
    let gaps = report.coverage.gaps.iter().map(move |gap| Notification {
        level,
        message: Message::of(&words::gap(gap)),
        descriptor: Descriptor {
            id: format!("coverage/{}", words::gap_reason(gap.reason)),
        },
        locations: gap
            .path
            .as_deref()
            .and_then(links::relative)
            .map(results::Location::of_file)
            .into_iter()
            .collect(),
    });
    let left_out = words::left_out(report)
        .into_iter()
        .map(|text| Notification {
            level: "note",
            message: Message::of(&text),
            descriptor: Descriptor {
                id: "coverage/left_out".to_owned(),
            },
            locations: Vec::new(),
        });
    let gate = report.policy.iter().flat_map(|policy| {
        let whole = policy
            .violations
            .iter()
            .filter(|violation| violation.finding.is_none())
            .map(|violation| ("error", &violation.reason, violation.rule.as_str()));
        let lacking = policy.lacking.iter().map(|why| ("error", why, "lacking"));
        let notices = policy
            .notices
            .iter()
            .map(|notice| ("note", &notice.detail, "notice"));
        whole
            .chain(lacking)
            .chain(notices)
            .map(|(level, text, id)| Notification {
                level,
                message: Message::of(text),
                descriptor: Descriptor {
                    id: format!("policy/{id}"),
                },
                locations: Vec::new(),
            })
    });
    gaps.chain(unjudged(report)).chain(left_out).chain(gate)
}

/// One for each reason, with the vulnerabilities that may be here: kept apart from results, and never dropped.
fn unjudged(report: &Report) -> impl Iterator<Item = Notification> + use<> {
    let mut reasons: BTreeMap<CannotJudgeReason, (usize, Vec<&str>)> = BTreeMap::new();
    for row in &report.cannot_judge {
        let (rows, named) = reasons.entry(row.reason).or_default();
        *rows += 1;
        if named.len() < NAMED_UNJUDGED && !named.contains(&row.vulnerability.as_str()) {
            named.push(row.vulnerability.as_str());
        }
    }
    let notifications: Vec<_> = reasons
        .into_iter()
        .map(|(reason, (rows, named))| Notification {
            level: "warning",
            message: Message::of(&format!(
                "{rows} may be here and cannot be judged, because {}: {}{}",
                words::cannot_judge(reason),
                named.join(", "),
                if rows > named.len() { " and more" } else { "" }
            )),
            descriptor: Descriptor {
                id: "cannot-judge".to_owned(),
            },
            locations: Vec::new(),
        })
        .collect();
    notifications.into_iter()
}
