//! How the feeds are, and how to fill them.

use axum::{Json, extract::State};
use records::{
    Feeds,
    feeds::{DownloadState, FeedState},
};
use schemas::api::feed::{FeedDownload, FeedList, FeedRow};

use crate::{
    auth::{Scoped, needs},
    people::standing::count,
    problem::ApiError,
    state::ApiState,
};

/// What to do when there are no advisories.
const HOW_TO_FILL: &str = "No advisories are loaded, so nothing is judged. Start the server with `--feeds-from DIR`, a \
    folder of feed documents (MSRC CVRF, Debian tracker, Alpine secdb, OSV, CISA KEV, EPSS), or with `--feeds-download` \
    to fetch them from their public addresses.";

/// How each feed is. Without advisories it says how to fill them.
#[utoipa::path(
    get,
    path = "/api/v1/feeds",
    tag = "feeds",
    operation_id = "list_feeds",
    responses((status = 200, description = "The feeds", body = FeedList)),
    security(("session" = ["feeds.read"]))
)]
pub(crate) async fn list(
    _caller: Scoped<needs::ReadFeeds>,
    State(state): State<ApiState>,
) -> Result<Json<FeedList>, ApiError> {
    let feeds = Feeds(state.platform());
    let current = feeds.current().await?.map(|current| current.record);
    let loaded = current.is_some();
    let states = feeds.states().await?;
    Ok(Json(FeedList {
        loaded,
        how_to_fill: (!loaded).then(|| HOW_TO_FILL.to_owned()),
        generation: current.as_ref().map(|current| current.id.to_string()),
        built_at: current.as_ref().map(|current| current.published_at),
        feeds: states.into_iter().map(row).collect(),
        downloads: feeds.downloads().await?.into_iter().map(download).collect(),
    }))
}

fn download(state: DownloadState) -> FeedDownload {
    FeedDownload {
        name: state.name,
        documents: state.documents,
        rows: state.rows,
        size_bytes: state.size_bytes,
        checked_at: state.checked_at,
        good_at: state.good_at,
        changed_at: state.changed_at,
        last_error: state.error,
        held: state.held,
    }
}

fn row(state: FeedState) -> FeedRow {
    FeedRow {
        name: state.feed,
        documents: count(state.documents.len()),
        rows: state.rows,
        as_of: state.as_of,
        loaded_at: state.good_at,
        checked_at: state.checked_at,
        last_error: state.error,
    }
}
