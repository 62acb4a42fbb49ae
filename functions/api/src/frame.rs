//! What surrounds every request: an id, limits of its head, a time-out, a last resort for panics, the log line, and the
//! server's time in the answer.

use std::{panic::AssertUnwindSafe, time::Duration};

use axum::{
    body::Body,
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use platform::trace::{self, TraceContext};
use schemas::{TenantId, api::audit::AuditOrigin};
use tokio::task::AbortHandle;
use tracing::{
    Instrument, Span,
    field::{Empty, display},
};

use crate::{
    allowance, body,
    changes::Seat,
    declared::{Declared, Operation},
    people::sign_in,
    problem::{ApiError, Kind},
    request_id::{self, Current, Peer},
    state::ApiState,
};

/// Name of the header with the request's id.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Name of the header with the server's time, RFC 3339, by which agents correct their clocks.
pub(crate) const SERVER_TIME: HeaderName = HeaderName::from_static("bulkhead-time");
/// Longest path and query, in bytes.
pub const MAX_TARGET_BYTES: usize = 8 * 1024;
/// Most bytes of headers, names and values; a gateway in the cloud takes no more.
pub const MAX_HEADER_BYTES: usize = 10 * 1024;
/// Most header fields.
pub const MAX_HEADERS: usize = 100;
/// How long an answer may take.
const TIME_OUT: Duration = Duration::from_secs(30);
/// How long an upload by ticket may take.
const UPLOAD_TIME_OUT: Duration = Duration::from_secs(15 * 60);

/// What changes nothing, and takes as long as somebody outside does who is asked: it ends with its caller.
const ASKING: [&str; 3] = ["preview_collection", "test_channel", "test_registry"];

/// Answers a request within its frame.
pub(crate) async fn frame(
    State((state, declared)): State<(ApiState, Declared)>,
    request: Request,
    next: Next,
) -> Response {
    let id = match state.random_hex::<8>() {
        Ok(id) => id,
        Err(error) => return error.into_response(),
    };
    let method = request.method().clone();
    // The path as declared, so that no id, upload ticket or query ends up in the log.
    let path = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("(none)", MatchedPath::as_str)
        .to_owned();
    let trace = trace_of(request.headers());
    let trace_id = trace.map(|trace| trace.trace_id());
    let span = tracing::info_span!("request", %id, %method, %path, trace_id, tenant = Empty);
    let begun = std::time::Instant::now();
    let user_agent = request.headers().get(header::USER_AGENT);
    let origin = AuditOrigin {
        address: request
            .extensions()
            .get::<Peer>()
            .map(|Peer(address)| address.to_string()),
        user_agent: user_agent.map(|agent| String::from_utf8_lossy(agent.as_bytes()).into_owned()),
        request_id: Some(id.clone()),
    };
    let current = Current::of(origin);
    let answer = request_id::scope(current.clone(), async {
        let response = answer(&state, &declared, request, next, &path).await;
        // Nothing is under way any more, and no turn is held.
        if let Some(moment) = Current::here().not_before() {
            tokio::time::sleep_until(moment).await;
        }
        response
    });
    let answer = async {
        match trace {
            Some(trace) => trace::within(trace, answer).await,
            None => answer.await,
        }
    };
    let mut response = answer.instrument(span.clone()).await;
    let took = begun.elapsed();
    let status = response.status().as_u16();
    state.requests().count(&method, &path, status, took);
    span.in_scope(|| {
        tracing::info!(
            status,
            took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            "answered"
        );
    });
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::try_from(id) {
        headers.insert(REQUEST_ID, id);
    }
    allowance::tell(headers, &current.quotas());
    if let Ok(now) = HeaderValue::try_from(state.now().to_string()) {
        headers.insert(SERVER_TIME, now);
    }
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
    ] {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Says whose a request is, for its log lines from here on. Whoever finds out who calls says it, before anything is refused
/// for what is the caller's.
pub(crate) fn is_of(tenant: &TenantId) {
    Span::current().record("tenant", display(tenant));
}

/// The trace that a request belongs to: its sender's, else the gateway's, else a fresh one.
fn trace_of(headers: &HeaderMap) -> Option<TraceContext> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let given = text("traceparent").and_then(|text| text.parse().ok());
    let of_gateway = || text("x-amzn-trace-id").and_then(|text| TraceContext::from_xray(text).ok());
    given.or_else(of_gateway).or_else(TraceContext::fresh)
}

async fn answer(
    state: &ApiState,
    declared: &Declared,
    mut request: Request,
    next: Next,
    path: &str,
) -> Response {
    if let Err(error) = check_head(&request) {
        return error.into_response();
    }
    let time_out = if path.starts_with("/uploads/") {
        UPLOAD_TIME_OUT
    } else {
        TIME_OUT
    };
    let panicked = || ApiError::internal("the handler panicked").into_response();
    // Of what only asks: it is given back with the request, however that ends.
    let mut asking = None;
    // What is no operation changes nothing.
    if let Some(operation) = declared.operation(&request).filter(|_| changes(&request)) {
        let peer = request.extensions().get::<Peer>();
        let seat = Seat::of(state.changes(), peer.map(|Peer(address)| *address));
        request.extensions_mut().insert(seat.clone());
        if !is_asking(operation) {
            // Nobody reads a body where none is asked for, so none keeps its sender from being left.
            let has_body = operation.has_body;
            let (parts, body) = request.into_parts();
            let body = if has_body { body } else { Body::empty() };
            let request = Request::from_parts(parts, body::watched(body, seat.clone()));
            let trace = trace::current();
            let work = request_id::scope(Current::here(), next.run(request));
            // Its turn is held as long as it goes on.
            let held = seat.clone();
            let work = async move {
                let response = match trace {
                    Some(trace) => trace::within(trace, work).await,
                    None => work.await,
                };
                debug_assert!(
                    held.is_taken() || !response.status().is_success(),
                    "an operation changed something without its turn"
                );
                response
            };
            let work = tokio::spawn(work.in_current_span());
            let _left = Left {
                work: work.abort_handle(),
                seat,
            };
            return match tokio::time::timeout(time_out, work).await {
                Ok(Ok(response)) => response,
                Ok(Err(_)) => panicked(),
                Err(_) => timed_out(),
            };
        }
        asking = Some(seat);
    }
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind();
    let response = match tokio::time::timeout(time_out, answered).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => panicked(),
        Err(_) => timed_out(),
    };
    drop(asking);
    response
}

