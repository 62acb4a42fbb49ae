//! `go.mod`, and `go.sum` for modules before Go 1.17, whose `go.mod` does not name what their dependencies bring along.
//! Sources: Go modules reference, "go.mod files", "go.sum files", "Module graph pruning".

use std::collections::{BTreeMap, HashMap};

use schemas::inventory::{PackageKind, PackageOrigin};

use super::{Format, Listing, cut, text};
use crate::analyzers::AnalyzerError;

pub(super) static GO_MOD: Format = Format {
    name: "go-mod",
    kind: PackageKind::Golang,
    wants: |name| name == "go.mod",
    parse,
};

/// Its packages count only beside a `go.mod` that does not say all itself: see `merge`.
pub(super) static GO_SUM_FILE: Format = Format {
    name: GO_SUM,
    kind: PackageKind::Golang,
    wants: |name| name == "go.sum",
    parse: sum,
};

/// The name of evidence from a `go.mod` that does not name indirect dependencies.
pub(crate) const GO_MOD_UNPRUNED: &str = "go-mod-before-1.17";
/// The name of evidence from a `go.sum`.
pub(crate) const GO_SUM: &str = "go-sum";

/// What replaces a module: another one with its version, or a folder.
type Replacement = (String, Option<String>);

fn parse(bytes: &[u8], listing: &mut Listing<'_>) -> Result<(), AnalyzerError> {
    let text = text(bytes);
    let mut block: Option<&str> = None;
    let mut module = None;
    let mut go = None;
    let mut required: Vec<(&str, &str)> = Vec::new();
    let mut replaced: HashMap<(&str, Option<&str>), Replacement> = HashMap::new();
    for line in text.lines() {
        let line = line.split("//").next().unwrap_or(line).trim();
        let mut words = line
            .split_ascii_whitespace()
            .map(|word| word.trim_matches('"'))
            .peekable();
        let directive = match (block, words.peek()) {
            (_, None) => continue,
            (Some(_), Some(&")")) => {
                block = None;
                continue;
            }
            (Some(directive), Some(_)) => directive,
            (None, Some(_)) => words.next().unwrap_or_default(),
        };
        if block.is_none() && words.peek() == Some(&"(") {
            block = Some(directive);
            continue;
        }
        match directive {
            "module" => module = words.next(),
            "go" => go = words.next(),
            "require" => match (words.next(), words.next()) {
                (Some(name), Some(version)) => required.push((name, version)),
                _ => listing.broken(format!("`{}` names no module and version", cut(line))),
            },
            "replace" => {
                let words: Vec<&str> = words.collect();
                let arrow = words.iter().position(|word| *word == "=>");
                let (from, to) = arrow
                    .and_then(|at| Some((words.get(..at)?, words.get(at + 1..)?)))
                    .unwrap_or_default();
                if let (Some(name), Some(other)) = (from.first(), to.first()) {
                    let other = ((*other).to_owned(), to.get(1).map(|v| (*v).to_owned()));
                    replaced.insert((name, from.get(1).copied()), other);
                }
            }
            _ => {}
        }
    }
    if module.is_none() && required.is_empty() {
        return Err(AnalyzerError::Corrupt(
            "not a go.mod: it names no module".to_owned(),
        ));
    }
    for (name, version) in required {
        let other = replaced
            .get(&(name, Some(version)))
            .or_else(|| replaced.get(&(name, None)));
        match other {
            Some((other, Some(version))) => listing.add(other, version, PackageOrigin::Locked),
            // A folder of the application.
            Some((_, None)) => {}
            None => listing.add(name, version, PackageOrigin::Locked),
        }
    }
    if !is_pruned(go) {
        listing.rename(GO_MOD_UNPRUNED);
    }
    Ok(())
}

/// Whether a `go` directive is 1.17 or later. Without one Go takes 1.16.
fn is_pruned(go: Option<&str>) -> bool {
    let mut parts = go.unwrap_or("1.16").split('.');
    let mut number = || {
        let part = parts.next().unwrap_or_default();
        let end = part
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(part.len());
        part.get(..end)
            .and_then(|digits| digits.parse::<u32>().ok())
            .unwrap_or(0)
    };
    (number(), number()) >= (1, 17)
}

/// Lines `MODULE VERSION HASH`; those with `/go.mod` behind the version are of what was looked at and not chosen. Of a
/// module with several versions the highest is taken, as Go does.
fn sum(bytes: &[u8], listing: &mut Listing<'_>) -> Result<(), AnalyzerError> {
    let text = text(bytes);
    let mut newest: BTreeMap<&str, &str> = BTreeMap::new();
    for line in text.lines() {
        let mut words = line.split_ascii_whitespace();
        let (name, version) = match (words.next(), words.next(), words.next()) {
            (None, ..) => continue,
            (Some(name), Some(version), Some(_)) => (name, version),
            _ => {
                listing.broken(format!("`{}` is no line of a go.sum", cut(line)));
                continue;
            }
        };
        if version.ends_with("/go.mod") {
            continue;
        }
        let known = newest.entry(name).or_insert(version);
        if order_key(known) < order_key(version) {
            *known = version;
        }
    }
    for (name, version) in newest {
        listing.add(name, version, PackageOrigin::Locked);
    }
    Ok(())
}

/// A key by which Go's versions order, as far as choosing between those of one module needs it: numbers, then releases
/// above pre-releases, then their text.
fn order_key(version: &str) -> (Vec<u64>, bool, &str) {
    let version = version.strip_prefix('v').unwrap_or(version);
    let version = version.split('+').next().unwrap_or(version);
    let (numbers, pre) = version.split_once('-').unwrap_or((version, ""));
    let numbers = numbers
        .split('.')
        .take(3)
        .map(|part| part.parse().unwrap_or(0))
        .collect();
    (numbers, pre.is_empty(), pre)
}
