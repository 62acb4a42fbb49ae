//! Listing policies.

use axum::{Json, extract::State};
use records::{Listed, Policies, RecordError, policies::CI};
use schemas::api::{Problem, page::PageQuery, policy::PolicyList};

use super::detail;
use crate::{
    auth::{Scoped, needs},
    cursor::List,
    extract::FromQuery,
    problem::ApiError,
    state::ApiState,
};

/// The policies that are set, by id: at most the one that scans in builds are held against.
#[utoipa::path(
    get,
    path = "/api/v1/policies",
    tag = "policies",
    operation_id = "list_policies",
    params(PageQuery),
    responses(
        (status = 200, description = "Those that are set", body = PolicyList),
        (status = 400, description = "A cursor that cannot be used", body = Problem),
    ),
    security(("session" = ["policies.read"]))
)]
pub(crate) async fn list(
    caller: Scoped<needs::ReadPolicies>,
    State(state): State<ApiState>,
    FromQuery(query): FromQuery<PageQuery>,
) -> Result<Json<PolicyList>, ApiError> {
    let list = List::new(&state, caller.tenant(), "policies", "");
    let read = async |_, _| -> Result<_, RecordError> {
        let found = Policies(state.platform()).get(caller.tenant(), CI).await?;
        let set = found.map(|(record, _)| detail(CI, record));
        Ok(Listed {
            records: set.into_iter().collect(),
            next: None,
        })
    };
    let (policies, next_cursor) = list.page(&query, read).await?;
    Ok(Json(PolicyList {
        policies,
        next_cursor,
    }))
}
