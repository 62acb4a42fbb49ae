//! The embedded adapter: one process, one folder, SQLite for what is small and files for what is large.
//!
//! ```text
//! DIR/lock          held by the one process
//! DIR/store.sqlite  items, messages, dead letters, what is known of blobs
//! DIR/blobs/XX/…    content of blobs, one file each, never changed once it is named
//! DIR/keys/…        key material, readable by the owner alone
//! ```

pub mod backup;
mod blob_files;
mod blobs;
mod depot;
mod keys;
mod lake;
mod lock;
mod query;
mod queue;
mod schema;
mod store;
mod table;
mod uploads;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::ports::{Clock, KeyError, Platform};

use self::blob_files::BlobFiles;
use self::blobs::EmbeddedBlobs;
pub use self::depot::EmbeddedDepot;
use self::keys::EmbeddedKeys;
pub use self::lake::FolderLake;
use self::lock::StoreLock;
use self::queue::EmbeddedQueue;
use self::store::Store;
use self::table::EmbeddedTable;

/// Opens stores.
#[derive(Debug, Clone, Copy)]
pub struct Embedded;

/// What can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EmbeddedOptions {
    /// Most bytes that the database may take (blobs not counted); writes beyond fail as on a full disk.
    pub max_database_bytes: Option<u64>,
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder or a file in it could not be made or read.
    #[error("cannot use {folder:?}")]
    Folder {
        /// Which.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another process works with the store.
    #[error("the store in {folder:?} is in use by process {}", holder.map_or("unknown".to_owned(), |id| id.to_string()))]
    Held {
        /// Which store.
        folder: PathBuf,
        /// Its process id, when it could be read.
        holder: Option<u32>,
    },
    /// The database could not be opened.
    #[error("cannot open the database {file:?}")]
    Database {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// The store was written by a later release.
    #[error("the store has layout {found}, this release knows {known}")]
    Version {
        /// The layout found.
        found: i64,
        /// The layout known.
        known: i64,
    },
    /// No thread for the writer.
    #[error("cannot start the writer")]
    Thread(#[source] std::io::Error),
    /// The key for upload tickets could not be had.
    #[error("cannot prepare the key of upload tickets")]
    Key(#[source] KeyError),
}

impl Embedded {
    /// Opens the store in `dir`, creating it when absent.
    ///
    /// # Errors
    /// Says what is wrong with the folder, the database or the keys, or which process holds the store.
    pub fn open(dir: impl AsRef<Path>, clock: Arc<dyn Clock>) -> Result<Platform, OpenError> {
        Self::open_with(dir, clock, EmbeddedOptions::default())
    }

    /// The same with options.
    ///
    /// # Errors
    /// As [`Embedded::open`].
    pub fn open_with(
        dir: impl AsRef<Path>,
        clock: Arc<dyn Clock>,
        options: EmbeddedOptions,
    ) -> Result<Platform, OpenError> {
        Ok(Self::open_whole(dir, clock, options)?.0)
    }

    /// Opens the store in `dir` with a view of everything in it, for moving it.
    ///
    /// # Errors
    /// As [`Embedded::open`].
    pub fn open_whole(
        dir: impl AsRef<Path>,
        clock: Arc<dyn Clock>,
        options: EmbeddedOptions,
    ) -> Result<(Platform, EmbeddedDepot), OpenError> {
        let dir = dir.as_ref();
        blob_files::make_private_folder(dir).map_err(|source| OpenError::Folder {
            folder: dir.to_owned(),
            source,
        })?;
        let lock = StoreLock::take(dir)?;
        let store = Arc::new(Store::open(
            &dir.join("store.sqlite"),
            options.max_database_bytes,
            lock,
        )?);
        let blobs_dir = dir.join("blobs");
        let files = BlobFiles::open(&blobs_dir).map_err(|source| OpenError::Folder {
            folder: blobs_dir,
            source,
        })?;
        let keys_dir = dir.join("keys");
        let keys = EmbeddedKeys::open(&keys_dir).map_err(|source| OpenError::Folder {
            folder: keys_dir,
            source,
        })?;
        let ticket_key = keys.mac_key_now("upload-tickets").map_err(OpenError::Key)?;
        let blobs = Arc::new(EmbeddedBlobs::new(
            Arc::clone(&store),
            files,
            Arc::clone(&clock),
            ticket_key,
        ));
        blobs.sweep(dir)?;
        let depot = EmbeddedDepot {
            store: Arc::clone(&store),
            clock: Arc::clone(&clock),
            keys: keys.clone(),
        };
        let platform = Platform {
            table: Arc::new(EmbeddedTable::new(Arc::clone(&store), Arc::clone(&clock))),
            blobs: Arc::<EmbeddedBlobs>::clone(&blobs),
            queue: Arc::new(EmbeddedQueue::new(store, Arc::clone(&clock))),
            clock,
            keys: Arc::new(keys),
            uploads: Some(blobs),
            lake: None,
        };
        Ok((platform, depot))
    }
}

/// An unsigned number as the signed one of the same bits, which is what SQLite stores.
pub(crate) fn to_stored(number: u64) -> i64 {
    number.cast_signed()
}

/// The unsigned number that was stored.
pub(crate) fn from_stored(number: i64) -> u64 {
    number.cast_unsigned()
}
