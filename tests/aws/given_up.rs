//! Messages that cannot be worked on are seen, and sent again when the reason is gone.

use bulkhead_tests::aws::{Fault, Rule};
use serde_json::{Value, json};

use crate::{dead_letters, known_host, nothing_given_up, run, settled, site};

#[test]
fn a_message_whose_blob_is_gone_is_given_up_and_can_be_sent_again() {
    let Some(site) = site() else {
        return;
    };
    let stack = site.stack().unwrap();
    let agent = site.enrol(None).unwrap();
    stack.gateway.fail(Rule {
        function: "ingest",
        operation: "s3:GetObject",
        fault: Fault::Missing,
        times: usize::MAX,
    });
    run(&agent);
    let listed = site
        .api
        .wait_for("/api/v1/dead-letters?queue=ingest", |listed| {
            listed["dead_letters"]
                .as_array()
                .is_some_and(|letters| !letters.is_empty())
        })
        .unwrap();
    assert!(
        listed["dead_letters"][0]["reason"]
            .as_str()
            .is_some_and(|reason| !reason.is_empty()),
        "{listed}"
    );
    settled(&site);
    stack.gateway.heal();
    let letters = dead_letters(&site, "ingest");
    let ids: Vec<&Value> = letters
        .as_array()
        .unwrap()
        .iter()
        .map(|letter| &letter["id"])
        .collect();
    let replay = json!({"queue": "ingest", "ids": ids});
    let replayed = site
        .api
        .post("/api/v1/dead-letters/replay", &replay)
        .unwrap();
    let replayed: Value = replayed.json().unwrap();
    assert_eq!(replayed["replayed"].as_u64(), Some(ids.len() as u64));
    known_host(&site);
    settled(&site);
    nothing_given_up(&site);
}

#[test]
fn what_no_version_understands_is_given_up_and_told_to_its_tenant_only() {
    let Some(site) = site() else {
        return;
    };
    let stack = site.stack().unwrap();
    let sent = "this is no message";
    stack
        .send("scan", sent, &[("id", "default/by-hand")])
        .unwrap();
    stack
        .send("scan", sent, &[("id", "other/by-hand")])
        .unwrap();
    let listed = site
        .api
        .wait_for("/api/v1/dead-letters?queue=scan", |listed| {
            listed["dead_letters"]
                .as_array()
                .is_some_and(|letters| !letters.is_empty())
        })
        .unwrap();
    let settled_letters = {
        settled(&site);
        dead_letters(&site, "scan")
    };
    assert_eq!(
        settled_letters.as_array().map(Vec::len),
        Some(1),
        "{listed}"
    );
    assert_eq!(settled_letters[0]["id"], "default/by-hand");
    assert_eq!(settled_letters[0]["body"], sent);
    // Sent again it is given up again: it is never lost, and never in the way of others.
    let replay = json!({"queue": "scan", "ids": ["default/by-hand", "other/by-hand"]});
    let replayed = site
        .api
        .post("/api/v1/dead-letters/replay", &replay)
        .unwrap();
    let replayed: Value = replayed.json().unwrap();
    assert_eq!(replayed["replayed"], 1, "another tenant's is not sent");
    site.api
        .wait_for("/api/v1/dead-letters?queue=scan", |listed| {
            listed["dead_letters"][0]["id"] == "default/by-hand"
        })
        .unwrap();
    let agent = site.enrol(None).unwrap();
    run(&agent);
    known_host(&site);
}
