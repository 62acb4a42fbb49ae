//! Reads the blobs of one table out of an SQLite database file, page by page.
//!
//! A reader of our own, because the file is a stranger's: nothing but this walk is exposed to it, memory stays at a few
//! pages, and a damaged row costs that row only. Source: SQLite, "Database File Format".

use std::{collections::BTreeSet, io};

use crate::content::Content;

const MAGIC: &[u8; 16] = b"SQLite format 3\0";
const LEAF_TABLE: u8 = 13;
const INTERIOR_TABLE: u8 = 5;
/// SQLite's own trees are at most about 20 deep.
const MAX_DEPTH: usize = 40;
const MAX_SCHEMA_BYTES: u64 = 1 << 20;

/// Why a database could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum SqliteError {
    /// Not an SQLite database.
    #[error("the file is not an SQLite database")]
    NotSqlite,
    /// The table is not there.
    #[error("the database has no table `{0}`")]
    NoTable(String),
    /// The pages contradict one another.
    #[error("the database is damaged: {0}")]
    Damaged(&'static str),
    /// The file ends early or cannot be read.
    #[error("reading a page failed")]
    Read(#[from] io::Error),
}

type Row<'a> = dyn FnMut(i64, Result<&[u8], SqliteError>) + 'a;

/// Calls `each` with the row id and the first blob (at most `max_blob` bytes) of every row of a table.
pub(super) fn for_each_blob(
    content: &mut Content,
    table: &str,
    max_blob: u64,
    each: &mut Row<'_>,
) -> Result<(), SqliteError> {
    let mut database = Database::open(content)?;
    let mut root = None;
    database.walk(1, &mut |database, row| {
        if let Some(row) = row
            && root.is_none()
            && let Ok(record) = database.payload(&row, MAX_SCHEMA_BYTES)
        {
            root = table_root(&record, table);
        }
    })?;
    let root = root.ok_or_else(|| SqliteError::NoTable(table.to_owned()))?;
    database.walk(root, &mut |database, row| {
        let Some(row) = row else {
            each(
                0,
                Err(SqliteError::Damaged("its place in the page is wrong")),
            );
            return;
        };
        match database.payload(&row, max_blob) {
            Ok(record) => {
                let blob = first_blob(&record).ok_or(SqliteError::Damaged("it holds no blob"));
                each(row.id, blob);
            }
            Err(error) => each(row.id, Err(error)),
        }
    })
}

/// A row as its leaf cell has it.
struct Cell {
    id: i64,
    /// Bytes of the whole record.
    size: u64,
    /// The part that lies in the leaf.
    local: Vec<u8>,
    /// First page of the rest.
    overflow: Option<u32>,
}

struct Database<'a> {
    content: &'a mut Content,
    page_bytes: usize,
    usable: usize,
    pages: u64,
    /// Bytes of rows that may still be read. Rows of a sound file do not share pages, so that all of them together are
    /// no larger than the file.
    budget: u64,
}

impl<'a> Database<'a> {
    fn open(content: &'a mut Content) -> Result<Self, SqliteError> {
        let mut head = [0; 100];
        content
            .read_exact_at(0, &mut head)
            .map_err(|_| SqliteError::NotSqlite)?;
        if !head.starts_with(MAGIC) {
            return Err(SqliteError::NotSqlite);
        }
        let page_bytes = match u16_at(&head, 16) {
            Some(1) => 65536,
            Some(size) if size >= 512 && size.is_power_of_two() => usize::from(size),
            _ => return Err(SqliteError::Damaged("the page size is not one")),
        };
        let usable = page_bytes - usize::from(head[20]);
        if usable < 480 {
            return Err(SqliteError::Damaged("the page size is not one"));
        }
        let pages = content.len() / page_bytes as u64;
        Ok(Self {
            budget: content.len().saturating_mul(2),
            content,
            page_bytes,
            usable,
            pages,
        })
    }

    /// A page's bytes, by number from 1.
    fn page(&mut self, number: u32) -> Result<Vec<u8>, SqliteError> {
        if number == 0 || u64::from(number) > self.pages {
            return Err(SqliteError::Damaged("a page lies beyond the end"));
        }
        let mut page = vec![0; self.page_bytes];
        self.content
            .read_exact_at(u64::from(number - 1) * self.page_bytes as u64, &mut page)?;
        Ok(page)
    }

