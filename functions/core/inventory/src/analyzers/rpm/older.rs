//! What the readers of rpm's older databases share: how they fail, and reading with a bound.

use std::io;

use crate::content::Content;

/// Why a database, or one of its packages, could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OlderError {
    /// Another kind of file.
    #[error("the file is not a database of the form {0}")]
    Other(&'static str),
    /// A form of it that is not read.
    #[error("{0}")]
    Unsupported(&'static str),
    /// Pages that contradict one another.
    #[error("the database is damaged: {0}")]
    Damaged(&'static str),
    /// The file ends early or cannot be read.
    #[error("reading a part of the database failed")]
    Read(#[from] io::Error),
}

/// Receives packages by number.
pub(crate) type Each<'a> = dyn FnMut(u64, Result<&[u8], OlderError>) + 'a;

/// Bytes that must be there.
pub(super) fn exact(content: &mut Content, at: u64, bytes: u64) -> Result<Vec<u8>, OlderError> {
    let end = at.checked_add(bytes).filter(|end| *end <= content.len());
    if end.is_none() {
        return Err(OlderError::Damaged("a part lies beyond the end"));
    }
    let size = usize::try_from(bytes).map_err(|_| OlderError::Damaged("a part is too large"))?;
    let mut held = vec![0; size];
    content.read_exact_at(at, &mut held)?;
    Ok(held)
}
