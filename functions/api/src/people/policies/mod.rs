//! Policies that scans are held against.

pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod set;

use axum::{Json, response::Response};
use records::policies::{CI, PolicyRecord};
use schemas::api::policy::{PolicyDetail, PolicyText};

use crate::{etag, problem::ApiError};

/// Policies that there are a use for.
fn known(id: &str) -> Result<&str, ApiError> {
    if id == CI {
        Ok(id)
    } else {
        Err(ApiError::not_found("policy: there is only `ci`"))
    }
}

/// A policy as it is answered.
fn detail(id: &str, record: PolicyRecord) -> PolicyDetail {
    PolicyDetail {
        id: id.to_owned(),
        policy: PolicyText {
            form: record.form,
            text: record.text,
        },
        updated_at: record.updated_at,
        updated_by: record.updated_by,
    }
}

/// A policy as it is answered, with the tag that names this state.
fn answer(id: &str, record: PolicyRecord, revision: u64) -> Result<Response, ApiError> {
    etag::tagged(Json(detail(id, record)), revision)
}
