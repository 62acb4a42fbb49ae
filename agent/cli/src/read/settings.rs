//! How sources are read, whatever they are.

use std::path::PathBuf;

use inventory::{
    LayerCache, Limits, LockFiles,
    image::{CONTAINERD_ROOT, Choice, ImageError, Options, ScannedImage},
};
use schemas::{Digest, inventory::ImageFacts};

use super::Shown;
use crate::{
    args::{ReadingArgs, SourceArgs},
    folders, output,
};

/// How sources are read.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Limits on what is read.
    pub limits: Limits,
    /// Platform of the image, where there are several.
    pub platform: Option<String>,
    /// Layers that are read at once; 0 stands for as many as the machine bears.
    pub threads: usize,
    /// Layers that were read before.
    pub cache: Option<LayerCache>,
    /// Folder of containerd's state.
    pub containerd_root: PathBuf,
    /// Namespace of containerd; any that has the image where it is not given.
    pub containerd_namespace: Option<String>,
}

impl Default for Settings {
    /// Without a cache, which is for a user's scans.
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            platform: None,
            threads: 0,
            cache: None,
            containerd_root: PathBuf::from(CONTAINERD_ROOT),
            containerd_namespace: None,
        }
    }
}

impl Settings {
    /// As the command line says.
    pub fn of(from: &SourceArgs, args: &ReadingArgs) -> Self {
        let default = Self::default();
        let folder = || args.cache_dir.clone().or_else(|| folders::cache("layers"));
        let cache = (!args.no_cache)
            .then(folder)
            .flatten()
            .map(|folder| LayerCache::new(&folder, args.cache_mb.saturating_mul(1_000_000)));
        let limits = Limits {
            lock_files: match args.lock_files {
                true => LockFiles::Everywhere,
                false => LockFiles::Folders,
            },
            ..Limits::default()
        };
        Self {
            platform: from.platform.clone(),
            limits,
            threads: args.threads.map_or(0, usize::from),
            cache,
            containerd_root: from
                .containerd_root
                .clone()
                .unwrap_or(default.containerd_root),
            containerd_namespace: from.containerd_namespace.clone(),
        }
    }

    /// Reads an image, its layers only as far as they are not known.
    pub(super) fn image(
        &self,
        reference: Option<String>,
        shown: &Shown<'_>,
        read: impl FnOnce(&Options<'_>) -> Result<ScannedImage, ImageError>,
    ) -> Result<ScannedImage, ImageError> {
        let session = self
            .cache
            .as_ref()
            .map(|cache| cache.session(&self.variant()));
        let want = |layer: &Digest| session.as_ref().is_none_or(|session| session.wants(layer));
        let step = |step| shown.step(step);
        let mut image = read(&Options {
            limits: self.limits.clone(),
            choice: Choice {
                reference,
                platform: self.platform.clone(),
                same_everywhere: false,
            },
            threads: self.threads,
            want: &want,
            progress: &step,
        })?;
        if let Some(session) = session
            && let Some(error) = session.finish(&mut image)
        {
            output::tell(&format!(
                "bulkhead: what was read could not be kept for the next scan: {error}; name another folder with \
                 --cache-dir, or none with --no-cache\n"
            ));
        }
        Ok(image)
    }

    /// An image that was read before, from what is kept of it. Nothing when a part of it is not kept.
    pub(super) fn known_image(&self, id: &Digest) -> Option<ScannedImage> {
        let cache = self.cache.as_ref()?;
        let facts: ImageFacts = cache.image(id)?;
        cache.session(&self.variant()).take(facts)
    }

    /// Tells readings apart that find different things in the same bytes.
    fn variant(&self) -> String {
        self.limits.variant().to_owned()
    }
}
