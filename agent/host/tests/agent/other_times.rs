//! A gateway that is older or newer than the agent: the agent goes on, and nothing that it saw is lost.

use std::path::Path;

use agent_host::{
    clock::Clock,
    cycle::Boot,
    enrol::{Wanted, enrol},
    run::Pass,
    spool::{Drained, Spool, Subject, drain},
    state::StateDir,
    uplink::UplinkError,
};
use axum::http::StatusCode;
use schemas::{
    Timestamp,
    agent::{Bundle, ENVELOPE_VERSION, Envelope, EnvelopeKind, ReceiptStatus},
};

use crate::{
    engine::Engine,
    gateway::{Age, Gateway, key},
    images::pass,
};

struct House {
    gateway: Gateway,
    engine: Engine,
    state: StateDir,
    _folder: tempfile::TempDir,
}

async fn house() -> House {
    let folder = tempfile::tempdir().unwrap();
    House {
        gateway: Gateway::start().await,
        engine: Engine::start(false).await,
        state: StateDir::open(folder.path()).unwrap(),
        _folder: folder,
    }
}

impl House {
    async fn pass(&self) -> Pass {
        pass(&self.gateway, &self.engine, &self.state).await
    }

    /// What was told of the host, the image and the containers, in words.
    fn told(&self) -> Vec<String> {
        let mut told: Vec<String> = self
            .gateway
            .told()
            .bodies
            .iter()
            .map(|body| body["subject"].as_str().unwrap().to_owned())
            .collect();
        told.sort();
        told.dedup();
        told
    }
}

fn bundle(version: u64) -> (serde_json::Value, String) {
    let bundle = Bundle {
        tenant: "acme".parse().unwrap(),
        version,
        issued_at: Timestamp::from_ms(0),
        rules: vec![serde_json::json!({"type": "of a later gateway", "weight_g": 3})],
        commands: vec![serde_json::json!({"id": "c-1", "type": "of a later gateway"})],
    };
    let signed = access::bundle::sign_bundle(&bundle, &key(7)).unwrap();
    (
        serde_json::to_value(signed).unwrap(),
        format!("\"{version}\""),
    )
}

#[tokio::test]
async fn answers_that_say_more_or_less_than_is_known_are_as_good() {
    for age in [Age::Later, Age::Older] {
        let house = house().await;
        house.gateway.told().age = age;
        house.gateway.told().bundle = Some(bundle(4));
        let first = house.pass().await;
        assert!(first.complete && first.unreachable.is_none(), "{first:?}");
        assert_eq!((first.drained.delivered, first.held), (3, 0), "{age:?}");
        assert!(
            house
                .gateway
                .told()
                .layers
                .contains_key(&house.engine.layer)
        );
        house.pass().await;
        let asked = house.gateway.told().asked_with.clone();
        assert_eq!(
            asked,
            [None, Some("\"4\"".to_owned())],
            "the bundle is in force"
        );

        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::open(folder.path()).unwrap();
        let wanted = Wanted {
            server: house.gateway.address.clone(),
            token: "bhe_good".to_owned().into(),
            ca: None,
            allow_http: false,
            force: false,
        };
        let enrolled = enrol(&state, wanted).await.unwrap();
        assert_eq!(state.enrolled().unwrap(), enrolled);
    }
}

#[tokio::test]
async fn what_a_gateway_does_not_have_yet_holds_up_nothing_else() {
    let all = ["containers", "host", "image"];
    for (lacked, told) in [
        ("/agent/v1/bundle", &all[..]),
        ("/agent/v1/layers/missing", &["containers", "host"]),
        ("/agent/v1/envelopes", &[]),
    ] {
        let house = house().await;
        house.gateway.told().bundle = Some(bundle(1));
        house.gateway.told().lacks = vec![lacked];
        let first = house.pass().await;
        assert_eq!(house.told(), told, "without {lacked}");
        assert_eq!(first.drained.refused, 0, "without {lacked}");
        let again_later = first.unreachable.is_some_and(|error| error.is_transient());
        assert!(again_later, "{lacked} is asked for again");
        // The gateway was renewed.
        house.gateway.told().lacks.clear();
        let second = house.pass().await;
        assert_eq!(house.told(), all, "once there is {lacked}");
        assert_eq!(second.held, 0);
        assert!(
            house
                .gateway
                .told()
                .layers
                .contains_key(&house.engine.layer)
        );
    }
}

