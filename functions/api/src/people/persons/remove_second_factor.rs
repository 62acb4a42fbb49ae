//! Taking a second factor away from somebody who lost it.

use axum::{extract::State, http::StatusCode};
use schemas::{UserId, api::Problem};

use super::changeable;
use crate::{
    audit::Act,
    auth::{Allowed, needs},
    etag,
    extract::FromPath,
    problem::ApiError,
    state::ApiState,
};

/// Removes the second factor of a person who lost device and recovery codes; their sessions end.
#[utoipa::path(
    delete,
    path = "/api/v1/people/{id}/second-factor",
    tag = "people",
    operation_id = "remove_second_factor_of",
    params(("id" = UserId, Path, description = "Their login")),
    responses(
        (status = 204, description = "They sign in with their password alone"),
        (status = 403, description = "They may do more than the caller", body = Problem),
        (status = 404, description = "No such person", body = Problem),
        (status = 412, description = "They were changed at the same moment; send it again", body = Problem),
    ),
    security(("session" = ["people.manage"]))
)]
pub(crate) async fn remove_second_factor(
    caller: Allowed<needs::ManagePeople>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<UserId>,
) -> Result<StatusCode, ApiError> {
    caller.person()?;
    let (user, revision) = changeable(&state, &caller, &id).await?;
    let identity = state.identity();
    let put = identity.put_second_factor(caller.tenant(), &user, revision, None);
    if !put.await? {
        return Err(etag::changed());
    }
    identity.end_sessions(caller.tenant(), &id).await?;
    let act = Act::new("remove_second_factor_of").on("person", &id);
    state.audit(&caller, act).await?;
    tracing::info!(user = %id, by = caller.name(), tenant = %caller.tenant(), "second factor removed");
    Ok(StatusCode::NO_CONTENT)
}
