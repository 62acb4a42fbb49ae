//! A generation of shards, opened as they are needed.

use std::{collections::BTreeMap, fs, path::Path, sync::OnceLock};

use schemas::{
    Severity, Timestamp,
    risk::{FactorSet, VulnerabilityFacts},
    severity::SeverityRating,
};

use super::{
    FeedState, INTEL, MANIFEST_NAME, Manifest, Shard, ShardError, ShardInfo, ShardKind,
    map::{MappedFile, ShardRead},
};
use crate::{row::RatingRef, severity::preferred};

/// Who CISA's catalogue is among those who say that something is exploited.
const KEV: &str = "cisa-kev";

/// Opens the bytes of a shard by the name of its file.
type Fetch = dyn Fn(&str) -> std::io::Result<Box<dyn ShardRead>> + Send + Sync;

/// One generation of compiled advisories. A shard is opened when it is first asked for, and then kept.
pub struct ShardSet {
    manifest: Manifest,
    fetch: Box<Fetch>,
    opened: BTreeMap<String, Slot>,
}

/// What was read of a generation: a scan opens only what it needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShardsRead {
    /// Shards that were opened.
    pub shards: u32,
    /// Bytes that were read of them.
    pub bytes: u64,
}

struct Slot {
    info: ShardInfo,
    shard: OnceLock<Shard>,
}

impl std::fmt::Debug for ShardSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ShardSet")
            .field("generation", &self.manifest.generation)
            .finish_non_exhaustive()
    }
}

/// What all feeds together say of one vulnerability.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Intel {
    /// Who says that it is exploited, in order of name; empty when nobody does.
    pub exploited_by: Vec<String>,
    /// When CISA's catalogue took it up, where it did.
    pub kev_since: Option<Timestamp>,
    /// Known to be used in ransomware campaigns.
    pub ransomware: bool,
    /// EPSS probability, 0 to 1.
    pub epss: Option<f32>,
    /// EPSS percentile, 0 to 1.
    pub epss_percentile: Option<f32>,
    /// SSVC exploitation.
    pub exploitation: Option<String>,
    /// SSVC automatable.
    pub automatable: Option<String>,
    /// SSVC technical impact.
    pub technical_impact: Option<String>,
    /// How many public exploits are known: the highest number that one source tells, as they overlap.
    pub public_exploits: u32,
    /// Ratings by the numbering authority and data publishers.
    pub ratings: Vec<SeverityRating>,
}

impl ShardSet {
    /// Opens the generation in a folder; shards are mapped into memory when first used.
    ///
    /// # Errors
    /// [`ShardError`] when the manifest cannot be read.
    pub fn open_dir(dir: &Path) -> Result<Self, ShardError> {
        let manifest = fs::read(dir.join(MANIFEST_NAME)).map_err(|source| ShardError::Read {
            file: dir.join(MANIFEST_NAME).display().to_string(),
            source,
        })?;
        let dir = dir.to_owned();
        Ok(Self::open_with(Manifest::parse(&manifest)?, move |file| {
            Ok(Box::new(MappedFile::open(&dir.join(file))?))
        }))
    }

    /// Opens a generation whose shards are fetched by the names of their files (`ShardInfo::file`).
    pub fn open_with(
        manifest: Manifest,
        fetch: impl Fn(&str) -> std::io::Result<Box<dyn ShardRead>> + Send + Sync + 'static,
    ) -> Self {
        let slot = |info: &ShardInfo| Slot {
            info: info.clone(),
            shard: OnceLock::new(),
        };
        let opened = manifest
            .shards
            .iter()
            .map(|info| (info.key.clone(), slot(info)))
            .collect();
        Self {
            manifest,
            fetch: Box::new(fetch),
            opened,
        }
    }

    /// A generation without any shard: what a server has before its feeds are filled.
    #[must_use]
    pub fn empty() -> Self {
        let manifest = Manifest {
            version: super::manifest::MANIFEST_VERSION,
            generation: "empty".to_owned(),
            ..Manifest::default()
        };
        Self::open_with(manifest, |_| Err(std::io::ErrorKind::NotFound.into()))
    }

    /// The manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Keys of the shards whose ecosystem has this name, whatever the release.
    #[must_use]
    pub fn has_ecosystem(&self, name: &str) -> bool {
        self.opened
            .keys()
            .any(|key| key.split(':').next() == Some(name))
    }

    /// The newest date that the documents of a feed carry.
    #[must_use]
    pub fn as_of(&self, feed: &str) -> Option<Timestamp> {
        self.manifest
            .feeds
            .iter()
            .find(|state| state.name == feed)
            .and_then(|state| state.as_of)
    }

    /// The shard of this key (`debian:12`, `npm`, `intel`), or none when this generation has none.
    ///
    /// # Errors
    /// [`ShardError`] when it cannot be opened.
    pub fn shard(&self, key: &str) -> Result<Option<&Shard>, ShardError> {
        let Some(slot) = self.opened.get(key) else {
            return Ok(None);
        };
        if let Some(shard) = slot.shard.get() {
            return Ok(Some(shard));
        }
        let file = &slot.info.file;
        let bytes = (self.fetch)(file).map_err(|source| ShardError::Read {
            file: file.clone(),
            source,
        })?;
        if bytes.len() != slot.info.size_bytes {
            return Err(ShardError::Corrupt {
                file: file.clone(),
                what: "its size is not the one that the manifest tells",
            });
        }
        let shard = Shard::open(file, bytes)?;
        Ok(Some(slot.shard.get_or_init(|| shard)))
    }

