//! The policy that builds take, and the results that they send.

use axum::{
    body::Body,
    http::{Method, Request},
};
use schemas::api::Role;
use serde_json::{Value, json};

use crate::house::{Answer, House};

const PATH: &str = "/api/v1/policies/ci";

fn policy(text: &str) -> Value {
    json!({"form": "toml", "text": text})
}

async fn set(house: &House, token: &str, tag: Option<&str>, body: &Value) -> Answer {
    let mut request = Request::builder()
        .method(Method::PUT)
        .uri(PATH)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json");
    if let Some(tag) = tag {
        request = request.header("if-match", tag);
    }
    house
        .send(request.body(Body::from(body.to_string())).unwrap())
        .await
}

pub(crate) fn report() -> Value {
    json!({
        "version": 1, "software": "0.1.0", "scanned_at": "2026-11-25T12:00:00Z",
        "target": {"kind": "image", "name": "shop:1"}, "coverage": {"status": "complete", "gaps": []},
        "packages": [], "findings": [],
        "summary": {
            "total": 0, "critical": 0, "high": 0, "medium": 0, "low": 0, "unknown": 0, "known_exploited": 0,
            "fixable": 0, "cannot_judge": 0
        },
        "policy": {"verdict": "violated"}
    })
}

#[tokio::test]
async fn a_policy_is_replaced_only_by_who_read_it_last() {
    let house = House::new().await;
    let admin = house.admin().await;
    assert!(house.get(PATH, &admin).await.is(404, "not-found"));
    let first = policy("version = 1\n[fail_on]\nseverity = \"high\"\n");
    let answer = set(&house, &admin, Some("\"1\""), &first).await;
    assert!(answer.is(412, "precondition-failed"), "{answer:?}");
    let answer = set(&house, &admin, None, &first).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let tag = answer.headers["etag"].to_str().unwrap().to_owned();
    let second = policy("version = 1\n[fail_on]\nkev = true\n");
    assert!(
        set(&house, &admin, None, &second)
            .await
            .is(412, "precondition-failed")
    );
    assert_eq!(set(&house, &admin, Some(&tag), &second).await.status, 200);
    assert!(
        set(&house, &admin, Some(&tag), &first)
            .await
            .is(412, "precondition-failed")
    );
    let ci = house.person("default", Role::Ci).await;
    let read = house.get(PATH, &ci).await;
    assert_eq!(read.body["policy"], second);
    assert_ne!(read.headers["etag"].to_str().unwrap(), tag);
    assert!(
        set(&house, &ci, Some(&tag), &first)
            .await
            .is(403, "forbidden")
    );
    let other = house.person("other", Role::Admin).await;
    assert!(house.get(PATH, &other).await.is(404, "not-found"));
}

#[tokio::test]
async fn a_policy_that_cannot_be_read_is_refused_with_the_line() {
    let house = House::new().await;
    let admin = house.admin().await;
    for (text, expected) in [
        ("version = 1\n[fail_on]\nseveritty = \"high\"\n", "line 3"),
        ("version = 1\n", "has no rule"),
        ("version = 9\n", "policy version 9 is not known"),
    ] {
        let answer = set(&house, &admin, None, &policy(text)).await;
        assert!(answer.is(400, "bad-request"), "{answer:?}");
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(detail.contains(expected), "{detail}");
    }
    let long = format!(
        "version = 1\n[fail_on]\nkev = true\n#{}\n",
        "x".repeat(256 << 10)
    );
    let answer = set(&house, &admin, None, &policy(&long)).await;
    assert!(answer.is(413, "too-large"), "{answer:?}");
    let ini = json!({"form": "ini", "text": "a = 1"});
    assert!(set(&house, &admin, None, &ini).await.is(400, "bad-request"));
}

#[tokio::test]
async fn results_are_kept_once_and_listed_with_the_newest_first() {
    let house = House::new().await;
    let ci = house.person("default", Role::Ci).await;
    let send = async |body: Value| {
        house
            .ask(Method::POST, "/api/v1/scans", Some(&ci), Some(body))
            .await
    };
    let first = send(report()).await;
    assert_eq!(first.status, 201, "{first:?}");
    assert_eq!(first.body["verdict"], "violated");
    assert_eq!(send(report()).await.body["id"], first.body["id"]);
    let mut later = report();
    later["scanned_at"] = json!("2026-11-25T13:00:00Z");
    send(later).await;
    let listed = house.get("/api/v1/scans", &ci).await;
    let times: Vec<_> = listed.body["scans"]
        .as_array()
        .unwrap()
        .iter()
        .map(|scan| scan["scanned_at"].as_str().unwrap())
        .collect();
    assert_eq!(
        times,
        ["2026-11-25T13:00:00.000Z", "2026-11-25T12:00:00.000Z"]
    );
    let page = house.get("/api/v1/scans?limit=1", &ci).await;
    assert_eq!(page.body["scans"].as_array().unwrap().len(), 1);
    assert!(page.body["next_cursor"].is_string());
    let mut newer = report();
    newer["version"] = json!(2);
    assert!(send(newer).await.is(422, "unsupported-version"));
    assert!(send(json!({"version": 1})).await.is(400, "bad-request"));
    let mut named = report();
    named["target"]["name"] = json!("x".repeat(33 << 10));
    assert!(send(named).await.is(413, "too-large"));
    let auditor = house.person("default", Role::Auditor).await;
    let refused = house
        .ask(
            Method::POST,
            "/api/v1/scans",
            Some(&auditor),
            Some(report()),
        )
        .await;
    assert!(refused.is(403, "forbidden"));
}

#[tokio::test]
async fn a_result_may_come_compressed_and_may_not_unfold_without_end() {
    let house = House::new().await;
    let ci = house.person("default", Role::Ci).await;
    let send = async |content: &[u8]| {
        let request = Request::builder()
            .method(Method::POST)
            .uri("/api/v1/scans")
            .header("authorization", format!("Bearer {ci}"))
            .header("content-type", "application/json")
            .header("content-encoding", "zstd")
            .body(Body::from(zstd::bulk::compress(content, 1).unwrap()))
            .unwrap();
        house.send(request).await
    };
    assert_eq!(send(report().to_string().as_bytes()).await.status, 201);
    assert!(send(&vec![b' '; (64 << 20) + 1]).await.is(413, "too-large"));
}
