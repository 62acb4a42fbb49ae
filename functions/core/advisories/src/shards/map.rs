//! How the bytes of a shard are reached: a memory map, memory, or reads of ranges.

use std::{fs::File, io, path::Path};

use memmap2::Mmap;

/// Bytes of a shard, wherever they are.
pub trait ShardRead: Send + Sync {
    /// Number of bytes.
    fn len(&self) -> u64;

    /// Whether there are no bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fills the buffer from this offset.
    ///
    /// # Errors
    /// Whatever the place of the bytes says; an end before the buffer is full is `UnexpectedEof`.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;

    /// All bytes at once, where they are in memory anyway.
    fn as_slice(&self) -> Option<&[u8]> {
        None
    }
}

impl ShardRead for Vec<u8> {
    fn len(&self) -> u64 {
        self.as_slice().len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        read_slice(self, offset, buffer)
    }

    fn as_slice(&self) -> Option<&[u8]> {
        Some(self)
    }
}

/// A file mapped into memory.
pub(crate) struct MappedFile(Mmap);

impl MappedFile {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        map(&file).map(Self)
    }
}

impl ShardRead for MappedFile {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        read_slice(&self.0, offset, buffer)
    }

    fn as_slice(&self) -> Option<&[u8]> {
        Some(&self.0)
    }
}

#[expect(
    unsafe_code,
    reason = "a map is sound while nobody changes the file. Shards are written to another name, renamed into place \
              and never modified; removing one leaves the mapped bytes as they are. The bytes are only ever read as \
              u8, every offset into them is checked, and each page's checksum is verified before use."
)]
fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: see the reason above.
    unsafe { Mmap::map(file) }
}

fn read_slice(bytes: &[u8], offset: u64, buffer: &mut [u8]) -> io::Result<()> {
    let from = usize::try_from(offset)
        .ok()
        .and_then(|start| bytes.get(start..))
        .and_then(|rest| rest.get(..buffer.len()))
        .ok_or(io::ErrorKind::UnexpectedEof)?;
    buffer.copy_from_slice(from);
    Ok(())
}
