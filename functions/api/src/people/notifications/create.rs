//! Making a channel.

use axum::{extract::State, http::StatusCode, response::Response};
use records::{ChannelRecord, Channels, channels::MAX_CHANNELS};
use schemas::{
    ChannelId,
    api::{
        Problem,
        notification::{ChannelWithSecret, NewChannel},
    },
};

use super::{checked, destination, sealed, stored, told};
use crate::{
    audit::Act,
    auth::{Allowed, needs},
    extract::FromJson,
    problem::{ApiError, Kind},
    state::ApiState,
};

/// Makes a channel. The secret that signs webhooks is in this answer and nowhere else.
#[utoipa::path(
    post,
    path = "/api/v1/notifications/channels",
    tag = "notifications",
    operation_id = "create_channel",
    request_body = NewChannel,
    responses(
        (status = 201, description = "The channel, with the secret that signs, shown this once", body = ChannelWithSecret, headers(("etag" = String, description = "Names this state"))),
        (status = 400, description = "A value out of bounds, or an address that is not asked", body = Problem),
        (status = 409, description = "The tenant has as many channels as it may", body = Problem),
    ),
    security(("session" = ["notifications.manage"]))
)]
pub(crate) async fn create(
    caller: Allowed<needs::ManageNotifications>,
    State(state): State<ApiState>,
    FromJson(wish): FromJson<NewChannel>,
) -> Result<Response, ApiError> {
    let tenant = caller.tenant();
    let wants = checked(&state, tenant, &wish).await?;
    let channels = Channels(state.platform());
    if channels.all(tenant).await?.len() >= MAX_CHANNELS {
        return Err(ApiError::new(
            Kind::Conflict,
            format!("A tenant has at most {MAX_CHANNELS} channels: remove one first."),
        ));
    }
    let to = destination(&state, wish.target, None)?;
    let id = ChannelId::try_from(state.random_hex::<8>()?).map_err(ApiError::internal)?;
    let now = state.now();
    let record = ChannelRecord {
        version: 1,
        id: id.clone(),
        name: wish.name,
        target: to.target,
        secrets: sealed(&state, tenant, &id, to.secrets.as_ref()).await?,
        old_secret_until: None,
        wants,
        enabled: wish.enabled,
        disabled_reason: None,
        created_at: now,
        created_by: caller.name().to_owned(),
        updated_at: now,
        updated_by: caller.name().to_owned(),
    };
    if !channels.put(tenant, &record, None).await? {
        return Err(ApiError::internal("a random id was taken"));
    }
    let act = Act::new("create_channel").on("channel", &id);
    let act = act.after(&told(&state, tenant, &id).await?)?;
    state.audit(&caller, act).await?;
    tracing::info!(channel = %id, by = caller.name(), %tenant, "channel made");
    stored(&state, tenant, &id, StatusCode::CREATED, to.made.as_ref()).await
}
