//! Everything that lets somebody in, in one list.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::Timestamp;

/// One page of what lets somebody in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenList {
    /// By kind, and within it as the list of that kind.
    pub tokens: Vec<TokenRow>,
    /// Where the next page begins; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Which of them are wanted.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TokenQuery {
    /// Of this kind only.
    #[serde(default)]
    pub kind: Option<TokenKind>,
    /// Of this person only, or made by them.
    #[serde(default)]
    #[param(max_length = 128)]
    pub owner: Option<String>,
    /// In this state only.
    #[serde(default)]
    pub state: Option<TokenState>,
    /// Rows of a page, 1 to 500; 100 when absent.
    #[serde(default)]
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default)]
    #[param(max_length = 2048)]
    pub cursor: Option<String>,
}

/// What lets somebody in, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenRow {
    /// What it is.
    pub kind: TokenKind,
    /// What it is revoked by, together with its kind.
    pub id: String,
    /// What it is for: a note, an issuer, a host, a registry, or what signed in.
    pub name: String,
    /// Whose it is, or who made it; absent where that is nobody or not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it lets nobody in; absent where that is not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// When it was last used, as exactly as its kind tells; absent where it never was, or is not noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
    /// Whether it lets somebody in.
    pub state: TokenState,
}

/// A kind of what lets somebody in.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// A person's API key: the caller's own, or everybody's with `tokens.read`.
    ApiKey,
    /// A rule that trusts builds, with `tokens.read`.
    TrustedBuild,
    /// An enrolment token, with `enrolment_tokens.read`.
    EnrolmentToken,
    /// An agent's key, with `agents.read`.
    Agent,
    /// A person's session: the caller's own, or everybody's with `people.manage`.
    Session,
    /// An invitation that is open, with `people.read`.
    Invitation,
    /// A secret that opens a registry's webhook, with `registries.read`.
    WebhookSecret,
    /// A kind that this version does not know.
    #[serde(other)]
    Unknown,
}

/// Whether it lets somebody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenState {
    /// It does.
    Valid,
    /// Its time is over.
    Expired,
    /// It was used as often as it may be.
    UsedUp,
    /// Somebody revoked it.
    Revoked,
    /// A state that this version does not know.
    #[serde(other)]
    Unknown,
}
