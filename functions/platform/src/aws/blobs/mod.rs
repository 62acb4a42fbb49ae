//! Blobs, in S3: one bucket, a path is a key.
//!
//! What the SDK may repeat by itself: reads, deletions and unconditional puts. A conditional put, like the end of an upload
//! in parts, is asked for once: repeated after its acknowledgement was lost it would meet its own effect, and the answer
//! would be that nothing was written.
//!
//! Blobs that are kept for a while only carry the tag by which a rule of the bucket lets them expire: rules know tags and
//! beginnings of keys, and paths begin with the tenant.

mod cache;
mod error;
mod read;
mod tickets;
mod write;

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;

pub use self::cache::FileCache;
use self::error::blob_error;
use crate::ports::blobs::{MAX_LIST, MAX_PATH_BYTES, is_path_byte};
use crate::ports::{
    Blob, BlobError, BlobMeta, BlobPage, BlobPath, Blobs, Body, Clock, Cursor, PutOptions,
    UploadRequest, UploadTicket,
};

/// Header, after `x-amz-meta-`, with the time at which a blob was put, in milliseconds since 1970. S3's own time has whole
/// seconds only, and the answer to a put does not have it.
const PUT_AT: &str = "put-at-ms";

/// Longest key of an object, in bytes. Source: Amazon S3 User Guide, "Naming Amazon S3 objects".
const MAX_KEY_BYTES: usize = 1024;

/// The blobs in a bucket.
pub struct AwsBlobs {
    client: Client,
    /// The same client, which asks once.
    once: Client,
    bucket: String,
    cache: Option<Arc<FileCache>>,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for AwsBlobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AwsBlobs")
            .field("bucket", &self.bucket)
            .finish_non_exhaustive()
    }
}

impl AwsBlobs {
    /// The blobs in the bucket of this name. Those that are read as files are kept in `cache`; without one they are read
    /// by ranges. Nothing is asked of the bucket yet.
    #[must_use]
    pub fn new(
        client: Client,
        bucket: impl Into<String>,
        cache: Option<FileCache>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let once = client
            .config()
            .to_builder()
            .retry_config(RetryConfig::disabled())
            .build();
        Self {
            once: Client::from_conf(once),
            client,
            bucket: bucket.into(),
            cache: cache.map(Arc::new),
            clock,
        }
    }
}

/// The tag of blobs at a path that the bucket lets expire, as it stands in a header: `infra/template.yaml` has the rules.
fn tag(path: &BlobPath) -> Option<&'static str> {
    let mut segments = path.as_str().split('/');
    let is_tenants = segments.next() == Some("t") && segments.next().is_some();
    match segments.next() {
        Some("exports" | "uploads") if is_tenants => Some("keep=day"),
        Some("envelopes") if is_tenants => Some("keep=envelope"),
        _ => None,
    }
}

/// A time of S3 in milliseconds since 1970.
fn millis(time: Option<&aws_smithy_types::DateTime>) -> u64 {
    let millis = time.and_then(|time| time.to_millis().ok());
    millis.map_or(0, |millis| u64::try_from(millis).unwrap_or(0))
}

/// A number of bytes in an answer.
fn size(number: Option<i64>) -> u64 {
    number.map_or(0, |number| u64::try_from(number).unwrap_or(0))
}

/// An answer that is not as the service promises it.
fn foreign(what: &'static str) -> BlobError {
    BlobError::Unavailable(what.into())
}

#[async_trait]
impl Blobs for AwsBlobs {
    async fn put(
        &self,
        path: &BlobPath,
        body: Body,
        options: PutOptions,
    ) -> Result<BlobMeta, BlobError> {
        self.store(path, body, options).await
    }

    async fn get(&self, path: &BlobPath) -> Result<Blob, BlobError> {
        self.read(path, None).await
    }

    async fn get_range(&self, path: &BlobPath, range: Range<u64>) -> Result<Blob, BlobError> {
        self.read_range(path, range).await
    }

