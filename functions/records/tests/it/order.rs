//! States that arrive in another order than they were observed in, and tenants that never meet.

use estate::PlaceDelta;
use records::{
    Containers, EstateCache, Estates, Images, Layers, PutLayer,
    messages::{QueueMessage as _, ScanMessage},
};
use schemas::{
    AgentId, Digest, HostId, Place, TenantId,
    agent::ImageInventory,
    inventory::{
        ContainersSnapshot, GapReason, ImageFacts, LayerInventory, LayerRef, Reader, ReaderKind,
    },
};
use serde_json::json;

use crate::support::{at, store, tenant};

fn snapshot(host: &HostId, images: &[&Digest]) -> ContainersSnapshot {
    let containers: Vec<_> = images
        .iter()
        .enumerate()
        .map(|(n, image)| {
            json!({"id": format!("c{n}"), "name": format!("c{n}"), "image": image,
                   "workload": {"form": "unknown"}, "running": true})
        })
        .collect();
    let whole = json!({"host": host, "complete": true, "containers": containers});
    serde_json::from_value(whole).unwrap()
}

fn digest(of: &str) -> Digest {
    records::digest(of.as_bytes())
}

#[tokio::test]
async fn the_latest_snapshot_of_containers_stays_whatever_the_order() {
    let (a, b, c) = (digest("a"), digest("b"), digest("c"));
    let snapshots = [(1, vec![&a]), (2, vec![&a, &b]), (3, vec![&c])];
    for order in [
        [0, 1, 2],
        [2, 1, 0],
        [1, 2, 0],
        [2, 0, 1],
        [0, 2, 1],
        [1, 0, 2],
    ] {
        let (platform, _folder) = store();
        let host: HostId = "h".parse().unwrap();
        let containers = Containers(&platform);
        for at_index in order {
            let (s, images) = snapshots.get(at_index).unwrap();
            let order = records::order(at(*s), 0);
            containers
                .put(&tenant(), &snapshot(&host, images), at(*s), order)
                .await
                .unwrap();
        }
        for (image, expected) in [(&a, 0), (&b, 0), (&c, 1)] {
            let on = containers.of_image(&tenant(), image).await.unwrap();
            let number: usize = on.iter().map(|on| on.containers.len()).sum();
            assert_eq!(number, expected, "{image} after {order:?}");
        }
        let (head, all) = containers.of_host(&tenant(), &host).await.unwrap().unwrap();
        assert_eq!((head.observed_at, all.len()), (at(3), 1));
    }
}

fn layer(reader_said: &str) -> LayerInventory {
    serde_json::from_value(
        json!({"version": 1, "diff_id": digest("layer"), "size_bytes": 1,
        "entries": 1, "whiteouts": [reader_said]}),
    )
    .unwrap()
}

#[tokio::test]
async fn what_the_backend_read_outranks_an_agents_claim_and_wakes_the_waiting() {
    let (platform, _folder) = store();
    let (layers, tenant) = (Layers(&platform), tenant());
    let (image, diff_id) = (digest("image"), digest("layer"));
    layers
        .wait(&tenant, &image, std::slice::from_ref(&diff_id))
        .await
        .unwrap();
    let agent: AgentId = "a-1".parse().unwrap();
    let put = layers
        .put_by_agent(&tenant, &agent, "0", at(1), layer("agent"))
        .await;
    assert_eq!(put.unwrap(), PutLayer::Stored);
    let other: AgentId = "a-2".parse().unwrap();
    let put = layers
        .put_by_agent(&tenant, &other, "0", at(2), layer("other"))
        .await;
    assert_eq!(put.unwrap(), PutLayer::Outranked);
    let backend = Reader {
        kind: ReaderKind::Backend,
        agent: None,
        read_at: at(3),
        software: "0".to_owned(),
    };
    let put = layers.put(&tenant, backend, layer("backend")).await;
    assert_eq!(put.unwrap(), PutLayer::Stored);
    let put = layers
        .put_by_agent(&tenant, &agent, "0", at(4), layer("agent"))
        .await;
    assert_eq!(put.unwrap(), PutLayer::Outranked);

    let known = layers
        .records(&tenant, std::slice::from_ref(&diff_id))
        .await
        .unwrap();
    let kept = layers
        .inventory(&tenant, known.first().unwrap())
        .await
        .unwrap();
    assert_eq!(kept.whiteouts, ["backend"]);
    assert_eq!(kept.reader.unwrap().kind, ReaderKind::Backend);

    // Another tenant has none of it.
    let stranger: TenantId = "other".parse().unwrap();
    let missing = layers
        .missing(&stranger, std::slice::from_ref(&diff_id))
        .await
        .unwrap();
    assert_eq!(missing, [diff_id]);

    let how = platform::Receive::default();
    let woken = platform.queue.receive("scan", how).await.unwrap();
    let body = &woken.first().unwrap().message.body;
    let expected = ScanMessage::Place {
        tenant,
        place: Place::Image(image),
        rematch: false,
    };
    assert_eq!(ScanMessage::from_body(body).unwrap(), expected);
}

