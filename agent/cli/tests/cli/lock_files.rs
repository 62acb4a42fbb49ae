//! Folders of applications: lock files, what is for development, and what nobody can resolve.

use super::fixture::{Place, text};

const OSV: &str = r#"{"id":"GHSA-aaaa-bbbb-cccc","modified":"2024-01-01T00:00:00Z","aliases":["CVE-2024-1000"],"affected":[{"package":{"ecosystem":"npm","name":"left-pad"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.3.0"}]}]}]}
{"id":"GHSA-dddd-eeee-ffff","modified":"2024-01-01T00:00:00Z","aliases":["CVE-2024-2000"],"affected":[{"package":{"ecosystem":"npm","name":"test-kit"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"9.0.0"}]}]}]}
"#;

const LOCK: &str = r#"{"lockfileVersion":3,"packages":{"":{"name":"app"},
    "node_modules/left-pad":{"version":"1.2.0"},
    "node_modules/test-kit":{"version":"8.0.0","dev":true}}}"#;

#[test]
fn an_application_is_judged_by_its_lock_file_and_development_is_counted() {
    let place = Place::new();
    place.write("feeds/npm.jsonl", OSV);
    place.write("app/package-lock.json", LOCK);
    let source = format!("dir:{}", text(&place.path("app")));
    let feeds = place.path("feeds");
    let scan = |more: &[&str]| {
        let mut arguments = vec!["scan", &source, "--feeds", text(&feeds)];
        arguments.extend(more);
        place.run(&arguments)
    };
    scan(&[])
        .exits(0)
        .says("none: an application's folder")
        .says("1 for development only left out")
        .says("CVE-2024-1000");
    let report = scan(&["--format", "json"]).exits(0).json();
    assert_eq!(report["coverage"]["status"], "complete");
    assert_eq!(report["summary"]["total"], 1);
    assert_eq!(report["summary"]["development_left_out"], 1);
    assert_eq!(report["packages"][1]["origin"], "development");
    let report = scan(&["--format", "json", "--include-dev"]).exits(0).json();
    assert_eq!(report["summary"]["total"], 2);
    // What is not pinned is said, and the scan is no whole one.
    place.write("app/requirements.txt", "flask>=2\n");
    scan(&[]).exits(4).says("flask>=2");
}
