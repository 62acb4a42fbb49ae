//! Listing exceptions.

use axum::{Json, extract::State};
use records::{ExceptionRecord, Exceptions};
use schemas::{
    api::{
        Problem,
        exception::{ExceptionList, ExceptionQuery},
    },
    exception::ExceptionState,
};

use super::{detail, seen::Seen};
use crate::{
    auth::{Scoped, needs},
    cursor::{Gathering, List, limit, search},
    extract::FromQuery,
    problem::{ApiError, Kind},
    state::ApiState,
};

/// Exceptions, those that were asked for last first. `search` is sought in vulnerabilities, packages, reasons and requesters,
/// without regard to case. Whoever is limited to collections is shown those that reach no further, and those that are in force
/// everywhere. A page may have fewer rows than were asked for although there is a next one.
#[utoipa::path(
    get,
    path = "/api/v1/exceptions",
    tag = "exceptions",
    operation_id = "list_exceptions",
    params(ExceptionQuery),
    responses(
        (status = 200, description = "One page", body = ExceptionList),
        (status = 400, description = "A filter or cursor that cannot be used", body = Problem),
    ),
    security(("session" = ["exceptions.read"]))
)]
pub(crate) async fn list(
    caller: Scoped<needs::ReadExceptions>,
    State(state): State<ApiState>,
    FromQuery(query): FromQuery<ExceptionQuery>,
) -> Result<Json<ExceptionList>, ApiError> {
    if query.state == Some(ExceptionState::Unknown) {
        return Err(ApiError::new(
            Kind::BadRequest,
            "`state` is requested, approved, rejected, revoked or expired.",
        ));
    }
    let text = search(query.search.as_deref())?;
    let filters = format!("{:?} {:?} {text:?}", query.state, query.vulnerability);
    let list = List::new(&state, caller.tenant(), "exceptions", &filters);
    let cursor = list.open_some(query.cursor.as_ref())?;
    let mut gathering = Gathering::new(limit(query.limit)?, cursor);
    let now = state.now();
    while let Some((room, at)) = gathering.next() {
        let exceptions = Exceptions(state.platform());
        let found = exceptions.list(caller.tenant(), room, at).await?;
        let seen = Seen::of(&state, caller.tenant(), caller.scope(), &found.records).await?;
        let is_wanted = |record: &ExceptionRecord| {
            let about = &record.text;
            let package = about.package.as_deref().unwrap_or_default();
            query
                .state
                .is_none_or(|wanted| wanted == record.state_at(now))
                && query
                    .vulnerability
                    .as_ref()
                    .is_none_or(|wanted| *wanted == about.vulnerability)
                && [
                    about.vulnerability.as_str(),
                    package,
                    &about.reason,
                    &record.requested_by,
                ]
                .iter()
                .any(|part| text.is_in(part))
                && seen.has(record)
        };
        gathering.add(found.records.into_iter().filter(is_wanted), found.next);
    }
    let (records, next) = gathering.page();
    let exceptions = records.into_iter().map(|record| detail(record, now));
    Ok(Json(ExceptionList {
        exceptions: exceptions.collect(),
        next_cursor: next.map(|next| list.seal(&next)).transpose()?,
    }))
}
