//! Reading one shard.

use std::{
    sync::OnceLock,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

use schemas::advisory::Ecosystem;
use sha2::{Digest as _, Sha256};

use super::{
    ShardError, ShardKind,
    codec::{Corrupt, Reader, StoredIntel, open_block, read_intel, read_row},
    format::{FORMAT, HEADER_LEN, MAGIC, page_checksum},
    map::ShardRead,
};
use crate::row::{EcosystemRef, StoredRow};

/// Largest directory and page that is read, in bytes: bounds what a damaged file can ask for.
const MAX_PIECE_BYTES: u64 = 1 << 30;

/// One opened shard. Looking a name up reads one slice of the file, once.
pub struct Shard {
    file: String,
    bytes: Box<dyn ShardRead>,
    kind: ShardKind,
    ecosystem: Ecosystem,
    names: u64,
    rows: u64,
    pages: Vec<Page>,
    /// Bytes that were read: the header, the directory, and each page that was looked into, once.
    read: AtomicU64,
}

struct Page {
    first: Box<str>,
    offset: u64,
    len: usize,
    checksum: [u8; 8],
    /// Whether the checksum of a page in memory was found right.
    verified: AtomicBool,
    /// The page, where it is read by ranges.
    loaded: OnceLock<Box<[u8]>>,
}

impl std::fmt::Debug for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shard")
            .field("file", &self.file)
            .field("ecosystem", &self.ecosystem)
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

/// The rows of one name: a block of a shard.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a> {
    pub(crate) name: &'a str,
    pub(crate) bytes: &'a [u8],
}

impl Shard {
    /// Opens a shard: reads and checks its header and directory.
    ///
    /// # Errors
    /// [`ShardError`], naming the file.
    pub fn open(file: &str, bytes: Box<dyn ShardRead>) -> Result<Self, ShardError> {
        let corrupt = |what| ShardError::Corrupt {
            file: file.to_owned(),
            what,
        };
        let read = |offset: u64, len: usize| -> Result<Vec<u8>, ShardError> {
            let mut piece = vec![0; len];
            bytes
                .read_at(offset, &mut piece)
                .map_err(|source| ShardError::Read {
                    file: file.to_owned(),
                    source,
                })?;
            Ok(piece)
        };
        if bytes.len() < HEADER_LEN as u64 {
            return Err(corrupt("it is shorter than a header"));
        }
        let header = read(0, HEADER_LEN)?;
        let mut reader = Reader::new(&header);
        let short = |_: Corrupt| corrupt("its header is cut");
        if &reader.array::<8>().map_err(short)? != MAGIC {
            return Err(corrupt("it is not a shard"));
        }
        let form = u32::from_le_bytes(reader.array().map_err(short)?);
        if form != FORMAT {
            return Err(ShardError::OtherVersion {
                file: file.to_owned(),
                found: form,
                known: FORMAT,
            });
        }
        let kind = match u32::from_le_bytes(reader.array().map_err(short)?) {
            0 => ShardKind::Advisories,
            1 => ShardKind::Intel,
            _ => return Err(corrupt("it is of an unknown kind")),
        };
        let mut number = || -> Result<u64, ShardError> {
            Ok(u64::from_le_bytes(reader.array().map_err(short)?))
        };
        let (offset, len, names, rows) = (number()?, number()?, number()?, number()?);
        let in_file = offset >= HEADER_LEN as u64
            && len <= MAX_PIECE_BYTES
            && offset.checked_add(len) == Some(bytes.len());
        if !in_file {
            return Err(corrupt("it is cut, or its header is wrong"));
        }
        let directory = read(offset, usize::try_from(len).unwrap_or(0))?;
        let (told, checksum) = header.split_at(HEADER_LEN - 32);
        let found = Sha256::new()
            .chain_update(told)
            .chain_update(&directory)
            .finalize();
        if found.as_slice() != checksum {
            return Err(corrupt("the checksum of its directory is wrong"));
        }
        let (ecosystem, pages) = read_directory(&directory, offset)
            .map_err(|_| corrupt("its directory is malformed"))?;
        Ok(Self {
            file: file.to_owned(),
            bytes,
            kind,
            ecosystem,
            names,
            rows,
            pages,
            read: AtomicU64::new((HEADER_LEN as u64).saturating_add(len)),
        })
    }

    /// What it holds.
    #[must_use]
    pub fn kind(&self) -> ShardKind {
        self.kind
    }

    /// The ecosystem and release that it is about.
    #[must_use]
    pub fn ecosystem(&self) -> &Ecosystem {
        &self.ecosystem
    }

    /// Number of names.
    #[must_use]
    pub fn names(&self) -> u64 {
        self.names
    }

