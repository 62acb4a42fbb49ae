//! A registry as a place that holds the parts of an image.

use std::{
    io::{self, Read},
    sync::Arc,
};

use inventory::{
    Limits,
    image::{Choice, ImageError, Located, Store, locate},
};
use schemas::Digest;
use tokio::runtime::Handle;

use super::{ReadError, Registry, blob::BlobReader};

/// The parts of an image in a registry. Its methods wait for the network, so they are called from threads that may
/// wait, while the runtime is driven by others.
pub struct RegistryStore {
    registry: Arc<Registry>,
    runtime: Handle,
}

impl RegistryStore {
    /// The parts of the image that the registry was made for.
    pub fn new(registry: Arc<Registry>, runtime: Handle) -> Self {
        Self { registry, runtime }
    }

    /// Finds the image that the reference names. Its facts carry the reference as a tag, and the digests by which the
    /// registry knows it.
    ///
    /// # Errors
    /// [`ReadError::Registry`] when the registry does not give it, [`ReadError::Image`] when it is none or one of
    /// several must be chosen.
    pub fn locate(&self, choice: &Choice, limits: &Limits) -> Result<Located, ReadError> {
        let root = self.runtime.block_on(self.registry.root(limits))?;
        let mut located = locate(self, &root.bytes, choice, limits)?;
        let reference = self.registry.reference();
        let name = reference.name();
        located.facts.tags = match reference.tag() {
            Some(tag) => vec![format!("{name}:{tag}")],
            None => Vec::new(),
        };
        // The digest of an index names the image on every platform, that of the manifest on this one.
        located.facts.repo_digests = vec![format!("{name}@{}", root.digest)];
        if let Some(manifest) = located.manifest.as_ref().filter(|own| **own != root.digest) {
            located
                .facts
                .repo_digests
                .push(format!("{name}@{manifest}"));
        }
        Ok(located)
    }
}

impl Store for RegistryStore {
    fn open(&self, name: &str) -> io::Result<Option<(Box<dyn Read + Send>, u64)>> {
        let Some(hex) = name.strip_prefix("blobs/sha256/") else {
            return Ok(None);
        };
        let digest = format!("sha256:{hex}");
        let answer = self
            .runtime
            .block_on(self.registry.blob(&digest, 0))
            .map_err(io::Error::other)?;
        Ok(answer.map(|answer| {
            let size = answer
                .header("content-length")
                .and_then(|length| length.parse().ok())
                .unwrap_or_default();
            let registry = Arc::clone(&self.registry);
            let reader: Box<dyn Read + Send> =
                Box::new(BlobReader::new(&self.runtime, registry, digest, answer));
            (reader, size)
        }))
    }

    fn size(&self, _name: &str, named: Option<u64>) -> Option<u64> {
        // Looking would cost a request; that a layer is not there is found when it is read.
        Some(named.unwrap_or_default())
    }

    fn manifest(&self, digest: &Digest, limits: &Limits) -> Result<Option<Vec<u8>>, ImageError> {
        self.runtime
            .block_on(self.registry.manifest(digest.as_str(), limits))
            .map_err(|error| ImageError::Read {
                name: digest.to_string(),
                source: io::Error::other(error),
            })
    }

    fn has_manifest(&self, _digest: &Digest, _limits: &Limits) -> bool {
        true
    }
}
