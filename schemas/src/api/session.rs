//! Signing in, and what a person may do.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::role::RoleName;
use crate::{CollectionId, SessionId, TenantId, Timestamp, UserId};

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
    /// Whether a browser signs in: then the session is in a cookie that no script can read, and there is no token. Whoever
    /// changes something by it sends `bulkhead-csrf: 1`, too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cookie: bool,
    /// The code of the person's device, or a recovery code, of whoever has a second factor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 64)]
    pub code: Option<String>,
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
    /// The token; absent where the session is in a cookie.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub token: String,
    /// What renews the session, once (`POST /api/v1/session/refresh`); absent where it is in a cookie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// When the token ends; where the session is in a cookie, when that ends if it is not used.
    pub expires_at: Timestamp,
    /// The session, under which it is listed and ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// When the session ends however often it is renewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_ends_at: Option<Timestamp>,
    /// The person.
    pub user: UserId,
    /// The tenant.
    pub tenant: TenantId,
    /// The person's roles, built in or the tenant's own.
    pub roles: Vec<RoleName>,
    /// Whether the password was a one-time password. Then the session can do nothing but change it
    /// (`POST /api/v1/session/password`).
    pub must_change_password: bool,
    /// Whether the tenant's settings ask for a second factor that the person does not have. Then the session can do nothing
    /// but set one up (`POST /api/v1/session/second-factor`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub must_set_up_second_factor: bool,
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
    /// Whether they can do nothing before they set up a second factor.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub must_set_up_second_factor: bool,
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

/// The secret that renews a session. Not logged.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct RefreshSession {
    /// `refresh_token` of the last answer.
    #[schema(max_length = 512)]
    pub refresh_token: String,
}

impl std::fmt::Debug for RefreshSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RefreshSession")
    }
}

/// Whose sessions.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SessionsQuery {
    /// The person; without it the caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>, max_length = 128)]
    pub user: Option<UserId>,
}

/// A session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionDetail {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// Whether it is the one that asks.
    pub is_current: bool,
    /// Whether it is in a browser's cookie.
    pub is_cookie: bool,
    /// What signed in, in its own words.
    pub user_agent: String,
    /// From where, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last renewed; of a browser's, used, to within five minutes.
    pub last_used_at: Timestamp,
    /// When it ends if it is not used any more.
    pub ends_at: Timestamp,
}

/// One page of sessions.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SessionList {
    /// By id.
    pub sessions: Vec<SessionDetail>,
    /// Where the next page begins; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// What begins a second factor. Not kept and not logged.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct BeginSecondFactor {
    /// The password.
    #[schema(max_length = 1024, format = Password)]
    pub current: String,
}

/// What a device makes codes from (RFC 6238), shown this once.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct SecondFactorSeed {
    /// For the device, often as a picture: an `otpauth://` address.
    pub uri: String,
    /// The same to be typed, in base 32.
    pub seed: String,
}

/// A code that shows that the device makes the right ones. Not logged.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct ConfirmSecondFactor {
    /// The six digits of the device.
    #[schema(max_length = 64)]
    pub code: String,
}

/// Codes for when the device is lost, each good once, shown this once.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct RecoveryCodes {
    /// The codes.
    pub recovery_codes: Vec<String>,
}

/// What removes a second factor. Not kept and not logged.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct RemoveSecondFactor {
    /// The password.
    #[schema(max_length = 1024, format = Password)]
    pub current: String,
    /// The six digits of the device, or a recovery code.
    #[schema(max_length = 64)]
    pub code: String,
}

/// Types whose values are in no debug output.
macro_rules! secret {
    ($($name:ident),+) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    )+};
}

secret!(
    BeginSecondFactor,
    SecondFactorSeed,
    ConfirmSecondFactor,
    RecoveryCodes,
    RemoveSecondFactor
);
