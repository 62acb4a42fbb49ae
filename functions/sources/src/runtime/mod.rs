//! Container runtimes: one interface to what a host's engines hold and run.
//!
//! Adapters say what the engine says; what only the host itself knows (which process listens, as which user) is added by
//! the agent from [`RuntimeContainer::pid`].

pub mod containerd;
pub mod docker;
pub(crate) mod text;
mod workload;

use std::path::PathBuf;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use schemas::{
    Digest, HostId,
    inventory::{Container, Engine, ImageFacts},
};

/// Why a container runtime did not answer.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// The address is of no form that is known.
    #[error(
        "`{0}` is no address of a container engine: use `unix:///PATH`, `npipe:////./pipe/NAME` or `tcp://HOST:PORT`"
    )]
    Address(String),
    /// Nothing answers there, or not in time.
    #[error("the engine at {address} does not answer")]
    Unreachable {
        /// Where it was asked.
        address: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The engine answered with an error.
    #[error("the engine could not {what}")]
    Refused {
        /// What was asked for.
        what: &'static str,
        /// What it said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The engine is there, but this part of it is not, or is switched off.
    #[error("the engine does not {0}")]
    NotOffered(&'static str),
    /// What was named is gone.
    #[error("{0} is not there any more")]
    Gone(String),
    /// The engine stopped sending in the middle.
    #[error("the engine sent nothing for {seconds} s")]
    Stalled {
        /// How long it was waited.
        seconds: u64,
    },
    /// The answer is not of the form it should have.
    #[error("the engine's answer is not understood: {0}")]
    Answer(String),
}

/// An image that an engine holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineImage {
    /// The engine's own id, to export it by.
    pub id: String,
    /// Digest of the configuration, where the engine tells it. An engine with an image store of its own names images by
    /// their manifest; then only the exported archive tells.
    pub config: Option<Digest>,
    /// Tags.
    pub tags: Vec<String>,
    /// `name@sha256:…`.
    pub repo_digests: Vec<String>,
}

/// What an engine says of a container, and what is needed to ask the host for the rest.
#[derive(Clone, Debug, PartialEq)]
pub struct RuntimeContainer {
    /// What is known so far. `image` is the digest that the engine names the image by.
    pub container: Container,
    /// The first process of it, on the host.
    pub pid: Option<u32>,
    /// Id of the container whose network it shares.
    pub network_of: Option<String>,
}

/// Containers of an engine.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuntimeContainers {
    /// Those that could be described.
    pub containers: Vec<RuntimeContainer>,
    /// Those that could not, with the reason.
    pub failed: Vec<String>,
}

/// Where containers run, as far as the engine does not know it itself.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The host.
    pub host: HostId,
    /// Name of the cluster that the host is a node of.
    pub cluster: Option<String>,
}

/// The bytes of an archive of an image, as `docker save` or an OCI layout in a tar.
pub type ArchiveStream = BoxStream<'static, Result<Bytes, RuntimeError>>;

/// A container engine.
#[async_trait]
pub trait ContainerRuntime: Send + Sync {
    /// Which engine answers.
    async fn info(&self) -> Result<Engine, RuntimeError>;

    /// Folders of the host that the engine keeps images and containers in: their content is not the host's.
    fn data_folders(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    /// All images.
    async fn images(&self) -> Result<Vec<EngineImage>, RuntimeError>;

    /// An image's facts, without reading its layers. `id` and `facts.id` are the configuration's digest only if
    /// [`EngineImage::config`] is there.
    async fn image_facts(&self, image: &EngineImage) -> Result<ImageFacts, RuntimeError>;

    /// The image as an archive. Errors come as items of the stream, also those of the request.
    fn export_image(&self, image: &EngineImage) -> ArchiveStream;

    /// All containers, running or not.
    async fn containers(&self, at: &Surroundings) -> Result<RuntimeContainers, RuntimeError>;
}
