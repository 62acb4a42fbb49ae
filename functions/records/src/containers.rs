//! Containers: each host's newest snapshot, kept by image, so that an image's exposure is read without its neighbours.
//!
//! A snapshot's header names the images that it has and those that snapshots before it had; each image then has one item
//! per host. All carry the snapshot's order, so whichever of two snapshots is stored last, the later one stays.

use std::collections::{BTreeMap, BTreeSet};

use platform::{Condition, Item, Platform, SortRange};
use schemas::{
    HostId, ImageId, TenantId, Timestamp,
    inventory::{Container, ContainersSnapshot},
};
use serde::{Deserialize, Serialize};

use crate::{
    Images, RecordError, keys,
    store::{self, Put, stored},
};

const NOUN: &str = "snapshots";
const WHAT: &str = "the containers of a host";

/// The head of a host's newest snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotRecord {
    /// Version of this record's form, 1.
    pub version: u32,
    /// The host.
    pub host: HostId,
    /// When it was observed.
    pub observed_at: Timestamp,
    /// Order of this state, see [`crate::order`].
    pub order: u64,
    /// Whether the engine was asked and answered.
    pub complete: bool,
    /// Images of its containers.
    #[serde(default)]
    pub images: BTreeSet<ImageId>,
    /// Images of earlier snapshots whose items may not yet say that they are gone.
    #[serde(default)]
    pub retiring: BTreeSet<ImageId>,
}

/// Containers of one image on one host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImageContainers {
    /// Version of this record's form, 1.
    pub version: u32,
    /// The host.
    pub host: HostId,
    /// Order of the snapshot, see [`crate::order`].
    pub order: u64,
    /// The containers; none when there are none any more.
    #[serde(default)]
    pub containers: Vec<Container>,
}

stored! {
    SnapshotRecord: "a snapshot" 1;
    ImageContainers: "the containers of an image" 1;
}

/// The repository of containers.
#[derive(Clone, Copy, Debug)]
pub struct Containers<'a>(pub &'a Platform);

