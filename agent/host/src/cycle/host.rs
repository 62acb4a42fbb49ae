//! The host itself: packages and operating system from its disk, facts from the running system.

use inventory::{Limits, host::read_host};
use schemas::{
    agent::InventoryBody,
    inventory::{
        Coverage, CoverageGap, CoverageStatus, GapReason, INVENTORY_VERSION, Inventory, Target,
        TargetKind,
    },
};
use std::path::{Path, PathBuf};

use super::{Engines, LookError, Observer};
use crate::{discover, spool::Subject};

impl Observer<'_> {
    /// Looks at the host. Returns whether something new was spooled.
    ///
    /// # Errors
    /// What was seen could not be kept.
    pub async fn look_at_host(&mut self, engines: &Engines) -> Result<bool, LookError> {
        let id = self.enrolled.host.clone();
        let config = self.config.clone();
        let skip: Vec<PathBuf> = engines
            .runtimes
            .iter()
            .flat_map(|one| one.data_folders())
            .collect();
        let engines = engines.engines.clone();
        let read = tokio::task::spawn_blocking(move || {
            let facts = discover::host_facts(&id, &config, engines);
            let target = Target {
                kind: TargetKind::Host,
                name: facts.name.clone(),
                id: Some(id.to_string()),
            };
            let mut inventory = read_host(&config.root, target.clone(), &skip, &Limits::default())
                .unwrap_or_else(|error| unread(target, &config.root, &error));
            inventory.host = Some(facts);
            inventory
        });
        let inventory = read
            .await
            .map_err(|error| LookError::Task(error.to_string()))?;
        let mut comparable = inventory.clone();
        comparable.host = comparable.host.map(discover::comparable);
        self.offer(
            &Subject::Host,
            &comparable,
            &InventoryBody::Host { inventory },
        )
    }
}

/// A host that could not be read at all is told as such: silence would look like a host that is gone.
fn unread(target: Target, root: &Path, error: &(dyn std::error::Error + 'static)) -> Inventory {
    let why = error
        .source()
        .map_or_else(|| error.to_string(), |source| format!("{error}: {source}"));
    tracing::warn!(error, "the host could not be read");
    Inventory {
        version: INVENTORY_VERSION,
        target,
        os: None,
        packages: Vec::new(),
        image: None,
        host: None,
        coverage: Coverage {
            status: CoverageStatus::Unsupported,
            gaps: vec![CoverageGap {
                reason: GapReason::ReadError,
                detail: format!(
                    "The host's file system could not be read ({why}). Run the agent with the right to read it."
                ),
                path: Some(root.display().to_string()),
                layer: None,
            }],
        },
    }
}
