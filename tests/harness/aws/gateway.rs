//! What stands between the functions of a stack and the services: one port for each function, so that it is known who
//! asks. It notes every call, and makes those fail that a test wants to fail. One more port is the stack's HTTP API.

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    fs,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::{Context, Result};
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
};
use tokio::{net::TcpListener, runtime::Runtime};

use super::calls::Call;

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The service says that it is asked too often, and does nothing.
    Throttled,
    /// The service is broken, and does nothing.
    Broken,
    /// The service says that what is asked for is not there.
    Missing,
    /// The service does it twice; what is sent arrives the second time after some seconds, and so after what was sent later.
    Twice,
    /// The service does it, and the answer is lost.
    AnswerLost,
    /// The function's processes are killed before the service hears of it.
    KilledBefore,
    /// The service does it, and the function's processes are killed before they hear of it.
    KilledAfter,
}

/// Which calls fail.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The function that asks.
    pub function: &'static str,
    /// What the operation begins with, e.g. `dynamodb:` or `sqs:SendMessage`.
    pub operation: &'static str,
    /// How it fails.
    pub fault: Fault,
    /// How many calls fail.
    pub times: usize,
}

#[derive(Default)]
struct Noted {
    calls: BTreeSet<Call>,
    rules: Vec<(Rule, usize)>,
    /// Address that requests go to, and the host that they are told to be for.
    front: Option<String>,
    away: bool,
}

struct Shared {
    target: String,
    /// What the environment of the stack's processes contains, so that no other stack's process is killed.
    mark: Mutex<String>,
    client: Client<HttpConnector, Full<Bytes>>,
    noted: Mutex<Noted>,
}

/// The ports, and what went through them.
pub struct Gateway {
    shared: Arc<Shared>,
    ports: BTreeMap<String, u16>,
    // Ends the listeners with it.
    _runtime: Runtime,
}

/// The name of the port that is the HTTP API.
const FRONT: &str = "front";
/// The name of the port for the project's own tools.
pub(super) const TOOL: &str = "tool";

/// Most bytes of one request or answer.
const MAX_BODY_BYTES: usize = 512 << 20;

impl Gateway {
    /// Listens on a port for each function and for the HTTP API, before the server at this address.
    ///
    /// # Errors
    /// When no port can be had.
    pub fn open(target: &str, functions: &[String]) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        let shared = Arc::new(Shared {
            target: target.trim_start_matches("http://").to_owned(),
            mark: Mutex::default(),
            client: Client::builder(TokioExecutor::new()).build_http(),
            noted: Mutex::default(),
        });
        let mut ports = BTreeMap::new();
        for name in functions.iter().map(String::as_str).chain([FRONT, TOOL]) {
            let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
            ports.insert(name.to_owned(), listener.local_addr()?.port());
            runtime.spawn(listen(listener, name.to_owned(), shared.clone()));
        }
        Ok(Self {
            shared,
            ports,
            _runtime: runtime,
        })
    }

    /// Where a function finds the services.
    ///
    /// # Errors
    /// When no such function was named.
    pub fn address(&self, function: &str) -> Result<String> {
        let port = self.ports.get(function).context("no such function")?;
        Ok(format!("http://127.0.0.1:{port}"))
    }

    /// Where people and agents find the API.
    ///
    /// # Errors
    /// Never in practice.
    pub fn front(&self) -> Result<String> {
        self.address(FRONT)
    }

    /// Says which HTTP API the front is, by the host that the server knows it by; and which variable's value marks the
    /// processes of the stack.
    pub fn serve(&self, host: &str, mark: &str) {
        self.shared.noted().front = Some(host.to_owned());
        mark.clone_into(
            &mut self
                .shared
                .mark
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
    }

    /// Lets the HTTP API answer nobody, or again.
    pub fn take_away(&self, away: bool) {
        self.shared.noted().away = away;
    }

    /// Makes calls fail from now on.
    pub fn fail(&self, rule: Rule) {
        self.shared.noted().rules.push((rule, 0));
    }

    /// How many calls failed so far, over all rules.
    pub fn failed(&self) -> usize {
        self.shared.noted().rules.iter().map(|(_, hits)| hits).sum()
    }

    /// Lets nothing fail any more.
    pub fn heal(&self) {
        self.shared.noted().rules.clear();
    }

    /// Every distinct call that was made so far.
    pub fn calls(&self) -> BTreeSet<Call> {
        self.shared.noted().calls.clone()
    }

    /// Kills the running processes of a function, as the end of an instance would.
    ///
    /// # Errors
    /// When the machine's processes cannot be listed.
    pub fn kill(&self, function: &str) -> Result<usize> {
        self.shared.kill(function)
    }
}

impl Shared {
    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kill(&self, function: &str) -> Result<usize> {
        let mark = self
            .mark
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let name = format!("BULKHEAD_FUNCTION={function}");
        let mut killed = 0;
        for entry in fs::read_dir("/proc")?.flatten() {
            let Ok(pid) = entry.file_name().to_string_lossy().parse::<i32>() else {
                continue;
            };
            // A process may end, or be another user's, while it is looked at.
            let Ok(environment) = fs::read(entry.path().join("environ")) else {
                continue;
            };
            let mut variables = environment.split(|byte| *byte == 0);
            let ours = !mark.is_empty()
                && variables
                    .clone()
                    .any(|variable| variable == name.as_bytes())
                && variables.any(|variable| variable == mark.as_bytes());
            if ours && let Some(pid) = rustix::process::Pid::from_raw(pid) {
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
                killed += 1;
            }
        }
        Ok(killed)
    }

