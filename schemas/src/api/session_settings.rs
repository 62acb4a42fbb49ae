//! How people of a tenant sign in, and for how long.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::role::RoleName;
use crate::Timestamp;

/// How people of a tenant sign in, and for how long. What is absent is as it is by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct SessionSettings {
    /// How long a session may lie unused, in seconds, 300 to 2,592,000 (30 days); 8 hours by itself. Shorter counts for
    /// sessions that are there at once, longer for those that begin from now on.
    #[schema(minimum = 300, maximum = 2_592_000)]
    pub idle_s: u32,
    /// How long a session holds however much it is used, in seconds, 3,600 to 7,776,000 (90 days); 7 days by itself.
    #[schema(minimum = 3_600, maximum = 7_776_000)]
    pub absolute_s: u32,
    /// Whether everybody who signs in by a password needs a second factor. Who has none is let in only to set one up. Whoever
    /// signs in by an identity provider is that one's to ask for more. API keys of who has none are refused.
    pub second_factor: bool,
    /// The roles whose people need one, where not everybody does; at most 50.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 50)]
    pub second_factor_roles: Vec<RoleName>,
    /// After how many failures within an hour nothing is tried for an address for a while, 5 to 10,000; 30 by itself. Beside
    /// that, nothing is tried for a login for a while after 5. Addresses by IPv6 are counted by their first 64 bits.
    #[schema(minimum = 5, maximum = 10_000)]
    pub failures_of_address: u32,
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self {
            idle_s: 8 * 3_600,
            absolute_s: 7 * 24 * 3_600,
            second_factor: false,
            second_factor_roles: Vec::new(),
            failures_of_address: 30,
        }
    }
}

/// The settings of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionSettingsDetail {
    /// The settings.
    pub settings: SessionSettings,
    /// When somebody set them; absent while they are as they are by themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// Who did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_by: Option<String>,
}
