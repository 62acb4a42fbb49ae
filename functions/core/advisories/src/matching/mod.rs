//! Matching: what is installed against what the advisories say, with the row, the range and the comparison of each
//! finding.

mod applies;
mod distribution;
mod dotnet;
mod language;
mod lifecycle;
mod lookup;
mod owned;
mod subscription;
mod verdict;

use std::{
    collections::{HashMap, HashSet},
    mem,
};

use schemas::{
    Digest, Severity, Timestamp,
    finding::{CannotJudge, Finding},
    inventory::{
        Coverage, CoverageGap, CoverageStatus, GapReason, Inventory, OsFamily, TargetKind,
    },
    severity::SeverityRating,
};

use crate::{
    row::StoredRow,
    severity::settle,
    shards::{ShardError, ShardSet, set::Intel},
    windows,
};
use lookup::Wanted;
use owned::Speaks;
use verdict::Place;

/// What the advisories say of a place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MatchResult {
    /// Vulnerabilities that are there, in order of id, package and path.
    pub findings: Vec<Finding>,
    /// Vulnerabilities that may be there and cannot be judged.
    pub cannot_judge: Vec<CannotJudge>,
    /// What could not be judged as a whole.
    pub gaps: Vec<CoverageGap>,
    /// The shards that were asked, and for which names.
    pub shards: Vec<ShardUse>,
    /// Packages that were not judged by themselves, and why.
    pub left_out: LeftOut,
}

/// Numbers of packages that were not judged by themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// For development only, which nobody asked for.
    pub development: usize,
    /// Brought by the distribution's packages, which its advisories judge.
    pub owned: usize,
}

/// What is judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MatchOptions {
    /// Whether packages that lock files name for development only are judged too.
    pub include_development: bool,
}

/// A shard that was asked. When rows of one of these names change, the place is to be matched again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardUse {
    /// The shard's key, such as `debian:12`.
    pub key: String,
    /// SHA-256 of its file; absent when this generation has no such shard.
    pub sha256: Option<String>,
    /// The names looked up, in bytewise order.
    pub names: Vec<String>,
}

/// Matches a place's inventory against a generation of advisories. `at` is the moment of the scan, for support that
/// has ended by then.
///
/// # Errors
/// [`ShardError`] when a shard that is needed cannot be read: then nothing can be said.
pub fn match_inventory(
    inventory: &Inventory,
    shards: &ShardSet,
    at: Timestamp,
) -> Result<MatchResult, ShardError> {
    match_inventory_with(inventory, shards, at, &MatchOptions::default())
}

/// As [`match_inventory`], with a choice of what is judged.
///
/// # Errors
/// As [`match_inventory`].
pub fn match_inventory_with(
    inventory: &Inventory,
    shards: &ShardSet,
    at: Timestamp,
    options: &MatchOptions,
) -> Result<MatchResult, ShardError> {
    let mut result = MatchResult::default();
    let mut wanted = Wanted::default();
    distribution::want(inventory, at, &mut wanted, &mut result.gaps);
    let speaks = Speaks::read(inventory, &wanted, shards)?;
    result.left_out = language::want(
        inventory,
        at,
        options,
        &speaks,
        &mut wanted,
        &mut result.gaps,
    );
    language::find_groups(&mut wanted, shards, &mut result.gaps)?;
    for (key, names) in &wanted.shards {
        let shard = shards.shard(key)?;
        result.shards.push(ShardUse {
            key: key.clone(),
            sha256: shards.manifest().shard(key).map(|info| info.sha256.clone()),
            names: names.keys().map(|name| name.to_string()).collect(),
        });
        let Some(shard) = shard else {
            result.gaps.push(no_advisories(key, shards, names.len()));
            continue;
        };
        let place = Place {
            subscribed: wanted.subscribed,
            channels: &[],
        };
        let mut sources: HashMap<&str, Vec<StoredRow<'_>>> = HashMap::new();
        for (name, packages) in names {
            if packages.is_empty() {
                continue;
            }
            let rows = shard.lookup(name)?;
            if packages.iter().all(|installed| installed.source.is_none()) {
                let rows: Vec<&StoredRow<'_>> = rows.iter().collect();
                verdict::judge(&rows, packages, place, &mut result);
                continue;
            }
            for installed in packages {
                let Some((source, _)) = &installed.source else {
                    continue;
                };
                if !sources.contains_key(source) {
                    sources.insert(source, shard.lookup(source)?);
                }
                let of_source = sources.get(source).map(Vec::as_slice).unwrap_or_default();
                verdict::judge_both(&rows, of_source, installed, place, &mut result);
            }
        }
    }
    match_windows(inventory, shards, at, &mut result)?;
    overlay(&mut result, shards)?;
    tell_base(inventory, &mut result.findings);
    result.gaps.sort();
    result.gaps.dedup();
    Ok(result)
}

impl MatchResult {
    /// The inventory's coverage together with what could not be judged.
    #[must_use]
    pub fn coverage(&self, inventory: &Inventory) -> Coverage {
        let mut gaps = inventory.coverage.gaps.clone();
        gaps.extend(self.gaps.iter().cloned());
        gaps.sort();
        gaps.dedup();
        let judged = self.shards.iter().any(|used| used.sha256.is_some());
        let nothing = gaps.iter().any(|gap| {
            matches!(
                gap.reason,
                GapReason::UnknownOs | GapReason::UnsupportedOs | GapReason::NoAdvisories
            )
        });
        let status = match inventory.coverage.status {
            CoverageStatus::Unsupported => CoverageStatus::Unsupported,
            _ if nothing && !judged => CoverageStatus::Unsupported,
            CoverageStatus::Complete if gaps.is_empty() => CoverageStatus::Complete,
            _ => CoverageStatus::Partial,
        };
        Coverage { status, gaps }
    }
}

