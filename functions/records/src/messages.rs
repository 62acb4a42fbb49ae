//! Messages between functions: names of what to do, never its content. Sending one twice has one effect.

use std::{borrow::Cow, collections::BTreeSet};

use platform::{Message, Platform, patience::send_all, queue::MAX_DELAY_S};
use schemas::{
    AgentId, ChannelId, DeliveryId, Digest, ImageId, ImageRequestId, Place, PlaceKind, RegistryId,
    TenantId, Timestamp,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{RecordError, keys};

/// A kind of message, with the queue that carries it.
pub trait QueueMessage: Serialize + DeserializeOwned + Send + Sync {
    /// The queue's name.
    const QUEUE: &'static str;
    /// Every `type` that a body of this kind can have.
    const TYPES: &'static [&'static str];

    /// The tenant whose message it is; `None` for what belongs to no tenant.
    fn tenant(&self) -> Option<&TenantId>;

    /// The message as the queue carries it. Its id begins with the tenant and derives from the content.
    ///
    /// # Errors
    /// [`RecordError::Damaged`] when it cannot be written as JSON, which no message here can be.
    fn to_message(&self) -> Result<Message, RecordError> {
        let body = serde_json::to_string(self)
            .map_err(|error| RecordError::Damaged("a message", error))?;
        let digest = keys::digest(body.as_bytes());
        let tenant = self.tenant().map_or("global", TenantId::as_str);
        // An id has at most 128 bytes; the digest is over the whole tenant.
        let begin = tenant.get(..95).unwrap_or(tenant);
        Ok(Message::new(
            format!("{begin}/{}", keys::short(&digest)),
            body,
        ))
    }

    /// Reads the body of a message.
    ///
    /// # Errors
    /// When it is no message of this kind, or of a type that only a later version knows.
    fn from_body(body: &str) -> Result<Self, MessageError> {
        serde_json::from_str(body).map_err(|error| match serde_json::from_str::<Head>(body) {
            Ok(head) if is_type(&head.kind) && !Self::TYPES.contains(&head.kind.as_ref()) => {
                MessageError::Newer(head.kind.into_owned())
            }
            _ => MessageError::Form(error),
        })
    }
}

/// Why a body is no message.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// It is not of the queue's form.
    #[error("not of the queue's form")]
    Form(#[source] serde_json::Error),
    /// Its type is unknown to this version, as of a message that a later version sent.
    #[error("this version knows no message of type {0:?}")]
    Newer(String),
}

/// What every message begins with.
#[derive(Deserialize)]
struct Head<'body> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'body, str>,
}

/// Whether text could be the type of some message.
fn is_type(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

/// To `ingest`: a raw envelope was stored.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum IngestMessage {
    /// Read this envelope.
    Envelope {
        /// Whose it is.
        tenant: TenantId,
        /// The agent that observed.
        agent: AgentId,
        /// The run of the agent.
        boot_id: String,
        /// Number of the envelope within the run.
        seq: u64,
    },
}

/// To `scan`: match a place with the advisories.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ScanMessage {
    /// What is in this place may have changed, or advisories that name it.
    Place {
        /// Whose it is.
        tenant: TenantId,
        /// Which place.
        place: Place,
        /// Whether only advisories changed: then nobody is told of findings that stay.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        rematch: bool,
    },
    /// A generation of shards came out: match those places again that its changes name.
    Rematch {
        /// Whose places.
        tenant: TenantId,
        /// Name of the document that says what changed, see [`crate::Feeds::changes`].
        changes: String,
        /// Where an earlier message of the same changes ended; absent at the beginning.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<RematchFrom>,
    },
}

/// Where the search for the places that changed advisories concern goes on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "among", rename_all = "snake_case")]
pub enum RematchFrom {
    /// Among the places that ask a shard.
    Shard {
        /// Its name; those before it are done.
        shard: String,
        /// Where the page before ended.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cursor: Option<String>,
    },
    /// Among all places of a kind.
    Kind {
        /// The kind.
        kind: PlaceKind,
        /// Where the page before ended.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cursor: Option<String>,
    },
}

/// To `score`: bring the estate index up to date.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ScoreMessage {
    /// Findings or facts of this place may have changed.
    Place {
        /// Whose it is.
        tenant: TenantId,
        /// Which place.
        place: Place,
    },
    /// What is known of vulnerabilities changed; findings did not.
    Intel {
        /// Whose index.
        tenant: TenantId,
        /// The generation that changed it.
        generation: u64,
    },
    /// Which labels make places critical has changed.
    Labels {
        /// Whose index.
        tenant: TenantId,
    },
    /// Fold the deltas into the base, where there are many.
    Fold {
        /// Whose index.
        tenant: TenantId,
    },
    /// Exceptions came into force or out of it: score the places that they are about.
    Exceptions {
        /// Whose.
        tenant: TenantId,
    },
}

