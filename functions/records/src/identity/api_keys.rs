//! API keys: of a person, expiring, revocable; only the hash of the secret is kept.

use access::api_key::ApiKeyText;
use platform::{Condition, Cursor, Item, Key, Page, SortRange, TableError, Write};
use schemas::{TenantId, Timestamp, TokenId, UserId, api::role::RoleAssignment};
use serde::{Deserialize, Serialize};

use crate::Listed;

use super::{Identity, IdentityError, encode, tenant_key};

const NOUN: &str = "api-keys";
const DIRECTORY: &str = "global/api-keys";
/// How long a key is listed after it holds no more: 30 days, in ms.
const LISTED_MS: i64 = 30 * 24 * 60 * 60_000;
/// How stale the moment of the last use may be, in ms: a key that is used a hundred times a second writes once an hour.
const USED_EVERY_MS: i64 = 60 * 60_000;
/// Most keys of a person that are accepted at once.
pub const MAX_KEYS_OF_A_PERSON: u32 = 100;

/// Most keys of a person that are listed although they are accepted no more; those that ended longest ago give way.
const MAX_ENDED_KEYS: usize = 200;

/// A key as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its public half.
    pub id: TokenId,
    /// SHA-256 of its secret, hex.
    pub secret_hash: String,
    /// The person whose it is. It never does more than they may at that moment.
    pub owner: UserId,
    /// Since when the owner is there: whoever has their login after them does not have their keys.
    pub owner_since: Timestamp,
    /// What it is for, in their words.
    pub note: String,
    /// What it may do at most.
    pub roles: Vec<RoleAssignment>,
    /// The networks that it is accepted from; none for every address.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub networks: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is refused.
    pub expires_at: Timestamp,
    /// When it was last used, within an hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
    /// Where it was used from then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_from: Option<String>,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
}

/// Whether a key is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiKeyState {
    /// It is.
    Valid,
    /// Its time is over.
    Expired,
    /// Somebody revoked it.
    Revoked,
}

impl ApiKey {
    /// Whether it is accepted now.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> ApiKeyState {
        if self.revoked_at.is_some() {
            ApiKeyState::Revoked
        } else if now >= self.expires_at {
            ApiKeyState::Expired
        } else {
            ApiKeyState::Valid
        }
    }

    /// When it ends, or ended.
    fn ended_at(&self) -> Timestamp {
        let revoked_at = self.revoked_at.unwrap_or(self.expires_at);
        revoked_at.min(self.expires_at)
    }

    /// When it is not even listed any more, in seconds since 1970.
    fn forgotten_at_s(&self) -> u64 {
        u64::try_from(self.ended_at().plus_ms(LISTED_MS).as_s()).unwrap_or(0)
    }

    fn item(&self, tenant: &TenantId) -> Result<Item, IdentityError> {
        let item = encode(NOUN, key_of(tenant, &self.owner, &self.id), self)?;
        Ok(item.with_expiry(self.forgotten_at_s()))
    }
}

#[derive(Serialize, Deserialize)]
struct Entry {
    tenant: TenantId,
    owner: UserId,
}

fn key_of(tenant: &TenantId, owner: &UserId, id: &TokenId) -> Key {
    tenant_key(tenant, NOUN, &format!("{owner}/{id}"))
}

