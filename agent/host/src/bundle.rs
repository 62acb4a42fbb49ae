//! The bundle: fetched, verified with the pinned key, never older than the last, and kept over restarts.

use access::{
    PublicKey,
    bundle::{BundleError, verify_bundle},
};
use schemas::agent::{Bundle, SignedBundle};
use serde::{Deserialize, Serialize};

use crate::{
    state::{Enrolled, StateDir, StateError},
    uplink::{Uplink, UplinkError},
};

/// The file in the agent's folder.
const FILE: &str = "bundle.json";

/// Why there is no new bundle.
#[derive(Debug, thiserror::Error)]
pub enum PollError {
    /// The gateway did not answer, or refused.
    #[error("the bundle could not be fetched")]
    Uplink(#[from] UplinkError),
    /// The bundle is not to be obeyed; the one before stays in force.
    #[error("the bundle was refused")]
    Refused(#[from] BundleError),
    /// The bundle could not be kept.
    #[error("the bundle could not be kept")]
    State(#[from] StateError),
}

/// The bundle as it is kept: signed, so that a changed file is noticed.
#[derive(Serialize, Deserialize)]
struct Kept {
    etag: Option<String>,
    signed: SignedBundle,
}

/// What the agent is to do.
pub struct Bundles {
    key: PublicKey,
    enrolled: Enrolled,
    etag: Option<String>,
    current: Option<Bundle>,
}

impl Bundles {
    /// The bundle that was in force when the agent last ran.
    ///
    /// # Errors
    /// The pinned key is damaged. A kept bundle that does not verify is left out, and asked for anew.
    pub fn load(state: &StateDir, enrolled: &Enrolled) -> Result<Self, StateError> {
        let key = PublicKey::from_base64url(&enrolled.bundle_key).map_err(|error| {
            StateError::Damaged {
                path: state.path("agent.json"),
                detail: error.to_string(),
            }
        })?;
        let mut bundles = Self {
            key,
            enrolled: enrolled.clone(),
            etag: None,
            current: None,
        };
        let kept: Option<Kept> = state.read_or_default(FILE);
        if let Some(kept) = kept {
            match verify_bundle(&kept.signed, &bundles.key, &enrolled.tenant, 0) {
                Ok(bundle) => {
                    bundles.current = Some(bundle);
                    bundles.etag = kept.etag;
                }
                Err(error) => tracing::warn!(%error, "the kept bundle is not to be obeyed"),
            }
        }
        Ok(bundles)
    }

    /// The bundle in force.
    pub fn current(&self) -> Option<&Bundle> {
        self.current.as_ref()
    }

    /// Asks for a newer bundle and puts it in force. Returns whether there was one.
    ///
    /// # Errors
    /// Says why not; the bundle in force stays.
    pub async fn poll(&mut self, uplink: &Uplink, state: &StateDir) -> Result<bool, PollError> {
        let Some(fresh) = uplink.bundle(self.etag.as_deref()).await? else {
            return Ok(false);
        };
        let known = self.current.as_ref().map_or(0, |bundle| bundle.version);
        let bundle = verify_bundle(&fresh.signed, &self.key, &self.enrolled.tenant, known)?;
        let kept = Kept {
            etag: fresh.etag,
            signed: fresh.signed,
        };
        state.write(FILE, &kept)?;
        let newer = bundle.version > known;
        if newer {
            tracing::info!(
                version = bundle.version,
                rules = bundle.rules.len(),
                commands = bundle.commands.len(),
                "a new bundle is in force"
            );
        }
        self.etag = kept.etag;
        self.current = Some(bundle);
        Ok(newer)
    }
}
