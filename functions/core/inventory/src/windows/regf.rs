//! Reader of registry hive files (`regf`), for bytes that nobody vouches for.
//!
//! Source: M. Suhanov, "Windows registry file format specification", and, for the layered keys of container layers,
//! its sections on layer semantics and tombstone values. Only what leads to keys and small values is read: key nodes
//! (`nk`), values (`vk`) and lists of subkeys (`li`, `lf`, `lh`, `ri`). Security (`sk`) and class names are not, and
//! neither is big data (`db`), which only holds values above 16,344 bytes: nothing wanted here is as long.
//! Every offset is checked against the file, lists are never followed deeper than two levels, and the number of cells
//! read from one hive is bounded, so that a loop in a hive ends.

use std::{collections::HashMap, io};

use schemas::inventory::{GapReason, HiveValue};

use super::wanted::{Layering, Tree};
use crate::{analyzers::AnalyzerError, content::Content};

/// Bytes of the base block before the first cell's bin.
const BASE_BLOCK: u64 = 4096;
/// Bytes read at once, and how many such blocks are kept.
const PAGE: u64 = 16 * 1024;
const PAGES: usize = 512;
/// Cells read from one hive. The hive of a full server has some 500,000, of which a tenth are wanted.
const MAX_CELLS: u32 = 3_000_000;
/// Bytes copied out of one hive, so that a small file cannot be read over and over.
const MAX_COPIED_BYTES: u64 = 1 << 30;
/// Names longer than this are not of keys or values that are wanted. The kernel's limit is 255 characters for keys.
const MAX_NAME_BYTES: usize = 1024;
/// Values longer than this are not read.
const MAX_VALUE_BYTES: u32 = 8 * 1024;
/// Values of one key. Keys that are wanted have some dozens.
const MAX_VALUES: u32 = 20_000;
/// Subkeys of one key.
const MAX_SUBKEYS: usize = 1_000_000;
/// Memory of the subkeys of one key: those of the key with most, the servicing packages of a full server, take a
/// tenth.
const MAX_CHILDREN_BYTES: usize = 64 << 20;

/// An opened hive.
pub(super) struct Hive<'a> {
    content: &'a mut Content,
    /// Bytes of bins that the file really holds.
    data_bytes: u64,
    /// Bytes of bins that the header promises.
    promised_bytes: u64,
    root: u32,
    dirty: bool,
    checksum_wrong: bool,
    pages: HashMap<u64, Vec<u8>>,
    cells_read: u32,
    copied_bytes: u64,
    /// Cells that could not be read; the rest goes on without them.
    broken: u32,
}

/// A key node.
#[derive(Clone, Debug)]
pub(super) struct Key {
    name: String,
    layering: Layering,
    subkeys: u32,
    subkey_list: u32,
    values: u32,
    value_list: u32,
}

/// Why a cell could not be read.
enum CellError {
    /// It lies outside of the file, is free, or is not what it should be.
    Broken,
    /// The file could not be read, or a limit was reached: nothing more will come.
    Fatal(AnalyzerError),
}

