//! A gateway in this process: it verifies signatures, digests and nonces, and answers as each test tells it to.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    io::Read as _,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use access::{
    AgentKey, PublicKey,
    request_token::{Arrived, RequestSigner, verify_request},
};
use agent_host::{
    clock::Clock,
    state::Enrolled,
    uplink::{self, Uplink},
};
use axum::{
    Router,
    body::Bytes,
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use schemas::{
    Digest, Timestamp,
    agent::{
        EnrolReply, EnrolRequest, EnvelopeBatch, EnvelopeReceipt, EnvelopesReply,
        MissingLayersReply, MissingLayersRequest, ReceiptStatus, UploadHeader, UploadTicketReply,
        UploadTicketRequest,
    },
    inventory::LayerInventory,
};
use secrecy::SecretBox;

/// What the gateway remembers, and what it is told to answer.
#[derive(Default)]
pub(crate) struct Told {
    /// What is answered to the next requests instead of the truth.
    pub(crate) moods: VecDeque<(StatusCode, &'static str)>,
    /// Of which time the gateway is.
    pub(crate) age: Age,
    /// Operations that it does not have, by what their paths begin with.
    pub(crate) lacks: Vec<&'static str>,
    /// How far the gateway's clock is ahead.
    pub(crate) ahead_ms: i64,
    /// Receipts by number of the envelope; accepted otherwise.
    pub(crate) receipts: BTreeMap<u64, ReceiptStatus>,
    /// Numbers of envelopes that spoil a whole batch.
    pub(crate) poison: BTreeSet<u64>,
    /// Envelopes as they came, run and number.
    pub(crate) came: Vec<(String, u64)>,
    /// Bodies of the envelopes.
    pub(crate) bodies: Vec<serde_json::Value>,
    /// Layers that the tenant has.
    pub(crate) layers: BTreeMap<Digest, LayerInventory>,
    /// Uploads by name.
    pub(crate) uploads: BTreeMap<String, Vec<u8>>,
    /// Where uploads go instead of to the gateway, and with which headers.
    pub(crate) uploads_at: Option<(String, Vec<UploadHeader>)>,
    /// The bundle and its ETag.
    pub(crate) bundle: Option<(serde_json::Value, String)>,
    /// ETags that were asked with.
    pub(crate) asked_with: Vec<Option<String>>,
    /// Keys that enrolled.
    pub(crate) enrolled: Vec<EnrolRequest>,
    /// Nonces seen.
    nonces: BTreeSet<String>,
    /// Every request, as it came: method, path, headers, body.
    pub(crate) requests: Vec<(String, String, HeaderMap, Bytes)>,
    /// Requests that were verified.
    pub(crate) verified: usize,
}

/// Of which time a gateway is, as its answers show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Age {
    /// As old as the agent.
    #[default]
    Same,
    /// It says no more than it must.
    Older,
    /// It says more than the agent knows, in words that the agent does not know.
    Later,
}

#[derive(Clone)]
pub(crate) struct Gateway {
    pub(crate) told: Arc<Mutex<Told>>,
    pub(crate) address: String,
    key: Arc<PublicKey>,
}

pub(crate) fn key(seed: u8) -> AgentKey {
    AgentKey::from_seed(SecretBox::new(Box::new([seed; 32])))
}

impl Gateway {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let gateway = Self {
            told: Arc::default(),
            address: format!("http://{}", listener.local_addr().unwrap()),
            key: Arc::new(key(1).public()),
        };
        let router = Router::new().fallback(answer).with_state(gateway.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        gateway
    }

    pub(crate) fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap()
    }

    pub(crate) fn uplink(&self) -> Uplink {
        Uplink::new(
            uplink::client(None).unwrap(),
            uplink::server_address(&self.address, false).unwrap(),
            RequestSigner::new("a-1".parse().unwrap(), key(1)),
            Arc::new(Clock::default()),
        )
    }

    pub(crate) fn enrolled(&self) -> Enrolled {
        Enrolled {
            version: 1,
            server: self.address.clone(),
            ca: None,
            allow_http: false,
            agent: "a-1".parse().unwrap(),
            tenant: "acme".parse().unwrap(),
            host: "h-1".parse().unwrap(),
            bundle_key: key(7).public().to_base64url(),
        }
    }
}

