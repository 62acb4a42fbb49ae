//! ingest: a raw envelope becomes records of a host, an image or containers, and what they concern is scanned or scored.

use async_trait::async_trait;
use platform::Delivery;
use records::{
    Containers, EnvelopeName, Envelopes, HostRecord, Hosts, Images, Inventories, PutState,
    identity::Identity,
    messages::{self, IngestMessage, ScanMessage, ScoreMessage},
};
use schemas::{
    AgentId, HostId, Place, TenantId, Timestamp,
    agent::{ENVELOPE_VERSION, Envelope, EnvelopeKind, ImageInventory, InventoryBody},
    inventory::{ContainersSnapshot, HostFacts, INVENTORY_VERSION, Inventory},
};

use crate::{Context, Handler, HandlerError, message};

/// How far ahead of the backend's clock an observation may be, in milliseconds; what is further ahead counts as made when
/// it arrived, lest a wrong clock shut out all that comes later.
const MAX_AHEAD_MS: i64 = 5 * 60 * 1000;

/// The function.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ingest;

/// Whose observation it is, and when it was made.
struct Observation {
    tenant: TenantId,
    agent: AgentId,
    host: HostId,
    observed_at: Timestamp,
    order: u64,
}

#[async_trait]
impl Handler for Ingest {
    async fn handle(&self, context: &Context, delivery: &Delivery) -> Result<(), HandlerError> {
        let IngestMessage::Envelope {
            tenant,
            agent,
            boot_id,
            seq,
        } = message(delivery)?;
        let name = EnvelopeName {
            agent,
            boot_id,
            seq,
        };
        let stored = Envelopes(&context.platform)
            .get(&tenant, &name)
            .await?
            .ok_or_else(|| HandlerError::poison("the envelope is not there"))?;
        let envelope = stored.envelope;
        check(&envelope, &name)?;
        if envelope.kind != EnvelopeKind::Inventory {
            Envelopes(&context.platform)
                .note_raw(&tenant, &name, &envelope)
                .await?;
            return Ok(());
        }
        let latest = stored.received_at.plus_ms(MAX_AHEAD_MS);
        let observed_at = if envelope.observed_at > latest {
            stored.received_at
        } else {
            envelope.observed_at
        };
        let observation = Observation {
            host: host_of(context, &tenant, &name.agent).await?,
            tenant,
            agent: name.agent,
            observed_at,
            order: records::order(observed_at, name.seq),
        };
        let body = tokio::task::spawn_blocking(move || serde_json::from_value(envelope.body))
            .await
            .map_err(|_| HandlerError::retry("reading the inventory broke off"))?
            .map_err(|error| HandlerError::poison_by("the inventory is not of its form", error))?;
        match body {
            InventoryBody::Host { inventory } => host(context, observation, inventory).await,
            InventoryBody::Image { image } => self::image(context, observation, image).await,
            InventoryBody::Containers { snapshot } => {
                containers(context, observation, snapshot).await
            }
            // It stays stored as it came, for a version that knows it.
            InventoryBody::Unknown => Ok(()),
        }
    }
}

fn check(envelope: &Envelope, name: &EnvelopeName) -> Result<(), HandlerError> {
    if envelope.version > ENVELOPE_VERSION {
        return Err(HandlerError::poison(format!(
            "the envelope has version {}, this release reads up to {ENVELOPE_VERSION}",
            envelope.version
        )));
    }
    let named = EnvelopeName {
        agent: envelope.agent.clone(),
        boot_id: envelope.boot_id.clone(),
        seq: envelope.seq,
    };
    if named == *name {
        Ok(())
    } else {
        Err(HandlerError::poison(
            "the envelope is not the one it is stored as",
        ))
    }
}

/// The host of an agent, which never changes.
async fn host_of(
    context: &Context,
    tenant: &TenantId,
    agent: &AgentId,
) -> Result<HostId, HandlerError> {
    if let Some(host) = context.known_host(tenant, agent) {
        return Ok(host);
    }
    let known = Identity::new(context.platform.clone())
        .agent(tenant, agent)
        .await?
        .ok_or_else(|| HandlerError::poison("the agent is not known"))?;
    context.remember_host(tenant, agent, &known.host);
    Ok(known.host)
}

