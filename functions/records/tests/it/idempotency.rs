//! Requests that are done once.

use std::sync::Arc;

use platform::{Embedded, EmbeddedOptions, ManualClock};
use records::idempotency::{Asked, Begun, Idempotency, KEPT_S, MAX_ANSWER_BYTES};
use secrecy::{ExposeSecret, SecretString};

use crate::support::{store, tenant};

fn asked(name: &str, request: &str) -> Asked {
    Asked {
        name: records::digest(name.as_bytes()),
        request: records::digest(request.as_bytes()),
    }
}

#[tokio::test]
async fn one_does_it_and_others_are_told_what_became_of_it() {
    let (platform, _folder) = store();
    let (once, tenant) = (Idempotency(&platform), tenant());
    let other: schemas::TenantId = "other".parse().unwrap();
    let request = asked("k", "make x");
    let Begun::First(turn) = once.begin(&tenant, &request).await.unwrap() else {
        panic!("somebody was there");
    };
    let again = once.begin(&tenant, &request).await.unwrap();
    assert!(matches!(again, Begun::Running { .. }), "{again:?}");
    let another = once.begin(&tenant, &asked("k", "make y")).await.unwrap();
    assert!(matches!(another, Begun::Other), "{another:?}");
    // Larger than what is sealed as one, and of characters that take three bytes.
    let answer = SecretString::from(format!("hunter2{}", "€".repeat(40_000)));
    once.done(&tenant, &turn, &answer).await.unwrap();
    let done = once.begin(&tenant, &request).await.unwrap();
    let Begun::Done {
        answer: Some(found),
    } = done
    else {
        panic!("{done:?}");
    };
    assert_eq!(found.expose_secret(), answer.expose_secret());
    let theirs = once.begin(&other, &request).await.unwrap();
    assert!(matches!(theirs, Begun::First(_)), "{theirs:?}");
}

#[tokio::test]
async fn what_was_not_done_may_come_again_and_what_is_too_large_is_told_to_be_done() {
    let (platform, _folder) = store();
    let (once, tenant) = (Idempotency(&platform), tenant());
    let request = asked("k", "make x");
    for attempt in 0..2 {
        let begun = once.begin(&tenant, &request).await.unwrap();
        let Begun::First(turn) = begun else {
            panic!("{begun:?}");
        };
        if attempt == 0 {
            once.release(&tenant, &turn).await.unwrap();
            // Its time is over, so it says nothing any more.
            once.done(&tenant, &turn, &"late".into()).await.unwrap();
        } else {
            let large = SecretString::from("x".repeat(MAX_ANSWER_BYTES + 1));
            once.done(&tenant, &turn, &large).await.unwrap();
        }
    }
    let done = once.begin(&tenant, &request).await.unwrap();
    assert!(matches!(done, Begun::Done { answer: None }), "{done:?}");
}

#[tokio::test]
async fn a_key_is_forgotten_after_a_day() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(1_800_000_000_000));
    let own = Arc::<ManualClock>::clone(&clock);
    let options = EmbeddedOptions::default();
    let (platform, _) = Embedded::open_whole(folder.path(), own, options).unwrap();
    let once = Idempotency(&platform);
    let request = asked("k", "make x");
    let first = once.begin(&tenant(), &request).await.unwrap();
    assert!(matches!(first, Begun::First(_)));
    let day_ms = u64::try_from(KEPT_S).unwrap() * 1000;
    clock.advance_ms(day_ms - 1000);
    let within = once.begin(&tenant(), &request).await.unwrap();
    assert!(matches!(within, Begun::Running { .. }), "{within:?}");
    clock.advance_ms(2000);
    let after = once.begin(&tenant(), &asked("k", "make y")).await.unwrap();
    assert!(matches!(after, Begun::First(_)), "{after:?}");
}