fn problem(status: StatusCode, kind: &str) -> Response {
    let body = serde_json::json!({"type": format!("/problems/{kind}"), "title": kind, "status": status.as_u16()});
    (status, axum::Json(body)).into_response()
}

async fn answer(State(gateway): State<Gateway>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 100 << 20).await.unwrap();
    gateway.told().requests.push((
        parts.method.to_string(),
        parts.uri.to_string(),
        parts.headers.clone(),
        body.clone(),
    ));
    let now = Clock::local().plus_ms(gateway.told().ahead_ms);
    let mood = gateway.told().moods.pop_front();
    let path = parts.uri.path();
    let lacked = gateway
        .told()
        .lacks
        .iter()
        .any(|lacked| path.starts_with(lacked));
    let mut response = match mood {
        Some((status, kind)) => problem(status, kind),
        None if lacked => problem(StatusCode::NOT_FOUND, "not-found"),
        None => truth(
            &gateway,
            parts.method.as_str(),
            parts.uri.path(),
            &parts.headers,
            &body,
            now,
        ),
    };
    let age = gateway.told().age;
    if age != Age::Same {
        response = aged(response, age).await;
    }
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        response
            .headers_mut()
            .insert("retry-after", "7".parse().unwrap());
    }
    response
        .headers_mut()
        .insert("bulkhead-time", now.to_string().parse().unwrap());
    response
}

/// The answer as a gateway of another time would give it.
async fn aged(response: Response, age: Age) -> Response {
    let (mut parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, 100 << 20).await.unwrap();
    let Ok(mut content) = serde_json::from_slice::<serde_json::Value>(&bytes) else {
        return Response::from_parts(parts, bytes.into());
    };
    age_value(&mut content, age);
    if age == Age::Later {
        parts
            .headers
            .insert("x-of-a-later-gateway", "1".parse().unwrap());
    }
    parts.headers.remove("content-length");
    Response::from_parts(parts, content.to_string().into())
}

fn age_value(value: &mut serde_json::Value, age: Age) {
    match value {
        serde_json::Value::Object(fields) => {
            fields.values_mut().for_each(|field| age_value(field, age));
            match age {
                Age::Same => {}
                Age::Older => fields.retain(|name, _| {
                    !["detail", "ignored_fields", "headers", "request_id"].contains(&name.as_str())
                }),
                Age::Later => {
                    fields.insert(
                        "of_a_later_gateway".to_owned(),
                        serde_json::json!([{"x": 1}, null]),
                    );
                    if fields
                        .get("status")
                        .is_some_and(|status| status == "unknown")
                    {
                        fields.insert("status".to_owned(), "pondered".into());
                    }
                }
            }
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| age_value(item, age)),
        _ => {}
    }
}

