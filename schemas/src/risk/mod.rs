//! Facts that a risk score is made of, and the score with its parts.

mod deadline;
mod factor;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Severity, Timestamp};

pub use deadline::{ClockStart, Deadline, DeadlineClock, DeadlineFact, DeadlineQuestion};
pub use factor::{Factor, FactorSet};

/// An answer that may not be known. Unknown is an answer of its own and never stands for no.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It is so.
    Yes,
    /// It is not so.
    No,
    /// Nobody looked, or could tell.
    #[default]
    #[serde(other)]
    Unknown,
}

impl From<Option<bool>> for Answer {
    fn from(known: Option<bool>) -> Self {
        match known {
            Some(true) => Self::Yes,
            Some(false) => Self::No,
            None => Self::Unknown,
        }
    }
}

/// How a place can be reached over the network.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Exposure {
    /// It runs nowhere, or has no network.
    None,
    /// Only from its own host or container network.
    Internal,
    /// Through a published port or a socket on the host's own address.
    Published,
    /// Through a published port or socket on a public address of the host.
    PublicAddress,
    /// Its owner declared that the internet reaches it.
    Declared,
    /// It was seen to be reached from outside.
    Observed,
    /// Nobody looked, or could tell; not the same as none.
    #[default]
    #[serde(other)]
    Unknown,
}

/// What is known of a vulnerability wherever it is. Kept once per vulnerability; a daily feed changes only this.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct VulnerabilityFacts {
    /// The severity used.
    #[serde(default)]
    pub severity: Severity,
    /// CVSS base score, 0 to 10, of the rating used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cvss_score: Option<f32>,
    /// CVSS vector of the rating used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cvss_vector: Option<String>,
    /// Listed in CISA's catalogue of known exploited vulnerabilities, or said to be exploited by its vendor.
    #[serde(default)]
    pub known_exploited: bool,
    /// Who says that it is exploited: `cisa-kev`, `msrc`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exploited_sources: Vec<String>,
    /// Known to be used in ransomware campaigns.
    #[serde(default)]
    pub ransomware: bool,
    /// EPSS: probability of exploitation within 30 days, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epss: Option<f32>,
    /// SSVC exploitation: `none`, `poc` or `active`; absent when nobody judged it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exploitation: Option<String>,
    /// SSVC automatable: `yes` or `no`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub automatable: Option<String>,
    /// SSVC technical impact: `partial` or `total`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub technical_impact: Option<String>,
    /// How many public exploits are known; 0 when none is.
    #[serde(default)]
    pub public_exploits: u32,
    /// When CISA added it to its catalogue of known exploited vulnerabilities; absent when it is not there, or that is not
    /// known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_exploited_since: Option<Timestamp>,
    /// What holds wherever it is and is read from its CVSS vector and its vendor's words: attack vector and complexity,
    /// remote execution, denial of service.
    #[serde(default, skip_serializing_if = "FactorSet::is_empty")]
    pub factors: FactorSet,
}

/// What is known of a place wherever a vulnerability is in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlaceFacts {
    /// How the network reaches it: the worst over its running containers for an image.
    #[serde(default)]
    pub exposure: Exposure,
    /// What the exposure was concluded from, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposure_reason: Option<String>,
    /// Whether something in it runs as root or administrator.
    #[serde(default)]
    pub root: Answer,
    /// Whether something in it runs privileged (or as HostProcess).
    #[serde(default)]
    pub privileged: Answer,
    /// Whether a container runtime's socket or pipe is mounted into it.
    #[serde(default)]
    pub runtime_socket: Answer,
    /// Whether something in it was given capabilities beyond the engine's default that reach out of a container.
    #[serde(default)]
    pub capabilities: Answer,
    /// Whether something in it runs without one of the mandatory security profiles: seccomp, AppArmor or SELinux.
    #[serde(default)]
    pub no_security_profile: Answer,
    /// Whether something in it shares the host's network, process ids or memory of processes.
    #[serde(default)]
    pub host_namespaces: Answer,
    /// Whether folders of the host that are as good as the host are mounted into it: `/`, `/etc`, `/proc`, `C:\` and others.
    #[serde(default)]
    pub host_mounts: Answer,
    /// Number of running containers of an image; absent for a host or when no engine was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running_containers: Option<u32>,
    /// Whether anything in it listens for connections, published or not.
    #[serde(default)]
    pub listening: Answer,
    /// Whether a running process has loaded a vulnerable package; nothing can tell yet where something runs.
    #[serde(default)]
    pub package_in_use: Answer,
    /// Whether all its running containers have a kernel of their own: Hyper-V isolation, Kata.
    #[serde(default)]
    pub own_kernel: Answer,
    /// The label by which the tenant declares it critical, `KEY=VALUE`; absent where none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub critical_label: Option<String>,
}

/// A risk score from 0 to 100: the sum of its parts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Score {
    /// 0 to 100 with one decimal; exactly the sum of the parts' points.
    pub value: f32,
    /// What it is made of, in a fixed order.
    #[serde(default)]
    pub parts: Vec<ScorePart>,
}

/// What a part of a score is about.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PartGroup {
    /// Whether somebody exploits it.
    Likelihood,
    /// What comes of it.
    Impact,
    /// Who reaches the place.
    Exposure,
    /// What an attacker has there.
    Privilege,
    /// Whether it is used there.
    Use,
    /// What the place is worth.
    Value,
    /// Whether something can be done.
    Readiness,
    /// A group that this version does not know.
    #[default]
    #[serde(other)]
    Unknown,
}

/// One part of a score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ScorePart {
    /// What it is about.
    #[serde(default)]
    pub group: PartGroup,
    /// The part's name, such as `severity` or `exposure`.
    pub name: String,
    /// Points, with one decimal.
    pub points: f32,
    /// The most points that this part can give.
    pub max: f32,
    /// Why, for people.
    pub reason: String,
}
