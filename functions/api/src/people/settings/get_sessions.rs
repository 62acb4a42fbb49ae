//! How people sign in, and for how long.

use axum::{Json, extract::State, response::Response};
use schemas::api::session_settings::SessionSettingsDetail;

use super::{UNSET, detail};
use crate::{
    auth::{Allowed, needs},
    etag::tagged,
    problem::ApiError,
    state::ApiState,
};

/// How people of the tenant sign in, and for how long.
#[utoipa::path(
    get,
    path = "/api/v1/settings/sessions",
    tag = "settings",
    operation_id = "get_session_settings",
    responses(
        (status = 200, description = "The settings", body = SessionSettingsDetail, headers(("etag" = String, description = "Names this state"))),
    ),
    security(("session" = ["people.read"]))
)]
pub(crate) async fn get(
    caller: Allowed<needs::ReadPeople>,
    State(state): State<ApiState>,
) -> Result<Response, ApiError> {
    let found = state.identity().session_settings(caller.tenant()).await?;
    match found {
        Some((kept, revision)) => tagged(Json(detail(Some(kept))), revision),
        None => tagged(Json(detail(None)), UNSET),
    }
}
