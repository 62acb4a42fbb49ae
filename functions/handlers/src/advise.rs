//! The advisories in use: a generation of shards, read from the blob store as they are needed.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use advisories::{
    BuildOptions, BuildReport, Manifest, ShardSet, Source,
    shards::{INTEL, ShardInfo, ShardRead},
};
use platform::Platform;
use records::{
    Feeds,
    feeds::{Changes, GenerationRecord},
    places::{NameSet, ShardNames, ShardUse, name_hash},
};
use schemas::{
    Digest, Timestamp, VulnerabilityId,
    finding::{CannotJudge, Finding},
    inventory::{Coverage, Inventory},
    risk::VulnerabilityFacts,
};
use tokio::runtime::Handle;

use crate::HandlerError;

/// The advisories of one generation. Reading them may wait for the blob store, so it is done on threads for such work.
#[derive(Clone, Debug)]
pub struct Advisories {
    generation: u64,
    set: Arc<ShardSet>,
}

/// What matching a place gave.
pub(crate) struct Judged {
    pub(crate) findings: Vec<Finding>,
    pub(crate) cannot_judge: Vec<CannotJudge>,
    pub(crate) coverage: Coverage,
    pub(crate) shards: Vec<ShardUse>,
    pub(crate) names: Vec<ShardNames>,
}

impl Advisories {
    /// Opens a generation; an empty record is the generation before the first.
    pub(crate) async fn open(
        platform: &Platform,
        record: GenerationRecord,
    ) -> Result<Self, HandlerError> {
        if record.id == 0 {
            return Ok(Self {
                generation: 0,
                set: Arc::new(ShardSet::empty()),
            });
        }
        let document = Feeds(platform).manifest(&record.manifest).await?;
        let manifest: Manifest = serde_json::from_value(document.manifest)
            .map_err(|error| HandlerError::poison_by("the manifest of advisories", error))?;
        let digests: Vec<(String, Digest, u64)> = manifest
            .shards
            .iter()
            .map(|info| Ok((info.file.clone(), digest(info)?, info.size_bytes)))
            .collect::<Result<_, HandlerError>>()?;
        let (platform, runtime) = (platform.clone(), Handle::current());
        let fetch = move |file: &str| -> io::Result<Box<dyn ShardRead>> {
            let (_, digest, size_bytes) = digests
                .iter()
                .find(|(known, ..)| known == file)
                .ok_or(io::ErrorKind::NotFound)?;
            let opened = runtime
                .block_on(Feeds(&platform).open_shard(digest))
                .map_err(io::Error::other)?;
            match opened {
                Some(file) => Ok(Box::new(Opened {
                    file: Mutex::new(file),
                    size_bytes: *size_bytes,
                })),
                None => Ok(Box::new(Ranged {
                    platform: platform.clone(),
                    runtime: runtime.clone(),
                    digest: digest.clone(),
                    size_bytes: *size_bytes,
                })),
            }
        };
        Ok(Self {
            generation: record.id,
            set: Arc::new(ShardSet::open_with(manifest, fetch)),
        })
    }

    /// Its number; 0 before the first.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Its shards. To be read on threads that may wait.
    pub fn set(&self) -> &ShardSet {
        &self.set
    }

    /// Whether a shard is what it was when a place was matched with it.
    pub(crate) fn is_same(&self, used: &ShardUse) -> bool {
        let now = self.set.manifest().shard(&used.shard);
        now.map(|info| info.sha256.as_str()) == used.digest.as_ref().map(Digest::hex)
    }

    /// What is known of a vulnerability wherever it is. To be called on threads that may wait.
    pub(crate) fn facts(&self, id: &VulnerabilityId) -> Result<VulnerabilityFacts, HandlerError> {
        self.set
            .facts(id.as_str(), &[])
            .map_err(|error| HandlerError::Retry(error.into()))
    }
}

/// A shard in a file. Each page of it is read once, so that readers hardly ever meet.
struct Opened {
    file: Mutex<File>,
    size_bytes: u64,
}

impl ShardRead for Opened {
    fn len(&self) -> u64 {
        self.size_bytes
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(buffer)
    }
}

/// A shard in a blob store that has no files.
struct Ranged {
    platform: Platform,
    runtime: Handle,
    digest: Digest,
    size_bytes: u64,
}