#[tokio::test]
async fn a_layer_that_older_analyzers_read_is_wanted_again_and_replaced() {
    let (platform, _folder) = store();
    let (layers, tenant) = (Layers(&platform), tenant());
    let agent: AgentId = "a-1".parse().unwrap();
    let ids = [digest("layer")];
    let read = |said: &str, generation| LayerInventory {
        generation,
        ..layer(said)
    };
    let wanted = async |reader, generation| {
        let wanted = layers.wanted(&tenant, &ids, reader, generation).await;
        !wanted.unwrap().is_empty()
    };
    assert!(wanted(ReaderKind::Agent, 0).await);
    for (said, generation, expected) in [
        ("first", 1, PutLayer::Stored),
        ("newer", 3, PutLayer::Stored),
        ("same", 3, PutLayer::Outranked),
        ("older", 2, PutLayer::Outranked),
    ] {
        let put = layers
            .put_by_agent(&tenant, &agent, "0", at(1), read(said, generation))
            .await;
        assert_eq!(put.unwrap(), expected, "{said}");
    }
    assert!(!wanted(ReaderKind::Agent, 3).await);
    assert!(wanted(ReaderKind::Agent, 4).await);
    assert!(wanted(ReaderKind::Backend, 4).await);
    let known = layers.records(&tenant, &ids).await.unwrap();
    let kept = layers.inventory(&tenant, &known[0]).await.unwrap();
    assert_eq!(kept.whiteouts, ["newer"]);

    // What an agent could not replace, it is not asked for.
    let backend = Reader {
        kind: ReaderKind::Backend,
        agent: None,
        read_at: at(2),
        software: "0".to_owned(),
    };
    let put = layers.put(&tenant, backend, read("backend", 1)).await;
    assert_eq!(put.unwrap(), PutLayer::Stored);
    assert!(!wanted(ReaderKind::Agent, 4).await);
    assert!(wanted(ReaderKind::Backend, 4).await);
}

#[tokio::test]
async fn hosts_that_disagree_about_an_image_leave_a_gap_and_share_their_tags() {
    let (platform, _folder) = store();
    let images = Images(&platform);
    let seen = |tag: &str, layer: &str| ImageInventory {
        facts: ImageFacts {
            id: digest("image"),
            tags: vec![tag.to_owned()],
            repo_digests: Vec::new(),
            os: "linux".to_owned(),
            os_version: None,
            architecture: None,
            created_at: None,
            user: String::new(),
            exposed_ports: Vec::new(),
            labels: Default::default(),
            layers: vec![LayerRef {
                diff_id: digest(layer),
                blob: None,
                media_type: None,
                size_bytes: None,
                created_by: None,
            }],
            base: None,
        },
        gaps: Vec::new(),
    };
    let (one, two): (HostId, HostId) = ("h1".parse().unwrap(), "h2".parse().unwrap());
    let tenant = tenant();
    images
        .merge(&tenant, &seen("web:2", "x"), &one, at(1))
        .await
        .unwrap();
    images
        .merge(&tenant, &seen("web:1", "x"), &two, at(2))
        .await
        .unwrap();
    let image = images
        .get(&tenant, &digest("image"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(image.facts.tags, ["web:1", "web:2"]);
    assert_eq!(image.name(), "web:1");
    assert!(image.gaps.is_empty());
    images
        .merge(&tenant, &seen("web:1", "y"), &two, at(3))
        .await
        .unwrap();
    let image = images
        .get(&tenant, &digest("image"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(image.gaps.first().unwrap().reason, GapReason::Disagreement);
    assert_eq!(image.facts.layers.first().unwrap().diff_id, digest("x"));
    assert_eq!(
        images.holders(&tenant, &digest("image")).await.unwrap(),
        [one, two]
    );
}

#[tokio::test]
async fn a_state_made_from_old_reads_does_not_replace_a_newer_one() {
    let (platform, _folder) = store();
    let (estates, tenant) = (Estates(&platform), tenant());
    let place: Place = "host/h".parse().unwrap();
    let named = |name: &str| PlaceDelta {
        removed: false,
        name: name.to_owned(),
        ..PlaceDelta::removal(place.clone(), 0)
    };
    let before = estates.state(&tenant, &place).await.unwrap();
    assert!(
        estates
            .put(&tenant, before.as_ref(), named("first"))
            .await
            .unwrap()
    );
    assert!(
        !estates
            .put(&tenant, before.as_ref(), named("stale"))
            .await
            .unwrap()
    );

    let cache = EstateCache::default();
    let name = |index: &estate::EstateIndex| index.summaries(Some(&place)).pop().unwrap().name;
    assert_eq!(
        name(&cache.load(&platform, &tenant).await.unwrap()),
        "first"
    );
    estates.fold(&tenant, |_| false).await.unwrap();
    let before = estates.state(&tenant, &place).await.unwrap();
    assert!(
        estates
            .put(&tenant, before.as_ref(), named("second"))
            .await
            .unwrap()
    );
    assert_eq!(
        name(&cache.load(&platform, &tenant).await.unwrap()),
        "second"
    );
    assert_eq!(name(&estates.load_merged(&tenant).await.unwrap()), "second");
}
