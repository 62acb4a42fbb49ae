//! The folder of feeds as blobs, for hosts whose disk is lost from time to time. It belongs to no tenant.
//!
//! A file's blob lies under its path in the folder, `global/feeds/folder/documents/FEED/NAME`: bytes that no blob path has
//! are written as `=` and two hexadecimal digits. Whoever writes there holds the lease, so that no two updates mix.

use std::{fmt::Write as _, time::Duration};

use platform::{
    BlobCondition, BlobError, BlobMeta, Body, Platform, PutOptions, patience::patiently,
};

use crate::{RecordError, keys};

const WHAT: &str = "the folder of feeds";
const FOLDER: &str = "feeds/folder";
const LEASE: &str = "feeds/folder-lease";

/// Most files of the folder.
const MAX_FILES: usize = 200_000;
/// A lease that is older was left by a host that died: a function in the cloud has at most 15 minutes.
const LEASE_HOLDS: Duration = Duration::from_secs(16 * 60);

/// A file of the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MirroredFile {
    /// Its path in the folder, with `/` between its parts.
    pub path: String,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Names its content.
    pub etag: String,
}

/// The right to write to the mirror, until it is given back or too old.
#[derive(Debug)]
pub struct MirrorLease {
    etag: String,
}

/// The folder of feeds as blobs.
#[derive(Clone, Copy, Debug)]
pub struct FeedMirror<'platform>(pub &'platform Platform);

