//! Where the parts of an image lie: members of an archive file, or files of an OCI layout's folder. Both are opened anew
//! for every part, so that layers can be read at once.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use schemas::Digest;

use super::ImageError;
use crate::{
    limits::Limits,
    path::{normalise, split},
    tar::{Kind, Seeking, Walker},
};

/// A place that holds the parts of an image by name. In an OCI layout and in a registry the name of a blob is
/// `blobs/sha256/` and the hexadecimal digits of its digest. Layers are opened from several threads at once.
pub trait Store: Sync {
    /// Opens a part, and tells its size where that is known beforehand; nothing when it is not there.
    ///
    /// # Errors
    /// When it cannot be told whether the part is there, or it cannot be opened.
    fn open(&self, name: &str) -> io::Result<Option<(Box<dyn Read + Send>, u64)>>;

    /// The size of a part for showing progress, given the size that the image names for it; nothing when the part is
    /// known not to be there. A place for which looking costs a request goes by what the image says.
    fn size(&self, name: &str, _named: Option<u64>) -> Option<u64> {
        match self.open(name) {
            Ok(found) => found.map(|(_, size)| size),
            // The error is told when the part is read.
            Err(_) => Some(0),
        }
    }

    /// A manifest or index, which registries keep apart from other blobs.
    ///
    /// # Errors
    /// As [`Store::bytes`].
    fn manifest(&self, digest: &Digest, limits: &Limits) -> Result<Option<Vec<u8>>, ImageError> {
        self.bytes(&blob_name(digest), limits)
    }

    /// Whether the manifest is there without asking for it; a place that holds all that its index names says yes.
    fn has_manifest(&self, digest: &Digest, limits: &Limits) -> bool {
        matches!(self.manifest(digest, limits), Ok(Some(_)))
    }

    /// A small part as a whole.
    ///
    /// # Errors
    /// When it is too large or cannot be read.
    fn bytes(&self, name: &str, limits: &Limits) -> Result<Option<Vec<u8>>, ImageError> {
        let read = |source| ImageError::Read {
            name: name.to_owned(),
            source,
        };
        let Some((reader, size)) = self.open(name).map_err(read)? else {
            return Ok(None);
        };
        let limit = limits.max_json_bytes;
        if size > limit {
            return Err(ImageError::TooLarge {
                name: name.to_owned(),
                limit,
            });
        }
        let mut bytes = Vec::new();
        reader
            .take(limit.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(read)?;
        if bytes.len() as u64 > limit {
            return Err(ImageError::TooLarge {
                name: name.to_owned(),
                limit,
            });
        }
        Ok(Some(bytes))
    }
}

/// Name of a blob in an OCI layout.
pub(super) fn blob_name(digest: &Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}

/// Members of an archive by name, with links between them.
#[derive(Debug)]
pub(super) struct Names<T> {
    members: HashMap<String, Named<T>>,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self {
            members: HashMap::new(),
        }
    }
}

#[derive(Debug)]
enum Named<T> {
    Member(T),
    Link(String),
}

/// More links than this in a row lead in a circle.
const MAX_LINKS: usize = 8;

impl<T> Names<T> {
    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    pub(super) fn insert(&mut self, name: String, member: T) {
        self.members.insert(name, Named::Member(member));
    }

    /// A link, whose target is relative to its folder (symbolic) or to the archive's root (hard).
    pub(super) fn insert_link(&mut self, name: String, kind: Kind, target: &[u8], max_path: usize) {
        let mut path = String::new();
        let target = match kind {
            Kind::Symlink => [split(&name).0.as_bytes(), b"/", target].concat(),
            _ => target.to_vec(),
        };
        // A link out of the archive leads nowhere.
        if normalise(&target, max_path, &mut path).is_ok() {
            self.members.insert(name, Named::Link(path));
        }
    }

    /// The member of this name, through links.
    pub(super) fn get(&self, name: &str) -> Option<&T> {
        let mut name = name;
        for _ in 0..MAX_LINKS {
            match self.members.get(name)? {
                Named::Member(member) => return Some(member),
                Named::Link(target) => name = target,
            }
        }
        None
    }
}

/// An archive file, of which one pass over the headers has found the members.
#[derive(Debug)]
pub(super) struct ArchiveStore {
    path: PathBuf,
    names: Names<(u64, u64)>,
}

impl ArchiveStore {
    pub(super) fn index(path: &Path, file: File, limits: &Limits) -> Result<Self, ImageError> {
        let total = file.metadata().map_err(ImageError::Archive)?.len();
        let mut walker = Walker::new(Seeking(file), limits.max_header_bytes);
        let mut names = Names::default();
        while let Some(member) = walker.next().map_err(ImageError::Archive)? {
            if names.len() >= limits.max_members {
                return Err(ImageError::Inconsistent(format!(
                    "the archive has more than {} members",
                    limits.max_members
                )));
            }
            let mut name = String::new();
            if normalise(&member.name, limits.max_path_bytes, &mut name).is_err() {
                continue;
            }
            match member.kind {
                Kind::File => {
                    // A member that is cut off is still read as far as it goes.
                    let there = total.saturating_sub(member.offset);
                    names.insert(name, (member.offset, member.size));
                    if there < member.size {
                        break;
                    }
                }
                Kind::Symlink | Kind::HardLink => {
                    names.insert_link(name, member.kind, &member.link, limits.max_path_bytes);
                }
                _ => {}
            }
        }
        Ok(Self {
            path: path.to_owned(),
            names,
        })
    }
}

impl Store for ArchiveStore {
    fn open(&self, name: &str) -> io::Result<Option<(Box<dyn Read + Send>, u64)>> {
        let Some((offset, size)) = self.names.get(name).copied() else {
            return Ok(None);
        };
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(offset))?;
        Ok(Some((
            Box::new(Whole {
                inner: file.take(size),
            }),
            size,
        )))
    }
}

/// A member of a known size: its early end is an error, not an end.
struct Whole<R> {
    inner: io::Take<R>,
}

impl<R: Read> Read for Whole<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if read == 0 && self.inner.limit() > 0 && !buffer.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the archive ends within it",
            ));
        }
        Ok(read)
    }
}

/// The folder of an OCI layout.
#[derive(Debug)]
pub(super) struct FolderStore {
    pub(super) root: PathBuf,
}

impl Store for FolderStore {
    fn open(&self, name: &str) -> io::Result<Option<(Box<dyn Read + Send>, u64)>> {
        // Names are made here of digests, or are those of the layout's own files: nothing leads out of the folder.
        let path = self.root.join(name);
        let metadata = match std::fs::metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        if !metadata.is_file() {
            return Err(io::Error::other("it is not a plain file"));
        }
        let file = File::open(&path)?;
        Ok(Some((Box::new(file), metadata.len())))
    }
}
