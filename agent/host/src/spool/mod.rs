//! What was observed and is not yet the gateway's: one file per envelope, durable before anything else goes on.
//!
//! The folder is bounded in bytes. Where room is needed, telemetry goes, the oldest first, and is counted; an inventory
//! goes only when a newer one of the same subject has taken its place. What the gateway refuses is set aside with the
//! reason, never thrown away.

mod drain;
mod entry;

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use schemas::agent::{Envelope, EnvelopeKind};

pub use drain::{Drained, drain};
pub use entry::Subject;
use entry::{EntryName, read, write};

use crate::service::platform::{private_folder, sync_folder};

/// Most bytes of one envelope that is read back, uncompressed.
const MAX_ENVELOPE_BYTES: usize = 64 << 20;
/// Most refused envelopes that are kept; the oldest go first.
const MAX_REFUSED: usize = 100;

/// Why an envelope could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// The folder could not be used.
    #[error("the spool folder {path} could not be used")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The envelope could not be written; the disk may be full.
    #[error("an envelope could not be written to the spool")]
    Write(#[source] io::Error),
    /// The spool is full of what must not be dropped.
    #[error(
        "the spool holds {held_bytes} of at most {max_bytes} bytes, none of which may be dropped"
    )]
    Full {
        /// Bytes held.
        held_bytes: u64,
        /// The bound.
        max_bytes: u64,
    },
}

/// The spool.
#[derive(Debug)]
pub struct Spool {
    folder: PathBuf,
    max_bytes: u64,
    held: Mutex<Held>,
}

/// What is held, in the order it came.
#[derive(Debug, Default)]
struct Held {
    next: u64,
    bytes: u64,
    dropped: u64,
    entries: BTreeMap<EntryName, u64>,
}

impl Spool {
    /// Opens the folder. What was cut off in the middle of being written is removed: nobody was told that it is kept.
    ///
    /// # Errors
    /// [`SpoolError::Folder`].
    pub fn open(folder: &Path, max_bytes: u64) -> Result<Self, SpoolError> {
        let fail = |source| SpoolError::Folder {
            path: folder.to_owned(),
            source,
        };
        private_folder(folder).map_err(fail)?;
        private_folder(&folder.join("refused")).map_err(fail)?;
        let mut held = Held::default();
        for file in fs::read_dir(folder).map_err(fail)? {
            let file = file.map_err(fail)?;
            let text = file.file_name().to_string_lossy().into_owned();
            if text.ends_with(".tmp") {
                fs::remove_file(file.path()).map_err(fail)?;
            } else if let Some(name) = EntryName::parse(&text) {
                let bytes = file.metadata().map_err(fail)?.len();
                held.next = held.next.max(name.order.saturating_add(1));
                held.bytes = held.bytes.saturating_add(bytes);
                held.entries.insert(name, bytes);
            }
        }
        Ok(Self {
            folder: folder.to_owned(),
            max_bytes,
            held: Mutex::new(held),
        })
    }

    /// Keeps an envelope durably. Returns once a loss of power could not lose it.
    ///
    /// # Errors
    /// [`SpoolError::Write`], or [`SpoolError::Full`]: then nothing of it is kept, and it is the caller's to offer again.
    pub fn put(&self, envelope: &Envelope, subject: &Subject) -> Result<(), SpoolError> {
        let bytes = write(envelope).map_err(SpoolError::Write)?;
        let size = bytes.len() as u64;
        let mut held = self.held();
        // What the newer one replaces makes room for it.
        let replaced: Vec<EntryName> = held
            .entries
            .keys()
            .filter(|name| envelope.kind == EnvelopeKind::Inventory && name.replaced_by(subject))
            .cloned()
            .collect();
        let freed: u64 = replaced
            .iter()
            .filter_map(|name| held.entries.get(name))
            .sum();
        let needed = held.bytes.saturating_add(size).saturating_sub(freed);
        self.make_room(&mut held, needed.saturating_sub(self.max_bytes))?;
        let name = EntryName::new(held.next, envelope.kind, subject);
        crate::state::write_durably(&self.path(&name), &bytes).map_err(SpoolError::Write)?;
        held.next = held.next.saturating_add(1);
        held.bytes = held.bytes.saturating_add(size);
        held.entries.insert(name, size);
        for name in replaced {
            self.remove(&mut held, &name);
        }
        Ok(())
    }

