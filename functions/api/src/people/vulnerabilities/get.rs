//! One vulnerability and the places that have it.

use axum::{Json, extract::State};
use schemas::{
    Place, VulnerabilityId,
    api::{
        Problem,
        page::PageQuery,
        vulnerability::{AffectedPlaceRow, VulnerabilityDetail},
    },
    risk::PlaceFacts,
};

use crate::{
    auth::{Scoped, needs},
    cursor::{List, limit},
    extract::{FromPath, FromQuery},
    people::standing::{count, year},
    problem::ApiError,
    scoped::Sight,
    state::ApiState,
};

/// One vulnerability with the places that have it, highest score first. Also those where an exception hides it, which is
/// said. One that no place has is not found.
#[utoipa::path(
    get,
    path = "/api/v1/vulnerabilities/{id}",
    tag = "vulnerabilities",
    operation_id = "get_vulnerability",
    params(("id" = VulnerabilityId, Path, description = "CVE id, or the advisory's own"), PageQuery),
    responses(
        (status = 200, description = "The vulnerability and one page of its places", body = VulnerabilityDetail),
        (status = 404, description = "No place has it", body = Problem),
    ),
    security(("session" = ["vulnerabilities.read"]))
)]
pub(crate) async fn get(
    caller: Scoped<needs::ReadVulnerabilities>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<VulnerabilityId>,
    FromQuery(page): FromQuery<PageQuery>,
) -> Result<Json<VulnerabilityDetail>, ApiError> {
    let list = List::new(&state, caller.tenant(), "affected", id.as_str());
    let after: Option<Place> = list.open_some(page.cursor.as_ref())?;
    let limit = usize::try_from(limit(page.limit)?).unwrap_or(usize::MAX);
    let sight = Sight::of(&state, caller.tenant(), caller.scope()).await?;
    let as_of = state.now();
    let page = sight
        .affected(&id, after, limit)
        .await?
        .ok_or_else(|| ApiError::not_found("vulnerability in any place"))?;
    let next_cursor = page
        .rows
        .last()
        .filter(|_| page.more)
        .map(|last| list.seal(&last.place))
        .transpose()?;
    let year = year(as_of);
    let places = page
        .rows
        .into_iter()
        .map(|place| AffectedPlaceRow {
            score: risk::score(&place.vulnerability, place.fix_available, &place.facts),
            factors: risk::factors(
                &id,
                &place.vulnerability,
                place.fix_available,
                &place.facts,
                year,
            ),
            deadline: risk::deadline(
                &place.vulnerability,
                &place.facts,
                estate::came_at(place.since_h),
                as_of,
            ),
            severity: place.vulnerability.severity,
            place: place.place,
            name: place.name,
            fix_available: place.fix_available,
            facts: place.facts,
            excepted: place.excepted,
        })
        .collect();
    let (_, fix_available, top) = &page.top;
    let factors = risk::factors(&id, &page.facts, *fix_available, top, year);
    let soonest = PlaceFacts {
        exposure: page.exposure,
        exposure_reason: top
            .exposure_reason
            .clone()
            .filter(|_| top.exposure == page.exposure),
        ..PlaceFacts::default()
    };
    let deadline = risk::deadline(&page.facts, &soonest, estate::came_at(page.since_h), as_of);
    Ok(Json(VulnerabilityDetail {
        factors,
        deadline,
        id,
        facts: page.facts,
        places,
        total_places: count(page.total),
        next_cursor,
        as_of: Some(as_of),
    }))
}
