//! An executable's sections and where its addresses lie in the file, whatever its format.

use crate::{analyzers::AnalyzerError, bytes::Order, content::Content};

use super::{elf, macho, pe};

/// Sections and segments of one executable. Real programs have some dozens.
pub(super) const MAX_SECTIONS: usize = 4096;
/// Where UPX leaves its mark.
const PACKED_HEAD_BYTES: usize = 1024;

/// The formats of executables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Elf,
    Pe,
    MachO,
}

impl Format {
    /// The format by the first bytes.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x7f, b'E', b'L', b'F', ..] => Some(Self::Elf),
            [b'M', b'Z', ..] => Some(Self::Pe),
            [0xcf | 0xce, 0xfa, 0xed, 0xfe, ..] => Some(Self::MachO),
            _ => None,
        }
    }
}

/// A named part of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) name: String,
    pub(super) offset: u64,
    pub(super) size: u64,
}

/// Where addresses lie in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) address: u64,
    pub(super) offset: u64,
    pub(super) size: u64,
    pub(super) writable: bool,
}

/// What a format's reader found.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) order: Order,
    /// The address from which a PE file counts places; zero for other formats.
    pub(super) base: u64,
    pub(super) sections: Vec<Section>,
    pub(super) segments: Vec<Segment>,
}

/// An opened executable.
pub(super) struct Binary<'a> {
    content: &'a mut Content,
    pub(super) format: Format,
    pub(super) layout: Layout,
}

impl<'a> Binary<'a> {
    /// Reads the headers; nothing when it is no executable.
    pub(super) fn open(content: &'a mut Content) -> Result<Option<Self>, AnalyzerError> {
        let mut head = [0; 4];
        if content.len() < 64 {
            return Ok(None);
        }
        content.read_exact_at(0, &mut head)?;
        let Some(format) = Format::of(&head) else {
            return Ok(None);
        };
        let layout = match format {
            Format::Elf => elf::layout(content)?,
            Format::Pe => pe::layout(content)?,
            Format::MachO => macho::layout(content)?,
        };
        Ok(layout.map(|layout| Self {
            content,
            format,
            layout,
        }))
    }

    /// The section of this name.
    pub(super) fn section(&self, name: &str) -> Option<&Section> {
        self.layout
            .sections
            .iter()
            .find(|section| section.name == name)
    }

    /// The first writable part of memory that has bytes in the file.
    pub(super) fn data(&self) -> Option<Segment> {
        self.layout
            .segments
            .iter()
            .copied()
            .find(|segment| segment.writable && segment.size > 0)
    }

    /// Bytes at an offset of the file, fewer than `size` where it ends.
    pub(super) fn read(&mut self, offset: u64, size: u64) -> Result<Vec<u8>, AnalyzerError> {
        read(self.content, offset, size)
    }

    /// The offset of an address, and how many bytes follow it there.
    pub(super) fn offset_of(&self, address: u64) -> Option<(u64, u64)> {
        self.layout.segments.iter().find_map(|segment| {
            let within = address.checked_sub(segment.address)?;
            let left = segment.size.checked_sub(within).filter(|left| *left > 0)?;
            Some((segment.offset.checked_add(within)?, left))
        })
    }

    /// Whether UPX packed it: its mark lies behind the headers.
    pub(super) fn is_packed(&mut self) -> Result<bool, AnalyzerError> {
        let head = self.read(0, PACKED_HEAD_BYTES as u64)?;
        Ok(head.windows(4).any(|window| window == b"UPX!"))
    }
}

/// Bytes at an offset, fewer where the file ends.
pub(super) fn read(
    content: &mut Content,
    offset: u64,
    size: u64,
) -> Result<Vec<u8>, AnalyzerError> {
    let held = content.len().saturating_sub(offset).min(size);
    let mut bytes = vec![0; usize::try_from(held).unwrap_or(0)];
    content.read_exact_at(offset, &mut bytes)?;
    Ok(bytes)
}

/// What a table that lies outside of the file is called.
pub(super) fn damaged(what: &str) -> AnalyzerError {
    AnalyzerError::Corrupt(format!("the executable's {what} is damaged"))
}
