//! Reports in every form: held against the published schemas, and made of hostile input.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod content;
mod fixture;
mod hostile;
mod published;
