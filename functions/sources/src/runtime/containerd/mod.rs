//! containerd as Kubernetes uses it, through the container runtime interface (CRI, version 1) on its Unix socket or
//! named pipe; the contents of images come from containerd's own services on the same socket.
//!
//! Containers that other clients than Kubernetes keep in namespaces of their own are not seen. Docker's are told of by
//! Docker.

mod archive;
mod client;
mod content;
mod cri;
mod describe;
mod facts;
mod info;
#[cfg(test)]
mod live;
mod pod;
mod store;

use std::collections::HashMap;

use async_trait::async_trait;
use futures::{StreamExt, future, stream};
use schemas::{
    Digest,
    inventory::{Engine, ImageFacts},
};

use self::client::Client;
use super::{
    ArchiveStream, ContainerRuntime, EngineImage, RuntimeContainers, RuntimeError, Surroundings,
    text,
};

/// Where containerd listens unless it was told otherwise.
pub const DEFAULT_ADDRESS: &str = if cfg!(windows) {
    "npipe:////./pipe/containerd-containerd"
} else {
    "unix:///run/containerd/containerd.sock"
};

/// Most containers, pods and images that are looked at.
const MAX_ITEMS: usize = 10_000;
/// Most tags or digests of one image that are kept.
const MAX_NAMES: usize = 256;

/// containerd, or another runtime that serves the interface; of another only the contents of images cannot be had.
pub struct ContainerdRuntime {
    client: Client,
    engine: Engine,
}

impl ContainerdRuntime {
    /// Connects to `unix:///PATH` or `npipe:////./pipe/NAME`, and asks who is there.
    ///
    /// # Errors
    /// [`RuntimeError::Address`]; [`RuntimeError::Unreachable`] when nothing answers; [`RuntimeError::NotOffered`] when
    /// containerd runs without the interface, as it does below a Docker Engine, or is older than 1.6.
    pub async fn connect(address: &str) -> Result<Self, RuntimeError> {
        let client = Client::connect(address).await?;
        let question = cri::VersionRequest {
            version: "v1".to_owned(),
        };
        let version: cri::VersionResponse = client
            .ask(
                "/runtime.v1.RuntimeService/Version",
                "serve Kubernetes",
                question,
            )
            .await?;
        let engine = Engine {
            kind: text::name(&version.runtime_name),
            version: text::name(&version.runtime_version),
            address: client.address().to_owned(),
        };
        Ok(Self { client, engine })
    }

    async fn sandboxes(&self) -> Result<HashMap<String, pod::Sandbox>, RuntimeError> {
        let listed: cri::ListPodSandboxResponse = self
            .client
            .ask(
                "/runtime.v1.RuntimeService/ListPodSandbox",
                "list its pods",
                cri::ListPodSandboxRequest {},
            )
            .await?;
        let mut found = HashMap::new();
        for sandbox in listed.items.into_iter().take(MAX_ITEMS) {
            let known = pod::listed(&sandbox);
            let question = cri::PodSandboxStatusRequest {
                pod_sandbox_id: sandbox.id.clone(),
                verbose: true,
            };
            let answer = self
                .client
                .ask(
                    "/runtime.v1.RuntimeService/PodSandboxStatus",
                    "describe a pod",
                    question,
                )
                .await;
            let known = match answer {
                Ok(answer) => pod::described(known, answer),
                // Its containers are still told of, with an unknown network.
                Err(RuntimeError::Gone(_) | RuntimeError::Refused { .. }) => known,
                Err(error) => return Err(error),
            };
            found.insert(sandbox.id, known);
        }
        Ok(found)
    }
}

/// An image's id: a digest, or only its digits as CRI-O writes it.
fn image_id(text: &str) -> Option<Digest> {
    text.parse()
        .or_else(|_| format!("sha256:{text}").parse())
        .ok()
}

fn names(names: Vec<String>) -> Vec<String> {
    names
        .iter()
        .take(MAX_NAMES)
        .map(|name| text::name(name))
        .collect()
}

fn no_id(image: &EngineImage) -> RuntimeError {
    RuntimeError::Answer(format!("`{}` is no image id", text::name(&image.id)))
}

#[async_trait]
impl ContainerRuntime for ContainerdRuntime {
    async fn info(&self) -> Result<Engine, RuntimeError> {
        Ok(self.engine.clone())
    }

    async fn images(&self) -> Result<Vec<EngineImage>, RuntimeError> {
        let listed: cri::ListImagesResponse = self
            .client
            .ask(
                "/runtime.v1.ImageService/ListImages",
                "list its images",
                cri::ListImagesRequest {},
            )
            .await?;
        let images = listed
            .images
            .into_iter()
            .take(MAX_ITEMS)
            .map(|image| EngineImage {
                config: image_id(&image.id),
                tags: names(image.repo_tags),
                repo_digests: names(image.repo_digests),
                id: image.id,
            });
        Ok(images.collect())
    }

