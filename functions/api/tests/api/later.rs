//! A later agent than this gateway: what it says beyond what is known here is kept as it was said.

use serde_json::{Value, json};

use crate::house::{Agent, House};

/// What is stored below a prefix of the tenant's, unfolded.
async fn stored(house: &House, below: &str) -> Vec<Value> {
    let prefix = format!("t/default/{below}/");
    let page = house.platform.blobs.list(&prefix, 100, None).await.unwrap();
    let mut found = Vec::new();
    for blob in page.blobs {
        let blob = house.platform.blobs.get(&blob.path).await.unwrap();
        let bytes = blob.body.collect(1 << 20).await.unwrap();
        let json = zstd::decode_all(bytes.as_ref()).unwrap();
        found.push(serde_json::from_slice(&json).unwrap());
    }
    found
}

/// The inventory of a host with words that no version of today knows, wherever there is a word.
fn later_host(agent: &Agent) -> Value {
    json!({"subject": "host", "inventory": {
        "version": 1,
        "target": {"kind": "hypervisor", "name": "h", "rack": 7},
        "os": {"family": "plan9", "id": "plan9", "version_id": "5", "installation": "garden", "colour": "red"},
        "packages": [
            {"name": "a", "version": "1", "kind": "crystal_shards", "purl": "pkg:shards/a@1", "path": "shard.lock",
             "origin": "dreamt", "weight_g": 3},
            {"name": "zlib1g", "version": "1:1.2.13.dfsg-1", "kind": "deb",
             "purl": "pkg:deb/debian/zlib1g@1:1.2.13.dfsg-1?distro=debian-12", "path": "var/lib/dpkg/status"},
        ],
        "host": {"id": agent.reply.host, "name": "h", "declared_exposure": "orbit", "listening": [
            {"protocol": "quic", "address": "::", "port": 443, "alpn": ["h3"]}
        ]},
        "coverage": {"status": "guessed", "gaps": [{"reason": "moonlight", "detail": "of a later version"}]},
    }})
}

#[tokio::test]
async fn words_that_are_not_known_here_are_accepted_and_kept_as_they_were_said() {
    let house = House::new().await;
    let agent = house.agent(1).await;
    let containers = json!({"subject": "containers", "snapshot": {
        "host": agent.reply.host, "complete": true, "containers": [{
            "id": "c", "name": "c", "image": format!("sha256:{}", "ab".repeat(32)), "running": true,
            "workload": {"form": "constellation", "star": "vega"}, "isolation": "glass",
            "mounts": [{"kind": "tape", "source": "a", "target": "b", "reels": 2}],
        }],
    }});
    let mut sent = vec![
        agent.envelope(&house, "boot", 1, "inventory", later_host(&agent)),
        agent.envelope(&house, "boot", 2, "inventory", containers),
        agent.envelope(
            &house,
            "boot",
            3,
            "inventory",
            json!({"subject": "cluster", "pods": [{"x": 1}]}),
        ),
        agent.envelope(
            &house,
            "boot",
            4,
            "moonlight",
            json!([1, {"of": "a later version"}]),
        ),
    ];
    sent[3]["sealed"] = json!({"by": "a later agent"});
    let answer = agent.post(&house, sent.clone()).await;
    let receipts = answer.body["receipts"].as_array().unwrap();
    assert!(
        receipts
            .iter()
            .all(|receipt| receipt["status"] == "accepted"),
        "{answer:?}"
    );
    assert!(
        receipts[0]["ignored_fields"].as_u64() >= Some(4),
        "{answer:?}"
    );
    assert_eq!(stored(&house, "envelopes").await, sent);
}

#[tokio::test]
async fn what_is_of_a_later_form_stays_the_agent_s_and_is_taken_by_no_half() {
    let house = House::new().await;
    let agent = house.agent(1).await;
    // A later form may differ in everything but the version.
    let later = json!({"version": 2, "who": agent.reply.agent, "run": {"id": "boot", "at": 7}, "parts": [1, 2]});
    let mut inventory = later_host(&agent);
    inventory["inventory"] = json!({"version": 2, "sections": []});
    let sent = vec![
        later,
        agent.envelope(&house, "boot", 2, "inventory", inventory),
        agent.envelope(&house, "boot", 3, "inventory", agent.host_body()),
    ];
    let answer = agent.post(&house, sent.clone()).await;
    let of = |n: usize| answer.body["receipts"][n]["status"].clone();
    assert_eq!(
        [of(0), of(1)],
        ["unsupported_version", "unsupported_version"]
    );
    assert_eq!(of(2), "accepted", "{answer:?}");
    assert_eq!(stored(&house, "envelopes").await, sent[2..]);
}

#[tokio::test]
async fn a_layer_s_evidence_that_is_not_known_here_is_there_for_a_version_that_knows_it() {
    let house = House::new().await;
    let agent = house.agent(1).await;
    let id = format!("sha256:{}", "cd".repeat(32));
    let layer = json!({
        "version": 1, "diff_id": id, "generation": 1000, "size_bytes": 10, "entries": 1, "compressed_with": "ice",
        "reader": {"kind": "backend", "read_at": "2020-01-01T00:00:00Z", "software": "forged"},
        "evidence": [
            {"type": "holograms", "path": "opt/h", "frames": [1, 2, 3]},
            {"type": "packages", "path": "p", "analyzer": "shards", "packages": [
                {"name": "a", "version": "1", "kind": "crystal_shards", "purl": "pkg:shards/a@1", "path": "p", "weight_g": 3}
            ]},
        ],
    });
    let path = format!("/agent/v1/layers/{id}");
    let put = agent.call(&house, "PUT", &path, &layer).await;
    assert_eq!(put.status, 204, "{put:?}");
    // An agent sends a layer once: it is not asked for it again by this version, nor by a later one.
    let asked = json!({"layers": [id], "generation": 1000});
    let missing = agent
        .call(&house, "POST", "/agent/v1/layers/missing", &asked)
        .await;
    assert_eq!(missing.body["missing"], json!([]));
    let [kept] = &stored(&house, "layers").await[..] else {
        panic!("one document is kept");
    };
    assert_eq!(
        kept["reader"]["kind"], "agent",
        "who read it is not the sender's to say"
    );
    let mut expected = layer;
    expected["reader"] = kept["reader"].clone();
    assert_eq!(*kept, expected);
}
