//! The host: events of the forms that Lambda delivers, on the embedded platform; and the binary against Lambda's runtime
//! interface.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod http;
mod logs;
mod process;
mod queue;
mod schedule;
mod setup;
mod support;
