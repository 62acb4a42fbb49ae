//! The reader that steps from header to header and passes over content: by seeking in a file, by reading in a stream.

use std::io::{self, Read, Seek, SeekFrom};

use super::{
    TarError,
    header::{BLOCK, Block, Kind, text},
    pax::Overrides,
    scanner::padded,
};

/// A reader that can pass over bytes.
pub(crate) trait Skip: Read {
    /// Passes over bytes. An end before that is found by the next read.
    fn skip(&mut self, bytes: u64) -> io::Result<()>;
}

/// A file is seeked in.
pub(crate) struct Seeking<R>(pub(crate) R);

impl<R: Read> Read for Seeking<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<R: Read + Seek> Skip for Seeking<R> {
    fn skip(&mut self, bytes: u64) -> io::Result<()> {
        let bytes = i64::try_from(bytes).map_err(|_| io::ErrorKind::InvalidData)?;
        self.0.seek(SeekFrom::Current(bytes)).map(|_| ())
    }
}

/// A stream is read and thrown away.
pub(crate) struct Streaming<R>(pub(crate) R);

impl<R: Read> Read for Streaming<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<R: Read> Skip for Streaming<R> {
    fn skip(&mut self, bytes: u64) -> io::Result<()> {
        let copied = io::copy(&mut (&mut self.0).take(bytes), &mut io::sink())?;
        if copied == bytes {
            Ok(())
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }
}

/// One member of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) name: Vec<u8>,
    pub(crate) link: Vec<u8>,
    pub(crate) kind: Kind,
    /// Where its content begins, counted from where the walker began.
    pub(crate) offset: u64,
    pub(crate) size: u64,
}

/// Steps through an archive.
pub(crate) struct Walker<R> {
    reader: R,
    position: u64,
    /// Content and padding of the current member that are still to be passed.
    pending: u64,
    max_header_bytes: usize,
}

impl<R: Skip> Walker<R> {
    pub(crate) fn new(reader: R, max_header_bytes: usize) -> Self {
        Self {
            reader,
            position: 0,
            pending: 0,
            max_header_bytes,
        }
    }

    /// The next member, nothing at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Member>> {
        let mut overrides = Overrides::default();
        loop {
            if self.pending > 0 {
                self.reader.skip(self.pending)?;
                self.position += self.pending;
                self.pending = 0;
            }
            let mut block = [0; BLOCK];
            if !self.fill(&mut block)? {
                return Ok(None);
            }
            let header = match Block::read(&block).map_err(invalid)? {
                Block::Zero => return Ok(None),
                Block::Header(header) => header,
            };
            match header.kind {
                Kind::Pax | Kind::LongName | Kind::LongLink => {
                    if header.size > self.max_header_bytes as u64 {
                        return Err(io::Error::new(
                            io::ErrorKind::InvalidData,
                            "a pax header or long name is longer than the limit",
                        ));
                    }
                    let mut special = Vec::new();
                    self.pending = padded(header.size).map_err(invalid)?;
                    self.content().read_to_end(&mut special)?;
                    special.truncate(usize::try_from(header.size).unwrap_or(usize::MAX));
                    match header.kind {
                        Kind::LongName => overrides.path = Some(text(&special).to_vec()),
                        Kind::LongLink => overrides.link = Some(text(&special).to_vec()),
                        _ => {
                            overrides.read(&special);
                        }
                    }
                }
                Kind::PaxGlobal => self.pending = padded(header.size).map_err(invalid)?,
                kind => {
                    let mut name = Vec::new();
                    header.name(&mut name);
                    let size = if kind.has_content() {
                        overrides.size.unwrap_or(header.size)
                    } else {
                        0
                    };
                    self.pending = padded(size).map_err(invalid)?;
                    return Ok(Some(Member {
                        name: overrides.path.take().unwrap_or(name),
                        link: overrides
                            .link
                            .take()
                            .unwrap_or_else(|| header.link().to_vec()),
                        kind: if header.sparse_map_continues() || overrides.sparse {
                            Kind::Sparse
                        } else {
                            kind
                        },
                        offset: self.position,
                        size,
                    }));
                }
            }
        }
    }

    /// The current member's content and padding, as far as it was not read yet.
    pub(crate) fn content(&mut self) -> Content<'_, R> {
        Content { walker: self }
    }

    /// Fills a block; false at the end of input.
    fn fill(&mut self, block: &mut [u8; BLOCK]) -> io::Result<bool> {
        let mut filled = 0;
        while let Some(rest) = block.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.reader.read(rest) {
                Ok(0) if filled == 0 => return Ok(false),
                Ok(0) => return Err(invalid(TarError::Truncated)),
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.position += BLOCK as u64;
        Ok(true)
    }
}

/// Reads the current member's content and padding.
pub(crate) struct Content<'a, R> {
    walker: &'a mut Walker<R>,
}

impl<R: Read> Read for Content<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.walker.pending == 0 || buffer.is_empty() {
            return Ok(0);
        }
        let most = usize::try_from(self.walker.pending)
            .map_or(buffer.len(), |pending| pending.min(buffer.len()));
        let read = self
            .walker
            .reader
            .read(buffer.get_mut(..most).unwrap_or_default())?;
        if read == 0 {
            return Err(invalid(TarError::Truncated));
        }
        self.walker.pending -= read as u64;
        self.walker.position += read as u64;
        Ok(read)
    }
}

fn invalid(error: TarError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
