//! Images: one record each, and which hosts hold them.

use platform::{Condition, Cursor, Item, Platform, SortRange};
use schemas::{
    HostId, ImageId, TenantId, Timestamp,
    agent::ImageInventory,
    inventory::{CoverageGap, GapReason, ImageFacts},
};
use serde::{Deserialize, Serialize};

use crate::{
    RecordError, keys,
    store::{self, Listed, Put, stored},
};

const NOUN: &str = "images";
/// Most tags, and most repository digests, that are kept of one image.
const MAX_TAGS: usize = 200;
/// Most platforms that are kept of those that were not chosen, and most characters of one.
const MAX_PASSED_OVER: usize = 100;
const MAX_PLATFORM_CHARS: usize = 100;

/// What is known of an image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImageRecord {
    /// Version of this record's form, 1.
    pub version: u32,
    /// Its configuration and layers, with the tags of every host that holds it.
    pub facts: ImageFacts,
    /// What of it as a whole was not read.
    #[serde(default)]
    pub gaps: Vec<CoverageGap>,
    /// Other platforms of the name that it was last asked for by, where the rule and not the asker chose this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed_over: Vec<String>,
    /// When it was observed first.
    pub first_seen_at: Timestamp,
}

/// A host that holds an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct HolderRecord {
    version: u32,
    host: HostId,
    observed_at: Timestamp,
}

stored! {
    ImageRecord: "an image" 1;
    HolderRecord: "a holder of an image" 1;
}

impl ImageRecord {
    /// The name people know it by: its first tag, or the beginning of its digest.
    pub fn name(&self) -> String {
        let digest = || self.facts.id.hex().get(..12).unwrap_or_default().to_owned();
        self.facts.tags.first().cloned().unwrap_or_else(digest)
    }
}

/// The repository of images.
#[derive(Clone, Copy, Debug)]
pub struct Images<'a>(pub &'a Platform);

