//! Inviting somebody.

use access::invitation::InvitationToken;
use axum::{Json, extract::State, http::StatusCode};
use records::identity::Invitation;
use schemas::api::{
    Problem,
    person::{CreatedInvitation, NewInvitation},
};
use secrecy::{ExposeSecret, SecretBox};

use super::detail;
use crate::{
    audit::Act,
    auth::{Allowed, needs},
    extract::FromJson,
    people::roles::{assignable, checked_text},
    problem::{ApiError, Kind},
    state::ApiState,
};

const DAY_S: u64 = 24 * 60 * 60;
const MAX_VALID_FOR_S: u64 = 30 * DAY_S;

/// Invites somebody. The token is in this answer and nowhere else; whoever has it chooses a login and a password, once.
#[utoipa::path(
    post,
    path = "/api/v1/invitations",
    tag = "people",
    operation_id = "create_invitation",
    request_body = NewInvitation,
    responses(
        (status = 201, description = "The token, shown this once", body = CreatedInvitation),
        (status = 400, description = "An unknown role, or a value out of bounds", body = Problem),
        (status = 403, description = "The roles allow more than the caller may do", body = Problem),
    ),
    security(("session" = ["people.manage"]))
)]
pub(crate) async fn create(
    caller: Allowed<needs::ManagePeople>,
    State(state): State<ApiState>,
    FromJson(request): FromJson<NewInvitation>,
) -> Result<(StatusCode, Json<CreatedInvitation>), ApiError> {
    caller.of_whole_tenant()?;
    let inviter = caller.person()?.clone();
    let bad = |why: String| Err(ApiError::new(Kind::BadRequest, why));
    let valid_for_s = request.valid_for_s.unwrap_or(7 * DAY_S);
    if !(60..=MAX_VALID_FOR_S).contains(&valid_for_s) {
        return bad(format!("`valid_for_s` is 60 to {MAX_VALID_FOR_S}."));
    }
    if request.roles.is_empty() {
        return bad("`roles` names at least one role.".to_owned());
    }
    let note = checked_text(request.note, "note")?;
    let tenant = caller.tenant();
    let roles = assignable(&state, tenant, caller.grants(), request.roles).await?;
    let secret = SecretBox::new(Box::new(state.random::<32>()?));
    let token = InvitationToken::new(tenant.clone(), state.random::<8>()?, secret);
    let token = token.map_err(ApiError::internal)?;
    let now = state.now();
    let valid_for_ms = i64::try_from(valid_for_s.saturating_mul(1000)).unwrap_or(i64::MAX);
    let kept = Invitation {
        id: token.id().clone(),
        secret_hash: token.hash(),
        note,
        roles,
        created_at: now,
        created_by: caller.name().to_owned(),
        inviter: Some(inviter),
        expires_at: now.plus_ms(valid_for_ms),
        accepted_by: None,
        revoked_at: None,
    };
    state.identity().create_invitation(tenant, &kept).await?;
    let row = detail(kept.clone(), now);
    let act = Act::new("create_invitation").on("invitation", &kept.id);
    state.audit(&caller, act.after(&row)?).await?;
    tracing::info!(invitation = %kept.id, by = caller.name(), %tenant, "invitation made");
    let created = CreatedInvitation {
        token: token.reveal().expose_secret().to_owned(),
        invitation: row,
    };
    Ok((StatusCode::CREATED, Json(created)))
}
