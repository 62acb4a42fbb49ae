//! Where notifications go, and what became of them.

pub(crate) mod create;
pub(crate) mod deliveries;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod remove;
pub(crate) mod replay;
pub(crate) mod rotate;
mod servers;
pub(crate) mod test;
pub(crate) mod update;

use axum::{Json, http::StatusCode, response::Response};
use notification::{ChannelSecrets, SECRET_BYTES, SigningSecret, is_hidden, shown_url};
use records::{ChannelRecord, Channels, Collections};
use schemas::{
    ChannelId, TenantId, Timestamp,
    api::notification::{
        Channel, ChannelTarget, ChannelWants, ChannelWithSecret, NewChannel, NewChannelTarget,
    },
    notification::NotificationEvent,
};
use secrecy::ExposeSecret as _;

use crate::{
    etag,
    problem::{ApiError, Kind},
    state::ApiState,
};

const MAX_NAME_CHARS: usize = 100;
/// Most collections that a channel is limited to.
const MAX_COLLECTIONS: usize = 20;
/// Longest header, in bytes.
const MAX_TEXT_BYTES: usize = 2048;

/// A channel with the revision of its state.
async fn found(
    state: &ApiState,
    tenant: &TenantId,
    id: &ChannelId,
) -> Result<(ChannelRecord, u64), ApiError> {
    let channel = Channels(state.platform()).get(tenant, id).await?;
    channel.ok_or_else(|| ApiError::not_found("channel"))
}

/// A channel as it is answered.
async fn shown(
    state: &ApiState,
    tenant: &TenantId,
    record: ChannelRecord,
) -> Result<Channel, ApiError> {
    let health = Channels(state.platform())
        .health(tenant, &record.id)
        .await?;
    let now = state.now();
    Ok(Channel {
        id: record.id,
        name: record.name,
        target: shown_target(record.target),
        wants: record.wants,
        enabled: record.enabled,
        disabled_reason: record.disabled_reason,
        old_secret_until: record.old_secret_until.filter(|until| *until > now),
        health,
        created_at: record.created_at,
        created_by: record.created_by,
        updated_at: record.updated_at,
        updated_by: record.updated_by,
    })
}

/// Where a channel leads, without what may be a secret of it: an earlier version kept addresses whole.
fn shown_target(target: ChannelTarget) -> ChannelTarget {
    match target {
        ChannelTarget::Webhook { url } => ChannelTarget::Webhook {
            url: shown_url(&url),
        },
        ChannelTarget::Ocsf { url } => ChannelTarget::Ocsf {
            url: shown_url(&url),
        },
        other => other,
    }
}

/// A channel as the audit log has it; the log leaves out what has the name of a secret.
async fn told(state: &ApiState, tenant: &TenantId, id: &ChannelId) -> Result<Channel, ApiError> {
    let (record, _) = found(state, tenant, id).await?;
    shown(state, tenant, record).await
}

/// What was just stored, with the tag of its state, and a secret that is shown this once.
async fn stored(
    state: &ApiState,
    tenant: &TenantId,
    id: &ChannelId,
    status: StatusCode,
    secret: Option<&SigningSecret>,
) -> Result<Response, ApiError> {
    let (record, revision) = found(state, tenant, id).await?;
    let answer = ChannelWithSecret {
        channel: shown(state, tenant, record).await?,
        signing_secret: secret.map(|secret| secret.text().expose_secret().to_owned()),
    };
    etag::tagged((status, Json(answer)), revision)
}

fn bad(why: impl Into<String>) -> ApiError {
    ApiError::new(Kind::BadRequest, why)
}

/// A fresh secret that signs.
fn fresh(state: &ApiState) -> Result<SigningSecret, ApiError> {
    Ok(SigningSecret::new(&state.random::<SECRET_BYTES>()?))
}

