//! The host's images: the gateway is asked which of their layers the tenant lacks, and only images with such layers are
//! exported and read.

use schemas::{
    Digest,
    agent::{ImageInventory, InventoryBody},
    inventory::{CoverageGap, GapReason, ImageFacts},
};
use sources::runtime::{ContainerRuntime, EngineImage, RuntimeError};

use super::{
    Engines, LookError, Observer,
    archive::{self, ArchiveError},
    memory::KnownImage,
};
use crate::spool::Subject;

impl Observer<'_> {
    /// Looks at all images. Returns the number of those that were read.
    ///
    /// # Errors
    /// The gateway did not answer, or what was seen could not be kept. One image that cannot be read stops nothing: its
    /// coverage says so.
    pub async fn look_at_images(&mut self, engines: &Engines) -> Result<usize, LookError> {
        let mut read = 0;
        for runtime in &engines.runtimes {
            let images = match runtime.images().await {
                Ok(images) => images,
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "an engine's images could not be listed"
                    );
                    continue;
                }
            };
            for image in &images {
                match Box::pin(self.look_at_image(runtime.as_ref(), image)).await {
                    Ok(was_read) => read += usize::from(was_read),
                    Err(LookError::Runtime(RuntimeError::Gone(_))) => {}
                    Err(LookError::Runtime(error)) => {
                        tracing::warn!(
                            image = image.id,
                            error = &error as &dyn std::error::Error,
                            "an image could not be described"
                        );
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(read)
    }

    async fn look_at_image(
        &mut self,
        runtime: &dyn ContainerRuntime,
        image: &EngineImage,
    ) -> Result<bool, LookError> {
        let mut facts = runtime.image_facts(image).await?;
        let known = self.memory.image(&image.id).cloned();
        let config = image
            .config
            .clone()
            .or_else(|| known.as_ref().and_then(|known| known.config.clone()));
        let missing = self.missing(&facts).await?;
        let now = self.now();
        let unknown = config.is_none() || !missing.is_empty();
        let mut gaps = known.map(|known| known.gaps).unwrap_or_default();
        let mut was_read = false;
        let mut identity = config;
        // What an export within the last day did not bring, another one would not bring either.
        if unknown && !self.memory.was_read(&image.id, now) {
            let outcome = self.read_image(runtime, image, &missing).await?;
            was_read = true;
            gaps = outcome.gaps;
            if let Some(scanned) = outcome.facts {
                identity = Some(scanned.id.clone());
                // The archive also knows what made each layer; names are the engine's.
                facts = ImageFacts {
                    tags: facts.tags,
                    repo_digests: facts.repo_digests,
                    ..scanned
                };
            }
            let known = KnownImage {
                config: identity.clone(),
                read_at: now,
                gaps: gaps.clone(),
            };
            self.memory.know_image(&image.id, known);
            self.memory.save(self.state, now)?;
        }
        let Some(identity) = identity else {
            // Without the configuration's digest there is no image to speak of; it is tried again tomorrow.
            return Ok(was_read);
        };
        facts.id = identity.clone();
        let subject = Subject::Image(identity);
        // Two ways of looking at the same image differ in what made its layers, which is no change of the image.
        let mut comparable = facts.clone();
        for layer in &mut comparable.layers {
            (
                layer.created_by,
                layer.blob,
                layer.media_type,
                layer.size_bytes,
            ) = (None, None, None, None);
        }
        let body = InventoryBody::Image {
            image: ImageInventory {
                facts,
                gaps: gaps.clone(),
            },
        };
        self.offer(&subject, &(comparable, gaps), &body)?;
        Ok(was_read)
    }

    /// The layers that the tenant lacks, asked for at most once a week once it has them.
    async fn missing(&mut self, facts: &ImageFacts) -> Result<Vec<Digest>, LookError> {
        let now = self.now();
        let mut doubtful: Vec<Digest> = facts
            .layers
            .iter()
            .map(|layer| layer.diff_id.clone())
            .filter(|layer| !self.memory.tenant_has(layer, now))
            .collect();
        doubtful.sort();
        doubtful.dedup();
        if doubtful.is_empty() {
            return Ok(doubtful);
        }
        let missing = self.uplink.missing_layers(&doubtful).await?;
        for layer in doubtful.iter().filter(|layer| !missing.contains(layer)) {
            self.memory.confirm_layer(layer, now);
        }
        self.memory.save(self.state, now)?;
        Ok(missing)
    }

    /// Exports and reads an image, and uploads the layers that the tenant lacks.
    async fn read_image(
        &mut self,
        runtime: &dyn ContainerRuntime,
        image: &EngineImage,
        missing: &[Digest],
    ) -> Result<Outcome, LookError> {
        tracing::info!(image = image.id, tags = ?image.tags, layers = missing.len(), "reading an image");
        let scanned = match archive::read(runtime.export_image(image), missing.to_vec()).await {
            Ok(scanned) => scanned,
            Err(ArchiveError::Look(error)) => return Err(error),
            Err(ArchiveError::Image(error)) => {
                tracing::warn!(
                    image = image.id,
                    error = &error as &dyn std::error::Error,
                    "an image could not be read"
                );
                return Ok(Outcome::unread(&error));
            }
        };
        let mut upload: Vec<Digest> = missing.to_vec();
        for layer in scanned.verified() {
            let Some(at) = upload.iter().position(|wanted| *wanted == layer.diff_id) else {
                continue;
            };
            upload.swap_remove(at);
            match self.uplink.put_layer(layer).await {
                Ok(()) => {
                    let now = self.now();
                    self.memory.confirm_layer(&layer.diff_id, now);
                }
                // One layer that the gateway does not want stops nothing; the image's coverage will lack it.
                Err(crate::uplink::UplinkError::Refused {
                    status,
                    kind,
                    detail,
                }) if status != 401 => {
                    tracing::error!(layer = %layer.diff_id, status, kind, detail, "the gateway refused a layer");
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Outcome {
            facts: Some(scanned.facts),
            gaps: scanned.gaps,
        })
    }
}

/// What came of reading an image.
struct Outcome {
    facts: Option<ImageFacts>,
    gaps: Vec<CoverageGap>,
}

impl Outcome {
    fn unread(error: &(dyn std::error::Error + 'static)) -> Self {
        let why = inventory::error_chain(error);
        Self {
            facts: None,
            gaps: vec![CoverageGap {
                reason: GapReason::ReadError,
                detail: format!(
                    "The engine's export of this image could not be read ({why}). The agent tries again tomorrow."
                ),
                path: None,
                layer: None,
            }],
        }
    }
}
