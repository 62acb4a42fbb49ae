//! `yarn.lock`, both of yarn 1 and of later ones. It does not tell what is for development only. Source: yarn's
//! documentation, "yarn.lock"; the later form is YAML with a `__metadata` entry, the earlier one is like it.

use schemas::inventory::{PackageKind, PackageOrigin};

use super::{Format, Listing, cut, text};
use crate::analyzers::AnalyzerError;

pub(super) static YARN: Format = Format {
    name: "yarn-lock",
    kind: PackageKind::Npm,
    wants: |name| name == "yarn.lock",
    parse,
};

/// An entry: `"NAME@RANGE", "NAME@RANGE":`, then indented fields.
#[derive(Default)]
struct Entry<'a> {
    line: usize,
    key: &'a str,
    version: Option<&'a str>,
    resolution: Option<&'a str>,
}

fn parse(bytes: &[u8], listing: &mut Listing<'_>) -> Result<(), AnalyzerError> {
    let text = text(bytes);
    let mut entry = Entry::default();
    let mut entries = 0;
    let mut recognised = false;
    for (number, line) in text.lines().enumerate() {
        if line.starts_with('#') || line.trim().is_empty() {
            recognised |= line.contains("yarn lockfile v1");
            continue;
        }
        if !line.starts_with([' ', '\t']) {
            finish(&entry, listing);
            let Some(key) = line.trim_end().strip_suffix(':') else {
                listing.broken(format!("line {} begins no entry", number + 1));
                entry = Entry::default();
                continue;
            };
            entry = Entry {
                line: number + 1,
                key,
                ..Entry::default()
            };
            recognised |= key == "__metadata";
            entries += 1;
            continue;
        }
        // Two blanks: deeper ones are of its dependencies.
        let Some(field) = line.strip_prefix("  ").filter(|f| !f.starts_with(' ')) else {
            continue;
        };
        if let Some(value) = value_of(field, "version") {
            entry.version = Some(value);
        } else if let Some(value) = value_of(field, "resolution") {
            entry.resolution = Some(value);
        }
    }
    finish(&entry, listing);
    if entries > 0 || recognised || text.trim().is_empty() {
        Ok(())
    } else {
        Err(AnalyzerError::Corrupt("not a yarn.lock".to_owned()))
    }
}

/// `version "1.0.0"` and `version: 1.0.0`.
fn value_of<'a>(field: &'a str, key: &str) -> Option<&'a str> {
    let rest = field.strip_prefix(key)?;
    let rest = rest.strip_prefix(':').unwrap_or(rest);
    rest.starts_with(' ').then(|| rest.trim().trim_matches('"'))
}

fn finish(entry: &Entry<'_>, listing: &mut Listing<'_>) {
    if entry.key.is_empty() || entry.key == "__metadata" {
        return;
    }
    // `"@a/b@npm:^1"` → `@a/b` and `npm:^1`; what is inside an alias counts: `"x@npm:real@1"`.
    let first = entry
        .key
        .split(", ")
        .next()
        .unwrap_or(entry.key)
        .trim_matches('"');
    let wanted = entry.resolution.unwrap_or(first);
    let Some((name, range)) = name_and_range(wanted) else {
        listing.broken(format!("the entry of line {} names no package", entry.line));
        return;
    };
    let is_own = ["workspace:", "link:", "portal:", "file:"]
        .iter()
        .any(|protocol| range.starts_with(protocol));
    if is_own {
        return;
    }
    let real = range
        .strip_prefix("npm:")
        .and_then(name_and_range)
        .map(|(name, _)| name);
    match entry.version {
        Some(version) => listing.add(real.unwrap_or(name), version, PackageOrigin::Locked),
        None => listing.broken(format!(
            "`{}` of line {} has no version",
            cut(name),
            entry.line
        )),
    }
}

/// Splits at the first `@` that does not begin a scope.
fn name_and_range(text: &str) -> Option<(&str, &str)> {
    let from = usize::from(text.starts_with('@'));
    let at = text.get(from..)?.find('@')? + from;
    let name = text.get(..at)?;
    (!name.is_empty()).then_some((name, text.get(at + 1..)?))
}
