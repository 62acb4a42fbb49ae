//! Collections: which resources a role, a key, a rule or a view is about.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod preview;
pub(crate) mod set;
pub(super) mod uses;

use axum::{Json, response::Response};
use records::CollectionRecord;
use schemas::api::collection::{CollectionDetail, CollectionText};
use scope::Collection;

use crate::{
    etag,
    problem::{ApiError, Kind},
};

/// Longest name and longest description, in characters.
const MAX_NAME_CHARS: usize = 128;
const MAX_DESCRIPTION_CHARS: usize = 1024;

/// A collection as it is answered.
fn detail(record: CollectionRecord) -> CollectionDetail {
    CollectionDetail {
        id: record.id,
        collection: CollectionText {
            name: record.name,
            description: record.description,
            parts: record.parts,
        },
        updated_at: record.updated_at,
        updated_by: record.updated_by,
    }
}

/// A collection with the tag that names this state.
fn answer(record: CollectionRecord, revision: u64) -> Result<Response, ApiError> {
    etag::tagged(Json(detail(record)), revision)
}

/// A collection that can be kept, as it is evaluated.
fn checked(text: &CollectionText) -> Result<Collection, ApiError> {
    let bad = |why: String| ApiError::new(Kind::BadRequest, why);
    let name = text.name.trim();
    if name.is_empty()
        || name.chars().count() > MAX_NAME_CHARS
        || text.name.contains(char::is_control)
    {
        return Err(bad(format!(
            "`name` has 1 to {MAX_NAME_CHARS} characters, none of them a control character."
        )));
    }
    if text.description.chars().count() > MAX_DESCRIPTION_CHARS {
        return Err(bad(format!(
            "`description` has at most {MAX_DESCRIPTION_CHARS} characters."
        )));
    }
    Collection::read(&text.parts).map_err(|error| bad(format!("`parts`: {error}.")))
}

/// A collection that is kept, as it is evaluated; `None` when it is of patterns that cannot be read any more.
fn kept(record: &CollectionRecord) -> Option<Collection> {
    Collection::read(&record.parts).ok()
}
