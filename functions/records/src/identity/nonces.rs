//! Nonces of agents' requests, remembered as long as their requests would be accepted.

use platform::{Condition, Item, TableError};
use schemas::{AgentId, TenantId};

use super::{Identity, IdentityError, tenant_key};

const NOUN: &str = "nonces";

impl Identity {
    /// Remembers a nonce; `false` means that it has been used.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn use_nonce(
        &self,
        tenant: &TenantId,
        agent: &AgentId,
        nonce: &str,
        remember_until_s: i64,
    ) -> Result<bool, IdentityError> {
        let key = tenant_key(tenant, &format!("{NOUN}/{agent}"), nonce);
        let item = Item::new(key, b"{}".as_slice())
            .with_expiry(u64::try_from(remember_until_s).unwrap_or(0));
        match self.platform.table.put(item, Condition::NotExists).await {
            Ok(_) => Ok(true),
            Err(TableError::ConditionFailed { .. }) => Ok(false),
            Err(error) => Err(IdentityError::Table(NOUN, error)),
        }
    }
}
