//! Attempts to sign in: after a few failures the door stays shut for longer and longer.
//!
//! An attempt is counted before the password is looked at, so that many at once gain nothing, and it is counted for
//! logins that nobody has too, so that the count tells nothing about who exists.
//!
//! Beside that, failures are counted by address, for whoever tries one password for many logins. Strangers have as many
//! addresses as they like, so these are kept in a fixed number of records of a fixed size each: where one is full, the
//! address with the fewest failures gives way.

use std::net::IpAddr;

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

/// Digits of an address's digest that name the record it is counted in: 256 records of a tenant at most.
const ADDRESS_DIGITS: usize = 2;
/// Addresses of a record.
const MAX_ADDRESSES: usize = 32;

/// The addresses of a record.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Addresses {
    #[serde(default)]
    of: Vec<Address>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Address {
    network: String,
    count: u32,
    failed_at: Timestamp,
    #[serde(default)]
    shut_until: Option<Timestamp>,
}

impl Identity {
    /// Until when nothing is tried for an address.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn address_shut_until(
        &self,
        tenant: &TenantId,
        address: IpAddr,
    ) -> Result<Option<Timestamp>, IdentityError> {
        let network = network_of(address);
        let found = self
            .read::<Addresses>(NOUN, &address_key(tenant, &network))
            .await?;
        let now = self.now();
        Ok(found.and_then(|(addresses, _)| {
            let of = addresses.of.into_iter();
            let mut of = of.filter(|known| known.network == network);
            of.next()?.shut_until.filter(|until| *until > now)
        }))
    }

    /// Counts a failure of an address, of which so many are free.
    ///
    /// # Errors
    /// When the table fails. A count that others win again and again is not an error: theirs are counted.
    pub async fn address_failed(
        &self,
        tenant: &TenantId,
        address: IpAddr,
        free: u32,
    ) -> Result<(), IdentityError> {
        let network = network_of(address);
        let key = address_key(tenant, &network);
        for _ in 0..super::ATTEMPTS {
            let now = self.now();
            let found = self.read::<Addresses>(NOUN, &key).await?;
            let condition = match &found {
                Some((_, version)) => Condition::VersionIs(*version),
                None => Condition::NotExists,
            };
            let mut addresses = found.map(|(addresses, _)| addresses).unwrap_or_default();
            addresses.failed(&network, free, now);
            let forget = now.plus_ms(MEMORY_MS).as_s();
            let item = encode(NOUN, key.clone(), &addresses)?
                .with_expiry(u64::try_from(forget).unwrap_or(0));
            match self.platform.table.put(item, condition).await {
                Ok(_) => return Ok(()),
                Err(TableError::ConditionFailed { .. } | TableError::Conflict) => {}
                Err(error) => return Err(IdentityError::Table(NOUN, error)),
            }
        }
        Ok(())
    }

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

impl Addresses {
    fn failed(&mut self, network: &str, free: u32, now: Timestamp) {
        self.of
            .retain(|known| known.failed_at.plus_ms(MEMORY_MS) > now);
        if let Some(known) = self.of.iter_mut().find(|known| known.network == network) {
            // Of so many that are free in an hour, some are again after a part of it.
            let since = now.as_ms().saturating_sub(known.failed_at.as_ms()).max(0);
            let again = since.saturating_mul(i64::from(free)) / MEMORY_MS;
            let again = u32::try_from(again).unwrap_or(u32::MAX);
            known.count = known.count.saturating_sub(again).saturating_add(1);
            known.failed_at = now;
            let over = known.count.checked_sub(free.max(1));
            known.shut_until = over.map(|over| now.plus_ms(pause_ms(over)));
            return;
        }
        if self.of.len() >= MAX_ADDRESSES {
            let fewest = self.of.iter().enumerate();
            let fewest = fewest.min_by_key(|(_, known)| (known.count, known.failed_at));
            if let Some((at, _)) = fewest {
                self.of.swap_remove(at);
            }
        }
        self.of.push(Address {
            network: network.to_owned(),
            count: 1,
            failed_at: now,
            shut_until: (free <= 1).then(|| now.plus_ms(pause_ms(0))),
        });
    }
}

/// What is counted of an address: all of one by IPv4, and the first 64 bits of one by IPv6, since whoever has one has them
/// all.
fn network_of(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}")
        }
    }
}

fn address_key(tenant: &TenantId, network: &str) -> platform::Key {
    let digest = schemas::Digest::from_sha256(&sha256(network.as_bytes()));
    let digits = digest.hex().get(..ADDRESS_DIGITS).unwrap_or_default();
    tenant_key(tenant, NOUN, &format!("addresses/{digits}"))
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
    fn an_address_is_shut_after_its_failures_and_the_least_guilty_give_way() {
        let at = Timestamp::from_ms;
        let mut addresses = Addresses::default();
        let shut = |addresses: &Addresses, network: &str| {
            let of = addresses.of.iter().find(|known| known.network == network);
            of.and_then(|known| known.shut_until)
        };
        for n in 0..4 {
            addresses.failed("192.0.2.1", 5, at(n));
            assert_eq!(shut(&addresses, "192.0.2.1"), None);
        }
        addresses.failed("192.0.2.1", 5, at(4));
        assert_eq!(shut(&addresses, "192.0.2.1"), Some(at(4 + FIRST_PAUSE_MS)));
        for n in 0..1000 {
            addresses.failed(&format!("198.51.{n}"), 5, at(5));
            assert!(addresses.of.len() <= MAX_ADDRESSES);
        }
        assert!(shut(&addresses, "192.0.2.1").is_some());
        // After an hour it begins anew.
        addresses.failed("192.0.2.2", 5, at(5 + MEMORY_MS));
        assert_eq!(addresses.of.len(), 1);
    }

    #[test]
    fn mistyping_now_and_then_shuts_nobody_out() {
        let mut addresses = Addresses::default();
        // One each ten minutes for a week, where 30 within an hour are too many.
        for n in 0..1000 {
            addresses.failed("192.0.2.1", 30, Timestamp::from_ms(n * 600_000));
            let known = &addresses.of[0];
            assert_eq!(known.shut_until, None, "{n}");
        }
        // As many as may be, spread over the hour, and then in haste.
        for n in 0..30 {
            addresses.failed("192.0.2.2", 30, Timestamp::from_ms(n * 1000));
        }
        assert!(addresses.of.iter().any(|known| known.shut_until.is_some()));
    }

    #[test]
    fn neighbours_by_ipv6_are_one_and_by_ipv4_are_not() {
        let network = |text: &str| network_of(text.parse().unwrap());
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:2"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
    }

    #[test]
    fn the_pause_doubles_up_to_a_quarter_of_an_hour() {
        assert_eq!(pause_ms(0), 15_000);
        assert_eq!(pause_ms(1), 30_000);
        assert_eq!(pause_ms(6), 900_000);
        assert_eq!(pause_ms(u32::MAX), 900_000);
    }
}
