//! A service's public keys as it publishes them: a JSON web key set (RFC 7517).

use std::fmt;

use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;

use super::json::StrictObject;
use crate::keys::{PublicKey, decode};

/// Largest key set that is read, in bytes.
pub const MAX_KEYS_BYTES: usize = 256 * 1024;
/// Most keys of a set.
const MAX_KEYS: usize = 100;
/// Longest id of a key, in bytes.
pub(super) const MAX_KID_BYTES: usize = 256;
/// RSA moduli that are used: below nobody should sign (RFC 7518, 3.3), above one verification takes too long.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;
/// Most bytes of an RSA exponent; 65537 has three.
const MAX_EXPONENT_BYTES: usize = 4;

/// Why bytes are not a set of keys.
#[derive(Debug, thiserror::Error)]
pub enum KeySetError {
    /// More bytes or more keys than are read.
    #[error("the key set is larger than {MAX_KEYS_BYTES} bytes or has more than {MAX_KEYS} keys")]
    TooLarge,
    /// Not a JSON object.
    #[error("the key set is not JSON")]
    Json(#[source] serde_json::Error),
    /// No list of keys in it.
    #[error("the key set has no list `keys`")]
    NoList,
    /// None of its keys can verify anything here.
    #[error(
        "the key set has no key that signs with RSA (2048 to 8192 bits), P-256, P-384 or Ed25519 and has a `kid`"
    )]
    NoKey,
}

/// The keys of a service that can be used here. Others (of other kinds, for encryption, without an id) are left out, so
/// that a service may publish more than what is understood.
#[derive(Clone)]
pub struct KeySet {
    keys: Vec<Key>,
}

#[derive(Clone)]
struct Key {
    kid: String,
    /// The one algorithm it is for, where the set says so.
    alg: Option<String>,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Rsa(DecodingKey),
    P256(DecodingKey),
    P384(DecodingKey),
    Ed25519(PublicKey),
}

impl KeySet {
    /// The set of a document.
    ///
    /// # Errors
    /// When it is no key set, or has no usable key.
    pub fn parse(document: &[u8]) -> Result<Self, KeySetError> {
        if document.len() > MAX_KEYS_BYTES {
            return Err(KeySetError::TooLarge);
        }
        let document = StrictObject::parse(document).map_err(KeySetError::Json)?;
        let list = document.0.get("keys").and_then(Value::as_array);
        let list = list.ok_or(KeySetError::NoList)?;
        if list.len() > MAX_KEYS {
            return Err(KeySetError::TooLarge);
        }
        let keys: Vec<Key> = list.iter().filter_map(Key::of).collect();
        if keys.is_empty() {
            return Err(KeySetError::NoKey);
        }
        Ok(Self { keys })
    }

    /// Whether a key has this id.
    #[must_use]
    pub fn has(&self, kid: &str) -> bool {
        self.keys.iter().any(|key| key.kid == kid)
    }

    /// Whether a key of this id may be used with the algorithm at all.
    pub(super) fn fits(&self, kid: &str, algorithm: Algorithm) -> bool {
        self.of(kid, algorithm).next().is_some()
    }

    /// Whether `signature` (base64url) is one of `message` by a key of this id. Keys of different kinds may share an id.
    pub(super) fn verifies(
        &self,
        kid: &str,
        algorithm: Algorithm,
        message: &str,
        signature: &str,
    ) -> bool {
        self.of(kid, algorithm)
            .any(|key| key.verifies(algorithm, message, signature))
    }

    fn of(&self, kid: &str, algorithm: Algorithm) -> impl Iterator<Item = &Key> {
        self.keys
            .iter()
            .filter(move |key| key.kid == kid && key.may(algorithm))
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.keys.iter().map(|key| &key.kid))
            .finish()
    }
}

impl Key {
    /// A usable key; nothing for any other.
    fn of(jwk: &Value) -> Option<Self> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        // A private key does not belong here; whoever publishes one is not to be trusted with it.
        if jwk.get("d").is_some() || text("use").is_some_and(|for_what| for_what != "sig") {
            return None;
        }
        let verifies = |ops: &Vec<Value>| ops.iter().any(|op| op == "verify");
        if jwk
            .get("key_ops")
            .is_some_and(|ops| !ops.as_array().is_some_and(verifies))
        {
            return None;
        }
        let kid = text("kid").filter(|kid| (1..=MAX_KID_BYTES).contains(&kid.len()))?;
        let kind = match (text("kty")?, text("crv")) {
            ("RSA", _) => rsa(text("n")?, text("e")?)?,
            ("EC", Some("P-256")) => Kind::P256(point(text("x")?, text("y")?, 32)?),
            ("EC", Some("P-384")) => Kind::P384(point(text("x")?, text("y")?, 48)?),
            ("OKP", Some("Ed25519")) => Kind::Ed25519(PublicKey::from_base64url(text("x")?).ok()?),
            _ => return None,
        };
        Some(Self {
            kid: kid.to_owned(),
            alg: text("alg").map(str::to_owned),
            kind,
        })
    }

    /// Whether the key's kind, and what its publisher says of it, let it be used with an algorithm.
    fn may(&self, algorithm: Algorithm) -> bool {
        use Algorithm as A;
        let kind = match self.kind {
            Kind::Rsa(_) => matches!(
                algorithm,
                A::RS256 | A::RS384 | A::RS512 | A::PS256 | A::PS384 | A::PS512
            ),
            Kind::P256(_) => algorithm == A::ES256,
            Kind::P384(_) => algorithm == A::ES384,
            Kind::Ed25519(_) => algorithm == A::EdDSA,
        };
        let names = |alg: &str| {
            alg == format!("{algorithm:?}") || (alg == "Ed25519" && algorithm == A::EdDSA)
        };
        kind && self.alg.as_deref().is_none_or(names)
    }

    fn verifies(&self, algorithm: Algorithm, message: &str, signature: &str) -> bool {
        match &self.kind {
            Kind::Ed25519(key) => decode(signature)
                .is_some_and(|signature| key.verifies(message.as_bytes(), &signature)),
            Kind::Rsa(key) | Kind::P256(key) | Kind::P384(key) => {
                jsonwebtoken::crypto::verify(signature, message.as_bytes(), key, algorithm)
                    .unwrap_or(false)
            }
        }
    }
}

fn rsa(modulus: &str, exponent: &str) -> Option<Kind> {
    let (modulus, exponent) = (decode(modulus)?, decode(exponent)?);
    let leading = modulus.iter().take_while(|byte| **byte == 0).count();
    let odd = exponent.last().is_some_and(|byte| byte % 2 == 1);
    let of_use = RSA_BYTES.contains(&(modulus.len() - leading))
        && (1..=MAX_EXPONENT_BYTES).contains(&exponent.len())
        && odd
        && exponent != [1];
    of_use.then(|| Kind::Rsa(DecodingKey::from_rsa_raw_components(&modulus, &exponent)))
}

fn point(x: &str, y: &str, size: usize) -> Option<DecodingKey> {
    let fits = |coordinate: &str| decode(coordinate).is_some_and(|bytes| bytes.len() == size);
    (fits(x) && fits(y))
        .then(|| DecodingKey::from_ec_components(x, y).ok())
        .flatten()
}
