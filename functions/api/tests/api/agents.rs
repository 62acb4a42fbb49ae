//! Enrolment, and who is taken for an agent.

use std::sync::Arc;

use access::request_token::RequestSigner;
use axum::{
    body::Body,
    http::{Method, Request},
};
use platform::meter::{Count, Meter, Port, metered};
use schemas::{Timestamp, agent::SignedBundle};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::house::{Agent, House, key};

const MISSING: &str = "/agent/v1/layers/missing";

async fn alive(house: &House, agent: &Agent) -> crate::house::Answer {
    agent
        .call(house, "POST", MISSING, &json!({"layers": []}))
        .await
}

async fn new_token(house: &House, admin: &str, body: Value) -> (String, String) {
    let made = house
        .ask(
            Method::POST,
            "/api/v1/enrolment-tokens",
            Some(admin),
            Some(body),
        )
        .await;
    assert_eq!(made.status, 201, "{made:?}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (
        text(&made.body["token"]),
        text(&made.body["enrolment_token"]["id"]),
    )
}

#[tokio::test]
async fn a_token_enrols_as_many_agents_as_it_allows_and_repeating_one_uses_nothing() {
    let house = House::new().await;
    let first = house.enrol(&house.enrolment_token, 1).await;
    assert_eq!(first.status, 200, "{first:?}");
    let repeated = house.enrol(&house.enrolment_token, 1).await;
    assert_eq!(repeated.body["agent"], first.body["agent"]);
    assert_eq!(repeated.body["host"], first.body["host"]);
    let second = house.enrol(&house.enrolment_token, 2).await;
    assert!(second.is(401, "bad-enrolment-token"), "{second:?}");
    assert!(
        second.body["detail"]
            .as_str()
            .unwrap()
            .contains("As many agents")
    );
    let admin = house.admin().await;
    let listed = house.get("/api/v1/agents", &admin).await;
    assert_eq!(listed.body["agents"].as_array().unwrap().len(), 1);
    assert_eq!(listed.body["agents"][0]["host_name"], "host-1");
    let tokens = house.get("/api/v1/enrolment-tokens", &admin).await;
    assert_eq!(tokens.body["enrolment_tokens"][0]["state"], "used_up");
    assert!(
        !tokens
            .body
            .to_string()
            .contains(&house.enrolment_token[21..])
    );
}

