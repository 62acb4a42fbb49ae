//! The queue: messages between functions, at least once, in no order.
//!
//! What is promised: a message whose send succeeded is delivered at least once, perhaps more often,
//! perhaps twice at the same time, in any order, until it is acknowledged or becomes a dead letter.
//! A dead letter stays, with its reason, until it is replayed or purged.

use async_trait::async_trait;

use super::Source;

/// Largest message body, in bytes (one billing unit).
pub const MAX_MESSAGE_BYTES: usize = 64 * 1024;
/// Most messages that one request of an adapter carries; `send` splits longer lists, by bytes too.
pub const MAX_BATCH_MESSAGES: usize = 10;
/// Most bytes that one request of an adapter carries.
pub const MAX_BATCH_BYTES: usize = 256 * 1024;
/// Longest delay of a message, in seconds.
pub const MAX_DELAY_S: u32 = 900;
/// Longest visibility time-out, in seconds (12 hours).
pub const MAX_VISIBILITY_S: u32 = 12 * 60 * 60;
/// Longest wait of a receive, in seconds.
pub const MAX_WAIT_S: u32 = 20;
/// Longest message id, in bytes.
pub const MAX_ID_BYTES: usize = 128;
/// Longest queue name, in bytes.
pub const MAX_NAME_BYTES: usize = 64;
/// Most messages that one [`Queue::gather_dead`] puts among the dead letters.
pub const MAX_GATHERED: u64 = 500;
/// Longest reason of a dead letter, in bytes; longer ones are cut.
pub const MAX_REASON_BYTES: usize = 1024;

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Derived from the content by the sender: the same content has the same id, so that receivers can
    /// recognise a repetition. 1 to 128 printable ASCII characters without spaces.
    pub id: String,
    /// 1 to 65,536 bytes of characters which XML 1.0 allows.
    pub body: String,
    /// Not delivered before this many seconds have passed, up to 900.
    pub delay_s: u32,
    /// The trace context that it belongs to (W3C `traceparent`), at most 55 bytes of it; the adapter takes the sender's
    /// ([`crate::trace::current`]) where there is none. It is no part of what a message says.
    pub trace: Option<String>,
}

impl Message {
    /// A message without delay.
    pub fn new(id: impl Into<String>, body: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            body: body.into(),
            delay_s: 0,
            trace: None,
        }
    }
}

/// A message that was not sent.
#[derive(Debug)]
pub struct SendFailure {
    /// Which of the messages given, from 0.
    pub at: usize,
    /// Its id.
    pub id: String,
    /// Why.
    pub error: QueueError,
}

/// How to receive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receive {
    /// Most messages, 1 to 10. Fewer may come although more are waiting.
    pub max: u32,
    /// How long a delivery stays invisible to others, in seconds.
    pub visibility_timeout_s: u32,
    /// How long to wait when nothing is there, in seconds, up to 20; 0 returns at once.
    pub wait_s: u32,
    /// A message that was received this often without an answer becomes a dead letter instead of
    /// being delivered again. A host that knows the error calls [`Queue::dead_letter`] itself at its
    /// last attempt; this catches those which take the host down with them.
    pub max_receives: u32,
}

impl Default for Receive {
    fn default() -> Self {
        Self {
            max: 10,
            visibility_timeout_s: 60,
            wait_s: 0,
            max_receives: 5,
        }
    }
}

/// One delivery of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The queue it came from.
    pub queue: String,
    /// What was sent; its delay is 0 here.
    pub message: Message,
    /// Names this delivery, not the message.
    pub receipt: String,
    /// 1 at the first delivery.
    pub receive_count: u32,
    /// When it was delivered first, in milliseconds since 1970.
    pub first_received_at_ms: u64,
    /// When it was sent, in milliseconds since 1970.
    pub sent_at_ms: u64,
}

/// A message that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// What was sent. Two dead letters with one id are one.
    pub message: Message,
    /// Why it was given up.
    pub reason: String,
    /// How often it had been delivered.
    pub receive_count: u32,
    /// When it was sent, in milliseconds since 1970.
    pub sent_at_ms: u64,
    /// When it was given up, in milliseconds since 1970.
    pub died_at_ms: u64,
}

