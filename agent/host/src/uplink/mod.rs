//! The signed way to the gateway: every request carries a token bound to its method, path and exact body.

mod address;
mod error;
mod http;
mod operations;

use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicBool, Ordering},
};

use access::{AgentKey, request_token::RequestSigner};
use reqwest::{Method, Response, StatusCode, Url, header};
use schemas::{Timestamp, api::Problem};

pub use address::{ServerAddress, server_address};
pub use error::UplinkError;
pub use http::{client, client_elsewhere};
pub use operations::{FreshBundle, enrol};

use crate::clock::Clock;

/// Largest request body, as sent; what is larger goes by upload ticket.
pub(crate) const MAX_BODY_BYTES: usize = 4 << 20;
/// Largest answer that is read.
const MAX_ANSWER_BYTES: usize = 16 << 20;
/// Header of every answer with the server's time.
const TIME_HEADER: &str = "bulkhead-time";
/// Header by which the server asks for another key.
const ROTATE_HEADER: &str = "bulkhead-rotate-key";
/// Header that names the upload which is a request's body.
const UPLOAD_HEADER: &str = "bulkhead-upload";
/// Header of the trace that a request begins: with its id, what became of an upload is found in the server's logs and
/// records. Source: W3C Trace Context.
const TRACE_HEADER: &str = "traceparent";
/// Content encoding of bodies.
const ZSTD: &str = "zstd";

/// The way to the gateway for an enrolled agent.
pub struct Uplink {
    http: reqwest::Client,
    /// For uploads to other hosts than the server.
    elsewhere: reqwest::Client,
    server: ServerAddress,
    agent: schemas::AgentId,
    signer: RwLock<Arc<RequestSigner>>,
    /// Whether an answer asked for another key.
    rotation_asked: AtomicBool,
    clock: Arc<Clock>,
}

/// A request's body and what is said of it.
#[derive(Default)]
struct Outgoing {
    body: Vec<u8>,
    zstd: bool,
    upload: Option<String>,
    if_none_match: Option<String>,
}

/// An answer that is not an error.
struct Answer {
    status: StatusCode,
    etag: Option<String>,
    body: Vec<u8>,
}

impl Uplink {
    /// The way to `server`.
    pub fn new(
        http: reqwest::Client,
        server: ServerAddress,
        signer: RequestSigner,
        clock: Arc<Clock>,
    ) -> Self {
        Self {
            elsewhere: http.clone(),
            http,
            server,
            agent: signer.agent().clone(),
            signer: RwLock::new(Arc::new(signer)),
            rotation_asked: AtomicBool::new(false),
            clock,
        }
    }

    /// The same with another client for uploads that the server has go to another host, whose certificate need not be of
    /// the authorities that the server's is of.
    #[must_use]
    pub fn with_elsewhere(mut self, elsewhere: reqwest::Client) -> Self {
        self.elsewhere = elsewhere;
        self
    }

    /// The agent that signs.
    pub fn agent(&self) -> &schemas::AgentId {
        &self.agent
    }

    /// Signs with another key from now on; the server was asked for nothing then.
    pub fn sign_with(&self, key: AgentKey) {
        let signer = RequestSigner::new(self.agent.clone(), key);
        let mut current = self.signer.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(signer);
        self.rotation_asked.store(false, Ordering::Relaxed);
    }

    /// Whether the server asked for another key.
    pub fn is_rotation_asked(&self) -> bool {
        self.rotation_asked.load(Ordering::Relaxed)
    }

