//! The API as its callers see it: in process, on the embedded platform.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod agent_keys;
mod agents;
mod all_tokens;
mod allowances;
mod audit;
mod bodies;
mod codings;
mod containers;
mod described;
mod envelopes;
mod exceptions;
mod gate;
mod habits;
mod health;
mod house;
mod idempotency;
mod large;
mod later;
mod lists;
mod notifications;
mod older_agents;
mod operations;
mod people;
mod posture;
mod registries;
mod risk;
mod scopes;
mod second_factor;
mod secrets;
mod session_settings;
mod sessions;
mod sign_in;
mod staff;
mod strangers;
mod teams;
mod tokens;
mod turns;
