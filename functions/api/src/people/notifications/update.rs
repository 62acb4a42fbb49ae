//! Changing a channel.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use records::{ChannelRecord, Channels};
use schemas::{
    ChannelId,
    api::{
        Problem,
        notification::{ChannelWithSecret, NewChannel},
    },
};

use super::{checked, destination, found, opened, sealed, stored, told};
use crate::{
    audit::Act,
    auth::{Allowed, needs},
    etag,
    extract::{FromJson, FromPath},
    problem::ApiError,
    state::ApiState,
};

/// Replaces a channel by whoever names its state. Secrets that are left out stay where the address does. A channel that its
/// receiver had switched off is told again once it is enabled.
#[utoipa::path(
    put,
    path = "/api/v1/notifications/channels/{id}",
    tag = "notifications",
    operation_id = "update_channel",
    params(
        ("id" = ChannelId, Path, description = "The channel"),
        ("if-match" = String, Header, description = "ETag of the state that it replaces"),
    ),
    request_body = NewChannel,
    responses(
        (status = 200, description = "The channel; with a secret that signs, where one was made", body = ChannelWithSecret, headers(("etag" = String, description = "Names this state"))),
        (status = 400, description = "A value out of bounds, an address that is not asked, or a secret that is missing", body = Problem),
        (status = 404, description = "No such channel", body = Problem),
        (status = 412, description = "It is in another state than the one named", body = Problem),
    ),
    security(("session" = ["notifications.manage"]))
)]
pub(crate) async fn update(
    caller: Allowed<needs::ManageNotifications>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<ChannelId>,
    headers: HeaderMap,
    FromJson(wish): FromJson<NewChannel>,
) -> Result<Response, ApiError> {
    let tenant = caller.tenant();
    let (before, revision) = found(&state, tenant, &id).await?;
    etag::must_match(&headers, revision)?;
    let wants = checked(&state, tenant, &wish).await?;
    let was = told(&state, tenant, &id).await?;
    let secrets = opened(&state, tenant, &before).await?;
    let to = destination(&state, wish.target, Some((&before.target, secrets)))?;
    let record = ChannelRecord {
        name: wish.name,
        target: to.target,
        secrets: sealed(&state, tenant, &id, to.secrets.as_ref()).await?,
        old_secret_until: before.old_secret_until.filter(|_| to.made.is_none()),
        wants,
        enabled: wish.enabled,
        disabled_reason: None,
        updated_at: state.now(),
        updated_by: caller.name().to_owned(),
        ..before
    };
    if !Channels(state.platform())
        .put(tenant, &record, Some(revision))
        .await?
    {
        return Err(etag::changed());
    }
    let act = Act::new("update_channel").on("channel", &id).before(&was)?;
    let act = act.after(&told(&state, tenant, &id).await?)?;
    state.audit(&caller, act).await?;
    tracing::info!(channel = %id, by = caller.name(), %tenant, "channel changed");
    stored(&state, tenant, &id, StatusCode::OK, to.made.as_ref()).await
}