/// Looks whether a channel can be as it is wished, but for where it leads.
async fn checked(
    state: &ApiState,
    tenant: &TenantId,
    wish: &NewChannel,
) -> Result<ChannelWants, ApiError> {
    let length = wish.name.chars().count();
    if !(1..=MAX_NAME_CHARS).contains(&length) || wish.name.chars().any(char::is_control) {
        return Err(bad(format!(
            "`name` has 1 to {MAX_NAME_CHARS} characters and no control characters."
        )));
    }
    let mut wants = wish.wants.clone();
    wants.events.sort();
    wants.events.dedup();
    let known = |event: &NotificationEvent| NotificationEvent::CHOSEN.contains(event);
    if wants.events.is_empty() || !wants.events.iter().all(known) {
        let names = NotificationEvent::CHOSEN.map(NotificationEvent::as_str);
        return Err(bad(format!(
            "`wants.events` are one or more of {}.",
            names.join(", ")
        )));
    }
    let is_ocsf = matches!(
        wish.target,
        NewChannelTarget::Ocsf { .. } | NewChannelTarget::OcsfStore
    );
    if is_ocsf && !wants.events.iter().all(|event| event.is_of_findings()) {
        return Err(bad(
            "`wants.events`: events of OCSF tell of findings, so these are `findings.new` and `findings.fixed`.",
        ));
    }
    if let Some(least) = wants.conditions.min_epss
        && !(0.0..=1.0).contains(&least)
    {
        return Err(bad("`wants.conditions.min_epss` is a number from 0 to 1."));
    }
    wants.collections.sort();
    wants.collections.dedup();
    if wants.collections.len() > MAX_COLLECTIONS {
        return Err(bad(format!(
            "`wants.collections` are at most {MAX_COLLECTIONS}."
        )));
    }
    let there = Collections(state.platform())
        .get_many(tenant, &wants.collections)
        .await?;
    if let Some(missing) = wants
        .collections
        .iter()
        .find(|id| there.iter().all(|known| known.id != **id))
    {
        return Err(bad(format!(
            "`wants.collections`: there is no `{missing}`."
        )));
    }
    // A word that is mistyped would let everything through.
    if wants.conditions.min_severity == Some(schemas::Severity::Unknown) {
        return Err(bad(
            "`wants.conditions.min_severity` is `critical`, `high`, `medium` or `low`.",
        ));
    }
    Ok(wants)
}

/// Where a channel leads, with its secrets.
struct Destination {
    target: ChannelTarget,
    secrets: Option<ChannelSecrets>,
    /// The signing secret, where it was made just now.
    made: Option<SigningSecret>,
}

