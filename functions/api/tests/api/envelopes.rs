//! What agents send: envelopes, layers, uploads.

use axum::{body::Body, http::Request};
use platform::{EmbeddedOptions, Receive};
use serde_json::{Value, json};

use crate::house::{Agent, Answer, House};

fn statuses(answer: &Answer) -> Vec<&str> {
    let receipts = answer.body["receipts"]
        .as_array()
        .unwrap_or_else(|| panic!("{answer:?}"));
    receipts
        .iter()
        .map(|receipt| receipt["status"].as_str().unwrap())
        .collect()
}

async fn waiting(house: &House, queue: &str) -> usize {
    let received = house
        .platform
        .queue
        .receive(queue, Receive::default())
        .await
        .unwrap();
    received.len()
}

#[tokio::test]
async fn each_envelope_has_its_receipt_and_is_announced_to_ingest() {
    let house = House::new().await;
    let agent = house.agent(1).await;
    let mut unknown_field = agent.envelope(&house, "boot", 2, "inventory", agent.host_body());
    unknown_field["colour"] = json!("red");
    unknown_field["body"]["inventory"]["shape"] = json!({"edges": 3});
    let later = {
        let mut later = agent.envelope(&house, "boot", 3, "inventory", json!({}));
        later["version"] = json!(2);
        later
    };
    let later_inventory = {
        let mut body = agent.host_body();
        body["inventory"]["version"] = json!(9);
        agent.envelope(&house, "boot", 4, "inventory", body)
    };
    let foreign = {
        let mut foreign = agent.envelope(&house, "boot", 5, "inventory", agent.host_body());
        foreign["agent"] = json!("a-1.other");
        foreign
    };
    let other_host = {
        let mut body = agent.host_body();
        body["inventory"]["host"]["id"] = json!("h-somebody-else");
        agent.envelope(&house, "boot", 6, "inventory", body)
    };
    let sent = vec![
        agent.envelope(&house, "boot", 1, "inventory", agent.host_body()),
        unknown_field,
        later,
        later_inventory,
        foreign,
        other_host,
        agent.envelope(&house, "../../x", 7, "activity", json!({})),
        agent.envelope(&house, "boot", 0, "activity", json!({})),
        json!("not an envelope"),
        agent.envelope(&house, "boot", 8, "activity", json!({"anything": [1, 2]})),
        agent.envelope(
            &house,
            "boot",
            9,
            "moonlight",
            json!({"of": "a later version"}),
        ),
        agent.envelope(
            &house,
            "boot",
            10,
            "inventory",
            json!({"subject": "cluster", "x": 1}),
        ),
    ];
    let answer = agent.post(&house, sent.clone()).await;
    assert_eq!(
        statuses(&answer),
        [
            "accepted",
            "accepted",
            "unsupported_version",
            "unsupported_version",
            "refused",
            "refused",
            "refused",
            "refused",
            "refused",
            "accepted",
            "accepted",
            "accepted"
        ]
    );
    assert_eq!(answer.body["receipts"][0]["ignored_fields"], 0);
    assert_eq!(answer.body["receipts"][1]["ignored_fields"], 2);
    assert_eq!(waiting(&house, "ingest").await, 5);

    let again = agent.post(&house, vec![sent[0].clone()]).await;
    assert_eq!(statuses(&again), ["duplicate"]);
}

#[tokio::test]
async fn a_replayed_batch_has_no_second_effect() {
    let house = House::new().await;
    let agent = house.agent(1).await;
    let body = serde_json::to_vec(
        &json!({"envelopes": [agent.envelope(&house, "boot", 1, "flows", json!({}))]}),
    )
    .unwrap();
    let request = agent.request(&house, "POST", "/agent/v1/envelopes", &body);
    let authorization = request.headers()["authorization"].clone();
    assert_eq!(house.send(request).await.status, 200);
    assert_eq!(waiting(&house, "ingest").await, 1);
    let replay = Request::builder()
        .method("POST")
        .uri("/agent/v1/envelopes")
        .header("authorization", authorization)
        .body(Body::from(body))
        .unwrap();
    assert!(house.send(replay).await.is(401, "replayed-request"));
    assert_eq!(waiting(&house, "ingest").await, 0);
}

