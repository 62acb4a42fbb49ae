//! Blobs in hostile weather.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;

use super::{Dice, Forecast, lost_ack};
use crate::ports::{
    Blob, BlobError, BlobMeta, BlobPage, BlobPath, Blobs, Body, Cursor, PutOptions, UploadRequest,
    UploadTicket,
};

/// Blobs in hostile weather.
pub(super) struct WeatherBlobs {
    pub(super) inner: Arc<dyn Blobs>,
    pub(super) forecast: Forecast,
    pub(super) dice: Arc<Dice>,
}

impl WeatherBlobs {
    fn before(&self) -> Result<(), BlobError> {
        if self.dice.happens(self.forecast.throttled) {
            return Err(BlobError::Throttled);
        }
        Ok(())
    }

    fn after<T>(&self, done: T) -> Result<T, BlobError> {
        if self.dice.happens(self.forecast.lost_acks) {
            return Err(BlobError::Unavailable(lost_ack()));
        }
        Ok(done)
    }
}

#[async_trait]
impl Blobs for WeatherBlobs {
    async fn put(
        &self,
        path: &BlobPath,
        body: Body,
        options: PutOptions,
    ) -> Result<BlobMeta, BlobError> {
        self.before()?;
        if self.dice.happens(self.forecast.conflicts) {
            return Err(BlobError::Conflict);
        }
        let meta = self.inner.put(path, body, options).await?;
        self.after(meta)
    }

    async fn get(&self, path: &BlobPath) -> Result<Blob, BlobError> {
        self.before()?;
        self.inner.get(path).await
    }

    async fn get_range(&self, path: &BlobPath, range: Range<u64>) -> Result<Blob, BlobError> {
        self.before()?;
        self.inner.get_range(path, range).await
    }

    async fn head(&self, path: &BlobPath) -> Result<Option<BlobMeta>, BlobError> {
        self.before()?;
        self.inner.head(path).await
    }

    async fn delete(&self, path: &BlobPath) -> Result<(), BlobError> {
        self.before()?;
        self.inner.delete(path).await?;
        self.after(())
    }

    async fn list(
        &self,
        prefix: &str,
        limit: u32,
        cursor: Option<&Cursor>,
    ) -> Result<BlobPage, BlobError> {
        self.before()?;
        let mut limit = limit;
        if limit > 0 && self.dice.happens(self.forecast.partial) {
            let shorter = 1 + self.dice.below(limit as usize);
            limit = u32::try_from(shorter).unwrap_or(limit);
        }
        self.inner.list(prefix, limit, cursor).await
    }

    async fn upload_url(
        &self,
        path: &BlobPath,
        request: &UploadRequest,
    ) -> Result<UploadTicket, BlobError> {
        self.before()?;
        self.inner.upload_url(path, request).await
    }

    async fn download_url(
        &self,
        path: &BlobPath,
        expires_in_s: u64,
        file_name: Option<&str>,
    ) -> Result<Option<String>, BlobError> {
        self.before()?;
        self.inner.download_url(path, expires_in_s, file_name).await
    }

    async fn open_file(&self, path: &BlobPath) -> Result<Option<std::fs::File>, BlobError> {
        self.before()?;
        self.inner.open_file(path).await
    }
}
