//! Writing: what fits into one part by one request, more in parts with a few of them under way, so that memory stays
//! bounded whatever is stored. Nothing is seen before the whole is complete and has been checked. Each request carries the
//! sha256 of its bytes, by which S3 refuses what was changed on its way, and keeps it beside them.

use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use aws_smithy_types::base64;
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use sha2::{Digest, Sha256};
use tokio::task::JoinSet;

use super::error::blob_error;
use super::{AwsBlobs, PUT_AT, foreign, tag};
use crate::ports::{BlobCondition, BlobError, BlobMeta, BlobPath, Body, PutOptions};

/// Bytes of a part, and most of a body that is put by one request.
const PART_BYTES: usize = 8 << 20;
/// Most parts of one blob. Source: Amazon S3 User Guide, "Amazon S3 multipart upload limits".
const MAX_PARTS: i32 = 10_000;
/// Parts that are under way beside the one that is gathered.
const PARTS_AT_A_TIME: usize = 2;

/// What has been read of a body.
struct Gathering {
    body: Body,
    limit: Option<u64>,
    hash: Sha256,
    size_bytes: u64,
    waiting: BytesMut,
}

impl Gathering {
    /// The next part; a shorter one is the last.
    async fn part(&mut self) -> Result<Bytes, BlobError> {
        while self.waiting.len() < PART_BYTES
            && let Some(chunk) = self.body.0.next().await
        {
            let chunk = chunk.map_err(BlobError::Body)?;
            self.size_bytes = self.size_bytes.saturating_add(chunk.len() as u64);
            if let Some(limit) = self.limit
                && self.size_bytes > limit
            {
                return Err(BlobError::TooLarge {
                    what: "blob in bytes",
                    size: self.size_bytes,
                    limit,
                });
            }
            self.hash.update(&chunk);
            self.waiting.extend_from_slice(&chunk);
        }
        let end = self.waiting.len().min(PART_BYTES);
        Ok(self.waiting.split_to(end).freeze())
    }

    /// What the whole hashes to, if that is what was announced.
    fn sha256(&self, options: &PutOptions) -> Result<[u8; 32], BlobError> {
        let sha256: [u8; 32] = self.hash.clone().finalize().into();
        match options.sha256 {
            Some(announced) if announced != sha256 => Err(BlobError::ChecksumMismatch),
            _ => Ok(sha256),
        }
    }
}

/// The headers of a condition: `if-none-match`, `if-match`.
fn conditions(condition: &BlobCondition) -> Result<(Option<String>, Option<String>), BlobError> {
    match condition {
        BlobCondition::None => Ok((None, None)),
        BlobCondition::IfNotExists => Ok((Some("*".to_owned()), None)),
        // No blob has an etag that cannot stand in a header, and `*` would be any.
        BlobCondition::IfMatch(etag)
            if etag == "*" || etag.is_empty() || !etag.bytes().all(|b| b.is_ascii_graphic()) =>
        {
            Err(BlobError::ConditionFailed)
        }
        BlobCondition::IfMatch(etag) => Ok((None, Some(etag.clone()))),
    }
}

/// The error of a put, for which an absent blob is one without the etag that it should have.
fn put_error(error: BlobError, condition: &BlobCondition) -> BlobError {
    match (error, condition) {
        (BlobError::NotFound, BlobCondition::IfMatch(_)) => BlobError::ConditionFailed,
        (BlobError::NotFound, _) => foreign("a put was answered as if it were a read"),
        (error, _) => error,
    }
}

impl AwsBlobs {
    /// Stores a body.
    pub(super) async fn store(
        &self,
        path: &BlobPath,
        body: Body,
        options: PutOptions,
    ) -> Result<BlobMeta, BlobError> {
        let mut gathering = Gathering {
            body,
            limit: options.max_bytes,
            hash: Sha256::new(),
            size_bytes: 0,
            waiting: BytesMut::new(),
        };
        let put_at = self.clock.now_ms();
        let first = gathering.part().await?;
        let etag = if first.len() < PART_BYTES {
            let sha256 = gathering.sha256(&options)?;
            self.put_whole(path, first, sha256, &options.condition, put_at)
                .await?
        } else {
            self.put_in_parts(path, first, &mut gathering, &options, put_at)
                .await?
        };
        Ok(BlobMeta {
            path: path.clone(),
            size_bytes: gathering.size_bytes,
            etag: etag.ok_or_else(|| foreign("a put was answered without an etag"))?,
            modified_at_ms: put_at,
        })
    }

    async fn put_whole(
        &self,
        path: &BlobPath,
        bytes: Bytes,
        sha256: [u8; 32],
        condition: &BlobCondition,
        put_at: u64,
    ) -> Result<Option<String>, BlobError> {
        let (if_none_match, if_match) = conditions(condition)?;
        let client = match condition {
            BlobCondition::None => &self.client,
            _ => &self.once,
        };
        let answer = client
            .put_object()
            .bucket(&self.bucket)
            .key(path.as_str())
            .content_length(i64::try_from(bytes.len()).unwrap_or(i64::MAX))
            .checksum_sha256(base64::encode(sha256))
            .metadata(PUT_AT, put_at.to_string())
            .set_tagging(tag(path).map(str::to_owned))
            .set_if_none_match(if_none_match)
            .set_if_match(if_match)
            .body(bytes.into())
            .send()
            .await
            .map_err(|error| put_error(blob_error("PutObject", error), condition))?;
        Ok(answer.e_tag)
    }

