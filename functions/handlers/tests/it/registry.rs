//! Images that are read where their registry keeps them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse as _, Response},
};
use handlers::{Context, FeedSources, Limits, Registries};
use records::{
    ImageRequestRecord, ImageRequests,
    messages::{self, RegistryMessage},
};
use schemas::{
    Digest, ImageRequestId, Timestamp,
    api::image_scan::ImageRequestState,
    inventory::{CoverageStatus, GapReason},
};
use serde_json::json;
use sources::registry::RegistryOptions;

use crate::support::{World, tracker};

/// What a registry holds, by the last part of the path, and what it was asked for.
#[derive(Clone, Default)]
pub(crate) struct Registry {
    held: Arc<Mutex<HashMap<String, Vec<u8>>>>,
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
    /// What `authorization` has to be, if anything.
    pub(crate) opens: Arc<Mutex<Option<String>>>,
    pub(crate) address: String,
}

fn digest(bytes: &[u8]) -> String {
    records::digest(bytes).to_string()
}

async fn answer(State(registry): State<Registry>, uri: Uri, headers: HeaderMap) -> Response {
    let last = uri.path().rsplit('/').next().unwrap().to_owned();
    registry.asked.lock().unwrap().push(last.clone());
    let opens = registry.opens.lock().unwrap().clone();
    let sent = headers
        .get("authorization")
        .map(|sent| sent.to_str().unwrap().to_owned());
    if last == "secret" || (opens.is_some() && opens != sent) {
        let how = [("www-authenticate", "Basic realm=\"team\"")];
        return (StatusCode::UNAUTHORIZED, how).into_response();
    }
    match registry.held.lock().unwrap().get(&last) {
        Some(bytes) => ([("docker-content-digest", digest(bytes))], bytes.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn layer(files: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, content.as_bytes())
            .unwrap();
    }
    tar.into_inner().unwrap()
}

fn base() -> Vec<u8> {
    layer(&[("etc/os-release", "ID=debian\nVERSION_ID=12\n")])
}

fn packages() -> Vec<u8> {
    layer(&[(
        "var/lib/dpkg/status",
        "Package: curl\nStatus: install ok installed\nVersion: 7.88.1-1\n",
    )])
}

impl Registry {
    /// A registry with one image of two layers, and the image's id.
    pub(crate) async fn start() -> (Self, Digest) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let registry = Self {
            address: listener.local_addr().unwrap().to_string(),
            ..Self::default()
        };
        let layers = [base(), packages()];
        let diff_ids: Vec<_> = layers.iter().map(|layer| digest(layer)).collect();
        let config = json!({"os": "linux", "architecture": "amd64",
            "rootfs": {"type": "layers", "diff_ids": diff_ids}})
        .to_string();
        let descriptors: Vec<_> = layers
            .iter()
            .map(|layer| {
                json!({"mediaType": "application/vnd.oci.image.layer.v1.tar",
                    "digest": digest(layer), "size": layer.len()})
            })
            .collect();
        let manifest = json!({"schemaVersion": 2, "layers": descriptors,
            "config": {"digest": digest(config.as_bytes()), "size": config.len(),
                "mediaType": "application/vnd.oci.image.config.v1+json"}})
        .to_string();
        let [first, second] = layers;
        for bytes in [first, second, config.clone().into_bytes()] {
            registry.hold(&digest(&bytes), bytes);
        }
        registry.hold(&digest(manifest.as_bytes()), manifest.clone().into_bytes());
        registry.hold("1", manifest.into_bytes());
        let router = Router::new().fallback(answer).with_state(registry.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (registry, records::digest(config.as_bytes()))
    }

    /// Holds another image, of one layer; returns its manifest and its id.
    pub(crate) fn another(&self) -> (Vec<u8>, Digest) {
        let layer = base();
        let config = json!({"os": "linux", "architecture": "amd64",
            "rootfs": {"type": "layers", "diff_ids": [digest(&layer)]}})
        .to_string()
        .into_bytes();
        let manifest = json!({"schemaVersion": 2,
            "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar",
                "digest": digest(&layer), "size": layer.len()}],
            "config": {"digest": digest(&config), "size": config.len(),
                "mediaType": "application/vnd.oci.image.config.v1+json"}})
        .to_string()
        .into_bytes();
        let id = records::digest(&config);
        for bytes in [config, manifest.clone()] {
            self.hold(&digest(&bytes), bytes);
        }
        (manifest, id)
    }

    pub(crate) fn hold(&self, name: &str, bytes: Vec<u8>) {
        self.held.lock().unwrap().insert(name.to_owned(), bytes);
    }

    pub(crate) fn held(&self, name: &str) -> Vec<u8> {
        self.held.lock().unwrap()[name].clone()
    }

    pub(crate) fn asked_for(&self, name: &str) -> usize {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|one| *one == name).count()
    }

    pub(crate) fn message(&self, world: &World, tag: &str) -> RegistryMessage {
        RegistryMessage::Image {
            tenant: world.tenant.clone(),
            reference: format!("{}/team/app:{tag}", self.address),
            platform: None,
            request: None,
        }
    }
}

