//! `bun.lock`, the text form. Source: bun's documentation, "Lockfile": JSON with comments and trailing commas.

use std::collections::{HashMap, HashSet};

use schemas::inventory::PackageKind;
use serde::Deserialize;
use serde_json::Value;

use super::{
    Format, Listing, cut, development_if, json,
    loose::{List, Map, Text},
};
use crate::analyzers::AnalyzerError;

pub(super) static BUN: Format = Format {
    name: "bun-lock",
    kind: PackageKind::Npm,
    wants: |name| name == "bun.lock",
    parse,
};

/// Packages that one may lie within, and bytes of such a place.
const MAX_NESTING: usize = 32;
const MAX_PLACE_BYTES: usize = 1024;
/// Places that are looked at to tell what is for development. The largest known files need some ten thousand.
const MAX_STEPS: usize = 400_000;

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    workspaces: Map<Workspace>,
    /// By place (`a`, or `a/b` for the `b` inside of `a`): resolution, registry, facts, checksum.
    #[serde(default)]
    packages: Map<List<Value>>,
}

#[derive(Default, Deserialize)]
struct Workspace {
    #[serde(default)]
    dependencies: Map<Text>,
    #[serde(default, rename = "optionalDependencies")]
    optional: Map<Text>,
    #[serde(default, rename = "peerDependencies")]
    peers: Map<Text>,
}

fn parse(bytes: &[u8], listing: &mut Listing<'_>) -> Result<(), AnalyzerError> {
    let lock: Lock = json(&plain_json(bytes), "bun.lock")?;
    let places: HashMap<&str, &List<Value>> = lock
        .packages
        .0
        .iter()
        .map(|(place, entry)| (place.as_str(), entry))
        .collect();
    let needed = needed(&lock, &places);
    for (place, entry) in &lock.packages.0 {
        let resolution = entry.0.first().and_then(Value::as_str).unwrap_or_default();
        let from = usize::from(resolution.starts_with('@'));
        let split = resolution
            .get(from..)
            .and_then(|rest| rest.find('@'))
            .and_then(|at| {
                Some((
                    resolution.get(..at + from)?,
                    resolution.get(at + from + 1..)?,
                ))
            });
        match split {
            Some((name, version)) if version.starts_with(|c: char| c.is_ascii_digit()) => {
                let development = needed
                    .as_ref()
                    .is_some_and(|needed| !needed.contains(place.as_str()));
                listing.add(name, version, development_if(development));
            }
            Some((_, own)) if own.starts_with("workspace:") || own.starts_with("file:") => {}
            _ => listing.unresolved(format!("`{}` names no version", cut(place))),
        }
    }
    Ok(())
}

/// The places of what is needed for more than development. Nothing when it would take too long to tell.
fn needed<'a>(
    lock: &'a Lock,
    places: &HashMap<&'a str, &'a List<Value>>,
) -> Option<HashSet<&'a str>> {
    let mut steps = MAX_STEPS;
    let mut needed = HashSet::new();
    let mut next: Vec<&str> = Vec::new();
    for (_, workspace) in &lock.workspaces.0 {
        let names = [
            &workspace.dependencies,
            &workspace.optional,
            &workspace.peers,
        ];
        for name in names.into_iter().flat_map(Map::keys) {
            next.extend(places.get_key_value(name).map(|(place, _)| *place));
        }
    }
    while let Some(place) = next.pop() {
        if !needed.insert(place) {
            continue;
        }
        let facts = places
            .get(place)
            .and_then(|entry| entry.0.iter().find_map(Value::as_object));
        for list in ["dependencies", "optionalDependencies", "peerDependencies"] {
            let names = facts
                .and_then(|facts| facts.get(list))
                .and_then(Value::as_object)
                .into_iter()
                .flat_map(serde_json::Map::keys);
            for name in names {
                next.extend(resolve(place, name, places, &mut steps)?);
            }
        }
    }
    Some(needed)
}

/// The place of a dependency as seen from another: inside of it, or of what holds it, or at the top. The outer nothing
/// means that no steps are left.
fn resolve<'a>(
    from: &str,
    name: &str,
    places: &HashMap<&'a str, &'a List<Value>>,
    steps: &mut usize,
) -> Option<Option<&'a str>> {
    if from.len() + name.len() > MAX_PLACE_BYTES {
        return Some(None);
    }
    let mut holder = Some(from);
    for _ in 0..MAX_NESTING {
        *steps = steps.checked_sub(1)?;
        let place = match holder {
            Some(holder) => format!("{holder}/{name}"),
            None => name.to_owned(),
        };
        if let Some((place, _)) = places.get_key_value(place.as_str()) {
            return Some(Some(place));
        }
        match holder {
            Some(inner) => holder = inner.rsplit_once('/').map(|(holder, _)| holder),
            None => break,
        }
    }
    Some(None)
}

/// JSON without comments and trailing commas.
fn plain_json(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    let mut in_text = false;
    while let [first, tail @ ..] = rest {
        rest = tail;
        if in_text {
            out.push(*first);
            match (first, rest) {
                (b'\\', [escaped, tail @ ..]) => {
                    out.push(*escaped);
                    rest = tail;
                }
                (b'"', _) => in_text = false,
                _ => {}
            }
            continue;
        }
        match (first, rest) {
            (b'"', _) => {
                in_text = true;
                out.push(b'"');
            }
            (b'/', [b'/', ..]) => {
                let end = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
                rest = rest.get(end..).unwrap_or_default();
            }
            (b'/', [b'*', tail @ ..]) => {
                let end = tail.windows(2).position(|pair| pair == b"*/");
                rest = end.and_then(|end| tail.get(end + 2..)).unwrap_or_default();
            }
            (b'}' | b']', _) => {
                let last = out.iter().rposition(|b| !b.is_ascii_whitespace());
                if let Some(last) = last
                    && out.get(last) == Some(&b',')
                {
                    out.truncate(last);
                }
                out.push(*first);
            }
            _ => out.push(*first),
        }
    }
    out
}