impl FeedMirror<'_> {
    /// Takes the lease; `None` when another host has it.
    ///
    /// # Errors
    /// When the blob store fails.
    pub async fn lease(&self) -> Result<Option<MirrorLease>, RecordError> {
        let path = keys::global_path(LEASE)?;
        let head = patiently(async || self.0.blobs.head(&path).await);
        let condition = match head.await.map_err(failed)? {
            None => BlobCondition::IfNotExists,
            Some(held) => {
                let age_ms = self.0.clock.now_ms().saturating_sub(held.modified_at_ms);
                if u128::from(age_ms) < LEASE_HOLDS.as_millis() {
                    return Ok(None);
                }
                BlobCondition::IfMatch(held.etag)
            }
        };
        // Content of its own, so that its etag tells this lease from the one before.
        let mut token = [0; 16];
        self.0
            .keys
            .random(&mut token)
            .map_err(|error| failed(BlobError::Unavailable(error.into())))?;
        let options = PutOptions {
            condition,
            ..PutOptions::default()
        };
        match self
            .0
            .blobs
            .put(&path, token.to_vec().into(), options)
            .await
        {
            Ok(meta) => Ok(Some(MirrorLease { etag: meta.etag })),
            Err(BlobError::ConditionFailed | BlobError::Conflict) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    /// Gives the lease back, if it was not taken over.
    ///
    /// # Errors
    /// When the blob store fails.
    pub async fn give_back(&self, lease: MirrorLease) -> Result<(), RecordError> {
        let path = keys::global_path(LEASE)?;
        let held = self.0.blobs.head(&path).await.map_err(failed)?;
        if held.is_some_and(|held| held.etag == lease.etag) {
            patiently(async || self.0.blobs.delete(&path).await)
                .await
                .map_err(failed)?;
        }
        Ok(())
    }

    /// Every file, by its blob's path. A blob that no file of a folder could have is left out.
    ///
    /// # Errors
    /// When the blob store fails, or there are too many.
    pub async fn list(&self) -> Result<Vec<MirroredFile>, RecordError> {
        let prefix = format!("global/{FOLDER}/");
        let mut files = Vec::new();
        let mut cursor = None;
        loop {
            let page = patiently(async || {
                let cursor = cursor.as_ref();
                self.0.blobs.list(&prefix, 1000, cursor).await
            });
            let page = page.await.map_err(failed)?;
            for meta in page.blobs {
                let BlobMeta {
                    path,
                    size_bytes,
                    etag,
                    ..
                } = meta;
                let rest = path.as_str().strip_prefix(&prefix);
                if let Some(path) = rest.and_then(decoded) {
                    files.push(MirroredFile {
                        path,
                        size_bytes,
                        etag,
                    });
                }
            }
            if files.len() > MAX_FILES {
                return Err(RecordError::TooLarge {
                    what: "the number of files in the folder of feeds",
                    limit_bytes: MAX_FILES as u64,
                });
            }
            cursor = page.next;
            if cursor.is_none() {
                return Ok(files);
            }
        }
    }

    /// The content of a file; `None` when it is gone.
    ///
    /// # Errors
    /// When the blob store fails.
    pub async fn get(&self, file: &str) -> Result<Option<(MirroredFile, Body)>, RecordError> {
        let path = keys::global_path(&format!("{FOLDER}/{}", encoded(file)))?;
        match patiently(async || self.0.blobs.get(&path).await).await {
            Ok(blob) => {
                let known = MirroredFile {
                    path: file.to_owned(),
                    size_bytes: blob.meta.size_bytes,
                    etag: blob.meta.etag,
                };
                Ok(Some((known, blob.body)))
            }
            Err(BlobError::NotFound) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    /// Stores a file, and returns what names its content.
    ///
    /// # Errors
    /// When the blob store fails, or the path is too long.
    pub async fn put(&self, file: &str, body: Body) -> Result<String, RecordError> {
        let path = keys::global_path(&format!("{FOLDER}/{}", encoded(file)))?;
        let meta = self.0.blobs.put(&path, body, PutOptions::default()).await;
        Ok(meta.map_err(failed)?.etag)
    }

    /// Forgets a file.
    ///
    /// # Errors
    /// When the blob store fails.
    pub async fn delete(&self, file: &str) -> Result<(), RecordError> {
        let path = keys::global_path(&format!("{FOLDER}/{}", encoded(file)))?;
        patiently(async || self.0.blobs.delete(&path).await)
            .await
            .map_err(failed)
    }
}

fn failed(error: BlobError) -> RecordError {
    RecordError::Blob(WHAT, error)
}

/// A path of the folder as one of blobs.
fn encoded(file: &str) -> String {
    let mut path = String::with_capacity(file.len());
    let mut first = true;
    for byte in file.bytes() {
        let plain = byte.is_ascii_alphanumeric()
            || matches!(byte, b'_' | b'-' | b'/')
            || (byte == b'.' && !first);
        if plain {
            path.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(path, "={byte:02X}");
        }
        first = byte == b'/';
    }
    path
}

/// A path of blobs as one of the folder; `None` for what is none, such as a way out of it.
fn decoded(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'=' {
            let digits = [rest.next()?, rest.next()?];
            let digits = std::str::from_utf8(&digits).ok()?;
            let byte = u8::from_str_radix(digits, 16).ok()?;
            if byte == b'/' || byte == b'\\' || byte == 0 {
                return None;
            }
            byte
        } else {
            byte
        });
    }
    let file = String::from_utf8(bytes).ok()?;
    file.split('/')
        .all(|part| !matches!(part, "" | "." | ".."))
        .then_some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_of_a_file_becomes_a_path_and_back() {
        for file in [
            "state.json",
            "documents/debian-tracker/json",
            "documents/a/.hidden",
            "documents/a/b c=d+é@.json",
        ] {
            let path = encoded(file);
            assert!(
                keys::global_path(&format!("{FOLDER}/{path}")).is_ok(),
                "{path}"
            );
            assert_eq!(decoded(&path).as_deref(), Some(file));
        }
    }

    #[test]
    fn no_blob_becomes_a_file_outside_of_the_folder() {
        for path in [
            "=2E=2E/x", "a/=2E=2E", "a=2Fb", "a=5Cb", "a=00", "a=0", "a=zz", "a//b", "=FF",
        ] {
            assert_eq!(decoded(path), None, "{path}");
        }
    }
}
