//! One policy.

use axum::{extract::State, response::Response};
use records::Policies;
use schemas::api::{Problem, policy::PolicyDetail};

use super::{answer, known};
use crate::{
    auth::{Scoped, needs},
    extract::FromPath,
    problem::ApiError,
    state::ApiState,
};

/// The policy that scans in builds are held against.
#[utoipa::path(
    get,
    path = "/api/v1/policies/{id}",
    tag = "policies",
    operation_id = "get_policy",
    params(("id" = String, Path, description = "`ci`")),
    responses(
        (status = 200, description = "The policy", body = PolicyDetail, headers(("etag" = String, description = "Names this state"))),
        (status = 404, description = "No such policy, or none is set", body = Problem),
    ),
    security(("session" = ["policies.read"]))
)]
pub(crate) async fn get(
    caller: Scoped<needs::ReadPolicies>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<String>,
) -> Result<Response, ApiError> {
    let id = known(&id)?;
    let found = Policies(state.platform()).get(caller.tenant(), id).await?;
    let (record, revision) = found.ok_or_else(|| ApiError::not_found("policy: none is set"))?;
    answer(id, record, revision)
}
