//! The way of the data in one process: raw envelopes become records, findings and a ranked list, whatever the weather.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod batches;
mod exceptions;
mod feeds;
mod history;
mod images;
mod mails;
mod needs;
mod notify;
mod path;
mod poison;
mod registry;
mod risk;
mod support;
mod survey;
mod watch;
