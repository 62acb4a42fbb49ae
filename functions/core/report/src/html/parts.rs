//! All of the page but its tables of findings.

use std::io::{self, Write};

use schemas::{Severity, inventory::CoverageStatus, policy::PolicyVerdict, report::Report};

use crate::{
    text::{count, grouped},
    words,
    xml::Escaped,
};

/// Items of a list that are shown at once; the rest can be unfolded.
const SHOWN: usize = 10;

pub(super) fn facts(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let system = report
        .os
        .as_ref()
        .map_or_else(|| "not known".to_owned(), words::system);
    let mut facts = vec![
        ("System", system),
        ("Scanned", moment(report)),
        ("Packages", packages(report)),
    ];
    if let Some(id) = &report.target.id {
        facts.push(("Identity", id.clone()));
    }
    if let Some(base) = report.image.as_ref().and_then(|image| image.base.as_ref()) {
        let name = base.name.clone().unwrap_or_else(|| "not named".to_owned());
        let layers = count(base.layers as usize, "layer", "layers");
        facts.push(("Base image", format!("{name} (its lowest {layers})")));
    }
    out.write_all(b"<dl class=\"facts\">\n")?;
    for (name, value) in &facts {
        writeln!(out, "<dt>{name}</dt><dd>{}</dd>", Escaped(value))?;
    }
    out.write_all(b"</dl>\n")
}

/// How many packages there are, and which of them were not judged by themselves.
fn packages(report: &Report) -> String {
    let mut parts = vec![grouped(report.packages.len() as u64)];
    parts.extend(words::left_out(report));
    parts.join("; ")
}

/// The moment of the scan to the second.
fn moment(report: &Report) -> String {
    let text = report.scanned_at.to_string();
    match (text.get(..10), text.get(11..19)) {
        (Some(day), Some(time)) => format!("{day} {time} UTC"),
        _ => text,
    }
}

/// What was not read comes before anything that was found.
pub(super) fn coverage(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let gaps = &report.coverage.gaps;
    let class = match report.coverage.status {
        CoverageStatus::Complete if gaps.is_empty() => {
            return writeln!(
                out,
                "<section class=\"note good\"><p><b>Fully scanned.</b> Everything that can be judged was read.</p></section>"
            );
        }
        CoverageStatus::Complete => "good",
        CoverageStatus::Partial => "warn",
        CoverageStatus::Unsupported => "bad",
    };
    let (title, text) = match words::not_fully_scanned(report) {
        Some(text) => text.split_once(": ").unwrap_or((text, "")),
        None => (
            "Fully scanned",
            "what was left out does not matter for the result.",
        ),
    };
    write!(
        out,
        "<section class=\"note {class}\" aria-labelledby=\"coverage\">\n<h2 id=\"coverage\">{}</h2>\n<p>{}</p>\n",
        Escaped(title),
        Escaped(&sentence(text)),
    )?;
    list(
        out,
        "ul",
        "",
        gaps.len(),
        gaps.iter().map(words::gap),
        "more gap",
        "more gaps",
    )?;
    out.write_all(b"</section>\n")
}

fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map(|first| first.to_uppercase().chain(characters).collect())
        .unwrap_or_default()
}

pub(super) fn policy(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let Some(policy) = &report.policy else {
        return Ok(());
    };
    let (class, title) = match policy.verdict {
        PolicyVerdict::Pass => ("good", "Gate: passed"),
        PolicyVerdict::Violated => ("bad", "Gate: failed"),
        PolicyVerdict::NotFullyScanned => (
            "warn",
            "Gate: not passed, because not everything was scanned",
        ),
        PolicyVerdict::Unknown => (
            "warn",
            "Gate: not passed, by a verdict that is not known here",
        ),
    };
    let policies: Vec<_> = policy
        .policies
        .iter()
        .map(|used| format!("{} ({})", used.name, used.source))
        .collect();
    let mut asked = format!(
        "Asked: {}. {} held against it.",
        policies.join(", "),
        count(policy.considered as usize, "finding was", "findings were")
    );
    if policy.known_before > 0 {
        asked.push_str(&format!(
            " {} known from an earlier report.",
            count(policy.known_before as usize, "is", "are")
        ));
    }
    write!(
        out,
        "<section class=\"note {class}\" aria-labelledby=\"gate\">\n<h2 id=\"gate\">{title}</h2>\n<p>{}</p>\n",
        Escaped(&asked)
    )?;
    let violations = policy.violations.iter().map(|violation| {
        let about = violation
            .finding
            .as_ref()
            .map_or_else(String::new, |finding| {
                format!(
                    "{} in {} {}: ",
                    finding.vulnerability, finding.package, finding.installed_version
                )
            });
        format!(
            "{about}{} ({} of {})",
            violation.reason, violation.rule, violation.policy
        )
    });
    list(
        out,
        "ul",
        "",
        policy.violations.len(),
        violations,
        "more violation",
        "more violations",
    )?;
    list(
        out,
        "ul",
        "",
        policy.lacking.len(),
        policy.lacking.iter().cloned(),
        "more that it lacks",
        "more that it lacks",
    )?;
    let notices = policy
        .notices
        .iter()
        .map(|notice| format!("{}: {}", notice.source, notice.detail));
    list(
        out,
        "ul",
        "",
        policy.notices.len(),
        notices,
        "more notice",
        "more notices",
    )?;
    out.write_all(b"</section>\n")
}