/// Whether a request changes something. Such a one goes on when its caller leaves or has waited too long: between a change and
/// its entry in the audit log nobody outside ends it. Uploads change nothing before they are whole; who comes back from an
/// identity provider may become somebody.
fn changes(request: &Request) -> bool {
    let path = request.extensions().get::<MatchedPath>();
    !request.method().is_safe() || path.is_some_and(|path| path.as_str() == sign_in::CALLBACK)
}

/// Whether an operation only asks.
fn is_asking(operation: &Operation) -> bool {
    ASKING.contains(&operation.id.as_str())
}

/// A change whose caller left or was not waited for any more. It ends with them while it has no turn or its body is not whole:
/// nothing was changed yet, and what is sent by drops, or not at all, is nobody's work.
struct Left {
    work: AbortHandle,
    seat: Seat,
}

impl Drop for Left {
    fn drop(&mut self) {
        if self.seat.leave() {
            self.work.abort();
        }
    }
}

/// The answer to a request that took too long, for hosts that have less time than the API takes itself.
pub fn timed_out() -> Response {
    let what = "What was done may have been done or not; send it again.";
    ApiError::new(Kind::TimedOut, what).into_response()
}

fn check_head(request: &Request) -> Result<(), ApiError> {
    let target = request
        .uri()
        .path_and_query()
        .map_or(0, |target| target.as_str().len());
    let headers: usize = request
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    let fields = request.headers().len();
    if target > MAX_TARGET_BYTES || headers > MAX_HEADER_BYTES || fields > MAX_HEADERS {
        return Err(ApiError::new(
            Kind::HeadersTooLarge,
            format!(
                "At most {MAX_TARGET_BYTES} bytes of path and query, and {MAX_HEADERS} headers of {MAX_HEADER_BYTES} bytes."
            ),
        ));
    }
    Ok(())
}