    async fn head(&self, path: &BlobPath) -> Result<Option<BlobMeta>, BlobError> {
        self.look(path).await
    }

    async fn delete(&self, path: &BlobPath) -> Result<(), BlobError> {
        let request = self.client.delete_object().bucket(&self.bucket);
        match request.key(path.as_str()).send().await {
            Ok(_) => Ok(()),
            Err(error) => match blob_error("DeleteObject", error) {
                BlobError::NotFound => Ok(()),
                error => Err(error),
            },
        }
    }

    async fn list(
        &self,
        prefix: &str,
        limit: u32,
        cursor: Option<&Cursor>,
    ) -> Result<BlobPage, BlobError> {
        let fits = |text: &str| {
            text.len() <= MAX_PATH_BYTES && text.bytes().all(|b| is_path_byte(b) || b == b'/')
        };
        // Where a page ended with an object of others it is no path.
        let is_key = |text: &str| text.len() <= MAX_KEY_BYTES && !text.contains(char::is_control);
        let after = cursor.map(|cursor| cursor.0.as_str());
        if !fits(prefix) || !after.is_none_or(is_key) {
            return Err(BlobError::Invalid("a prefix of no path".to_owned()));
        }
        if limit == 0 {
            return Err(BlobError::Invalid("a page of no blobs".to_owned()));
        }
        let limit = i32::try_from(limit.min(MAX_LIST)).unwrap_or(1000);
        let page = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(prefix)
            .set_start_after(after.filter(|after| !after.is_empty()).map(str::to_owned))
            .max_keys(limit)
            .send()
            .await
            .map_err(|error| blob_error("ListObjectsV2", error))?;
        let mut blobs = Vec::new();
        for object in page.contents() {
            // What others put into the bucket under names that are no paths is not the house's.
            let Some(path) = object.key().and_then(|key| BlobPath::parse(key).ok()) else {
                tracing::warn!(
                    key = object.key(),
                    "the bucket holds an object that is no blob"
                );
                continue;
            };
            blobs.push(BlobMeta {
                path,
                size_bytes: size(object.size()),
                etag: object.e_tag().unwrap_or_default().to_owned(),
                modified_at_ms: millis(object.last_modified()),
            });
        }
        let last = page.contents().last().and_then(|object| object.key());
        let next = match (page.is_truncated() == Some(true), last) {
            (false, _) => None,
            (true, Some(last)) => Some(Cursor(last.to_owned())),
            (true, None) => return Err(foreign("a page of a list is empty and not the last")),
        };
        Ok(BlobPage { blobs, next })
    }

    async fn upload_url(
        &self,
        path: &BlobPath,
        request: &UploadRequest,
    ) -> Result<UploadTicket, BlobError> {
        self.upload_ticket(path, request).await
    }

    async fn download_url(
        &self,
        path: &BlobPath,
        expires_in_s: u64,
        file_name: Option<&str>,
    ) -> Result<Option<String>, BlobError> {
        let link = self.download_link(path, expires_in_s, file_name).await?;
        Ok(Some(link))
    }

    async fn open_file(&self, path: &BlobPath) -> Result<Option<std::fs::File>, BlobError> {
        match &self.cache {
            Some(cache) => self.open_cached(cache, path).await,
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_for_a_while_carries_its_tag() {
        for (path, wanted) in [
            ("t/acme/uploads/agent-1/abc", Some("keep=day")),
            ("t/acme/exports/1.json", Some("keep=day")),
            ("t/acme/envelopes/host/boot/1", Some("keep=envelope")),
            ("t/uploads/layers/1", None),
            ("t/acme/layers/uploads", None),
            ("global/acme/uploads/1", None),
            ("t/acme", None),
        ] {
            assert_eq!(tag(&BlobPath::parse(path).unwrap()), wanted, "{path}");
        }
    }
}
