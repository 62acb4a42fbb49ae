//! The container engines of the host: those that are named in the settings, or those that are where they usually are.

use schemas::inventory::Engine;
use sources::runtime::{ContainerRuntime, RuntimeError, containerd, docker};

use crate::config::Config;

/// Engines that answer, and whether one should have and did not.
#[derive(Default)]
pub struct Engines {
    /// Those that answer.
    pub(super) runtimes: Vec<Box<dyn ContainerRuntime>>,
    /// Who they are.
    pub(super) engines: Vec<Engine>,
    /// Whether one that is there, or was named, did not answer.
    pub(super) silent: bool,
}

impl Engines {
    /// Connects to all of them.
    pub async fn connect(config: &Config) -> Self {
        let mut engines = Self::default();
        for (address, named) in addresses(config.docker.as_deref(), docker::DEFAULT_ADDRESS) {
            let connected = docker::DockerRuntime::connect(&address).await;
            engines
                .add(&address, named, connected.map(|one| Box::new(one) as _))
                .await;
        }
        for (address, named) in addresses(config.containerd.as_deref(), containerd::DEFAULT_ADDRESS)
        {
            let connected = containerd::ContainerdRuntime::connect(&address).await;
            engines
                .add(&address, named, connected.map(|one| Box::new(one) as _))
                .await;
        }
        engines
    }

    async fn add(
        &mut self,
        address: &str,
        named: bool,
        connected: Result<Box<dyn ContainerRuntime>, RuntimeError>,
    ) {
        let answered = match connected {
            Ok(runtime) => runtime.info().await.map(|engine| (engine, runtime)),
            Err(error) => Err(error),
        };
        match answered {
            Ok((engine, runtime)) => {
                self.engines.push(engine);
                self.runtimes.push(runtime);
            }
            Err(error) if named || is_there(address) => {
                tracing::warn!(
                    address,
                    error = &error as &dyn std::error::Error,
                    "a container engine does not answer"
                );
                self.silent = true;
            }
            Err(_) => {}
        }
    }
}

/// The addresses to ask, each with whether the owner named it.
fn addresses(named: Option<&[String]>, default: &str) -> Vec<(String, bool)> {
    match named {
        Some(named) => named
            .iter()
            .map(|address| (address.clone(), true))
            .collect(),
        None => vec![(default.to_owned(), false)],
    }
}

/// Whether something is at a default address that could answer.
fn is_there(address: &str) -> bool {
    address
        .strip_prefix("unix://")
        .is_some_and(|path| std::path::Path::new(path).exists())
}
