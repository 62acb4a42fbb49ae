//! The ranked vulnerabilities of an estate.

use std::fmt::Write as _;

use schemas::{PlaceKind, api::vulnerability::VulnerabilityList};

use super::{Grid, alarm, bold, cell, epss, number, score, severity, wide, word, wrapped};
use crate::{output::Look, text};

/// The list as a table: the same rows in the same order as the server gave them.
pub fn render_vulnerabilities(list: &VulnerabilityList, look: Look) -> String {
    let mut out = String::new();
    if !list.feeds_loaded {
        out.push_str(&wrapped(
            look,
            &bold(look, "No advisories are loaded: "),
            "  ",
            "an empty list proves nothing. `GET /api/v1/feeds` of the server says how to fill them.",
        ));
    }
    match list.as_of {
        Some(as_of) => {
            let _ = writeln!(
                out,
                "{} of {} at {as_of}",
                text::count(
                    list.vulnerabilities.len(),
                    "vulnerability",
                    "vulnerabilities"
                ),
                text::grouped(list.total),
            );
        }
        None => out.push_str("Nothing has been judged yet.\n"),
    }
    if list.vulnerabilities.is_empty() {
        return out;
    }
    out.push('\n');
    let mut grid = Grid::new(
        look,
        vec![
            number("SCORE"),
            word("SEVERITY"),
            word("VULNERABILITY"),
            word("KEV"),
            number("EPSS"),
            word("FIX"),
            number("HOSTS"),
            number("IMAGES"),
            number("RUNNING"),
            wide("TOP PLACE", 12),
        ],
    );
    for row in &list.vulnerabilities {
        let kind = match row.top_place.kind() {
            PlaceKind::Host => "host",
            PlaceKind::Image => "image",
        };
        grid.row(vec![
            score(row.score),
            severity(row.severity),
            cell(row.id.as_str()),
            alarm(if row.known_exploited { "yes" } else { "" }),
            epss(row.epss),
            cell(if row.fix_available { "yes" } else { "no" }),
            cell(&row.hosts.to_string()),
            cell(&row.images.to_string()),
            cell(&row.running_containers.to_string()),
            cell(&format!("{kind} {}", row.top_place_name)),
        ]);
    }
    out.push_str(&grid.render());
    if list.next_cursor.is_some() {
        out.push_str("\nMore rows follow: raise --limit.\n");
    }
    out
}
