//! Sending a delivery again.

use axum::{Json, extract::State};
use records::{
    Deliveries,
    messages::{self, NotifyMessage},
};
use schemas::{
    DeliveryId,
    api::{
        Problem,
        notification::{Delivery, DeliveryState},
    },
};

use crate::{
    audit::Act,
    auth::{Allowed, needs},
    extract::FromPath,
    problem::{ApiError, Kind},
    state::ApiState,
};

/// Sends a delivery again that was given up or delivered, with the id it had. One that is being tried goes on as it is.
#[utoipa::path(
    post,
    path = "/api/v1/notifications/deliveries/{id}/replay",
    tag = "notifications",
    operation_id = "replay_delivery",
    params(("id" = DeliveryId, Path, description = "The delivery")),
    responses(
        (status = 200, description = "It is being sent again", body = Delivery),
        (status = 404, description = "No such delivery, or not any more", body = Problem),
        (status = 409, description = "Somebody else sends it again at the same time", body = Problem),
    ),
    security(("session" = ["notifications.manage"]))
)]
pub(crate) async fn replay(
    caller: Allowed<needs::ManageNotifications>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<DeliveryId>,
) -> Result<Json<Delivery>, ApiError> {
    let tenant = caller.tenant();
    let deliveries = Deliveries(state.platform());
    let found = deliveries.get(tenant, &id).await?;
    let (record, revision) = found.ok_or_else(|| ApiError::not_found("delivery"))?;
    // One that is being tried goes on as it is: a message once more does no harm, and mends a request that broke off here.
    let again = if record.state == DeliveryState::Pending {
        record
    } else {
        let again = record.again(state.now());
        if !deliveries.put(tenant, &again, Some(revision)).await? {
            return Err(ApiError::new(
                Kind::Conflict,
                "Somebody else sends it again at the same time.",
            ));
        }
        again
    };
    let message = NotifyMessage::Deliver {
        tenant: tenant.clone(),
        delivery: id.clone(),
        attempts: again.attempts,
    };
    messages::send(state.platform(), &[message]).await?;
    let act = Act::new("replay_delivery").on("delivery", &id);
    state.audit(&caller, act).await?;
    tracing::info!(delivery = %id, by = caller.name(), %tenant, "delivery replayed");
    Ok(Json(again.row()))
}
