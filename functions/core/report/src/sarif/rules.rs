//! Rules: one for each vulnerability of the report.

use std::collections::HashMap;

use schemas::{Severity, finding::Finding, report::Report};
use serde::Serialize;

use crate::{links, text, words};

/// The rule of the result that says that not everything was scanned.
pub(super) const NOT_FULLY_SCANNED: &str = "not-fully-scanned";

/// Packages that are listed in a rule's help; the rest are counted.
const HELPED: usize = 20;
/// Longest description of a rule. Source: GitHub Docs, "SARIF support for code scanning": 1,024 characters.
const MAX_DESCRIPTION: usize = 1024;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rule {
    id: String,
    short_description: Text,
    full_description: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    help_uri: Option<String>,
    help: Help,
    default_configuration: Configuration,
    properties: Properties,
}

#[derive(Serialize)]
struct Text {
    text: String,
}

#[derive(Serialize)]
struct Help {
    text: String,
    markdown: String,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct Properties {
    #[serde(rename = "security-severity", skip_serializing_if = "Option::is_none")]
    security_severity: Option<String>,
    precision: &'static str,
    tags: Vec<&'static str>,
}

/// The rules in the order of the findings that need them.
pub(super) struct Rules<'a> {
    of_vulnerability: Vec<Vec<&'a Finding>>,
    index: HashMap<&'a str, usize>,
    not_fully_scanned: Option<&'static str>,
}

impl<'a> Rules<'a> {
    pub(super) fn of(report: &'a Report) -> Self {
        let mut rules = Self {
            of_vulnerability: Vec::new(),
            index: HashMap::new(),
            not_fully_scanned: words::incomplete(report),
        };
        let suppressed = report.suppressed.iter().map(|s| &s.finding);
        for finding in report.findings.iter().chain(suppressed) {
            let next = rules.of_vulnerability.len();
            let at = *rules
                .index
                .entry(finding.vulnerability.as_str())
                .or_insert(next);
            match rules.of_vulnerability.get_mut(at) {
                Some(findings) => findings.push(finding),
                None => rules.of_vulnerability.push(vec![finding]),
            }
        }
        rules
    }

    /// Where the rule of a vulnerability is in the list.
    pub(super) fn index(&self, id: &str) -> Option<usize> {
        if id == NOT_FULLY_SCANNED {
            return self.not_fully_scanned.map(|_| self.of_vulnerability.len());
        }
        self.index.get(id).copied()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Rule> + '_ {
        let whole = self.not_fully_scanned.map(not_fully_scanned);
        self.of_vulnerability
            .iter()
            .filter_map(|findings| rule(findings))
            .chain(whole)
    }
}

fn rule(findings: &[&Finding]) -> Option<Rule> {
    // The highest in this report: a rule has one severity, whatever the packages are that have the vulnerability.
    let worst = findings
        .iter()
        .copied()
        .max_by_key(|finding| finding.severity)?;
    let id = worst.vulnerability.as_str();
    let title = worst
        .summary
        .as_deref()
        .map_or_else(|| id.to_owned(), |summary| format!("{id}: {summary}"));
    let mut tags = vec!["security", "vulnerability"];
    if findings.iter().any(|finding| finding.kev) {
        tags.push("known-exploited");
    }
    let title = text::cut(&text::plain(&title), MAX_DESCRIPTION).into_owned();
    Some(Rule {
        short_description: Text {
            text: title.clone(),
        },
        full_description: Text {
            text: title.clone(),
        },
        help_uri: links::of_finding(worst),
        help: help(&title, findings),
        default_configuration: Configuration {
            level: level(worst.severity),
        },
        properties: Properties {
            security_severity: security_severity(worst),
            precision: "very-high",
            tags,
        },
        id: id.to_owned(),
    })
}

fn help(title: &str, findings: &[&Finding]) -> Help {
    let mut plain = format!("{title}\n");
    let mut markdown = format!(
        "**{}**\n\n| Package | Installed | Fix |\n|---|---|---|\n",
        text::markdown(title)
    );
    let mut seen: Vec<(&str, &str)> = Vec::new();
    let mut more = 0_usize;
    for finding in findings {
        let package = (finding.package.as_str(), finding.installed_version.as_str());
        if seen.contains(&package) {
            continue;
        }
        if seen.len() == HELPED {
            more += 1;
            continue;
        }
        seen.push(package);
        let fix = words::fix(finding);
        plain.push_str(&text::plain(&format!("{} {}: {fix}", package.0, package.1)));
        plain.push('\n');
        markdown.push_str(&format!(
            "| {} | {} | {} |\n",
            text::markdown(package.0),
            text::markdown(package.1),
            text::markdown(&fix)
        ));
    }
    if more > 0 {
        plain.push_str(&format!("and {more} more findings\n"));
        markdown.push_str(&format!("\nand {more} more findings\n"));
    }
    Help {
        text: plain,
        markdown,
    }
}

fn not_fully_scanned(text: &'static str) -> Rule {
    Rule {
        id: NOT_FULLY_SCANNED.to_owned(),
        short_description: Text {
            text: "Not fully scanned".to_owned(),
        },
        full_description: Text {
            text: text.to_owned(),
        },
        help_uri: None,
        help: Help {
            text: "The notifications of this run say what was not read and what to do about it."
                .to_owned(),
            markdown:
                "The notifications of this run say what was not read and what to do about it."
                    .to_owned(),
        },
        default_configuration: Configuration { level: "error" },
        properties: Properties {
            security_severity: None,
            precision: "very-high",
            tags: vec!["coverage"],
        },
    }
}

/// The level of a result. What nobody rated is not low.
pub(super) fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium | Severity::Unknown => "warning",
        Severity::Low => "note",
    }
}

/// The number from which GitHub makes its word: over 9.0 critical, 7.0 to 8.9 high, 4.0 to 6.9 medium, else low. Vendors'
/// words and CVSS disagree on many vulnerabilities, so a score of another band is moved to the nearest number of the
/// severity's own: the word that is shown is the one that was used. What nobody rated has none.
pub(super) fn security_severity(finding: &Finding) -> Option<String> {
    let (least, most, usual) = match finding.severity {
        Severity::Critical => (9.1, 10.0, 9.5),
        Severity::High => (7.0, 8.9, 8.0),
        Severity::Medium => (4.0, 6.9, 5.5),
        Severity::Low => (0.1, 3.9, 2.0),
        Severity::Unknown => return None,
    };
    let score = words::cvss_used(finding).map_or(usual, |score| score.clamp(least, most));
    Some(format!("{score:.1}"))
}
