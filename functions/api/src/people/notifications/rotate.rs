//! Replacing the secret that signs.

use axum::{extract::State, http::StatusCode, response::Response};
use records::Channels;
use schemas::{
    ChannelId,
    api::{
        Problem,
        notification::{ChannelTarget, ChannelWithSecret},
    },
};

use super::{bad, found, fresh, in_a_day, opened, sealed, shown_target, stored};
use crate::{
    audit::Act,
    auth::{Allowed, needs},
    etag,
    extract::FromPath,
    problem::ApiError,
    state::ApiState,
};

/// Makes a new secret that signs, shown this once. For a day webhooks carry a signature by the one before, too, so that the
/// receiver can change over.
#[utoipa::path(
    post,
    path = "/api/v1/notifications/channels/{id}/rotate-secret",
    tag = "notifications",
    operation_id = "rotate_channel_secret",
    params(("id" = ChannelId, Path, description = "The channel")),
    responses(
        (status = 200, description = "The channel with its new secret", body = ChannelWithSecret, headers(("etag" = String, description = "Names this state"))),
        (status = 400, description = "The channel is no webhook, so nothing signs", body = Problem),
        (status = 404, description = "No such channel", body = Problem),
        (status = 412, description = "Somebody changed it at the same time", body = Problem),
    ),
    security(("session" = ["notifications.manage"]))
)]
pub(crate) async fn rotate(
    caller: Allowed<needs::ManageNotifications>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<ChannelId>,
) -> Result<Response, ApiError> {
    let tenant = caller.tenant();
    let (mut record, revision) = found(&state, tenant, &id).await?;
    if !matches!(record.target, ChannelTarget::Webhook { .. }) {
        return Err(bad("Only webhooks are signed."));
    }
    let made = fresh(&state)?;
    let now = state.now();
    let until = in_a_day(now);
    let secrets = opened(&state, tenant, &record).await?.rotated(&made, until);
    record.secrets = sealed(&state, tenant, &id, Some(&secrets)).await?;
    record.target = shown_target(record.target);
    record.old_secret_until = Some(until);
    record.updated_at = now;
    record.updated_by = caller.name().to_owned();
    if !Channels(state.platform())
        .put(tenant, &record, Some(revision))
        .await?
    {
        return Err(etag::changed());
    }
    let act = Act::new("rotate_channel_secret").on("channel", &id);
    state.audit(&caller, act).await?;
    tracing::info!(channel = %id, by = caller.name(), %tenant, "channel's secret replaced");
    stored(&state, tenant, &id, StatusCode::OK, Some(&made)).await
}
