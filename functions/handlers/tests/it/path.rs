//! From raw envelopes to the ranked list, in clear weather and in storms.

use std::collections::BTreeSet;

use records::{Hosts, Images, Layers, Places, PutLayer};
use schemas::{
    Place, Timestamp,
    agent::InventoryBody,
    inventory::{Inventory, PackageKind},
    risk::Exposure,
};

use crate::support::{Outcome, T0, World, container, containers, host, image, kev, layer, tracker};

/// Advisories, and then all that an estate sends while they are still being worked on.
async fn estate(world: &World) -> Outcome {
    advisories_of_estate(world).await;
    sent_by_estate(world).await
}

async fn advisories_of_estate(world: &World) {
    world.document(
        "tracker.json",
        tracker(&[
            ("openssl", "CVE-2026-0001", "3.0.15-1"),
            ("curl", "CVE-2026-0002", "7.88.1-10+deb12u9"),
            ("bash", "CVE-2026-0003", ""),
        ]),
    );
    world.document("kev.json", kev(&["CVE-2026-0002"]));
    world.refresh().await;
}

/// Everything an estate of two hosts and two images sends, in an order that no single agent would keep.
async fn sent_by_estate(world: &World) -> Outcome {
    let (a, b) = (world.agent("web-1").await, world.agent("db-1").await);
    let (web, web_body) = image("web", &["base", "web"]);
    let (_, idle_body) = image("idle", &["base"]);
    // The newest state of db-1 first: what was observed before it must not come back.
    world
        .send(&b, 3, &host("db-1", &[("bash", "5.2-1")], &["10.0.0.2"]))
        .await;
    world
        .send(
            &b,
            1,
            &host("db-1", &[("openssl", "3.0.0-1")], &["10.0.0.2"]),
        )
        .await;
    let packages = [("openssl", "3.0.14-1"), ("curl", "7.88.1-10+deb12u9")];
    world
        .send(&a, 1, &host("web-1", &packages, &["8.8.4.4"]))
        .await;
    world.send(&a, 2, &web_body).await;
    world.send(&a, 3, &idle_body).await;
    let later = containers("web-1", vec![container("c2", &web, true)]);
    world.send(&a, 5, &later).await;
    let earlier = containers("web-1", vec![container("c1", &web, false)]);
    world.send(&a, 4, &earlier).await;
    world.settle().await;
    let base = layer("base", &[("openssl", "3.0.14-1")]);
    let top = layer("web", &[("openssl", "3.0.15-1"), ("curl", "7.88.1-1")]);
    for layer in [base, top] {
        let read_at = Timestamp::from_ms(T0);
        let put = Layers(&world.platform)
            .put_by_agent(&world.tenant, &a, "0", read_at, layer)
            .await
            .unwrap();
        assert_eq!(put, PutLayer::Stored);
    }
    world.settle().await;
    world.outcome().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn envelopes_become_a_ranked_list() {
    let world = World::clear().await;
    let outcome = estate(&world).await;
    assert_eq!(world.dead().await, []);

    let (web, _) = image("web", &[]);
    let (idle, _) = image("idle", &[]);
    assert_eq!(world.found("host/web-1").await, ["CVE-2026-0001"]);
    // Its later inventory counts, although it came first.
    assert_eq!(world.found("host/db-1").await, ["CVE-2026-0003"]);
    // The upper layer's package list replaces the lower one's.
    assert_eq!(
        world.found(&format!("image/{web}")).await,
        ["CVE-2026-0002"]
    );
    assert_eq!(
        world.found(&format!("image/{idle}")).await,
        ["CVE-2026-0001"]
    );

    let ranked = world.ranked().await;
    let ids: Vec<_> = ranked.iter().map(|(id, ..)| id.as_str()).collect();
    assert_eq!(ids.len(), 3);
    assert_eq!(
        ids.first(),
        Some(&"CVE-2026-0002"),
        "exploited and published"
    );
    assert!(ranked.first().unwrap().2);

    let index = records::Estates(&world.platform)
        .load_merged(&world.tenant)
        .await
        .unwrap();
    let facts = |id| index.place_facts(&Place::Image(id)).cloned().unwrap();
    let web = facts(web);
    assert_eq!(
        web.exposure,
        Exposure::PublicAddress,
        "{:?}",
        web.exposure_reason
    );
    assert_eq!(web.running_containers, Some(1));
    let idle = facts(idle);
    assert_eq!(idle.exposure, Exposure::None, "{:?}", idle.exposure_reason);
    assert_eq!(idle.running_containers, Some(0));
    assert!(outcome.len() > 8);

    let hosts = Hosts(&world.platform)
        .list(&world.tenant, 10, None)
        .await
        .unwrap();
    assert_eq!(hosts.records.len(), 2);
    let images = Images(&world.platform)
        .list(&world.tenant, 10, None)
        .await
        .unwrap();
    assert_eq!(images.records.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn storms_change_nothing() {
    let clear = estate(&World::clear().await).await;
    for seed in [1, 2, 3] {
        let world = World::stormy(seed).await;
        let stormy = estate(&world).await;
        assert_eq!(world.dead().await, [], "seed {seed}");
        for (what, value) in &clear {
            assert_eq!(stormy.get(what), Some(value), "{what}, seed {seed}");
        }
        assert_eq!(stormy.len(), clear.len(), "seed {seed}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sending_everything_twice_changes_nothing() {
    let world = World::clear().await;
    let once = estate(&world).await;
    let a = world.agent("web-1").await;
    let packages = [("openssl", "3.0.14-1"), ("curl", "7.88.1-10+deb12u9")];
    // The same name again, even with another content: the first stays.
    world
        .send(&a, 1, &host("web-1", &packages, &["8.8.4.4"]))
        .await;
    world.send(&a, 1, &host("web-1", &[], &[])).await;
    world.refresh().await;
    world.settle().await;
    assert_eq!(world.outcome().await, once);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn folding_leaves_the_list_as_it_is() {
    let world = World::clear().await;
    // New facts fold what is pending: they are there before the first place.
    advisories_of_estate(&world).await;
    world.settle().await;
    sent_by_estate(&world).await;
    let before = world.ranked().await;
    let estates = records::Estates(&world.platform);
    assert_eq!(estates.pending(&world.tenant).await.unwrap().states(), 4);
    estates.fold(&world.tenant, |_| false).await.unwrap();
    assert_eq!(estates.pending(&world.tenant).await.unwrap().states(), 0);
    assert_eq!(world.ranked().await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_host_has_in_its_records_what_matching_alone_finds() {
    let Some(data) = at_hand::data("") else {
        return;
    };
    let world = World::clear().await;
    let tracker = data.join("distro/debian-tracker-bookworm.json.zst");
    world.document("tracker.json.zst", std::fs::read(tracker).unwrap());
    world.refresh().await;
    let root = data.join("hosts/debian-12");
    let read = inventory::folder::read_folder(&root, &inventory::Limits::default()).unwrap();
    assert_eq!(
        read.packages
            .iter()
            .filter(|p| p.kind == PackageKind::Deb)
            .count(),
        816
    );
    let InventoryBody::Host { inventory } = host("real", &[], &[]) else {
        return;
    };
    let whole = Inventory {
        host: inventory.host,
        ..read
    };
    let agent = world.agent("real").await;
    let body = InventoryBody::Host {
        inventory: whole.clone(),
    };
    world.send(&agent, 1, &body).await;
    world.settle().await;
    assert_eq!(world.dead().await, []);
    let advisories = world.context.advisories().await.unwrap();
    let alone = tokio::task::spawn_blocking(move || {
        advisories::match_inventory(&whole, advisories.set(), Timestamp::from_ms(T0)).unwrap()
    })
    .await
    .unwrap();
    let (record, document) = world.place("host/real").await.unwrap();
    assert!(!document.findings.is_empty());
    assert_eq!(document.findings, alone.findings);
    assert_eq!(record.summary.total as usize, alone.findings.len());
    let ranked = world.ranked().await;
    let ids: BTreeSet<_> = alone
        .findings
        .iter()
        .map(|f| f.vulnerability.to_string())
        .collect();
    assert_eq!(ranked.len(), ids.len());
}

#[tokio::test]
async fn what_an_upload_led_to_names_its_trace() {
    let world = World::clear().await;
    advisories_of_estate(&world).await;
    // What new advisories lead to has a trace of its own.
    world.settle().await;
    let agent = world.agent("web-1").await;
    let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let body = host("web-1", &[("openssl", "3.0.0-1")], &["10.0.0.2"]);
    platform::trace::within(header.parse().unwrap(), world.send(&agent, 1, &body)).await;
    world.settle().await;
    let id: schemas::HostId = "web-1".parse().unwrap();
    let record = Hosts(&world.platform).get(&world.tenant, &id).await;
    let wanted = Some("4bf92f3577b34da6a3ce929d0e0e4736".to_owned());
    assert_eq!(record.unwrap().unwrap().trace, wanted);
    let place = Place::Host(id);
    let judged = Places(&world.platform).get(&world.tenant, &place).await;
    assert_eq!(
        judged.unwrap().unwrap().record.trace,
        wanted,
        "over two queues"
    );
}
