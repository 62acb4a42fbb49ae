//! A deployed stack on a server that speaks the protocols of Amazon's services, started by `infra/dev/aws/servers.sh`.

mod calls;
mod client;
mod gateway;
mod package;
mod policies;
mod stack;

pub use calls::Call;
pub use client::{Aws, between};
pub use gateway::{Fault, Gateway, Rule};
pub use policies::Policies;
pub use stack::Stack;

use at_hand::{Need, missing};

/// Address of the server that has Lambda and CloudFormation, as `make test-aws` sets it. `None`, with a line that says so,
/// where it is not set.
///
/// # Panics
/// When it is not set, and required: where servers were started for the tests.
pub fn endpoint() -> Option<String> {
    let set = std::env::var("BULKHEAD_TEST_AWS")
        .ok()
        .filter(|set| !set.is_empty());
    if set.is_none() {
        let why = "BULKHEAD_TEST_AWS is not set (make test-aws sets it)";
        missing(Need::Aws, why);
    }
    set
}
