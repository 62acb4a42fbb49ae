//! The gate: which findings of a report fail a build, which do not count, and why.
//!
//! Policies say what fails ([`Policy`]), VEX documents and exceptions what does not count ([`vex`]), and [`Gate`] holds
//! a report against all of them. Nothing here reads a file or a clock: texts and the time are passed in.

mod document;
mod error;
mod evaluate;
mod exceptions;
mod gate;
mod glob;
mod image;
mod known;
mod rules;
mod simple;
mod standing;
pub mod vex;
mod words;

pub use document::{Form, MAX_EXCEPTIONS, MAX_POLICY_BYTES, MAX_RULES, Policy};
pub use error::PolicyError;
pub use gate::{Authority, Decided, Gate};
pub use known::Known;
pub use simple::{InvalidFailOn, parse_fail_on};
pub use standing::{AtPlace, Standing, is_package};
