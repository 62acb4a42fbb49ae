//! Docker Engine, and whatever speaks its API, over a Unix socket, a named pipe or TCP.

mod describe;

use std::{collections::HashMap, path::PathBuf, time::Duration};

use async_trait::async_trait;
use bollard::{
    API_DEFAULT_VERSION, Docker,
    errors::Error,
    query_parameters::{InspectContainerOptions, ListContainersOptions, ListImagesOptions},
};
use futures::StreamExt;
use schemas::{
    Digest, Timestamp,
    inventory::{Engine, ImageFacts, LayerRef},
};

use super::{
    ArchiveStream, ContainerRuntime, EngineImage, RuntimeContainers, RuntimeError, Surroundings,
    text,
};

/// Where Docker listens unless it was told otherwise.
pub const DEFAULT_ADDRESS: &str = if cfg!(windows) {
    "npipe:////./pipe/docker_engine"
} else {
    "unix:///var/run/docker.sock"
};

/// How long one answer may take, in seconds.
const ANSWER_TIMEOUT_S: u64 = 60;
/// How long an export may be silent, in seconds: the engine packs a large layer before it sends the first byte.
const SILENCE_TIMEOUT_S: u64 = 300;
/// Most containers and images that are looked at.
const MAX_ITEMS: usize = 10_000;

/// A Docker Engine.
pub struct DockerRuntime {
    docker: Docker,
    engine: Engine,
    data_folder: Option<PathBuf>,
    defaults: EngineDefaults,
}

/// What containers have that say nothing else.
struct EngineDefaults {
    /// Mandatory security profiles, such as `seccomp=builtin`.
    security: Vec<String>,
    /// Windows isolation: `process` or `hyperv`.
    isolation: String,
    /// Name of the default runtime.
    runtime: String,
    /// Operating system of its containers: `linux` or `windows`.
    os: String,
}

impl DockerRuntime {
    /// Connects, and agrees on a version of the API.
    ///
    /// # Errors
    /// [`RuntimeError::Address`], or [`RuntimeError::Unreachable`] when nothing answers.
    pub async fn connect(address: &str) -> Result<Self, RuntimeError> {
        let unreachable = |source: Error| RuntimeError::Unreachable {
            address: address.to_owned(),
            source: Box::new(source),
        };
        let docker = open(address)
            .ok_or_else(|| RuntimeError::Address(address.to_owned()))?
            .map_err(unreachable)?;
        let negotiated = docker.negotiate_version();
        let docker = tokio::time::timeout(Duration::from_secs(10), negotiated)
            .await
            .map_err(|_| unreachable(Error::RequestTimeoutError))?
            .map_err(unreachable)?;
        let version = docker.version().await.map_err(unreachable)?;
        let info = docker.info().await.map_err(unreachable)?;
        // Podman answers in Docker's words, and says who it is in its components.
        let podman = version
            .components
            .iter()
            .flatten()
            .any(|component| component.name.to_ascii_lowercase().contains("podman"));
        Ok(Self {
            engine: Engine {
                kind: if podman { "podman" } else { "docker" }.to_owned(),
                version: text::name(version.version.as_deref().unwrap_or("unknown")),
                address: address.to_owned(),
            },
            data_folder: info
                .docker_root_dir
                .filter(|path| !path.is_empty())
                .map(PathBuf::from),
            defaults: EngineDefaults {
                security: info
                    .security_options
                    .iter()
                    .flatten()
                    .filter_map(|option| default_profile(option))
                    .collect(),
                isolation: info
                    .isolation
                    .map(|word| word.to_string())
                    .unwrap_or_default(),
                runtime: info.default_runtime.unwrap_or_default(),
                os: version.os.unwrap_or_default(),
            },
            docker,
        })
    }
}

/// A client for the address, nothing if the address has no known form.
fn open(address: &str) -> Option<Result<Docker, Error>> {
    if address.starts_with("tcp://") || address.starts_with("http://") {
        return Some(Docker::connect_with_http(
            address,
            ANSWER_TIMEOUT_S,
            API_DEFAULT_VERSION,
        ));
    }
    local(address)
}

