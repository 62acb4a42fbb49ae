//! Results for people: borderless tables, one row a line where the width allows it, so that `grep` and eyes both work.

mod estate;
mod feeds;
mod findings;
mod gate;
mod scan;
mod updates;

use comfy_table::{
    Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, Table, Width,
    presets,
};
use schemas::{Severity, Timestamp};

use crate::{output::Look, text::plain};

pub use estate::render_vulnerabilities;
pub use feeds::{render_build, render_feeds};
pub use scan::render_report;
pub use updates::{render_catalogue, render_status, render_update};

/// A column of a grid.
#[derive(Clone, Copy, Debug)]
struct Column {
    head: &'static str,
    right: bool,
    /// The least width to which it may shrink on a narrow terminal; `None` where it is always as wide as its content.
    least: Option<u16>,
}

/// A column of text that may wrap, down to this width.
const fn wide(head: &'static str, least: u16) -> Column {
    Column {
        head,
        right: false,
        least: Some(least),
    }
}

/// A column of short words, which never wrap.
const fn word(head: &'static str) -> Column {
    Column {
        head,
        right: false,
        least: None,
    }
}

/// A column of numbers, which never wrap.
const fn number(head: &'static str) -> Column {
    Column {
        head,
        right: true,
        least: None,
    }
}

/// A table being filled.
struct Grid {
    table: Table,
    columns: Vec<Column>,
    look: Look,
}

impl Grid {
    fn new(look: Look, columns: Vec<Column>) -> Self {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        // Width and colour are decided once, by `Look`, and not by what this process happens to be attached to.
        table.force_no_tty();
        if look.colour {
            table.enforce_styling();
        }
        match look.width {
            Some(width) => {
                table
                    .set_content_arrangement(ContentArrangement::Dynamic)
                    .set_width(width);
            }
            None => {
                table.set_content_arrangement(ContentArrangement::Disabled);
            }
        }
        table.set_header(columns.iter().map(|column| {
            let cell = Cell::new(column.head);
            if look.colour {
                cell.add_attribute(Attribute::Bold)
            } else {
                cell
            }
        }));
        Self {
            table,
            columns,
            look,
        }
    }

    fn row(&mut self, cells: Vec<Cell>) {
        self.table.add_row(cells);
    }

    fn render(mut self) -> String {
        for (at, column) in self.columns.iter().enumerate() {
            let narrow = self.look.width.is_some();
            if let Some(drawn) = self.table.column_mut(at) {
                drawn.set_padding((0, 2));
                if column.right {
                    drawn.set_cell_alignment(CellAlignment::Right);
                }
                if narrow {
                    drawn.set_constraint(match column.least {
                        None => ColumnConstraint::ContentWidth,
                        Some(least) => ColumnConstraint::LowerBoundary(Width::Fixed(least + 2)),
                    });
                }
            }
        }
        let mut out = self.table.trim_fmt();
        out.push('\n');
        out
    }
}

/// A cell of text that may come from outside.
fn cell(text: &str) -> Cell {
    Cell::new(plain(text))
}

/// A severity in its colour.
fn severity(severity: Severity) -> Cell {
    let cell = Cell::new(severity.as_str());
    match severity {
        Severity::Critical => cell.fg(Color::Red).add_attribute(Attribute::Bold),
        Severity::High => cell.fg(Color::Red),
        Severity::Medium => cell.fg(Color::Yellow),
        Severity::Low => cell.fg(Color::Blue),
        Severity::Unknown => cell,
    }
}

/// A score with one decimal.
fn score(value: f32) -> Cell {
    Cell::new(format!("{value:.1}"))
}

/// A word in bold red where colours are wanted.
fn alarm(text: &str) -> Cell {
    Cell::new(text)
        .fg(Color::Red)
        .add_attribute(Attribute::Bold)
}

/// EPSS as a percentage. What is not zero is never shown as zero.
fn epss(probability: Option<f32>) -> Cell {
    Cell::new(match probability {
        None => String::new(),
        Some(p) if p > 0.0 && p < 0.0005 => "<0.1%".to_owned(),
        Some(p) => format!("{:.1}%", f64::from(p) * 100.0),
    })
}

/// How old something is at a moment, in one unit: `3 days old`.
fn age(as_of: Timestamp, now: Timestamp) -> String {
    let hours = now.as_s().saturating_sub(as_of.as_s()) / 3600;
    match hours {
        ..0 => "from a later date than this clock".to_owned(),
        0 => "less than an hour old".to_owned(),
        1 => "1 hour old".to_owned(),
        2..48 => format!("{hours} hours old"),
        _ => format!("{} days old", hours / 24),
    }
}

/// The date of a moment, `2026-11-23`.
fn date(moment: Timestamp) -> String {
    moment.to_string().chars().take(10).collect()
}

/// Text in bold where colours are wanted.
fn bold(look: Look, text: &str) -> String {
    styled(look, "1", text)
}

/// Text in an ANSI style where colours are wanted. Source: ECMA-48, SGR.
fn styled(look: Look, code: &str, text: &str) -> String {
    if look.colour {
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    } else {
        text.to_owned()
    }
}

/// Lines of prose with a hanging indent, wrapped where there is a width.
fn wrapped(look: Look, first: &str, indent: &str, text: &str) -> String {
    let Some(width) = look.width.map(usize::from) else {
        return format!("{first}{text}\n");
    };
    let mut out = String::from(first);
    let mut used = first.chars().count();
    let mut fresh = true;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if !fresh && used + 1 + length > width {
            out.push('\n');
            out.push_str(indent);
            used = indent.chars().count();
            fresh = true;
        }
        if !fresh {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += length;
        fresh = false;
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_told_in_one_unit() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let at = |text: &str| age(text.parse().unwrap(), now);
        assert_eq!(at("2026-11-23T11:30:00Z"), "less than an hour old");
        assert_eq!(at("2026-11-22T13:00:00Z"), "23 hours old");
        assert_eq!(at("2026-05-23T12:00:00Z"), "184 days old");
        assert_eq!(
            at("2026-11-24T12:00:00Z"),
            "from a later date than this clock"
        );
    }

    #[test]
    fn prose_wraps_with_a_hanging_indent() {
        let look = Look {
            width: Some(20),
            colour: false,
        };
        assert_eq!(
            wrapped(look, "  - ", "    ", "one two three four five"),
            "  - one two three\n    four five\n"
        );
        assert_eq!(
            wrapped(Look::default(), "- ", "  ", "one two"),
            "- one two\n"
        );
    }

    #[test]
    fn a_probability_above_zero_is_never_shown_as_zero() {
        assert_eq!(epss(Some(0.0001)).content(), "<0.1%");
        assert_eq!(epss(Some(0.944)).content(), "94.4%");
        assert_eq!(epss(None).content(), "");
    }
}
