//! What makes something is done once under an `Idempotency-Key`, however often it is sent.
//!
//! By draft-ietf-httpapi-idempotency-key-header: the first request with a key is done; the same again is answered as the first
//! was, another with the same key is refused with 422, and one that comes while the first is under way with 409. A key belongs
//! to a caller and an operation, and is kept for a day, with the answer sealed. Without the header nothing is kept.
//!
//! What was refused or failed before anything was done takes no key. Where it is not known what was done (the process ended
//! in between), nothing is done again under the key: that is what it is for.

use access::{Grants, Reach, keys::sha256};
use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use records::{
    Idempotency,
    idempotency::{Asked, Begun, Turn},
};
use schemas::{
    Digest,
    api::{Problem, role::RoleName},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::{
    ToSchema,
    openapi::{
        OpenApi, RefOr, Required,
        content::ContentBuilder,
        path::{self, ParameterBuilder, ParameterIn},
        response::ResponseBuilder,
        schema::{ObjectBuilder, Ref, Type},
    },
};

use crate::{
    auth::{self, Came, Known, Principal},
    body::{self, MAX_BODY_BYTES, MAX_PEOPLE_BODY_BYTES},
    declared::Declared,
    problem::{ApiError, Kind},
    request_id,
    state::ApiState,
};

/// The header.
const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Longest key, in characters.
const MAX_KEY_CHARS: usize = 255;
/// Most bytes of an answer that is looked at. None of these operations answers more.
const MAX_ANSWER_BYTES: usize = 1 << 20;
/// After so long nobody answers any more who began, in ms.
const BROKE_OFF_MS: i64 = 15 * 60_000;

/// Operations of people by POST that make nothing, or where making it twice does no harm, or whose answer must not be kept. A
/// test lists them with their reasons.
const APART: [&str; 9] = [
    "begin_second_factor",
    "change_password",
    "confirm_second_factor",
    "preview_collection",
    "refresh_feeds",
    "remove_second_factor",
    "replay_dead_letters",
    "test_channel",
    "test_registry",
];

/// Those whose bodies are larger than others'.
const LARGE: [&str; 1] = ["upload_scan"];

/// Whether an operation is done once under a key.
pub(crate) fn is_offered(method: &Method, operation: &path::Operation) -> bool {
    let id = operation.operation_id.as_deref().unwrap_or_default();
    let ways = operation.security.iter().flatten();
    // Of the three ways to show who one is, only that of people begins so.
    let mut ways = ways.filter_map(|way| serde_json::to_value(way).ok());
    let is_of_people = ways.any(|way| way.get("session").is_some());
    method == Method::POST && is_of_people && !APART.contains(&id)
}

/// Says of each such operation that it is.
pub(crate) fn describe(openapi: &mut OpenApi) {
    for item in openapi.paths.paths.values_mut() {
        let Some(post) = &mut item.post else {
            continue;
        };
        if !is_offered(&Method::POST, post) {
            continue;
        }
        let key = ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(MAX_KEY_CHARS));
        let key = ParameterBuilder::new()
            .name("Idempotency-Key")
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(
                "A text of the caller's choice, 1 to 255 characters, such as a UUID: for a day the same request under the same \
                 key is done once, and answered as the first time.",
            ))
            .schema(Some(key))
            .build();
        let parameters = post.parameters.get_or_insert_default();
        parameters.push(RefOr::T(key));
        for (status, description) in [
            (
                "409",
                "The first request with this `Idempotency-Key` is not done",
            ),
            ("422", "This `Idempotency-Key` came with another request"),
        ] {
            let responses = &mut post.responses.responses;
            responses.entry(status.to_owned()).or_insert_with(|| {
                let problem = Ref::from_schema_name(Problem::name());
                let content = ContentBuilder::new().schema(Some(problem)).build();
                let response = ResponseBuilder::new()
                    .description(description)
                    .content("application/json", content);
                RefOr::T(response.build())
            });
        }
    }
}

/// Does a request once, where that is asked for.
pub(crate) async fn once(
    State((state, declared)): State<(ApiState, Declared)>,
    request: Request,
    next: Next,
) -> Response {
    let operation = declared
        .operation(&request)
        .filter(|operation| operation.is_once)
        .map(|operation| operation.id.clone());
    match operation {
        Some(operation) if request.headers().contains_key(KEY) => {
            done_once(&state, &operation, request, next)
                .await
                .unwrap_or_else(IntoResponse::into_response)
        }
        _ => next.run(request).await,
    }
}

