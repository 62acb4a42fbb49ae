//! Issues at a listener that answers as Jira's interfaces are documented to.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse as _, Response},
};
use notification::ChannelSecrets;
use schemas::{
    api::notification::{ChannelTarget, JiraDeployment, JiraSettings},
    notification::NotificationEvent,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{delivered, fix, later, now, refused, send, sender};

#[derive(Debug, Default)]
struct Tracker {
    /// Fields of issues, by key.
    issues: BTreeMap<String, Value>,
    comments: Vec<(String, Value)>,
    properties: BTreeMap<String, Value>,
    done: Vec<String>,
    authorization: Vec<String>,
    paths: Vec<String>,
    /// What is answered instead, once.
    fails: Option<u16>,
}

type Shared = Arc<Mutex<Tracker>>;

async fn serve() -> (String, Shared) {
    let tracker = Shared::default();
    let router = Router::new()
        .fallback(answer)
        .with_state(Arc::clone(&tracker));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/jira", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, tracker)
}

fn decoded(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
            let digits = std::str::from_utf8(&digits).unwrap().to_owned();
            out.push(u8::from_str_radix(&digits, 16).unwrap());
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).unwrap()
}

async fn answer(
    State(tracker): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut tracker = tracker.lock().unwrap();
    let authorization = headers["authorization"].to_str().unwrap().to_owned();
    tracker.authorization.push(authorization.clone());
    let path = uri
        .path()
        .strip_prefix("/jira/rest/api/")
        .unwrap()
        .to_owned();
    tracker.paths.push(format!("{method} {path}"));
    if let Some(status) = tracker.fails.take() {
        let status = StatusCode::from_u16(status).unwrap();
        return (status, format!("no: {authorization}")).into_response();
    }
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let answered = |value: Value| axum::Json(value).into_response();
    match (method.as_str(), parts.as_slice()) {
        ("GET", ["project", "OPS"]) => answered(json!({"key": "OPS"})),
        ("GET", ["project", _]) => StatusCode::NOT_FOUND.into_response(),
        ("GET", ["search"] | ["search", "jql"]) => {
            let query = uri.query().unwrap().split('&');
            let jql = query.filter_map(|pair| pair.strip_prefix("jql=")).next();
            let jql = decoded(jql.unwrap());
            assert!(jql.contains("statusCategory != Done"), "{jql}");
            let label = jql.split("labels = \"").nth(1).unwrap();
            let label = label.split('"').next().unwrap();
            let open = tracker.issues.iter().filter(|(key, issue)| {
                let labels = issue["labels"].as_array().unwrap();
                labels.iter().any(|one| one == label) && !tracker.done.contains(key)
            });
            let open: Vec<_> = open.map(|(key, _)| json!({"key": key})).collect();
            answered(json!({"issues": open}))
        }
        ("POST", ["issue"]) => {
            let key = format!("OPS-{}", tracker.issues.len() + 1);
            tracker.issues.insert(key.clone(), body["fields"].clone());
            for property in body["properties"].as_array().unwrap() {
                let value = property["value"].clone();
                tracker.properties.insert(key.clone(), value);
            }
            (StatusCode::CREATED, axum::Json(json!({"key": key}))).into_response()
        }
        ("POST", ["issue", key, "comment"]) => {
            tracker
                .comments
                .push(((*key).to_owned(), body["body"].clone()));
            (StatusCode::CREATED, axum::Json(json!({"id": "1"}))).into_response()
        }
        ("GET", ["issue", key, "properties", "bulkhead"]) => match tracker.properties.get(*key) {
            Some(value) => answered(json!({"key": "bulkhead", "value": value})),
            None => StatusCode::NOT_FOUND.into_response(),
        },
        ("PUT", ["issue", key, "properties", "bulkhead"]) => {
            tracker.properties.insert((*key).to_owned(), body);
            StatusCode::OK.into_response()
        }
        ("GET", ["issue", _, "transitions"]) => answered(json!({"transitions": [
            {"id": "11", "name": "Start"}, {"id": "31", "name": "Done"}]})),
        ("POST", ["issue", key, "transitions"]) => {
            assert_eq!(body["transition"]["id"], "31");
            tracker.done.push((*key).to_owned());
            StatusCode::NO_CONTENT.into_response()
        }
        other => panic!("nobody asks {other:?}"),
    }
}

