//! Enrolment: a token for a key.

use access::{
    PublicKey,
    enrolment::{EnrolmentToken, host_id, is_proof},
};
use axum::{Json, extract::State};
use records::identity::{Enrolment, NewAgent, TokenState};
use schemas::{
    agent::{EnrolReply, EnrolRequest},
    api::{Problem, audit::AuditActorKind},
};
use scope::Resource;

use crate::{
    audit::{Act, Somebody},
    extract::FromJson,
    frame,
    people::enrolment_tokens::hosts,
    problem::{ApiError, Kind},
    state::ApiState,
};

/// Enrols an agent by its token and the key that it has made. Repeated with the same token and key, it answers alike and
/// uses nothing.
#[utoipa::path(
    post,
    path = "/agent/v1/enrol",
    tag = "agent",
    operation_id = "agent_enrol",
    request_body = EnrolRequest,
    responses(
        (status = 200, description = "The agent is enrolled", body = EnrolReply),
        (status = 400, description = "No proof of the key, or a value out of bounds", body = Problem),
        (status = 401, description = "The token opens no door", body = Problem),
        (status = 403, description = "This key's access was taken away, or the token is for hosts of other names", body = Problem),
    ),
    security(())
)]
pub(crate) async fn enrol(
    State(state): State<ApiState>,
    FromJson(request): FromJson<EnrolRequest>,
) -> Result<Json<EnrolReply>, ApiError> {
    check_texts(&request)?;
    let refused = |why: &str| ApiError::new(Kind::BadEnrolmentToken, why);
    let token = EnrolmentToken::parse(&request.token).map_err(|error| {
        let mut why = error.to_string();
        if let Some(first) = why.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        refused(&format!("{why}."))
    })?;
    let key = PublicKey::from_base64url(&request.public_key).map_err(|error| {
        ApiError::new(Kind::BadProof, format!("The key is not usable: {error}."))
    })?;
    if !is_proof(&request.token, &key, &request.proof) {
        return Err(ApiError::new(
            Kind::BadProof,
            "Sign `bulkhead-enrol:` and the token with the key that is to be enrolled.",
        ));
    }
    let unknown = "No such enrolment token. Make one with `POST /api/v1/enrolment-tokens`.";
    let (tenant, stored, _) = state
        .identity()
        .find_token(&token)
        .await?
        .ok_or_else(|| refused(unknown))?;
    frame::is_of(&tenant);
    // Whoever gets this far has the secret, so why it opens no door is theirs to know.
    let act = Act::new("agent_enrol").on("enrolment_token", token.id());
    let name = Resource::new().host(&request.host_name);
    // Patterns that cannot be read any more admit nobody.
    let is_admitted = match hosts(&stored.hosts) {
        Ok(None) => true,
        Ok(Some(admitted)) => admitted.includes(&name),
        Err(_) => false,
    };
    if !is_admitted {
        let by = Somebody::anonymous(&tenant);
        let told = serde_json::json!({"host_name": request.host_name});
        state.audit_refusal(&by, act.after(&told)?).await;
        return Err(ApiError::new(
            Kind::HostNotAdmitted,
            format!(
                "The enrolment token is for hosts whose names are like {}, and this one is called {}: make a token for it.",
                stored.hosts.join(", "),
                request.host_name
            ),
        ));
    }
    let host = host_id(&tenant, &request.machine).map_err(ApiError::internal)?;
    let new = NewAgent {
        public_key: key.to_base64url(),
        host,
        host_name: request.host_name,
        platform: request.platform,
        software: request.software,
    };
    let enrolled = state.identity().enrol(&tenant, token.id(), &new).await?;
    if !matches!(enrolled, Enrolment::Enrolled(_)) {
        let by = Somebody::anonymous(&tenant);
        state.audit_refusal(&by, act.clone()).await;
    }
    let agent = match enrolled {
        Enrolment::Enrolled(agent) => agent,
        Enrolment::Revoked => {
            return Err(ApiError::new(
                Kind::AgentRevoked,
                "This key's access was taken away: enrol with a new key.",
            ));
        }
        Enrolment::Refused(TokenState::Expired) => {
            return Err(refused("The enrolment token has expired: make a new one."));
        }
        Enrolment::Refused(TokenState::UsedUp) => {
            return Err(refused(
                "As many agents as the enrolment token allows have enrolled with it: make a new one.",
            ));
        }
        Enrolment::Refused(TokenState::Revoked | TokenState::Valid) => {
            return Err(refused("The enrolment token was revoked: make a new one."));
        }
    };
    let by = Somebody::new(&tenant, AuditActorKind::Agent, &agent.id);
    let told = serde_json::json!({
        "agent": agent.id, "host": agent.host, "host_name": agent.host_name, "platform": agent.platform,
        "software": agent.software, "enrolled_at": agent.enrolled_at,
    });
    state.audit(&by, act.after(&told)?).await?;
    tracing::info!(agent = %agent.id, host = %agent.host, token = %token.id(), "agent enrolled");
    Ok(Json(EnrolReply {
        agent: agent.id,
        tenant: agent.tenant,
        host: agent.host,
        bundle_key: state.bundle_key().1.to_base64url(),
        server_time: state.now(),
    }))
}

/// Texts that an agent tells of its host are shown to people, so they are bounded and printable.
fn check_texts(request: &EnrolRequest) -> Result<(), ApiError> {
    for (name, text, most) in [
        ("host_name", &request.host_name, 253),
        ("machine", &request.machine, 256),
        ("platform", &request.platform, 64),
        ("software", &request.software, 64),
    ] {
        if text.is_empty() || text.len() > most || text.chars().any(char::is_control) {
            return Err(ApiError::new(
                Kind::BadRequest,
                format!("`{name}` has 1 to {most} bytes and no control characters."),
            ));
        }
    }
    Ok(())
}
