//! How places stand: what rows of images and hosts, their findings and their packages have in common.

use std::{
    cmp::{Ordering, Reverse},
    collections::HashMap,
    sync::Arc,
};

use estate::{EstateIndex, PlaceFilter, PlaceOrder, PlacePosition, PlaceSummary};
use records::{estate_top::Top, inventories::Inventories, places::Places};
use schemas::{
    Place, PlaceKind, TenantId, Timestamp, VulnerabilityId,
    api::exception::ExceptedFilter,
    api::place::{
        CoverageFilter, FindingList, FindingQuery, FindingSort, PackageList, PackageQuery,
        PlaceQuery, PlaceSort, PlaceStanding,
    },
    finding::Finding,
    inventory::{CoverageStatus, PackageKind},
    report::Summary,
    risk::VulnerabilityFacts,
};
use scope::Scope;

use crate::{
    cursor::{List, limit, search},
    people::excepted,
    people::vulnerabilities::list::severities,
    problem::{ApiError, Kind},
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

/// The year of a moment.
pub(super) fn year(moment: Timestamp) -> u16 {
    let text = moment.to_string();
    let year = text.get(..4).and_then(|year| year.parse().ok());
    year.unwrap_or_default()
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

/// One page of places of a kind, highest score first, then by place, or by name, then by place.
pub(super) struct PlacesPage {
    pub(super) rows: Vec<PlaceSummary>,
    pub(super) total: u64,
    pub(super) next_cursor: Option<String>,
    /// The moment that the rows are of.
    pub(super) as_of: Timestamp,
}

/// The beginnings of a large estate's lists.
pub(super) async fn top(state: &ApiState, tenant: &TenantId) -> Result<Option<Arc<Top>>, ApiError> {
    Ok(state.tops().load(state.platform(), tenant).await?)
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
        severities: severities(query.severity.as_deref())?,
        coverage: query.coverage.map(|wanted| match wanted {
            CoverageFilter::Complete => CoverageStatus::Complete,
            CoverageFilter::Partial => CoverageStatus::Partial,
            CoverageFilter::Unsupported => CoverageStatus::Unsupported,
        }),
        exposed: query.exposed,
    };
    let list = List::new(state, tenant, name, &format!("{filter:?} {:?}", query.sort));
    let after: Option<(u16, String, Place)> = list.open_some(query.cursor.as_ref())?;
    let limit = usize::try_from(limit(query.limit)?).unwrap_or(usize::MAX);
    let order = match query.sort {
        PlaceSort::Score => PlaceOrder::Score,
        PlaceSort::Name => PlaceOrder::Name,
    };
    let seal = |last: Option<&PlaceSummary>| {
        // Only the parts that the order goes by.
        let position = last.map(|last| match order {
            PlaceOrder::Score => (last.top_score_tenths, "", &last.place),
            PlaceOrder::Name => (0, last.name.as_str(), &last.place),
        });
        position.map(|position| list.seal(&position)).transpose()
    };
    if after.is_none()
        && query.sort == PlaceSort::Score
        && filter == PlaceFilter::default()
        && scope.is_everything()
        && let Some(top) = top(state, tenant).await?
    {
        let first = match kind {
            PlaceKind::Host => &top.hosts,
            PlaceKind::Image => &top.images,
        };
        let total = first.total;
        if let Some((rows, more)) = first.page(limit) {
            return Ok(PlacesPage {
                next_cursor: seal(rows.last().filter(|_| more))?,
                rows: rows.to_vec(),
                total,
                as_of: top.as_of,
            });
        }
    }
    let as_of = state.now();
    let sight = Sight::of(state, tenant, scope).await?;
    let after = after.map(|(score_tenths, name, place)| PlacePosition {
        score_tenths,
        name,
        place,
    });
    let page = sight
        .places(kind, &filter, order, after.as_ref(), limit)
        .await?;
    Ok(PlacesPage {
        next_cursor: seal(page.rows.last().filter(|_| page.more))?,
        total: count(page.total),
        rows: page.rows,
        as_of,
    })
}

/// A count for an answer.
pub(super) fn count(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// What the orders of findings go by, and where a page of them ended: score in tenths, vulnerability, package, version, path.
type FindingPosition = (u16, VulnerabilityId, String, String, String);

/// Name, version and path of a finding's package.
fn package(of: &FindingPosition) -> (&str, &str, &str) {
    (&of.2, &of.3, &of.4)
}

/// How two findings follow each other. No two are alike in all of it.
fn order(sort: FindingSort, a: &FindingPosition, b: &FindingPosition) -> Ordering {
    match sort {
        FindingSort::Score => (Reverse(a.0), &a.1).cmp(&(Reverse(b.0), &b.1)),
        FindingSort::Vulnerability => a.1.cmp(&b.1),
        FindingSort::Package => Ordering::Equal,
    }
    .then_with(|| package(a).cmp(&package(b)))
    .then_with(|| a.1.cmp(&b.1))
}

/// One page of a place's findings with their scores; `None` before the place was matched first.
pub(super) async fn findings(
    state: &ApiState,
    tenant: &TenantId,
    scope: &Scope,
    place: &Place,
    query: &FindingQuery,
) -> Result<Option<FindingList>, ApiError> {
    let text = search(query.search.as_deref())?;
    let severities = severities(query.severity.as_deref())?;
    let filters = format!(
        "{place} {severities:?} {:?} {:?} {:?} {text:?} {:?}",
        query.known_exploited, query.fix_available, query.excepted, query.sort
    );
    let list = List::new(state, tenant, "findings", &filters);
    let after: Option<FindingPosition> = list.open_some(query.cursor.as_ref())?;
    let limit = usize::try_from(limit(query.limit)?).unwrap_or(usize::MAX);
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
    let standing = excepted::standing(state, tenant).await?;
    let collections = excepted::collections(state, tenant, &standing, estate, place).await?;
    let here = standing.at(place, &collections);
    let mut summary = record.summary.clone();
    let mut hidden = 0;
    let is_wanted = |finding: &Finding| {
        let is_fixable = finding.fixed_version.is_some() || finding.kb.is_some();
        (severities.is_empty() || severities.contains(&finding.severity))
            && query
                .known_exploited
                .is_none_or(|wanted| wanted == finding.kev)
            && query
                .fix_available
                .is_none_or(|wanted| wanted == is_fixable)
            && (text.is_in(finding.vulnerability.as_str()) || text.is_in(&finding.package))
            && match query.excepted {
                ExceptedFilter::Hide => finding.excepted_by.is_none(),
                ExceptedFilter::Only => finding.excepted_by.is_some(),
                ExceptedFilter::All => true,
            }
    };
    let mut known = HashMap::new();
    let mut rows: Vec<(FindingPosition, Finding, VulnerabilityFacts)> = document
        .findings
        .into_iter()
        .map(|mut finding| {
            finding.excepted_by = here.of(&finding).cloned();
            // Before it is told what became known since it was counted.
            if finding.excepted_by.is_some() {
                excepted::uncount(&mut summary, &finding);
                hidden += 1;
            }
            let known = known_of(estate, &mut known, &mut finding);
            let own = risk::finding_facts(&finding, known);
            let score = risk::score(&own, risk::fix_available(&finding), &facts);
            let position = (
                tenths(score.value),
                finding.vulnerability.clone(),
                finding.package.clone(),
                finding.installed_version.clone(),
                finding.path.clone().unwrap_or_default(),
            );
            finding.score = Some(score);
            (position, finding, own)
        })
        .filter(|(position, finding, _)| {
            let is_after = |after| order(query.sort, position, after) == Ordering::Greater;
            is_wanted(finding) && after.as_ref().is_none_or(is_after)
        })
        .collect();
    rows.sort_by(|(a, ..), (b, ..)| order(query.sort, a, b));
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next_cursor = rows
        .last()
        .filter(|_| more)
        .map(|(position, ..)| list.seal(position))
        .transpose()?;
    let now = state.now();
    let came = estate.came(place);
    let findings = rows.into_iter().map(|(_, mut finding, own)| {
        let (id, can_fix) = (&finding.vulnerability, risk::fix_available(&finding));
        finding.factors = risk::factors(id, &own, can_fix, &facts, year(now));
        finding.deadline = Some(risk::deadline(
            &own,
            &facts,
            came.at(&finding.vulnerability),
            now,
        ));
        finding.fixed_in = risk::fixed_in(&finding, place, &facts);
        finding
    });
    Ok(Some(FindingList {
        findings: findings.collect(),
        cannot_judge: if first {
            document.cannot_judge
        } else {
            Vec::new()
        },
        coverage: document.coverage,
        summary,
        excepted: hidden,
        next_cursor,
        as_of: Some(record.scanned_at),
    }))
}

/// What is known of a finding's vulnerability wherever it is, which the finding then says, too.
fn known_of<'a>(
    estate: &EstateIndex,
    known: &'a mut HashMap<VulnerabilityId, VulnerabilityFacts>,
    finding: &mut Finding,
) -> &'a VulnerabilityFacts {
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
    facts
}

