//! What a tenant says of its estate that counts in scores.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Timestamp;

/// What a tenant says of its estate that counts in scores. What is absent is as it is by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct RiskSettings {
    /// Labels of hosts, images and containers that make them critical, `KEY=VALUE`; a key alone stands for any value, and `*`
    /// for any characters or none. At most 50 of at most 256 bytes.
    #[schema(max_items = 50, example = json!(["env=production", "tier=front*"]))]
    pub critical_labels: Vec<String>,
}

/// The settings of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RiskSettingsDetail {
    /// The settings.
    pub settings: RiskSettings,
    /// When somebody set them; absent while they are as they are by themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// Who did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_by: Option<String>,
}
