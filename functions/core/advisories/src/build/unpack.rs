//! Documents as they come: compressed, in archives, one in another, told by their first bytes and never trusted.

use std::{
    cell::Cell,
    fs::File,
    io::{self, BufReader, Cursor, Read, Seek, SeekFrom},
};

use bzip2::read::MultiBzDecoder;
use flate2::read::MultiGzDecoder;
use lzma_rust2::XzReader;

use super::{collect::Collector, read_document, source::Input};
use crate::feeds::{Document, FEEDS, FeedError};

/// Largest document, unpacked.
const MAX_DOCUMENT_BYTES: u64 = 512 << 20;
/// Most bytes that one file may unpack to, in all.
const MAX_FILE_BYTES: u64 = 16 << 30;
/// Most documents in one file.
const MAX_ENTRIES: u64 = 2_000_000;
/// Deepest nesting of archives and compression.
const MAX_DEPTH: u32 = 6;
/// Largest window of zstd that is accepted, as a power of two: `zstd --long=27`.
const ZSTD_WINDOW_LOG: u32 = 27;
/// Memory that decompressing xz may take, in KiB: enough for the dictionary of `xz -9`, and no more.
const XZ_MEMORY_KIB: u32 = 128 << 10;
/// Bytes that tell what a file is.
const HEAD_BYTES: usize = 512;

/// What one file may still use.
struct Budget {
    bytes: Cell<u64>,
    entries: Cell<u64>,
}

/// A reader that stops with an error when the file's budget is used up.
struct Limited<'b, R> {
    inner: R,
    budget: &'b Budget,
}

impl<R: Read> Read for Limited<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        match self.budget.bytes.get().checked_sub(count as u64) {
            Some(left) => self.budget.bytes.set(left),
            None => return Err(io::Error::other("it unpacks to more than 16 GiB")),
        }
        Ok(count)
    }
}

/// Reads one file and all documents in it.
pub(super) fn read_file(file: Input, collector: &mut Collector) {
    let budget = Budget {
        bytes: Cell::new(MAX_FILE_BYTES),
        entries: Cell::new(MAX_ENTRIES),
    };
    let outcome = match &file {
        Input::Path { name, path } => {
            File::open(path).and_then(|mut file| {
                let mut head = [0; 4];
                let count = fill(&mut file, &mut head)?;
                file.seek(SeekFrom::Start(0))?;
                // A zip is read from its end, so it must not pass through a stream.
                if is_zip(head.get(..count).unwrap_or_default()) {
                    return zip(file, name, 0, &budget, collector);
                }
                unpack(
                    &mut BufReader::with_capacity(1 << 16, file),
                    name,
                    0,
                    &budget,
                    collector,
                )
            })
        }
        Input::Bytes { name, bytes } => {
            unpack(&mut Cursor::new(bytes), name, 0, &budget, collector)
        }
    };
    if let Err(error) = outcome {
        collector.unusable(file.name(), None, &feed_error(&error, None));
    }
}

fn feed_error(error: &io::Error, after_bytes: Option<usize>) -> FeedError {
    let at = match after_bytes {
        Some(bytes) => format!("byte {bytes} of the unpacked document"),
        None => "the packed file".to_owned(),
    };
    match error.kind() {
        io::ErrorKind::UnexpectedEof => FeedError::Cut { at },
        _ => FeedError::Malformed {
            at,
            what: format!("it cannot be read: {error}"),
        },
    }
}

fn is_zip(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06")
}

/// `BZh`, the size of a block, and a block's mark or that of the end. Source: bzip2's format, "block header".
fn is_bzip2(head: &[u8]) -> bool {
    matches!(head, [b'B', b'Z', b'h', b'1'..=b'9', mark @ ..]
        if mark.starts_with(b"\x31\x41\x59\x26\x53\x59") || mark.starts_with(b"\x17\x72\x45\x38\x50\x90"))
}

