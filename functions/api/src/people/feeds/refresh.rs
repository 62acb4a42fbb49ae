//! Looking at the feeds now, rather than when the schedule says.

use axum::{Json, extract::State};
use records::messages::{self, FeedMessage};
use schemas::api::feed::FeedRefresh;

use crate::{
    auth::{Allowed, needs},
    problem::ApiError,
    state::ApiState,
};

/// Asks for the feeds to be looked at now. Asking twice within minutes is asking once.
#[utoipa::path(
    post,
    path = "/api/v1/feeds/refresh",
    tag = "feeds",
    operation_id = "refresh_feeds",
    responses((status = 200, description = "It was queued", body = FeedRefresh)),
    security(("session" = ["feeds.refresh"]))
)]
pub(crate) async fn refresh(
    caller: Allowed<needs::RefreshFeeds>,
    State(state): State<ApiState>,
) -> Result<Json<FeedRefresh>, ApiError> {
    messages::send(state.platform(), &[FeedMessage::Refresh {}]).await?;
    tracing::info!(by = caller.name(), tenant = %caller.tenant(), "feeds are to be looked at");
    Ok(Json(FeedRefresh { queued: true }))
}
