//! Setting how people sign in, and for how long.

use access::{Grants, Reach, permission};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::Response,
};
use records::identity::SessionSettingsRecord;
use schemas::api::{
    Problem, Role,
    session_settings::{SessionSettings, SessionSettingsDetail},
};

use super::{UNSET, detail};
use crate::{
    audit::Act,
    auth::{Allowed, needs},
    etag::{changed, named, tagged},
    extract::FromJson,
    people::{given::bad, roles::is_known},
    problem::{ApiError, Kind},
    state::ApiState,
};

/// Most roles that need a second factor.
const MAX_ROLES: usize = 50;

/// Sets how people of the tenant sign in, and for how long. What is stricter than before counts for sessions that are there at
/// once, and a second factor that is asked for now for API keys, too: a person's keys are refused until they have one. What is
/// looser than before is set only by who may do all that administrators may. Settings that were set are replaced only by who
/// names their state.
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
        (status = 403, description = "Something is looser than before, and the caller may not do all that administrators may", body = Problem),
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
    let former = before.as_ref().map(|(kept, _)| kept.settings.clone());
    if let Some(field) = loosened(&former.unwrap_or_default(), &wanted) {
        must_be_administrator(&caller, field)?;
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

/// The first field by which these settings let people in more easily, or keep them in for longer, than the former.
fn loosened(former: &SessionSettings, wanted: &SessionSettings) -> Option<&'static str> {
    let has_role_less = || {
        let mut roles = former.second_factor_roles.iter();
        roles.any(|role| !wanted.second_factor_roles.contains(role))
    };
    [
        ("idle_s", wanted.idle_s > former.idle_s),
        ("absolute_s", wanted.absolute_s > former.absolute_s),
        (
            "second_factor",
            former.second_factor && !wanted.second_factor,
        ),
        // Where everybody needs one, the roles say nothing.
        (
            "second_factor_roles",
            !wanted.second_factor && has_role_less(),
        ),
        (
            "failures_of_address",
            wanted.failures_of_address > former.failures_of_address,
        ),
    ]
    .into_iter()
    .find_map(|(field, is_looser)| is_looser.then_some(field))
}

/// Refuses callers who may not do all that administrators may: they are among those whose sign-ins would be guarded less.
fn must_be_administrator(
    caller: &Allowed<needs::ManagePeople>,
    field: &str,
) -> Result<(), ApiError> {
    let mut administrators = Grants::default();
    administrators.add(permission::of_role(Role::Admin), Reach::Tenant);
    if caller.grants().covers(&administrators) {
        return Ok(());
    }
    Err(ApiError::new(
        Kind::Forbidden,
        format!(
            "`{field}` would be looser than it is, for administrators, too: only who may do all that they may loosens it. \
             Stricter settings may be set by whoever has people.manage."
        ),
    ))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looser_is_told_from_what_is_stricter() {
        let roles = |names: &[&str]| names.iter().map(|name| name.parse().unwrap()).collect();
        let former = SessionSettings {
            second_factor_roles: roles(&["admin", "operator"]),
            ..SessionSettings::default()
        };
        let with = |change: fn(&mut SessionSettings)| {
            let mut wanted = former.clone();
            change(&mut wanted);
            wanted
        };
        assert_eq!(loosened(&former, &former), None);
        for (field, wanted) in [
            ("idle_s", with(|s| s.idle_s += 1)),
            ("absolute_s", with(|s| s.absolute_s += 1)),
            (
                "second_factor_roles",
                with(|s| drop(s.second_factor_roles.pop())),
            ),
            ("failures_of_address", with(|s| s.failures_of_address += 1)),
        ] {
            assert_eq!(loosened(&former, &wanted), Some(field));
            assert_eq!(loosened(&wanted, &former), None, "{field}");
        }
        // Everybody are more than some roles.
        let everybody = SessionSettings {
            second_factor: true,
            ..SessionSettings::default()
        };
        assert_eq!(loosened(&former, &everybody), None);
        assert_eq!(loosened(&everybody, &former), Some("second_factor"));
    }
}
