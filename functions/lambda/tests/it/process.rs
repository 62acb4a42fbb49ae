//! The binary against Lambda's runtime interface, as far as a process can be told by it.
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::{
    process::{Output, Stdio},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    process::Command,
    sync::mpsc::{self, Receiver, Sender},
};

/// Hands out one event, and takes what becomes of it.
#[derive(Clone)]
struct Runtime {
    event: Value,
    told: Sender<(String, Value)>,
    next: std::sync::Arc<std::sync::atomic::AtomicBool>,
}

async fn next(State(runtime): State<Runtime>) -> Response {
    if runtime.next.swap(true, std::sync::atomic::Ordering::SeqCst) {
        // Nothing more: an instance would be frozen here.
        std::future::pending::<()>().await;
    }
    let deadline = std::time::SystemTime::now() + Duration::from_secs(30);
    let since = deadline.duration_since(std::time::UNIX_EPOCH).unwrap();
    (
        [
            ("lambda-runtime-aws-request-id", "r-1".to_owned()),
            ("lambda-runtime-deadline-ms", since.as_millis().to_string()),
            (
                "lambda-runtime-invoked-function-arn",
                "arn:aws:lambda:us-east-1:1:function:f".to_owned(),
            ),
        ],
        runtime.event.to_string(),
    )
        .into_response()
}

async fn told(State(runtime): State<Runtime>, Path(what): Path<String>, body: Bytes) -> StatusCode {
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    runtime.told.send((what, body)).await.unwrap();
    StatusCode::ACCEPTED
}

/// Lambda's side for one event, and its address.
async fn runtime(event: Value) -> (String, Receiver<(String, Value)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (told_to, heard) = mpsc::channel(4);
    let state = Runtime {
        event,
        told: told_to,
        next: std::sync::Arc::default(),
    };
    let router = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/r-1/{what}", post(told))
        .with_state(state);
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, heard)
}

fn command(address: &str, set: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bulkhead-lambda"));
    command
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", address)
        .env("AWS_LAMBDA_FUNCTION_NAME", "f")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .envs(set.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// What an instance answers; fails when it ends instead.
async fn answered(mut command: Command, heard: &mut Receiver<(String, Value)>) -> (String, Value) {
    let instance = command.spawn().unwrap();
    tokio::select! {
        answer = heard.recv() => answer.unwrap(),
        ended = instance.wait_with_output() => panic!("{ended:?}"),
    }
}

/// A stack that is not there: nothing listens on this port.
const STACK: [(&str, &str); 5] = [
    ("BULKHEAD_TABLE", "t"),
    ("BULKHEAD_BUCKET", "b"),
    ("BULKHEAD_QUEUES", "http://127.0.0.1:9/1/q-"),
    ("BULKHEAD_KEY", "alias/k"),
    ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
];

async fn ended(set: &[(&str, &str)]) -> Output {
    command("127.0.0.1:9", set).output().await.unwrap()
}

#[tokio::test]
async fn what_the_template_should_have_set_is_named() {
    let unnamed = ended(&[]).await;
    let said = String::from_utf8_lossy(&unnamed.stdout).into_owned();
    assert!(!unnamed.status.success());
    assert!(said.contains("BULKHEAD_FUNCTION is not set"), "{said}");
    let unknown = ended(&[("BULKHEAD_FUNCTION", "scam")]).await;
    let said = String::from_utf8_lossy(&unknown.stdout).into_owned();
    let line: Value = serde_json::from_str(said.lines().next().unwrap()).unwrap();
    let error = line["error"].as_str().unwrap();
    assert!(
        error.contains("\"scam\"") && error.contains("ingest, registry, scan"),
        "{error}"
    );
    assert!(error.contains("api, setup"), "{error}");
    let bare = ended(&[("BULKHEAD_FUNCTION", "scan")]).await;
    let said = String::from_utf8_lossy(&bare.stdout).into_owned();
    assert!(said.contains("BULKHEAD_TABLE is not set"), "{said}");
    let odd = ended(&[("BULKHEAD_FUNCTION", "feed"), ("BULKHEAD_FEEDS", "dowload")]).await;
    let said = String::from_utf8_lossy(&odd.stdout).into_owned();
    assert!(said.contains("download, bucket, none"), "{said}");
    for (variable, value) in [
        ("BULKHEAD_TENANT_REQUESTS_PER_S", "none"),
        ("BULKHEAD_CALLER_REQUESTS_PER_S", "0"),
        ("BULKHEAD_ADDRESS_REQUESTS_PER_S", "-1"),
    ] {
        let odd = ended(&[("BULKHEAD_FUNCTION", "api"), (variable, value)]).await;
        let said = String::from_utf8_lossy(&odd.stdout).into_owned();
        assert!(said.contains("the numbers from 1"), "{said}");
        assert!(said.contains(variable), "{said}");
    }
}

#[tokio::test]
async fn it_lives_without_its_stack() {
    let event = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": "/healthz", "rawQueryString": "",
        "headers": {}, "isBase64Encoded": false,
        "requestContext": {"stage": "$default", "http": {"method": "GET", "path": "/healthz"}},
    });
    let (address, mut heard) = runtime(event).await;
    let set = [STACK.as_slice(), &[("BULKHEAD_FUNCTION", "api")]].concat();
    let (what, answer) = answered(command(&address, &set), &mut heard).await;
    assert_eq!(
        (what.as_str(), &answer["statusCode"]),
        ("response", &json!(200)),
        "{answer}"
    );
}

#[tokio::test]
async fn a_batch_whose_stack_does_not_answer_comes_again() {
    let event = json!({"Records": [{
        "messageId": "m-1", "receiptHandle": "r", "body": "{\"type\":\"transmute\"}",
        "attributes": {"ApproximateReceiveCount": "1"}, "messageAttributes": {},
    }]});
    let (address, mut heard) = runtime(event).await;
    let set = [STACK.as_slice(), &[("BULKHEAD_FUNCTION", "scan")]].concat();
    let (what, answer) = answered(command(&address, &set), &mut heard).await;
    assert_eq!(what, "response");
    assert_eq!(
        answer,
        json!({"batchItemFailures": [{"itemIdentifier": "m-1"}]})
    );
}
