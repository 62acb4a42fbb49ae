//! A scan's report: what was scanned, how much of it, what is vulnerable, and what to do first.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use report::words;
use schemas::{
    Timestamp,
    finding::{CannotJudge, CannotJudgeReason},
    inventory::{CoverageStatus, GapReason, TargetKind},
    report::Report,
};

use super::{
    age, bold, date,
    findings::render_findings,
    gate::{closing, render_gate},
    styled, wrapped,
};
use crate::{
    output::Look,
    text::{count, cut, grouped, plain},
};

/// Updates that are shown; the rest are counted.
const SHOWN_REMEDIES: usize = 10;
/// Gaps that are shown; the rest are counted.
const SHOWN_GAPS: usize = 20;
/// Vulnerabilities that are named for each reason they cannot be judged for.
const SHOWN_UNJUDGED: usize = 5;

/// The report as text.
pub fn render_report(report: &Report, look: Look) -> String {
    let mut out = header(report, look);
    out.push_str(&render_gate(report, look));
    out.push_str(&render_findings(&report.findings, look));
    out.push_str(&first(report, look));
    out.push_str(&unjudged(report, look));
    out.push_str(&gaps(report, look));
    out.push_str(&feeds(report, look));
    out.push_str(&verdict(report, look));
    out
}

fn header(report: &Report, look: Look) -> String {
    let kind = match report.target.kind {
        TargetKind::Host => "host",
        TargetKind::Image => "image",
        TargetKind::Folder => "folder",
        TargetKind::Unknown => "target",
    };
    let mut out = format!(
        "{}\n",
        bold(look, &format!("{kind} {}", plain(&report.target.name)))
    );
    let mut line = |name: &str, value: &str| {
        out.push_str(&wrapped(
            look,
            &format!("  {name:<10}"),
            "            ",
            value,
        ));
    };
    line("System", &system(report));
    if let Some(text) = base(report) {
        line("Base", &text);
    }
    line("Packages", &packages(report));
    line("Coverage", &coverage(report));
    line("Findings", &counts(report));
    out
}

/// How many packages there are, and which of them were not judged by themselves.
fn packages(report: &Report) -> String {
    let mut text = grouped(report.packages.len() as u64);
    let summary = &report.summary;
    if summary.development_left_out > 0 {
        let _ = write!(
            text,
            "; {} for development only left out (--include-dev judges them)",
            grouped(u64::from(summary.development_left_out))
        );
    }
    if summary.owned_by_distribution > 0 {
        let _ = write!(
            text,
            "; {} of languages judged by the distribution that brought them",
            grouped(u64::from(summary.owned_by_distribution))
        );
    }
    text
}

/// The image that this one was built on, and how much of what was found comes with it.
fn base(report: &Report) -> Option<String> {
    let image = report.image.as_ref()?;
    let base = image.base.as_ref()?;
    let name = base.name.as_deref().map_or_else(
        || "an unnamed image".to_owned(),
        |name| plain(name).into_owned(),
    );
    let theirs = report
        .findings
        .iter()
        .filter(|finding| finding.in_base_image == Some(true))
        .count();
    Some(format!(
        "{name}, {} of {}; {} with it",
        grouped(u64::from(base.layers)),
        count(image.layers.len(), "layer", "layers"),
        match (theirs, report.findings.len()) {
            (0, _) => "no finding comes".to_owned(),
            (1, 1) => "the finding comes".to_owned(),
            (theirs, all) if theirs == all => format!("all {} findings come", grouped(all as u64)),
            (1, all) => format!("1 of {} findings comes", grouped(all as u64)),
            (theirs, all) => format!(
                "{} of {} findings come",
                grouped(theirs as u64),
                grouped(all as u64)
            ),
        }
    ))
}

fn system(report: &Report) -> String {
    let Some(os) = &report.os else {
        let unknown = report
            .coverage
            .gaps
            .iter()
            .any(|gap| gap.reason == GapReason::UnknownOs);
        return match unknown {
            true => "unknown",
            false => "none: an application's folder",
        }
        .to_owned();
    };
    plain(&words::system(os)).into_owned()
}

