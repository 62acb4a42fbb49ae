//! Feeds and shards of a compiled folder, and what a build could not use.

use std::fmt::Write as _;

use advisories::{
    BuildReport,
    shards::{FeedState, Manifest},
};
use indicatif::HumanBytes;
use schemas::Timestamp;

use super::{Grid, age, alarm, bold, cell, date, number, wide, word, wrapped};
use crate::{
    output::Look,
    text::{count, grouped, plain},
};

/// Errors that are named.
const SHOWN_ERRORS: usize = 50;
/// Folders and archives of unrecognised documents that are named.
const SHOWN_UNRECOGNISED: usize = 50;
/// Ecosystems without an order of versions that are named.
const SHOWN_NOT_JUDGED: usize = 12;

/// What a build made, and what it could not use.
pub fn render_build(report: &BuildReport, now: Timestamp, look: Look) -> String {
    let mut out = feeds(&report.manifest, now, look);
    out.push_str(&not_judged(&report.manifest, look));
    if !report.errors.is_empty() {
        let _ = writeln!(out, "\n{}", bold(look, "Could not be used"));
        // Whole documents first: a row is little beside them.
        let mut errors: Vec<_> = report.errors.iter().collect();
        errors.sort_by_key(|error| !error.unusable);
        for error in errors.iter().take(SHOWN_ERRORS) {
            let what = if error.unusable { "" } else { "row left out: " };
            let text = plain(&error.to_string()).into_owned();
            out.push_str(&wrapped(look, "  - ", "    ", &format!("{what}{text}")));
        }
        more(&mut out, errors.len().saturating_sub(SHOWN_ERRORS));
    }
    if report.unrecognised_total > 0 {
        let total = usize::try_from(report.unrecognised_total).unwrap_or(usize::MAX);
        let _ = writeln!(
            out,
            "\n{}",
            bold(
                look,
                &format!(
                    "Not recognised: {} of no known feed",
                    count(total, "document", "documents")
                )
            )
        );
        let groups = by_container(&report.unrecognised);
        for (container, names) in groups.iter().take(SHOWN_UNRECOGNISED) {
            let first = names.first().copied().unwrap_or_default();
            let line = match names.len() {
                1 => format!("{container}{first}"),
                number => format!("{container}: {}, such as {first}", grouped(number as u64)),
            };
            let _ = writeln!(out, "  - {}", plain(&line));
        }
        let shown: usize = groups
            .iter()
            .take(SHOWN_UNRECOGNISED)
            .map(|(_, names)| names.len())
            .sum();
        more(&mut out, total.saturating_sub(shown));
    }
    let size = report
        .manifest
        .shards
        .iter()
        .map(|shard| shard.size_bytes)
        .sum();
    let rows = report.manifest.shards.iter().map(|shard| shard.rows).sum();
    let _ = writeln!(
        out,
        "\n{} rows in {}, {}, generation {}",
        grouped(rows),
        count(report.manifest.shards.len(), "shard", "shards"),
        HumanBytes(size),
        plain(&report.manifest.generation),
    );
    out
}

/// What a compiled folder holds.
pub fn render_feeds(manifest: &Manifest, now: Timestamp, look: Look) -> String {
    let mut out = feeds(manifest, now, look);
    out.push_str(&not_judged(manifest, look));
    out.push('\n');
    let mut grid = Grid::new(
        look,
        vec![
            wide("SHARD", 12),
            number("NAMES"),
            number("ROWS"),
            number("SIZE"),
        ],
    );
    for shard in &manifest.shards {
        grid.row(vec![
            cell(&shard.key),
            cell(&grouped(shard.names)),
            cell(&grouped(shard.rows)),
            cell(&HumanBytes(shard.size_bytes).to_string()),
        ]);
    }
    out.push_str(&grid.render());
    let _ = writeln!(out, "\ngeneration {}", plain(&manifest.generation));
    out
}

fn feeds(manifest: &Manifest, now: Timestamp, look: Look) -> String {
    let mut grid = Grid::new(
        look,
        vec![
            wide("FEED", 14),
            number("DOCUMENTS"),
            number("ROWS"),
            word("AS OF"),
            word("AGE"),
            number("ERRORS"),
        ],
    );
    for feed in &manifest.feeds {
        grid.row(vec![
            cell(&feed.name),
            cell(&grouped(u64::from(feed.documents))),
            cell(&grouped(feed.rows)),
            cell(&feed.as_of.map_or_else(|| "unknown".to_owned(), date)),
            cell(&feed.as_of.map_or_else(String::new, |as_of| age(as_of, now))),
            if feed.errors == 0 {
                cell("0")
            } else {
                alarm(&feed.errors.to_string())
            },
        ]);
    }
    grid.render()
}

/// Rows that were understood and cannot be judged by this version.
fn not_judged(manifest: &Manifest, look: Look) -> String {
    let mut out = String::new();
    for feed in manifest
        .feeds
        .iter()
        .filter(|feed| !feed.not_judged.is_empty())
    {
        out.push_str(&wrapped(look, "  ", "    ", &not_judged_of(feed)));
    }
    if out.is_empty() {
        return out;
    }
    format!(
        "\n{}\n{out}",
        bold(
            look,
            "Understood and not judged (no order of versions is known here)"
        )
    )
}

fn not_judged_of(feed: &FeedState) -> String {
    let mut ecosystems: Vec<_> = feed.not_judged.iter().collect();
    ecosystems.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
    let mut named: Vec<_> = ecosystems
        .iter()
        .take(SHOWN_NOT_JUDGED)
        .map(|(name, rows)| format!("{} {}", plain(name), grouped(**rows)))
        .collect();
    let more = ecosystems.len().saturating_sub(SHOWN_NOT_JUDGED);
    if more > 0 {
        named.push(format!("and {}", count(more, "more", "more")));
    }
    format!("{}: {}", plain(&feed.name), named.join(", "))
}

/// Names by the archive they are in, or by their folder: an archive of a thousand files is one thing to a person.
fn by_container(names: &[String]) -> Vec<(&str, Vec<&str>)> {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for name in names {
        let archive = [
            ".tar/",
            ".tar.zst/",
            ".tar.gz/",
            ".tgz/",
            ".tar.bz2/",
            ".tar.xz/",
            ".zip/",
        ]
        .iter()
        .filter_map(|ending| Some(name.find(ending)? + ending.len()))
        .min();
        let at = archive
            .or_else(|| name.rfind('/').map(|at| at + 1))
            .unwrap_or(0);
        let (container, rest) = name.split_at_checked(at).unwrap_or(("", name));
        match groups.last_mut() {
            Some((known, rests)) if *known == container => rests.push(rest),
            _ => groups.push((container, vec![rest])),
        }
    }
    groups
}

fn more(out: &mut String, number: usize) {
    if number > 0 {
        let _ = writeln!(out, "  - and {}", count(number, "more", "more"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unrecognised_names_are_grouped_by_archive_or_folder() {
        let names: Vec<String> = [
            "README.md",
            "a/x.tar.zst/b/c.yaml",
            "a/x.tar.zst/d.yaml",
            "a/z.tar.xz/b/c.json",
            "a/z.tar.xz/d.json",
            "a/y.txt",
        ]
        .map(str::to_owned)
        .into();
        assert_eq!(
            by_container(&names),
            [
                ("", vec!["README.md"]),
                ("a/x.tar.zst/", vec!["b/c.yaml", "d.yaml"]),
                ("a/z.tar.xz/", vec!["b/c.json", "d.json"]),
                ("a/", vec!["y.txt"]),
            ]
        );
    }
}
