//! Reads BoltDB files, the key-value store that containerd keeps its metadata in: buckets within buckets, each a B+ tree
//! of pages. Source of the format: go.etcd.io/bbolt, `internal/common/{page,meta,inode,bucket}.go`; all numbers are
//! little-endian, as every machine that containerd runs on writes them.
//!
//! A file that is damaged, or written while it is read, gives an error and never a panic, an endless walk or memory
//! without bound: every byte that is read or copied counts against one budget.

use std::{
    cell::Cell,
    collections::{HashSet, VecDeque},
    io::{self, Read, Seek, SeekFrom},
};

/// Bytes of a page's header: id, flags, count, overflow.
const PAGE_HEADER: usize = 16;
/// Bytes of an element of a branch or leaf page.
const ELEMENT: usize = 16;
/// Bytes of a bucket's header within its value: root page, sequence.
const BUCKET_HEADER: usize = 16;
const MAGIC: u32 = 0xED0C_DAED;
const VERSION: u32 = 2;
const BRANCH: u16 = 0x01;
const LEAF: u16 = 0x02;
/// Flag of a leaf's element whose value is a bucket.
const IS_BUCKET: u32 = 0x01;
/// Pages larger than this are not of this format.
const MAX_PAGE_SIZE: u32 = 64 << 10;
/// Bytes of one page with its overflow.
const MAX_PAGE_BYTES: u64 = 16 << 20;
/// Bytes that are read and copied for every byte of the file before it must lead in a circle or tell the same twice: a
/// search goes over a bucket's pages once for every name that it looks for, and copies what it finds.
const MAX_COST: u64 = 16;
/// Bytes that are read and copied at most, of however large a file. The metadata of ten thousand images is some 100 MB.
const MAX_COST_BYTES: u64 = 4 << 30;
/// Bytes of the beginning that may hold both meta pages.
const HEAD_BYTES: u64 = 2 * MAX_PAGE_SIZE as u64;

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum BoltError {
    /// The file system did not give it.
    #[error("reading it failed")]
    Read(#[source] io::Error),
    /// It is something else, or its beginning is damaged.
    #[error("it is no BoltDB file, or both of its meta pages are damaged")]
    NotBolt,
    /// A part of it contradicts the rest.
    #[error("page {page} is damaged: {what}")]
    Damaged {
        /// The page.
        page: u64,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The walk went over more pages than a real file has.
    #[error("its pages lead on without end")]
    Endless,
}

/// The state of a file as one of its meta pages describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Meta {
    page_size: u32,
    root: u64,
    transaction: u64,
}

/// A file that was opened.
pub(super) struct Bolt<F> {
    file: std::cell::RefCell<F>,
    meta: Meta,
    /// Bytes that may still be read and copied.
    budget: Cell<u64>,
}

/// A bucket: a tree with its root in a page of its own, or a small one within its parent's value.
pub(super) struct Bucket<'b, F> {
    bolt: &'b Bolt<F>,
    place: Place,
}

#[derive(Clone)]
enum Place {
    Page(u64),
    Inline(Vec<u8>),
}

/// What a bucket holds under a key.
pub(super) enum Item<'b, F> {
    Value(Vec<u8>),
    Bucket(Bucket<'b, F>),
}

impl<F: Read + Seek> Bolt<F> {
    pub(super) fn open(mut file: F) -> Result<Self, BoltError> {
        let meta = newest(&mut file)?;
        let bytes = file.seek(SeekFrom::End(0)).map_err(BoltError::Read)?;
        Ok(Self {
            file: std::cell::RefCell::new(file),
            meta,
            budget: Cell::new(bytes.saturating_mul(MAX_COST).min(MAX_COST_BYTES)),
        })
    }

    /// Whether nothing was committed since it was opened, so that what was read belongs together.
    pub(super) fn is_unchanged(&self) -> Result<bool, BoltError> {
        Ok(newest(&mut *self.file.borrow_mut())? == self.meta)
    }

    pub(super) fn root(&self) -> Bucket<'_, F> {
        Bucket {
            bolt: self,
            place: Place::Page(self.meta.root),
        }
    }

    /// Counts what is read or copied.
    fn charge(&self, bytes: u64) -> Result<(), BoltError> {
        let left = self.budget.get().checked_sub(bytes);
        self.budget.set(left.ok_or(BoltError::Endless)?);
        Ok(())
    }

    /// A page with what overflows from it.
    fn page(&self, id: u64) -> Result<Vec<u8>, BoltError> {
        let damaged = |what| BoltError::Damaged { page: id, what };
        let size = u64::from(self.meta.page_size);
        let at = id
            .checked_mul(size)
            .ok_or(damaged("its number is too large"))?;
        let mut file = self.file.borrow_mut();
        file.seek(SeekFrom::Start(at)).map_err(BoltError::Read)?;
        let mut page = Vec::new();
        (&mut *file)
            .take(size)
            .read_to_end(&mut page)
            .map_err(BoltError::Read)?;
        let number = number(&page, 0, 8).ok_or(damaged("the file ends before it"))?;
        if number != id {
            return Err(damaged("it has another page's number"));
        }
        let overflow = self::number(&page, 12, 4).ok_or(damaged("it is cut"))?;
        let whole = overflow
            .checked_add(1)
            .and_then(|pages| pages.checked_mul(size))
            .filter(|whole| *whole <= MAX_PAGE_BYTES)
            .ok_or(damaged("it is too large"))?;
        self.charge(whole)?;
        (&mut *file)
            .take(whole - size)
            .read_to_end(&mut page)
            .map_err(BoltError::Read)?;
        Ok(page)
    }
}

