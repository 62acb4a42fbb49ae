//! Why a record could not be read or written.

use platform::{BlobError, QueueError, SealError, TableError};

/// Why a repository did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The table did not do as asked.
    #[error("the record of {0} could not be read or written")]
    Table(&'static str, #[source] TableError),
    /// The blob store did not do as asked.
    #[error("the document of {0} could not be read or written")]
    Blob(&'static str, #[source] BlobError),
    /// The queue did not do as asked.
    #[error("the message to {0} could not be sent")]
    Queue(&'static str, #[source] QueueError),
    /// What is stored, or was to be stored, is not of its form.
    #[error("the form of {0} is damaged")]
    Damaged(&'static str, #[source] serde_json::Error),
    /// What is stored cannot be decompressed.
    #[error("the compressed form of {0} is damaged")]
    Compressed(&'static str, #[source] std::io::Error),
    /// What is stored was written by a later release.
    #[error("{what} has version {found}, this release reads up to {known}")]
    Later {
        /// What it is.
        what: &'static str,
        /// The version it has.
        found: u32,
        /// The latest version that is known.
        known: u32,
    },
    /// Above a limit.
    #[error("{what} exceeds {limit_bytes} bytes")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// How large it may be.
        limit_bytes: u64,
    },
    /// A text cannot become part of a key or path.
    #[error("{0} cannot be part of a name")]
    Name(&'static str),
    /// What a record names is not there: it was replaced in between, and the record names its successor now.
    #[error("{0} was replaced in between")]
    Gone(&'static str),
    /// Many others changed the same record at once.
    #[error("{0} is being changed by others")]
    Busy(&'static str),
    /// The estate index could not be read.
    #[error("the estate index could not be read")]
    Estate(#[source] estate::EstateError),
    /// A secret could not be sealed or opened.
    #[error("a secret could not be sealed or opened")]
    Secret(#[from] SealError),
    /// A task of this process broke off.
    #[error("the work on {0} broke off")]
    Stopped(&'static str),
}

impl RecordError {
    /// Whether the same request may succeed when it is repeated unchanged.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Table(_, error) => error.is_transient(),
            Self::Blob(_, error) => error.is_transient(),
            Self::Queue(_, error) => error.is_transient(),
            Self::Gone(_) | Self::Busy(_) | Self::Stopped(_) => true,
            Self::Secret(error) => matches!(error, SealError::Key(_)),
            Self::Damaged(..)
            | Self::Compressed(..)
            | Self::Later { .. }
            | Self::TooLarge { .. }
            | Self::Name(_)
            | Self::Estate(_) => false,
        }
    }
}
