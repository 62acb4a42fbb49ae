//! The form of a shard file, version 1.
//!
//! | offset | bytes | meaning |
//! |---|---|---|
//! | 0 | 8 | `BHSHARD` and a zero byte |
//! | 8 | 4 | version of the form, 1 |
//! | 12 | 4 | kind: 0 advisories, 1 facts about vulnerabilities |
//! | 16 | 8 | offset of the directory |
//! | 24 | 8 | length of the directory |
//! | 32 | 8 | number of names |
//! | 40 | 8 | number of rows |
//! | 48 | 32 | SHA-256 of bytes 0 to 47 and the directory |
//! | 80 | | pages, one behind the other |
//! | | | the directory, to the end of the file |
//!
//! Integers of the header are little-endian; all others are unsigned LEB128.
//!
//! A page holds entries in bytewise order of their names: name (length, bytes), block (length, bytes); a new page
//! begins when one has reached 8 KiB, so a large block has a page of its own. The directory: the ecosystem's name and
//! release (length, bytes; empty for none), the number of pages, and for each page the name of its first entry
//! (length, bytes), its length, and the first 8 bytes of its SHA-256. Pages lie behind one another from offset 80, so
//! their offsets follow. To look a name up: find its page in the directory, read that one slice, check it, and walk
//! its entries. Blocks are described where they are written (`codec.rs`).

use sha2::{Digest as _, Sha256};

use super::codec::{put, put_bytes};
use super::manifest::ShardKind;
use crate::row::EcosystemRef;

/// The first bytes of a shard.
pub const MAGIC: &[u8; 8] = b"BHSHARD\0";
/// The version of the form that is written and read here.
pub const FORMAT: u32 = 2;
/// Bytes before the first page.
pub const HEADER_LEN: usize = 80;
/// A page is closed when it has reached this many bytes.
const PAGE_BYTES: usize = 8 * 1024;

/// Builds one shard in memory, from entries in bytewise order of their names.
pub(crate) struct ShardWriter {
    kind: ShardKind,
    bytes: Vec<u8>,
    page_start: usize,
    first: Vec<u8>,
    pages: u64,
    directory: Vec<u8>,
    head: Vec<u8>,
    names: u64,
    rows: u64,
}

/// A finished shard.
pub(crate) struct WrittenShard {
    pub(crate) bytes: Vec<u8>,
    pub(crate) names: u64,
    pub(crate) rows: u64,
}

impl ShardWriter {
    pub(crate) fn new(kind: ShardKind, ecosystem: EcosystemRef<'_>) -> Self {
        let mut head = Vec::new();
        put_bytes(&mut head, ecosystem.name.as_bytes());
        put_bytes(&mut head, ecosystem.release.unwrap_or_default().as_bytes());
        Self {
            kind,
            bytes: vec![0; HEADER_LEN],
            page_start: HEADER_LEN,
            first: Vec::new(),
            pages: 0,
            directory: Vec::new(),
            head,
            names: 0,
            rows: 0,
        }
    }

    /// Appends a name's block.
    pub(crate) fn entry(&mut self, name: &str, rows: u64, block: &[u8]) {
        if self.bytes.len() - self.page_start >= PAGE_BYTES {
            self.close_page();
        }
        if self.bytes.len() == self.page_start {
            self.first = name.as_bytes().to_vec();
        }
        put_bytes(&mut self.bytes, name.as_bytes());
        put_bytes(&mut self.bytes, block);
        self.names += 1;
        self.rows += rows;
    }

    fn close_page(&mut self) {
        let page = self.bytes.get(self.page_start..).unwrap_or_default();
        if page.is_empty() {
            return;
        }
        put_bytes(&mut self.directory, &self.first);
        put(&mut self.directory, page.len() as u64);
        self.directory.extend_from_slice(&page_checksum(page));
        self.pages += 1;
        self.page_start = self.bytes.len();
    }

    pub(crate) fn finish(mut self) -> WrittenShard {
        self.close_page();
        let offset = self.bytes.len() as u64;
        let mut directory = self.head;
        put(&mut directory, self.pages);
        directory.extend_from_slice(&self.directory);
        let mut header = Vec::with_capacity(HEADER_LEN);
        header.extend_from_slice(MAGIC);
        header.extend_from_slice(&FORMAT.to_le_bytes());
        let kind: u32 = match self.kind {
            ShardKind::Advisories => 0,
            ShardKind::Intel => 1,
        };
        header.extend_from_slice(&kind.to_le_bytes());
        for number in [offset, directory.len() as u64, self.names, self.rows] {
            header.extend_from_slice(&number.to_le_bytes());
        }
        let checksum = Sha256::new()
            .chain_update(&header)
            .chain_update(&directory)
            .finalize();
        header.extend_from_slice(&checksum);
        for (to, from) in self.bytes.iter_mut().zip(&header) {
            *to = *from;
        }
        self.bytes.extend_from_slice(&directory);
        WrittenShard {
            bytes: self.bytes,
            names: self.names,
            rows: self.rows,
        }
    }
}

/// The checksum of a page.
pub(crate) fn page_checksum(page: &[u8]) -> [u8; 8] {
    let mut checksum = [0; 8];
    for (to, from) in checksum.iter_mut().zip(Sha256::digest(page)) {
        *to = from;
    }
    checksum
}