fn coverage(report: &Report) -> String {
    let gaps = report.coverage.gaps.len();
    match report.coverage.status {
        CoverageStatus::Complete => "complete: everything that can be judged was read".to_owned(),
        CoverageStatus::Partial => format!(
            "PARTIAL: {} below",
            count(gaps, "gap is named", "gaps are named")
        ),
        CoverageStatus::Unsupported => format!(
            "UNSUPPORTED: nothing can be concluded, {} below",
            count(gaps, "reason is named", "reasons are named")
        ),
    }
}

fn counts(report: &Report) -> String {
    let summary = &report.summary;
    if summary.total == 0 {
        return match report.coverage.status {
            CoverageStatus::Complete if !report.suppressed.is_empty() => format!(
                "none that counts; {} suppressed",
                grouped(report.suppressed.len() as u64)
            ),
            CoverageStatus::Complete => "none".to_owned(),
            CoverageStatus::Partial => "none in what was read".to_owned(),
            CoverageStatus::Unsupported => "none, because nothing could be judged".to_owned(),
        };
    }
    let words = [
        (summary.critical, "critical"),
        (summary.high, "high"),
        (summary.medium, "medium"),
        (summary.low, "low"),
        (summary.unknown, "not rated"),
    ];
    let words: Vec<_> = words
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{} {word}", grouped(u64::from(*number))))
        .collect();
    format!(
        "{}: {}; {} known to be exploited; {} with a fix",
        grouped(u64::from(summary.total)),
        words.join(", "),
        grouped(u64::from(summary.known_exploited)),
        grouped(u64::from(summary.fixable)),
    )
}

fn first(report: &Report, look: Look) -> String {
    let remedies = &report.remedies;
    // One update of one package is what its own line says already.
    if report.findings.len() < 3 || remedies.is_empty() {
        return String::new();
    }
    let mut out = format!("\n{}\n", bold(look, "What to do first"));
    for remedy in remedies.iter().take(SHOWN_REMEDIES) {
        let exploited = match remedy.known_exploited {
            0 => String::new(),
            number => format!(", {number} known to be exploited"),
        };
        let text = format!(
            "{} — fixes {}{exploited}, highest score {:.1}",
            plain(&remedy.action),
            count(
                remedy.vulnerabilities as usize,
                "vulnerability",
                "vulnerabilities"
            ),
            remedy.top_score,
        );
        out.push_str(&wrapped(look, "  - ", "    ", &text));
    }
    if let Some(more) = remedies
        .len()
        .checked_sub(SHOWN_REMEDIES)
        .filter(|n| *n > 0)
    {
        let _ = writeln!(
            out,
            "  - and {}",
            count(more, "more update", "more updates")
        );
    }
    out
}

fn unjudged(report: &Report, look: Look) -> String {
    if report.cannot_judge.is_empty() {
        return String::new();
    }
    let mut reasons: BTreeMap<CannotJudgeReason, Vec<&CannotJudge>> = BTreeMap::new();
    for row in &report.cannot_judge {
        reasons.entry(row.reason).or_default().push(row);
    }
    let mut out = format!(
        "\n{}\n",
        bold(
            look,
            &format!(
                "Cannot judge: {} that may be here (all of them with --format json)",
                count(report.cannot_judge.len(), "row", "rows")
            )
        )
    );
    for (reason, mut rows) in reasons {
        // What is exploited comes first, then what is worse.
        rows.sort_by(|a, b| {
            b.kev
                .cmp(&a.kev)
                .then_with(|| b.severity.cmp(&a.severity))
                .then_with(|| a.vulnerability.cmp(&b.vulnerability))
        });
        let mut names: Vec<&str> = Vec::new();
        for row in &rows {
            if !names.contains(&row.vulnerability.as_str()) {
                names.push(row.vulnerability.as_str());
            }
        }
        let named = names
            .iter()
            .take(SHOWN_UNJUDGED)
            .copied()
            .collect::<Vec<_>>()
            .join(", ");
        let more = if names.len() > SHOWN_UNJUDGED {
            ", …"
        } else {
            ""
        };
        let exploited = match rows.iter().filter(|row| row.kev).count() {
            0 => String::new(),
            number => format!(", {number} known to be exploited"),
        };
        let text = format!(
            "{}: {}{exploited} ({named}{more})",
            words::cannot_judge(reason),
            count(rows.len(), "row", "rows"),
        );
        out.push_str(&wrapped(look, "  - ", "    ", &plain(&text)));
    }
    out
}

