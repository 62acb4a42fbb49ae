//! Requests of API Gateway's HTTP API (payload format 2.0) to the API's router, and its answers back.

use std::{
    convert::Infallible,
    time::{Duration, SystemTime},
};

use api::{ApiOptions, ApiState, Peer, Standing};
use axum::{Router, body::to_bytes};
use http::{HeaderMap, StatusCode, header, uri::PathAndQuery};
use lambda_http::{
    Adapter, Body, LambdaEvent, Request, Response,
    aws_lambda_events::apigw::ApiGatewayV2httpRequest, request::LambdaRequest, service_fn,
    tower::ServiceExt,
};
use platform::Platform;
use serde_json::{Value, json};
use sources::registry::RegistryOptions;
use tokio::sync::OnceCell;

use crate::{HostError, Settings};

/// Most bytes of an answer's body: with base64 and headers Lambda carries 6 MB, and larger answers go by blob.
const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024 + 64 * 1024;

/// What of an invocation's time is left for the answer that it took too long: what Lambda itself ends, it ends with the
/// instance, and with the other things that this one has at hand.
const ANSWERING: Duration = Duration::from_secs(2);

/// The API of this instance.
#[derive(Debug)]
pub(crate) struct Door {
    platform: Platform,
    options: ApiOptions,
    /// What answers before the state is open: opening it asks the platform for keys.
    alive: Router,
    whole: OnceCell<Router>,
}

impl Door {
    pub(crate) fn new(platform: Platform, settings: &Settings) -> Self {
        let guard = settings.guard.clone();
        Self {
            platform,
            options: ApiOptions {
                tenant_rate: settings.tenant_rate,
                caller_rate: settings.caller_rate,
                address_rate: settings.address_rate,
                standing: Standing::Aws,
                registries: RegistryOptions {
                    guard: Some(guard.clone()),
                    ..RegistryOptions::default()
                },
                guard,
                behind_tls: true,
                ..ApiOptions::default()
            },
            alive: api::alive(),
            whole: OnceCell::new(),
        }
    }

    /// Answers a request.
    pub(crate) async fn answer(
        &self,
        event: &str,
        context: lambda_runtime::Context,
    ) -> Result<Value, HostError> {
        let request = serde_json::from_str(event).map_err(|source| HostError::Event {
            expected: "a request of API Gateway's HTTP API",
            source,
        })?;
        let LambdaRequest::ApiGatewayV2(parts) = &request else {
            return Ok(refused());
        };
        if !is_sound(parts) {
            return Ok(refused());
        }
        let left = context.deadline().duration_since(SystemTime::now());
        let limit = left.unwrap_or_default().saturating_sub(ANSWERING);
        let path = parts.raw_path.clone();
        // Behind the gateway, which says who called it.
        let peer = parts.request_context.http.source_ip.as_deref();
        let peer = peer.and_then(|address| address.parse().ok()).map(Peer);
        let service = service_fn(async |mut request: Request| {
            if let Some(peer) = peer {
                request.extensions_mut().insert(peer);
            }
            let answer = async { answered(self.router(path.as_deref()).await, request).await };
            let timely = tokio::time::timeout(limit, answer).await;
            match timely {
                Ok(answered) => answered,
                Err(_) => {
                    let limit_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
                    tracing::error!(limit_ms, "a request took too long");
                    Ok(whole(api::timed_out()).await)
                }
            }
        });
        let adapter = Adapter::from(service);
        let answered = adapter.oneshot(LambdaEvent::new(request, context)).await;
        let response = answered.unwrap_or_else(|never: Infallible| match never {});
        serde_json::to_value(response).map_err(HostError::Answer)
    }