fn own(observation: &Observation, host: &HostId) -> Result<(), HandlerError> {
    if observation.host == *host {
        Ok(())
    } else {
        Err(HandlerError::poison(
            "an agent may speak of its own host alone",
        ))
    }
}

async fn host(
    context: &Context,
    observation: Observation,
    inventory: Inventory,
) -> Result<(), HandlerError> {
    if inventory.version > INVENTORY_VERSION {
        return Err(HandlerError::poison("the inventory is of a later version"));
    }
    let facts = inventory
        .host
        .clone()
        .ok_or_else(|| HandlerError::poison("the inventory of a host has no host facts"))?;
    own(&observation, &facts.id)?;
    let Observation {
        tenant,
        agent,
        host,
        observed_at,
        order,
    } = observation;
    let place = Place::Host(host.clone());
    let (reference, inventory) = Inventories(&context.platform)
        .put(&tenant, &place, order, inventory)
        .await?;
    let record = HostRecord {
        version: 1,
        id: host.clone(),
        agent,
        observed_at,
        order,
        facts,
        os: inventory.os,
        packages: u32::try_from(inventory.packages.len()).unwrap_or(u32::MAX),
        coverage: inventory.coverage.status,
        inventory: reference,
        trace: platform::trace::current().map(|trace| trace.trace_id()),
    };
    let put = Hosts(&context.platform).put(&tenant, &record).await?;
    if put != PutState::Outdated {
        let scan = ScanMessage::Place {
            tenant: tenant.clone(),
            place,
            rematch: false,
        };
        messages::send(&context.platform, &[scan]).await?;
    }
    // How its containers are reached depends on the host, too. An earlier delivery of this message may have stored the
    // host and told nobody.
    let tell = match &put {
        PutState::Stored(Some(before)) => reached(&before.facts) != reached(&record.facts),
        PutState::Stored(None) | PutState::Known | PutState::Outdated => true,
    };
    if tell {
        let heads = Containers(&context.platform)
            .heads(&tenant, std::slice::from_ref(&host))
            .await?;
        let images = heads.into_iter().flat_map(|head| head.images);
        score(context, &tenant, images.collect()).await?;
    }
    Ok(())
}

/// What of a host decides how its containers are reached.
fn reached(facts: &HostFacts) -> impl PartialEq + '_ {
    (&facts.addresses, facts.declared_exposure)
}

async fn image(
    context: &Context,
    observation: Observation,
    image: ImageInventory,
) -> Result<(), HandlerError> {
    let limit = context.limits.max_layers;
    if image.facts.layers.len() > limit {
        return Err(HandlerError::poison(format!(
            "an image of more than {limit} layers"
        )));
    }
    let Observation {
        tenant,
        host,
        observed_at,
        ..
    } = observation;
    Images(&context.platform)
        .merge(&tenant, &image, &host, observed_at)
        .await?;
    let scan = ScanMessage::Place {
        tenant,
        place: Place::Image(image.facts.id),
        rematch: false,
    };
    Ok(messages::send(&context.platform, &[scan]).await?)
}

async fn containers(
    context: &Context,
    observation: Observation,
    snapshot: ContainersSnapshot,
) -> Result<(), HandlerError> {
    own(&observation, &snapshot.host)?;
    let limit = context.limits.max_containers;
    if snapshot.containers.len() > limit {
        return Err(HandlerError::poison(format!(
            "a snapshot of more than {limit} containers"
        )));
    }
    let Observation {
        tenant,
        observed_at,
        order,
        ..
    } = observation;
    let changed = Containers(&context.platform)
        .put(&tenant, &snapshot, observed_at, order)
        .await?;
    score(context, &tenant, changed).await
}

async fn score(
    context: &Context,
    tenant: &TenantId,
    images: Vec<schemas::ImageId>,
) -> Result<(), HandlerError> {
    let messages: Vec<_> = images
        .into_iter()
        .map(|image| ScoreMessage::Place {
            tenant: tenant.clone(),
            place: Place::Image(image),
        })
        .collect();
    Ok(messages::send(&context.platform, &messages).await?)
}
