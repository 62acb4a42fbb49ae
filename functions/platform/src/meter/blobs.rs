//! Blobs, counted.

use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;

use super::{Count, Meter, Operation, rules};
use crate::ports::{
    Blob, BlobError, BlobMeta, BlobPage, BlobPath, Blobs, Body, Cursor, PutOptions, UploadRequest,
    UploadTicket,
};

pub(super) struct MeteredBlobs {
    pub(super) inner: Arc<dyn Blobs>,
    pub(super) meter: Arc<Meter>,
}

impl MeteredBlobs {
    fn add<T>(
        &self,
        operation: Operation,
        begun: Instant,
        requests: u64,
        done: Result<T, BlobError>,
        bytes: impl FnOnce(&T) -> (u64, u64),
    ) -> Result<T, BlobError> {
        let (sent_bytes, received_bytes) = done.as_ref().map_or((0, 0), bytes);
        let cost = Count {
            requests,
            sent_bytes,
            received_bytes,
            ..Count::default()
        };
        self.meter.add(operation, begun, done.is_err(), cost);
        done
    }
}

#[async_trait]
impl Blobs for MeteredBlobs {
    async fn put(
        &self,
        path: &BlobPath,
        body: Body,
        options: PutOptions,
    ) -> Result<BlobMeta, BlobError> {
        let begun = Instant::now();
        let done = self.inner.put(path, body, options).await;
        let size = |meta: &BlobMeta| meta.size_bytes;
        let requests = rules::blob_puts(done.as_ref().map_or(0, size));
        self.add(Operation::PutBlob, begun, requests, done, |meta| {
            (size(meta), 0)
        })
    }

    async fn get(&self, path: &BlobPath) -> Result<Blob, BlobError> {
        let begun = Instant::now();
        let done = self.inner.get(path).await;
        self.add(Operation::GetBlob, begun, 1, done, |blob| {
            (0, blob.meta.size_bytes)
        })
    }

    async fn get_range(&self, path: &BlobPath, range: Range<u64>) -> Result<Blob, BlobError> {
        let begun = Instant::now();
        let (start, end) = (range.start, range.end);
        let done = self.inner.get_range(path, range).await;
        self.add(Operation::GetBlobRange, begun, 1, done, |blob| {
            let end = end.min(blob.meta.size_bytes);
            (0, end.saturating_sub(start))
        })
    }

    async fn head(&self, path: &BlobPath) -> Result<Option<BlobMeta>, BlobError> {
        let begun = Instant::now();
        let done = self.inner.head(path).await;
        self.add(Operation::HeadBlob, begun, 1, done, |_| (0, 0))
    }

    async fn delete(&self, path: &BlobPath) -> Result<(), BlobError> {
        let begun = Instant::now();
        let done = self.inner.delete(path).await;
        self.add(Operation::DeleteBlob, begun, 1, done, |()| (0, 0))
    }

    async fn list(
        &self,
        prefix: &str,
        limit: u32,
        cursor: Option<&Cursor>,
    ) -> Result<BlobPage, BlobError> {
        let begun = Instant::now();
        let done = self.inner.list(prefix, limit, cursor).await;
        self.add(Operation::ListBlobs, begun, 1, done, |_| (0, 0))
    }

    async fn upload_url(
        &self,
        path: &BlobPath,
        request: &UploadRequest,
    ) -> Result<UploadTicket, BlobError> {
        let begun = Instant::now();
        let done = self.inner.upload_url(path, request).await;
        // The ticket is made here; the one request is the upload that it is for.
        self.add(Operation::UploadUrl, begun, 1, done, |_| {
            (request.size_bytes, 0)
        })
    }

    async fn download_url(
        &self,
        path: &BlobPath,
        expires_in_s: u64,
        file_name: Option<&str>,
    ) -> Result<Option<String>, BlobError> {
        let begun = Instant::now();
        let done = self.inner.download_url(path, expires_in_s, file_name).await;
        // The address is made here; the one request is the download that it is for.
        let requests = u64::from(matches!(done, Ok(Some(_))));
        self.add(Operation::DownloadUrl, begun, requests, done, |_| (0, 0))
    }

    async fn open_file(&self, path: &BlobPath) -> Result<Option<std::fs::File>, BlobError> {
        let begun = Instant::now();
        let done = self.inner.open_file(path).await;
        let size = |file: &std::fs::File| file.metadata().map_or(0, |meta| meta.len());
        // Where blobs are no files, the caller reads it with `get`, which counts itself. A file that is kept from before
        // costs one request too: whether it is still the blob.
        let requests = u64::from(matches!(done, Ok(Some(_))));
        self.add(Operation::OpenFile, begun, requests, done, |file| {
            (0, file.as_ref().map_or(0, size))
        })
    }
}
