//! Entity tags: they name the state of a thing, so that nobody replaces one they have not seen. Source: RFC 9110, 8.8.3.

use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};

use crate::{
    extract::if_match,
    problem::{ApiError, Kind},
};

/// The state has changed since it was read, or none was named.
pub(crate) fn changed() -> ApiError {
    ApiError::new(
        Kind::PreconditionFailed,
        "Read it anew, and send the ETag of that answer as `if-match`.",
    )
}

/// The revision that a request names by `if-match`.
pub(crate) fn named(headers: &HeaderMap) -> Result<u64, ApiError> {
    if_match(headers)
        .and_then(|tag| tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok())
        .ok_or_else(changed)
}

/// That a request names the state that is there.
pub(crate) fn must_match(headers: &HeaderMap, revision: u64) -> Result<(), ApiError> {
    if named(headers)? == revision {
        Ok(())
    } else {
        Err(changed())
    }
}

/// An answer with the tag of the state that it tells.
pub(crate) fn tagged(answer: impl IntoResponse, revision: u64) -> Result<Response, ApiError> {
    let mut response = answer.into_response();
    let tag = HeaderValue::try_from(format!("\"{revision}\"")).map_err(ApiError::internal)?;
    response.headers_mut().insert(header::ETAG, tag);
    Ok(response)
}
