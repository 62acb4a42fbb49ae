//! Which layers does the tenant lack? Only these are read and uploaded.

use axum::{Json, extract::State};
use records::layers::Layers;
use schemas::{
    agent::{MissingLayersReply, MissingLayersRequest},
    api::Problem,
    inventory::ReaderKind,
};

use super::signed::Signed;
use crate::{
    problem::{ApiError, Kind},
    state::ApiState,
};

/// Most layers of a request.
const MAX_LAYERS: usize = 1000;

/// Which of these layers' inventories does the tenant lack?
#[utoipa::path(
    post,
    path = "/agent/v1/layers/missing",
    tag = "agent",
    operation_id = "agent_missing_layers",
    request_body = MissingLayersRequest,
    responses(
        (status = 200, description = "These", body = MissingLayersReply),
        (status = 400, description = "Too many at once", body = Problem),
    ),
    security(("agent" = []))
)]
pub(crate) async fn missing_layers(
    State(state): State<ApiState>,
    signed: Signed,
) -> Result<Json<MissingLayersReply>, ApiError> {
    let request: MissingLayersRequest = signed.json()?;
    if request.layers.len() > MAX_LAYERS {
        return Err(ApiError::new(
            Kind::BadRequest,
            format!("At most {MAX_LAYERS} layers at once."),
        ));
    }
    let missing = Layers(state.platform())
        .wanted(
            &signed.agent.tenant,
            &request.layers,
            ReaderKind::Agent,
            request.generation,
        )
        .await?;
    Ok(Json(MissingLayersReply { missing }))
}
