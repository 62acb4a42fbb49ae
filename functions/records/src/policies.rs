//! Policies: one record each, replaced only by who read it last.

use platform::Platform;
use schemas::{
    TenantId, Timestamp,
    api::policy::{PolicyForm, PolicyText},
};
use serde::{Deserialize, Serialize};

use crate::{
    RecordError, keys,
    store::{self, stored},
};

const NOUN: &str = "policies";
/// The policy of scans in builds.
pub const CI: &str = "ci";
/// The longest text of a policy that is kept, in bytes: with its record it fits in an item of any table.
pub const MAX_TEXT_BYTES: usize = 256 * 1024;

/// A policy as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyRecord {
    /// Version of this record's form, 1.
    pub version: u32,
    /// Its form.
    pub form: PolicyForm,
    /// Its text.
    pub text: String,
    /// When it was set.
    pub updated_at: Timestamp,
    /// Who set it.
    pub updated_by: String,
}

stored! { PolicyRecord: "a policy" 1; }

impl PolicyRecord {
    /// A new state of a policy.
    pub fn new(policy: PolicyText, updated_at: Timestamp, updated_by: &str) -> Self {
        Self {
            version: 1,
            form: policy.form,
            text: policy.text,
            updated_at,
            updated_by: updated_by.to_owned(),
        }
    }
}

/// The repository of policies.
#[derive(Clone, Copy, Debug)]
pub struct Policies<'a>(pub &'a Platform);

impl Policies<'_> {
    /// A policy, with the revision that names this state; `None` before it was set.
    ///
    /// # Errors
    /// When the table fails or the record is damaged.
    pub async fn get(
        &self,
        tenant: &TenantId,
        id: &str,
    ) -> Result<Option<(PolicyRecord, u64)>, RecordError> {
        let key = keys::key(tenant, NOUN, keys::plain(id, "the policy's id")?);
        store::read(self.0, &key).await
    }

    /// Sets a policy in place of the state of this revision, or where none is set; says whether that was so.
    ///
    /// # Errors
    /// As [`Self::get`], and for a text of more than [`MAX_TEXT_BYTES`].
    pub async fn put(
        &self,
        tenant: &TenantId,
        id: &str,
        policy: &PolicyRecord,
        replaces: Option<u64>,
    ) -> Result<bool, RecordError> {
        if policy.text.len() > MAX_TEXT_BYTES {
            return Err(RecordError::TooLarge {
                what: "a policy",
                limit_bytes: MAX_TEXT_BYTES as u64,
            });
        }
        let key = keys::key(tenant, NOUN, keys::plain(id, "the policy's id")?);
        store::replace(self.0, key, policy, replaces).await
    }
}
