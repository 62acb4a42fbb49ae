//! The bills as a table, and its place in the documents.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};

use crate::model::{Bill, SERVICES};

/// What stands before and behind the table in a document.
const BEGIN: &str = "<!-- cost:begin -->";
const END: &str = "<!-- cost:end -->";

/// The bills of estates of several sizes, as Markdown.
#[must_use]
pub fn markdown(bills: &[Bill]) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write_all(&mut out, bills);
    out
}

fn write_all(out: &mut String, bills: &[Bill]) -> std::fmt::Result {
    let row = |out: &mut String, name: &str, cells: &dyn Fn(&Bill) -> String| -> std::fmt::Result {
        write!(out, "| {name} |")?;
        for bill in bills {
            write!(out, " {} |", cells(bill))?;
        }
        writeln!(out)
    };
    row(out, "USD a month", &|bill| {
        format!("{} hosts", thousands(bill.hosts))
    })?;
    writeln!(out, "|---|{}", "---:|".repeat(bills.len()))?;
    row(out, "images", &|bill| thousands(bill.images))?;
    row(out, "findings", &|bill| thousands(bill.findings))?;
    for service in SERVICES {
        row(out, service, &|bill| {
            usd(bill.by_service.get(service).copied().unwrap_or_default())
        })?;
    }
    row(out, "**total**", &|bill| {
        format!("**{}**", usd(bill.total()))
    })?;
    row(out, "of which stands still", &|bill| usd(bill.standing))?;
    row(out, "**for each host beyond that**", &|bill| {
        format!("**{:.4}**", bill.per_host())
    })?;
    writeln!(out)?;
    row(out, "by reason", &|bill| {
        format!("{} hosts", thousands(bill.hosts))
    })?;
    writeln!(out, "|---|{}", "---:|".repeat(bills.len()))?;
    let reasons = bills.first().map(|bill| bill.by_reason.keys());
    for reason in reasons.into_iter().flatten() {
        row(out, reason, &|bill| {
            usd(bill.by_reason.get(reason).copied().unwrap_or_default())
        })?;
    }
    row(out, "stored", &|bill| {
        let reasons: f64 = bill.by_reason.values().sum();
        usd(bill.total() - bill.standing - reasons)
    })
}

fn usd(amount: f64) -> String {
    format!("{amount:.2}")
}

fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A document with the table in its place.
///
/// # Errors
/// When the document has no place for it.
pub fn replaced(document: &str, table: &str) -> Result<String> {
    let (before, rest) = document
        .split_once(BEGIN)
        .with_context(|| format!("the document has no `{BEGIN}`"))?;
    let (_, after) = rest
        .split_once(END)
        .with_context(|| format!("the document has no `{END}` behind `{BEGIN}`"))?;
    Ok(format!("{before}{BEGIN}\n\n{table}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_replaces_the_one_before_and_nothing_else() {
        let document = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        let fresh = replaced(&document, "| new |\n").unwrap();
        assert_eq!(fresh, format!("a\n{BEGIN}\n\n| new |\n\n{END}\nb\n"));
        assert_eq!(replaced(&fresh, "| new |\n").unwrap(), fresh);
        assert!(replaced("nothing", "x").is_err());
    }

    #[test]
    fn numbers_are_read_in_threes() {
        assert_eq!(thousands(100.0), "100");
        assert_eq!(thousands(12_345_678.0), "12,345,678");
    }
}
