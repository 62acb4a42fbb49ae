//! What a gate says of a scan: its verdict, the rules that were violated, and the findings that do not count and why.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Severity, Timestamp, VulnerabilityId, finding::Finding};

/// What the policies of a gate say of a scan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PolicyOutcome {
    /// The verdict over all policies.
    pub verdict: PolicyVerdict,
    /// The policies that were asked, in the order in which they were given.
    #[serde(default)]
    pub policies: Vec<PolicyUsed>,
    /// What violates them: the finding of the highest risk first.
    #[serde(default)]
    pub violations: Vec<Violation>,
    /// What keeps the verdict from a pass although nothing is violated: gaps that no policy allows, and feeds that rules
    /// need and that were not loaded. A sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lacking: Vec<String>,
    /// What the reader should do something about although it decides nothing: expired, expiring and unused exceptions.
    #[serde(default)]
    pub notices: Vec<PolicyNotice>,
    /// Findings that were held against the rules.
    #[serde(default)]
    pub considered: u32,
    /// Findings that were not, because an earlier report has them already.
    #[serde(default)]
    pub known_before: u32,
    /// The earlier report that `known_before` was counted by, when it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_since: Option<Timestamp>,
}

/// The verdict of a gate.
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
pub enum PolicyVerdict {
    /// No rule is violated, and as much was scanned as the policies ask for. Exit code 0.
    Pass,
    /// A rule is violated. Exit code 1, also when not everything was scanned: what was found is reason enough.
    Violated,
    /// No rule is violated by what was scanned, and that is not enough to pass. Exit code 4.
    NotFullyScanned,
    /// A verdict that this version does not know. Never a pass.
    #[default]
    #[serde(other)]
    Unknown,
}

/// A policy that took part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyUsed {
    /// Its name, by which violations, exceptions and notices refer to it.
    pub name: String,
    /// Where it was read: a file, a command line, a server.
    pub source: String,
}

/// One violated rule, and by what.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Violation {
    /// Name of the policy.
    pub policy: String,
    /// Name of the rule, such as `severity` or `kev`.
    pub rule: String,
    /// What violates it; absent where it is not one finding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<FindingRef>,
    /// Why, for people, with the figures that were compared.
    pub reason: String,
}

/// Enough of a finding to recognise it in the same report and in another one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub struct FindingRef {
    /// CVE id, or the advisory's own where there is none.
    pub vulnerability: VulnerabilityId,
    /// Name of the package.
    pub package: String,
    /// Installed version.
    pub installed_version: String,
    /// First version that is fixed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed_version: Option<String>,
    /// Severity.
    pub severity: Severity,
    /// purl of the package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purl: Option<String>,
    /// Path of the package's record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

impl From<&Finding> for FindingRef {
    fn from(finding: &Finding) -> Self {
        Self {
            vulnerability: finding.vulnerability.clone(),
            package: finding.package.clone(),
            installed_version: finding.installed_version.clone(),
            fixed_version: finding.fixed_version.clone(),
            severity: finding.severity,
            purl: finding.purl.clone(),
            path: finding.path.clone(),
        }
    }
}

/// A finding that does not count, and why. It is in no count of the report's summary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SuppressedFinding {
    /// The finding, whole.
    pub finding: Finding,
    /// What says that it does not count.
    pub by: Suppression,
}

/// What says that a finding does not count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Suppression {
    /// Its kind.
    pub kind: SuppressionKind,
    /// Where that is written: name of a policy, of a VEX document, or an option of the command line.
    pub source: String,
    /// Why, in the words of whoever wrote it.
    pub reason: String,
    /// Who wrote it, where that is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// The moment from which it no longer holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Whether it ends as soon as there is a fix.
    #[serde(default)]
    pub until_fixable: bool,
    /// What VEX says of the package. An exception has `not_affected` when its author gave a justification, else nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vex_status: Option<VexStatus>,
    /// Why it is not affected, in OpenVEX's words, such as `vulnerable_code_not_present`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vex_justification: Option<String>,
}

/// The kinds of suppression.
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
pub enum SuppressionKind {
    /// An exception of a policy.
    Exception,
    /// A statement of a VEX document.
    Vex,
    /// There is no fix, and what has none was asked to be left out.
    Unfixed,
    /// A kind that this version does not know.
    #[default]
    #[serde(other)]
    Unknown,
}

/// What a VEX document says of a vulnerability in a product. Source: OpenVEX 0.2.0, "Status Labels".
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
pub enum VexStatus {
    /// Not affected.
    NotAffected,
    /// Affected.
    Affected,
    /// Fixed in this version.
    Fixed,
    /// Not yet known, or a status that this version does not know.
    #[default]
    #[serde(other)]
    UnderInvestigation,
}

/// Something about a policy that decides nothing and asks for attention.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyNotice {
    /// Its kind.
    pub kind: PolicyNoticeKind,
    /// Name of the policy or VEX document.
    pub source: String,
    /// What it is, for people, and what to do about it.
    pub detail: String,
}

/// The kinds of notices.
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
pub enum PolicyNoticeKind {
    /// An exception is past its date and suppresses nothing any more.
    ExceptionExpired,
    /// An exception held until there was a fix, and there is one.
    ExceptionFixable,
    /// An exception ends within the next two weeks.
    ExceptionExpiring,
    /// An exception is about nothing in this scan.
    ExceptionUnused,
    /// Findings that nobody rated, which rules about severity cannot be met by.
    Unrated,
    /// Part of a VEX document could not be used.
    VexNotUsed,
    /// Something was not fully scanned, and the policy allows it.
    GapAllowed,
    /// A kind that this version does not know.
    #[default]
    #[serde(other)]
    Unknown,
}