    /// How many bytes of it were read so far.
    #[must_use]
    pub fn read_bytes(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    fn corrupt(&self, what: &'static str) -> ShardError {
        ShardError::Corrupt {
            file: self.file.clone(),
            what,
        }
    }

    /// A page whose checksum is right.
    fn page<'s>(&'s self, page: &'s Page) -> Result<&'s [u8], ShardError> {
        const WRONG: &str = "the checksum of a page is wrong";
        if let Some(all) = self.bytes.as_slice() {
            let piece = usize::try_from(page.offset)
                .ok()
                .and_then(|start| all.get(start..))
                .and_then(|rest| rest.get(..page.len))
                .ok_or_else(|| self.corrupt("a page lies outside of it"))?;
            if !page.verified.load(Ordering::Acquire) {
                if page_checksum(piece) != page.checksum {
                    return Err(self.corrupt(WRONG));
                }
                if !page.verified.swap(true, Ordering::AcqRel) {
                    self.read.fetch_add(page.len as u64, Ordering::Relaxed);
                }
            }
            return Ok(piece);
        }
        if let Some(piece) = page.loaded.get() {
            return Ok(piece);
        }
        let mut piece = vec![0; page.len];
        self.bytes
            .read_at(page.offset, &mut piece)
            .map_err(|source| ShardError::Read {
                file: self.file.clone(),
                source,
            })?;
        if page_checksum(&piece) != page.checksum {
            return Err(self.corrupt(WRONG));
        }
        Ok(page.loaded.get_or_init(|| {
            self.read.fetch_add(page.len as u64, Ordering::Relaxed);
            piece.into_boxed_slice()
        }))
    }

    /// The block of this name.
    pub(crate) fn block(&self, name: &str) -> Result<Option<Block<'_>>, ShardError> {
        let after = self.pages.partition_point(|page| *page.first <= *name);
        let Some(page) = after.checked_sub(1).and_then(|index| self.pages.get(index)) else {
            return Ok(None);
        };
        let mut reader = Reader::new(self.page(page)?);
        while !reader.is_empty() {
            let block = self.entry(&mut reader)?;
            match block.name.cmp(name) {
                std::cmp::Ordering::Less => {}
                std::cmp::Ordering::Equal => return Ok(Some(block)),
                std::cmp::Ordering::Greater => break,
            }
        }
        Ok(None)
    }

    fn entry<'s>(&self, reader: &mut Reader<'s>) -> Result<Block<'s>, ShardError> {
        let read = |reader: &mut Reader<'s>| -> Result<Block<'s>, Corrupt> {
            Ok(Block {
                name: reader.text()?,
                bytes: reader.bytes()?,
            })
        };
        read(reader).map_err(|_| self.corrupt("a page is malformed"))
    }

    /// Every block, in order of names.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = Result<Block<'_>, ShardError>> {
        self.pages.iter().flat_map(move |page| {
            let (mut reader, mut failed) = match self.page(page) {
                Ok(bytes) => (Reader::new(bytes), None),
                Err(error) => (Reader::new(&[]), Some(error)),
            };
            std::iter::from_fn(move || {
                if let Some(error) = failed.take() {
                    return Some(Err(error));
                }
                if reader.is_empty() {
                    return None;
                }
                let entry = self.entry(&mut reader);
                if entry.is_err() {
                    reader = Reader::new(&[]);
                }
                Some(entry)
            })
        })
    }

    /// The rows of a block.
    pub(crate) fn rows_of<'s>(
        &'s self,
        block: Block<'s>,
    ) -> Result<Vec<StoredRow<'s>>, ShardError> {
        let ecosystem = EcosystemRef {
            name: &self.ecosystem.name,
            release: self.ecosystem.release.as_deref(),
        };
        let read = || -> Result<Vec<StoredRow<'s>>, Corrupt> {
            let mut reader = Reader::new(block.bytes);
            let (texts, count) = open_block(&mut reader)?;
            (0..count)
                .map(|_| read_row(&mut reader, &texts, ecosystem, block.name))
                .collect()
        };
        if self.kind != ShardKind::Advisories {
            return Err(self.corrupt("it holds facts about vulnerabilities, not advisories"));
        }
        read().map_err(|_| self.corrupt("a block of rows is malformed"))
    }

    /// The facts of a block.
    pub(crate) fn intel_of<'s>(
        &'s self,
        block: Block<'s>,
    ) -> Result<Vec<StoredIntel<'s>>, ShardError> {
        let read = || -> Result<Vec<StoredIntel<'s>>, Corrupt> {
            let mut reader = Reader::new(block.bytes);
            let (texts, count) = open_block(&mut reader)?;
            (0..count)
                .map(|_| read_intel(&mut reader, &texts, block.name))
                .collect()
        };
        if self.kind != ShardKind::Intel {
            return Err(self.corrupt("it holds advisories, not facts about vulnerabilities"));
        }
        read().map_err(|_| self.corrupt("a block of facts is malformed"))
    }

    /// The rows about one package, empty when there are none.
    ///
    /// # Errors
    /// [`ShardError`] when the page cannot be read or is damaged.
    pub fn lookup(&self, package: &str) -> Result<Vec<StoredRow<'_>>, ShardError> {
        match self.block(package)? {
            Some(block) => self.rows_of(block),
            None => Ok(Vec::new()),
        }
    }

    /// All names in bytewise order, for listings and tests; reads the whole shard.
    ///
    /// # Errors
    /// [`ShardError`] when a page cannot be read or is damaged.
    pub fn all_names(&self) -> Result<Vec<&str>, ShardError> {
        self.blocks().map(|block| Ok(block?.name)).collect()
    }
}

fn read_directory(bytes: &[u8], end: u64) -> Result<(Ecosystem, Vec<Page>), Corrupt> {
    let mut reader = Reader::new(bytes);
    let name = reader.text()?.to_owned();
    let release = Some(reader.text()?).filter(|release| !release.is_empty());
    let ecosystem = Ecosystem {
        name,
        release: release.map(str::to_owned),
    };
    let count = reader.count()?;
    let mut pages = Vec::with_capacity(count);
    let mut offset = HEADER_LEN as u64;
    for _ in 0..count {
        let first = reader.text()?.into();
        let len = reader.integer()?;
        let checksum = reader.array()?;
        let next = offset.checked_add(len).ok_or(Corrupt)?;
        if next > end || len > MAX_PIECE_BYTES {
            return Err(Corrupt);
        }
        pages.push(Page {
            first,
            offset,
            len: usize::try_from(len).map_err(|_| Corrupt)?,
            checksum,
            verified: AtomicBool::new(false),
            loaded: OnceLock::new(),
        });
        offset = next;
    }
    match offset == end && reader.is_empty() {
        true => Ok((ecosystem, pages)),
        false => Err(Corrupt),
    }
}
