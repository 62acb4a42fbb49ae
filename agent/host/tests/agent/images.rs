//! Images and containers of an engine: read once, known by their configuration, and never with their environment.

use std::sync::atomic::Ordering;

use agent_host::{
    config::Config,
    run::{Pass, run},
    service,
    state::StateDir,
};
use schemas::agent::InventoryBody;

use crate::{
    engine::Engine,
    gateway::{Gateway, SOON},
};

pub(crate) async fn pass(gateway: &Gateway, engine: &Engine, state: &StateDir) -> Pass {
    state.write("agent.json", &gateway.enrolled()).unwrap();
    std::fs::write(state.path("agent.key"), hex::encode([1; 32])).unwrap();
    std::fs::create_dir_all(state.path("root")).unwrap();
    let config = Config {
        docker: Some(vec![engine.address.clone()]),
        containerd: Some(Vec::new()),
        root: state.path("root"),
        ..Config::default()
    };
    let (_stopper, stop) = service::stopper();
    tokio::time::timeout(SOON, run(state, &config, true, stop))
        .await
        .unwrap()
        .unwrap()
}

fn bodies(gateway: &Gateway) -> Vec<InventoryBody> {
    let bodies = std::mem::take(&mut gateway.told().bodies);
    assert!(
        !serde_json::to_string(&bodies).unwrap().contains("hunter2"),
        "a secret left the host"
    );
    bodies
        .into_iter()
        .map(|body| serde_json::from_value(body).unwrap())
        .collect()
}

#[tokio::test]
async fn an_image_is_read_once_and_containers_name_it_by_its_configuration() {
    let (gateway, engine) = (Gateway::start().await, Engine::start(false).await);
    let folder = tempfile::tempdir().unwrap();
    let state = StateDir::open(folder.path()).unwrap();
    let first = pass(&gateway, &engine, &state).await;
    assert!(first.complete);
    assert_eq!(
        (first.images_read, first.drained.delivered, first.held),
        (1, 3, 0)
    );
    let stored = gateway.told().layers.get(&engine.layer).cloned().unwrap();
    assert!(serde_json::to_string(&stored).unwrap().contains("zlib1g"));
    let mut seen = 0;
    for body in bodies(&gateway) {
        match body {
            InventoryBody::Image { image } => {
                seen += 1;
                assert_eq!(image.facts.id, engine.config);
                assert_eq!(
                    (image.facts.user.as_str(), image.facts.tags.as_slice()),
                    ("app", &["shop/web:2".to_owned()][..])
                );
                assert!(image.gaps.is_empty());
            }
            InventoryBody::Containers { snapshot } => {
                seen += 1;
                assert!(snapshot.complete);
                assert_eq!(snapshot.containers[0].image, engine.config);
                assert_eq!(snapshot.containers[0].published[0].host_port, 8080);
            }
            InventoryBody::Host { inventory } => {
                seen += 1;
                assert_eq!(inventory.host.unwrap().engines.len(), 1);
            }
            InventoryBody::Unknown => panic!("the agent sent what it does not know"),
        }
    }
    assert_eq!(seen, 3);
    let second = pass(&gateway, &engine, &state).await;
    assert_eq!(second.images_read, 0);
    assert_eq!(engine.exports.load(Ordering::SeqCst), 1);
    let again: Vec<_> = bodies(&gateway)
        .into_iter()
        .filter(|body| !matches!(body, InventoryBody::Host { .. }))
        .collect();
    assert!(
        again.is_empty(),
        "what did not change was sent again: {again:?}"
    );
}

#[tokio::test]
async fn an_export_that_breaks_off_uploads_nothing_and_is_not_repeated_at_once() {
    let (gateway, engine) = (Gateway::start().await, Engine::start(true).await);
    let folder = tempfile::tempdir().unwrap();
    let state = StateDir::open(folder.path()).unwrap();
    pass(&gateway, &engine, &state).await;
    pass(&gateway, &engine, &state).await;
    assert!(gateway.told().layers.is_empty());
    assert_eq!(engine.exports.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_engine_that_falls_silent_is_not_taken_for_an_empty_one() {
    let (gateway, engine) = (Gateway::start().await, Engine::start(false).await);
    let folder = tempfile::tempdir().unwrap();
    let state = StateDir::open(folder.path()).unwrap();
    let silent = Engine {
        address: "tcp://127.0.0.1:1".to_owned(),
        ..engine
    };
    pass(&gateway, &silent, &state).await;
    let snapshot = bodies(&gateway).into_iter().find_map(|body| match body {
        InventoryBody::Containers { snapshot } => Some(snapshot),
        _ => None,
    });
    assert!(snapshot.is_some_and(|snapshot| !snapshot.complete && snapshot.containers.is_empty()));
}
