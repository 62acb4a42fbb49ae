//! API keys.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::role::RoleAssignment;
use crate::{Timestamp, TokenId, UserId};

/// One page of API keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApiKeyList {
    /// By owner and id.
    pub api_keys: Vec<ApiKeyRow>,
    /// Where the next page begins; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Which API keys are wanted.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ApiKeyQuery {
    /// Whose keys: the caller's own, or everybody's, which needs the permission `tokens.read`.
    #[serde(default)]
    pub of: ApiKeysOf,
    /// Rows of a page, 1 to 500; 100 when absent.
    #[serde(default)]
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default)]
    #[param(max_length = 2048)]
    pub cursor: Option<String>,
}

/// Whose API keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApiKeysOf {
    /// The caller's.
    #[default]
    Me,
    /// Everybody's of the tenant.
    Everybody,
}

/// One API key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApiKeyRow {
    /// Its public half.
    pub id: TokenId,
    /// What it is for.
    pub note: String,
    /// Whose it is. It never does more than they may at that moment.
    pub owner: UserId,
    /// What it may do at most.
    pub roles: Vec<RoleAssignment>,
    /// The networks that it is accepted from; none for every address.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub networks: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is refused.
    pub expires_at: Timestamp,
    /// Whether it is accepted now.
    pub state: ApiKeyState,
    /// When it was last used, within an hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
    /// From which address then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_from: Option<String>,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
}

/// Whether a key is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApiKeyState {
    /// It is.
    Valid,
    /// Its time is over.
    Expired,
    /// Somebody revoked it.
    Revoked,
    /// A state that this version does not know.
    #[serde(other)]
    Unknown,
}

/// A key is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewApiKey {
    /// What it is for, at most 200 characters.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub note: String,
    /// What it may do, at least one role and at most 16: nothing that its maker may not.
    #[schema(min_items = 1, max_items = 16)]
    pub roles: Vec<RoleAssignment>,
    /// The networks that it is accepted from, such as `192.0.2.0/24`, at most 32; none for every address.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 32)]
    pub networks: Vec<String>,
    /// How long it holds, in seconds, 60 to 31,536,000 (a year); 90 days when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 60, maximum = 31_536_000)]
    pub valid_for_s: Option<u64>,
}

/// A key with its secret, shown this once.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct CreatedApiKey {
    /// The whole key, `bhk_…`, to be sent as `authorization: Bearer bhk_…`. It cannot be had again.
    pub key: String,
    /// The key as it is listed.
    pub api_key: ApiKeyRow,
}

impl std::fmt::Debug for CreatedApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreatedApiKey")
            .field("api_key", &self.api_key)
            .finish_non_exhaustive()
    }
}
