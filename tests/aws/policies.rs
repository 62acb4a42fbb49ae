//! Each function asks only for what its role in the template allows.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{known_host, run, settled, site};

#[test]
fn every_call_of_a_function_is_within_its_policy() {
    let Some(site) = site() else {
        return;
    };
    let stack = site.stack().unwrap();
    let agent = site.enrol(None).unwrap();
    run(&agent);
    known_host(&site);
    for function in ["feed-refresh", "fold"] {
        stack.run_scheduled(function).unwrap();
    }
    for path in [
        "/readyz",
        "/api/v1/feeds",
        "/api/v1/vulnerabilities",
        "/api/v1/dead-letters?queue=scan",
    ] {
        site.api.get(path).unwrap();
    }
    // Of this machine's own ports nothing is read, and whoever asked for it is told.
    let wish = json!({"reference": "127.0.0.1:1/none:1"});
    let asked = site.api.post("/api/v1/images", &wish).unwrap();
    let asked: Value = asked.json().unwrap();
    let request = format!("/api/v1/images/requests/{}", asked["id"].as_str().unwrap());
    site.api
        .wait_for(&request, |request| request["state"] == "failed")
        .unwrap();
    settled(&site);
    let calls = stack.gateway.calls();
    let policies = stack.policies().unwrap();
    let beyond: Vec<String> = calls
        .iter()
        .filter_map(|call| {
            let lacking = policies.lacking(call);
            (!lacking.is_empty())
                .then(|| format!("{} does {}: {lacking:?}", call.function, call.operation))
        })
        .collect();
    assert!(
        beyond.is_empty(),
        "not allowed by the template:\n{}",
        beyond.join("\n")
    );
    let asking: BTreeSet<&str> = calls.iter().map(|call| call.function.as_str()).collect();
    for function in [
        "api",
        "setup",
        "feed",
        "feed-refresh",
        "fold",
        "ingest",
        "registry",
        "scan",
        "score",
    ] {
        assert!(
            asking.contains(function),
            "{function} asked for nothing: {asking:?}"
        );
    }
}
