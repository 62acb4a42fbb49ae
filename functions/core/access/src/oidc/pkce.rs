//! Proof key for code exchange (RFC 7636), method `S256` only.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use crate::keys::{encode, sha256};

/// The secret of one sign-in: only who began it can trade its code.
pub struct Pkce {
    verifier: SecretString,
}

impl Pkce {
    /// The proof of 32 random bytes.
    #[must_use]
    pub fn new(random: [u8; 32]) -> Self {
        Self {
            verifier: encode(&random).into(),
        }
    }

    /// What the code is traded with; it leaves this service only for the token endpoint.
    #[must_use]
    pub fn verifier(&self) -> &SecretString {
        &self.verifier
    }

    /// What the authorization request carries.
    #[must_use]
    pub fn challenge(&self) -> String {
        challenge(self.verifier.expose_secret())
    }
}

impl fmt::Debug for Pkce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pkce")
    }
}

/// The challenge of a verifier: its SHA-256 as base64url.
#[must_use]
pub fn challenge(verifier: &str) -> String {
    encode(&sha256(verifier.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7636, appendix B.
    #[test]
    fn the_challenge_is_that_of_the_standard() {
        assert_eq!(
            challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
        let pkce = Pkce::new([7; 32]);
        assert_eq!(pkce.verifier().expose_secret().len(), 43);
        assert_eq!(pkce.challenge(), challenge(pkce.verifier().expose_secret()));
        assert!(!format!("{pkce:?}").contains(pkce.verifier().expose_secret()));
    }
}
