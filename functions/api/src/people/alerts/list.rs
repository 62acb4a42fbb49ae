//! Listing alerts.

use axum::{Json, extract::State};
use platform::Cursor;
use records::identity::Alert;
use schemas::api::{
    alert::{AlertList, AlertRow},
    page::PageQuery,
};

use crate::{
    auth::{Allowed, needs},
    cursor::{List, limit},
    extract::FromQuery,
    problem::ApiError,
    state::ApiState,
};

/// Alerts, the latest first.
#[utoipa::path(
    get,
    path = "/api/v1/alerts",
    tag = "alerts",
    operation_id = "list_alerts",
    params(PageQuery),
    responses((status = 200, description = "One page", body = AlertList)),
    security(("session" = ["alerts.read"]))
)]
pub(crate) async fn list(
    caller: Allowed<needs::ReadAlerts>,
    State(state): State<ApiState>,
    FromQuery(page): FromQuery<PageQuery>,
) -> Result<Json<AlertList>, ApiError> {
    let list = List::new(&state, caller.tenant(), "alerts", "");
    let cursor = list.open_some(page.cursor.as_ref())?.map(Cursor);
    let found = state
        .identity()
        .alerts(caller.tenant(), limit(page.limit)?, cursor)
        .await?;
    Ok(Json(AlertList {
        alerts: found.records.into_iter().map(row).collect(),
        next_cursor: found.next.map(|next| list.seal(&next.0)).transpose()?,
    }))
}

fn row(alert: Alert) -> AlertRow {
    AlertRow {
        id: alert.id,
        kind: alert.kind,
        raised_at: alert.raised_at,
        summary: alert.summary,
        agent: alert.agent,
        host: alert.host,
    }
}
