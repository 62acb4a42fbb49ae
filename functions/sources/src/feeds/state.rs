//! What is known of each downloaded feed: its documents, their versions, and what went wrong the last time.

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use schemas::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::http::Validators;

/// The version of the state that is written here.
pub const STATE_VERSION: u32 = 1;
/// The state's file in a folder of feeds.
const STATE_NAME: &str = "state.json";
/// Largest state that is read: a hundred thousand documents take some 30 MB.
const MAX_STATE_BYTES: u64 = 256 << 20;

/// The state of all feeds of a folder.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UpdateState {
    /// Version of this document's form, 1. A later one is refused.
    pub version: u32,
    /// By name.
    #[serde(default)]
    pub feeds: BTreeMap<String, FeedUpdate>,
}

/// The state of one feed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FeedUpdate {
    /// When its publisher was last asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked_at: Option<Timestamp>,
    /// When it was last asked for without any error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub good_at: Option<Timestamp>,
    /// When one of its documents last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<Timestamp>,
    /// Why its list of documents could not be had the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Number of documents that the last update had no time left for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub waiting: u64,
    /// Number of documents that its publisher listed the last time that the list was taken.
    #[serde(default)]
    pub listed: u64,
    /// By name.
    #[serde(default)]
    pub documents: BTreeMap<String, DocumentUpdate>,
}

/// The state of one document.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DocumentUpdate {
    /// What its server said of its version.
    #[serde(default, skip_serializing_if = "is_default")]
    pub validators: Validators,
    /// The revision that its publisher's list names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// When it last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<Timestamp>,
    /// Its size, as it was transferred.
    #[serde(default)]
    pub size_bytes: u64,
    /// Its SHA-256, in hexadecimal, as it was transferred.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sha256: String,
    /// Number of rows in it; 0 when this version does not read it.
    #[serde(default)]
    pub rows: u64,
    /// The newest date that it carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// Why it could not be had the last time; the one before is in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// A later one that is held back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Box<HeldDocument>>,
}

/// A document that shrank too much to be taken without a person's word.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HeldDocument {
    /// When it was first held back.
    pub held_at: Timestamp,
    /// Why, for people.
    pub why: String,
    /// Its state, were it taken.
    pub document: DocumentUpdate,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl FeedUpdate {
    /// Whether its publisher is to be asked again, who changes it every so many hours: anything was not had the last time,
    /// or that is as long ago. An hour less is as good, so that a schedule of as many hours does not miss every other time.
    pub fn is_due(&self, every_hours: u32, now: Timestamp) -> bool {
        let Some(good_at) = self.good_at else {
            return true;
        };
        let unfinished = self.waiting > 0 || self.last_error().is_some();
        let since_ms = now.as_ms().saturating_sub(good_at.as_ms());
        let pause_ms = i64::from(every_hours.saturating_sub(1)) * 3_600_000;
        // A clock that was set back says nothing of how long ago that is.
        unfinished || self.held().next().is_some() || since_ms < 0 || since_ms >= pause_ms
    }

    /// Rows of all documents.
    pub fn rows(&self) -> u64 {
        self.documents.values().map(|document| document.rows).sum()
    }

    /// Bytes of all documents, as they were transferred.
    pub fn size_bytes(&self) -> u64 {
        self.documents
            .values()
            .map(|document| document.size_bytes)
            .sum()
    }

    /// The newest date that its documents carry.
    pub fn as_of(&self) -> Option<Timestamp> {
        self.documents
            .values()
            .filter_map(|document| document.as_of)
            .max()
    }

    /// Number of documents that are in use.
    pub fn in_use(&self) -> u64 {
        let used = |document: &&DocumentUpdate| !document.sha256.is_empty();
        self.documents.values().filter(used).count() as u64
    }

    /// Documents that are held back, by name.
    pub fn held(&self) -> impl Iterator<Item = (&str, &HeldDocument)> {
        self.documents
            .iter()
            .filter_map(|(name, document)| Some((name.as_str(), document.held.as_deref()?)))
    }

    /// What went wrong the last time: of the feed as a whole, or of its first such document, and of how many.
    pub fn last_error(&self) -> Option<String> {
        if let Some(error) = &self.error {
            return Some(error.clone());
        }
        let mut failed = self.documents.values().filter_map(|d| d.error.as_ref());
        let first = failed.next()?;
        Some(match failed.count() {
            0 => first.clone(),
            more => format!("{first} (and {more} more)"),
        })
    }
}

