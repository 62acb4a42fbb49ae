//! A meter over any platform: what each operation of a port asks of it, in the units that the cloud bills.
//!
//! Every platform is counted by the cloud's rules ([`rules`]), so that a laptop tells what the same work would cost
//! there. Counting is a few additions to atomic numbers. What it does not see: items whose time to live has passed (they
//! are read and left out below), and the former size of an item that is replaced or deleted, unless asked to look
//! ([`Meter::looking`]); without that the size of the new one counts, and one unit for a deletion.

mod blobs;
mod keys;
mod queue;
mod rules;
mod table;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::ports::Platform;

/// A port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Port {
    /// Records.
    Table,
    /// Documents.
    Blobs,
    /// Messages.
    Queue,
    /// Keys.
    Keys,
}

impl Port {
    /// Its name, such as `table`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Blobs => "blobs",
            Self::Queue => "queue",
            Self::Keys => "keys",
        }
    }
}

macro_rules! operations {
    ($($name:ident $port:ident $text:literal $doc:literal;)+) => {
        /// An operation of a port.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Operation {
            $(#[doc = $doc] $name,)+
        }

        impl Operation {
            /// Every operation.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The port that it belongs to.
            #[must_use]
            pub fn port(self) -> Port {
                match self { $(Self::$name => Port::$port,)+ }
            }

            /// Its name among those of its port, such as `get`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }
        }
    };
}

operations! {
    Get Table "get" "One item.";
    GetMany Table "get_many" "Items under keys.";
    Put Table "put" "One item is stored.";
    Delete Table "delete" "One item is deleted.";
    Query Table "query" "A page of a partition.";
    QueryIndex Table "query_index" "A page of an index, with its items.";
    Transact Table "transact" "Writes together.";
    WriteBatch Table "write_batch" "Writes at once.";
    PutBlob Blobs "put" "A blob is stored.";
    GetBlob Blobs "get" "A blob.";
    GetBlobRange Blobs "get_range" "A part of a blob.";
    HeadBlob Blobs "head" "What is known of a blob.";
    DeleteBlob Blobs "delete" "A blob is deleted.";
    ListBlobs Blobs "list" "A page of a list.";
    UploadUrl Blobs "upload_url" "A ticket, with the upload that it is for.";
    DownloadUrl Blobs "download_url" "An address, with the download that it is for.";
    OpenFile Blobs "open_file" "A blob as a file.";
    Send Queue "send" "Messages are sent.";
    Receive Queue "receive" "Messages are received.";
    Ack Queue "ack" "A message is done.";
    Extend Queue "extend" "A message stays hidden, or comes again.";
    DeadLetter Queue "dead_letter" "A message is given up.";
    ListDead Queue "list_dead" "A page of dead letters.";
    GatherDead Queue "gather_dead" "What the service gave up is put among the dead letters.";
    Redrive Queue "redrive" "Dead letters are sent again.";
    PurgeDead Queue "purge_dead" "Dead letters are forgotten.";
    Depth Queue "depth" "How many messages there are.";
    SigningKey Keys "signing_key" "A key to sign with.";
    MacKey Keys "mac_key" "A key of authentication codes.";
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.port().as_str(), self.as_str())
    }
}

/// What was asked of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// Calls of the port.
    pub calls: u64,
    /// Calls which ended in an error; a condition that does not hold is one.
    pub failures: u64,
    /// Requests that the cloud bills: one or several for a call, none for what is decided here.
    pub requests: u64,
    /// Read units of the table, in halves: an eventually consistent read of up to 4 KiB is one half.
    pub read_half_units: u64,
    /// Write units of the table and its indexes.
    pub write_units: u64,
    /// Bytes of content that were sent.
    pub sent_bytes: u64,
    /// Bytes of content that were received, or announced where they come as a stream.
    pub received_bytes: u64,
    /// Time that calls took, in microseconds.
    pub took_us: u64,
}

impl Count {
    fn combine(self, other: Self, by: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            calls: by(self.calls, other.calls),
            failures: by(self.failures, other.failures),
            requests: by(self.requests, other.requests),
            read_half_units: by(self.read_half_units, other.read_half_units),
            write_units: by(self.write_units, other.write_units),
            sent_bytes: by(self.sent_bytes, other.sent_bytes),
            received_bytes: by(self.received_bytes, other.received_bytes),
            took_us: by(self.took_us, other.took_us),
        }
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        self.combine(other, u64::saturating_add)
    }

    /// What came since an earlier count.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        self.combine(earlier, u64::saturating_sub)
    }
}

/// All counts at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    counts: Vec<(Operation, Count)>,
}

