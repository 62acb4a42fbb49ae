//! One scan.

use axum::{Json, extract::State};
use records::Scans;
use schemas::{api::Problem, report::Report};

use crate::{
    auth::{Scoped, needs},
    extract::FromPath,
    problem::ApiError,
    scoped::resource_of,
    state::ApiState,
};

/// Digits of a scan's id.
const ID_DIGITS: usize = 32;

/// The report of a scan, as the build sent it.
#[utoipa::path(
    get,
    path = "/api/v1/scans/{id}",
    tag = "scans",
    operation_id = "get_scan",
    params(("id" = String, Path, description = "The scan: 32 hexadecimal digits", pattern = "^[0-9a-f]{32}$")),
    responses(
        (status = 200, description = "Its report", body = Report),
        (status = 404, description = "No such scan", body = Problem),
    ),
    security(("session" = ["vulnerabilities.read"]))
)]
pub(crate) async fn get(
    caller: Scoped<needs::ReadVulnerabilities>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<String>,
) -> Result<Json<Report>, ApiError> {
    let unknown = || ApiError::not_found("scan");
    let is_digit = |digit: u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
    if id.len() != ID_DIGITS || !id.bytes().all(is_digit) {
        return Err(unknown());
    }
    let report = Scans(state.platform()).report(caller.tenant(), &id).await?;
    let report = report.ok_or_else(unknown)?;
    let scope = caller.scope();
    if !scope.is_everything() && !scope.includes(&resource_of(&report.target)) {
        return Err(unknown());
    }
    Ok(Json(report))
}
