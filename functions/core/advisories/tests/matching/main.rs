//! From documents to findings: small documents of every kind of row, damage, and real hosts and feeds.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod containers;
mod damage;
mod languages;
mod linux;
mod reading;
mod support;
