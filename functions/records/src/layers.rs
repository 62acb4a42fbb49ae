//! Layers: read once for a tenant, merged for every image that has them.

use std::collections::HashSet;

use platform::{Item, Platform, SortRange};
use schemas::{
    AgentId, Digest, ImageId, Place, TenantId, Timestamp,
    inventory::{LayerInventory, Reader, ReaderKind},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    RecordError, keys,
    messages::{self, ScanMessage},
    store::{self, Put, stored},
};

const NOUN: &str = "layers";
const WHAT: &str = "a layer";
/// Most bytes of a layer's inventory as JSON.
pub const MAX_LAYER_BYTES: u64 = 64 * 1024 * 1024;

/// What is known of a layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerRecord {
    /// Version of this record's form, 1.
    pub version: u32,
    /// Its identity: the digest of the uncompressed layer.
    pub diff_id: Digest,
    /// Who read it.
    pub reader: Reader,
    /// Generation of the analyzers that read it; 0 for what was stored before it was kept.
    #[serde(default)]
    pub generation: u32,
    /// Name of its document among those of this layer.
    pub document: String,
}

/// A wait for a layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct WaitRecord {
    version: u32,
    image: ImageId,
}

stored! {
    LayerRecord: "a layer" 1;
    WaitRecord: "a wait for a layer" 1;
}

/// A reading of a layer that is to be stored.
#[derive(Clone, Debug)]
pub struct LayerReading {
    diff_id: Digest,
    generation: u32,
    document: Document,
}

#[derive(Clone, Debug)]
enum Document {
    Read(Box<LayerInventory>),
    Sent(Value),
}

impl LayerReading {
    /// A document as an agent sent it. What of it this version does not know stays in it: an agent sends a layer once, so
    /// a later version could not have it otherwise.
    ///
    /// # Errors
    /// When it is not the inventory of a layer.
    pub fn sent(document: Value) -> Result<Self, serde_json::Error> {
        let layer = LayerInventory::deserialize(&document)?;
        Ok(Self {
            diff_id: layer.diff_id,
            generation: layer.generation,
            document: Document::Sent(document),
        })
    }

    /// The layer.
    pub fn diff_id(&self) -> &Digest {
        &self.diff_id
    }

    /// The document with who read it, compressed.
    fn encode(self, reader: &Reader) -> Result<Vec<u8>, RecordError> {
        match self.document {
            Document::Read(mut layer) => {
                layer.reader = Some(reader.clone());
                store::encode_document(&layer, WHAT)
            }
            Document::Sent(mut document) => {
                let reader =
                    serde_json::to_value(reader).map_err(|e| RecordError::Damaged(WHAT, e))?;
                if let Some(fields) = document.as_object_mut() {
                    fields.insert("reader".to_owned(), reader);
                }
                store::encode_document(&document, WHAT)
            }
        }
    }
}

impl From<LayerInventory> for LayerReading {
    fn from(layer: LayerInventory) -> Self {
        Self {
            diff_id: layer.diff_id.clone(),
            generation: layer.generation,
            document: Document::Read(Box::new(layer)),
        }
    }
}

/// What became of a layer's inventory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutLayer {
    /// It is stored now.
    Stored,
    /// Somebody of a higher rank read it before, or of the same rank with analyzers that find as much.
    Outranked,
}

/// The repository of layers.
#[derive(Clone, Copy, Debug)]
pub struct Layers<'a>(pub &'a Platform);

