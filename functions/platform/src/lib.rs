//! What the house stands on: a table, a queue, blobs, a clock and keys, as ports that a laptop and a
//! cloud can keep alike, with the embedded adapter, hostile weather for tests, and the suite of checks
//! which every adapter has to pass.

#[cfg(feature = "aws")]
pub mod aws;
pub mod claim;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod embedded;
mod hmac;
pub mod meter;
pub mod patience;
pub mod ports;
pub mod trace;
mod validate;
pub mod weather;

pub use embedded::backup;
pub use embedded::{Embedded, EmbeddedDepot, EmbeddedOptions, FolderLake, OpenError};
pub use ports::*;
