//! What every path answers to what it does not offer: a problem that says so.

use std::collections::{BTreeMap, BTreeSet};

use axum::{
    body::Body,
    http::{Method, Request},
};

use crate::{
    house::House,
    operations::{body, document, filled, operations},
};

#[tokio::test]
async fn a_path_without_a_method_says_which_ones_it_has() {
    let house = House::new().await;
    let mut paths: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for operation in operations() {
        let (path, _) = filled(&operation, &BTreeMap::new());
        let path = path.split('?').next().unwrap().to_owned();
        let methods = paths.entry(path).or_default();
        methods.insert(operation.method.to_string());
    }
    for (path, methods) in paths {
        for method in ["GET", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "BREW"] {
            if methods.contains(method) {
                continue;
            }
            let method: Method = method.parse().unwrap();
            let answer = house.ask(method.clone(), &path, None, None).await;
            assert!(
                answer.is(405, "method-not-allowed"),
                "{method} {path} {answer:?}"
            );
            assert_eq!(answer.headers["content-type"], "application/problem+json");
            let allow = answer.headers["allow"].to_str().unwrap();
            let allowed: BTreeSet<_> = allow.split(',').map(|one| one.trim().to_owned()).collect();
            let mut expected = methods.clone();
            if methods.contains("GET") {
                expected.insert("HEAD".to_owned());
            }
            assert_eq!(allowed, expected, "{path}");
        }
    }
}

#[tokio::test]
async fn who_takes_nothing_of_what_is_answered_is_told_before_anything_is_done() {
    let house = House::new().await;
    let admin = house.admin().await;
    let document = document();
    let mut refused = 0;
    for operation in operations() {
        if !operation.path.starts_with("/api/v1/") {
            continue;
        }
        let method = operation.method.as_str().to_lowercase();
        let responses = &document["paths"][&operation.path][&method]["responses"];
        let answers = responses.as_object().unwrap().iter();
        let answers_something = answers
            .filter(|(status, _)| status.starts_with('2'))
            .any(|(_, response)| response["content"].is_object());
        let (path, body) = filled(&operation, &BTreeMap::new());
        let request = Request::builder()
            .method(operation.method.clone())
            .uri(path)
            .header("authorization", format!("Bearer {admin}"))
            .header("content-type", "application/json")
            .header("accept", "text/html, application/xml;q=0.9");
        let body = body.map_or_else(String::new, |body| body.to_string());
        if answers_something {
            let answer = house.send(request.body(Body::from(body)).unwrap()).await;
            assert!(
                answer.is(406, "not-acceptable"),
                "{} {answer:?}",
                operation.id
            );
            let detail = answer.body["detail"].as_str().unwrap();
            assert!(detail.contains("application/json"), "{detail}");
            refused += 1;
        }
    }
    assert!(refused > 50, "{refused}");
    let roles = house.get("/api/v1/roles", &admin).await;
    assert!(!roles.body.to_string().contains("made"), "{roles:?}");
}

#[tokio::test]
async fn a_body_of_another_type_is_refused_by_every_operation_that_reads_one() {
    let house = House::new().await;
    let admin = house.admin().await;
    let mut refused = 0;
    for operation in operations() {
        let Some(body) = body(&operation) else {
            continue;
        };
        for kind in [None, Some("text/plain"), Some("application/octet-stream")] {
            let (path, _) = filled(&operation, &BTreeMap::new());
            let mut request = Request::builder()
                .method(operation.method.clone())
                .uri(path)
                .header("authorization", format!("Bearer {admin}"));
            if let Some(kind) = kind {
                request = request.header("content-type", kind);
            }
            let request = request.body(Body::from(body.to_string())).unwrap();
            let answer = house.send(request).await;
            let is_absent = answer.is(404, "not-found");
            assert!(
                answer.is(415, "unsupported-media") || is_absent,
                "{} {kind:?} {answer:?}",
                operation.id
            );
            refused += u32::from(!is_absent);
        }
    }
    assert!(refused > 30, "{refused}");
    for path in ["/", "/api", "/api/v1", "/api/v1/nothing", "/agent/v1/%ff"] {
        let answer = house.get(path, &admin).await;
        assert!(answer.is(404, "not-found"), "{path} {answer:?}");
        assert_eq!(answer.headers["content-type"], "application/problem+json");
    }
}
