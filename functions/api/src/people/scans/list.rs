//! Listing scans.

use axum::{Json, extract::State};
use records::{ScanRecord, Scans};
use schemas::{
    api::{
        Problem,
        scan::{ScanList, ScanQuery},
    },
    policy::PolicyVerdict,
};

use super::row;
use crate::{
    auth::{Scoped, needs},
    cursor::{Gathering, List, limit, search},
    extract::FromQuery,
    problem::{ApiError, Kind},
    scoped::resource_of,
    state::ApiState,
};

/// Scans that builds sent, the newest first. Whoever is limited to collections is shown those of images and hosts whose names
/// alone are within these. A page may have fewer rows than were asked for although there is a next one.
#[utoipa::path(
    get,
    path = "/api/v1/scans",
    tag = "scans",
    operation_id = "list_scans",
    params(ScanQuery),
    responses(
        (status = 200, description = "One page", body = ScanList),
        (status = 400, description = "A filter or cursor that cannot be used", body = Problem),
    ),
    security(("session" = ["vulnerabilities.read"]))
)]
pub(crate) async fn list(
    caller: Scoped<needs::ReadVulnerabilities>,
    State(state): State<ApiState>,
    FromQuery(query): FromQuery<ScanQuery>,
) -> Result<Json<ScanList>, ApiError> {
    let wanted = search(query.search.as_deref())?;
    let filters = format!("{wanted:?} {:?}", query.verdict);
    let list = List::new(&state, caller.tenant(), "scans", &filters);
    let cursor = list.open_some(query.cursor.as_ref())?;
    if query.verdict == Some(PolicyVerdict::Unknown) {
        return Err(ApiError::new(
            Kind::BadRequest,
            "`verdict` is none of those that a gate says.",
        ));
    }
    let scope = caller.scope();
    let is_wanted = |scan: &ScanRecord| {
        query.verdict.is_none_or(|v| scan.verdict == Some(v))
            && wanted.is_in(&scan.target.name)
            && (scope.is_everything() || scope.includes(&resource_of(&scan.target)))
    };
    let mut gathering = Gathering::new(limit(query.limit)?, cursor);
    while let Some((room, at)) = gathering.next() {
        let found = Scans(state.platform())
            .list(caller.tenant(), room, at)
            .await?;
        let records = found.records.into_iter();
        gathering.add(records.filter(is_wanted), found.next);
    }
    let (scans, next) = gathering.page();
    Ok(Json(ScanList {
        scans: scans.into_iter().map(row).collect(),
        next_cursor: next.map(|next| list.seal(&next)).transpose()?,
    }))
}
