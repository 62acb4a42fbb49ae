//! What the repositories keep: reading data of the last version, and keeping order where none is promised.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod audit;
mod estates;
mod idempotency;
mod image_requests;
mod moving;
mod order;
mod people;
mod places;
mod registries;
mod samples;
mod secrets;
mod support;
mod table;
