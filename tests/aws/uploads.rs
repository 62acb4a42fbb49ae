//! What comes by ticket past the API, and agents whose clock is wrong.

use std::sync::Arc;

use access::{AgentKey, request_token::RequestSigner, sha256};
use agent_host::{
    clock::Clock,
    uplink::{Uplink, client, server_address},
};
use bulkhead_tests::by_hand::{ByHand, Said};
use reqwest::Method;
use schemas::Digest;
use secrecy::SecretBox;
use serde_json::{Value, json};

use crate::{nothing_given_up, settled, site};

const TEN_MINUTES_MS: i64 = 600_000;

/// Sends a request whose body was uploaded, or not, under this name.
fn by_upload(agent: &ByHand, method: Method, path: &str, ticket: &Value) -> Said {
    let upload = ticket["upload"].as_str().unwrap();
    let named = [("bulkhead-upload", upload)];
    agent.call(method, path, &named, Vec::new()).unwrap()
}

fn ticket(agent: &ByHand, size_bytes: usize, content: &[u8]) -> Value {
    let digest = Digest::from_sha256(&sha256(content));
    let ticket = agent.ticket(size_bytes, &digest).unwrap();
    assert_eq!(ticket.status, 200, "{ticket:?}");
    ticket.body
}

#[test]
fn an_upload_that_is_not_what_its_ticket_says_changes_nothing() {
    let Some(site) = site() else {
        return;
    };
    let agent = site.enrol_by_hand(1).unwrap();
    let (layer, document) = ByHand::layer("web", &[("bash", "5.2.15-2")]);
    let content = document.to_string().into_bytes();
    let path = format!("/agent/v1/layers/{layer}");
    let missing = || {
        let asked = json!({"layers": [layer]});
        agent.post("/agent/v1/layers/missing", &asked).unwrap().body["missing"].clone()
    };

    let mut larger = content.clone();
    larger.extend_from_slice(&[b' '; 1000]);
    let mut other = content.clone();
    other[10] ^= 1;
    for (what, uploaded) in [
        ("larger than declared", Some(larger)),
        ("other bytes than declared", Some(other)),
        ("cut off", Some(content[..100].to_vec())),
        ("never sent", None),
    ] {
        let ticket = ticket(&agent, content.len(), &content);
        if let Some(bytes) = uploaded {
            // A store refuses it at once; one that does not is not believed.
            agent.upload(&ticket, bytes).unwrap();
        }
        let said = by_upload(&agent, Method::PUT, &path, &ticket);
        assert!(said.is(400, "bad-request"), "{what}: {said:?}");
        let detail = said.body["detail"].as_str().unwrap();
        assert!(detail.contains("new ticket"), "{what}: {detail}");
        assert_eq!(missing(), json!([layer]), "{what}");
    }

    // The same of envelopes: those of an upload that never came are not the gateway's.
    let image = agent.envelope("inventory", ByHand::image("shop/web:1", &layer));
    let batch = json!({"envelopes": [image.unwrap()]})
        .to_string()
        .into_bytes();
    let envelopes = "/agent/v1/envelopes";
    let never = ticket(&agent, batch.len(), &batch);
    let said = by_upload(&agent, Method::POST, envelopes, &never);
    assert!(said.is(400, "bad-request"), "{said:?}");
    settled(&site);
    assert_eq!(site.api.get("/api/v1/images").unwrap()["total"], 0);

    let digest = Digest::from_sha256(&sha256(b"much"));
    let said = agent.ticket(1 << 30, &digest).unwrap();
    assert!(said.is(413, "too-large"), "{said:?}");

    // What is as its ticket says is taken, once, and from whom it was given to only.
    let stranger = site.enrol_by_hand(2).unwrap();
    for (method, path, content) in [
        (Method::PUT, path.as_str(), content),
        (Method::POST, envelopes, batch),
    ] {
        let ticket = ticket(&agent, content.len(), &content);
        let uploaded = agent.upload(&ticket, content).unwrap();
        assert!(matches!(uploaded.status, 200 | 204), "{uploaded:?}");
        let said = by_upload(&stranger, method.clone(), path, &ticket);
        assert!(said.is(400, "bad-request"), "{said:?}");
        let said = by_upload(&agent, method.clone(), path, &ticket);
        assert!(matches!(said.status, 200 | 204), "{said:?}");
        let said = by_upload(&agent, method, path, &ticket);
        assert!(said.is(400, "bad-request"), "{said:?}");
    }
    let found = site.api.wait_for("/api/v1/images", |images| {
        images["images"][0]["standing"]["counts"]["total"].as_u64() > Some(0)
    });
    assert_eq!(found.unwrap()["total"], 1);
    settled(&site);
    nothing_given_up(&site);
}

/// What is seen ten minutes early or late by an agent's clock.
#[test]
fn a_clock_that_is_off_by_ten_minutes_is_told_so_and_corrects_itself() {
    let Some(site) = site() else {
        return;
    };
    let url = site.url().unwrap();
    let mut by_hand = site.enrol_by_hand(1).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for ahead_ms in [TEN_MINUTES_MS, -TEN_MINUTES_MS] {
        by_hand.ahead_ms = ahead_ms;
        let asked = json!({"layers": []});
        let said = by_hand.post("/agent/v1/layers/missing", &asked).unwrap();
        assert!(said.is(401, "clock-skew"), "{said:?}");
        let detail = said.body["detail"].as_str().unwrap();
        assert!(detail.contains("bulkhead-time"), "{detail}");
        let server_ms = said.server_time.unwrap().as_ms();
        by_hand.ahead_ms = server_ms - Clock::local().as_ms();
        let said = by_hand.post("/agent/v1/layers/missing", &asked).unwrap();
        assert_eq!(said.status, 200, "{said:?}");

        // The agent does so by itself, within the request.
        let key = AgentKey::from_seed(SecretBox::new(Box::new([1; 32])));
        let clock = Arc::new(Clock::default());
        let now = Clock::local();
        assert!(clock.follow(now.plus_ms(ahead_ms), now, now));
        let uplink = Uplink::new(
            client(None).unwrap(),
            server_address(&url, false).unwrap(),
            RequestSigner::new(by_hand.id.parse().unwrap(), key),
            clock,
        );
        let layer = Digest::from_sha256(&[9; 32]);
        let asked = [layer.clone()];
        let missing = runtime.block_on(uplink.missing_layers(&asked)).unwrap();
        assert_eq!(missing, [layer]);
        let off_ms = uplink.clock().offset_ms().abs();
        assert!(off_ms < TEN_MINUTES_MS / 2, "still off by {off_ms} ms");
    }

    // What was observed in the future would outlast all that is observed in between.
    by_hand.ahead_ms = TEN_MINUTES_MS;
    let ahead = by_hand.envelope("facts", json!({})).unwrap();
    by_hand.ahead_ms = -TEN_MINUTES_MS;
    let behind = by_hand.envelope("facts", json!({})).unwrap();
    by_hand.ahead_ms = 0;
    let batch = json!({"envelopes": [ahead, behind]});
    let said = by_hand.post("/agent/v1/envelopes", &batch).unwrap();
    let receipts = &said.body["receipts"];
    assert_eq!(receipts[0]["status"], "refused", "{said:?}");
    assert!(
        receipts[0]["detail"]
            .as_str()
            .unwrap()
            .contains("bulkhead-time")
    );
    assert_eq!(receipts[1]["status"], "accepted", "{said:?}");
    settled(&site);
    nothing_given_up(&site);
}
