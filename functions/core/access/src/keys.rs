//! Ed25519 keys (RFC 8032) with their text form, base64url without padding.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use jsonwebtoken::EncodingKey;
use secrecy::{ExposeSecret, SecretBox};
use sha2::{Digest, Sha256};

/// Why bytes or text are not a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not base64url without padding.
    #[error("a public key is base64url text without padding")]
    Text,
    /// Not 32 bytes.
    #[error("a public key has 32 bytes")]
    Length,
    /// No point of the curve, or one of the few under which anything verifies.
    #[error("the public key is not a usable Ed25519 key")]
    Weak,
}

/// Whatever can sign with one Ed25519 key.
pub trait Sign {
    /// The signature of a message.
    fn sign(&self, message: &[u8]) -> [u8; 64];

    /// The key as tokens are signed with it.
    fn encoding_key(&self) -> EncodingKey;
}

/// A signing key of an agent.
pub struct AgentKey {
    seed: SecretBox<[u8; 32]>,
    key: SigningKey,
}

impl AgentKey {
    /// The key of 32 random bytes.
    pub fn from_seed(seed: SecretBox<[u8; 32]>) -> Self {
        let key = SigningKey::from_bytes(seed.expose_secret());
        Self { seed, key }
    }

    /// The bytes that the key is made of, to be kept where only the agent reads.
    pub fn seed(&self) -> &SecretBox<[u8; 32]> {
        &self.seed
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.key.verifying_key())
    }
}

impl Sign for AgentKey {
    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }

    fn encoding_key(&self) -> EncodingKey {
        EncodingKey::from_ed_der(&pkcs8_der(self.seed.expose_secret()))
    }
}

/// An Ed25519 key as PKCS #8 DER (RFC 8410, section 7): SEQUENCE { INTEGER 0, SEQUENCE { OID 1.3.101.112 },
/// OCTET STRING { OCTET STRING seed } }.
fn pkcs8_der(seed: &[u8; 32]) -> Vec<u8> {
    const HEAD: [u8; 16] = [
        0x30, 0x2e, 0x02, 0x01, 0, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
    ];
    [HEAD.as_slice(), seed.as_slice()].concat()
}

impl fmt::Debug for AgentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AgentKey")
            .field("public", &self.public())
            .finish_non_exhaustive()
    }
}

/// A public key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// The key of these bytes.
    ///
    /// # Errors
    /// [`KeyError::Weak`] for what is no key, or one under which anything verifies.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::Weak)?;
        if key.is_weak() {
            return Err(KeyError::Weak);
        }
        Ok(Self(key))
    }

    /// The key of its text form.
    ///
    /// # Errors
    /// Says what is wrong with the text.
    pub fn from_base64url(text: &str) -> Result<Self, KeyError> {
        // 32 bytes are 43 characters; anything else is not worth decoding.
        if text.len() != 43 {
            return Err(KeyError::Length);
        }
        let bytes = decode(text).ok_or(KeyError::Text)?;
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| KeyError::Length)?;
        Self::from_bytes(&bytes)
    }

    /// The text form.
    pub fn to_base64url(&self) -> String {
        encode(self.0.as_bytes())
    }

    /// The 32 bytes.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// Whether this is the signature of the message, in the strict reading that leaves one signature per message.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature)
            .is_ok_and(|signature| self.0.verify_strict(message, &signature).is_ok())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_base64url())
    }
}

/// Bytes as base64url without padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes of base64url text without padding; nothing for any other text.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// The SHA-256 of bytes.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_survive_their_text_and_weak_ones_are_refused() {
        let key = AgentKey::from_seed(SecretBox::new(Box::new([7; 32])));
        let text = key.public().to_base64url();
        assert_eq!(PublicKey::from_base64url(&text).unwrap(), key.public());
        assert!(!format!("{key:?}").contains(&encode(&[7; 32])));
        // The neutral point: every message would have a signature that verifies.
        let mut neutral = [0_u8; 32];
        neutral[0] = 1;
        assert_eq!(PublicKey::from_bytes(&neutral), Err(KeyError::Weak));
        assert_eq!(PublicKey::from_base64url("AA"), Err(KeyError::Length));
        assert_eq!(
            PublicKey::from_base64url(&"=".repeat(43)),
            Err(KeyError::Text)
        );
    }

    #[test]
    fn only_the_signed_message_verifies() {
        let key = AgentKey::from_seed(SecretBox::new(Box::new([7; 32])));
        let signature = key.sign(b"one");
        assert!(key.public().verifies(b"one", &signature));
        assert!(!key.public().verifies(b"two", &signature));
        assert!(!key.public().verifies(b"one", &signature[..63]));
        let other = AgentKey::from_seed(SecretBox::new(Box::new([8; 32])));
        assert!(!other.public().verifies(b"one", &signature));
    }
}
