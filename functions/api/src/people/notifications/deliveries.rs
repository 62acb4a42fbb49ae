//! Listing a channel's deliveries.

use axum::{Json, extract::State};
use records::{Deliveries, DeliveryRecord};
use schemas::{
    ChannelId,
    api::{Problem, notification::DeliveryList, page::PageQuery},
};

use super::found;
use crate::{
    auth::{Allowed, needs},
    cursor::List,
    extract::{FromPath, FromQuery},
    problem::ApiError,
    state::ApiState,
};

/// A channel's deliveries of 14 days, the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/notifications/channels/{id}/deliveries",
    tag = "notifications",
    operation_id = "list_deliveries",
    params(("id" = ChannelId, Path, description = "The channel"), PageQuery),
    responses(
        (status = 200, description = "One page", body = DeliveryList),
        (status = 404, description = "No such channel", body = Problem),
    ),
    security(("session" = ["notifications.read"]))
)]
pub(crate) async fn deliveries(
    caller: Allowed<needs::ReadNotifications>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<ChannelId>,
    FromQuery(page): FromQuery<PageQuery>,
) -> Result<Json<DeliveryList>, ApiError> {
    let tenant = caller.tenant();
    found(&state, tenant, &id).await?;
    let list = List::new(&state, tenant, "deliveries", id.as_str());
    let deliveries = Deliveries(state.platform());
    let read = |limit, cursor| deliveries.list(tenant, &id, limit, cursor);
    let (found, next_cursor) = list.page(&page, read).await?;
    Ok(Json(DeliveryList {
        deliveries: found.into_iter().map(DeliveryRecord::row).collect(),
        next_cursor,
    }))
}
