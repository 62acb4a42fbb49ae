//! One channel.

use axum::{Json, extract::State, response::Response};
use schemas::{
    ChannelId,
    api::{Problem, notification::Channel},
};

use super::{found, shown};
use crate::{
    auth::{Allowed, needs},
    etag,
    extract::FromPath,
    problem::ApiError,
    state::ApiState,
};

/// A channel, without what is secret of it.
#[utoipa::path(
    get,
    path = "/api/v1/notifications/channels/{id}",
    tag = "notifications",
    operation_id = "get_channel",
    params(("id" = ChannelId, Path, description = "The channel")),
    responses(
        (status = 200, description = "The channel", body = Channel, headers(("etag" = String, description = "Names this state"))),
        (status = 404, description = "No such channel", body = Problem),
    ),
    security(("session" = ["notifications.read"]))
)]
pub(crate) async fn get(
    caller: Allowed<needs::ReadNotifications>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<ChannelId>,
) -> Result<Response, ApiError> {
    let (record, revision) = found(&state, caller.tenant(), &id).await?;
    let channel = shown(&state, caller.tenant(), record).await?;
    etag::tagged(Json(channel), revision)
}
