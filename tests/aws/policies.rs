//! Each function asks only for what its role in the template allows.

use std::collections::BTreeSet;

use bulkhead_tests::{aws::Stack, site::Site};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{dead_letters, known_host, run, settled, site};

/// Scans of builds, and the bytes of the name of each; a quote is twice as long in JSON. Together they fill an answer of more
/// than 8 MiB, from which on a blob is stored in parts.
const SCANS: usize = 150;
const NAME_BYTES: usize = 30 << 10;

/// As SQS itself would, to its own dead letters.
fn give_some_up(stack: &Stack) {
    for n in 0..3 {
        let id = format!("default/given-up-{n}");
        stack
            .send("scan-dead", "no message", &[("id", &id)])
            .unwrap();
    }
}

/// What is too large for an answer is answered by the address of a blob.
fn large_export(site: &Site) {
    let quotes = "\"".repeat(NAME_BYTES);
    for n in 0..SCANS {
        let report = json!({
            "version": 1, "software": "0.1.0", "scanned_at": "2026-11-25T12:00:00Z",
            "target": {"kind": "image", "name": format!("{n}{quotes}")},
            "coverage": {"status": "complete", "gaps": []}, "packages": [], "findings": [],
            "summary": {
                "total": 0, "critical": 0, "high": 0, "medium": 0, "low": 0, "unknown": 0,
                "known_exploited": 0, "fixable": 0, "cannot_judge": 0,
            },
        });
        let kept = site.api.post("/api/v1/scans", &report).unwrap();
        assert_eq!(kept.status(), 201, "{:?}", kept.text());
    }
    let path = "/api/v1/exports/scans?limit=500";
    let answer = site.api.send(Method::GET, path, None).unwrap();
    let (status, url) = (answer.status(), answer.url().to_string());
    let text = answer.text().unwrap();
    let begin: String = text.chars().take(500).collect();
    assert_eq!(status, 200, "{url}: {begin}");
    assert!(url.contains("/t/default/exports/"), "{url}: {begin}");
    assert!(
        text.len() > 8 << 20,
        "{} bytes are not in parts",
        text.len()
    );
    let export: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(export["records"].as_array().map(Vec::len), Some(SCANS));
}

/// Some by the tenant, some by an operator. They are given up anew, as no version understands them.
fn replay(site: &Site) {
    let by_tenant = json!({"queue": "scan", "ids": ["default/given-up-0"]});
    let answer = site.api.post("/api/v1/dead-letters/replay", &by_tenant);
    let answer: Value = answer.unwrap().json().unwrap();
    assert_eq!(answer["replayed"], 1, "{answer}");
    let by_operator = json!({"do": "replay", "queue": "scan", "ids": ["default/given-up-1"]});
    let answer = site.stack().unwrap().invoke("setup", &by_operator).unwrap();
    assert_eq!(answer["replayed"], 1, "{answer}");
    settled(site);
    let letters = dead_letters(site, "scan");
    assert!(
        letters
            .as_array()
            .is_some_and(|letters| !letters.is_empty()),
        "{letters}"
    );
}

#[test]
fn every_call_of_a_function_is_within_its_policy() {
    let Some(site) = site() else {
        return;
    };
    let stack = site.stack().unwrap();
    let agent = site.enrol(None).unwrap();
    run(&agent);
    known_host(&site);
    give_some_up(stack);
    for function in ["feed-refresh", "fold", "sweep", "watch"] {
        stack.run_scheduled(function).unwrap();
    }
    large_export(&site);
    settled(&site);
    replay(&site);
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
    let made: BTreeSet<_> = calls
        .iter()
        .map(|call| (call.function.as_str(), call.operation.as_str()))
        .collect();
    for expected in [
        // A blob in parts.
        ("api", "s3:CreateMultipartUpload"),
        ("api", "s3:UploadPart"),
        ("api", "s3:CompleteMultipartUpload"),
        ("sweep", "sqs:ReceiveMessage"),
        ("sweep", "dynamodb:PutItem"),
        // What is sent again is sent, and then forgotten.
        ("api", "sqs:SendMessageBatch"),
        ("api", "dynamodb:DeleteItem"),
        ("setup", "sqs:SendMessageBatch"),
        ("setup", "dynamodb:DeleteItem"),
    ] {
        assert!(
            made.contains(&expected),
            "{expected:?} is not seen: {made:?}"
        );
    }
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
        "sweep",
        "watch",
    ] {
        assert!(
            asking.contains(function),
            "{function} asked for nothing: {asking:?}"
        );
    }
}
