//! Messages that cannot be handled are kept apart, with the reason, and can be replayed.

use platform::{Message, Which};
use records::Envelopes;
use schemas::Timestamp;
use serde_json::json;

use crate::support::{World, host, tracker};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poison_message_ends_in_dead_letters_and_its_neighbours_do_not() {
    let world = World::clear().await;
    let agent = world.agent("a").await;
    world
        .send_raw(&agent, 1, json!({"subject": "host", "inventory": 7}))
        .await;
    // Another host's inventory is not this agent's to tell.
    world.send(&agent, 2, &host("b", &[], &[])).await;
    world
        .send(&agent, 3, &host("a", &[("curl", "1")], &[]))
        .await;
    let nonsense = Message::new("acme/nonsense", "{\"type\":\"place\",\"nonsense\":1}");
    let failed = world
        .platform
        .queue
        .send("scan", vec![nonsense])
        .await
        .unwrap();
    assert!(failed.is_empty());
    world.settle().await;

    let mut dead = world.dead().await;
    dead.sort();
    let reasons: Vec<_> = dead
        .iter()
        .map(|(queue, why)| (queue.as_str(), why.as_str()))
        .collect();
    let [(q1, foreign), (q2, malformed), (q3, lacking)] = reasons[..] else {
        panic!("{reasons:?}");
    };
    assert_eq!((q1, q2, q3), ("ingest", "ingest", "scan"));
    assert!(foreign.contains("its own host"), "{foreign}");
    assert!(
        malformed.contains("inventory is not of its form"),
        "{malformed}"
    );
    assert!(lacking.contains("missing field"), "{lacking}");
    assert!(world.place("host/a").await.is_some());
    assert!(world.place("host/b").await.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_letter_is_replayed_once_its_cause_is_gone() {
    let world = World::clear().await;
    world.document("tracker.json", tracker(&[("curl", "CVE-2026-0002", "8")]));
    world.refresh().await;
    let agent = world.agent("a").await;
    // A message whose envelope is not there (yet).
    let absent = records::messages::IngestMessage::Envelope {
        tenant: world.tenant.clone(),
        agent: agent.clone(),
        boot_id: "boot-1".to_owned(),
        seq: 1,
    };
    records::messages::send(&world.platform, &[absent])
        .await
        .unwrap();
    world.settle().await;
    let dead = world.dead().await;
    assert_eq!(dead.len(), 1, "{dead:?}");
    assert!(
        dead.iter().all(|(_, why)| why.contains("not there")),
        "{dead:?}"
    );

    world
        .send(&agent, 1, &host("a", &[("curl", "7")], &[]))
        .await;
    let replayed = world
        .platform
        .queue
        .redrive("ingest", Which::All)
        .await
        .unwrap();
    assert_eq!(replayed, 1);
    world.settle().await;
    assert_eq!(world.dead().await, []);
    assert_eq!(world.found("host/a").await, ["CVE-2026-0002"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kinds_that_are_not_judged_yet_are_kept_as_they_came() {
    let world = World::clear().await;
    let agent = world.agent("a").await;
    let name = records::EnvelopeName {
        agent: agent.clone(),
        boot_id: "boot-1".to_owned(),
        seq: 9,
    };
    let body = json!({"anything": ["at", "all"]});
    let envelope = json!({"version": 1, "agent": agent, "boot_id": "boot-1", "seq": 9,
        "observed_at": Timestamp::from_ms(0), "kind": "flows", "body": body});
    let json = serde_json::to_vec(&envelope).unwrap();
    Envelopes(&world.platform)
        .accept(&world.tenant, vec![(name.clone(), json)])
        .await
        .unwrap();
    world.settle().await;
    assert_eq!(world.dead().await, []);
    let kept = Envelopes(&world.platform)
        .get(&world.tenant, &name)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(kept.envelope.body, body);
}
