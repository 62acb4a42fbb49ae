//! Having an image read where its registry keeps it.

use axum::{Json, extract::State, http::StatusCode};
use estate::Resource;
use records::{
    ImageRequestRecord, ImageRequests,
    messages::{self, RegistryMessage},
};
use schemas::{
    ImageRequestId,
    api::{
        Problem,
        image_scan::{NewImageScan, QueuedImageScan},
    },
};
use sources::registry::Reference;

use crate::{
    audit::Act,
    auth::{Scoped, needs},
    extract::FromJson,
    problem::{ApiError, Kind},
    scoped::beyond,
    state::ApiState,
};

/// Longest name and longest platform, in bytes.
const MAX_REFERENCE_BYTES: usize = 700;
const MAX_PLATFORM_BYTES: usize = 100;

/// Reads an image where its registry keeps it, and judges it. Layers that are known already are not read again.
/// What becomes of the request is told under its id.
#[utoipa::path(
    post,
    path = "/api/v1/images",
    tag = "images",
    operation_id = "scan_image",
    request_body = NewImageScan,
    responses(
        (status = 202, description = "It is going to be read", body = QueuedImageScan),
        (status = 403, description = "Its name alone is not within the collections that the caller is limited to", body = Problem),
        (status = 400, description = "No registry can have an image of this name", body = Problem),
    ),
    security(("session" = ["images.scan"]))
)]
pub(crate) async fn scan(
    caller: Scoped<needs::ScanImages>,
    State(state): State<ApiState>,
    FromJson(request): FromJson<NewImageScan>,
) -> Result<(StatusCode, Json<QueuedImageScan>), ApiError> {
    let bad = |why: String| ApiError::new(Kind::BadRequest, why);
    if request.reference.len() > MAX_REFERENCE_BYTES {
        return Err(bad(format!(
            "`reference` has at most {MAX_REFERENCE_BYTES} bytes."
        )));
    }
    let reference: Reference = request
        .reference
        .parse()
        .map_err(|error| bad(format!("`reference`: {error}.")))?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/:._-".contains(&byte);
    if let Some(platform) = &request.platform
        && (platform.is_empty()
            || platform.len() > MAX_PLATFORM_BYTES
            || !platform.bytes().all(plain))
    {
        return Err(bad(
            "`platform` is OS/ARCH[/VARIANT][:OS_VERSION], such as linux/arm64.".to_owned(),
        ));
    }
    let reference = reference.to_string();
    if !caller.scope().includes(&Resource::new().image(&reference)) {
        return Err(beyond("An image of this name"));
    }
    let id: ImageRequestId = state
        .random_hex::<16>()?
        .parse()
        .map_err(ApiError::internal)?;
    let record = ImageRequestRecord::new(
        reference.clone(),
        request.platform.clone(),
        state.now(),
        caller.name(),
    );
    // The record first: whoever reads the message finds where to note what became of it.
    ImageRequests(state.platform())
        .create(caller.tenant(), &id, &record)
        .await?;
    let message = RegistryMessage::Image {
        tenant: caller.tenant().clone(),
        reference: reference.clone(),
        platform: request.platform,
        request: Some(id.clone()),
    };
    messages::send(state.platform(), &[message]).await?;
    let asked = serde_json::json!({"reference": record.reference, "platform": record.platform});
    let act = Act::new("scan_image")
        .on("image_request", &id)
        .after(&asked)?;
    state.audit(&caller, act).await?;
    tracing::info!(image = %reference, request = %id, by = caller.name(), tenant = %caller.tenant(), "image to be read");
    Ok((
        StatusCode::ACCEPTED,
        Json(QueuedImageScan { reference, id }),
    ))
}
