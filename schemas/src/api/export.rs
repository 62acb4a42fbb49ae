//! A tenant's records as they are stored, to be kept or taken elsewhere.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Timestamp;

/// What can be exported. What is not among these is computed from them, or of no use elsewhere (nonces, failed sign-ins).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ExportNoun {
    /// Enrolled agents with their public keys.
    Agents,
    /// Alerts.
    Alerts,
    /// API keys, without what they are verified by.
    ApiKeys,
    /// The audit log.
    Audit,
    /// Collections.
    Collections,
    /// Enrolment tokens, without what they are verified by.
    EnrolmentTokens,
    /// Exceptions.
    Exceptions,
    /// Hosts.
    Hosts,
    /// Services that sign people in, without this server's secrets there.
    IdentityProviders,
    /// Requests for images.
    ImageRequests,
    /// Images.
    Images,
    /// Layers that were read.
    Layers,
    /// Channels of notifications, without their secrets.
    NotificationChannels,
    /// Places with what was found in them, by the names of their documents.
    Places,
    /// Policies.
    Policies,
    /// How the estate stood, day by day.
    PostureDays,
    /// Roles that the tenant made.
    Roles,
    /// Registries, without what is sealed.
    Registries,
    /// Scans that builds sent.
    Scans,
    /// Settings of the tenant.
    Settings,
    /// Containers of hosts.
    Snapshots,
    /// Rules that say which builds are trusted.
    TrustedBuilds,
    /// People and their roles, without what their passwords are verified by.
    Users,
}

/// One page of an export.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ExportPage {
    /// Version of the form of rows, 1.
    pub version: u32,
    /// In the order of their names; may be none although there is a cursor.
    pub records: Vec<ExportRow>,
    /// Where the next page begins; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ExportRow {
    /// Its name among those of its kind.
    pub name: String,
    /// When it goes away by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The record as it is stored; its own `version` says which form that is.
    #[schema(value_type = Object)]
    pub record: serde_json::Value,
}
