//! Compressed bodies, of requests and of answers.

use std::io::{Read as _, Write as _};

use axum::{
    body::{Body, Bytes, to_bytes},
    http::{HeaderMap, Request},
};
use flate2::{Compression, read::MultiGzDecoder, write::GzEncoder};
use futures::StreamExt;
use schemas::api::Role;
use serde_json::json;
use tower::ServiceExt;

use crate::house::{Answer, House};

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn zstd(content: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(content, 1).unwrap()
}

fn unfolded(coding: &str, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    match coding {
        "gzip" => MultiGzDecoder::new(content).read_to_end(&mut out).unwrap(),
        "zstd" => zstd::Decoder::new(content)
            .unwrap()
            .read_to_end(&mut out)
            .unwrap(),
        other => panic!("{other}"),
    };
    out
}

async fn preview(house: &House, token: &str, coding: &str, kind: &str, body: Vec<u8>) -> Answer {
    let request = Request::post("/api/v1/collections/preview")
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", kind)
        .header("content-encoding", coding)
        .body(Body::from(body))
        .unwrap();
    house.send(request).await
}

#[tokio::test]
async fn compressed_bodies_are_read_and_bounded_by_what_they_unfold_to() {
    let house = House::new().await;
    let admin = house.admin().await;
    let plain = json!({"parts": {}}).to_string();
    let json = "application/json";
    for (coding, body) in [
        ("gzip", gzip(plain.as_bytes())),
        ("X-Gzip", gzip(plain.as_bytes())),
        ("zstd", zstd(plain.as_bytes())),
        ("identity", plain.clone().into_bytes()),
    ] {
        let answer = preview(&house, &admin, coding, json, body.clone()).await;
        assert_eq!(answer.status, 200, "{coding} {answer:?}");
        if coding != "identity" {
            let kind = "application/octet-stream";
            let answer = preview(&house, &admin, coding, kind, body).await;
            assert_eq!(answer.status, 200, "{coding} {answer:?}");
        }
    }
    let bomb = format!("{{\"parts\": {{}}}}{}", " ".repeat(64 * 1024));
    for (coding, bomb) in [
        ("gzip", gzip(bomb.as_bytes())),
        ("zstd", zstd(bomb.as_bytes())),
    ] {
        assert!(bomb.len() < 1024);
        let answer = preview(&house, &admin, coding, json, bomb.clone()).await;
        assert!(answer.is(413, "too-large"), "{coding} {answer:?}");
        let cut = bomb[..bomb.len() - 3].to_vec();
        let answer = preview(&house, &admin, coding, json, cut).await;
        assert!(!answer.status.is_success(), "{coding} {answer:?}");
        let answer = preview(&house, &admin, coding, json, plain.clone().into_bytes()).await;
        assert!(answer.is(400, "bad-request"), "{coding} {answer:?}");
    }
    for coding in ["br", "gzip, zstd", "deflate"] {
        let body = plain.clone().into_bytes();
        let answer = preview(&house, &admin, coding, json, body).await;
        assert!(answer.is(415, "unsupported-media"), "{coding} {answer:?}");
        assert_eq!(answer.headers["accept-encoding"], "gzip, zstd");
    }
    let kind = "text/plain";
    let answer = preview(&house, &admin, "gzip", kind, gzip(plain.as_bytes())).await;
    assert!(answer.is(415, "unsupported-media"), "{answer:?}");
}

async fn raw(house: &House, request: Request<Body>) -> (HeaderMap, Bytes) {
    let response = house.router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    assert!(parts.status.is_success(), "{}", parts.status);
    (parts.headers, to_bytes(body, 64 << 20).await.unwrap())
}

fn get(path: &str, accepts: &str) -> axum::http::request::Builder {
    Request::get(path).header("accept-encoding", accepts)
}

#[tokio::test]
async fn documents_and_lists_are_compressed_for_who_accepts_it() {
    let house = House::new().await;
    let path = "/api/v1/openapi.json";
    let request = get(path, "identity").body(Body::empty()).unwrap();
    let (headers, plain) = raw(&house, request).await;
    assert!(!headers.contains_key("content-encoding"));
    for (accepts, coding) in [("gzip, deflate, br", "gzip"), ("gzip, zstd", "zstd")] {
        let request = get(path, accepts).body(Body::empty()).unwrap();
        let (headers, packed) = raw(&house, request).await;
        assert_eq!(headers["content-encoding"], coding);
        assert_eq!(headers["content-type"], "application/json");
        let vary: Vec<_> = headers.get_all("vary").iter().collect();
        assert!(vary.iter().any(|one| *one == "accept-encoding"), "{vary:?}");
        assert!(packed.len() < plain.len() / 2);
        assert_eq!(unfolded(coding, &packed), plain);
    }
    // What is small is sent as it is, and says that it might not be.
    let admin = house.admin().await;
    let bearer = format!("Bearer {admin}");
    let small = get("/api/v1/agents", "gzip").header("authorization", &bearer);
    let (headers, body) = raw(&house, small.body(Body::empty()).unwrap()).await;
    assert!(!headers.contains_key("content-encoding"));
    assert!(headers.contains_key("vary"));
    assert!(body.starts_with(b"{"));
}

#[tokio::test]
async fn a_list_that_is_sent_as_it_is_read_stays_so_when_it_is_compressed() {
    let house = House::new().await;
    let admin = house.admin().await;
    for role in [Role::Auditor, Role::Developer, Role::Operator] {
        house.person("default", role).await;
    }
    let ask = |accepts: &str| {
        get("/api/v1/people?limit=1", accepts)
            .header("authorization", format!("Bearer {admin}"))
            .header("accept", "application/x-ndjson")
            .body(Body::empty())
            .unwrap()
    };
    let (_, plain) = raw(&house, ask("identity")).await;
    let rows = plain.iter().filter(|byte| **byte == b'\n').count();
    assert!(rows >= 4, "{rows}");
    for coding in ["gzip", "zstd"] {
        let (headers, packed) = raw(&house, ask(coding)).await;
        assert_eq!(headers["content-encoding"], coding);
        assert_eq!(headers["content-type"], "application/x-ndjson");
        assert_eq!(unfolded(coding, &packed), plain);
    }
    // The first row can be read when nothing else was asked for yet.
    let response = house.router.clone().oneshot(ask("gzip")).await.unwrap();
    let mut pieces = response.into_body().into_data_stream();
    let first = pieces.next().await.unwrap().unwrap();
    let mut reader = flate2::write::GzDecoder::new(Vec::new());
    reader.write_all(&first).unwrap();
    reader.flush().unwrap();
    let row = plain.split_inclusive(|byte| *byte == b'\n').next().unwrap();
    assert_eq!(reader.get_ref(), row);
}

#[tokio::test]
async fn no_answer_that_may_show_a_secret_is_compressed() {
    let house = House::new().await;
    let admin = house.admin().await;
    let note = "x".repeat(200);
    let key =
        json!({"roles": [{"role": "ci"}], "note": note, "networks": vec!["192.0.2.0/24"; 32]});
    let request = Request::post("/api/v1/api-keys")
        .header("authorization", format!("Bearer {admin}"))
        .header("content-type", "application/json")
        .header("accept-encoding", "gzip, zstd")
        .body(Body::from(key.to_string()))
        .unwrap();
    let (headers, body) = raw(&house, request).await;
    assert!(!headers.contains_key("content-encoding"));
    assert!(serde_json::from_slice::<serde_json::Value>(&body).unwrap()["key"].is_string());
}
