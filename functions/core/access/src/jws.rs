//! Compact JSON web signatures (RFC 7515) with Ed25519 (RFC 8037) and nothing else, by `jsonwebtoken`.
//!
//! The header must be the one that its kind of token has, and hold nothing more. So `none`, another algorithm, an embedded
//! key or a token of another kind is refused before anything is computed. Times are judged by the callers, who are told
//! what time it is.

use jsonwebtoken::{
    Algorithm, DecodingKey, Header, Validation, dangerous::insecure_decode, decode,
};
use serde::{Serialize, de::DeserializeOwned};

use crate::keys::{PublicKey, Sign};

/// Longest token that is looked at, in bytes.
pub(crate) const MAX_TOKEN_BYTES: usize = 4096;

/// Why text is not a token of the wanted kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JwsError {
    /// Not three base64url parts, too long, another header, or other claims.
    Malformed,
    /// The signature is not this key's.
    Signature,
}

/// Why a token could not be signed.
#[derive(Debug, thiserror::Error)]
#[error("the token could not be signed")]
pub struct SignError(#[from] jsonwebtoken::errors::Error);

/// A token taken apart and not verified.
pub(crate) struct Unverified<'a, C> {
    /// What it claims.
    pub(crate) claims: C,
    token: &'a str,
}

/// The header of a kind of token.
fn header(kind: &str) -> Header {
    Header {
        typ: Some(kind.to_owned()),
        ..Header::new(Algorithm::EdDSA)
    }
}

/// A signed token.
pub(crate) fn sign(
    kind: &str,
    claims: &impl Serialize,
    key: &dyn Sign,
) -> Result<String, SignError> {
    Ok(jsonwebtoken::encode(
        &header(kind),
        claims,
        &key.encoding_key(),
    )?)
}

/// Takes a token apart, to learn whose key it has to be verified with.
pub(crate) fn parse<'a, C: DeserializeOwned>(
    kind: &str,
    token: &'a str,
) -> Result<Unverified<'a, C>, JwsError> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(JwsError::Malformed);
    }
    let parsed = insecure_decode::<C>(token).map_err(|_| JwsError::Malformed)?;
    if parsed.header != header(kind) {
        return Err(JwsError::Malformed);
    }
    Ok(Unverified {
        claims: parsed.claims,
        token,
    })
}

impl<C: DeserializeOwned> Unverified<'_, C> {
    /// The claims, if the token was signed with this key.
    pub(crate) fn verify(self, key: &PublicKey) -> Result<C, JwsError> {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        decode(
            self.token,
            &DecodingKey::from_ed_der(&key.to_bytes()),
            &validation,
        )
        .map(|verified| verified.claims)
        .map_err(|_| JwsError::Signature)
    }
}
