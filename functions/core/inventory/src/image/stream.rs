//! An archive that can only be read from front to back: from a pipe, or from an engine. Nothing is spooled: layers are
//! read as they pass, and the small documents that say which they are may come before or behind them.

use std::{
    collections::HashMap,
    io::{self, Read},
};

use schemas::{
    Digest,
    inventory::{GapReason, LayerRef},
};

use super::{
    ImageError, LayerOutcome, Options, Progress, ScannedImage,
    archive::{choose_saved, saved_facts},
    layers::{LayerSource, absence, outcome_of},
    oci::{self, Located},
    store::{Names, Store},
};
use crate::{
    gaps::gap,
    layer::{Compression, LayerExpectation, LayerForm, ReadLayer, read_layer},
    limits::Limits,
    path::normalise,
    tar::{Kind, Streaming, Walker},
};

/// Bytes of all documents that are held until the end.
const MAX_DOCUMENT_BYTES: u64 = 64 << 20;

/// Reads an image archive, possibly compressed as a whole, from front to back.
///
/// A layer whose file is named by its diff id and which is not wanted is passed over; whether any other one is wanted is
/// known only after it was read.
///
/// # Errors
/// See [`ImageError`].
pub fn read_archive_stream(
    reader: &mut dyn Read,
    options: &Options<'_>,
) -> Result<ScannedImage, ImageError> {
    let mut head = Vec::new();
    Read::take(&mut *reader, 8)
        .read_to_end(&mut head)
        .map_err(ImageError::Archive)?;
    let compression = Compression::of(&head);
    let whole = io::BufReader::with_capacity(256 << 10, io::Cursor::new(head).chain(reader));
    match compression {
        Compression::None => read_members(whole, options),
        Compression::Gzip => read_members(flate2::bufread::MultiGzDecoder::new(whole), options),
        Compression::Zstd => {
            let mut decoder =
                zstd::stream::read::Decoder::with_buffer(whole).map_err(ImageError::Archive)?;
            decoder.window_log_max(25).map_err(ImageError::Archive)?;
            read_members(decoder, options)
        }
        Compression::Other(name) => Err(ImageError::Inconsistent(format!(
            "archives compressed with {name} are not read; unpack it first"
        ))),
    }
}

/// What is kept of the members.
#[derive(Default)]
struct Passed {
    documents: Names<Vec<u8>>,
    document_bytes: u64,
    layers: Names<ReadLayer>,
    /// Blobs that were passed over because nobody wants them.
    unwanted: HashMap<String, ()>,
}

impl Store for Passed {
    fn open(&self, name: &str) -> io::Result<Option<(Box<dyn Read + Send>, u64)>> {
        Ok(self.documents.get(name).map(|bytes| {
            let size = bytes.len() as u64;
            let reader: Box<dyn Read + Send> = Box::new(io::Cursor::new(bytes.clone()));
            (reader, size)
        }))
    }
}

fn read_members(reader: impl Read, options: &Options<'_>) -> Result<ScannedImage, ImageError> {
    let limits = &options.limits;
    let mut walker = Walker::new(Streaming(reader), limits.max_header_bytes);
    let mut passed = Passed::default();
    let mut damage = None;
    loop {
        let member = match walker.next() {
            Ok(Some(member)) => member,
            Ok(None) => break,
            Err(error) => {
                // What came before may be the whole image.
                damage = Some(error);
                break;
            }
        };
        let mut name = String::new();
        if normalise(&member.name, limits.max_path_bytes, &mut name).is_err() {
            continue;
        }
        if passed.documents.len() + passed.layers.len() >= limits.max_members {
            return Err(ImageError::Inconsistent(format!(
                "the archive has more than {} members",
                limits.max_members
            )));
        }
        match member.kind {
            Kind::File => {
                let mut content = walker.content().take(member.size);
                passed.member(name, member.size, &mut content, options)?;
            }
            Kind::Symlink | Kind::HardLink => {
                let link = &member.link;
                let max = limits.max_path_bytes;
                passed
                    .documents
                    .insert_link(name.clone(), member.kind, link, max);
                passed.layers.insert_link(name, member.kind, link, max);
            }
            _ => {}
        }
    }
    let mut image = passed.conclude(options);
    if let Some(error) = damage {
        match &mut image {
            Ok(image) => image.gaps.push(gap(
                GapReason::Corrupt,
                format!("the archive is damaged or ends early: {error}"),
            )),
            Err(ImageError::NoImage | ImageError::Missing(_)) => {
                return Err(ImageError::Archive(error));
            }
            Err(_) => {}
        }
    }
    image
}

