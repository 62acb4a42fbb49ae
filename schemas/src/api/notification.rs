//! Where notifications go, and what became of them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{ChannelId, DeliveryId, Severity, Timestamp, notification::NotificationEvent};

/// What a channel is told of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChannelWants {
    /// Of these events.
    pub events: Vec<NotificationEvent>,
    /// Of vulnerabilities that meet all of these.
    #[serde(default)]
    pub conditions: NotificationConditions,
}

/// Which vulnerabilities a channel is told of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NotificationConditions {
    /// Of this severity or a worse one; without it of every severity, unknown ones too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_severity: Option<Severity>,
    /// Only those known to be exploited.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub known_exploited: bool,
    /// Only those that can be fixed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fixable: bool,
}

/// Where a channel leads, without what is secret of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ChannelTarget {
    /// A webhook of the Standard Webhooks form, signed.
    Webhook {
        /// Its address.
        url: String,
    },
    /// An incoming webhook of Slack; its address is a secret.
    Slack {
        /// The host of its address.
        host: String,
    },
    /// A workflow of Microsoft Teams; its address is a secret.
    Teams {
        /// The host of its address.
        host: String,
    },
    /// A collector of OCSF events over HTTP; each event is posted as JSON.
    Ocsf {
        /// Its address.
        url: String,
    },
    /// A kind that this version does not know.
    #[serde(other)]
    Unknown,
}

/// Where a channel is to lead, with its secrets, which are never answered again.
#[derive(Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum NewChannelTarget {
    /// A webhook of the Standard Webhooks form: `webhook-id`, `webhook-timestamp` and `webhook-signature` come with each
    /// message. The secret that signs is made here and answered once.
    Webhook {
        /// Its address, `https://`.
        url: String,
    },
    /// An incoming webhook of Slack.
    Slack {
        /// Its address; left out when a channel is changed, it stays as it is.
        #[serde(default)]
        url: Option<String>,
    },
    /// A workflow of Microsoft Teams that begins with a webhook.
    Teams {
        /// Its address; left out when a channel is changed, it stays as it is.
        #[serde(default)]
        url: Option<String>,
    },
    /// A collector of OCSF events over HTTP; each event is posted as JSON.
    Ocsf {
        /// Its address, `https://`.
        url: String,
        /// The header `authorization` that it asks for, such as `Splunk …`; left out when a channel is changed and its
        /// address is not, it stays as it is.
        #[serde(default)]
        authorization: Option<String>,
    },
}

impl std::fmt::Debug for NewChannelTarget {
    // Addresses and headers are secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewChannelTarget")
    }
}

/// A channel as it is to be.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewChannel {
    /// A name for people, 1 to 100 characters.
    pub name: String,
    /// Where it leads.
    pub target: NewChannelTarget,
    /// What it is told of.
    pub wants: ChannelWants,
    /// Whether it is told anything.
    #[serde(default = "yes")]
    pub enabled: bool,
}

fn yes() -> bool {
    true
}

/// A channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Channel {
    /// Its id.
    pub id: ChannelId,
    /// Its name.
    pub name: String,
    /// Where it leads.
    pub target: ChannelTarget,
    /// What it is told of.
    pub wants: ChannelWants,
    /// Whether it is told anything.
    pub enabled: bool,
    /// Why it was switched off, where the receiver asked for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_reason: Option<String>,
    /// Until when the signing secret before this one signs, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_secret_until: Option<Timestamp>,
    /// Whether deliveries arrive.
    pub health: ChannelHealth,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by: String,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// Who changed it last.
    pub updated_by: String,
}

/// Whether a channel's deliveries arrive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChannelHealth {
    /// Whether none arrived for a day although some were tried.
    pub failing: bool,
    /// Since when every attempt has failed; absent when the last one arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<Timestamp>,
    /// Why the last one failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A channel with its signing secret, which is shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChannelWithSecret {
    /// The channel.
    pub channel: Channel,
    /// The secret that signs, `whsec_…`; of webhooks alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing_secret: Option<String>,
}

impl std::fmt::Debug for ChannelWithSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChannelWithSecret")
            .field("channel", &self.channel)
            .finish_non_exhaustive()
    }
}

/// Channels, by id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChannelList {
    /// All of them; a tenant has at most 20.
    pub channels: Vec<Channel>,
}

/// What became of a test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChannelTest {
    /// Whether it arrived.
    pub delivered: bool,
    /// What the receiver answered, or why it could not be reached.
    pub result: String,
}

/// How far a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It is being tried.
    Pending,
    /// The receiver took it.
    Delivered,
    /// It was given up; it can be sent again.
    Failed,
    /// A state that this version does not know.
    #[serde(other)]
    Unknown,
}

/// A delivery. It is kept for 14 days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Delivery {
    /// Its id, which is also the `webhook-id` of every attempt.
    pub id: DeliveryId,
    /// The channel.
    pub channel: ChannelId,
    /// What it tells of.
    pub event: NotificationEvent,
    /// What it says, in one line.
    pub title: String,
    /// How far it is.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its state changed last.
    pub updated_at: Timestamp,
    /// What the last attempt came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
}

/// One page of a channel's deliveries, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeliveryList {
    /// The deliveries.
    pub deliveries: Vec<Delivery>,
    /// Where to go on; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
