//! An image of containerd as an OCI layout in a tar. Source: OCI image-spec, `image-layout.md`.
//!
//! Layers are passed on as they are stored, compressed or not; whoever reads the archive checks them against the
//! digests that the manifest and the configuration name.

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, future, stream};
use schemas::Digest;
use serde_json::json;

use super::{
    super::{ArchiveStream, EngineImage, RuntimeError},
    client::Client,
    content::{self, READ},
};

/// Tar is made of blocks of this size.
const BLOCK_BYTES: usize = 512;

/// A file of the archive.
enum Entry {
    /// Its path and bytes.
    Document(String, Bytes),
    /// A blob of the store, and its size.
    Blob(Digest, u64),
}

/// The archive. The first error ends it.
pub(super) fn export(client: Client, image: EngineImage, config: Digest) -> ArchiveStream {
    let from = client.clone();
    stream::once(async move { entries(&from, &image, &config).await })
        .map_ok(move |entries| {
            let client = client.clone();
            stream::iter(entries)
                .flat_map(move |entry| file(client.clone(), entry))
                .chain(stream::once(future::ready(Ok(Bytes::from_static(
                    &[0; 2 * BLOCK_BYTES],
                )))))
        })
        .try_flatten()
        .scan(false, |failed, item| {
            let next = (!*failed).then_some(item);
            *failed = matches!(next, Some(Err(_)));
            future::ready(next)
        })
        .boxed()
}

/// What the archive will hold; all blobs of it are known to be there.
async fn entries(
    client: &Client,
    image: &EngineImage,
    config: &Digest,
) -> Result<Vec<Entry>, RuntimeError> {
    let manifest = content::manifest(client, image, config).await?;
    let described = content::document(client, config).await?;
    let mut index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{
            "mediaType": manifest.this.media_type,
            "digest": manifest.this.digest.as_str(),
            "size": manifest.bytes.len(),
        }],
    });
    if let Some(tag) = image.tags.first()
        && let Some(named) = index
            .pointer_mut("/manifests/0")
            .and_then(|one| one.as_object_mut())
    {
        named.insert(
            "annotations".to_owned(),
            json!({ "io.containerd.image.name": tag }),
        );
    }
    let mut entries = vec![
        Entry::Document(
            "oci-layout".to_owned(),
            Bytes::from_static(br#"{"imageLayoutVersion":"1.0.0"}"#),
        ),
        Entry::Document("index.json".to_owned(), index.to_string().into()),
        Entry::Document(path(&manifest.this.digest), manifest.bytes),
        Entry::Document(path(config), described),
    ];
    let mut listed: Vec<Digest> = vec![manifest.this.digest, config.clone()];
    for layer in manifest.layers {
        // Empty layers are often the same one.
        if listed.contains(&layer.digest) {
            continue;
        }
        let size = content::size(client, &layer.digest)
            .await
            .map_err(|error| match error {
                // So it is set up on many hosted clusters, with `discard_unpacked_layers`.
                RuntimeError::Gone(_) => RuntimeError::Gone(format!(
                    "layer {} (containerd can be set up to discard layers once they are unpacked)",
                    layer.digest
                )),
                other => other,
            })?;
        listed.push(layer.digest.clone());
        entries.push(Entry::Blob(layer.digest, size));
    }
    Ok(entries)
}

fn path(digest: &Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}

/// One file: its header, its bytes, and zeros up to the next block.
fn file(client: Client, entry: Entry) -> ArchiveStream {
    match entry {
        Entry::Document(path, bytes) => {
            let size = bytes.len() as u64;
            let parts = header(&path, size).map(|header| vec![header, bytes, padding(size)]);
            match parts {
                Ok(parts) => stream::iter(parts.into_iter().map(Ok)).boxed(),
                Err(error) => stream::once(future::ready(Err(error))).boxed(),
            }
        }
        Entry::Blob(digest, size) => {
            let header = future::ready(header(&path(&digest), size));
            stream::once(header)
                .chain(blob(client, digest, size))
                .chain(stream::once(future::ready(Ok(padding(size)))))
                .boxed()
        }
    }
}

/// The bytes of a blob: exactly as many as the header promised.
fn blob(client: Client, digest: Digest, size: u64) -> ArchiveStream {
    let opened = async move {
        let pieces = content::read(&client, &digest).await?;
        let state = (client, pieces, digest, 0_u64);
        Ok::<_, RuntimeError>(stream::try_unfold(state, move |state| async move {
            let (client, mut pieces, digest, sent) = state;
            let broken =
                |why: &str| RuntimeError::Answer(format!("{why} in the content of {digest}"));
            let Some(piece) = client.next(READ, &mut pieces).await? else {
                return if sent == size {
                    Ok(None)
                } else {
                    Err(broken("bytes are missing"))
                };
            };
            if u64::try_from(piece.offset) != Ok(sent) {
                return Err(broken("bytes are out of order"));
            }
            let sent = sent.saturating_add(piece.data.len() as u64);
            if sent > size {
                return Err(broken("there are bytes too many"));
            }
            Ok(Some((piece.data, (client, pieces, digest, sent))))
        }))
    };
    stream::once(opened).try_flatten().boxed()
}

fn header(path: &str, size: u64) -> Result<Bytes, RuntimeError> {
    let mut header = tar::Header::new_ustar();
    header.set_path(path).map_err(|error| {
        RuntimeError::Answer(format!("`{path}` is no path of an archive: {error}"))
    })?;
    header.set_size(size);
    header.set_mode(0o444);
    header.set_mtime(0);
    header.set_cksum();
    Ok(Bytes::copy_from_slice(header.as_bytes()))
}

fn padding(size: u64) -> Bytes {
    const ZEROS: [u8; BLOCK_BYTES] = [0; BLOCK_BYTES];
    let over = usize::try_from(size % BLOCK_BYTES as u64).unwrap_or_default();
    Bytes::from_static(ZEROS.get(over..).filter(|_| over != 0).unwrap_or_default())
}
