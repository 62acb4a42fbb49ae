//! Changing a person.

use axum::{Json, extract::State, http::HeaderMap, response::Response};
use records::identity::PersonChanged;
use schemas::{
    UserId,
    api::{
        Problem,
        person::{PersonChange, PersonDetail},
    },
};

use super::{changeable, detail, last_admin};
use crate::{
    audit::Act,
    auth::{Allowed, needs},
    etag,
    extract::{FromJson, FromPath},
    people::roles::assignable,
    problem::ApiError,
    state::ApiState,
};

/// Changes what a person may do, or keeps them from signing in. It counts at once, for the sessions that they have, too.
#[utoipa::path(
    patch,
    path = "/api/v1/people/{id}",
    tag = "people",
    operation_id = "change_person",
    params(
        ("id" = UserId, Path, description = "Their login"),
        ("if-match" = String, Header, description = "ETag of the state that is changed"),
    ),
    request_body = PersonChange,
    responses(
        (status = 200, description = "The person", body = PersonDetail, headers(("etag" = String, description = "Names this state"))),
        (status = 400, description = "An unknown role, or a value out of bounds", body = Problem),
        (status = 403, description = "They may do, or would do, more than the caller", body = Problem),
        (status = 404, description = "No such person", body = Problem),
        (status = 409, description = "They are the last enabled administrator", body = Problem),
        (status = 412, description = "Another state is there than the one named", body = Problem),
    ),
    security(("session" = ["people.manage"]))
)]
pub(crate) async fn change(
    caller: Allowed<needs::ManagePeople>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<UserId>,
    headers: HeaderMap,
    FromJson(request): FromJson<PersonChange>,
) -> Result<Response, ApiError> {
    // What a key gives here would stay when the key is gone.
    caller.person()?;
    let (mut user, revision) = changeable(&state, &caller, &id).await?;
    let before = detail(&user);
    etag::must_match(&headers, revision)?;
    let (identity, tenant) = (state.identity(), caller.tenant());
    if let Some(roles) = request.roles {
        user.assign(assignable(&state, tenant, caller.grants(), roles).await?);
    }
    if let Some(disabled) = request.disabled {
        let since = user.disabled_at.unwrap_or_else(|| state.now());
        user.disabled_at = disabled.then_some(since);
    }
    match identity.change_user(tenant, &user, revision).await? {
        PersonChanged::Done => {}
        PersonChanged::Meanwhile => return Err(etag::changed()),
        PersonChanged::LastAdmin => return Err(last_admin()),
    }
    if user.disabled_at.is_some() {
        identity.end_sessions(tenant, &id).await?;
    }
    let act = Act::new("change_person").on("person", &id);
    let act = act.before(&before)?.after(&detail(&user))?;
    state.audit(&caller, act).await?;
    tracing::info!(user = %id, by = caller.name(), %tenant, "person changed");
    let found = identity.user_at(tenant, &id).await?;
    let (user, revision) = found.ok_or_else(|| ApiError::not_found("person"))?;
    etag::tagged(Json(detail(&user)), revision)
}
