//! Listing the audit log.

use axum::{Json, extract::State};
use records::audit::Wanted;
use schemas::api::{
    Problem,
    audit::{AuditList, AuditOutcome, AuditQuery},
};

use crate::{
    auth::{Allowed, needs},
    cursor::{List, limit},
    extract::FromQuery,
    problem::{ApiError, Kind},
    state::ApiState,
};

/// Longest filter, in bytes.
const MAX_FILTER_BYTES: usize = 512;

/// What was done in the tenant, the latest first: by whom, to what, from where, how it was before and afterwards. Filters:
/// `actor`, `operation`, `target_kind`, `target` and `outcome` exactly, `since` (inclusive) and `until` (exclusive) by time.
/// The order is that of the log and cannot be chosen. A page may be empty although there is a next one. Entries are kept for
/// 400 days and no operation changes or removes them.
#[utoipa::path(
    get,
    path = "/api/v1/audit",
    tag = "audit",
    operation_id = "list_audit",
    params(AuditQuery),
    responses(
        (status = 200, description = "One page", body = AuditList),
        (status = 400, description = "A value out of bounds, or not a cursor of this list", body = Problem),
    ),
    security(("session" = ["audit.read"]))
)]
pub(crate) async fn list(
    caller: Allowed<needs::ReadAudit>,
    State(state): State<ApiState>,
    FromQuery(query): FromQuery<AuditQuery>,
) -> Result<Json<AuditList>, ApiError> {
    let wanted = Wanted {
        actor: query.actor,
        operation: query.operation,
        target_kind: query.target_kind,
        target: query.target,
        outcome: query.outcome,
        since: query.since,
        until: query.until,
    };
    let texts = [
        ("actor", &wanted.actor),
        ("operation", &wanted.operation),
        ("target_kind", &wanted.target_kind),
        ("target", &wanted.target),
    ];
    for (name, text) in texts {
        if text
            .as_ref()
            .is_some_and(|text| text.len() > MAX_FILTER_BYTES)
        {
            return Err(ApiError::new(
                Kind::BadRequest,
                format!("`{name}` has at most {MAX_FILTER_BYTES} bytes."),
            ));
        }
    }
    if wanted.outcome == Some(AuditOutcome::Unknown) {
        return Err(ApiError::new(
            Kind::BadRequest,
            "`outcome` is `done` or `refused`.",
        ));
    }
    let filters = format!("{wanted:?}");
    let list = List::new(&state, caller.tenant(), "audit", &filters);
    let below: Option<u64> = list.open_some(query.cursor.as_ref())?;
    let limit = limit(query.limit)?;
    let log = state.audit_log();
    if below.is_none() {
        log.tell_refusals(caller.tenant()).await?;
    }
    let (entries, next) = log.list(caller.tenant(), &wanted, limit, below).await?;
    Ok(Json(AuditList {
        entries,
        next_cursor: next.map(|next| list.seal(&next)).transpose()?,
    }))
}
