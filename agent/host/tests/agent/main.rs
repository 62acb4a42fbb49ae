//! The agent against a gateway that checks every signature, and is as moody as a network.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod bundle;
mod engine;
mod enrolment;
mod gateway;
mod handing_over;
mod images;
mod layers;
mod other_times;
#[cfg(target_os = "linux")]
mod recorded;
mod rotation;