/// A page of dead letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadPage {
    /// Ordered by message id.
    pub letters: Vec<DeadLetter>,
    /// Where to go on; `None` at the end.
    pub next: Option<String>,
}

/// Which dead letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// Every one of the queue.
    All,
    /// Those with these message ids, up to 100.
    Ids(Vec<String>),
}

/// How many messages there are, approximately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Depth {
    /// Waiting to be received.
    pub ready: u64,
    /// Received and neither acknowledged nor visible again.
    pub in_flight: u64,
    /// Sent with a delay that has not passed.
    pub delayed: u64,
    /// Dead letters; where there are more than a hundred, perhaps only that many.
    pub dead: u64,
}

/// Why the queue did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// Too many requests; repeat later.
    #[error("too many requests at once")]
    Throttled,
    /// Above a limit of the queue.
    #[error("{what} of {size} exceeds the limit of {limit}")]
    TooLarge {
        /// What is too large, with its unit.
        what: &'static str,
        /// How large it is.
        size: usize,
        /// How large it may be.
        limit: usize,
    },
    /// The request can never succeed.
    #[error("invalid request: {0}")]
    Invalid(String),
    /// The store has no room left.
    #[error("the store has no room left")]
    NoRoom(#[source] Source),
    /// The queue could not be reached or failed; whether the request had its effect is unknown.
    #[error("the queue is unavailable")]
    Unavailable(#[source] Source),
}

impl QueueError {
    /// Whether the same request may succeed when it is repeated unchanged.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Throttled | Self::NoRoom(_) | Self::Unavailable(_)
        )
    }
}

/// Messages between functions. Queue names are 1 to 64 of `a–z A–Z 0–9 - _`; a queue exists as soon as
/// it is named.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Sends messages, any number, in requests of at most 10 messages and 256 KiB, and returns those
    /// which were not sent. `Err` means that none is known to have been sent.
    #[must_use = "the messages returned were not sent"]
    async fn send(
        &self,
        queue: &str,
        messages: Vec<Message>,
    ) -> Result<Vec<SendFailure>, QueueError>;

    /// Receives up to 10 messages and hides them from others for the visibility time-out.
    async fn receive(&self, queue: &str, how: Receive) -> Result<Vec<Delivery>, QueueError>;

    /// The work is done: the message goes away. With a receipt whose time-out has passed this succeeds
    /// and may do nothing.
    async fn ack(&self, delivery: &Delivery) -> Result<(), QueueError>;

    /// Hides the delivery for this many seconds from now on, longer or shorter than before.
    async fn extend(&self, delivery: &Delivery, visibility_s: u32) -> Result<(), QueueError>;

    /// Gives the message back, to be delivered again after `delay_s` seconds.
    async fn release(&self, delivery: &Delivery, delay_s: u32) -> Result<(), QueueError> {
        self.extend(delivery, delay_s).await
    }

    /// Gives the message up, with the reason.
    async fn dead_letter(&self, delivery: &Delivery, reason: &str) -> Result<(), QueueError>;

    /// Dead letters by message id, up to `limit` (1 to 100) after `cursor`, which need not be an id. Where a list begins,
    /// without a cursor or with one that ends in `/`, what the service gave up by itself is gathered first.
    async fn list_dead(
        &self,
        queue: &str,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<DeadPage, QueueError>;

    /// Puts what the service beneath gave up by itself among the dead letters, and returns how many messages that were: at
    /// most [`MAX_GATHERED`], so that what is left is for the next time. Where the service gives up nothing by itself, or
    /// keeps dead letters as they are, this is 0.
    async fn gather_dead(&self, queue: &str) -> Result<u64, QueueError>;

    /// Sends dead letters again, with a receive count of 0, and returns how many.
    async fn redrive(&self, queue: &str, which: Which) -> Result<u64, QueueError>;

    /// Forgets dead letters and returns how many.
    async fn purge_dead(&self, queue: &str, which: Which) -> Result<u64, QueueError>;

    /// How many messages there are, approximately.
    async fn depth(&self, queue: &str) -> Result<Depth, QueueError>;
}
