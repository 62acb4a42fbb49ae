//! Listing enrolment tokens.

use axum::{Json, extract::State};
use schemas::api::{
    Problem,
    enrolment_token::{
        EnrolmentTokenList, EnrolmentTokenQuery, EnrolmentTokenRow, EnrolmentTokenState,
    },
};

use super::row;
use crate::{
    auth::{Allowed, needs},
    cursor::{Gathering, List, limit},
    extract::FromQuery,
    problem::{ApiError, Kind},
    state::ApiState,
};

/// Enrolment tokens, without their secrets, by id. A page may have fewer rows than were asked for although there is a next
/// one.
#[utoipa::path(
    get,
    path = "/api/v1/enrolment-tokens",
    tag = "enrolment tokens",
    operation_id = "list_enrolment_tokens",
    params(EnrolmentTokenQuery),
    responses(
        (status = 200, description = "One page", body = EnrolmentTokenList),
        (status = 400, description = "A filter or cursor that cannot be used", body = Problem),
    ),
    security(("session" = ["enrolment_tokens.read"]))
)]
pub(crate) async fn list(
    caller: Allowed<needs::ReadEnrolmentTokens>,
    State(state): State<ApiState>,
    FromQuery(query): FromQuery<EnrolmentTokenQuery>,
) -> Result<Json<EnrolmentTokenList>, ApiError> {
    let filters = format!("{:?}", query.state);
    let list = List::new(&state, caller.tenant(), "enrolment-tokens", &filters);
    let cursor = list.open_some(query.cursor.as_ref())?;
    if query.state == Some(EnrolmentTokenState::Unknown) {
        return Err(ApiError::new(
            Kind::BadRequest,
            "`state` is valid, expired, used_up or revoked.",
        ));
    }
    let now = state.now();
    let is_wanted = |row: &EnrolmentTokenRow| query.state.is_none_or(|state| state == row.state);
    let mut gathering = Gathering::new(limit(query.limit)?, cursor);
    while let Some((room, at)) = gathering.next() {
        let found = state.identity().list(caller.tenant(), room, at).await?;
        let records = found.records.into_iter();
        gathering.add(
            records.map(|token| row(token, now)).filter(is_wanted),
            found.next,
        );
    }
    let (enrolment_tokens, next) = gathering.page();
    Ok(Json(EnrolmentTokenList {
        enrolment_tokens,
        next_cursor: next.map(|next| list.seal(&next)).transpose()?,
    }))
}
