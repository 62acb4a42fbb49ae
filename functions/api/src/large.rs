//! Answers above what a gateway in the cloud lets through: they are stored, and answered by the address where they are.
//!
//! Only where the blob store serves others itself; elsewhere they are sent as they are. What is stored so is in the tenant's
//! `exports`, which a rule of the store forgets after a day; its address ends after minutes.

use std::sync::{Arc, OnceLock};

use axum::{
    body::HttpBody,
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::TryStreamExt;
use platform::{BlobCondition, BlobPath, PutOptions};
use schemas::TenantId;

use crate::{problem::ApiError, state::ApiState};

/// Most bytes of an answer: a function answers with at most 6 MB, and what is no text takes a third more on its way.
pub(crate) const MAX_ANSWER_BYTES: u64 = 4 << 20;
/// Most bytes of an answer that is stored.
const MAX_STORED_BYTES: u64 = 512 << 20;
/// How long its address holds, in seconds. Who asked follows it at once.
const ADDRESS_S: u64 = 5 * 60;

/// Whose request it is, as soon as that is known.
#[derive(Clone, Default)]
pub(crate) struct Asker(Arc<OnceLock<TenantId>>);

impl Asker {
    /// Notes the tenant.
    pub(crate) fn is_of(&self, tenant: &TenantId) {
        // A request has one session.
        self.0.get_or_init(|| tenant.clone());
    }
}

/// Answers a request of a person, and stores the answer when it is too large to be sent.
pub(crate) async fn by_address(
    State(state): State<ApiState>,
    mut request: Request,
    next: Next,
) -> Response {
    if request.method() != Method::GET {
        return next.run(request).await;
    }
    let asker = Asker::default();
    request.extensions_mut().insert(asker.clone());
    let path = request.uri().path();
    let name = path.rsplit('/').next().unwrap_or_default().to_owned();
    let response = next.run(request).await;
    // What does not tell its size may be of any.
    let size = response.body().size_hint().upper().unwrap_or(u64::MAX);
    match asker.0.get() {
        Some(tenant) if response.status() == StatusCode::OK && size > state.max_answer_bytes() => {
            let stored = store(&state, tenant, &name, response).await;
            stored.unwrap_or_else(IntoResponse::into_response)
        }
        _ => response,
    }
}

/// Stores an answer, where its address can be told.
async fn store(
    state: &ApiState,
    tenant: &TenantId,
    name: &str,
    response: Response,
) -> Result<Response, ApiError> {
    let is_json = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|of| of.as_bytes().starts_with(b"application/json"));
    let end = if is_json { ".json" } else { "" };
    let random = state.random_hex::<16>()?;
    let path =
        BlobPath::parse(format!("t/{tenant}/exports/{random}{end}")).map_err(ApiError::internal)?;
    let blobs = &state.platform().blobs;
    let file_name = format!("{name}{end}");
    let Some(address) = blobs
        .download_url(&path, ADDRESS_S, Some(&file_name))
        .await?
    else {
        return Ok(response);
    };
    let stream = response.into_body().into_data_stream();
    let body = platform::Body::stream(stream.map_err(std::io::Error::other));
    let options = PutOptions {
        condition: BlobCondition::IfNotExists,
        max_bytes: Some(MAX_STORED_BYTES),
        ..PutOptions::default()
    };
    blobs.put(&path, body, options).await?;
    let address = HeaderValue::try_from(address).map_err(ApiError::internal)?;
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response())
}
