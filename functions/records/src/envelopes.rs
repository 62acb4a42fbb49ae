//! Raw envelopes, as agents sent them: durable before the agent is answered.

use futures::{StreamExt as _, TryStreamExt as _};
use platform::Platform;
use schemas::{
    AgentId, TenantId, Timestamp,
    agent::{Envelope, EnvelopeKind},
};
use serde::{Deserialize, Serialize};

use crate::{
    RecordError, keys,
    messages::{self, IngestMessage},
    store::{self, stored},
};

const WHAT: &str = "an envelope";
/// Most bytes of one envelope's JSON.
pub const MAX_ENVELOPE_BYTES: u64 = 64 * 1024 * 1024;
/// Envelopes that are put at once.
const AT_ONCE: usize = 16;

/// What names an envelope within its tenant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EnvelopeName {
    /// The agent that observed.
    pub agent: AgentId,
    /// The run of the agent: 1 to 128 of `a–z A–Z 0–9 - _ .`, not beginning with a dot.
    pub boot_id: String,
    /// Number within the run.
    pub seq: u64,
}

impl EnvelopeName {
    /// Whether the parts that came from outside can be names.
    pub fn is_valid(&self) -> bool {
        keys::plain(&self.boot_id, "boot_id").is_ok()
    }

    fn path(&self, tenant: &TenantId) -> Result<platform::BlobPath, RecordError> {
        let boot_id = keys::plain(&self.boot_id, "boot_id")?;
        // Twenty digits hold every u64, so that paths list in order.
        keys::path(
            tenant,
            &format!(
                "envelopes/{}/{boot_id}/{:020}.json.zst",
                self.agent, self.seq
            ),
        )
    }
}

/// What became of an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// It is new.
    New,
    /// One of this name was stored before; the first stays.
    Duplicate,
}

/// An envelope as it was stored.
#[derive(Clone, Debug)]
pub struct StoredEnvelope {
    /// The envelope.
    pub envelope: Envelope,
    /// When it was stored.
    pub received_at: Timestamp,
}

/// What is known of an envelope that is carried and not judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawRecord {
    /// Version of this record's form, 1.
    pub version: u32,
    /// What it is.
    pub kind: EnvelopeKind,
    /// The agent that observed.
    pub agent: AgentId,
    /// The run of the agent.
    pub boot_id: String,
    /// Number within the run.
    pub seq: u64,
    /// When it was observed.
    pub observed_at: Timestamp,
}

stored! { RawRecord: "a raw observation" 1; }

/// The repository of envelopes.
#[derive(Clone, Copy, Debug)]
pub struct Envelopes<'a>(pub &'a Platform);

impl Envelopes<'_> {
    /// Stores envelopes, each as the JSON text of one, and tells `ingest` of them. Once this returns, nothing of them
    /// can be lost. A duplicate's message is sent again, because the first may never have been.
    ///
    /// # Errors
    /// When any could not be stored or announced; the whole call may be repeated.
    pub async fn accept(
        &self,
        tenant: &TenantId,
        envelopes: Vec<(EnvelopeName, Vec<u8>)>,
    ) -> Result<Vec<Accepted>, RecordError> {
        let mut announce = Vec::with_capacity(envelopes.len());
        for (name, json) in &envelopes {
            if json.len() as u64 > MAX_ENVELOPE_BYTES {
                return Err(RecordError::TooLarge {
                    what: WHAT,
                    limit_bytes: MAX_ENVELOPE_BYTES,
                });
            }
            announce.push(IngestMessage::Envelope {
                tenant: tenant.clone(),
                agent: name.agent.clone(),
                boot_id: name.boot_id.clone(),
                seq: name.seq,
            });
        }
        let accepted = futures::stream::iter(envelopes)
            .map(|(name, json)| self.put(tenant, name, json))
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        messages::send(self.0, &announce).await?;
        Ok(accepted)
    }

    async fn put(
        &self,
        tenant: &TenantId,
        name: EnvelopeName,
        json: Vec<u8>,
    ) -> Result<Accepted, RecordError> {
        let path = name.path(tenant)?;
        let bytes = store::aside(WHAT, move || store::compress(&json, WHAT)).await?;
        let new = store::put_once(self.0, &path, bytes, WHAT).await?;
        Ok(if new {
            Accepted::New
        } else {
            Accepted::Duplicate
        })
    }

    /// An envelope that was stored.
    ///
    /// # Errors
    /// When it is not of its form, or the store fails.
    pub async fn get(
        &self,
        tenant: &TenantId,
        name: &EnvelopeName,
    ) -> Result<Option<StoredEnvelope>, RecordError> {
        let limit = store::MAX_STORED_BYTES;
        let found = store::read_blob(self.0, &name.path(tenant)?, limit, WHAT).await?;
        let Some((bytes, meta)) = found else {
            return Ok(None);
        };
        let envelope = store::aside(WHAT, move || {
            let json = store::decompress(&bytes, MAX_ENVELOPE_BYTES, WHAT)?;
            serde_json::from_slice(&json).map_err(|e| RecordError::Damaged(WHAT, e))
        })
        .await?;
        Ok(Some(StoredEnvelope {
            envelope,
            received_at: Timestamp::from_ms(i64::try_from(meta.modified_at_ms).unwrap_or(i64::MAX)),
        }))
    }

    /// Notes an envelope of a kind that is carried and not judged, so that it can be found by its kind.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn note_raw(
        &self,
        tenant: &TenantId,
        name: &EnvelopeName,
        envelope: &Envelope,
    ) -> Result<(), RecordError> {
        let record = RawRecord {
            version: 1,
            kind: envelope.kind,
            agent: name.agent.clone(),
            boot_id: name.boot_id.clone(),
            seq: name.seq,
            observed_at: envelope.observed_at,
        };
        let noun = format!("raw/{}", envelope.kind.as_str());
        let sort = format!("{}/{}/{:020}", name.agent, name.boot_id, name.seq);
        let item = platform::Item::new(keys::key(tenant, &noun, &sort), store::encode(&record)?);
        store::put(self.0, item, platform::Condition::None, "a raw observation").await?;
        Ok(())
    }
}
