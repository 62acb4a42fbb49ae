//! Registries: images are read from where they are kept, layer by layer as a stream, without a copy on disk.
//!
//! Sources: OCI distribution-spec 1.1 (`spec.md`), the distribution project's "Docker Registry HTTP API V2" and "Token
//! Authentication Specification". Digests and sizes are verified by `inventory` while it reads.

mod auth;
mod blob;
mod catalog;
pub mod challenge;
mod client;
mod credentials;
mod error;
mod patience;
mod product;
mod reference;
mod scope;
mod sign_in;
mod store;

use std::time::Duration;

use crate::http::Guard;

pub use self::{
    catalog::NamesPage,
    client::{Registry, Root},
    credentials::{CredentialError, CredentialFiles, Credentials},
    error::{ReadError, RegistryError},
    product::{Product, PushedTag, TagsPage, has_api},
    reference::{DOCKER_HUB, InvalidReference, Reference},
    scope::{DEFAULT_NEWEST, MAX_PATTERN_BYTES, Newest, Scope, is_pattern},
    sign_in::{KeptCredentials, ecr_region},
    store::RegistryStore,
};

/// How a registry is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryOptions {
    /// Certificate authorities to trust beside the built-in ones, PEM.
    pub extra_ca_pem: Option<Vec<u8>>,
    /// Whether the registry is asked without encryption. One on this machine is, when it does not answer encrypted.
    pub plain_http: bool,
    /// What judges the addresses that are asked: for a service that reads what people name. Without a guard every address
    /// is asked.
    pub guard: Option<Guard>,
    /// How often a request is sent again when the registry is busy, fails or breaks off.
    pub retries: u32,
    /// Time before the first repetition; each further one takes twice as long.
    pub first_wait: Duration,
    /// Longest time before a repetition. A registry that asks for more is given up.
    pub longest_wait: Duration,
    /// Time without a byte before a connection is given up.
    pub silence: Duration,
    /// Time for one image, from the making of its [`Registry`] on, whatever is asked for and waited for; none for as long
    /// as bytes come.
    pub time: Option<Duration>,
    /// Bytes of a layer that have to come in a second, over a minute: one who sends less holds up everybody else.
    pub min_bytes_per_s: u64,
}

impl Default for RegistryOptions {
    fn default() -> Self {
        Self {
            extra_ca_pem: None,
            plain_http: false,
            guard: None,
            retries: 5,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(60),
            silence: Duration::from_secs(30),
            time: None,
            min_bytes_per_s: 1 << 10,
        }
    }
}
