//! JUnit XML: one test for each package, and one for whether everything was scanned. Source: the schema of Jenkins'
//! xUnit plugin (`junit-10.xsd`).
//!
//! With a policy, a test fails by what violates it; without one, by any finding. What does not count is told in the
//! test's output, and a test of nothing but such findings is skipped. Not to be fully scanned is an error, and so is a
//! gate that lacks something to decide by.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    io::{self, Write},
};

use schemas::{
    finding::Finding,
    policy::{FindingRef, Suppression, Violation},
    report::Report,
};

use crate::{
    words,
    xml::{Escaped, lines},
};

/// What is known of one package.
#[derive(Default)]
struct Case<'a> {
    failing: Vec<Cow<'a, str>>,
    told: Vec<Cow<'a, str>>,
    suppressed: Vec<(&'a Finding, &'a Suppression)>,
    findings: usize,
}

impl Case<'_> {
    fn is_skipped(&self) -> bool {
        self.failing.is_empty() && self.findings == 0 && !self.suppressed.is_empty()
    }
}

type Key<'a> = (&'a str, &'a str, &'a str);

pub(crate) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let cases = cases(report);
    let whole: Vec<&Violation> = report
        .policy
        .iter()
        .flat_map(|policy| &policy.violations)
        .filter(|violation| violation.finding.is_none())
        .collect();
    let incomplete = words::incomplete(report);
    let tests = cases.len() + 1 + whole.len();
    let failures = cases
        .values()
        .filter(|case| !case.failing.is_empty())
        .count()
        + whole.len();
    let skipped = cases.values().filter(|case| case.is_skipped()).count();
    let errors = usize::from(incomplete.is_some());
    let suite = format!(
        "{} {}",
        words::target(report.target.kind),
        report.target.name
    );
    let suite = Escaped(&suite);
    write!(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuites name=\"bulkhead\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" time=\"0\">\n\
         <testsuite name=\"{suite}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\" \
         time=\"0\" timestamp=\"{}\">\n",
        // The schema's form of a moment has no zone; it is UTC.
        report.scanned_at.to_string().get(..19).unwrap_or_default()
    )?;
    properties(report, out)?;
    coverage(report, &suite, incomplete, out)?;
    for violation in whole {
        writeln!(
            out,
            "<testcase name=\"policy {}: {}\" classname=\"{suite}\" time=\"0\"><failure type=\"policy\" \
             message=\"{reason}\">{reason}</failure></testcase>",
            Escaped(&violation.policy),
            Escaped(&violation.rule),
            reason = Escaped(&violation.reason),
        )?;
    }
    for ((name, version, path), case) in &cases {
        write_case(name, version, path, case, &suite, out)?;
    }
    out.write_all(b"</testsuite>\n</testsuites>\n")
}

/// The packages in order, each with what was found in it. Windows itself is one as well when something was.
fn cases(report: &Report) -> BTreeMap<Key<'_>, Case<'_>> {
    let mut cases: BTreeMap<Key<'_>, Case<'_>> = BTreeMap::new();
    for package in &report.packages {
        cases
            .entry((&package.name, &package.version, &package.path))
            .or_default();
    }
    let mut violations: HashMap<&FindingRef, Vec<&Violation>> = HashMap::new();
    for violation in report.policy.iter().flat_map(|policy| &policy.violations) {
        if let Some(finding) = &violation.finding {
            violations.entry(finding).or_default().push(violation);
        }
    }
    for finding in &report.findings {
        let case = cases.entry(key(finding)).or_default();
        case.findings += 1;
        let sentence = words::sentence(finding);
        if report.policy.is_none() {
            case.failing.push(Cow::Owned(sentence));
            continue;
        }
        match violations.get(&FindingRef::from(finding)) {
            None => case.told.push(Cow::Owned(sentence)),
            Some(violated) => case.failing.extend(violated.iter().map(|violation| {
                Cow::Owned(format!(
                    "{sentence} Violates {} of {}: {}",
                    violation.rule, violation.policy, violation.reason
                ))
            })),
        }
    }
    for suppressed in &report.suppressed {
        let case = cases.entry(key(&suppressed.finding)).or_default();
        case.suppressed.push((&suppressed.finding, &suppressed.by));
    }
    cases
}

fn key(finding: &Finding) -> Key<'_> {
    (
        &finding.package,
        &finding.installed_version,
        finding.path.as_deref().unwrap_or_default(),
    )
}

