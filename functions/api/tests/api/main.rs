//! The API as its callers see it: in process, on the embedded platform.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod agents;
mod allowances;
mod audit;
mod envelopes;
mod gate;
mod health;
mod house;
mod large;
mod later;
mod lists;
mod notifications;
mod older_agents;
mod operations;
mod people;
mod registries;
mod scopes;
mod second_factor;
mod sessions;
mod sign_in;
mod staff;
mod teams;
mod tokens;
