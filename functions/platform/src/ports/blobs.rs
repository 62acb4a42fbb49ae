//! Blobs: documents and other large bytes under paths.
//!
//! What is promised: a put is seen wholly or not at all, also after a crash, and by every read that
//! begins after it was acknowledged; a reader that has begun keeps what it began with. Paths list
//! bytewise. An etag names what was put: opaque, compared only for equality. Other content never has it; the
//! same content may have another one when it is put again.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::stream::{BoxStream, StreamExt};

use super::{Cursor, Source};

/// Longest path, in bytes.
pub const MAX_PATH_BYTES: usize = 512;
/// Longest segment of a path, in bytes.
pub const MAX_SEGMENT_BYTES: usize = 160;
/// Most entries in one page of a list.
pub const MAX_LIST: u32 = 1000;
/// Longest life of an upload ticket, in seconds (12 hours).
pub const MAX_TICKET_S: u64 = 12 * 60 * 60;
/// Largest upload by ticket, in bytes (5 GiB, what one request can carry everywhere).
pub const MAX_UPLOAD_BYTES: u64 = 5 * 1024 * 1024 * 1024;

/// Why text is not a blob path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid blob path: {0}")]
pub struct PathError(&'static str);

/// The name of a blob: segments joined by `/`.
///
/// ```text
/// path    = segment *( "/" segment )        ; at most 512 bytes
/// segment = 1*160( a–z A–Z 0–9 . _ - = @ + ) ; not beginning with "."
/// ```
/// So there is nothing absolute, no `..`, no empty segment and no control character in one. The first
/// segment is the tenant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlobPath(String);

impl BlobPath {
    /// Reads a path.
    ///
    /// # Errors
    /// Says which rule of the grammar the text breaks.
    pub fn parse(text: impl Into<String>) -> Result<Self, PathError> {
        let text = text.into();
        if text.len() > MAX_PATH_BYTES {
            return Err(PathError("longer than 512 bytes"));
        }
        for segment in text.split('/') {
            if segment.is_empty() {
                return Err(PathError("empty segment"));
            }
            if segment.len() > MAX_SEGMENT_BYTES {
                return Err(PathError("segment longer than 160 bytes"));
            }
            if segment.starts_with('.') {
                return Err(PathError("segment begins with a dot"));
            }
            if !segment.bytes().all(is_path_byte) {
                return Err(PathError("character outside a-z A-Z 0-9 . _ - = @ +"));
            }
        }
        Ok(Self(text))
    }

    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a byte may stand in a segment of a path.
pub(crate) fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'=' | b'@' | b'+')
}

impl fmt::Display for BlobPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for BlobPath {
    type Err = PathError;
    fn from_str(text: &str) -> Result<Self, PathError> {
        Self::parse(text)
    }
}

/// Bytes on their way, in chunks.
pub struct Body(pub BoxStream<'static, Result<Bytes, std::io::Error>>);

impl Body {
    /// A body of a stream.
    pub fn stream(
        stream: impl futures::Stream<Item = Result<Bytes, std::io::Error>> + Send + 'static,
    ) -> Self {
        Self(stream.boxed())
    }

    /// The whole body in memory.
    ///
    /// # Errors
    /// [`BlobError::TooLarge`] above `limit` bytes; [`BlobError::Unavailable`] when the stream breaks.
    pub async fn collect(mut self, limit: usize) -> Result<Bytes, BlobError> {
        let mut whole = BytesMut::new();
        while let Some(chunk) = self.0.next().await {
            let chunk = chunk.map_err(|e| BlobError::Unavailable(e.into()))?;
            let size = whole.len().saturating_add(chunk.len());
            if size > limit {
                return Err(BlobError::TooLarge {
                    what: "body in bytes",
                    size: size as u64,
                    limit: limit as u64,
                });
            }
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.freeze())
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self(futures::stream::once(async move { Ok(bytes) }).boxed())
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Body")
    }
}

/// When a put applies.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum BlobCondition {
    /// Always.
    #[default]
    None,
    /// Only when nothing has the path.
    IfNotExists,
    /// Only when the stored blob has this etag.
    IfMatch(String),
}

/// How to put.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PutOptions {
    /// When it applies.
    pub condition: BlobCondition,
    /// What the content must hash to; anything else is refused and leaves nothing behind.
    pub sha256: Option<[u8; 32]>,
    /// Most bytes; a longer body is refused and leaves nothing behind.
    pub max_bytes: Option<u64>,
}

/// What is known of a blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobMeta {
    /// Its path.
    pub path: BlobPath,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Names its content, for [`BlobCondition::IfMatch`].
    pub etag: String,
    /// When it was put, in milliseconds since 1970.
    pub modified_at_ms: u64,
}

/// A blob with its content.
#[derive(Debug)]
pub struct Blob {
    /// What is known of it.
    pub meta: BlobMeta,
    /// Its content, or the range of it that was asked for.
    pub body: Body,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobPage {
    /// In bytewise order of their paths; may be fewer than asked for, or none, although there is a
    /// cursor.
    pub blobs: Vec<BlobMeta>,
    /// Where to go on; `None` at the end.
    pub next: Option<Cursor>,
}

/// What may be uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadRequest {
    /// Exactly this many bytes, up to 5 GiB.
    pub size_bytes: u64,
    /// What they must hash to.
    pub sha256: [u8; 32],
    /// How long the ticket holds, in seconds, up to 12 hours.
    pub expires_in_s: u64,
}

