//! What each function does on the platform beside receiving its own messages: the permissions of the deployed stack are
//! compared with this list, and the calls that functions really make with those permissions.

use records::messages::{
    FeedMessage, NotifyMessage, QUEUES, QueueMessage as _, RegistryMessage, ScanMessage,
    ScoreMessage,
};

/// How a function uses the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Records {
    /// It does not.
    None,
    /// It reads.
    Read,
    /// It reads and writes.
    Write,
}

/// What a function does on the platform.
///
/// Blobs are given by patterns of paths, where `*` stands for any characters, as in the resources of a policy. The tenant
/// is always `*`: one instance of a function works for all tenants, so that only code (`records`) keeps them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs {
    /// How it uses the table.
    pub records: Records,
    /// Blobs that it reads.
    pub reads: &'static [&'static str],
    /// Blobs that it stores.
    pub writes: &'static [&'static str],
    /// Blobs that it deletes.
    pub deletes: &'static [&'static str],
    /// Queues that it sends to.
    pub sends: &'static [&'static str],
    /// Queues of which it puts what the service gave up by itself among the dead letters, which are records: of those it
    /// needs nothing beside.
    pub gathers: &'static [&'static str],
    /// Whether it signs or opens what is sealed, and so unwraps keys.
    pub keys: bool,
}

/// Shards, manifests and changes of advisories, and the documents they were made from.
const ADVISORIES: &str = "global/feeds/*";

impl Needs {
    const fn none() -> Self {
        Self {
            records: Records::None,
            reads: &[],
            writes: &[],
            deletes: &[],
            sends: &[],
            gathers: &[],
            keys: false,
        }
    }

    pub(crate) const FEED: Self = Self {
        records: Records::Write,
        reads: &[ADVISORIES],
        writes: &[ADVISORIES],
        deletes: &[ADVISORIES],
        // What a download had no time for is asked for by a further message.
        sends: &[FeedMessage::QUEUE, ScanMessage::QUEUE, ScoreMessage::QUEUE],
        ..Self::none()
    };

    pub(crate) const INGEST: Self = Self {
        records: Records::Write,
        reads: &["t/*/envelopes/*"],
        writes: &["t/*/inventories/*"],
        deletes: &["t/*/inventories/*"],
        sends: &[ScanMessage::QUEUE, ScoreMessage::QUEUE],
        ..Self::none()
    };

    pub(crate) const REGISTRY: Self = Self {
        records: Records::Write,
        writes: &["t/*/layers/*"],
        // The layers of a large image, and the parts of a look at a registry, are messages of their own.
        sends: &[RegistryMessage::QUEUE, ScanMessage::QUEUE],
        // Credentials of registries are sealed.
        keys: true,
        ..Self::none()
    };

    pub(crate) const SCAN: Self = Self {
        records: Records::Write,
        // What was found before, where somebody is to be told what changed.
        reads: &[
            ADVISORIES,
            "t/*/findings/*",
            "t/*/inventories/*",
            "t/*/layers/*",
        ],
        writes: &["t/*/findings/*", "t/*/inventories/*"],
        deletes: &["t/*/findings/*", "t/*/inventories/*"],
        // A rematch is a scan of each place that it concerns.
        sends: &[
            NotifyMessage::QUEUE,
            ScanMessage::QUEUE,
            ScoreMessage::QUEUE,
        ],
        ..Self::none()
    };

    pub(crate) const SCORE: Self = Self {
        records: Records::Write,
        reads: &[ADVISORIES, "t/*/estate/*", "t/*/findings/*"],
        writes: &["t/*/estate/*"],
        deletes: &["t/*/estate/*"],
        // The places that a changed exception is about are scored by messages of their own.
        sends: &[ScoreMessage::QUEUE],
        ..Self::none()
    };

    pub(crate) const NOTIFY: Self = Self {
        records: Records::Write,
        // What is tried later is a message to itself.
        sends: &[NotifyMessage::QUEUE],
        keys: true,
        ..Self::none()
    };

    pub(crate) const REFRESH: Self = Self {
        sends: &[FeedMessage::QUEUE],
        ..Self::none()
    };

    pub(crate) const FOLD: Self = Self {
        records: Records::Read,
        sends: &[ScoreMessage::QUEUE],
        ..Self::none()
    };

    pub(crate) const SWEEP: Self = Self {
        gathers: &QUEUES,
        ..Self::none()
    };

    pub(crate) const LOOK: Self = Self {
        records: Records::Read,
        sends: &[RegistryMessage::QUEUE],
        ..Self::none()
    };

    pub(crate) const WATCH: Self = Self {
        records: Records::Read,
        // Each tenant is looked at by a message of its own.
        sends: &[NotifyMessage::QUEUE],
        // Once for all of them, before they are.
        gathers: &QUEUES,
        ..Self::none()
    };

    /// What the API does. Dead letters can be sent again by it, so it sends to every queue.
    pub const API: Self = Self {
        records: Records::Write,
        reads: &[ADVISORIES, "t/*"],
        writes: &[
            "t/*/envelopes/*",
            "t/*/exports/*",
            "t/*/layers/*",
            "t/*/scans/*",
            "t/*/uploads/*",
        ],
        deletes: &["t/*/uploads/*"],
        sends: &QUEUES,
        gathers: &QUEUES,
        keys: true,
    };

    /// What an operator does: setting up the first tenant, and sending dead letters again, of all queues.
    pub const SETUP: Self = Self {
        records: Records::Write,
        sends: &QUEUES,
        gathers: &QUEUES,
        keys: true,
        ..Self::none()
    };
}
