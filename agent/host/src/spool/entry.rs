//! One envelope on disk: JSON compressed with zstd, under a name that tells order, kind and subject without opening it.

use std::{
    fmt,
    io::{self, Read},
};

use schemas::{
    Digest,
    agent::{Envelope, EnvelopeKind},
};

/// What an envelope is about. A newer inventory of the same subject takes the place of an older one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// The host itself.
    Host,
    /// The host's containers.
    Containers,
    /// An image.
    Image(Digest),
    /// An event that stands for itself.
    Event,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host => f.write_str("host"),
            Self::Containers => f.write_str("containers"),
            Self::Image(digest) => write!(f, "image-{}", digest.hex()),
            Self::Event => f.write_str("event"),
        }
    }
}

/// Name of an envelope's file: `ORDER.KIND.SUBJECT.json.zst`. Ordered by when it came.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct EntryName {
    pub(super) order: u64,
    kind: String,
    subject: String,
}

impl EntryName {
    pub(super) fn new(order: u64, kind: EnvelopeKind, subject: &Subject) -> Self {
        Self {
            order,
            kind: kind.as_str().to_owned(),
            subject: subject.to_string(),
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_suffix(".json.zst")?.split('.');
        let (order, kind, subject) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || order.len() != 16 {
            return None;
        }
        Some(Self {
            order: u64::from_str_radix(order, 16).ok()?,
            kind: kind.to_owned(),
            subject: subject.to_owned(),
        })
    }

    /// Whether it may be dropped for want of room. What another version of the agent left behind is not ours to judge.
    pub(super) fn is_telemetry(&self) -> bool {
        matches!(self.kind.as_str(), "activity" | "flows")
    }

    /// Whether a newer inventory of this subject takes its place.
    pub(super) fn replaced_by(&self, subject: &Subject) -> bool {
        self.kind == "inventory"
            && *subject != Subject::Event
            && self.subject == subject.to_string()
    }

    /// The same subject at another place in the order.
    pub(super) fn moved_to(&self, order: u64) -> Self {
        Self {
            order,
            ..self.clone()
        }
    }
}

impl fmt::Display for EntryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:016x}.{}.{}.json.zst",
            self.order, self.kind, self.subject
        )
    }
}

pub(super) fn write(envelope: &Envelope) -> io::Result<Vec<u8>> {
    zstd::bulk::compress(&serde_json::to_vec(envelope)?, 3)
}

pub(super) fn read(bytes: &[u8], limit: usize) -> io::Result<Envelope> {
    let mut json = Vec::new();
    let limit = limit as u64;
    zstd::Decoder::new(bytes)?
        .take(limit.saturating_add(1))
        .read_to_end(&mut json)?;
    if json.len() as u64 > limit {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "the envelope is larger than any envelope",
        ));
    }
    Ok(serde_json::from_slice(&json)?)
}
