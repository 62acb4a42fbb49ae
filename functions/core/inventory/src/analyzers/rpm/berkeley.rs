//! Packages in a Berkeley DB hash, the rpm database of RHEL 8, Amazon Linux 2 and all that came before.
//! Source: Berkeley DB 5.3, `src/dbinc/db_page.h`; rpm's `lib/backend/bdb_ro.cc` on what the records are.

use std::collections::HashSet;

use super::older::{Each, OlderError, exact};
use crate::{bytes::Order, content::Content};

const HASH_MAGIC: u32 = 0x0006_1561;
const META_BYTES: u64 = 72;
/// Page types: hash pages of old and new, and overflow pages.
const HASH_UNSORTED: u8 = 2;
const HASH: u8 = 13;
const OVERFLOW: u8 = 7;
/// Bytes of a page's head.
const HEAD_BYTES: usize = 26;
/// Item types: in the page, and in a chain of overflow pages.
const IN_PAGE: u8 = 1;
const OFF_PAGE: u8 = 3;
const OFF_PAGE_BYTES: usize = 12;
/// The record that counts instead of holding a package has this many bytes.
const COUNTER_BYTES: usize = 4;

struct Database<'c> {
    content: &'c mut Content,
    order: Order,
    page_bytes: u64,
    pages: u64,
    /// Overflow pages that were read: each belongs to one record.
    used: HashSet<u32>,
}

/// Calls `each` with every package header of at most `max_blob` bytes, or why it was not read.
pub(crate) fn for_each_blob(
    content: &mut Content,
    max_blob: u64,
    each: &mut Each<'_>,
) -> Result<(), OlderError> {
    let mut database = Database::open(content)?;
    for number in 1..database.pages {
        let page = database.page(number)?;
        if !matches!(page.get(25), Some(&(HASH | HASH_UNSORTED))) {
            continue;
        }
        let entries = usize::from(database.order.u16(&page, 20).unwrap_or(0));
        // A key and its record lie next to each other.
        for index in (1..entries).step_by(2) {
            let id = number << 16 | index as u64;
            match database.record(&page, index, max_blob) {
                Ok(Some(record)) => each(id, Ok(&record)),
                Ok(None) => {}
                Err(error) => each(id, Err(error)),
            }
        }
    }
    Ok(())
}

impl<'c> Database<'c> {
    fn open(content: &'c mut Content) -> Result<Self, OlderError> {
        let form = "Berkeley DB";
        let meta = exact(content, 0, META_BYTES).map_err(|_| OlderError::Other(form))?;
        let order = [Order::Little, Order::Big]
            .into_iter()
            .find(|order| order.u32(&meta, 12) == Some(HASH_MAGIC))
            .ok_or(OlderError::Other(form))?;
        if meta.get(24) != Some(&0) {
            return Err(OlderError::Unsupported("the database is encrypted"));
        }
        if meta.get(26).is_some_and(|flags| flags & 1 != 0) {
            return Err(OlderError::Unsupported(
                "a database with checksums in its pages is not read",
            ));
        }
        let page_bytes = order.u32(&meta, 20).unwrap_or(0);
        if !(512..=65536).contains(&page_bytes) || !page_bytes.is_power_of_two() {
            return Err(OlderError::Damaged("the page size is not one"));
        }
        let page_bytes = u64::from(page_bytes);
        let last = u64::from(order.u32(&meta, 32).unwrap_or(0));
        let held = content.len() / page_bytes;
        if held <= last {
            return Err(OlderError::Damaged("it is cut: its last pages are missing"));
        }
        Ok(Self {
            content,
            order,
            page_bytes,
            pages: last + 1,
            used: HashSet::new(),
        })
    }

    fn page(&mut self, number: u64) -> Result<Vec<u8>, OlderError> {
        if number >= self.pages {
            return Err(OlderError::Damaged("a page lies beyond the end"));
        }
        exact(self.content, number * self.page_bytes, self.page_bytes)
    }

    /// The record at an index of a hash page; nothing for the counter.
    fn record(
        &mut self,
        page: &[u8],
        index: usize,
        max_blob: u64,
    ) -> Result<Option<Vec<u8>>, OlderError> {
        let damaged = || OlderError::Damaged("an item lies outside of its page");
        let offset = |index: usize| {
            self.order
                .u16(page, HEAD_BYTES + index * 2)
                .map(usize::from)
        };
        // Items are laid from the end of the page towards its head.
        let start = offset(index).ok_or_else(damaged)?;
        let end = offset(index - 1).ok_or_else(damaged)?;
        let item = page.get(start..end).ok_or_else(damaged)?;
        match item.first() {
            Some(&IN_PAGE) => {
                let bytes = item.get(1..).unwrap_or_default();
                Ok((bytes.len() > COUNTER_BYTES).then(|| bytes.to_vec()))
            }
            Some(&OFF_PAGE) if item.len() >= OFF_PAGE_BYTES => {
                let first = self.order.u32(item, 4).ok_or_else(damaged)?;
                let length = self.order.u32(item, 8).ok_or_else(damaged)?;
                self.chain(first, u64::from(length), max_blob).map(Some)
            }
            _ => Err(OlderError::Damaged(
                "an item is of a kind that rpm does not write",
            )),
        }
    }

    fn chain(&mut self, first: u32, length: u64, max_blob: u64) -> Result<Vec<u8>, OlderError> {
        if length > max_blob || length > self.content.len() {
            return Err(OlderError::Damaged("a record is larger than can be"));
        }
        let length = usize::try_from(length)
            .map_err(|_| OlderError::Damaged("a record is larger than can be"))?;
        let mut record = Vec::new();
        let mut next = first;
        while record.len() < length {
            if next == 0 {
                return Err(OlderError::Damaged("a chain of pages ends early"));
            }
            if !self.used.insert(next) {
                return Err(OlderError::Damaged("a page is used twice"));
            }
            let page = self.page(u64::from(next))?;
            let held = usize::from(self.order.u16(&page, 22).unwrap_or(0));
            let part = page
                .get(HEAD_BYTES..HEAD_BYTES + held)
                .filter(|part| page.get(25) == Some(&OVERFLOW) && !part.is_empty())
                .ok_or(OlderError::Damaged(
                    "a chain leads to a page of another kind",
                ))?;
            let rest = length - record.len();
            record.extend_from_slice(part.get(..rest).unwrap_or(part));
            next = self.order.u32(&page, 16).unwrap_or(0);
        }
        Ok(record)
    }
}
