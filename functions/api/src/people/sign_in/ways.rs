//! How a tenant's people sign in.

use axum::{Json, extract::State};
use records::identity::IdentityProvider;
use schemas::api::identity_provider::{SignInQuery, SignInWay, SignInWays};

use super::DEFAULT_TENANT;
use crate::{extract::FromQuery, problem::ApiError, state::ApiState};

/// The ways in which a tenant's people sign in.
#[utoipa::path(
    get,
    path = "/api/v1/sign-in",
    tag = "sign-in",
    operation_id = "list_sign_in_ways",
    params(SignInQuery),
    responses((status = 200, description = "The ways", body = SignInWays)),
    security(())
)]
pub(crate) async fn ways(
    State(state): State<ApiState>,
    FromQuery(query): FromQuery<SignInQuery>,
) -> Result<Json<SignInWays>, ApiError> {
    let tenant = match query.tenant {
        Some(tenant) => tenant,
        None => DEFAULT_TENANT.parse().map_err(ApiError::internal)?,
    };
    let found = state.identity().all::<IdentityProvider>(&tenant).await?;
    let ways = found.into_iter().map(|provider| SignInWay {
        id: provider.id,
        name: provider.name,
    });
    Ok(Json(SignInWays {
        password: true,
        identity_providers: ways.collect(),
    }))
}
