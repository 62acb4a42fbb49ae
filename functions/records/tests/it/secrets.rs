//! Sealed secrets belong to one tenant and one thing.

use platform::SealError;
use records::{RecordError, SealedSecret, Secrets};
use secrecy::{ExposeSecret, SecretString};

use crate::support::store;

#[tokio::test]
async fn a_secret_is_given_back_to_whom_it_was_sealed_for_and_to_nobody_else() {
    let (platform, _folder) = store();
    let secrets = Secrets(&platform);
    let (ours, theirs) = ("ours".parse().unwrap(), "theirs".parse().unwrap());
    let secret = SecretString::from("hunter2 ünïcode");
    let sealed = secrets.seal(&ours, "registries/1", &secret).await.unwrap();
    let stored = serde_json::to_string(&sealed).unwrap();
    assert!(!stored.contains("hunter2"));
    let sealed: SealedSecret = serde_json::from_str(&stored).unwrap();
    let opened = secrets.open(&ours, "registries/1", &sealed).await.unwrap();
    assert_eq!(opened.expose_secret(), secret.expose_secret());
    for (tenant, thing) in [(&theirs, "registries/1"), (&ours, "registries/2")] {
        let refused = secrets.open(tenant, thing, &sealed).await.unwrap_err();
        assert!(
            matches!(refused, RecordError::Secret(SealError::Damaged)),
            "{refused}"
        );
        assert!(!refused.is_transient());
    }
    assert_eq!(format!("{sealed:?}"), "SealedSecret");
}
