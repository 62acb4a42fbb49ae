//! Revoking what lets somebody in, whatever its kind.

use axum::{extract::State, http::StatusCode};
use records::Registries;
use schemas::{
    RegistryId, SessionId, Timestamp, UserId,
    api::{Problem, session::SessionsQuery, token::TokenKind},
};

use crate::{
    audit::Act,
    auth::{Allowed, Principal, Scoped, SignedIn, needs},
    etag,
    extract::{FromPath, FromQuery},
    people::{
        agents, api_keys, enrolment_tokens, invitations,
        registries::{found, told},
        sessions, trusted_builds,
    },
    problem::ApiError,
    state::ApiState,
};

/// Revokes what lets somebody in, by its kind and id as the list tells them: by the same rules, with the same permission and
/// with the same entry in the audit log as the operation of its kind. A secret of a registry's webhook opens it no more,
/// which needs `registries.manage`.
#[utoipa::path(
    delete,
    path = "/api/v1/tokens/{kind}/{id}",
    tag = "tokens",
    operation_id = "revoke_token",
    params(
        ("kind" = TokenKind, Path, description = "Its kind"),
        ("id" = String, Path, description = "Its id of the list"),
    ),
    responses(
        (status = 204, description = "It lets nobody in any more"),
        (status = 403, description = "The caller may not revoke what is of this kind", body = Problem),
        (status = 404, description = "There is none", body = Problem),
        (status = 412, description = "The registry changed meanwhile", body = Problem),
    ),
    security(("session" = []))
)]
pub(crate) async fn revoke(
    State(state): State<ApiState>,
    SignedIn(caller): SignedIn,
    FromPath((kind, id)): FromPath<(TokenKind, String)>,
) -> Result<StatusCode, ApiError> {
    let unknown = || ApiError::not_found("token");
    match kind {
        TokenKind::ApiKey => {
            let id = id.parse().map_err(|_| unknown())?;
            api_keys::revoke::revoke(State(state), SignedIn(caller), FromPath(id)).await
        }
        TokenKind::TrustedBuild => {
            let caller = Allowed::by(caller)?;
            let id = id.parse().map_err(|_| unknown())?;
            trusted_builds::remove::remove(caller, State(state), FromPath(id)).await
        }
        TokenKind::EnrolmentToken => {
            let caller = Allowed::by(caller)?;
            let id = id.parse().map_err(|_| unknown())?;
            enrolment_tokens::revoke::revoke(caller, State(state), FromPath(id)).await
        }
        TokenKind::Agent => {
            let caller = Scoped::by(caller, &state).await?;
            let id = id.parse().map_err(|_| unknown())?;
            agents::revoke::revoke(caller, State(state), FromPath(id)).await
        }
        TokenKind::Session => {
            let (session, user) = session_of(&id).ok_or_else(unknown)?;
            let query = FromQuery(SessionsQuery { user });
            sessions::end::end(SignedIn(caller), State(state), FromPath(session), query).await
        }
        TokenKind::Invitation => {
            let caller = Allowed::by(caller)?;
            let id = id.parse().map_err(|_| unknown())?;
            invitations::revoke::revoke(caller, State(state), FromPath(id)).await
        }
        TokenKind::WebhookSecret => webhook_secret(&state, caller, &id).await,
        TokenKind::Unknown => Err(ApiError::not_found("kind of token")),
    }
}

/// The session of an id of the list, and whose it is; of the caller's own where that is not said.
fn session_of(id: &str) -> Option<(SessionId, Option<UserId>)> {
    match id.split_once('.') {
        Some((session, user)) => Some((session.parse().ok()?, Some(user.parse().ok()?))),
        None => Some((id.parse().ok()?, None)),
    }
}

/// Forgets a secret of a registry's webhook.
async fn webhook_secret(
    state: &ApiState,
    caller: Principal,
    id: &str,
) -> Result<StatusCode, ApiError> {
    let caller = Allowed::<needs::ManageRegistries>::by(caller)?;
    let unknown = || ApiError::not_found("secret of a webhook");
    let (registry, made_at) = id
        .split_once('.')
        .and_then(|(registry, made_at)| {
            let made_at = Timestamp::from_ms(made_at.parse().ok()?);
            Some((registry.parse::<RegistryId>().ok()?, made_at))
        })
        .ok_or_else(unknown)?;
    let tenant = caller.tenant();
    let (mut record, revision) = found(state, tenant, &registry).await?;
    let before = told(record.clone())?;
    let had = record.webhook_secrets.len();
    record
        .webhook_secrets
        .retain(|secret| secret.made_at != made_at);
    if record.webhook_secrets.len() == had {
        return Err(unknown());
    }
    record.updated_at = state.now();
    record.updated_by = caller.name().to_owned();
    let registries = Registries(state.platform());
    if !registries.put(tenant, &record, Some(revision)).await? {
        return Err(etag::changed());
    }
    let act = Act::new("revoke_webhook_secret").on("registry", &registry);
    let act = act.before(&before)?.after(&told(record)?)?;
    state.audit(&caller, act).await?;
    tracing::info!(%registry, by = caller.name(), %tenant, "webhook secret revoked");
    Ok(StatusCode::NO_CONTENT)
}