fn target(url: &str, deployment: JiraDeployment, transition: Option<&str>) -> ChannelTarget {
    ChannelTarget::Jira {
        settings: JiraSettings {
            url: url.to_owned(),
            deployment,
            project: "OPS".to_owned(),
            issue_type: "Task".to_owned(),
            user: (deployment == JiraDeployment::Cloud).then(|| "ops@example.org".to_owned()),
            transition: transition.map(str::to_owned),
        },
    }
}

fn token() -> ChannelSecrets {
    ChannelSecrets::of_password(Some("hidden-word".to_owned()))
}

#[tokio::test]
async fn one_fix_is_one_issue_that_is_done_when_the_last_place_has_it() {
    for (deployment, version) in [
        (JiraDeployment::Cloud, "3"),
        (JiraDeployment::DataCenter, "2"),
    ] {
        let (address, tracker) = serve().await;
        let to = target(&address, deployment, Some("done"));
        let say = async |id: &str, event, hosts: &[&str]| {
            let told = fix(event, hosts);
            delivered(sender().send(&to, &token(), &told, id, &[], now()).await)
        };
        let new = NotificationEvent::FindingsNew;
        let fixed = NotificationEvent::FindingsFixed;
        assert_eq!(say("d-1", new, &["a"]).await, "OPS-1 was made");
        assert_eq!(say("d-2", new, &["b"]).await, "OPS-1 was commented on");
        // It comes again, since its acknowledgement was lost.
        say("d-2", new, &["b"]).await;
        say("d-1", new, &["a"]).await;
        {
            let tracker = tracker.lock().unwrap();
            assert_eq!((tracker.issues.len(), tracker.comments.len()), (1, 1));
            let issue = &tracker.issues["OPS-1"];
            let description = &issue["description"];
            match deployment {
                JiraDeployment::Cloud => assert_eq!(description["type"], "doc"),
                _ => {
                    let text = description.as_str().unwrap();
                    assert!(
                        text.contains("\\]") && text.contains("CVE\\-2026\\-0001"),
                        "{text}"
                    );
                }
            }
            assert_eq!(issue["issuetype"]["name"], "Task");
            let begins = format!("{version}/");
            assert!(tracker.paths.iter().all(|path| path.contains(&begins)));
            let shown = match deployment {
                JiraDeployment::Cloud => "Basic b3BzQGV4YW1wbGUub3JnOmhpZGRlbi13b3Jk",
                _ => "Bearer hidden-word",
            };
            assert!(tracker.authorization.iter().all(|one| one == shown));
        }
        assert_eq!(say("d-3", fixed, &["a"]).await, "OPS-1 was commented on");
        assert!(
            tracker.lock().unwrap().done.is_empty(),
            "it is missing at b"
        );
        let said = say("d-4", fixed, &["b"]).await;
        assert!(said.contains("its transition `done` made"), "{said}");
        assert_eq!(tracker.lock().unwrap().done, ["OPS-1"]);
        // What comes back is a new issue; what was fixed before anybody told of it is none.
        assert_eq!(say("d-5", new, &["a"]).await, "OPS-2 was made");
        let (address, tracker) = serve().await;
        let to = target(&address, deployment, None);
        let told = fix(fixed, &["a"]);
        delivered(send(&to, &token(), &told).await);
        assert!(tracker.lock().unwrap().issues.is_empty());
    }
}

#[tokio::test]
async fn a_test_makes_no_issue_and_a_token_is_never_told() {
    let (address, tracker) = serve().await;
    let to = target(&address, JiraDeployment::Cloud, None);
    let tenant = "acme".parse().unwrap();
    let test = notification::gather::empty(NotificationEvent::Test, &tenant, "t", now());
    let said = delivered(send(&to, &token(), &test).await);
    assert!(said.contains("project OPS can be read"), "{said}");
    assert!(tracker.lock().unwrap().issues.is_empty());
    let told = fix(NotificationEvent::FindingsNew, &["a"]);
    for (status, passes) in [(401, false), (410, false), (429, true), (503, true)] {
        tracker.lock().unwrap().fails = Some(status);
        let outcome = send(&to, &token(), &told).await;
        let reason = if passes {
            later(outcome)
        } else {
            refused(outcome)
        };
        assert!(reason.contains(&status.to_string()), "{reason}");
        let shown = reason.contains("hidden-word") || reason.contains("b3BzQ");
        assert!(!shown, "{reason}");
    }
    // Without a token nothing is asked.
    let before = tracker.lock().unwrap().paths.len();
    refused(send(&to, &ChannelSecrets::default(), &told).await);
    assert_eq!(tracker.lock().unwrap().paths.len(), before);
}
