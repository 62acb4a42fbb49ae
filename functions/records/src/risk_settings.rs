//! What a tenant says of its estate that counts in scores: one record, replaced only by who read it last.

use platform::Platform;
use schemas::{TenantId, Timestamp, api::risk_settings::RiskSettings};
use serde::{Deserialize, Serialize};

use crate::{
    RecordError, keys,
    store::{self, stored},
};

const NOUN: &str = "settings";
const ID: &str = "risk";

/// The settings as they are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiskSettingsRecord {
    /// Version of this record's form, 1.
    pub version: u32,
    /// The settings.
    pub settings: RiskSettings,
    /// When they were set.
    pub updated_at: Timestamp,
    /// Who set them.
    pub updated_by: String,
}

stored! { RiskSettingsRecord: "settings of risk" 1; }

/// The repository of these settings.
#[derive(Clone, Copy, Debug)]
pub struct SettingsOfRisk<'a>(pub &'a Platform);

impl SettingsOfRisk<'_> {
    /// A tenant's settings, with the revision that names this state; `None` while they are as they are by themselves.
    ///
    /// # Errors
    /// When the table fails or the record is damaged.
    pub async fn get(
        &self,
        tenant: &TenantId,
    ) -> Result<Option<(RiskSettingsRecord, u64)>, RecordError> {
        store::read(self.0, &keys::key(tenant, NOUN, ID)).await
    }

    /// Sets them in place of the state of this revision, or where none are set; says whether that was so.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn put(
        &self,
        tenant: &TenantId,
        record: &RiskSettingsRecord,
        replaces: Option<u64>,
    ) -> Result<bool, RecordError> {
        let key = keys::key(tenant, NOUN, ID);
        store::replace(self.0, key, record, replaces).await
    }
}
