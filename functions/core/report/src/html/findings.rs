//! The tables of findings, of those that do not count, and of what cannot be judged.

use std::{
    collections::HashSet,
    io::{self, Write},
};

use schemas::{Severity, finding::Finding, policy::FindingRef, report::Report};

use crate::{links, text::count, words, xml::Escaped};

/// Columns: name, class, and whether they sort from the top first.
const COLUMNS: [(&str, &str, bool); 8] = [
    ("Score", "n", true),
    ("Severity", "", true),
    ("Vulnerability", "", false),
    ("Package", "", false),
    ("Installed", "", false),
    ("Fix", "", false),
    ("EPSS", "n opt", true),
    ("Where", "opt", false),
];

pub(super) fn findings(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if report.findings.is_empty() {
        let text = match words::incomplete(report) {
            None => "Nothing was found.",
            Some(_) => {
                "Nothing was found in what was read. That is not the same as clean: see above what was not."
            }
        };
        return writeln!(out, "<p>{text}</p>");
    }
    let violating: HashSet<&FindingRef> = report
        .policy
        .iter()
        .flat_map(|policy| &policy.violations)
        .filter_map(|violation| violation.finding.as_ref())
        .collect();
    tools(report, !violating.is_empty(), out)?;
    write!(
        out,
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"caption\">\n<table id=\"findings\">\n\
         <caption id=\"caption\">Findings, the highest risk first; a column's head sorts by it</caption>\n<thead><tr>"
    )?;
    for (name, class, down) in COLUMNS {
        let down = if down { " data-down" } else { "" };
        write!(
            out,
            "<th scope=\"col\" class=\"{class}\"{down}><button type=\"button\">{name}</button></th>"
        )?;
    }
    out.write_all(b"</tr></thead>\n<tbody class=\"wait\">\n")?;
    for finding in &report.findings {
        let violates = !violating.is_empty() && violating.contains(&FindingRef::from(finding));
        row(finding, violates, out)?;
    }
    out.write_all(
        b"</tbody>\n</table>\n</div>\n<button type=\"button\" id=\"more\" class=\"more\" hidden>Show all</button>\n",
    )
}

/// What narrows the table; shown only where the script runs.
fn tools(report: &Report, gated: bool, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(
        b"<div class=\"tools\" role=\"search\" aria-label=\"Filter the findings\">\n\
          <label>Search <input type=\"search\" id=\"search\" autocomplete=\"off\" spellcheck=\"false\"></label>\n\
          <label>Severity <select id=\"severity\"><option value=\"\">all</option>",
    )?;
    for severity in words::WORST_FIRST {
        let word = severity.as_str();
        let text = if severity == Severity::Unknown {
            "not rated"
        } else {
            word
        };
        write!(out, "<option value=\"{word}\">{text}</option>")?;
    }
    out.write_all(b"</select></label>\n")?;
    if report
        .findings
        .iter()
        .any(|finding| finding.in_base_image.is_some())
    {
        out.write_all(
            b"<label>From <select id=\"origin\"><option value=\"\">all layers</option><option value=\"own\">the image \
              itself</option><option value=\"base\">its base image</option></select></label>\n",
        )?;
    }
    out.write_all(
        b"<label><input type=\"checkbox\" id=\"exploited\"> known exploited</label>\n\
          <label><input type=\"checkbox\" id=\"fixable\"> with a fix</label>\n",
    )?;
    if gated {
        out.write_all(
            b"<label><input type=\"checkbox\" id=\"violating\"> against the gate</label>\n",
        )?;
    }
    out.write_all(b"<span id=\"shown\" role=\"status\" class=\"faint\"></span>\n</div>\n")
}