    /// Number of envelopes held.
    pub fn len(&self) -> usize {
        self.held().entries.len()
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes held on disk.
    pub fn bytes(&self) -> u64 {
        self.held().bytes
    }

    /// Number of telemetry envelopes dropped for want of room since the start.
    pub fn dropped(&self) -> u64 {
        self.held().dropped
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        // Nothing between lock and unlock leaves the list half changed.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, name: &EntryName) -> PathBuf {
        self.folder.join(name.to_string())
    }

    /// Frees so many bytes of telemetry, the oldest first, or nothing if that is not enough.
    fn make_room(&self, held: &mut Held, needed: u64) -> Result<(), SpoolError> {
        let mut freed = 0_u64;
        let mut victims = Vec::new();
        for (name, bytes) in &held.entries {
            if freed >= needed {
                break;
            }
            if name.is_telemetry() {
                freed = freed.saturating_add(*bytes);
                victims.push(name.clone());
            }
        }
        if freed < needed {
            return Err(SpoolError::Full {
                held_bytes: held.bytes,
                max_bytes: self.max_bytes,
            });
        }
        if !victims.is_empty() {
            held.dropped = held.dropped.saturating_add(victims.len() as u64);
            tracing::warn!(
                envelopes = victims.len(),
                "the spool is full: the oldest telemetry was dropped"
            );
        }
        for name in victims {
            self.remove(held, &name);
        }
        Ok(())
    }

    fn remove(&self, held: &mut Held, name: &EntryName) {
        if let Err(error) = fs::remove_file(self.path(name))
            && error.kind() != io::ErrorKind::NotFound
        {
            // It will be sent again, which has no second effect.
            tracing::warn!(%error, "an envelope could not be removed from the spool");
            return;
        }
        if let Some(bytes) = held.entries.remove(name) {
            held.bytes = held.bytes.saturating_sub(bytes);
        }
    }

    /// Sets an envelope aside with the reason, so that someone can look at it.
    fn set_aside(&self, name: &EntryName, reason: &str) {
        let refused = self.folder.join("refused");
        let target = refused.join(name.to_string());
        let note = refused.join(format!("{name}.reason.txt"));
        let moved = fs::write(&note, reason)
            .and_then(|()| fs::rename(self.path(name), &target))
            .and_then(|()| sync_folder(&refused));
        if let Err(error) = moved {
            tracing::warn!(%error, "a refused envelope could not be set aside");
            return;
        }
        let mut held = self.held();
        if let Some(bytes) = held.entries.remove(name) {
            held.bytes = held.bytes.saturating_sub(bytes);
        }
        drop(held);
        tracing::error!(envelope = %name, reason, "an envelope was refused and set aside");
        self.forget_old_refusals(&refused);
    }

    fn forget_old_refusals(&self, refused: &Path) {
        let mut names: Vec<String> = fs::read_dir(refused)
            .into_iter()
            .flatten()
            .flatten()
            .map(|file| file.file_name().to_string_lossy().into_owned())
            .filter(|name| EntryName::parse(name).is_some())
            .collect();
        names.sort();
        let surplus = names.len().saturating_sub(MAX_REFUSED);
        for name in names.into_iter().take(surplus) {
            let _ = fs::remove_file(refused.join(&name));
            let _ = fs::remove_file(refused.join(format!("{name}.reason.txt")));
        }
    }

    fn load(&self, name: &EntryName) -> io::Result<Envelope> {
        read(&fs::read(self.path(name))?, MAX_ENVELOPE_BYTES)
    }
}

#[cfg(test)]
mod tests;
