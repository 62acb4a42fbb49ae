//! Enrolment tokens, the proof that an agent has its key, and the id of its host.
//!
//! A token is `bhe_ID_SECRET` with 16 and 64 hex digits. The secret has 256 random bits, so one SHA-256 is all that is
//! kept of it: there is nothing to guess that a slow hash would protect.

use std::fmt;

use schemas::{HostId, TenantId, TokenId};
use secrecy::{ExposeSecret, SecretBox, SecretString};
use subtle::ConstantTimeEq;

use crate::keys::{AgentKey, PublicKey, Sign, decode, encode, sha256};

/// How every enrolment token begins, so that scanners of leaked secrets can find it.
pub const PREFIX: &str = "bhe_";
/// What the proof signs before the token.
const PROOF_PREFIX: &str = "bulkhead-enrol:";

/// Text that is not an enrolment token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an enrolment token is `bhe_`, 16 hexadecimal digits, `_` and 64 hexadecimal digits")]
pub struct InvalidToken;

/// An enrolment token with its secret.
pub struct EnrolmentToken {
    id: TokenId,
    secret: SecretBox<[u8; 32]>,
}

impl EnrolmentToken {
    /// The token of random bytes.
    ///
    /// # Errors
    /// Never with hexadecimal ids; the type of the id insists on its alphabet.
    pub fn new(id: [u8; 8], secret: SecretBox<[u8; 32]>) -> Result<Self, InvalidToken> {
        let id = hex::encode(id).parse().map_err(|_| InvalidToken)?;
        Ok(Self { id, secret })
    }

    /// The token of its text.
    ///
    /// # Errors
    /// [`InvalidToken`].
    pub fn parse(text: &str) -> Result<Self, InvalidToken> {
        let (id, secret) = text
            .trim()
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split_once('_'))
            .ok_or(InvalidToken)?;
        let lowercase_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if id.len() != 16
            || secret.len() != 64
            || !id.bytes().chain(secret.bytes()).all(lowercase_hex)
        {
            return Err(InvalidToken);
        }
        let mut bytes = Box::new([0_u8; 32]);
        hex::decode_to_slice(secret, bytes.as_mut_slice()).map_err(|_| InvalidToken)?;
        Ok(Self {
            id: id.parse().map_err(|_| InvalidToken)?,
            secret: SecretBox::new(bytes),
        })
    }

    /// The public half, under which the token is listed and revoked.
    pub fn id(&self) -> &TokenId {
        &self.id
    }

    /// The whole text, to be shown once.
    pub fn reveal(&self) -> SecretString {
        format!(
            "{PREFIX}{}_{}",
            self.id,
            hex::encode(self.secret.expose_secret())
        )
        .into()
    }

    /// What is kept of the secret: its SHA-256 as hex.
    pub fn hash(&self) -> String {
        hex::encode(sha256(self.secret.expose_secret()))
    }

    /// Whether this token has the kept hash, in constant time.
    pub fn has_hash(&self, kept: &str) -> bool {
        self.hash().as_bytes().ct_eq(kept.as_bytes()).into()
    }
}

impl fmt::Debug for EnrolmentToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnrolmentToken")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// The proof that an agent has its key: a signature over `bulkhead-enrol:` and the token's text, base64url.
pub fn prove(token: &str, key: &AgentKey) -> String {
    encode(&key.sign(format!("{PROOF_PREFIX}{}", token.trim()).as_bytes()))
}

/// Whether this is the proof of the holder of `key` for this token.
pub fn is_proof(token: &str, key: &PublicKey, proof: &str) -> bool {
    // 64 bytes are 86 characters.
    proof.len() == 86
        && decode(proof).is_some_and(|signature| {
            key.verifies(
                format!("{PROOF_PREFIX}{}", token.trim()).as_bytes(),
                &signature,
            )
        })
}

/// The id of a host: the same machine of the same tenant has the same id, and another tenant's never.
///
/// # Errors
/// Never with hexadecimal ids; the type of the id insists on its alphabet.
pub fn host_id(tenant: &TenantId, machine: &str) -> Result<HostId, InvalidToken> {
    let digest = sha256(format!("bulkhead-host:{tenant}\n{machine}").as_bytes());
    let (half, _) = digest.split_at(16);
    format!("h-{}", hex::encode(half))
        .parse()
        .map_err(|_| InvalidToken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> EnrolmentToken {
        EnrolmentToken::new([0xab; 8], SecretBox::new(Box::new([0xcd; 32]))).unwrap()
    }

    #[test]
    fn a_token_survives_its_text_and_only_its_hash_is_kept() {
        let text = token().reveal().expose_secret().to_owned();
        assert_eq!(text, format!("bhe_{}_{}", "ab".repeat(8), "cd".repeat(32)));
        let parsed = EnrolmentToken::parse(&format!(" {text}\n")).unwrap();
        assert_eq!(parsed.id().as_str(), "ab".repeat(8));
        assert!(parsed.has_hash(&token().hash()));
        assert!(!parsed.hash().contains(&"cd".repeat(8)));
        assert!(!format!("{parsed:?}").contains("cdcd"));
        for bad in [
            "",
            "bhe_",
            "bhe_x_y",
            &text[1..],
            &text[..text.len() - 1],
            &format!("{text}0"),
            &text.to_uppercase(),
        ] {
            assert!(EnrolmentToken::parse(bad).is_err(), "{bad}");
        }
        let other = EnrolmentToken::new([0xab; 8], SecretBox::new(Box::new([1; 32]))).unwrap();
        assert!(!other.has_hash(&token().hash()));
    }

    #[test]
    fn a_proof_is_of_one_key_and_one_token() {
        let key = AgentKey::from_seed(SecretBox::new(Box::new([1; 32])));
        let other = AgentKey::from_seed(SecretBox::new(Box::new([2; 32])));
        let proof = prove("bhe_1", &key);
        assert!(is_proof("bhe_1", &key.public(), &proof));
        assert!(!is_proof("bhe_2", &key.public(), &proof));
        assert!(!is_proof("bhe_1", &other.public(), &proof));
        assert!(!is_proof("bhe_1", &key.public(), ""));
    }

    #[test]
    fn one_machine_is_another_host_for_another_tenant() {
        let (a, b) = ("a".parse().unwrap(), "b".parse().unwrap());
        assert_eq!(host_id(&a, "m").unwrap(), host_id(&a, "m").unwrap());
        assert_ne!(host_id(&a, "m").unwrap(), host_id(&b, "m").unwrap());
        assert_ne!(host_id(&a, "m").unwrap(), host_id(&a, "n").unwrap());
    }
}
