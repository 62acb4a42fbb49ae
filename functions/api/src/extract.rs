//! Path, query and JSON of people's requests; what cannot be read is a problem, not a plain text.

use axum::{
    extract::{FromRequest, FromRequestParts, Path, Query, Request},
    http::{HeaderMap, header, request::Parts},
};
use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::{
    body::{self, MAX_BODY_BYTES, MAX_PEOPLE_BODY_BYTES, MAX_UNFOLDED_BYTES},
    objects::from_json,
    problem::{ApiError, Kind},
};

/// The state that a request names, as the header has it.
pub(crate) fn if_match(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(header::IF_MATCH)
        .and_then(|tag| tag.to_str().ok())
        .map(str::trim)
}

/// Parameters of the path. What is no id names nothing, so it is not found.
pub(crate) struct FromPath<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for FromPath<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Path::from_request_parts(parts, state)
            .await
            .map(|Path(value)| Self(value))
            .map_err(|_| ApiError::not_found("thing"))
    }
}

/// Parameters of the query.
pub(crate) struct FromQuery<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for FromQuery<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Query::from_request_parts(parts, state)
            .await
            .map(|Query(value)| Self(value))
            .map_err(|error| ApiError::new(Kind::BadRequest, error.body_text()))
    }
}

/// A body of JSON, at most 64 KiB, also after decompression.
pub(crate) struct FromJson<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for FromJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let bytes = content(request, MAX_PEOPLE_BODY_BYTES, MAX_PEOPLE_BODY_BYTES, false).await?;
        from_json(&bytes).map(Self)
    }
}

/// A body of JSON, at most 64 KiB, also after decompression, that may be left out.
pub(crate) struct FromSomeJson<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for FromSomeJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let bytes = content(request, MAX_PEOPLE_BODY_BYTES, MAX_PEOPLE_BODY_BYTES, true).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        from_json(&bytes).map(Self)
    }
}

/// A body of JSON, at most 4 MiB as sent and 64 MiB after decompression.
pub(crate) struct FromLargeJson<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for FromLargeJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let bytes = content(request, MAX_BODY_BYTES, MAX_UNFOLDED_BYTES, false).await?;
        from_json(&bytes).map(Self)
    }
}

/// The content of a body of JSON, with its limits as sent and after decompression. One that may be left out and is, is empty.
async fn content(
    request: Request,
    limit: usize,
    unfolded_limit: usize,
    may_be_left_out: bool,
) -> Result<Bytes, ApiError> {
    let (parts, content) = request.into_parts();
    let is_judged = is_packed(&parts);
    if !may_be_left_out && !is_judged {
        must_be_json(&parts)?;
    }
    let bytes = body::read(&parts.headers, content, limit).await?;
    if may_be_left_out && !bytes.is_empty() && !is_judged {
        must_be_json(&parts)?;
    }
    if bytes.is_empty() {
        return Ok(bytes);
    }
    body::unfold(&parts.headers, bytes, unfolded_limit).await
}

/// Whether the body is compressed and says so by its type too. API Gateway hands a body of JSON on as text, which compressed
/// bytes do not survive, and any other as it is. No form of another site can send such a type either.
fn is_packed(parts: &Parts) -> bool {
    let kind = parts.headers.get(header::CONTENT_TYPE);
    parts.headers.contains_key(header::CONTENT_ENCODING)
        && kind.is_some_and(|kind| kind.as_bytes() == b"application/octet-stream")
}

/// Insisting on the type keeps forms of other sites out.
fn must_be_json(parts: &Parts) -> Result<(), ApiError> {
    let is_json = parts
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .and_then(|kind| kind.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
    if !is_json {
        return Err(ApiError::new(
            Kind::UnsupportedMedia,
            "Send `content-type: application/json`.",
        ));
    }
    Ok(())
}