impl Passed {
    fn member(
        &mut self,
        name: String,
        size: u64,
        content: &mut dyn Read,
        options: &Options<'_>,
    ) -> Result<(), ImageError> {
        let limits = &options.limits;
        let blob = name.strip_prefix("blobs/sha256/");
        let is_layer_file =
            name.ends_with("/layer.tar") || name.ends_with(".tar.gz") || name.ends_with(".tar");
        if blob.is_none() && !is_layer_file {
            // Some writers name the configuration `sha256:HEX`, without an ending.
            let wanted =
                !name.contains('/') && (name.ends_with(".json") || name.starts_with("sha256:"));
            if wanted {
                let bytes = self.document(&name, size, &mut io::empty(), content, limits)?;
                self.documents.insert(name, bytes);
            }
            return Ok(());
        }
        let digest: Option<Digest> = blob.and_then(|hex| format!("sha256:{hex}").parse().ok());
        let mut head = Vec::new();
        // A damaged end is found again when the member is read.
        let _ = Read::take(&mut *content, 512).read_to_end(&mut head);
        if blob.is_some() && looks_like_json(&head) && size <= limits.max_json_bytes {
            let bytes = self.document(&name, size, &mut head.as_slice(), content, limits)?;
            self.documents.insert(name, bytes);
            return Ok(());
        }
        if let Some(digest) = &digest
            && Compression::of(&head) == Compression::None
            && !(options.want)(digest)
        {
            self.unwanted.insert(name, ());
            return Ok(());
        }
        let expectation = LayerExpectation {
            diff_id: None,
            blob: digest,
            blob_bytes: Some(size),
            form: LayerForm::Detect,
        };
        let layer = read_layer(
            &mut head.as_slice().chain(content),
            &expectation,
            limits,
            &|bytes| (options.progress)(Progress::Bytes(bytes)),
        )?;
        self.layers.insert(name, layer);
        Ok(())
    }

    fn document(
        &mut self,
        name: &str,
        size: u64,
        head: &mut dyn Read,
        content: &mut dyn Read,
        limits: &Limits,
    ) -> Result<Vec<u8>, ImageError> {
        self.document_bytes = self.document_bytes.saturating_add(size);
        if size > limits.max_json_bytes || self.document_bytes > MAX_DOCUMENT_BYTES {
            return Err(ImageError::TooLarge {
                name: name.to_owned(),
                limit: limits.max_json_bytes,
            });
        }
        let mut bytes = Vec::new();
        head.chain(content)
            .read_to_end(&mut bytes)
            .map_err(|source| ImageError::Read {
                name: name.to_owned(),
                source,
            })?;
        Ok(bytes)
    }

    /// Finds the image among what has passed.
    fn conclude(self, options: &Options<'_>) -> Result<ScannedImage, ImageError> {
        let limits = &options.limits;
        let manifest = self.documents.get("manifest.json");
        let index = self.documents.get("index.json");
        let Located {
            facts,
            sources,
            passed_over,
            ..
        } = match (manifest, index, &options.choice.platform) {
            (Some(manifest), None, _) | (Some(manifest), Some(_), None) => {
                let image = choose_saved(manifest, &options.choice)?;
                let config = self
                    .documents
                    .get(&image.config)
                    .ok_or_else(|| ImageError::Missing(image.config.clone()))?;
                saved_facts(&image, config, limits)?
            }
            (_, Some(index), _) => oci::find(&self, index, &options.choice, limits)?,
            (None, None, _) => return Err(ImageError::NoImage),
        };
        let mut layers = Vec::new();
        let mut gaps = Vec::new();
        for (index, (reference, source)) in facts.layers.iter().zip(&sources).enumerate() {
            layers.push(match self.layer(source) {
                _ if !(options.want)(&reference.diff_id) => LayerOutcome::Known,
                Some(layer) => outcome_of(settled(layer.clone(), reference)),
                None => {
                    gaps.extend(absence(&facts, &sources, index));
                    LayerOutcome::Absent
                }
            });
        }
        Ok(ScannedImage {
            facts,
            layers,
            gaps,
            passed_over,
        })
    }

    fn layer(&self, source: &LayerSource) -> Option<&ReadLayer> {
        self.layers.get(&source.name)
    }
}

/// Compares a layer that was read without knowing what it should be.
fn settled(mut layer: ReadLayer, reference: &LayerRef) -> ReadLayer {
    if layer.verified && layer.inventory.diff_id != reference.diff_id {
        layer.verified = false;
        layer.inventory.evidence.clear();
        layer.inventory.whiteouts.clear();
        layer.inventory.opaque.clear();
        layer.inventory.replaced.clear();
        layer.inventory.gaps.push(gap(
            GapReason::DigestMismatch,
            "the layer's content is not the one that the image names; nothing of it is used. Fetch the image again",
        ));
    }
    layer.inventory.diff_id = reference.diff_id.clone();
    layer
}

fn looks_like_json(head: &[u8]) -> bool {
    let first = head.iter().find(|byte| !byte.is_ascii_whitespace());
    matches!(first, Some(b'{' | b'['))
}
