//! Sending the result of a scan.

use axum::{Json, extract::State, http::StatusCode};
use records::Scans;
use schemas::{
    api::{Problem, scan::ScanRow},
    report::{REPORT_VERSION, Report},
};

use super::row;
use crate::{
    audit::Act,
    auth::{Scoped, needs},
    extract::FromLargeJson,
    problem::{ApiError, Kind},
    scoped::{beyond, resource_of},
    state::ApiState,
};

/// Keeps the report of a scan, as `bulkhead scan --format json` writes it (`schemas/json/report.schema.json`). The same
/// report sent again is the same scan. Words of later releases that are not known here, such as a new kind of package, are read as
/// `unknown`: a scanner may be newer than its server.
#[utoipa::path(
    post,
    path = "/api/v1/scans",
    tag = "scans",
    operation_id = "upload_scan",
    request_body(
        content = Report,
        content_type = "application/json",
        description = "The report, at most 4 MiB as sent and 64 MiB unfolded; `content-encoding: zstd` is read"
    ),
    responses(
        (status = 201, description = "It is kept", body = ScanRow),
        (status = 403, description = "What was scanned is not within the collections that the caller is limited to", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 422, description = "Of a later version than is read here", body = Problem),
    ),
    security(("session" = ["scans.upload"]))
)]
pub(crate) async fn upload(
    caller: Scoped<needs::UploadScans>,
    State(state): State<ApiState>,
    FromLargeJson(report, _turn): FromLargeJson<Report>,
) -> Result<(StatusCode, Json<ScanRow>), ApiError> {
    if report.version > REPORT_VERSION {
        return Err(ApiError::new(
            Kind::UnsupportedVersion,
            format!(
                "The report has version {}, and up to {REPORT_VERSION} is read here.",
                report.version
            ),
        ));
    }
    if !caller.scope().includes(&resource_of(&report.target)) {
        return Err(beyond("What was scanned"));
    }
    let kept = Scans(state.platform())
        .put(caller.tenant(), &report, caller.name())
        .await?;
    tracing::info!(scan = kept.id, by = caller.name(), tenant = %caller.tenant(), "scan kept");
    let row = row(kept);
    let act = Act::new("upload_scan").on("scan", &row.id).after(&row)?;
    state.audit(&caller, act).await?;
    Ok((StatusCode::CREATED, Json(row)))
}
