//! Which builds are trusted: rules, each made once and never changed; and which tokens of other issuers were used.

use std::collections::BTreeMap;

use platform::{Condition, Item, TableError};
use schemas::{TenantId, Timestamp, TokenId, api::role::RoleAssignment};
use serde::{Deserialize, Serialize};

use super::{Identity, IdentityError, Noun, encode, tenant_key};

const NOUN: &str = "trusted-builds";
const USED: &str = "used-tokens";
/// Most rules of a tenant: each is held against every build's token.
pub const MAX_TRUSTED_BUILDS: u32 = 200;

/// A rule as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustedBuild {
    /// Its id.
    pub id: TokenId,
    /// What it is for.
    pub note: String,
    /// Who signs the builds' tokens.
    pub issuer: String,
    /// Whom the tokens have to be for.
    pub audience: String,
    /// What else they have to say: claims and patterns.
    pub claims: BTreeMap<String, String>,
    /// What such a build may do.
    pub roles: Vec<RoleAssignment>,
    /// How long its token holds, in seconds.
    pub lifetime_s: u32,
    /// When the rule was made.
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by: String,
}

impl Noun for TrustedBuild {
    const NOUN: &str = NOUN;
}

impl Identity {
    /// Keeps a new rule; `false` when the tenant has as many as may be.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn create_trusted_build(
        &self,
        tenant: &TenantId,
        rule: &TrustedBuild,
    ) -> Result<bool, IdentityError> {
        let all = self.all::<TrustedBuild>(tenant).await?;
        if all.len() >= MAX_TRUSTED_BUILDS as usize {
            return Ok(false);
        }
        let item = encode(NOUN, tenant_key(tenant, NOUN, rule.id.as_str()), rule)?;
        match self.platform.table.put(item, Condition::NotExists).await {
            Ok(_) => Ok(true),
            Err(error) => Err(IdentityError::Table(NOUN, error)),
        }
    }

    /// A rule.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn trusted_build(
        &self,
        tenant: &TenantId,
        id: &TokenId,
    ) -> Result<Option<TrustedBuild>, IdentityError> {
        let found = self
            .read(NOUN, &tenant_key(tenant, NOUN, id.as_str()))
            .await?;
        Ok(found.map(|(rule, _)| rule))
    }

    /// Removes a rule; the tokens that builds got by it end. `false` when the tenant has none of this id.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn remove_trusted_build(
        &self,
        tenant: &TenantId,
        id: &TokenId,
    ) -> Result<bool, IdentityError> {
        self.remove(tenant, NOUN, id.as_str()).await
    }

    /// Remembers a token of another issuer by a digest of what makes it one; `false` means that it has been used.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn use_token(
        &self,
        tenant: &TenantId,
        digest: &str,
        remember_until_s: i64,
    ) -> Result<bool, IdentityError> {
        let item = Item::new(tenant_key(tenant, USED, digest), b"{}".as_slice())
            .with_expiry(u64::try_from(remember_until_s).unwrap_or(0));
        match self.platform.table.put(item, Condition::NotExists).await {
            Ok(_) => Ok(true),
            Err(TableError::ConditionFailed { .. }) => Ok(false),
            Err(error) => Err(IdentityError::Table(USED, error)),
        }
    }
}