impl From<io::Error> for CellError {
    fn from(error: io::Error) -> Self {
        Self::Fatal(AnalyzerError::Read(error))
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let end = at.checked_add(2)?;
    Some(u16::from_le_bytes(bytes.get(at..end)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let end = at.checked_add(4)?;
    Some(u32::from_le_bytes(bytes.get(at..end)?.try_into().ok()?))
}

impl<'a> Hive<'a> {
    /// Checks the base block.
    pub(super) fn open(content: &'a mut Content) -> Result<Self, AnalyzerError> {
        let mut block = [0_u8; 512];
        if content.len() < BASE_BLOCK {
            return Err(AnalyzerError::Corrupt(
                "the file is shorter than a hive's header".to_owned(),
            ));
        }
        content.read_exact_at(0, &mut block)?;
        if !block.starts_with(b"regf") {
            return Err(AnalyzerError::Corrupt(
                "the file does not begin with `regf`".to_owned(),
            ));
        }
        let word = |at| u32_at(&block, at).unwrap_or(0);
        let (major, minor) = (word(20), word(24));
        if major != 1 || !(3..=6).contains(&minor) || word(28) != 0 {
            return Err(AnalyzerError::Unsupported(format!(
                "a hive of form {major}.{minor} (file type {}) is not read",
                word(28)
            )));
        }
        let mut checksum = (0..508).step_by(4).fold(0, |sum, at| sum ^ word(at));
        checksum = match checksum {
            0 => 1,
            0xffff_ffff => 0xffff_fffe,
            sum => sum,
        };
        let promised_bytes = u64::from(word(40));
        let held = content.len().saturating_sub(BASE_BLOCK);
        Ok(Self {
            data_bytes: promised_bytes.min(held),
            promised_bytes,
            root: word(36),
            dirty: word(4) != word(8),
            checksum_wrong: checksum != word(508),
            pages: HashMap::new(),
            cells_read: 0,
            copied_bytes: 0,
            broken: 0,
            content,
        })
    }

    /// What is doubtful about the file as a whole, known in full only after it was read.
    pub(super) fn complaints(&self) -> Vec<(GapReason, String)> {
        let mut complaints = Vec::new();
        if self.dirty {
            complaints.push((
                GapReason::UnsupportedFormat,
                "the hive was not closed cleanly: changes that are only in its transaction logs (.LOG1, .LOG2) are \
                 not seen. Shut the machine down, or read the running machine instead"
                    .to_owned(),
            ));
        }
        if self.checksum_wrong {
            complaints.push((
                GapReason::Corrupt,
                "the checksum of the hive's header is wrong: it was damaged or changed by hand"
                    .to_owned(),
            ));
        }
        if self.data_bytes < self.promised_bytes {
            complaints.push((
                GapReason::Corrupt,
                format!(
                    "the hive is cut: {} of {} bytes are there",
                    self.data_bytes, self.promised_bytes
                ),
            ));
        }
        if self.broken > 0 {
            complaints.push((
                GapReason::Corrupt,
                format!(
                    "{} records of the hive are damaged; the rest was read",
                    self.broken
                ),
            ));
        }
        complaints
    }

    /// Copies bytes at an offset from the start of the bins.
    fn read(&mut self, mut offset: u64, mut out: &mut [u8]) -> Result<(), CellError> {
        let end = offset.checked_add(out.len() as u64);
        if end.is_none_or(|end| end > self.data_bytes) {
            return Err(CellError::Broken);
        }
        while !out.is_empty() {
            let (page, within) = (offset / PAGE, offset % PAGE);
            if !self.pages.contains_key(&page) {
                let start = page * PAGE;
                let length = self.data_bytes.saturating_sub(start).min(PAGE);
                let mut bytes = vec![0; usize::try_from(length).map_err(|_| CellError::Broken)?];
                self.content.read_exact_at(BASE_BLOCK + start, &mut bytes)?;
                if self.pages.len() >= PAGES {
                    self.pages.clear();
                }
                self.pages.insert(page, bytes);
            }
            let from = usize::try_from(within)
                .ok()
                .and_then(|within| self.pages.get(&page)?.get(within..))
                .filter(|from| !from.is_empty())
                .ok_or(CellError::Broken)?;
            let count = from.len().min(out.len());
            let (now, later) = out.split_at_mut(count);
            now.copy_from_slice(from.get(..count).ok_or(CellError::Broken)?);
            out = later;
            offset += count as u64;
        }
        Ok(())
    }

    /// The first bytes of an allocated cell, at most `max`.
    fn cell(&mut self, offset: u32, max: usize) -> Result<Vec<u8>, CellError> {
        self.cells_read += 1;
        if self.cells_read > MAX_CELLS {
            return Err(CellError::Fatal(AnalyzerError::Limit(format!(
                "the hive has more than {MAX_CELLS} records on the way to the wanted keys"
            ))));
        }
        let mut head = [0; 4];
        self.read(u64::from(offset), &mut head)?;
        // Sizes of allocated cells are negative.
        let size = i32::from_le_bytes(head);
        if size > -8 {
            return Err(CellError::Broken);
        }
        let held = usize::try_from(size.unsigned_abs()).map_err(|_| CellError::Broken)? - 4;
        let mut bytes = vec![0; held.min(max)];
        self.copied_bytes += bytes.len() as u64;
        if self.copied_bytes > MAX_COPIED_BYTES {
            return Err(CellError::Fatal(AnalyzerError::Limit(
                "the hive's lists refer to one another too often".to_owned(),
            )));
        }
        self.read(u64::from(offset) + 4, &mut bytes)?;
        Ok(bytes)
    }

    fn key(&mut self, offset: u32) -> Result<Key, CellError> {
        let cell = self.cell(offset, 76 + MAX_NAME_BYTES)?;
        let field = |at| u32_at(&cell, at).ok_or(CellError::Broken);
        if !cell.starts_with(b"nk") {
            return Err(CellError::Broken);
        }
        let flags = u16_at(&cell, 2).ok_or(CellError::Broken)?;
        let name_bytes = usize::from(u16_at(&cell, 72).ok_or(CellError::Broken)?);
        let name = cell
            .get(76..)
            .and_then(|rest| rest.get(..name_bytes))
            .ok_or(CellError::Broken)?;
        Ok(Key {
            name: text(name, flags & 0x20 != 0),
            // Windows 10 1607 put the layer semantics into the two lowest bits of a byte that was spare before.
            layering: match cell.get(13).map(|bits| bits & 3) {
                Some(1) => Layering::Tombstone,
                Some(2) => Layering::SupersedeLocal,
                Some(3) => Layering::SupersedeTree,
                _ => Layering::Merge,
            },
            subkeys: field(20)?,
            subkey_list: field(28)?,
            values: field(36)?,
            value_list: field(40)?,
        })
    }

    /// Offsets of the keys in a list of subkeys.
    fn subkey_offsets(&mut self, list: u32, may_nest: bool) -> Result<Vec<u32>, CellError> {
        let head = self.cell(list, 4)?;
        let count = usize::from(u16_at(&head, 2).ok_or(CellError::Broken)?);
        let entry_bytes = match head.get(..2) {
            Some(b"lf" | b"lh") => 8,
            Some(b"li") => 4,
            Some(b"ri") if may_nest => 4,
            _ => return Err(CellError::Broken),
        };
        let nested = head.starts_with(b"ri");
        let cell = self.cell(list, 4 + count * entry_bytes)?;
        let mut offsets = Vec::new();
        for entry in cell
            .get(4..)
            .unwrap_or_default()
            .chunks_exact(entry_bytes)
            .take(count)
        {
            let Some(offset) = u32_at(entry, 0) else {
                break;
            };
            if nested {
                if let Some(more) = self.or_broken(|hive| hive.subkey_offsets(offset, false))? {
                    offsets.extend(more);
                }
            } else {
                offsets.push(offset);
            }
            if offsets.len() > MAX_SUBKEYS {
                return Err(CellError::Fatal(AnalyzerError::Limit(format!(
                    "a key has more than {MAX_SUBKEYS} subkeys"
                ))));
            }
        }
        Ok(offsets)
    }

    /// Counts a broken cell and goes on without it.
    fn or_broken<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, CellError>,
    ) -> Result<Option<T>, CellError> {
        match read(self) {
            Ok(value) => Ok(Some(value)),
            Err(CellError::Broken) => {
                self.broken = self.broken.saturating_add(1);
                Ok(None)
            }
            Err(fatal) => Err(fatal),
        }
    }

    /// The same with the error that ends an analysis.
    fn tolerate<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, CellError>,
    ) -> Result<Option<T>, AnalyzerError> {
        self.or_broken(read).map_err(|error| match error {
            CellError::Fatal(error) => error,
            CellError::Broken => AnalyzerError::Corrupt("a record is damaged".to_owned()),
        })
    }

    /// One value of a list, when it is wanted.
    fn value(&mut self, offset: u32, names: &[&str]) -> Result<Option<HiveValue>, CellError> {
        let cell = self.cell(offset, 20 + MAX_NAME_BYTES)?;
        if !cell.starts_with(b"vk") {
            return Err(CellError::Broken);
        }
        let name_bytes = usize::from(u16_at(&cell, 2).ok_or(CellError::Broken)?);
        let flags = u16_at(&cell, 16).ok_or(CellError::Broken)?;
        let Some(name) = cell.get(20..).and_then(|rest| rest.get(..name_bytes)) else {
            // Longer than any wanted name.
            return if name_bytes > MAX_NAME_BYTES {
                Ok(None)
            } else {
                Err(CellError::Broken)
            };
        };
        let name = text(name, flags & 1 != 0);
        let Some(name) = names.iter().find(|known| known.eq_ignore_ascii_case(&name)) else {
            return Ok(None);
        };
        let removed = HiveValue {
            name: (*name).to_owned(),
            data: None,
        };
        // The tombstone of a value in a layer.
        if flags & 2 != 0 {
            return Ok(Some(removed));
        }
        let field = |at| u32_at(&cell, at).ok_or(CellError::Broken);
        let (size, place, kind) = (field(4)?, field(8)?, field(12)?);
        let bytes = if size & 0x8000_0000 != 0 {
            let length = usize::try_from(size & 0x7fff_ffff).unwrap_or(usize::MAX);
            place
                .to_le_bytes()
                .get(..length)
                .ok_or(CellError::Broken)?
                .to_vec()
        } else if size > MAX_VALUE_BYTES {
            return Err(CellError::Broken);
        } else if size == 0 {
            Vec::new()
        } else {
            let length = usize::try_from(size).map_err(|_| CellError::Broken)?;
            let bytes = self.cell(place, length)?;
            if bytes.len() < length {
                return Err(CellError::Broken);
            }
            bytes
        };
        let data = match kind {
            // REG_SZ, REG_EXPAND_SZ
            1 | 2 => text(&bytes, false),
            // REG_DWORD
            4 => u32_at(&bytes, 0).ok_or(CellError::Broken)?.to_string(),
            // REG_QWORD
            11 => bytes
                .as_slice()
                .try_into()
                .map(u64::from_le_bytes)
                .map_err(|_| CellError::Broken)?
                .to_string(),
            _ => return Ok(None),
        };
        Ok(Some(HiveValue {
            data: Some(data),
            ..removed
        }))
    }
}

/// Text up to its first NUL: Latin-1 where it is marked as compressed, else UTF-16LE.
fn text(bytes: &[u8], compressed: bool) -> String {
    let text: String = if compressed {
        bytes.iter().map(|&byte| char::from(byte)).collect()
    } else {
        let units = bytes.chunks_exact(2).map(|pair| {
            u16::from_le_bytes([
                pair.first().copied().unwrap_or(0),
                pair.get(1).copied().unwrap_or(0),
            ])
        });
        char::decode_utf16(units)
            .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect()
    };
    match text.find('\0') {
        Some(end) => text.get(..end).unwrap_or_default().to_owned(),
        None => text,
    }
}

impl Tree for Hive<'_> {
    type Key = Key;

