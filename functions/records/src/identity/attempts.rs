//! Attempts to sign in: after a few failures the door stays shut for longer and longer.
//!
//! An attempt is counted before the password is looked at, so that many at once gain nothing, and it is counted for
//! logins that nobody has too, so that the count tells nothing about who exists.

use access::keys::sha256;
use platform::{Condition, TableError};
use schemas::{TenantId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Identity, IdentityError, encode, tenant_key};

const NOUN: &str = "sign-in-attempts";
/// Failures that are free.
const FREE: u32 = 5;
/// The first pause, in ms; each further failure doubles it.
const FIRST_PAUSE_MS: i64 = 15_000;
/// The longest pause, in ms.
const LONGEST_PAUSE_MS: i64 = 15 * 60_000;
/// How long failures are remembered, in ms.
const MEMORY_MS: i64 = 60 * 60_000;

#[derive(Clone, Default, Serialize, Deserialize)]
struct Attempts {
    count: u32,
    shut_until: Option<Timestamp>,
}

impl Identity {
    /// Counts an attempt. `Some(moment)` means that the door is shut until then, and nothing is to be tried.
    ///
    /// # Errors
    /// When the table fails, or many attempts come at once.
    pub async fn begin_sign_in(
        &self,
        tenant: &TenantId,
        login: &str,
    ) -> Result<Option<Timestamp>, IdentityError> {
        let key = attempts_key(tenant, login);
        for _ in 0..super::ATTEMPTS {
            let now = self.now();
            let found = self.read::<Attempts>(NOUN, &key).await?;
            let condition = match &found {
                Some((_, version)) => Condition::VersionIs(*version),
                None => Condition::NotExists,
            };
            let mut attempts = found.map(|(attempts, _)| attempts).unwrap_or_default();
            if let Some(until) = attempts.shut_until
                && until > now
            {
                return Ok(Some(until));
            }
            attempts.count = attempts.count.saturating_add(1);
            attempts.shut_until = attempts
                .count
                .checked_sub(FREE)
                .map(|over| now.plus_ms(pause_ms(over)));
            let forget = now.plus_ms(MEMORY_MS).as_s();
            let item = encode(NOUN, key.clone(), &attempts)?
                .with_expiry(u64::try_from(forget).unwrap_or(0));
            match self.platform.table.put(item, condition).await {
                Ok(_) => return Ok(None),
                Err(TableError::ConditionFailed { .. } | TableError::Conflict) => {}
                Err(error) => return Err(IdentityError::Table(NOUN, error)),
            }
        }
        Err(IdentityError::Busy(NOUN))
    }

    /// Forgets the attempts after one that succeeded.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn end_sign_in(&self, tenant: &TenantId, login: &str) -> Result<(), IdentityError> {
        self.platform
            .table
            .delete(&attempts_key(tenant, login), Condition::None)
            .await
            .map_err(|error| IdentityError::Table(NOUN, error))
    }
}

/// Logins are text from outside; their digest is a key of fixed form.
fn attempts_key(tenant: &TenantId, login: &str) -> platform::Key {
    let digest = schemas::Digest::from_sha256(&sha256(login.as_bytes()));
    tenant_key(tenant, NOUN, digest.hex())
}

/// The pause after so many failures over the free ones.
fn pause_ms(over: u32) -> i64 {
    FIRST_PAUSE_MS
        .saturating_mul(1_i64 << over.min(16))
        .min(LONGEST_PAUSE_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_up_to_a_quarter_of_an_hour() {
        assert_eq!(pause_ms(0), 15_000);
        assert_eq!(pause_ms(1), 30_000);
        assert_eq!(pause_ms(6), 900_000);
        assert_eq!(pause_ms(u32::MAX), 900_000);
    }
}
