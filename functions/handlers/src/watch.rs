//! watch: what is wrong with feeds, agents, registries and queues is told when it begins and when it ends, once each.
//!
//! The scheduled function asks which tenants' channels want to hear of any of it, and has `notify` look for each of these by a
//! message of its own: none of them waits for the others, however many they are.
//!
//! What lasts is a record. What began or ended since the last look is written with the draft that tells of it in one
//! transaction, so it is told once however often a look breaks off. That nothing was heard of an agent is no event of its own,
//! so all of this is looked for from time to time; what happens between two looks is told together.

mod looks;

use std::{
    collections::{BTreeMap, BTreeSet},
    pin::pin,
};

use async_trait::async_trait;
use futures::{StreamExt as _, future::join_all, stream};
use notification::gather;
use platform::Delivery;
use records::{
    ChannelRecord, Channels, Found, Hosts, PlaceChanges, RecordError, TroubleRecord, Troubles,
    identity::Identity,
    messages::{self, NotifyMessage, QUEUES},
    place_changes::DraftRecord,
    troubles::{Edge, MAX_AT_ONCE},
};
use schemas::{
    CollectionId, HostId, TenantId,
    notification::{NotificationEvent, NotifiedSubject},
};
use scope::Resource;

use crate::{Context, Handler, HandlerError, within::Within};
use looks::State;

/// The scheduled function.
#[derive(Clone, Copy, Debug, Default)]
pub struct Watch;

/// Tenants whose channels are read at once.
const AT_ONCE: usize = 16;

#[async_trait]
impl Handler for Watch {
    async fn handle(&self, context: &Context, _tick: &Delivery) -> Result<(), HandlerError> {
        let tenants = Identity::new(context.platform.clone()).tenants().await?;
        let asked = stream::iter(tenants).map(async |tenant| {
            let wanted = wanted(context, &tenant.id).await;
            (tenant.id, wanted)
        });
        let mut asked = pin!(asked.buffer_unordered(AT_ONCE));
        let (mut messages, mut failed) = (Vec::new(), None);
        let mut of_letters = false;
        while let Some((tenant, wanted)) = asked.next().await {
            match wanted {
                Ok(wanted) => {
                    of_letters |= wanted.kinds.contains(&Kind::DeadLetters);
                    if !wanted.kinds.is_empty() {
                        messages.push(NotifyMessage::Watch { tenant });
                    }
                }
                // One tenant's records must not keep the others from being told.
                Err(error) => {
                    let cause = &error as &dyn std::error::Error;
                    tracing::error!(%tenant, error = cause, "a tenant is not watched");
                    failed = Some(error);
                }
            }
        }
        if of_letters {
            // Once for all tenants, before any of them is looked at.
            let queues = &context.platform.queue;
            let gathered = QUEUES.map(|queue| async move {
                let gathered = queues.gather_dead(queue).await;
                gathered.map_err(|error| RecordError::Queue(queue, error))
            });
            for gathered in join_all(gathered).await {
                if let Err(error) = gathered {
                    failed = Some(error.into());
                }
            }
        }
        messages::send(&context.platform, &messages).await?;
        failed.map_or(Ok(()), Err)
    }
}

/// What can be in trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Feed,
    Agent,
    Registry,
    DeadLetters,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Feed, Self::Agent, Self::Registry, Self::DeadLetters];

    const fn begins(self) -> NotificationEvent {
        match self {
            Self::Feed => NotificationEvent::FeedFailed,
            Self::Agent => NotificationEvent::AgentSilent,
            Self::Registry => NotificationEvent::RegistryFailed,
            Self::DeadLetters => NotificationEvent::DeadLettersWaiting,
        }
    }

    const fn ends(self) -> NotificationEvent {
        match self {
            Self::Feed => NotificationEvent::FeedRecovered,
            Self::Agent => NotificationEvent::AgentHeard,
            Self::Registry => NotificationEvent::RegistryRecovered,
            Self::DeadLetters => NotificationEvent::DeadLettersCleared,
        }
    }
}

/// Edges of one event within the same collections.
type Edges = BTreeMap<(NotificationEvent, Vec<CollectionId>), Vec<Edge>>;

/// What a tenant's channels want to hear of.
struct Wanted {
    channels: Vec<ChannelRecord>,
    kinds: Vec<Kind>,
}

/// Whoever asks for nothing of a kind pays nothing for it.
async fn wanted(context: &Context, tenant: &TenantId) -> Result<Wanted, HandlerError> {
    let mut channels = Channels(&context.platform).all(tenant).await?;
    channels.retain(|channel| channel.enabled);
    let events = channels.iter().flat_map(|channel| &channel.wants.events);
    let events: BTreeSet<NotificationEvent> = events.copied().collect();
    let mut kinds = Kind::ALL.to_vec();
    kinds.retain(|kind| events.contains(&kind.begins()) || events.contains(&kind.ends()));
    Ok(Wanted { channels, kinds })
}