/// To `registry`: read an image where its registry keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum RegistryMessage {
    /// Read an image, as far as the tenant does not know its layers.
    Image {
        /// Whose it will be.
        tenant: TenantId,
        /// Its name in a registry.
        reference: String,
        /// Platform of the image, where there are several.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        platform: Option<String>,
        /// The request that it answers, see [`crate::ImageRequests`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<ImageRequestId>,
    },
    /// Read one layer of an image that is too large to be read at once.
    Layer {
        /// Whose it will be.
        tenant: TenantId,
        /// The image by the digest of its manifest, so that it is the same one.
        reference: String,
        /// The layer.
        layer: Digest,
        /// The image, where a request waits for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        image: Option<ImageId>,
        /// The request that it answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<ImageRequestId>,
    },
    /// Look for images that a registry keeps and nobody read yet.
    Survey {
        /// Whose registry.
        tenant: TenantId,
        /// The registry.
        registry: RegistryId,
        /// When the look began.
        began: Timestamp,
        /// Where an earlier message of the same look ended in the list of repositories; absent at the beginning.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
        /// Pages of the list that were read before.
        #[serde(default)]
        pages: u32,
    },
    /// The same in one repository.
    Repository {
        /// Whose registry.
        tenant: TenantId,
        /// The registry.
        registry: RegistryId,
        /// When the look began.
        began: Timestamp,
        /// The repository.
        repository: String,
    },
    /// Read what a registry keeps under these tags, unless it is known.
    Tags {
        /// Whose registry.
        tenant: TenantId,
        /// The registry.
        registry: RegistryId,
        /// The repository.
        repository: String,
        /// The tags, which are all of the same image.
        tags: Vec<String>,
        /// Digest of the manifest or index, where it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        digest: Option<Digest>,
        /// When they were pushed, where the registry says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pushed_at: Option<Timestamp>,
    },
}

/// To `notify`: somebody is to be told something.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum NotifyMessage {
    /// Changes of places were kept, which become notifications once no more come.
    Gather {
        /// Whose they are.
        tenant: TenantId,
    },
    /// Try a delivery.
    Deliver {
        /// Whose it is.
        tenant: TenantId,
        /// Which one.
        delivery: DeliveryId,
        /// How often it was tried before: of two messages for one attempt the later does nothing.
        attempts: u32,
    },
    /// Send what was too much for a channel within a minute, summed up, now that it is over.
    SumUp {
        /// Whose channel.
        tenant: TenantId,
        /// The channel.
        channel: ChannelId,
        /// The minute, since 1970.
        minute: i64,
    },
    /// Look for what is wrong with feeds, agents, registries and queues.
    Watch {
        /// For whom.
        tenant: TenantId,
    },
}

/// To `feed`: advisories may have changed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FeedMessage {
    /// Read the configured sources and publish what changed.
    Refresh {
        /// Whether a person asked: then every publisher is asked, however lately that was done.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        by_hand: bool,
        /// Feeds whose documents are taken although they shrank.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        accept_shrunk: BTreeSet<String>,
    },
    /// The same, after a download that had no time for all.
    Continue {
        /// When that one ended.
        since: Timestamp,
        /// Of the feeds that it had no time for: those whose documents are taken although they shrank.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        accept_shrunk: BTreeSet<String>,
    },
}

impl FeedMessage {
    /// What the schedule asks for.
    pub const fn scheduled() -> Self {
        Self::Refresh {
            by_hand: false,
            accept_shrunk: BTreeSet::new(),
        }
    }

    /// What a person asks for, who takes what shrank of these feeds.
    pub const fn by_hand(accept_shrunk: BTreeSet<String>) -> Self {
        Self::Refresh {
            by_hand: true,
            accept_shrunk,
        }
    }
}

macro_rules! queue_message {
    ($type:ty, $queue:literal, $types:expr, $tenant:expr) => {
        impl QueueMessage for $type {
            const QUEUE: &'static str = $queue;
            const TYPES: &'static [&'static str] = &$types;

            fn tenant(&self) -> Option<&TenantId> {
                let tenant: fn(&Self) -> Option<&TenantId> = $tenant;
                tenant(self)
            }
        }
    };
}

queue_message!(
    IngestMessage,
    "ingest",
    ["envelope"],
    |message| match message {
        IngestMessage::Envelope { tenant, .. } => Some(tenant),
    }
);
queue_message!(
    ScanMessage,
    "scan",
    ["place", "rematch"],
    |message| match message {
        ScanMessage::Place { tenant, .. } | ScanMessage::Rematch { tenant, .. } => Some(tenant),
    }
);
queue_message!(
    ScoreMessage,
    "score",
    ["place", "intel", "labels", "fold", "exceptions"],
    |message| match message {
        ScoreMessage::Place { tenant, .. }
        | ScoreMessage::Intel { tenant, .. }
        | ScoreMessage::Labels { tenant }
        | ScoreMessage::Fold { tenant }
        | ScoreMessage::Exceptions { tenant } => Some(tenant),
    }
);
queue_message!(
    RegistryMessage,
    "registry",
    ["image", "layer", "survey", "repository", "tags"],
    |message| match message {
        RegistryMessage::Image { tenant, .. }
        | RegistryMessage::Layer { tenant, .. }
        | RegistryMessage::Survey { tenant, .. }
        | RegistryMessage::Repository { tenant, .. }
        | RegistryMessage::Tags { tenant, .. } => Some(tenant),
    }
);
queue_message!(
    NotifyMessage,
    "notify",
    ["gather", "deliver", "sum_up", "watch"],
    |message| match message {
        NotifyMessage::Gather { tenant }
        | NotifyMessage::Watch { tenant }
        | NotifyMessage::Deliver { tenant, .. }
        | NotifyMessage::SumUp { tenant, .. } => Some(tenant),
    }
);
queue_message!(FeedMessage, "feed", ["refresh", "continue"], |_| None);

