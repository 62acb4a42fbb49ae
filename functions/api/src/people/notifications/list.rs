//! Listing channels.

use axum::{Json, extract::State};
use records::Channels;
use schemas::api::notification::ChannelList;

use super::shown;
use crate::{
    auth::{Allowed, needs},
    problem::ApiError,
    state::ApiState,
};

/// All channels, by id; a tenant has at most 20.
#[utoipa::path(
    get,
    path = "/api/v1/notifications/channels",
    tag = "notifications",
    operation_id = "list_channels",
    responses((status = 200, description = "All of them", body = ChannelList)),
    security(("session" = ["notifications.read"]))
)]
pub(crate) async fn list(
    caller: Allowed<needs::ReadNotifications>,
    State(state): State<ApiState>,
) -> Result<Json<ChannelList>, ApiError> {
    let mut channels = Vec::new();
    for record in Channels(state.platform()).all(caller.tenant()).await? {
        channels.push(shown(&state, caller.tenant(), record).await?);
    }
    Ok(Json(ChannelList { channels }))
}
