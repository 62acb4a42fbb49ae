//! One name's rows against the packages that bear it.

use std::{cmp::Ordering, collections::HashSet};

use schemas::{
    Severity, VulnerabilityId,
    advisory::AdvisoryStatus,
    finding::{CannotJudge, CannotJudgeReason, Finding, MatchEvidence},
    risk::FactorSet,
    severity::SeverityRating,
};

use super::{
    MatchResult,
    applies::{
        applies, is_modular, is_of_a_module_only, is_of_channel, mends, of_kernel_line, stream_of,
        upstream,
    },
    lookup::Installed,
    subscription,
};
use crate::{
    feeds::{distributions_own, scheme_of},
    row::{EventsRef, RatingRef, Row, StoredRow},
    severity::settle,
    version::{
        VersionScheme,
        range::{Event, in_range},
    },
};

/// What a row says of an installed version.
enum Said<'r, 'a> {
    /// Not affected.
    Clean,
    /// Affected, by this run where there is one.
    Affected(Option<&'r EventsRef<'a>>),
    /// The vendor has not decided, or the row names no version at all.
    Undetermined,
}

/// A vulnerability that is there.
pub(super) struct Hit<'r, 'a> {
    pub(super) stored: &'r StoredRow<'a>,
    pub(super) run: Option<&'r EventsRef<'a>>,
    /// All rows about it, for their ratings and other names.
    pub(super) all: Vec<&'r StoredRow<'a>>,
    /// What the place lacks for the fix that `run` names.
    pub(super) needs: Option<&'a str>,
}

/// What all rows about one vulnerability come to.
pub(super) enum Verdict<'r, 'a> {
    Clean,
    Hit(Hit<'r, 'a>),
    /// The row that leaves it open, and why.
    Doubt(&'r StoredRow<'a>, String),
}

/// What is known of the place beside the package that is judged.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place<'r, 'a> {
    /// Whether it gets what only subscribers get.
    pub(super) subscribed: bool,
    /// Rows of extended channels by the package's source.
    pub(super) channels: &'r [StoredRow<'a>],
}

impl Hit<'_, '_> {
    fn bears(&self, id: &str) -> bool {
        self.all.iter().any(|stored| {
            stored.row.vulnerability == id
                || stored.row.advisory == Some(id)
                || stored.row.aliases.contains(&id)
        })
    }
}

/// Judges the packages of one name by its rows, which are in order of vulnerability.
pub(super) fn judge(
    rows: &[&StoredRow<'_>],
    packages: &[Installed<'_>],
    place: Place<'_, '_>,
    result: &mut MatchResult,
) {
    let Some(first) = rows.first() else { return };
    let Some(scheme) = scheme_of(first.row.ecosystem.name) else {
        return;
    };
    // The binaries of one source have one version, mostly: what decides is compared once for all of them.
    let alike = |a: &Installed<'_>, b: &Installed<'_>| {
        a.version == b.version
            && a.package.architecture == b.package.architecture
            && stream_of(a.package) == stream_of(b.package)
    };
    for same in packages.chunk_by(alike) {
        let Some(installed) = same.first() else {
            continue;
        };
        if let Err(error) = scheme.check(&installed.version) {
            unreadable(rows, same, &error.to_string(), result);
            continue;
        }
        let mut hits: Vec<Hit<'_, '_>> = Vec::new();
        for group in rows.chunk_by(|a, b| a.row.vulnerability == b.row.vulnerability) {
            match judge_group(preferred_feed(group), installed, scheme, place) {
                Verdict::Clean => {}
                Verdict::Hit(hit) => hits.push(hit),
                Verdict::Doubt(stored, detail) => {
                    let reason = CannotJudgeReason::Undetermined;
                    let rows = same
                        .iter()
                        .filter_map(|one| cannot_judge(stored, one, reason, &detail));
                    result.cannot_judge.extend(rows);
                }
            }
        }
        once_under_their_cve(&mut hits);
        for installed in same {
            result.findings.extend(
                hits.iter()
                    .filter_map(|hit| finding(hit, installed, scheme)),
            );
        }
    }
}

/// Judges one package by the rows of its own name, and by those of its source for vulnerabilities that its own name
/// has no rows of. Rows of extended channels bear the source's name.
pub(super) fn judge_both<'r, 'a>(
    own: &'r [StoredRow<'a>],
    of_source: &'r [StoredRow<'a>],
    installed: &Installed<'_>,
    place: Place<'r, 'a>,
    result: &mut MatchResult,
) {
    let place = Place {
        channels: of_source,
        ..place
    };
    let main = |rows: &'r [StoredRow<'a>]| rows.iter().filter(|row| !is_of_channel(row));
    let rows: Vec<&StoredRow<'_>> = main(own).collect();
    judge(&rows, std::slice::from_ref(installed), place, result);
    let Some((source, version)) = &installed.source else {
        return;
    };
    if *source == installed.package.name {
        return;
    }
    // A row of another stream or architecture says nothing of this package, and hides nothing that its source's says.
    let stream = stream_of(installed.package);
    let said: HashSet<&str> = rows
        .iter()
        .filter(|row| {
            applies(row, installed, stream.as_deref()) && !is_of_a_module_only(row, installed)
        })
        .map(|row| row.row.vulnerability)
        .collect();
    let rest: Vec<&StoredRow<'_>> = main(of_source)
        .filter(|row| !said.contains(row.row.vulnerability))
        .collect();
    let by_source = Installed {
        version: version.clone(),
        ..installed.clone()
    };
    judge(&rest, &[by_source], place, result);
}

