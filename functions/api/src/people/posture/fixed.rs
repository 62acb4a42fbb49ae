//! What was fixed lately.

use axum::{Json, extract::State};
use estate::FixedPosition;
use schemas::{
    Place, Timestamp, VulnerabilityId,
    api::{
        Problem,
        posture::{FixedList, FixedQuery, FixedRow},
    },
};

use super::since_h;
use crate::{
    auth::{Scoped, needs},
    cursor::{List, limit},
    extract::FromQuery,
    people::standing::count,
    problem::ApiError,
    scoped::Sight,
    state::ApiState,
};

/// Findings that places had and no longer have, the latest first. What went with its place, or may only not have been seen,
/// is not among them.
#[utoipa::path(
    get,
    path = "/api/v1/fixed",
    tag = "vulnerabilities",
    operation_id = "list_fixed",
    params(FixedQuery),
    responses(
        (status = 200, description = "One page", body = FixedList),
        (status = 400, description = "A moment too long ago, or a cursor that cannot be used", body = Problem),
    ),
    security(("session" = ["vulnerabilities.read"]))
)]
pub(crate) async fn list(
    caller: Scoped<needs::ReadVulnerabilities>,
    State(state): State<ApiState>,
    FromQuery(query): FromQuery<FixedQuery>,
) -> Result<Json<FixedList>, ApiError> {
    let as_of = state.now();
    let limit = usize::try_from(limit(query.limit)?).unwrap_or(usize::MAX);
    let list = List::new(
        &state,
        caller.tenant(),
        "fixed",
        &format!("{:?}", query.since),
    );
    // Pages begin where the first did, however late the last is read.
    let after: Option<(u32, u32, VulnerabilityId, Place)> =
        list.open_some(query.cursor.as_ref())?;
    let from_h = match &after {
        Some((from_h, ..)) => *from_h,
        None => since_h(as_of, query.since)?,
    };
    let after = after.map(|(_, at_h, vulnerability, place)| FixedPosition {
        at_h,
        vulnerability,
        place,
    });
    let sight = Sight::of(&state, caller.tenant(), caller.scope()).await?;
    let page = sight
        .aside(move |view| view.fixed(from_h, after.as_ref(), limit))
        .await?;
    let last = page.rows.last().filter(|_| page.more);
    let next_cursor = last
        .map(|last| list.seal(&(from_h, last.at_h, &last.vulnerability, &last.place)))
        .transpose()?;
    let rows = page.rows.into_iter().map(|row| FixedRow {
        vulnerability: row.vulnerability,
        place: row.place,
        name: row.name,
        severity: row.severity,
        fixed_at: Timestamp::from_hours(row.at_h),
    });
    Ok(Json(FixedList {
        fixed: rows.collect(),
        total: count(page.total),
        next_cursor,
        as_of,
    }))
}
