//! Invitations: expiring, accepted once, revocable; only the hash of the secret is kept.

use access::invitation::InvitationToken;
use platform::{Condition, TableError, Write};
use schemas::{TenantId, Timestamp, TokenId, UserId, api::role::RoleAssignment};
use serde::{Deserialize, Serialize};

use super::{Identity, IdentityError, Noun, User, encode, tenant_key, users};

const NOUN: &str = "invitations";
/// How long one is kept after it cannot be accepted any more, in ms.
const KEPT_MS: i64 = 90 * 24 * 60 * 60_000;

/// An invitation as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// Its public half.
    pub id: TokenId,
    /// SHA-256 of its secret, hex.
    pub secret_hash: String,
    /// Whom it is for.
    pub note: String,
    /// The roles of whoever accepts it.
    pub roles: Vec<RoleAssignment>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by: String,
    /// The person who made it, where it was one: they have to be able to give these roles still when it is accepted.
    #[serde(default)]
    pub inviter: Option<UserId>,
    /// From when on it cannot be accepted.
    pub expires_at: Timestamp,
    /// Who accepted it.
    #[serde(default)]
    pub accepted_by: Option<UserId>,
    /// When it was revoked.
    #[serde(default)]
    pub revoked_at: Option<Timestamp>,
}

impl Invitation {
    /// Whether it can be accepted now.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.accepted_by.is_none() && self.revoked_at.is_none() && now < self.expires_at
    }

    fn item(&self, tenant: &TenantId) -> Result<platform::Item, IdentityError> {
        let forget = self.expires_at.plus_ms(KEPT_MS).as_s();
        let key = tenant_key(tenant, NOUN, self.id.as_str());
        Ok(encode(NOUN, key, self)?.with_expiry(u64::try_from(forget).unwrap_or(0)))
    }
}

/// What became of an invitation that somebody accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acceptance {
    /// The person is there now.
    Created,
    /// Somebody of the tenant has this login.
    LoginTaken,
    /// It was accepted or revoked meanwhile.
    Gone,
}

impl Noun for Invitation {
    const NOUN: &str = NOUN;
}

impl Identity {
    /// Keeps a new invitation.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn create_invitation(
        &self,
        tenant: &TenantId,
        invitation: &Invitation,
    ) -> Result<(), IdentityError> {
        let put = self
            .platform
            .table
            .put(invitation.item(tenant)?, Condition::NotExists);
        let put = put.await.map_err(|error| IdentityError::Table(NOUN, error));
        put.map(|_| ())
    }

    /// The invitation of a token with the version that it was read at; `None` when there is none with this id and secret.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn find_invitation(
        &self,
        token: &InvitationToken,
    ) -> Result<Option<(Invitation, u64)>, IdentityError> {
        let key = tenant_key(token.tenant(), NOUN, token.id().as_str());
        let found = self.read::<Invitation>(NOUN, &key).await?;
        Ok(found.filter(|(kept, _)| token.has_hash(&kept.secret_hash)))
    }

    /// Accepts an invitation as it was read: makes the person, once.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn accept_invitation(
        &self,
        tenant: &TenantId,
        invitation: &Invitation,
        version: u64,
        user: User,
    ) -> Result<Acceptance, IdentityError> {
        let accepted = Invitation {
            accepted_by: Some(user.id.clone()),
            ..invitation.clone()
        };
        let writes = vec![
            Write::Put {
                item: users::item(tenant, &user)?,
                condition: Condition::NotExists,
            },
            Write::Put {
                item: accepted.item(tenant)?,
                condition: Condition::VersionIs(version),
            },
        ];
        match self.platform.table.transact(writes).await {
            Ok(()) => Ok(Acceptance::Created),
            Err(TableError::ConditionFailed { at: 0, .. }) => Ok(Acceptance::LoginTaken),
            Err(TableError::ConditionFailed { .. }) => Ok(Acceptance::Gone),
            Err(TableError::Conflict) => Err(IdentityError::Busy(NOUN)),
            Err(error) => Err(IdentityError::Table(NOUN, error)),
        }
    }

    /// Revokes an invitation: returns it, or `None` when the tenant has none of this id. One that was accepted stays so.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn revoke_invitation(
        &self,
        tenant: &TenantId,
        id: &TokenId,
    ) -> Result<Option<Invitation>, IdentityError> {
        let key = tenant_key(tenant, NOUN, id.as_str());
        for _ in 0..super::ATTEMPTS {
            let Some((mut kept, version)) = self.read::<Invitation>(NOUN, &key).await? else {
                return Ok(None);
            };
            if kept.revoked_at.is_some() || kept.accepted_by.is_some() {
                return Ok(Some(kept));
            }
            kept.revoked_at = Some(self.now());
            let put = self
                .platform
                .table
                .put(kept.item(tenant)?, Condition::VersionIs(version));
            match put.await {
                Ok(_) => return Ok(Some(kept)),
                Err(TableError::ConditionFailed { .. } | TableError::Conflict) => {}
                Err(error) => return Err(IdentityError::Table(NOUN, error)),
            }
        }
        Err(IdentityError::Busy(NOUN))
    }
}
