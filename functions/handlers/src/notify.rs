//! notify: changes of places become notifications, one for each fix, and each channel is sent those it wants.
//!
//! Changes are moved into a draft while more of them come, then the draft is sealed, and what it says becomes a delivery for
//! each channel. Every step leaves a state from which a later message goes on.

mod deliver;
mod rate;

use std::collections::BTreeMap;

use async_trait::async_trait;
use notification::{gather, title};
use platform::Delivery;
use records::{
    ChannelRecord, Channels, Deliveries, DeliveryRecord, Found, PlaceChanges,
    messages::{self, NotifyMessage},
    place_changes::{DraftRecord, StoredChange},
};
use schemas::{TenantId, Timestamp, notification::Notification};

use crate::{Context, Handler, HandlerError, message};

/// The longest that changes are gathered although more of them come: five minutes, in milliseconds.
const MAX_GATHERED_MS: i64 = 5 * 60 * 1000;
/// Pages of changes that one message moves.
const PAGES: usize = 8;

/// The function.
#[derive(Clone, Copy, Debug, Default)]
pub struct Notify;

#[async_trait]
impl Handler for Notify {
    async fn handle(&self, context: &Context, delivery: &Delivery) -> Result<(), HandlerError> {
        // What an earlier delivery of the same message did may have been followed by nothing.
        let is_repeated = delivery.receive_count > 1;
        match message(delivery)? {
            NotifyMessage::Gather { tenant } => gather(context, &tenant, is_repeated).await,
            NotifyMessage::Deliver {
                tenant,
                delivery,
                attempts,
            } => deliver::deliver(context, &tenant, &delivery, attempts, is_repeated).await,
            NotifyMessage::SumUp {
                tenant,
                channel,
                minute,
            } => rate::sum_up(context, &tenant, &channel, minute).await,
        }
    }
}

async fn gather(
    context: &Context,
    tenant: &TenantId,
    is_repeated: bool,
) -> Result<(), HandlerError> {
    // What was sealed before is told as it was, and what comes afterwards begins anew.
    tell(context, tenant).await?;
    let mut moved = false;
    for page in 0..PAGES {
        let changes = PlaceChanges(&context.platform).some(tenant).await?;
        if changes.is_empty() {
            break;
        }
        moved = true;
        draft(context, tenant, changes).await?;
        if page + 1 == PAGES {
            let again = NotifyMessage::Gather {
                tenant: tenant.clone(),
            };
            messages::send_after(&context.platform, &[again], 1).await?;
        }
    }
    let open = seal(context, tenant).await?;
    tell(context, tenant).await?;
    // Whoever moved something comes again for it; of messages that found nothing to do none does.
    if open && (moved || is_repeated) {
        let again = NotifyMessage::Gather {
            tenant: tenant.clone(),
        };
        let delay_s = context.limits.quiet_s.max(1);
        messages::send_after(&context.platform, &[again], delay_s).await?;
    }
    Ok(())
}

/// Moves changes into the drafts of their groups.
async fn draft(
    context: &Context,
    tenant: &TenantId,
    changes: Vec<StoredChange>,
) -> Result<(), HandlerError> {
    let repository = PlaceChanges(&context.platform);
    let mut drafts: BTreeMap<String, Found<DraftRecord>> = repository
        .drafts(tenant)
        .await?
        .into_iter()
        .map(|found| (found.record.group.clone(), found))
        .collect();
    let mut groups: BTreeMap<String, Vec<StoredChange>> = BTreeMap::new();
    for change in changes {
        let group = change.record.group.clone();
        groups.entry(group).or_default().push(change);
    }
    for (group, changes) in groups {
        let before = drafts.remove(&group);
        let draft = match &before {
            Some(before) if before.record.sealed => {
                return Err(HandlerError::retry("another tells of the same"));
            }
            Some(before) => Some(before.record.clone()),
            None => None,
        };
        let Some(draft) = extended(tenant, draft, &group, &changes) else {
            continue;
        };
        let put = repository.put_draft(tenant, before.as_ref(), draft).await?;
        if put.is_none() {
            return Err(HandlerError::retry("another gathers the same"));
        }
        repository.forget(changes).await?;
    }
    Ok(())
}

