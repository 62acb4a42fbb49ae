//! One look at the host: itself, its images, its containers. What is new goes into the spool; what the tenant lacks of
//! layers is uploaded at once.

mod archive;
mod boot;
mod containers;
mod engines;
mod host;
mod images;
mod memory;
mod sent;

use schemas::{
    Timestamp,
    agent::{ENVELOPE_VERSION, Envelope, EnvelopeKind, InventoryBody},
};
use sources::runtime::RuntimeError;

pub use boot::Boot;
pub use engines::Engines;
use memory::Memory;
use sent::Sent;

use crate::{
    config::Config,
    spool::{Spool, SpoolError, Subject},
    state::{Enrolled, StateDir, StateError},
    uplink::{Uplink, UplinkError},
};

/// After this time a host and its containers are sent again although nothing changed, so that the server knows that it
/// still is so.
pub(crate) const REPEAT_MS: i64 = 24 * 3600 * 1000;
/// The same for images and their layers: these never change, a host has many of them, and each telling costs the server
/// as much as one of the host.
pub(crate) const REPEAT_IMAGE_MS: i64 = 7 * REPEAT_MS;

/// Why a look was not finished.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// The spool took no more.
    #[error("what was seen could not be kept")]
    Spool(#[from] SpoolError),
    /// The gateway was needed and did not answer.
    #[error("the gateway was not reached")]
    Uplink(#[from] UplinkError),
    /// What is remembered from look to look could not be written.
    #[error("what was seen could not be remembered")]
    State(#[from] StateError),
    /// The body could not be written as JSON.
    #[error("what was seen could not be written as JSON")]
    Encode(#[from] serde_json::Error),
    /// An engine stopped answering.
    #[error("a container engine did not answer")]
    Runtime(#[from] RuntimeError),
    /// A part of this program failed.
    #[error("a task ended before its time: {0}")]
    Task(String),
}

/// Looks at the host, again and again.
pub struct Observer<'a> {
    /// Settings.
    pub config: &'a Config,
    /// Who this agent is.
    pub enrolled: &'a Enrolled,
    /// Its folder.
    pub state: &'a StateDir,
    /// Where what was seen goes.
    pub spool: &'a Spool,
    /// Where layers go.
    pub uplink: &'a Uplink,
    /// This run.
    pub boot: &'a Boot,
    sent: Sent,
    memory: Memory,
}

impl<'a> Observer<'a> {
    /// An observer that remembers what earlier runs have sent.
    pub fn new(
        config: &'a Config,
        enrolled: &'a Enrolled,
        state: &'a StateDir,
        spool: &'a Spool,
        uplink: &'a Uplink,
        boot: &'a Boot,
    ) -> Self {
        Self {
            config,
            enrolled,
            state,
            spool,
            uplink,
            boot,
            sent: Sent::load(state),
            memory: Memory::load(state),
        }
    }

    /// Spools what was seen, unless the same was sent lately. `comparable` is what changes only when something did.
    fn offer<T: serde::Serialize>(
        &mut self,
        subject: &Subject,
        comparable: &T,
        body: &InventoryBody,
    ) -> Result<bool, LookError> {
        let digest = Sent::digest(comparable)?;
        let now = self.now();
        if !self.sent.is_due(subject, &digest, now) {
            return Ok(false);
        }
        let (boot_id, seq) = self.boot.next();
        let envelope = Envelope {
            version: ENVELOPE_VERSION,
            agent: self.enrolled.agent.clone(),
            boot_id,
            seq,
            observed_at: now,
            kind: EnvelopeKind::Inventory,
            body: serde_json::to_value(body)?,
        };
        self.spool.put(&envelope, subject)?;
        // Noted only now: a crash in between sends it twice, which has no second effect.
        self.sent.note(self.state, subject, digest, now)?;
        Ok(true)
    }

    fn now(&self) -> Timestamp {
        self.uplink.clock().now()
    }
}
