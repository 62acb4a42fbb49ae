//! The bound on messages of a channel within a minute. What is beyond it is summed up and sent when the minute is over.

use notification::gather;
use records::{
    ChannelRates, Channels, RateRecord,
    messages::{self, NotifyMessage},
};
use schemas::{ChannelId, TenantId, notification::Notification};

use crate::{ATTEMPTS, Context, HandlerError};

const MINUTE_MS: i64 = 60_000;
/// Most ids of what was summed up that are known again when their messages come once more.
const MAX_KNOWN: usize = 500;

/// Those of these notifications that a channel is sent now; the others are held for when the minute is over.
pub(super) async fn admit(
    context: &Context,
    tenant: &TenantId,
    channel: &ChannelId,
    parts: Vec<Notification>,
) -> Result<Vec<Notification>, HandlerError> {
    if parts.is_empty() {
        return Ok(parts);
    }
    let rates = ChannelRates(&context.platform);
    for _ in 0..ATTEMPTS {
        let minute = context.now().as_ms().div_euclid(MINUTE_MS);
        let before = rates.get(tenant, channel).await?;
        let known = before.as_ref().map(|before| before.record.clone());
        let mut rate = known.clone().unwrap_or_default();
        rate.version = 1;
        begin(&mut rate, minute);
        let most = usize::try_from(context.limits.messages_per_minute).unwrap_or(usize::MAX);
        let mut admitted = Vec::new();
        for part in &parts {
            if rate.held_ids.contains(&part.id) {
                continue;
            }
            if rate.sent.contains(&part.id) || rate.earlier.contains(&part.id) {
                admitted.push(part.clone());
            } else if rate.sent.len() < most {
                rate.sent.push(part.id.clone());
                admitted.push(part.clone());
            } else {
                gather::sum_up(&mut rate.held, part);
                rate.held_ids.push(part.id.clone());
            }
        }
        let beyond = rate.held_ids.len().saturating_sub(MAX_KNOWN);
        rate.held_ids.drain(..beyond);
        let is_same = known.as_ref() == Some(&rate);
        if is_same || rates.put(tenant, channel, before.as_ref(), &rate).await? {
            // Also when it was held before: its message may not have been sent.
            if !rate.held.is_empty() || !rate.leaving.is_empty() {
                later(context, tenant, channel, rate.minute).await?;
            }
            return Ok(admitted);
        }
    }
    Err(HandlerError::retry("others send to the same channel"))
}

/// Asks for what is held to be sent when its minute is over.
async fn later(
    context: &Context,
    tenant: &TenantId,
    channel: &ChannelId,
    minute: i64,
) -> Result<(), HandlerError> {
    let end_ms = minute.saturating_add(1).saturating_mul(MINUTE_MS);
    let left_ms = end_ms.saturating_sub(context.now().as_ms());
    let delay_s = u32::try_from(left_ms.saturating_add(999) / 1000).unwrap_or(0);
    let message = NotifyMessage::SumUp {
        tenant: tenant.clone(),
        channel: channel.clone(),
        minute,
    };
    Ok(messages::send_after(&context.platform, &[message], delay_s.min(61)).await?)
}

/// Sends what is held of a channel, unless its minute is not over yet.
pub(super) async fn sum_up(
    context: &Context,
    tenant: &TenantId,
    id: &ChannelId,
    minute: i64,
) -> Result<(), HandlerError> {
    let rates = ChannelRates(&context.platform);
    let conflict = || HandlerError::retry("others send to the same channel");
    let now = context.now().as_ms().div_euclid(MINUTE_MS);
    if now <= minute {
        return later(context, tenant, id, minute).await;
    }
    let Some(mut before) = rates.get(tenant, id).await? else {
        return Ok(());
    };
    if before.record.leaving.is_empty() {
        if before.record.held.is_empty() {
            return Ok(());
        }
        // From now on these stay as they are, so that they have one id however often they are sent.
        let mut rate = before.record.clone();
        rate.leaving = std::mem::take(&mut rate.held);
        if !rates.put(tenant, id, Some(&before), &rate).await? {
            return Err(conflict());
        }
        before = match rates.get(tenant, id).await? {
            Some(found) if !found.record.leaving.is_empty() => found,
            _ => return Err(conflict()),
        };
    }
    let channel = Channels(&context.platform).get(tenant, id).await?;
    if channel.is_some_and(|(channel, _)| channel.enabled) {
        let leaving = before.record.leaving.clone();
        super::put(context, tenant, id, leaving).await?;
    }
    let left = counted(before.record.clone(), now);
    if !rates.put(tenant, id, Some(&before), &left).await? {
        return Err(conflict());
    }
    if !left.held.is_empty() {
        later(context, tenant, id, left.minute).await?;
    }
    Ok(())
}

/// Counts anew where a minute began since.
fn begin(rate: &mut RateRecord, minute: i64) {
    if rate.minute < minute {
        rate.minute = minute;
        rate.earlier = std::mem::take(&mut rate.sent);
    }
}

/// The rate once what was leaving has left: it counts among what was sent in this minute.
fn counted(mut rate: RateRecord, minute: i64) -> RateRecord {
    begin(&mut rate, minute);
    let left = std::mem::take(&mut rate.leaving);
    rate.sent.extend(left.into_iter().map(|digest| digest.id));
    rate
}