    fn signer(&self) -> Arc<RequestSigner> {
        let current = self.signer.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&current)
    }

    /// The clock, corrected by every answer.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Sends a signed request. A clock that is wrong is corrected by the answer, and the request made once more.
    async fn send(
        &self,
        method: Method,
        path: &str,
        outgoing: Outgoing,
    ) -> Result<Answer, UplinkError> {
        self.send_by(&self.signer(), method, path, outgoing).await
    }

    /// The same, signed with this key.
    async fn send_by(
        &self,
        signer: &RequestSigner,
        method: Method,
        path: &str,
        outgoing: Outgoing,
    ) -> Result<Answer, UplinkError> {
        let first = self.attempt(signer, &method, path, &outgoing).await;
        match first {
            Err(UplinkError::Refused { ref kind, .. }) if kind == "/problems/clock-skew" => {
                tracing::warn!(
                    offset_ms = self.clock.offset_ms(),
                    "the clock differs from the server's and was corrected"
                );
                self.attempt(signer, &method, path, &outgoing).await
            }
            other => other,
        }
    }

    async fn attempt(
        &self,
        signer: &RequestSigner,
        method: &Method,
        path: &str,
        outgoing: &Outgoing,
    ) -> Result<Answer, UplinkError> {
        let url = self.server.join(path)?;
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce).map_err(|error| UplinkError::Randomness(error.to_string()))?;
        let authorization = signer
            .sign(
                method.as_str(),
                &path_and_query(&url),
                &outgoing.body,
                self.clock.now(),
                nonce,
            )
            .map_err(|error| UplinkError::Sign(error.into()))?;
        let mut request = self
            .http
            .request(method.clone(), url)
            .header(header::AUTHORIZATION, authorization)
            .header(TRACE_HEADER, fresh_trace()?);
        if !outgoing.body.is_empty() || outgoing.upload.is_some() {
            // As JSON a gateway in the cloud would hand it on as text, which compressed bytes do not survive.
            let kind = if outgoing.zstd {
                "application/octet-stream"
            } else {
                "application/json"
            };
            request = request.header(header::CONTENT_TYPE, kind);
        }
        if outgoing.zstd {
            request = request.header(header::CONTENT_ENCODING, ZSTD);
        }
        if let Some(upload) = &outgoing.upload {
            request = request.header(UPLOAD_HEADER, upload);
        }
        if let Some(etag) = &outgoing.if_none_match {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        let sent = Clock::local();
        let response = request
            .body(outgoing.body.clone())
            .send()
            .await
            .map_err(UplinkError::Unreachable)?;
        follow_time(&self.clock, &response, sent);
        if response.headers().contains_key(ROTATE_HEADER) {
            self.rotation_asked.store(true, Ordering::Relaxed);
        }
        answer(response).await
    }

    /// The body compressed, and by way of an upload where it is too large to be sent along.
    async fn pack(&self, content: &[u8]) -> Result<Outgoing, UplinkError> {
        let body = zstd::bulk::compress(content, 3).map_err(UplinkError::Compress)?;
        if body.len() <= MAX_BODY_BYTES {
            return Ok(Outgoing {
                body,
                zstd: true,
                ..Outgoing::default()
            });
        }
        let upload = self.upload(body).await?;
        Ok(Outgoing {
            zstd: true,
            upload: Some(upload),
            ..Outgoing::default()
        })
    }
}

/// Path and query as they stand in the request line.
fn path_and_query(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

/// Corrects the clock by the answer's time.
fn follow_time(clock: &Clock, response: &Response, sent: Timestamp) {
    let server = response
        .headers()
        .get(TIME_HEADER)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<Timestamp>().ok());
    if let Some(server) = server {
        clock.follow(server, sent, Clock::local());
    }
}

/// The answer's body, or the error that it is.
async fn answer(response: Response) -> Result<Answer, UplinkError> {
    let status = response.status();
    let text = |name: header::HeaderName| {
        response
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    let etag = text(header::ETAG);
    let retry_after = text(header::RETRY_AFTER)
        .as_deref()
        .and_then(sources::http::retry_after);
    let body = bounded(response).await?;
    if status.is_success() || status == StatusCode::NOT_MODIFIED {
        return Ok(Answer { status, etag, body });
    }
    let problem: Option<Problem> = serde_json::from_slice(&body).ok();
    let kind = problem
        .as_ref()
        .map(|problem| problem.kind.clone())
        .unwrap_or_default();
    if kind == "/problems/agent-revoked" {
        return Err(UplinkError::Revoked);
    }
    if status.is_server_error()
        || status == StatusCode::TOO_MANY_REQUESTS
        || status == StatusCode::REQUEST_TIMEOUT
    {
        return Err(UplinkError::Busy {
            status: status.as_u16(),
            retry_after,
        });
    }
    Err(UplinkError::Refused {
        status: status.as_u16(),
        kind,
        detail: problem
            .and_then(|problem| problem.detail)
            .unwrap_or_default(),
    })
}

/// The body, as long as it stays within bounds.
async fn bounded(mut response: Response) -> Result<Vec<u8>, UplinkError> {
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await.map_err(UplinkError::Unreachable)? {
        if body.len().saturating_add(part.len()) > MAX_ANSWER_BYTES {
            return Err(UplinkError::Answer(format!(
                "the answer has more than {MAX_ANSWER_BYTES} bytes"
            )));
        }
        body.extend_from_slice(&part);
    }
    Ok(body)
}

/// A trace that begins with this request.
fn fresh_trace() -> Result<String, UplinkError> {
    let mut random = [0; 24];
    getrandom::fill(&mut random).map_err(|error| UplinkError::Randomness(error.to_string()))?;
    let (trace, span) = random.split_at(16);
    Ok(format!(
        "00-{}-{}-01",
        hex::encode(trace),
        hex::encode(span)
    ))
}