/// Why a state cannot be read or written.
#[derive(Debug, Error)]
pub enum StateError {
    /// It cannot be read.
    #[error("read {file}")]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is damaged.
    #[error("{file} is damaged; take it away, and the next update asks for every document anew")]
    Damaged {
        /// The file.
        file: PathBuf,
        /// Where.
        #[source]
        source: serde_json::Error,
    },
    /// Larger than any real one.
    #[error("{file} has more than {MAX_STATE_BYTES} bytes")]
    TooLarge {
        /// The file.
        file: PathBuf,
    },
    /// A later version of the program wrote it.
    #[error("{file} has form {found}, and {STATE_VERSION} is read; use the program that wrote it")]
    Later {
        /// The file.
        file: PathBuf,
        /// Its version.
        found: u32,
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

impl UpdateState {
    /// Reads the state of a folder; one that was never updated has an empty state.
    ///
    /// # Errors
    /// When it cannot be read, or a later version wrote it.
    pub fn load(folder: &Path) -> Result<Self, StateError> {
        let file = folder.join(STATE_NAME);
        let read = |source| StateError::Read {
            file: file.clone(),
            source,
        };
        let size = match fs::metadata(&file) {
            Ok(about) => about.len(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::new());
            }
            Err(error) => return Err(read(error)),
        };
        if size > MAX_STATE_BYTES {
            return Err(StateError::TooLarge { file });
        }
        let bytes = fs::read(&file).map_err(read)?;
        let state: Self = match serde_json::from_slice(&bytes) {
            Ok(state) => state,
            Err(source) => return Err(StateError::Damaged { file, source }),
        };
        if state.version > STATE_VERSION {
            return Err(StateError::Later {
                file,
                found: state.version,
            });
        }
        Ok(state)
    }

    /// An empty state.
    pub fn new() -> Self {
        Self {
            version: STATE_VERSION,
            feeds: BTreeMap::new(),
        }
    }

    /// Whether a folder was ever updated.
    pub fn exists(folder: &Path) -> bool {
        folder.join(STATE_NAME).is_file()
    }

    /// Writes the state to its folder: whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, folder: &Path) -> Result<(), StateError> {
        let file = folder.join(STATE_NAME);
        let part = folder.join(format!("{STATE_NAME}.part"));
        let write = || -> std::io::Result<()> {
            let mut out = std::io::BufWriter::new(fs::File::create(&part)?);
            serde_json::to_writer(&mut out, self)?;
            out.flush()?;
            out.get_ref().sync_all()?;
            fs::rename(&part, &file)
        };
        write().map_err(|source| StateError::Write { file, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_publisher_is_due_as_often_as_it_changes_and_whenever_anything_is_missing() {
        const HOUR_MS: i64 = 3_600_000;
        let now = Timestamp::from_ms(1_764_000_000_000);
        let good = |hours: i64| FeedUpdate {
            good_at: Some(Timestamp::from_ms(now.as_ms() - hours * HOUR_MS)),
            ..FeedUpdate::default()
        };
        assert!(FeedUpdate::default().is_due(24, now), "never had");
        assert!(!good(22).is_due(24, now));
        assert!(good(23).is_due(24, now) && good(30).is_due(24, now));
        assert!(good(0).is_due(1, now));
        assert!(good(-5).is_due(24, now), "the clock was set back");
        let waiting = FeedUpdate {
            waiting: 1,
            ..good(2)
        };
        let failed = FeedUpdate {
            error: Some("away".to_owned()),
            ..good(2)
        };
        assert!(waiting.is_due(24, now) && failed.is_due(24, now));
        let document = DocumentUpdate {
            held: Some(Box::default()),
            ..DocumentUpdate::default()
        };
        let held = FeedUpdate {
            documents: BTreeMap::from([("a".to_owned(), document)]),
            ..good(2)
        };
        assert!(held.is_due(24, now));
    }
}
