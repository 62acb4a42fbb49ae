//! OCI layouts: `index.json`, nested indexes, manifests. Source: OCI image-spec, `image-layout.md`, `image-index.md`,
//! `manifest.md`, `annotations.md`.

use std::collections::BTreeMap;

use schemas::{Digest, inventory::ImageFacts};
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    Choice, ImageError,
    choice::{Platform, prefer},
    config::{digest_of, parse_config},
    layers::LayerSource,
    store::{Store, blob_name},
};
use crate::limits::Limits;

/// Indexes may stand within indexes so deep.
const MAX_INDEX_DEPTH: usize = 4;
/// Manifests that are looked at.
const MAX_MANIFESTS: usize = 1000;
/// Manifests and indexes that are opened to find the one that is meant: each is a request to a registry.
const MAX_DOCUMENTS: usize = 1000;
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
    #[serde(default, rename = "schemaVersion")]
    schema_version: Option<u32>,
    #[serde(default, rename = "mediaType")]
    media_type: Option<String>,
    #[serde(default)]
    manifests: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    layers: Option<serde::de::IgnoredAny>,
}

/// A manifest that could be meant.
#[derive(Clone, Debug)]
struct Candidate {
    descriptor: Descriptor,
    platform: Option<Platform>,
    names: Vec<String>,
}

/// An image that was found, and where its layers lie.
#[derive(Clone, Debug)]
pub struct Located {
    /// What its configuration says.
    pub facts: ImageFacts,
    /// Platforms of the same image that could have been meant and were not chosen, by the rule of `choice`.
    pub passed_over: Vec<String>,
    /// Digest of its manifest, where it has one.
    pub manifest: Option<Digest>,
    pub(super) sources: Vec<LayerSource>,
}

/// Finds the image that is meant, from an index or manifest of an OCI layout or registry.
///
/// # Errors
/// See [`ImageError`]; `Ambiguous` when several images fit and no rule chooses between them.
pub fn locate(
    store: &dyn Store,
    root: &[u8],
    choice: &Choice,
    limits: &Limits,
) -> Result<Located, ImageError> {
    let name = "the image's index or manifest";
    let shape: Shape = parse(name, root)?;
    if shape.schema_version == Some(1) && shape.manifests.is_none() {
        return Err(ImageError::Inconsistent(
            "the image is in the form of 2015 (manifest version 2, schema 1), which names no configuration and is not \
             read; pull it and push it again with a current Docker"
                .to_owned(),
        ));
    }
    if shape.manifests.is_some() || shape.layers.is_none() {
        return find(store, root, choice, limits);
    }
    let manifest: Manifest = parse(name, root)?;
    located(store, manifest, digest_of(root), Vec::new(), limits)
}

/// The image of a layout that is meant, and where its layers lie.
pub(super) fn find(
    store: &dyn Store,
    index: &[u8],
    choice: &Choice,
    limits: &Limits,
) -> Result<Located, ImageError> {
    let index: Index = parse("index.json", index)?;
    let mut found = Found {
        store,
        limits,
        candidates: Vec::new(),
        documents: 0,
    };
    found.collect(&index, &[], 0)?;
    let (candidate, passed_over) = choose(store, found.candidates, choice, limits)?;
    let bytes = verified(
        &candidate.descriptor,
        store.manifest(&candidate.descriptor.digest, limits)?,
    )?;
    let manifest: Manifest = parse(&blob_name(&candidate.descriptor.digest), &bytes)?;
    let digest = candidate.descriptor.digest;
    let mut located = located(store, manifest, digest, candidate.names, limits)?;
    located.passed_over = passed_over;
    Ok(located)
}

fn located(
    store: &dyn Store,
    manifest: Manifest,
    digest: Digest,
    names: Vec<String>,
    limits: &Limits,
) -> Result<Located, ImageError> {
    let media = manifest.config.media_type.as_deref().unwrap_or_default();
    if !media.is_empty() && !media.contains("image") {
        return Err(ImageError::Inconsistent(format!(
            "it is no container image: its configuration is of the type {}",
            media.chars().take(100).collect::<String>()
        )));
    }
    let config = verified(
        &manifest.config,
        store.bytes(&blob_name(&manifest.config.digest), limits)?,
    )?;
    let mut facts = parse_config(&config, limits)?;
    if manifest.layers.len() != facts.layers.len() {
        return Err(ImageError::Inconsistent(format!(
            "the manifest names {} layers and the configuration {}",
            manifest.layers.len(),
            facts.layers.len()
        )));
    }
    facts.tags = names;
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
    Ok(Located {
        facts,
        passed_over: Vec::new(),
        manifest: Some(digest),
        sources,
    })
}

fn parse<T: DeserializeOwned>(name: &str, bytes: &[u8]) -> Result<T, ImageError> {
    serde_json::from_slice(bytes).map_err(|source| ImageError::Json {
        name: name.to_owned(),
        source,
    })
}