/// Tells of every vulnerability that a version which cannot be read may have.
fn unreadable(
    rows: &[&StoredRow<'_>],
    packages: &[Installed<'_>],
    error: &str,
    result: &mut MatchResult,
) {
    for group in rows.chunk_by(|a, b| a.row.vulnerability == b.row.vulnerability) {
        let group = preferred_feed(group);
        let Some(stored) = group.iter().find(|stored| may_apply(&stored.row)) else {
            continue;
        };
        let reason = CannotJudgeReason::UnreadableVersion;
        let rows = packages
            .iter()
            .filter_map(|installed| cannot_judge(stored, installed, reason, error));
        result.cannot_judge.extend(rows);
    }
}

/// A distribution's own feed knows its packages best: where it has rows, those of other feeds are not asked.
fn preferred_feed<'r, 'a>(group: &[&'r StoredRow<'a>]) -> Vec<&'r StoredRow<'a>> {
    let own = |stored: &&StoredRow<'_>| distributions_own(stored.feed);
    if group.iter().any(own) {
        group.iter().copied().filter(own).collect()
    } else {
        group.to_vec()
    }
}

fn may_apply(row: &Row<'_>) -> bool {
    row.status != AdvisoryStatus::NotAffected
}

/// The verdict of all rows about one vulnerability.
fn judge_group<'r, 'a>(
    mut group: Vec<&'r StoredRow<'a>>,
    installed: &Installed<'_>,
    scheme: VersionScheme,
    place: Place<'_, '_>,
) -> Verdict<'r, 'a> {
    let version = &*installed.version;
    if scheme == VersionScheme::Redhat {
        let stream = stream_of(installed.package);
        group.retain(|stored| applies(stored, installed, stream.as_deref()));
        group = match of_kernel_line(group, version) {
            Ok(group) => group,
            Err(other) => {
                let fixed = other.row.affected.first().and_then(|run| run.fixed);
                return Verdict::Doubt(
                    other,
                    format!(
                        "the fix {} is of another line of kernels than the installed {version}",
                        fixed.unwrap_or("that is named")
                    ),
                );
            }
        };
        group = comparable_streams(group, version, scheme);
        group = of_many_products(group);
        // A package that has the fix of its extended channel needs none of the main one.
        let source = installed
            .source
            .as_ref()
            .map_or(version, |(_, version)| version);
        let mended = group.first().is_some_and(|first| {
            place.channels.iter().any(|channel| {
                is_of_channel(channel)
                    && channel.row.vulnerability == first.row.vulnerability
                    && mends(channel, source, scheme)
            })
        });
        if mended {
            return Verdict::Clean;
        }
    }
    if group.iter().any(|stored| stored.row.subscription.is_some()) {
        return subscription::judge(group, version, scheme, place.subscribed);
    }
    of_rows(group, version, scheme)
}

/// Many products of SUSE's are about one release, and one package is fixed in some of them before it is in others, or
/// instead. Where a fix is named, it decides.
fn of_many_products<'r, 'a>(mut group: Vec<&'r StoredRow<'a>>) -> Vec<&'r StoredRow<'a>> {
    let is_fixed = |stored: &&StoredRow<'_>| stored.row.status == AdvisoryStatus::Fixed;
    let suse = group.first().is_some_and(|first| {
        ["sle", "opensuse-"]
            .iter()
            .any(|start| first.row.ecosystem.name.starts_with(start))
    });
    if suse && group.iter().any(is_fixed) {
        group.retain(is_fixed);
    }
    group
}

/// The verdict of rows that all count.
pub(super) fn of_rows<'r, 'a>(
    group: Vec<&'r StoredRow<'a>>,
    version: &str,
    scheme: VersionScheme,
) -> Verdict<'r, 'a> {
    let mut best: Option<(&'r StoredRow<'a>, Option<&'r EventsRef<'a>>)> = None;
    let mut undetermined = None;
    for stored in &group {
        match said(&stored.row, version, scheme) {
            Said::Clean => {}
            Said::Undetermined => undetermined = undetermined.or(Some(*stored)),
            Said::Affected(run) => {
                // The highest fix mends all of them; a row without any fix says least.
                let fixed = |run: Option<&EventsRef<'a>>| run.and_then(|run| run.fixed);
                let better = match (&best, fixed(run)) {
                    (None, _) => true,
                    (Some(_), None) => false,
                    (Some((_, earlier)), Some(now)) => {
                        fixed(*earlier).is_none_or(|then| scheme.order(then, now).is_lt())
                    }
                };
                if better {
                    best = Some((stored, run));
                }
            }
        }
    }
    match (best, undetermined) {
        (Some((stored, run)), _) => Verdict::Hit(Hit {
            stored,
            run,
            all: group,
            needs: None,
        }),
        (None, Some(stored)) => Verdict::Doubt(
            stored,
            format!("{} has not determined whether it is affected", stored.feed),
        ),
        (None, None) => Verdict::Clean,
    }
}

/// Rows that an rpm version may be compared with. An advisory for module streams names a fix for each stream and
/// rebuild; a package is compared only with those of its own upstream version, as far as that tells the stream, and
/// one that is at or above one of them is mended. A package outside of modules is not concerned by any of them.
fn comparable_streams<'r, 'a>(
    group: Vec<&'r StoredRow<'a>>,
    version: &str,
    scheme: VersionScheme,
) -> Vec<&'r StoredRow<'a>> {
    let fixed = |stored: &StoredRow<'a>| stored.row.affected.first().and_then(|run| run.fixed);
    // A row that names its stream has been told apart by that already, where the package's is known.
    let modular = |stored: &&&StoredRow<'a>| fixed(stored).is_some_and(is_modular);
    if !group.iter().any(|stored| modular(&stored)) {
        return group;
    }
    let (streams, plain): (Vec<&'r StoredRow<'a>>, Vec<&'r StoredRow<'a>>) =
        group.into_iter().partition(|stored| modular(&stored));
    if !is_modular(version) {
        return plain;
    }
    let same = |parts: usize| -> Vec<&'r StoredRow<'a>> {
        let of = |version: &str| upstream(version, parts);
        let near = streams.iter().copied();
        near.filter(|stored| fixed(stored).is_some_and(|fixed| of(fixed) == of(version)))
            .collect()
    };
    // A row that names its stream is of the package's own, or the package's is not known.
    let near = match streams.iter().any(|stored| stored.row.stream.is_some()) {
        true => streams,
        false => [same(2), same(1)]
            .into_iter()
            .find(|rows| !rows.is_empty())
            .unwrap_or(streams),
    };
    near.iter()
        .copied()
        .filter(|stored| {
            let mended = near.iter().any(|other| {
                other.row.advisory == stored.row.advisory
                    && fixed(other).is_some_and(|fixed| scheme.order(version, fixed).is_ge())
            });
            !mended
        })
        .collect()
}

/// What one row says.
fn said<'r, 'a>(row: &'r Row<'a>, version: &str, scheme: VersionScheme) -> Said<'r, 'a> {
    match row.status {
        AdvisoryStatus::NotAffected => return Said::Clean,
        AdvisoryStatus::Undetermined => return Said::Undetermined,
        _ => {}
    }
    if row.affected.is_empty() && row.versions.is_empty() {
        return match row.status {
            // A fix without any version says nothing.
            AdvisoryStatus::Fixed => Said::Undetermined,
            _ => Said::Affected(None),
        };
    }
    if let Some(run) = row.affected.iter().find(|run| holds(run, version, scheme)) {
        return Said::Affected(Some(run));
    }
    let named = |other: &str| scheme.order(other, version) == Ordering::Equal;
    if row.versions.iter().any(|other| named(other)) {
        Said::Affected(None)
    } else {
        Said::Clean
    }
}

fn holds(run: &EventsRef<'_>, version: &str, scheme: VersionScheme) -> bool {
    let start = Event::Introduced(if run.introduced.is_empty() {
        "0"
    } else {
        run.introduced
    });
    let verdict = match (run.fixed, run.last_affected) {
        (Some(fixed), _) => in_range(scheme, version, &[start, Event::Fixed(fixed)]),
        (None, Some(last)) => in_range(scheme, version, &[start, Event::LastAffected(last)]),
        (None, None) => in_range(scheme, version, &[start]),
    };
    verdict.is_ok_and(|verdict| verdict.affected)
}

/// Drops a hit that another one bears among its names: the one under a CVE stays, else the first by id.
fn once_under_their_cve(hits: &mut Vec<Hit<'_, '_>>) {
    let doubled = |hits: &[Hit<'_, '_>], index: usize| {
        let Some(hit) = hits.get(index) else {
            return false;
        };
        let id = hit.stored.row.vulnerability;
        if id.starts_with("CVE-") {
            return false;
        }
        hits.iter().enumerate().any(|(other, candidate)| {
            let is_cve = candidate.stored.row.vulnerability.starts_with("CVE-");
            other != index
                && (candidate.bears(id) || hit.bears(candidate.stored.row.vulnerability))
                && (is_cve || other < index)
        })
    };
    let keep: Vec<bool> = (0..hits.len()).map(|index| !doubled(hits, index)).collect();
    let mut keep = keep.into_iter();
    hits.retain(|_| keep.next().unwrap_or(true));
}

fn finding(hit: &Hit<'_, '_>, installed: &Installed<'_>, scheme: VersionScheme) -> Option<Finding> {
    let (row, package) = (&hit.stored.row, installed.package);
    let mut ratings: Vec<SeverityRating> = Vec::new();
    // The row that decided first, then the others.
    for stored in std::iter::once(hit.stored).chain(hit.all.iter().copied()) {
        for rating in stored.row.ratings.iter().map(RatingRef::to_owned) {
            if !ratings.contains(&rating) {
                ratings.push(rating);
            }
        }
    }
    if row.status == AdvisoryStatus::Unimportant && ratings.is_empty() {
        ratings.push(unimportant());
    }
    let severity = settle(&mut ratings);
    let fixed = hit
        .run
        .and_then(|run| run.fixed)
        .filter(|_| hit.needs.is_none());
    let status = match (row.status, fixed) {
        // A database that names the last affected version knows of no fix.
        (AdvisoryStatus::Fixed, None) => AdvisoryStatus::Open,
        (AdvisoryStatus::Open, Some(_)) => AdvisoryStatus::Fixed,
        (status, _) => status,
    };
    let summary = row
        .summary
        .or_else(|| hit.all.iter().find_map(|stored| stored.row.summary));
    Some(Finding {
        in_base_image: None,
        fixed_at: row.fixed_at.filter(|_| fixed.is_some()),
        vulnerability: VulnerabilityId::try_from(row.vulnerability.to_owned()).ok()?,
        package: package.name.clone(),
        purl: Some(package.purl.clone()).filter(|purl| !purl.is_empty()),
        installed_version: package.version.clone(),
        fixed_version: fixed.map(str::to_owned),
        severity,
        ratings,
        kev: false,
        epss: None,
        epss_percentile: None,
        kb: None,
        status,
        fix_at: None,
        path: Some(package.path.clone()).filter(|path| !path.is_empty()),
        layer: package.layer.clone(),
        summary: summary.map(str::to_owned),
        evidence: MatchEvidence {
            ecosystem: row.ecosystem.to_owned(),
            matched_name: row.package.to_owned(),
            matched_version: installed.version.to_string(),
            advisory: row.advisory.map(str::to_owned),
            range: hit.run.map(|run| run.to_owned()),
            comparison: match hit.needs {
                Some(needs) => format!(
                    "{}: that fix needs {needs}, and nothing shows that this place has it",
                    comparison(hit, &installed.version, scheme)
                ),
                None => comparison(hit, &installed.version, scheme),
            },
            product_id: None,
            fix_requires: hit.needs.map(str::to_owned),
            source: hit.stored.source(),
        },
        score: None,
        excepted_by: None,
        factors: FactorSet::NONE,
        deadline: None,
        fixed_in: None,
    })
}

/// The vendor's word of a row that has no other.
fn unimportant() -> SeverityRating {
    SeverityRating {
        source: schemas::severity::SeveritySource::Vendor,
        severity: Severity::Low,
        word: Some("unimportant".to_owned()),
        cvss_score: None,
        cvss_vector: None,
    }
}

/// The comparison made, for people.
fn comparison(hit: &Hit<'_, '_>, version: &str, scheme: VersionScheme) -> String {
    let tool = match scheme {
        VersionScheme::Debian => "dpkg",
        VersionScheme::Alpine => "apk",
        VersionScheme::Redhat => "rpm",
        VersionScheme::Semver => "semver",
        VersionScheme::Pypi => "PEP 440",
        VersionScheme::Nuget => "NuGet",
        VersionScheme::Maven => "Maven",
        VersionScheme::RubyGems => "RubyGems",
        VersionScheme::Packagist => "Composer",
        VersionScheme::Go => "Go",
        VersionScheme::Pub => "Pub",
        VersionScheme::Cran => "CRAN",
        VersionScheme::Hackage => "Hackage",
    };
    let Some(run) = hit.run else {
        return match hit.stored.row.versions.is_empty() {
            true => format!("{version}: every version is affected, no fixed version is named"),
            false => format!("{version} is named as affected ({tool})"),
        };
    };
    let start = match run.introduced {
        "" | "0" => String::new(),
        introduced => format!("{introduced} <= "),
    };
    match (run.fixed, run.last_affected) {
        (Some(fixed), _) => format!("{start}{version} < {fixed} ({tool})"),
        (None, Some(last)) => format!("{start}{version} <= {last} ({tool})"),
        (None, None) => format!("{start}{version}, no fixed version is named ({tool})"),
    }
}

fn cannot_judge(
    stored: &StoredRow<'_>,
    installed: &Installed<'_>,
    reason: CannotJudgeReason,
    detail: &str,
) -> Option<CannotJudge> {
    let mut ratings: Vec<SeverityRating> =
        stored.row.ratings.iter().map(RatingRef::to_owned).collect();
    Some(CannotJudge {
        vulnerability: VulnerabilityId::try_from(stored.row.vulnerability.to_owned()).ok()?,
        package: installed.package.name.clone(),
        installed_version: installed.package.version.clone(),
        severity: settle(&mut ratings),
        kev: false,
        kb: None,
        reason,
        detail: detail.to_owned(),
        source: stored.source(),
    })
}
