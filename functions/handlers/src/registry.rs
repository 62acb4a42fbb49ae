//! registry: an image is read where its registry keeps it, as a stream, and only as far as the tenant lacks its layers.
//!
//! An image whose layers would take too long for one message is split: each layer gets a message of its own. What is
//! read is stored layer by layer, so that a message that comes again goes on where it was, and `scan` is told of the
//! image at once, and again by each layer that arrives. What becomes of it is noted where a request asked for it.

use std::{collections::HashSet, sync::Arc, time::Duration};

use async_trait::async_trait;
use inventory::{
    GENERATION,
    image::{Choice, ImageError, LayerOutcome, Located, Options, read_located},
};
use platform::Delivery;
use records::{
    ImageRequests, Images, Layers,
    messages::{self, RegistryMessage, ScanMessage},
};
use schemas::{
    Digest, ImageId, ImageRequestId, Place, TenantId, Timestamp,
    agent::ImageInventory,
    inventory::{CoverageGap, GapReason, Reader, ReaderKind},
};
use sources::registry::{self, Credentials, ReadError, Reference, RegistryOptions, RegistryStore};
use tokio::runtime::Handle;

use crate::{
    Context, Handler, HandlerError, message,
    survey::{self, Look, Pushed},
};

/// Time for one image or layer, less than the function's own: what runs beyond that would run on unseen.
pub const READING_TIME: Duration = Duration::from_secs(14 * 60);

/// The function.
#[derive(Clone, Copy, Debug, Default)]
pub struct Registry;

#[async_trait]
impl Handler for Registry {
    async fn handle(&self, context: &Context, delivery: &Delivery) -> Result<(), HandlerError> {
        match message(delivery)? {
            RegistryMessage::Image {
                tenant,
                reference,
                platform,
                request,
            } => {
                let asked = Asked::by(tenant, request);
                image(context, &asked, &reference, platform).await.map(drop)
            }
            RegistryMessage::Layer {
                tenant,
                reference,
                layer,
                image,
                request,
            } => {
                let asked = Asked::by(tenant, request);
                self::layer(context, &asked, &reference, layer).await?;
                match image {
                    Some(image) => asked.note_if_whole(context, &image).await,
                    None => Ok(()),
                }
            }
            RegistryMessage::Survey {
                tenant,
                registry,
                began,
                after,
                pages,
            } => {
                let look = Look::of(&tenant, &registry, began);
                survey::survey(context, &look, after, pages).await
            }
            RegistryMessage::Repository {
                tenant,
                registry,
                began,
                repository,
            } => {
                let look = Look::of(&tenant, &registry, began);
                survey::repository(context, &look, &repository).await
            }
            RegistryMessage::Tags {
                tenant,
                registry,
                repository,
                tags,
                digest,
                pushed_at,
            } => {
                let pushed = Pushed {
                    tenant: &tenant,
                    registry: &registry,
                    repository: &repository,
                    tags: &tags,
                    digest: digest.as_ref(),
                    at: told_at(delivery, pushed_at),
                };
                pushed.read(context).await
            }
        }
    }

    async fn given_up(
        &self,
        context: &Context,
        delivery: &Delivery,
        reason: &str,
    ) -> Result<(), HandlerError> {
        match message(delivery)? {
            RegistryMessage::Image {
                tenant, request, ..
            }
            | RegistryMessage::Layer {
                tenant, request, ..
            } => {
                if let Some(request) = request {
                    ImageRequests(&context.platform)
                        .failed(&tenant, &request, reason)
                        .await?;
                }
                Ok(())
            }
            RegistryMessage::Survey {
                tenant,
                registry,
                began,
                ..
            } => {
                let look = Look::of(&tenant, &registry, began);
                survey::give_up(context, &look, "", reason).await
            }
            RegistryMessage::Repository {
                tenant,
                registry,
                began,
                repository,
            } => {
                let look = Look::of(&tenant, &registry, began);
                survey::give_up(context, &look, &repository, reason).await
            }
            RegistryMessage::Tags {
                tenant,
                registry,
                repository,
                tags,
                digest,
                pushed_at,
            } => {
                let pushed = Pushed {
                    tenant: &tenant,
                    registry: &registry,
                    repository: &repository,
                    tags: &tags,
                    digest: digest.as_ref(),
                    at: told_at(delivery, pushed_at),
                };
                pushed.give_up(context, reason).await
            }
        }
    }
}

