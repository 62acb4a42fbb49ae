//! Until when a vulnerability is to be mended, by CISA's Binding Operational Directive 26-04.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Answer;
use crate::Timestamp;

/// The deadline of a vulnerability in a place. Where a fact is not known it is the earliest that is possible.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Deadline {
    /// Days from when the clock started; absent where the next upgrade of the system is soon enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u16>,
    /// Whether it is to be looked for traces of an attack, too.
    #[serde(default)]
    pub forensics: bool,
    /// When it is due; absent without days, and where it is not known when the clock started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// Whether that has passed.
    #[serde(default)]
    pub overdue: bool,
    /// When the clock started; absent where nothing tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<DeadlineClock>,
    /// Whether a fact that matters is not known: this is then the earliest deadline that is possible.
    #[serde(default)]
    pub is_earliest: bool,
    /// Why it is this deadline, for people.
    #[serde(default)]
    pub reason: String,
    /// The four facts that decide, each with its evidence.
    #[serde(default)]
    pub facts: Vec<DeadlineFact>,
}

/// When the clock of a deadline started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeadlineClock {
    /// The moment.
    pub started_at: Timestamp,
    /// What happened then.
    pub start: ClockStart,
}

/// What starts the clock of a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClockStart {
    /// CISA added it to its catalogue.
    AddedToKev,
    /// It was first found in the place.
    FirstFound,
    /// A start that this version does not know.
    #[serde(other)]
    Unknown,
}

/// One of the facts that decide a deadline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeadlineFact {
    /// What was asked.
    pub question: DeadlineQuestion,
    /// The answer.
    pub answer: Answer,
    /// What the answer was concluded from, for people.
    pub evidence: String,
}

/// What is asked for a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeadlineQuestion {
    /// Whether CISA's catalogue of known exploited vulnerabilities has it.
    InKev,
    /// Whether the place is exposed to the public.
    PubliclyExposed,
    /// Whether an attack can be automated: SSVC.
    Automatable,
    /// Whether an attacker gains total control: SSVC, technical impact.
    TotalImpact,
    /// A question that this version does not know.
    #[serde(other)]
    Unknown,
}
