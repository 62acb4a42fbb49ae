//! Another key, with servers that do not know of such a thing or do not answer. What a server that does makes of it, the tests
//! of the API show.

use agent_host::{
    key,
    rotation::{RotationError, Rotations},
    state::StateDir,
    uplink::UplinkError,
};
use axum::http::StatusCode;

use crate::gateway::{Gateway, key as seeded};

/// The folder of an agent whose key is that of the gateway's agent and older than a key may be.
fn folder() -> (tempfile::TempDir, StateDir) {
    let folder = tempfile::tempdir().unwrap();
    let state = StateDir::open(folder.path()).unwrap();
    std::fs::write(state.path("agent.key"), "01".repeat(32)).unwrap();
    let since = serde_json::json!({"since": "2020-01-01T00:00:00.000Z"});
    state.write("rotation.json", &since).unwrap();
    (folder, state)
}

fn asked(gateway: &Gateway) -> usize {
    let told = gateway.told();
    let requests = told.requests.iter();
    requests
        .filter(|(_, path, ..)| path == "/agent/v1/key")
        .count()
}

#[tokio::test]
async fn a_server_that_takes_no_other_key_is_gone_on_with() {
    let (gateway, (_folder, state)) = (Gateway::start().await, folder());
    let (uplink, mut rotations) = (gateway.uplink(), Rotations::default());
    let refused = rotations.keep_up(&state, &uplink).await;
    let Err(RotationError::Uplink(UplinkError::Refused { status: 404, .. })) = refused else {
        panic!("{refused:?}");
    };
    // Not again at once, and with the key that it has.
    assert!(!rotations.keep_up(&state, &uplink).await.unwrap());
    assert_eq!(asked(&gateway), 1);
    let kept = key::load(&state).unwrap().unwrap().public();
    assert_eq!(kept.to_base64url(), seeded(1).public().to_base64url());
    let layer = schemas::Digest::from_sha256(&[1; 32]);
    uplink.missing_layers(&[layer]).await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_away_is_asked_later_with_the_same_key() {
    let (gateway, (_folder, state)) = (Gateway::start().await, folder());
    let uplink = gateway.uplink();
    let mut next = Vec::new();
    for _ in 0..2 {
        let mood = (StatusCode::SERVICE_UNAVAILABLE, "unavailable");
        gateway.told().moods.push_back(mood);
        let away = Rotations::default().keep_up(&state, &uplink).await;
        assert!(away.is_err());
        next.push(key::load_next(&state).unwrap().unwrap().public());
    }
    assert_eq!(asked(&gateway), 2);
    assert_eq!(next[0].to_base64url(), next[1].to_base64url());
}
