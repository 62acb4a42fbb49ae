//! OCI layouts: `index.json`, nested indexes, manifests. Source: OCI image-spec, `image-layout.md`, `image-index.md`,
//! `manifest.md`, `annotations.md`.

use std::collections::BTreeMap;

use schemas::{Digest, inventory::ImageFacts};
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    Choice, ImageError,
    config::{digest_of, parse_config},
    layers::LayerSource,
    store::Store,
};
use crate::limits::Limits;

/// Indexes may stand within indexes so deep.
const MAX_INDEX_DEPTH: usize = 4;
/// Manifests that are looked at.
const MAX_MANIFESTS: usize = 1000;
const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// containerd writes the whole reference here and the tag alone into the other.
const IMAGE_NAME: &str = "io.containerd.image.name";
const REFERENCE_TYPE: &str = "vnd.docker.reference.type";

#[derive(Clone, Debug, Deserialize)]
struct Descriptor {
    #[serde(default, rename = "mediaType")]
    media_type: Option<String>,
    digest: Digest,
    #[serde(default)]
    size: u64,
    #[serde(default)]
    platform: Option<Platform>,
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
    #[serde(default)]
    urls: Option<Vec<String>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Platform {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    variant: Option<String>,
    #[serde(default, rename = "os.version")]
    os_version: Option<String>,
}

#[derive(Deserialize)]
struct Index {
    #[serde(default)]
    manifests: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Manifest {
    config: Descriptor,
    #[serde(default)]
    layers: Vec<Descriptor>,
}

/// What a document is, where its media type does not say.
#[derive(Deserialize)]
struct Shape {
    #[serde(default, rename = "mediaType")]
    media_type: Option<String>,
    #[serde(default)]
    manifests: Option<serde::de::IgnoredAny>,
}

/// A manifest that could be meant.
#[derive(Clone, Debug)]
struct Candidate {
    descriptor: Descriptor,
    platform: Option<Platform>,
    names: Vec<String>,
}

/// The image of a layout that is meant, and where its layers lie.
pub(super) fn find(
    store: &dyn Store,
    index: &[u8],
    choice: &Choice,
    limits: &Limits,
) -> Result<(ImageFacts, Vec<LayerSource>), ImageError> {
    let mut candidates = Vec::new();
    let index: Index = parse("index.json", index)?;
    collect(store, &index, &[], 0, limits, &mut candidates)?;
    let candidate = choose(store, candidates, choice, limits)?;
    let manifest: Manifest = document(store, &candidate.descriptor, limits)?;
    let config = blob(store, &manifest.config, limits)?;
    let mut facts = parse_config(&config, limits)?;
    if manifest.layers.len() != facts.layers.len() {
        return Err(ImageError::Inconsistent(format!(
            "the manifest names {} layers and the configuration {}",
            manifest.layers.len(),
            facts.layers.len()
        )));
    }
    facts.tags = candidate.names;
    let mut sources = Vec::new();
    for (reference, layer) in facts.layers.iter_mut().zip(manifest.layers) {
        sources.push(LayerSource {
            name: blob_name(&layer.digest),
            foreign: layer.media_type.as_deref().is_some_and(|media| {
                media.contains("foreign") || media.contains("nondistributable")
            }) || layer.urls.is_some_and(|urls| !urls.is_empty()),
        });
        reference.blob = Some(layer.digest);
        reference.media_type = layer.media_type;
        reference.size_bytes = Some(layer.size);
    }
    Ok((facts, sources))
}

fn blob_name(digest: &Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}

fn parse<T: DeserializeOwned>(name: &str, bytes: &[u8]) -> Result<T, ImageError> {
    serde_json::from_slice(bytes).map_err(|source| ImageError::Json {
        name: name.to_owned(),
        source,
    })
}

/// A small blob, verified.
fn blob(
    store: &dyn Store,
    descriptor: &Descriptor,
    limits: &Limits,
) -> Result<Vec<u8>, ImageError> {
    let name = blob_name(&descriptor.digest);
    let bytes = store
        .bytes(&name, limits)?
        .ok_or_else(|| ImageError::Missing(name.clone()))?;
    if digest_of(&bytes) == descriptor.digest {
        Ok(bytes)
    } else {
        Err(ImageError::Digest(name))
    }
}

fn document<T: DeserializeOwned>(
    store: &dyn Store,
    descriptor: &Descriptor,
    limits: &Limits,
) -> Result<T, ImageError> {
    parse(
        &blob_name(&descriptor.digest),
        &blob(store, descriptor, limits)?,
    )
}

/// Gathers the manifests of an index and of those within it.
fn collect(
    store: &dyn Store,
    index: &Index,
    inherited: &[String],
    depth: usize,
    limits: &Limits,
    candidates: &mut Vec<Candidate>,
) -> Result<(), ImageError> {
    for descriptor in &index.manifests {
        if is_attestation(descriptor) {
            continue;
        }
        if candidates.len() >= MAX_MANIFESTS {
            return Err(ImageError::Inconsistent(format!(
                "the index names more than {MAX_MANIFESTS} manifests"
            )));
        }
        let own = descriptor.annotations.as_ref().map(|annotations| {
            [IMAGE_NAME, REF_NAME]
                .iter()
                .filter_map(|key| annotations.get(*key))
                .cloned()
        });
        let mut names = inherited.to_vec();
        for name in own.into_iter().flatten() {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        if !is_index(store, descriptor, limits)? {
            candidates.push(Candidate {
                platform: descriptor.platform.clone(),
                descriptor: descriptor.clone(),
                names,
            });
            continue;
        }
        if depth >= MAX_INDEX_DEPTH {
            return Err(ImageError::Inconsistent(
                "indexes stand too deep within one another".to_owned(),
            ));
        }
        // An index whose images are all elsewhere is passed over like an image that is.
        if let Ok(nested) = document::<Index>(store, descriptor, limits) {
            collect(store, &nested, &names, depth + 1, limits, candidates)?;
        }
    }
    Ok(())
}

/// Build records that travel beside images.
fn is_attestation(descriptor: &Descriptor) -> bool {
    let typed = descriptor
        .annotations
        .as_ref()
        .is_some_and(|annotations| annotations.contains_key(REFERENCE_TYPE));
    typed
        || descriptor
            .platform
            .as_ref()
            .is_some_and(|platform| platform.os == "unknown")
}

fn is_index(
    store: &dyn Store,
    descriptor: &Descriptor,
    limits: &Limits,
) -> Result<bool, ImageError> {
    let says_index = |media: &str| media.contains("image.index") || media.contains("manifest.list");
    match descriptor.media_type.as_deref() {
        Some(media) if says_index(media) => Ok(true),
        Some(media) if media.contains("manifest") => Ok(false),
        _ => {
            let shape: Shape = document(store, descriptor, limits)?;
            Ok(shape.manifests.is_some() || shape.media_type.as_deref().is_some_and(says_index))
        }
    }
}

/// The one manifest that is meant.
fn choose(
    store: &dyn Store,
    candidates: Vec<Candidate>,
    choice: &Choice,
    limits: &Limits,
) -> Result<Candidate, ImageError> {
    let all: Vec<String> = candidates.iter().map(describe).collect();
    if all.is_empty() {
        return Err(ImageError::NoImage);
    }
    let mut fitting: Vec<Candidate> = candidates
        .into_iter()
        .filter(|candidate| {
            choice.reference.as_deref().is_none_or(|wanted| {
                candidate.names.iter().any(|name| is_named(name, wanted))
                    || candidate.descriptor.digest.as_str() == wanted
            }) && choice
                .platform
                .as_deref()
                .is_none_or(|wanted| fits(candidate.platform.as_ref(), wanted))
        })
        .collect();
    if fitting.is_empty() {
        let wanted = [choice.reference.as_deref(), choice.platform.as_deref()];
        return Err(ImageError::NotFound {
            wanted: wanted.into_iter().flatten().collect::<Vec<_>>().join(" "),
            choices: all,
        });
    }
    merge_same(&mut fitting);
    if fitting.len() > 1 {
        // Of several platforms that an index names, an archive often holds one only.
        let there = |candidate: &Candidate| {
            let name = blob_name(&candidate.descriptor.digest);
            matches!(store.bytes(&name, limits), Ok(Some(_)))
        };
        let held: Vec<Candidate> = fitting.iter().filter(|c| there(c)).cloned().collect();
        if held.len() == 1 {
            fitting = held;
        }
    }
    if fitting.len() > 1 {
        return Err(ImageError::Ambiguous {
            choices: fitting.iter().map(describe).collect(),
        });
    }
    fitting.pop().ok_or(ImageError::NoImage)
}

/// One image under several names is one image.
fn merge_same(candidates: &mut Vec<Candidate>) {
    let mut merged: Vec<Candidate> = Vec::new();
    for candidate in candidates.drain(..) {
        match merged
            .iter_mut()
            .find(|known| known.descriptor.digest == candidate.descriptor.digest)
        {
            Some(known) => {
                for name in candidate.names {
                    if !known.names.contains(&name) {
                        known.names.push(name);
                    }
                }
            }
            None => merged.push(candidate),
        }
    }
    *candidates = merged;
}

/// Whether a name of the layout is the one that is wanted: the whole, or its tag.
fn is_named(name: &str, wanted: &str) -> bool {
    name == wanted
        || name
            .rsplit_once(':')
            .is_some_and(|(_, tag)| tag == wanted && !tag.contains('/'))
}

/// Whether a platform is the wanted `OS/ARCHITECTURE[/VARIANT][:OS_VERSION]`.
fn fits(platform: Option<&Platform>, wanted: &str) -> bool {
    let Some(platform) = platform else {
        return false;
    };
    let (names, version) = match wanted.split_once(':') {
        Some((names, version)) => (names, Some(version)),
        None => (wanted, None),
    };
    let mut parts = names.split('/');
    let matches = |part: Option<&str>, own: &str| part.is_none_or(|p| p.is_empty() || p == own);
    matches(parts.next(), &platform.os)
        && matches(parts.next(), &platform.architecture)
        && matches(
            parts.next(),
            platform.variant.as_deref().unwrap_or_default(),
        )
        && version.is_none_or(|wanted| {
            platform.os_version.as_deref().is_some_and(|own| {
                own.strip_prefix(wanted)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            })
        })
}

/// A candidate as people choose it.
fn describe(candidate: &Candidate) -> String {
    let mut text = match &candidate.platform {
        Some(platform) => {
            let mut text = format!("{}/{}", platform.os, platform.architecture);
            if let Some(variant) = &platform.variant {
                text.push('/');
                text.push_str(variant);
            }
            if let Some(version) = &platform.os_version {
                text.push(':');
                text.push_str(version);
            }
            text
        }
        None => candidate.descriptor.digest.to_string(),
    };
    if !candidate.names.is_empty() {
        text.push_str(" (");
        text.push_str(&candidate.names.join(", "));
        text.push(')');
    }
    text.chars().take(200).collect()
}
