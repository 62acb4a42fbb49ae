//! pip's `requirements.txt`. Only what is pinned with `==` says what will be used; the rest is told as a gap. Source:
//! pip's documentation, "Requirements File Format"; PEP 508 and the version specifiers specification.

use schemas::inventory::PackageKind;

use super::{Format, Listing, cut, development_if, text};
use crate::analyzers::AnalyzerError;

pub(super) static REQUIREMENTS: Format = Format {
    name: "requirements",
    kind: PackageKind::Pypi,
    wants: is_requirements,
    parse,
};

/// `requirements.txt`, `requirements-dev.txt`, `dev-requirements.txt`, `requirements.prod.txt`.
fn is_requirements(name: &str) -> bool {
    let Some(stem) = name.strip_suffix(".txt") else {
        return false;
    };
    [
        "requirements",
        "requirements-",
        "requirements_",
        "requirements.",
    ]
    .iter()
    .any(|start| stem == "requirements" || (stem.starts_with(start) && start.len() > 12))
        || stem.ends_with("-requirements")
        || stem.ends_with("_requirements")
}

/// `requirements/base.txt`: any name, right below a folder that says what it is.
pub(super) fn lies_in(folder: &str, name: &str) -> bool {
    crate::path::split(folder).1 == "requirements" && name.ends_with(".txt")
}

/// Whether the file that another one names is read by its own name. Its path is relative to the other's folder.
fn is_read(path: &str, named: &str) -> bool {
    let mut parts: Vec<&str> = crate::path::split(path).0.split('/').collect();
    for part in named.split(['/', '\\']) {
        match part {
            "" | "." => {}
            // Above what is scanned.
            ".." if parts.pop().is_none_or(str::is_empty) => return false,
            ".." => {}
            part => parts.push(part),
        }
    }
    !named.contains("://")
        && super::format_of(&parts.join("/")).is_some_and(|format| format.name == REQUIREMENTS.name)
}

/// Words in the file's name that say that it is for development.
fn is_for_development(path: &str) -> bool {
    let name = crate::path::split(path).1;
    name.strip_suffix(".txt")
        .unwrap_or(name)
        .split(['-', '_', '.'])
        .any(|word| {
            matches!(
                word,
                "dev" | "develop" | "development" | "test" | "tests" | "lint" | "docs"
            )
        })
}

fn parse(bytes: &[u8], listing: &mut Listing<'_>) -> Result<(), AnalyzerError> {
    let text = text(bytes);
    let origin = development_if(is_for_development(listing.path));
    let mut continued = String::new();
    for line in text.lines() {
        if let Some(start) = line.strip_suffix('\\') {
            continued.push_str(start);
            continuation_end(&mut continued);
            continue;
        }
        let whole = if continued.is_empty() {
            line.to_owned()
        } else {
            let mut whole = std::mem::take(&mut continued);
            whole.push_str(line);
            whole
        };
        requirement(&whole, origin, listing);
    }
    requirement(&continued, origin, listing);
    Ok(())
}

/// Hashes make lines long; what follows the requirement itself is not kept.
fn continuation_end(line: &mut String) {
    const LONGEST: usize = 4096;
    if line.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|at| line.is_char_boundary(*at));
        line.truncate(end.unwrap_or(0));
    }
    line.push(' ');
}

fn requirement(line: &str, origin: schemas::inventory::PackageOrigin, listing: &mut Listing<'_>) {
    // A comment begins with `#` at the beginning or after a blank.
    let comment = line.match_indices('#').find(|(at, _)| {
        line.get(..*at)
            .is_none_or(|before| before.is_empty() || before.ends_with([' ', '\t']))
    });
    let line = comment
        .map_or(line, |(at, _)| line.get(..at).unwrap_or_default())
        .trim();
    if line.is_empty() {
        return;
    }
    if line.starts_with('-') {
        let (option, value) = match line.split_once([' ', '=', '\t']) {
            Some((option, value)) => (option, value.trim_matches([' ', '\t', '"', '\''])),
            // `-rbase.txt`
            None => line.split_at_checked(2).unwrap_or((line, "")),
        };
        // Other files are read by their own names; the rest are settings, but for sources without a version.
        if matches!(option, "-r" | "--requirement" | "-c" | "--constraint") {
            if !is_read(listing.path, value) {
                listing.unresolved(format!(
                    "`{}` was not read: its name does not say that it lists requirements; call it requirements-NAME.txt, \
                     put it into a folder `requirements`, or scan what is installed",
                    cut(line)
                ));
            }
            return;
        }
        if matches!(option, "-e" | "--editable") && !line.ends_with(" .") {
            listing.unresolved(format!("`{}` names no version", cut(line)));
        }
        return;
    }
    // Options of the requirement and its condition.
    let wanted = line.split(" --").next().unwrap_or(line);
    let wanted = wanted.split(';').next().unwrap_or(wanted).trim();
    let end = wanted
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
        .unwrap_or(wanted.len());
    let (name, rest) = wanted.split_at_checked(end).unwrap_or((wanted, ""));
    let rest = rest.trim_start();
    // Extras: `name[a,b]==1`.
    let rest = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((_, rest)) => rest,
        None => rest,
    };
    let rest = rest
        .trim()
        .trim_start_matches('(')
        .trim_end_matches(')')
        .trim();
    let exact = rest
        .strip_prefix("===")
        .or_else(|| rest.strip_prefix("=="))
        .map(str::trim)
        .filter(|version| !version.is_empty() && !version.contains(['*', ',', '<', '>', '!', '~']));
    match exact {
        Some(version) if !name.is_empty() => listing.add(name, version, origin),
        _ => listing.unresolved(format!(
            "`{}` is not pinned to one version with `==`, so it was not judged; pin it, or scan what is installed",
            cut(line)
        )),
    }
}
