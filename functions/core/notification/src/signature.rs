//! Signatures of webhooks. Source: Standard Webhooks, "Symmetric signatures".

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

/// What a secret begins with.
const PREFIX: &str = "whsec_";
/// Bytes of the secrets that are made here.
pub const SECRET_BYTES: usize = 32;
/// Fewest and most bytes of a secret that somebody brings.
const BOUNDS: std::ops::RangeInclusive<usize> = 24..=64;

/// Why a text is no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// It does not begin as secrets do, or is not base64 from there.
    #[error("a signing secret is `whsec_` and base64")]
    Form,
    /// It is too short or too long.
    #[error("a signing secret has 24 to 64 bytes, written in base64 after `whsec_`")]
    Length,
}

/// A secret that both ends of a webhook know.
#[derive(Clone, Debug)]
pub struct SigningSecret(SecretString);

impl SigningSecret {
    /// The secret of these random bytes.
    pub fn new(random: &[u8; SECRET_BYTES]) -> Self {
        Self(format!("{PREFIX}{}", BASE64_STANDARD.encode(random)).into())
    }

    /// The secret in a text.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let bytes = key(text).ok_or(SecretError::Form)?;
        if BOUNDS.contains(&bytes.len()) {
            Ok(Self(text.to_owned().into()))
        } else {
            Err(SecretError::Length)
        }
    }

    /// The secret as text, for who receives it and to be sealed.
    pub fn text(&self) -> &SecretString {
        &self.0
    }
}

/// The value of `webhook-signature`: a signature with each secret, of which there are two while one replaces the other.
pub fn signatures(secrets: &[SigningSecret], id: &str, timestamp_s: i64, body: &str) -> String {
    let signed: Vec<String> = secrets
        .iter()
        .filter_map(|secret| {
            let key = key(secret.0.expose_secret())?;
            // Any length is a key of HMAC.
            let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
            mac.update(format!("{id}.{timestamp_s}.{body}").as_bytes());
            let code = BASE64_STANDARD.encode(mac.finalize().into_bytes());
            Some(format!("v1,{code}"))
        })
        .collect();
    signed.join(" ")
}

fn key(text: &str) -> Option<Vec<u8>> {
    BASE64_STANDARD.decode(text.strip_prefix(PREFIX)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_of_somebody_s_own_has_the_form_and_enough_bytes() {
        let made = SigningSecret::new(&[7; SECRET_BYTES]);
        assert!(SigningSecret::parse(made.text().expose_secret()).is_ok());
        let short = format!("whsec_{}", BASE64_STANDARD.encode([1; 23]));
        assert_eq!(
            SigningSecret::parse(&short).unwrap_err(),
            SecretError::Length
        );
        for odd in ["", "whsec_", "secret", "whsec_%%%", "WHSEC_AAAA"] {
            assert!(SigningSecret::parse(odd).is_err(), "{odd}");
        }
        assert!(!format!("{made:?}").contains("BwcH"), "it is not printed");
    }
}
