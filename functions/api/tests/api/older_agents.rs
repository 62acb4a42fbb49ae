//! What agents of every version sent is understood, as it is kept in `tests/fixtures/agents`.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use access::{
    enrolment::prove,
    request_token::{Arrived, RequestSigner, verify_request},
};
use axum::{body::Body, http::Request};
use serde_json::{Value, json};

use crate::house::{Answer, House, key};

fn versions() -> Vec<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/agents");
    let entries = fs::read_dir(root).unwrap().flatten();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    folders.retain(|path| path.is_dir());
    assert!(!folders.is_empty());
    folders
}

/// An agent of another version, with what its requests are filled in with.
struct Older<'a> {
    house: &'a House,
    folder: &'a Path,
    signer: Option<RequestSigner>,
    filled: BTreeMap<&'static str, String>,
}

impl Older<'_> {
    /// Sends a request as it was recorded, with what is of this run filled in.
    async fn send(&self, name: &str) -> Answer {
        let path = self.folder.join(name);
        let mut text = fs::read_to_string(&path).unwrap();
        for (stand_in, value) in &self.filled {
            text = text.replace(&format!("{{{stand_in}}}"), value);
        }
        let recorded: Value = serde_json::from_str(&text).unwrap();
        let (method, path) = (
            recorded["method"].as_str().unwrap(),
            recorded["path"].as_str().unwrap(),
        );
        let mut body = match &recorded["body"] {
            Value::Null => Vec::new(),
            body => body.to_string().into_bytes(),
        };
        let headers = recorded["headers"].as_object().unwrap();
        if headers.contains_key("content-encoding") && !body.is_empty() {
            body = zstd::bulk::compress(&body, 3).unwrap();
        }
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            if name != "authorization" {
                request = request.header(name, value.as_str().unwrap());
            }
        }
        if let Some(signer) = &self.signer {
            let mut nonce = [0; 16];
            self.house.platform.keys.random(&mut nonce).unwrap();
            let now = self.house.now();
            let signed = signer.sign(method, path, &body, now, nonce).unwrap();
            let (scheme, _) = signed.split_once(' ').unwrap();
            assert_eq!(headers["authorization"], format!("{scheme} {{token}}"));
            request = request.header("authorization", signed);
        }
        self.house
            .send(request.body(Body::from(body)).unwrap())
            .await
    }
}

