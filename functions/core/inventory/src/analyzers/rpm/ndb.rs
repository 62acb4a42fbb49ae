//! Packages in rpm's own `ndb`, the database of SUSE. Source: rpm, `lib/backend/ndb/rpmpkg.cc`.

use super::older::{Each, OlderError, exact};
use crate::{bytes::Order, content::Content};

const MAGIC: &[u8] = b"RpmP";
const SLOT: &[u8] = b"Slot";
const BLOB_START: &[u8] = b"BlbS";
const BLOB_END: &[u8] = b"BlbE";
const HEAD_BYTES: u64 = 32;
const PAGE_BYTES: u64 = 4096;
const SLOT_BYTES: usize = 16;
/// Unit in which places of blobs are counted; also the bytes of a blob's head.
const BLOCK_BYTES: u64 = 16;
const TAIL_BYTES: u64 = 12;
/// Pages of slots, of 256 packages each.
const MAX_SLOT_PAGES: u32 = 4096;

/// Calls `each` with every package header of at most `max_blob` bytes, or why it was not read.
pub(crate) fn for_each_blob(
    content: &mut Content,
    max_blob: u64,
    each: &mut Each<'_>,
) -> Result<(), OlderError> {
    let order = Order::Little;
    let head = exact(content, 0, HEAD_BYTES).map_err(|_| OlderError::Other("ndb"))?;
    if !head.starts_with(MAGIC) {
        return Err(OlderError::Other("ndb"));
    }
    if order.u32(&head, 4) != Some(0) {
        return Err(OlderError::Unsupported(
            "a later version of the database is not read",
        ));
    }
    let pages = order.u32(&head, 12).unwrap_or(0);
    if pages == 0 || pages > MAX_SLOT_PAGES {
        return Err(OlderError::Damaged(
            "the number of its slot pages is not one",
        ));
    }
    let slots = exact(
        content,
        HEAD_BYTES,
        u64::from(pages) * PAGE_BYTES - HEAD_BYTES,
    )?;
    // Blobs of a sound file do not overlap, so that all of them together are no larger than it.
    let mut budget = content.len();
    for slot in slots.chunks_exact(SLOT_BYTES) {
        let number = |at| order.u32(slot, at).map_or(0, u64::from);
        let (package, at, blocks) = (number(4), number(8), number(12));
        if !slot.starts_with(SLOT) {
            return Err(OlderError::Damaged("a slot is not one"));
        }
        if package == 0 {
            continue;
        }
        let bytes = blocks.saturating_mul(BLOCK_BYTES);
        let Some(left) = budget.checked_sub(bytes) else {
            return Err(OlderError::Damaged("packages overlap"));
        };
        budget = left;
        match blob(content, package, at * BLOCK_BYTES, bytes, max_blob) {
            Ok(blob) => each(package, Ok(&blob)),
            Err(error) => each(package, Err(error)),
        }
    }
    Ok(())
}

fn blob(
    content: &mut Content,
    package: u64,
    at: u64,
    bytes: u64,
    max_blob: u64,
) -> Result<Vec<u8>, OlderError> {
    let order = Order::Little;
    let head = exact(content, at, BLOCK_BYTES)?;
    let length = order.u32(&head, 12).map_or(0, u64::from);
    if !head.starts_with(BLOB_START) || order.u32(&head, 4).map(u64::from) != Some(package) {
        return Err(OlderError::Damaged(
            "a slot leads to something else than its package",
        ));
    }
    if length > max_blob || length + BLOCK_BYTES + TAIL_BYTES > bytes {
        return Err(OlderError::Damaged("a package is larger than its place"));
    }
    let tail = exact(content, at + bytes - TAIL_BYTES, TAIL_BYTES)?;
    if !tail.ends_with(BLOB_END) {
        return Err(OlderError::Damaged(
            "a package does not end where it should",
        ));
    }
    exact(content, at + BLOCK_BYTES, length)
}
