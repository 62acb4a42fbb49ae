//! The host's containers: what the engine says, and what only the host itself knows of their processes.

use schemas::{
    agent::InventoryBody,
    inventory::{Container, ContainersSnapshot},
};
use sources::runtime::{RuntimeContainer, Surroundings};

use super::{Engines, LookError, Observer};
use crate::{discover, spool::Subject};

impl Observer<'_> {
    /// Looks at all containers. Returns whether something new was spooled.
    ///
    /// # Errors
    /// What was seen could not be kept.
    pub async fn look_at_containers(&mut self, engines: &Engines) -> Result<bool, LookError> {
        // A host that never had an engine has nothing to say; one whose engine fell silent says that.
        if engines.runtimes.is_empty() && !engines.silent && !self.sent.knows(&Subject::Containers)
        {
            return Ok(false);
        }
        let at = Surroundings {
            host: self.enrolled.host.clone(),
            cluster: self.config.cluster.clone(),
        };
        let mut complete = !engines.silent && !engines.runtimes.is_empty();
        let mut found: Vec<RuntimeContainer> = Vec::new();
        for runtime in &engines.runtimes {
            match runtime.containers(&at).await {
                Ok(containers) => {
                    for failure in &containers.failed {
                        tracing::warn!(failure, "a container could not be described");
                        complete = false;
                    }
                    found.extend(containers.containers);
                }
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "an engine's containers could not be listed"
                    );
                    complete = false;
                }
            }
        }
        let pids: Vec<u32> = found.iter().filter_map(|one| one.pid).collect();
        let processes = tokio::task::spawn_blocking(move || discover::containers(&pids))
            .await
            .map_err(|error| LookError::Task(error.to_string()))?;
        let mut containers: Vec<Container> = found
            .into_iter()
            .map(|one| {
                let mut container = one.container;
                if let Some(facts) = one.pid.and_then(|pid| processes.get(&pid)) {
                    container.uid = facts.uid;
                    container.listening.clone_from(&facts.listening);
                }
                // An engine with an image store of its own names images by manifest; findings are by configuration.
                if let Some(config) = self
                    .memory
                    .image(container.image.as_str())
                    .and_then(|image| image.config.clone())
                {
                    container.image = config;
                }
                container
            })
            .collect();
        containers.sort_by(|a, b| a.id.cmp(&b.id));
        let snapshot = ContainersSnapshot {
            host: self.enrolled.host.clone(),
            complete,
            containers,
        };
        let mut comparable = snapshot.clone();
        for socket in comparable
            .containers
            .iter_mut()
            .flat_map(|container| &mut container.listening)
        {
            socket.pid = None;
        }
        self.offer(
            &Subject::Containers,
            &comparable,
            &InventoryBody::Containers { snapshot },
        )
    }
}
