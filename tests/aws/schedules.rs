//! What the time starts.

use std::{thread, time::Duration};

use bulkhead_tests::{
    aws::{Fault, Rule},
    documents,
};
use serde_json::{Value, json};

use crate::{dead_letters, known_host, nothing_given_up, run, settled, site};

/// What SQS gave up has a bounded time where it is then; as a record it stays until a person decides.
#[test]
fn what_sqs_gave_up_is_kept_although_nobody_asks_for_it() {
    let Some(site) = site() else {
        return;
    };
    let stack = site.stack().unwrap();
    stack.shorten_visibility("ingest", 2).unwrap();
    stack.give_up_after("ingest", 2).unwrap();
    stack.gateway.fail(Rule {
        function: "ingest",
        operation: "s3:GetObject",
        fault: Fault::KilledBefore,
        times: usize::MAX,
    });
    run(&site.enrol(None).unwrap());
    let given_up = || stack.depth("ingest-dead").unwrap().0;
    for _ in 0..600 {
        if given_up() > 0 {
            break;
        }
        thread::sleep(Duration::from_millis(100));
    }
    assert!(given_up() > 0, "SQS gave nothing up");
    settled(&site);
    let count = given_up();
    stack.gateway.heal();
    stack.run_scheduled("sweep").unwrap();
    assert_eq!(stack.depth("ingest-dead").unwrap(), (0, 0));
    let letters = dead_letters(&site, "ingest");
    assert_eq!(
        letters.as_array().map(|letters| letters.len() as u64),
        Some(count)
    );
    assert!(
        letters[0]["reason"]
            .as_str()
            .is_some_and(|reason| reason.contains("without an answer")),
        "{letters}"
    );
    // Nothing of it is lost: sent again, it is worked on.
    let again = json!({"do": "replay", "queue": "ingest"});
    let answer = stack.invoke("setup", &again).unwrap();
    assert_eq!(answer["replayed"], count, "{answer}");
    known_host(&site);
}

/// The number of the advisories in use.
fn generation(feeds: &Value) -> Option<u64> {
    feeds["generation"].as_str()?.parse().ok()
}

#[test]
fn a_schedule_that_fires_twice_has_one_effect() {
    let Some(site) = site() else {
        return;
    };
    let stack = site.stack().unwrap();
    let before = site
        .api
        .wait_for("/api/v1/feeds", |feeds| generation(feeds).is_some())
        .unwrap();
    settled(&site);
    // Something to find, so that one start has an effect and two could have two.
    let feeds = site.path().join("feeds");
    documents::write_debian(&feeds, "1.0-1").unwrap();
    stack.publish(&feeds).unwrap();
    thread::scope(|scope| {
        for function in ["feed-refresh", "feed-refresh", "fold", "fold"] {
            scope.spawn(move || stack.run_scheduled(function).unwrap());
        }
    });
    let next = generation(&before).map(|before| before + 1);
    site.api
        .wait_for("/api/v1/feeds", |feeds| generation(feeds) >= next)
        .unwrap();
    settled(&site);
    let after = site.api.get("/api/v1/feeds").unwrap();
    assert_eq!(generation(&after), next, "{after}");
    nothing_given_up(&site);
}