#[tokio::test]
async fn observations_of_the_future_are_refused() {
    let house = House::new().await;
    let agent = house.agent(1).await;
    let mut envelope = agent.envelope(&house, "boot", 1, "facts", json!({}));
    envelope["observed_at"] = json!("2999-01-01T00:00:00Z");
    assert_eq!(
        statuses(&agent.post(&house, vec![envelope]).await),
        ["refused"]
    );
}

#[tokio::test]
async fn a_copied_key_raises_one_alert_and_a_restart_none() {
    let house = House::new().await;
    let admin = house.admin().await;
    let agent = house.agent(1).await;
    let mut seq = 0;
    let mut observe = async |boot: &str| {
        house.clock.advance_ms(1000);
        seq += 1;
        let envelope = agent.envelope(&house, boot, seq, "facts", json!({}));
        assert_eq!(
            statuses(&agent.post(&house, vec![envelope]).await),
            ["accepted"]
        );
    };
    observe("boot-a").await;
    observe("boot-b").await;
    let alerts = house.get("/api/v1/alerts", &admin).await;
    assert_eq!(alerts.body["alerts"], json!([]));
    for boot in ["boot-a", "boot-b", "boot-a", "boot-b"] {
        observe(boot).await;
    }
    let alerts = house.get("/api/v1/alerts", &admin).await;
    assert_eq!(
        alerts.body["alerts"].as_array().unwrap().len(),
        1,
        "{alerts:?}"
    );
    assert_eq!(alerts.body["alerts"][0]["kind"], "agent-key-copied");
    assert_eq!(alerts.body["alerts"][0]["host"], json!(agent.reply.host));
}

#[tokio::test]
async fn compressed_bodies_are_signed_as_sent_and_bounded_as_unfolded() {
    let house = House::new().await;
    let agent = house.agent(1).await;
    let send = async |content: &[u8], encoding: &'static str| {
        let mut request = agent.request(&house, "POST", "/agent/v1/envelopes", content);
        request
            .headers_mut()
            .insert("content-encoding", encoding.parse().unwrap());
        house.send(request).await
    };
    let batch =
        json!({"envelopes": [agent.envelope(&house, "boot", 1, "facts", json!({}))]}).to_string();
    let small = zstd::bulk::compress(batch.as_bytes(), 3).unwrap();
    assert_eq!(statuses(&send(&small, "zstd").await), ["accepted"]);
    assert!(send(&small, "br").await.is(415, "unsupported-media"));
    assert!(
        send(&small[..small.len() / 2], "zstd")
            .await
            .is(400, "bad-request")
    );
    let bomb = zstd::bulk::compress(&vec![b' '; api::MAX_UNFOLDED_BYTES + 1], 1).unwrap();
    assert!(send(&bomb, "zstd").await.is(413, "too-large"));
    assert!(
        send(&vec![b' '; api::MAX_BODY_BYTES + 1], "identity")
            .await
            .is(413, "too-large")
    );
    let many: Vec<Value> = (1..=101)
        .map(|seq| agent.envelope(&house, "boot", seq, "facts", json!({})))
        .collect();
    assert!(agent.post(&house, many).await.is(400, "bad-request"));
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(
        send(deep.as_bytes(), "identity")
            .await
            .is(400, "bad-request")
    );
}

fn layer(n: u8) -> (String, Value) {
    let id = format!("sha256:{}", format!("{n:02x}").repeat(32));
    let body = json!({"version": 1, "diff_id": id, "size_bytes": 10, "entries": 1});
    (id, body)
}

