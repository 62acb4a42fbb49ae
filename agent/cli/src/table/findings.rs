//! Findings as rows, those of one source package in one row.

use std::collections::BTreeMap;

use comfy_table::Cell;
use schemas::{
    Severity,
    advisory::AdvisoryStatus,
    finding::{Finding, FixAt},
};

use super::{Grid, alarm, cell, epss, number, score, severity, wide, word, wrapped};
use crate::{output::Look, text::plain};

/// Names of one source package's binary packages that are shown; the rest are counted.
const SHOWN_PACKAGES: usize = 2;
/// Columns of a terminal below which everything that repeats is left out of the rows.
const NARROW: u16 = 130;

/// Findings that read alike but for the binary package: one line.
struct Line<'a> {
    finding: &'a Finding,
    packages: Vec<&'a str>,
}

/// What makes findings read alike.
type LineKey<'a> = (
    &'a str,
    &'a str,
    &'a str,
    Option<&'a str>,
    &'a str,
    Severity,
    Option<&'a str>,
    Option<bool>,
);

/// Findings of one source package in one line, in the order of the report.
fn lines(findings: &[Finding]) -> Vec<Line<'_>> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    let mut known: BTreeMap<LineKey<'_>, usize> = BTreeMap::new();
    for finding in findings {
        let key = (
            finding.vulnerability.as_str(),
            finding.evidence.matched_name.as_str(),
            finding.installed_version.as_str(),
            finding.fixed_version.as_deref(),
            finding.evidence.matched_version.as_str(),
            finding.severity,
            finding.kb.as_deref(),
            finding.in_base_image,
        );
        let at = *known.entry(key).or_insert(lines.len());
        match lines.get_mut(at) {
            Some(line) => {
                if !line.packages.contains(&finding.package.as_str()) {
                    line.packages.push(&finding.package);
                }
            }
            None => lines.push(Line {
                finding,
                packages: vec![&finding.package],
            }),
        }
    }
    lines
}

/// Which columns the rows have.
#[derive(Clone, Copy)]
struct Shape {
    package: bool,
    kb: bool,
    fix_at: bool,
    base: bool,
    epss: bool,
}

impl Shape {
    /// A pipe always gets the package and EPSS, so that a script finds what it looks for; a narrow terminal only what
    /// says something.
    fn of(findings: &[Finding], look: Look) -> Self {
        let narrow = look.width.is_some_and(|width| width < NARROW);
        let mut where_it_is = findings.iter().map(|f| (&f.package, &f.installed_version));
        let first = where_it_is.next();
        let alike = findings.len() > 1 && where_it_is.all(|next| Some(next) == first);
        Self {
            package: !(narrow && alike),
            kb: findings.iter().any(|finding| finding.kb.is_some()),
            fix_at: findings.iter().any(|finding| finding.fix_at.is_some()),
            // Where all come with the base, or none does, the line above the table says so.
            base: [Some(true), Some(false)].iter().all(|told| {
                findings
                    .iter()
                    .any(|finding| finding.in_base_image == *told)
            }),
            epss: !narrow || findings.iter().any(|finding| finding.epss.is_some()),
        }
    }
}

/// The findings as a table, in the order that they have.
pub(super) fn render_findings(findings: &[Finding], look: Look) -> String {
    let Some(first) = findings.first() else {
        return String::new();
    };
    let shape = Shape::of(findings, look);
    let mut columns = vec![number("SCORE"), word("SEVERITY"), word("CVE")];
    if shape.package {
        columns.extend([wide("PACKAGE", 12), wide("INSTALLED", 10)]);
    }
    columns.push(wide("FIXED", 10));
    if shape.kb {
        columns.push(word("KB"));
    }
    if shape.fix_at {
        columns.push(word("FIX AT"));
    }
    if shape.base {
        columns.push(word("FROM"));
    }
    columns.push(word("KEV"));
    if shape.epss {
        columns.push(number("EPSS"));
    }
    let mut grid = Grid::new(look, columns);
    for line in lines(findings) {
        grid.row(row(&line, shape, look));
    }
    let mut out = String::from("\n");
    if !shape.package {
        let text = format!(
            "All in {} {}:",
            plain(&first.package),
            plain(&first.installed_version)
        );
        out.push_str(&wrapped(look, "", "", &text));
    }
    out.push_str(&grid.render());
    out
}

fn row(line: &Line<'_>, shape: Shape, look: Look) -> Vec<Cell> {
    let finding = line.finding;
    let mut cells = vec![
        finding
            .score
            .as_ref()
            .map_or_else(|| cell(""), |known| score(known.value)),
        severity(finding.severity),
        cell(finding.vulnerability.as_str()),
    ];
    if shape.package {
        cells.push(cell(&packages(line, look)));
        cells.push(cell(&finding.installed_version));
    }
    cells.push(fixed(finding));
    if shape.kb {
        cells.push(cell(finding.kb.as_deref().unwrap_or_default()));
    }
    if shape.fix_at {
        cells.push(cell(match finding.fix_at {
            None => "",
            Some(FixAt::Host) => "host",
            Some(FixAt::Image) => "image",
            Some(FixAt::Both) => "both",
            Some(FixAt::Unknown) => "unknown",
        }));
    }
    if shape.base {
        cells.push(cell(match finding.in_base_image {
            Some(true) => "base",
            Some(false) => "image",
            None => "",
        }));
    }
    cells.push(alarm(if finding.kev { "yes" } else { "" }));
    if shape.epss {
        cells.push(epss(finding.epss));
    }
    cells
}

fn packages(line: &Line<'_>, look: Look) -> String {
    let shown = line
        .packages
        .get(..SHOWN_PACKAGES.min(line.packages.len()))
        .unwrap_or_default()
        .join(", ");
    // Windows itself: the words that MSRC puts in brackets would fill five lines.
    if line.finding.purl.is_none() && look.width.is_some() {
        return shown.replace(" (Server Core installation)", " Core");
    }
    match line.packages.len().saturating_sub(SHOWN_PACKAGES) {
        0 => shown,
        more => format!("{shown} +{more}"),
    }
}

fn fixed(finding: &Finding) -> Cell {
    match (&finding.fixed_version, finding.status) {
        (Some(version), _) => cell(version),
        (None, AdvisoryStatus::WillNotFix) => cell("will not be fixed"),
        (None, AdvisoryStatus::EndOfLife) => cell("end of life"),
        (None, AdvisoryStatus::Unimportant) => cell("unimportant"),
        (None, _) => cell("none yet"),
    }
}
