//! Verifying the audit log.

use axum::{Json, extract::State};
use schemas::{
    Digest,
    api::{
        Problem,
        audit::{AuditVerification, AuditVerifyQuery},
    },
};

use crate::{
    auth::{Allowed, needs},
    cursor::List,
    extract::FromQuery,
    problem::ApiError,
    state::ApiState,
};

/// Entries that one answer looks at.
const AT_ONCE: u64 = 20_000;

/// Walks the chain of the audit log in its order and names the first break. An answer looks at 20,000 entries, and the next
/// one goes on where it ended. `last_seq` and `last_hash`, kept elsewhere, prove later that nothing before them was changed
/// or cut off: the log's entry of that number has to have that hash.
#[utoipa::path(
    get,
    path = "/api/v1/audit/verification",
    tag = "audit",
    operation_id = "verify_audit",
    params(AuditVerifyQuery),
    responses(
        (status = 200, description = "What was found", body = AuditVerification),
        (status = 400, description = "Not a cursor of this operation", body = Problem),
    ),
    security(("session" = ["audit.read"]))
)]
pub(crate) async fn verify(
    caller: Allowed<needs::ReadAudit>,
    State(state): State<ApiState>,
    FromQuery(query): FromQuery<AuditVerifyQuery>,
) -> Result<Json<AuditVerification>, ApiError> {
    let list = List::new(&state, caller.tenant(), "audit-verification", "");
    let after: Option<(u64, Digest)> = list.open_some(query.cursor.as_ref())?;
    let found = state
        .audit_log()
        .verify(caller.tenant(), after, AT_ONCE)
        .await?;
    let next = found.last.clone().filter(|_| found.more);
    let (last_seq, last_hash) = found.last.unzip();
    Ok(Json(AuditVerification {
        whole: found.broken.is_none(),
        entries: found.entries,
        first_seq: found.first_seq,
        last_seq,
        last_hash,
        broken: found.broken,
        next: next.map(|next| list.seal(&next)).transpose()?,
    }))
}