fn truth(
    gateway: &Gateway,
    method: &str,
    path: &str,
    headers: &HeaderMap,
    body: &Bytes,
    now: Timestamp,
) -> Response {
    let mut told = gateway.told();
    if let Some(name) = path.strip_prefix("/uploads/") {
        told.uploads.insert(name.to_owned(), body.to_vec());
        return StatusCode::NO_CONTENT.into_response();
    }
    if path == "/agent/v1/enrol" {
        let request: EnrolRequest = serde_json::from_slice(body).unwrap();
        let public = PublicKey::from_base64url(&request.public_key).unwrap();
        if !access::enrolment::is_proof(&request.token, &public, &request.proof)
            || request.token != "bhe_good"
        {
            return problem(StatusCode::UNAUTHORIZED, "bad-enrolment-token");
        }
        told.enrolled.push(request);
        let enrolled = gateway.enrolled();
        return axum::Json(EnrolReply {
            agent: enrolled.agent,
            tenant: enrolled.tenant,
            host: enrolled.host,
            bundle_key: enrolled.bundle_key,
            server_time: now,
        })
        .into_response();
    }
    let header = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let arrived = Arrived {
        method,
        path,
        body_sha256: &access::keys::sha256(body),
        now,
    };
    let verified = match verify_request(header, Some(&gateway.key), &arrived) {
        Ok(verified) => verified,
        Err(error) if error.is_clock_skew() => {
            return problem(StatusCode::UNAUTHORIZED, "clock-skew");
        }
        Err(_) => return problem(StatusCode::UNAUTHORIZED, "bad-signature"),
    };
    if !told.nonces.insert(format!("{:?}", verified.nonce)) {
        return problem(StatusCode::UNAUTHORIZED, "replayed-request");
    }
    told.verified += 1;
    let content = content(&told, headers, body);
    match (method, path) {
        ("POST", "/agent/v1/envelopes") => {
            let batch: EnvelopeBatch = serde_json::from_slice(&content).unwrap();
            if batch
                .envelopes
                .iter()
                .any(|envelope| told.poison.contains(&envelope.seq))
            {
                return problem(StatusCode::BAD_REQUEST, "bad-request");
            }
            let mut receipts: Vec<EnvelopeReceipt> = batch
                .envelopes
                .iter()
                .map(|envelope| {
                    // As the real one, which has to keep the order of what is observed.
                    assert!(
                        envelope.observed_at <= now.plus_ms(5 * 60_000),
                        "observed in the future"
                    );
                    told.came.push((envelope.boot_id.clone(), envelope.seq));
                    told.bodies.push(envelope.body.clone());
                    EnvelopeReceipt {
                        boot_id: envelope.boot_id.clone(),
                        seq: envelope.seq,
                        status: told
                            .receipts
                            .get(&envelope.seq)
                            .copied()
                            .unwrap_or(ReceiptStatus::Accepted),
                        detail: Some("because the test says so".to_owned()),
                        ignored_fields: 0,
                    }
                })
                .collect();
            // The order of receipts is not what tells them apart.
            receipts.reverse();
            axum::Json(EnvelopesReply { receipts }).into_response()
        }
        ("POST", "/agent/v1/layers/missing") => {
            let request: MissingLayersRequest = serde_json::from_slice(&content).unwrap();
            let mut missing: Vec<Digest> = request
                .layers
                .into_iter()
                .filter(|layer| {
                    let known = told.layers.get(layer);
                    known.is_none_or(|known| known.generation < request.generation)
                })
                .collect();
            // Nobody asked about this one.
            missing.push(Digest::from_sha256(&[255; 32]));
            axum::Json(MissingLayersReply { missing }).into_response()
        }
        ("POST", "/agent/v1/uploads") => {
            let request: UploadTicketRequest = serde_json::from_slice(&content).unwrap();
            let upload = format!("u{}", request.digest.hex());
            let (base, headers) = told.uploads_at.clone().unwrap_or_default();
            axum::Json(UploadTicketReply {
                url: format!("{base}/uploads/{upload}"),
                upload,
                expires_at: now.plus_ms(60_000),
                headers,
            })
            .into_response()
        }
        ("PUT", path) if path.starts_with("/agent/v1/layers/") => {
            let layer: LayerInventory = serde_json::from_slice(&content).unwrap();
            assert!(path.ends_with(layer.diff_id.as_str()));
            told.layers.insert(layer.diff_id.clone(), layer);
            StatusCode::NO_CONTENT.into_response()
        }
        ("GET", "/agent/v1/bundle") => {
            let asked = headers
                .get("if-none-match")
                .map(|value| value.to_str().unwrap().to_owned());
            told.asked_with.push(asked.clone());
            let Some((bundle, etag)) = told.bundle.clone() else {
                return problem(StatusCode::NOT_FOUND, "not-found");
            };
            if asked.as_deref() == Some(&etag) {
                return StatusCode::NOT_MODIFIED.into_response();
            }
            ([("etag", etag)], axum::Json(bundle)).into_response()
        }
        _ => problem(StatusCode::NOT_FOUND, "not-found"),
    }
}

/// The body, from its upload where there is one, unfolded.
fn content(told: &Told, headers: &HeaderMap, body: &Bytes) -> Vec<u8> {
    let sent = match headers.get("bulkhead-upload") {
        Some(name) => {
            assert!(body.is_empty(), "a body that was uploaded was sent as well");
            told.uploads.get(name.to_str().unwrap()).cloned().unwrap()
        }
        None => body.to_vec(),
    };
    assert!(
        body.len() <= 4 << 20,
        "a body of {} bytes was sent at once",
        body.len()
    );
    if headers.get("content-encoding").is_none() {
        return sent;
    }
    let mut content = Vec::new();
    zstd::Decoder::new(sent.as_slice())
        .unwrap()
        .read_to_end(&mut content)
        .unwrap();
    content
}

/// How long a test waits for what has to come at all.
pub(crate) const SOON: Duration = Duration::from_secs(20);
