//! The state of downloaded feeds, what an update did, and the catalogue.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use indicatif::HumanBytes;
use schemas::Timestamp;
use sources::feeds::catalogue;

use super::{Grid, age, alarm, bold, cell, date, number, wide, word, wrapped};
use crate::{
    feeds::{
        status::{FeedStatus, Status},
        update::Counts,
    },
    output::Look,
    text::{count, grouped, plain},
};

/// Things that could not be compiled and are named.
const SHOWN_NOTES: usize = 50;

/// How each feed is.
pub fn render_status(status: &Status, now: Timestamp, look: Look) -> String {
    let rows = status.feeds.iter().map(|feed| (feed, state_of(feed)));
    let mut out = grid(rows, now, look);
    out.push_str(&troubles(status.feeds.iter(), look));
    out.push_str(&compiled(status, now));
    out
}

/// What an update did.
pub fn render_update(
    status: &Status,
    asked: &BTreeSet<&str>,
    became: &BTreeMap<String, Counts>,
    notes: &[String],
    now: Timestamp,
    look: Look,
) -> String {
    let feeds: Vec<&FeedStatus> = status
        .feeds
        .iter()
        .filter(|feed| asked.contains(feed.name.as_str()))
        .collect();
    let rows = feeds.iter().map(|feed| {
        let counts = became.get(&feed.name).copied().unwrap_or_default();
        (*feed, outcome_of(feed, counts))
    });
    let mut out = grid(rows, now, look);
    out.push_str(&troubles(feeds.iter().copied(), look));
    if !notes.is_empty() {
        let _ = writeln!(out, "\n{}", bold(look, "Could not be compiled"));
        for note in notes.iter().take(SHOWN_NOTES) {
            out.push_str(&wrapped(look, "  - ", "    ", &plain(note)));
        }
        let more = notes.len().saturating_sub(SHOWN_NOTES);
        if more > 0 {
            let _ = writeln!(out, "  - and {}", count(more, "more", "more"));
        }
    }
    out.push_str(&compiled(status, now));
    out
}

/// The feeds that can be downloaded.
pub fn render_catalogue(look: Look) -> String {
    let mut grid = Grid::new(
        look,
        vec![
            word("FEED"),
            wide("PUBLISHER", 12),
            word("CHANGES"),
            word("BY DEFAULT"),
        ],
    );
    for feed in catalogue() {
        let changes = match feed.every_hours {
            1 => "hourly".to_owned(),
            24 => "daily".to_owned(),
            hours => format!("every {hours} h"),
        };
        grid.row(vec![
            cell(feed.name),
            cell(feed.publisher),
            cell(&changes),
            cell(match (feed.is_read(), feed.by_default) {
                (false, _) => "no: this version does not read it",
                (true, true) => "yes",
                (true, false) => "no",
            }),
        ]);
    }
    grid.render()
}

fn grid<'s>(
    rows: impl Iterator<Item = (&'s FeedStatus, String)>,
    now: Timestamp,
    look: Look,
) -> String {
    let mut grid = Grid::new(
        look,
        vec![
            word("FEED"),
            number("DOCUMENTS"),
            number("ROWS"),
            number("SIZE"),
            word("AS OF"),
            word("CHECKED"),
            wide("STATE", 12),
        ],
    );
    for (feed, state) in rows {
        let good = feed.last_error.is_none() && feed.held.is_empty();
        grid.row(vec![
            cell(&feed.name),
            cell(&grouped(feed.documents)),
            cell(&grouped(feed.rows)),
            cell(&HumanBytes(feed.size_bytes).to_string()),
            cell(&feed.as_of.map_or_else(|| "unknown".to_owned(), date)),
            cell(
                &feed
                    .good_at
                    .map_or_else(|| "never".to_owned(), |at| age(at, now)),
            ),
            if good { cell(&state) } else { alarm(&state) },
        ]);
    }
    grid.render()
}

fn state_of(feed: &FeedStatus) -> String {
    if feed.last_error.is_some() {
        "failed".to_owned()
    } else if !feed.held.is_empty() {
        "held back".to_owned()
    } else {
        "good".to_owned()
    }
}

fn outcome_of(feed: &FeedStatus, counts: Counts) -> String {
    let mut parts = Vec::new();
    if counts.taken > 0 {
        parts.push(format!("{} updated", grouped(counts.taken as u64)));
    }
    if counts.failed > 0 {
        parts.push(format!("{} failed", grouped(counts.failed as u64)));
    } else if feed.last_error.is_some() {
        parts.push("failed".to_owned());
    }
    if !feed.held.is_empty() {
        parts.push(format!("{} held back", grouped(feed.held.len() as u64)));
    }
    if parts.is_empty() {
        parts.push("unchanged".to_owned());
    }
    parts.join(", ")
}

/// What went wrong and what is held back, a line each.
fn troubles<'s>(feeds: impl Iterator<Item = &'s FeedStatus>, look: Look) -> String {
    let (mut failed, mut held) = (String::new(), String::new());
    for feed in feeds {
        if let Some(error) = &feed.last_error {
            let line = format!("{}: {error}; what was good before is in use", feed.name);
            failed.push_str(&wrapped(look, "  - ", "    ", &plain(&line)));
        }
        for document in &feed.held {
            let line = format!("{}: {}", feed.name, document.why);
            held.push_str(&wrapped(look, "  - ", "    ", &plain(&line)));
        }
    }
    let mut out = String::new();
    for (title, lines) in [("Failed", failed), ("Held back", held)] {
        if !lines.is_empty() {
            let _ = write!(out, "\n{}\n{lines}", bold(look, title));
        }
    }
    out
}

fn compiled(status: &Status, now: Timestamp) -> String {
    let folder = status.folder.display().to_string();
    let Some(compiled) = &status.compiled else {
        return format!(
            "\nnothing is compiled in {}, so scans have no advisories\n",
            plain(&folder)
        );
    };
    let origin = match (compiled.bundled_at, compiled.built_at) {
        (Some(at), _) => format!(", from a bundle that is {}", age(at, now)),
        (None, Some(at)) => format!(", compiled {}", date(at)),
        (None, None) => String::new(),
    };
    format!(
        "\n{} rows, {}, generation {}{origin}, in {}\n",
        grouped(compiled.rows),
        HumanBytes(compiled.size_bytes),
        plain(&compiled.generation),
        plain(&folder),
    )
}
