//! A build that is held against the policy of its server.

use std::process::{Command, Output};

use bulkhead_tests::{
    binaries::program,
    site::{PASSWORD, Site},
};
use reqwest::Method;
use serde_json::{Value, json};

/// Debian 12 with a package that the documents call affected.
fn inventory() -> Value {
    json!({
        "version": 1,
        "target": {"kind": "image", "name": "shop:1"},
        "os": {"family": "linux", "id": "debian", "version_id": "12"},
        "packages": [{
            "name": "bash", "version": "5.2.15-2", "kind": "deb", "path": "var/lib/dpkg/status",
            "purl": "pkg:deb/debian/bash@5.2.15-2?arch=amd64&distro=debian-12"
        }],
        "coverage": {"status": "complete", "gaps": []}
    })
}

#[test]
fn a_build_takes_its_server_s_policy_and_leaves_its_result_there() {
    let site = Site::open().unwrap();
    let folder = site.path();
    std::fs::write(folder.join("inventory.json"), inventory().to_string()).unwrap();
    let session = site
        .api
        .post(
            "/api/v1/session",
            &json!({"login": "admin", "password": PASSWORD}),
        )
        .unwrap();
    let session: Value = session.json().unwrap();
    std::fs::write(folder.join("token"), session["token"].as_str().unwrap()).unwrap();
    let scan = |server: &str, more: &[&str]| -> Output {
        Command::new(program("bulkhead").unwrap())
            .args([
                "scan",
                "inventory:inventory.json",
                "--feeds",
                "feeds",
                "--format",
                "json",
            ])
            .args(["--server", server, "--server-token-file", "token"])
            .args(more)
            .current_dir(folder)
            .env("XDG_CACHE_HOME", folder.join("cache"))
            .env_remove("BULKHEAD_TOKEN")
            .output()
            .unwrap()
    };
    let url = site.url().unwrap();
    let before = scan(&url, &[]);
    assert_eq!(before.status.code(), Some(0), "{before:?}");

    let text = "version = 1\nname = \"central\"\n[fail_on]\nseverity = \"unknown\"\n";
    let policy = json!({"form": "toml", "text": text});
    let set = site
        .api
        .send(Method::PUT, "/api/v1/policies/ci", Some(&policy))
        .unwrap();
    assert!(set.status().is_success(), "{}", set.text().unwrap());
    // What is excepted beside the scan is not excepted by the server.
    std::fs::write(
        folder.join("mine.toml"),
        "version = 1\n[fail_on]\nseverity = \"unknown\"\n[[exceptions]]\npackage = \"*\"\nreason = \"mine\"\nexpires = 2999-01-01\n",
    )
    .unwrap();
    let gated = scan(&url, &["--policy", "mine.toml"]);
    assert_eq!(gated.status.code(), Some(1), "{gated:?}");
    let report: Value = serde_json::from_slice(&gated.stdout).unwrap();
    let violations = report["policy"]["violations"].as_array().unwrap();
    assert!(
        violations
            .iter()
            .all(|violation| violation["policy"] == "central")
    );

    let scans = site.api.get("/api/v1/scans").unwrap();
    let verdicts: Vec<_> = scans["scans"]
        .as_array()
        .unwrap()
        .iter()
        .map(|scan| scan.get("verdict").cloned())
        .collect();
    assert_eq!(verdicts, [Some(json!("violated")), None]);
    assert_eq!(scans["scans"][0]["target"]["name"], "shop:1");

    let away = scan("http://127.0.0.1:9", &[]);
    assert_eq!(away.status.code(), Some(3), "{away:?}");
}
