//! Scans of builds: one record each with its report, the newest first.

use platform::{BlobPath, Condition, Cursor, Item, Platform, SortRange};
use schemas::{
    TenantId, Timestamp,
    inventory::{CoverageStatus, Target},
    policy::PolicyVerdict,
    report::{Report, Summary},
};
use serde::{Deserialize, Serialize};

use crate::{
    RecordError, keys,
    store::{self, Listed, stored},
};

const NOUN: &str = "scans";
const WHAT: &str = "a scan";
/// The latest moment that can be written, in milliseconds: sorts turn the order round by counting from it.
const LATEST_MS: i64 = 253_402_300_799_999;
/// The most bytes of a scan's names together, which come from whoever sends the report: with them a record fits in an
/// item of any table.
const MAX_NAME_BYTES: usize = 32 * 1024;

/// A scan as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScanRecord {
    /// Version of this record's form, 1.
    pub version: u32,
    /// Its id: half of the digest of its report.
    pub id: String,
    /// What was scanned.
    pub target: Target,
    /// When it was scanned, by the clock of whoever did.
    pub scanned_at: Timestamp,
    /// When it arrived.
    pub received_at: Timestamp,
    /// Who sent it.
    pub sent_by: String,
    /// Version of Bulkhead that scanned.
    pub software: String,
    /// Counts of findings.
    pub summary: Summary,
    /// Findings that do not count.
    #[serde(default)]
    pub suppressed: u32,
    /// How much was read and could be judged.
    pub coverage: CoverageStatus,
    /// What the gate said.
    #[serde(default)]
    pub verdict: Option<PolicyVerdict>,
}

stored! { ScanRecord: "a scan" 1; }

/// The repository of scans.
#[derive(Clone, Copy, Debug)]
pub struct Scans<'a>(pub &'a Platform);

impl Scans<'_> {
    /// Keeps a scan; the same report sent again is the same scan.
    ///
    /// # Errors
    /// When the store fails, or a name in the report is longer than any is.
    pub async fn put(
        &self,
        tenant: &TenantId,
        report: &Report,
        sent_by: &str,
    ) -> Result<ScanRecord, RecordError> {
        let json = serde_json::to_vec(report).map_err(|e| RecordError::Damaged(WHAT, e))?;
        let digest = keys::digest(&json);
        let id = keys::short(&digest).to_owned();
        let record = ScanRecord {
            version: 1,
            id: id.clone(),
            target: report.target.clone(),
            scanned_at: report.scanned_at,
            received_at: store::now(self.0),
            sent_by: sent_by.to_owned(),
            software: report.software.clone(),
            summary: report.summary.clone(),
            suppressed: u32::try_from(report.suppressed.len()).unwrap_or(u32::MAX),
            coverage: report.coverage.status,
            verdict: report.policy.as_ref().map(|outcome| outcome.verdict),
        };
        let names = [&record.target.name, &record.software, &record.sent_by];
        let names = names.into_iter().chain(&record.target.id);
        if names.map(|name| name.len()).sum::<usize>() > MAX_NAME_BYTES {
            return Err(RecordError::TooLarge {
                what: "a scan with names",
                limit_bytes: MAX_NAME_BYTES as u64,
            });
        }
        // The report first: a scan that is listed can be read.
        let document = store::aside(WHAT, move || store::compress(&json, WHAT)).await?;
        store::put_once(self.0, &path(tenant, &id)?, document, WHAT).await?;
        let key = keys::key(tenant, NOUN, &sort(&record));
        let item = Item::new(key.clone(), store::encode(&record)?);
        store::put(self.0, item, Condition::NotExists, WHAT).await?;
        // What was there before says when it arrived first.
        let kept: Option<(ScanRecord, u64)> = store::read(self.0, &key).await?;
        Ok(kept.map_or(record, |(kept, _)| kept))
    }

    /// The report of a scan.
    ///
    /// # Errors
    /// When the store fails or the report is damaged.
    pub async fn report(&self, tenant: &TenantId, id: &str) -> Result<Option<Report>, RecordError> {
        store::read_document(self.0, &path(tenant, id)?, WHAT).await
    }

    /// One page of a tenant's scans, the newest first.
    ///
    /// # Errors
    /// When the table fails or a record is damaged.
    pub async fn list(
        &self,
        tenant: &TenantId,
        limit: u32,
        cursor: Option<Cursor>,
    ) -> Result<Listed<ScanRecord>, RecordError> {
        let partition = keys::partition(tenant, NOUN);
        store::list(self.0, &partition, &SortRange::All, limit, cursor).await
    }
}

/// Later scans first: by the time of the scan, which the report says itself, so that a repetition finds its place again.
fn sort(record: &ScanRecord) -> String {
    let left = LATEST_MS.saturating_sub(record.scanned_at.as_ms());
    format!("{left:016}-{}", record.id)
}

fn path(tenant: &TenantId, id: &str) -> Result<BlobPath, RecordError> {
    keys::path(tenant, &format!("{NOUN}/{id}"))
}
