//! Decompression by what the bytes are, not by what a media type says: gzip (RFC 1952), zstd (RFC 8878) or none.

use flate2::{Decompress, FlushDecompress, Status};
use zstd::stream::raw::{Decoder as ZstdDecoder, InBuffer, Operation as _, OutBuffer};

/// Largest zstd window that is decoded, as a power of two: 32 MiB. The specification asks for 8 MiB; `zstd --ultra`
/// can ask for more than a bounded reader may give.
const MAX_WINDOW_LOG: u32 = 25;
/// A gzip header may carry a name and a comment of any length; more than this is no real layer's.
const MAX_GZIP_HEADER_BYTES: usize = 64 << 10;

/// The forms of compression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    Gzip,
    Zstd,
    None,
    /// A form that is recognised and not read.
    Other(&'static str),
}

impl Compression {
    /// The form that bytes begin with.
    pub(crate) fn of(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Other("xz"),
            [b'B', b'Z', b'h', ..] => Self::Other("bzip2"),
            _ => Self::None,
        }
    }
}

/// Why compressed bytes cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DecodeError {
    #[error("the gzip header is damaged")]
    GzipHeader,
    #[error("the gzip data is damaged")]
    Gzip(#[source] flate2::DecompressError),
    #[error("the gzip data ends early or its length is not the one stated")]
    GzipEnd,
    #[error("the zstd data is damaged or asks for a window above 32 MiB")]
    Zstd(#[source] std::io::Error),
    #[error("the zstd data ends early")]
    ZstdEnd,
    #[error("layers compressed with {0} are not read")]
    Unsupported(&'static str),
}

/// How far one step came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Step {
    /// Bytes of the input that were used.
    pub(crate) used: usize,
    /// Bytes of the output that were written.
    pub(crate) written: usize,
}

/// A decoder between two chunks.
pub(crate) enum Decoder {
    Gzip(Box<Gzip>),
    Zstd {
        decoder: ZstdDecoder<'static>,
        /// Whether the input stands between frames.
        between: bool,
    },
}

impl Decoder {
    pub(crate) fn new(compression: Compression) -> Result<Option<Self>, DecodeError> {
        match compression {
            Compression::None => Ok(None),
            Compression::Other(name) => Err(DecodeError::Unsupported(name)),
            Compression::Gzip => Ok(Some(Self::Gzip(Box::new(Gzip::new())))),
            Compression::Zstd => {
                let mut decoder = ZstdDecoder::new().map_err(DecodeError::Zstd)?;
                decoder
                    .set_parameter(zstd::zstd_safe::DParameter::WindowLogMax(MAX_WINDOW_LOG))
                    .map_err(DecodeError::Zstd)?;
                Ok(Some(Self::Zstd {
                    decoder,
                    between: true,
                }))
            }
        }
    }

    /// Decodes from `input` into `output` until one of them is used up.
    pub(crate) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, DecodeError> {
        match self {
            Self::Gzip(gzip) => gzip.step(input, output),
            Self::Zstd { decoder, between } => {
                let space = output.len();
                let mut source = InBuffer::around(input);
                let mut target = OutBuffer::around(output);
                loop {
                    let before = (source.pos(), target.pos());
                    let hint = decoder
                        .run(&mut source, &mut target)
                        .map_err(DecodeError::Zstd)?;
                    let after = (source.pos(), target.pos());
                    // Without input the decoder asks for the next frame, which may never come.
                    if after != before {
                        *between = hint == 0;
                        if hint == 0 {
                            decoder.reinit().map_err(DecodeError::Zstd)?;
                        }
                    }
                    if after == before || after.1 == space || after.0 == input.len() {
                        return Ok(Step {
                            used: after.0,
                            written: after.1,
                        });
                    }
                }
            }
        }
    }

    /// The input has ended: whether the data was complete.
    pub(crate) fn finish(&self) -> Result<(), DecodeError> {
        match self {
            Self::Gzip(gzip) => gzip.finish(),
            Self::Zstd { between: true, .. } => Ok(()),
            Self::Zstd { .. } => Err(DecodeError::ZstdEnd),
        }
    }
}

enum GzipState {
    /// Collecting a member's header.
    Header(Vec<u8>),
    Body,
    /// Collecting the checksum and length behind the body.
    Trailer(Vec<u8>),
    /// Padding behind the last member, which readers ignore.
    Padding,
}

/// Reads gzip members one after another. The checksum of a member is not computed: layers are verified by SHA-256, which
/// says more and is computed anyway; the stated length is compared.
pub(crate) struct Gzip {
    inflate: Decompress,
    state: GzipState,
    members: u64,
}

impl Gzip {
    fn new() -> Self {
        Self {
            inflate: Decompress::new(false),
            state: GzipState::Header(Vec::new()),
            members: 0,
        }
    }

    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, DecodeError> {
        let mut step = Step::default();
        loop {
            let rest = input.get(step.used..).unwrap_or_default();
            let space = output.get_mut(step.written..).unwrap_or_default();
            match &mut self.state {
                GzipState::Header(_) | GzipState::Trailer(_) | GzipState::Padding
                    if rest.is_empty() =>
                {
                    return Ok(step);
                }
                GzipState::Padding => {
                    return Ok(Step {
                        used: input.len(),
                        ..step
                    });
                }
                GzipState::Header(held) => {
                    if held.is_empty() && self.members > 0 && !rest.starts_with(&[0x1f]) {
                        self.state = GzipState::Padding;
                        continue;
                    }
                    let before = held.len();
                    held.extend_from_slice(
                        rest.get(..rest.len().min(MAX_GZIP_HEADER_BYTES))
                            .unwrap_or(rest),
                    );
                    match gzip_header_bytes(held)? {
                        Some(bytes) => {
                            step.used += bytes.saturating_sub(before);
                            self.state = GzipState::Body;
                        }
                        None if held.len() >= MAX_GZIP_HEADER_BYTES => {
                            return Err(DecodeError::GzipHeader);
                        }
                        None => {
                            return Ok(Step {
                                used: input.len(),
                                ..step
                            });
                        }
                    }
                }
                GzipState::Body => {
                    let (in_before, out_before) =
                        (self.inflate.total_in(), self.inflate.total_out());
                    let status = self
                        .inflate
                        .decompress(rest, space, FlushDecompress::None)
                        .map_err(DecodeError::Gzip)?;
                    let used = usize::try_from(self.inflate.total_in() - in_before).unwrap_or(0);
                    let written =
                        usize::try_from(self.inflate.total_out() - out_before).unwrap_or(0);
                    step.used += used;
                    step.written += written;
                    if status == Status::StreamEnd {
                        self.state = GzipState::Trailer(Vec::with_capacity(8));
                    } else if used == 0 && written == 0 {
                        return Ok(step);
                    }
                }
                GzipState::Trailer(held) => {
                    let missing = 8 - held.len().min(8);
                    let part = rest.get(..missing.min(rest.len())).unwrap_or_default();
                    held.extend_from_slice(part);
                    step.used += part.len();
                    if let Some((_, length)) = held.split_first_chunk::<4>()
                        && let Some(length) = length.first_chunk::<4>()
                    {
                        if u64::from(u32::from_le_bytes(*length))
                            != self.inflate.total_out() & 0xffff_ffff
                        {
                            return Err(DecodeError::GzipEnd);
                        }
                        self.inflate.reset(false);
                        self.members += 1;
                        self.state = GzipState::Header(Vec::new());
                    }
                }
            }
        }
    }

    fn finish(&self) -> Result<(), DecodeError> {
        match &self.state {
            GzipState::Header(held) if held.is_empty() && self.members > 0 => Ok(()),
            GzipState::Padding => Ok(()),
            _ => Err(DecodeError::GzipEnd),
        }
    }
}

/// The length of a gzip header, nothing when more bytes are needed.
fn gzip_header_bytes(held: &[u8]) -> Result<Option<usize>, DecodeError> {
    let Some((fixed, mut rest)) = held.split_first_chunk::<10>() else {
        return Ok(None);
    };
    let [0x1f, 0x8b, 8, flags, ..] = *fixed else {
        return Err(DecodeError::GzipHeader);
    };
    if flags & 0xe0 != 0 {
        return Err(DecodeError::GzipHeader);
    }
    if flags & 4 != 0 {
        let Some((length, after)) = rest.split_first_chunk::<2>() else {
            return Ok(None);
        };
        let Some(after) = after.get(usize::from(u16::from_le_bytes(*length))..) else {
            return Ok(None);
        };
        rest = after;
    }
    for flag in [8, 16] {
        if flags & flag != 0 {
            let Some(end) = rest.iter().position(|byte| *byte == 0) else {
                return Ok(None);
            };
            rest = rest.get(end + 1..).unwrap_or_default();
        }
    }
    if flags & 2 != 0 {
        let Some(after) = rest.get(2..) else {
            return Ok(None);
        };
        rest = after;
    }
    Ok(Some(held.len() - rest.len()))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;

    use super::*;

    fn decode(bytes: &[u8], chunk: usize) -> Result<Vec<u8>, DecodeError> {
        let mut decoder = Decoder::new(Compression::of(bytes))?.unwrap();
        let (mut all, mut buffer) = (Vec::new(), vec![0; 777]);
        for part in bytes.chunks(chunk) {
            let mut rest = part;
            loop {
                let step = decoder.step(rest, &mut buffer)?;
                all.extend_from_slice(&buffer[..step.written]);
                rest = &rest[step.used..];
                if rest.is_empty() && step.written < buffer.len() {
                    break;
                }
            }
        }
        decoder.finish().map(|()| all)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn both_forms_decode_alike_whatever_the_chunks_and_members() {
        let text: Vec<u8> = (0..50_000_u32)
            .flat_map(|i| (i / 7).to_le_bytes())
            .collect();
        let (first, second) = text.split_at(70_001);
        let mut named = gzip(second);
        // A header with extra field, name, comment and checksum.
        named.splice(3..4, [0b1_1110]);
        named.splice(10..10, *b"\x03\0abcname\0comment\0\x01\x02");
        let gzips = [gzip(first), named, vec![0; 30]].concat();
        let zstds = [
            zstd::encode_all(first, 1).unwrap(),
            zstd::encode_all(second, 3).unwrap(),
        ]
        .concat();
        for chunk in [1, 13, 4096, 1 << 20] {
            assert_eq!(decode(&gzips, chunk).unwrap(), text, "gzip in {chunk}");
            assert_eq!(decode(&zstds, chunk).unwrap(), text, "zstd in {chunk}");
        }
        for cut in [5, 30, gzips.len() - 34, 40_000] {
            assert!(
                decode(&gzips[..cut.min(gzips.len() - 34)], 999).is_err(),
                "cut at {cut}"
            );
        }
        for cut in [5, 30, zstds.len() - 1] {
            assert!(decode(&zstds[..cut], 999).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn forms_are_told_by_their_first_bytes() {
        assert_eq!(Compression::of(&gzip(b"")), Compression::Gzip);
        assert_eq!(Compression::of(b"\xfd7zXZ\0rest"), Compression::Other("xz"));
        assert_eq!(Compression::of(b"etc/passwd"), Compression::None);
        assert!(Decoder::new(Compression::Other("xz")).is_err());
    }

    proptest! {
        #[test]
        fn damaged_streams_never_panic_nor_hang(change in any::<(u16, u8)>(), zstd in any::<bool>(), chunk in 1_usize..300) {
            let text = b"some text some text some text".repeat(50);
            let mut bytes = if zstd { zstd::encode_all(&text[..], 1).unwrap() } else { gzip(&text) };
            let at = usize::from(change.0) % bytes.len();
            bytes[at] ^= change.1;
            if Compression::of(&bytes) != Compression::None {
                let _ = decode(&bytes, chunk);
            }
        }
    }
}
