//! Signing in, and what a person may do.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::role::RoleName;
use crate::{CollectionId, TenantId, Timestamp, UserId};

/// The roles that every tenant has; the matrix is printed in `schemas/permissions.md`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything within the tenant.
    Admin,
    /// Sees everything, to keep it running.
    Operator,
    /// Sees everything, to check it.
    Auditor,
    /// Works on vulnerabilities.
    VulnerabilityManager,
    /// Sees what is in images.
    Developer,
    /// Enrols and revokes agents.
    AgentManager,
    /// A build that scans images.
    Ci,
    /// A role that this version does not know: allows nothing.
    #[serde(other)]
    Unknown,
}

/// Login and password. Not kept and not logged.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct SignIn {
    /// The tenant; absent where there is one only, which is `default`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
    /// Login name.
    #[schema(max_length = 128)]
    pub login: String,
    /// Password.
    #[schema(max_length = 1024, format = Password)]
    pub password: String,
}

impl std::fmt::Debug for SignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignIn")
            .field("tenant", &self.tenant)
            .field("login", &self.login)
            .finish_non_exhaustive()
    }
}

/// A new password. Not kept and not logged.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct ChangePassword {
    /// The password so far.
    #[schema(max_length = 1024, format = Password)]
    pub current: String,
    /// The new one, at least 12 characters.
    #[schema(min_length = 12, max_length = 1024, format = Password)]
    pub new: String,
}

impl std::fmt::Debug for ChangePassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ChangePassword")
    }
}

/// A session: send its token as `authorization: Bearer TOKEN`.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct SessionReply {
    /// The token.
    pub token: String,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The person.
    pub user: UserId,
    /// The tenant.
    pub tenant: TenantId,
    /// The person's roles, built in or the tenant's own.
    pub roles: Vec<RoleName>,
    /// Whether the password was a one-time password. Then the session can do nothing but change it
    /// (`POST /api/v1/session/password`).
    pub must_change_password: bool,
}

impl std::fmt::Debug for SessionReply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionReply")
            .field("user", &self.user)
            .field("tenant", &self.tenant)
            .finish_non_exhaustive()
    }
}

/// Who calls, and what they may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CallerDetail {
    /// The person; absent for what is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// The name under which what they do is noted.
    pub name: String,
    /// The tenant.
    pub tenant: TenantId,
    /// Their roles.
    pub roles: Vec<RoleName>,
    /// What they may do.
    pub permissions: Vec<GrantedPermission>,
    /// Whether they can do nothing before they change their one-time password.
    pub must_change_password: bool,
}

/// A permission that the caller has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GrantedPermission {
    /// Its word, such as `hosts.read`; all are listed by `schemas/permissions.md`.
    pub permission: String,
    /// The collections that it is limited to; absent where it reaches the whole tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collections: Option<Vec<CollectionId>>,
}
