//! Listing policies.

use axum::{Json, extract::State};
use records::{Policies, policies::CI};
use schemas::api::policy::PolicyList;

use super::detail;
use crate::{
    auth::{Scoped, needs},
    problem::ApiError,
    state::ApiState,
};

/// The policies that are set, by id: at most the one that scans in builds are held against.
#[utoipa::path(
    get,
    path = "/api/v1/policies",
    tag = "policies",
    operation_id = "list_policies",
    responses(
        (status = 200, description = "Those that are set", body = PolicyList),
    ),
    security(("session" = ["policies.read"]))
)]
pub(crate) async fn list(
    caller: Scoped<needs::ReadPolicies>,
    State(state): State<ApiState>,
) -> Result<Json<PolicyList>, ApiError> {
    let found = Policies(state.platform()).get(caller.tenant(), CI).await?;
    Ok(Json(PolicyList {
        policies: found
            .map(|(record, _)| detail(CI, record))
            .into_iter()
            .collect(),
        next_cursor: None,
    }))
}
