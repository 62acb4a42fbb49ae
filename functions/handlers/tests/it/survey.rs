//! Registries that are looked at for images that nobody read yet.

use std::sync::{
    Arc,
    atomic::{AtomicU16, Ordering},
};

use axum::http::StatusCode;
use records::{
    Registries as Kept, RegistryRecord,
    messages::{self, RegistryMessage},
    registries::{RegistryImageRecord, StoredCredentials},
};
use schemas::{
    RegistryId, Timestamp,
    api::registry::{RegistryCredentialKind, RegistryRun, RegistryScope, RegistrySettings},
};
use tokio::net::TcpListener;

use crate::{
    registry::{Registry, world},
    support::{T0, World},
};

fn id() -> RegistryId {
    "0a1b2c3d4e5f6071".parse().unwrap()
}

/// Sets a registry up for the tenant, with the credentials robot:secret where it asks for some.
pub(crate) async fn set_up(
    world: &World,
    registry: &Registry,
    repositories: &[&str],
    change: impl FnOnce(&mut RegistrySettings),
) {
    let kept = Kept(&world.platform);
    let mut settings = RegistrySettings {
        name: "Ours".to_owned(),
        kind: schemas::api::registry::RegistryKind::Generic,
        address: registry.address.clone(),
        scope: RegistryScope {
            repositories: repositories.iter().map(|name| (*name).to_owned()).collect(),
            ..RegistryScope::default()
        },
        every_hours: None,
        api: None,
        enabled: true,
    };
    change(&mut settings);
    let at = Timestamp::from_ms(T0);
    let secret = loop {
        if let Ok(secret) = kept.seal(&world.tenant, &id(), &"secret".into()).await {
            break secret;
        }
    };
    let asks = registry.opens.lock().unwrap().is_some();
    let record = RegistryRecord {
        version: 1,
        id: id(),
        settings,
        credentials: asks.then_some(StoredCredentials {
            kind: RegistryCredentialKind::Password,
            user: Some("robot".to_owned()),
            secret,
            set_at: at,
        }),
        webhook_secrets: Vec::new(),
        created_at: at,
        created_by: "tests".to_owned(),
        updated_at: at,
        updated_by: "tests".to_owned(),
    };
    while kept.put(&world.tenant, &record, None).await.is_err() {}
}

async fn look(world: &World, began_s: i64) {
    let message = RegistryMessage::Survey {
        tenant: world.tenant.clone(),
        registry: id(),
        began: Timestamp::from_ms(T0 + began_s * 1000),
        after: None,
        pages: 0,
    };
    while messages::send(&world.platform, std::slice::from_ref(&message))
        .await
        .is_err()
    {}
    world.settle().await;
}

async fn run(world: &World) -> RegistryRun {
    loop {
        if let Ok(run) = Kept(&world.platform).run(&world.tenant, &id()).await {
            return run.unwrap_or_default();
        }
    }
}

async fn rows(world: &World) -> Vec<RegistryImageRecord> {
    let mut rows = Vec::new();
    let mut cursor = None;
    loop {
        let kept = Kept(&world.platform);
        let found = kept.images(&world.tenant, &id(), 100, cursor.clone()).await;
        // A page may be empty although there is another.
        let Ok(found) = found else { continue };
        rows.extend(found.records);
        cursor = found.next;
        if cursor.is_none() {
            return rows;
        }
    }
}

