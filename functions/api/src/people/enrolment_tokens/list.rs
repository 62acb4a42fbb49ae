//! Listing enrolment tokens.

use axum::{Json, extract::State};
use platform::Cursor;
use schemas::api::{enrolment_token::EnrolmentTokenList, page::PageQuery};

use super::row;
use crate::{
    auth::{Allowed, needs},
    cursor::{List, limit},
    extract::FromQuery,
    problem::ApiError,
    state::ApiState,
};

/// Enrolment tokens, without their secrets, by id.
#[utoipa::path(
    get,
    path = "/api/v1/enrolment-tokens",
    tag = "enrolment tokens",
    operation_id = "list_enrolment_tokens",
    params(PageQuery),
    responses((status = 200, description = "One page", body = EnrolmentTokenList)),
    security(("session" = ["enrolment_tokens.read"]))
)]
pub(crate) async fn list(
    caller: Allowed<needs::ReadEnrolmentTokens>,
    State(state): State<ApiState>,
    FromQuery(page): FromQuery<PageQuery>,
) -> Result<Json<EnrolmentTokenList>, ApiError> {
    let list = List::new(&state, caller.tenant(), "enrolment-tokens", "");
    let cursor = list.open_some(page.cursor.as_ref())?.map(Cursor);
    let found = state
        .identity()
        .tokens(caller.tenant(), limit(page.limit)?, cursor)
        .await?;
    let now = state.now();
    Ok(Json(EnrolmentTokenList {
        enrolment_tokens: found
            .records
            .into_iter()
            .map(|token| row(token, now))
            .collect(),
        next_cursor: found.next.map(|next| list.seal(&next.0)).transpose()?,
    }))
}
