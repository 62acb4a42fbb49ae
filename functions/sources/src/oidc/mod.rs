//! Issuers of OpenID Connect: what they say of themselves, their keys, and trading a code for a person's token.
//!
//! Their addresses come from strangers, so all of this goes through the guarded client, follows no redirect, and is
//! bounded in size, time, number and how often.

mod code;
mod issuers;

use access::oidc::{DiscoveryError, KeySetError};

pub use self::{
    code::{CodeError, CodeTrade},
    issuers::{Issuers, KEPT_WITHOUT_ISSUER_MS, Known, MAX_ISSUERS},
};
use crate::http::HttpError;

/// Why nothing is known of an issuer.
#[derive(Debug, thiserror::Error)]
pub enum IssuerError {
    /// The issuer's name is no address that can be asked.
    #[error(
        "an issuer is an address without query and fragment, such as `https://login.example.org`, of at most {MAX_ISSUER_BYTES} bytes"
    )]
    Name,
    /// It, or where its keys are, cannot be reached or may not be asked.
    #[error("ask the issuer for {what}")]
    Http {
        /// What was asked for.
        what: &'static str,
        /// Why it failed.
        #[source]
        source: HttpError,
    },
    /// It answered with something else than a document.
    #[error("the issuer answered {status} where it should have {what}")]
    Status {
        /// What was asked for.
        what: &'static str,
        /// The status.
        status: u16,
    },
    /// Its description cannot be used.
    #[error("read the issuer's description")]
    Discovery(#[source] DiscoveryError),
    /// Its keys cannot be used.
    #[error("read the issuer's keys")]
    Keys(#[source] KeySetError),
    /// It failed a moment ago, and is not asked again yet.
    #[error(
        "the issuer could not be asked a moment ago, and is asked again in {in_s} seconds: {why}"
    )]
    Waiting {
        /// When it is asked again.
        in_s: u64,
        /// What went wrong.
        why: String,
    },
}

/// An address with these parameters added to its query.
#[must_use]
pub fn with_query(address: &crate::http::GuardedUrl, parameters: &[(&str, &str)]) -> String {
    let mut whole = address.as_str().to_owned();
    let mut between = if address.query().is_some() { '&' } else { '?' };
    for (name, value) in parameters {
        whole.push(between);
        whole.push_str(name);
        whole.push('=');
        whole.push_str(&code::encoded(value));
        between = '&';
    }
    whole
}

/// Longest name of an issuer, in bytes.
pub const MAX_ISSUER_BYTES: usize = 512;

/// Whether text can be an issuer (Discovery 1.0, section 3: an address without query or fragment).
#[must_use]
pub fn is_issuer(text: &str) -> bool {
    text.len() <= MAX_ISSUER_BYTES
        && reqwest::Url::parse(text).is_ok_and(|address| {
            matches!(address.scheme(), "https" | "http")
                && address.has_host()
                && address.username().is_empty()
                && address.password().is_none()
                && address.query().is_none()
                && address.fragment().is_none()
        })
}
