//! Images as files: `docker save` archives in both layouts, OCI layouts as folder or archive, and containerd's own store;
//! and images of any other place that implements [`Store`].

mod archive;
mod base;
mod choice;
mod config;
mod containerd;
mod layers;
mod oci;
mod store;
mod stream;

use std::{io, path::PathBuf};

use schemas::{
    Digest,
    inventory::{CoverageGap, ImageFacts, Inventory, LayerInventory},
};

pub use archive::{read_archive, read_oci};
pub use config::parse_config;
pub use containerd::{
    DEFAULT_ROOT as CONTAINERD_ROOT, count_images as count_containerd_images, read_containerd,
};
pub use layers::read_located;
pub use oci::{Located, locate};
pub use scope::{DOCKER_HUB, ImageName};
pub use store::Store;
pub use stream::read_archive_stream;

use crate::{layer::LayerError, limits::Limits, merge::merge_borrowed};

/// Which image of several is meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// Its tag or whole reference.
    pub reference: Option<String>,
    /// Its platform as `OS/ARCHITECTURE[/VARIANT][:OS_VERSION]`, such as `windows/amd64:10.0.20348.2700`; parts that are
    /// left out match any.
    pub platform: Option<String>,
    /// Whether the choice must be the same wherever it is made, and not go by this machine's architecture: for a service,
    /// whose machine says nothing of where the image runs.
    pub same_everywhere: bool,
}

/// How an image is read.
#[derive(Clone)]
pub struct Options<'a> {
    /// Limits on what is read.
    pub limits: Limits,
    /// Which image of several.
    pub choice: Choice,
    /// Layers that are read at once; 0 stands for the number of processors, at most 4.
    pub threads: usize,
    /// Whether a layer's inventory is wanted, by its diff id; one that is known already is not read.
    pub want: &'a (dyn Fn(&Digest) -> bool + Sync),
    /// Is told how the reading goes on.
    pub progress: &'a (dyn Fn(Progress) + Sync),
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            choice: Choice::default(),
            threads: 0,
            want: &|_| true,
            progress: &|_| {},
        }
    }
}

/// How the reading of an image goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// What is going to be read; comes first, and not at all for a stream.
    Layers {
        /// Number of layers.
        count: usize,
        /// Their bytes as stored.
        bytes: u64,
    },
    /// So many bytes of layers were read since the last call.
    Bytes(u64),
}

/// What became of one layer.
#[derive(Clone, Debug, PartialEq)]
pub enum LayerOutcome {
    /// Read whole, and its digests are right: may be kept under its diff id.
    Read(LayerInventory),
    /// Read in part, or its content is not what the image names; its gaps say why. Good for this answer only.
    Unverified(LayerInventory),
    /// Not read, because it was not wanted.
    Known,
    /// Not there; a gap of the image says why.
    Absent,
}

impl LayerOutcome {
    /// The inventory, if the layer was read.
    pub fn inventory(&self) -> Option<&LayerInventory> {
        match self {
            Self::Read(inventory) | Self::Unverified(inventory) => Some(inventory),
            Self::Known | Self::Absent => None,
        }
    }
}

/// An image that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct ScannedImage {
    /// What its configuration says.
    pub facts: ImageFacts,
    /// What became of each of `facts.layers`.
    pub layers: Vec<LayerOutcome>,
    /// What of the image as a whole was not read.
    pub gaps: Vec<CoverageGap>,
    /// Platforms of the same image that could have been meant and were not chosen.
    pub passed_over: Vec<String>,
}

impl ScannedImage {
    /// The image's inventory. Layers that were not wanted count as missing here.
    pub fn inventory(&self) -> Inventory {
        let layers: Vec<_> = self.layers.iter().map(LayerOutcome::inventory).collect();
        merge_borrowed(&self.facts, &layers, self.gaps.clone())
    }

    /// The layers that may be kept under their diff ids.
    pub fn verified(&self) -> impl Iterator<Item = &LayerInventory> {
        self.layers.iter().filter_map(|layer| match layer {
            LayerOutcome::Read(inventory) => Some(inventory),
            _ => None,
        })
    }

    /// The layers for [`crate::merge::merge`], to which the caller may add those it knows already.
    pub fn into_layers(self) -> Vec<Option<LayerInventory>> {
        self.layers
            .into_iter()
            .map(|layer| match layer {
                LayerOutcome::Read(inventory) | LayerOutcome::Unverified(inventory) => {
                    Some(inventory)
                }
                LayerOutcome::Known | LayerOutcome::Absent => None,
            })
            .collect()
    }
}

/// Why an image could not be read at all. What is wrong with one layer becomes a gap instead.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The file or folder could not be opened.
    #[error("opening {} failed", path.display())]
    Open {
        /// What was to be opened.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The store of names of a containerd could not be read.
    #[error("reading containerd's metadata in {} failed", path.display())]
    Metadata {
        /// The store.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The archive could not be read or is damaged.
    #[error("reading the archive failed")]
    Archive(#[source] io::Error),
    /// Reading a part failed.
    #[error("reading {name} failed")]
    Read {
        /// The part.
        name: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Neither form of image was recognised.
    #[error(
        "it holds no image: neither manifest.json of `docker save` nor index.json of an OCI layout was found"
    )]
    NoImage,
    /// A part that another names is not there.
    #[error("{0} is named and not there")]
    Missing(String),
    /// A part is larger than the limit.
    #[error("{name} is larger than {limit} bytes")]
    TooLarge {
        /// The part.
        name: String,
        /// The limit.
        limit: u64,
    },
    /// A part is not the JSON that it should be.
    #[error("{name} is not of the expected form")]
    Json {
        /// The part.
        name: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A part's content is not the one that it is named by.
    #[error("the content of {0} is not the one that its digest names")]
    Digest(String),
    /// Parts contradict one another.
    #[error("{0}")]
    Inconsistent(String),
    /// Several images are there, and none or more than one was chosen.
    #[error("it holds several images; choose one of: {}", choices.join(", "))]
    Ambiguous {
        /// What can be chosen.
        choices: Vec<String>,
    },
    /// The image that was chosen is not there.
    #[error("it holds no image {wanted}; it holds: {}", choices.join(", "))]
    NotFound {
        /// What was chosen.
        wanted: String,
        /// What can be chosen.
        choices: Vec<String>,
    },
    /// A thread could not do its part.
    #[error("reading a layer failed")]
    Layer(#[from] LayerError),
}

#[cfg(test)]
mod tests;
