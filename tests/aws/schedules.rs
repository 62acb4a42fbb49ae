//! What the time starts.

use bulkhead_tests::documents;
use serde_json::Value;

use crate::{nothing_given_up, settled, site};

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
    std::thread::scope(|scope| {
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
