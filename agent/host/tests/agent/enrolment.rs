//! Enrolment: a key of its own, proved, once.

use agent_host::{
    enrol::{EnrolError, Wanted, enrol},
    state::{StateDir, StateError},
    uplink::UplinkError,
};

use crate::gateway::Gateway;

fn wanted(gateway: &Gateway, token: &str, force: bool) -> Wanted {
    Wanted {
        server: gateway.address.clone(),
        token: token.to_owned().into(),
        ca: None,
        allow_http: false,
        force,
    }
}

#[tokio::test]
async fn an_agent_enrols_once_and_anew_only_with_a_new_key() {
    let gateway = Gateway::start().await;
    let folder = tempfile::tempdir().unwrap();
    let state = StateDir::open(folder.path()).unwrap();
    let bad = enrol(&state, wanted(&gateway, "bhe_bad", false)).await;
    assert!(matches!(
        bad,
        Err(EnrolError::Uplink(UplinkError::Refused { status: 401, .. }))
    ));
    assert!(matches!(state.enrolled(), Err(StateError::NotEnrolled(_))));
    let enrolled = enrol(&state, wanted(&gateway, " bhe_good\n", false))
        .await
        .unwrap();
    assert_eq!(state.enrolled().unwrap(), enrolled);
    let again = enrol(&state, wanted(&gateway, "bhe_good", false)).await;
    assert!(matches!(again, Err(EnrolError::Already { .. })));
    enrol(&state, wanted(&gateway, "bhe_good", true))
        .await
        .unwrap();
    let told = gateway.told();
    let [first, second] = told.enrolled.as_slice() else {
        panic!("two enrolments were accepted, not {}", told.enrolled.len());
    };
    assert_ne!(first.public_key, second.public_key);
    assert_eq!(first.machine, second.machine);
    assert_eq!(first.machine.len(), 64);
    let kept = std::fs::read_to_string(state.path("agent.json")).unwrap();
    assert!(!kept.contains("bhe_good"));
}