fn row(finding: &Finding, violates: bool, out: &mut dyn Write) -> io::Result<()> {
    let severity = finding.severity.as_str();
    let flag = |set: bool| u8::from(set);
    let origin = match finding.in_base_image {
        Some(true) => "base",
        Some(false) => "own",
        None => "",
    };
    write!(
        out,
        "<tr data-severity=\"{severity}\" data-kev=\"{}\" data-fix=\"{}\" data-origin=\"{origin}\" data-violates=\"{}\">",
        flag(finding.kev),
        flag(finding.fixed_version.is_some() || finding.kb.is_some()),
        flag(violates),
    )?;
    match &finding.score {
        Some(score) => write!(
            out,
            "<td class=\"n\" data-s=\"{0:.1}\">{0:.1}</td>",
            score.value
        )?,
        None => out.write_all(b"<td class=\"n\" data-s=\"-1\">\xe2\x80\x93</td>")?,
    }
    let word = if finding.severity == Severity::Unknown {
        "not rated"
    } else {
        severity
    };
    write!(
        out,
        "<td data-s=\"{}\"><span class=\"word {severity}\">{word}</span></td><td>",
        finding.severity as u8
    )?;
    vulnerability(finding, out)?;
    if finding.kev {
        out.write_all(b" <span class=\"tag critical\">known exploited</span>")?;
    }
    if violates {
        out.write_all(b" <span class=\"tag high\">against the gate</span>")?;
    }
    evidence(finding, out)?;
    write!(
        out,
        "</td><td>{}</td><td class=\"mono\">{}</td><td>",
        Escaped(&finding.package),
        Escaped(&finding.installed_version)
    )?;
    match (&finding.fixed_version, &finding.kb) {
        (None, None) => write!(
            out,
            "<span class=\"faint\">{}</span>",
            Escaped(&words::fix(finding))
        )?,
        (version, kb) => {
            let parts: Vec<&str> = [kb.as_deref(), version.as_deref()]
                .into_iter()
                .flatten()
                .collect();
            write!(
                out,
                "<span class=\"mono\">{}</span>",
                Escaped(&parts.join(" "))
            )?;
            if let Some(at) = finding.fix_at {
                write!(out, " <small>{}</small>", words::fix_at(at))?;
            }
        }
    }
    match finding.epss {
        Some(epss) => write!(
            out,
            "</td><td class=\"n opt\" data-s=\"{epss:.5}\">{:.1} %</td>",
            epss * 100.0
        )?,
        None => out.write_all(b"</td><td class=\"n opt\" data-s=\"-1\">\xe2\x80\x93</td>")?,
    }
    out.write_all(b"<td class=\"opt\">")?;
    match origin {
        "base" => out.write_all(b"<span class=\"tag\">base image</span> ")?,
        "own" => out.write_all(b"<span class=\"tag\">image itself</span> ")?,
        _ => {}
    }
    if let Some(path) = &finding.path {
        write!(out, "<code>{}</code>", Escaped(path))?;
    }
    out.write_all(b"</td></tr>\n")
}

fn vulnerability(finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let id = Escaped(finding.vulnerability.as_str());
    match links::of_finding(finding) {
        Some(url) => write!(
            out,
            "<a href=\"{}\" rel=\"noopener noreferrer\">{id}</a>",
            Escaped(&url)
        ),
        None => write!(out, "{id}"),
    }
}