    async fn router(&self, path: Option<&str>) -> Router {
        if path == Some("/healthz") && !self.whole.initialized() {
            return self.alive.clone();
        }
        let opened = self.whole.get_or_try_init(async || {
            let state = ApiState::open_with(self.platform.clone(), self.options.clone()).await?;
            Ok::<_, api::StateError>(api::router(state).0)
        });
        match opened.await {
            Ok(router) => router.clone(),
            Err(error) => {
                // The next request tries again.
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "the API cannot be opened");
                Router::new().fallback(async || StatusCode::SERVICE_UNAVAILABLE)
            }
        }
    }
}

/// Whether a request can be put together from its parts; the crate that does so takes that for granted.
fn is_sound(request: &ApiGatewayV2httpRequest) -> bool {
    let path = request.raw_path.as_deref().unwrap_or_default();
    let query = request.raw_query_string.as_deref().unwrap_or_default();
    let whole = format!("/?{query}");
    let of = |name: header::HeaderName| request.headers.get(name).map(|value| value.to_str());
    let host = match of(header::HOST) {
        None => request.request_context.domain_name.as_deref(),
        Some(Ok(host)) => Some(host),
        Some(Err(_)) => return false,
    };
    let scheme = match of(header::HeaderName::from_static("x-forwarded-proto")) {
        None => "https",
        Some(Ok(scheme)) => scheme,
        Some(Err(_)) => return false,
    };
    path.starts_with('/')
        && host.is_none_or(is_host)
        && matches!(scheme, "http" | "https")
        && PathAndQuery::try_from(whole).is_ok()
}

/// Whether text is a name or an address of version 4, perhaps with a port.
fn is_host(text: &str) -> bool {
    let (name, port) = text.split_once(':').unwrap_or((text, "443"));
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    name.len() <= 253 && name.split('.').all(is_label) && port.parse::<u16>().is_ok()
}

/// The answer to what is no request that a router could be asked.
fn refused() -> Value {
    json!({
        "statusCode": StatusCode::BAD_REQUEST.as_u16(),
        "headers": {"content-type": "text/plain"},
        "body": "The request cannot be understood.\n",
        "isBase64Encoded": false,
    })
}

/// The router's answer.
async fn answered(router: Router, request: Request) -> Result<Response<Body>, Infallible> {
    let response = router.oneshot(request).await?;
    Ok(whole(response).await)
}

/// An answer with its body in one piece.
async fn whole(response: axum::response::Response) -> Response<Body> {
    let (parts, body) = response.into_parts();
    match to_bytes(body, MAX_ANSWER_BYTES).await {
        Ok(bytes) if bytes.is_empty() => Response::from_parts(parts, Body::Empty),
        Ok(bytes) => {
            let body = match String::from_utf8(bytes.into()) {
                Ok(text) if is_text(&parts.headers) => Body::Text(text),
                Ok(text) => Body::Binary(text.into_bytes()),
                Err(binary) => Body::Binary(binary.into_bytes()),
            };
            Response::from_parts(parts, body)
        }
        Err(error) => {
            tracing::error!(%error, "an answer is larger than Lambda carries, or broke off");
            let mut response = Response::new(Body::Empty);
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
        }
    }
}

/// Whether a body is to travel as text; anything else travels as base64.
fn is_text(headers: &HeaderMap) -> bool {
    !headers.contains_key(header::CONTENT_ENCODING)
        && headers
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .is_some_and(|kind| {
                let kind = kind.split(';').next().unwrap_or_default().trim();
                kind.starts_with("text/") || kind.ends_with("json")
            })
}

#[cfg(test)]
mod tests {
    use super::is_host;

    #[test]
    fn only_names_and_ports_are_hosts() {
        for host in [
            "localhost",
            "a1.execute-api.eu-west-1.amazonaws.com",
            "127.0.0.1:80",
        ] {
            assert!(is_host(host), "{host}");
        }
        for host in [
            "",
            "a b",
            "a/b",
            "a:99999",
            "u@h",
            "[::1]",
            "a..b",
            "ä.example",
            "a:",
        ] {
            assert!(!is_host(host), "{host}");
        }
    }
}