impl Layers<'_> {
    /// Those of these layers whose inventories the tenant lacks.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn missing(
        &self,
        tenant: &TenantId,
        layers: &[Digest],
    ) -> Result<Vec<Digest>, RecordError> {
        let mut missing = layers.to_vec();
        missing.sort();
        missing.dedup();
        let known = self.records(tenant, &missing).await?;
        missing.retain(|layer| known.iter().all(|known| known.diff_id != *layer));
        Ok(missing)
    }

    /// Those of these layers that a reader of this kind with analyzers of this generation is to read: the tenant lacks
    /// them, or has them from a reader that it does not rank below and whose analyzers find less.
    ///
    /// # Errors
    /// When the table fails or a record is damaged.
    pub async fn wanted(
        &self,
        tenant: &TenantId,
        layers: &[Digest],
        reader: ReaderKind,
        generation: u32,
    ) -> Result<Vec<Digest>, RecordError> {
        let mut wanted = layers.to_vec();
        wanted.sort();
        wanted.dedup();
        let known = self.records(tenant, &wanted).await?;
        let stays: HashSet<&Digest> = known
            .iter()
            .filter(|known| known.reader.kind > reader || known.generation >= generation)
            .map(|known| &known.diff_id)
            .collect();
        wanted.retain(|layer| !stays.contains(layer));
        Ok(wanted)
    }

    /// The records of those of these layers that are known, in no promised order.
    ///
    /// # Errors
    /// When the table fails or a record is damaged.
    pub async fn records(
        &self,
        tenant: &TenantId,
        layers: &[Digest],
    ) -> Result<Vec<LayerRecord>, RecordError> {
        let mut layers = layers.to_vec();
        layers.sort();
        layers.dedup();
        let keys: Vec<_> = layers
            .iter()
            .map(|layer| keys::key(tenant, NOUN, layer.as_str()))
            .collect();
        let items = store::get_many(self.0, &keys, WHAT).await?;
        store::decode_all(&items)
    }

    /// Stores an agent's reading of a layer, unless somebody of a higher rank read it, or of the same rank with analyzers of
    /// the same or a higher generation, and tells `scan` of the images that wait for it. Safe to repeat.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn put_by_agent(
        &self,
        tenant: &TenantId,
        agent: &AgentId,
        software: &str,
        read_at: Timestamp,
        layer: impl Into<LayerReading>,
    ) -> Result<PutLayer, RecordError> {
        let reader = Reader {
            kind: ReaderKind::Agent,
            agent: Some(agent.clone()),
            read_at,
            software: software.to_owned(),
        };
        self.put(tenant, reader, layer).await
    }

    /// Stores a reading of a layer, unless somebody of a higher rank read it, or of the same rank with analyzers of
    /// the same or a higher generation, and tells `scan` of the images that wait for it. Safe to repeat.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn put(
        &self,
        tenant: &TenantId,
        reader: Reader,
        layer: impl Into<LayerReading>,
    ) -> Result<PutLayer, RecordError> {
        let layer = layer.into();
        let diff_id = layer.diff_id.clone();
        let key = keys::key(tenant, NOUN, diff_id.as_str());
        let generation = layer.generation;
        let said = reader.clone();
        let bytes = store::aside(WHAT, move || layer.encode(&said)).await?;
        let document = format!(
            "{}-{}",
            reader.kind as u8,
            keys::short(&keys::digest(&bytes))
        );
        let record = LayerRecord {
            version: 1,
            diff_id: diff_id.clone(),
            reader,
            generation,
            document,
        };
        let value = store::encode(&record)?;
        for _ in 0..store::ATTEMPTS {
            let current = store::read::<LayerRecord>(self.0, &key).await?;
            if let Some((current, _)) = &current
                && (current.reader.kind, current.generation) >= (record.reader.kind, generation)
            {
                // The reading before may have been stored by a request that then broke off.
                self.wake(tenant, &diff_id).await?;
                return Ok(PutLayer::Outranked);
            }
            let path = path(tenant, &diff_id, &record.document)?;
            store::put_once(self.0, &path, bytes.clone(), WHAT).await?;
            let condition = store::unchanged(current.map(|(_, version)| version));
            let item = Item::new(key.clone(), value.clone());
            if let Put::Written = store::put(self.0, item, condition, WHAT).await? {
                self.wake(tenant, &diff_id).await?;
                return Ok(PutLayer::Stored);
            }
        }
        Err(RecordError::Busy(WHAT))
    }

    /// The inventory that a record names.
    ///
    /// # Errors
    /// When it is damaged or the store fails.
    pub async fn inventory(
        &self,
        tenant: &TenantId,
        record: &LayerRecord,
    ) -> Result<LayerInventory, RecordError> {
        let path = path(tenant, &record.diff_id, &record.document)?;
        store::read_document(self.0, &path, WHAT)
            .await?
            .ok_or(RecordError::Gone(WHAT))
    }

    /// Notes that an image waits for layers. Look again afterwards which are missing: one that came in between found
    /// nobody waiting.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn wait(
        &self,
        tenant: &TenantId,
        image: &ImageId,
        layers: &[Digest],
    ) -> Result<(), RecordError> {
        let record = WaitRecord {
            version: 1,
            image: image.clone(),
        };
        for layer in layers {
            let key = keys::key(tenant, &waits(layer), image.as_str());
            let item = Item::new(key, store::encode(&record)?);
            store::put(self.0, item, platform::Condition::None, WHAT).await?;
        }
        Ok(())
    }

    /// Notes that an image no longer waits for layers.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn stop_waiting(
        &self,
        tenant: &TenantId,
        image: &ImageId,
        layers: &[Digest],
    ) -> Result<(), RecordError> {
        for layer in layers {
            let key = keys::key(tenant, &waits(layer), image.as_str());
            store::delete(self.0, &key, WHAT).await?;
        }
        Ok(())
    }

    async fn wake(&self, tenant: &TenantId, layer: &Digest) -> Result<(), RecordError> {
        let partition = keys::partition(tenant, &waits(layer));
        let items = store::all(self.0, &partition, &SortRange::All, WHAT).await?;
        let waiting = items
            .iter()
            .map(|item| {
                Ok(ScanMessage::Place {
                    tenant: tenant.clone(),
                    place: Place::Image(store::decode::<WaitRecord>(&item.value)?.image),
                    rematch: false,
                })
            })
            .collect::<Result<Vec<_>, RecordError>>()?;
        messages::send(self.0, &waiting).await
    }
}

fn waits(layer: &Digest) -> String {
    format!("layer-images/{}", layer.hex())
}

fn path(
    tenant: &TenantId,
    layer: &Digest,
    document: &str,
) -> Result<platform::BlobPath, RecordError> {
    let document = keys::plain(document, WHAT)?;
    keys::path(
        tenant,
        &format!("layers/{}/{document}.json.zst", layer.hex()),
    )
}