/// Why it is a finding, unfolded on demand.
fn evidence(finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    if let Some(summary) = &finding.summary {
        write!(out, "<br><small>{}</small>", Escaped(summary))?;
    }
    out.write_all(b"<details><summary>Why</summary><dl class=\"why\">")?;
    let mut item = |name: &str, value: &str| {
        if value.is_empty() {
            return Ok(());
        }
        write!(out, "<dt>{name}</dt><dd>{}</dd>", Escaped(value))
    };
    let evidence = &finding.evidence;
    item("Comparison", &evidence.comparison)?;
    item(
        "Advisory",
        &[
            evidence.advisory.as_deref().unwrap_or_default(),
            &evidence.source.feed,
            &evidence.source.document,
        ]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(", "),
    )?;
    for rating in &finding.ratings {
        let mut text = format!("{:?}: {}", rating.source, rating.severity.as_str());
        if let Some(score) = rating.cvss_score {
            text.push_str(&format!(", CVSS {score:.1}"));
        }
        if let Some(vector) = &rating.cvss_vector {
            text.push_str(&format!(", {vector}"));
        }
        item("Rating", &text)?;
    }
    for part in finding.score.iter().flat_map(|score| &score.parts) {
        let text = format!(
            "{} {:.1} of {:.1}: {}",
            part.name, part.points, part.max, part.reason
        );
        item("Score", &text)?;
    }
    item("Package", finding.purl.as_deref().unwrap_or_default())?;
    item("Path", finding.path.as_deref().unwrap_or_default())?;
    if let Some(layer) = &finding.layer {
        item("Layer", &layer.to_string())?;
    }
    out.write_all(b"</dl></details>")
}

pub(super) fn suppressed(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if report.suppressed.is_empty() {
        return Ok(());
    }
    write!(
        out,
        "<section>\n<h2 id=\"suppressed\">Do not count</h2>\n<details><summary>{}</summary>\n<div class=\"scroll\" \
         tabindex=\"0\" role=\"region\" aria-labelledby=\"suppressed\">\n<table>\n<thead><tr><th scope=\"col\">Severity</th>\
         <th scope=\"col\">Package</th><th scope=\"col\">Vulnerability</th><th scope=\"col\">Why it does not count</th></tr>\
         </thead>\n<tbody>\n",
        count(report.suppressed.len(), "finding", "findings")
    )?;
    for suppressed in &report.suppressed {
        let finding = &suppressed.finding;
        write!(
            out,
            "<tr><td><span class=\"word {0}\">{0}</span></td><td>{1} {2}</td><td>",
            finding.severity.as_str(),
            Escaped(&finding.package),
            Escaped(&finding.installed_version)
        )?;
        vulnerability(finding, out)?;
        writeln!(
            out,
            "</td><td>{}</td></tr>",
            Escaped(&words::suppressed(&suppressed.by))
        )?;
    }
    out.write_all(b"</tbody>\n</table>\n</div>\n</details>\n</section>\n")
}

pub(super) fn cannot_judge(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if report.cannot_judge.is_empty() {
        return Ok(());
    }
    write!(
        out,
        "<section>\n<h2 id=\"unjudged\">Cannot be judged</h2>\n<p>These may be here. Each says what is missing to decide \
         it.</p>\n<details><summary>{}</summary>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" \
         aria-labelledby=\"unjudged\">\n<table>\n<thead><tr><th scope=\"col\">Severity</th><th scope=\"col\">Package</th>\
         <th scope=\"col\">Vulnerability</th><th scope=\"col\">Why not</th></tr></thead>\n<tbody>\n",
        count(report.cannot_judge.len(), "row", "rows")
    )?;
    for row in &report.cannot_judge {
        let exploited = if row.kev {
            " <span class=\"tag critical\">known exploited</span>"
        } else {
            ""
        };
        let id = Escaped(row.vulnerability.as_str());
        let id = match links::of(&row.vulnerability, &row.source) {
            Some(url) => format!(
                "<a href=\"{}\" rel=\"noopener noreferrer\">{id}</a>",
                Escaped(&url)
            ),
            None => id.to_string(),
        };
        writeln!(
            out,
            "<tr><td><span class=\"word {0}\">{0}</span></td><td>{1} {2}</td><td>{id}{exploited}</td><td>{3}: {4}</td></tr>",
            row.severity.as_str(),
            Escaped(&row.package),
            Escaped(&row.installed_version),
            words::cannot_judge(row.reason),
            Escaped(&row.detail),
        )?;
    }
    out.write_all(b"</tbody>\n</table>\n</div>\n</details>\n</section>\n")
}
