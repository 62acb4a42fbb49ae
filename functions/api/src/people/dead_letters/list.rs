//! Listing dead letters of a queue.

use axum::{Json, extract::State};
use schemas::{
    Timestamp,
    api::{
        Problem,
        dead_letter::{DeadLetterList, DeadLetterQuery, DeadLetterRow},
    },
};

use super::{is_of, queue};
use crate::{
    auth::{Allowed, needs},
    cursor::{List, limit},
    extract::FromQuery,
    problem::ApiError,
    state::ApiState,
};

/// Most characters of a body that are shown.
const MAX_BODY_CHARS: usize = 4096;

/// Dead letters of one queue, by id. A page may be empty although there is a next one.
#[utoipa::path(
    get,
    path = "/api/v1/dead-letters",
    tag = "dead letters",
    operation_id = "list_dead_letters",
    params(DeadLetterQuery),
    responses(
        (status = 200, description = "One page", body = DeadLetterList),
        (status = 400, description = "No such queue, or not a cursor of this list", body = Problem),
    ),
    security(("session" = ["dead_letters.read"]))
)]
pub(crate) async fn list(
    caller: Allowed<needs::ReadDeadLetters>,
    State(state): State<ApiState>,
    FromQuery(query): FromQuery<DeadLetterQuery>,
) -> Result<Json<DeadLetterList>, ApiError> {
    let queue = queue(&query.queue)?;
    let list = List::new(&state, caller.tenant(), "dead-letters", queue);
    // Ids begin with their tenant: what others have is neither read through nor named by a cursor.
    let first = format!("{}/", caller.tenant());
    let cursor: Option<String> = list.open_some(query.cursor.as_ref())?;
    let limit = limit(query.limit)?.min(100);
    let page = state
        .platform()
        .queue
        .list_dead(queue, limit, Some(cursor.as_deref().unwrap_or(&first)))
        .await?;
    let at = |ms: u64| Timestamp::from_ms(i64::try_from(ms).unwrap_or(i64::MAX));
    let dead_letters = page
        .letters
        .into_iter()
        .filter(|letter| is_of(caller.tenant(), &letter.message.id))
        .map(|letter| DeadLetterRow {
            id: letter.message.id,
            queue: queue.to_owned(),
            body: letter.message.body.chars().take(MAX_BODY_CHARS).collect(),
            reason: letter.reason,
            receive_count: letter.receive_count,
            sent_at: at(letter.sent_at_ms),
            died_at: at(letter.died_at_ms),
        })
        .collect();
    Ok(Json(DeadLetterList {
        dead_letters,
        next_cursor: page
            .next
            .filter(|next| is_of(caller.tenant(), next))
            .map(|next| list.seal(&next))
            .transpose()?,
    }))
}