async fn done_once(
    state: &ApiState,
    operation: &str,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let (mut parts, content) = request.into_parts();
    let key = key(&parts.headers)?;
    let caller = auth::principal(&parts, state).await?;
    caller.settled()?;
    // All that is asked for under a key at once is kept as long as it takes.
    let limit = if LARGE.contains(&operation) {
        MAX_BODY_BYTES
    } else {
        MAX_PEOPLE_BODY_BYTES
    };
    let content = body::read(&parts.headers, content, limit).await?;
    let coding = parts.headers.get(header::CONTENT_ENCODING);
    let coding = coding.map_or(&b""[..], HeaderValue::as_bytes);
    let asked = Asked {
        name: digest(&[
            who(&caller).as_bytes(),
            operation.as_bytes(),
            key.as_bytes(),
        ]),
        // As it was sent: nothing is unfolded before it is known that the caller may do this. What is not packed has the digest
        // that versions before gave it.
        request: match coding {
            b"" => digest(&[target(&parts).as_bytes(), &content]),
            coding => digest(&[target(&parts).as_bytes(), coding, &content]),
        },
    };
    let once = Idempotency(state.platform());
    let turn = match once.begin(&caller.tenant, &asked).await? {
        Begun::First(turn) => turn,
        Begun::Other => {
            return Err(ApiError::new(
                Kind::IdempotencyKeyReused,
                "Nothing was done. Send another request with another key.",
            ));
        }
        Begun::Failed { since } => {
            return Err(ApiError::new(
                Kind::IdempotencyKeyBusy,
                format!(
                    "It began at {since} and failed, so that it may be done or not: look, and send it with another key if not."
                ),
            ));
        }
        Begun::Running { since } => {
            let is_broken = since.plus_ms(BROKE_OFF_MS) < state.now();
            let detail = if is_broken {
                format!(
                    "It began at {since} and broke off, so that it may be done or not: look, and send it with another key if not."
                )
            } else {
                "It is being done: send this again in some seconds for its answer.".to_owned()
            };
            return Err(ApiError {
                retry_after_s: (!is_broken).then_some(5),
                ..ApiError::new(Kind::IdempotencyKeyBusy, detail)
            });
        }
        Begun::Done { answer } => return again(answer, &caller),
    };
    parts.extensions.insert(Known(caller.clone()));
    let request = Request::from_parts(parts, Body::from(content));
    let response = next.run(request).await;
    Ok(kept(state, &caller, &turn, response).await)
}

/// Keeps an answer, or forgets the key where nothing was done.
async fn kept(state: &ApiState, caller: &Principal, turn: &Turn, response: Response) -> Response {
    let once = Idempotency(state.platform());
    let tenant = &caller.tenant;
    let failed = |error: &records::RecordError| {
        let error = error as &dyn std::error::Error;
        tracing::error!(%tenant, error, "what became of a request that is done once is not kept");
    };
    let status = response.status();
    if status.is_client_error() && !request_id::is_done_untold() {
        if let Err(error) = once.release(tenant, turn).await {
            failed(&error);
        }
        return response;
    }
    // It may have been done: the key stays with it, and says so to whoever sends it again.
    if !status.is_success() && !request_id::is_done_untold() {
        if let Err(error) = once.fail(tenant, turn).await {
            failed(&error);
        }
        return response;
    }
    let (parts, body) = response.into_parts();
    let bytes = match to_bytes(body, MAX_ANSWER_BYTES).await {
        Ok(bytes) => bytes,
        Err(error) => return ApiError::internal(error).into_response(),
    };
    let answer = Answer::of(&parts.headers, parts.status, &bytes, caller);
    let answer = answer.and_then(|answer| serde_json::to_string(&answer).ok());
    // An answer that is no text is not given again; that it is done is kept all the same.
    let answer = SecretString::from(answer.unwrap_or_default());
    if let Err(error) = once.done(tenant, turn, &answer).await {
        failed(&error);
    }
    Response::from_parts(parts, Body::from(bytes))
}

/// An answer as it is kept.
#[derive(Serialize, Deserialize)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
    /// The roles of whoever it was given to.
    roles: Vec<RoleName>,
    /// The digest of what they were allowed to do, and where; of answers of earlier versions none.
    #[serde(default)]
    grants: Option<Digest>,
}

impl Answer {
    fn of(
        headers: &HeaderMap,
        status: StatusCode,
        body: &[u8],
        caller: &Principal,
    ) -> Option<Self> {
        let headers = headers
            .iter()
            .map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
        Some(Self {
            status: status.as_u16(),
            headers: headers.collect::<Option<_>>()?,
            body: String::from_utf8(body.to_vec()).ok()?,
            roles: caller.roles.clone(),
            grants: Some(granted(&caller.grants)),
        })
    }
}

