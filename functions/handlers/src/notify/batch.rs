//! Drafts that are sealed become deliveries. Which of them, for which channels, and what these wanted, is a record before the
//! first delivery is made: so whoever goes on where another broke off, or does so at the same time, makes the same ones.

use std::collections::BTreeSet;

use notification::gather;
use records::{
    BatchChannel, BatchRecord, Channels, Deliveries, DeliveryRecord, Found, NotificationBatches,
    PlaceChanges, place_changes::DraftRecord,
};
use schemas::{ChannelId, TenantId, notification::Notification};

use super::{put, rate};
use crate::{Context, HandlerError};

/// Most drafts that are told together: what is told of more is several digests.
const MAX_TOGETHER: usize = 500;
/// Most times that one message tells of what is sealed.
const TIMES: usize = 8;

/// What is told together.
struct Batch {
    found: Found<BatchRecord>,
    drafts: Vec<Found<DraftRecord>>,
    /// Whether another may have made some of its deliveries.
    is_continued: bool,
}

/// Makes deliveries of all that is sealed, and forgets it.
pub(super) async fn tell(context: &Context, tenant: &TenantId) -> Result<(), HandlerError> {
    let changes = PlaceChanges(&context.platform);
    for _ in 0..TIMES {
        let drafts = changes.drafts(tenant).await?;
        if !drafts.iter().any(|draft| draft.record.sealed) {
            return Ok(());
        }
        // What it is follows from the record that fixes it, and from what is there after that was read.
        if let Some(batch) = next(context, tenant).await? {
            tell_of(context, tenant, &batch).await?;
        }
    }
    Err(HandlerError::retry("others tell of the same"))
}

/// What is told together now; `None` when another got in the way, or nothing is left.
///
/// Drafts are forgotten only after it was noted that all of their batch was told, and a batch replaces another only once
/// the drafts of that one are forgotten. So what a batch names that was not told wholly is there.
async fn next(context: &Context, tenant: &TenantId) -> Result<Option<Batch>, HandlerError> {
    let platform = &context.platform;
    let (batches, changes) = (NotificationBatches(platform), PlaceChanges(platform));
    let before = batches.get(tenant).await?;
    let mut drafts = changes.drafts(tenant).await?;
    if let Some(found) = before.as_ref().filter(|before| !before.record.told) {
        drafts.retain(|draft| found.record.has(&draft.record));
        // Had somebody noted before they were read that it was told, some might have been forgotten.
        let is_whole = batches.get(tenant).await?.as_ref() == Some(found);
        return Ok(is_whole.then(|| Batch {
            found: found.clone(),
            drafts,
            is_continued: true,
        }));
    }
    if let Some(told) = &before {
        for draft in drafts.extract_if(.., |draft| told.record.has(&draft.record)) {
            changes.forget_draft(tenant, &draft).await?;
        }
    }
    drafts.retain(|draft| draft.record.sealed);
    drafts.truncate(MAX_TOGETHER);
    if drafts.is_empty() {
        return Ok(None);
    }
    let mut channels = Channels(platform).all(tenant).await?;
    channels.retain(|channel| channel.enabled);
    let record = BatchRecord {
        version: 1,
        drafts: drafts
            .iter()
            .map(|draft| draft.record.notification.id.clone())
            .collect(),
        channels: channels
            .into_iter()
            .map(|channel| BatchChannel {
                id: channel.id,
                wants: channel.wants,
            })
            .collect(),
        messages_per_minute: context.limits.messages_per_minute,
        told: false,
    };
    let found = batches.put(tenant, before.as_ref(), record).await?;
    Ok(found.map(|found| Batch {
        found,
        drafts,
        is_continued: false,
    }))
}

/// Tells of a batch, and forgets its drafts.
async fn tell_of(context: &Context, tenant: &TenantId, batch: &Batch) -> Result<(), HandlerError> {
    let platform = &context.platform;
    let told: Vec<&Notification> = batch
        .drafts
        .iter()
        .map(|draft| &draft.record.notification)
        .collect();
    let mut channels: Vec<&BatchChannel> = batch.found.record.channels.iter().collect();
    if batch.is_continued {
        let there = Channels(platform).all(tenant).await?;
        let there = there.into_iter().filter(|channel| channel.enabled);
        let there: BTreeSet<ChannelId> = there.map(|channel| channel.id).collect();
        channels.retain(|channel| there.contains(&channel.id));
    }
    for channel in channels {
        let parts = parts(&batch.found.record, channel, &told);
        send(context, tenant, &channel.id, parts, batch.is_continued).await?;
    }
    NotificationBatches(platform)
        .told(tenant, &batch.found)
        .await?;
    for draft in &batch.drafts {
        PlaceChanges(platform).forget_draft(tenant, draft).await?;
    }
    Ok(())
}

/// What a channel is told: nothing but the batch decides on it.
fn parts(batch: &BatchRecord, channel: &BatchChannel, told: &[&Notification]) -> Vec<Notification> {
    let wanted: Vec<Notification> = told
        .iter()
        .filter_map(|notification| gather::wanted(notification, &channel.wants))
        .collect();
    let parts = gather::merged(&wanted);
    let most = usize::try_from(batch.messages_per_minute).unwrap_or(usize::MAX);
    if parts.len() > most {
        gather::digests(&parts)
    } else {
        parts
    }
}

/// Makes the deliveries of one channel, as far as it may be sent them now.
async fn send(
    context: &Context,
    tenant: &TenantId,
    channel: &ChannelId,
    mut parts: Vec<Notification>,
    is_continued: bool,
) -> Result<(), HandlerError> {
    let mut made = Vec::new();
    if is_continued {
        // What was sent minutes ago is not counted for now, nor held back.
        let mut others = Vec::new();
        for part in parts {
            let id = DeliveryRecord::new(channel, part.clone(), String::new())?.id;
            let known = Deliveries(&context.platform).get(tenant, &id).await?;
            if known.is_some() {
                made.push(part);
            } else {
                others.push(part);
            }
        }
        parts = others;
    }
    made.extend(rate::admit(context, tenant, channel, parts).await?);
    put(context, tenant, channel, made).await
}
