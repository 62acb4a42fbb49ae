//! Tokens of sessions whose signatures were verified: the same bytes need not be verified with each request.
//!
//! Only what a signature proves is remembered. Whether the token's time is over, and whether its session, person and roles
//! still hold, is judged each time. Kept under its hash, so that the memory of a process has no token.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use access::{
    PublicKey,
    keys::sha256,
    session::{self, Session, SessionError},
};
use schemas::Timestamp;

/// Most tokens that are remembered; each takes some hundred bytes and 15 minutes.
const MOST: usize = 10_000;

/// Tokens that were verified with one key.
#[derive(Debug, Default)]
pub(crate) struct Verified(Mutex<HashMap<[u8; 32], Arc<Session>>>);

impl Verified {
    /// What a token says that was verified before, and whose time is now.
    ///
    /// # Errors
    /// When its time is over.
    pub(crate) fn known(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<Arc<Session>>, SessionError> {
        let hash = sha256(token.as_bytes());
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = all.get(&hash).cloned() else {
            return Ok(None);
        };
        known.holds_at(now)?;
        Ok(Some(known))
    }

    /// Verifies a token, and remembers it if it holds.
    ///
    /// # Errors
    /// Says why it is none of a session.
    pub(crate) fn verify(
        &self,
        token: &str,
        key: &PublicKey,
        now: Timestamp,
    ) -> Result<Arc<Session>, SessionError> {
        let session = Arc::new(session::verify(token, key, now)?);
        let hash = sha256(token.as_bytes());
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            all.retain(|_, known| known.holds_at(now).is_ok());
            // Where most are in use, going through them again for each newcomer would cost more than it saves.
            if all.len() > MOST / 2 {
                all.clear();
            }
        }
        all.insert(hash, Arc::clone(&session));
        Ok(session)
    }
}

#[cfg(test)]
mod tests {
    use access::AgentKey;
    use secrecy::SecretBox;

    use super::*;

    #[test]
    fn a_token_that_was_verified_is_known_until_its_time_is_over_and_no_other_is() {
        let key = AgentKey::from_seed(SecretBox::new(Box::new([7; 32])));
        let person = session::Person {
            user: "ada".parse().unwrap(),
            tenant: "default".parse().unwrap(),
            must_change_password: false,
            password_version: 1,
        };
        let (id, now) = (
            "0011223344556677".parse().unwrap(),
            Timestamp::from_ms(1_000_000),
        );
        let (issued, token) = session::issue(person, &id, now, [1; 16], &key).unwrap();
        let verified = Verified::default();
        assert_eq!(verified.known(&token, now), Ok(None));
        let other = AgentKey::from_seed(SecretBox::new(Box::new([8; 32])));
        assert!(verified.verify(&token, &other.public(), now).is_err());
        assert_eq!(verified.known(&token, now), Ok(None));
        verified.verify(&token, &key.public(), now).unwrap();
        assert_eq!(verified.known(&token, now), Ok(Some(Arc::new(issued))));
        // Neither another one nor one that begins alike.
        assert_eq!(verified.known(&token[..token.len() - 1], now), Ok(None));
        let end = now.plus_ms(session::LIFETIME_S * 1000);
        assert!(verified.known(&token, end.plus_ms(-1)).unwrap().is_some());
        assert_eq!(verified.known(&token, end), Err(SessionError::Expired));
        assert_eq!(
            verified.known(&token, now.plus_ms(-62_000)),
            Err(SessionError::Expired)
        );
    }
}
