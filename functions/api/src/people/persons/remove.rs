//! Removing a person.

use axum::{extract::State, http::StatusCode};
use records::identity::PersonChanged;
use schemas::{UserId, api::Problem};

use super::{changeable, detail, last_admin};
use crate::{
    audit::Act,
    auth::{Allowed, needs},
    etag,
    extract::FromPath,
    problem::ApiError,
    state::ApiState,
};

/// Removes a person; what they do with a session they have ends at once.
#[utoipa::path(
    delete,
    path = "/api/v1/people/{id}",
    tag = "people",
    operation_id = "remove_person",
    params(("id" = UserId, Path, description = "Their login")),
    responses(
        (status = 204, description = "They are gone"),
        (status = 403, description = "They may do more than the caller", body = Problem),
        (status = 404, description = "No such person", body = Problem),
        (status = 409, description = "They are the last enabled administrator", body = Problem),
        (status = 412, description = "They were changed at the same moment; send it again", body = Problem),
    ),
    security(("session" = ["people.manage"]))
)]
pub(crate) async fn remove(
    caller: Allowed<needs::ManagePeople>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<UserId>,
) -> Result<StatusCode, ApiError> {
    let (user, revision) = changeable(&state, &caller, &id).await?;
    let removed = state.identity().remove_user(caller.tenant(), &id, revision);
    match removed.await? {
        PersonChanged::Done => {}
        PersonChanged::Meanwhile => return Err(etag::changed()),
        PersonChanged::LastAdmin => return Err(last_admin()),
    }
    state.identity().end_sessions(caller.tenant(), &id).await?;
    let act = Act::new("remove_person").on("person", &id);
    state.audit(&caller, act.before(&detail(&user))?).await?;
    tracing::info!(user = %id, by = caller.name(), tenant = %caller.tenant(), "person removed");
    Ok(StatusCode::NO_CONTENT)
}