    fn root(&mut self) -> Result<Key, AnalyzerError> {
        let root = self.root;
        self.key(root).map_err(|error| match error {
            CellError::Fatal(error) => error,
            CellError::Broken => {
                AnalyzerError::Corrupt("the hive has no readable root key".to_owned())
            }
        })
    }

    fn children(&mut self, key: &Key) -> Result<Vec<Key>, AnalyzerError> {
        if key.subkeys == 0 || key.subkey_list == u32::MAX {
            return Ok(Vec::new());
        }
        let offsets = self
            .tolerate(|hive| hive.subkey_offsets(key.subkey_list, true))?
            .unwrap_or_default();
        let mut children: Vec<Key> = Vec::new();
        let mut bytes = 0;
        for offset in offsets {
            let Some(child) = self.tolerate(|hive| hive.key(offset))? else {
                continue;
            };
            bytes += size_of::<Key>() + child.name.len();
            if bytes > MAX_CHILDREN_BYTES {
                return Err(AnalyzerError::Limit(format!(
                    "the subkeys of one key take more than {MAX_CHILDREN_BYTES} bytes"
                )));
            }
            children.push(child);
        }
        Ok(children)
    }

    fn values(&mut self, key: &Key, names: &[&str]) -> Result<Vec<HiveValue>, AnalyzerError> {
        if key.values == 0 || key.value_list == u32::MAX {
            return Ok(Vec::new());
        }
        let count = usize::try_from(key.values.min(MAX_VALUES)).unwrap_or(0);
        let list = self
            .tolerate(|hive| hive.cell(key.value_list, count.saturating_mul(4)))?
            .unwrap_or_default();
        let mut values = Vec::new();
        for entry in list.chunks_exact(4) {
            let offset = u32_at(entry, 0).unwrap_or(u32::MAX);
            values.extend(self.tolerate(|hive| hive.value(offset, names))?.flatten());
        }
        Ok(values)
    }

    fn name<'k>(&self, key: &'k Key) -> &'k str {
        &key.name
    }

    fn layering(&self, key: &Key) -> Layering {
        key.layering
    }
}
