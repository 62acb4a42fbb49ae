//! Messages that were given up.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Timestamp;

/// One page of a queue's dead letters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeadLetterList {
    /// By id; only those of the caller's tenant.
    pub dead_letters: Vec<DeadLetterRow>,
    /// Where the next page begins; absent on the last. A page may be empty although there is a next one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// One message that was given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeadLetterRow {
    /// The message's id.
    pub id: String,
    /// The queue.
    pub queue: String,
    /// The message, at most its first 4,096 characters.
    pub body: String,
    /// Why it was given up.
    pub reason: String,
    /// How often it had been delivered.
    pub receive_count: u32,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// When it was given up.
    pub died_at: Timestamp,
}

/// Which dead letters are to be sent again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReplayDeadLetters {
    /// The queue, such as `scan`; what is none is answered with the names of all.
    #[schema(max_length = 64, pattern = "^[a-z]+$")]
    pub queue: String,
    /// Their ids, 1 to 100.
    #[schema(min_items = 1, max_items = 100)]
    pub ids: Vec<String>,
}

/// What was sent again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReplayedDeadLetters {
    /// Number of messages sent again.
    pub replayed: u64,
}

/// Which dead letters are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DeadLetterQuery {
    /// The queue, such as `scan`; what is none is answered with the names of all.
    #[param(max_length = 64, pattern = "^[a-z]+$", example = "scan")]
    pub queue: String,
    /// `next_cursor` of the page before.
    #[serde(default)]
    #[param(max_length = 2048)]
    pub cursor: Option<String>,
    /// Most letters that are looked at, 1 to 100; 100 when absent.
    #[serde(default)]
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u32>,
}
