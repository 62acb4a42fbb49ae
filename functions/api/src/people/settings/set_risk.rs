//! Setting what the tenant says of its estate that counts in scores.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::Response,
};
use records::{
    RiskSettingsRecord, SettingsOfRisk,
    messages::{self, ScoreMessage},
};
use schemas::{
    api::{
        Problem,
        risk_settings::{RiskSettings, RiskSettingsDetail},
    },
    collection::CollectionParts,
};
use scope::Collection;

use super::{UNSET, risk};
use crate::{
    audit::Act,
    auth::{Allowed, needs},
    etag::{changed, named, tagged},
    extract::FromJson,
    people::given::bad,
    problem::{ApiError, chain},
    state::ApiState,
};

/// Most patterns of labels.
const MAX_LABELS: usize = 50;

/// Sets which labels make hosts, and images by their own labels or their containers', critical. All scores are worked out anew
/// with them, within a minute. Settings that were set are replaced only by who names their state.
#[utoipa::path(
    put,
    path = "/api/v1/settings/risk",
    tag = "settings",
    operation_id = "set_risk_settings",
    params(("if-match" = Option<String>, Header, description = "ETag of the state that it replaces; may be absent while nobody has set any")),
    request_body = RiskSettings,
    responses(
        (status = 200, description = "They are set", body = RiskSettingsDetail, headers(("etag" = String, description = "Names this state"))),
        (status = 400, description = "A pattern that cannot be one, or too many", body = Problem),
        (status = 412, description = "Another state is set than the one named", body = Problem),
    ),
    security(("session" = ["policies.manage"]))
)]
pub(crate) async fn set(
    caller: Allowed<needs::ManagePolicies>,
    State(state): State<ApiState>,
    headers: HeaderMap,
    FromJson(wanted): FromJson<RiskSettings>,
) -> Result<Response, ApiError> {
    let tenant = caller.tenant();
    check(&wanted)?;
    let settings = SettingsOfRisk(state.platform());
    let before = settings.get(tenant).await?;
    let revision = before.as_ref().map(|(_, revision)| *revision);
    let is_named = headers.contains_key(header::IF_MATCH);
    let replaces = is_named.then(|| named(&headers)).transpose()?;
    let replaces = replaces.filter(|revision| *revision != UNSET);
    if replaces != revision {
        return Err(changed());
    }
    let record = RiskSettingsRecord {
        version: 1,
        settings: wanted,
        updated_at: state.now(),
        updated_by: caller.name().to_owned(),
    };
    if !settings.put(tenant, &record, revision).await? {
        return Err(changed());
    }
    let (kept, revision) = settings.get(tenant).await?.ok_or_else(changed)?;
    let before = risk(before.map(|(kept, _)| kept));
    let after = risk(Some(record));
    let act = Act::new("set_risk_settings").on("settings", "risk");
    let act = act.before(&before)?.after(&after)?;
    state.audit(&caller, act).await?;
    let message = ScoreMessage::Labels {
        tenant: tenant.clone(),
    };
    if let Err(error) = messages::send(state.platform(), &[message]).await {
        // They stand, and come into scores when states are folded in next.
        tracing::warn!(%tenant, error = chain(&error), "nobody was told that settings of risk changed");
    }
    tracing::info!(by = caller.name(), %tenant, "settings of risk set");
    tagged(Json(risk(Some(kept))), revision)
}

fn check(wanted: &RiskSettings) -> Result<(), ApiError> {
    let labels = &wanted.critical_labels;
    if labels.len() > MAX_LABELS {
        return Err(bad(format!(
            "`critical_labels` has at most {MAX_LABELS} patterns."
        )));
    }
    let parts = CollectionParts {
        labels: labels.clone(),
        ..CollectionParts::default()
    };
    let read = Collection::read(&parts);
    read.map_err(|error| bad(format!("`critical_labels`: {error}.")))?;
    Ok(())
}
