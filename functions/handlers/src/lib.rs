//! One file per function: read a message, call core, write records, send messages.
//!
//! A message may come twice, late, and at the same time as its copy. So a handler reads the state that it is going to
//! replace before anything that it makes the new state from, writes on the condition that nobody did so in between, and
//! sends what follows only after that.

mod advise;
mod context;
mod download;
mod error;
pub mod feed;
pub mod fold;
mod history;
pub mod ingest;
pub mod look;
mod merge;
mod metrics;
mod mirror;
pub mod notify;
pub mod registry;
mod rematch;
mod resource;
pub mod scan;
pub mod score;
mod survey;
pub mod sweep;
mod tell;
pub mod watch;
mod within;

use async_trait::async_trait;
use platform::Delivery;
use records::messages::{MessageError, QueueMessage};

pub use advise::Advisories;
pub use context::{Context, Downloads, FeedSources, Limits, Registries};
pub use error::HandlerError;
pub use metrics::{Count, Metrics, Verdict};

/// A function of the roster.
#[async_trait]
pub trait Handler: Send + Sync {
    /// Does what a message asks. Once this returns without an error the message can go.
    ///
    /// # Errors
    /// [`HandlerError::Retry`] when it may succeed soon, [`HandlerError::Later`] when that takes minutes,
    /// [`HandlerError::Poison`] when it never will.
    async fn handle(&self, context: &Context, message: &Delivery) -> Result<(), HandlerError>;

    /// Notes that a message is given up for this reason, for whoever waits for what it asks. Its host calls this before it
    /// makes a dead letter of it: only the host knows that no further delivery comes.
    ///
    /// # Errors
    /// When it cannot be noted; the message is given up nevertheless.
    async fn given_up(
        &self,
        _context: &Context,
        _message: &Delivery,
        _reason: &str,
    ) -> Result<(), HandlerError> {
        Ok(())
    }
}

/// The message in a delivery.
fn message<M: QueueMessage>(delivery: &Delivery) -> Result<M, HandlerError> {
    M::from_body(&delivery.message.body).map_err(|error| match error {
        MessageError::Newer(_) => HandlerError::Later(error.into()),
        error => HandlerError::poison_by("the message is not of its queue's form", error),
    })
}

/// How often a handler begins anew, when others changed what it had read, before it leaves that to a later delivery.
const ATTEMPTS: usize = 8;
