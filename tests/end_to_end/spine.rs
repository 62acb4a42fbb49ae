//! From an agent to a ranked answer, across a restart, alike from the API and the command line.

use std::process::Command;

use bulkhead_tests::{
    binaries::{program, run},
    documents,
    engine::Engine,
    site::{PASSWORD, Site},
};
use serde_json::Value;

/// The part of a row that must be the same wherever it is read.
fn ranking(list: &Value) -> Vec<(String, String, u64, u64)> {
    list["vulnerabilities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                row["id"].as_str().unwrap().to_owned(),
                row["score"].to_string(),
                row["hosts"].as_u64().unwrap(),
                row["images"].as_u64().unwrap(),
            )
        })
        .collect()
}

fn image_named<'a>(images: &'a Value, name: &str) -> Option<&'a Value> {
    images["images"].as_array()?.iter().find(|image| {
        image["name"]
            .as_str()
            .is_some_and(|known| known.contains(name))
    })
}

#[test]
fn an_agent_with_a_real_engine_leads_to_the_same_ranked_answer_everywhere() {
    let Some(engine) = Engine::find().unwrap() else {
        return;
    };
    let mut site = Site::open().unwrap();
    let agent = site.enrol(Some(&engine.address)).unwrap();
    let _web = engine
        .container(&["-p", "0.0.0.0:0:80", "alpine-like:3.18", "sleep", "600"])
        .unwrap();

    let ran = agent.run_once().unwrap();
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    let images = site
        .api
        .wait_for("/api/v1/images?limit=100", |images| {
            ["debian:12", "alpine-like:3.18"].iter().all(|name| {
                image_named(images, name)
                    .is_some_and(|i| i["standing"]["counts"]["total"].as_u64() > Some(0))
            })
        })
        .unwrap();

    // Debian's image is judged by source package; what is fixed at "0" was never affected.
    let debian = image_named(&images, "debian:12").unwrap();
    let findings = site
        .api
        .get(&format!(
            "/api/v1/images/{}/findings?limit=500",
            debian["id"].as_str().unwrap()
        ))
        .unwrap();
    let ids: Vec<&str> = findings["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["vulnerability"].as_str().unwrap())
        .collect();
    assert!(ids.contains(&"CVE-2024-10001"), "{ids:?}");
    assert!(
        ids.contains(&"CVE-2024-10003"),
        "an open row is a finding: {ids:?}"
    );
    assert!(!ids.contains(&"CVE-2024-10002"), "{ids:?}");
    let bash = &findings["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|finding| finding["vulnerability"] == "CVE-2024-10001")
        .unwrap();
    assert_eq!(bash["package"], "bash");
    assert_eq!(bash["fixed_version"], "1:99.0-1");
    assert!(
        bash["layer"]
            .as_str()
            .is_some_and(|layer| layer.starts_with("sha256:"))
    );

    // The one that is exploited, published and running comes first.
    let before = site
        .api
        .wait_for("/api/v1/vulnerabilities?limit=100", |list| {
            list["vulnerabilities"][0]["running_containers"].as_u64() >= Some(1)
        })
        .unwrap();
    assert_eq!(
        before["vulnerabilities"][0]["id"], "CVE-2023-42366",
        "{before}"
    );
    let detail = site
        .api
        .get("/api/v1/vulnerabilities/CVE-2023-42366")
        .unwrap();
    let exposure = detail["places"][0]["facts"]["exposure"].as_str().unwrap();
    assert!(
        ["published", "public_address"].contains(&exposure),
        "{detail}"
    );

    // Whatever else was sent is worked on first: the list is awaited until it stays as it is.
    let mut before = before;
    let mut same = 0;
    while same < 3 {
        std::thread::sleep(std::time::Duration::from_secs(1));
        let next = site.api.get("/api/v1/vulnerabilities?limit=100").unwrap();
        same = if ranking(&next) == ranking(&before) {
            same + 1
        } else {
            0
        };
        before = next;
    }

    site.kill().unwrap();
    site.start_again().unwrap();
    let after = site.api.get("/api/v1/vulnerabilities?limit=100").unwrap();
    assert_eq!(
        ranking(&after),
        ranking(&before),
        "a restart changes no answer"
    );

    let password = site.path().join("password");
    std::fs::write(&password, PASSWORD).unwrap();
    let printed = run(Command::new(program("bulkhead").unwrap())
        .args([
            "vulnerabilities",
            "--server",
            &site.url().unwrap(),
            "--limit",
            "100",
        ])
        .args(["--user", "admin", "--format", "json", "--password-file"])
        .arg(&password))
    .unwrap();
    let printed: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(
        ranking(&printed),
        ranking(&after),
        "the command line tells what the API tells"
    );
}

#[test]
fn a_changed_advisory_is_matched_again_without_any_agent() {
    let Some(engine) = Engine::find().unwrap() else {
        return;
    };
    let mut site = Site::open().unwrap();
    let agent = site.enrol(Some(&engine.address)).unwrap();
    assert!(agent.run_once().unwrap().status.success());
    site.api
        .wait_for("/api/v1/vulnerabilities?search=CVE-2024-10001", |list| {
            list["total"] == 1
        })
        .unwrap();

    // Debian corrects its row: what the image holds was never affected.
    documents::write_debian(&site.path().join("feeds"), "1.0-1").unwrap();
    site.read_documents().unwrap();
    site.api
        .wait_for("/api/v1/vulnerabilities?search=CVE-2024-10001", |list| {
            list["total"] == 0
        })
        .unwrap();
    let other = site
        .api
        .get("/api/v1/vulnerabilities?search=CVE-2024-10003")
        .unwrap();
    assert_eq!(other["total"], 1, "what did not change stays");
}
