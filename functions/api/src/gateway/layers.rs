//! The inventory of one layer, kept once per tenant.

use axum::{extract::State, http::StatusCode};
use records::{LayerReading, Layers};
use schemas::{
    Digest,
    api::Problem,
    inventory::{LayerInventory, layer::LAYER_VERSION},
};
use serde_json::Value;

use super::signed::Signed;
use crate::{
    extract::FromPath,
    problem::{ApiError, Kind},
    state::ApiState,
};

/// Takes an agent's reading of a layer. What the backend, or an agent before, has read stays.
#[utoipa::path(
    put,
    path = "/agent/v1/layers/{diff_id}",
    tag = "agent",
    operation_id = "agent_put_layer",
    params(
        ("diff_id" = Digest, Path, description = "Digest of the uncompressed layer"),
        ("bulkhead-upload" = Option<String>, Header, description = "The upload that is the body, where it is over 4 MiB"),
    ),
    request_body = LayerInventory,
    responses(
        (status = 204, description = "It is kept"),
        (status = 400, description = "It cannot be read, or is of another layer", body = Problem),
        (status = 422, description = "It is of a later version: keep it", body = Problem),
    ),
    security(("agent" = []))
)]
pub(crate) async fn put_layer(
    State(state): State<ApiState>,
    path: Result<FromPath<Digest>, ApiError>,
    signed: Signed,
) -> Result<StatusCode, ApiError> {
    // Judged after the signature, so that strangers learn nothing from it.
    let FromPath(diff_id) = path?;
    let raw: Value = signed.json()?;
    if let Some(version) = raw.get("version").and_then(Value::as_u64)
        && version > u64::from(LAYER_VERSION)
    {
        return Err(ApiError::new(
            Kind::UnsupportedVersion,
            format!(
                "This gateway reads layers up to version {LAYER_VERSION}: keep this one of version {version}."
            ),
        ));
    }
    let layer = LayerReading::sent(raw).map_err(|error| {
        ApiError::new(
            Kind::BadRequest,
            format!("The layer cannot be read: {error}."),
        )
    })?;
    if *layer.diff_id() != diff_id {
        return Err(ApiError::new(
            Kind::BadRequest,
            "The layer is another than the address names.",
        ));
    }
    Layers(state.platform())
        .put_by_agent(
            &signed.agent.tenant,
            &signed.agent.id,
            &signed.agent.software,
            state.now(),
            layer,
        )
        .await?;
    signed.done(&state).await;
    Ok(StatusCode::NO_CONTENT)
}
