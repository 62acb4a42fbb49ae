//! Enrolment tokens.

pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod revoke;

use records::identity::{StoredToken, TokenState};
use schemas::{
    Timestamp,
    api::enrolment_token::{EnrolmentTokenRow, EnrolmentTokenState},
};

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
        state,
        revoked_at: token.revoked_at,
    }
}