    /// Which fault a call meets.
    fn meets(&self, call: &Call) -> Option<Fault> {
        let mut noted = self.noted();
        let (rule, hits) = noted.rules.iter_mut().find(|(rule, hits)| {
            *hits < rule.times
                && rule.function == call.function
                && call.operation.starts_with(rule.operation)
        })?;
        *hits += 1;
        Some(rule.fault)
    }
}

async fn listen(listener: TcpListener, name: String, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (name, shared) = (name.clone(), shared.clone());
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let (name, shared) = (name.clone(), shared.clone());
                async move { Ok::<_, Infallible>(answer(&name, &shared, request).await) }
            });
            // Whoever asks may go away at any time.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

type Answer = Response<Full<Bytes>>;

fn plain(status: StatusCode, kind: &'static str, body: String) -> Answer {
    let mut answer = Response::new(Full::from(body));
    *answer.status_mut() = status;
    answer
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}

fn broken(why: &str) -> Answer {
    plain(StatusCode::BAD_GATEWAY, "text/plain", why.to_owned())
}

/// What the service says when it is asked too often, in its own form.
fn throttled(call: &Call) -> Answer {
    if call.operation.starts_with("s3:") {
        let body = "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>";
        return plain(
            StatusCode::SERVICE_UNAVAILABLE,
            "application/xml",
            body.to_owned(),
        );
    }
    let kind = if call.operation.starts_with("dynamodb:") {
        "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"
    } else {
        "com.amazonaws.sqs#RequestThrottled"
    };
    let body = serde_json::json!({"__type": kind, "message": "too many requests"});
    plain(
        StatusCode::BAD_REQUEST,
        "application/x-amz-json-1.0",
        body.to_string(),
    )
}

/// The same messages, to be delivered some seconds later.
fn late(body: &Bytes) -> Bytes {
    const LATE_S: u32 = 4;
    let Ok(mut sent) = serde_json::from_slice::<serde_json::Value>(body) else {
        return body.clone();
    };
    match sent["Entries"].as_array_mut() {
        Some(entries) => {
            for entry in entries {
                entry["DelaySeconds"] = LATE_S.into();
            }
        }
        None => sent["DelaySeconds"] = LATE_S.into(),
    }
    Bytes::from(sent.to_string())
}

async fn answer(name: &str, shared: &Shared, request: Request<Incoming>) -> Answer {
    let (mut head, body) = request.into_parts();
    let limited = http_body_util::Limited::new(body, MAX_BODY_BYTES);
    let Ok(body) = limited
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
    else {
        return broken("the request broke off");
    };
    let mut fault = None;
    let mut call = None;
    if name == FRONT {
        let (front, away) = {
            let noted = shared.noted();
            (noted.front.clone(), noted.away)
        };
        let Some(host) = front.filter(|_| !away) else {
            return plain(
                StatusCode::SERVICE_UNAVAILABLE,
                "text/plain",
                "away".to_owned(),
            );
        };
        let Ok(host) = HeaderValue::from_str(&host) else {
            return broken("no host");
        };
        head.headers.insert(header::HOST, host);
    } else {
        let made = Call::of(name, &head.method, &head.uri, &head.headers, &body);
        fault = shared.meets(&made);
        shared.noted().calls.insert(made.clone());
        call = Some(made);
    }
    match (fault, &call) {
        (Some(Fault::Throttled), Some(call)) => return throttled(call),
        (Some(Fault::Broken), _) => {
            return plain(
                StatusCode::INTERNAL_SERVER_ERROR,
                "text/plain",
                String::new(),
            );
        }
        (Some(Fault::Missing), _) => {
            let body = "<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>";
            return plain(StatusCode::NOT_FOUND, "application/xml", body.to_owned());
        }
        (Some(Fault::KilledBefore), _) => {
            let _ = shared.kill(name);
            return broken("killed");
        }
        _ => {}
    }
    let path = head
        .uri
        .path_and_query()
        .map_or("/", http::uri::PathAndQuery::as_str);
    let Ok(uri) = format!("http://{}{path}", shared.target).parse::<Uri>() else {
        return broken("no address");
    };
    head.uri = uri;
    head.headers.remove(header::EXPECT);
    head.headers.remove(header::CONNECTION);
    if fault == Some(Fault::Twice) {
        let mut again = head.clone();
        let late = late(&body);
        again.headers.remove(header::CONTENT_LENGTH);
        let sent = Request::from_parts(again, Full::from(late));
        if let Err(error) = shared.client.request(sent).await {
            return broken(&error.to_string());
        }
    }
    let answered = shared
        .client
        .request(Request::from_parts(head, Full::from(body)))
        .await;
    let answer = match answered {
        Ok(answer) => answer,
        Err(error) => return broken(&error.to_string()),
    };
    let (mut head, body) = answer.into_parts();
    let Ok(body) = body
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
    else {
        return broken("the answer broke off");
    };
    match fault {
        Some(Fault::AnswerLost) => return broken("the answer is lost"),
        Some(Fault::KilledAfter) => {
            let _ = shared.kill(name);
            return broken("killed");
        }
        _ => {}
    }
    head.headers.remove(header::TRANSFER_ENCODING);
    head.headers.remove(header::CONNECTION);
    Response::from_parts(head, Full::from(body))
}