async fn missing(house: &House, agent: &Agent, ids: &[&str]) -> Value {
    let answer = agent
        .call(
            house,
            "POST",
            "/agent/v1/layers/missing",
            &json!({"layers": ids}),
        )
        .await;
    answer.body["missing"].clone()
}

#[tokio::test]
async fn a_layer_is_wanted_once_per_tenant() {
    let house = House::new().await;
    let (one, two) = (house.agent(1).await, house.agent(2).await);
    let (a, body) = layer(0xaa);
    let (b, _) = layer(0xbb);
    assert_eq!(missing(&house, &one, &[&a, &b]).await, json!([a, b]));
    let put = one
        .call(&house, "PUT", &format!("/agent/v1/layers/{a}"), &body)
        .await;
    assert_eq!(put.status, 204, "{put:?}");
    assert_eq!(missing(&house, &two, &[&a, &b]).await, json!([b]));

    // An agent that finds more in the same bytes may say so.
    let newer = json!({"layers": [a], "generation": 2});
    let lacked = async || {
        let path = "/agent/v1/layers/missing";
        let answer = two.call(&house, "POST", path, &newer).await;
        answer.body["missing"].clone()
    };
    assert_eq!(lacked().await, json!([a]));
    let mut read_again = body.clone();
    read_again["generation"] = json!(2);
    let put = two
        .call(&house, "PUT", &format!("/agent/v1/layers/{a}"), &read_again)
        .await;
    assert_eq!(put.status, 204, "{put:?}");
    assert_eq!(lacked().await, json!([]));

    let mismatch = one
        .call(&house, "PUT", &format!("/agent/v1/layers/{b}"), &body)
        .await;
    assert!(mismatch.is(400, "bad-request"), "{mismatch:?}");
    let mut later = body.clone();
    later["version"] = json!(2);
    let later = one
        .call(&house, "PUT", &format!("/agent/v1/layers/{a}"), &later)
        .await;
    assert!(later.is(422, "unsupported-version"), "{later:?}");
    let nonsense = one
        .call(&house, "PUT", "/agent/v1/layers/sha256:x", &body)
        .await;
    assert!(nonsense.is(404, "not-found"), "{nonsense:?}");
}

#[tokio::test]
async fn a_large_layer_goes_by_ticket_and_only_its_own_agent_can_use_it() {
    let house = House::new().await;
    let (one, two) = (house.agent(1).await, house.agent(2).await);
    let (id, mut body) = layer(0xcc);
    body["whiteouts"] = json!(vec!["x".repeat(1000); 5000]);
    let content = serde_json::to_vec(&body).unwrap();
    assert!(content.len() > api::MAX_BODY_BYTES);
    let digest = schemas::Digest::from_sha256(&access::sha256(&content));
    let request = json!({"size_bytes": content.len(), "digest": digest});
    let ticket = one
        .call(&house, "POST", "/agent/v1/uploads", &request)
        .await;
    assert_eq!(ticket.status, 200, "{ticket:?}");
    let url = ticket.body["url"].as_str().unwrap().to_owned();
    let upload = ticket.body["upload"].as_str().unwrap().to_owned();
    let put = async |content: Vec<u8>| {
        house
            .send(
                Request::builder()
                    .method("PUT")
                    .uri(&url)
                    .body(Body::from(content))
                    .unwrap(),
            )
            .await
    };
    let mut other = content.clone();
    other[0] ^= 1;
    assert!(put(other).await.is(400, "bad-request"));
    assert!(put(vec![0; 10]).await.is(400, "bad-request"));
    assert_eq!(put(content.clone()).await.status, 204);
    assert!(put(content).await.is(409, "conflict"));

    let path = format!("/agent/v1/layers/{id}");
    let by_upload = async |agent: &Agent, body: &[u8]| {
        let mut request = agent.request(&house, "PUT", &path, body);
        request
            .headers_mut()
            .insert("bulkhead-upload", upload.parse().unwrap());
        house.send(request).await
    };
    assert!(by_upload(&two, b"").await.is(400, "bad-request"));
    assert!(by_upload(&one, b"x").await.is(400, "bad-request"));
    assert_eq!(by_upload(&one, b"").await.status, 204);
    assert_eq!(missing(&house, &two, &[&id]).await, json!([]));
    // It is forgotten once it was used.
    assert!(by_upload(&one, b"").await.is(400, "bad-request"));

    let huge = json!({"size_bytes": api::MAX_UPLOAD_BYTES + 1, "digest": digest});
    assert!(
        one.call(&house, "POST", "/agent/v1/uploads", &huge)
            .await
            .is(413, "too-large")
    );
    house.clock.advance_ms(16 * 60_000);
    assert!(
        house
            .send(
                Request::builder()
                    .method("PUT")
                    .uri(&url)
                    .body(Body::empty())
                    .unwrap()
            )
            .await
            .is(404, "not-found")
    );
    let forged = format!("{}0", &url[..url.len() - 1]);
    let forged = house
        .send(
            Request::builder()
                .method("PUT")
                .uri(forged)
                .body(Body::empty())
                .unwrap(),
        )
        .await;
    assert!(forged.is(404, "not-found"), "{forged:?}");
}

