//! Listing sessions.

use axum::{Json, extract::State};
use platform::Cursor;
use schemas::api::{
    Problem,
    page::PageQuery,
    session::{SessionDetail, SessionList, SessionsQuery},
};

use super::whose;
use crate::{
    auth::SignedIn,
    cursor::{List, limit},
    extract::FromQuery,
    people::session::begin::settings,
    problem::ApiError,
    state::ApiState,
};

/// The caller's sessions, or with `people.manage` those of anybody.
#[utoipa::path(
    get,
    path = "/api/v1/sessions",
    tag = "session",
    operation_id = "list_sessions",
    params(PageQuery, SessionsQuery),
    responses(
        (status = 200, description = "One page", body = SessionList),
        (status = 403, description = "Sessions of somebody else", body = Problem),
    ),
    security(("session" = []))
)]
pub(crate) async fn list(
    SignedIn(caller): SignedIn,
    State(state): State<ApiState>,
    FromQuery(page): FromQuery<PageQuery>,
    FromQuery(query): FromQuery<SessionsQuery>,
) -> Result<Json<SessionList>, ApiError> {
    let user = whose(&caller, query)?;
    let own = caller
        .came
        .session()
        .ok()
        .map(|(_, session)| session.clone());
    let list = List::new(&state, &caller.tenant, "sessions", user.as_str());
    let cursor = list.open_some(page.cursor.as_ref())?.map(Cursor);
    let found = state
        .identity()
        .sessions(&caller.tenant, &user, limit(page.limit)?, cursor)
        .await?;
    let settings = settings(&state, &caller.tenant).await?;
    let sessions = found.records.into_iter().map(|record| SessionDetail {
        is_current: own.as_ref() == Some(&record.id),
        ends_at: record.ends_by(&settings),
        id: record.id,
        user: record.user,
        is_cookie: record.is_cookie,
        user_agent: record.user_agent,
        address: record.address,
        created_at: record.created_at,
        last_used_at: record.last_used_at,
    });
    Ok(Json(SessionList {
        sessions: sessions.collect(),
        next_cursor: found.next.map(|next| list.seal(&next.0)).transpose()?,
    }))
}
