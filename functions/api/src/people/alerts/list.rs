//! Listing alerts.

use axum::{Json, extract::State};
use records::identity::Alert;
use schemas::{
    Place,
    api::{
        Problem,
        alert::{AlertList, AlertQuery, AlertRow},
    },
};

use crate::{
    auth::{Scoped, needs},
    cursor::{Gathering, List, limit, search},
    extract::FromQuery,
    problem::ApiError,
    scoped::Sight,
    state::ApiState,
};

/// Alerts, the latest first. Whoever is limited to collections is shown those about hosts of these. A page may have fewer
/// rows than were asked for although there is a next one.
#[utoipa::path(
    get,
    path = "/api/v1/alerts",
    tag = "alerts",
    operation_id = "list_alerts",
    params(AlertQuery),
    responses(
        (status = 200, description = "One page", body = AlertList),
        (status = 400, description = "A filter or cursor that cannot be used", body = Problem),
    ),
    security(("session" = ["alerts.read"]))
)]
pub(crate) async fn list(
    caller: Scoped<needs::ReadAlerts>,
    State(state): State<ApiState>,
    FromQuery(query): FromQuery<AlertQuery>,
) -> Result<Json<AlertList>, ApiError> {
    let wanted = search(query.search.as_deref())?;
    search(query.kind.as_deref())?;
    let filters = format!(
        "{wanted:?} {:?} {:?} {:?}",
        query.kind, query.since, query.until
    );
    let list = List::new(&state, caller.tenant(), "alerts", &filters);
    let cursor = list.open_some(query.cursor.as_ref())?;
    let sight = if caller.scope().is_everything() {
        None
    } else {
        Some(Sight::of(&state, caller.tenant(), caller.scope()).await?)
    };
    let is_wanted = |alert: &Alert| {
        let of_kind = query.kind.as_ref().is_none_or(|kind| *kind == alert.kind);
        let is_late = query.since.is_none_or(|since| alert.raised_at >= since);
        let is_early = query.until.is_none_or(|until| alert.raised_at < until);
        let is_seen = sight.as_ref().is_none_or(|sight| {
            let host = alert.host.clone().map(Place::Host);
            host.is_some_and(|host| sight.view().has(&host))
        });
        of_kind && is_late && is_early && wanted.is_in(&alert.summary) && is_seen
    };
    let mut gathering = Gathering::new(limit(query.limit)?, cursor);
    while let Some((room, at)) = gathering.next() {
        let found = state.identity().alerts(caller.tenant(), room, at).await?;
        let records = found.records.into_iter();
        gathering.add(records.filter(is_wanted), found.next);
    }
    let (alerts, next) = gathering.page();
    Ok(Json(AlertList {
        alerts: alerts.into_iter().map(row).collect(),
        next_cursor: next.map(|next| list.seal(&next)).transpose()?,
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
