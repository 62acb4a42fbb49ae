//! The gate as its users see it: a report, what it is held against, and what is said.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod gate;
mod support;
mod vex;
