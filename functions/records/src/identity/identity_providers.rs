//! Services that sign people in, by OpenID Connect, and the people that they know.

use platform::{Condition, TableError};
use schemas::{IdentityProviderId, TenantId, Timestamp, UserId, api::role::RoleAssignment};
use serde::{Deserialize, Serialize};

use super::{Identity, IdentityError, Noun, PersonChanged, User, encode, tenant_key, users};
use crate::SealedSecret;

const NOUN: &str = "identity-providers";
/// Most of them that a tenant has: all are offered to whoever wants to sign in.
pub const MAX_IDENTITY_PROVIDERS: u32 = 20;

/// A service as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityProvider {
    /// Its id, a part of addresses.
    pub id: IdentityProviderId,
    /// What people know it as.
    pub name: String,
    /// Its issuer, to the letter.
    pub issuer: String,
    /// This server's name there.
    pub client_id: String,
    /// This server's secret there, sealed for `identity-providers/ID`; none for a public client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<SealedSecret>,
    /// Where browsers come back to, as it is registered there.
    pub redirect_uri: String,
    /// What is asked for beside `openid`.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The claim that lists groups or roles.
    pub groups_claim: String,
    /// What each group gives.
    #[serde(default)]
    pub groups: Vec<GroupRoles>,
    /// What everybody who signs in by it is given.
    #[serde(default)]
    pub default_roles: Vec<RoleAssignment>,
    /// The domains of verified e-mail addresses that are let in; none for everybody whom the service knows.
    #[serde(default)]
    pub email_domains: Vec<String>,
    /// When it was set.
    pub updated_at: Timestamp,
    /// Who set it.
    pub updated_by: String,
}

/// What the people of a group may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupRoles {
    /// The group, as the claim names it.
    pub group: String,
    /// Its roles.
    pub roles: Vec<RoleAssignment>,
}

impl IdentityProvider {
    /// What its secret is sealed for.
    #[must_use]
    pub fn sealed_for(&self) -> String {
        format!("{NOUN}/{}", self.id)
    }
}

/// Who somebody is at a service. The subject with its issuer is the person, never an e-mail address, which others may get.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct External {
    /// The issuer.
    pub issuer: String,
    /// The person there.
    pub subject: String,
    /// What they are called there, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Their e-mail address there, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// When they last signed in by it.
    pub signed_in_at: Timestamp,
}

/// What came of a sign-in by a service.
#[derive(Clone, Debug)]
pub enum SignedIn {
    /// Somebody who was not here before.
    New(Box<User>),
    /// Somebody who was, and may be disabled.
    Known {
        /// As they are now.
        user: Box<User>,
        /// As they were before.
        before: Box<User>,
    },
    /// No administrator of the tenant would be left.
    LastAdmin,
    /// Somebody else has their login.
    Taken,
}

impl Noun for IdentityProvider {
    const NOUN: &str = NOUN;
}

impl Identity {
    /// A service with the revision that names this state.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn identity_provider(
        &self,
        tenant: &TenantId,
        id: &IdentityProviderId,
    ) -> Result<Option<(IdentityProvider, u64)>, IdentityError> {
        self.read(NOUN, &tenant_key(tenant, NOUN, id.as_str()))
            .await
    }

    /// Stores a service in place of the state of this revision, or where there is none; returns its new revision, or `None`
    /// when that was not so.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn put_identity_provider(
        &self,
        tenant: &TenantId,
        provider: &IdentityProvider,
        replaces: Option<u64>,
    ) -> Result<Option<u64>, IdentityError> {
        let item = encode(
            NOUN,
            tenant_key(tenant, NOUN, provider.id.as_str()),
            provider,
        )?;
        let condition = replaces.map_or(Condition::NotExists, Condition::VersionIs);
        match self.platform.table.put(item, condition).await {
            Ok(revision) => Ok(Some(revision)),
            Err(TableError::ConditionFailed { .. }) => Ok(None),
            Err(error) => Err(IdentityError::Table(NOUN, error)),
        }
    }

    /// Removes a service; `false` when the tenant has none of this id. Whom it signed in stays until their session ends.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn remove_identity_provider(
        &self,
        tenant: &TenantId,
        id: &IdentityProviderId,
    ) -> Result<bool, IdentityError> {
        self.remove(tenant, NOUN, id.as_str()).await
    }

    /// Notes that somebody signed in by a service, with the roles that it gives them: makes their record at the first time.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn signed_in(
        &self,
        tenant: &TenantId,
        external: &External,
        roles: &[RoleAssignment],
    ) -> Result<SignedIn, IdentityError> {
        let id = external_user_id(external)?;
        for _ in 0..super::ATTEMPTS {
            let roles = roles.to_vec();
            let Some((mut user, revision)) = self.user_at(tenant, &id).await? else {
                let none = access::password::NONE.to_owned();
                let mut user = User::new(id.clone(), none, false, roles, self.now());
                user.external = Some(external.clone());
                let key = tenant_key(tenant, users::NOUN, id.as_str());
                let item = encode(users::NOUN, key, &user)?;
                match self.platform.table.put(item, Condition::NotExists).await {
                    Ok(_) => return Ok(SignedIn::New(Box::new(user))),
                    Err(TableError::ConditionFailed { .. }) => continue,
                    Err(error) => return Err(IdentityError::Table(users::NOUN, error)),
                }
            };
            // Whoever has this login without being known by the service is somebody else.
            let same = |known: &External| {
                known.issuer == external.issuer && known.subject == external.subject
            };
            if !user.external.as_ref().is_some_and(same) {
                return Ok(SignedIn::Taken);
            }
            let before = Box::new(user.clone());
            // Whoever is kept out stays as they are.
            if user.disabled_at.is_some() {
                return Ok(SignedIn::Known {
                    user: Box::new(user),
                    before,
                });
            }
            user.external = Some(external.clone());
            user.assign(roles);
            match self.change_user(tenant, &user, revision).await? {
                PersonChanged::Done => {
                    return Ok(SignedIn::Known {
                        user: Box::new(user),
                        before,
                    });
                }
                PersonChanged::LastAdmin => return Ok(SignedIn::LastAdmin),
                PersonChanged::Meanwhile => {}
            }
        }
        Err(IdentityError::Busy(users::NOUN))
    }
}

/// How the logins of those begin whom a service knows, so that nobody may choose such a one.
const EXTERNAL: &str = "oidc-";

/// Whether a login is of those that services' people have, and nobody chooses.
pub fn is_external(login: &UserId) -> bool {
    login.as_str().starts_with(EXTERNAL)
}

/// The id of a person whom a service knows: the same person of the same issuer has the same one.
fn external_user_id(external: &External) -> Result<UserId, IdentityError> {
    let digest = access::keys::sha256(
        format!("bulkhead-person:{}\n{}", external.issuer, external.subject).as_bytes(),
    );
    let digest = schemas::Digest::from_sha256(&digest);
    let short = digest.hex().get(..32).unwrap_or_default();
    format!("{EXTERNAL}{short}")
        .parse()
        .map_err(IdentityError::Id)
}
