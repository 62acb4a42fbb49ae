//! The HTTP API: for people under `/api/v1`, for agents under `/agent/v1`.
//!
//! [`router`] is the whole of it, to be served by whatever host there is; [`openapi`] describes it. Errors are RFC 9457
//! problems; lists have opaque cursors; another tenant's object is not found.

mod allowance;
mod audit;
mod auth;
mod body;
mod changes;
mod cookie;
mod cursor;
mod declared;
mod described;
mod door;
mod etag;
mod extract;
mod frame;
mod gateway;
mod health;
mod idempotency;
mod large;
mod ndjson;
mod objects;
mod pack;
mod people;
mod problem;
mod request_id;
mod requests;
mod scoped;
mod setup;
mod state;
mod verified;
mod webhooks;

use axum::{
    Router, middleware,
    routing::{get, put},
};
use platform::Platform;
use schemas::{
    PlaceKind,
    api::{agent::AgentState, api_key::ApiKeysOf, export::ExportNoun},
};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        License, OpenApi,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_axum::{router::OpenApiRouter, routes};

pub use body::{MAX_BODY_BYTES, MAX_UNFOLDED_BYTES, MAX_UPLOAD_BYTES, TooSlow};
pub use frame::{MAX_HEADER_BYTES, MAX_HEADERS, MAX_TARGET_BYTES, timed_out};
pub use health::COMMIT;
pub use records::allowances::Rate;
pub use request_id::Peer;
pub use requests::{Answered, Count, Requests};
pub use setup::{Made, SetupError, TokenWish};
pub use state::{ApiOptions, ApiState, Standing, StateError};

use problem::{ApiError, Kind};

/// The router of a state, with its description.
pub fn router(state: ApiState) -> (Router, OpenApi) {
    let (router, openapi) = operations().split_for_parts();
    let openapi = describe(openapi);
    let declared = declared::Declared::of(&openapi);
    let lists = ndjson::Lists::of(&openapi);
    let mut router = router
        .fallback(async || ApiError::not_found("path"))
        .method_not_allowed_fallback(async || {
            ApiError::new(
                Kind::MethodNotAllowed,
                "See `/api/v1/openapi.json` for what there is.",
            )
        });
    let mut whole = Router::new();
    if let Some(uploads) = &state.platform().uploads {
        whole = whole.route(
            uploads.route(),
            put(gateway::uploads::accept).with_state(std::sync::Arc::clone(uploads)),
        );
    }
    router = router.merge(whole);
    let router = router
        .layer(middleware::from_fn_with_state(
            (state.clone(), declared.clone()),
            idempotency::once,
        ))
        .layer(middleware::from_fn_with_state(
            (state.clone(), lists),
            ndjson::whole,
        ))
        .layer(middleware::from_fn_with_state(
            state.clone(),
            large::by_address,
        ))
        .layer(middleware::from_fn_with_state(declared.clone(), pack::pack))
        .layer(middleware::from_fn_with_state(
            (state.clone(), declared.clone()),
            door::door,
        ))
        .layer(middleware::from_fn_with_state(
            (state.clone(), declared),
            frame::frame,
        ))
        .with_state(state);
    (router, openapi)
}

/// What answers that this process lives, before there is any state: a host may serve it while it opens one.
pub fn alive() -> Router {
    Router::new().route("/healthz", get(health::live))
}

/// The description of every operation, OpenAPI 3.1.
pub fn openapi() -> OpenApi {
    describe(operations().into_openapi())
}

/// Every kind of problem that the API answers with, as Markdown.
pub fn problems() -> String {
    described::problems()
}

/// Opens the state of a platform and builds its router.
///
/// # Errors
/// When a key cannot be had.
pub async fn open(platform: Platform) -> Result<(ApiState, Router), StateError> {
    let state = ApiState::open(platform).await?;
    let (router, _) = router(state.clone());
    Ok((state, router))
}

fn operations() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .merge(people::routes())
        .merge(gateway::routes())
        .merge(webhooks::routes())
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(health::version))
        .routes(routes!(health::openapi_document))
}

/// Adds what is not of one operation.
fn describe(mut openapi: OpenApi) -> OpenApi {
    openapi.info.title = "Bulkhead".to_owned();
    openapi.info.version = env!("CARGO_PKG_VERSION").to_owned();
    // Without this they are those of the library that gathers the operations.
    openapi.info.contact = None;
    let mut license = License::new(env!("CARGO_PKG_LICENSE"));
    license.identifier = Some(license.name.clone());
    openapi.info.license = Some(license);
    openapi.info.description = Some(
        "What is vulnerable here, and what first. Errors are RFC 9457 problems with stable types; lists have opaque \
         cursors, and are sent whole, a row a line, to who accepts `application/x-ndjson`: where that breaks off, a last line \
         has `next_cursor` to go on from, and `problem` where one is the reason; who is answered 429 waits as long as `Retry-After` says, and \
         where requests are counted `RateLimit` and `RateLimit-Policy` tell how many are left (draft-ietf-httpapi-ratelimit-headers); \
         bodies may be sent with `content-encoding: gzip` or `zstd` (in the cloud as `content-type: application/octet-stream`, which its \
         gateway leaves as it is), and lists and documents are answered so to who accepts it; \
         what makes something is done once under an `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header); what is not in the caller's tenant is not found. \
         In the cloud an answer to `GET` above 4 MiB is a 303 to an address that has it for a few minutes: follow it \
         without the authorization."
            .to_owned(),
    );
    ndjson::describe(&mut openapi);
    idempotency::describe(&mut openapi);
    let components = openapi.components.get_or_insert_default();
    // Parameters refer to it, and only bodies are collected.
    components
        .schemas
        .insert(PlaceKind::name().into_owned(), PlaceKind::schema());
    components
        .schemas
        .insert(AgentState::name().into_owned(), AgentState::schema());
    components
        .schemas
        .insert(ExportNoun::name().into_owned(), ExportNoun::schema());
    components
        .schemas
        .insert(ApiKeysOf::name().into_owned(), ApiKeysOf::schema());
    components.add_security_scheme(
        "session",
        SecurityScheme::Http(
            HttpBuilder::new()
                .scheme(HttpAuthScheme::Bearer)
                .bearer_format("JWT")
                .description(Some(
                    "The token of `POST /api/v1/session`; or the cookie that it gives browsers, and then with each request that changes \
                     something the header `bulkhead-csrf: 1`. The scopes named by an operation are permissions.",
                ))
                .build(),
        ),
    );
    components.add_security_scheme(
        "webhook",
        SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(
            "authorization",
            "The secret of a registry's webhook, in the way of its format. `acr`, `distribution`, `gitlab` and `harbor`: \
             `Bearer SECRET`, the secret alone, or the password of `Basic`; `gitlab` also as `x-gitlab-token`. `ecr`: the \
             same, or as `x-api-key`. `artifactory`: as `x-jfrog-event-auth`, or the body's HMAC-SHA256 under it. `ghcr`: \
             the body's HMAC-SHA256 as `x-hub-signature-256`. `aliyun`, `docker_hub` and `quay` send no header: as the \
             parameter `token`.",
        ))),
    );
    components.add_security_scheme(
        "agent",
        SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(
            "authorization",
            "`Bulkhead-Agent TOKEN`: a token of 60 seconds for this one request, signed by the agent's key.",
        ))),
    );
    described::complete(&mut openapi);
    openapi
}
