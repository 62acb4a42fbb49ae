//! Another key from time to time, and when the server asks.
//!
//! The next key is kept before the server hears of it, the server goes on to accept the one before for a while, and the next
//! takes the place of the agent's own in one step. So wherever the agent is cut off, the next attempt finishes what was begun:
//! with the key before while that is accepted, and with the next one when it is not any more.

use access::rotation::prove;
use schemas::{Timestamp, agent::RotateKeyRequest};
use serde::{Deserialize, Serialize};

use crate::{
    key,
    state::{StateDir, StateError},
    uplink::{Uplink, UplinkError},
};

/// The file in the agent's folder.
const FILE: &str = "rotation.json";
/// How long a key is used, in ms: 30 days.
pub const EVERY_MS: i64 = 30 * 24 * 60 * 60_000;
/// How long an attempt that failed is not made again, in ms.
const AGAIN_MS: i64 = 60 * 60_000;
/// Type of the problem of a request that is signed by no key that is accepted.
const BAD_SIGNATURE: &str = "/problems/bad-signature";

/// Why the key was not replaced. The one that was used is used on.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// The folder could not be used.
    #[error("the keys in the agent's folder could not be used")]
    State(#[from] StateError),
    /// The server was not reached, or refused.
    #[error("the server did not take the next key")]
    Uplink(#[from] UplinkError),
}

/// Since when the key is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    #[serde(default)]
    since: Option<Timestamp>,
}

/// When the agent makes another key.
#[derive(Debug, Default)]
pub struct Rotations {
    /// When an attempt failed.
    failed_at: Option<Timestamp>,
}

impl Rotations {
    /// Whether a rotation was begun and not finished: then no request may be accepted before it is.
    ///
    /// # Errors
    /// The folder could not be used.
    pub fn is_unfinished(state: &StateDir) -> Result<bool, StateError> {
        Ok(key::load_next(state)?.is_some())
    }

    /// Replaces the key where that is due, was asked for, or was begun before. Returns whether it did. Call it when the server
    /// has just answered, so that the clock is right, and at the start.
    ///
    /// # Errors
    /// Says why not. The same is tried in an hour.
    pub async fn keep_up(
        &mut self,
        state: &StateDir,
        uplink: &Uplink,
    ) -> Result<bool, RotationError> {
        let now = uplink.clock().now();
        let lately = |at: Timestamp| at <= now && now < at.plus_ms(AGAIN_MS);
        if self.failed_at.is_some_and(lately) {
            return Ok(false);
        }
        let is_due =
            Self::is_unfinished(state)? || uplink.is_rotation_asked() || is_old(state, now)?;
        if !is_due {
            return Ok(false);
        }
        let done = rotate(state, uplink).await;
        self.failed_at = done.is_err().then_some(now);
        done.map(|()| true)
    }
}

/// Whether the key is used for as long as one may be. Of one whose beginning is not known it begins now.
fn is_old(state: &StateDir, now: Timestamp) -> Result<bool, StateError> {
    let kept: Kept = state.read_or_default(FILE);
    match kept.since {
        // A clock that was wrong when this was written must not keep a key for ever.
        Some(since) if since <= now => Ok(since.plus_ms(EVERY_MS) <= now),
        _ => {
            state.write(FILE, &Kept { since: Some(now) })?;
            Ok(false)
        }
    }
}

async fn rotate(state: &StateDir, uplink: &Uplink) -> Result<(), RotationError> {
    let next = match key::load_next(state)? {
        Some(next) => next,
        None => key::create_next(state)?,
    };
    let request = RotateKeyRequest {
        public_key: next.public().to_base64url(),
        proof: prove(uplink.agent(), &next),
    };
    match uplink.rotate_key(&request, None).await {
        Ok(_) => {}
        // The server may know the next key already, and the one before no more.
        Err(UplinkError::Refused { kind, .. }) if kind == BAD_SIGNATURE => {
            uplink.rotate_key(&request, Some(next)).await?;
        }
        Err(error) => return Err(error.into()),
    }
    uplink.sign_with(key::promote_next(state)?);
    let since = Some(uplink.clock().now());
    state.write(FILE, &Kept { since })?;
    tracing::info!("the agent has another key");
    Ok(())
}
