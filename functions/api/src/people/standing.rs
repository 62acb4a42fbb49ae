//! How places stand: what rows of images and hosts, their findings and their packages have in common.

use std::{cmp::Reverse, collections::HashMap};

use estate::{EstateIndex, PlaceFilter, PlaceSummary};
use records::{Estates, estate_top::Top, inventories::Inventories, places::Places};
use schemas::{
    Place, PlaceKind, TenantId, Timestamp, VulnerabilityId,
    api::{
        page::PageQuery,
        place::{FindingList, PackageList, PlaceQuery, PlaceStanding},
    },
    finding::Finding,
    report::Summary,
    risk::{PlaceFacts, VulnerabilityFacts},
};
use scope::Scope;

use crate::{
    cursor::{List, limit, search},
    problem::ApiError,
    scoped::Sight,
    state::ApiState,
};

/// Tenths of a point as points.
pub(super) fn points(tenths: u16) -> f32 {
    f32::from(tenths) / 10.0
}

/// Points as tenths of a point.
fn tenths(points: f32) -> u16 {
    // Scores are 0 to 100 with one decimal, and conversions saturate.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "scores lie within 0 to 100"
    )]
    let tenths = (points * 10.0).round() as u16;
    tenths
}

/// How a place stands.
pub(super) fn standing(summary: PlaceSummary) -> PlaceStanding {
    let counts = summary.counts;
    PlaceStanding {
        top_score: (counts.total > 0).then(|| points(summary.top_score_tenths)),
        counts: Summary {
            total: counts.total,
            critical: counts.critical,
            high: counts.high,
            medium: counts.medium,
            low: counts.low,
            unknown: counts.unknown,
            known_exploited: counts.known_exploited,
            fixable: counts.fixable,
            cannot_judge: summary.cannot_judge,
            ..Summary::default()
        },
        coverage: summary.coverage,
        packages: summary.packages,
        facts: summary.facts,
    }
}

/// One page of places of a kind, highest score first, then by place.
pub(super) struct PlacesPage {
    pub(super) rows: Vec<PlaceSummary>,
    pub(super) total: u64,
    pub(super) next_cursor: Option<String>,
    /// The moment that the rows are of.
    pub(super) as_of: Timestamp,
}

/// The beginnings of a large estate's lists.
pub(super) async fn top(state: &ApiState, tenant: &TenantId) -> Result<Option<Top>, ApiError> {
    Ok(Estates(state.platform()).top(tenant).await?)
}

/// One page of places of a kind.
pub(super) async fn places(
    state: &ApiState,
    tenant: &TenantId,
    scope: &Scope,
    kind: PlaceKind,
    query: &PlaceQuery,
) -> Result<PlacesPage, ApiError> {
    let name = match kind {
        PlaceKind::Host => "hosts",
        PlaceKind::Image => "images",
    };
    let filter = PlaceFilter {
        search: search(query.search.as_deref())?.text().cloned(),
        os: search(query.os.as_deref())?.text().cloned(),
    };
    let list = List::new(state, tenant, name, &format!("{filter:?}"));
    let after: Option<(u16, Place)> = list.open_some(query.cursor.as_ref())?;
    let limit = usize::try_from(limit(query.limit)?).unwrap_or(usize::MAX);
    let seal = |last: Option<&PlaceSummary>| {
        last.map(|last| list.seal(&(last.top_score_tenths, &last.place)))
            .transpose()
    };
    if after.is_none()
        && filter == PlaceFilter::default()
        && scope.is_everything()
        && let Some(top) = top(state, tenant).await?
    {
        let first = match kind {
            PlaceKind::Host => top.hosts,
            PlaceKind::Image => top.images,
        };
        let total = first.total;
        if let Some((rows, more)) = first.page(limit) {
            return Ok(PlacesPage {
                next_cursor: seal(rows.last().filter(|_| more))?,
                rows,
                total,
                as_of: top.as_of,
            });
        }
    }
    let as_of = state.now();
    let sight = Sight::of(state, tenant, scope).await?;
    let mut rows = sight.view().ranked_places(kind, &filter);
    let total = count(rows.len());
    if let Some((tenths, place)) = after {
        rows.retain(|row| (Reverse(row.top_score_tenths), &row.place) > (Reverse(tenths), &place));
    }
    let more = rows.len() > limit;
    rows.truncate(limit);
    Ok(PlacesPage {
        next_cursor: seal(rows.last().filter(|_| more))?,
        rows,
        total,
        as_of,
    })
}

