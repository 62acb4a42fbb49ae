//! An image's inventory, merged from the inventories of its layers that the tenant has.

use std::collections::HashMap;

use records::{Images, Inventories, Layers, PlaceRecord, RecordError, layers::LayerRecord};
use schemas::{Digest, ImageId, Place, TenantId, inventory::LayerInventory};

use crate::{ATTEMPTS, Context, HandlerError, scan::Input};

/// What is to be matched of an image; `None` while the image is not known.
pub(crate) async fn image(
    context: &Context,
    tenant: &TenantId,
    id: &ImageId,
    known: Option<&PlaceRecord>,
) -> Result<Option<Input>, HandlerError> {
    let platform = &context.platform;
    let layers = Layers(platform);
    for _ in 0..ATTEMPTS {
        let Some(image) = Images(platform).get(tenant, id).await? else {
            return Ok(None);
        };
        let wanted: Vec<Digest> = image
            .facts
            .layers
            .iter()
            .map(|l| l.diff_id.clone())
            .collect();
        let had: HashMap<Digest, LayerRecord> = layers
            .records(tenant, &wanted)
            .await?
            .into_iter()
            .map(|record| (record.diff_id.clone(), record))
            .collect();
        let mut missing = wanted.clone();
        missing.retain(|layer| !had.contains_key(layer));
        missing.sort();
        missing.dedup();
        if !missing.is_empty() {
            layers.wait(tenant, id, &missing).await?;
            // One that came before the wait was noted found nobody waiting.
            if layers.missing(tenant, &missing).await? != missing {
                continue;
            }
        }
        let documents: Vec<_> = wanted
            .iter()
            .map(|layer| had.get(layer).map(|record| &record.document))
            .collect();
        // A later version may understand more of the same documents.
        let by = inventory::GENERATION;
        let basis = serde_json::to_vec(&(&image.facts, &image.gaps, documents, by))
            .map_err(|error| HandlerError::poison_by("the image cannot be written down", error))?;
        let basis = records::digest(&basis);
        let name = image.name();
        if let Some(known) = known
            && known.basis.as_ref() == Some(&basis)
            && let Some(reference) = &known.inventory
        {
            return Ok(Some(Input {
                name,
                content: known.content.clone(),
                inventory: None,
                reference: reference.clone(),
                basis: Some(basis),
                missing_layers: missing,
            }));
        }
        let mut read: Vec<Option<LayerInventory>> = Vec::with_capacity(wanted.len());
        let mut replaced = false;
        for layer in &wanted {
            read.push(match had.get(layer) {
                None => None,
                Some(record) => match layers.inventory(tenant, record).await {
                    Err(RecordError::Gone(_)) => {
                        replaced = true;
                        None
                    }
                    inventory => Some(inventory?),
                },
            });
        }
        if replaced {
            continue;
        }
        let (facts, gaps) = (image.facts, image.gaps);
        let inventory =
            tokio::task::spawn_blocking(move || inventory::merge::merge(&facts, &read, gaps))
                .await
                .map_err(|_| HandlerError::retry("merging the layers broke off"))?;
        let order = known.map_or(0, |known| known.revision) + 1;
        let place = Place::Image(id.clone());
        let (reference, inventory) = Inventories(platform)
            .put(tenant, &place, order, inventory)
            .await?;
        return Ok(Some(Input {
            name,
            content: reference.content.clone(),
            inventory: Some(inventory),
            reference,
            basis: Some(basis),
            missing_layers: missing,
        }));
    }
    Err(HandlerError::retry("layers of the image keep arriving"))
}
