//! What the time starts.

use crate::{nothing_given_up, settled, site};

#[test]
fn a_schedule_that_fires_twice_has_one_effect() {
    let Some(site) = site() else {
        return;
    };
    let stack = site.stack().unwrap();
    let compiled = |feeds: &serde_json::Value| feeds["generation"].is_string();
    let before = site.api.wait_for("/api/v1/feeds", compiled).unwrap();
    std::thread::scope(|scope| {
        for function in ["feed-refresh", "feed-refresh", "fold", "fold"] {
            scope.spawn(move || stack.run_scheduled(function).unwrap());
        }
    });
    settled(&site);
    let after = site.api.get("/api/v1/feeds").unwrap();
    assert_eq!(before["generation"], after["generation"], "{after}");
    nothing_given_up(&site);
}
