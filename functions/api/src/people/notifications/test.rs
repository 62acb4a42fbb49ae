//! Trying a channel.

use axum::{Json, extract::State};
use schemas::{
    ChannelId, Severity,
    api::{Problem, notification::ChannelTest},
    notification::{Notification, NotificationEvent},
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
    let told = Notification {
        event: NotificationEvent::Test,
        tenant: tenant.clone(),
        id: name.clone(),
        at: now,
        fix: None,
        digest: false,
        severity: Severity::Unknown,
        vulnerabilities: Vec::new(),
        more_vulnerabilities: 0,
        places: Vec::new(),
        more_places: 0,
    };
    let sender = state.outbound();
    let outcome = sender
        .send(&record.target, &secrets, &told, &name, now)
        .await;
    let act = Act::new("test_channel").on("channel", &id);
    state.audit(&caller, act).await?;
    tracing::info!(channel = %id, by = caller.name(), %tenant, "channel tried");
    Ok(Json(match outcome {
        Outcome::Delivered(result) => ChannelTest {
            delivered: true,
            result,
        },
        Outcome::Later { reason: result, .. }
        | Outcome::Refused(result)
        | Outcome::Gone(result) => ChannelTest {
            delivered: false,
            result,
        },
    }))
}