#[tokio::test]
async fn agents_of_every_version_are_understood() {
    for folder in versions() {
        let house = House::new().await;
        let admin = house.admin().await;
        let token = house.enrolment_token.clone();
        let mut agent = Older {
            house: &house,
            folder: &folder,
            signer: None,
            filled: BTreeMap::from([
                ("enrolment_token", token.clone()),
                ("public_key", key(1).public().to_base64url()),
                ("proof", prove(&token, &key(1))),
                ("machine", "0123456789abcdef".repeat(4)),
                (
                    "trace",
                    format!("00-{}-{}-01", "ab".repeat(16), "cd".repeat(8)),
                ),
                ("boot", "0f".repeat(16)),
                ("digest", format!("sha256:{}", "ef".repeat(32))),
                ("now", house.now().to_string()),
            ]),
        };
        let enrolled = agent.send("1-enrol.json").await;
        assert_eq!(enrolled.status, 200, "{enrolled:?}");
        // What agents of that time had to find in the answer.
        let text = |name: &str| enrolled.body[name].as_str().unwrap().to_owned();
        let id = text("agent");
        assert!(!text("tenant").is_empty() && !text("bundle_key").is_empty());
        agent.filled.insert("agent", id.clone());
        agent.filled.insert("host", text("host"));
        agent.signer = Some(RequestSigner::new(id.parse().unwrap(), key(1)));

        let bundle = agent.send("2-bundle.json").await;
        assert_eq!(bundle.status, 200, "{bundle:?}");
        assert!(bundle.headers.contains_key("etag"));
        assert!(bundle.headers.contains_key("bulkhead-time"));
        assert!(bundle.body["payload"].is_string() && bundle.body["signature"].is_string());

        let missing = agent.send("3-missing-layers.json").await;
        assert_eq!(
            missing.body["missing"].as_array().unwrap().len(),
            1,
            "{missing:?}"
        );
        let layer = agent.send("4-layer.json").await;
        assert_eq!(layer.status, 204, "{layer:?}");
        let missing = agent.send("3-missing-layers.json").await;
        assert_eq!(missing.body["missing"], json!([]));

        let envelopes = agent.send("5-envelopes.json").await;
        let receipts = envelopes.body["receipts"].as_array().unwrap();
        assert_eq!(receipts.len(), 3, "{envelopes:?}");
        for receipt in receipts {
            assert_eq!(receipt["status"], "accepted", "{folder:?}: {receipt}");
            assert_eq!(receipt["ignored_fields"], 0, "{folder:?}: {receipt}");
        }

        // What is too large: a place to put it, and the request that it is the body of.
        let ticket = agent.send("6-upload.json").await;
        assert_eq!(ticket.status, 200, "{ticket:?}");
        let upload = ticket.body["upload"].as_str().unwrap().to_owned();
        assert!(ticket.body["url"].is_string() && ticket.body["expires_at"].is_string());
        for header in ticket.body["headers"].as_array().into_iter().flatten() {
            let name = header["name"].as_str().unwrap();
            assert!(name == "if-none-match" || name.starts_with("x-"), "{name}");
        }
        agent.filled.insert("upload", upload);
        let uploaded = agent.send("7-uploaded-layer.json").await;
        let detail = uploaded.body["detail"].as_str().unwrap_or_default();
        assert!(
            uploaded.is(400, "bad-request") && detail.contains("no such upload"),
            "it is understood, but nothing was uploaded: {uploaded:?}"
        );

        let agents = house.get("/api/v1/agents", &admin).await;
        assert_eq!(agents.body["agents"][0]["id"], json!(id));
    }
}

/// A request that the first version signed, byte for byte: what is signed and how does not change.
#[test]
fn the_form_of_a_signature_stays() {
    let authorization = concat!(
        "Bulkhead-Agent ",
        "eyJ0eXAiOiJidWxraGVhZC1yZXF1ZXN0K2p3dCIsImFsZyI6IkVkRFNBIn0.",
        "eyJpc3MiOiJhLTEiLCJhdWQiOiJidWxraGVhZC1nYXRld2F5IiwiaWF0IjoxODAwMDAwMDAwLCJleHAiOjE4MDAwMD",
        "AwNjAsImp0aSI6IjA5MDkwOTA5MDkwOTA5MDkwOTA5MDkwOTA5MDkwOTA5IiwiaHRtIjoiUE9TVCIsImh0dSI6Ii9h",
        "Z2VudC92MS9lbnZlbG9wZXM_eD0xIiwiYmRnIjoiMjMwZDgzNThkYzhlODg5MGI0YzU4ZGVlYjYyOTEyZWUyZjIwMz",
        "U3YWU5MmE1Y2M4NjFiOThlNjhmZTMxYWNiNSJ9",
        ".CUCe6HTiy2mkjep7j_b8szEQldVgsaz2JgO2jwygTNARjQNsOg1M0F8wBHoIjYj_ObYtqJ6DLaLP5Cww1jliCA",
    );
    let arrived = Arrived {
        method: "POST",
        path: "/agent/v1/envelopes?x=1",
        body_sha256: &access::keys::sha256(b"body"),
        now: schemas::Timestamp::from_ms(1_800_000_000_000),
    };
    let verified = verify_request(authorization, Some(&key(1).public()), &arrived).unwrap();
    assert_eq!(verified.agent.as_str(), "a-1");
    let signer = RequestSigner::new("a-1".parse().unwrap(), key(1));
    let (method, path, now) = (arrived.method, arrived.path, arrived.now);
    let signed = signer.sign(method, path, b"body", now, [9; 16]).unwrap();
    assert_eq!(signed, authorization, "what gateways of before can read");
}
