//! A tar reader that is fed bytes as they come, and one that steps from header to header over a file.
//!
//! Own code, because a layer is read in one pass with bounded memory beside hashing, and because the common readers
//! allocate per entry. Source: POSIX.1-2017 `pax` (ustar and pax formats), GNU tar manual "Basic Tar Format".

mod header;
mod pax;
mod scanner;
mod walker;

#[cfg(test)]
pub(crate) use header::BLOCK;
pub(crate) use header::Kind;
pub(crate) use scanner::{Entry, Interest, Scanner, Sink};
pub(crate) use walker::{Seeking, Streaming, Walker};

/// Why an archive cannot be read further.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TarError {
    /// The checksum of a header is wrong.
    #[error("a header's checksum is wrong")]
    Checksum,
    /// A number in a header cannot be read.
    #[error("a header holds a number that is none")]
    Number,
    /// The archive ends within an entry.
    #[error("the archive ends within an entry")]
    Truncated,
    /// Content follows a single block of zeros.
    #[error("content follows a lone block of zeros")]
    LoneZeroBlock,
}

#[cfg(test)]
pub(crate) mod build;
#[cfg(test)]
mod tests;
