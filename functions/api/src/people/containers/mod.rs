//! Containers of all hosts.

pub(crate) mod get;
pub(crate) mod list;

use schemas::{
    inventory::{Container, HostFacts},
    risk::Exposure,
};

/// How the network reaches a container, and what that was concluded from.
fn exposure(container: &Container, host: Option<&HostFacts>) -> (Exposure, String) {
    if container.running {
        risk::container_exposure(container, host)
    } else {
        (Exposure::None, format!("{} does not run", container.name))
    }
}