/// A draft with these changes, too. Its id derives from its first change, so that a repetition makes the same one.
fn extended(
    tenant: &TenantId,
    mut draft: Option<DraftRecord>,
    group: &str,
    changes: &[StoredChange],
) -> Option<DraftRecord> {
    for StoredChange { record, .. } in changes {
        match &mut draft {
            Some(draft) => {
                gather::add(&mut draft.notification, &record.change);
                draft.last_at = draft.last_at.max(record.at);
                draft.notification.at = draft.notification.at.min(record.at);
            }
            None => {
                let of = format!(
                    "{tenant}/{group}/{}/{}",
                    record.change.place.place,
                    record.at.as_ms()
                );
                let digest = records::digest(of.as_bytes());
                let id = digest.hex().get(..32).unwrap_or_default().to_owned();
                let mut notification = gather::begin(tenant, &id, record.at, &record.change);
                notification.collections.clone_from(&record.collections);
                draft = Some(DraftRecord {
                    version: 1,
                    group: group.to_owned(),
                    sealed: false,
                    last_at: record.at,
                    notification,
                });
            }
        }
    }
    draft
}

/// Seals the drafts to which nothing was added for a while; says whether any stays open.
async fn seal(context: &Context, tenant: &TenantId) -> Result<bool, HandlerError> {
    let repository = PlaceChanges(&context.platform);
    let now = context.now();
    let quiet_ms = i64::from(context.limits.quiet_s) * 1000;
    let mut open = false;
    for found in repository.drafts(tenant).await? {
        let since = |at: Timestamp| now.as_ms().saturating_sub(at.as_ms());
        let is_due = since(found.record.last_at) >= quiet_ms
            || since(found.record.notification.at) >= MAX_GATHERED_MS;
        if found.record.sealed {
            continue;
        }
        if !is_due {
            open = true;
            continue;
        }
        let sealed = DraftRecord {
            sealed: true,
            ..found.record.clone()
        };
        if repository
            .put_draft(tenant, Some(&found), sealed)
            .await?
            .is_none()
        {
            return Err(HandlerError::retry("another gathers the same"));
        }
    }
    Ok(open)
}

/// Makes deliveries of all that is sealed, and forgets it. Two that do so at once make the same deliveries.
async fn tell(context: &Context, tenant: &TenantId) -> Result<(), HandlerError> {
    let platform = &context.platform;
    let repository = PlaceChanges(platform);
    let mut sealed = repository.drafts(tenant).await?;
    sealed.retain(|draft| draft.record.sealed);
    if sealed.is_empty() {
        return Ok(());
    }
    let told: Vec<&Notification> = sealed
        .iter()
        .map(|draft| &draft.record.notification)
        .collect();
    for channel in Channels(platform).all(tenant).await? {
        if channel.enabled {
            send(context, tenant, &channel, &told).await?;
        }
    }
    for draft in &sealed {
        repository.forget_draft(tenant, draft).await?;
    }
    Ok(())
}

/// Makes the deliveries of one channel.
async fn send(
    context: &Context,
    tenant: &TenantId,
    channel: &ChannelRecord,
    told: &[&Notification],
) -> Result<(), HandlerError> {
    let mut parts: Vec<Notification> = told
        .iter()
        .filter_map(|notification| gather::wanted(notification, &channel.wants))
        .collect();
    parts = gather::merged(&parts);
    let most = usize::try_from(context.limits.messages_per_minute).unwrap_or(usize::MAX);
    if parts.len() > most {
        parts = gather::digests(&parts);
    }
    let admitted = rate::admit(context, tenant, &channel.id, parts).await?;
    put(context, tenant, channel, admitted).await
}

/// Makes deliveries of notifications, and has them tried.
async fn put(
    context: &Context,
    tenant: &TenantId,
    channel: &ChannelRecord,
    parts: Vec<Notification>,
) -> Result<(), HandlerError> {
    let mut tries = Vec::new();
    for part in parts {
        let title = title(&part);
        let delivery = DeliveryRecord::new(&channel.id, part, title)?;
        // One that is there may have been told to nobody yet, and is tried once however often that is asked.
        Deliveries(&context.platform)
            .put(tenant, &delivery, None)
            .await?;
        tries.push(NotifyMessage::Deliver {
            tenant: tenant.clone(),
            delivery: delivery.id,
            attempts: 0,
        });
    }
    Ok(messages::send(&context.platform, &tries).await?)
}
