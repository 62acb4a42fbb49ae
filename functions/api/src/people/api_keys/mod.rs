//! API keys: everybody makes and revokes their own.

pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod revoke;

use records::identity::{ApiKey, ApiKeyState};
use schemas::{
    Timestamp,
    api::api_key::{ApiKeyRow, ApiKeyState as State},
};

/// A key as it is listed.
pub(crate) fn row(key: ApiKey, now: Timestamp) -> ApiKeyRow {
    let state = match key.state(now) {
        ApiKeyState::Valid => State::Valid,
        ApiKeyState::Expired => State::Expired,
        ApiKeyState::Revoked => State::Revoked,
    };
    ApiKeyRow {
        id: key.id,
        note: key.note,
        owner: key.owner,
        roles: key.roles,
        networks: key.networks,
        created_at: key.created_at,
        expires_at: key.expires_at,
        state,
        last_used_at: key.last_used_at,
        last_used_from: key.last_used_from,
        revoked_at: key.revoked_at,
    }
}
