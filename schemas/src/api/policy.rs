//! Policies that a tenant's scans are held against.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Timestamp;

/// The forms that a policy is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PolicyForm {
    /// TOML.
    #[default]
    Toml,
    /// YAML, and so JSON.
    Yaml,
    /// A form that this version does not know.
    #[serde(other)]
    Unknown,
}

/// A policy as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyText {
    /// Its form.
    pub form: PolicyForm,
    /// Its text: rules, grace periods and exceptions, as `bulkhead scan --policy` reads them.
    pub text: String,
}

/// The policies of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyList {
    /// Those that are set, by id.
    pub policies: Vec<PolicyDetail>,
    /// Where the next page begins; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A policy of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyDetail {
    /// What it is for: `ci`.
    pub id: String,
    /// The policy as it was written.
    pub policy: PolicyText,
    /// When it was set.
    pub updated_at: Timestamp,
    /// Who set it.
    pub updated_by: String,
}