    async fn image_facts(&self, image: &EngineImage) -> Result<ImageFacts, RuntimeError> {
        let id = image_id(&image.id).ok_or_else(|| no_id(image))?;
        match content::document(&self.client, &id).await {
            Ok(config) => {
                let manifest = content::manifest(&self.client, image, &id).await.ok();
                let layers = manifest.as_ref().map(|manifest| manifest.layers.as_slice());
                return facts::from_config(&id, image, &config, layers);
            }
            // Another runtime than containerd has no such store, but may tell of the configuration.
            Err(RuntimeError::Gone(_) | RuntimeError::NotOffered(_)) => {}
            Err(error) => return Err(error),
        }
        let spec = cri::ImageSpec {
            image: image.id.clone(),
            ..cri::ImageSpec::default()
        };
        let question = cri::ImageStatusRequest {
            image: Some(spec),
            verbose: true,
        };
        let answer: cri::ImageStatusResponse = self
            .client
            .ask(
                "/runtime.v1.ImageService/ImageStatus",
                "describe an image",
                question,
            )
            .await?;
        match (answer.image, answer.info.get("info")) {
            (Some(_), Some(info)) => facts::from_verbose(&id, image, info),
            (Some(_), None) => Err(RuntimeError::Answer(format!("nothing is told of {id}"))),
            (None, _) => Err(RuntimeError::Gone(image.id.clone())),
        }
    }

    fn export_image(&self, image: &EngineImage) -> ArchiveStream {
        match image_id(&image.id) {
            Some(config) => archive::export(self.client.clone(), image.clone(), config),
            None => stream::once(future::ready(Err(no_id(image)))).boxed(),
        }
    }

    async fn containers(&self, at: &Surroundings) -> Result<RuntimeContainers, RuntimeError> {
        let listed: cri::ListContainersResponse = self
            .client
            .ask(
                "/runtime.v1.RuntimeService/ListContainers",
                "list its containers",
                cri::ListContainersRequest {},
            )
            .await?;
        let sandboxes = self.sandboxes().await?;
        // Containers name their image by its id, or, with some runtimes, by what it was pulled by.
        let mut images: HashMap<String, (Digest, Option<String>)> = HashMap::new();
        for image in self.images().await? {
            let Some(config) = image.config else { continue };
            let known = (
                config,
                image.tags.first().or(image.repo_digests.first()).cloned(),
            );
            for name in image
                .tags
                .into_iter()
                .chain(image.repo_digests)
                .chain([image.id])
            {
                images.insert(name, known.clone());
            }
        }
        let mut found = RuntimeContainers::default();
        if listed.containers.len() > MAX_ITEMS {
            let all = listed.containers.len();
            found.failed.push(format!(
                "only {MAX_ITEMS} of {all} containers were looked at"
            ));
        }
        for container in listed.containers.into_iter().take(MAX_ITEMS) {
            let id = text::name(&container.id);
            let question = cri::ContainerStatusRequest {
                container_id: container.id,
                verbose: true,
            };
            let answer = self
                .client
                .ask(
                    "/runtime.v1.RuntimeService/ContainerStatus",
                    "describe a container",
                    question,
                )
                .await;
            let named = [&container.image_id, &container.image_ref];
            let known = named.iter().find_map(|name| images.get(name.as_str()));
            // The image itself may have been removed under the container.
            let image = known
                .map(|(image, _)| image.clone())
                .or_else(|| named.iter().find_map(|name| image_id(name)));
            let described = match (answer, image) {
                // It ended between the two questions.
                (Err(RuntimeError::Gone(_)), _) => continue,
                (
                    Err(error @ (RuntimeError::Unreachable { .. } | RuntimeError::Stalled { .. })),
                    _,
                ) => {
                    return Err(error);
                }
                (Err(error), _) => Err(error),
                (Ok(_), None) => Err(RuntimeError::Answer(format!(
                    "`{}` is no image id",
                    text::name(&container.image_ref)
                ))),
                (Ok(answer), Some(image)) => {
                    let unknown = pod::Sandbox::default();
                    let sandbox = sandboxes.get(&container.pod_sandbox_id).unwrap_or(&unknown);
                    let reference = known.and_then(|(_, name)| name.as_deref());
                    describe::container(at, answer, image, reference, sandbox)
                }
            };
            match described {
                Ok(container) => found.containers.push(container),
                Err(error) => found.failed.push(format!("container {id}: {error}")),
            }
        }
        Ok(found)
    }
}
