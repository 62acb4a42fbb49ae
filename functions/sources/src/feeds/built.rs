//! What compiled advisories were made of and when, kept beside them: it travels in bundles and tells how old they are.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use schemas::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::state::UpdateState;

/// The version of the document that is written here.
const BUILT_VERSION: u32 = 1;
/// Its file in a folder of compiled advisories.
pub const BUILT_NAME: &str = "built.json";
/// Largest document that is read.
const MAX_BUILT_BYTES: u64 = 4 << 20;

/// What compiled advisories were made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Built {
    /// Version of this document's form, 1. A later one is refused.
    pub version: u32,
    /// When they were compiled.
    pub built_at: Timestamp,
    /// Version of the program that compiled them.
    pub program: String,
    /// When the bundle was made that they were imported from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundled_at: Option<Timestamp>,
    /// By name: the feeds that they were made of.
    #[serde(default)]
    pub feeds: BTreeMap<String, BuiltFeed>,
}

/// One feed that advisories were made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuiltFeed {
    /// When its publisher was last asked without any error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub good_at: Option<Timestamp>,
    /// When one of its documents last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<Timestamp>,
    /// The newest date that its documents carry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// Number of documents.
    pub documents: u64,
    /// Number of rows in them.
    pub rows: u64,
    /// Their size, as they were transferred.
    pub size_bytes: u64,
}

/// Why it cannot be read or written.
#[derive(Debug, Error)]
pub enum BuiltError {
    /// It cannot be read.
    #[error("read {file}")]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is damaged, or a later version wrote it.
    #[error("{file} is damaged or of a later version; make the advisories anew")]
    Damaged {
        /// The file.
        file: PathBuf,
    },
    /// It cannot be written.
    #[error("write {file}")]
    Write {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl Built {
    /// What a folder of feeds was compiled to, by its state.
    pub fn of(state: &UpdateState, built_at: Timestamp, program: &str) -> Self {
        let feeds = state.feeds.iter().filter(|(_, feed)| feed.in_use() > 0);
        Self {
            version: BUILT_VERSION,
            built_at,
            program: program.to_owned(),
            bundled_at: None,
            feeds: feeds
                .map(|(name, feed)| {
                    let built = BuiltFeed {
                        good_at: feed.good_at,
                        changed_at: feed.changed_at,
                        as_of: feed.as_of(),
                        documents: feed.in_use(),
                        rows: feed.rows(),
                        size_bytes: feed.size_bytes(),
                    };
                    (name.clone(), built)
                })
                .collect(),
        }
    }

    /// Whether the documents of a folder are still those that this was made of. What an earlier update brought and did
    /// not compile tells, too.
    pub fn is_of(&self, state: &UpdateState) -> bool {
        let used = state.feeds.iter().filter(|(_, feed)| feed.in_use() > 0);
        let now = used.map(|(name, feed)| (name, feed.changed_at));
        let then = self
            .feeds
            .iter()
            .map(|(name, feed)| (name, feed.changed_at));
        self.bundled_at.is_none() && now.eq(then)
    }

    /// Reads it, from bytes that may come from anywhere.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let built: Self = serde_json::from_slice(bytes).ok()?;
        (built.version <= BUILT_VERSION).then_some(built)
    }

    /// Reads it from a folder of compiled advisories; nothing where none is, as with those that were compiled from a
    /// person's own documents.
    ///
    /// # Errors
    /// When it is damaged or a later version wrote it.
    pub fn load(compiled: &Path) -> Result<Option<Self>, BuiltError> {
        let file = compiled.join(BUILT_NAME);
        let read = |source| BuiltError::Read {
            file: file.clone(),
            source,
        };
        match fs::metadata(&file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(read(error)),
            Ok(about) if about.len() > MAX_BUILT_BYTES => return Err(BuiltError::Damaged { file }),
            Ok(_) => {}
        }
        let bytes = fs::read(&file).map_err(read)?;
        match Self::parse(&bytes) {
            Some(built) => Ok(Some(built)),
            None => Err(BuiltError::Damaged { file }),
        }
    }

    /// Writes it to a folder of compiled advisories: whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, compiled: &Path) -> Result<(), BuiltError> {
        let file = compiled.join(BUILT_NAME);
        let part = compiled.join(format!("{BUILT_NAME}.part"));
        let write = || -> std::io::Result<()> {
            fs::write(&part, serde_json::to_vec_pretty(self)?)?;
            fs::rename(&part, &file)
        };
        write().map_err(|source| BuiltError::Write { file, source })
    }

    /// Feeds that were not asked for without an error for longer than this, with when they last were; the longest ago
    /// first.
    pub fn older_than(&self, days: u32, now: Timestamp) -> Vec<(&str, Timestamp)> {
        let limit = i64::from(days) * 86_400;
        let mut old: Vec<_> = self
            .feeds
            .iter()
            .map(|(name, feed)| (name.as_str(), feed.good_at.unwrap_or_default()))
            .filter(|(_, good_at)| now.as_s().saturating_sub(good_at.as_s()) > limit)
            .collect();
        old.sort_by_key(|(name, good_at)| (*good_at, *name));
        old
    }
}
