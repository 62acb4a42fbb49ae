//! Where notifications go, and what became of them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    ChannelId, CollectionId, DeliveryId, Severity, Timestamp, notification::NotificationEvent,
};

/// What a channel is told of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChannelWants {
    /// Of these events.
    pub events: Vec<NotificationEvent>,
    /// Of vulnerabilities that meet all of these.
    #[serde(default)]
    pub conditions: NotificationConditions,
    /// Of findings and agents only where they lie in any of these collections, at most 20; without any, wherever they are.
    /// Feeds, registries and dead letters lie in none, and are told wherever they are asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub collections: Vec<CollectionId>,
}

/// Which vulnerabilities a channel is told of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
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
    /// Of this probability of exploitation (EPSS) or a higher one, 0 to 1; those that have none are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_epss: Option<f32>,
}

/// Where a channel leads, without what is secret of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ChannelTarget {
    /// A webhook of the Standard Webhooks form, signed.
    Webhook {
        /// What is shown of its address: `…` stands for its path and query, which may be secrets.
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
        /// What is shown of its address, as of a webhook's.
        url: String,
    },
    /// Events of OCSF as objects of compressed lines of JSON, where the operator of this service set up a bucket or a folder
    /// for them.
    OcsfStore,
    /// A server of syslog: RFC 5424 over TCP.
    Syslog {
        /// Its name or address.
        host: String,
        /// Its port.
        port: u16,
        /// How it is reached.
        #[serde(default)]
        transport: SyslogTransport,
        /// Certificate authorities that are trusted for it beside the usual ones, PEM.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        authorities: Option<String>,
    },
    /// Mail by a server of SMTP.
    Email {
        /// Where and how it is sent.
        #[serde(rename = "mail")]
        settings: MailSettings,
    },
    /// Issues of Jira, one for each fix.
    Jira {
        /// Where and how they are made.
        #[serde(rename = "jira")]
        settings: JiraSettings,
    },
    /// A kind that this version does not know.
    #[serde(other)]
    Unknown,
}

/// How a server of syslog is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SyslogTransport {
    /// Encrypted, RFC 5425.
    #[default]
    Tls,
    /// Not encrypted, RFC 6587: only to addresses of networks that the operator names.
    Tcp,
    /// A way that this version does not know.
    #[serde(other)]
    Unknown,
}

/// How a connection to a server of mail is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailEncryption {
    /// From its beginning, as on port 465.
    #[default]
    Tls,
    /// By `STARTTLS`, as on port 587; a server that does not offer it is sent nothing.
    Starttls,
    /// Not at all: only to addresses of networks that the operator names.
    None,
    /// A way that this version does not know.
    #[serde(other)]
    Unknown,
}

/// Where and how mail is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MailSettings {
    /// Name or address of the server.
    pub host: String,
    /// Its port, such as 465 or 587.
    pub port: u16,
    /// How the connection is encrypted.
    #[serde(default)]
    pub encryption: MailEncryption,
    /// Who signs in; absent where nobody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The address that it comes from.
    pub from: String,
    /// The addresses that it goes to, 1 to 20. All of them see one another.
    pub to: Vec<String>,
    /// Certificate authorities that are trusted for the server beside the usual ones, PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorities: Option<String>,
}

/// Which Jira it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JiraDeployment {
    /// Atlassian's cloud, version 3 of its interface; one signs in with an address and an API token.
    #[default]
    Cloud,
    /// One's own Data Center, version 2; one signs in with a personal access token.
    DataCenter,
    /// One that this version does not know.
    #[serde(other)]
    Unknown,
}

/// Where and how issues are made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JiraSettings {
    /// Its address, `https://`, with its path where it has one.
    pub url: String,
    /// Which Jira it is.
    #[serde(default)]
    pub deployment: JiraDeployment,
    /// Key of the project, such as `OPS`.
    pub project: String,
    /// Name of the kind of issues, such as `Task`.
    pub issue_type: String,
    /// Who signs in to the cloud: the address of an account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Name of the transition that is made once the fix is at every place that was told of, such as `Done`; without it
    /// issues are only commented on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transition: Option<String>,
}

/// Where a channel is to lead, with its secrets, which are never answered again.
#[derive(Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum NewChannelTarget {
    /// A webhook of the Standard Webhooks form: `webhook-id`, `webhook-timestamp` and `webhook-signature` come with each
    /// message. The secret that signs is made here and answered once.
    Webhook {
        /// Its address, `https://`; left out when a channel is changed, or sent as it is shown, it stays as it is.
        #[serde(default)]
        url: Option<String>,
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
        /// Its address, `https://`; left out when a channel is changed, or sent as it is shown, it stays as it is.
        #[serde(default)]
        url: Option<String>,
        /// The header `authorization` that it asks for, such as `Splunk …`; left out when a channel is changed and its
        /// address is not, it stays as it is.
        #[serde(default)]
        #[schema(max_length = 2048)]
        authorization: Option<String>,
    },
    /// Events of OCSF as objects of compressed lines of JSON, where the operator of this service set up a bucket or a folder
    /// for them: `ocsf/class=2002/region=…/tenant=…/day=YYYYMMDD/….json.gz`.
    OcsfStore,
    /// A server of syslog: RFC 5424 over TCP, each message after its length.
    Syslog {
        /// Its name or address.
        host: String,
        /// Its port, such as 6514.
        port: u16,
        /// How it is reached.
        #[serde(default)]
        transport: SyslogTransport,
        /// Certificate authorities that are trusted for it beside the usual ones, PEM, at most 16 KiB.
        #[serde(default)]
        authorities: Option<String>,
    },
    /// Mail by a server of SMTP: one mail for each notification.
    Email {
        /// Where and how it is sent.
        #[serde(rename = "mail", deserialize_with = "crate::object::object")]
        settings: MailSettings,
        /// The password of the user; left out when a channel is changed and its server, its user and the encryption are not,
        /// it stays as it is.
        #[serde(default)]
        password: Option<String>,
    },
    /// Issues of Jira: one for each fix, with a comment for what is told of it later.
    Jira {
        /// Where and how they are made.
        #[serde(rename = "jira", deserialize_with = "crate::object::object")]
        settings: JiraSettings,
        /// The token; left out when a channel is changed and its address and user are not, it stays as it is.
        #[serde(default)]
        token: Option<String>,
    },
}

impl std::fmt::Debug for NewChannelTarget {
    // Addresses and headers are secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewChannelTarget")
    }
}

/// A channel as it is to be.
#[derive(Clone, Debug, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewChannel {
    /// A name for people, 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100)]
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
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
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
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