impl Containers<'_> {
    /// Stores a snapshot unless a later one is stored, and returns the images whose containers it may have changed, or
    /// of which it may have become known that none runs.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn put(
        &self,
        tenant: &TenantId,
        snapshot: &ContainersSnapshot,
        observed_at: Timestamp,
        order: u64,
    ) -> Result<Vec<ImageId>, RecordError> {
        let mut by_image: BTreeMap<&ImageId, Vec<&Container>> = BTreeMap::new();
        for container in &snapshot.containers {
            by_image
                .entry(&container.image)
                .or_default()
                .push(container);
        }
        let head = SnapshotRecord {
            version: 1,
            host: snapshot.host.clone(),
            observed_at,
            order,
            complete: snapshot.complete,
            images: by_image.keys().copied().cloned().collect(),
            retiring: BTreeSet::new(),
        };
        let Some((head, complete_changed)) = self.put_head(tenant, head).await? else {
            // The later snapshot may have met what this one wrote before it broke off, and then saw no change.
            let mut all = self.held(tenant, &snapshot.host).await?;
            all.extend(by_image.keys().copied().cloned());
            return Ok(all.into_iter().collect());
        };
        let mut changed = if complete_changed {
            self.held(tenant, &snapshot.host).await?
        } else {
            BTreeSet::new()
        };
        for image in head.images.union(&head.retiring) {
            let mut containers: Vec<Container> = by_image
                .get(image)
                .map(|all| all.iter().copied().cloned().collect())
                .unwrap_or_default();
            containers.sort_by(|a, b| a.id.cmp(&b.id));
            let record = ImageContainers {
                version: 1,
                host: snapshot.host.clone(),
                order,
                containers,
            };
            if self.put_image(tenant, image, &record).await? {
                changed.insert(image.clone());
            }
        }
        Ok(changed.into_iter().collect())
    }

    async fn held(
        &self,
        tenant: &TenantId,
        host: &HostId,
    ) -> Result<BTreeSet<ImageId>, RecordError> {
        let held = Images(self.0).of_host(tenant, host).await?;
        Ok(held.into_iter().collect())
    }

    /// Stores the head. Returns it with whether the snapshot before it was not as complete; `None` when a later one is
    /// stored.
    async fn put_head(
        &self,
        tenant: &TenantId,
        mut head: SnapshotRecord,
    ) -> Result<Option<(SnapshotRecord, bool)>, RecordError> {
        let key = keys::key(tenant, NOUN, head.host.as_str());
        for _ in 0..store::ATTEMPTS {
            let current = store::read::<SnapshotRecord>(self.0, &key).await?;
            let mut version = None;
            let mut complete_changed = true;
            if let Some((current, at)) = current {
                if current.order > head.order {
                    return Ok(None);
                }
                if current.order == head.order {
                    return Ok(Some((current, true)));
                }
                version = Some(at);
                complete_changed = current.complete != head.complete;
                head.retiring = self.not_yet_gone(tenant, &current).await?;
                head.retiring.retain(|image| !head.images.contains(image));
            }
            let item = Item::new(key.clone(), store::encode(&head)?).with_sequence(head.order);
            if let Put::Written = store::put(self.0, item, store::unchanged(version), WHAT).await? {
                return Ok(Some((head, complete_changed)));
            }
        }
        Err(RecordError::Busy(WHAT))
    }

    /// Images of a snapshot, and of those before it unless their items say that they are gone.
    async fn not_yet_gone(
        &self,
        tenant: &TenantId,
        head: &SnapshotRecord,
    ) -> Result<BTreeSet<ImageId>, RecordError> {
        let mut all = head.images.clone();
        let keys: Vec<_> = head
            .retiring
            .iter()
            .map(|image| keys::key(tenant, &of_image(image), head.host.as_str()))
            .collect();
        let mut gone = BTreeSet::new();
        for item in store::get_many(self.0, &keys, WHAT).await? {
            let record: ImageContainers = store::decode(&item.value)?;
            if record.containers.is_empty() && record.order >= head.order {
                gone.insert(item.key);
            }
        }
        for (image, key) in head.retiring.iter().zip(&keys) {
            if !gone.contains(key) {
                all.insert(image.clone());
            }
        }
        Ok(all)
    }

    /// Stores the containers of one image; says whether that may have changed anything.
    async fn put_image(
        &self,
        tenant: &TenantId,
        image: &ImageId,
        record: &ImageContainers,
    ) -> Result<bool, RecordError> {
        let key = keys::key(tenant, &of_image(image), record.host.as_str());
        let before = store::read::<ImageContainers>(self.0, &key).await?;
        let item = Item::new(key, store::encode(record)?).with_sequence(record.order);
        store::put(self.0, item, Condition::SequenceBelow(record.order), WHAT).await?;
        // Of the same order: an earlier delivery wrote it, and may have told nobody.
        Ok(before.is_none_or(|(before, _)| {
            before.order == record.order || before.containers != record.containers
        }))
    }

    /// All containers of an image, by host.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn of_image(
        &self,
        tenant: &TenantId,
        image: &ImageId,
    ) -> Result<Vec<ImageContainers>, RecordError> {
        let partition = keys::partition(tenant, &of_image(image));
        let items = store::all(self.0, &partition, &SortRange::All, WHAT).await?;
        store::decode_all(&items)
    }

    /// The heads of the newest snapshots of these hosts, where there are any, in no promised order.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn heads(
        &self,
        tenant: &TenantId,
        hosts: &[HostId],
    ) -> Result<Vec<SnapshotRecord>, RecordError> {
        let keys: Vec<_> = hosts
            .iter()
            .map(|host| keys::key(tenant, NOUN, host.as_str()))
            .collect();
        let items = store::get_many(self.0, &keys, WHAT).await?;
        store::decode_all(&items)
    }

    /// Some hosts of which a snapshot is there, by id, from this one on, with whether there are more.
    ///
    /// # Errors
    /// When the table fails or a record is damaged.
    pub async fn heads_from(
        &self,
        tenant: &TenantId,
        from: Option<&HostId>,
        limit: u32,
    ) -> Result<(Vec<SnapshotRecord>, bool), RecordError> {
        let partition = keys::partition(tenant, NOUN);
        let range = from.map_or(SortRange::All, |from| SortRange::AtLeast(from.to_string()));
        let (mut heads, mut cursor) = (Vec::<SnapshotRecord>::new(), None);
        loop {
            let page = store::page(self.0, &partition, &range, limit, cursor, WHAT).await?;
            heads.extend(store::decode_all(&page.items)?);
            cursor = page.next;
            // A page may end early; with two hosts there is one that was not there before.
            if heads.len() > 1 || cursor.is_none() {
                return Ok((heads, cursor.is_some()));
            }
        }
    }

    /// The containers of a host that a head names, by image.
    ///
    /// # Errors
    /// As [`Self::of_image`].
    pub async fn of_head(
        &self,
        tenant: &TenantId,
        head: &SnapshotRecord,
    ) -> Result<Vec<Container>, RecordError> {
        let keys: Vec<_> = head
            .images
            .iter()
            .map(|image| keys::key(tenant, &of_image(image), head.host.as_str()))
            .collect();
        let mut items = store::get_many(self.0, &keys, WHAT).await?;
        items.sort_by(|a, b| a.key.cmp(&b.key));
        let mut containers = Vec::new();
        for item in items {
            containers.extend(store::decode::<ImageContainers>(&item.value)?.containers);
        }
        Ok(containers)
    }

    /// The newest snapshot of a host and its containers, by image.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn of_host(
        &self,
        tenant: &TenantId,
        host: &HostId,
    ) -> Result<Option<(SnapshotRecord, Vec<Container>)>, RecordError> {
        let Some((head, _)) =
            store::read::<SnapshotRecord>(self.0, &keys::key(tenant, NOUN, host.as_str())).await?
        else {
            return Ok(None);
        };
        let containers = self.of_head(tenant, &head).await?;
        Ok(Some((head, containers)))
    }
}

fn of_image(image: &ImageId) -> String {
    format!("image-containers/{}", image.hex())
}
