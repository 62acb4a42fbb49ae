//! Exceptions: findings that somebody decided to live with.

pub(crate) mod approve;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod reject;
pub(crate) mod request;
pub(crate) mod revoke;
pub(crate) mod seen;
pub(crate) mod vex;

use axum::{
    Json,
    http::{HeaderMap, header},
    response::Response,
};
use records::{
    ExceptionChange, ExceptionRecord, Exceptions,
    exceptions::MOST_IN_FORCE,
    messages::{self, ScoreMessage},
};
use schemas::{
    ExceptionId, TenantId, Timestamp,
    api::exception::{DecideException, ExceptionDecision, ExceptionDetail},
    exception::ExceptionState,
};
use seen::Seen;

use crate::{
    auth::{Scoped, needs},
    etag,
    problem::{ApiError, Kind},
    scoped::beyond,
    state::ApiState,
};

/// Longest comment of a decision, in characters.
const MAX_COMMENT_CHARS: usize = 1024;

/// An exception as it is answered.
fn detail(record: ExceptionRecord, now: Timestamp) -> ExceptionDetail {
    ExceptionDetail {
        state: record.state_at(now),
        id: record.id,
        exception: record.text,
        requested_by: record.requested_by,
        requested_at: record.requested_at,
        decision: record.decision,
        revocation: record.revocation,
    }
}

/// An exception as it is kept now, with the tag that names this state.
async fn answer(
    state: &ApiState,
    tenant: &TenantId,
    id: &ExceptionId,
) -> Result<Response, ApiError> {
    let kept = Exceptions(state.platform()).get(tenant, id).await?;
    let (record, revision) = kept.ok_or_else(etag::changed)?;
    etag::tagged(Json(detail(record, state.now())), revision)
}

/// An exception that somebody may decide on, in the state that the request names where it names one.
async fn decided(
    state: &ApiState,
    caller: &Scoped<needs::DecideExceptions>,
    id: &ExceptionId,
    headers: &HeaderMap,
) -> Result<(ExceptionRecord, u64), ApiError> {
    let tenant = caller.tenant();
    let kept = Exceptions(state.platform()).get(tenant, id).await?;
    let (record, revision) = kept.ok_or_else(|| ApiError::not_found("exception"))?;
    let seen = Seen::of(state, tenant, caller.scope(), [&record]).await?;
    if !seen.has(&record) {
        return Err(ApiError::not_found("exception"));
    }
    if !seen.covers(&record.text.scope) {
        return Err(beyond("Where the exception holds"));
    }
    if headers.contains_key(header::IF_MATCH) {
        etag::must_match(headers, revision)?;
    }
    Ok((record, revision))
}

/// Fails unless an exception is in one of these states.
fn must_be(
    record: &ExceptionRecord,
    states: &[ExceptionState],
    now: Timestamp,
    what: &str,
) -> Result<(), ApiError> {
    if states.contains(&record.state_at(now)) {
        return Ok(());
    }
    let is = match record.state_at(now) {
        ExceptionState::Requested => "It waits for a decision",
        ExceptionState::Approved => "It is in force",
        ExceptionState::Rejected => "It was rejected",
        ExceptionState::Revoked => "It was revoked",
        ExceptionState::Expired => "Its time is over",
        ExceptionState::Unknown => "A later version made it what it is",
    };
    Err(ApiError::new(Kind::Conflict, format!("{is}: {what}.")))
}

/// Who decided, when, and what they said of it.
fn decision(
    wanted: DecideException,
    by: &str,
    at: Timestamp,
) -> Result<ExceptionDecision, ApiError> {
    let comment = wanted.comment.filter(|comment| !comment.trim().is_empty());
    let length = comment
        .as_ref()
        .map_or(0, |comment| comment.chars().count());
    if length > MAX_COMMENT_CHARS {
        return Err(ApiError::new(
            Kind::BadRequest,
            format!("`comment` has at most {MAX_COMMENT_CHARS} characters."),
        ));
    }
    Ok(ExceptionDecision {
        by: by.to_owned(),
        at,
        comment,
    })
}

/// Keeps an exception that comes into force or goes out of it, and has the places scored again that it is about.
async fn change(
    state: &ApiState,
    tenant: &TenantId,
    record: &ExceptionRecord,
    replaces: u64,
) -> Result<(), ApiError> {
    let exceptions = Exceptions(state.platform());
    match exceptions.change(tenant, record, replaces).await? {
        ExceptionChange::Done => {}
        ExceptionChange::Changed => return Err(etag::changed()),
        ExceptionChange::TooMany => {
            return Err(ApiError::new(
                Kind::Conflict,
                format!(
                    "As many exceptions are in force as can be, at most {MOST_IN_FORCE}: revoke some that are of no use any more."
                ),
            ));
        }
    }
    tell(state, tenant).await;
    Ok(())
}

/// Tells `score` of what changed. What is written is done in any case: the timer that looks for exceptions that end finds what
/// nobody was told of.
pub(in crate::people) async fn tell(state: &ApiState, tenant: &TenantId) {
    let message = ScoreMessage::Exceptions {
        tenant: tenant.clone(),
    };
    if let Err(error) = messages::send(state.platform(), &[message]).await {
        let cause = &error as &dyn std::error::Error;
        tracing::warn!(%tenant, error = cause, "exceptions come into the lists a minute later");
    }
}
