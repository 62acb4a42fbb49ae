//! Advisory feeds: the generation of shards in use, and how each feed is. They belong to no tenant.
//!
//! A shard is a blob named by its content. A generation is one record that names the shards, so it comes into use at one
//! moment; what it changed is kept with it until every tenant's places were told.

use std::collections::{BTreeMap, BTreeSet};

use platform::{BlobError, Item, Key, Platform, SortRange, patience::patiently};
use schemas::{Digest, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    RecordError, keys,
    places::NameSet,
    store::{self, Found, Put, stored},
};

const PARTITION: &str = "global/feeds";
const CURRENT: &str = "current";
const WHAT: &str = "advisories";

/// A generation of shards.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GenerationRecord {
    /// Version of this record's form, 1.
    pub version: u32,
    /// Its number, from 1.
    pub id: u64,
    /// When it came into use.
    pub published_at: Timestamp,
    /// Name of the document that names its shards, see [`Feeds::manifest`].
    pub manifest: String,
    /// Name of the document that says what it changed, see [`Feeds::changes`].
    pub changes: String,
    /// Whether all tenants were told of what it changed.
    #[serde(default)]
    pub told: bool,
    /// The generation before, whose documents and shards are forgotten with the next one, when nobody reads them.
    #[serde(default)]
    pub former: Option<Former>,
}

/// Documents of a former generation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Former {
    /// Its manifest.
    pub manifest: String,
    /// What it changed.
    pub changes: String,
}

/// What names the shards of a generation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ManifestDocument {
    /// Version of this document's form, 1.
    pub version: u32,
    /// Contents of its shards; each is stored under its digest.
    pub shards: BTreeSet<Digest>,
    /// The manifest as the compiler of advisories wrote it.
    pub manifest: serde_json::Value,
}

/// How a feed is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeedState {
    /// Version of this record's form, 1.
    pub version: u32,
    /// Its name, such as `debian-tracker`.
    pub feed: String,
    /// Documents that the shards in use were made from, by name.
    #[serde(default)]
    pub documents: Vec<String>,
    /// Rows that were read from them.
    #[serde(default)]
    pub rows: u64,
    /// The newest date that they carry.
    #[serde(default)]
    pub as_of: Option<Timestamp>,
    /// When they were last read without an error.
    #[serde(default)]
    pub good_at: Option<Timestamp>,
    /// When they were last looked at.
    pub checked_at: Timestamp,
    /// Why the last look failed; the shards in use are those of `good_at` then.
    #[serde(default)]
    pub error: Option<String>,
}

/// How the download of a feed is. Earlier versions kept one for each document, with what its address gave.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DownloadState {
    /// Version of this record's form, 1.
    pub version: u32,
    /// Its name.
    pub name: String,
    /// The entity tag that its address gave with what was downloaded last.
    #[serde(default)]
    pub etag: Option<String>,
    /// The date of change that its address gave with what was downloaded last.
    #[serde(default)]
    pub last_modified: Option<String>,
    /// Why the last download failed.
    #[serde(default)]
    pub error: Option<String>,
    /// When its publisher was last asked.
    #[serde(default)]
    pub checked_at: Timestamp,
    /// When it was last asked without any error.
    #[serde(default)]
    pub good_at: Option<Timestamp>,
    /// When one of its documents last changed.
    #[serde(default)]
    pub changed_at: Option<Timestamp>,
    /// Number of its documents in use.
    #[serde(default)]
    pub documents: u64,
    /// Number of rows in them.
    #[serde(default)]
    pub rows: u64,
    /// Their size, as they were transferred.
    #[serde(default)]
    pub size_bytes: u64,
    /// Why later documents are held back.
    #[serde(default)]
    pub held: Vec<String>,
}

/// What a generation changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// Version of this document's form, 1.
    pub version: u32,
    /// By shard: hashes of the package names whose rows changed, see [`crate::places::name_hash`].
    #[serde(default)]
    pub names: BTreeMap<String, Vec<u32>>,
    /// Whether what is known of vulnerabilities themselves changed.
    #[serde(default)]
    pub intel: bool,
}

stored! {
    GenerationRecord: "a generation of advisories" 1;
    FeedState: "the state of a feed" 1;
    DownloadState: "the state of a download" 1;
}

