//! Accepting an invitation.

use access::{invitation::InvitationToken, password};
use axum::{Json, extract::State, http::StatusCode};
use records::identity::{Acceptance, Invitation, User, is_external};
use schemas::{
    TenantId, UserId,
    api::{
        Problem,
        audit::AuditActorKind,
        person::{AcceptInvitation, AcceptedInvitation},
    },
};
use secrecy::SecretString;

use crate::{
    audit::{Act, Somebody},
    extract::FromJson,
    people::session::{turn, with_password},
    problem::{ApiError, Kind},
    state::ApiState,
};

/// Accepts an invitation, once: its token is all that one has who is nobody yet.
#[utoipa::path(
    post,
    path = "/api/v1/invitations/accept",
    tag = "people",
    operation_id = "accept_invitation",
    request_body = AcceptInvitation,
    responses(
        (status = 201, description = "The person is there, and can sign in", body = AcceptedInvitation),
        (status = 400, description = "The login or the password may not be chosen", body = Problem),
        (status = 401, description = "No invitation that can be accepted", body = Problem),
        (status = 409, description = "Somebody has this login: choose another one", body = Problem),
    ),
    security(())
)]
pub(crate) async fn accept(
    State(state): State<ApiState>,
    FromJson(request): FromJson<AcceptInvitation>,
) -> Result<(StatusCode, Json<AcceptedInvitation>), ApiError> {
    // Unknown, of another tenant, used, revoked and expired ones are answered alike.
    let closed = || {
        ApiError::new(
            Kind::BadInvitation,
            "Ask whoever invited you for a new invitation.",
        )
    };
    let token = InvitationToken::parse(&request.token).map_err(|_| closed())?;
    let found = state.identity().find_invitation(&token).await?;
    let (kept, version) = found
        .filter(|(kept, _)| kept.is_open(state.now()))
        .ok_or_else(closed)?;
    let tenant = token.tenant();
    if !still_given(&state, tenant, &kept).await? {
        return Err(closed());
    }
    let login = request.login.trim().to_lowercase();
    let user: UserId = login.parse().map_err(|error: schemas::ids::InvalidId| {
        ApiError::new(Kind::BadRequest, format!("`login`: {error}."))
    })?;
    if is_external(&user) {
        return Err(ApiError::new(
            Kind::BadRequest,
            "`login`: those that begin with `oidc-` are of people who sign in by an identity provider.",
        ));
    }
    let password = SecretString::from(request.password);
    password::check(&password).map_err(|error| {
        ApiError::new(
            Kind::BadRequest,
            format!("The password will not do: {error}."),
        )
    })?;
    let turn = turn(&state).await?;
    let salt = state.random::<16>()?;
    let hash = with_password(&turn, password, move |chosen| password::hash(chosen, salt));
    let hash = hash.await?.map_err(ApiError::internal)?;
    let person = User::new(user.clone(), hash, false, kept.roles.clone(), state.now());
    let identity = state.identity();
    let accepted = identity.accept_invitation(tenant, &kept, version, person);
    match accepted.await? {
        Acceptance::Created => {}
        Acceptance::Gone => return Err(closed()),
        Acceptance::LoginTaken => {
            return Err(ApiError::new(
                Kind::Conflict,
                "Somebody has this login: choose another one.",
            ));
        }
    }
    let by = Somebody::new(tenant, AuditActorKind::Person, &user);
    let act = Act::new("accept_invitation").on("invitation", &kept.id);
    let told = serde_json::json!({"user": user, "roles": kept.roles});
    state.audit(&by, act.after(&told)?).await?;
    tracing::info!(invitation = %kept.id, %user, %tenant, "invitation accepted");
    let accepted = AcceptedInvitation {
        user,
        tenant: tenant.clone(),
    };
    Ok((StatusCode::CREATED, Json(accepted)))
}

/// Whether the person who invited could still give these roles: an invitation must not outlive the rights behind it.
async fn still_given(
    state: &ApiState,
    tenant: &TenantId,
    kept: &Invitation,
) -> Result<bool, ApiError> {
    let Some(inviter) = &kept.inviter else {
        return Ok(false);
    };
    let identity = state.identity();
    let Some(inviter) = identity.user(tenant, inviter).await? else {
        return Ok(false);
    };
    // Whoever has the login of somebody who left did not invite.
    if inviter.disabled_at.is_some() || inviter.created_at > kept.created_at {
        return Ok(false);
    }
    let own = identity.grants(tenant, &inviter.assignments()).await?;
    Ok(own.allows(access::Permission::ManagePeople)
        && own.covers(&identity.grants(tenant, &kept.roles).await?))
}
