//! The manifest of a generation: which shards there are, and what each feed's documents gave.

use std::collections::BTreeMap;

use schemas::{Timestamp, report::FeedUsed};
use serde::{Deserialize, Serialize};

use super::ShardError;

/// The version of the manifest that is written here.
pub const MANIFEST_VERSION: u32 = 1;

/// One generation of compiled advisories.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this document's form, 1. A reader refuses a later one.
    pub version: u32,
    /// Name of the generation; follows from the content of its shards, so equal documents give an equal name.
    pub generation: String,
    /// The shards, in order of their keys.
    #[serde(default)]
    pub shards: Vec<ShardInfo>,
    /// The feeds that gave rows.
    #[serde(default)]
    pub feeds: Vec<FeedState>,
    /// The files that gave rows.
    #[serde(default)]
    pub documents: Vec<DocumentState>,
}

/// One shard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardInfo {
    /// The ecosystem's text form, such as `debian:12`; `intel` for facts about vulnerabilities.
    pub key: String,
    /// What it holds.
    pub kind: ShardKind,
    /// Its file, beside the manifest.
    pub file: String,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// Size of the file.
    pub size_bytes: u64,
    /// Number of packages, products or vulnerabilities.
    pub names: u64,
    /// Number of rows.
    pub rows: u64,
    /// The feeds that its rows are of, sorted. Empty in what earlier versions wrote.
    #[serde(default)]
    pub feeds: Vec<String>,
}

/// What a shard holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShardKind {
    /// Rows about packages.
    Advisories,
    /// Facts about vulnerabilities.
    Intel,
}

/// What one feed's documents gave.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedState {
    /// The feed's name.
    pub name: String,
    /// Number of its documents.
    pub documents: u32,
    /// Number of rows kept.
    pub rows: u64,
    /// The newest date that its documents carry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// Number of documents that could not be used as a whole.
    #[serde(default)]
    pub errors: u32,
    /// Rows that were understood and cannot be judged by this version, by ecosystem.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub not_judged: BTreeMap<String, u64>,
}

impl FeedState {
    /// The form that a scan's report has.
    #[must_use]
    pub fn used(&self) -> FeedUsed {
        FeedUsed {
            name: self.name.clone(),
            documents: self.documents,
            rows: self.rows,
            as_of: self.as_of,
        }
    }
}

/// What one file gave. A file may be an archive of many documents.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentState {
    /// The file, relative to the folder of documents.
    pub name: String,
    /// The feeds that its documents are of.
    pub feeds: Vec<String>,
    /// The names under which rows name their document, where it is not the file's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub titles: Vec<String>,
    /// Number of rows.
    pub rows: u64,
    /// The newest date it carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// Whether these are the rows of an earlier generation, because the file could not be read this time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub kept: bool,
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// [`ShardError::Manifest`] and [`ShardError::OtherVersion`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ShardError> {
        let manifest: Self = serde_json::from_slice(bytes).map_err(ShardError::Manifest)?;
        if manifest.version != MANIFEST_VERSION {
            return Err(ShardError::OtherVersion {
                file: super::MANIFEST_NAME.to_owned(),
                found: manifest.version,
                known: MANIFEST_VERSION,
            });
        }
        for shard in &manifest.shards {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            if shard.file.is_empty()
                || shard.file.starts_with('.')
                || !shard.file.chars().all(plain)
            {
                return Err(ShardError::Corrupt {
                    file: super::MANIFEST_NAME.to_owned(),
                    what: "a shard's file name has characters that no shard's name has",
                });
            }
        }
        Ok(manifest)
    }

    /// The shard of this key.
    #[must_use]
    pub fn shard(&self, key: &str) -> Option<&ShardInfo> {
        self.shards.iter().find(|shard| shard.key == key)
    }
}
