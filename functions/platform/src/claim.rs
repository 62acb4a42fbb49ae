//! Messages larger than a queue carries: the body goes to a blob, the message says where it is.
//!
//! A body travels as it is when it fits; else the message is [`MARK`] and a JSON object with the path,
//! the size and the digest of the blob. A body that begins like that itself goes by blob too, so
//! nothing that is sent can be mistaken.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::ports::queue::MAX_MESSAGE_BYTES;
use crate::ports::{
    BlobError, BlobPath, Blobs, Message, Platform, PutOptions, QueueError, SendFailure,
};
use crate::validate::is_xml_char;

/// What a message begins with whose body is a blob.
pub const MARK: &str = "bulkhead-blob:";

/// Where the body of a message is.
#[derive(Debug, Serialize, Deserialize)]
struct Claim {
    path: String,
    size_bytes: u64,
    sha256: String,
}

/// Why a body could not be sent or had.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// The body could not be stored.
    #[error("the body of the message could not be stored")]
    Store(#[source] BlobError),
    /// The message could not be sent.
    #[error("the message could not be sent")]
    Send(#[source] QueueError),
    /// The blob is gone: an earlier delivery of the same message was finished and forgot it.
    #[error("the body of the message is gone")]
    Gone,
    /// The body could not be read.
    #[error("the body of the message could not be read")]
    Read(#[source] BlobError),
    /// The message names its body wrongly, or the body is not the one it names.
    #[error("the message does not name its body: {0}")]
    Malformed(&'static str),
    /// The body is larger than the receiver takes.
    #[error("a body of {size_bytes} bytes exceeds the limit of {limit_bytes}")]
    TooLarge {
        /// Its size in bytes.
        size_bytes: u64,
        /// The receiver's limit in bytes.
        limit_bytes: u64,
    },
}

impl ClaimError {
    /// Whether trying again may help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Store(error) | Self::Read(error) => error.is_transient(),
            Self::Send(error) => error.is_transient(),
            Self::Gone | Self::Malformed(_) | Self::TooLarge { .. } => false,
        }
    }
}

/// The message as it can be sent: itself, or, after its body was stored under `path`, a claim on that.
/// The path begins with the tenant and derives from content, like the message's id.
///
/// # Errors
/// [`ClaimError::Store`].
pub async fn envelope(
    blobs: &dyn Blobs,
    path: &BlobPath,
    message: Message,
) -> Result<Message, ClaimError> {
    let body = &message.body;
    let fits = (1..=MAX_MESSAGE_BYTES).contains(&body.len())
        && !body.starts_with(MARK)
        && body.chars().all(is_xml_char);
    if fits {
        return Ok(message);
    }
    let sha256: [u8; 32] = Sha256::digest(body.as_bytes()).into();
    let claim = Claim {
        path: path.as_str().to_owned(),
        size_bytes: body.len() as u64,
        sha256: hex::encode(sha256),
    };
    let json = serde_json::to_string(&claim)
        .map_err(|_| ClaimError::Malformed("it cannot be written as JSON"))?;
    let options = PutOptions {
        sha256: Some(sha256),
        ..PutOptions::default()
    };
    blobs
        .put(path, message.body.into(), options)
        .await
        .map_err(ClaimError::Store)?;
    Ok(Message {
        body: format!("{MARK}{json}"),
        ..message
    })
}

/// Sends one message, its body by blob when it does not fit.
///
/// # Errors
/// [`ClaimError::Store`] and [`ClaimError::Send`]; after either the same call may be repeated.
pub async fn send_or_blob(
    platform: &Platform,
    queue: &str,
    path: &BlobPath,
    message: Message,
) -> Result<(), ClaimError> {
    let message = envelope(&*platform.blobs, path, message).await?;
    let failed = platform
        .queue
        .send(queue, vec![message])
        .await
        .map_err(ClaimError::Send)?;
    match failed.into_iter().next() {
        None => Ok(()),
        Some(SendFailure { error, .. }) => Err(ClaimError::Send(error)),
    }
}

fn claim_of(message: &Message) -> Result<Option<(Claim, BlobPath)>, ClaimError> {
    let Some(json) = message.body.strip_prefix(MARK) else {
        return Ok(None);
    };
    let claim: Claim =
        serde_json::from_str(json).map_err(|_| ClaimError::Malformed("not a claim"))?;
    let path =
        BlobPath::parse(claim.path.clone()).map_err(|_| ClaimError::Malformed("not a path"))?;
    Ok(Some((claim, path)))
}

/// The body of a message, up to `limit_bytes`, checked against its digest.
///
/// # Errors
/// [`ClaimError::Gone`] when the blob is no longer there, and what else went wrong.
pub async fn body(
    blobs: &dyn Blobs,
    message: &Message,
    limit_bytes: u64,
) -> Result<String, ClaimError> {
    let Some((claim, path)) = claim_of(message)? else {
        return Ok(message.body.clone());
    };
    if claim.size_bytes > limit_bytes {
        return Err(ClaimError::TooLarge {
            size_bytes: claim.size_bytes,
            limit_bytes,
        });
    }
    let blob = blobs.get(&path).await.map_err(|error| match error {
        BlobError::NotFound => ClaimError::Gone,
        other => ClaimError::Read(other),
    })?;
    let limit = usize::try_from(claim.size_bytes).unwrap_or(usize::MAX);
    let bytes = blob.body.collect(limit).await.map_err(ClaimError::Read)?;
    if hex::encode(Sha256::digest(&bytes)) != claim.sha256 {
        return Err(ClaimError::Malformed("another digest"));
    }
    String::from_utf8(bytes.into()).map_err(|_| ClaimError::Malformed("not UTF-8"))
}

/// Deletes the blob of a message that was acknowledged. A delivery that still comes finds its body
/// [`ClaimError::Gone`].
///
/// # Errors
/// [`ClaimError::Read`] when the blob could not be deleted.
pub async fn forget(blobs: &dyn Blobs, message: &Message) -> Result<(), ClaimError> {
    match claim_of(message)? {
        Some((_, path)) => blobs.delete(&path).await.map_err(ClaimError::Read),
        None => Ok(()),
    }
}