impl Images<'_> {
    /// An image.
    ///
    /// # Errors
    /// When the table fails or the record is damaged.
    pub async fn get(
        &self,
        tenant: &TenantId,
        id: &ImageId,
    ) -> Result<Option<ImageRecord>, RecordError> {
        let key = keys::key(tenant, NOUN, id.as_str());
        Ok(store::read(self.0, &key).await?.map(|(image, _)| image))
    }

    /// One page of a tenant's images, by id.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn list(
        &self,
        tenant: &TenantId,
        limit: u32,
        cursor: Option<Cursor>,
    ) -> Result<Listed<ImageRecord>, RecordError> {
        let partition = keys::partition(tenant, NOUN);
        store::list(self.0, &partition, &SortRange::All, limit, cursor).await
    }

    /// Merges what a host says of an image into what is known of it. Its id names its configuration, so the first word
    /// on its layers stays, and a host that says otherwise leaves a gap of the reason `disagreement`.
    ///
    /// # Errors
    /// As [`Self::get`], and [`RecordError::Busy`].
    pub async fn merge(
        &self,
        tenant: &TenantId,
        seen: &ImageInventory,
        host: &HostId,
        observed_at: Timestamp,
    ) -> Result<(), RecordError> {
        self.note_holder(tenant, &seen.facts.id, host, observed_at)
            .await?;
        self.merge_unheld(tenant, seen, observed_at).await
    }

    /// Merges what a registry says of an image, which no host needs to hold, as [`Self::merge`] does.
    ///
    /// # Errors
    /// As [`Self::merge`].
    pub async fn merge_unheld(
        &self,
        tenant: &TenantId,
        seen: &ImageInventory,
        observed_at: Timestamp,
    ) -> Result<(), RecordError> {
        let key = keys::key(tenant, NOUN, seen.facts.id.as_str());
        for _ in 0..store::ATTEMPTS {
            let current = store::read::<ImageRecord>(self.0, &key).await?;
            let (merged, version) = match current {
                None => {
                    let mut facts = seen.facts.clone();
                    tidy(&mut facts.tags);
                    tidy(&mut facts.repo_digests);
                    let record = ImageRecord {
                        version: 1,
                        facts,
                        gaps: seen.gaps.clone(),
                        passed_over: Vec::new(),
                        first_seen_at: observed_at,
                    };
                    (record, None)
                }
                Some((record, version)) => {
                    let merged = merged(record.clone(), seen, observed_at);
                    if merged == record {
                        return Ok(());
                    }
                    (merged, Some(version))
                }
            };
            let item = Item::new(key.clone(), store::encode(&merged)?);
            let put = store::put(self.0, item, store::unchanged(version), "an image").await?;
            if let Put::Written = put {
                return Ok(());
            }
        }
        Err(RecordError::Busy("an image"))
    }

    /// Notes why layers of an image were not read, beside what is known of it. Safe to repeat.
    ///
    /// # Errors
    /// As [`Self::merge`].
    pub async fn note_gaps(
        &self,
        tenant: &TenantId,
        id: &ImageId,
        gaps: &[CoverageGap],
    ) -> Result<(), RecordError> {
        self.change(tenant, id, |record| {
            for gap in gaps {
                if !record.gaps.contains(gap) {
                    record.gaps.push(gap.clone());
                }
            }
        })
        .await
    }

    /// Notes which other platforms could have been meant when a registry was asked for the image. Safe to repeat.
    ///
    /// # Errors
    /// As [`Self::merge`].
    pub async fn note_passed_over(
        &self,
        tenant: &TenantId,
        id: &ImageId,
        platforms: &[String],
    ) -> Result<(), RecordError> {
        let platforms: Vec<String> = platforms
            .iter()
            .take(MAX_PASSED_OVER)
            .map(|platform| platform.chars().take(MAX_PLATFORM_CHARS).collect())
            .collect();
        self.change(tenant, id, |record| {
            record.passed_over.clone_from(&platforms);
        })
        .await
    }

    /// Changes what is known of an image; one that is not known stays so.
    async fn change(
        &self,
        tenant: &TenantId,
        id: &ImageId,
        change: impl Fn(&mut ImageRecord),
    ) -> Result<(), RecordError> {
        let key = keys::key(tenant, NOUN, id.as_str());
        for _ in 0..store::ATTEMPTS {
            let Some((known, version)) = store::read::<ImageRecord>(self.0, &key).await? else {
                return Ok(());
            };
            let mut record = known.clone();
            change(&mut record);
            if record == known {
                return Ok(());
            }
            let item = Item::new(key.clone(), store::encode(&record)?);
            let put = store::put(self.0, item, store::unchanged(Some(version)), "an image").await?;
            if let Put::Written = put {
                return Ok(());
            }
        }
        Err(RecordError::Busy("an image"))
    }

    async fn note_holder(
        &self,
        tenant: &TenantId,
        image: &ImageId,
        host: &HostId,
        observed_at: Timestamp,
    ) -> Result<(), RecordError> {
        let record = HolderRecord {
            version: 1,
            host: host.clone(),
            observed_at,
        };
        let order = crate::order(observed_at, 0);
        let value = store::encode(&record)?;
        for key in [
            keys::key(tenant, &held(host), image.as_str()),
            keys::key(tenant, &holders(image), host.as_str()),
        ] {
            let item = Item::new(key, value.clone()).with_sequence(order);
            // An older word on the same host and image adds nothing.
            let condition = Condition::SequenceBelow(order);
            store::put(self.0, item, condition, "a holder of an image").await?;
        }
        Ok(())
    }

    /// Images that a host holds, or did.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn of_host(
        &self,
        tenant: &TenantId,
        host: &HostId,
    ) -> Result<Vec<ImageId>, RecordError> {
        let partition = keys::partition(tenant, &held(host));
        let items = store::all(self.0, &partition, &SortRange::All, "a holder of an image").await?;
        Ok(items
            .iter()
            .filter_map(|item| item.key.sort.parse().ok())
            .collect())
    }

    /// Hosts that hold an image, or did.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn holders(
        &self,
        tenant: &TenantId,
        image: &ImageId,
    ) -> Result<Vec<HostId>, RecordError> {
        let partition = keys::partition(tenant, &holders(image));
        let items = store::all(self.0, &partition, &SortRange::All, "a holder of an image").await?;
        items
            .iter()
            .map(|item| Ok(store::decode::<HolderRecord>(&item.value)?.host))
            .collect()
    }
}

fn holders(image: &ImageId) -> String {
    format!("image-hosts/{}", image.hex())
}

fn held(host: &HostId) -> String {
    format!("host-images/{host}")
}

/// Labels have no order of their own; sorted, they are the same whoever was heard first.
fn tidy(tags: &mut Vec<String>) {
    tags.sort();
    tags.dedup();
    tags.truncate(MAX_TAGS);
}

fn merged(mut record: ImageRecord, seen: &ImageInventory, observed_at: Timestamp) -> ImageRecord {
    let facts = &mut record.facts;
    facts.tags.extend(seen.facts.tags.iter().cloned());
    tidy(&mut facts.tags);
    facts
        .repo_digests
        .extend(seen.facts.repo_digests.iter().cloned());
    tidy(&mut facts.repo_digests);
    record.first_seen_at = record.first_seen_at.min(observed_at);
    let layers =
        |facts: &ImageFacts| -> Vec<_> { facts.layers.iter().map(|l| l.diff_id.clone()).collect() };
    if layers(&record.facts) == layers(&seen.facts) {
        // What one host could read of it, another need not have lacked.
        record
            .gaps
            .retain(|gap| gap.reason == GapReason::Disagreement || seen.gaps.contains(gap));
    } else if record
        .gaps
        .iter()
        .all(|gap| gap.reason != GapReason::Disagreement)
    {
        record.gaps.push(CoverageGap {
            reason: GapReason::Disagreement,
            detail: "hosts disagree about the layers of this image; the first answer is used"
                .to_owned(),
            path: None,
            layer: None,
        });
    }
    record
}
