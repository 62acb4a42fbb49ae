//! The bundle: only the pinned key's, never an older one, and kept over restarts.

use agent_host::{
    bundle::{Bundles, PollError},
    state::StateDir,
};
use schemas::{Timestamp, agent::Bundle};

use crate::gateway::{Gateway, key};

fn signed(version: u64, seed: u8, tenant: &str) -> (serde_json::Value, String) {
    let bundle = Bundle {
        tenant: tenant.parse().unwrap(),
        version,
        issued_at: Timestamp::from_ms(0),
        rules: vec![serde_json::json!({"type": "not known yet"})],
        commands: Vec::new(),
    };
    let signed = access::bundle::sign_bundle(&bundle, &key(seed)).unwrap();
    (
        serde_json::to_value(signed).unwrap(),
        format!("\"{version}\""),
    )
}

#[tokio::test]
async fn the_newest_bundle_is_in_force_and_asked_about_by_its_etag_also_after_a_restart() {
    let gateway = Gateway::start().await;
    let folder = tempfile::tempdir().unwrap();
    let state = StateDir::open(folder.path()).unwrap();
    let uplink = gateway.uplink();
    let mut bundles = Bundles::load(&state, &gateway.enrolled()).unwrap();
    assert!(bundles.current().is_none());
    gateway.told().bundle = Some(signed(4, 7, "acme"));
    assert!(bundles.poll(&uplink, &state).await.unwrap());
    let mut bundles = Bundles::load(&state, &gateway.enrolled()).unwrap();
    assert_eq!(bundles.current().map(|bundle| bundle.version), Some(4));
    assert!(!bundles.poll(&uplink, &state).await.unwrap());
    assert_eq!(gateway.told().asked_with, [None, Some("\"4\"".to_owned())]);
}

#[tokio::test]
async fn older_foreign_and_forged_bundles_change_nothing() {
    let gateway = Gateway::start().await;
    let folder = tempfile::tempdir().unwrap();
    let state = StateDir::open(folder.path()).unwrap();
    let uplink = gateway.uplink();
    let mut bundles = Bundles::load(&state, &gateway.enrolled()).unwrap();
    gateway.told().bundle = Some(signed(4, 7, "acme"));
    bundles.poll(&uplink, &state).await.unwrap();
    for bad in [
        signed(3, 7, "acme"),
        signed(5, 8, "acme"),
        signed(6, 7, "other"),
    ] {
        gateway.told().bundle = Some(bad);
        assert!(matches!(
            bundles.poll(&uplink, &state).await,
            Err(PollError::Refused(_))
        ));
        assert_eq!(bundles.current().map(|bundle| bundle.version), Some(4));
    }
    // A kept bundle that someone changed on disk is not obeyed.
    let (other, _) = signed(9, 8, "acme");
    state
        .write(
            "bundle.json",
            &serde_json::json!({"etag": "\"9\"", "signed": other}),
        )
        .unwrap();
    let bundles = Bundles::load(&state, &gateway.enrolled()).unwrap();
    assert!(bundles.current().is_none());
}
