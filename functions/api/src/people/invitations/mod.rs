//! Invitations.

pub(crate) mod accept;
pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod revoke;

use records::identity::Invitation;
use schemas::{
    Timestamp,
    api::person::{InvitationDetail, InvitationState},
};

/// An invitation as it is listed.
fn detail(kept: Invitation, now: Timestamp) -> InvitationDetail {
    let state = if kept.accepted_by.is_some() {
        InvitationState::Accepted
    } else if kept.revoked_at.is_some() {
        InvitationState::Revoked
    } else if kept.is_open(now) {
        InvitationState::Open
    } else {
        InvitationState::Expired
    };
    InvitationDetail {
        id: kept.id,
        note: kept.note,
        roles: kept.roles,
        state,
        created_at: kept.created_at,
        created_by: kept.created_by,
        expires_at: kept.expires_at,
        accepted_by: kept.accepted_by,
    }
}
