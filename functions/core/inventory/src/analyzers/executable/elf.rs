//! Sections and segments of ELF files. Source: System V ABI, "Object Files"; elf(5).

use super::binary::{Layout, MAX_SECTIONS, Section, Segment, damaged, read};
use crate::{
    analyzers::AnalyzerError,
    bytes::{Order, c_string},
    content::Content,
};

const EXECUTABLE: u16 = 2;
const SHARED: u16 = 3;
const LOAD: u32 = 1;
const WRITE: u32 = 2;
/// Section type of what has no bytes in the file.
const NO_BITS: u32 = 8;
/// Bytes of the table of section names.
const MAX_NAMES_BYTES: u64 = 1 << 20;

/// The layout; nothing for objects, core dumps and forms that no program has.
pub(super) fn layout(content: &mut Content) -> Result<Option<Layout>, AnalyzerError> {
    let head = read(content, 0, 64)?;
    let wide = match head.get(4) {
        Some(1) => false,
        Some(2) => true,
        _ => return Ok(None),
    };
    let order = match head.get(5) {
        Some(1) => Order::Little,
        Some(2) => Order::Big,
        _ => return Ok(None),
    };
    let bad = || damaged("header");
    if !matches!(order.u16(&head, 16), Some(EXECUTABLE | SHARED)) {
        return Ok(None);
    }
    let word = |at: usize| order.word(&head, at, wide).ok_or_else(bad);
    let half = |at: usize| order.u16(&head, at).ok_or_else(bad);
    let (segments_at, sections_at, counts) = if wide {
        (word(32)?, word(40)?, 54)
    } else {
        (word(28)?, word(32)?, 42)
    };
    let (segment_bytes, segment_count) = (half(counts)?, half(counts + 2)?);
    let (section_bytes, section_count, names) =
        (half(counts + 4)?, half(counts + 6)?, half(counts + 8)?);
    Ok(Some(Layout {
        order,
        base: 0,
        segments: segments(
            content,
            order,
            wide,
            (segments_at, segment_bytes, segment_count),
        )?,
        sections: sections(
            content,
            order,
            wide,
            (sections_at, section_bytes, section_count),
            names,
        )?,
    }))
}

/// Where a table begins, the bytes of an entry, and the number of entries.
type Table = (u64, u16, u16);

fn entries(
    content: &mut Content,
    (at, bytes, count): Table,
    least: u16,
) -> Result<Vec<u8>, AnalyzerError> {
    if at == 0 || count == 0 {
        return Ok(Vec::new());
    }
    if bytes < least {
        return Err(damaged("header"));
    }
    if usize::from(count) > MAX_SECTIONS {
        return Err(AnalyzerError::Limit(format!(
            "the executable has more than {MAX_SECTIONS} sections or segments"
        )));
    }
    read(content, at, u64::from(bytes) * u64::from(count))
}

fn segments(
    content: &mut Content,
    order: Order,
    wide: bool,
    table: Table,
) -> Result<Vec<Segment>, AnalyzerError> {
    let bytes = entries(content, table, if wide { 56 } else { 32 })?;
    let segment = |entry: &[u8]| {
        if order.u32(entry, 0)? != LOAD {
            return None;
        }
        let word = |at| order.word(entry, at, wide);
        Some(if wide {
            Segment {
                writable: order.u32(entry, 4)? & WRITE != 0,
                offset: word(8)?,
                address: word(16)?,
                size: word(32)?,
            }
        } else {
            Segment {
                offset: word(4)?,
                address: word(8)?,
                size: word(16)?,
                writable: order.u32(entry, 24)? & WRITE != 0,
            }
        })
    };
    Ok(bytes
        .chunks_exact(usize::from(table.1).max(1))
        .filter_map(segment)
        .collect())
}

fn sections(
    content: &mut Content,
    order: Order,
    wide: bool,
    table: Table,
    names: u16,
) -> Result<Vec<Section>, AnalyzerError> {
    let bytes = entries(content, table, if wide { 64 } else { 40 })?;
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    let section = |entry: &[u8]| -> Option<(u32, u32, u64, u64)> {
        let word = |at| order.word(entry, at, wide);
        let (offset, size) = if wide {
            (word(24)?, word(32)?)
        } else {
            (word(16)?, word(20)?)
        };
        Some((order.u32(entry, 0)?, order.u32(entry, 4)?, offset, size))
    };
    let all: Vec<_> = bytes
        .chunks_exact(usize::from(table.1).max(1))
        .filter_map(section)
        .collect();
    let names = match all.get(usize::from(names)) {
        Some((_, _, offset, size)) => read(content, *offset, (*size).min(MAX_NAMES_BYTES))?,
        None => Vec::new(),
    };
    Ok(all
        .into_iter()
        .filter(|(_, kind, _, _)| *kind != NO_BITS)
        .filter_map(|(name, _, offset, size)| {
            let name = names.get(usize::try_from(name).ok()?..)?;
            Some(Section {
                // No wanted name is longer.
                name: String::from_utf8_lossy(c_string(name.get(..64).unwrap_or(name)))
                    .into_owned(),
                offset,
                size,
            })
        })
        .collect())
}
