//! What the tenant says of its estate, and what feeds say of the world, in scores.

use records::{
    Estates, RiskSettingsRecord, SettingsOfRisk,
    messages::{self, ScoreMessage},
};
use schemas::{
    agent::InventoryBody,
    api::risk_settings::RiskSettings,
    risk::{Factor, PlaceFacts},
};

use crate::support::{World, host, kev, tracker};

async fn facts_of(world: &World, place: &str) -> PlaceFacts {
    let index = Estates(&world.platform).load_merged(&world.tenant).await;
    let index = index.unwrap();
    index.place_facts(&place.parse().unwrap()).unwrap().clone()
}

async fn set(world: &World, labels: &[&str]) {
    let settings = SettingsOfRisk(&world.platform);
    let revision = settings.get(&world.tenant).await.unwrap();
    let record = RiskSettingsRecord {
        version: 1,
        settings: RiskSettings {
            critical_labels: labels.iter().map(|label| (*label).to_owned()).collect(),
        },
        updated_at: schemas::Timestamp::from_ms(1),
        updated_by: "admin".to_owned(),
    };
    let revision = revision.map(|(_, revision)| revision);
    assert!(
        settings
            .put(&world.tenant, &record, revision)
            .await
            .unwrap()
    );
    let tenant = world.tenant.clone();
    messages::send(&world.platform, &[ScoreMessage::Labels { tenant }])
        .await
        .unwrap();
    world.settle().await;
}

#[tokio::test]
async fn labels_that_the_tenant_calls_critical_raise_all_scores_of_their_places() {
    let world = World::clear().await;
    world.document(
        "tracker.json",
        tracker(&[("openssl", "CVE-2026-0001", "3.0.15-1")]),
    );
    world.refresh().await;
    let labelled = |id: &str, value: &str| {
        let mut body = host(id, &[("openssl", "3.0.14-1")], &[]);
        let InventoryBody::Host { inventory } = &mut body else {
            panic!("a host");
        };
        let facts = inventory.host.as_mut().unwrap();
        facts.labels.insert("env".to_owned(), value.to_owned());
        body
    };
    let (web, lab) = (world.agent("web-1").await, world.agent("lab-1").await);
    world.send(&web, 1, &labelled("web-1", "production")).await;
    world.settle().await;
    let before = world.ranked().await[0].1;
    set(&world, &["env=production"]).await;
    assert_eq!(world.ranked().await[0].1, before + 40);
    let label = facts_of(&world, "host/web-1").await.critical_label;
    assert_eq!(label.as_deref(), Some("env=production"));
    // A place that comes later is judged by the same words.
    world.send(&lab, 1, &labelled("lab-1", "production")).await;
    world.settle().await;
    assert!(
        facts_of(&world, "host/lab-1")
            .await
            .critical_label
            .is_some()
    );
    set(&world, &[]).await;
    assert_eq!(world.ranked().await[0].1, before);
    assert!(world.dead().await.is_empty());
}

#[tokio::test]
async fn what_cisa_lists_is_known_with_the_day_that_it_was_listed() {
    let world = World::clear().await;
    world.document(
        "tracker.json",
        tracker(&[("openssl", "CVE-2026-0001", "3.0.15-1")]),
    );
    world.document("kev.json", kev(&["CVE-2026-0001"]));
    world.refresh().await;
    let agent = world.agent("web-1").await;
    let body = host("web-1", &[("openssl", "3.0.14-1")], &[]);
    world.send(&agent, 1, &body).await;
    world.settle().await;
    let index = Estates(&world.platform).load_merged(&world.tenant).await;
    let index = index.unwrap();
    let facts = index.vulnerability_facts(&"CVE-2026-0001".parse().unwrap());
    let facts = facts.unwrap();
    assert_eq!(facts.exploited_sources, ["cisa-kev"]);
    let since = facts.known_exploited_since.unwrap();
    assert_eq!(since.to_string(), "2026-01-02T00:00:00.000Z");
    let row = &index.ranked(&estate::Filter::default())[0];
    assert!(row.factors.has(Factor::FixAvailable));
}
