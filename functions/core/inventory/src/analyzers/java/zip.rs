//! Zip archives by their central directory, with bounded memory: entries are visited and only wanted ones are kept.
//! Source: PKWARE, "APPNOTE.TXT - .ZIP File Format Specification".

use std::io::{self, BufReader, Read};

use flate2::read::DeflateDecoder;

use crate::{bytes::Order, content::Content};

const END: &[u8] = b"PK\x05\x06";
const END_BYTES: usize = 22;
const ZIP64_LOCATOR: &[u8] = b"PK\x06\x07";
const ZIP64_END: &[u8] = b"PK\x06\x06";
const CENTRAL: &[u8] = b"PK\x01\x02";
const CENTRAL_BYTES: usize = 46;
const LOCAL: &[u8] = b"PK\x03\x04";
const LOCAL_BYTES: usize = 30;
/// The end record and the longest comment after it.
const MAX_TAIL_BYTES: u64 = END_BYTES as u64 + 0xffff + 20;
/// Bytes of a central directory. That of an archive of 300,000 classes has half as many.
const MAX_DIRECTORY_BYTES: u64 = 64 << 20;
const CHUNK_BYTES: u64 = 1 << 20;
/// Names longer than this are of no wanted entry.
const MAX_NAME_BYTES: usize = 1024;
const ENCRYPTED: u16 = 1;

/// Why an archive or an entry could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ZipError {
    /// No end record.
    #[error("it is not a zip archive, or it is cut")]
    NotZip,
    /// Records that contradict one another.
    #[error("the archive is damaged: {0}")]
    Damaged(&'static str),
    /// Encrypted, in several parts, or compressed in a way that is not read.
    #[error("{0}")]
    Unsupported(&'static str),
    /// More than is read.
    #[error("{0}")]
    Limit(String),
    /// An entry does not inflate.
    #[error("an entry does not inflate")]
    Inflate(#[source] io::Error),
    /// The file could not be read.
    #[error("reading failed")]
    Read(#[source] io::Error),
}

/// One entry as the central directory has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    flags: u16,
    method: u16,
    packed_bytes: u64,
    /// Where its local header begins in the file.
    at: u64,
}

impl Entry {
    /// Bytes that it takes in the archive, as the directory has it.
    pub(super) fn packed_bytes(&self) -> u64 {
        self.packed_bytes
    }

    /// A reader of its bytes, of those that at most so many packed ones make.
    pub(super) fn open<'c>(
        &self,
        content: &'c mut Content,
        most_packed: u64,
    ) -> Result<Box<dyn Read + 'c>, ZipError> {
        if self.flags & ENCRYPTED != 0 {
            return Err(ZipError::Unsupported("the entry is encrypted"));
        }
        let mut head = [0; LOCAL_BYTES];
        content
            .read_exact_at(self.at, &mut head)
            .map_err(|_| ZipError::Damaged("an entry lies beyond the end"))?;
        let order = Order::Little;
        let length = |at| order.u16(&head, at).map_or(0, u64::from);
        if !head.starts_with(LOCAL) {
            return Err(ZipError::Damaged(
                "an entry is not where the directory says",
            ));
        }
        let start = self.at + LOCAL_BYTES as u64 + length(26) + length(28);
        let bytes = BufReader::with_capacity(
            64 << 10,
            Part {
                content,
                at: start,
                left: self.packed_bytes.min(most_packed),
            },
        );
        match self.method {
            0 => Ok(Box::new(bytes)),
            8 => Ok(Box::new(DeflateDecoder::new(bytes))),
            _ => Err(ZipError::Unsupported(
                "the entry is compressed by a method other than deflate",
            )),
        }
    }
}

/// A part of a file.
struct Part<'c> {
    content: &'c mut Content,
    at: u64,
    left: u64,
}

impl Read for Part<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let held = self.content.len().saturating_sub(self.at);
        let most = usize::try_from(held).map_or(most, |held| held.min(most));
        let part = buffer.get_mut(..most).unwrap_or_default();
        self.content.read_exact_at(self.at, part)?;
        self.at += most as u64;
        self.left -= most as u64;
        Ok(most)
    }
}

/// Where the central directory lies, and how far the archive begins behind the file's first byte (programs that unpack
/// or start themselves stand before it).
struct Directory {
    at: u64,
    bytes: u64,
    shift: u64,
}