    async fn put_in_parts(
        &self,
        path: &BlobPath,
        first: Bytes,
        gathering: &mut Gathering,
        options: &PutOptions,
        put_at: u64,
    ) -> Result<Option<String>, BlobError> {
        self.could_apply(path, &options.condition).await?;
        let begun = self
            .client
            .create_multipart_upload()
            .bucket(&self.bucket)
            .key(path.as_str())
            // Parts without one, or whose checksums differ from those that complete the upload, are refused then.
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .metadata(PUT_AT, put_at.to_string())
            .set_tagging(tag(path).map(str::to_owned))
            .send()
            .await
            .map_err(|error| blob_error("CreateMultipartUpload", error))?;
        let upload = begun
            .upload_id
            .ok_or_else(|| foreign("an upload in parts was begun without an id"))?;
        let done = async {
            let parts = self.put_parts(path, &upload, first, gathering).await?;
            gathering.sha256(options)?;
            self.complete(path, &upload, parts, &options.condition)
                .await
        };
        let done = done.await;
        if done.is_err() {
            self.abort(path, &upload).await;
        }
        done
    }

    /// Spares a large body the way to a refusal, where that can be told. It may still be refused when it is complete, so
    /// whoever may write and not read goes on.
    async fn could_apply(
        &self,
        path: &BlobPath,
        condition: &BlobCondition,
    ) -> Result<(), BlobError> {
        let holds = match condition {
            BlobCondition::None => true,
            BlobCondition::IfNotExists => !matches!(self.look(path).await, Ok(Some(_))),
            BlobCondition::IfMatch(etag) => match self.look(path).await {
                Ok(stored) => stored.is_some_and(|stored| stored.etag == *etag),
                Err(_) => true,
            },
        };
        if holds {
            Ok(())
        } else {
            Err(BlobError::ConditionFailed)
        }
    }

    /// Sends all parts.
    async fn put_parts(
        &self,
        path: &BlobPath,
        upload: &str,
        first: Bytes,
        gathering: &mut Gathering,
    ) -> Result<Vec<CompletedPart>, BlobError> {
        // Tasks of their own, so that parts are sent while the next one is gathered. They end with the set.
        let mut under_way = JoinSet::new();
        let mut parts = Vec::new();
        let mut part = first;
        for number in 1..=MAX_PARTS {
            let is_last = part.len() < PART_BYTES;
            if !part.is_empty() {
                let sha256 = base64::encode(Sha256::digest(&part));
                let request = self
                    .client
                    .upload_part()
                    .bucket(&self.bucket)
                    .key(path.as_str())
                    .upload_id(upload)
                    .part_number(number)
                    .content_length(i64::try_from(part.len()).unwrap_or(i64::MAX))
                    .checksum_sha256(&sha256)
                    .body(part.into());
                under_way.spawn(async move { (number, sha256, request.send().await) });
            }
            while under_way.len() >= if is_last { 1 } else { PARTS_AT_A_TIME } {
                let Some(sent) = under_way.join_next().await else {
                    break;
                };
                let (number, sha256, sent) = sent.map_err(|e| BlobError::Unavailable(e.into()))?;
                let sent =
                    sent.map_err(|e| put_error(blob_error("UploadPart", e), &BlobCondition::None))?;
                let etag = sent
                    .e_tag
                    .ok_or_else(|| foreign("a part was answered without an etag"))?;
                parts.push(
                    CompletedPart::builder()
                        .part_number(number)
                        .e_tag(etag)
                        .checksum_sha256(sha256)
                        .build(),
                );
            }
            if is_last {
                parts.sort_by_key(CompletedPart::part_number);
                return Ok(parts);
            }
            part = gathering.part().await?;
        }
        Err(BlobError::TooLarge {
            what: "blob in bytes",
            size: gathering.size_bytes,
            limit: MAX_PARTS.unsigned_abs() as u64 * PART_BYTES as u64,
        })
    }

    async fn complete(
        &self,
        path: &BlobPath,
        upload: &str,
        parts: Vec<CompletedPart>,
        condition: &BlobCondition,
    ) -> Result<Option<String>, BlobError> {
        let (if_none_match, if_match) = conditions(condition)?;
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts));
        let answer = self
            .once
            .complete_multipart_upload()
            .bucket(&self.bucket)
            .key(path.as_str())
            .upload_id(upload)
            .multipart_upload(parts.build())
            .set_if_none_match(if_none_match)
            .set_if_match(if_match)
            .send()
            .await
            .map_err(|e| put_error(blob_error("CompleteMultipartUpload", e), condition))?;
        Ok(answer.e_tag)
    }

    /// Forgets the parts of an upload that came to nothing. Where this fails a rule of the bucket does it within a day or
    /// two.
    async fn abort(&self, path: &BlobPath, upload: &str) {
        let aborted = self
            .client
            .abort_multipart_upload()
            .bucket(&self.bucket)
            .key(path.as_str())
            .upload_id(upload)
            .send()
            .await;
        if let Err(error) = aborted {
            let error = blob_error("AbortMultipartUpload", error);
            tracing::warn!(%error, "an upload in parts could not be ended");
        }
    }
}
