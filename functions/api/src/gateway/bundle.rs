//! The bundle that agents poll: rules and commands, signed, versioned, with an ETag.

use access::bundle::sign_bundle;
use axum::{
    Json,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use schemas::{
    Timestamp,
    agent::{Bundle, SignedBundle},
};

use super::signed::Signed;
use crate::{problem::ApiError, state::ApiState};

/// Header that asks the agent for another key, with the moment at which somebody asked.
const ROTATE: &str = "bulkhead-rotate-key";
/// Version of the bundle without rules and commands. It grows with the first change.
const EMPTY_VERSION: u64 = 1;

/// What the agent is to do.
#[utoipa::path(
    get,
    path = "/agent/v1/bundle",
    tag = "agent",
    operation_id = "agent_bundle",
    params(("if-none-match" = Option<String>, Header, description = "ETag of the bundle that the agent has")),
    responses(
        (status = 200, description = "The bundle", body = SignedBundle, headers(
            ("etag" = String, description = "Names this bundle"),
            ("bulkhead-rotate-key" = Option<String>, description = "Somebody asks for another key of the agent, see `agent_rotate_key`"),
        )),
        (status = 304, description = "The agent has it; the headers are the same"),
    ),
    security(("agent" = []))
)]
pub(crate) async fn bundle(
    State(state): State<ApiState>,
    signed: Signed,
) -> Result<Response, ApiError> {
    let bundle = Bundle {
        tenant: signed.agent.tenant.clone(),
        version: EMPTY_VERSION,
        // Fixed with the version, so that the same version has the same bytes, signature and ETag.
        issued_at: Timestamp::from_ms(0),
        rules: Vec::new(),
        commands: Vec::new(),
    };
    let etag = format!("\"{}-{}\"", bundle.version, bundle.tenant);
    let known = signed
        .headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|tag| tag.trim().trim_start_matches("W/"))
        .any(|tag| tag == etag || tag == "*");
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let bundle = sign_bundle(&bundle, state.bundle_key().0).map_err(ApiError::internal)?;
        Json(bundle).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(
        header::ETAG,
        HeaderValue::try_from(etag).map_err(ApiError::internal)?,
    );
    if let Some(asked_at) = signed.agent.rotation_asked_at {
        let asked_at = HeaderValue::try_from(asked_at.to_string()).map_err(ApiError::internal)?;
        headers.insert(ROTATE, asked_at);
    }
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
    Ok(response)
}