impl Changes {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty() && !self.intel
    }

    /// The changed names of each shard.
    pub fn sets(&self) -> Vec<(String, NameSet)> {
        self.names
            .iter()
            .map(|(shard, names)| (shard.clone(), NameSet::of_hashes(names.iter().copied())))
            .collect()
    }

    /// These changes and those.
    pub fn merge(&mut self, other: Self) {
        self.intel |= other.intel;
        for (shard, names) in other.names {
            let all = self.names.entry(shard).or_default();
            all.extend(names);
            all.sort_unstable();
            all.dedup();
        }
    }
}

/// The repository of feeds.
#[derive(Clone, Copy, Debug)]
pub struct Feeds<'a>(pub &'a Platform);

impl Feeds<'_> {
    /// The generation in use; `None` before the first.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn current(&self) -> Result<Option<Found<GenerationRecord>>, RecordError> {
        store::find(self.0, &Key::new(PARTITION, CURRENT)).await
    }

    /// Number of the generation in use, 0 before the first.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn generation(&self) -> Result<u64, RecordError> {
        Ok(self.current().await?.map_or(0, |current| current.record.id))
    }

    /// Stores a shard; one of the same content is stored once.
    ///
    /// # Errors
    /// When the blob store fails.
    pub async fn put_shard(&self, bytes: Vec<u8>) -> Result<Digest, RecordError> {
        let digest = keys::digest(&bytes);
        store::put_once(self.0, &shard_path(&digest)?, bytes, WHAT).await?;
        Ok(digest)
    }

    /// A shard as an open file, where the platform keeps blobs as files.
    ///
    /// # Errors
    /// When the blob store fails.
    pub async fn open_shard(&self, digest: &Digest) -> Result<Option<std::fs::File>, RecordError> {
        let path = shard_path(digest)?;
        patiently(async || self.0.blobs.open_file(&path).await)
            .await
            .map_err(|error| match error {
                BlobError::NotFound => RecordError::Gone(WHAT),
                error => RecordError::Blob(WHAT, error),
            })
    }

    /// Some bytes of a shard.
    ///
    /// # Errors
    /// When the blob store fails, or the shard is gone.
    pub async fn read_shard(
        &self,
        digest: &Digest,
        range: std::ops::Range<u64>,
    ) -> Result<bytes::Bytes, RecordError> {
        let path = shard_path(digest)?;
        let limit = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(usize::MAX);
        let read = patiently(async || {
            let blob = self.0.blobs.get_range(&path, range.clone()).await?;
            blob.body.collect(limit).await
        });
        read.await.map_err(|error| match error {
            BlobError::NotFound => RecordError::Gone(WHAT),
            error => RecordError::Blob(WHAT, error),
        })
    }

    /// Brings a generation into use, in place of the one that was read before it was made, with what it changes. What
    /// that one changed and nobody was told of yet is carried over. Its shards are stored before. Returns its number, or
    /// `None` when somebody else published in between.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn publish(
        &self,
        before: Option<&Found<GenerationRecord>>,
        manifest: &ManifestDocument,
        mut changes: Changes,
    ) -> Result<Option<u64>, RecordError> {
        changes.version = 1;
        let old = before.map(|before| &before.record);
        if let Some(old) = old
            && !old.told
        {
            changes.merge(self.changes(&old.changes).await?);
        }
        let id = old.map_or(0, |old| old.id) + 1;
        let record = GenerationRecord {
            version: 1,
            id,
            published_at: store::now(self.0),
            manifest: self.put_named(id, "manifests", manifest).await?,
            changes: self.put_named(id, "changes", &changes).await?,
            told: false,
            former: old.map(|old| Former {
                manifest: old.manifest.clone(),
                changes: old.changes.clone(),
            }),
        };
        let item = Item::new(Key::new(PARTITION, CURRENT), store::encode(&record)?);
        let condition = store::unchanged(before.map(|before| before.version));
        match store::put(self.0, item, condition, WHAT).await? {
            Put::Held => Ok(None),
            Put::Written => {
                if let Some(old) = old
                    && let Some(former) = &old.former
                {
                    self.forget(former, &[&old.manifest, &record.manifest])
                        .await?;
                }
                Ok(Some(id))
            }
        }
    }

    async fn put_named<T: Serialize>(
        &self,
        id: u64,
        folder: &str,
        document: &T,
    ) -> Result<String, RecordError> {
        let bytes = store::encode_document(document, WHAT)?;
        let name = format!("{id:020}-{}", keys::short(&keys::digest(&bytes)));
        store::put_once(self.0, &document_path(folder, &name)?, bytes, WHAT).await?;
        Ok(name)
    }

    /// Forgets a generation, but for shards that these manifests name.
    async fn forget(&self, former: &Former, kept: &[&String]) -> Result<(), RecordError> {
        let mut shards = match self.manifest(&former.manifest).await {
            Ok(document) => document.shards,
            // Forgotten by an earlier attempt.
            Err(RecordError::Gone(_)) => return Ok(()),
            Err(error) => return Err(error),
        };
        for manifest in kept {
            for shard in self.manifest(manifest).await?.shards {
                shards.remove(&shard);
            }
        }
        for shard in &shards {
            store::forget(self.0, &shard_path(shard)?).await;
        }
        store::forget(self.0, &document_path("changes", &former.changes)?).await;
        store::forget(self.0, &document_path("manifests", &former.manifest)?).await;
        Ok(())
    }

    /// What names the shards of a generation, by the name that its record has.
    ///
    /// # Errors
    /// When the store fails; [`RecordError::Gone`] when two later generations are out.
    pub async fn manifest(&self, name: &str) -> Result<ManifestDocument, RecordError> {
        store::read_document(self.0, &document_path("manifests", name)?, WHAT)
            .await?
            .ok_or(RecordError::Gone(WHAT))
    }

    /// What a generation changed, by the name that its record has.
    ///
    /// # Errors
    /// When the store fails; [`RecordError::Gone`] when two later generations are out.
    pub async fn changes(&self, name: &str) -> Result<Changes, RecordError> {
        store::read_document(self.0, &document_path("changes", name)?, WHAT)
            .await?
            .ok_or(RecordError::Gone(WHAT))
    }

    /// Notes that every tenant was told of what the generation changed that was read. Returns `false` when the generation is another by now.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn told(&self, current: &Found<GenerationRecord>) -> Result<bool, RecordError> {
        let mut record = current.record.clone();
        record.told = true;
        let item = Item::new(Key::new(PARTITION, CURRENT), store::encode(&record)?);
        let condition = store::unchanged(Some(current.version));
        let put = store::put(self.0, item, condition, WHAT).await?;
        Ok(matches!(put, Put::Written))
    }

    /// How each feed is, by name.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn states(&self) -> Result<Vec<FeedState>, RecordError> {
        let range = SortRange::Prefix("state/".to_owned());
        let items = store::all(self.0, PARTITION, &range, WHAT).await?;
        store::decode_all(&items)
    }

    /// Stores how a feed is.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn put_state(&self, state: &FeedState) -> Result<(), RecordError> {
        let feed = keys::plain(&state.feed, "a feed's name")?;
        let item = Item::new(
            Key::new(PARTITION, format!("state/{feed}")),
            store::encode(state)?,
        );
        store::put(self.0, item, platform::Condition::None, WHAT).await?;
        Ok(())
    }

    /// How a download is.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn download(&self, name: &str) -> Result<Option<DownloadState>, RecordError> {
        let name = keys::plain(name, "a download's name")?;
        let key = Key::new(PARTITION, format!("download/{name}"));
        Ok(store::read(self.0, &key).await?.map(|(state, _)| state))
    }

    /// All downloads, by name.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn downloads(&self) -> Result<Vec<DownloadState>, RecordError> {
        let range = SortRange::Prefix("download/".to_owned());
        let items = store::all(self.0, PARTITION, &range, WHAT).await?;
        store::decode_all(&items)
    }

    /// Stores how a download is.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn put_download(&self, state: &DownloadState) -> Result<(), RecordError> {
        let name = keys::plain(&state.name, "a download's name")?;
        let key = Key::new(PARTITION, format!("download/{name}"));
        let item = Item::new(key, store::encode(state)?);
        store::put(self.0, item, platform::Condition::None, WHAT).await?;
        Ok(())
    }
}

fn shard_path(digest: &Digest) -> Result<platform::BlobPath, RecordError> {
    keys::global_path(&format!("feeds/shards/{}", digest.hex()))
}

fn document_path(folder: &str, name: &str) -> Result<platform::BlobPath, RecordError> {
    let name = keys::plain(name, WHAT)?;
    keys::global_path(&format!("feeds/{folder}/{name}.json.zst"))
}
