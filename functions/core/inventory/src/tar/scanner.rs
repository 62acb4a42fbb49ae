//! The reader that is fed: chunks of any size go in, entries and the content of the wanted ones come out.

use super::{
    TarError,
    header::{BLOCK, Block, Header, Kind, text},
    pax::Overrides,
};

/// An entry's header with all that pax and GNU headers changed of it.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    /// Name as written.
    pub(crate) name: &'a [u8],
    /// Target of a link as written.
    pub(crate) link: &'a [u8],
    pub(crate) kind: Kind,
    /// Bytes of content.
    pub(crate) size: u64,
    /// Whether its mode lets anybody execute it.
    pub(crate) executable: bool,
}

/// Whether an entry's content is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interest {
    Skip,
    Content,
    /// Nothing more is wanted at all.
    Stop,
}

/// Who receives entries.
pub(crate) trait Sink {
    /// An entry begins.
    fn entry(&mut self, entry: &Entry<'_>) -> Interest;
    /// Content of the entry, if it was wanted.
    fn content(&mut self, bytes: &[u8]);
    /// The entry's content is complete, if it was wanted.
    fn end(&mut self);
    /// A pax header or long name was too long or damaged and is left out; the next entry has the name of its header.
    fn lost_header(&mut self, why: &'static str);
}

enum State {
    /// Collecting a header block.
    Header,
    /// Content that is wanted, and padding after it.
    Content { left: u64, padding: u64 },
    /// Bytes that are not wanted.
    Skip { left: u64 },
    /// A header's own content, being collected.
    Special { left: u64, padding: u64, kind: Kind },
    /// The map of a sparse file goes on in further blocks; then come `left` bytes that are skipped.
    SparseMap { left: u64 },
    /// After the end mark, or after a stop.
    Done,
}

/// The reader's state between chunks.
pub(crate) struct Scanner {
    state: State,
    block: [u8; BLOCK],
    filled: usize,
    zero_block: bool,
    special: Vec<u8>,
    overrides: Overrides,
    name: Vec<u8>,
    max_header_bytes: usize,
}

impl Scanner {
    /// A reader whose pax headers and long names are at most so long.
    pub(crate) fn new(max_header_bytes: usize) -> Self {
        Self {
            state: State::Header,
            block: [0; BLOCK],
            filled: 0,
            zero_block: false,
            special: Vec::new(),
            overrides: Overrides::default(),
            name: Vec::with_capacity(256),
            max_header_bytes,
        }
    }

    /// Takes the next bytes. After an error nothing more can be read.
    pub(crate) fn feed(&mut self, mut input: &[u8], sink: &mut impl Sink) -> Result<(), TarError> {
        while !input.is_empty() {
            match &mut self.state {
                State::Done => return Ok(()),
                State::Skip { left } => {
                    let used = amount(*left, input);
                    input = input.get(used..).unwrap_or_default();
                    *left -= used as u64;
                    if *left == 0 {
                        self.state = State::Header;
                    }
                }
                State::Content { left, padding } => {
                    let used = amount(*left, input);
                    let (part, rest) = input.split_at_checked(used).unwrap_or((input, &[]));
                    sink.content(part);
                    input = rest;
                    *left -= used as u64;
                    if *left == 0 {
                        sink.end();
                        self.state = skip(*padding);
                    }
                }
                State::Special {
                    left,
                    padding,
                    kind,
                } => {
                    let used = amount(*left, input);
                    let (part, rest) = input.split_at_checked(used).unwrap_or((input, &[]));
                    self.special.extend_from_slice(part);
                    input = rest;
                    *left -= used as u64;
                    if *left == 0 {
                        let (kind, padding) = (*kind, *padding);
                        self.special_complete(kind, sink);
                        self.state = skip(padding);
                    }
                }
                State::Header | State::SparseMap { .. } => {
                    let used = (BLOCK - self.filled).min(input.len());
                    let (part, rest) = input.split_at_checked(used).unwrap_or((input, &[]));
                    if let Some(target) = self.block.get_mut(self.filled..self.filled + used) {
                        target.copy_from_slice(part);
                    }
                    self.filled += used;
                    input = rest;
                    if self.filled == BLOCK {
                        self.filled = 0;
                        self.block_complete(sink)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The input has ended: whether it ended between entries.
    pub(crate) fn finish(&self) -> Result<(), TarError> {
        match self.state {
            State::Header if self.filled == 0 && self.overrides.is_empty() => Ok(()),
            State::Done => Ok(()),
            _ => Err(TarError::Truncated),
        }
    }

    fn block_complete(&mut self, sink: &mut impl Sink) -> Result<(), TarError> {
        if let State::SparseMap { left } = self.state {
            // Byte 504 says whether yet another block follows.
            if self.block[504] == 0 {
                self.state = skip(left);
            }
            return Ok(());
        }
        // The block is copied out, since reading its entry changes the rest of the reader.
        let block = self.block;
        let header = match Block::read(&block)? {
            Block::Zero if self.zero_block => {
                self.state = State::Done;
                return Ok(());
            }
            Block::Zero => {
                self.zero_block = true;
                return Ok(());
            }
            Block::Header(_) if self.zero_block => return Err(TarError::LoneZeroBlock),
            Block::Header(header) => header,
        };
        match header.kind {
            Kind::Pax | Kind::LongName | Kind::LongLink => {
                self.special.clear();
                self.state = if header.size > self.max_header_bytes as u64 {
                    sink.lost_header("a pax header or long name is longer than the limit");
                    skip(padded(header.size)?)
                } else if header.size == 0 {
                    State::Header
                } else {
                    State::Special {
                        left: header.size,
                        padding: padded(header.size)? - header.size,
                        kind: header.kind,
                    }
                };
            }
            Kind::PaxGlobal => self.state = skip(padded(header.size)?),
            _ => self.state = self.begin(header, sink)?,
        }
        Ok(())
    }

    fn special_complete(&mut self, kind: Kind, sink: &mut impl Sink) {
        match kind {
            Kind::LongName => self.overrides.path = Some(text(&self.special).to_vec()),
            Kind::LongLink => self.overrides.link = Some(text(&self.special).to_vec()),
            _ => {
                if !self.overrides.read(&self.special) {
                    sink.lost_header("a pax header is damaged");
                }
            }
        }
        // One long header must not hold its memory for the rest of the layer.
        self.special.clear();
        self.special.shrink_to(64 << 10);
    }

    fn begin(&mut self, header: Header<'_>, sink: &mut impl Sink) -> Result<State, TarError> {
        let overrides = if self.overrides.is_empty() {
            Overrides::default()
        } else {
            std::mem::take(&mut self.overrides)
        };
        let name = match &overrides.path {
            Some(path) => path.as_slice(),
            None => {
                header.name(&mut self.name);
                self.name.as_slice()
            }
        };
        let size = if header.kind.has_content() {
            overrides.size.unwrap_or(header.size)
        } else {
            0
        };
        let entry = Entry {
            name,
            link: overrides.link.as_deref().unwrap_or(header.link()),
            kind: if overrides.sparse && header.kind == Kind::File {
                Kind::Sparse
            } else {
                header.kind
            },
            size,
            executable: header.is_executable(),
        };
        let interest = sink.entry(&entry);
        let whole = padded(size)?;
        Ok(match interest {
            Interest::Stop => State::Done,
            _ if header.sparse_map_continues() => State::SparseMap { left: whole },
            Interest::Skip => skip(whole),
            Interest::Content if size == 0 => {
                sink.end();
                State::Header
            }
            Interest::Content => State::Content {
                left: size,
                padding: whole - size,
            },
        })
    }
}

fn skip(left: u64) -> State {
    if left == 0 {
        State::Header
    } else {
        State::Skip { left }
    }
}

/// How much of the input belongs to the part of which `left` bytes are to come.
fn amount(left: u64, input: &[u8]) -> usize {
    usize::try_from(left).map_or(input.len(), |left| left.min(input.len()))
}

/// A size with its padding.
pub(super) fn padded(size: u64) -> Result<u64, TarError> {
    size.checked_next_multiple_of(BLOCK as u64)
        .ok_or(TarError::Number)
}
