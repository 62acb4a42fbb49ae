//! Images in files that can be read at any place: archives, and the folders of OCI layouts.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
};

use schemas::{Digest, inventory::LayerRef};
use serde::Deserialize;

use super::{
    Choice, ImageError, Options, ScannedImage,
    config::parse_config,
    layers::{LayerSource, read_located},
    oci::{self, Located},
    store::{ArchiveStore, FolderStore, Store},
    stream::read_archive_stream,
};
use crate::{layer::Compression, limits::Limits};

/// An entry of `manifest.json`. Source: Docker's image specification 1.2, "Combined Image JSON + Filesystem Changeset
/// Format".
#[derive(Clone, Debug, Deserialize)]
pub(super) struct SavedImage {
    #[serde(rename = "Config")]
    pub(super) config: String,
    #[serde(default, rename = "RepoTags")]
    pub(super) repo_tags: Option<Vec<String>>,
    #[serde(default, rename = "Layers")]
    pub(super) layers: Option<Vec<String>>,
    /// Descriptors by diff id of layers that are not in the archive.
    #[serde(default, rename = "LayerSources")]
    pub(super) layer_sources: Option<std::collections::BTreeMap<String, serde::de::IgnoredAny>>,
}

/// Reads an image archive: `docker save` in both layouts, or an OCI layout; also compressed as a whole with gzip or zstd.
///
/// # Errors
/// See [`ImageError`]. What is wrong with a single layer is a gap instead.
pub fn read_archive(path: &Path, options: &Options<'_>) -> Result<ScannedImage, ImageError> {
    let open = |source| ImageError::Open {
        path: path.to_owned(),
        source,
    };
    let mut file = File::open(path).map_err(open)?;
    let metadata = file.metadata().map_err(open)?;
    if metadata.is_dir() {
        return read_oci(path, options);
    }
    let mut head = [0; 8];
    let seekable = metadata.is_file() && file.seek(SeekFrom::Start(0)).is_ok();
    if !seekable {
        return read_archive_stream(&mut file, options);
    }
    let held = (&mut file).take(8).read(&mut head).map_err(open)?;
    file.seek(SeekFrom::Start(0)).map_err(open)?;
    if Compression::of(head.get(..held).unwrap_or_default()) != Compression::None {
        return read_archive_stream(&mut file, options);
    }
    let store = ArchiveStore::index(path, file, &options.limits)?;
    read_store(&store, options)
}

/// Reads an OCI layout: a folder, or an archive of one. The tag is `options.choice.reference`.
///
/// # Errors
/// As [`read_archive`].
pub fn read_oci(path: &Path, options: &Options<'_>) -> Result<ScannedImage, ImageError> {
    if !path.is_dir() {
        return read_archive(path, options);
    }
    let store = FolderStore {
        root: path.to_owned(),
    };
    let index = store
        .bytes("index.json", &options.limits)?
        .ok_or(ImageError::NoImage)?;
    let located = oci::find(&store, &index, &options.choice, &options.limits)?;
    read_located(&store, located, options)
}

fn read_store(store: &dyn Store, options: &Options<'_>) -> Result<ScannedImage, ImageError> {
    let limits = &options.limits;
    // Newer engines write both; what Docker itself loads is manifest.json, unless a platform is to be chosen.
    let manifest = match &options.choice.platform {
        Some(_) => None,
        None => store.bytes("manifest.json", limits)?,
    };
    let located = match manifest {
        Some(manifest) => find_saved(store, &manifest, &options.choice, limits)?,
        None => match store.bytes("index.json", limits)? {
            Some(index) => oci::find(store, &index, &options.choice, limits)?,
            None => {
                let manifest = store
                    .bytes("manifest.json", limits)?
                    .ok_or(ImageError::NoImage)?;
                find_saved(store, &manifest, &options.choice, limits)?
            }
        },
    };
    read_located(store, located, options)
}

