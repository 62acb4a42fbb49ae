//! One 512-byte header block.

use super::TarError;

/// Size of a block: headers are one, and content is padded to a multiple.
pub(crate) const BLOCK: usize = 512;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    HardLink,
    Symlink,
    Folder,
    /// Devices, pipes and what no reader knows.
    Other,
    /// A GNU sparse file, whose content is not what is stored.
    Sparse,
    /// Pax records for the next entry.
    Pax,
    /// Pax records for all that follow.
    PaxGlobal,
    /// Name of the next entry.
    LongName,
    /// Link target of the next entry.
    LongLink,
}

/// A header as it stands, before pax records change it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header<'a> {
    pub(super) block: &'a [u8; BLOCK],
    pub(super) kind: Kind,
    /// Bytes of content that follow, without padding.
    pub(super) size: u64,
}

/// What a block is.
pub(super) enum Block<'a> {
    Zero,
    Header(Header<'a>),
}

impl<'a> Block<'a> {
    pub(super) fn read(block: &'a [u8; BLOCK]) -> Result<Self, TarError> {
        if block[0] == 0 && block.iter().all(|byte| *byte == 0) {
            return Ok(Self::Zero);
        }
        if !checksum_holds(block) {
            return Err(TarError::Checksum);
        }
        let kind = match block[156] {
            b'0' | 0 | b'7' => Kind::File,
            b'1' => Kind::HardLink,
            b'2' => Kind::Symlink,
            b'5' => Kind::Folder,
            b'x' => Kind::Pax,
            b'g' => Kind::PaxGlobal,
            b'L' => Kind::LongName,
            b'K' => Kind::LongLink,
            b'S' => Kind::Sparse,
            _ => Kind::Other,
        };
        let size = number(&block[124..136])?;
        // Before POSIX a folder was a file whose name ends with a slash.
        let kind = if kind == Kind::File && text(&block[..100]).ends_with(b"/") {
            Kind::Folder
        } else {
            kind
        };
        Ok(Self::Header(Header { block, kind, size }))
    }
}

impl<'a> Header<'a> {
    /// The name, of prefix and name where the format has both.
    pub(super) fn name(&self, out: &mut Vec<u8>) {
        out.clear();
        // Only POSIX has a prefix ("ustar\0"); GNU ("ustar  \0") has times and sparse maps in its place.
        if &self.block[257..263] == b"ustar\0" && self.block[345] != 0 {
            out.extend_from_slice(text(&self.block[345..500]));
            out.push(b'/');
        }
        out.extend_from_slice(text(&self.block[..100]));
    }

    /// The target of a link.
    pub(super) fn link(&self) -> &'a [u8] {
        text(&self.block[157..257])
    }

    /// Whether its mode lets anybody execute it. A mode that cannot be read lets nobody.
    pub(super) fn is_executable(&self) -> bool {
        number(&self.block[100..108]).is_ok_and(|mode| mode & 0o111 != 0)
    }

    /// Whether blocks with more of the sparse map follow the header of a GNU sparse file.
    pub(super) fn sparse_map_continues(&self) -> bool {
        self.kind == Kind::Sparse && self.block[482] != 0
    }
}

impl Kind {
    /// Whether content follows the header. Links carry a size in some archives, and no content.
    pub(super) fn has_content(self) -> bool {
        !matches!(self, Self::HardLink | Self::Symlink | Self::Folder)
    }
}

/// Bytes up to the first NUL.
pub(super) fn text(field: &[u8]) -> &[u8] {
    let end = field.iter().position(|byte| *byte == 0);
    field.get(..end.unwrap_or(field.len())).unwrap_or(field)
}

/// The sum of all bytes, with the checksum field as blanks; some old writers summed signed bytes.
fn checksum_holds(block: &[u8; BLOCK]) -> bool {
    let Ok(stated) = number(&block[148..156]) else {
        return false;
    };
    let field: u32 = block[148..156].iter().map(|byte| u32::from(*byte)).sum();
    let unsigned: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    if stated == u64::from(unsigned - field + 8 * 32) {
        return true;
    }
    let signed = |bytes: &[u8]| -> i64 { bytes.iter().map(|b| i64::from(b.cast_signed())).sum() };
    i64::try_from(stated) == Ok(signed(block) - signed(&block[148..156]) + 8 * 32)
}

/// A number: octal digits among blanks and NULs, or with the first bit set big-endian binary (GNU).
fn number(field: &[u8]) -> Result<u64, TarError> {
    let first = field.first().copied().unwrap_or_default();
    if first & 0x80 != 0 {
        // Negative sizes, and those beyond 63 bits, are none.
        if first != 0x80 {
            return Err(TarError::Number);
        }
        let mut number: u64 = 0;
        for byte in field.iter().skip(1) {
            if number >> 55 != 0 {
                return Err(TarError::Number);
            }
            number = (number << 8) | u64::from(*byte);
        }
        return Ok(number);
    }
    let mut number: u64 = 0;
    let mut ended = false;
    for byte in field.iter().skip_while(|byte| **byte == b' ') {
        match byte {
            b'0'..=b'7' if !ended => number = (number << 3) | u64::from(byte - b'0'),
            b' ' | 0 => ended = true,
            _ => return Err(TarError::Number),
        }
    }
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_octal_or_binary() {
        assert_eq!(number(b"0000644\0"), Ok(0o644));
        assert_eq!(number(b"   644 \0"), Ok(0o644));
        assert_eq!(number(b"\0\0\0\0"), Ok(0));
        assert_eq!(number(b"\x80\0\0\0\0\0\0\x02\0\0\0\0"), Ok(2 << 32));
        assert_eq!(number(b"\xff\xff\xff\xff"), Err(TarError::Number));
        assert_eq!(
            number(b"\x80\xff\0\0\0\0\0\0\0\0\0\0"),
            Err(TarError::Number)
        );
        assert_eq!(number(b"12x"), Err(TarError::Number));
        assert_eq!(number(b"1 2"), Err(TarError::Number));
    }
}
