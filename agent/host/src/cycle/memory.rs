//! What is known of images and layers from earlier looks, so that an image is read once and not every quarter of an hour.

use std::collections::BTreeMap;

use schemas::{Digest, Timestamp};
use serde::{Deserialize, Serialize};

use super::{REPEAT_IMAGE_MS, REPEAT_MS};
use crate::state::{StateDir, StateError};

/// The file in the agent's folder.
const FILE: &str = "images.json";
/// After this time without being seen an image or layer is forgotten.
const FORGET_MS: i64 = 30 * REPEAT_MS;

/// Images by the engine's own id, and layers by whether the tenant has them.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Memory {
    images: BTreeMap<String, KnownImage>,
    layers: BTreeMap<Digest, Timestamp>,
}

/// An image that was read, or tried to be.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct KnownImage {
    /// Digest of its configuration, once it is known.
    pub(super) config: Option<Digest>,
    /// When it was last read through, whatever came of it.
    pub(super) read_at: Timestamp,
    /// What of it could not be read.
    pub(super) gaps: Vec<schemas::inventory::CoverageGap>,
}

impl Memory {
    pub(super) fn load(state: &StateDir) -> Self {
        state.read_or_default(FILE)
    }

    pub(super) fn save(&mut self, state: &StateDir, now: Timestamp) -> Result<(), StateError> {
        let fresh = |at: Timestamp| now.as_ms().saturating_sub(at.as_ms()) < FORGET_MS;
        self.images.retain(|_, image| fresh(image.read_at));
        self.layers.retain(|_, confirmed| fresh(*confirmed));
        state.write(FILE, self)
    }

    pub(super) fn image(&self, id: &str) -> Option<&KnownImage> {
        self.images.get(id)
    }

    pub(super) fn know_image(&mut self, id: &str, image: KnownImage) {
        self.images.insert(id.to_owned(), image);
    }

    /// Whether the image was read through within a day: what is missing of it then will not be there now.
    pub(super) fn was_read(&self, id: &str, now: Timestamp) -> bool {
        self.image(id)
            .is_some_and(|image| within(REPEAT_MS, image.read_at, now))
    }

    /// Whether the tenant was known to have the layer within a week.
    pub(super) fn tenant_has(&self, layer: &Digest, now: Timestamp) -> bool {
        self.layers
            .get(layer)
            .is_some_and(|at| within(REPEAT_IMAGE_MS, *at, now))
    }

    pub(super) fn confirm_layer(&mut self, layer: &Digest, now: Timestamp) {
        self.layers.insert(layer.clone(), now);
    }
}

fn within(time_ms: i64, at: Timestamp, now: Timestamp) -> bool {
    (0..time_ms).contains(&now.as_ms().saturating_sub(at.as_ms()))
}
