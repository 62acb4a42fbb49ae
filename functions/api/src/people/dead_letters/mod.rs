//! Messages that were given up. A person sees those of their tenant; those of no tenant are for whoever runs the server.

pub(crate) mod list;
pub(crate) mod replay;

use records::messages::QUEUES;
use schemas::TenantId;

use crate::problem::{ApiError, Kind};

/// Whether a message of this id is the tenant's: ids begin with the tenant.
fn is_of(tenant: &TenantId, id: &str) -> bool {
    id.split_once('/')
        .is_some_and(|(owner, _)| owner == tenant.as_str())
}

/// The queue of a name.
fn queue(name: &str) -> Result<&'static str, ApiError> {
    QUEUES
        .into_iter()
        .find(|queue| *queue == name)
        .ok_or_else(|| {
            ApiError::new(
                Kind::BadRequest,
                format!("`queue` is one of {}.", QUEUES.join(", ")),
            )
        })
}
