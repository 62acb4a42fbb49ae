//! containerd's content store: whole blobs, checked against their digests, and the manifest of an image.

use bytes::Bytes;
use schemas::Digest;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use tonic::Streaming;

use super::{
    super::{EngineImage, RuntimeError},
    client::Client,
    store::{
        GetImageRequest, GetImageResponse, InfoRequest, InfoResponse, ReadContentRequest,
        ReadContentResponse,
    },
};

/// Largest manifest, index or configuration that is read into memory. Registries refuse manifests over 4 MiB.
const MAX_DOCUMENT_BYTES: u64 = 8 << 20;
/// Most layers of an image; engines stop at 127.
const MAX_LAYERS: usize = 1024;
/// Most manifests of an index that are looked at.
const MAX_MANIFESTS: usize = 256;

/// What is asked for, for messages.
pub(super) const READ: &str = "read its content store";

/// A blob as a manifest or index names it. Source: OCI image-spec, `descriptor.md`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BlobRef {
    #[serde(default)]
    pub(super) media_type: String,
    pub(super) digest: Digest,
    pub(super) size: u64,
}

/// A manifest or an index, in OCI's or Docker's form: which of the two is told by what it has, as OCI's `mediaType`
/// may be left out. Source: OCI image-spec, `manifest.md`, `image-index.md`.
#[derive(Deserialize)]
struct Document {
    manifests: Option<Vec<BlobRef>>,
    config: Option<BlobRef>,
    layers: Option<Vec<BlobRef>>,
}

/// The manifest of one image for one platform.
pub(super) struct Manifest {
    /// The manifest itself.
    pub(super) this: BlobRef,
    /// Its bytes.
    pub(super) bytes: Bytes,
    /// Layers, lowest first.
    pub(super) layers: Vec<BlobRef>,
}

/// The size of a blob in bytes.
pub(super) async fn size(client: &Client, digest: &Digest) -> Result<u64, RuntimeError> {
    let question = InfoRequest {
        digest: digest.to_string(),
    };
    let answer: InfoResponse = client
        .ask(
            "/containerd.services.content.v1.Content/Info",
            READ,
            question,
        )
        .await?;
    let size = answer.info.map(|info| info.size).unwrap_or_default();
    u64::try_from(size).map_err(|_| RuntimeError::Answer(format!("{digest} has {size} bytes")))
}

/// The bytes of a blob, in pieces.
pub(super) async fn read(
    client: &Client,
    digest: &Digest,
) -> Result<Streaming<ReadContentResponse>, RuntimeError> {
    let question = ReadContentRequest {
        digest: digest.to_string(),
        offset: 0,
        size: 0,
    };
    client
        .ask_for_stream(
            "/containerd.services.content.v1.Content/Read",
            READ,
            question,
        )
        .await
}

/// A small blob, checked against its digest.
pub(super) async fn document(client: &Client, digest: &Digest) -> Result<Bytes, RuntimeError> {
    let size = size(client, digest).await?;
    if size > MAX_DOCUMENT_BYTES {
        return Err(RuntimeError::Answer(format!("{digest} has {size} bytes")));
    }
    let mut bytes = Vec::new();
    let mut stream = read(client, digest).await?;
    while let Some(piece) = client.next(READ, &mut stream).await? {
        bytes.extend_from_slice(&piece.data);
        if bytes.len() as u64 > size {
            break;
        }
    }
    let found = Digest::from_sha256(&Sha256::digest(&bytes).into());
    if found != *digest {
        return Err(RuntimeError::Answer(format!(
            "the content of {digest} is that of {found}"
        )));
    }
    Ok(bytes.into())
}

/// The manifest whose configuration is this. A name can stand for an index of many platforms, of which a host holds
/// its own only; and a tag may have moved on since the image was listed.
pub(super) async fn manifest(
    client: &Client,
    image: &EngineImage,
    config: &Digest,
) -> Result<Manifest, RuntimeError> {
    // Kubernetes' part of containerd records every image under its id as well.
    let names = std::iter::once(&image.id)
        .chain(&image.tags)
        .chain(&image.repo_digests);
    for name in names.take(MAX_MANIFESTS) {
        let question = GetImageRequest { name: name.clone() };
        let answer: Result<GetImageResponse, _> = client
            .ask(
                "/containerd.services.images.v1.Images/Get",
                "look up an image",
                question,
            )
            .await;
        let target = match answer {
            Ok(answer) => answer.image.and_then(|image| image.target),
            Err(RuntimeError::Gone(_)) => None,
            Err(error) => return Err(error),
        };
        let Some(target) = target else { continue };
        let root = BlobRef {
            digest: target.digest.parse().map_err(|_| {
                RuntimeError::Answer("an image's content is not named by a digest".to_owned())
            })?,
            media_type: target.media_type,
            size: u64::try_from(target.size).unwrap_or_default(),
        };
        if let Some(found) = search(client, root, config).await? {
            return Ok(found);
        }
    }
    Err(RuntimeError::Gone(format!("the manifest of {config}")))
}

/// Looks below an index, or an index of indexes, for the manifest of this configuration.
async fn search(
    client: &Client,
    root: BlobRef,
    config: &Digest,
) -> Result<Option<Manifest>, RuntimeError> {
    let mut waiting = vec![root];
    let mut seen = 0;
    while let Some(this) = waiting.pop() {
        seen += 1;
        if seen > MAX_MANIFESTS {
            break;
        }
        let bytes = match document(client, &this.digest).await {
            Err(RuntimeError::Gone(_)) => continue,
            other => other?,
        };
        let document: Document = serde_json::from_slice(&bytes).map_err(|error| {
            RuntimeError::Answer(format!("{} is no manifest: {error}", this.digest))
        })?;
        // An index is never so long that more than the limit of it could be looked at.
        waiting.extend(document.manifests.into_iter().flatten().take(MAX_MANIFESTS));
        if document.config.is_some_and(|found| found.digest == *config) {
            let layers = document.layers.unwrap_or_default();
            if layers.len() > MAX_LAYERS {
                return Err(RuntimeError::Answer(format!(
                    "{} has {} layers",
                    this.digest,
                    layers.len()
                )));
            }
            return Ok(Some(Manifest {
                this,
                bytes,
                layers,
            }));
        }
    }
    Ok(None)
}
