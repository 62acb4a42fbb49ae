//! Exceptions that are approved hide what they are about, change no score, and are over at their time.

use std::sync::Arc;

use estate::{Excepted, Filter};
use handlers::{Handler, Limits, fold::Fold};
use platform::{Delivery, ManualClock, Message};
use records::{
    CollectionRecord, Collections, Estates, ExceptionChange, ExceptionRecord, Exceptions,
    messages::{self, ScoreMessage},
};
use schemas::{
    Place, Timestamp,
    api::{collection::CollectionText, exception::ExceptionText},
    collection::CollectionParts,
    exception::{ExceptionScope, ExceptionState, ExceptionStatus},
    notification::NotificationEvent,
};

use crate::{
    notify::{Listener, channel},
    support::{T0, World, host, tracker},
};

const CURL: &str = "CVE-2026-0002";
const OPENSSL: &str = "CVE-2026-0001";

/// An exception for everything of a vulnerability, as it was asked for.
fn asked(id: &str, vulnerability: &str) -> ExceptionRecord {
    ExceptionRecord {
        version: 1,
        id: id.parse().unwrap(),
        text: ExceptionText {
            vulnerability: vulnerability.parse().unwrap(),
            package: None,
            scope: ExceptionScope::Estate,
            status: ExceptionStatus::AcceptedRisk,
            justification: None,
            reason: "until the next release".to_owned(),
            expires_at: None,
        },
        state: ExceptionState::Requested,
        requested_by: "dev".to_owned(),
        requester: None,
        requested_at: Timestamp::from_ms(T0),
        decision: None,
        revocation: None,
    }
}

/// Brings an exception into a state, as the API does.
async fn turn(world: &World, record: &mut ExceptionRecord, state: ExceptionState) {
    // The weather is for what is tested here.
    let exceptions = Exceptions(&world.calm);
    let kept = exceptions.get(&world.tenant, &record.id).await.unwrap();
    let revision = match kept {
        Some((_, revision)) => revision,
        None => {
            assert!(exceptions.put(&world.tenant, record, None).await.unwrap());
            let kept = exceptions.get(&world.tenant, &record.id).await.unwrap();
            kept.unwrap().1
        }
    };
    record.state = state;
    let changed = exceptions.change(&world.tenant, record, revision).await;
    assert_eq!(changed.unwrap(), ExceptionChange::Done);
}

/// Has an exception for everything of a vulnerability approved, and tells nobody.
pub(crate) async fn approve(world: &World, vulnerability: &str) {
    let mut exception = asked("e1", vulnerability);
    turn(world, &mut exception, ExceptionState::Approved).await;
}

/// Tells `score` and lets everything be done.
async fn told(world: &World) {
    let message = ScoreMessage::Exceptions {
        tenant: world.tenant.clone(),
    };
    messages::send(&world.calm, &[message]).await.unwrap();
    world.settle().await;
}

/// The timer that runs every minute.
pub(crate) async fn tick(world: &World) {
    let tick = Delivery {
        queue: String::new(),
        message: Message::new("tick", "{}"),
        receipt: String::new(),
        receive_count: 1,
        first_received_at_ms: 0,
        sent_at_ms: 0,
    };
    Fold.handle(&world.context, &tick).await.unwrap();
    world.settle().await;
}

/// Three hosts, two of which have both vulnerabilities.
async fn estate(world: &World) {
    let rows = [
        ("openssl", OPENSSL, "3.0.15-1"),
        ("curl", CURL, "7.88.1-10+deb12u9"),
    ];
    world.document("tracker.json", tracker(&rows));
    world.refresh().await;
    let both = [("openssl", "3.0.14-1"), ("curl", "7.88.1-1")];
    for (name, packages) in [("a-1", &both[..]), ("a-2", &both[..]), ("b-1", &both[..1])] {
        let agent = world.agent(name).await;
        world.send(&agent, 1, &host(name, packages, &[])).await;
    }
    world.settle().await;
}

