//! What if a fact were another.

use risk::{Changes, score};
use schemas::{
    api::vulnerability::WhatIfQuery,
    risk::{Exposure, PlaceFacts, VulnerabilityFacts},
};
use serde_json::{Value, json};

fn asked(changes: &Value) -> WhatIfQuery {
    let mut asked = json!({"place": "host/web"});
    let all = asked.as_object_mut().unwrap();
    all.extend(changes.as_object().unwrap().clone());
    serde_json::from_value(asked).unwrap()
}

#[test]
fn a_changed_fact_changes_what_it_is_about_and_nothing_else() {
    let (v, p) = (VulnerabilityFacts::default(), PlaceFacts::default());
    let made = |changes: Value| {
        let changes = Changes::read(&asked(&changes)).unwrap();
        let (v, fix, p) = changes.made(&v, true, &p);
        let score = score(&v, fix, &p);
        (v, fix, p, score.value)
    };
    let (same_v, fix, same_p, before) = made(json!({}));
    assert_eq!((&same_v, fix, &same_p), (&v, true, &p));
    for (changes, more) in [
        (json!({"exposure": "observed"}), 10.0),
        (json!({"exposure": "none"}), -5.0),
        (json!({"root": "yes"}), 2.0),
        (json!({"privileged": "no"}), -1.0),
        (
            json!({"capabilities": "yes", "no_security_profile": "yes"}),
            1.0,
        ),
        (json!({"host_namespaces": "no", "host_mounts": "no"}), -1.0),
        (json!({"runtime_socket": "yes"}), 1.0),
        (json!({"running_containers": 12}), 2.0),
        (json!({"package_in_use": "yes"}), 1.0),
        (json!({"critical": true}), 4.0),
        (json!({"known_exploited": true}), 18.0),
        (json!({"ransomware": true}), 22.0),
        (json!({"epss": 0.5}), 4.0),
        (json!({"exploitation": "active"}), 5.0),
        (json!({"technical_impact": "total"}), 2.0),
        (json!({"cvss_score": 10.0}), 9.0),
        (json!({"fix_available": false}), -3.0),
    ] {
        let (.., after) = made(changes.clone());
        assert!(
            (after - before - more).abs() < 0.01,
            "{changes} {before} {after}"
        );
    }
    let (v, ..) = made(json!({"known_exploited": true, "automatable": "yes"}));
    assert_eq!(v.exploited_sources, ["cisa-kev"]);
    let (_, _, p, _) = made(json!({"exposure": "declared"}));
    assert_eq!(p.exposure, Exposure::Declared);
    assert_eq!(p.exposure_reason.as_deref(), Some("as supposed"));
}

#[test]
fn a_value_that_a_fact_cannot_have_is_named() {
    for (bad, field) in [
        (json!({"exposure": "everywhere"}), "exposure"),
        (json!({"root": "maybe"}), "root"),
        (json!({"package_in_use": ""}), "package_in_use"),
        (json!({"epss": 1.5}), "epss"),
        (json!({"epss": -0.1}), "epss"),
        (json!({"cvss_score": 11.0}), "cvss_score"),
        (json!({"exploitation": "likely"}), "exploitation"),
        (json!({"automatable": "unknown"}), "automatable"),
        (json!({"technical_impact": "some"}), "technical_impact"),
    ] {
        let error = Changes::read(&asked(&bad)).unwrap_err();
        assert_eq!(error.field, field);
        assert!(error.to_string().contains(field));
    }
    let mut odd = asked(&json!({}));
    odd.epss = Some(f32::NAN);
    assert_eq!(Changes::read(&odd).unwrap_err().field, "epss");
}
