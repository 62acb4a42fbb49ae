//! How the estate stands.

use axum::{Json, extract::State};
use schemas::{
    Timestamp,
    api::{
        Problem,
        posture::{PostureChanges, PostureDetail, PostureQuery},
    },
};

use super::since_h;
use crate::{
    auth::{Scoped, needs},
    extract::FromQuery,
    people::feeds,
    problem::ApiError,
    scoped::Sight,
    state::ApiState,
};

/// How the estate stands now, and what came and went since a moment. Whoever is limited to collections is told of these.
#[utoipa::path(
    get,
    path = "/api/v1/posture",
    tag = "vulnerabilities",
    operation_id = "get_posture",
    params(PostureQuery),
    responses(
        (status = 200, description = "How it stands", body = PostureDetail),
        (status = 400, description = "A moment too long ago", body = Problem),
    ),
    security(("session" = ["vulnerabilities.read"]))
)]
pub(crate) async fn get(
    caller: Scoped<needs::ReadVulnerabilities>,
    State(state): State<ApiState>,
    FromQuery(query): FromQuery<PostureQuery>,
) -> Result<Json<PostureDetail>, ApiError> {
    let as_of = state.now();
    let from_h = since_h(as_of, query.since)?;
    let feeds_loaded = feeds::loaded(&state).await?;
    let sight = Sight::of(&state, caller.tenant(), caller.scope()).await?;
    let (posture, since) = sight
        .aside(move |view| (view.posture(), view.since(from_h)))
        .await?;
    Ok(Json(PostureDetail {
        as_of,
        posture,
        since: PostureChanges {
            from: Timestamp::from_hours(from_h),
            new: since.new,
            fixed: since.fixed,
        },
        feeds_loaded,
    }))
}
