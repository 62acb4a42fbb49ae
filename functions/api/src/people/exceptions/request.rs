//! Asking for an exception.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use records::{Collections, ExceptionRecord, Exceptions};
use schemas::{
    ExceptionId, Timestamp,
    api::{
        Problem,
        exception::{ExceptionDetail, ExceptionText},
    },
    exception::{ExceptionScope, ExceptionState, ExceptionStatus, VexJustification},
};
use scope::{Collection, Scope};

use super::{answer, detail, seen::Seen};
use crate::{
    audit::Act,
    auth::{Scoped, needs},
    extract::FromJson,
    problem::{ApiError, Kind},
    scoped::{Sight, beyond},
    state::ApiState,
};

/// Longest reason, in characters.
const MAX_REASON_CHARS: usize = 2000;
/// Longest purl, in bytes.
const MAX_PACKAGE_BYTES: usize = 512;
/// Farthest end of an exception, in days.
const MAX_DAYS: i64 = 366;
const DAY_MS: i64 = 24 * 3_600_000;
/// What milliseconds are subtracted from, so that later ids come first: 48 bits hold every one up to the year 9999.
const LAST_MS: u64 = (1 << 48) - 1;

/// Asks for an exception. It hides nothing until somebody approves it who may, which whoever asked may not. Whoever is limited
/// to collections asks for none that reaches further.
#[utoipa::path(
    post,
    path = "/api/v1/exceptions",
    tag = "exceptions",
    operation_id = "request_exception",
    request_body = ExceptionText,
    responses(
        (status = 201, description = "It waits for a decision", body = ExceptionDetail, headers(("etag" = String, description = "Names this state"))),
        (status = 400, description = "Something that an exception cannot say, or that is not there; the problem says which", body = Problem),
        (status = 403, description = "It reaches further than the caller", body = Problem),
    ),
    security(("session" = ["exceptions.request"]))
)]
pub(crate) async fn request(
    caller: Scoped<needs::RequestExceptions>,
    State(state): State<ApiState>,
    FromJson(wanted): FromJson<ExceptionText>,
) -> Result<Response, ApiError> {
    let now = state.now();
    check(&wanted, now)?;
    reaches(&state, &caller, &wanted.scope).await?;
    let left = LAST_MS.saturating_sub(u64::try_from(now.as_ms()).unwrap_or(0));
    let id: ExceptionId = format!("{left:012x}{}", state.random_hex::<6>()?)
        .parse()
        .map_err(ApiError::internal)?;
    let record = ExceptionRecord {
        version: 1,
        id: id.clone(),
        text: wanted,
        state: ExceptionState::Requested,
        requested_by: caller.name().to_owned(),
        requester: caller.behind().cloned(),
        requested_at: now,
        decision: None,
        revocation: None,
    };
    let exceptions = Exceptions(state.platform());
    if !exceptions.put(caller.tenant(), &record, None).await? {
        return Err(ApiError::new(
            Kind::Conflict,
            "The id that was drawn is taken: repeat.",
        ));
    }
    tracing::info!(exception = %id, vulnerability = %record.text.vulnerability, by = caller.name(), tenant = %caller.tenant(), "exception asked for");
    let act = Act::new("request_exception").on("exception", &id);
    let act = act.after(&detail(record, now))?;
    state.audit(&caller, act).await?;
    let answer = answer(&state, caller.tenant(), &id).await?;
    Ok((StatusCode::CREATED, answer).into_response())
}

/// That an exception says what one can say.
fn check(wanted: &ExceptionText, now: Timestamp) -> Result<(), ApiError> {
    let bad = |why: String| Err(ApiError::new(Kind::BadRequest, why));
    let reason = wanted.reason.trim();
    if reason.is_empty() || wanted.reason.chars().count() > MAX_REASON_CHARS {
        return bad(format!(
            "`reason` has 1 to {MAX_REASON_CHARS} characters: say why, for whoever decides."
        ));
    }
    if let Some(package) = &wanted.package
        && (package.len() > MAX_PACKAGE_BYTES || !policy::is_package(package))
    {
        return bad(format!(
            "`package` is a package URL of at most {MAX_PACKAGE_BYTES} bytes, such as pkg:deb/debian/openssl; without a version \
             it stands for all versions, and without `package` the exception is about every package."
        ));
    }
    match (wanted.status, wanted.justification) {
        (ExceptionStatus::Unknown, _) => {
            return bad(
                "`status` is not_affected, false_positive, accepted_risk, will_not_fix or workaround_available.".to_owned(),
            );
        }
        (ExceptionStatus::NotAffected, None | Some(VexJustification::Unknown)) => {
            return bad(
                "What is not_affected needs a `justification`: component_not_present, vulnerable_code_not_present, \
                 vulnerable_code_not_in_execute_path, vulnerable_code_cannot_be_controlled_by_adversary or \
                 inline_mitigations_already_exist."
                    .to_owned(),
            );
        }
        (ExceptionStatus::NotAffected, Some(_)) | (_, None) => {}
        (_, Some(_)) => {
            return bad("Only what is not_affected has a `justification`.".to_owned());
        }
    }
    if let Some(end) = wanted.expires_at {
        if end <= now {
            return bad("`expires_at` is over: name a moment to come.".to_owned());
        }
        if end > now.plus_ms(MAX_DAYS * DAY_MS) {
            return bad(format!(
                "`expires_at` is at most {MAX_DAYS} days ahead: what is still so then is asked for again."
            ));
        }
    }
    if wanted.scope == ExceptionScope::Unknown {
        return bad(
            "`scope` is {\"kind\": \"estate\"}, {\"kind\": \"collection\", \"collection\": ID} or {\"kind\": \"place\", \"place\": \
             \"host/ID\" or \"image/ID\"}."
                .to_owned(),
        );
    }
    Ok(())
}

/// That an exception holds somewhere, and nowhere that its requester does not reach.
async fn reaches(
    state: &ApiState,
    caller: &Scoped<needs::RequestExceptions>,
    wanted: &ExceptionScope,
) -> Result<(), ApiError> {
    let tenant = caller.tenant();
    let seen = Seen::of_scopes(state, tenant, caller.scope(), [wanted]).await?;
    let missing = |what: &str| {
        let why = format!("There is no such {what} as `scope` names, or none that you see.");
        Err(ApiError::new(Kind::BadRequest, why))
    };
    match wanted {
        ExceptionScope::Collection { collection } => {
            let kept = Collections(state.platform())
                .get(tenant, collection)
                .await?;
            let kept = kept.filter(|(kept, _)| caller.may_see(Collection::read(&kept.parts).ok()));
            if kept.is_none() {
                return missing("collection");
            }
        }
        ExceptionScope::Place { place } => {
            let sight = Sight::of(state, tenant, &Scope::everything()).await?;
            let is_there = sight.view().has(place);
            if !is_there || !seen.covers(wanted) {
                return missing("host or image");
            }
        }
        ExceptionScope::Estate | ExceptionScope::Unknown => {}
    }
    if seen.covers(wanted) {
        Ok(())
    } else {
        Err(beyond("Where the exception is to hold"))
    }
}
