//! Approving an exception.

use access::{Permission, Reach};
use axum::{extract::State, http::HeaderMap, response::Response};
use records::ExceptionRecord;
use schemas::{
    ExceptionId,
    api::{
        Problem,
        exception::{DecideException, ExceptionDetail},
    },
    exception::{ExceptionScope, ExceptionState},
};

use super::{answer, change, decided, decision, detail, must_be};
use crate::{
    audit::Act,
    auth::{Scoped, needs},
    extract::{FromJson, FromPath},
    problem::{ApiError, Kind},
    state::ApiState,
};

/// Approves an exception that waits for a decision: from now on it hides what it is about, in lists that are at most a minute
/// behind. Only a person does that, and another one than who asked for it, unless they may manage people in the whole tenant.
/// With `if-match` only in the state that it names.
#[utoipa::path(
    post,
    path = "/api/v1/exceptions/{id}/approve",
    tag = "exceptions",
    operation_id = "approve_exception",
    params(
        ("id" = ExceptionId, Path, description = "The exception"),
        ("if-match" = Option<String>, Header, description = "ETag of the state that is decided on"),
    ),
    request_body = DecideException,
    responses(
        (status = 200, description = "It is in force", body = ExceptionDetail, headers(("etag" = String, description = "Names this state"))),
        (status = 400, description = "A comment that is too long, or a collection that is not there any more", body = Problem),
        (status = 403, description = "The caller asked for it, is no person, or does not reach all of where it holds", body = Problem),
        (status = 404, description = "No such exception", body = Problem),
        (status = 409, description = "It does not wait for a decision, its time is over, or too many are in force", body = Problem),
        (status = 412, description = "It is in another state than the one named", body = Problem),
    ),
    security(("session" = ["exceptions.decide"]))
)]
pub(crate) async fn approve(
    caller: Scoped<needs::DecideExceptions>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<ExceptionId>,
    headers: HeaderMap,
    FromJson(wanted): FromJson<DecideException>,
) -> Result<Response, ApiError> {
    let now = state.now();
    let (before, revision) = decided(&state, &caller, &id, &headers).await?;
    must_be(
        &before,
        &[ExceptionState::Requested],
        now,
        "only what waits for a decision is approved",
    )?;
    if before.text.expires_at.is_some_and(|end| end <= now) {
        return Err(ApiError::new(
            Kind::Conflict,
            "Its time was over before anybody decided: ask for it again with a later `expires_at`.",
        ));
    }
    may_approve(&caller, &before)?;
    if let ExceptionScope::Collection { collection } = &before.text.scope {
        let kept = records::Collections(state.platform());
        if kept.get(caller.tenant(), collection).await?.is_none() {
            return Err(ApiError::new(
                Kind::BadRequest,
                "The collection that it is to hold in is not there any more: reject it, and ask for another.",
            ));
        }
    }
    let record = ExceptionRecord {
        state: ExceptionState::Approved,
        decision: Some(decision(wanted, caller.name(), now)?),
        ..before.clone()
    };
    change(&state, caller.tenant(), &record, revision).await?;
    tracing::info!(exception = %id, by = caller.name(), tenant = %caller.tenant(), "exception approved");
    let act = Act::new("approve_exception").on("exception", &id);
    let act = act
        .before(&detail(before, now))?
        .after(&detail(record, now))?;
    state.audit(&caller, act).await?;
    answer(&state, caller.tenant(), &id).await
}

/// Four eyes: nobody hides what they found themselves, but for who could give anybody the right to.
fn may_approve(
    caller: &Scoped<needs::DecideExceptions>,
    record: &ExceptionRecord,
) -> Result<(), ApiError> {
    let person = caller.person()?;
    let is_own = record.requester.as_ref() == Some(person);
    let gives_rights = caller.grants().reach(Permission::ManagePeople) == Reach::Tenant;
    if is_own && !gives_rights {
        return Err(ApiError::new(
            Kind::Forbidden,
            format!(
                "You asked for it yourself: another one decides, or somebody with the permission {} for the whole tenant.",
                Permission::ManagePeople.as_str()
            ),
        ));
    }
    Ok(())
}
