//! A new key in the place of an agent's own.

use access::{PublicKey, rotation::is_proof};
use axum::{Json, extract::State};
use records::identity::Rotation;
use schemas::{
    agent::{RotateKeyReply, RotateKeyRequest},
    api::{Problem, audit::AuditActorKind},
};

use super::signed::Signed;
use crate::{
    audit::{Act, Somebody},
    problem::{ApiError, Kind},
    state::ApiState,
};

/// Puts a new key in the place of the one that the request is signed with. The one before is accepted for a day more, so that
/// an agent whose answer was lost, or that was cut off before it kept its new key, does it once more. Repeated with the same
/// key, signed by either, it answers alike.
#[utoipa::path(
    post,
    path = "/agent/v1/key",
    tag = "agent",
    operation_id = "agent_rotate_key",
    request_body = RotateKeyRequest,
    responses(
        (status = 200, description = "The agent is known by its new key", body = RotateKeyReply),
        (status = 400, description = "No proof of the key", body = Problem),
        (status = 403, description = "This agent's access was taken away", body = Problem),
        (status = 409, description = "Signed by the key before, or the agent had this key before", body = Problem),
    ),
    security(("agent" = []))
)]
pub(crate) async fn rotate_key(
    State(state): State<ApiState>,
    signed: Signed,
) -> Result<Json<RotateKeyReply>, ApiError> {
    let request: RotateKeyRequest = signed.json()?;
    let (tenant, agent) = (&signed.agent.tenant, &signed.agent.id);
    let key = PublicKey::from_base64url(&request.public_key).map_err(|error| {
        ApiError::new(Kind::BadProof, format!("The key is not usable: {error}."))
    })?;
    if !is_proof(agent, &key, &request.proof) {
        return Err(ApiError::new(
            Kind::BadProof,
            "Sign `bulkhead-rotate:`, the agent's id, a line feed and the key with the key that is to be the next.",
        ));
    }
    let identity = state.identity();
    let became = identity
        .rotate_key(tenant, agent, &signed.signed_with, &key.to_base64url())
        .await?;
    let by = Somebody::new(tenant, AuditActorKind::Agent, agent);
    let act = Act::new("agent_rotate_key").on("agent", agent);
    match became {
        Rotation::Rotated {
            former_until,
            is_new,
        } => {
            if is_new {
                let told = serde_json::json!({"former_key_until": former_until});
                state.audit(&by, act.after(&told)?).await?;
                tracing::info!(%agent, %former_until, "an agent's key replaced");
            }
            Ok(Json(RotateKeyReply {
                former_key_until: former_until,
            }))
        }
        Rotation::Former => {
            // An agent never does this: whoever does has a key that leaked.
            state.audit_refusal(&by, act).await;
            Err(ApiError::new(
                Kind::Conflict,
                "The key that this is signed with was replaced already, and can give its place to no other.",
            ))
        }
        Rotation::Reused => Err(ApiError::new(
            Kind::Conflict,
            "The agent had this key before: make a new one.",
        )),
        Rotation::Gone => Err(ApiError::new(
            Kind::AgentRevoked,
            "This agent's access was taken away: enrol with a new key.",
        )),
    }
}
