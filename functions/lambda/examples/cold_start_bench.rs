//! How long an instance takes from the start of its process to its first answer, and how large the package is, each beside
//! its limit. The other side is Lambda's runtime interface (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>),
//! played here, so that what is measured is the process and nothing of a rig's.
//!
//! usage: `cold_start_bench BINARY PACKAGE`

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for people who measure"
)]

use std::{
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    process::Command,
    sync::{Mutex, mpsc},
};

const RUNS: usize = 20;
/// The limits: a first answer in milliseconds, 95 of 100 times, and bytes of the package.
const LIMIT_MS: f64 = 60.0;
const LIMIT_BYTES: f64 = 15e6;

struct Runtime {
    answers: mpsc::Sender<(Instant, Bytes)>,
    /// Whether the next process still waits for its event.
    waiting: Mutex<bool>,
}

async fn next(State(runtime): State<Arc<Runtime>>) -> Response {
    if !std::mem::take(&mut *runtime.waiting.lock().await) {
        std::future::pending::<()>().await;
    }
    let deadline = SystemTime::now() + Duration::from_secs(30);
    let deadline_ms = deadline.duration_since(UNIX_EPOCH).unwrap().as_millis();
    let event = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": "/healthz", "rawQueryString": "",
        "headers": {"host": "localhost", "accept": "*/*"}, "isBase64Encoded": false,
        "requestContext": {"stage": "$default", "http": {"method": "GET", "path": "/healthz"}},
    });
    (
        [
            ("lambda-runtime-aws-request-id", "run".to_owned()),
            ("lambda-runtime-deadline-ms", deadline_ms.to_string()),
            ("lambda-runtime-invoked-function-arn", "arn".to_owned()),
        ],
        event.to_string(),
    )
        .into_response()
}

async fn answer(State(runtime): State<Arc<Runtime>>, body: Bytes) -> StatusCode {
    runtime.answers.send((Instant::now(), body)).await.unwrap();
    StatusCode::ACCEPTED
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let binary = arguments.next().unwrap();
    let package = arguments.next().unwrap();
    let (answers, mut heard) = mpsc::channel(1);
    let runtime = Arc::new(Runtime {
        answers,
        waiting: Mutex::new(false),
    });
    let base = "/2018-06-01/runtime/invocation";
    let router = Router::new()
        .route(&format!("{base}/next"), get(next))
        .route(&format!("{base}/run/response"), post(answer))
        .with_state(Arc::clone(&runtime));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, router).await });

    let mut times_ms = Vec::new();
    for _ in 0..RUNS {
        *runtime.waiting.lock().await = true;
        let begun = Instant::now();
        let mut process = Command::new(&binary)
            .env("AWS_LAMBDA_RUNTIME_API", &address)
            .env("AWS_LAMBDA_FUNCTION_NAME", "bulkhead-api")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1024")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("BULKHEAD_FUNCTION", "api")
            .env("BULKHEAD_TABLE", "t")
            .env("BULKHEAD_BUCKET", "b")
            .env("BULKHEAD_QUEUES", "http://127.0.0.1:9/1/q-")
            .env("BULKHEAD_KEY", "alias/k")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let (at, body) = heard.recv().await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["statusCode"], 200, "{body}");
        times_ms.push(at.duration_since(begun).as_secs_f64() * 1e3);
        process.kill().await.unwrap();
    }
    times_ms.sort_by(f64::total_cmp);
    let at = |share: usize| times_ms[(RUNS * share).div_ceil(100).max(1) - 1];
    let bytes = std::fs::metadata(&package).unwrap().len();
    #[expect(clippy::cast_precision_loss, reason = "bytes of a package are few")]
    let bytes = bytes as f64;
    println!(
        "first answer after {:.1} ms (median), {:.1} ms (p95 of {RUNS}): {:.3} of the limit of {LIMIT_MS} ms",
        at(50),
        at(95),
        at(95) / LIMIT_MS,
    );
    println!(
        "package: {:.1} MB, {:.3} of the limit of {:.0} MB",
        bytes / 1e6,
        bytes / LIMIT_BYTES,
        LIMIT_BYTES / 1e6
    );
}
