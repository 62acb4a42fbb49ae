//! Listing API keys.

use access::Permission;
use axum::{Json, extract::State};
use platform::Cursor;
use schemas::api::{
    Problem,
    api_key::{ApiKeyList, ApiKeyQuery, ApiKeysOf},
};

use super::row;
use crate::{
    auth::SignedIn,
    cursor::{List, limit},
    extract::FromQuery,
    problem::ApiError,
    state::ApiState,
};

/// API keys, without their secrets: the caller's own, or everybody's with the permission `tokens.read`.
#[utoipa::path(
    get,
    path = "/api/v1/api-keys",
    tag = "tokens",
    operation_id = "list_api_keys",
    params(ApiKeyQuery),
    responses(
        (status = 200, description = "One page", body = ApiKeyList),
        (status = 403, description = "Everybody's, without the permission for that", body = Problem),
    ),
    security(("session" = []))
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    SignedIn(caller): SignedIn,
    FromQuery(query): FromQuery<ApiKeyQuery>,
) -> Result<Json<ApiKeyList>, ApiError> {
    caller.settled()?;
    let (owner, filter) = match query.of {
        ApiKeysOf::Me => {
            let owner = caller.came.session()?.0.clone();
            let filter = format!("of {owner}");
            (Some(owner), filter)
        }
        ApiKeysOf::Everybody => {
            caller.may_everywhere(Permission::ReadTokens)?;
            (None, String::new())
        }
    };
    let list = List::new(&state, &caller.tenant, "api-keys", &filter);
    let cursor = list.open_some(query.cursor.as_ref())?.map(Cursor);
    let found = state
        .identity()
        .api_keys(&caller.tenant, owner.as_ref(), limit(query.limit)?, cursor)
        .await?;
    let now = state.now();
    Ok(Json(ApiKeyList {
        api_keys: found.records.into_iter().map(|key| row(key, now)).collect(),
        next_cursor: found.next.map(|next| list.seal(&next.0)).transpose()?,
    }))
}