fn names(rows: &[RegistryImageRecord]) -> Vec<String> {
    rows.iter()
        .map(|row| format!("{}:{}", row.repository, row.tag))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_tags_of_the_scope_are_read_and_read_once() {
    let (registry, image) = Registry::start().await;
    let tags: Vec<_> = (0..10_000)
        .map(|n| format!("v1.{n}"))
        .chain(["main".to_owned()])
        .collect();
    registry.hold(
        "list",
        serde_json::to_vec(&serde_json::json!({"tags": tags})).unwrap(),
    );
    let catalog = br#"{"repositories": ["other/app", "team/base", "team/deep/er", "team/app"]}"#;
    registry.hold("_catalog", catalog.to_vec());
    let manifest = registry.held("1");
    for tag in ["v1.9997", "v1.9998", "v1.9999"] {
        registry.hold(tag, manifest.clone());
    }
    let world = world(World::clear().await, u64::MAX).await;
    set_up(&world, &registry, &["team/*", "team/app"], |settings| {
        settings.scope.tags = vec!["v*".to_owned()];
        settings.scope.newest = Some(3);
    })
    .await;
    look(&world, 1).await;
    assert_eq!(world.dead().await, []);
    let first = run(&world).await;
    assert_eq!(first.problems, Vec::<String>::new());
    assert_eq!((first.repositories, first.repositories_done), (2, 2));
    // One image of each repository, by whatever tags.
    assert_eq!((first.tags, first.queued), (20_000, 2));
    let read = rows(&world).await;
    assert_eq!(
        names(&read),
        [
            "team/app:v1.9997",
            "team/app:v1.9998",
            "team/app:v1.9999",
            "team/base:v1.9997",
            "team/base:v1.9998",
            "team/base:v1.9999"
        ]
    );
    for row in &read {
        assert_eq!(row.images, std::slice::from_ref(&image));
        assert_eq!(row.digest, Some(records::digest(&manifest)));
    }
    assert_eq!(
        world.found(&format!("image/{image}")).await,
        ["CVE-2026-0002"]
    );
    // Nothing is new the next time, and the layers are not asked for again.
    let asked = registry.asked_for("v1.9999");
    look(&world, 2).await;
    let second = run(&world).await;
    assert_eq!((second.repositories_done, second.queued), (2, 0));
    assert_eq!(registry.asked_for("v1.9999"), asked + 2);
    assert_eq!(rows(&world).await, read);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_comes_to_the_same_in_a_storm() {
    let (registry, image) = Registry::start().await;
    registry.hold("list", br#"{"tags": ["1", "absent"]}"#.to_vec());
    for seed in 0..3 {
        let world = world(World::stormy(seed).await, u64::MAX).await;
        set_up(&world, &registry, &["team/app"], |_| ()).await;
        look(&world, 1).await;
        let rows = rows(&world).await;
        assert_eq!(names(&rows), ["team/app:1", "team/app:absent"], "{seed}");
        assert_eq!(rows[0].images, std::slice::from_ref(&image));
        assert!(rows[1].problem.as_ref().unwrap().contains("holds no image"));
        let run = run(&world).await;
        assert_eq!(
            (run.repositories, run.repositories_done, run.tags),
            (1, 1, 2),
            "{seed}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registry_is_signed_in_to_with_what_its_own_tenant_keeps() {
    let (registry, image) = Registry::start().await;
    registry.hold("list", br#"{"tags": ["1"]}"#.to_vec());
    // robot:secret
    *registry.opens.lock().unwrap() = Some("Basic cm9ib3Q6c2VjcmV0".to_owned());
    let world = world(World::clear().await, u64::MAX).await;
    // Nobody keeps credentials for it yet.
    let by_hand = registry.message(&world, "1");
    messages::send(&world.platform, std::slice::from_ref(&by_hand))
        .await
        .unwrap();
    world.settle().await;
    let dead = world.dead().await;
    assert!(dead[0].1.contains("refuses to show team/app"), "{dead:?}");
    set_up(&world, &registry, &["team/app"], |_| ()).await;
    look(&world, 1).await;
    assert_eq!(run(&world).await.problems, Vec::<String>::new());
    assert_eq!(rows(&world).await[0].images, std::slice::from_ref(&image));
    // What somebody asks for by its name alone is read with them as well, but not for others.
    let asked = registry.asked_for("1");
    messages::send(&world.platform, &[by_hand]).await.unwrap();
    world.settle().await;
    assert!(registry.asked_for("1") > asked);
    assert_eq!(world.dead().await.len(), 1);
    let other = RegistryMessage::Image {
        tenant: "other".parse().unwrap(),
        reference: format!("{}/team/app:1", registry.address),
        platform: None,
        request: None,
    };
    messages::send(&world.platform, &[other]).await.unwrap();
    world.settle().await;
    assert_eq!(world.dead().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_registry_refuses_is_told_and_is_no_dead_letter() {
    let (registry, _) = Registry::start().await;
    let world = world(World::clear().await, u64::MAX).await;
    // It lists neither repositories nor the tags of one.
    set_up(&world, &registry, &["team/*", "app"], |_| ()).await;
    look(&world, 1).await;
    let run = run(&world).await;
    assert_eq!((run.repositories, run.repositories_done), (1, 1));
    let told = run.problems.join("\n");
    assert!(told.contains("does not list its repositories"), "{told}");
    assert!(
        told.contains("app: given up") || told.contains("app: there is no such repository"),
        "{told}"
    );
    assert_eq!(world.dead().await, []);
}

/// A product's own interface that answers everything so, and how often it was asked.
async fn interface(status: Arc<AtomicU16>) -> (String, Arc<AtomicU16>) {
    let asked = Arc::<AtomicU16>::default();
    let count = Arc::clone(&asked);
    let answer = move || {
        count.fetch_add(1, Ordering::SeqCst);
        let status = status.load(Ordering::SeqCst);
        let artifacts = r#"[{"tags": [{"name": "v1", "push_time": "2026-03-01T00:00:00Z"},
            {"name": "v2", "push_time": "2026-01-01T00:00:00Z"}]}]"#;
        let body = if status == 200 { artifacts } else { "no" };
        let answer = (StatusCode::from_u16(status).unwrap(), body);
        std::future::ready(answer)
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = axum::Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (format!("http://{address}"), asked)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn which_tags_are_the_newest_does_not_change_because_an_interface_is_busy() {
    let (registry, _) = Registry::start().await;
    registry.hold("list", br#"{"tags": ["v1", "v2"]}"#.to_vec());
    let manifest = registry.held("1");
    for tag in ["v1", "v2"] {
        registry.hold(tag, manifest.clone());
    }
    let status = Arc::new(AtomicU16::new(200));
    let (api, asked) = interface(Arc::clone(&status)).await;
    let world = world(World::clear().await, u64::MAX).await;
    set_up(&world, &registry, &["team/app"], |settings| {
        settings.kind = schemas::api::registry::RegistryKind::Harbor;
        settings.api = Some(api);
        settings.scope.newest = Some(1);
    })
    .await;
    look(&world, 1).await;
    assert_eq!(names(&rows(&world).await), ["team/app:v1"]);
    let first = run(&world).await;
    assert_eq!((first.notes.len(), first.problems.len()), (0, 0));
    for (began_s, passing) in [(2, 429), (3, 503)] {
        status.store(passing, Ordering::SeqCst);
        let before = asked.load(Ordering::SeqCst);
        look(&world, began_s).await;
        assert!(
            asked.load(Ordering::SeqCst) > before + 1,
            "it is tried again"
        );
        let run = run(&world).await;
        assert_eq!(run.problems.len(), 1, "{run:?}");
        assert_eq!(names(&rows(&world).await), ["team/app:v1"], "{passing}");
    }
    // Who is not let in goes by versions, and that is said.
    status.store(403, Ordering::SeqCst);
    look(&world, 4).await;
    let last = run(&world).await;
    assert_eq!(last.problems, Vec::<String>::new());
    assert_eq!(last.notes.len(), 1, "{last:?}");
    assert!(last.notes[0].contains("order of versions"), "{last:?}");
    assert_eq!(names(&rows(&world).await), ["team/app:v1", "team/app:v2"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registry_that_is_disabled_or_gone_is_left_alone() {
    let (registry, _) = Registry::start().await;
    registry.hold("list", br#"{"tags": ["1"]}"#.to_vec());
    let world = world(World::clear().await, u64::MAX).await;
    set_up(&world, &registry, &["team/app"], |settings| {
        settings.enabled = false
    })
    .await;
    look(&world, 1).await;
    Kept(&world.platform)
        .delete(&world.tenant, &id())
        .await
        .unwrap();
    look(&world, 2).await;
    assert!(registry.asked.lock().unwrap().is_empty());
    assert_eq!(run(&world).await, RegistryRun::default());
    assert_eq!(world.dead().await, []);
}

/// Tells of a push of the tag `1`, and has it worked off.
async fn push(world: &World, manifest: &[u8], pushed_s: Option<i64>) {
    let message = RegistryMessage::Tags {
        tenant: world.tenant.clone(),
        registry: id(),
        repository: "team/app".to_owned(),
        tags: vec!["1".to_owned()],
        digest: Some(records::digest(manifest)),
        pushed_at: pushed_s.map(|s| Timestamp::from_ms(T0 + s * 1000)),
    };
    messages::send(&world.platform, &[message]).await.unwrap();
    world.settle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_that_is_told_late_does_not_move_a_tag_back() {
    let (registry, old) = Registry::start().await;
    let (newer, new) = registry.another();
    let older = registry.held("1");
    let world = world(World::clear().await, u64::MAX).await;
    set_up(&world, &registry, &["team/app"], |_| ()).await;
    // Two pushes of one tag, of which the second is told first.
    registry.hold("1", newer.clone());
    push(&world, &newer, None).await;
    let first = rows(&world).await;
    assert_eq!(first[0].images, std::slice::from_ref(&new));
    push(&world, &older, None).await;
    assert_eq!(rows(&world).await, first);
    // The registry has the last word, also where a message tells of neither.
    registry.hold("1", older.clone());
    push(&world, b"a push between", None).await;
    let moved = rows(&world).await;
    assert_eq!(moved[0].digest, Some(records::digest(&older)));
    assert_eq!(moved[0].images, std::slice::from_ref(&old));
    push(&world, &newer, Some(-60)).await;
    assert_eq!(rows(&world).await, moved);
    assert_eq!(world.dead().await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_the_registry_cannot_be_asked_the_newer_push_counts() {
    let (registry, _) = Registry::start().await;
    let (newer, new) = registry.another();
    let older = registry.held("1");
    let world = world(World::clear().await, u64::MAX).await;
    set_up(&world, &registry, &["team/app"], |_| ()).await;
    push(&world, &newer, Some(-60)).await;
    let known = rows(&world).await;
    assert_eq!(known[0].images, std::slice::from_ref(&new));
    *registry.opens.lock().unwrap() = Some("Basic bm9ib2R5".to_owned());
    push(&world, &older, Some(-120)).await;
    assert_eq!(rows(&world).await, known);
    // One of later is noted with what is wrong.
    push(&world, &older, Some(-30)).await;
    let told = rows(&world).await;
    assert_eq!(told[0].digest, Some(records::digest(&older)));
    assert!(told[0].problem.is_some(), "{told:?}");
}