#[cfg(unix)]
fn local(address: &str) -> Option<Result<Docker, Error>> {
    address
        .starts_with("unix://")
        .then(|| Docker::connect_with_unix(address, ANSWER_TIMEOUT_S, API_DEFAULT_VERSION))
}

#[cfg(windows)]
fn local(address: &str) -> Option<Result<Docker, Error>> {
    address
        .starts_with("npipe://")
        .then(|| Docker::connect_with_named_pipe(address, ANSWER_TIMEOUT_S, API_DEFAULT_VERSION))
}

/// `name=seccomp,profile=builtin` as `seccomp=builtin`, `name=apparmor` as `apparmor=docker-default`.
fn default_profile(option: &str) -> Option<String> {
    let fields: HashMap<&str, &str> = option
        .split(',')
        .filter_map(|field| field.split_once('='))
        .collect();
    match *fields.get("name")? {
        "seccomp" => Some(format!(
            "seccomp={}",
            text::name(fields.get("profile").copied().unwrap_or("default"))
        )),
        "apparmor" => Some("apparmor=docker-default".to_owned()),
        "selinux" => Some("selinux=default".to_owned()),
        _ => None,
    }
}

fn refused(what: &'static str) -> impl Fn(Error) -> RuntimeError {
    move |source| RuntimeError::Refused {
        what,
        source: Box::new(source),
    }
}

fn digest(text: &str) -> Option<Digest> {
    text.parse().ok()
}

#[async_trait]
impl ContainerRuntime for DockerRuntime {
    async fn info(&self) -> Result<Engine, RuntimeError> {
        Ok(self.engine.clone())
    }

    fn data_folders(&self) -> Vec<PathBuf> {
        self.data_folder.iter().cloned().collect()
    }

    async fn images(&self) -> Result<Vec<EngineImage>, RuntimeError> {
        let options = ListImagesOptions {
            digests: true,
            ..ListImagesOptions::default()
        };
        let listed = self
            .docker
            .list_images(Some(options))
            .await
            .map_err(refused("list its images"))?;
        let named = |name: &String| !name.starts_with("<none>");
        Ok(listed
            .into_iter()
            .take(MAX_ITEMS)
            .map(|image| EngineImage {
                // With a descriptor the id is that of the manifest, and the configuration's is not told.
                config: if image.descriptor.is_some() {
                    None
                } else {
                    digest(&image.id)
                },
                tags: image
                    .repo_tags
                    .iter()
                    .filter(|name| named(name))
                    .map(|tag| text::name(tag))
                    .collect(),
                repo_digests: image
                    .repo_digests
                    .iter()
                    .filter(|name| named(name))
                    .map(|name| text::name(name))
                    .collect(),
                id: image.id,
            })
            .collect())
    }

    async fn image_facts(&self, image: &EngineImage) -> Result<ImageFacts, RuntimeError> {
        let found = match self.docker.inspect_image(&image.id).await {
            Err(Error::DockerResponseServerError {
                status_code: 404, ..
            }) => {
                return Err(RuntimeError::Gone(image.id.clone()));
            }
            other => other.map_err(refused("describe an image"))?,
        };
        let id = image
            .config
            .clone()
            .or_else(|| digest(&image.id))
            .ok_or_else(|| {
                RuntimeError::Answer(format!("`{}` is no image id", text::name(&image.id)))
            })?;
        let layers: Option<Vec<LayerRef>> = found
            .root_fs
            .and_then(|fs| fs.layers)
            .unwrap_or_default()
            .iter()
            .map(|layer| {
                Some(LayerRef {
                    diff_id: digest(layer)?,
                    blob: None,
                    media_type: None,
                    size_bytes: None,
                    created_by: None,
                })
            })
            .collect();
        let layers = layers
            .ok_or_else(|| RuntimeError::Answer("a layer is not named by a digest".to_owned()))?;
        let config = found.config.unwrap_or_default();
        let some = |text: Option<String>| text.filter(|text| !text.is_empty());
        let mut exposed_ports: Vec<String> = config
            .exposed_ports
            .iter()
            .flatten()
            .take(1000)
            .map(|port| text::name(port))
            .collect();
        exposed_ports.sort();
        Ok(ImageFacts {
            id,
            tags: image.tags.clone(),
            repo_digests: image.repo_digests.clone(),
            os: found.os.unwrap_or_default(),
            os_version: some(found.os_version),
            architecture: some(found.architecture),
            created_at: found
                .created
                .and_then(|text| text.parse::<Timestamp>().ok()),
            user: text::name(&config.user.unwrap_or_default()),
            exposed_ports,
            labels: text::labels(config.labels),
            layers,
            base: None,
        })
    }