/// One page of a place's packages; `None` when nothing is known of them.
pub(super) async fn packages(
    state: &ApiState,
    tenant: &TenantId,
    scope: &Scope,
    place: &Place,
    query: &PackageQuery,
) -> Result<Option<PackageList>, ApiError> {
    let text = search(query.search.as_deref())?;
    if query.kind == Some(PackageKind::Unknown) {
        return Err(ApiError::new(
            Kind::BadRequest,
            "`kind` is a manager or ecosystem that the description names, such as deb, rpm, npm or windows_program.",
        ));
    }
    let filters = format!("{place} {text:?} {:?}", query.kind);
    let list = List::new(state, tenant, "packages", &filters);
    let after: Option<(String, String, String)> = list.open_some(query.cursor.as_ref())?;
    let limit = usize::try_from(limit(query.limit)?).unwrap_or(usize::MAX);
    if !scope.is_everything() && !Sight::of(state, tenant, scope).await?.view().has(place) {
        return Ok(None);
    }
    let Some(inventory) = Inventories(state.platform()).newest(tenant, place).await? else {
        return Ok(None);
    };
    let mut packages = inventory.packages;
    packages.retain(|package| {
        let source = package.source_name.as_deref();
        let is_named = text.is_in(&package.name) || source.is_some_and(|name| text.is_in(name));
        is_named && query.kind.is_none_or(|kind| package.kind == kind)
    });
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
