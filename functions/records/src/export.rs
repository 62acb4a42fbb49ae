//! A tenant's records as they are stored, without secrets, to be kept or taken elsewhere.

use platform::{BlobMeta, Cursor, Platform, SortRange, patience::patiently};
use schemas::{
    TenantId, Timestamp,
    api::export::{ExportNoun, ExportRow},
};
use serde_json::Value;

use crate::{
    RecordError, keys,
    store::{self, Listed},
};

/// Version of an export's form.
pub const VERSION: u32 = 1;

const WHAT: &str = "an exported record";
/// A page of at most this many records; each can have 400 KB, and an answer of the API at most 6 MB.
const MAX_PAGE: u32 = 500;

/// Everything that can be exported.
pub const NOUNS: &[ExportNoun] = &[
    ExportNoun::Agents,
    ExportNoun::Alerts,
    ExportNoun::ApiKeys,
    ExportNoun::Audit,
    ExportNoun::Collections,
    ExportNoun::EnrolmentTokens,
    ExportNoun::Exceptions,
    ExportNoun::Hosts,
    ExportNoun::IdentityProviders,
    ExportNoun::ImageRequests,
    ExportNoun::Images,
    ExportNoun::Layers,
    ExportNoun::NotificationChannels,
    ExportNoun::Places,
    ExportNoun::Policies,
    ExportNoun::PostureDays,
    ExportNoun::Registries,
    ExportNoun::Roles,
    ExportNoun::Scans,
    ExportNoun::Settings,
    ExportNoun::Snapshots,
    ExportNoun::TrustedBuilds,
    ExportNoun::Users,
];

/// What of a tenant's records is not exported, with the reason.
pub const LEFT_OUT: &[(&str, &str)] = &[
    ("alert-names", "the names of alerts once more"),
    ("allowances", "counts of requests"),
    ("audit-tallies", "refusals that are about to be in the log"),
    ("estate-deltas", "computed from places"),
    ("estate-places", "computed from places"),
    ("exceptions-in-force", "computed from exceptions"),
    ("host-images", "computed from hosts' images"),
    ("image-containers", "computed from snapshots"),
    ("image-hosts", "computed from hosts' images"),
    (
        "idempotency",
        "what requests were answered that may be repeated, for a day",
    ),
    (
        "invitations",
        "open doors, for days; whoever came in by one is among the people",
    ),
    ("layer-images", "work that waits"),
    ("nonces", "requests that may not be repeated, for minutes"),
    ("notification-batches", "work that waits, for minutes"),
    ("notification-changes", "work that waits, for minutes"),
    (
        "notification-deliveries",
        "what was sent where, for 14 days",
    ),
    ("notification-drafts", "work that waits, for minutes"),
    ("notification-health", "whether receivers answer now"),
    ("notification-rates", "what was sent within a minute"),
    (
        "notification-troubles",
        "found again while it lasts, within minutes",
    ),
    (
        "raw",
        "envelopes of kinds that nothing judges yet; their documents are exported",
    ),
    (
        "registry-images",
        "what registries keep is found again by the next look",
    ),
    ("registry-runs", "what came of the last look"),
    ("sessions", "who is signed in, for days"),
    ("shard-places", "computed from places"),
    ("sign-in-attempts", "failed sign-ins, for an hour"),
    (
        "user-guards",
        "that changes of administrators come one after the other",
    ),
    (
        "used-tokens",
        "tokens of others that may not be used again, for a day",
    ),
];

/// Fields by which secrets are verified, since whoever has them can try secrets without being counted, and fields with
/// secrets that are sealed, which nothing else opens.
const SECRET: [&str; 7] = [
    "client_secret",
    "credentials",
    "password_hash",
    "second_factor",
    "secret_hash",
    "secrets",
    "webhook_secrets",
];

/// Folders of a tenant's documents that are not exported: computed from the others, or on their way.
const LEFT_FOLDERS: [&str; 3] = ["estate/", "exports/", "uploads/"];

/// The part of names that stands for a noun.
pub const fn folder(noun: ExportNoun) -> &'static str {
    match noun {
        ExportNoun::Agents => "agents",
        ExportNoun::Alerts => "alerts",
        ExportNoun::ApiKeys => "api-keys",
        ExportNoun::Audit => "audit",
        ExportNoun::Collections => "collections",
        ExportNoun::EnrolmentTokens => "enrolment-tokens",
        ExportNoun::Exceptions => "exceptions",
        ExportNoun::Hosts => "hosts",
        ExportNoun::IdentityProviders => "identity-providers",
        ExportNoun::ImageRequests => "image-requests",
        ExportNoun::Images => "images",
        ExportNoun::Layers => "layers",
        ExportNoun::NotificationChannels => "notification-channels",
        ExportNoun::Places => "places",
        ExportNoun::Policies => "policies",
        ExportNoun::PostureDays => "posture-days",
        ExportNoun::Registries => "registries",
        ExportNoun::Roles => "roles",
        ExportNoun::Scans => "scans",
        ExportNoun::Settings => "settings",
        ExportNoun::Snapshots => "snapshots",
        ExportNoun::TrustedBuilds => "trusted-builds",
        ExportNoun::Users => "users",
    }
}

/// One page of a tenant's records of a kind, at most 500 and 1 MB as they are stored.
///
/// # Errors
/// When the table fails or a record is damaged.
pub async fn page(
    platform: &Platform,
    tenant: &TenantId,
    noun: ExportNoun,
    limit: u32,
    cursor: Option<Cursor>,
) -> Result<Listed<ExportRow>, RecordError> {
    let partition = keys::partition(tenant, folder(noun));
    let limit = limit.clamp(1, MAX_PAGE);
    let found = store::page(platform, &partition, &SortRange::All, limit, cursor, WHAT).await?;
    let rows = found.items.into_iter().map(|item| {
        let mut record: Value = store::decode_json(&item.value, WHAT)?;
        if let Some(fields) = record.as_object_mut() {
            fields.retain(|name, _| !SECRET.contains(&name.as_str()));
        }
        // Addresses of receivers may be secrets, and an earlier version kept them whole.
        if noun == ExportNoun::NotificationChannels
            && let Some(Value::String(url)) = record.pointer_mut("/target/url")
        {
            *url = notification::shown_url(url);
        }
        Ok(ExportRow {
            name: item.key.sort,
            expires_at: item.expires_at_s.map(|at| {
                Timestamp::from_ms(i64::try_from(at.saturating_mul(1000)).unwrap_or(i64::MAX))
            }),
            record,
        })
    });
    Ok(Listed {
        records: rows.collect::<Result<_, RecordError>>()?,
        next: found.next,
    })
}

/// One page of a tenant's documents that are exported, each with its path below the tenant. May be empty with a cursor.
///
/// # Errors
/// When the blob store fails.
pub async fn documents(
    platform: &Platform,
    tenant: &TenantId,
    cursor: Option<Cursor>,
) -> Result<Listed<(String, BlobMeta)>, RecordError> {
    let prefix = format!("t/{tenant}/");
    let list = async || platform.blobs.list(&prefix, 1000, cursor.as_ref()).await;
    let page = patiently(list)
        .await
        .map_err(|error| RecordError::Blob("documents", error))?;
    let documents = page.blobs.into_iter().filter_map(|blob| {
        let below = blob.path.as_str().strip_prefix(&prefix)?.to_owned();
        let is_left = LEFT_FOLDERS.iter().any(|folder| below.starts_with(folder));
        (!is_left).then_some((below, blob))
    });
    Ok(Listed {
        records: documents.collect(),
        next: page.next,
    })
}