fn no_advisories(key: &str, shards: &ShardSet, names: usize) -> CoverageGap {
    let ecosystem = key.split(':').next().unwrap_or(key);
    let other = match shards.has_ecosystem(ecosystem) && ecosystem != key {
        true => format!("; advisories of other releases of {ecosystem} are"),
        false => String::new(),
    };
    CoverageGap {
        reason: GapReason::NoAdvisories,
        detail: format!(
            "no advisories for {key} are loaded, so its {names} package names were not judged{other}: add them to the \
             folder of feeds"
        ),
        path: None,
        layer: None,
    }
}

fn match_windows(
    inventory: &Inventory,
    shards: &ShardSet,
    at: Timestamp,
    result: &mut MatchResult,
) -> Result<(), ShardError> {
    let Some(os) = inventory
        .os
        .as_ref()
        .filter(|os| os.family == OsFamily::Windows)
    else {
        return Ok(());
    };
    let is_image = inventory.image.is_some() || inventory.target.kind == TargetKind::Image;
    let names = windows::packages_of(os, is_image);
    let build = os.windows.as_ref().map_or(0, |windows| windows.build);
    let key = format!("windows:{build}");
    let shard = shards.shard(&key)?;
    let mut rows = Vec::new();
    if let Some(shard) = shard {
        for name in &names {
            rows.extend(shard.lookup(name)?);
        }
    }
    let mut names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    names.sort_unstable();
    let asked = names.len();
    result.shards.push(ShardUse {
        key: key.clone(),
        sha256: shards
            .manifest()
            .shard(&key)
            .map(|info| info.sha256.clone()),
        names,
    });
    let verdicts = windows::judge(os, is_image, &inventory.packages, at, &rows);
    if shard.is_none() && (verdicts.gaps.is_empty() || !shards.has_ecosystem("windows")) {
        result.gaps.push(no_advisories(&key, shards, asked));
    }
    result.findings.extend(verdicts.findings);
    result.cannot_judge.extend(verdicts.cannot_judge);
    result.gaps.extend(verdicts.gaps);
    Ok(())
}

/// Says of each finding whether it is the base image's. Windows itself has no layer of its own and is the base's.
fn tell_base(inventory: &Inventory, findings: &mut [Finding]) {
    let Some((image, base)) = inventory
        .image
        .as_ref()
        .and_then(|image| Some((image, image.base.as_ref()?)))
    else {
        return;
    };
    let count = usize::try_from(base.layers).unwrap_or(usize::MAX);
    let of_base: HashSet<&Digest> = image
        .layers
        .iter()
        .take(count)
        .map(|layer| &layer.diff_id)
        .collect();
    for finding in findings {
        finding.in_base_image = match (&finding.layer, &finding.purl) {
            (Some(layer), _) => Some(of_base.contains(layer)),
            (None, None) => Some(true),
            (None, Some(_)) => None,
        };
    }
}

/// Lays what is known of each vulnerability over the rows' own words: ratings, exploitation, probability.
fn overlay(result: &mut MatchResult, shards: &ShardSet) -> Result<(), ShardError> {
    let mut known: HashMap<String, Intel> = HashMap::new();
    for id in result
        .findings
        .iter()
        .map(|finding| &finding.vulnerability)
        .chain(result.cannot_judge.iter().map(|row| &row.vulnerability))
    {
        if !known.contains_key(id.as_str()) {
            known.insert(id.as_str().to_owned(), shards.intel(id.as_str())?);
        }
    }
    for finding in &mut result.findings {
        let Some(intel) = known.get(finding.vulnerability.as_str()) else {
            continue;
        };
        add_ratings(&mut finding.ratings, &intel.ratings);
        finding.severity = settle(&mut finding.ratings);
        finding.kev = !intel.exploited_by.is_empty();
        finding.epss = intel.epss;
        finding.epss_percentile = intel.epss_percentile;
    }
    for row in &mut result.cannot_judge {
        let Some(intel) = known.get(row.vulnerability.as_str()) else {
            continue;
        };
        if row.severity == Severity::Unknown {
            row.severity = settle(&mut intel.ratings.clone());
        }
        row.kev = !intel.exploited_by.is_empty();
    }
    in_order(&mut result.findings);
    // A package that advisories name by itself and by its source is found under both.
    result.findings.dedup_by(|a, b| {
        a.vulnerability == b.vulnerability
            && (&a.package, &a.path, &a.purl, &a.installed_version)
                == (&b.package, &b.path, &b.purl, &b.installed_version)
    });
    result.cannot_judge.sort_by(|a, b| {
        (&a.vulnerability, &a.package, &a.detail).cmp(&(&b.vulnerability, &b.package, &b.detail))
    });
    Ok(())
}

/// Sorts findings by id, package and path. A finding is large and its key is not, so keys are sorted and each finding
/// is moved once.
fn in_order(findings: &mut Vec<Finding>) {
    let mut order: Vec<usize> = (0..findings.len()).collect();
    order.sort_by(|&a, &b| match (findings.get(a), findings.get(b)) {
        (Some(a), Some(b)) => {
            (&a.vulnerability, &a.package, &a.path).cmp(&(&b.vulnerability, &b.package, &b.path))
        }
        _ => a.cmp(&b),
    });
    let mut taken: Vec<Option<Finding>> = mem::take(findings).into_iter().map(Some).collect();
    findings.extend(
        order
            .into_iter()
            .filter_map(|index| taken.get_mut(index).and_then(Option::take)),
    );
}

fn add_ratings(ratings: &mut Vec<SeverityRating>, more: &[SeverityRating]) {
    for rating in more {
        if !ratings.contains(rating) {
            ratings.push(rating.clone());
        }
    }
}
