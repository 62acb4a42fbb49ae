//! Keys: named secrets that are made at their first use and kept by the platform.
//!
//! A key service in the cloud only wraps them (it is too slow and too dear to ask it for every
//! signature), so the port hands out key material in types that never print it.

use async_trait::async_trait;
use ed25519_dalek::{Signer, Verifier};
use secrecy::{ExposeSecret, SecretBox};

use super::Source;
use crate::hmac::hmac_sha256;

/// Longest key name, in bytes.
pub const MAX_KEY_NAME_BYTES: usize = 64;

/// Why a key could not be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Names are 1 to 64 of `a–z 0–9 -`.
    #[error("invalid key name {0:?}")]
    InvalidName(String),
    /// What is stored under the name is not a key.
    #[error("the stored key {0:?} is damaged")]
    Damaged(String),
    /// No randomness could be had.
    #[error("no randomness")]
    Random(#[source] Source),
    /// The key store could not be reached or failed.
    #[error("the key store is unavailable")]
    Unavailable(#[source] Source),
}

/// An Ed25519 signing key (RFC 8032).
pub struct SigningKey {
    seed: SecretBox<[u8; 32]>,
    key: ed25519_dalek::SigningKey,
}

impl SigningKey {
    /// The key of a 32-byte seed.
    #[must_use]
    pub fn from_seed(seed: SecretBox<[u8; 32]>) -> Self {
        let key = ed25519_dalek::SigningKey::from_bytes(seed.expose_secret());
        Self { seed, key }
    }

    /// The signature of a message.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    /// The key as PKCS #8 DER (RFC 8410), for libraries that read it so.
    #[must_use]
    pub fn pkcs8_der(&self) -> SecretBox<Vec<u8>> {
        // SEQUENCE { INTEGER 0, SEQUENCE { OID 1.3.101.112 }, OCTET STRING { OCTET STRING seed } }
        const HEAD: [u8; 16] = [
            0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22,
            0x04, 0x20,
        ];
        SecretBox::new(Box::new(
            [HEAD.as_slice(), self.seed.expose_secret().as_slice()].concat(),
        ))
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey")
            .field("public", &hex::encode(self.public()))
            .finish_non_exhaustive()
    }
}

/// Whether `signature` is the signature of `message` by the holder of `public`. Anything malformed is
/// simply not a signature.
#[must_use]
pub fn verify(public: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let Ok(public) = <[u8; 32]>::try_from(public) else {
        return false;
    };
    let Ok(signature) = ed25519_dalek::Signature::from_slice(signature) else {
        return false;
    };
    ed25519_dalek::VerifyingKey::from_bytes(&public)
        .is_ok_and(|key| !key.is_weak() && key.verify(message, &signature).is_ok())
}

/// A key for HMAC-SHA256 (RFC 2104).
pub struct MacKey {
    secret: SecretBox<[u8; 32]>,
}

impl MacKey {
    /// The key of 32 bytes.
    #[must_use]
    pub fn new(secret: SecretBox<[u8; 32]>) -> Self {
        Self { secret }
    }

    /// The authentication code of a message.
    #[must_use]
    pub fn mac(&self, message: &[u8]) -> [u8; 32] {
        hmac_sha256(self.secret.expose_secret(), &[message])
    }

    /// Whether `mac` is the authentication code of `message`, compared in constant time.
    #[must_use]
    pub fn verify(&self, message: &[u8], mac: &[u8]) -> bool {
        let right = self.mac(message);
        let differences = right
            .iter()
            .zip(mac)
            .fold(0_u8, |seen, (a, b)| seen | (a ^ b));
        mac.len() == right.len() && std::hint::black_box(differences) == 0
    }

    /// The bytes of the key, for libraries that sign with it themselves.
    #[must_use]
    pub fn secret(&self) -> &SecretBox<[u8; 32]> {
        &self.secret
    }
}

impl std::fmt::Debug for MacKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MacKey").finish_non_exhaustive()
    }
}

/// Named keys. Every caller gets the same key under the same name, for as long as the data lives. Ask
/// once and keep the answer: on some platforms each call is a request.
#[async_trait]
pub trait Keys: Send + Sync {
    /// The Ed25519 key of this name, made at its first use.
    async fn signing_key(&self, name: &str) -> Result<SigningKey, KeyError>;

    /// The HMAC key of this name, made at its first use. A signing key of the same name is another key.
    async fn mac_key(&self, name: &str) -> Result<MacKey, KeyError>;

    /// Fills `into` with randomness fit for keys.
    fn random(&self, into: &mut [u8]) -> Result<(), KeyError>;
}
