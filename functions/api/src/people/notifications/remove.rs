//! Removing a channel.

use axum::{extract::State, http::StatusCode};
use records::Channels;
use schemas::{ChannelId, api::Problem};

use super::told;
use crate::{
    audit::Act,
    auth::{Allowed, needs},
    extract::FromPath,
    problem::ApiError,
    state::ApiState,
};

/// Removes a channel, with its secrets. What it was to be told and was not delivered yet is given up.
#[utoipa::path(
    delete,
    path = "/api/v1/notifications/channels/{id}",
    tag = "notifications",
    operation_id = "remove_channel",
    params(("id" = ChannelId, Path, description = "The channel")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "No such channel", body = Problem),
    ),
    security(("session" = ["notifications.manage"]))
)]
pub(crate) async fn remove(
    caller: Allowed<needs::ManageNotifications>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<ChannelId>,
) -> Result<StatusCode, ApiError> {
    let was = told(&state, caller.tenant(), &id).await?;
    Channels(state.platform())
        .delete(caller.tenant(), &id)
        .await?;
    let act = Act::new("remove_channel").on("channel", &id).before(&was)?;
    state.audit(&caller, act).await?;
    tracing::info!(channel = %id, by = caller.name(), tenant = %caller.tenant(), "channel removed");
    Ok(StatusCode::NO_CONTENT)
}
