//! Looking at the feeds now, rather than when the schedule says.

use std::collections::BTreeSet;

use axum::{Json, extract::State};
use records::messages::{self, FeedMessage};
use schemas::api::{
    Problem,
    feed::{FeedRefresh, NewFeedRefresh},
};

use crate::{
    audit::Act,
    auth::{Allowed, needs},
    extract::FromSomeJson,
    problem::{ApiError, Kind},
    state::ApiState,
};

/// Most characters of a name that an answer repeats.
const SHOWN_CHARS: usize = 100;

/// Asks for the feeds to be looked at now. Asking twice within minutes is asking once. Documents that were held back, since
/// they shrank, are taken of the feeds in `accept_shrunk`.
#[utoipa::path(
    post,
    path = "/api/v1/feeds/refresh",
    tag = "feeds",
    operation_id = "refresh_feeds",
    request_body(content = Option<NewFeedRefresh>, description = "May be left out"),
    responses(
        (status = 200, description = "It was queued", body = FeedRefresh),
        (status = 400, description = "No feed that can be downloaded has this name", body = Problem),
    ),
    security(("session" = ["feeds.refresh"]))
)]
pub(crate) async fn refresh(
    caller: Allowed<needs::RefreshFeeds>,
    State(state): State<ApiState>,
    FromSomeJson(request): FromSomeJson<NewFeedRefresh>,
) -> Result<Json<FeedRefresh>, ApiError> {
    let accept_shrunk: BTreeSet<String> = request.accept_shrunk.into_iter().collect();
    for name in &accept_shrunk {
        if sources::feeds::feed(name).is_none() {
            let shown: String = name.chars().take(SHOWN_CHARS).collect();
            return Err(ApiError::new(
                Kind::BadRequest,
                format!(
                    "`accept_shrunk`: no feed that can be downloaded is called {shown:?}; `GET /api/v1/feeds` names them."
                ),
            ));
        }
    }
    let message = FeedMessage::by_hand(accept_shrunk.clone());
    messages::send(state.platform(), &[message]).await?;
    let act =
        Act::new("refresh_feeds").after(&serde_json::json!({"accept_shrunk": accept_shrunk}))?;
    state.audit(&caller, act).await?;
    tracing::info!(by = caller.name(), tenant = %caller.tenant(), ?accept_shrunk, "feeds are to be looked at");
    Ok(Json(FeedRefresh { queued: true }))
}
