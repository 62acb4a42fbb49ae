//! One attempt of a delivery, and when the next one is.

use notification::{ChannelSecrets, OCSF_CLASS, ocsf};
use records::{
    Channels, Deliveries, DeliveryRecord, events,
    messages::{self, NotifyMessage},
};
use schemas::{
    DeliveryId, TenantId,
    api::notification::{ChannelTarget, DeliveryState},
    notification::Notification,
};
use sources::outbound::Outcome;

use crate::{Context, HandlerError};

/// How long after each attempt the next one is, in seconds; after the last it is given up. A receiver may be away for the
/// better part of a day.
const DELAYS_S: [u32; 7] = [5, 60, 300, 1_800, 7_200, 18_000, 36_000];
/// How long an attempt is waited for of which nothing more is heard, in milliseconds: longer than a receiver has.
const ATTEMPT_MS: i64 = 60_000;
/// The longest that a message can wait, in seconds; a longer wait is several.
const MAX_WAIT_S: i64 = 900;

/// Tries a delivery. That it begins is noted before, so that one attempt is made however many messages ask for it, and what
/// comes of it before anything follows from it.
pub(super) async fn deliver(
    context: &Context,
    tenant: &TenantId,
    id: &DeliveryId,
    attempts: u32,
    is_repeated: bool,
) -> Result<(), HandlerError> {
    let platform = &context.platform;
    let deliveries = Deliveries(platform);
    let Some((record, revision)) = deliveries.get(tenant, id).await? else {
        return Ok(());
    };
    if record.state != DeliveryState::Pending {
        return Ok(());
    }
    if attempts != record.attempts {
        // This attempt was made. What it was to be followed by may not have been sent, when its message comes again.
        return if is_repeated && attempts < record.attempts {
            follow(context, tenant, &record).await
        } else {
            Ok(())
        };
    }
    let now = context.now();
    if record.next_attempt_at.is_some_and(|next| next > now) {
        return follow(context, tenant, &record).await;
    }
    let channel = Channels(platform).get(tenant, &record.channel).await?;
    let Some((channel, channel_revision)) = channel.filter(|(channel, _)| channel.enabled) else {
        let why = "the channel was removed or switched off";
        let failed = record.tried(now, DeliveryState::Failed, None, why);
        return Ok(deliveries
            .put(tenant, &failed, Some(revision))
            .await
            .map(drop)?);
    };
    // Before an attempt is counted: while the keys cannot be asked, none is made.
    let secrets = Channels(platform).open(tenant, &channel).await?;
    let secrets = secrets
        .as_ref()
        .and_then(ChannelSecrets::parse)
        .unwrap_or_default();
    let before = record.attempts;
    let Some((record, revision)) = begin(context, tenant, record, revision).await? else {
        return Ok(());
    };
    let told = &record.notification;
    let outcome = if channel.target == ChannelTarget::OcsfStore {
        store(context, tenant, id, told).await
    } else {
        let sender = context.sender()?;
        sender
            .send(
                &channel.target,
                &secrets,
                told,
                id.as_str(),
                &record.taken_by,
                now,
            )
            .await
    };
    let (state, result, wait_s) = match &outcome {
        Outcome::Delivered(said) => (DeliveryState::Delivered, said, None),
        Outcome::Later { reason, wait_s } => {
            let wait_s = later_s(before, *wait_s);
            (state_of(wait_s), reason, wait_s)
        }
        Outcome::Partly { reason, .. } => {
            let wait_s = later_s(before, None);
            (state_of(wait_s), reason, wait_s)
        }
        Outcome::Refused(reason) | Outcome::Gone(reason) => (DeliveryState::Failed, reason, None),
    };
    tracing::info!(delivery = %id, ?state, result, "a notification was tried");
    let next = wait_s.map(|wait_s| context.now().plus_ms(wait_s.saturating_mul(1000)));
    let mut tried = record.tried(context.now(), state, next, result);
    if let Outcome::Partly { taken_by, .. } = &outcome {
        tried = tried.taken_by(taken_by);
    }
    if !deliveries.put(tenant, &tried, Some(revision)).await? {
        // It was waited for no longer, or is sent again.
        return Ok(());
    }
    let channels = Channels(platform);
    match &outcome {
        Outcome::Delivered(_) => channels.arrived(tenant, &channel.id).await?,
        Outcome::Gone(reason) => {
            channels.failed(tenant, &channel.id, reason).await?;
            let off = channels.switch_off(tenant, &channel, channel_revision, reason);
            off.await?;
        }
        Outcome::Later { reason, .. }
        | Outcome::Partly { reason, .. }
        | Outcome::Refused(reason) => {
            channels.failed(tenant, &channel.id, reason).await?;
        }
    }
    if tried.state == DeliveryState::Pending {
        follow(context, tenant, &tried).await?;
    }
    Ok(())
}

