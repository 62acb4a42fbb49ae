//! People: whose login is whose, and what is left of their sessions.

use std::sync::Arc;

use platform::{Embedded, ManualClock};
use records::identity::{External, Identity, SessionRecord, SignedIn, is_external};
use schemas::{Timestamp, api::session::Role};

use crate::support::tenant;

const NOW_MS: u64 = 1_780_000_000_000;

#[tokio::test]
async fn sessions_end_whatever_number_of_others_has_ended_of_itself() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(NOW_MS));
    let shared = Arc::<ManualClock>::clone(&clock);
    let platform = Embedded::open(folder.path().join("store"), shared).unwrap();
    let identity = Identity::new(platform);
    let tenant = tenant();
    let user = "ann".parse().unwrap();
    let kept: SessionRecord = serde_json::from_str(include_str!("samples/session.1.json")).unwrap();
    let now = Timestamp::from_ms(i64::try_from(NOW_MS).unwrap());
    let session = |id: String, lives_ms| SessionRecord {
        id: id.parse().unwrap(),
        last_used_at: now,
        expires_at: now.plus_ms(lives_ms),
        idle_ms: lives_ms,
        ..kept.clone()
    };
    for n in 0..250 {
        let short = session(format!("{n:032x}"), 1000);
        identity.create_session(&tenant, &short).await.unwrap();
    }
    // The last of all, behind pages of nothing.
    let long = session("f".repeat(32), 10_000_000);
    identity.create_session(&tenant, &long).await.unwrap();
    clock.advance_ms(60_000);
    assert_eq!(identity.end_sessions(&tenant, &user).await.unwrap(), 1);
    let left = identity.end_sessions(&tenant, &user).await.unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_login_that_somebody_else_has_lets_nobody_of_a_service_in() {
    let (platform, _folder) = crate::support::store();
    let identity = Identity::new(platform);
    let tenant = tenant();
    let external = |subject: &str| External {
        issuer: "https://issuer.example".to_owned(),
        subject: subject.to_owned(),
        name: None,
        email: None,
        signed_in_at: Timestamp::default(),
    };
    let roles = [Role::Admin.into()];
    let ann = identity.signed_in(&tenant, &external("1"), &roles).await;
    let SignedIn::New(ann) = ann.unwrap() else {
        panic!("she was there before");
    };
    assert!(is_external(&ann.id));
    let again = identity.signed_in(&tenant, &external("1"), &roles).await;
    let SignedIn::Known { user, before } = again.unwrap() else {
        panic!("she is not known any more");
    };
    assert_eq!(
        (&user.id, before.assignments()),
        (&ann.id, user.assignments())
    );
    // Who has a password here, and her login.
    let elsewhere = "other".parse().unwrap();
    let made = identity.create_user(&elsewhere, &ann.id, "hash".to_owned(), Vec::new());
    assert!(made.await.unwrap());
    let taken = identity.signed_in(&elsewhere, &external("1"), &roles).await;
    assert!(matches!(taken.unwrap(), SignedIn::Taken));
    let kept = identity.user(&elsewhere, &ann.id).await.unwrap().unwrap();
    assert!(kept.assignments().is_empty(), "{kept:?}");
}