/// Fills the buffer as far as there are bytes.
fn fill(reader: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Reads a stream, whatever is in it. An error is one of the container that the stream comes from.
fn unpack(
    reader: &mut dyn Read,
    name: &str,
    depth: u32,
    budget: &Budget,
    collector: &mut Collector,
) -> io::Result<()> {
    if depth > MAX_DEPTH {
        return Err(io::Error::other("archives are nested too deeply"));
    }
    let mut buffer = [0; HEAD_BYTES];
    let count = fill(reader, &mut buffer)?;
    let head = buffer.get(..count).unwrap_or_default();
    let mut whole = head.chain(reader);
    if head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        let mut decoder = zstd::stream::read::Decoder::new(whole)?;
        decoder.window_log_max(ZSTD_WINDOW_LOG)?;
        let mut limited = Limited {
            inner: decoder,
            budget,
        };
        return unpack(&mut limited, name, depth + 1, budget, collector);
    }
    if head.starts_with(&[0x1f, 0x8b]) {
        let mut limited = Limited {
            inner: MultiGzDecoder::new(whole),
            budget,
        };
        return unpack(&mut limited, name, depth + 1, budget, collector);
    }
    if is_bzip2(head) {
        let mut limited = Limited {
            inner: MultiBzDecoder::new(whole),
            budget,
        };
        return unpack(&mut limited, name, depth + 1, budget, collector);
    }
    if head.starts_with(b"\xfd7zXZ\0") {
        let mut limited = Limited {
            inner: XzReader::new_mem_limit(whole, true, XZ_MEMORY_KIB),
            budget,
        };
        return unpack(&mut limited, name, depth + 1, budget, collector);
    }
    if is_zip(head) {
        let mut bytes = Vec::new();
        whole.take(MAX_DOCUMENT_BYTES + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_DOCUMENT_BYTES {
            return Err(io::Error::other(
                "a zip in an archive is larger than 512 MiB",
            ));
        }
        return zip(Cursor::new(bytes), name, depth, budget, collector);
    }
    if head.get(257..262) == Some(b"ustar") {
        return tar(&mut whole, name, depth, budget, collector);
    }
    if head.contains(&0) {
        // No feed has a binary form, and such files may be large.
        collector.unrecognised(name);
        return Ok(());
    }
    document(&mut whole, name, collector);
    Ok(())
}

/// Reads a document whole and hands it to its feed.
fn document(reader: &mut dyn Read, name: &str, collector: &mut Collector) {
    let mut bytes = Vec::new();
    let outcome = reader.take(MAX_DOCUMENT_BYTES + 1).read_to_end(&mut bytes);
    let error = match outcome {
        Ok(count) if count as u64 > MAX_DOCUMENT_BYTES => FeedError::Malformed {
            at: "byte 536870912".to_owned(),
            what: "the document is larger than 512 MiB".to_owned(),
        },
        Ok(_) => {
            read_document(name, &bytes, collector);
            return;
        }
        Err(error) => feed_error(&error, Some(bytes.len())),
    };
    // Its beginning may still tell whose document it is.
    let document = Document {
        name,
        bytes: &bytes,
    };
    let feed = FEEDS.iter().find(|feed| feed.recognises(&document));
    collector.unusable(name, feed.map(|feed| feed.name()), &error);
}

fn entry_allowed(budget: &Budget) -> io::Result<()> {
    let left = budget.entries.get().checked_sub(1);
    budget
        .entries
        .set(left.ok_or_else(|| io::Error::other("it holds more than two million documents"))?);
    Ok(())
}

fn tar(
    reader: &mut dyn Read,
    name: &str,
    depth: u32,
    budget: &Budget,
    collector: &mut Collector,
) -> io::Result<()> {
    let mut archive = tar::Archive::new(reader);
    for entry in archive.entries()? {
        let mut entry = entry?;
        entry_allowed(budget)?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let inner = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let inner = format!("{name}/{}", inner.trim_start_matches("./"));
        let size = entry.size();
        let mut counted = Counted {
            inner: &mut entry,
            count: 0,
        };
        let read = unpack(&mut counted, &inner, depth + 1, budget, collector);
        if let Err(error) = read {
            collector.unusable(&inner, None, &feed_error(&error, None));
        }
        // A tar that ends within an entry gives the entry short, without an error.
        io::copy(&mut counted, &mut io::sink())?;
        if counted.count < size {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(())
}

/// A reader that counts what passes.
struct Counted<'r> {
    inner: &'r mut dyn Read,
    count: u64,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.count += count as u64;
        Ok(count)
    }
}

fn zip(
    file: impl Read + Seek,
    name: &str,
    depth: u32,
    budget: &Budget,
    collector: &mut Collector,
) -> io::Result<()> {
    let mut archive = zip::ZipArchive::new(file)?;
    for index in 0..archive.len() {
        entry_allowed(budget)?;
        let entry = match archive.by_index(index) {
            Ok(entry) => entry,
            Err(error) => {
                let inner = format!("{name}/entry {index}");
                collector.unusable(&inner, None, &feed_error(&error.into(), None));
                continue;
            }
        };
        if !entry.is_file() {
            continue;
        }
        let inner = match entry.name() {
            Ok(inner) => format!("{name}/{inner}"),
            Err(_) => format!("{name}/entry {index}"),
        };
        let mut limited = Limited {
            inner: entry,
            budget,
        };
        if let Err(error) = unpack(&mut limited, &inner, depth + 1, budget, collector) {
            collector.unusable(&inner, None, &feed_error(&error, None));
        }
    }
    Ok(())
}
