//! The real program on small fixtures: exit codes, the report, and what people read.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod containerd;
mod feeds;
mod fixture;
mod forms;
mod gate;
mod layers;
mod lock_files;
mod scan;
mod server;
mod updates;
mod usage;