/// A world whose functions may ask this machine, and read so many bytes of layers at once.
pub(crate) async fn world(mut world: World, max_image_bytes: u64) -> World {
    let limits = Limits {
        max_image_bytes,
        ..Limits::default()
    };
    let sources = FeedSources::Folder(world.documents.clone());
    let options = RegistryOptions {
        retries: 1,
        first_wait: std::time::Duration::from_millis(1),
        ..RegistryOptions::default()
    };
    let context = Context::new(world.platform.clone(), sources, limits);
    world.context = Arc::new(context.with_registries(Registries {
        options,
        ..Registries::default()
    }));
    world.document("tracker.json", tracker(&[("curl", "CVE-2026-0002", "8")]));
    world.refresh().await;
    world
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_is_read_and_judged_and_its_layers_only_once() {
    let (registry, id) = Registry::start().await;
    // Whole, and split by layer.
    for max_image_bytes in [u64::MAX, 1] {
        registry.asked.lock().unwrap().clear();
        let world = world(World::clear().await, max_image_bytes).await;
        let message = registry.message(&world, "1");
        messages::send(&world.platform, std::slice::from_ref(&message))
            .await
            .unwrap();
        world.settle().await;
        assert_eq!(world.dead().await, []);
        let place = format!("image/{id}");
        let (record, _) = world.place(&place).await.unwrap();
        assert_eq!(record.coverage, CoverageStatus::Complete);
        assert_eq!(record.name, format!("{}/team/app:1", registry.address));
        assert_eq!(world.found(&place).await, ["CVE-2026-0002"]);
        // A second time the registry is asked what the tag names, and nothing more.
        messages::send(&world.platform, &[message]).await.unwrap();
        world.settle().await;
        assert_eq!(registry.asked_for(&digest(&packages())), 1);
        assert_eq!(registry.asked_for("1"), 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_layer_that_older_analyzers_read_is_read_again() {
    let (registry, id) = Registry::start().await;
    // Whole, and split by layer.
    for max_image_bytes in [u64::MAX, 1] {
        let world = world(World::clear().await, max_image_bytes).await;
        let agent = world.agent("web-1").await;
        for bytes in [base(), packages()] {
            let mut older = crate::support::layer("older", &[]);
            older.evidence.clear();
            older.diff_id = records::digest(&bytes);
            older.generation = inventory::GENERATION - 1;
            records::Layers(&world.platform)
                .put_by_agent(
                    &world.tenant,
                    &agent,
                    "0",
                    Timestamp::from_ms(crate::support::T0),
                    older,
                )
                .await
                .unwrap();
        }
        let message = registry.message(&world, "1");
        messages::send(&world.platform, &[message]).await.unwrap();
        world.settle().await;
        assert_eq!(world.found(&format!("image/{id}")).await, ["CVE-2026-0002"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_layer_that_its_vendor_keeps_is_a_gap_and_no_dead_letter() {
    let (registry, id) = Registry::start().await;
    let manifest = registry.held.lock().unwrap()["1"].clone();
    let mut manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    manifest["layers"][0]["mediaType"] =
        json!("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip");
    let manifest = manifest.to_string().into_bytes();
    registry.hold(&digest(&manifest), manifest.clone());
    registry.hold("1", manifest);
    registry.held.lock().unwrap().remove(&digest(&base()));
    // Whole, and split by layer.
    for max_image_bytes in [u64::MAX, 1] {
        let world = world(World::clear().await, max_image_bytes).await;
        let message = registry.message(&world, "1");
        messages::send(&world.platform, &[message]).await.unwrap();
        world.settle().await;
        assert_eq!(world.dead().await, []);
        let (record, document) = world.place(&format!("image/{id}")).await.unwrap();
        assert_ne!(record.coverage, CoverageStatus::Complete);
        let gaps = &document.coverage.gaps;
        assert!(
            gaps.iter().any(|gap| gap.reason == GapReason::ForeignLayer
                && gap.layer == Some(records::digest(&base()))),
            "{gaps:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_platforms_the_choice_is_the_same_everywhere_and_is_kept() {
    let (registry, id) = Registry::start().await;
    let manifest = registry.held.lock().unwrap()["1"].clone();
    let platform = |architecture: &str, digest: String| {
        json!({"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest,
            "size": manifest.len(), "platform": {"os": "linux", "architecture": architecture}})
    };
    let index = json!({"schemaVersion": 2, "manifests": [
        platform("s390x", digest(b"s390x")),
        platform("arm64", digest(b"arm64")),
        platform("amd64", digest(&manifest)),
    ]});
    registry.hold("many", index.to_string().into_bytes());
    let world = world(World::clear().await, u64::MAX).await;
    let message = registry.message(&world, "many");
    messages::send(&world.platform, &[message]).await.unwrap();
    world.settle().await;
    assert_eq!(world.dead().await, []);
    let images = records::Images(&world.platform);
    let image = images.get(&world.tenant, &id).await.unwrap().unwrap();
    assert_eq!(image.passed_over, ["linux/s390x", "linux/arm64"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn duplicates_and_disorder_change_nothing() {
    let (registry, id) = Registry::start().await;
    let world = world(World::stormy(7).await, 1).await;
    for _ in 0..3 {
        let message = registry.message(&world, "1");
        while messages::send(&world.platform, std::slice::from_ref(&message))
            .await
            .is_err()
        {}
    }
    world.settle().await;
    let (record, _) = world.place(&format!("image/{id}")).await.unwrap();
    assert_eq!(record.coverage, CoverageStatus::Complete);
    assert!(record.missing_layers.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_read_is_given_up_with_the_reason_and_never_clean() {
    let (registry, id) = Registry::start().await;
    registry.hold(&digest(&packages()), layer(&[("other", "content")]));
    for max_image_bytes in [u64::MAX, 1] {
        let world = world(World::clear().await, max_image_bytes).await;
        for tag in ["1", "absent"] {
            let message = registry.message(&world, tag);
            messages::send(&world.platform, &[message]).await.unwrap();
        }
        world.settle().await;
        let dead = world.dead().await;
        assert_eq!(dead.len(), 2, "{dead:?}");
        assert!(dead.iter().all(|(queue, _)| queue == "registry"));
        assert!(
            dead.iter()
                .any(|(_, why)| why.contains("is not the one that the image names"))
        );
        assert!(
            dead.iter()
                .any(|(_, why)| why.contains("holds no image team/app:absent"))
        );
        let (record, document) = world.place(&format!("image/{id}")).await.unwrap();
        assert_ne!(record.coverage, CoverageStatus::Complete);
        let reasons: Vec<_> = document
            .coverage
            .gaps
            .iter()
            .map(|gap| gap.reason)
            .collect();
        assert!(reasons.contains(&GapReason::MissingLayer), "{reasons:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_for_strangers_does_not_ask_its_own_network() {
    let (registry, _) = Registry::start().await;
    let mut world = world(World::clear().await, 1).await;
    let context = Context::new(world.platform.clone(), FeedSources::None, Limits::default());
    world.context = Arc::new(context.with_registries(Registries {
        options: RegistryOptions {
            guard: Some(sources::http::Guard::default()),
            ..RegistryOptions::default()
        },
        ..Registries::default()
    }));
    let message = registry.message(&world, "1");
    messages::send(&world.platform, &[message]).await.unwrap();
    world.settle().await;
    let dead = world.dead().await;
    assert!(
        dead[0].1.contains("which this service does not ask"),
        "{dead:?}"
    );
    assert!(registry.asked.lock().unwrap().is_empty());
}

/// Asks for a tag as the API does.
async fn request(world: &World, registry: &Registry, tag: &str) -> ImageRequestId {
    let id: ImageRequestId = format!("request-{tag}").parse().unwrap();
    let tenant = world.tenant.clone();
    let reference = format!("{}/team/app:{tag}", registry.address);
    let now_ms = world.platform.clock.now_ms();
    let at = Timestamp::from_ms(i64::try_from(now_ms).unwrap());
    let record = ImageRequestRecord::new(reference.clone(), None, at, "ci");
    let requests = ImageRequests(&world.platform);
    while requests.create(&tenant, &id, &record).await.is_err()
        && !matches!(requests.get(&tenant, &id).await, Ok(Some(_)))
    {}
    let message = RegistryMessage::Image {
        tenant,
        reference,
        platform: None,
        request: Some(id.clone()),
    };
    while messages::send(&world.platform, std::slice::from_ref(&message))
        .await
        .is_err()
    {}
    id
}

async fn became(world: &World, id: &ImageRequestId) -> ImageRequestRecord {
    let requests = ImageRequests(&world.platform);
    requests.get(&world.tenant, id).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_asked_for_an_image_is_told_which_it_is_or_why_it_was_given_up() {
    let (registry, image) = Registry::start().await;
    // Whole, and split by layer.
    for max_image_bytes in [u64::MAX, 1] {
        let world = world(World::clear().await, max_image_bytes).await;
        let mut ids = Vec::new();
        for tag in ["1", "absent", "secret"] {
            ids.push(request(&world, &registry, tag).await);
        }
        assert_eq!(
            became(&world, &ids[0]).await.state,
            ImageRequestState::Queued
        );
        world.settle().await;
        let done = became(&world, &ids[0]).await;
        assert_eq!((done.state, done.reason), (ImageRequestState::Done, None));
        assert_eq!(done.image, Some(image.clone()));
        for (id, says) in [
            (&ids[1], "holds no image team/app:absent"),
            (&ids[2], "refuses to show team/app"),
        ] {
            let failed = became(&world, id).await;
            assert_eq!(failed.state, ImageRequestState::Failed);
            let reason = failed.reason.unwrap();
            assert!(reason.contains(says), "{reason}");
        }
        let other = "other".parse().unwrap();
        let of_other = ImageRequests(&world.platform).get(&other, &ids[0]).await;
        assert_eq!(of_other.unwrap(), None);
        // Again, with everything there already.
        let again = request_again(&world, &registry).await;
        assert_eq!(became(&world, &again).await.state, ImageRequestState::Done);
    }
}

async fn request_again(world: &World, registry: &Registry) -> ImageRequestId {
    let manifest = registry.held.lock().unwrap()["1"].clone();
    registry.hold("again", manifest);
    let id = request(world, registry, "again").await;
    world.settle().await;
    id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registry_that_is_away_for_good_is_the_reason() {
    let (registry, _) = Registry::start().await;
    let world = world(World::clear().await, 1).await;
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = nobody.local_addr().unwrap().to_string();
    drop(nobody);
    let away = Registry {
        address,
        ..registry.clone()
    };
    let id = request(&world, &away, "1").await;
    world.settle().await;
    let failed = became(&world, &id).await;
    assert_eq!(failed.state, ImageRequestState::Failed);
    assert!(failed.reason.unwrap().contains("ask the registry"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_lacks_a_layer_until_it_was_read_again() {
    let (registry, image) = Registry::start().await;
    registry.hold(&digest(&packages()), layer(&[("other", "content")]));
    let world = world(World::clear().await, 1).await;
    let id = request(&world, &registry, "1").await;
    world.settle().await;
    let failed = became(&world, &id).await;
    assert_eq!(failed.state, ImageRequestState::Failed);
    let reason = failed.reason.unwrap();
    assert!(
        reason.contains("is not the one that the image names"),
        "{reason}"
    );
    assert_eq!(failed.image, Some(image.clone()));
    registry.hold(&digest(&packages()), packages());
    let queue = &world.platform.queue;
    let replayed = queue.redrive("registry", platform::Which::All).await;
    assert_eq!(replayed.unwrap(), 1);
    world.settle().await;
    let done = became(&world, &id).await;
    assert_eq!((done.state, done.reason), (ImageRequestState::Done, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_layer_that_never_comes_keeps_nobody_waiting() {
    let (registry, _) = Registry::start().await;
    let manifest = registry.held.lock().unwrap()["1"].clone();
    let mut manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    manifest["layers"][0]["mediaType"] =
        json!("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip");
    let manifest = manifest.to_string().into_bytes();
    registry.hold(&digest(&manifest), manifest.clone());
    registry.hold("1", manifest);
    registry.held.lock().unwrap().remove(&digest(&base()));
    for (max_image_bytes, seed) in [(u64::MAX, 3), (1, 5)] {
        let world = world(World::stormy(seed).await, max_image_bytes).await;
        let id = request(&world, &registry, "1").await;
        world.settle().await;
        assert_eq!(became(&world, &id).await.state, ImageRequestState::Done);
    }
}
