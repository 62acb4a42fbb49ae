//! Enrolment tokens: expiring, use-limited, revocable; only the hash of the secret is kept.

use access::enrolment::EnrolmentToken;
use platform::{Condition, Key, TableError, Write};
use schemas::{TenantId, Timestamp, TokenId};
use serde::{Deserialize, Serialize};

use super::{Identity, IdentityError, Noun, encode, tenant_key};

pub(super) const NOUN: &str = "enrolment-tokens";
const DIRECTORY: &str = "global/enrolment-tokens";

/// A token as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredToken {
    /// Its public half.
    pub id: TokenId,
    /// SHA-256 of its secret, hex.
    pub secret_hash: String,
    /// What it is for, in the words of whoever made it.
    pub note: String,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is refused.
    pub expires_at: Timestamp,
    /// How many agents may enrol with it.
    pub max_uses: u32,
    /// How many have.
    pub uses: u32,
    /// Patterns of the names of hosts that may; none for every host.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// Whether a token opens the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenState {
    /// It does.
    Valid,
    /// Its time is over.
    Expired,
    /// As many agents as may have enrolled with it.
    UsedUp,
    /// Somebody revoked it.
    Revoked,
}

impl StoredToken {
    /// Whether it opens the door now.
    pub fn state(&self, now: Timestamp) -> TokenState {
        if self.revoked_at.is_some() {
            TokenState::Revoked
        } else if now >= self.expires_at {
            TokenState::Expired
        } else if self.uses >= self.max_uses {
            TokenState::UsedUp
        } else {
            TokenState::Valid
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Entry {
    tenant: TenantId,
}

impl Noun for StoredToken {
    const NOUN: &str = NOUN;
}

impl Identity {
    /// Keeps a new token.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn create_token(
        &self,
        tenant: &TenantId,
        token: &StoredToken,
    ) -> Result<(), IdentityError> {
        let entry = Entry {
            tenant: tenant.clone(),
        };
        let directory = encode(NOUN, Key::new(DIRECTORY, token.id.as_str()), &entry)?;
        let record = encode(NOUN, token_key(tenant, &token.id), token)?;
        let writes = [directory, record]
            .map(|item| Write::Put {
                item,
                condition: Condition::NotExists,
            })
            .to_vec();
        self.platform
            .table
            .transact(writes)
            .await
            .map_err(|error| IdentityError::Table(NOUN, error))
    }

    /// The kept token of one that arrived, with its tenant and the version that it was read at; `None` when there is none
    /// with this id and secret.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn find_token(
        &self,
        presented: &EnrolmentToken,
    ) -> Result<Option<(TenantId, StoredToken, u64)>, IdentityError> {
        let entry = self
            .read::<Entry>(NOUN, &Key::new(DIRECTORY, presented.id().as_str()))
            .await?;
        let Some((entry, _)) = entry else {
            return Ok(None);
        };
        let found = self
            .read::<StoredToken>(NOUN, &token_key(&entry.tenant, presented.id()))
            .await?;
        Ok(found
            .filter(|(stored, _)| presented.has_hash(&stored.secret_hash))
            .map(|(stored, version)| (entry.tenant, stored, version)))
    }

    /// A token, revoked or not.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn token(
        &self,
        tenant: &TenantId,
        id: &TokenId,
    ) -> Result<Option<StoredToken>, IdentityError> {
        let found = self.read(NOUN, &token_key(tenant, id)).await?;
        Ok(found.map(|(token, _)| token))
    }

    /// Revokes a token; `false` when the tenant has none of this id.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn revoke_token(
        &self,
        tenant: &TenantId,
        id: &TokenId,
    ) -> Result<bool, IdentityError> {
        let key = token_key(tenant, id);
        for _ in 0..super::ATTEMPTS {
            let Some((mut token, version)) = self.read::<StoredToken>(NOUN, &key).await? else {
                return Ok(false);
            };
            if token.revoked_at.is_some() {
                return Ok(true);
            }
            token.revoked_at = Some(self.now());
            let item = encode(NOUN, key.clone(), &token)?;
            match self
                .platform
                .table
                .put(item, Condition::VersionIs(version))
                .await
            {
                Ok(_) => return Ok(true),
                Err(TableError::ConditionFailed { .. } | TableError::Conflict) => {}
                Err(error) => return Err(IdentityError::Table(NOUN, error)),
            }
        }
        Err(IdentityError::Busy(NOUN))
    }
}

pub(super) fn token_key(tenant: &TenantId, id: &TokenId) -> Key {
    tenant_key(tenant, NOUN, id.as_str())
}
