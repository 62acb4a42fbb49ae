//! Enrolment tokens.

pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod revoke;

use records::identity::{StoredToken, TokenState};
use schemas::{
    Timestamp,
    api::enrolment_token::{EnrolmentTokenRow, EnrolmentTokenState},
    collection::CollectionParts,
};
use scope::Collection;

/// Most patterns of a token.
const MAX_HOSTS: usize = 32;

/// The hosts that may enrol with a token, by patterns of their names; `None` for every host.
pub(crate) fn hosts(patterns: &[String]) -> Result<Option<Collection>, String> {
    if patterns.len() > MAX_HOSTS {
        return Err(format!("`hosts` has at most {MAX_HOSTS} patterns"));
    }
    if patterns.is_empty() {
        return Ok(None);
    }
    let parts = CollectionParts {
        hosts: patterns.to_vec(),
        ..CollectionParts::default()
    };
    let read = Collection::read(&parts).map_err(|error| error.to_string())?;
    Ok(Some(read))
}

/// A token as it is listed.
fn row(token: StoredToken, now: Timestamp) -> EnrolmentTokenRow {
    let state = match token.state(now) {
        TokenState::Valid => EnrolmentTokenState::Valid,
        TokenState::Expired => EnrolmentTokenState::Expired,
        TokenState::UsedUp => EnrolmentTokenState::UsedUp,
        TokenState::Revoked => EnrolmentTokenState::Revoked,
    };
    EnrolmentTokenRow {
        id: token.id,
        note: token.note,
        created_by: token.created_by,
        created_at: token.created_at,
        expires_at: token.expires_at,
        max_uses: token.max_uses,
        uses: token.uses,
        hosts: token.hosts,
        state,
        revoked_at: token.revoked_at,
    }
}
