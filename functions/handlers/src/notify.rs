//! notify: changes of places become notifications, one for each fix, and each channel is sent those it wants.
//!
//! Changes are moved into a draft while more of them come, then the draft is sealed, and what it says becomes a delivery for
//! each channel. Every step leaves a state from which a later message goes on.

mod batch;
mod deliver;
mod rate;

use std::collections::BTreeMap;

use async_trait::async_trait;
use notification::{gather, title};
use platform::Delivery;
use records::{
    Deliveries, DeliveryRecord, Found, PlaceChanges,
    messages::{self, NotifyMessage},
    place_changes::{DraftRecord, MAX_MOVED, StoredChange},
};
use schemas::{ChannelId, TenantId, Timestamp, notification::Notification};

use crate::{Context, Handler, HandlerError, message, watch};
use batch::tell;

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
            NotifyMessage::Watch { tenant } => watch::watch_for(context, &tenant).await,
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
        let mut before = drafts.remove(&group);
        let mut moved = changes.chunks(MAX_MOVED).peekable();
        while let Some(changes) = moved.next() {
            if before.as_ref().is_some_and(|before| before.record.sealed) {
                return Err(HandlerError::retry("another tells of the same"));
            }
            let known = before.as_ref().map(|before| before.record.clone());
            let Some(draft) = extended(context, tenant, known, &group, changes)? else {
                continue;
            };
            let put = repository.move_into(tenant, before.as_ref(), &draft, changes);
            if !put.await? {
                return Err(HandlerError::retry("another gathers the same"));
            }
            if moved.peek().is_some() {
                before = repository.draft(tenant, &group).await?;
            }
        }
    }
    Ok(())
}

/// A draft with these changes, too. Its id is random: what it says is only in this draft.
fn extended(
    context: &Context,
    tenant: &TenantId,
    mut draft: Option<DraftRecord>,
    group: &str,
    changes: &[StoredChange],
) -> Result<Option<DraftRecord>, HandlerError> {
    for StoredChange { record, .. } in changes {
        match &mut draft {
            Some(draft) => {
                gather::add(&mut draft.notification, &record.change);
                draft.last_at = draft.last_at.max(record.at);
                draft.notification.at = draft.notification.at.min(record.at);
            }
            None => {
                let id = format!("{:032x}", u128::from_le_bytes(random(context)?));
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
    Ok(draft)
}

/// Random bytes.
fn random<const N: usize>(context: &Context) -> Result<[u8; N], HandlerError> {
    let mut random = [0; N];
    let keys = &context.platform.keys;
    keys.random(&mut random)
        .map_err(|error| HandlerError::Retry(Box::new(error)))?;
    Ok(random)
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
        // Where it was changed in between, by who seals it or by who adds to it, it is looked at once more.
        let put = repository.put_draft(tenant, Some(&found), sealed).await?;
        open |= put.is_none();
    }
    Ok(open)
}

/// Makes deliveries of notifications, and has them tried.
async fn put(
    context: &Context,
    tenant: &TenantId,
    channel: &ChannelId,
    parts: Vec<Notification>,
) -> Result<(), HandlerError> {
    let mut tries = Vec::new();
    for part in parts {
        let title = title(&part);
        let delivery = DeliveryRecord::new(channel, part, title)?;
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