/// The image of a `manifest.json` that is meant.
pub(super) fn choose_saved(manifest: &[u8], choice: &Choice) -> Result<SavedImage, ImageError> {
    let images: Vec<SavedImage> =
        serde_json::from_slice(manifest).map_err(|source| ImageError::Json {
            name: "manifest.json".to_owned(),
            source,
        })?;
    let name = |image: &SavedImage| match image.repo_tags.as_deref().unwrap_or_default() {
        [] => image.config.clone(),
        tags => tags.join(", "),
    };
    let choices: Vec<String> = images.iter().map(name).collect();
    let mut fitting: Vec<SavedImage> = images
        .into_iter()
        .filter(|image| {
            choice.reference.as_deref().is_none_or(|wanted| {
                image.repo_tags.iter().flatten().any(|tag| {
                    tag == wanted || tag.rsplit_once(':').is_some_and(|(_, t)| t == wanted)
                }) || image.config.contains(wanted.trim_start_matches("sha256:"))
            })
        })
        .collect();
    match fitting.len() {
        0 if choices.is_empty() => Err(ImageError::NoImage),
        0 => Err(ImageError::NotFound {
            wanted: choice.reference.clone().unwrap_or_default(),
            choices,
        }),
        1 => fitting.pop().ok_or(ImageError::NoImage),
        _ => Err(ImageError::Ambiguous { choices }),
    }
}

/// Facts and layers of an image of a `manifest.json`, from its configuration.
pub(super) fn saved_facts(
    image: &SavedImage,
    config: &[u8],
    limits: &Limits,
) -> Result<Located, ImageError> {
    let mut facts = parse_config(config, limits)?;
    verify_name(&image.config, &facts.id)?;
    facts.tags = image.repo_tags.clone().unwrap_or_default();
    let layers = image.layers.clone().unwrap_or_default();
    if layers.len() != facts.layers.len() {
        return Err(ImageError::Inconsistent(format!(
            "manifest.json names {} layers and the configuration {}",
            layers.len(),
            facts.layers.len()
        )));
    }
    let foreign = image.layer_sources.as_ref();
    let sources = facts
        .layers
        .iter_mut()
        .zip(layers)
        .map(|(reference, name)| {
            reference.blob = digest_of_name(&name);
            LayerSource {
                foreign: is_foreign(reference, foreign),
                name: plain(&name),
            }
        })
        .collect();
    Ok(Located {
        facts,
        passed_over: Vec::new(),
        manifest: None,
        sources,
    })
}

fn is_foreign(
    reference: &LayerRef,
    sources: Option<&std::collections::BTreeMap<String, serde::de::IgnoredAny>>,
) -> bool {
    sources.is_some_and(|sources| sources.contains_key(reference.diff_id.as_str()))
}

/// A name of `manifest.json` as the archive's members are kept.
fn plain(name: &str) -> String {
    let mut path = String::new();
    match crate::path::normalise(name.as_bytes(), 4096, &mut path) {
        Ok(()) => path,
        Err(_) => String::new(),
    }
}

/// `blobs/sha256/HEX` names its content.
fn digest_of_name(name: &str) -> Option<Digest> {
    let hex = name.strip_prefix("blobs/sha256/")?;
    format!("sha256:{hex}").parse().ok()
}

/// A configuration is named by its digest in both layouts: `HEX.json` and `blobs/sha256/HEX`.
fn verify_name(name: &str, id: &Digest) -> Result<(), ImageError> {
    let stem = name.strip_suffix(".json").unwrap_or(name);
    let hex = stem.rsplit('/').next().unwrap_or(stem);
    let is_digest = hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_digest && hex != id.hex() {
        return Err(ImageError::Digest(name.to_owned()));
    }
    Ok(())
}

fn find_saved(
    store: &dyn Store,
    manifest: &[u8],
    choice: &Choice,
    limits: &Limits,
) -> Result<Located, ImageError> {
    let image = choose_saved(manifest, choice)?;
    let config = store
        .bytes(&plain(&image.config), limits)?
        .ok_or_else(|| ImageError::Missing(image.config.clone()))?;
    saved_facts(&image, &config, limits)
}