fn put(spool: &Spool, boot: &Boot) {
    let (boot_id, seq) = boot.next();
    let envelope = Envelope {
        version: ENVELOPE_VERSION,
        agent: "a-1".parse().unwrap(),
        boot_id,
        seq,
        observed_at: Timestamp::from_ms(0),
        kind: EnvelopeKind::Facts,
        body: serde_json::json!({"n": seq}),
    };
    spool.put(&envelope, &Subject::Event).unwrap();
}

#[tokio::test]
async fn what_was_seen_by_a_clock_that_ran_ahead_is_told_as_seen_by_now() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path(), 1 << 20).unwrap();
    let (gateway, boot) = (Gateway::start().await, Boot::new([1; 16]));
    let (boot_id, seq) = boot.next();
    let envelope = Envelope {
        version: ENVELOPE_VERSION,
        agent: "a-1".parse().unwrap(),
        boot_id,
        seq,
        observed_at: Clock::local(),
        kind: EnvelopeKind::Facts,
        body: serde_json::json!({}),
    };
    spool.put(&envelope, &Subject::Event).unwrap();
    // The server's time is ten minutes behind this machine's.
    gateway.told().ahead_ms = -600_000;
    gateway.told().bundle = Some(bundle(1));
    let uplink = gateway.uplink();
    uplink.bundle(None).await.unwrap();
    assert_eq!(drain(&spool, &uplink, &boot).await.unwrap().delivered, 1);
    assert_eq!(set_aside(folder.path()), 0);
}

fn set_aside(folder: &Path) -> usize {
    let ends = |file: std::fs::DirEntry| file.path().to_string_lossy().ends_with(".json.zst");
    let files = std::fs::read_dir(folder.join("refused")).unwrap();
    files.flatten().map(ends).filter(|is| *is).count()
}

#[tokio::test]
async fn no_verdict_in_words_that_are_not_known_loses_anything() {
    // Whatever the words: what is about the content is set aside with its reason, for someone to look at; everything else
    // is kept and sent again.
    for (status, kept) in [
        (StatusCode::BAD_REQUEST, 0),
        (StatusCode::UNPROCESSABLE_ENTITY, 0),
        (StatusCode::UNAUTHORIZED, 1),
        (StatusCode::FORBIDDEN, 1),
        (StatusCode::CONFLICT, 1),
        (StatusCode::IM_A_TEAPOT, 1),
        (StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS, 1),
        (StatusCode::NOT_IMPLEMENTED, 1),
        (StatusCode::INSUFFICIENT_STORAGE, 1),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path(), 1 << 20).unwrap();
        let (gateway, boot) = (Gateway::start().await, Boot::new([1; 16]));
        put(&spool, &boot);
        gateway
            .told()
            .moods
            .push_back((status, "of-a-later-gateway"));
        let first = drain(&spool, &gateway.uplink(), &boot).await;
        assert_eq!(spool.len(), kept, "{status}: {first:?}");
        assert_eq!(set_aside(folder.path()), 1 - kept, "{status}");
        assert!(!matches!(first, Err(UplinkError::Revoked)), "{status}");
        put(&spool, &boot);
        let then = drain(&spool, &gateway.uplink(), &boot).await.unwrap();
        assert_eq!(then.delivered, kept + 1, "{status}");
    }
}

#[tokio::test]
async fn what_a_gateway_cannot_read_yet_or_ponders_is_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path(), 1 << 20).unwrap();
    let (gateway, boot) = (Gateway::start().await, Boot::new([1; 16]));
    let uplink = gateway.uplink();
    gateway.told().age = Age::Later;
    put(&spool, &boot);
    put(&spool, &boot);
    gateway.told().receipts.insert(2, ReceiptStatus::Unknown);
    let pondered = drain(&spool, &uplink, &boot).await.unwrap();
    assert_eq!((pondered.delivered, pondered.kept), (1, 1));
    // Said of the whole request it means the same.
    let mood = (StatusCode::UNPROCESSABLE_ENTITY, "unsupported-version");
    gateway.told().moods.push_back(mood);
    let kept = Drained {
        kept: 1,
        ..Drained::default()
    };
    assert_eq!(drain(&spool, &uplink, &boot).await.unwrap(), kept);
    gateway.told().receipts.clear();
    gateway.told().came.clear();
    assert_eq!(drain(&spool, &uplink, &boot).await.unwrap().delivered, 1);
    assert_eq!(gateway.told().came, [(boot.id().to_owned(), 2)]);
    assert_eq!(set_aside(folder.path()), 0);
}