/// The queues of all kinds of messages, in the order of the way of the data.
pub const QUEUES: [&str; 6] = [
    FeedMessage::QUEUE,
    IngestMessage::QUEUE,
    RegistryMessage::QUEUE,
    ScanMessage::QUEUE,
    ScoreMessage::QUEUE,
    NotifyMessage::QUEUE,
];

/// Sends messages of one kind; after an error the same call may be repeated.
///
/// # Errors
/// [`RecordError::Queue`].
pub async fn send<M: QueueMessage>(platform: &Platform, messages: &[M]) -> Result<(), RecordError> {
    send_after(platform, messages, 0).await
}

/// The same, for messages that come no sooner than after so many seconds, at most [`MAX_DELAY_S`].
///
/// # Errors
/// As [`send`].
pub async fn send_after<M: QueueMessage>(
    platform: &Platform,
    messages: &[M],
    delay_s: u32,
) -> Result<(), RecordError> {
    if messages.is_empty() {
        return Ok(());
    }
    let messages = messages
        .iter()
        .map(|message| {
            let mut message = message.to_message()?;
            message.delay_s = delay_s.min(MAX_DELAY_S);
            Ok(message)
        })
        .collect::<Result<Vec<_>, RecordError>>()?;
    send_all(&*platform.queue, M::QUEUE, messages)
        .await
        .map_err(|error| RecordError::Queue(M::QUEUE, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_the_last_version_are_read() {
        let feed = |body| FeedMessage::from_body(body).unwrap();
        assert_eq!(feed(r#"{"type":"refresh"}"#), FeedMessage::scheduled());
        assert_eq!(
            FeedMessage::scheduled().to_message().unwrap().body,
            r#"{"type":"refresh"}"#
        );
        let body = r#"{"type":"continue","since":"2026-11-20T12:00:00Z"}"#;
        assert!(matches!(
            feed(body),
            FeedMessage::Continue { accept_shrunk, .. } if accept_shrunk.is_empty()
        ));
        let body = r#"{"type":"image","tenant":"acme","reference":"r/a:1"}"#;
        assert!(matches!(
            RegistryMessage::from_body(body).unwrap(),
            RegistryMessage::Image { request: None, .. }
        ));
    }

    #[test]
    fn a_type_of_a_later_version_is_told_from_what_is_damaged() {
        fn check<M: QueueMessage>() {
            let of = |kind: &str| M::from_body(&format!(r#"{{"type":"{kind}"}}"#));
            for kind in M::TYPES {
                // All that is said against it may be that it lacks something.
                if let Err(error) = of(kind) {
                    assert!(matches!(error, MessageError::Form(_)), "{kind}: {error}");
                    let said = std::error::Error::source(&error).unwrap().to_string();
                    assert!(said.contains("missing field"), "{kind}: {said}");
                }
            }
            assert!(
                matches!(of("transmute"), Err(MessageError::Newer(kind)) if kind == "transmute")
            );
            assert!(matches!(of("Not A Type"), Err(MessageError::Form(_))));
            let odd = ["", "{}", "[]", "5", r#"{"type":7}"#, r#"{"type":"#];
            for body in odd {
                assert!(
                    matches!(M::from_body(body), Err(MessageError::Form(_))),
                    "{body}"
                );
            }
        }
        check::<FeedMessage>();
        check::<IngestMessage>();
        check::<RegistryMessage>();
        check::<ScanMessage>();
        check::<ScoreMessage>();
        check::<NotifyMessage>();
    }

    #[test]
    fn bodies_name_the_tenant_first_and_ids_derive_from_content() {
        let tenant: TenantId = "acme".parse().unwrap();
        let message = ScanMessage::Place {
            tenant: tenant.clone(),
            place: "host/db-1".parse().unwrap(),
            rematch: false,
        };
        let sent = message.to_message().unwrap();
        assert_eq!(
            sent.body,
            r#"{"type":"place","tenant":"acme","place":"host/db-1"}"#
        );
        assert!(sent.id.starts_with("acme/"), "{}", sent.id);
        assert_eq!(sent.id, message.to_message().unwrap().id);
        assert_eq!(ScanMessage::from_body(&sent.body).unwrap(), message);

        let other = ScanMessage::Place {
            tenant: "other".parse().unwrap(),
            place: "host/db-1".parse().unwrap(),
            rematch: false,
        };
        assert_ne!(other.to_message().unwrap().id, sent.id);
        let longest: TenantId = "x".repeat(128).parse().unwrap();
        let fold = ScoreMessage::Fold { tenant: longest };
        assert!(fold.to_message().unwrap().id.len() <= 128);
    }
}
