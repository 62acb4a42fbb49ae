//! Lines of the log.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use lambda::logs;
use serde_json::{Value, json};
use tracing::instrument::WithSubscriber as _;

use crate::{
    http::request,
    support::{World, invoke},
};

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Kept {
    /// What was written, as a whole and line by line.
    fn lines(&self) -> (String, Vec<Value>) {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        let lines = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        (text, lines)
    }
}

#[tokio::test]
async fn a_line_names_invocation_message_and_tenant_and_no_secret() {
    let world = World::new();
    let kept = Kept::default();
    let to = kept.clone();
    let subscriber = logs::subscriber("info", move || to.clone());
    let made = async {
        let poison = platform::Message::new("acme/poison", r#"{"type":"place","tenant":"acme"}"#);
        let failed = world.platform.queue.send("scan", vec![poison]).await;
        assert!(failed.unwrap().is_empty());
        let batch = world.batch("scan").await;
        invoke(&world.host("scan"), batch).await.unwrap();
        invoke(&world.host("setup"), json!({})).await.unwrap()
    }
    .with_subscriber(subscriber)
    .await;
    let (text, lines) = kept.lines();
    let line = lines
        .iter()
        .find(|line| line["message"] == "given up")
        .unwrap();
    assert_eq!(line["level"], "ERROR");
    assert_eq!(line["function"], "scan");
    assert_eq!(line["request_id"], "5f5e7d3c-0000-4000-8000-000000000001");
    assert_eq!(line["id"], "acme/poison");
    assert_eq!(line["tenant"], "acme");
    let time: schemas::Timestamp = line["timestamp"].as_str().unwrap().parse().unwrap();
    assert!(time.as_ms() > 1_700_000_000_000);
    assert!(line["reason"].as_str().unwrap().contains("missing field"));
    for secret in ["one_time_password", "enrolment_token"] {
        assert!(
            !text.contains(made[secret].as_str().unwrap()),
            "{secret} was logged"
        );
    }
}

#[tokio::test]
async fn a_request_s_line_names_the_tenant_once_the_caller_is_known() {
    let world = World::new();
    let kept = Kept::default();
    let to = kept.clone();
    let subscriber = logs::subscriber("info", move || to.clone());
    async {
        let wish = json!({"do": "create_tenant", "tenant": "acme"});
        invoke(&world.host("setup"), wish).await.unwrap();
        let wish = json!({"do": "session", "tenant": "acme"});
        let session = invoke(&world.host("setup"), wish).await.unwrap();
        let bearer = format!("Bearer {}", session["token"].as_str().unwrap());
        let api = world.host("api");
        for headers in [json!({}), json!({"authorization": bearer})] {
            let asked = request("GET", "/api/v1/hosts", headers, None);
            invoke(&api, asked).await.unwrap();
        }
    }
    .with_subscriber(subscriber)
    .await;
    let answered: Vec<_> = kept
        .lines()
        .1
        .into_iter()
        .filter(|line| line["message"] == "answered")
        .collect();
    let [stranger, known] = &answered[..] else {
        panic!("{answered:?}");
    };
    assert_eq!(stranger["status"], 401);
    assert!(stranger["tenant"].is_null(), "{stranger}");
    assert_eq!(known["status"], 200);
    assert_eq!(known["tenant"], "acme");
    assert_eq!(known["path"], "/api/v1/hosts");
}