/// When tags stood for what a message says: when they were pushed, or at the latest when it was sent.
fn told_at(delivery: &Delivery, pushed_at: Option<Timestamp>) -> Timestamp {
    let sent_at = Timestamp::from_ms(i64::try_from(delivery.sent_at_ms).unwrap_or(i64::MAX));
    // A registry whose clock is ahead must not have the last word for as long as it is.
    pushed_at.map_or(sent_at, |pushed_at| pushed_at.min(sent_at))
}

/// For whom an image is read.
struct Asked {
    tenant: TenantId,
    /// Where what becomes of it is noted, if anywhere.
    request: Option<ImageRequestId>,
    /// What its registry is signed in to with, where that is known already.
    credentials: Option<Credentials>,
}

impl Asked {
    fn by(tenant: TenantId, request: Option<ImageRequestId>) -> Self {
        Self {
            tenant,
            request,
            credentials: None,
        }
    }

    async fn note_reading(
        &self,
        context: &Context,
        image: Option<&ImageId>,
    ) -> Result<(), HandlerError> {
        if let Some(request) = &self.request {
            ImageRequests(&context.platform)
                .reading(&self.tenant, request, image)
                .await?;
        }
        Ok(())
    }

    async fn note_done(&self, context: &Context, image: &ImageId) -> Result<(), HandlerError> {
        if let Some(request) = &self.request {
            ImageRequests(&context.platform)
                .done(&self.tenant, request, image)
                .await?;
        }
        Ok(())
    }

    /// Notes that the image was read when it was the last of its layers that was: which one that is, no message knows.
    async fn note_if_whole(&self, context: &Context, image: &ImageId) -> Result<(), HandlerError> {
        if self.request.is_none() {
            return Ok(());
        }
        let platform = &context.platform;
        let Some(known) = Images(platform).get(&self.tenant, image).await? else {
            return Ok(());
        };
        let diff_ids: Vec<Digest> = known.facts.layers.into_iter().map(|l| l.diff_id).collect();
        let wanted = Layers(platform)
            .wanted(&self.tenant, &diff_ids, ReaderKind::Backend, GENERATION)
            .await?;
        // What its vendor keeps to itself never comes.
        let kept_away = |layer: &Digest| {
            known.gaps.iter().any(|gap| {
                gap.reason == GapReason::ForeignLayer && gap.layer.as_ref() == Some(layer)
            })
        };
        if wanted.iter().all(kept_away) {
            self.note_done(context, image).await?;
        }
        Ok(())
    }
}

/// Reads an image of a registry that is signed in to with these, or has it read. Returns which image it is.
pub(crate) async fn read_image(
    context: &Context,
    tenant: &TenantId,
    reference: &str,
    platform: Option<String>,
    credentials: Option<Credentials>,
) -> Result<ImageId, HandlerError> {
    let asked = Asked {
        credentials,
        ..Asked::by(tenant.clone(), None)
    };
    image(context, &asked, reference, platform).await
}

