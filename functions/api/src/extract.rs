//! Path, query and JSON of people's requests; what cannot be read is a problem, not a plain text.

use axum::{
    extract::{FromRequest, FromRequestParts, Path, Query, Request},
    http::{HeaderMap, header, request::Parts},
};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    body::{self, MAX_BODY_BYTES, MAX_PEOPLE_BODY_BYTES, MAX_UNFOLDED_BYTES},
    objects::from_json,
    problem::{ApiError, Kind},
    state::ApiState,
};

/// What is larger, in bytes, is read away from the threads that answer requests.
const ASIDE_BYTES: usize = 1 << 20;

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

/// A body of JSON, at most 4 MiB as sent and 64 MiB after decompression. With it comes the turn of what is large, which is held
/// as long as the value: as values such bodies take many times their size.
pub(crate) struct FromLargeJson<T>(pub(crate) T, pub(crate) Option<OwnedSemaphorePermit>);

impl<T: DeserializeOwned + Send + 'static> FromRequest<ApiState> for FromLargeJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, ApiError> {
        large(request, state.large()).await
    }
}

async fn large<T: DeserializeOwned + Send + 'static>(
    request: Request,
    turns: &Arc<Semaphore>,
) -> Result<FromLargeJson<T>, ApiError> {
    let sent = sent(request, MAX_BODY_BYTES, false).await?;
    // Before unfolding: a small body may unfold to a large one.
    let mut turn = None;
    if sent.is_folded() || sent.bytes.len() > ASIDE_BYTES {
        let turns = Arc::clone(turns).acquire_owned().await;
        turn = Some(turns.map_err(ApiError::internal)?);
    }
    let bytes = sent.unfolded(MAX_UNFOLDED_BYTES).await?;
    if bytes.len() <= ASIDE_BYTES {
        return from_json(&bytes).map(|value| FromLargeJson(value, None));
    }
    // Other requests need not wait for the thread that reads it.
    let read = tokio::task::spawn_blocking(move || from_json(&bytes)).await;
    let value = read.map_err(ApiError::internal)??;
    Ok(FromLargeJson(value, turn))
}

/// The content of a body of JSON, with its limits as sent and after decompression. One that may be left out and is, is empty.
async fn content(
    request: Request,
    limit: usize,
    unfolded_limit: usize,
    may_be_left_out: bool,
) -> Result<Bytes, ApiError> {
    let sent = sent(request, limit, may_be_left_out).await?;
    sent.unfolded(unfolded_limit).await
}

/// A body as it was sent.
struct Sent {
    headers: HeaderMap,
    bytes: Bytes,
}

impl Sent {
    fn is_folded(&self) -> bool {
        self.headers.contains_key(header::CONTENT_ENCODING)
    }

    async fn unfolded(self, limit: usize) -> Result<Bytes, ApiError> {
        if self.bytes.is_empty() {
            return Ok(self.bytes);
        }
        body::unfold(&self.headers, self.bytes, limit).await
    }
}

async fn sent(request: Request, limit: usize, may_be_left_out: bool) -> Result<Sent, ApiError> {
    let (parts, content) = request.into_parts();
    let is_judged = is_packed(&parts);
    if !may_be_left_out && !is_judged {
        must_be_json(&parts)?;
    }
    let bytes = body::read(&parts.headers, content, limit).await?;
    if may_be_left_out && !bytes.is_empty() && !is_judged {
        must_be_json(&parts)?;
    }
    Ok(Sent {
        headers: parts.headers,
        bytes,
    })
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

#[cfg(test)]
mod tests {
    use std::thread::{self, ThreadId};

    use axum::body::Body;
    use serde::{Deserialize, Deserializer, de::IgnoredAny};

    use super::*;

    /// Where it was read.
    struct Read(ThreadId);

    impl<'de> Deserialize<'de> for Read {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            IgnoredAny::deserialize(from)?;
            Ok(Self(thread::current().id()))
        }
    }

    fn request(content: &[u8], coding: Option<&str>) -> Request {
        let mut request = Request::post("/").header("content-type", "application/json");
        if let Some(coding) = coding {
            request = request.header("content-encoding", coding);
        }
        request.body(Body::from(content.to_vec())).unwrap()
    }

    #[tokio::test]
    async fn one_large_body_is_unfolded_at_a_time_and_read_aside() {
        let turns = Arc::new(Semaphore::new(1));
        let zeros = |count: usize| format!("[{}0]", "0,".repeat(count)).into_bytes();
        let folded = |content: &[u8]| zstd::bulk::compress(content, 1).unwrap();
        let here = thread::current().id();

        let bomb = folded(&zeros(4 << 20));
        let first = large::<Read>(request(&bomb, Some("zstd")), &turns).await;
        let FromLargeJson(Read(at), turn) = first.unwrap();
        assert_ne!(at, here);
        assert_eq!(turns.available_permits(), 0);
        let mut next = Box::pin(large::<Read>(request(&bomb, Some("zstd")), &turns));
        let mut plain = Box::pin(large::<Read>(request(&zeros(1 << 20), None), &turns));
        tokio::select! {
            biased;
            _ = &mut next => panic!("two are unfolded at once"),
            _ = &mut plain => panic!("two are read at once"),
            // What is small and plain waits for nobody.
            small = large::<Read>(request(b"[]", None), &turns) => {
                let FromLargeJson(Read(at), _) = small.unwrap();
                assert_eq!(at, here);
            }
        }
        drop(turn);
        let FromLargeJson(Read(at), turn) = next.await.unwrap();
        assert_ne!(at, here);
        drop(turn);
        let FromLargeJson(_, turn) = plain.await.unwrap();
        drop(turn);
        // What turned out to be small holds up nobody.
        let small = large::<Read>(request(&folded(b"[]"), Some("zstd")), &turns).await;
        let FromLargeJson(Read(at), _) = small.unwrap();
        assert_eq!(at, here);
        assert_eq!(turns.available_permits(), 1);
    }
}
