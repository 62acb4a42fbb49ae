//! Where documents come from: a folder, or an iterator of named bytes.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::BuildError;

/// Deepest folder that is walked.
const MAX_DEPTH: usize = 32;
/// Files that one folder may hold, with all below it.
const MAX_FILES: usize = 1_000_000;

/// Documents to build from. They may be packed (`.zst`, `.gz`, `.bz2`, `.xz`, `.zip`, `.tar` and one in another), which is told by
/// their content.
pub enum Source<'a> {
    /// All files in a folder and below. Symbolic links are followed only to files within the folder.
    Folder(&'a Path),
    /// Names and contents.
    Documents(Box<dyn Iterator<Item = (String, Vec<u8>)> + Send + 'a>),
}

/// One file that waits to be read.
pub(super) enum Input {
    Path { name: String, path: PathBuf },
    Bytes { name: String, bytes: Vec<u8> },
}

impl Input {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Path { name, .. } | Self::Bytes { name, .. } => name,
        }
    }
}

impl<'a> Source<'a> {
    /// Lists the files. The largest come first, so that no thread is left with a large one at the end.
    pub(super) fn open(self) -> Result<Box<dyn Iterator<Item = Input> + Send + 'a>, BuildError> {
        let folder = match self {
            Self::Folder(folder) => folder,
            Self::Documents(documents) => {
                let input = |(name, bytes)| Input::Bytes { name, bytes };
                return Ok(Box::new(documents.map(input)));
            }
        };
        let fail = |source| BuildError::Source {
            folder: folder.display().to_string(),
            source,
        };
        let root = fs::canonicalize(folder).map_err(fail)?;
        let mut files = Vec::new();
        walk(&root, &root, 0, &mut files).map_err(fail)?;
        files.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        let input = |(_, name, path)| Input::Path { name, path };
        Ok(Box::new(files.into_iter().map(input)))
    }
}

/// Lists a folder. A folder below the first that cannot be listed is passed over like one that is empty: its files
/// then lack in the report's documents.
fn walk(
    root: &Path,
    folder: &Path,
    depth: usize,
    files: &mut Vec<(u64, String, PathBuf)>,
) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        if files.len() >= MAX_FILES {
            break;
        }
        let path = entry?.path();
        let Ok(about) = fs::symlink_metadata(&path) else {
            continue;
        };
        if about.is_dir() {
            if depth < MAX_DEPTH {
                // One folder that may not be read does not hide the others.
                let _ = walk(root, &path, depth + 1, files);
            }
            continue;
        }
        let size = if about.is_symlink() {
            match fs::canonicalize(&path) {
                Ok(target) if target.starts_with(root) && target.is_file() => {
                    fs::metadata(&target).map_or(0, |about| about.len())
                }
                _ => continue,
            }
        } else if about.is_file() {
            about.len()
        } else {
            continue;
        };
        let name = path.strip_prefix(root).unwrap_or(&path);
        let name = name.to_string_lossy().replace('\\', "/");
        files.push((size, name, path));
    }
    Ok(())
}
