//! One service.

use axum::{Json, extract::State, response::Response};
use schemas::{
    IdentityProviderId,
    api::{Problem, identity_provider::IdentityProviderDetail},
};

use super::row;
use crate::{
    auth::{Allowed, needs},
    etag,
    extract::FromPath,
    problem::ApiError,
    state::ApiState,
};

/// A service that signs people in, without its secret.
#[utoipa::path(
    get,
    path = "/api/v1/identity-providers/{id}",
    tag = "sign-in",
    operation_id = "get_identity_provider",
    params(("id" = IdentityProviderId, Path, description = "The service")),
    responses(
        (status = 200, description = "The service", body = IdentityProviderDetail, headers(("etag" = String, description = "Names this state"))),
        (status = 404, description = "No such service", body = Problem),
    ),
    security(("session" = ["identity_providers.read"]))
)]
pub(crate) async fn get(
    caller: Allowed<needs::ReadIdentityProviders>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<IdentityProviderId>,
) -> Result<Response, ApiError> {
    let found = state
        .identity()
        .identity_provider(caller.tenant(), &id)
        .await?;
    let (provider, revision) = found.ok_or_else(|| ApiError::not_found("identity provider"))?;
    etag::tagged(Json(row(provider)), revision)
}