#[tokio::test]
async fn an_upload_that_its_store_let_through_is_checked_before_it_is_used() {
    let house = House::new().await;
    let agent = house.agent(1).await;
    let (id, body) = layer(0xdd);
    let content = serde_json::to_vec(&body).unwrap();
    let digest = schemas::Digest::from_sha256(&access::sha256(&content));
    let path = format!("/agent/v1/layers/{id}");
    let declared = content.len();
    let put = async |uploaded: &[u8]| {
        let wish = json!({"size_bytes": declared, "digest": digest});
        let ticket = agent.call(&house, "POST", "/agent/v1/uploads", &wish).await;
        let upload = ticket.body["upload"].as_str().unwrap().to_owned();
        let stored = format!("t/default/uploads/{}/{upload}", agent.reply.agent);
        let stored = stored.parse().unwrap();
        let bytes = platform::Body::from(uploaded.to_vec());
        let blobs = &house.platform.blobs;
        blobs.put(&stored, bytes, Default::default()).await.unwrap();
        let mut request = agent.request(&house, "PUT", &path, b"");
        let headers = request.headers_mut();
        headers.insert("bulkhead-upload", upload.parse().unwrap());
        house.send(request).await
    };
    let mut other = content.clone();
    other.extend_from_slice(b" ");
    for wrong in [&other[..], b"", &content[1..]] {
        let refused = put(wrong).await;
        assert!(refused.is(400, "bad-request"), "{refused:?}");
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(detail.contains("digest"), "{detail}");
        assert_eq!(missing(&house, &agent, &[&id]).await, json!([id]));
    }
    assert_eq!(put(&content).await.status, 204);
    assert_eq!(missing(&house, &agent, &[&id]).await, json!([]));
}

#[tokio::test]
async fn a_full_store_says_so_and_acknowledges_nothing() {
    let house = House::with(EmbeddedOptions {
        max_database_bytes: Some(256 * 1024),
    })
    .await;
    let agent = house.agent(1).await;
    let body = json!({"filler": "x".repeat(100)});
    let mut seq = 0;
    let refused = loop {
        let envelopes = (1..=100)
            .map(|n| agent.envelope(&house, "boot", seq + n, "activity", body.clone()))
            .collect();
        seq += 100;
        assert!(seq < 100_000, "the store never fills up");
        let answer = agent.post(&house, envelopes).await;
        if answer.status != 200 {
            break answer;
        }
        assert!(statuses(&answer).iter().all(|status| *status == "accepted"));
    };
    assert!(refused.is(507, "full"), "{refused:?}");
    assert!(refused.headers.contains_key("retry-after"));
    // What can be read can still be read.
    let ready = house
        .ask(axum::http::Method::GET, "/readyz", None, None)
        .await;
    assert_eq!(ready.status, 200, "{ready:?}");
}