    fn export_image(&self, image: &EngineImage) -> ArchiveStream {
        let inner = self.docker.clone().export_image(&image.id).boxed();
        let silence = Duration::from_secs(SILENCE_TIMEOUT_S);
        futures::stream::unfold(Some(inner), move |inner| async move {
            let mut inner = inner?;
            match tokio::time::timeout(silence, inner.next()).await {
                Ok(None) => None,
                Ok(Some(Ok(bytes))) => Some((Ok(bytes), Some(inner))),
                Ok(Some(Err(error))) => Some((Err(refused("export an image")(error)), None)),
                Err(_) => {
                    let seconds = SILENCE_TIMEOUT_S;
                    Some((Err(RuntimeError::Stalled { seconds }), None))
                }
            }
        })
        .boxed()
    }

    async fn containers(&self, at: &Surroundings) -> Result<RuntimeContainers, RuntimeError> {
        let options = ListContainersOptions {
            all: true,
            ..ListContainersOptions::default()
        };
        let listed = self
            .docker
            .list_containers(Some(options))
            .await
            .map_err(refused("list its containers"))?;
        let mut found = RuntimeContainers::default();
        if listed.len() > MAX_ITEMS {
            found.failed.push(format!(
                "only {MAX_ITEMS} of {} containers were looked at",
                listed.len()
            ));
        }
        for summary in listed.into_iter().take(MAX_ITEMS) {
            let Some(id) = summary.id else { continue };
            let described = match self
                .docker
                .inspect_container(&id, None::<InspectContainerOptions>)
                .await
            {
                // It ended between the two questions.
                Err(Error::DockerResponseServerError {
                    status_code: 404, ..
                }) => continue,
                Err(error) => {
                    found
                        .failed
                        .push(format!("container {}: {error}", text::name(&id)));
                    continue;
                }
                Ok(container) => describe::container(at, &self.defaults, container),
            };
            match described {
                Ok(container) => found.containers.push(container),
                Err(error) => found
                    .failed
                    .push(format!("container {}: {error}", text::name(&id))),
            }
        }
        describe::share_networks(&mut found.containers);
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engines_default_profiles_are_named_as_containers_name_them() {
        assert_eq!(
            default_profile("name=seccomp,profile=builtin").as_deref(),
            Some("seccomp=builtin")
        );
        assert_eq!(
            default_profile("name=apparmor").as_deref(),
            Some("apparmor=docker-default")
        );
        assert_eq!(default_profile("name=cgroupns"), None);
        assert_eq!(default_profile("garbage"), None);
    }

    #[tokio::test]
    async fn a_wrong_or_silent_address_is_an_error_that_names_it() {
        let wrong = DockerRuntime::connect("ftp://x")
            .await
            .err()
            .map(|error| error.to_string());
        assert!(wrong.is_some_and(|text| text.contains("ftp://x")));
        let silent = if cfg!(windows) {
            "npipe:////./pipe/nobody-is-there"
        } else {
            "unix:///nobody/is/there.sock"
        };
        assert!(matches!(
            DockerRuntime::connect(silent).await,
            Err(RuntimeError::Unreachable { address, .. }) if address == silent
        ));
    }
}