impl<'b, F: Read + Seek> Bucket<'b, F> {
    /// The bucket of this name within it.
    pub(super) fn bucket(&self, name: &[u8]) -> Result<Option<Bucket<'b, F>>, BoltError> {
        let mut found = None;
        self.each(&mut |key, item| {
            if key == name
                && let Item::Bucket(bucket) = item
            {
                found = Some(bucket);
            }
        })?;
        Ok(found)
    }

    /// Calls `visit` with everything it holds, in no order.
    pub(super) fn each(&self, visit: &mut dyn FnMut(&[u8], Item<'b, F>)) -> Result<(), BoltError> {
        let mut waiting = VecDeque::new();
        // A page belongs to a tree once; one that comes again would be walked for ever.
        let mut known = HashSet::new();
        match &self.place {
            Place::Page(id) => waiting.push_back(*id),
            Place::Inline(page) => self.leaf(0, page, visit)?,
        }
        while let Some(id) = waiting.pop_front() {
            let page = self.bolt.page(id)?;
            let damaged = |what| BoltError::Damaged { page: id, what };
            let flags = number(&page, 8, 2).ok_or(damaged("it is cut"))?;
            if flags & u64::from(LEAF) != 0 {
                self.leaf(id, &page, visit)?;
            } else if flags & u64::from(BRANCH) != 0 {
                let count = count(&page).ok_or(damaged("it is cut"))?;
                for element in 0..count {
                    let at = PAGE_HEADER + element * ELEMENT;
                    let child = number(&page, at + 8, 8).ok_or(damaged("an element is cut"))?;
                    if !known.insert(child) {
                        return Err(damaged("it names a page twice"));
                    }
                    waiting.push_back(child);
                }
            } else {
                return Err(damaged("it is neither a branch nor a leaf"));
            }
        }
        Ok(())
    }

    fn leaf(
        &self,
        id: u64,
        page: &[u8],
        visit: &mut dyn FnMut(&[u8], Item<'b, F>),
    ) -> Result<(), BoltError> {
        let damaged = |what| BoltError::Damaged { page: id, what };
        let count = count(page).ok_or(damaged("it is cut"))?;
        for element in 0..count {
            let at = PAGE_HEADER + element * ELEMENT;
            let field = |offset| number(page, at + offset, 4).ok_or(damaged("an element is cut"));
            let (flags, position) = (field(0)?, field(4)?);
            let (key_size, value_size) = (field(8)?, field(12)?);
            let key = slice(page, at as u64 + position, key_size)
                .ok_or(damaged("a key lies outside of it"))?;
            let value = slice(page, at as u64 + position + key_size, value_size)
                .ok_or(damaged("a value lies outside of it"))?;
            self.bolt.charge(ELEMENT as u64 + key_size + value_size)?;
            let item = if flags & u64::from(IS_BUCKET) == 0 {
                Item::Value(value.to_vec())
            } else {
                let root = number(value, 0, 8).ok_or(damaged("a bucket is cut"))?;
                let place = match root {
                    0 => Place::Inline(value.get(BUCKET_HEADER..).unwrap_or_default().to_vec()),
                    root => Place::Page(root),
                };
                Item::Bucket(Bucket {
                    bolt: self.bolt,
                    place,
                })
            };
            visit(key, item);
        }
        Ok(())
    }
}

/// The meta page of the last commit: there are two, written in turn, so that one is always whole.
fn newest<F: Read + Seek>(file: &mut F) -> Result<Meta, BoltError> {
    file.seek(SeekFrom::Start(0)).map_err(BoltError::Read)?;
    let mut head = Vec::new();
    file.take(HEAD_BYTES)
        .read_to_end(&mut head)
        .map_err(BoltError::Read)?;
    let first = meta(&head, 0);
    // Where the first is damaged, the second is looked for where pages of any size would begin.
    let sizes: Vec<usize> = match first {
        Some(meta) => vec![meta.page_size as usize],
        None => (9..=16).map(|power| 1 << power).collect(),
    };
    sizes
        .into_iter()
        .filter_map(|at| meta(&head, at).filter(|meta| meta.page_size as usize == at))
        .chain(first)
        .max_by_key(|meta| meta.transaction)
        .ok_or(BoltError::NotBolt)
}

fn meta(head: &[u8], page: usize) -> Option<Meta> {
    let at = page + PAGE_HEADER;
    let body = head.get(at..at + 56)?;
    if number(body, 0, 4)? != u64::from(MAGIC) || number(body, 4, 4)? != u64::from(VERSION) {
        return None;
    }
    if number(head, at + 56, 8)? != fnv64a(body) {
        return None;
    }
    let page_size = u32::try_from(number(body, 8, 4)?).ok()?;
    (page_size.is_power_of_two() && (512..=MAX_PAGE_SIZE).contains(&page_size)).then_some(Meta {
        page_size,
        root: number(body, 16, 8)?,
        transaction: number(body, 48, 8)?,
    })
}

/// The checksum of a meta page. Source: FNV-1a, 64 bits, RFC 9923.
fn fnv64a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

fn count(page: &[u8]) -> Option<usize> {
    usize::try_from(number(page, 10, 2)?).ok()
}

/// A little-endian number of up to eight bytes.
fn number(bytes: &[u8], at: usize, size: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(size)?)?;
    Some(
        bytes
            .iter()
            .rev()
            .fold(0, |number, byte| number << 8 | u64::from(*byte)),
    )
}

fn slice(bytes: &[u8], at: u64, size: u64) -> Option<&[u8]> {
    let at = usize::try_from(at).ok()?;
    bytes.get(at..at.checked_add(usize::try_from(size).ok()?)?)
}

#[cfg(test)]
mod tests;
