//! Requests of API Gateway's HTTP API, payload format 2.0.

use std::{
    io::{Read as _, Write as _},
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::support::{World, invoke, invoke_within};

/// The event of a request; source: "Working with AWS Lambda proxy integrations for HTTP APIs", payload format 2.0.
pub(crate) fn request(method: &str, target: &str, headers: Value, body: Option<&str>) -> Value {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut all = json!({
        "accept": "*/*",
        "host": "abc123.execute-api.us-east-1.amazonaws.com",
        "x-amzn-trace-id": "Root=1-67891233-abcdef012345678912345678",
        "x-forwarded-for": "203.0.113.7",
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
    });
    for (name, value) in headers.as_object().unwrap() {
        all[name] = value.clone();
    }
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": all,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abc123",
            "domainName": "abc123.execute-api.us-east-1.amazonaws.com",
            "domainPrefix": "abc123",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7",
                "userAgent": "curl/8.0",
            },
            "requestId": "id",
            "routeKey": "$default",
            "stage": "$default",
            "time": "20/Nov/2026:12:00:00 +0000",
            "timeEpoch": 1_795_176_000_000_u64,
        },
        "body": body,
        "isBase64Encoded": false,
    })
}

fn body(answer: &Value) -> Value {
    assert_eq!(answer["isBase64Encoded"], false, "{answer}");
    serde_json::from_str(answer["body"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn a_person_signs_in_through_the_gateway() {
    let world = World::new();
    let made = invoke(&world.host("setup"), json!({})).await.unwrap();
    let api = world.host("api");
    let sign_in = json!({
        "tenant": "default",
        "login": "admin",
        "password": made["one_time_password"],
    })
    .to_string();
    let kind = json!({"content-type": "application/json"});
    let event = request("POST", "/api/v1/session", kind.clone(), Some(&sign_in));
    let answer = invoke(&api, event.clone()).await.unwrap();
    assert_eq!(answer["statusCode"], 200, "{answer}");
    let token = body(&answer)["token"].as_str().unwrap().to_owned();
    assert!(answer["headers"]["x-request-id"].is_string());

    // The same as base64, as bodies of other kinds arrive.
    let mut encoded = event;
    encoded["body"] = json!(base64(sign_in.as_bytes()));
    encoded["isBase64Encoded"] = json!(true);
    assert_eq!(invoke(&api, encoded).await.unwrap()["statusCode"], 200);

    let bearer = json!({"authorization": format!("Bearer {token}")});
    let me = request("GET", "/api/v1/hosts?limit=1", bearer, None);
    let answer = invoke(&api, me).await.unwrap();
    // The one-time password is to be replaced first.
    assert_eq!(answer["statusCode"], 403, "{answer}");
    assert!(
        body(&answer)["type"].as_str().unwrap().contains("password"),
        "{answer}"
    );
}

#[tokio::test]
async fn it_lives_before_it_is_open_and_describes_itself() {
    let world = World::new();
    let api = world.host("api");
    let answer = invoke(&api, request("GET", "/healthz", json!({}), None))
        .await
        .unwrap();
    assert_eq!(
        (&answer["statusCode"], &body(&answer)["status"]),
        (&json!(200), &json!("ok"))
    );
    let openapi = request("GET", "/api/v1/openapi.json", json!({}), None);
    let answer = invoke(&api, openapi).await.unwrap();
    assert_eq!(body(&answer)["openapi"], "3.1.0");
    let nowhere = request("GET", "/nowhere", json!({}), None);
    assert_eq!(invoke(&api, nowhere).await.unwrap()["statusCode"], 404);
}

#[tokio::test]
async fn what_takes_too_long_is_answered_before_its_instance_is_ended() {
    let world = World::new();
    let api = world.host("api");
    // A password is looked at on another thread: it cannot be done before anybody looks at the time.
    let sign_in = json!({"login": "nobody", "password": "nothing"}).to_string();
    let kind = json!({"content-type": "application/json"});
    let sign_in = request("POST", "/api/v1/session", kind, Some(&sign_in));
    // As much as is left for the answer.
    let late = invoke_within(&api, sign_in.clone(), Duration::from_secs(1)).await;
    let late = late.unwrap();
    assert_eq!(late["statusCode"], 503, "{late}");
    assert_eq!(late["headers"]["content-type"], "application/problem+json");
    assert!(late["headers"]["retry-after"].is_string(), "{late}");
    let kind = body(&late)["type"].as_str().unwrap().to_owned();
    assert!(kind.ends_with("timed-out"), "{late}");
    // The instance goes on.
    let timely = invoke(&api, sign_in).await.unwrap();
    assert_eq!(timely["statusCode"], 401, "{timely}");
}

#[tokio::test]
async fn what_is_too_large_or_no_request_is_refused() {
    let world = World::new();
    let api = world.host("api");
    let large = "x".repeat(api::MAX_BODY_BYTES + 1);
    let kind = json!({"content-type": "application/json"});
    let event = request("POST", "/api/v1/session", kind, Some(&large));
    assert_eq!(invoke(&api, event).await.unwrap()["statusCode"], 413);
    let long = json!({"x-long": "x".repeat(api::MAX_HEADER_BYTES)});
    let event = request("GET", "/healthz", long, None);
    let _first = invoke(&api, request("GET", "/readyz", json!({}), None))
        .await
        .unwrap();
    assert_eq!(invoke(&api, event).await.unwrap()["statusCode"], 431);

    for (name, value) in [
        ("host", "a b"),
        ("host", "[::1"),
        ("host", "u@h:70000"),
        ("x-forwarded-proto", "javascript"),
    ] {
        let event = request("GET", "/healthz", json!({name: value}), None);
        assert_eq!(
            invoke(&api, event).await.unwrap()["statusCode"],
            400,
            "{value}"
        );
    }
    for target in ["no-slash", "/healthz?a b", "/healthz?\u{7f}"] {
        let event = request("GET", target, json!({}), None);
        assert_eq!(
            invoke(&api, event).await.unwrap()["statusCode"],
            400,
            "{target}"
        );
    }
    // What has no place in an address is escaped.
    let event = request("GET", "/api/v1/hosts/a b\"é", json!({}), None);
    assert_eq!(invoke(&api, event).await.unwrap()["statusCode"], 401);
    let error = invoke(&api, json!({"Records": []})).await.unwrap_err();
    assert!(error.to_string().contains("HTTP API"), "{error}");
}

#[tokio::test]
async fn compressed_bodies_go_both_ways_through_the_gateway() {
    let world = World::new();
    let made = invoke(&world.host("setup"), json!({})).await.unwrap();
    let api = world.host("api");
    let sign_in = json!({
        "tenant": "default",
        "login": "admin",
        "password": made["one_time_password"],
    });
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(sign_in.to_string().as_bytes()).unwrap();
    let gzip = base64(&gzip.finish().unwrap());
    for kind in ["application/octet-stream", "application/json"] {
        let headers = json!({"content-type": kind, "content-encoding": "gzip"});
        let mut event = request("POST", "/api/v1/session", headers, Some(&gzip));
        event["isBase64Encoded"] = json!(true);
        let answer = invoke(&api, event).await.unwrap();
        assert_eq!(answer["statusCode"], 200, "{kind} {answer}");
        assert!(answer["headers"].get("content-encoding").is_none());
    }

    let accepts = json!({"accept-encoding": "gzip"});
    let event = request("GET", "/api/v1/openapi.json", accepts, None);
    let answer = invoke(&api, event).await.unwrap();
    assert_eq!(answer["headers"]["content-encoding"], "gzip");
    assert_eq!(answer["isBase64Encoded"], true);
    let packed = BASE64_STANDARD.decode(answer["body"].as_str().unwrap());
    let mut text = String::new();
    flate2::read::GzDecoder::new(&packed.unwrap()[..])
        .read_to_string(&mut text)
        .unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
}

#[tokio::test]
async fn strangers_are_counted_by_the_address_that_the_gateway_saw() {
    let world = World::new();
    let mut settings = world.settings("api");
    settings.address_rate = Some(api::Rate { per_s: 1, burst: 2 });
    let api = lambda::Host::new(settings, world.platform.clone());
    let ask = async |address: &str, forwarded: &str| {
        let claimed = json!({"x-forwarded-for": forwarded});
        let mut event = request("GET", "/version", claimed, None);
        event["requestContext"]["http"]["sourceIp"] = json!(address);
        invoke(&api, event).await.unwrap()["statusCode"].clone()
    };
    // Whatever callers write into headers. A token comes anew each second, so not each of these is the last one.
    let mut refused = 0;
    for at in 0..20 {
        refused += u32::from(ask("203.0.113.7", &format!("198.51.100.{at}")).await == 429);
    }
    assert!(refused > 0, "nobody was refused");
    assert_eq!(ask("203.0.113.8", "203.0.113.7").await, 200);
}

fn base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}