/// Looks once for what is wrong in a tenant, and has it told.
pub(crate) async fn watch_for(context: &Context, tenant: &TenantId) -> Result<(), HandlerError> {
    let platform = &context.platform;
    let Wanted { channels, kinds } = wanted(context, tenant).await?;
    if kinds.is_empty() {
        return Ok(());
    }
    let of_agents = channels.iter().filter(|channel| {
        let mut events = channel.wants.events.iter();
        events.any(|event| [Kind::Agent.begins(), Kind::Agent.ends()].contains(event))
    });
    let within = Within::of(context, tenant, of_agents).await?;
    let known = Troubles(platform).all(tenant).await?;
    let mut edges = Edges::new();
    for kind in kinds {
        let states = looks::look(context, tenant, kind).await?;
        add(context, tenant, kind, &known, states, &within, &mut edges).await?;
    }
    for ((event, collections), edges) in edges {
        turn(context, tenant, event, &collections, &edges).await?;
    }
    // Also what an earlier run drafted that broke off before it sent a message.
    if !PlaceChanges(platform).drafts(tenant).await?.is_empty() {
        let gather = NotifyMessage::Gather {
            tenant: tenant.clone(),
        };
        messages::send(platform, &[gather]).await?;
    }
    Ok(())
}

/// Compares what is known of a kind with how it is.
async fn add(
    context: &Context,
    tenant: &TenantId,
    kind: Kind,
    known: &[Found<TroubleRecord>],
    states: BTreeMap<String, State>,
    within: &Within,
    edges: &mut Edges,
) -> Result<(), HandlerError> {
    let known = known.iter().filter(|one| one.record.event == kind.begins());
    let known: BTreeMap<&str, _> = known
        .map(|one| (one.record.subject.id.as_str(), one))
        .collect();
    let mut changed = Vec::new();
    for (id, state) in &states {
        match (known.get(id.as_str()), state) {
            (None, State::Wrong(subject)) => changed.push((
                kind.begins(),
                Edge::Begins(TroubleRecord {
                    version: 1,
                    event: kind.begins(),
                    subject: subject.clone(),
                }),
            )),
            (Some(known), State::Right) => {
                changed.push((kind.ends(), Edge::Ends((*known).clone())))
            }
            _ => {}
        }
    }
    for (id, known) in &known {
        if !states.contains_key(*id) {
            // What was removed is neither wrong nor right again.
            Troubles(&context.platform).forget(tenant, known).await?;
        }
    }
    let is_limited = kind == Kind::Agent && !within.is_empty();
    let hosts = if is_limited {
        let ids = changed.iter().map(|(_, edge)| &subject(edge).id);
        let ids: Vec<HostId> = ids.filter_map(|id| id.parse().ok()).collect();
        Hosts(&context.platform).get_many(tenant, &ids).await?
    } else {
        Vec::new()
    };
    for (event, edge) in changed {
        let subject = subject(&edge);
        let host = hosts.iter().find(|host| host.id.as_str() == subject.id);
        let resource = host.map_or_else(
            || Resource::new().host(&subject.name),
            |host| Resource::of_host(&host.facts),
        );
        let collections = if is_limited {
            within.have(&resource)
        } else {
            Vec::new()
        };
        edges.entry((event, collections)).or_default().push(edge);
    }
    Ok(())
}

fn subject(edge: &Edge) -> &NotifiedSubject {
    match edge {
        Edge::Begins(trouble) => &trouble.subject,
        Edge::Ends(found) => &found.record.subject,
    }
}

/// Notes edges of one event, with the draft that tells of them.
async fn turn(
    context: &Context,
    tenant: &TenantId,
    event: NotificationEvent,
    collections: &[CollectionId],
    edges: &[Edge],
) -> Result<(), HandlerError> {
    let group = gather::group_of(event, collections);
    let now = context.now();
    let last = edges.len().saturating_sub(1) / MAX_AT_ONCE;
    for (at, edges) in edges.chunks(MAX_AT_ONCE).enumerate() {
        let before = PlaceChanges(&context.platform)
            .draft(tenant, &group)
            .await?;
        let mut draft = match &before {
            // It is being told; the next look finds the same again.
            Some(before) if before.record.sealed => return Ok(()),
            Some(before) => before.record.clone(),
            None => {
                let first = edges.first().map_or("", |edge| subject(edge).id.as_str());
                let of = format!("{tenant}/{group}/{first}/{}", now.as_ms());
                let digest = records::digest(of.as_bytes());
                let id = digest.hex().get(..32).unwrap_or_default();
                let mut notification = gather::empty(event, tenant, id, now);
                notification.collections = collections.to_vec();
                DraftRecord {
                    version: 1,
                    group: group.clone(),
                    sealed: false,
                    last_at: now,
                    notification,
                }
            }
        };
        for edge in edges {
            gather::add_subject(&mut draft.notification, subject(edge));
        }
        // What one look finds is told together, and the next look is minutes away.
        draft.sealed = at == last;
        draft.last_at = now;
        let repository = Troubles(&context.platform);
        if !repository
            .turn(tenant, edges, before.as_ref(), &draft)
            .await?
        {
            return Err(HandlerError::retry("another watches the same tenant"));
        }
    }
    Ok(())
}
