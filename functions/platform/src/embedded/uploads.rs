//! Upload tickets: a description of one upload with its authentication code, and the door for it.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::blobs::EmbeddedBlobs;
use crate::ports::blobs::{MAX_TICKET_S, MAX_UPLOAD_BYTES};
use crate::ports::{
    BlobCondition, BlobError, BlobMeta, BlobPath, Blobs, Body, MacKey, PutOptions, UploadError,
    UploadRequest, UploadTicket, Uploads,
};

/// Longest ticket that is looked at, in characters.
const MAX_TICKET_CHARS: usize = 4096;

/// What a ticket allows.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Allowed {
    path: String,
    size_bytes: u64,
    sha256: String,
    expires_at_ms: u64,
}

/// Makes a ticket: the description in hex, a dot, its authentication code in hex.
pub(crate) fn make_ticket(
    key: &MacKey,
    now_ms: u64,
    path: &BlobPath,
    request: &UploadRequest,
) -> Result<UploadTicket, BlobError> {
    if request.size_bytes > MAX_UPLOAD_BYTES {
        return Err(BlobError::TooLarge {
            what: "upload in bytes",
            size: request.size_bytes,
            limit: MAX_UPLOAD_BYTES,
        });
    }
    if request.expires_in_s > MAX_TICKET_S {
        return Err(BlobError::TooLarge {
            what: "life of a ticket in seconds",
            size: request.expires_in_s,
            limit: MAX_TICKET_S,
        });
    }
    let expires_at_ms = now_ms.saturating_add(request.expires_in_s * 1000);
    let allowed = serde_json::to_vec(&Allowed {
        path: path.as_str().to_owned(),
        size_bytes: request.size_bytes,
        sha256: hex::encode(request.sha256),
        expires_at_ms,
    })
    .map_err(|e| BlobError::Invalid(e.to_string()))?;
    let code = hex::encode(key.mac(&allowed));
    Ok(UploadTicket {
        url: format!("/uploads/{}.{code}", hex::encode(allowed)),
        headers: Vec::new(),
        expires_at_ms,
    })
}

fn read_ticket(key: &MacKey, ticket: &str) -> Option<(Allowed, BlobPath, [u8; 32])> {
    if ticket.len() > MAX_TICKET_CHARS {
        return None;
    }
    let (allowed, code) = ticket.split_once('.')?;
    let (allowed, code) = (hex::decode(allowed).ok()?, hex::decode(code).ok()?);
    if !key.verify(&allowed, &code) {
        return None;
    }
    let allowed: Allowed = serde_json::from_slice(&allowed).ok()?;
    let path = BlobPath::parse(allowed.path.clone()).ok()?;
    let mut sha256 = [0; 32];
    hex::decode_to_slice(&allowed.sha256, &mut sha256).ok()?;
    Some((allowed, path, sha256))
}

#[async_trait]
impl Uploads for EmbeddedBlobs {
    async fn accept(
        &self,
        ticket: &str,
        content_length: Option<u64>,
        body: Body,
    ) -> Result<BlobMeta, UploadError> {
        let (allowed, path, sha256) =
            read_ticket(&self.ticket_key, ticket).ok_or(UploadError::Ticket)?;
        if self.clock.now_ms() >= allowed.expires_at_ms {
            return Err(UploadError::Expired);
        }
        let expected = allowed.size_bytes;
        if content_length.is_some_and(|announced| announced != expected) {
            return Err(UploadError::Length { expected });
        }
        // Refused before the body is read, where that can be known already.
        match self.head(&path).await {
            Ok(None) => {}
            Ok(Some(_)) => return Err(UploadError::Store(BlobError::ConditionFailed)),
            Err(error) => return Err(UploadError::Store(error)),
        }
        let options = PutOptions {
            condition: BlobCondition::IfNotExists,
            sha256: Some(sha256),
            max_bytes: Some(expected),
        };
        match self.put(&path, body, options).await {
            Ok(meta) => Ok(meta),
            Err(BlobError::TooLarge { .. }) => Err(UploadError::Length { expected }),
            Err(error) => Err(UploadError::Store(error)),
        }
    }
}