/// The bytes that a descriptor names.
fn verified(descriptor: &Descriptor, bytes: Option<Vec<u8>>) -> Result<Vec<u8>, ImageError> {
    let name = blob_name(&descriptor.digest);
    let bytes = bytes.ok_or_else(|| ImageError::Missing(name.clone()))?;
    if digest_of(&bytes) == descriptor.digest {
        Ok(bytes)
    } else {
        Err(ImageError::Digest(name))
    }
}

/// The gathering of the manifests that could be meant.
struct Found<'a> {
    store: &'a dyn Store,
    limits: &'a Limits,
    candidates: Vec<Candidate>,
    /// Manifests and indexes that were opened.
    documents: usize,
}

impl Found<'_> {
    fn document<T: DeserializeOwned>(&mut self, descriptor: &Descriptor) -> Result<T, ImageError> {
        self.documents += 1;
        if self.documents > MAX_DOCUMENTS {
            return Err(ImageError::Inconsistent(format!(
                "the index leads to more than {MAX_DOCUMENTS} further ones"
            )));
        }
        let bytes = self.store.manifest(&descriptor.digest, self.limits)?;
        parse(
            &blob_name(&descriptor.digest),
            &verified(descriptor, bytes)?,
        )
    }

    /// Gathers the manifests of an index and of those within it.
    fn collect(
        &mut self,
        index: &Index,
        inherited: &[String],
        depth: usize,
    ) -> Result<(), ImageError> {
        for descriptor in &index.manifests {
            if is_attestation(descriptor) {
                continue;
            }
            if self.candidates.len() >= MAX_MANIFESTS {
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
            if !self.is_index(descriptor)? {
                self.candidates.push(Candidate {
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
            match self.document::<Index>(descriptor) {
                Ok(nested) => self.collect(&nested, &names, depth + 1)?,
                // An index whose images are all elsewhere is passed over like an image that is.
                Err(ImageError::Missing(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn is_index(&mut self, descriptor: &Descriptor) -> Result<bool, ImageError> {
        let says_index =
            |media: &str| media.contains("image.index") || media.contains("manifest.list");
        match descriptor.media_type.as_deref() {
            Some(media) if says_index(media) => Ok(true),
            Some(media) if media.contains("manifest") => Ok(false),
            _ => {
                let shape: Shape = self.document(descriptor)?;
                Ok(
                    shape.manifests.is_some()
                        || shape.media_type.as_deref().is_some_and(says_index),
                )
            }
        }
    }
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

/// The one manifest that is meant, and the platforms that were not chosen.
fn choose(
    store: &dyn Store,
    candidates: Vec<Candidate>,
    choice: &Choice,
    limits: &Limits,
) -> Result<(Candidate, Vec<String>), ImageError> {
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
            }) && choice.platform.as_deref().is_none_or(|wanted| {
                candidate
                    .platform
                    .as_ref()
                    .is_some_and(|platform| platform.fits(wanted))
            })
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
        let there =
            |candidate: &Candidate| store.has_manifest(&candidate.descriptor.digest, limits);
        let held: Vec<Candidate> = fitting.iter().filter(|c| there(c)).cloned().collect();
        if held.len() == 1 {
            fitting = held;
        }
    }
    let mut passed_over = Vec::new();
    if fitting.len() > 1
        && let Some(chosen) = preferred(&fitting, choice.same_everywhere)
    {
        passed_over = fitting.iter().map(describe).collect();
        passed_over.remove(chosen);
        fitting = vec![fitting.swap_remove(chosen)];
    }
    if fitting.len() > 1 {
        return Err(ImageError::Ambiguous {
            choices: fitting.iter().map(describe).collect(),
        });
    }
    let candidate = fitting.pop().ok_or(ImageError::NoImage)?;
    Ok((candidate, passed_over))
}

/// The preferred one of several platforms of one image; different images are never chosen between.
fn preferred(candidates: &[Candidate], same_everywhere: bool) -> Option<usize> {
    let names = &candidates.first()?.names;
    if candidates.iter().any(|candidate| candidate.names != *names) {
        return None;
    }
    let platforms: Option<Vec<&Platform>> = candidates
        .iter()
        .map(|candidate| candidate.platform.as_ref())
        .collect();
    prefer(&platforms?, same_everywhere)
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

/// A candidate as people choose it.
fn describe(candidate: &Candidate) -> String {
    let mut text = match &candidate.platform {
        Some(platform) => platform.describe(),
        None => candidate.descriptor.digest.to_string(),
    };
    if !candidate.names.is_empty() {
        text.push_str(" (");
        text.push_str(&candidate.names.join(", "));
        text.push(')');
    }
    text.chars().take(200).collect()
}