impl Identity {
    /// Keeps a new key; `false` when its owner has as many valid ones as may be.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn create_api_key(
        &self,
        tenant: &TenantId,
        key: &ApiKey,
    ) -> Result<bool, IdentityError> {
        let failed = |error| IdentityError::Table(NOUN, error);
        let now = self.now();
        let (mut valid, mut ended) = (0, Vec::new());
        let mut cursor = None;
        loop {
            let page = self.api_keys(tenant, Some(&key.owner), 500, cursor).await?;
            for one in page.records {
                match one.state(now) {
                    ApiKeyState::Valid => valid += 1,
                    ApiKeyState::Expired | ApiKeyState::Revoked => ended.push(one),
                }
            }
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        if valid >= MAX_KEYS_OF_A_PERSON {
            return Ok(false);
        }
        ended.sort_by_key(ApiKey::ended_at);
        for gone in ended.iter().rev().skip(MAX_ENDED_KEYS) {
            for key in [
                Key::new(DIRECTORY, gone.id.as_str()),
                key_of(tenant, &gone.owner, &gone.id),
            ] {
                let deleted = self.platform.table.delete(&key, Condition::None).await;
                deleted.map_err(failed)?;
            }
        }
        let entry = Entry {
            tenant: tenant.clone(),
            owner: key.owner.clone(),
        };
        let directory = encode(NOUN, Key::new(DIRECTORY, key.id.as_str()), &entry)?
            .with_expiry(key.forgotten_at_s());
        let writes = [directory, key.item(tenant)?]
            .map(|item| Write::Put {
                item,
                condition: Condition::NotExists,
            })
            .to_vec();
        self.platform.table.transact(writes).await.map_err(failed)?;
        Ok(true)
    }

    /// The kept key of one that arrived, with its tenant and the version that it was read at; `None` when there is none with
    /// this id and secret.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn find_api_key(
        &self,
        presented: &ApiKeyText,
    ) -> Result<Option<(TenantId, ApiKey, u64)>, IdentityError> {
        let entry = self
            .read::<Entry>(NOUN, &Key::new(DIRECTORY, presented.id().as_str()))
            .await?;
        let Some((Entry { tenant, owner }, _)) = entry else {
            return Ok(None);
        };
        let found = self
            .read::<ApiKey>(NOUN, &key_of(&tenant, &owner, presented.id()))
            .await?;
        Ok(found
            .filter(|(stored, _)| presented.has_hash(&stored.secret_hash))
            .map(|(stored, version)| (tenant, stored, version)))
    }

    /// A tenant's key by its id alone.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn api_key(
        &self,
        tenant: &TenantId,
        id: &TokenId,
    ) -> Result<Option<ApiKey>, IdentityError> {
        let entry = self
            .read::<Entry>(NOUN, &Key::new(DIRECTORY, id.as_str()))
            .await?;
        let Some((entry, _)) = entry.filter(|(entry, _)| entry.tenant == *tenant) else {
            return Ok(None);
        };
        let found = self.read(NOUN, &key_of(tenant, &entry.owner, id)).await?;
        Ok(found.map(|(key, _)| key))
    }

    /// One page of a tenant's keys, by their owners; of one owner only, where one is given.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn api_keys(
        &self,
        tenant: &TenantId,
        owner: Option<&UserId>,
        limit: u32,
        cursor: Option<Cursor>,
    ) -> Result<Listed<ApiKey>, IdentityError> {
        let range = owner.map_or(SortRange::All, |owner| {
            SortRange::Prefix(format!("{owner}/"))
        });
        let page = Page::first(limit).after(cursor);
        self.page_of(tenant, NOUN, &range, &page).await
    }

    /// Revokes a key; returns it as it is then, or `None` when the tenant has none of this id.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn revoke_api_key(
        &self,
        tenant: &TenantId,
        owner: &UserId,
        id: &TokenId,
    ) -> Result<Option<ApiKey>, IdentityError> {
        for _ in 0..super::ATTEMPTS {
            let found = self
                .read::<ApiKey>(NOUN, &key_of(tenant, owner, id))
                .await?;
            let Some((mut key, version)) = found else {
                return Ok(None);
            };
            if key.revoked_at.is_some() {
                return Ok(Some(key));
            }
            key.revoked_at = Some(self.now());
            let item = key.item(tenant)?;
            match self
                .platform
                .table
                .put(item, Condition::VersionIs(version))
                .await
            {
                Ok(_) => return Ok(Some(key)),
                Err(TableError::ConditionFailed { .. } | TableError::Conflict) => {}
                Err(error) => return Err(IdentityError::Table(NOUN, error)),
            }
        }
        Err(IdentityError::Busy(NOUN))
    }

    /// Notes that a key was used, where that was not noted within the hour. `version` is the one that the key was read at;
    /// when somebody wrote it since, nothing is noted, and the next request does it.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn note_key_use(
        &self,
        tenant: &TenantId,
        key: &ApiKey,
        version: u64,
        from: Option<String>,
    ) -> Result<(), IdentityError> {
        let now = self.now();
        let lately = |at: Timestamp| at.plus_ms(USED_EVERY_MS) > now;
        if key.last_used_at.is_some_and(lately) {
            return Ok(());
        }
        let used = ApiKey {
            last_used_at: Some(now),
            last_used_from: from,
            ..key.clone()
        };
        let condition = Condition::VersionIs(version);
        match self.platform.table.put(used.item(tenant)?, condition).await {
            Ok(_) | Err(TableError::ConditionFailed { .. } | TableError::Conflict) => Ok(()),
            Err(error) => Err(IdentityError::Table(NOUN, error)),
        }
    }
}
