//! Reading: a body that breaks off is gone on with where it broke, as long as the blob is still the one it began with.

use std::io;
use std::ops::Range;

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_smithy_types::byte_stream::ByteStream;
use futures::stream;

use super::error::blob_error;
use super::{AwsBlobs, PUT_AT, foreign, millis, size};
use crate::ports::{Blob, BlobError, BlobMeta, BlobPath, Body};

/// How often a body that broke off is gone on with.
const RESUMPTIONS: u32 = 3;

/// A body on its way.
struct Reading {
    client: Client,
    bucket: String,
    path: BlobPath,
    etag: String,
    stream: ByteStream,
    /// What is still to come of the blob.
    left: Range<u64>,
    resumptions: u32,
}

impl AwsBlobs {
    /// What is known of a blob.
    pub(super) async fn look(&self, path: &BlobPath) -> Result<Option<BlobMeta>, BlobError> {
        let request = self.client.head_object().bucket(&self.bucket);
        let answer = match request.key(path.as_str()).send().await {
            Ok(answer) => answer,
            Err(error) => match blob_error("HeadObject", error) {
                BlobError::NotFound => return Ok(None),
                error => return Err(error),
            },
        };
        let put_at = answer.metadata().and_then(|known| known.get(PUT_AT));
        let put_at = put_at.and_then(|at| at.parse().ok());
        Ok(Some(BlobMeta {
            path: path.clone(),
            size_bytes: size(answer.content_length()),
            etag: answer.e_tag().unwrap_or_default().to_owned(),
            modified_at_ms: put_at.unwrap_or_else(|| millis(answer.last_modified())),
        }))
    }

    /// The bytes in a range of a blob, which may go beyond its end.
    pub(super) async fn read_range(
        &self,
        path: &BlobPath,
        range: Range<u64>,
    ) -> Result<Blob, BlobError> {
        let outside = || async {
            let meta = self.look(path).await?.ok_or(BlobError::NotFound)?;
            Err(BlobError::Range {
                size_bytes: meta.size_bytes,
            })
        };
        if range.is_empty() {
            return outside().await;
        }
        match self.read(path, Some(range)).await {
            Err(BlobError::Range { .. }) => outside().await,
            done => done,
        }
    }

    /// A blob, or the bytes in a range of it that is not empty.
    pub(super) async fn read(
        &self,
        path: &BlobPath,
        range: Option<Range<u64>>,
    ) -> Result<Blob, BlobError> {
        let answer = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(path.as_str())
            .set_range(range.as_ref().map(range_header))
            .send()
            .await
            .map_err(|error| blob_error("GetObject", error))?;
        let length = size(answer.content_length());
        let (left, size_bytes) = match &range {
            None => (0..length, length),
            Some(range) => {
                let whole = whole_size(&answer)
                    .ok_or_else(|| foreign("the answer to a range does not tell the whole size"))?;
                let end = range.end.min(whole);
                if end.checked_sub(range.start) != Some(length) {
                    return Err(foreign("the answer is not the range that was asked for"));
                }
                (range.start..end, whole)
            }
        };
        let put_at = answer.metadata().and_then(|known| known.get(PUT_AT));
        let put_at = put_at.and_then(|at| at.parse().ok());
        let meta = BlobMeta {
            path: path.clone(),
            size_bytes,
            etag: answer.e_tag().unwrap_or_default().to_owned(),
            modified_at_ms: put_at.unwrap_or_else(|| millis(answer.last_modified())),
        };
        let reading = Reading {
            client: self.client.clone(),
            bucket: self.bucket.clone(),
            path: path.clone(),
            etag: meta.etag.clone(),
            stream: answer.body,
            left,
            resumptions: 0,
        };
        let body = Body::stream(stream::try_unfold(reading, async |mut reading| {
            let chunk = reading.next().await?;
            Ok(chunk.map(|chunk| (chunk, reading)))
        }));
        Ok(Blob { meta, body })
    }
}

/// A range as HTTP writes it (RFC 9110, 14.1.2): both ends are in it.
fn range_header(range: &Range<u64>) -> String {
    format!("bytes={}-{}", range.start, range.end.saturating_sub(1))
}

/// The size of the whole in `content-range: bytes 0-9/100`.
fn whole_size(answer: &GetObjectOutput) -> Option<u64> {
    let (_, whole) = answer.content_range()?.rsplit_once('/')?;
    whole.parse().ok()
}

impl Reading {
    async fn next(&mut self) -> io::Result<Option<bytes::Bytes>> {
        loop {
            let broke = match self.stream.next().await {
                Some(Ok(chunk)) => {
                    let length = chunk.len() as u64;
                    if length > self.left.end.saturating_sub(self.left.start) {
                        return Err(io::Error::other("the blob is longer than announced"));
                    }
                    self.left.start += length;
                    return Ok(Some(chunk));
                }
                None if self.left.is_empty() => return Ok(None),
                None => io::ErrorKind::UnexpectedEof.into(),
                Some(Err(error)) => io::Error::other(error),
            };
            if self.left.is_empty() || self.resumptions == RESUMPTIONS {
                return Err(broke);
            }
            self.resumptions += 1;
            tracing::debug!(error = %broke, at = self.left.start, "a blob broke off and is gone on with");
            self.go_on().await?;
        }
    }

    /// Asks for the rest of the same blob.
    async fn go_on(&mut self) -> io::Result<()> {
        let answer = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(self.path.as_str())
            .range(range_header(&self.left))
            .if_match(&self.etag)
            .send()
            .await;
        let answer = match answer.map_err(|error| blob_error("GetObject", error)) {
            Ok(answer) => answer,
            Err(BlobError::ConditionFailed | BlobError::NotFound) => {
                return Err(io::Error::other(
                    "the blob broke off, and was replaced meanwhile: read it anew",
                ));
            }
            Err(error) => return Err(io::Error::other(error)),
        };
        // Servers that know no conditions of reading would give the rest of another blob.
        let is_same = answer.e_tag() == Some(&self.etag);
        let is_rest =
            Some(size(answer.content_length())) == self.left.end.checked_sub(self.left.start);
        if !is_same || !is_rest {
            return Err(io::Error::other(
                "the rest of the blob is not the one that was asked for: read it anew",
            ));
        }
        self.stream = answer.body;
        Ok(())
    }
}