/// A time-limited permission to upload one blob once: `PUT url` with these headers and the bytes. An
/// upload to a path that is taken is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadTicket {
    /// Where to. It begins with `/` when the server that gave the ticket takes the upload itself. It
    /// carries its own authorisation, so it is a secret.
    pub url: String,
    /// Headers to send, beside `content-length`.
    pub headers: Vec<(String, String)>,
    /// When it ends, in milliseconds since 1970.
    pub expires_at_ms: u64,
}

/// Why the blob store did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// Nothing has the path.
    #[error("no such blob")]
    NotFound,
    /// The condition did not hold. Nothing was written.
    #[error("the condition did not hold")]
    ConditionFailed,
    /// Another put to the same path was under way. Nothing was written; repeat.
    #[error("another put to the same path was under way")]
    Conflict,
    /// Too many requests; repeat later.
    #[error("too many requests at once")]
    Throttled,
    /// The content does not hash to what was announced. Nothing was written.
    #[error("the content does not have the announced sha256")]
    ChecksumMismatch,
    /// Above a limit.
    #[error("{what} of {size} exceeds the limit of {limit}")]
    TooLarge {
        /// What is too large, with its unit.
        what: &'static str,
        /// How large it is, as far as it was read.
        size: u64,
        /// How large it may be.
        limit: u64,
    },
    /// The range begins at or behind the end of the blob, or is empty.
    #[error("the range is outside of the blob's {size_bytes} bytes")]
    Range {
        /// The size of the blob in bytes.
        size_bytes: u64,
    },
    /// The request can never succeed.
    #[error("invalid request: {0}")]
    Invalid(String),
    /// The body that was to be stored broke off.
    #[error("the body broke off")]
    Body(#[source] std::io::Error),
    /// The store has no room left.
    #[error("the store has no room left")]
    NoRoom(#[source] Source),
    /// The store could not be reached or failed; whether the write happened is unknown.
    #[error("the store is unavailable")]
    Unavailable(#[source] Source),
}

impl BlobError {
    /// Whether the same request may succeed when it is repeated unchanged.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Conflict | Self::Throttled | Self::NoRoom(_) | Self::Unavailable(_)
        )
    }
}

/// Large bytes under paths. See the module for what is promised.
#[async_trait]
pub trait Blobs: Send + Sync {
    /// Stores a body and returns what is now stored.
    async fn put(
        &self,
        path: &BlobPath,
        body: Body,
        options: PutOptions,
    ) -> Result<BlobMeta, BlobError>;

    /// The blob, or [`BlobError::NotFound`].
    async fn get(&self, path: &BlobPath) -> Result<Blob, BlobError>;

    /// The bytes from `range.start` up to before `range.end`, or to the end of the blob when that comes
    /// first.
    async fn get_range(&self, path: &BlobPath, range: Range<u64>) -> Result<Blob, BlobError>;

    /// What is known of the blob, without its content.
    async fn head(&self, path: &BlobPath) -> Result<Option<BlobMeta>, BlobError>;

    /// Deletes the blob; deleting what is absent succeeds.
    async fn delete(&self, path: &BlobPath) -> Result<(), BlobError>;

    /// Blobs whose path begins with `prefix` (any part of a path, not only whole segments), up to
    /// `limit` (1 to 1,000).
    async fn list(
        &self,
        prefix: &str,
        limit: u32,
        cursor: Option<&Cursor>,
    ) -> Result<BlobPage, BlobError>;

    /// A ticket for somebody else to upload one blob.
    async fn upload_url(
        &self,
        path: &BlobPath,
        request: &UploadRequest,
    ) -> Result<UploadTicket, BlobError>;

    /// An address from which somebody else can download the blob with GET for so many seconds, up to 12
    /// hours, saved under `file_name`; `None` where the store serves nobody but this process. The address
    /// carries its own authorisation, so it is a secret. Whether there is such a blob is not looked at.
    async fn download_url(
        &self,
        path: &BlobPath,
        expires_in_s: u64,
        file_name: Option<&str>,
    ) -> Result<Option<String>, BlobError>;

    /// The blob as an open file which never changes, where the platform keeps blobs as files and it can
    /// be mapped into memory; `None` elsewhere (read it with `get` then).
    async fn open_file(&self, path: &BlobPath) -> Result<Option<std::fs::File>, BlobError>;
}

/// Why an upload was refused.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The ticket is malformed or was not made here.
    #[error("the upload ticket is not valid")]
    Ticket,
    /// The ticket's time is over.
    #[error("the upload ticket has expired")]
    Expired,
    /// The length announced is not the ticket's.
    #[error("the upload has not the {expected} bytes of its ticket")]
    Length {
        /// What the ticket allows, in bytes.
        expected: u64,
    },
    /// The blob store refused it.
    #[error("the upload could not be stored")]
    Store(#[source] BlobError),
}

/// The door for uploads where this process takes them itself. The server mounts it at
/// [`Uploads::route`].
#[async_trait]
pub trait Uploads: Send + Sync {
    /// The path under which tickets are made, with `{ticket}` for the ticket.
    fn route(&self) -> &'static str {
        "/uploads/{ticket}"
    }

    /// Takes one upload: verifies the ticket, its time, the length (announced, when known, and real),
    /// the checksum, and that nothing has the path yet.
    async fn accept(
        &self,
        ticket: &str,
        content_length: Option<u64>,
        body: Body,
    ) -> Result<BlobMeta, UploadError>;
}
