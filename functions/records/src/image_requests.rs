//! Requests to read an image where its registry keeps it: one record each, for a while.
//!
//! A message comes twice and late, and an image may be read by many, so a state only ever gives way to a later one of
//! queued, reading, failed and done. What was given up is done after all when somebody had it read again.

use platform::{Item, Platform};
use schemas::{ImageId, ImageRequestId, TenantId, Timestamp, api::image_scan::ImageRequestState};
use serde::{Deserialize, Serialize};

use crate::{
    RecordError, keys,
    store::{self, Put, stored},
};

const NOUN: &str = "image-requests";
const WHAT: &str = "a request for an image";
/// How long a request is kept after its last change: a week, in seconds.
const KEPT_S: i64 = 7 * 24 * 3600;
/// Most bytes of a reason.
const MAX_REASON_BYTES: usize = 4096;

/// A request as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageRequestRecord {
    /// Version of this record's form, 1.
    pub version: u32,
    /// The image's name.
    pub reference: String,
    /// Which of several platforms was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// How far it is.
    pub state: ImageRequestState,
    /// The image, once it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageId>,
    /// Why it was given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it was made.
    pub requested_at: Timestamp,
    /// Who made it.
    pub requested_by: String,
    /// When its state last changed.
    pub updated_at: Timestamp,
}

stored! { ImageRequestRecord: "a request for an image" 1; }

impl ImageRequestRecord {
    /// A request that waits.
    pub fn new(
        reference: String,
        platform: Option<String>,
        requested_at: Timestamp,
        requested_by: &str,
    ) -> Self {
        Self {
            version: 1,
            reference,
            platform,
            state: ImageRequestState::Queued,
            image: None,
            reason: None,
            requested_at,
            requested_by: requested_by.to_owned(),
            updated_at: requested_at,
        }
    }
}

/// The repository of requests for images.
#[derive(Clone, Copy, Debug)]
pub struct ImageRequests<'a>(pub &'a Platform);

impl ImageRequests<'_> {
    /// A request; `None` when there is none, or not any more.
    ///
    /// # Errors
    /// When the table fails or the record is damaged.
    pub async fn get(
        &self,
        tenant: &TenantId,
        id: &ImageRequestId,
    ) -> Result<Option<ImageRequestRecord>, RecordError> {
        let key = keys::key(tenant, NOUN, id.as_str());
        Ok(store::read(self.0, &key).await?.map(|(record, _)| record))
    }

    /// Keeps a new request, whose id nothing else has.
    ///
    /// # Errors
    /// When the table fails, or the id is taken.
    pub async fn create(
        &self,
        tenant: &TenantId,
        id: &ImageRequestId,
        record: &ImageRequestRecord,
    ) -> Result<(), RecordError> {
        match self.put(tenant, id, record, None).await? {
            Put::Written => Ok(()),
            Put::Held => Err(RecordError::Busy(WHAT)),
        }
    }

    /// The image is being asked for; `image` once it is known which one that is.
    ///
    /// # Errors
    /// As [`Self::get`], and [`RecordError::Busy`].
    pub async fn reading(
        &self,
        tenant: &TenantId,
        id: &ImageRequestId,
        image: Option<&ImageId>,
    ) -> Result<(), RecordError> {
        let state = ImageRequestState::Reading;
        self.change(tenant, id, state, image, None).await
    }

    /// The image was read.
    ///
    /// # Errors
    /// As [`Self::reading`].
    pub async fn done(
        &self,
        tenant: &TenantId,
        id: &ImageRequestId,
        image: &ImageId,
    ) -> Result<(), RecordError> {
        let state = ImageRequestState::Done;
        self.change(tenant, id, state, Some(image), None).await
    }

    /// It was given up, for this reason.
    ///
    /// # Errors
    /// As [`Self::reading`].
    pub async fn failed(
        &self,
        tenant: &TenantId,
        id: &ImageRequestId,
        reason: &str,
    ) -> Result<(), RecordError> {
        let end = reason.floor_char_boundary(MAX_REASON_BYTES);
        let reason = reason.get(..end);
        let state = ImageRequestState::Failed;
        self.change(tenant, id, state, None, reason).await
    }

    async fn change(
        &self,
        tenant: &TenantId,
        id: &ImageRequestId,
        state: ImageRequestState,
        image: Option<&ImageId>,
        reason: Option<&str>,
    ) -> Result<(), RecordError> {
        let key = keys::key(tenant, NOUN, id.as_str());
        for _ in 0..store::ATTEMPTS {
            // Nobody asks any more for what is not kept any more.
            let Some((before, version)) = store::read::<ImageRequestRecord>(self.0, &key).await?
            else {
                return Ok(());
            };
            if rank(state) < rank(before.state) {
                return Ok(());
            }
            let mut after = before.clone();
            after.state = state;
            after.image = image.cloned().or(after.image);
            after.reason = reason.map(str::to_owned);
            if after == before {
                return Ok(());
            }
            after.updated_at = store::now(self.0);
            if let Put::Written = self.put(tenant, id, &after, Some(version)).await? {
                return Ok(());
            }
        }
        Err(RecordError::Busy(WHAT))
    }

    async fn put(
        &self,
        tenant: &TenantId,
        id: &ImageRequestId,
        record: &ImageRequestRecord,
        replaces: Option<u64>,
    ) -> Result<Put, RecordError> {
        let key = keys::key(tenant, NOUN, id.as_str());
        let forget_s = record.updated_at.as_s().saturating_add(KEPT_S);
        let item = Item::new(key, store::encode(record)?)
            .with_expiry(u64::try_from(forget_s).unwrap_or(0));
        store::put(self.0, item, store::unchanged(replaces), WHAT).await
    }
}

/// Which state gives way to which. One of a later version is left alone.
fn rank(state: ImageRequestState) -> u8 {
    match state {
        ImageRequestState::Queued => 0,
        ImageRequestState::Reading => 1,
        ImageRequestState::Failed => 2,
        ImageRequestState::Done => 3,
        ImageRequestState::Unknown => u8::MAX,
    }
}
