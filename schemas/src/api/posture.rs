//! How the estate stands, how it stood, and what was fixed, for people.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    Place, Severity, Timestamp, VulnerabilityId,
    posture::{Posture, SeverityCounts},
};

/// Since when changes are counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PostureQuery {
    /// Since this moment, at most 35 days ago, to the hour; a day ago when absent.
    #[serde(default)]
    pub since: Option<Timestamp>,
}

/// How the estate stands, as far as the caller sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PostureDetail {
    /// The state of the estate that this answers from; at most 60 seconds old in ordinary times.
    pub as_of: Timestamp,
    /// Counts of what is vulnerable, and of what has it.
    pub posture: Posture,
    /// What came and went.
    pub since: PostureChanges,
    /// Whether any advisories are loaded; without them counts of nothing say nothing.
    pub feeds_loaded: bool,
}

/// What came and went since a moment: each vulnerability once in each place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PostureChanges {
    /// Since when, at the beginning of an hour.
    pub from: Timestamp,
    /// What is there now and was not then.
    pub new: SeverityCounts,
    /// What was there and is not any more. What went with its place, or may only not have been seen, is not counted.
    pub fixed: SeverityCounts,
}

/// Which days are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TrendQuery {
    /// As many days up to today, 1 to 400; 30 when absent.
    #[serde(default)]
    #[param(minimum = 1, maximum = 400)]
    pub days: Option<u32>,
}

/// How the estate stood, day by day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Trend {
    /// The state of the estate that today is of.
    pub as_of: Timestamp,
    /// Whether today alone is told: days before are kept for the whole estate, which the caller does not see.
    pub limited: bool,
    /// In order, today last. The first is the first day that is known; a day on which nothing changed is as the one before.
    pub days: Vec<TrendDay>,
}

/// How the estate stood at the end of a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TrendDay {
    /// The day, in UTC.
    #[schema(example = "2026-11-30", pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    pub day: String,
    /// How it stood.
    pub posture: Posture,
}

/// Which fixed findings are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FixedQuery {
    /// Only those that were fixed since this moment, at most 35 days ago, to the hour; a day ago when absent.
    #[serde(default)]
    pub since: Option<Timestamp>,
    /// `next_cursor` of the page before; valid for the same filters only.
    #[serde(default)]
    #[param(max_length = 2048)]
    pub cursor: Option<String>,
    /// Most rows, 1 to 500; 100 when absent.
    #[serde(default)]
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
}

/// One page of fixed findings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FixedList {
    /// The latest first, then by vulnerability and place.
    pub fixed: Vec<FixedRow>,
    /// Number of rows over all pages.
    pub total: u64,
    /// Where the next page begins; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// The state of the estate that this answers from.
    pub as_of: Timestamp,
}

/// A finding that a place no longer has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FixedRow {
    /// The vulnerability.
    pub vulnerability: VulnerabilityId,
    /// The place.
    pub place: Place,
    /// Its name.
    pub name: String,
    /// The severity that it had there.
    pub severity: Severity,
    /// When it was first seen to be gone, at the beginning of an hour.
    pub fixed_at: Timestamp,
}
