//! Files of certificate authorities that are trusted beside the built-in ones.

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use thiserror::Error;

/// The largest file of certificate authorities that is read: all that browsers trust are a quarter of a megabyte.
pub const MAX_AUTHORITIES_BYTES: u64 = 4 << 20;

/// Why a file of certificate authorities cannot be used.
#[derive(Debug, Error)]
#[error("read certificates in {}", file.display())]
pub struct AuthoritiesError {
    /// The file.
    pub file: PathBuf,
    /// Why.
    #[source]
    pub source: io::Error,
}

/// Reads a file of certificate authorities, PEM. What is in it is for [`super::Http::new`] to judge.
///
/// # Errors
/// When it cannot be read, or is larger than [`MAX_AUTHORITIES_BYTES`].
pub fn read_authorities(file: &Path) -> Result<Vec<u8>, AuthoritiesError> {
    bounded(file).map_err(|source| AuthoritiesError {
        file: file.to_owned(),
        source,
    })
}

fn bounded(file: &Path) -> io::Result<Vec<u8>> {
    let mut pem = Vec::new();
    let read = File::open(file)?
        .take(MAX_AUTHORITIES_BYTES + 1)
        .read_to_end(&mut pem)?;
    // The part that fits would leave out authorities, and nobody would know which.
    if read as u64 > MAX_AUTHORITIES_BYTES {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it has more than {MAX_AUTHORITIES_BYTES} bytes; name a file of certificates"),
        ));
    }
    Ok(pem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        let missing = read_authorities(&file).unwrap_err();
        assert!(missing.to_string().contains("ca.pem"), "{missing}");
        assert_eq!(missing.source.kind(), io::ErrorKind::NotFound);
        let most = usize::try_from(MAX_AUTHORITIES_BYTES).unwrap();
        std::fs::write(&file, vec![b'a'; most]).unwrap();
        assert_eq!(read_authorities(&file).unwrap().len(), most);
        std::fs::write(&file, vec![b'a'; most + 1]).unwrap();
        let large = read_authorities(&file).unwrap_err();
        assert_eq!(large.source.kind(), io::ErrorKind::FileTooLarge);
    }
}
