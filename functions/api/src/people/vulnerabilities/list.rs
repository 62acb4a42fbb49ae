//! What is vulnerable here, and what first.

use axum::{Json, extract::State};
use estate::{Excepted, Filter, Order, Position, RankedVulnerability};
use schemas::{
    Severity, Timestamp, VulnerabilityId,
    api::{
        Problem,
        exception::ExceptedFilter,
        vulnerability::{
            VulnerabilityList, VulnerabilityQuery, VulnerabilityRow, VulnerabilitySort,
        },
    },
};

use crate::{
    auth::{Scoped, needs},
    cursor::{List, limit},
    extract::FromQuery,
    people::{
        feeds,
        posture::since_h,
        standing::{count, points, top, year},
    },
    problem::{ApiError, Kind},
    scoped::Sight,
    state::ApiState,
};

/// Longest text to search for, in characters.
const MAX_SEARCH_CHARS: usize = 128;
/// Longest list of severities, in bytes.
const MAX_SEVERITIES_BYTES: usize = 64;

/// Vulnerabilities, highest score first unless `sort` says otherwise, then by id.
#[utoipa::path(
    get,
    path = "/api/v1/vulnerabilities",
    tag = "vulnerabilities",
    operation_id = "list_vulnerabilities",
    params(VulnerabilityQuery),
    responses(
        (status = 200, description = "One page", body = VulnerabilityList),
        (status = 400, description = "A filter or cursor that cannot be used", body = Problem),
    ),
    security(("session" = ["vulnerabilities.read"]))
)]
pub(crate) async fn list(
    caller: Scoped<needs::ReadVulnerabilities>,
    State(state): State<ApiState>,
    FromQuery(query): FromQuery<VulnerabilityQuery>,
) -> Result<Json<VulnerabilityList>, ApiError> {
    let year = year(state.now());
    let limit = usize::try_from(limit(query.limit)?).unwrap_or(usize::MAX);
    let filter = filter(&query, state.now())?;
    let list = List::new(
        &state,
        caller.tenant(),
        "vulnerabilities",
        &format!("{filter:?} {:?}", query.sort),
    );
    let feeds_loaded = feeds::loaded(&state).await?;
    let after: Option<(u32, VulnerabilityId)> = list.open_some(query.cursor.as_ref())?;
    let after = after.map(|(key, id)| Position { key, id });
    let order = order(query.sort);
    let begins = after.is_none()
        && order == Order::Score
        && filter == Filter::default()
        && caller.scope().is_everything();
    if begins && let Some(top) = top(&state, caller.tenant()).await? {
        let total = top.vulnerabilities.total;
        if let Some((rows, more)) = top.vulnerabilities.page(limit) {
            let next_cursor = rows
                .last()
                .filter(|_| more)
                .map(|last| list.seal(&(last.score_tenths, &last.id)))
                .transpose()?;
            return Ok(Json(VulnerabilityList {
                vulnerabilities: rows.iter().cloned().map(|one| row(one, year)).collect(),
                total,
                next_cursor,
                as_of: Some(top.as_of),
                feeds_loaded,
            }));
        }
    }
    let as_of = state.now();
    let sight = Sight::of(&state, caller.tenant(), caller.scope()).await?;
    let page = sight.page(&filter, order, after.as_ref(), limit).await?;
    let next_cursor = page
        .next
        .map(|next| list.seal(&(next.key, next.id)))
        .transpose()?;
    Ok(Json(VulnerabilityList {
        vulnerabilities: page.rows.into_iter().map(|one| row(one, year)).collect(),
        total: count(page.total),
        next_cursor,
        as_of: Some(as_of),
        feeds_loaded,
    }))
}

fn order(sort: VulnerabilitySort) -> Order {
    match sort {
        VulnerabilitySort::Score => Order::Score,
        VulnerabilitySort::Epss => Order::Epss,
        VulnerabilitySort::Places => Order::Places,
        VulnerabilitySort::Id => Order::Id,
    }
}

/// The severities of a filter; none for all of them.
pub(in crate::people) fn severities(asked: Option<&str>) -> Result<Vec<Severity>, ApiError> {
    let mut severities = Vec::new();
    if asked.is_some_and(|words| words.len() > MAX_SEVERITIES_BYTES) {
        return Err(ApiError::new(
            Kind::BadRequest,
            format!("`severity` has at most {MAX_SEVERITIES_BYTES} characters: name each once."),
        ));
    }
    for word in asked.iter().flat_map(|words| words.split(',')) {
        let severity = [
            Severity::Critical,
            Severity::High,
            Severity::Medium,
            Severity::Low,
            Severity::Unknown,
        ]
        .into_iter()
        .find(|severity| severity.as_str() == word.trim())
        .ok_or_else(|| {
            ApiError::new(
                Kind::BadRequest,
                "`severity` is one or several of critical, high, medium, low, unknown, separated by commas.",
            )
        })?;
        severities.push(severity);
    }
    severities.sort();
    severities.dedup();
    Ok(severities)
}

fn filter(query: &VulnerabilityQuery, now: Timestamp) -> Result<Filter, ApiError> {
    let severities = severities(query.severity.as_deref())?;
    let search = query.search.clone().filter(|text| !text.is_empty());
    if search
        .as_ref()
        .is_some_and(|text| text.chars().count() > MAX_SEARCH_CHARS)
    {
        return Err(ApiError::new(
            Kind::BadRequest,
            format!("`search` has at most {MAX_SEARCH_CHARS} characters."),
        ));
    }
    Ok(Filter {
        severities,
        known_exploited: query.known_exploited,
        fix_available: query.fix_available,
        place_kind: query.place_kind,
        search,
        excepted: match query.excepted {
            ExceptedFilter::Hide => Excepted::Hide,
            ExceptedFilter::Only => Excepted::Only,
            ExceptedFilter::All => Excepted::All,
        },
        new_since_h: query
            .new_since
            .map(|since| since_h(now, Some(since)))
            .transpose()?,
        exposed: query.exposed,
    })
}

fn row(ranked: RankedVulnerability, year: u16) -> VulnerabilityRow {
    let intel = risk::intel_factors(&ranked.id, &ranked.facts, year);
    let (top_place, top_place_name) = ranked.top_place;
    VulnerabilityRow {
        id: ranked.id,
        score: points(ranked.score_tenths),
        severity: ranked.severity,
        cvss_score: ranked.cvss_score,
        known_exploited: ranked.facts.known_exploited,
        epss: ranked.facts.epss,
        fix_available: ranked.fix_available,
        hosts: ranked.hosts,
        images: ranked.images,
        running_containers: ranked.running_containers,
        top_place,
        top_place_name,
        factors: ranked.factors.and(intel),
        due: ranked.clocks.due(&ranked.facts),
    }
}