/// The destination that is wished. Secrets that are left out stay, as long as they go where they went: otherwise whoever may
/// change a channel could have them sent to himself.
fn destination(
    state: &ApiState,
    wish: NewChannelTarget,
    before: Option<(&ChannelTarget, ChannelSecrets)>,
) -> Result<Destination, ApiError> {
    let host = |url: &str| -> Result<String, ApiError> {
        if is_hidden(url) {
            return Err(bad(
                "`target.url`: `…` stands for what is not shown of an address: leave it out to keep it, or enter the whole of it.",
            ));
        }
        let guarded = state.guard().url(url);
        let guarded = guarded.map_err(|error| bad(format!("`target.url`: {error}.")))?;
        Ok(guarded.authority())
    };
    let needed = || bad("`target.url` is needed: the channel had no such address before.");
    // The address that is wished, or the one that the channel has.
    let address = |wish: Option<String>, shown: Option<&str>, kept: Option<&str>| match (wish, kept)
    {
        (None, Some(kept)) => Ok(kept.to_owned()),
        (None, None) => Err(needed()),
        (Some(url), Some(kept)) if shown == Some(url.as_str()) => Ok(kept.to_owned()),
        (Some(url), _) => host(&url).map(|_| url),
    };
    let (target, secrets, made) = match wish {
        NewChannelTarget::Webhook { url } => {
            let kept = match before {
                // The secret itself is never sent, so it may go on with another address.
                Some((ChannelTarget::Webhook { url }, secrets)) => Some((shown_url(url), secrets)),
                _ => None,
            };
            let shown = kept.as_ref().map(|(shown, _)| shown.as_str());
            let url = address(url, shown, kept.as_ref().and_then(|(_, kept)| kept.url()))?;
            let target = ChannelTarget::Webhook {
                url: shown_url(&url),
            };
            match kept {
                Some((_, secrets)) => (target, Some(secrets.with_url(url)), None),
                None => {
                    let made = fresh(state)?;
                    let secrets = ChannelSecrets::of_signing(&made).with_url(url);
                    (target, Some(secrets), Some(made))
                }
            }
        }
        NewChannelTarget::Slack { url: Some(url) } => {
            let host = host(&url)?;
            let secrets = ChannelSecrets::of_url(url);
            (ChannelTarget::Slack { host }, Some(secrets), None)
        }
        NewChannelTarget::Teams { url: Some(url) } => {
            let host = host(&url)?;
            let secrets = ChannelSecrets::of_url(url);
            (ChannelTarget::Teams { host }, Some(secrets), None)
        }
        NewChannelTarget::Slack { url: None } => match before {
            Some((target @ ChannelTarget::Slack { .. }, secrets)) => {
                (target.clone(), Some(secrets), None)
            }
            _ => return Err(needed()),
        },
        NewChannelTarget::Teams { url: None } => match before {
            Some((target @ ChannelTarget::Teams { .. }, secrets)) => {
                (target.clone(), Some(secrets), None)
            }
            _ => return Err(needed()),
        },
        NewChannelTarget::Ocsf { url, authorization } => {
            let before = match before {
                Some((ChannelTarget::Ocsf { url }, secrets)) => Some((shown_url(url), secrets)),
                _ => None,
            };
            let shown = before.as_ref().map(|(shown, _)| shown.as_str());
            let url = address(url, shown, before.as_ref().and_then(|(_, kept)| kept.url()))?;
            let kept = before.map(|(_, secrets)| secrets);
            let secrets = match authorization {
                Some(value) => {
                    let fits = (1..=MAX_TEXT_BYTES).contains(&value.len());
                    if !fits || !value.bytes().all(|b| (b' '..=b'~').contains(&b)) {
                        return Err(bad(format!(
                            "`target.authorization` has 1 to {MAX_TEXT_BYTES} printable characters of ASCII."
                        )));
                    }
                    ChannelSecrets::of_authorization(Some(value))
                }
                None => kept
                    .filter(|kept| kept.url() == Some(url.as_str()))
                    .unwrap_or_default(),
            };
            let target = ChannelTarget::Ocsf {
                url: shown_url(&url),
            };
            (target, Some(secrets.with_url(url)), None)
        }
        NewChannelTarget::OcsfStore => {
            if state.platform().lake.is_none() {
                return Err(bad(
                    "`target.kind`: the operator of this service has set up no place for events.",
                ));
            }
            (ChannelTarget::OcsfStore, None, None)
        }
        NewChannelTarget::Syslog {
            host,
            port,
            transport,
            authorities,
        } => {
            let target = servers::syslog(state, &host, port, transport, authorities)?;
            (target, None, None)
        }
        NewChannelTarget::Email { settings, password } => {
            let settings = servers::email(state, settings)?;
            let kept = match before {
                Some((ChannelTarget::Email { settings: before }, secrets))
                    if servers::same_server(before, &settings) =>
                {
                    Some(secrets)
                }
                _ => None,
            };
            let secrets = servers::password(password, kept, settings.user.is_some())?;
            (ChannelTarget::Email { settings }, secrets, None)
        }
        NewChannelTarget::Jira { settings, token } => {
            let settings = servers::jira(state, settings)?;
            let kept = match before {
                Some((ChannelTarget::Jira { settings: before }, secrets))
                    if before.url == settings.url
                        && before.user == settings.user
                        && before.deployment == settings.deployment =>
                {
                    Some(secrets)
                }
                _ => None,
            };
            let secrets = servers::password(token, kept, true)?;
            (ChannelTarget::Jira { settings }, secrets, None)
        }
    };
    Ok(Destination {
        target,
        secrets,
        made,
    })
}

/// The secrets of a channel, opened.
async fn opened(
    state: &ApiState,
    tenant: &TenantId,
    channel: &ChannelRecord,
) -> Result<ChannelSecrets, ApiError> {
    let text = Channels(state.platform()).open(tenant, channel).await?;
    Ok(text
        .as_ref()
        .and_then(ChannelSecrets::parse)
        .unwrap_or_default()
        .of_target(&channel.target))
}

/// Seals the secrets of a channel.
async fn sealed(
    state: &ApiState,
    tenant: &TenantId,
    id: &ChannelId,
    secrets: Option<&ChannelSecrets>,
) -> Result<Option<records::SealedSecret>, ApiError> {
    let Some(secrets) = secrets else {
        return Ok(None);
    };
    let text = secrets.text().map_err(ApiError::internal)?;
    let sealed = Channels(state.platform()).seal(tenant, id, &text).await?;
    Ok(Some(sealed))
}

/// A day after now: as long as a replaced secret still signs.
fn in_a_day(now: Timestamp) -> Timestamp {
    now.plus_ms(24 * 3600 * 1000)
}
