//! API keys: what scripts show instead of a session.
//!
//! A key is `bhk_ID_SECRET` with 16 and 72 hexadecimal digits; the last 8 of the secret are the first of the SHA-256 of all
//! before, so that a scanner of leaked secrets tells a key from what only looks like one, without asking anybody. The secret
//! has 256 random bits, so one SHA-256 is all that is kept of it: there is nothing to guess that a slow hash would protect,
//! and every request of a script would pay for it.

use std::fmt;

use schemas::TokenId;
use secrecy::{ExposeSecret, SecretBox, SecretString};
use subtle::ConstantTimeEq;

use crate::keys::sha256;

/// How every key begins.
pub const PREFIX: &str = "bhk_";

/// Text that is not an API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an API key is `bhk_`, 16 hexadecimal digits, `_` and 72 hexadecimal digits; one or more of them differ from those that were shown when it was made"
)]
pub struct InvalidApiKey;

/// An API key with its secret.
pub struct ApiKeyText {
    id: TokenId,
    secret: SecretBox<[u8; 32]>,
}

impl ApiKeyText {
    /// The key of random bytes.
    ///
    /// # Errors
    /// Never with hexadecimal ids; the type of the id insists on its alphabet.
    pub fn new(id: [u8; 8], secret: SecretBox<[u8; 32]>) -> Result<Self, InvalidApiKey> {
        let id = hex::encode(id).parse().map_err(|_| InvalidApiKey)?;
        Ok(Self { id, secret })
    }

    /// The key of its text.
    ///
    /// # Errors
    /// [`InvalidApiKey`], also when a digit was mistyped.
    pub fn parse(text: &str) -> Result<Self, InvalidApiKey> {
        let (whole, sum) = text
            .split_at_checked(text.len().saturating_sub(8))
            .ok_or(InvalidApiKey)?;
        let (id, secret) = whole
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split_once('_'))
            .ok_or(InvalidApiKey)?;
        let lowercase_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if id.len() != 16
            || secret.len() != 64
            || !id.bytes().chain(secret.bytes()).all(lowercase_hex)
            || sum != checksum(whole)
        {
            return Err(InvalidApiKey);
        }
        let mut bytes = Box::new([0_u8; 32]);
        hex::decode_to_slice(secret, bytes.as_mut_slice()).map_err(|_| InvalidApiKey)?;
        Ok(Self {
            id: id.parse().map_err(|_| InvalidApiKey)?,
            secret: SecretBox::new(bytes),
        })
    }

    /// The public half, under which the key is listed and revoked.
    #[must_use]
    pub fn id(&self) -> &TokenId {
        &self.id
    }

    /// The whole text, to be shown once.
    #[must_use]
    pub fn reveal(&self) -> SecretString {
        let secret = hex::encode(self.secret.expose_secret());
        let mut text = format!("{PREFIX}{}_{secret}", self.id);
        text.push_str(&checksum(&text));
        text.into()
    }

    /// What is kept of the secret: its SHA-256 as hex.
    #[must_use]
    pub fn hash(&self) -> String {
        hex::encode(sha256(self.secret.expose_secret()))
    }

    /// Whether this key has the kept hash, in constant time.
    #[must_use]
    pub fn has_hash(&self, kept: &str) -> bool {
        self.hash().as_bytes().ct_eq(kept.as_bytes()).into()
    }
}

impl fmt::Debug for ApiKeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeyText")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

fn checksum(text: &str) -> String {
    let mut digits = hex::encode(sha256(text.as_bytes()));
    digits.truncate(8);
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> ApiKeyText {
        ApiKeyText::new([0xab; 8], SecretBox::new(Box::new([0xcd; 32]))).unwrap()
    }

    #[test]
    fn a_key_survives_its_text_and_only_its_hash_is_kept() {
        let text = key().reveal().expose_secret().to_owned();
        // The form is a promise to scanners: `printf bhk_abab…_cdcd… | sha256sum | cut -c -8`.
        let expected = format!("bhk_{}_{}", "ab".repeat(8), "cd".repeat(32));
        assert_eq!(text, format!("{expected}bfe789a5"));
        let parsed = ApiKeyText::parse(&text).unwrap();
        assert_eq!(parsed.id(), key().id());
        assert!(parsed.has_hash(&key().hash()));
        assert!(!key().hash().contains("cdcdcdcd"));
        assert!(!format!("{parsed:?}").contains("cdcd"));
        let other = ApiKeyText::new([0xab; 8], SecretBox::new(Box::new([1; 32]))).unwrap();
        assert!(!other.has_hash(&key().hash()));
    }

    #[test]
    fn what_is_mistyped_or_made_up_is_no_key() {
        let text = key().reveal().expose_secret().to_owned();
        for at in 0..text.len() {
            let mut altered = text.clone().into_bytes();
            altered[at] = if altered[at] == b'0' { b'1' } else { b'0' };
            let altered = String::from_utf8(altered).unwrap();
            assert!(ApiKeyText::parse(&altered).is_err(), "{altered}");
        }
        for bad in [
            "",
            "bhk_",
            "bhk_x_y",
            "ééééé",
            &text[1..],
            &text[..92],
            &text.to_uppercase(),
        ] {
            assert!(ApiKeyText::parse(bad).is_err(), "{bad}");
        }
    }
}
