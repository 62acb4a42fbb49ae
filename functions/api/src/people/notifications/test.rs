//! Trying a channel.

use axum::{Json, extract::State};
use notification::{OCSF_CLASS, gather, ocsf};
use records::events;
use schemas::{
    ChannelId, DeliveryId,
    api::{
        Problem,
        notification::{ChannelTarget, ChannelTest},
    },
    notification::NotificationEvent,
};
use sources::outbound::Outcome;

use super::{found, opened};
use crate::{
    audit::Act,
    auth::{Allowed, needs},
    extract::FromPath,
    problem::ApiError,
    state::ApiState,
};

/// Sends a message that says that it is a test, at once and once, also where the channel is switched off, and answers what
/// came of it.
#[utoipa::path(
    post,
    path = "/api/v1/notifications/channels/{id}/test",
    tag = "notifications",
    operation_id = "test_channel",
    params(("id" = ChannelId, Path, description = "The channel")),
    responses(
        (status = 200, description = "What came of it, whether it arrived or not", body = ChannelTest),
        (status = 404, description = "No such channel", body = Problem),
    ),
    security(("session" = ["notifications.manage"]))
)]
pub(crate) async fn test(
    caller: Allowed<needs::ManageNotifications>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<ChannelId>,
) -> Result<Json<ChannelTest>, ApiError> {
    let tenant = caller.tenant();
    let (record, _) = found(&state, tenant, &id).await?;
    let secrets = opened(&state, tenant, &record).await?;
    let now = state.now();
    let name = state.random_hex::<16>()?;
    let told = gather::empty(NotificationEvent::Test, tenant, &name, now);
    // Whoever leaves while it is being sent ends this, and it may be sent all the same.
    let act = Act::new("test_channel").on("channel", &id);
    state.audit_asking(&caller, act).await?;
    let outcome = if record.target == ChannelTarget::OcsfStore {
        let delivery = DeliveryId::try_from(format!("test.{name}")).map_err(ApiError::internal)?;
        let event = [ocsf(&told)];
        let put = events::put(state.platform(), tenant, OCSF_CLASS, now, &delivery, &event);
        match put.await {
            Ok(key) => Outcome::Delivered(format!("put as {key}")),
            Err(error) => Outcome::Refused(error.to_string()),
        }
    } else {
        let sender = state.outbound();
        sender
            .send(&record.target, &secrets, &told, &name, &[], now)
            .await
    };
    tracing::info!(channel = %id, by = caller.name(), %tenant, "channel tried");
    Ok(Json(match outcome {
        Outcome::Delivered(result) => ChannelTest {
            delivered: true,
            result,
        },
        Outcome::Later { reason: result, .. }
        | Outcome::Partly { reason: result, .. }
        | Outcome::Refused(result)
        | Outcome::Gone(result) => ChannelTest {
            delivered: false,
            result,
        },
    }))
}
