//! Images whose layers come late, and containers that come and go.

use records::Layers;
use schemas::{
    Timestamp,
    inventory::{CoverageStatus, GapReason},
    risk::Exposure,
};

use crate::support::{T0, World, container, containers, host, image, layer, tracker};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_is_partial_until_its_last_layer_comes() {
    let world = World::clear().await;
    world.document("tracker.json", tracker(&[("curl", "CVE-2026-0002", "8")]));
    world.refresh().await;
    let agent = world.agent("web-1").await;
    let (id, body) = image("web", &["base", "web"]);
    world.send(&agent, 1, &body).await;
    world.settle().await;
    let place = format!("image/{id}");
    let (record, document) = world.place(&place).await.unwrap();
    assert_ne!(record.coverage, CoverageStatus::Complete);
    assert_eq!(record.missing_layers.len(), 2);
    let missing = |gap: &&schemas::inventory::CoverageGap| gap.reason == GapReason::MissingLayer;
    assert_eq!(document.coverage.gaps.iter().filter(missing).count(), 2);

    for layer in [layer("base", &[]), layer("web", &[("curl", "7.88.1-1")])] {
        let layers = Layers(&world.platform);
        let known = layers
            .missing(&world.tenant, std::slice::from_ref(&layer.diff_id))
            .await;
        assert_eq!(known.unwrap(), std::slice::from_ref(&layer.diff_id));
        let read_at = Timestamp::from_ms(T0);
        layers
            .put_by_agent(&world.tenant, &agent, "0", read_at, layer)
            .await
            .unwrap();
    }
    world.settle().await;
    let (record, _) = world.place(&place).await.unwrap();
    assert!(record.missing_layers.is_empty());
    assert_eq!(world.found(&place).await, ["CVE-2026-0002"]);
    assert_eq!(world.dead().await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exposure_follows_the_containers() {
    let world = World::clear().await;
    world.document("tracker.json", tracker(&[("curl", "CVE-2026-0002", "8")]));
    world.refresh().await;
    let agent = world.agent("web-1").await;
    let (id, body) = image("web", &["web"]);
    let read_at = Timestamp::from_ms(T0);
    Layers(&world.platform)
        .put_by_agent(
            &world.tenant,
            &agent,
            "0",
            read_at,
            layer("web", &[("curl", "7")]),
        )
        .await
        .unwrap();
    world.send(&agent, 1, &body).await;
    world.settle().await;
    let exposure = async || {
        let index = records::Estates(&world.platform)
            .load_merged(&world.tenant)
            .await
            .unwrap();
        let facts = index
            .place_facts(&schemas::Place::Image(id.clone()))
            .unwrap();
        (facts.exposure, facts.running_containers)
    };
    assert_eq!(
        exposure().await,
        (Exposure::Unknown, None),
        "nobody asked an engine"
    );

    world.send(&agent, 2, &containers("web-1", vec![])).await;
    world.settle().await;
    assert_eq!(exposure().await, (Exposure::None, Some(0)));

    let two = vec![container("a", &id, true), container("b", &id, false)];
    world.send(&agent, 3, &containers("web-1", two)).await;
    world.settle().await;
    assert_eq!(exposure().await, (Exposure::Published, Some(2)));

    // The host turns out to have a public address.
    world
        .send(&agent, 4, &host("web-1", &[], &["198.51.100.7", "8.8.8.8"]))
        .await;
    world.settle().await;
    assert_eq!(exposure().await, (Exposure::PublicAddress, Some(2)));

    world.send(&agent, 5, &containers("web-1", vec![])).await;
    world.settle().await;
    assert_eq!(exposure().await, (Exposure::None, Some(0)));
    assert_eq!(world.dead().await, []);
}
