//! A notification: what happened, grouped so that one fix is one message. It is what a webhook carries as `data`, and what
//! a delivery keeps.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{CollectionId, Place, Severity, TenantId, Timestamp, VulnerabilityId};

/// What a notification is about.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
pub enum NotificationEvent {
    /// Vulnerabilities that were not found there before.
    #[serde(rename = "findings.new")]
    FindingsNew,
    /// Vulnerabilities that are not there any more.
    #[serde(rename = "findings.fixed")]
    FindingsFixed,
    /// Feeds of advisories that cannot be read, or were not for too long: what is found may be out of date.
    #[serde(rename = "feed.failed")]
    FeedFailed,
    /// Feeds that can be read again.
    #[serde(rename = "feed.recovered")]
    FeedRecovered,
    /// Agents that were not heard of for too long.
    #[serde(rename = "agent.silent")]
    AgentSilent,
    /// Agents that were silent and are heard of again.
    #[serde(rename = "agent.heard")]
    AgentHeard,
    /// Registries that could not be looked through for new images.
    #[serde(rename = "registry.failed")]
    RegistryFailed,
    /// Registries that were looked through again.
    #[serde(rename = "registry.recovered")]
    RegistryRecovered,
    /// Messages that were given up and wait for a person to decide.
    #[serde(rename = "dead_letters.waiting")]
    DeadLettersWaiting,
    /// No messages wait any more that were given up.
    #[serde(rename = "dead_letters.cleared")]
    DeadLettersCleared,
    /// A test that a person asked for; nothing happened.
    #[serde(rename = "test")]
    Test,
    /// Something that this version does not know.
    #[serde(other, rename = "unknown")]
    Unknown,
}

impl NotificationEvent {
    /// Those that a channel can ask for.
    pub const CHOSEN: [Self; 10] = [
        Self::FindingsNew,
        Self::FindingsFixed,
        Self::FeedFailed,
        Self::FeedRecovered,
        Self::AgentSilent,
        Self::AgentHeard,
        Self::RegistryFailed,
        Self::RegistryRecovered,
        Self::DeadLettersWaiting,
        Self::DeadLettersCleared,
    ];

    /// Whether it tells of vulnerabilities in places.
    pub const fn is_of_findings(self) -> bool {
        matches!(self, Self::FindingsNew | Self::FindingsFixed)
    }

    /// Whether something bad ended.
    pub const fn is_good(self) -> bool {
        matches!(
            self,
            Self::FindingsFixed
                | Self::FeedRecovered
                | Self::AgentHeard
                | Self::RegistryRecovered
                | Self::DeadLettersCleared
        )
    }

    /// The word as it is written in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FindingsNew => "findings.new",
            Self::FindingsFixed => "findings.fixed",
            Self::FeedFailed => "feed.failed",
            Self::FeedRecovered => "feed.recovered",
            Self::AgentSilent => "agent.silent",
            Self::AgentHeard => "agent.heard",
            Self::RegistryFailed => "registry.failed",
            Self::RegistryRecovered => "registry.recovered",
            Self::DeadLettersWaiting => "dead_letters.waiting",
            Self::DeadLettersCleared => "dead_letters.cleared",
            Self::Test => "test",
            Self::Unknown => "unknown",
        }
    }
}

/// What happened. Lists are bounded; the counts beside them say how many are left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Notification {
    /// What it is about.
    pub event: NotificationEvent,
    /// Whose it is.
    pub tenant: TenantId,
    /// Names it: the same for every attempt and every channel.
    pub id: String,
    /// When it was put together.
    pub at: Timestamp,
    /// What to do about all of it; absent where there is no one thing, as in a digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<NotifiedFix>,
    /// Whether it sums up many fixes, since places were scanned for the first time or very much changed at once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub digest: bool,
    /// The worst severity among the vulnerabilities.
    #[serde(default)]
    pub severity: Severity,
    /// The vulnerabilities, the worst first.
    #[serde(default)]
    pub vulnerabilities: Vec<NotifiedVulnerability>,
    /// How many vulnerabilities are left out here.
    #[serde(default)]
    pub more_vulnerabilities: u32,
    /// What those are that are left out, by what channels can ask for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rest: Vec<NotifiedRest>,
    /// Where they are, or were.
    #[serde(default)]
    pub places: Vec<NotifiedPlace>,
    /// How many places are left out here.
    #[serde(default)]
    pub more_places: u32,
    /// What an event is about that is not about findings: feeds, agents, registries or queues.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<NotifiedSubject>,
    /// How many of these are left out here.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_subjects: u32,
    /// Of the collections that channels are limited to, those which all of it lies in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub collections: Vec<CollectionId>,
    /// How many messages it stands for, where there were too many for the channel; 0 for one of its own.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub summed_up: u32,
}

/// What a notification is about that is not about findings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NotifiedSubject {
    /// Its id: the feed's name, the agent's id, the registry's id or the queue's name.
    pub id: String,
    /// The name people know it by: of an agent its host's.
    pub name: String,
    /// Since when it is so; of what is over, since when it was.
    pub since: Timestamp,
    /// What is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// What fixes a vulnerability: one update of one package.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
pub struct NotifiedFix {
    /// Name of the package as its advisory has it, the source package's where there is one; for Windows the product's.
    pub package: String,
    /// First version that is fixed; absent when there is none yet, or an update is named instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed_version: Option<String>,
    /// The update of Windows, such as `KB5043050`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kb: Option<String>,
}

/// A vulnerability that a notification names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NotifiedVulnerability {
    /// CVE id, or the advisory's own.
    pub id: VulnerabilityId,
    /// Severity used.
    #[serde(default)]
    pub severity: Severity,
    /// Known to be exploited.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub kev: bool,
    /// EPSS probability, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epss: Option<f32>,
    /// Whether a fix is available.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fixable: bool,
    /// The highest risk score at any of the places, 0 to 100; absent where it was not computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f32>,
    /// Name of the package, in a digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// One line that says what it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
}

/// How many vulnerabilities of a kind a notification does not name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NotifiedRest {
    /// Their severity.
    #[serde(default)]
    pub severity: Severity,
    /// Whether they are known to be exploited.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub kev: bool,
    /// Whether a fix is available.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fixable: bool,
    /// The highest EPSS probability among them, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epss: Option<f32>,
    /// How many there are.
    pub count: u32,
}

/// A place that a notification names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NotifiedPlace {
    /// The place.
    pub place: Place,
    /// The name people know it by.
    pub name: String,
    /// The installed version of the package that is to be fixed; absent in a digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installed_version: Option<String>,
}

/// What changed in one place by one fix, or by so many at once that only a digest is told: kept until it is told with what
/// changed in other places by the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlaceChange {
    /// What happened.
    pub event: NotificationEvent,
    /// The fix; absent in a digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<NotifiedFix>,
    /// The place.
    pub place: NotifiedPlace,
    /// The vulnerabilities, the worst first.
    pub vulnerabilities: Vec<NotifiedVulnerability>,
    /// How many are left out here.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_vulnerabilities: u32,
    /// What those are that are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rest: Vec<NotifiedRest>,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}
