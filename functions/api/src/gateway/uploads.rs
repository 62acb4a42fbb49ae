//! Uploads of what is too large for a request: a ticket here, then the bytes where the ticket says.

use axum::{
    Json,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
};
use futures::TryStreamExt;
use platform::{UploadError, UploadRequest, Uploads};
use schemas::{
    Timestamp,
    agent::{UploadHeader, UploadTicketReply, UploadTicketRequest},
    api::Problem,
};
use std::sync::Arc;

use super::signed::{Signed, upload_path};
use crate::{
    body::MAX_UPLOAD_BYTES,
    problem::{ApiError, Kind},
    state::ApiState,
};

/// How long a ticket holds, in seconds.
const TICKET_S: u64 = 15 * 60;

/// A place to upload the body of a request to that is over 4 MiB. `PUT` the bytes to `url` (relative to this server where
/// it begins with `/`) with the `headers` and no authorization: the address carries its own. Then send the request with an
/// empty body and the header `bulkhead-upload: UPLOAD`.
#[utoipa::path(
    post,
    path = "/agent/v1/uploads",
    tag = "agent",
    operation_id = "agent_request_upload",
    request_body = UploadTicketRequest,
    responses(
        (status = 200, description = "Where and until when", body = UploadTicketReply),
        (status = 413, description = "Larger than any upload may be", body = Problem),
    ),
    security(("agent" = []))
)]
pub(crate) async fn request_upload(
    State(state): State<ApiState>,
    signed: Signed,
) -> Result<Json<UploadTicketReply>, ApiError> {
    let request: UploadTicketRequest = signed.json()?;
    if request.size_bytes == 0 || request.size_bytes > MAX_UPLOAD_BYTES {
        return Err(ApiError::new(
            Kind::TooLarge,
            format!("An upload has 1 to {MAX_UPLOAD_BYTES} bytes."),
        ));
    }
    let sha256 = sha256_of(request.digest.hex()).ok_or_else(|| ApiError::internal("digest"))?;
    // The name says what the content has to be, so that it is checked whatever the store lets through.
    let random = state.random_hex::<16>()?;
    let upload = format!("{random}-{}", request.digest.hex());
    let path = upload_path(&signed.agent, &upload).ok_or_else(|| ApiError::internal("path"))?;
    let wanted = UploadRequest {
        size_bytes: request.size_bytes,
        sha256,
        expires_in_s: TICKET_S,
    };
    let ticket = state.platform().blobs.upload_url(&path, &wanted).await?;
    let headers = ticket.headers.into_iter();
    Ok(Json(UploadTicketReply {
        url: ticket.url,
        upload,
        expires_at: Timestamp::from_ms(i64::try_from(ticket.expires_at_ms).unwrap_or(i64::MAX)),
        headers: headers
            .map(|(name, value)| UploadHeader { name, value })
            .collect(),
    }))
}

/// The bytes of a digest's hex.
fn sha256_of(hex: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// Takes an upload, where this process has to. The ticket is the permission; it bounds size, content and time.
pub(crate) async fn accept(
    State(uploads): State<Arc<dyn Uploads>>,
    Path(ticket): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let length = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok())
        .and_then(|length| length.parse().ok());
    let stream = body.into_data_stream().map_err(std::io::Error::other);
    match uploads
        .accept(&ticket, length, platform::Body::stream(stream))
        .await
    {
        Ok(_) => Ok(StatusCode::NO_CONTENT),
        Err(UploadError::Ticket) => Err(ApiError::not_found("upload")),
        Err(UploadError::Expired) => Err(ApiError::new(
            Kind::NotFound,
            "The upload's time is over: ask for a new ticket.",
        )),
        Err(UploadError::Length { expected }) => Err(ApiError::new(
            Kind::BadRequest,
            format!("The upload has to have exactly {expected} bytes."),
        )),
        Err(UploadError::Store(error)) => Err(match error {
            platform::BlobError::ConditionFailed => ApiError::new(
                Kind::Conflict,
                "This upload has arrived already: go on with the request it is for.",
            ),
            platform::BlobError::ChecksumMismatch => ApiError::new(
                Kind::BadRequest,
                "The upload does not have the digest that was announced.",
            ),
            platform::BlobError::Body(_) => {
                ApiError::new(Kind::BadRequest, "The upload broke off.")
            }
            error => error.into(),
        }),
    }
}