pub(super) fn counts(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let findings = &report.findings;
    let of = |wanted: &dyn Fn(&schemas::finding::Finding) -> bool| {
        findings.iter().filter(|finding| wanted(finding)).count()
    };
    out.write_all(
        b"<h2 id=\"numbers\">Findings</h2>\n<ul class=\"counts\" aria-labelledby=\"numbers\">\n",
    )?;
    let mut card = |number: usize, class: &str, text: &str| {
        writeln!(
            out,
            "<li><b class=\"{class}\">{}</b>{text}</li>",
            grouped(number as u64)
        )
    };
    for severity in words::WORST_FIRST {
        let text = match severity {
            Severity::Unknown => "not rated",
            other => other.as_str(),
        };
        card(of(&|f| f.severity == severity), severity.as_str(), text)?;
    }
    card(of(&|f| f.kev), "", "known exploited")?;
    card(
        of(&|f| f.fixed_version.is_some() || f.kb.is_some()),
        "",
        "with a fix",
    )?;
    if findings.iter().any(|f| f.in_base_image.is_some()) {
        card(
            of(&|f| f.in_base_image == Some(false)),
            "",
            "of the image itself",
        )?;
        card(
            of(&|f| f.in_base_image == Some(true)),
            "",
            "of its base image",
        )?;
    }
    if !report.suppressed.is_empty() {
        card(report.suppressed.len(), "", "do not count")?;
    }
    if !report.cannot_judge.is_empty() {
        card(report.cannot_judge.len(), "", "cannot be judged")?;
    }
    out.write_all(b"</ul>\n")
}

pub(super) fn remedies(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if report.remedies.is_empty() {
        return Ok(());
    }
    out.write_all(
        b"<section aria-labelledby=\"first\">\n<h2 id=\"first\">What to do first</h2>\n",
    )?;
    let items = report.remedies.iter().map(|remedy| {
        let exploited = match remedy.known_exploited {
            0 => String::new(),
            number => format!(", {number} known to be exploited"),
        };
        format!(
            "{} — closes {}{exploited}; highest score {:.1}",
            remedy.action,
            count(
                remedy.vulnerabilities as usize,
                "vulnerability",
                "vulnerabilities"
            ),
            remedy.top_score
        )
    });
    list(
        out,
        "ol",
        "first",
        report.remedies.len(),
        items,
        "more remedy",
        "more remedies",
    )?;
    out.write_all(b"</section>\n")
}

/// A list whose first items are shown and whose others can be unfolded.
fn list(
    out: &mut dyn Write,
    tag: &str,
    class: &str,
    length: usize,
    items: impl Iterator<Item = String>,
    one: &str,
    many: &str,
) -> io::Result<()> {
    if length == 0 {
        return Ok(());
    }
    writeln!(out, "<{tag} class=\"{class}\">")?;
    for (at, item) in items.enumerate() {
        if at == SHOWN {
            let start = if tag == "ol" {
                format!(" start=\"{}\"", SHOWN + 1)
            } else {
                String::new()
            };
            writeln!(
                out,
                "</{tag}>\n<details><summary>{}</summary>\n<{tag} class=\"{class}\"{start}>",
                count(length - SHOWN, one, many)
            )?;
        }
        writeln!(out, "<li>{}</li>", Escaped(&item))?;
    }
    writeln!(out, "</{tag}>")?;
    if length > SHOWN {
        writeln!(out, "</details>")?;
    }
    Ok(())
}

pub(super) fn feeds(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if report.feeds.is_empty() {
        return Ok(());
    }
    out.write_all(
        b"<section aria-labelledby=\"feeds\">\n<h2 id=\"feeds\">Advisories used</h2>\n<div class=\"scroll\" tabindex=\"0\" \
          role=\"region\" aria-labelledby=\"feeds\">\n<table>\n<thead><tr><th scope=\"col\">Feed</th>\
          <th scope=\"col\">As of</th><th scope=\"col\" class=\"n\">Documents</th><th scope=\"col\" class=\"n\">Rows</th>\
          </tr></thead>\n<tbody>\n",
    )?;
    for feed in &report.feeds {
        let as_of = feed
            .as_of
            .map_or_else(|| "not known".to_owned(), |as_of| as_of.to_string());
        writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
            Escaped(&feed.name),
            as_of.get(..10).unwrap_or(&as_of),
            grouped(u64::from(feed.documents)),
            grouped(feed.rows),
        )?;
    }
    out.write_all(b"</tbody>\n</table>\n</div>\n</section>\n")
}