impl ShardRead for Ranged {
    fn len(&self) -> u64 {
        self.size_bytes
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        if buffer.is_empty() {
            return Ok(());
        }
        let range = offset..offset.saturating_add(buffer.len() as u64);
        let bytes = self
            .runtime
            .block_on(Feeds(&self.platform).read_shard(&self.digest, range))
            .map_err(io::Error::other)?;
        if bytes.len() != buffer.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        buffer.copy_from_slice(&bytes);
        Ok(())
    }
}

fn digest(info: &ShardInfo) -> Result<Digest, HandlerError> {
    format!("sha256:{}", info.sha256)
        .parse()
        .map_err(|error| HandlerError::poison_by("the manifest of advisories", error))
}

/// Runs work on a thread that may wait.
pub(crate) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, HandlerError> + Send + 'static,
) -> Result<T, HandlerError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| HandlerError::retry("work on a thread of its own broke off"))?
}

/// Matches an inventory, and gives it back.
pub(crate) async fn judge(
    advisories: Arc<Advisories>,
    inventory: Inventory,
    at: Timestamp,
) -> Result<(Judged, Inventory), HandlerError> {
    aside(move || {
        let matched = advisories::match_inventory(&inventory, &advisories.set, at)
            .map_err(|error| HandlerError::Retry(error.into()))?;
        let coverage = matched.coverage(&inventory);
        let mut shards = Vec::with_capacity(matched.shards.len() + 1);
        let mut names = Vec::with_capacity(matched.shards.len() + 1);
        for used in matched.shards.iter().filter(|used| used.key != INTEL) {
            shards.push(ShardUse {
                shard: used.key.clone(),
                digest: shard_digest(used.sha256.as_deref())?,
            });
            names.push(ShardNames {
                shard: used.key.clone(),
                names: NameSet::of(used.names.iter().map(String::as_str)),
            });
        }
        // Ratings of vulnerabilities decide the severity of findings.
        let ids = matched.findings.iter().map(|f| f.vulnerability.as_str());
        let unsure = matched
            .cannot_judge
            .iter()
            .map(|c| c.vulnerability.as_str());
        names.push(ShardNames {
            shard: INTEL.to_owned(),
            names: NameSet::of(ids.chain(unsure)),
        });
        let intel = advisories.set.manifest().shard(INTEL);
        shards.push(ShardUse {
            shard: INTEL.to_owned(),
            digest: shard_digest(intel.map(|info| info.sha256.as_str()))?,
        });
        let judged = Judged {
            findings: matched.findings,
            cannot_judge: matched.cannot_judge,
            coverage,
            shards,
            names,
        };
        Ok((judged, inventory))
    })
    .await
}

fn shard_digest(hex: Option<&str>) -> Result<Option<Digest>, HandlerError> {
    hex.map(|hex| {
        format!("sha256:{hex}")
            .parse()
            .map_err(|error| HandlerError::poison_by("the digest of a shard", error))
    })
    .transpose()
}

/// Compiles the documents of a folder into another folder. Documents that cannot be used keep the rows that they gave
/// to the advisories before.
pub(crate) async fn build(
    documents: PathBuf,
    out: PathBuf,
    before: Arc<Advisories>,
) -> Result<BuildReport, HandlerError> {
    aside(move || {
        let options = BuildOptions {
            previous: (before.generation > 0).then_some(&*before.set),
            ..BuildOptions::default()
        };
        advisories::build(Source::Folder(&documents), &out, &options)
            .map_err(|error| HandlerError::Retry(error.into()))
    })
    .await
}

/// What the generation in a folder changes against the one before.
pub(crate) async fn changes(
    before: Arc<Advisories>,
    folder: &Path,
) -> Result<Changes, HandlerError> {
    let folder = folder.to_owned();
    aside(move || {
        let unreadable = |error: advisories::ShardError| HandlerError::Retry(error.into());
        let after = ShardSet::open_dir(&folder).map_err(unreadable)?;
        let mut changes = Changes::default();
        for change in advisories::diff(&before.set, &after).map_err(unreadable)? {
            let is_intel = change.shard == INTEL;
            changes.intel |= is_intel;
            let mut hashes = Vec::new();
            for name in &change.names {
                // What changes daily is read where findings are; only ratings are part of them.
                let concerns = !is_intel || {
                    let old = before.set.intel(name).map_err(unreadable)?;
                    let new = after.intel(name).map_err(unreadable)?;
                    old.ratings != new.ratings
                };
                if concerns {
                    hashes.push(name_hash(name));
                }
            }
            hashes.sort_unstable();
            hashes.dedup();
            if !hashes.is_empty() {
                changes.names.insert(change.shard, hashes);
            }
        }
        Ok(changes)
    })
    .await
}
