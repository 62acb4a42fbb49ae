//! The deployed stack: the real template with the real binary, on a server that speaks the protocols of Amazon's services.
//! `make test-aws` starts it; without it the tests say that they are skipped.
//!
//! The story of the main job is told by `tests/end_to_end`, which the same command runs on deployed stacks. Here is what only
//! a stack can do: what its functions may, and what becomes of its messages when something fails.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod deployment;
mod faults;
mod given_up;
mod moving;
mod policies;
mod schedules;
mod uploads;

use std::{thread, time::Duration};

use bulkhead_tests::{agent::Agent, aws, site::Site};
use serde_json::Value;

/// The queues that an agent's upload passes through.
const OF_UPLOADS: [&str; 3] = ["ingest", "scan", "score"];
/// The queues of the roster.
const QUEUES: [&str; 5] = ["feed", "ingest", "registry", "scan", "score"];

/// A stack of its own; `None` where there is no server for it.
fn site() -> Option<Site> {
    let endpoint = aws::endpoint()?;
    Some(Site::deploy(&endpoint).unwrap())
}

/// Runs an agent once, however often it must try.
fn run(agent: &Agent) {
    let ran = agent.run_once().unwrap();
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
}

/// Waits until this machine is known with what it holds.
fn known_host(site: &Site) -> Value {
    let hosts = site
        .api
        .wait_for("/api/v1/hosts", |hosts| {
            hosts["hosts"][0]["standing"]["packages"].as_u64() > Some(0)
        })
        .unwrap();
    assert_eq!(hosts["total"], 1, "{hosts}");
    hosts["hosts"][0].clone()
}

/// Waits until nothing waits in any queue or is worked on, also a while later.
fn settled(site: &Site) {
    let stack = site.stack().unwrap();
    let mut quiet = 0;
    // An update of feeds that meets another comes again after two minutes.
    for _ in 0..3000 {
        let busy = QUEUES
            .iter()
            .any(|queue| stack.depth(queue).unwrap() != (0, 0));
        quiet = if busy { 0 } else { quiet + 1 };
        if quiet == 10 {
            return;
        }
        thread::sleep(Duration::from_millis(100));
    }
    let depths = QUEUES.map(|queue| (queue, stack.depth(queue).unwrap()));
    assert_eq!(quiet, 10, "messages do not come to an end: {depths:?}");
}

/// The dead letters of a queue that the tenant sees.
fn dead_letters(site: &Site, queue: &str) -> Value {
    let path = format!("/api/v1/dead-letters?queue={queue}");
    site.api.get(&path).unwrap()["dead_letters"].clone()
}

/// No message was given up.
fn nothing_given_up(site: &Site) {
    for queue in QUEUES {
        let letters = dead_letters(site, queue);
        assert_eq!(
            letters.as_array().map(Vec::len),
            Some(0),
            "{queue}: {letters}"
        );
        let native = site
            .stack()
            .unwrap()
            .depth(&format!("{queue}-dead"))
            .unwrap();
        assert_eq!(native, (0, 0), "{queue}");
    }
}
