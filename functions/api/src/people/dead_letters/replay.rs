//! Sending dead letters again.

use axum::{Json, extract::State};
use platform::Which;
use schemas::api::{
    Problem,
    dead_letter::{ReplayDeadLetters, ReplayedDeadLetters},
};

use super::{is_of, queue};
use crate::{
    audit::Act,
    auth::{Allowed, needs},
    extract::FromJson,
    problem::{ApiError, Kind},
    state::ApiState,
};

/// Most at once.
const MAX_IDS: usize = 100;

/// Sends dead letters again. Those that are no more, or of another tenant, are passed over.
#[utoipa::path(
    post,
    path = "/api/v1/dead-letters/replay",
    tag = "dead letters",
    operation_id = "replay_dead_letters",
    request_body = ReplayDeadLetters,
    responses(
        (status = 200, description = "How many were sent", body = ReplayedDeadLetters),
        (status = 400, description = "No such queue, or too many ids", body = Problem),
    ),
    security(("session" = ["dead_letters.replay"]))
)]
pub(crate) async fn replay(
    caller: Allowed<needs::ReplayDeadLetters>,
    State(state): State<ApiState>,
    FromJson(request): FromJson<ReplayDeadLetters>,
) -> Result<Json<ReplayedDeadLetters>, ApiError> {
    let queue = queue(&request.queue)?;
    if request.ids.is_empty() || request.ids.len() > MAX_IDS {
        return Err(ApiError::new(
            Kind::BadRequest,
            format!("`ids` are 1 to {MAX_IDS}."),
        ));
    }
    let mut ids = request.ids;
    ids.retain(|id| is_of(caller.tenant(), id));
    let replayed = if ids.is_empty() {
        0
    } else {
        state
            .platform()
            .queue
            .redrive(queue, Which::Ids(ids.clone()))
            .await?
    };
    let sent = serde_json::json!({"ids": ids, "replayed": replayed});
    let act = Act::new("replay_dead_letters")
        .on("queue", queue)
        .after(&sent)?;
    state.audit(&caller, act).await?;
    tracing::info!(queue, replayed, by = caller.name(), tenant = %caller.tenant(), "dead letters replayed");
    Ok(Json(ReplayedDeadLetters { replayed }))
}
