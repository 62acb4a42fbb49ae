//! Whether the service lives, whether it can work, and what it offers.

use axum::{Json, extract::State, http::StatusCode};
use schemas::api::health::{Health, Readiness};
use utoipa::openapi::OpenApi;

use crate::{people::feeds, state::ApiState};

/// Whether the process answers.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "health",
    operation_id = "live",
    responses((status = 200, description = "It does", body = Health)),
    security(())
)]
pub(crate) async fn live() -> Json<Health> {
    Json(Health {
        status: "ok".to_owned(),
        software: env!("CARGO_PKG_VERSION").to_owned(),
    })
}

/// Whether the service can work. Without advisories it can, and says so.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "health",
    operation_id = "ready",
    responses(
        (status = 200, description = "It can", body = Readiness),
        (status = 503, description = "Its store does not answer", body = Readiness),
    ),
    security(())
)]
pub(crate) async fn ready(State(state): State<ApiState>) -> (StatusCode, Json<Readiness>) {
    let (status, readiness) = match feeds::loaded(&state).await {
        Ok(feeds_loaded) => {
            let notes = if feeds_loaded {
                Vec::new()
            } else {
                vec![
                    "No advisories are loaded, so nothing is judged: see `GET /api/v1/feeds`."
                        .to_owned(),
                ]
            };
            let readiness = Readiness {
                ready: true,
                feeds_loaded,
                notes,
            };
            (StatusCode::OK, readiness)
        }
        // The cause is in the log already.
        Err(_) => {
            let readiness = Readiness {
                ready: false,
                feeds_loaded: false,
                notes: vec![
                    "The store does not answer; the cause is in the server's log.".to_owned(),
                ],
            };
            (StatusCode::SERVICE_UNAVAILABLE, readiness)
        }
    };
    (status, Json(readiness))
}

/// This API's description, OpenAPI 3.1.
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    tag = "health",
    operation_id = "openapi",
    responses((status = 200, description = "The description", body = Object, content_type = "application/json")),
    security(())
)]
pub(crate) async fn openapi_document() -> Json<OpenApi> {
    Json(crate::openapi())
}