fn properties(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let verdict = report
        .policy
        .as_ref()
        .map(|policy| words::verdict(policy.verdict).to_owned());
    let some = |number: u32| (number > 0).then(|| number.to_string());
    let known = [
        ("bulkhead.version", Some(report.software.clone())),
        (
            "bulkhead.coverage",
            Some(words::coverage(report.coverage.status).to_owned()),
        ),
        ("bulkhead.findings", Some(report.findings.len().to_string())),
        (
            "bulkhead.suppressed",
            Some(report.suppressed.len().to_string()),
        ),
        (
            "bulkhead.cannot_judge",
            Some(report.cannot_judge.len().to_string()),
        ),
        (
            "bulkhead.development_left_out",
            some(report.summary.development_left_out),
        ),
        (
            "bulkhead.owned_by_distribution",
            some(report.summary.owned_by_distribution),
        ),
        ("bulkhead.policy", verdict),
    ];
    out.write_all(b"<properties>\n")?;
    for (name, value) in known {
        if let Some(value) = value {
            writeln!(
                out,
                "<property name=\"{name}\" value=\"{}\"/>",
                Escaped(&value)
            )?;
        }
    }
    out.write_all(b"</properties>\n")
}

/// The test that everything was scanned.
fn coverage(
    report: &Report,
    suite: &Escaped<'_>,
    incomplete: Option<&str>,
    out: &mut dyn Write,
) -> io::Result<()> {
    write!(
        out,
        "<testcase name=\"fully scanned\" classname=\"{suite}\" time=\"0\">"
    )?;
    let gaps = report
        .coverage
        .gaps
        .iter()
        .map(|gap| Cow::Owned(words::gap(gap)));
    let unjudged = report.cannot_judge.iter().map(|row| {
        Cow::Owned(format!(
            "cannot judge {} in {} {}: {}",
            row.vulnerability, row.package, row.installed_version, row.detail
        ))
    });
    if let Some(meaning) = incomplete {
        let kind = match words::not_fully_scanned(report) {
            Some(_) => "coverage",
            None => "policy",
        };
        write!(
            out,
            "<error type=\"{kind}\" message=\"{}\">",
            Escaped(meaning)
        )?;
        let lacking = words::lacking(report).iter().map(Cow::from);
        lines(out, lacking.chain(gaps))?;
        out.write_all(b"</error>")?;
    } else if !report.coverage.gaps.is_empty() {
        out.write_all(b"<system-out>")?;
        lines(out, gaps)?;
        out.write_all(b"</system-out>")?;
    }
    if !report.cannot_judge.is_empty() {
        out.write_all(b"<system-err>")?;
        lines(out, unjudged)?;
        out.write_all(b"</system-err>")?;
    }
    out.write_all(b"</testcase>\n")
}

fn write_case(
    name: &str,
    version: &str,
    path: &str,
    case: &Case<'_>,
    suite: &Escaped<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let place = if path.is_empty() {
        String::new()
    } else {
        format!(" ({path})")
    };
    write!(
        out,
        "<testcase name=\"{} {}{}\" classname=\"{suite}\" time=\"0\"",
        Escaped(name),
        Escaped(version),
        Escaped(&place)
    )?;
    if case.failing.is_empty() && case.told.is_empty() && case.suppressed.is_empty() {
        return out.write_all(b"/>\n");
    }
    out.write_all(b">")?;
    if case.is_skipped() {
        let reason = case
            .suppressed
            .first()
            .map(|(_, by)| words::suppressed(by))
            .unwrap_or_default();
        write!(
            out,
            "<skipped type=\"suppressed\" message=\"{}\"/>",
            Escaped(&reason)
        )?;
    }
    if let Some(first) = case.failing.first() {
        let message = match case.failing.len() {
            1 => first.clone(),
            number => Cow::Owned(format!("{number} findings")),
        };
        write!(
            out,
            "<failure type=\"vulnerability\" message=\"{}\">",
            Escaped(&message)
        )?;
        lines(out, case.failing.iter().cloned())?;
        out.write_all(b"</failure>")?;
    }
    if !case.told.is_empty() || !case.suppressed.is_empty() {
        let suppressed = case.suppressed.iter().map(|(finding, by)| {
            Cow::Owned(format!(
                "{} Does not count: {}",
                words::sentence(finding),
                words::suppressed(by)
            ))
        });
        out.write_all(b"<system-out>")?;
        lines(out, case.told.iter().cloned().chain(suppressed))?;
        out.write_all(b"</system-out>")?;
    }
    out.write_all(b"</testcase>\n")
}
