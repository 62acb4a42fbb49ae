//! One call for every source that lies in files.

use std::{fs::File, path::PathBuf};

use schemas::inventory::{Inventory, Target, TargetKind};

use crate::{
    document::{self, DocumentError},
    folder::{FolderError, read_folder},
    host::read_host,
    image::{ImageError, Options, ScannedImage, read_archive, read_oci},
};

/// What to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A folder that holds a file system or part of one.
    Folder(PathBuf),
    /// An image archive.
    Archive(PathBuf),
    /// An OCI layout, folder or archive; the tag is in the options' choice.
    Oci(PathBuf),
    /// A host by its root, with the name it is shown under.
    Host {
        /// The root, `/`.
        root: PathBuf,
        /// The name.
        name: String,
    },
    /// An inventory document.
    Document(PathBuf),
}

/// Why a source could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A folder or host.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// An image.
    #[error("reading the image {} failed", path.display())]
    Image {
        /// Where it was.
        path: PathBuf,
        /// Why.
        #[source]
        source: ImageError,
    },
    /// A document could not be opened.
    #[error("opening {} failed", path.display())]
    Open {
        /// The document.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A document.
    #[error("reading the document {} failed", path.display())]
    Document {
        /// The document.
        path: PathBuf,
        /// Why.
        #[source]
        source: DocumentError,
    },
}

/// The inventory of a source.
///
/// # Errors
/// See [`ReadError`].
pub fn read(source: &Source, options: &Options<'_>) -> Result<Inventory, ReadError> {
    let image = |path: &PathBuf, result: Result<ScannedImage, ImageError>| {
        result
            .map(|image| {
                let mut inventory = image.inventory();
                // People know an image without a whole reference by the file they named.
                match image.facts.tags.first() {
                    None => inventory.target.name = path.display().to_string(),
                    Some(tag) if !tag.contains([':', '/']) => {
                        inventory.target.name = format!("{}:{tag}", path.display());
                    }
                    Some(_) => {}
                }
                inventory
            })
            .map_err(|source| ReadError::Image {
                path: path.clone(),
                source,
            })
    };
    match source {
        Source::Folder(root) => Ok(read_folder(root, &options.limits)?),
        Source::Archive(path) => image(path, read_archive(path, options)),
        Source::Oci(path) => image(path, read_oci(path, options)),
        Source::Host { root, name } => {
            let target = Target {
                kind: TargetKind::Host,
                name: name.clone(),
                id: None,
            };
            Ok(read_host(root, target, &[], &options.limits)?)
        }
        Source::Document(path) => {
            let file = File::open(path).map_err(|source| ReadError::Open {
                path: path.clone(),
                source,
            })?;
            let parsed = document::parse(file, &options.limits);
            parsed
                .map(|parsed| parsed.inventory)
                .map_err(|source| ReadError::Document {
                    path: path.clone(),
                    source,
                })
        }
    }
}
