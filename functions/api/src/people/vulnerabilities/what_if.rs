//! How a vulnerability would stand in a place if some facts were others.

use axum::{Json, extract::State};
use risk::Changes;
use schemas::{
    Timestamp, VulnerabilityId,
    api::{
        Problem,
        vulnerability::{RiskState, WhatIf, WhatIfQuery},
    },
    risk::{PlaceFacts, VulnerabilityFacts},
};

use crate::{
    auth::{Scoped, needs},
    extract::{FromPath, FromQuery},
    people::{given::bad, standing::year},
    problem::ApiError,
    scoped::Sight,
    state::ApiState,
};

/// How a vulnerability stands in a place, and how it would if some facts were others: score with its parts, marks and deadline,
/// before and after. Nothing is changed by asking.
#[utoipa::path(
    get,
    path = "/api/v1/vulnerabilities/{id}/what-if",
    tag = "vulnerabilities",
    operation_id = "what_if",
    params(("id" = VulnerabilityId, Path, description = "CVE id, or the advisory's own"), WhatIfQuery),
    responses(
        (status = 200, description = "Both states", body = WhatIf),
        (status = 400, description = "A fact with a value that it cannot have", body = Problem),
        (status = 404, description = "The place is not there, or does not have it", body = Problem),
    ),
    security(("session" = ["vulnerabilities.read"]))
)]
pub(crate) async fn what_if(
    caller: Scoped<needs::ReadVulnerabilities>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<VulnerabilityId>,
    FromQuery(query): FromQuery<WhatIfQuery>,
) -> Result<Json<WhatIf>, ApiError> {
    let changes = Changes::read(&query).map_err(|error| bad(format!("{error}.")))?;
    let sight = Sight::of(&state, caller.tenant(), caller.scope()).await?;
    let found = sight.view().affected_in(&id, &query.place);
    let found = found.ok_or_else(|| ApiError::not_found("vulnerability in that place"))?;
    let when = (estate::came_at(found.since_h), state.now());
    let (vulnerability, fix_available, place) =
        changes.made(&found.vulnerability, found.fix_available, &found.facts);
    Ok(Json(WhatIf {
        before: stands(
            &id,
            found.vulnerability,
            found.fix_available,
            found.facts,
            when,
        ),
        after: stands(&id, vulnerability, fix_available, place, when),
        id,
        place: found.place,
        name: found.name,
    }))
}

fn stands(
    id: &VulnerabilityId,
    vulnerability: VulnerabilityFacts,
    fix_available: bool,
    place: PlaceFacts,
    (came_at, now): (Option<Timestamp>, Timestamp),
) -> RiskState {
    RiskState {
        score: risk::score(&vulnerability, fix_available, &place),
        factors: risk::factors(id, &vulnerability, fix_available, &place, year(now)),
        deadline: risk::deadline(&vulnerability, &place, came_at, now),
        vulnerability,
        place,
        fix_available,
    }
}
