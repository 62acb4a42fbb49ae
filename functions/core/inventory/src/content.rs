//! The bytes of one evidence file: in memory while small, in a nameless temporary file when large.

use std::{
    fs::File,
    io::{self, Cursor, Read, Seek, SeekFrom, Write},
};

/// Above this many bytes a file goes to disk instead of memory.
const MEMORY_BYTES: usize = 4 << 20;

/// A file's bytes, seekable.
#[derive(Debug)]
pub struct Content {
    bytes: Bytes,
    len: u64,
}

#[derive(Debug)]
enum Bytes {
    Memory(Cursor<Vec<u8>>),
    File(File),
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self {
            len: bytes.len() as u64,
            bytes: Bytes::Memory(Cursor::new(bytes)),
        }
    }
}

impl From<&[u8]> for Content {
    fn from(bytes: &[u8]) -> Self {
        Self::from(bytes.to_vec())
    }
}

impl Content {
    /// Content without bytes, to be written to.
    pub fn empty() -> Self {
        Self::from(Vec::new())
    }

    /// An opened file of a folder or live host, `len` bytes long when it was opened.
    pub fn from_file(file: File, len: u64) -> Self {
        Self {
            bytes: Bytes::File(file),
            len,
        }
    }

    /// Size in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Appends bytes; moves to a temporary file when they become many.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let memory_full = match &self.bytes {
            Bytes::Memory(held) => held.get_ref().len() + bytes.len() > MEMORY_BYTES,
            Bytes::File(_) => false,
        };
        if memory_full && let Bytes::Memory(held) = &self.bytes {
            let mut file = tempfile::tempfile()?;
            file.write_all(held.get_ref())?;
            self.bytes = Bytes::File(file);
        }
        match &mut self.bytes {
            Bytes::Memory(held) => held.get_mut().extend_from_slice(bytes),
            Bytes::File(file) => file.write_all(bytes)?,
        }
        self.len += bytes.len() as u64;
        Ok(())
    }

    /// Goes to the end, where bytes are appended.
    pub(crate) fn seek_to_end(&mut self) -> io::Result<()> {
        self.seek(SeekFrom::End(0)).map(|_| ())
    }

    /// All bytes in memory, at most `limit`. For files that are read from front to back anyway.
    pub fn read_all(&mut self, limit: u64) -> io::Result<Vec<u8>> {
        self.rewind()?;
        if self.len > limit {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("more than {limit} bytes"),
            ));
        }
        let mut bytes = Vec::new();
        // A file of a live host may grow while it is read.
        self.by_ref().take(limit).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Fills `buffer` from `offset`; an early end is an error.
    pub fn read_exact_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.seek(SeekFrom::Start(offset))?;
        self.read_exact(buffer)
    }
}

impl Read for Content {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.bytes {
            Bytes::Memory(held) => held.read(buffer),
            Bytes::File(file) => file.read(buffer),
        }
    }
}

impl Seek for Content {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match &mut self.bytes {
            Bytes::Memory(held) => held.seek(to),
            Bytes::File(file) => file.seek(to),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_read_back_alike_from_memory_and_disk() {
        for size in [0, 100, MEMORY_BYTES + 10] {
            let bytes: Vec<u8> = (0..size).map(|i| u8::try_from(i % 251).unwrap()).collect();
            let mut content = Content::empty();
            for part in bytes.chunks(70_000) {
                content.append(part).unwrap();
            }
            assert_eq!(content.len(), size as u64);
            assert_eq!(content.read_all(1 << 30).unwrap(), bytes);
            if size > 60 {
                let mut tail = [0; 10];
                content.read_exact_at(size as u64 - 10, &mut tail).unwrap();
                assert_eq!(tail, bytes[size - 10..]);
                assert!(content.read_all(50).is_err());
                assert!(content.read_exact_at(size as u64 - 5, &mut tail).is_err());
            }
        }
    }
}