fn gaps(report: &Report, look: Look) -> String {
    let gaps = &report.coverage.gaps;
    if gaps.is_empty() {
        return String::new();
    }
    let mut out = format!("\n{}\n", bold(look, "Not read or not judged"));
    for gap in gaps.iter().take(SHOWN_GAPS) {
        let detail = plain(&gap.detail);
        // A sentence that names its file already need not name it twice.
        let place = match (&gap.path, &gap.layer) {
            (Some(path), _) if !gap.detail.contains(path.as_str()) => {
                format!(" [{}]", plain(&cut(path, 200)))
            }
            (None, Some(layer)) if !gap.detail.contains(layer.hex()) => {
                format!(" [layer {}]", layer.hex().get(..12).unwrap_or_default())
            }
            _ => String::new(),
        };
        out.push_str(&wrapped(look, "  - ", "    ", &format!("{detail}{place}")));
    }
    if let Some(more) = gaps.len().checked_sub(SHOWN_GAPS).filter(|n| *n > 0) {
        let _ = writeln!(
            out,
            "  - and {} (all of them with --format json)",
            count(more, "more", "more")
        );
    }
    out
}

fn feeds(report: &Report, look: Look) -> String {
    if report.feeds.is_empty() {
        return String::new();
    }
    let mut out = format!("\n{}\n", bold(look, "Advisories used"));
    let widest = report.feeds.iter().map(|feed| feed.name.len()).max();
    let widest = widest.unwrap_or_default().min(32);
    for feed in &report.feeds {
        let _ = writeln!(
            out,
            "  {:<widest$}  {}",
            plain(&feed.name),
            freshness(feed.as_of, report.scanned_at)
        );
    }
    if report.summary.shards_read > 0 {
        let _ = writeln!(
            out,
            "  {} opened, {} kB of them read",
            count(report.summary.shards_read as usize, "shard", "shards"),
            report.summary.shard_bytes_read.div_ceil(1000)
        );
    }
    out
}

fn freshness(as_of: Option<Timestamp>, now: Timestamp) -> String {
    match as_of {
        Some(as_of) => format!("as of {}, {}", date(as_of), age(as_of, now)),
        None => "of an unknown date".to_owned(),
    }
}

/// The last line, because it is the one that is seen.
fn verdict(report: &Report, look: Look) -> String {
    let mut found = match report.summary.total {
        0 => "nothing found".to_owned(),
        total => count(total as usize, "finding", "findings"),
    };
    if !report.cannot_judge.is_empty() {
        let _ = write!(
            found,
            ", {} cannot be judged",
            count(report.cannot_judge.len(), "row", "rows")
        );
    }
    if !report.suppressed.is_empty() {
        let _ = write!(
            found,
            ", {} suppressed",
            grouped(report.suppressed.len() as u64)
        );
    }
    let clean = report.findings.is_empty()
        && report.cannot_judge.is_empty()
        && report.suppressed.is_empty();
    // With a policy it is the verdict that decides about the exit code.
    let code = match report.policy {
        Some(_) => "",
        None => " (exit code 4)",
    };
    let text = match report.coverage.status {
        CoverageStatus::Complete if clean => styled(look, "32", "Fully scanned, nothing found."),
        CoverageStatus::Complete => format!("Fully scanned: {found}."),
        CoverageStatus::Partial => styled(
            look,
            "1;33",
            &format!("Not fully scanned: {found} in what was read{code}."),
        ),
        CoverageStatus::Unsupported => styled(
            look,
            "1;31",
            &format!("Not scanned: nothing can be concluded{code}."),
        ),
    };
    let gate = report
        .policy
        .as_ref()
        .map_or_else(String::new, |outcome| closing(outcome, look));
    format!("\n{text}\n{gate}")
}
