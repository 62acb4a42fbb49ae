//! The AWS adapter keeps every promise of the ports on servers that speak Amazon's protocols, in fair and in hostile
//! weather, and when the service or the way to it fails.
//!
//! `BULKHEAD_TEST_AWS` is the address of such a server, `BULKHEAD_TEST_AWS_SECOND` that of another one for a second
//! opinion. `make test-aws` starts both.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "also outside of test functions a failure here is a failed test; what is skipped says so"
)]

#[path = "aws/faults.rs"]
mod faults;
#[path = "aws/promises.rs"]
mod promises;
#[path = "aws/proxy.rs"]
mod proxy;
#[path = "aws/server.rs"]
mod server;
