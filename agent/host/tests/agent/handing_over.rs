//! What the spool holds reaches the gateway once, whatever happens on the way.

use agent_host::{
    cycle::Boot,
    service,
    spool::{Drained, Spool, Subject, drain},
    state::StateDir,
    uplink::UplinkError,
};
use axum::http::StatusCode;
use schemas::{
    Timestamp,
    agent::{ENVELOPE_VERSION, Envelope, EnvelopeKind, ReceiptStatus},
};
use std::time::Duration;

use crate::gateway::{Gateway, SOON, key};

fn put(spool: &Spool, boot: &Boot) -> u64 {
    let (boot_id, seq) = boot.next();
    let envelope = Envelope {
        version: ENVELOPE_VERSION,
        agent: "a-1".parse().unwrap(),
        boot_id,
        seq,
        observed_at: Timestamp::from_ms(0),
        kind: EnvelopeKind::Activity,
        body: serde_json::json!({"n": seq}),
    };
    spool.put(&envelope, &Subject::Event).unwrap();
    seq
}

struct Fixture {
    gateway: Gateway,
    folder: tempfile::TempDir,
    spool: Spool,
    boot: Boot,
}

async fn with(envelopes: u64) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path(), 1 << 20).unwrap();
    let boot = Boot::new([1; 16]);
    for _ in 0..envelopes {
        put(&spool, &boot);
    }
    Fixture {
        gateway: Gateway::start().await,
        folder,
        spool,
        boot,
    }
}

#[tokio::test]
async fn each_envelope_ends_as_its_receipt_says() {
    let f = with(6).await;
    f.gateway.told().receipts.extend([
        (2, ReceiptStatus::Duplicate),
        (3, ReceiptStatus::Refused),
        (4, ReceiptStatus::UnsupportedVersion),
        (5, ReceiptStatus::Unknown),
    ]);
    let uplink = f.gateway.uplink();
    let drained = drain(&f.spool, &uplink, &f.boot).await.unwrap();
    assert_eq!(
        drained,
        Drained {
            delivered: 3,
            kept: 2,
            refused: 1
        }
    );
    assert_eq!(f.spool.len(), 2);
    let refused: Vec<_> = std::fs::read_dir(f.folder.path().join("refused"))
        .unwrap()
        .collect();
    assert_eq!(refused.len(), 2, "the envelope and the reason");
    // What is kept is offered again, and only that.
    f.gateway.told().receipts.clear();
    f.gateway.told().came.clear();
    drain(&f.spool, &uplink, &f.boot).await.unwrap();
    assert!(f.spool.is_empty());
    assert_eq!(
        f.gateway
            .told()
            .came
            .iter()
            .map(|came| came.1)
            .collect::<Vec<_>>(),
        [4, 5]
    );
}

#[tokio::test]
async fn what_a_newer_gateway_will_read_is_never_sent_in_turns_of_two_runs() {
    let f = with(1).await;
    f.gateway
        .told()
        .receipts
        .insert(1, ReceiptStatus::UnsupportedVersion);
    let uplink = f.gateway.uplink();
    let next_run = Boot::new([2; 16]);
    drain(&f.spool, &uplink, &next_run).await.unwrap();
    f.gateway.told().receipts.clear();
    put(&f.spool, &next_run);
    drain(&f.spool, &uplink, &next_run).await.unwrap();
    let runs: Vec<String> = f
        .gateway
        .told()
        .came
        .iter()
        .map(|came| came.0.clone())
        .collect();
    assert_eq!(runs, [f.boot.id(), next_run.id(), next_run.id()]);
    assert!(f.spool.is_empty());
}

#[tokio::test]
async fn one_envelope_that_spoils_a_batch_is_found_and_the_others_arrive() {
    let f = with(25).await;
    f.gateway.told().poison.insert(17);
    let drained = drain(&f.spool, &f.gateway.uplink(), &f.boot).await.unwrap();
    assert_eq!(
        drained,
        Drained {
            delivered: 24,
            kept: 0,
            refused: 1
        }
    );
    let mut came: Vec<u64> = f.gateway.told().came.iter().map(|came| came.1).collect();
    came.sort_unstable();
    came.dedup();
    assert_eq!(came.len(), 24);
}

#[tokio::test]
async fn while_the_gateway_is_away_everything_is_kept_and_it_says_when_to_come_back() {
    let f = with(3).await;
    f.gateway
        .told()
        .moods
        .push_back((StatusCode::SERVICE_UNAVAILABLE, "unavailable"));
    let uplink = f.gateway.uplink();
    let error = drain(&f.spool, &uplink, &f.boot).await.unwrap_err();
    assert!(error.is_transient());
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
    drop(f.spool);
    let spool = Spool::open(f.folder.path(), 1 << 20).unwrap();
    assert_eq!(spool.len(), 3);
    assert_eq!(drain(&spool, &uplink, &f.boot).await.unwrap().delivered, 3);
}

#[tokio::test]
async fn a_revoked_agent_keeps_what_it_has() {
    let f = with(1).await;
    f.gateway
        .told()
        .moods
        .push_back((StatusCode::FORBIDDEN, "agent-revoked"));
    let error = drain(&f.spool, &f.gateway.uplink(), &f.boot)
        .await
        .unwrap_err();
    assert!(matches!(error, UplinkError::Revoked));
    assert!(!error.is_transient());
    assert_eq!(f.spool.len(), 1);
}

#[tokio::test]
async fn a_clock_that_is_wrong_by_hours_is_corrected_within_one_request() {
    for ahead_ms in [5 * 3_600_000, -5 * 3_600_000] {
        let f = with(1).await;
        f.gateway.told().ahead_ms = ahead_ms;
        let uplink = f.gateway.uplink();
        assert_eq!(
            drain(&f.spool, &uplink, &f.boot).await.unwrap().delivered,
            1
        );
        let off_ms = uplink.clock().offset_ms() - ahead_ms;
        assert!(
            off_ms.abs() < 5_000,
            "the clock is still off by {off_ms} ms"
        );
        assert_eq!(f.gateway.told().verified, 1);
    }
}

#[tokio::test]
async fn a_running_agent_tells_of_its_host_and_stops_when_told() {
    let gateway = Gateway::start().await;
    let folder = tempfile::tempdir().unwrap();
    let state = StateDir::open(folder.path()).unwrap();
    state.write("agent.json", &gateway.enrolled()).unwrap();
    std::fs::create_dir(folder.path().join("root")).unwrap();
    std::fs::write(state.path("agent.key"), hex::encode([1; 32])).unwrap();
    assert_eq!(
        agent_host::key::load(&state)
            .unwrap()
            .unwrap()
            .public()
            .to_base64url(),
        key(1).public().to_base64url()
    );
    let config = agent_host::config::Config {
        docker: Some(Vec::new()),
        containerd: Some(Vec::new()),
        root: folder.path().join("root"),
        ..Default::default()
    };
    let (stopper, stop) = service::stopper();
    let told = gateway.clone();
    let watcher = tokio::spawn(async move {
        while told.told().came.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        stopper.stop();
    });
    let pass =
        tokio::time::timeout(4 * SOON, agent_host::run::run(&state, &config, false, stop)).await;
    let pass = pass.expect("the agent did not stop").unwrap();
    watcher.await.unwrap();
    assert_eq!(gateway.told().came.len(), 1);
    assert!(pass.held <= 1);
}
