//! The host's agent: looks at what the host and its containers are made of, keeps it on disk until the gateway has it,
//! and obeys nothing but signed bundles.
//!
//! Areas that differ by operating system have a `linux.rs` and a `windows.rs`; nothing else asks for the platform.

pub mod backoff;
pub mod bundle;
pub mod clock;
pub mod config;
pub mod cycle;
pub mod discover;
pub mod enrol;
pub mod key;
pub mod rotation;
pub mod run;
pub mod service;
pub mod spool;
pub mod state;
pub mod uplink;

/// Name and version of this software, as reports carry it.
pub const SOFTWARE: &str = concat!("bulkhead-agent/", env!("CARGO_PKG_VERSION"));