/// Finds an image, and reads it or has it read. Returns which image it is.
async fn image(
    context: &Context,
    asked_by: &Asked,
    reference: &str,
    wanted: Option<String>,
) -> Result<ImageId, HandlerError> {
    let platform = &context.platform;
    let tenant = &asked_by.tenant;
    asked_by.note_reading(context, None).await?;
    let (store, located) = find(context, asked_by, reference, wanted).await?;
    let facts = located.facts.clone();
    let passed_over = located.passed_over.clone();
    if !passed_over.is_empty() {
        tracing::info!(reference, image = %facts.id, ?passed_over, "chose one of several platforms");
    }
    let limit = context.limits.max_layers;
    if facts.layers.len() > limit {
        return Err(HandlerError::poison(format!(
            "an image of more than {limit} layers"
        )));
    }
    let diff_ids: Vec<Digest> = facts.layers.iter().map(|l| l.diff_id.clone()).collect();
    let missing: HashSet<Digest> = Layers(platform)
        .wanted(tenant, &diff_ids, ReaderKind::Backend, GENERATION)
        .await?
        .into_iter()
        .collect();
    let bytes = facts
        .layers
        .iter()
        .filter(|layer| missing.contains(&layer.diff_id))
        .fold(0u64, |sum, layer| {
            sum.saturating_add(layer.size_bytes.unwrap_or_default())
        });
    let split = missing.len() > 1 && bytes > context.limits.max_image_bytes;
    let mut seen = ImageInventory {
        facts,
        gaps: Vec::new(),
    };
    let mut trouble = None;
    let mut asked = Vec::new();
    if split {
        let reference = by_manifest(reference, &located)?;
        asked = missing
            .into_iter()
            .map(|layer| RegistryMessage::Layer {
                tenant: tenant.clone(),
                reference: reference.clone(),
                layer,
                image: asked_by.request.as_ref().map(|_| seen.facts.id.clone()),
                request: asked_by.request.clone(),
            })
            .collect();
    } else if !missing.is_empty() {
        let (outcomes, gaps) = read(store, located, missing).await?;
        trouble = keep(context, tenant, outcomes, &gaps).await?;
        seen.gaps = gaps;
    }
    // What could be read is shown, whatever became of the rest: coverage says what is missing.
    Images(platform)
        .merge_unheld(tenant, &seen, context.now())
        .await?;
    Images(platform)
        .note_passed_over(tenant, &seen.facts.id, &passed_over)
        .await?;
    // The image is known before its layers are asked for, so that they find where to note what they lack; a delivery that
    // breaks off in between comes again.
    let id = seen.facts.id;
    asked_by.note_reading(context, Some(&id)).await?;
    messages::send(platform, &asked).await?;
    let scan = ScanMessage::Place {
        tenant: tenant.clone(),
        place: Place::Image(id.clone()),
        rematch: false,
    };
    messages::send(platform, &[scan]).await?;
    match trouble {
        Some(trouble) => Err(trouble),
        // Its layers may be faster than this.
        None if split => asked_by.note_if_whole(context, &id).await.map(|()| id),
        None => asked_by.note_done(context, &id).await.map(|()| id),
    }
}

/// Reads one layer of an image.
async fn layer(
    context: &Context,
    asked_by: &Asked,
    reference: &str,
    layer: Digest,
) -> Result<(), HandlerError> {
    let tenant = &asked_by.tenant;
    let wanted = std::slice::from_ref(&layer);
    if Layers(&context.platform)
        .wanted(tenant, wanted, ReaderKind::Backend, GENERATION)
        .await?
        .is_empty()
    {
        return Ok(());
    }
    let (store, located) = find(context, asked_by, reference, None).await?;
    let id = located.facts.id.clone();
    let (outcomes, gaps) = read(store, located, HashSet::from([layer])).await?;
    let trouble = keep(context, tenant, outcomes, &gaps).await?;
    // The image goes on lacking a layer that is not there, and its coverage says why.
    Images(&context.platform)
        .note_gaps(tenant, &id, &gaps)
        .await?;
    // Nobody waits for a layer that was there before, read by older analyzers.
    let scan = ScanMessage::Place {
        tenant: tenant.clone(),
        place: Place::Image(id),
        rematch: false,
    };
    messages::send(&context.platform, &[scan]).await?;
    // That a vendor keeps a layer to itself is nobody's mistake, and nothing to look into.
    let absent = || {
        gaps.iter()
            .find(|gap| gap.reason != GapReason::ForeignLayer)
            .map(|gap| HandlerError::poison(gap.detail.clone()))
    };
    trouble.or_else(absent).map_or(Ok(()), Err)
}

