//! Handing the spool over to the gateway, in the order it came.

use schemas::agent::{Envelope, EnvelopeBatch, EnvelopesReply, ReceiptStatus};
use std::collections::BTreeSet;

use super::{EntryName, Spool};
use crate::{
    cycle::Boot,
    uplink::{MAX_BODY_BYTES, Uplink, UplinkError},
};

/// Most envelopes of one batch.
const MAX_BATCH: usize = 100;

/// What became of the envelopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drained {
    /// Now the gateway's.
    pub delivered: usize,
    /// Kept, because the gateway does not understand them yet.
    pub kept: usize,
    /// Refused and set aside.
    pub refused: usize,
}

/// Hands over everything that is held now.
///
/// # Errors
/// The gateway did not answer; what it acknowledged until then is forgotten, the rest is kept.
pub async fn drain(spool: &Spool, uplink: &Uplink, boot: &Boot) -> Result<Drained, UplinkError> {
    let mut drained = Drained::default();
    let mut left: BTreeSet<EntryName> = spool.held().entries.keys().cloned().collect();
    let mut batch_max = MAX_BATCH;
    while !left.is_empty() {
        let (names, mut envelopes) = spool.batch(&mut left, batch_max);
        if envelopes.is_empty() {
            continue;
        }
        // What was seen by a clock that ran ahead, before the server's time was known, was not seen later than now. Told
        // as it was it would be refused.
        let now = uplink.clock().now();
        for envelope in &mut envelopes {
            envelope.observed_at = envelope.observed_at.min(now);
        }
        let batch = EnvelopeBatch { envelopes };
        match uplink.send_envelopes(&batch).await {
            Ok(reply) => spool.settle(&names, &batch, &reply, boot, &mut drained),
            Err(UplinkError::Refused { status, .. })
                if batch.envelopes.len() > 1 && splits(status) =>
            {
                // One of them spoils the batch: find it by halves.
                batch_max = (batch.envelopes.len() / 2).max(1);
                left.extend(names);
                continue;
            }
            // As the receipt of the same name says.
            Err(UplinkError::Refused {
                status, ref kind, ..
            }) if splits(status) && kind == "/problems/unsupported-version" => {
                for (name, envelope) in names.iter().zip(&batch.envelopes) {
                    spool.renumber(name, envelope, boot);
                    drained.kept += 1;
                }
            }
            Err(UplinkError::Refused {
                status,
                kind,
                detail,
            }) if splits(status) => {
                for name in &names {
                    spool.set_aside(name, &format!("status {status}, {kind}: {detail}"));
                    drained.refused += 1;
                }
            }
            Err(error) => return Err(error),
        }
        batch_max = batch_max.saturating_mul(2).min(MAX_BATCH);
    }
    Ok(drained)
}

/// Whether a refusal is about the content, so that a part of it may be welcome.
fn splits(status: u16) -> bool {
    matches!(status, 400 | 413 | 422)
}

impl Spool {
    /// Takes the next envelopes off `left`, the oldest first, bounded in number and size. Damaged ones are set aside.
    fn batch(&self, left: &mut BTreeSet<EntryName>, max: usize) -> (Vec<EntryName>, Vec<Envelope>) {
        let (mut names, mut envelopes, mut bytes) = (Vec::new(), Vec::new(), 0_u64);
        while let Some(name) = left.first() {
            let Some(size) = self.held().entries.get(name).copied() else {
                // A newer one took its place meanwhile.
                left.pop_first();
                continue;
            };
            // Compressed one by one they are larger than together, so a batch of this size is safely within bounds.
            bytes = bytes.saturating_add(size);
            if !names.is_empty() && (names.len() >= max || bytes > MAX_BODY_BYTES as u64 / 4) {
                break;
            }
            let Some(name) = left.pop_first() else { break };
            match self.load(&name) {
                Ok(envelope) => {
                    names.push(name);
                    envelopes.push(envelope);
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => self.set_aside(&name, &format!("the file is damaged: {error}")),
            }
        }
        (names, envelopes)
    }

    /// Does with each envelope what its receipt says. Those without a receipt are kept.
    fn settle(
        &self,
        names: &[EntryName],
        batch: &EnvelopeBatch,
        reply: &EnvelopesReply,
        boot: &Boot,
        drained: &mut Drained,
    ) {
        for (name, envelope) in names.iter().zip(&batch.envelopes) {
            let receipt = reply
                .receipts
                .iter()
                .find(|receipt| receipt.boot_id == envelope.boot_id && receipt.seq == envelope.seq);
            match receipt.map(|receipt| receipt.status) {
                Some(ReceiptStatus::Accepted | ReceiptStatus::Duplicate) => {
                    self.remove(&mut self.held(), name);
                    drained.delivered += 1;
                }
                Some(ReceiptStatus::Refused) => {
                    let detail = receipt.and_then(|receipt| receipt.detail.as_deref());
                    self.set_aside(name, detail.unwrap_or("the gateway gave no reason"));
                    drained.refused += 1;
                }
                Some(ReceiptStatus::UnsupportedVersion) => {
                    self.renumber(name, envelope, boot);
                    drained.kept += 1;
                }
                Some(ReceiptStatus::Unknown) | None => drained.kept += 1,
            }
        }
    }

    /// Gives an envelope of an earlier run, which the gateway has not stored, a number of this run: envelopes of two runs
    /// sent in turns would look like a copied key.
    fn renumber(&self, name: &EntryName, envelope: &Envelope, boot: &Boot) {
        if envelope.boot_id == boot.id() {
            return;
        }
        let mut renumbered = envelope.clone();
        (renumbered.boot_id, renumbered.seq) = boot.next();
        let mut held = self.held();
        let new = name.moved_to(held.next);
        let written = super::write(&renumbered).and_then(|bytes| {
            crate::state::write_durably(&self.path(&new), &bytes)?;
            Ok(bytes.len() as u64)
        });
        match written {
            Ok(size) => {
                held.next = held.next.saturating_add(1);
                held.bytes = held.bytes.saturating_add(size);
                held.entries.insert(new, size);
                self.remove(&mut held, name);
            }
            Err(error) => tracing::warn!(%error, "an envelope of an earlier run keeps its number"),
        }
    }
}