#[tokio::test]
async fn expired_revoked_and_unknown_tokens_open_no_door() {
    let house = House::new().await;
    let admin = house.admin().await;
    let (short, _) = new_token(&house, &admin, json!({"valid_for_s": 60})).await;
    let (taken, id) = new_token(&house, &admin, json!({"note": "rack 7", "max_uses": 5})).await;
    let revoke = format!("/api/v1/enrolment-tokens/{id}");
    assert_eq!(
        house
            .ask(Method::DELETE, &revoke, Some(&admin), None)
            .await
            .status,
        204
    );
    house.clock.advance_ms(60_000);
    let mut other_secret = taken.clone();
    let last = if other_secret.pop() == Some('0') {
        '1'
    } else {
        '0'
    };
    other_secret.push(last);
    for (token, why) in [
        (short.as_str(), "expired"),
        (taken.as_str(), "revoked"),
        (other_secret.as_str(), "No such"),
        ("bhe_1_2", "64 hexadecimal"),
    ] {
        let answer = house.enrol(token, 3).await;
        assert!(answer.is(401, "bad-enrolment-token"), "{answer:?}");
        assert!(
            answer.body["detail"].as_str().unwrap().contains(why),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn enrolment_needs_proof_of_the_key_and_plain_names() {
    let house = House::new().await;
    let token = house.enrolment_token.clone();
    let good = json!({
        "token": token,
        "public_key": key(1).public().to_base64url(),
        "proof": access::enrolment::prove(&token, &key(1)),
        "host_name": "h", "machine": "m", "platform": "linux/amd64", "software": "0",
    });
    for (field, value, problem) in [
        (
            "proof",
            json!(access::enrolment::prove(&token, &key(2))),
            "bad-proof",
        ),
        ("public_key", json!("AAAA"), "bad-proof"),
        ("host_name", json!("x".repeat(300)), "bad-request"),
        ("host_name", json!("a\nb"), "bad-request"),
        ("machine", json!(""), "bad-request"),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let answer = house
            .ask(Method::POST, "/agent/v1/enrol", None, Some(body))
            .await;
        assert!(answer.is(400, problem), "{field} {answer:?}");
    }
    assert_eq!(
        house
            .ask(Method::POST, "/agent/v1/enrol", None, Some(good))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn only_an_agent_s_own_fresh_untouched_request_is_taken() {
    let house = House::new().await;
    let agent = house.agent(1).await;
    let body = br#"{"layers":[]}"#;
    assert_eq!(alive(&house, &agent).await.status, 200);

    let unsigned = Request::builder()
        .method("POST")
        .uri(MISSING)
        .body(Body::from(body.to_vec()))
        .unwrap();
    assert!(house.send(unsigned).await.is(401, "unsigned-request"));

    let sign = |signer: &RequestSigner, at: Timestamp| {
        signer.sign("POST", MISSING, body, at, [7; 16]).unwrap()
    };
    let send = async |header: String, path: &str, body: &[u8]| {
        let request = Request::builder()
            .method("POST")
            .uri(path)
            .header("authorization", header)
            .body(Body::from(body.to_vec()))
            .unwrap();
        house.send(request).await
    };
    let now = house.now();
    let other_body = send(sign(&agent.signer, now), MISSING, br#"{"layers":[ ]}"#).await;
    assert!(other_body.is(401, "request-mismatch"), "{other_body:?}");
    let other_path = send(sign(&agent.signer, now), &format!("{MISSING}?x"), body).await;
    assert!(other_path.is(401, "request-mismatch"), "{other_path:?}");
    let impostor = RequestSigner::new(agent.reply.agent.clone(), key(9));
    assert!(
        send(sign(&impostor, now), MISSING, body)
            .await
            .is(401, "bad-signature")
    );
    let stranger = RequestSigner::new("a-0.default".parse().unwrap(), key(1));
    assert!(
        send(sign(&stranger, now), MISSING, body)
            .await
            .is(401, "agent-unknown")
    );
    for ms in [-91_000, 31_000] {
        let skewed = send(sign(&agent.signer, now.plus_ms(ms)), MISSING, body).await;
        assert!(skewed.is(401, "clock-skew"), "{skewed:?}");
        assert_eq!(
            skewed.headers["bulkhead-time"].to_str().unwrap(),
            now.to_string()
        );
    }
    // None of these used the nonce up; the first good one does.
    let good = sign(&agent.signer, now);
    assert_eq!(send(good.clone(), MISSING, body).await.status, 200);
    assert!(send(good, MISSING, body).await.is(401, "replayed-request"));
}

#[tokio::test]
async fn a_revoked_agent_is_refused_at_once_and_cannot_enrol_its_key_again() {
    let house = House::new().await;
    let admin = house.admin().await;
    let (token, _) = new_token(&house, &admin, json!({"max_uses": 2})).await;
    let enrolled = house.enrol(&token, 4).await;
    let agent = Agent {
        signer: RequestSigner::new(
            serde_json::from_value(enrolled.body["agent"].clone()).unwrap(),
            key(4),
        ),
        reply: serde_json::from_value(enrolled.body).unwrap(),
    };
    assert_eq!(alive(&house, &agent).await.status, 200);
    let path = format!("/api/v1/agents/{}", agent.reply.agent);
    assert_eq!(
        house
            .ask(Method::DELETE, &path, Some(&admin), None)
            .await
            .status,
        204
    );
    assert!(alive(&house, &agent).await.is(403, "agent-revoked"));
    assert!(house.enrol(&token, 4).await.is(403, "agent-revoked"));
}

#[tokio::test]
async fn the_bundle_is_signed_by_the_pinned_key_and_sent_once() {
    let house = House::new().await;
    let agent = house.agent(1).await;
    let first = agent
        .call(&house, "GET", "/agent/v1/bundle", &Value::Null)
        .await;
    assert_eq!(first.status, 200, "{first:?}");
    let signed: SignedBundle = serde_json::from_value(first.body).unwrap();
    let pinned = access::PublicKey::from_base64url(&agent.reply.bundle_key).unwrap();
    let bundle = access::bundle::verify_bundle(&signed, &pinned, &agent.reply.tenant, 0).unwrap();
    assert_eq!(bundle.version, 1);
    let mut request = agent.request(&house, "GET", "/agent/v1/bundle", b"");
    request
        .headers_mut()
        .insert("if-none-match", first.headers["etag"].clone());
    let again = house.send(request).await;
    assert_eq!(again.status, 304);
    assert_eq!(again.headers["etag"], first.headers["etag"]);
}

#[tokio::test]
async fn the_time_is_told_to_anyone() {
    let house = House::new().await;
    let answer = house.ask(Method::GET, "/agent/v1/time", None, None).await;
    assert_eq!(answer.body["server_time"], json!(house.now()));
}

#[tokio::test]
async fn a_heartbeat_is_one_read_and_one_write() {
    let house = House::new().await;
    let agent = house.agent(1).await;
    let meter = Arc::new(Meter::looking());
    let (_, router) = api::open(metered(house.platform.clone(), Arc::clone(&meter)))
        .await
        .unwrap();
    let known = agent.call(&house, "GET", "/agent/v1/bundle", &Value::Null);
    let etag = known.await.headers["etag"].clone();
    let mut seen = Vec::new();
    for _ in 0..3 {
        house.clock.advance_ms(15 * 60_000);
        let before = meter.snapshot();
        let mut request = agent.request(&house, "GET", "/agent/v1/bundle", &[]);
        request.headers_mut().insert("if-none-match", etag.clone());
        let answer = router.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), 304);
        let asked = meter.snapshot().since(&before);
        let table = asked.port(Port::Table);
        assert_eq!((table.read_half_units, table.write_units), (2, 1));
        for port in [Port::Blobs, Port::Queue, Port::Keys] {
            assert_eq!(asked.port(port), Count::default());
        }
        let tenant = "default".parse().unwrap();
        let identity = records::identity::Identity::new(house.platform.clone());
        let known = identity.agent(&tenant, &agent.reply.agent).await.unwrap();
        seen.push(known.unwrap().last_seen_at);
    }
    assert!(seen.is_sorted() && seen[0] < seen[2], "{seen:?}");
    assert_eq!(seen[2], house.now());
}
