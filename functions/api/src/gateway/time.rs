//! The server's time, for agents whose clock is wrong.

use axum::{Json, extract::State};
use schemas::api::health::ServerTime;

use crate::state::ApiState;

/// The server's time.
#[utoipa::path(
    get,
    path = "/agent/v1/time",
    tag = "agent",
    operation_id = "agent_time",
    responses((status = 200, description = "Now", body = ServerTime)),
    security(())
)]
pub(crate) async fn time(State(state): State<ApiState>) -> Json<ServerTime> {
    Json(ServerTime {
        server_time: state.now(),
    })
}