/// A count for an answer.
pub(super) fn count(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// The order of findings, and where a page of them ended.
type FindingPosition = (Reverse<u16>, VulnerabilityId, String, String, String);

/// One page of a place's findings with their scores; `None` before the place was matched first.
pub(super) async fn findings(
    state: &ApiState,
    tenant: &TenantId,
    scope: &Scope,
    place: &Place,
    page: &PageQuery,
) -> Result<Option<FindingList>, ApiError> {
    let list = List::new(state, tenant, "findings", &place.to_string());
    let after: Option<(u16, VulnerabilityId, String, String, String)> =
        list.open_some(page.cursor.as_ref())?;
    let limit = usize::try_from(limit(page.limit)?).unwrap_or(usize::MAX);
    let Some((record, document)) = Places(state.platform()).newest(tenant, place).await? else {
        return Ok(None);
    };
    let sight = Sight::of(state, tenant, scope).await?;
    if !scope.is_everything() && !sight.view().has(place) {
        return Ok(None);
    }
    let estate = sight.index();
    let facts = estate.place_facts(place).cloned().unwrap_or_default();
    let first = after.is_none();
    let after = after
        .map(|(tenths, id, package, version, path)| (Reverse(tenths), id, package, version, path));
    let mut known = HashMap::new();
    let mut rows: Vec<(FindingPosition, Finding)> = document
        .findings
        .into_iter()
        .map(|mut finding| {
            let score = score(estate, &mut known, &mut finding, &facts);
            let position = (
                Reverse(tenths(score.value)),
                finding.vulnerability.clone(),
                finding.package.clone(),
                finding.installed_version.clone(),
                finding.path.clone().unwrap_or_default(),
            );
            finding.score = Some(score);
            (position, finding)
        })
        .filter(|(position, _)| after.as_ref().is_none_or(|after| position > after))
        .collect();
    rows.sort_by(|(a, _), (b, _)| a.cmp(b));
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next_cursor = rows
        .last()
        .filter(|_| more)
        .map(|((Reverse(tenths), id, package, version, path), _)| {
            list.seal(&(tenths, id, package, version, path))
        })
        .transpose()?;
    Ok(Some(FindingList {
        findings: rows.into_iter().map(|(_, finding)| finding).collect(),
        cannot_judge: if first {
            document.cannot_judge
        } else {
            Vec::new()
        },
        coverage: document.coverage,
        summary: record.summary,
        next_cursor,
        as_of: Some(record.scanned_at),
    }))
}

/// The score of a finding: what is known of its vulnerability, as rated for its package, in this place.
fn score(
    estate: &EstateIndex,
    known: &mut HashMap<VulnerabilityId, VulnerabilityFacts>,
    finding: &mut Finding,
    place: &PlaceFacts,
) -> schemas::risk::Score {
    let facts = known
        .entry(finding.vulnerability.clone())
        .or_insert_with(|| {
            let known = estate.vulnerability_facts(&finding.vulnerability).cloned();
            known.unwrap_or_else(|| VulnerabilityFacts {
                known_exploited: finding.kev,
                epss: finding.epss,
                ..VulnerabilityFacts::default()
            })
        });
    // The document holds what was known when it was matched; a daily feed changes the index alone.
    finding.kev = facts.known_exploited;
    finding.epss = facts.epss;
    risk::finding_score(finding, facts, place)
}

/// One page of a place's packages; `None` when nothing is known of them.
pub(super) async fn packages(
    state: &ApiState,
    tenant: &TenantId,
    scope: &Scope,
    place: &Place,
    page: &PageQuery,
) -> Result<Option<PackageList>, ApiError> {
    let list = List::new(state, tenant, "packages", &place.to_string());
    let after: Option<(String, String, String)> = list.open_some(page.cursor.as_ref())?;
    let limit = usize::try_from(limit(page.limit)?).unwrap_or(usize::MAX);
    if !scope.is_everything() && !Sight::of(state, tenant, scope).await?.view().has(place) {
        return Ok(None);
    }
    let Some(inventory) = Inventories(state.platform()).newest(tenant, place).await? else {
        return Ok(None);
    };
    let mut packages = inventory.packages;
    let total = count(packages.len());
    packages.sort_by(|a, b| (&a.name, &a.version, &a.path).cmp(&(&b.name, &b.version, &b.path)));
    if let Some((name, version, path)) = &after {
        packages.retain(|p| (&p.name, &p.version, &p.path) > (name, version, path));
    }
    let more = packages.len() > limit;
    packages.truncate(limit);
    let next_cursor = packages
        .last()
        .filter(|_| more)
        .map(|last| list.seal(&(&last.name, &last.version, &last.path)))
        .transpose()?;
    Ok(Some(PackageList {
        packages,
        total,
        coverage: inventory.coverage,
        next_cursor,
    }))
}
