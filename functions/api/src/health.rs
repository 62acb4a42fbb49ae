//! Whether the service lives, whether it can work, which version it is, and what it offers.

use std::sync::{LazyLock, Mutex, PoisonError};

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use schemas::{
    agent::ENVELOPE_VERSION,
    api::health::{Health, Part, Readiness, SchemaVersions, Version},
    inventory::INVENTORY_VERSION,
    report::REPORT_VERSION,
};

use crate::{people::feeds, problem::ApiError, state::ApiState};

/// How long a look at the platform that found everything well holds, in ms. Anybody may ask, and each look is three
/// requests that a cloud bills; trouble is never remembered.
const LOOK_HOLDS_MS: u64 = 5_000;
/// What is listed to learn whether the blobs answer.
const GLOBAL: &str = "global/";

/// The commit that this was built from: `BULKHEAD_COMMIT` of the build's environment.
pub const COMMIT: Option<&str> = option_env!("BULKHEAD_COMMIT");

/// The last look that found everything well.
#[derive(Debug, Default)]
pub(crate) struct LastLook(Mutex<Option<(u64, Readiness)>>);

impl LastLook {
    fn at(&self, now_ms: u64) -> Option<Readiness> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref()
            .filter(|(at, _)| now_ms.abs_diff(*at) < LOOK_HOLDS_MS)
            .map(|(_, readiness)| readiness.clone())
    }

    fn keep(&self, now_ms: u64, readiness: &Readiness) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *last = (readiness.ready && readiness.feeds_loaded).then(|| (now_ms, readiness.clone()));
    }
}

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

/// Which version of the service answers, and what it speaks.
#[utoipa::path(
    get,
    path = "/version",
    tag = "health",
    operation_id = "version",
    responses((status = 200, description = "The version", body = Version)),
    security(())
)]
pub(crate) async fn version(State(state): State<ApiState>) -> Json<Version> {
    Json(Version {
        software: env!("CARGO_PKG_VERSION").to_owned(),
        commit: COMMIT.map(str::to_owned),
        api: "v1".to_owned(),
        agent_api: "v1".to_owned(),
        schemas: SchemaVersions {
            envelope: ENVELOPE_VERSION,
            inventory: INVENTORY_VERSION,
            report: REPORT_VERSION,
        },
        platform: state.standing_on().as_str().to_owned(),
    })
}

/// Whether the service can work: whether its table, its blobs and its queues answer. Without advisories it can, and says
/// so. An answer that all is well may be five seconds old.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "health",
    operation_id = "ready",
    responses(
        (status = 200, description = "It can", body = Readiness),
        (status = 503, description = "A part of its platform does not answer", body = Readiness),
    ),
    security(())
)]
pub(crate) async fn ready(State(state): State<ApiState>) -> (StatusCode, Json<Readiness>) {
    let now_ms = state.platform().clock.now_ms();
    if let Some(readiness) = state.last_look().at(now_ms) {
        return (StatusCode::OK, Json(readiness));
    }
    let readiness = look(&state).await;
    state.last_look().keep(now_ms, &readiness);
    let status = if readiness.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(readiness))
}

async fn look(state: &ApiState) -> Readiness {
    let platform = state.platform();
    let blobs = async {
        // A list, since a store without its bucket answers that a single blob is not there.
        let found = platform.blobs.list(GLOBAL, 1, None).await;
        found.map(drop).map_err(|error| error.to_string())
    };
    let queue = platform.queue.depth(records::messages::QUEUES[0]);
    let (feeds, blobs, queue) = tokio::join!(feeds::loaded(state), blobs, queue);
    let feeds_loaded = *feeds.as_ref().unwrap_or(&false);
    let mut notes = Vec::new();
    let mut parts = Vec::new();
    for (name, trouble) in [
        ("table", feeds.is_err().then(String::new)),
        ("blobs", blobs.err()),
        ("queue", queue.err().map(|error| error.to_string())),
    ] {
        if let Some(why) = &trouble {
            // Of the table it is in the log already.
            if !why.is_empty() {
                tracing::error!(part = name, why, "a part of the platform does not answer");
            }
            notes.push(format!(
                "The {name} of the platform does not answer; the cause is in the server's log."
            ));
        }
        parts.push(Part {
            name: name.to_owned(),
            answers: trouble.is_none(),
        });
    }
    let ready = notes.is_empty();
    if ready && !feeds_loaded {
        notes.push(
            "No advisories are loaded, so nothing is judged: see `GET /api/v1/feeds`.".to_owned(),
        );
    }
    Readiness {
        ready,
        feeds_loaded,
        notes,
        parts,
    }
}

/// This API's description, OpenAPI 3.1.
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    tag = "health",
    operation_id = "openapi",
    responses((status = 200, description = "The description", body = Object, content_type = "application/json", example = json!({"openapi": "3.1.0", "info": {"title": "Bulkhead", "version": "0.1.0"}, "paths": {}}))),
    security(())
)]
pub(crate) async fn openapi_document() -> Result<Response, ApiError> {
    // Anybody may ask, so it is written once.
    static WRITTEN: LazyLock<Result<Bytes, String>> = LazyLock::new(|| {
        let written = serde_json::to_vec(&crate::openapi());
        written.map(Bytes::from).map_err(|error| error.to_string())
    });
    let document = WRITTEN.clone().map_err(ApiError::internal)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], document).into_response())
}