/// Finds an image in its registry: signed in with what its tenant keeps for it, else with what the operator does.
async fn find(
    context: &Context,
    asked_by: &Asked,
    reference: &str,
    platform: Option<String>,
) -> Result<(RegistryStore, Located), HandlerError> {
    let reference: Reference = reference
        .parse()
        .map_err(|error| HandlerError::poison_by("the image is not named so", error))?;
    let registries = &context.registries;
    let kept = match &asked_by.credentials {
        Some(credentials) => Some(credentials.clone()),
        None => survey::kept_for(context, &asked_by.tenant, &reference).await?,
    };
    let credentials = match kept {
        Some(credentials) => credentials,
        None => registries
            .credentials
            .find(&reference)
            .await
            .map_err(|error| HandlerError::poison_by("no credentials can be looked for", error))?,
    };
    let choice = Choice {
        reference: None,
        platform,
        same_everywhere: true,
    };
    let mut options = registries.options.clone();
    options.time = options.time.min(Some(READING_TIME)).or(Some(READING_TIME));
    blocking(move |runtime| locate(runtime, reference, credentials, options, &choice)).await?
}

fn locate(
    runtime: Handle,
    reference: Reference,
    credentials: Credentials,
    options: RegistryOptions,
    choice: &Choice,
) -> Result<(RegistryStore, Located), HandlerError> {
    let client = registry::Registry::new(reference, credentials, options)
        .map_err(|error| failed(error.into()))?;
    let store = RegistryStore::new(Arc::new(client), runtime);
    let located = store
        .locate(choice, &inventory::Limits::default())
        .map_err(failed)?;
    Ok((store, located))
}

/// The same image by the digest of its manifest.
fn by_manifest(reference: &str, located: &Located) -> Result<String, HandlerError> {
    let named: Reference = reference
        .parse()
        .map_err(|error| HandlerError::poison_by("the image is not named so", error))?;
    let manifest = located
        .manifest
        .as_ref()
        .ok_or_else(|| HandlerError::poison("the image has no manifest"))?;
    Ok(format!("{}@{manifest}", named.name()))
}

type Outcomes = (Vec<LayerOutcome>, Vec<CoverageGap>);

/// Reads these layers, as a stream.
async fn read(
    store: RegistryStore,
    located: Located,
    wanted: HashSet<Digest>,
) -> Result<Outcomes, HandlerError> {
    blocking(move |_| {
        let want = |layer: &Digest| wanted.contains(layer);
        let options = Options {
            want: &want,
            ..Options::default()
        };
        let scanned = read_located(&store, located, &options)
            .map_err(|error| failed(ReadError::from(error)))?;
        Ok((scanned.layers, scanned.gaps))
    })
    .await?
}

/// Keeps the layers that were read whole. Returns what is to become of the message if others were not: a connection
/// that broke more often than was tried may hold the next time, and content that is not what its digest says stays so.
async fn keep(
    context: &Context,
    tenant: &TenantId,
    outcomes: Vec<LayerOutcome>,
    gaps: &[CoverageGap],
) -> Result<Option<HandlerError>, HandlerError> {
    let reader = Reader {
        kind: ReaderKind::Backend,
        agent: None,
        read_at: context.now(),
        software: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let mut told: Vec<CoverageGap> = gaps.to_vec();
    told.retain(|gap| gap.reason == GapReason::ReadError);
    for outcome in outcomes {
        match outcome {
            LayerOutcome::Read(layer) => {
                Layers(&context.platform)
                    .put(tenant, reader.clone(), layer)
                    .await?;
            }
            LayerOutcome::Unverified(layer) => told.extend(layer.gaps),
            LayerOutcome::Known | LayerOutcome::Absent => {}
        }
    }
    let passing = told.iter().any(|gap| gap.reason == GapReason::ReadError);
    Ok(told.into_iter().next().map(|gap| {
        if passing {
            HandlerError::retry("a layer could be read in part only")
        } else {
            HandlerError::poison(gap.detail)
        }
    }))
}

/// Whether a failure may pass.
fn failed(error: ReadError) -> HandlerError {
    let passing = match &error {
        ReadError::Registry(error) => error.is_passing(),
        ReadError::Image(ImageError::Layer(_)) => true,
        ReadError::Image(_) => false,
    };
    if passing {
        HandlerError::Retry(error.into())
    } else {
        HandlerError::Poison(error.into())
    }
}

/// Runs what waits for the network on a thread that may.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce(Handle) -> T + Send + 'static,
) -> Result<T, HandlerError> {
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || work(runtime))
        .await
        .map_err(|_| HandlerError::retry("reading the image broke off"))
}
