//! Listing services that sign people in.

use axum::{Json, extract::State};
use schemas::api::{identity_provider::IdentityProviderList, page::PageQuery};

use super::row;
use crate::{
    auth::{Allowed, needs},
    cursor::List,
    extract::FromQuery,
    problem::ApiError,
    state::ApiState,
};

/// Services that sign people in, without their secrets, by id.
#[utoipa::path(
    get,
    path = "/api/v1/identity-providers",
    tag = "sign-in",
    operation_id = "list_identity_providers",
    params(PageQuery),
    responses((status = 200, description = "One page", body = IdentityProviderList)),
    security(("session" = ["identity_providers.read"]))
)]
pub(crate) async fn list(
    caller: Allowed<needs::ReadIdentityProviders>,
    State(state): State<ApiState>,
    FromQuery(page): FromQuery<PageQuery>,
) -> Result<Json<IdentityProviderList>, ApiError> {
    let list = List::new(&state, caller.tenant(), "identity-providers", "");
    let identity = state.identity();
    let read = |limit, cursor| identity.list(caller.tenant(), limit, cursor);
    let (found, next_cursor) = list.page(&page, read).await?;
    Ok(Json(IdentityProviderList {
        identity_providers: found.into_iter().map(row).collect(),
        next_cursor,
    }))
}
