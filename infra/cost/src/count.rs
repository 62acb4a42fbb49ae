//! What one event asks of the services, in the units that they bill.

use std::collections::BTreeMap;

use platform::meter::{Operation, Port, Snapshot};
use serde::{Deserialize, Serialize};

macro_rules! counts {
    ($($(#[$doc:meta])+ $name:ident,)+) => {
        /// Counts of one function for one event. Not whole where an event is one of many.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct Counts {
            $($(#[$doc])+ #[serde(skip_serializing_if = "is_zero")] pub $name: f64,)+
        }

        impl Counts {
            /// Both together.
            #[must_use]
            pub fn plus(self, other: Self) -> Self {
                Self { $($name: self.$name + other.$name,)+ }
            }

            /// So many times as much.
            #[must_use]
            pub fn times(self, factor: f64) -> Self {
                Self { $($name: self.$name * factor,)+ }
            }

            /// Each count with its name.
            pub fn each(&self) -> impl Iterator<Item = (&'static str, f64)> {
                [$((stringify!($name), self.$name),)+].into_iter()
            }

            /// To a thousandth, so that what is checked in is readable.
            #[must_use]
            pub fn rounded(self) -> Self {
                Self { $($name: (self.$name * 1000.0).round() / 1000.0,)+ }
            }
        }
    };
}

counts! {
    /// HTTP requests to the API.
    http_requests,
    /// Bytes of the answers' bodies and heads.
    answer_bytes,
    /// Messages that the function was given.
    messages,
    /// Requests that send messages.
    sends,
    /// Requests to the table.
    table_requests,
    /// Read units, strongly consistent.
    read_units,
    /// Write units.
    write_units,
    /// Requests that store or list blobs.
    blob_writes,
    /// Requests that read blobs.
    blob_reads,
    /// Bytes of blobs that were stored.
    stored_bytes,
    /// Bytes of blobs that were read.
    read_bytes,
    /// Requests to the key service.
    key_requests,
    /// Processor time in milliseconds, as far as it is not spent waiting for the platform.
    compute_ms,
}

fn is_zero(number: &f64) -> bool {
    *number == 0.0
}

/// A whole number for arithmetic with prices: none here is above 2^53.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of one event are far below 2^53"
)]
pub(crate) fn float(number: u64) -> f64 {
    number as f64
}

impl Counts {
    /// What a meter saw, without what is not told by it.
    pub(crate) fn of(seen: &Snapshot) -> Self {
        let table = seen.port(Port::Table);
        let requests = |operation| float(seen.of(operation).requests);
        let blobs = seen.port(Port::Blobs);
        let writes = requests(Operation::PutBlob)
            + requests(Operation::ListBlobs)
            + requests(Operation::UploadUrl);
        let reads = requests(Operation::GetBlob)
            + requests(Operation::GetBlobRange)
            + requests(Operation::HeadBlob)
            + requests(Operation::OpenFile);
        Self {
            sends: requests(Operation::Send),
            table_requests: float(table.requests),
            read_units: float(table.read_half_units) / 2.0,
            write_units: float(table.write_units),
            blob_writes: writes,
            blob_reads: reads,
            stored_bytes: float(blobs.sent_bytes),
            read_bytes: float(blobs.received_bytes),
            key_requests: float(seen.port(Port::Keys).requests),
            ..Self::default()
        }
    }
}

/// An event: what each function does for it.
pub type Event = BTreeMap<String, Counts>;

/// Both events together.
#[must_use]
pub fn plus(one: &Event, other: &Event) -> Event {
    let mut sum = one.clone();
    for (function, counts) in other {
        let known = sum.entry(function.clone()).or_default();
        *known = known.plus(*counts);
    }
    sum
}

/// An event so many times.
#[must_use]
pub fn times(event: &Event, factor: f64) -> Event {
    let scaled = event.iter();
    scaled
        .map(|(function, counts)| (function.clone(), counts.times(factor)))
        .collect()
}
