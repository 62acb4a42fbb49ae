//! OpenID Connect: tokens that other services sign, for people who sign in and for builds.
//!
//! Pure: documents are fetched elsewhere, the time is passed in. Nothing here trusts what a token says of how it is to be
//! verified: the key's own kind decides which algorithms may be used with it, so that a public key is never the secret of
//! an HMAC and `none` is no algorithm. Sources: OpenID Connect Core 1.0 (3.1.3.7), Discovery 1.0, RFC 7515, 7517, 7518,
//! 7636, 8725.

mod discovery;
mod json;
mod keys;
mod pkce;
mod token;

#[cfg(test)]
mod tests;

pub use discovery::{
    DiscoveryError, MAX_DISCOVERY_BYTES, Provider, discovery_address, parse_discovery,
};
pub use keys::{KeySet, KeySetError, MAX_KEYS_BYTES};
pub use pkce::{Pkce, challenge};
pub use token::{
    ALLOWED_SKEW_S, Claims, Expected, MAX_LIFETIME_S, MAX_TOKEN_BYTES, TokenError, UnverifiedToken,
    Use,
};
