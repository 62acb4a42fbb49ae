//! Sections of PE files. Source: Microsoft, "PE Format".

use super::binary::{Layout, Section, Segment, read};
use crate::{
    analyzers::AnalyzerError,
    bytes::{Order, c_string},
    content::Content,
};

/// Bytes of the file's headers, in which all section headers lie.
const MAX_HEAD_BYTES: u64 = 64 << 10;
/// Sections of an image. The loader of Windows takes 96.
const MAX_SECTIONS: usize = 96;
const SECTION_BYTES: usize = 40;
const WRITE: u32 = 0x8000_0000;

/// The layout; nothing when it is a program of DOS or damaged beyond running.
pub(super) fn layout(content: &mut Content) -> Result<Option<Layout>, AnalyzerError> {
    let head = read(content, 0, MAX_HEAD_BYTES)?;
    Ok(sections(&head))
}

fn sections(head: &[u8]) -> Option<Layout> {
    let order = Order::Little;
    let at = usize::try_from(order.u32(head, 0x3c)?).ok()?;
    let coff = head.get(at..)?.strip_prefix(b"PE\0\0")?;
    let count = usize::from(order.u16(coff, 2)?).min(MAX_SECTIONS);
    let optional = usize::from(order.u16(coff, 16)?);
    let base = match order.u16(coff, 20)? {
        0x20b => order.u64(coff, 20 + 24)?,
        _ => u64::from(order.u32(coff, 20 + 28)?),
    };
    let (mut sections, mut segments) = (Vec::new(), Vec::new());
    for header in coff
        .get(20 + optional..)?
        .chunks_exact(SECTION_BYTES)
        .take(count)
    {
        let name = c_string(header.get(..8)?);
        let virtual_size = u64::from(order.u32(header, 8)?);
        let raw_size = u64::from(order.u32(header, 16)?);
        let offset = u64::from(order.u32(header, 20)?);
        // The raw size is padded, and the virtual size counts what has no bytes in the file.
        let size = if virtual_size == 0 {
            raw_size
        } else {
            raw_size.min(virtual_size)
        };
        sections.push(Section {
            name: String::from_utf8_lossy(name).into_owned(),
            offset,
            size,
        });
        segments.push(Segment {
            address: base.checked_add(u64::from(order.u32(header, 12)?))?,
            offset,
            size,
            writable: order.u32(header, 36)? & WRITE != 0,
        });
    }
    Some(Layout {
        order,
        base,
        sections,
        segments,
    })
}
