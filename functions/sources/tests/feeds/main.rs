//! Updates against a local server that answers as real ones do on bad days.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod directories;
mod documents;
mod months;
mod network;
mod real;
mod script;
mod transfers;
mod updates;
mod world;