fn directory(content: &mut Content) -> Result<Directory, ZipError> {
    let length = content.len();
    let tail_at = length.saturating_sub(MAX_TAIL_BYTES);
    let mut tail = vec![0; usize::try_from(length - tail_at).map_err(|_| ZipError::NotZip)?];
    content
        .read_exact_at(tail_at, &mut tail)
        .map_err(ZipError::Read)?;
    let order = Order::Little;
    let ends = || {
        let found = tail.windows(END.len()).enumerate().rev();
        found
            .filter(|(at, window)| *window == END && tail.len() >= at + END_BYTES)
            .map(|(at, _)| at)
    };
    // The one whose comment ends the file: others may stand within a comment.
    let at = ends()
        .find(|at| {
            order
                .u16(&tail, at + 20)
                .is_some_and(|comment| at + END_BYTES + usize::from(comment) == tail.len())
        })
        .or_else(|| ends().next())
        .ok_or(ZipError::NotZip)?;
    let end = tail.get(at..).unwrap_or_default();
    let damaged = || ZipError::Damaged("its end record is cut");
    let mut end_at = tail_at + at as u64;
    let mut bytes = u64::from(order.u32(end, 12).ok_or_else(damaged)?);
    let mut stated = u64::from(order.u32(end, 16).ok_or_else(damaged)?);
    let mut parts = order.u16(end, 4) != Some(0) && order.u16(end, 4) != Some(0xffff);
    let locator = at.checked_sub(20).and_then(|at| tail.get(at..at + 20));
    if let Some(locator) = locator.filter(|bytes| bytes.starts_with(ZIP64_LOCATOR)) {
        let mut record = [0; 56];
        end_at = order.u64(locator, 8).ok_or_else(damaged)?;
        content
            .read_exact_at(end_at, &mut record)
            .map_err(|_| ZipError::Damaged("its zip64 record lies beyond the end"))?;
        if !record.starts_with(ZIP64_END) {
            return Err(ZipError::Damaged("its zip64 record is not where it says"));
        }
        parts = order.u32(&record, 16) != Some(0);
        bytes = order.u64(&record, 40).ok_or_else(damaged)?;
        stated = order.u64(&record, 48).ok_or_else(damaged)?;
    }
    if parts {
        return Err(ZipError::Unsupported("the archive has several parts"));
    }
    // The directory ends where the end record begins.
    let at = end_at
        .checked_sub(bytes)
        .ok_or(ZipError::Damaged("its directory is larger than the file"))?;
    let shift = at
        .checked_sub(stated)
        .ok_or(ZipError::Damaged("its directory is not where it says"))?;
    Ok(Directory { at, bytes, shift })
}

/// Visits the entries of an archive.
pub(super) fn for_each_entry(
    content: &mut Content,
    each: &mut dyn FnMut(Entry),
) -> Result<(), ZipError> {
    let directory = directory(content)?;
    if directory.bytes > MAX_DIRECTORY_BYTES {
        return Err(ZipError::Limit(format!(
            "the archive's directory is larger than {MAX_DIRECTORY_BYTES} bytes"
        )));
    }
    let end = directory.at + directory.bytes;
    let (mut at, mut buffer) = (directory.at, Vec::new());
    let mut used = 0;
    loop {
        let rest = buffer.get(used..).unwrap_or_default();
        if let Some((length, entry)) = central(rest, directory.shift)? {
            each(entry);
            used += length;
            continue;
        }
        let more = end.saturating_sub(at).min(CHUNK_BYTES);
        if more == 0 {
            return match rest.is_empty() {
                true => Ok(()),
                false => Err(ZipError::Damaged("its directory is cut")),
            };
        }
        buffer.drain(..used);
        used = 0;
        let held = buffer.len();
        buffer.resize(
            held + usize::try_from(more).map_err(|_| ZipError::NotZip)?,
            0,
        );
        content
            .read_exact_at(at, buffer.get_mut(held..).unwrap_or_default())
            .map_err(ZipError::Read)?;
        at += more;
    }
}

/// One entry of the directory with its length; nothing when more bytes are needed.
fn central(bytes: &[u8], shift: u64) -> Result<Option<(usize, Entry)>, ZipError> {
    let order = Order::Little;
    let Some(head) = bytes.get(..CENTRAL_BYTES) else {
        return Ok(None);
    };
    if !head.starts_with(CENTRAL) {
        return Err(ZipError::Damaged(
            "its directory holds something else than entries",
        ));
    }
    let half = |at| order.u16(head, at).unwrap_or(0);
    let word = |at| order.u32(head, at).map_or(0, u64::from);
    let (name, extra, comment) = (
        usize::from(half(28)),
        usize::from(half(30)),
        usize::from(half(32)),
    );
    let length = CENTRAL_BYTES + name + extra + comment;
    if bytes.len() < length {
        return Ok(None);
    }
    let name_bytes = bytes
        .get(CENTRAL_BYTES..CENTRAL_BYTES + name.min(MAX_NAME_BYTES))
        .unwrap_or_default();
    let extra = bytes
        .get(CENTRAL_BYTES + name..CENTRAL_BYTES + name + extra)
        .unwrap_or_default();
    let (unpacked, mut packed_bytes, mut at) = (word(24), word(20), word(42));
    if unpacked == 0xffff_ffff || packed_bytes == 0xffff_ffff || at == 0xffff_ffff {
        // Those of the three that are not stated in the head stand in a field of their own, in this order.
        let mut field = zip64_field(extra);
        for (needed, target) in [
            (unpacked == 0xffff_ffff, None),
            (packed_bytes == 0xffff_ffff, Some(&mut packed_bytes)),
            (at == 0xffff_ffff, Some(&mut at)),
        ] {
            if needed {
                let value = order.u64(field, 0);
                field = field.get(8..).unwrap_or_default();
                if let (Some(value), Some(target)) = (value, target) {
                    *target = value;
                }
            }
        }
    }
    Ok(Some((
        length,
        Entry {
            name: String::from_utf8_lossy(name_bytes).into_owned(),
            flags: half(8),
            method: half(10),
            packed_bytes,
            at: at
                .checked_add(shift)
                .filter(|at| *at < 1 << 62)
                .ok_or(ZipError::Damaged("an entry lies beyond the end"))?,
        },
    )))
}

fn zip64_field(mut extra: &[u8]) -> &[u8] {
    while let (Some(id), Some(length)) = (Order::Little.u16(extra, 0), Order::Little.u16(extra, 2))
    {
        let field = extra.get(4..).unwrap_or_default();
        let Some((value, rest)) = field.split_at_checked(usize::from(length)) else {
            break;
        };
        if id == 1 {
            return value;
        }
        extra = rest;
    }
    &[]
}
