//! What renews a session, or is one in a browser's cookie: `bhs_TENANT:USER:SESSION:FAMILY:SECRET`.
//!
//! The last part changes with each renewal, the one before it never does. So somebody who shows the right family with
//! another secret has, or had, a secret of this session that was replaced: it was copied, or answered and lost. Somebody
//! without the family guesses, and ends nobody's session by it. Both have 128 random bits or more, so one SHA-256 is all
//! that is kept of them: there is nothing to guess that a slow hash would protect.

use std::fmt;

use schemas::{SessionId, TenantId, UserId};
use secrecy::{ExposeSecret, SecretBox, SecretString};
use subtle::ConstantTimeEq;

use crate::keys::sha256;

/// How every such secret begins, so that scanners of leaked secrets can find it.
pub const PREFIX: &str = "bhs_";
/// Longest text that is looked at, in bytes.
const MAX_BYTES: usize = 512;

/// Text that is no secret of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no secret of a session")]
pub struct InvalidSecret;

/// The secret of a session.
pub struct SessionSecret {
    tenant: TenantId,
    user: UserId,
    session: SessionId,
    family: SecretBox<[u8; 16]>,
    secret: SecretBox<[u8; 32]>,
}

impl SessionSecret {
    /// The first secret of a session, of random bytes.
    pub fn new(
        tenant: TenantId,
        user: UserId,
        session: SessionId,
        family: SecretBox<[u8; 16]>,
        secret: SecretBox<[u8; 32]>,
    ) -> Self {
        Self {
            tenant,
            user,
            session,
            family,
            secret,
        }
    }

    /// The secret that replaces this one.
    #[must_use]
    pub fn next(self, secret: SecretBox<[u8; 32]>) -> Self {
        Self { secret, ..self }
    }

    /// The secret of its text.
    ///
    /// # Errors
    /// [`InvalidSecret`].
    pub fn parse(text: &str) -> Result<Self, InvalidSecret> {
        if text.len() > MAX_BYTES {
            return Err(InvalidSecret);
        }
        let rest = text.trim().strip_prefix(PREFIX).ok_or(InvalidSecret)?;
        let parts: Vec<_> = rest.split(':').collect();
        let [tenant, user, session, family, secret] = parts.as_slice() else {
            return Err(InvalidSecret);
        };
        let mut first = Box::new([0_u8; 16]);
        let mut last = Box::new([0_u8; 32]);
        hex::decode_to_slice(family, first.as_mut_slice()).map_err(|_| InvalidSecret)?;
        hex::decode_to_slice(secret, last.as_mut_slice()).map_err(|_| InvalidSecret)?;
        Ok(Self {
            tenant: tenant.parse().map_err(|_| InvalidSecret)?,
            user: user.parse().map_err(|_| InvalidSecret)?,
            session: session.parse().map_err(|_| InvalidSecret)?,
            family: SecretBox::new(first),
            secret: SecretBox::new(last),
        })
    }

    /// The tenant of whose session it is.
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// Whose session it is.
    pub fn user(&self) -> &UserId {
        &self.user
    }

    /// The session.
    pub fn session(&self) -> &SessionId {
        &self.session
    }

    /// The whole text, which only its owner is told.
    pub fn reveal(&self) -> SecretString {
        format!(
            "{PREFIX}{}:{}:{}:{}:{}",
            self.tenant,
            self.user,
            self.session,
            hex::encode(self.family.expose_secret()),
            hex::encode(self.secret.expose_secret())
        )
        .into()
    }

    /// What is kept of the part that stays: its SHA-256 as hex.
    pub fn family_hash(&self) -> String {
        hex::encode(sha256(self.family.expose_secret()))
    }

    /// What is kept of the part that changes: its SHA-256 as hex.
    pub fn hash(&self) -> String {
        hex::encode(sha256(self.secret.expose_secret()))
    }

    /// Whether it is of the session with this kept hash, be it its latest secret or not, in constant time.
    pub fn is_of_family(&self, kept: &str) -> bool {
        self.family_hash().as_bytes().ct_eq(kept.as_bytes()).into()
    }

    /// Whether it is the secret with this kept hash, in constant time.
    pub fn has_hash(&self, kept: &str) -> bool {
        self.hash().as_bytes().ct_eq(kept.as_bytes()).into()
    }
}

impl fmt::Debug for SessionSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionSecret")
            .field("tenant", &self.tenant)
            .field("user", &self.user)
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(family: u8, secret: u8) -> SessionSecret {
        SessionSecret::new(
            "a_b.c".parse().unwrap(),
            "ann-1".parse().unwrap(),
            "00ff".parse().unwrap(),
            SecretBox::new(Box::new([family; 16])),
            SecretBox::new(Box::new([secret; 32])),
        )
    }

    #[test]
    fn a_secret_is_read_back_and_told_from_its_successor_and_from_a_guess() {
        let first = secret(1, 2);
        let text = first.reveal();
        let read = SessionSecret::parse(text.expose_secret()).unwrap();
        assert_eq!(read.tenant(), first.tenant());
        assert_eq!(
            (read.user(), read.session()),
            (first.user(), first.session())
        );
        assert!(read.has_hash(&first.hash()) && read.is_of_family(&first.family_hash()));
        let second = read.next(SecretBox::new(Box::new([3; 32])));
        assert!(second.is_of_family(&first.family_hash()) && !second.has_hash(&first.hash()));
        assert!(!secret(9, 2).is_of_family(&first.family_hash()));
        assert!(!format!("{second:?}").contains("0303"));
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        let good = secret(1, 2).reveal().expose_secret().to_owned();
        for bad in [
            String::new(),
            good.replace("bhs_", "bhe_"),
            good.replace("a_b.c", "../x"),
            good.replace("0202", "02"),
            good.replace(":00ff:", ":"),
            format!("{good}:x"),
            "x".repeat(100_000),
        ] {
            assert!(SessionSecret::parse(&bad).is_err(), "{bad:.40}");
        }
    }
}