    /// How many shards were opened so far, and how many bytes of them were read.
    #[must_use]
    pub fn read(&self) -> ShardsRead {
        let opened = self.opened.values().filter_map(|slot| slot.shard.get());
        opened.fold(ShardsRead::default(), |sum, shard| ShardsRead {
            shards: sum.shards + 1,
            bytes: sum.bytes.saturating_add(shard.read_bytes()),
        })
    }

    /// The feeds whose rows could have been seen so far: those of the shards that were opened.
    pub fn feeds_read(&self) -> impl Iterator<Item = &FeedState> {
        let opened: Vec<&ShardInfo> = self
            .opened
            .values()
            // Facts of vulnerabilities were at hand also where nothing was found to look them up for.
            .filter(|slot| slot.shard.get().is_some() || slot.info.kind == ShardKind::Intel)
            .map(|slot| &slot.info)
            .collect();
        // What an earlier version wrote does not tell; then every feed may have been.
        let told = opened.iter().all(|info| !info.feeds.is_empty());
        self.manifest
            .feeds
            .iter()
            .filter(move |feed| !told || opened.iter().any(|info| info.feeds.contains(&feed.name)))
    }

    /// What all feeds say of a vulnerability; empty facts when nobody says anything.
    ///
    /// # Errors
    /// [`ShardError`] when the shard of facts is damaged.
    pub fn intel(&self, vulnerability: &str) -> Result<Intel, ShardError> {
        let mut intel = Intel::default();
        let Some(shard) = self.shard(INTEL)? else {
            return Ok(intel);
        };
        let Some(block) = shard.block(vulnerability)? else {
            return Ok(intel);
        };
        for stored in shard.intel_of(block)? {
            let row = stored.row;
            let who = row
                .exploited_by
                .map(|by| by.split_once(' ').unwrap_or((by, "")));
            if let Some((who, day)) = who {
                if !intel.exploited_by.iter().any(|known| known == who) {
                    intel.exploited_by.push(who.to_owned());
                }
                let since: Option<Timestamp> = format!("{day}T00:00:00Z").parse().ok();
                if who == KEV {
                    // An entry that was taken out and came again stands there since the first time.
                    intel.kev_since = intel.kev_since.into_iter().chain(since).min();
                }
            }
            intel.ransomware |= row.ransomware;
            intel.epss = intel.epss.or(row.epss);
            intel.public_exploits = intel.public_exploits.max(row.public_exploits);
            intel.epss_percentile = intel.epss_percentile.or(row.epss_percentile);
            let keep = |field: &mut Option<String>, said: Option<&str>| {
                if field.is_none() {
                    *field = said.map(str::to_owned);
                }
            };
            keep(&mut intel.exploitation, row.exploitation);
            keep(&mut intel.automatable, row.automatable);
            keep(&mut intel.technical_impact, row.technical_impact);
            for rating in row.ratings.iter().map(RatingRef::to_owned) {
                if !intel.ratings.contains(&rating) {
                    intel.ratings.push(rating);
                }
            }
        }
        intel.exploited_by.sort_unstable();
        Ok(intel)
    }

    /// The facts that a score is made of, with the severity and CVSS of these ratings (a finding's) and, where they
    /// say nothing, of the vulnerability's own.
    ///
    /// # Errors
    /// [`ShardError`] when the shard of facts is damaged.
    pub fn facts(
        &self,
        vulnerability: &str,
        ratings: &[SeverityRating],
    ) -> Result<VulnerabilityFacts, ShardError> {
        Ok(self.intel(vulnerability)?.facts(ratings))
    }
}

impl Intel {
    /// The facts that a score is made of; see [`ShardSet::facts`].
    #[must_use]
    pub fn facts(self, ratings: &[SeverityRating]) -> VulnerabilityFacts {
        let all: Vec<SeverityRating> = ratings.iter().chain(&self.ratings).cloned().collect();
        let used = preferred(&all);
        let scored = used
            .filter(|rating| rating.cvss_score.is_some())
            .or_else(|| all.iter().find(|rating| rating.cvss_score.is_some()));
        VulnerabilityFacts {
            severity: used.map_or(Severity::Unknown, |rating| rating.severity),
            cvss_score: scored.and_then(|rating| rating.cvss_score),
            cvss_vector: scored.and_then(|rating| rating.cvss_vector.clone()),
            known_exploited: !self.exploited_by.is_empty(),
            exploited_sources: self.exploited_by,
            ransomware: self.ransomware,
            epss: self.epss,
            exploitation: self.exploitation,
            automatable: self.automatable,
            technical_impact: self.technical_impact,
            public_exploits: self.public_exploits,
            known_exploited_since: self.kev_since,
            factors: FactorSet::NONE,
        }
    }
}
