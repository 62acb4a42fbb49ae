//! How an estate stands at a moment: counts of what is vulnerable, by severity and by what has it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Severity;

/// Counts by severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct SeverityCounts {
    /// Critical ones.
    pub critical: u32,
    /// High ones.
    pub high: u32,
    /// Medium ones.
    pub medium: u32,
    /// Low ones.
    pub low: u32,
    /// Those nobody rated.
    pub unknown: u32,
}

impl SeverityCounts {
    /// Counts one more.
    pub fn add(&mut self, severity: Severity) {
        let count = match severity {
            Severity::Critical => &mut self.critical,
            Severity::High => &mut self.high,
            Severity::Medium => &mut self.medium,
            Severity::Low => &mut self.low,
            Severity::Unknown => &mut self.unknown,
        };
        *count = count.saturating_add(1);
    }

    /// All of them.
    pub fn total(&self) -> u32 {
        let all = [self.critical, self.high, self.medium, self.low];
        all.iter()
            .fold(self.unknown, |sum, count| sum.saturating_add(*count))
    }
}

/// Hosts, or images, counted once each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ResourceCounts {
    /// All of them.
    pub total: u32,
    /// By the highest severity that each has.
    pub highest: SeverityCounts,
    /// Those in which nothing is known to be vulnerable.
    pub none: u32,
    /// Those that were read whole.
    pub complete: u32,
    /// Those that were read in part.
    pub partial: u32,
    /// Those of a system that cannot be judged.
    pub unsupported: u32,
    /// Those that the network reaches from outside of their host: by a published port or more.
    pub exposed: u32,
}

/// How an estate stands. What an exception hides is counted nowhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Posture {
    /// Vulnerabilities, each once, by the worst severity over the places that have it.
    pub vulnerabilities: SeverityCounts,
    /// Those of them that are known to be exploited.
    pub known_exploited: u32,
    /// Those of them with a fix in some place.
    pub fix_available: u32,
    /// Those that are known to be exploited and are in a place that the network reaches from outside of its host.
    pub exploited_exposed: u32,
    /// Findings: vulnerabilities, each once in each place that has it.
    pub findings: u64,
    /// Hosts.
    pub hosts: ResourceCounts,
    /// Images.
    pub images: ResourceCounts,
    /// Running containers of the images.
    pub running_containers: u32,
}