    /// Visits the rows of a table from its root page; nothing stands for a row that could not be found. Every page is visited once at most, so that a tree which bites its
    /// tail ends.
    fn walk(
        &mut self,
        root: u32,
        visit: &mut dyn FnMut(&mut Self, Option<Cell>),
    ) -> Result<(), SqliteError> {
        let mut seen = BTreeSet::new();
        let mut stack = vec![(root, 0_usize)];
        while let Some((number, depth)) = stack.pop() {
            if depth > MAX_DEPTH {
                return Err(SqliteError::Damaged("the tree is too deep"));
            }
            if !seen.insert(number) {
                return Err(SqliteError::Damaged("a page is used twice"));
            }
            let page = self.page(number)?;
            let head = if number == 1 { 100 } else { 0 };
            let damaged = || SqliteError::Damaged("a page is not of a table");
            let kind = *page.get(head).ok_or_else(damaged)?;
            let cells = usize::from(u16_at(&page, head + 3).ok_or_else(damaged)?);
            let pointers_at = match kind {
                LEAF_TABLE => head + 8,
                INTERIOR_TABLE => head + 12,
                _ => return Err(damaged()),
            };
            if kind == INTERIOR_TABLE {
                // Right-most child last in order, thus first on the stack.
                stack.push((u32_at(&page, head + 8).ok_or_else(damaged)?, depth + 1));
            }
            for index in 0..cells {
                // Children are pushed from right to left.
                let index = if kind == INTERIOR_TABLE {
                    cells - 1 - index
                } else {
                    index
                };
                let at = u16_at(&page, pointers_at + index * 2).ok_or_else(damaged)?;
                let cell = page.get(usize::from(at)..).ok_or_else(damaged)?;
                if kind == INTERIOR_TABLE {
                    stack.push((u32_at(cell, 0).ok_or_else(damaged)?, depth + 1));
                } else {
                    let cell = self.cell(cell);
                    visit(self, cell);
                }
            }
        }
        Ok(())
    }

    /// A leaf cell: record size, row id, record or its beginning and the page on which it goes on.
    fn cell(&self, bytes: &[u8]) -> Option<Cell> {
        let (size, used) = varint(bytes)?;
        let size = u64::try_from(size).ok()?;
        let bytes = bytes.get(used..)?;
        let (id, used) = varint(bytes)?;
        let bytes = bytes.get(used..)?;
        let most = self.usable - 35;
        if size <= most as u64 {
            let local = bytes.get(..usize::try_from(size).ok()?)?.to_vec();
            return Some(Cell {
                id,
                size,
                local,
                overflow: None,
            });
        }
        let least = (self.usable - 12) * 32 / 255 - 23;
        let over = (size - least as u64) % (self.usable as u64 - 4);
        let local = least + usize::try_from(over).ok()?;
        let local = if local <= most { local } else { least };
        Some(Cell {
            id,
            size,
            overflow: Some(u32_at(bytes, local)?),
            local: bytes.get(..local)?.to_vec(),
        })
    }

    /// The whole record of a row.
    fn payload(&mut self, cell: &Cell, max: u64) -> Result<Vec<u8>, SqliteError> {
        if cell.size > max || cell.size > self.pages * self.page_bytes as u64 {
            return Err(SqliteError::Damaged("a row is larger than can be"));
        }
        self.budget = self
            .budget
            .checked_sub(cell.size)
            .ok_or(SqliteError::Damaged("rows share pages"))?;
        let size = usize::try_from(cell.size)
            .map_err(|_| SqliteError::Damaged("a row is larger than can be"))?;
        let mut record = cell.local.clone();
        let mut next = cell.overflow;
        while let Some(number) = next {
            let page = self.page(number)?;
            let rest = size - record.len();
            let part = page
                .get(4..self.usable.min(4 + rest))
                .ok_or(SqliteError::Damaged("a page is too short"))?;
            record.extend_from_slice(part);
            // Every page brings bytes, so that the chain ends with the record.
            next = (record.len() < size).then(|| u32_at(&page, 0).unwrap_or(0));
        }
        if record.len() == size {
            Ok(record)
        } else {
            Err(SqliteError::Damaged("a row ends early"))
        }
    }
}

/// Root page of a table from a row of `sqlite_schema` (type, name, tbl_name, rootpage, sql).
fn table_root(record: &[u8], table: &str) -> Option<u32> {
    let columns: Vec<_> = columns(record)?.take(4).collect();
    let [(_, kind), (_, name), _, (_, root)] = columns.get(..4)? else {
        return None;
    };
    if *kind != b"table" || !name.eq_ignore_ascii_case(table.as_bytes()) {
        return None;
    }
    let root = root
        .iter()
        .fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    u32::try_from(root).ok()
}

/// The first column that is a blob.
fn first_blob(record: &[u8]) -> Option<&[u8]> {
    columns(record)?
        .find(|(kind, _)| *kind >= 12 && kind % 2 == 0)
        .map(|(_, value)| value)
}

/// The columns of a record as serial type and bytes.
fn columns(record: &[u8]) -> Option<impl Iterator<Item = (i64, &[u8])>> {
    let (head_bytes, used) = varint(record)?;
    let mut head = record.get(used..usize::try_from(head_bytes).ok()?)?;
    let mut body = record.get(usize::try_from(head_bytes).ok()?..)?;
    Some(std::iter::from_fn(move || {
        let (kind, used) = varint(head)?;
        head = head.get(used..)?;
        let size = match kind {
            0 | 8 | 9 => 0,
            1..=4 => kind,
            5 => 6,
            6 | 7 => 8,
            kind if kind >= 12 => (kind - 12) / 2,
            _ => return None,
        };
        let (value, rest) = body.split_at_checked(usize::try_from(size).ok()?)?;
        body = rest;
        Some((kind, value))
    }))
}

/// A number of one to nine bytes, and how many they were.
fn varint(bytes: &[u8]) -> Option<(i64, usize)> {
    let mut number: u64 = 0;
    for (index, byte) in bytes.iter().take(9).enumerate() {
        if index == 8 {
            return Some((((number << 8) | u64::from(*byte)).cast_signed(), 9));
        }
        number = (number << 7) | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((number.cast_signed(), index + 1));
        }
    }
    None
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}
