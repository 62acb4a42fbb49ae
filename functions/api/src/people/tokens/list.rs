//! Listing what lets somebody in.

use axum::{Json, extract::State};
use platform::Cursor;
use schemas::{
    UserId,
    api::{
        Problem,
        token::{TokenKind, TokenList, TokenQuery, TokenRow, TokenState},
    },
};
use serde::{Deserialize, Serialize};

use super::rows::{KINDS, Look};
use crate::{
    auth::SignedIn,
    cursor::{List, limit},
    extract::FromQuery,
    people::given::bad,
    problem::ApiError,
    state::ApiState,
};

/// Most pages of tables that one page of the list is gathered from.
const MAX_READS: u32 = 20;
/// Longest owner that is asked for, in bytes.
const MAX_OWNER_BYTES: usize = 128;

/// Where a page ended: at which of the kinds, where in its table, and after how many rows there, since one record of a table
/// may be several rows.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Position {
    kind: usize,
    at: Option<String>,
    #[serde(default)]
    skip: usize,
}

/// Everything that lets somebody in, of all kinds, without its secrets: API keys, rules that trust builds, enrolment tokens,
/// agents' keys, sessions, open invitations and secrets of registries' webhooks. The caller's own keys and sessions, and of
/// everything else what their permissions let them read. A page may have fewer rows than were asked for although there is a
/// next one.
#[utoipa::path(
    get,
    path = "/api/v1/tokens",
    tag = "tokens",
    operation_id = "list_tokens",
    params(TokenQuery),
    responses(
        (status = 200, description = "One page", body = TokenList),
        (status = 400, description = "A filter or cursor that cannot be used", body = Problem),
    ),
    security(("session" = []))
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    SignedIn(caller): SignedIn,
    FromQuery(query): FromQuery<TokenQuery>,
) -> Result<Json<TokenList>, ApiError> {
    caller.settled()?;
    if query.kind == Some(TokenKind::Unknown) {
        return Err(bad(
            "`kind` is api_key, trusted_build, enrolment_token, agent, session, invitation or webhook_secret.".to_owned(),
        ));
    }
    if query.state == Some(TokenState::Unknown) {
        return Err(bad(
            "`state` is valid, expired, used_up or revoked.".to_owned()
        ));
    }
    let owner = query.owner.as_deref();
    if owner.is_some_and(|owner| owner.len() > MAX_OWNER_BYTES) {
        return Err(bad(format!("`owner` has at most {MAX_OWNER_BYTES} bytes.")));
    }
    let filters = format!(
        "{:?} {owner:?} {:?} of {}",
        query.kind,
        query.state,
        caller.name()
    );
    let list = List::new(&state, &caller.tenant, "tokens", &filters);
    let mut here = list
        .open_some::<Position>(query.cursor.as_ref())?
        .unwrap_or_default();
    let most = usize::try_from(limit(query.limit)?).unwrap_or(usize::MAX);
    let look = Look {
        state: &state,
        caller: &caller,
        owner: owner.and_then(|owner| owner.parse::<UserId>().ok()),
    };
    let is_wanted = |row: &TokenRow| {
        owner.is_none_or(|owner| row.owner.as_deref() == Some(owner))
            && query.state.is_none_or(|state| state == row.state)
    };
    let mut tokens = Vec::new();
    let mut reads = 0;
    let next = loop {
        let Some(kind) = KINDS.get(here.kind).copied() else {
            break None;
        };
        if query.kind.is_some_and(|wanted| wanted != kind) {
            here.kind += 1;
            continue;
        }
        let room = most.saturating_sub(tokens.len());
        if room == 0 || reads >= MAX_READS {
            break Some(list.seal(&here)?);
        }
        reads += 1;
        let records = u32::try_from(room).unwrap_or(u32::MAX);
        let at = here.at.clone().map(Cursor);
        let (rows, next) = look.rows(kind, records, at).await?;
        let (before, all) = (tokens.len(), rows.len());
        for (number, row) in rows.into_iter().enumerate().skip(here.skip) {
            here.skip = number + 1;
            if is_wanted(&row) {
                tokens.push(row);
            }
            if tokens.len() - before == room {
                break;
            }
        }
        if here.skip < all {
            continue;
        }
        here = match next {
            Some(next) => Position {
                kind: here.kind,
                at: Some(next.0),
                // A page that is read anew may be shorter than it was.
                skip: here.skip.saturating_sub(all),
            },
            None => Position {
                kind: here.kind + 1,
                ..Position::default()
            },
        };
    };
    Ok(Json(TokenList {
        tokens,
        next_cursor: next,
    }))
}
