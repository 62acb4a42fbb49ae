//! Inventories: what a place contains, as a document that never changes; a record says which one holds.

use platform::Platform;
use schemas::{Digest, Place, TenantId, inventory::Inventory};
use serde::{Deserialize, Serialize};

use crate::{Hosts, Places, RecordError, keys, store};

const WHAT: &str = "an inventory";

/// Names a stored inventory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InventoryRef {
    /// Its name among the inventories of its place.
    pub name: String,
    /// Digest of what findings depend on: operating system, packages and coverage.
    pub content: Digest,
}

/// The repository of inventories.
#[derive(Clone, Copy, Debug)]
pub struct Inventories<'a>(pub &'a Platform);

impl Inventories<'_> {
    /// Stores an inventory. `order` grows with every state of the place, so that no name is ever used again for
    /// something else.
    ///
    /// # Errors
    /// When the blob store fails.
    pub async fn put(
        &self,
        tenant: &TenantId,
        place: &Place,
        order: u64,
        inventory: Inventory,
    ) -> Result<(InventoryRef, Inventory), RecordError> {
        let (bytes, content, inventory) = store::aside(WHAT, move || {
            let bytes = store::encode_document(&inventory, WHAT)?;
            Ok((bytes, content_digest(&inventory)?, inventory))
        })
        .await?;
        let whole = keys::digest(&bytes);
        let name = format!("{order:020}-{}", keys::short(&whole));
        store::put_once(self.0, &path(tenant, place, &name)?, bytes, WHAT).await?;
        Ok((InventoryRef { name, content }, inventory))
    }

    /// The inventory of a reference.
    ///
    /// # Errors
    /// [`RecordError::Gone`] when the place has a newer one by now.
    pub async fn get(
        &self,
        tenant: &TenantId,
        place: &Place,
        reference: &InventoryRef,
    ) -> Result<Inventory, RecordError> {
        let path = path(tenant, place, &reference.name)?;
        store::read_document(self.0, &path, WHAT)
            .await?
            .ok_or(RecordError::Gone(WHAT))
    }

    /// The newest inventory of a place; an image has one once its layers were merged.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn newest(
        &self,
        tenant: &TenantId,
        place: &Place,
    ) -> Result<Option<Inventory>, RecordError> {
        for _ in 0..store::ATTEMPTS {
            let reference = match place {
                Place::Host(id) => Hosts(self.0)
                    .get(tenant, id)
                    .await?
                    .map(|host| host.inventory),
                Place::Image(_) => Places(self.0)
                    .get(tenant, place)
                    .await?
                    .and_then(|place| place.record.inventory),
            };
            let Some(reference) = reference else {
                return Ok(None);
            };
            match self.get(tenant, place, &reference).await {
                Err(RecordError::Gone(_)) => {}
                found => return found.map(Some),
            }
        }
        Err(RecordError::Busy(WHAT))
    }

    /// Forgets an inventory that no record names any more.
    pub(crate) async fn forget(&self, tenant: &TenantId, place: &Place, reference: &InventoryRef) {
        if let Ok(path) = path(tenant, place, &reference.name) {
            store::forget(self.0, &path).await;
        }
    }
}

fn path(tenant: &TenantId, place: &Place, name: &str) -> Result<platform::BlobPath, RecordError> {
    let name = keys::plain(name, WHAT)?;
    keys::path(
        tenant,
        &format!("inventories/{}/{name}.json.zst", keys::place_path(place)),
    )
}

/// Digest of what findings depend on.
fn content_digest(inventory: &Inventory) -> Result<Digest, RecordError> {
    let content = (&inventory.os, &inventory.packages, &inventory.coverage);
    let json = serde_json::to_vec(&content).map_err(|e| RecordError::Damaged(WHAT, e))?;
    Ok(keys::digest(&json))
}
