//! The header of an installed package: an index of tags over a store of values, both big-endian.
//! Source: rpm's description of its header format ("RPM v4 package format").

use super::super::stanza::is_word;

const NAME: u32 = 1000;
const VERSION: u32 = 1001;
const RELEASE: u32 = 1002;
const EPOCH: u32 = 1003;
const ARCH: u32 = 1022;
const SOURCE_RPM: u32 = 1044;
const MODULARITY_LABEL: u32 = 5096;
const VENDOR: u32 = 1011;
const DIR_INDEXES: u32 = 1116;
const BASE_NAMES: u32 = 1117;
const DIR_NAMES: u32 = 1118;

const INT32: u32 = 4;
const STRING: u32 = 6;
const STRING_ARRAY: u32 = 8;
const I18N_STRING: u32 = 9;

/// rpm's own limit on the number of tags.
const MAX_TAGS: usize = 0xffff;

/// Files of one package. The largest known packages have some fifty thousand.
const MAX_FILES: usize = 300_000;

/// The tags that matter.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Header {
    pub(super) name: Option<String>,
    pub(super) version: Option<String>,
    pub(super) release: Option<String>,
    pub(super) epoch: Option<u32>,
    pub(super) arch: Option<String>,
    pub(super) source_rpm: Option<String>,
    pub(super) modularity_label: Option<String>,
    pub(super) vendor: Option<String>,
    pub(super) files: Files,
}

/// The names of a package's files: each a folder's number and a name in it.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Files {
    folders: Vec<String>,
    indexes: Vec<u32>,
    names: Vec<String>,
}

impl Files {
    /// Whether there are more than are read.
    pub(super) fn is_cut(&self) -> bool {
        self.names.len() >= MAX_FILES
    }

    /// Calls `each` with the path of every file, without the leading slash.
    pub(super) fn for_each(&self, each: &mut dyn FnMut(&str)) {
        let mut path = String::new();
        for (name, index) in self.names.iter().zip(&self.indexes) {
            let folder = usize::try_from(*index)
                .ok()
                .and_then(|index| self.folders.get(index));
            if let Some(folder) = folder {
                path.clear();
                path.push_str(folder.trim_start_matches('/'));
                path.push_str(name);
                each(&path);
            }
        }
    }
}

impl Header {
    /// Reads a header without its magic: number of tags, size of the store, 16 bytes per tag (tag, type, offset, count),
    /// the store. Nothing when the sizes contradict the length.
    pub(super) fn read(blob: &[u8]) -> Option<Self> {
        let tags = usize::try_from(word(blob, 0)?).ok()?;
        let store_bytes = usize::try_from(word(blob, 4)?).ok()?;
        if tags > MAX_TAGS {
            return None;
        }
        let store_at = 8 + tags * 16;
        let index = blob.get(8..store_at)?;
        let store = blob.get(store_at..)?.get(..store_bytes)?;
        let mut header = Self::default();
        for entry in index.chunks_exact(16) {
            let (tag, kind) = (word(entry, 0)?, word(entry, 4)?);
            let Some(value) = usize::try_from(word(entry, 8)?)
                .ok()
                .and_then(|offset| store.get(offset..))
            else {
                continue;
            };
            match tag {
                NAME => header.name = text(kind, value),
                VERSION => header.version = text(kind, value),
                RELEASE => header.release = text(kind, value),
                ARCH => header.arch = text(kind, value),
                SOURCE_RPM => header.source_rpm = text(kind, value),
                MODULARITY_LABEL => header.modularity_label = text(kind, value),
                VENDOR => header.vendor = phrase(kind, value),
                DIR_NAMES if kind == STRING_ARRAY => {
                    header.files.folders = texts(value, word(entry, 12)?);
                }
                BASE_NAMES if kind == STRING_ARRAY => {
                    header.files.names = texts(value, word(entry, 12)?);
                }
                DIR_INDEXES if kind == INT32 => {
                    header.files.indexes = numbers(value, word(entry, 12)?);
                }
                EPOCH if kind == INT32 => header.epoch = word(value, 0),
                _ => {}
            }
        }
        Some(header)
    }
}

/// The big-endian number at an offset.
fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..)?.first_chunk::<4>()?;
    Some(u32::from_be_bytes(*bytes))
}

/// The NUL-terminated text at the beginning of a value, if it is a plain word.
fn text(kind: u32, value: &[u8]) -> Option<String> {
    if kind != STRING && kind != I18N_STRING {
        return None;
    }
    let end = value.iter().take(1024).position(|byte| *byte == 0)?;
    let text = std::str::from_utf8(value.get(..end)?).ok()?;
    is_word(text).then(|| text.to_owned())
}

/// A NUL-terminated text with blanks.
fn phrase(kind: u32, value: &[u8]) -> Option<String> {
    if kind != STRING && kind != I18N_STRING {
        return None;
    }
    let end = value.iter().take(256).position(|byte| *byte == 0)?;
    Some(String::from_utf8_lossy(value.get(..end)?).into_owned())
}

/// `count` NUL-terminated texts one after the other, as far as they go.
fn texts(value: &[u8], count: u32) -> Vec<String> {
    let count = usize::try_from(count).map_or(MAX_FILES, |count| count.min(MAX_FILES));
    let mut rest = value;
    let mut texts = Vec::new();
    while texts.len() < count
        && let Some(end) = rest.iter().position(|byte| *byte == 0)
    {
        texts.push(String::from_utf8_lossy(rest.get(..end).unwrap_or_default()).into_owned());
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    texts
}

/// `count` big-endian numbers one after the other, as far as they go.
fn numbers(value: &[u8], count: u32) -> Vec<u32> {
    let count = usize::try_from(count).map_or(MAX_FILES, |count| count.min(MAX_FILES));
    value
        .as_chunks::<4>()
        .0
        .iter()
        .take(count)
        .map(|bytes| u32::from_be_bytes(*bytes))
        .collect()
}
