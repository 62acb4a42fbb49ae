//! Nothing that was acknowledged is lost, whenever a process is killed.

use std::{fs, path::Path};

use bulkhead_tests::site::Site;

fn files_below(folder: &Path) -> usize {
    fs::read_dir(folder)
        .map(|entries| {
            entries
                .flatten()
                .map(|entry| {
                    if entry.path().is_dir() {
                        files_below(&entry.path())
                    } else {
                        1
                    }
                })
                .sum()
        })
        .unwrap_or(0)
}

#[test]
fn a_server_killed_right_after_its_answer_has_lost_nothing() {
    let mut site = Site::open().unwrap();
    let agent = site.enrol(None).unwrap();
    assert!(agent.run_once().unwrap().status.success());
    // What the agent was told is stored must be there, whether or not it had been worked on.
    site.kill().unwrap();
    site.start_again().unwrap();
    let hosts = site
        .api
        .wait_for("/api/v1/hosts", |hosts| {
            hosts["hosts"][0]["standing"]["packages"].as_u64() > Some(0)
        })
        .unwrap();
    assert_eq!(hosts["total"], 1);
}

#[test]
fn an_agent_keeps_what_it_saw_until_the_server_is_back() {
    let mut site = Site::open().unwrap();
    let agent = site.enrol(None).unwrap();
    site.kill().unwrap();
    let away = agent.run_once().unwrap();
    assert!(
        !away.status.success(),
        "an agent that could not deliver says so"
    );
    assert!(
        files_below(&agent.state().join("spool")) > 0,
        "what it saw is on disk"
    );

    site.start_again().unwrap();
    let back = agent.run_once().unwrap();
    assert!(
        back.status.success(),
        "{}",
        String::from_utf8_lossy(&back.stderr)
    );
    site.api
        .wait_for("/api/v1/hosts", |hosts| hosts["total"] == 1)
        .unwrap();
}

#[test]
fn a_revoked_agent_is_refused_at_once() {
    let site = Site::open().unwrap();
    let agent = site.enrol(None).unwrap();
    assert!(agent.run_once().unwrap().status.success());
    let agents = site.api.get("/api/v1/agents").unwrap();
    let id = agents["agents"][0]["id"].as_str().unwrap().to_owned();
    let revoked = site
        .api
        .send(
            "DELETE".parse().unwrap(),
            &format!("/api/v1/agents/{id}"),
            None,
        )
        .unwrap();
    assert!(revoked.status().is_success(), "{}", revoked.status());
    let refused = agent.run_once().unwrap();
    assert!(!refused.status.success());
    let said = String::from_utf8_lossy(&refused.stderr).into_owned()
        + &String::from_utf8_lossy(&refused.stdout);
    assert!(said.contains("revoked"), "{said}");
}
