//! Setting how people sign in, and for how long.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::Response,
};
use records::identity::SessionSettingsRecord;
use schemas::api::{
    Problem,
    session_settings::{SessionSettings, SessionSettingsDetail},
};

use super::{UNSET, detail};
use crate::{
    audit::Act,
    auth::{Allowed, needs},
    etag::{changed, named, tagged},
    extract::FromJson,
    people::{given::bad, roles::is_known},
    problem::ApiError,
    state::ApiState,
};

/// Most roles that need a second factor.
const MAX_ROLES: usize = 50;

/// Sets how people of the tenant sign in, and for how long. What is stricter than before counts for sessions that are there at
/// once. Settings that were set are replaced only by who names their state.
#[utoipa::path(
    put,
    path = "/api/v1/settings/sessions",
    tag = "settings",
    operation_id = "set_session_settings",
    params(("if-match" = Option<String>, Header, description = "ETag of the state that it replaces; may be absent while nobody has set any")),
    request_body = SessionSettings,
    responses(
        (status = 200, description = "They are set", body = SessionSettingsDetail, headers(("etag" = String, description = "Names this state"))),
        (status = 400, description = "A value out of bounds, or a role that is not there", body = Problem),
        (status = 412, description = "Another state is set than the one named", body = Problem),
    ),
    security(("session" = ["people.manage"]))
)]
pub(crate) async fn set(
    caller: Allowed<needs::ManagePeople>,
    State(state): State<ApiState>,
    headers: HeaderMap,
    FromJson(wanted): FromJson<SessionSettings>,
) -> Result<Response, ApiError> {
    // A key that leaked must not make its own way in wider.
    caller.person()?;
    let tenant = caller.tenant();
    check(&state, &caller, &wanted).await?;
    let identity = state.identity();
    let before = identity.session_settings(tenant).await?;
    let revision = before.as_ref().map(|(_, revision)| *revision);
    let is_named = headers.contains_key(header::IF_MATCH);
    let replaces = is_named.then(|| named(&headers)).transpose()?;
    let replaces = replaces.filter(|revision| *revision != UNSET);
    if replaces != revision {
        return Err(changed());
    }
    let record = SessionSettingsRecord {
        version: 1,
        settings: wanted,
        updated_at: state.now(),
        updated_by: caller.name().to_owned(),
    };
    let put = identity.put_session_settings(tenant, &record, revision);
    let revision = put.await?.ok_or_else(changed)?;
    let before = detail(before.map(|(kept, _)| kept));
    let after = detail(Some(record));
    let act = Act::new("set_session_settings").on("settings", "sessions");
    let act = act.before(&before)?.after(&after)?;
    state.audit(&caller, act).await?;
    tracing::info!(by = caller.name(), %tenant, "settings of sessions set");
    tagged(Json(after), revision)
}

async fn check(
    state: &ApiState,
    caller: &Allowed<needs::ManagePeople>,
    wanted: &SessionSettings,
) -> Result<(), ApiError> {
    for (name, value, bounds) in [
        ("idle_s", wanted.idle_s, 300..=30 * 24 * 3_600),
        ("absolute_s", wanted.absolute_s, 3_600..=90 * 24 * 3_600),
        (
            "failures_of_address",
            wanted.failures_of_address,
            5..=10_000,
        ),
    ] {
        if !bounds.contains(&value) {
            let (least, most) = bounds.into_inner();
            return Err(bad(format!("`{name}` is {least} to {most}.")));
        }
    }
    let roles = &wanted.second_factor_roles;
    if roles.len() > MAX_ROLES {
        return Err(bad(format!(
            "`second_factor_roles` has at most {MAX_ROLES} roles."
        )));
    }
    for role in roles {
        if !is_known(state, caller.tenant(), role).await? {
            return Err(bad(format!(
                "`second_factor_roles`: there is no role {role}; `GET /api/v1/roles` lists them."
            )));
        }
    }
    Ok(())
}
