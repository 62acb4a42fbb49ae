//! What the tenant says of its estate that counts in scores.

use axum::{Json, extract::State, response::Response};
use records::SettingsOfRisk;
use schemas::api::risk_settings::RiskSettingsDetail;

use super::{UNSET, risk};
use crate::{
    auth::{Allowed, needs},
    etag::tagged,
    problem::ApiError,
    state::ApiState,
};

/// What the tenant says of its estate that counts in scores.
#[utoipa::path(
    get,
    path = "/api/v1/settings/risk",
    tag = "settings",
    operation_id = "get_risk_settings",
    responses(
        (status = 200, description = "The settings", body = RiskSettingsDetail, headers(("etag" = String, description = "Names this state"))),
    ),
    security(("session" = ["policies.read"]))
)]
pub(crate) async fn get(
    caller: Allowed<needs::ReadPolicies>,
    State(state): State<ApiState>,
) -> Result<Response, ApiError> {
    let found = SettingsOfRisk(state.platform())
        .get(caller.tenant())
        .await?;
    match found {
        Some((kept, revision)) => tagged(Json(risk(Some(kept))), revision),
        None => tagged(Json(risk(None)), UNSET),
    }
}