/// The answer that was given before. It may show what the caller is not allowed to see any more.
fn again(answer: Option<SecretString>, caller: &Principal) -> Result<Response, ApiError> {
    let withheld = |why: &str| {
        ApiError::new(
            Kind::IdempotencyAnswerWithheld,
            format!("{why} Look at what is there."),
        )
    };
    let Some(answer) = answer else {
        return Err(withheld("The answer was not of a kind that is kept."));
    };
    let answer: Answer =
        serde_json::from_str(answer.expose_secret()).map_err(ApiError::internal)?;
    // Roles may have kept their names and give something else by now.
    if answer.roles != caller.roles || answer.grants != Some(granted(&caller.grants)) {
        return Err(withheld(
            "Your roles, or what they allow, are others than they were then.",
        ));
    }
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).map_err(ApiError::internal)?;
    for (name, value) in answer.headers {
        let name = HeaderName::try_from(name).map_err(ApiError::internal)?;
        let value = HeaderValue::try_from(value).map_err(ApiError::internal)?;
        response.headers_mut().append(name, value);
    }
    let headers = response.headers_mut();
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

/// The key of a request: a string of structured fields (RFC 9651), or the same without its quotes.
fn key(headers: &HeaderMap) -> Result<String, ApiError> {
    let bad = || {
        ApiError::new(
            Kind::BadRequest,
            "`Idempotency-Key` is sent once, and has 1 to 255 visible characters, with or without quotes around them.",
        )
    };
    let mut all = headers.get_all(KEY).iter();
    let value = all.next().and_then(|value| value.to_str().ok());
    let value = value.ok_or_else(bad)?.trim();
    let key = match value.strip_prefix('"') {
        Some(quoted) => {
            let inner = quoted.strip_suffix('"').ok_or_else(bad)?;
            inner.replace("\\\"", "\"").replace("\\\\", "\\")
        }
        None => value.to_owned(),
    };
    let fits = (1..=MAX_KEY_CHARS).contains(&key.len());
    if all.next().is_some() || !fits || !key.bytes().all(|b| matches!(b, 0x20..=0x7e)) {
        return Err(bad());
    }
    Ok(key)
}

/// Who it is, whichever session they have.
fn who(caller: &Principal) -> String {
    match &caller.came {
        Came::Session { user, .. } => format!("person {user}"),
        Came::ApiKey { id, .. } => format!("key {id}"),
        Came::Build { name } => name.clone(),
    }
}

/// What grants allow, and where.
fn granted(grants: &Grants) -> Digest {
    let mut parts = Vec::new();
    for permission in grants.permissions() {
        parts.push(permission.as_str().to_owned());
        match grants.reach(permission) {
            Reach::Tenant => parts.push("*".to_owned()),
            Reach::Collections(some) => {
                parts.extend(some.iter().map(|id| format!("in {id}")));
            }
        }
    }
    let parts: Vec<_> = parts.iter().map(String::as_bytes).collect();
    digest(&parts)
}

/// What is asked, apart from the body.
fn target(parts: &Parts) -> String {
    let target = parts
        .uri
        .path_and_query()
        .map_or("/", |target| target.as_str());
    format!("{} {target}", parts.method)
}

/// The digest of several parts, which tells them apart.
fn digest(parts: &[&[u8]]) -> Digest {
    let all: Vec<u8> = parts.iter().flat_map(|part| sha256(part)).collect();
    Digest::from_sha256(&sha256(&all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_text_with_or_without_quotes() {
        let key = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(KEY, HeaderValue::try_from(value).unwrap());
            key(&headers).ok()
        };
        for (value, expected) in [
            ("8e03978e-40d5", Some("8e03978e-40d5")),
            ("\"8e03978e-40d5\"", Some("8e03978e-40d5")),
            ("\"a \\\"b\\\"\"", Some("a \"b\"")),
            ("", None),
            ("\"\"", None),
            ("\"open", None),
            ("\"", None),
            ("a\tb", None),
        ] {
            assert_eq!(key(value).as_deref(), expected, "{value}");
        }
        assert!(key(&"x".repeat(255)).is_some());
        assert!(key(&"x".repeat(256)).is_none());
        let mut twice = HeaderMap::new();
        for value in ["a", "b"] {
            twice.append(KEY, HeaderValue::from_static(value));
        }
        assert!(super::key(&twice).is_err());
    }
}