impl Snapshot {
    /// Each operation with its count, in the order of [`Operation::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (Operation, Count)> + '_ {
        self.counts.iter().copied()
    }

    /// The count of one operation.
    #[must_use]
    pub fn of(&self, operation: Operation) -> Count {
        self.sum(|one| one == operation)
    }

    /// The count of a port.
    #[must_use]
    pub fn port(&self, port: Port) -> Count {
        self.sum(|one| one.port() == port)
    }

    fn sum(&self, which: impl Fn(Operation) -> bool) -> Count {
        let some = self.iter().filter(|(operation, _)| which(*operation));
        some.fold(Count::default(), |sum, (_, count)| sum.plus(count))
    }

    /// What came since an earlier moment.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let counts = self.iter().zip(earlier.iter());
        Self {
            counts: counts
                .map(|((operation, now), (_, then))| (operation, now.since(then)))
                .collect(),
        }
    }
}

#[derive(Debug, Default)]
struct Counters {
    calls: AtomicU64,
    failures: AtomicU64,
    requests: AtomicU64,
    read_half_units: AtomicU64,
    write_units: AtomicU64,
    sent_bytes: AtomicU64,
    received_bytes: AtomicU64,
    took_us: AtomicU64,
}

/// Counts what is asked of a platform. Shared by all its ports; cheap to ask at any time.
#[derive(Debug)]
pub struct Meter {
    counters: Vec<Counters>,
    looks: bool,
}

impl Default for Meter {
    fn default() -> Self {
        Self::new()
    }
}

impl Meter {
    /// A meter at zero.
    #[must_use]
    pub fn new() -> Self {
        Self {
            counters: Operation::ALL.iter().map(|_| Counters::default()).collect(),
            looks: false,
        }
    }

    /// A meter that reads an item before it is replaced or deleted, uncounted, to count the write exactly, and shows no marks
    /// ([`Table::mark`](crate::Table::mark)), which the cloud has not. For measurements; it is not one step with the write.
    #[must_use]
    pub fn looking() -> Self {
        Self {
            looks: true,
            ..Self::new()
        }
    }

    pub(crate) fn is_looking(&self) -> bool {
        self.looks
    }

    /// The counts at this moment.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let read = |number: &AtomicU64| number.load(Ordering::Relaxed);
        let counts = Operation::ALL.iter().zip(&self.counters);
        Snapshot {
            counts: counts
                .map(|(operation, counters)| {
                    let count = Count {
                        calls: read(&counters.calls),
                        failures: read(&counters.failures),
                        requests: read(&counters.requests),
                        read_half_units: read(&counters.read_half_units),
                        write_units: read(&counters.write_units),
                        sent_bytes: read(&counters.sent_bytes),
                        received_bytes: read(&counters.received_bytes),
                        took_us: read(&counters.took_us),
                    };
                    (*operation, count)
                })
                .collect(),
        }
    }

    /// Adds one call with what it cost.
    fn add(&self, operation: Operation, begun: Instant, failed: bool, cost: Count) {
        let at = Operation::ALL.iter().position(|one| *one == operation);
        let Some(counters) = at.and_then(|at| self.counters.get(at)) else {
            return;
        };
        let add = |number: &AtomicU64, by: u64| {
            if by > 0 {
                number.fetch_add(by, Ordering::Relaxed);
            }
        };
        let took_us = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        add(&counters.calls, 1);
        add(&counters.failures, u64::from(failed));
        add(&counters.requests, cost.requests);
        add(&counters.read_half_units, cost.read_half_units);
        add(&counters.write_units, cost.write_units);
        add(&counters.sent_bytes, cost.sent_bytes);
        add(&counters.received_bytes, cost.received_bytes);
        add(&counters.took_us, took_us);
    }
}

/// The same platform with every call of its ports counted.
#[must_use]
pub fn metered(platform: Platform, meter: Arc<Meter>) -> Platform {
    Platform {
        table: Arc::new(table::MeteredTable {
            inner: platform.table,
            meter: Arc::clone(&meter),
        }),
        blobs: Arc::new(blobs::MeteredBlobs {
            inner: platform.blobs,
            meter: Arc::clone(&meter),
        }),
        queue: Arc::new(queue::MeteredQueue {
            inner: platform.queue,
            meter: Arc::clone(&meter),
        }),
        clock: platform.clock,
        keys: Arc::new(keys::MeteredKeys {
            inner: platform.keys,
            meter,
        }),
        uploads: platform.uploads,
        lake: platform.lake,
    }
}

#[cfg(test)]
mod tests;
