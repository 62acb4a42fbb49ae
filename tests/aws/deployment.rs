//! The next release, deployed while messages flow.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::Duration,
};

use bulkhead_tests::by_hand::ByHand;
use serde_json::json;

use crate::{nothing_given_up, settled, site};

#[test]
fn what_is_sent_before_during_and_after_a_deployment_has_its_effect_once() {
    let Some(site) = site() else {
        return;
    };
    let stack = site.stack().unwrap();
    // What was being worked on when its instance ended is given out again then.
    for queue in ["ingest", "scan", "score"] {
        stack.shorten_visibility(queue, 5).unwrap();
    }
    let agent = site.enrol_by_hand(1).unwrap();
    let (layer, document) = ByHand::layer("web", &[("bash", "5.2.15-2")]);
    agent.put_layer(&layer, &document).unwrap();

    let (sent, deployed) = (AtomicU64::new(0), AtomicBool::new(false));
    let tell = || {
        let name = format!("shop/web:{}", sent.load(Ordering::Relaxed));
        let image = agent.envelope("inventory", ByHand::image(&name, &layer));
        let batch = json!({"envelopes": [image.unwrap()]});
        // As an agent does: what was not answered is sent again as it was.
        for _ in 0..100 {
            let said = agent.post("/agent/v1/envelopes", &batch);
            let status = said
                .ok()
                .map(|said| said.body["receipts"][0]["status"].clone());
            if status.is_some_and(|status| status == "accepted" || status == "duplicate") {
                sent.fetch_add(1, Ordering::Relaxed);
                return;
            }
            thread::sleep(Duration::from_millis(200));
        }
        panic!("an envelope is not taken");
    };
    let (before, during) = thread::scope(|scope| {
        scope.spawn(|| {
            while !deployed.load(Ordering::Relaxed) {
                tell();
            }
            for _ in 0..5 {
                tell();
            }
        });
        while sent.load(Ordering::Relaxed) < 5 {
            thread::sleep(Duration::from_millis(20));
        }
        let before = sent.load(Ordering::Relaxed);
        let next = stack.deploy_next();
        let during = sent.load(Ordering::Relaxed) - before;
        deployed.store(true, Ordering::Relaxed);
        next.unwrap();
        (before, during)
    });
    assert!(before > 0 && during > 0, "{before} before, {during} during");
    let sent = sent.load(Ordering::Relaxed);
    let path = "/api/v1/vulnerabilities?search=CVE-2024-10001";
    let list = site.api.wait_for(path, |list| {
        list["vulnerabilities"][0]["images"].as_u64() >= Some(sent)
    });
    list.unwrap();
    settled(&site);
    let list = site.api.get(path).unwrap();
    assert_eq!(list["vulnerabilities"][0]["images"], sent, "{list}");
    let images = site.api.get("/api/v1/images?limit=500").unwrap();
    assert_eq!(images["total"], sent);
    for image in images["images"].as_array().unwrap() {
        assert_eq!(image["standing"]["counts"]["total"], 1, "{image}");
    }
    nothing_given_up(&site);
}
