//! Enrolment tokens.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{Timestamp, TokenId};

/// Which enrolment tokens are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EnrolmentTokenQuery {
    /// Only those in this state.
    #[serde(default)]
    pub state: Option<EnrolmentTokenState>,
    /// `next_cursor` of the page before; valid for the same filters only.
    #[serde(default)]
    #[param(max_length = 2048)]
    pub cursor: Option<String>,
    /// Most rows, 1 to 500; 100 when absent.
    #[serde(default)]
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
}

/// One page of enrolment tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EnrolmentTokenList {
    /// By id.
    pub enrolment_tokens: Vec<EnrolmentTokenRow>,
    /// Where the next page begins; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// One enrolment token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EnrolmentTokenRow {
    /// Its public half.
    pub id: TokenId,
    /// What it is for.
    pub note: String,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is refused.
    pub expires_at: Timestamp,
    /// How many agents may enrol with it.
    pub max_uses: u32,
    /// How many have.
    pub uses: u32,
    /// Patterns of the names of hosts that may enrol with it; none for every host.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// Whether it opens the door now.
    pub state: EnrolmentTokenState,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
}

/// Whether a token opens the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EnrolmentTokenState {
    /// It does.
    Valid,
    /// Its time is over.
    Expired,
    /// As many agents as may have enrolled with it.
    UsedUp,
    /// Somebody revoked it.
    Revoked,
    /// A state that this version does not know.
    #[serde(other)]
    Unknown,
}

/// A token is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewEnrolmentToken {
    /// What it is for, at most 200 characters.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub note: String,
    /// How long it holds, in seconds, 60 to 31,536,000 (a year); a day when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 60, maximum = 31_536_000)]
    pub valid_for_s: Option<u64>,
    /// How many agents may enrol with it, 1 to 100,000; one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 100_000)]
    pub max_uses: Option<u32>,
    /// Patterns of the names of hosts that may enrol with it, as collections have them: `*` stands for any text, also none, and
    /// case does not matter. At most 32; none for every host. A host tells its name itself: this keeps a token from being
    /// used by mistake, and one that leaked from passing for any host, not somebody from naming a host so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 32)]
    pub hosts: Vec<String>,
}

/// A token with its secret, shown this once.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct CreatedEnrolmentToken {
    /// The whole token, `bhe_…`. It cannot be had again.
    pub token: String,
    /// The token as it is listed.
    pub enrolment_token: EnrolmentTokenRow,
}

impl std::fmt::Debug for CreatedEnrolmentToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreatedEnrolmentToken")
            .field("enrolment_token", &self.enrolment_token)
            .finish_non_exhaustive()
    }
}
