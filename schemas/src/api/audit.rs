//! The audit log: who did what, when, from where, and what it changed.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{Digest, Timestamp};

/// One page of the audit log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditList {
    /// The latest first; may be none although there is a cursor, where the filters leave out what was looked at.
    pub entries: Vec<AuditEntry>,
    /// Where the next page begins; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// One entry of the audit log. Entries are never changed and form a chain: `hash` is the SHA-256 of the entry without `hash`
/// as canonical JSON (RFC 8785), and `previous` is the `hash` of the entry before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// Version of the form of entries, 1.
    pub version: u32,
    /// Its number in the tenant's log, from 1 and without gaps.
    pub seq: u64,
    /// Its own id: 16 random hexadecimal digits.
    pub id: String,
    /// When it was done; never before the entry before.
    pub at: Timestamp,
    /// Who did it.
    pub actor: AuditActor,
    /// What was done: the `operationId` of an operation of the API, or the name of something that is none, such as `set_up`.
    pub operation: String,
    /// Whether it was done or refused.
    pub outcome: AuditOutcome,
    /// How many times, for refusals: those of one kind are gathered for up to ten minutes.
    pub count: u64,
    /// To what; absent where the operation names it all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<AuditTarget>,
    /// From where.
    pub origin: AuditOrigin,
    /// How it was before, as the API answers it, without secrets; absent where there was nothing. What is larger than 32 KiB is
    /// replaced by its size and digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub before: Option<serde_json::Value>,
    /// How it was afterwards, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub after: Option<serde_json::Value>,
    /// The `hash` of the entry before; of the first one the SHA-256 of `bulkhead-audit:` and the tenant's id.
    pub previous: Digest,
    /// SHA-256 of this entry without `hash`, as canonical JSON (RFC 8785).
    pub hash: Digest,
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditActor {
    /// What they are.
    pub kind: AuditActorKind,
    /// Their id: a login, a key's or an agent's id; `anonymous` where nobody is known.
    pub id: String,
    /// What they are called, where that is not their id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Their roles at that moment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
}

/// What somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditActorKind {
    /// A person with a session.
    Person,
    /// Who holds an API key.
    ApiKey,
    /// A build with a token that it was given for its own.
    Build,
    /// An agent.
    Agent,
    /// The service itself, or who works on the machine that it runs on.
    System,
    /// Nobody that is known.
    Anonymous,
    /// A kind that this version does not know.
    #[serde(other)]
    Unknown,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditOutcome {
    /// It was done.
    Done,
    /// It was refused.
    Refused,
    /// An outcome that this version does not know.
    #[serde(other)]
    Unknown,
}

/// What something was done to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditTarget {
    /// What it is, such as `agent` or `policy`.
    pub kind: String,
    /// Its id.
    pub id: String,
}

/// Where a request came from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditOrigin {
    /// The address of whoever connected, which may be a proxy's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What the client calls itself, at most 256 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// The request's id, which problems and the server's log name, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// Which entries are wanted. Filters are joined by "and".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// `next_cursor` of the page before; valid for the same filters only.
    #[serde(default)]
    #[param(max_length = 2048)]
    pub cursor: Option<String>,
    /// Most rows, 1 to 500; 100 when absent.
    #[serde(default)]
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
    /// The id of who did it.
    #[serde(default)]
    #[param(max_length = 512)]
    pub actor: Option<String>,
    /// What was done.
    #[serde(default)]
    #[param(max_length = 512)]
    pub operation: Option<String>,
    /// What kind of thing it was done to.
    #[serde(default)]
    #[param(max_length = 512)]
    pub target_kind: Option<String>,
    /// The id of what it was done to.
    #[serde(default)]
    #[param(max_length = 512)]
    pub target: Option<String>,
    /// Done or refused.
    #[serde(default)]
    #[param(inline)]
    pub outcome: Option<AuditOutcome>,
    /// Not before this moment.
    #[serde(default)]
    pub since: Option<Timestamp>,
    /// Before this moment.
    #[serde(default)]
    pub until: Option<Timestamp>,
}

/// Whether the chain holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditVerification {
    /// Whether what was looked at is whole.
    pub whole: bool,
    /// How many entries were looked at.
    pub entries: u64,
    /// The number of the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_seq: Option<u64>,
    /// The number of the last one that holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seq: Option<u64>,
    /// Its hash. Kept elsewhere it proves later that nothing up to here was changed or cut off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_hash: Option<Digest>,
    /// The first break, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<AuditBreak>,
    /// Where to go on, when there is more than one answer looks at; absent at the end and at a break.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A place where the chain does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditBreak {
    /// The number of the entry that does not hold, or that is missing.
    pub seq: u64,
    /// What is wrong with it.
    pub reason: String,
}

/// How far the chain is verified at a time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditVerifyQuery {
    /// `next` of the answer before.
    #[serde(default)]
    #[param(max_length = 2048)]
    pub cursor: Option<String>,
}
