//! Sections and segments of Mach-O files. Source: Apple, `mach-o/loader.h`.

use super::binary::{Layout, MAX_SECTIONS, Section, Segment, read};
use crate::{
    analyzers::AnalyzerError,
    bytes::{Order, c_string},
    content::Content,
};

/// Bytes of all load commands.
const MAX_COMMANDS_BYTES: u64 = 1 << 20;
const SEGMENT: u32 = 1;
const SEGMENT_64: u32 = 0x19;
const WRITE: u32 = 2;

/// The layout of a little-endian program of one architecture.
pub(super) fn layout(content: &mut Content) -> Result<Option<Layout>, AnalyzerError> {
    let head = read(content, 0, 32)?;
    let wide = head.first() == Some(&0xcf);
    let order = Order::Little;
    let bytes = u64::from(order.u32(&head, 20).unwrap_or(0)).min(MAX_COMMANDS_BYTES);
    let commands = read(content, if wide { 32 } else { 28 }, bytes)?;
    let mut layout = Layout {
        order,
        base: 0,
        sections: Vec::new(),
        segments: Vec::new(),
    };
    let mut rest = commands.as_slice();
    while let (Some(kind), Some(size)) = (order.u32(rest, 0), order.u32(rest, 4)) {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let Some((command, after)) = rest.split_at_checked(size).filter(|_| size >= 8) else {
            break;
        };
        if kind == if wide { SEGMENT_64 } else { SEGMENT } {
            segment(command, wide, &mut layout);
        }
        if layout.sections.len() > MAX_SECTIONS {
            return Err(AnalyzerError::Limit(format!(
                "the executable has more than {MAX_SECTIONS} sections"
            )));
        }
        rest = after;
    }
    Ok(Some(layout))
}

fn segment(command: &[u8], wide: bool, layout: &mut Layout) -> Option<()> {
    let order = layout.order;
    let bytes = if wide { 8 } else { 4 };
    let word = |at: usize| order.word(command, at, wide);
    // Name, then address, size in memory, offset, size in the file, highest and first protection, number of sections.
    layout.segments.push(Segment {
        address: word(24)?,
        offset: word(24 + 2 * bytes)?,
        size: word(24 + 3 * bytes)?,
        writable: order.u32(command, 24 + 4 * bytes + 4)? & WRITE != 0,
    });
    let count = usize::try_from(order.u32(command, 24 + 4 * bytes + 8)?).ok()?;
    let section_bytes = if wide { 80 } else { 68 };
    for section in command
        .get(24 + 4 * bytes + 16..)?
        .chunks_exact(section_bytes)
        .take(count)
    {
        layout.sections.push(Section {
            name: String::from_utf8_lossy(c_string(section.get(..16)?)).into_owned(),
            size: order.word(section, 32 + bytes, wide)?,
            offset: u64::from(order.u32(section, 32 + 2 * bytes)?),
        });
    }
    Some(())
}