/// Vulnerabilities with their scores and numbers of hosts.
async fn listed(world: &World, excepted: Excepted) -> Vec<(String, u16, u32)> {
    let index = Estates(&world.calm).load_merged(&world.tenant).await;
    let filter = Filter {
        excepted,
        ..Filter::default()
    };
    let rows = index.unwrap().page(&filter, None, 100).rows;
    let mut rows: Vec<_> = rows
        .into_iter()
        .map(|row| (row.id.to_string(), row.score_tenths, row.hosts))
        .collect();
    rows.sort();
    rows
}

/// Number of vulnerabilities of a place.
async fn counted(world: &World, place: &str) -> u32 {
    let place: Place = place.parse().unwrap();
    let index = Estates(&world.calm).load_merged(&world.tenant).await;
    let summaries = index.unwrap().summaries(Some(&place));
    summaries.first().unwrap().counts.total
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_excepted_is_hidden_until_the_exception_s_time_and_no_score_changes() {
    let clock = Arc::new(ManualClock::new(u64::try_from(T0).unwrap()));
    let world = World::at(Arc::clone(&clock)).await;
    estate(&world).await;
    let before = listed(&world, Excepted::Hide).await;
    assert_eq!(before.len(), 2, "{before:?}");

    let mut exception = asked("e1", CURL);
    exception.text.expires_at = Some(Timestamp::from_ms(T0 + 3_600_000));
    turn(&world, &mut exception, ExceptionState::Approved).await;
    told(&world).await;
    let openssl = before.first().cloned().unwrap();
    let curl = before.last().cloned().unwrap();
    assert_eq!(
        listed(&world, Excepted::Hide).await,
        std::slice::from_ref(&openssl)
    );
    assert_eq!(
        listed(&world, Excepted::Only).await,
        std::slice::from_ref(&curl)
    );
    assert_eq!(listed(&world, Excepted::All).await, before);
    assert_eq!(counted(&world, "host/a-1").await, 1);
    // A host that comes later, and one that is scanned again.
    let agent = world.agent("a-3").await;
    let packages = [("curl", "7.88.1-1")];
    world.send(&agent, 1, &host("a-3", &packages, &[])).await;
    world.settle().await;
    assert_eq!(listed(&world, Excepted::Hide).await, [openssl]);

    clock.advance_ms(3_599_999);
    tick(&world).await;
    assert_eq!(listed(&world, Excepted::Hide).await.len(), 1);
    clock.advance_ms(1);
    tick(&world).await;
    let after = listed(&world, Excepted::Hide).await;
    assert_eq!(after.len(), 2, "{after:?}");
    assert_eq!(after.last().unwrap().1, curl.1);
    assert_eq!(after.last().unwrap().2, curl.2 + 1);
    let exceptions = Exceptions(&world.platform);
    let kept = exceptions.get(&world.tenant, &exception.id).await.unwrap();
    assert_eq!(kept.unwrap().0.state, ExceptionState::Expired);
    let left = exceptions.in_force(&world.tenant).await.unwrap().record;
    assert!(left.exceptions.is_empty() && left.pending.is_empty());
    assert_eq!(world.dead().await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exception_holds_for_its_package_and_place_alone() {
    let world = World::clear().await;
    estate(&world).await;
    let mut place = asked("e1", CURL);
    place.text.scope = ExceptionScope::Place {
        place: "host/a-1".parse().unwrap(),
    };
    let mut other = asked("e2", OPENSSL);
    other.text.package = Some("pkg:deb/debian/curl".to_owned());
    turn(&world, &mut place, ExceptionState::Approved).await;
    turn(&world, &mut other, ExceptionState::Approved).await;
    told(&world).await;
    let hosts = async || {
        let rows = listed(&world, Excepted::Hide).await;
        rows.iter().map(|row| row.2).collect::<Vec<_>>()
    };
    assert_eq!(hosts().await, [3, 1]);

    let parts = CollectionParts {
        hosts: vec!["a-*".to_owned()],
        ..CollectionParts::default()
    };
    let text = CollectionText {
        name: "a".to_owned(),
        description: String::new(),
        parts,
    };
    let id: schemas::CollectionId = "a".parse().unwrap();
    let collection = CollectionRecord::new(id.clone(), text, Timestamp::from_ms(T0), "ann");
    let collections = Collections(&world.platform);
    let put = collections.put(&world.tenant, &collection, None).await;
    assert!(put.unwrap());
    let mut within = asked("e3", OPENSSL);
    within.text.package = Some("pkg:deb/debian/openssl".to_owned());
    within.text.scope = ExceptionScope::Collection { collection: id };
    turn(&world, &mut within, ExceptionState::Approved).await;
    told(&world).await;
    assert_eq!(hosts().await, [1, 1]);

    // Taken back, all is as it was.
    for record in [&mut place, &mut other, &mut within] {
        turn(&world, record, ExceptionState::Revoked).await;
    }
    told(&world).await;
    assert_eq!(hosts().await, [3, 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_message_is_made_up_and_many_places_are_scored_some_by_some() {
    let limits = Limits {
        rematched_at_once: 1,
        ..Limits::default()
    };
    let world = World::with_limits(limits).await;
    estate(&world).await;
    let mut exception = asked("e1", OPENSSL);
    turn(&world, &mut exception, ExceptionState::Approved).await;
    world.settle().await;
    assert_eq!(listed(&world, Excepted::Hide).await.len(), 2);
    tick(&world).await;
    assert_eq!(listed(&world, Excepted::Hide).await.len(), 1);
    assert_eq!(listed(&world, Excepted::Only).await[0].2, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exceptions_that_come_while_places_do_hide_the_same_in_a_storm() {
    for seed in [3, 11] {
        let world = World::stormy(seed).await;
        let mut exception = asked("e1", CURL);
        turn(&world, &mut exception, ExceptionState::Approved).await;
        estate(&world).await;
        let mut second = asked("e2", OPENSSL);
        turn(&world, &mut second, ExceptionState::Approved).await;
        told(&world).await;
        assert_eq!(listed(&world, Excepted::Hide).await, [], "{seed}");
        turn(&world, &mut exception, ExceptionState::Revoked).await;
        told(&world).await;
        let rows = listed(&world, Excepted::Hide).await;
        assert_eq!(rows.len(), 1, "{seed}");
        assert_eq!(rows[0].2, 2, "{seed}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_told_of_what_is_excepted() {
    let limits = Limits {
        quiet_s: 0,
        ..Limits::default()
    };
    let world = World::with_limits(limits).await;
    let listener = Listener::new().await;
    let url = format!("{}/told", listener.address);
    channel(&world, "c1", url, &[NotificationEvent::FindingsNew]).await;
    let agent = world.agent("a-1").await;
    world.document("tracker.json", tracker(&[("curl", "CVE-2020-1", "1")]));
    world.refresh().await;
    let packages = [("openssl", "3.0.14-1"), ("curl", "7.88.1-1")];
    world.send(&agent, 1, &host("a-1", &packages, &[])).await;
    world.settle().await;
    let _ = listener.take("/told");

    let mut exception = asked("e1", CURL);
    turn(&world, &mut exception, ExceptionState::Approved).await;
    let rows = [
        ("openssl", OPENSSL, "3.0.15-1"),
        ("curl", CURL, "7.88.1-10+deb12u9"),
    ];
    world.document("tracker.json", tracker(&rows));
    world.refresh().await;
    world.settle().await;
    let told: Vec<_> = listener
        .take("/told")
        .into_iter()
        .map(|(.., body)| body)
        .collect();
    let text = String::from_utf8_lossy(&told.concat()).into_owned();
    assert!(text.contains(OPENSSL), "{text}");
    assert!(!text.contains(CURL), "{text}");
}
