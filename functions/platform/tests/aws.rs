//! The AWS adapter keeps every promise of the ports on servers that speak Amazon's protocols, in fair and in hostile
//! weather, and when the service or the way to it fails.
//!
//! `BULKHEAD_TEST_AWS` is the address of such a server, `BULKHEAD_TEST_AWS_SECOND` that of another one for a second
//! opinion, `BULKHEAD_TEST_S3` that of one which has S3 only and checks what is signed. `make test-aws` starts all.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "also outside of test functions a failure here is a failed test; what is skipped says so"
)]

#[path = "aws/blob_faults.rs"]
mod blob_faults;
#[path = "aws/faults.rs"]
mod faults;
#[path = "aws/moving.rs"]
mod moving;
#[path = "aws/promises.rs"]
mod promises;
#[path = "aws/proxy.rs"]
mod proxy;
#[path = "aws/queues.rs"]
mod queues;
#[path = "aws/server.rs"]
mod server;
#[path = "aws/tickets.rs"]
mod tickets;
#[path = "aws/wire.rs"]
mod wire;