/// How long to wait after an attempt with so many before it, in seconds, where a receiver may have asked for a while; `None`
/// after the last.
fn later_s(before: u32, asked_s: Option<u64>) -> Option<i64> {
    let at = usize::try_from(before).unwrap_or(usize::MAX);
    let delay_s = i64::from(*DELAYS_S.get(at)?);
    let asked_s = i64::try_from(asked_s.unwrap_or(0)).unwrap_or(i64::MAX);
    Some(asked_s.max(delay_s))
}

/// The state of what did not arrive, and is tried again or not.
fn state_of(wait_s: Option<i64>) -> DeliveryState {
    if wait_s.is_some() {
        DeliveryState::Pending
    } else {
        DeliveryState::Failed
    }
}

/// Puts the event where the operator's tools read.
async fn store(
    context: &Context,
    tenant: &TenantId,
    id: &DeliveryId,
    told: &Notification,
) -> Outcome {
    let event = [ocsf(told)];
    match events::put(&context.platform, tenant, OCSF_CLASS, told.at, id, &event).await {
        Ok(key) => Outcome::Delivered(format!("put as {key}")),
        Err(error) if error.is_passing() => Outcome::Later {
            reason: error.to_string(),
            wait_s: None,
        },
        Err(error) => Outcome::Refused(error.to_string()),
    }
}

/// Notes that an attempt begins; `None` where another began one: when two messages ask for the same, one makes it.
async fn begin(
    context: &Context,
    tenant: &TenantId,
    record: DeliveryRecord,
    revision: u64,
) -> Result<Option<(DeliveryRecord, u64)>, HandlerError> {
    let attempt = format!("{:016x}", u64::from_le_bytes(super::random(context)?));
    let now = context.now();
    let (id, next) = (record.id.clone(), now.plus_ms(ATTEMPT_MS));
    let begun = record.begun(now, attempt, next);
    let deliveries = Deliveries(&context.platform);
    if !deliveries.put(tenant, &begun, Some(revision)).await? {
        return Ok(None);
    }
    let found = deliveries.get(tenant, &id).await?;
    Ok(found.filter(|(found, _)| *found == begun))
}

/// Sends the message of the next attempt.
async fn follow(
    context: &Context,
    tenant: &TenantId,
    record: &DeliveryRecord,
) -> Result<(), HandlerError> {
    let now = context.now();
    let left_ms = record
        .next_attempt_at
        .map_or(0, |next| next.as_ms().saturating_sub(now.as_ms()));
    // Up, so that it does not come just before its time.
    let wait_s = (left_ms.saturating_add(999) / 1000).clamp(0, MAX_WAIT_S);
    let message = NotifyMessage::Deliver {
        tenant: tenant.clone(),
        delivery: record.id.clone(),
        attempts: record.attempts,
    };
    let wait_s = u32::try_from(wait_s).unwrap_or(0);
    Ok(messages::send_after(&context.platform, &[message], wait_s).await?)
}
