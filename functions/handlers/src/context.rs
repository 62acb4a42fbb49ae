//! What all functions share: the platform, the advisories in use, where they come from, and limits.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use platform::Platform;
use records::{EstateCache, Feeds};
use schemas::{AgentId, HostId, TenantId, Timestamp};
use sources::{http::Guard, outbound::Outbound};

use crate::{Advisories, HandlerError, Metrics};

/// Most agents whose hosts are remembered.
const MAX_REMEMBERED: usize = 100_000;

/// What all functions share.
#[derive(Debug)]
pub struct Context {
    /// The platform.
    pub platform: Platform,
    /// Where advisory documents come from.
    pub sources: FeedSources,
    /// Limits on what is taken.
    pub limits: Limits,
    /// How registries are asked.
    pub registries: Registries,
    /// What judges the addresses that people enter.
    pub guard: Guard,
    /// What the functions did in this process.
    pub metrics: Metrics,
    /// What is remembered of estate indexes.
    pub(crate) estates: EstateCache,
    sender: OnceLock<Outbound>,
    advisories: tokio::sync::Mutex<Option<Arc<Advisories>>>,
    hosts: Mutex<HashMap<(TenantId, AgentId), HostId>>,
}

/// Where advisory documents come from.
#[derive(Clone, Debug, Default)]
pub enum FeedSources {
    /// From nowhere: what was published before stays in use.
    #[default]
    None,
    /// From the files of a folder and the folders in it.
    Folder(PathBuf),
    /// From their public addresses.
    Download(Downloads),
    /// From the copy of a folder of feeds that lies in the blob store, put there by somebody else: see
    /// [`records::feed_mirror`]. This is the folder on this disk that it is brought to.
    Mirror(PathBuf),
}

/// What is downloaded, and where to.
#[derive(Clone, Debug)]
pub struct Downloads {
    /// How documents are asked for.
    pub fetcher: sources::feeds::Fetcher,
    /// The feeds, see [`sources::feeds::catalogue`].
    pub feeds: Vec<&'static sources::feeds::FeedSpec>,
    /// The folder that keeps what was downloaded, with its state.
    pub folder: PathBuf,
    /// Whether a copy of the folder is kept in the blob store, since this disk is lost from time to time.
    pub mirrored: bool,
}

/// How registries are asked. What is set here is for the images of all tenants.
#[derive(Clone, Debug, Default)]
pub struct Registries {
    /// Files of credentials, as Docker and Podman keep them.
    pub credentials: sources::registry::CredentialFiles,
    /// Certificate authorities, encryption, repetitions, and whether registries of this machine and private networks
    /// are asked.
    pub options: sources::registry::RegistryOptions,
}

/// Limits on what is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most layers of an image.
    pub max_layers: usize,
    /// Most containers of a host.
    pub max_containers: usize,
    /// Number of new states of places above which they are folded into the base of the estate index.
    pub fold_at: usize,
    /// Places that one message tells `scan` of when advisories change, but for the rest of a page: a hundred thousand at
    /// once would take longer than a function may.
    pub rematched_at_once: usize,
    /// Most compressed bytes of an image's layers that one message of `registry` reads; of a larger image each layer is
    /// read by a message of its own.
    ///
    /// Memory does not grow with a layer, so time decides: a function in the cloud has 15 minutes, and at 2 MB/s, a slow
    /// registry, 512 MiB take less than five. A single layer may take all 15: some 1.8 GB at that speed.
    pub max_image_bytes: u64,
    /// How long no further change has to come before those that came are told, in seconds: a feed or a rollout changes many
    /// places one after the other, and one fix is to be one message.
    pub quiet_s: u32,
    /// Most messages that a channel is sent within a minute; what is more is summed up.
    pub messages_per_minute: u32,
    /// After how many seconds without a word an agent is told to be silent. When an agent was heard of is known to five
    /// minutes, and agents look every quarter of an hour.
    pub silent_s: u32,
    /// How old a feed's last good reading may be before that is told, in seconds.
    pub feed_age_s: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_layers: 512,
            max_containers: 5_000,
            fold_at: 64,
            rematched_at_once: 4_000,
            max_image_bytes: 512 << 20,
            quiet_s: 20,
            messages_per_minute: 20,
            silent_s: 3_600,
            feed_age_s: 2 * 24 * 3_600,
        }
    }
}

impl Context {
    /// A context of a platform.
    pub fn new(platform: Platform, sources: FeedSources, limits: Limits) -> Self {
        Self {
            platform,
            sources,
            limits,
            registries: Registries::default(),
            guard: Guard::default(),
            sender: OnceLock::new(),
            metrics: Metrics::default(),
            estates: EstateCache::default(),
            advisories: tokio::sync::Mutex::default(),
            hosts: Mutex::default(),
        }
    }

    /// The same, with registries asked so.
    #[must_use]
    pub fn with_registries(mut self, registries: Registries) -> Self {
        self.registries = registries;
        self
    }

    /// The same, with addresses that people enter judged by this guard.
    #[must_use]
    pub fn with_guard(mut self, guard: Guard) -> Self {
        self.guard = guard;
        self
    }

    /// What sends notifications, made once.
    pub(crate) fn sender(&self) -> Result<&Outbound, HandlerError> {
        if let Some(sender) = self.sender.get() {
            return Ok(sender);
        }
        let made =
            Outbound::new(&self.guard).map_err(|error| HandlerError::Later(Box::new(error)))?;
        Ok(self.sender.get_or_init(|| made))
    }

    /// The time by the platform's clock.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_ms(i64::try_from(self.platform.clock.now_ms()).unwrap_or(i64::MAX))
    }

    /// The advisories of the generation in use, opened once.
    ///
    /// # Errors
    /// When the store fails, or a shard is damaged.
    pub async fn advisories(&self) -> Result<Arc<Advisories>, HandlerError> {
        let current = Feeds(&self.platform).current().await?;
        let mut cached = self.advisories.lock().await;
        let generation = current.as_ref().map_or(0, |current| current.record.id);
        if let Some(cached) = cached.as_ref()
            && cached.generation() == generation
        {
            return Ok(Arc::clone(cached));
        }
        let record = current.map(|current| current.record).unwrap_or_default();
        let opened = Arc::new(Advisories::open(&self.platform, record).await?);
        *cached = Some(Arc::clone(&opened));
        Ok(opened)
    }

    pub(crate) fn known_host(&self, tenant: &TenantId, agent: &AgentId) -> Option<HostId> {
        let hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.get(&(tenant.clone(), agent.clone())).cloned()
    }

    pub(crate) fn remember_host(&self, tenant: &TenantId, agent: &AgentId, host: &HostId) {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if hosts.len() < MAX_REMEMBERED {
            hosts.insert((tenant.clone(), agent.clone()), host.clone());
        }
    }
}
