//! Opens files below a root folder, whatever links say: a link is resolved as it would be if the root were `/`.

use std::{
    ffi::OsString,
    fs::{File, Metadata},
    io,
    path::{Component, Path, PathBuf},
};

/// As many links in a row as Linux follows.
const MAX_LINKS: usize = 40;

/// A folder that nothing leads out of.
#[derive(Clone, Debug)]
pub(crate) struct Root {
    path: PathBuf,
}

impl Root {
    /// The folder, which must exist.
    pub(crate) fn new(path: &Path) -> io::Result<Self> {
        let path = path.canonicalize()?;
        if path.is_dir() {
            Ok(Self { path })
        } else {
            Err(io::ErrorKind::NotADirectory.into())
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Where a path below the root lies after all links, nothing when it is not there.
    pub(crate) fn resolve(&self, below: &Path) -> io::Result<Option<PathBuf>> {
        let mut remaining: Vec<OsString> = parts(below);
        remaining.reverse();
        let mut done: Vec<OsString> = Vec::new();
        let mut links = 0;
        while let Some(part) = remaining.pop() {
            if part == ".." {
                done.pop();
                continue;
            }
            done.push(part);
            let path = self.join(&done);
            let metadata = match path.symlink_metadata() {
                Ok(metadata) => metadata,
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                    ) =>
                {
                    return Ok(None);
                }
                Err(error) => return Err(error),
            };
            if metadata.file_type().is_symlink() {
                links += 1;
                if links > MAX_LINKS {
                    return Err(io::Error::other("too many links"));
                }
                let target = path.read_link()?;
                done.pop();
                if target.has_root() || target.is_absolute() {
                    done.clear();
                }
                remaining.extend(parts(&target).into_iter().rev());
            }
        }
        Ok(Some(self.join(&done)))
    }

    fn join(&self, parts: &[OsString]) -> PathBuf {
        let mut path = self.path.clone();
        path.extend(parts);
        path
    }

    /// Opens a plain file below the root, nothing when it is not there or no plain file.
    pub(crate) fn open(&self, below: &Path) -> io::Result<Option<(File, Metadata)>> {
        let Some(path) = self.resolve(below)? else {
            return Ok(None);
        };
        // Asked before opening, since opening a pipe or device can wait or act.
        if !path.symlink_metadata()?.is_file() {
            return Ok(None);
        }
        let file = open_plain(&path)?;
        let metadata = file.metadata()?;
        Ok(metadata.is_file().then_some((file, metadata)))
    }
}

/// The named parts of a path and its `..`.
fn parts(path: &Path) -> Vec<OsString> {
    path.components()
        .filter_map(|component| match component {
            Component::Normal(part) => Some(part.to_owned()),
            Component::ParentDir => Some(OsString::from("..")),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
        })
        .collect()
}

/// Opens without following a link that was put there since, and without waiting for the other end of a pipe.
#[cfg(unix)]
fn open_plain(path: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
}

#[cfg(not(unix))]
fn open_plain(path: &Path) -> io::Result<File> {
    File::open(path)
}

#[cfg(all(test, unix))]
mod tests {
    use std::{fs, io::Read, os::unix::fs::symlink};

    use super::*;

    #[test]
    fn links_stay_inside_the_root() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret"), "outside").unwrap();
        let folder = outside.path().join("root");
        fs::create_dir_all(folder.join("usr/lib")).unwrap();
        fs::create_dir_all(folder.join("etc")).unwrap();
        fs::write(folder.join("usr/lib/os-release"), "inside").unwrap();
        fs::write(folder.join("secret"), "own").unwrap();
        symlink("../usr/lib/os-release", folder.join("etc/os-release")).unwrap();
        symlink("/usr/lib/os-release", folder.join("etc/absolute")).unwrap();
        symlink("../../../../secret", folder.join("etc/up")).unwrap();
        symlink("circle", folder.join("etc/circle")).unwrap();
        symlink("/nowhere", folder.join("etc/dangling")).unwrap();
        let root = Root::new(&folder).unwrap();
        let read = |path: &str| {
            let mut text = String::new();
            let opened = root
                .open(Path::new(path))
                .map_err(|error| error.to_string())?;
            let Some((mut file, _)) = opened else {
                return Ok(None);
            };
            file.read_to_string(&mut text).unwrap();
            Ok::<_, String>(Some(text))
        };
        assert_eq!(read("etc/os-release").unwrap().as_deref(), Some("inside"));
        assert_eq!(read("etc/absolute").unwrap().as_deref(), Some("inside"));
        assert_eq!(read("etc/up").unwrap().as_deref(), Some("own"));
        assert_eq!(read("../secret").unwrap().as_deref(), Some("own"));
        assert_eq!(read("etc/dangling").unwrap(), None);
        assert_eq!(read("etc/os-release/x").unwrap(), None);
        assert_eq!(read("etc").unwrap(), None, "a folder is no file");
        assert!(read("etc/circle").is_err());
    }
}
