//! The port of a lake: objects that the operator's own tools read, in a place of his own.
//!
//! It is no store of the house: nothing is read back, and nothing but what is sent there lies in it.

use async_trait::async_trait;
use bytes::Bytes;

use super::Source;

/// Most bytes of a key.
const MAX_KEY_BYTES: usize = 512;

/// Why an object was not put.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// The key is not one.
    #[error("`{0}` is no key of an object")]
    Key(String),
    /// The place is not there, or refuses.
    #[error("put an object where the operator's events lie")]
    Failed(#[source] Source),
}

/// A place for objects of events.
#[async_trait]
pub trait Lake: Send + Sync {
    /// Puts an object; one of the same key is replaced, as a whole or not at all.
    ///
    /// # Errors
    /// When the key has other segments than [`is_lake_key`] allows, or the place refuses.
    async fn put(&self, key: &str, body: Bytes) -> Result<(), LakeError>;

    /// The region that its keys name.
    fn region(&self) -> &str;
}

/// Whether a text is a key: segments of `a–z A–Z 0–9 - _ . =` between slashes, none of them empty or begun with a dot, 512
/// bytes at most.
pub fn is_lake_key(key: &str) -> bool {
    let known = |b: u8| b.is_ascii_alphanumeric() || b"-_.=".contains(&b);
    key.len() <= MAX_KEY_BYTES
        && key.split('/').all(|segment| {
            !segment.is_empty() && !segment.starts_with('.') && segment.bytes().all(known)
        })
}
