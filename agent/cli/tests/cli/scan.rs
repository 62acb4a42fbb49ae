//! Scans of folders, images and inventory documents.

use std::fs;

use serde_json::{Value, json};

use super::fixture::{Place, Ran, text};

fn found(report: &Value) -> Vec<(String, String)> {
    let mut found: Vec<_> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            let field = |name: &str| finding[name].as_str().unwrap().to_owned();
            (field("vulnerability"), field("package"))
        })
        .collect();
    found.sort();
    found
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected
        .iter()
        .map(|(id, package)| ((*id).to_owned(), (*package).to_owned()))
        .collect()
}

/// Vulnerabilities of the fixture's Debian: by source name and source version, the removed package left out.
const EXPECTED: &[(&str, &str)] = &[
    ("CVE-2026-1001", "libspam1"),
    ("CVE-2026-1001", "spam-tools"),
    ("CVE-2026-1002", "libspam1"),
    ("CVE-2026-1002", "spam-tools"),
    ("CVE-2026-1003", "eggs"),
];

#[test]
fn a_folder_is_judged_by_source_name_and_version() {
    let place = Place::new();
    place.debian();
    place.compiled();
    let report = place
        .run(&[
            "scan", "dir:root", "--feeds", "compiled", "--format", "json",
        ])
        .exits(0)
        .json();
    assert_eq!(found(&report), pairs(EXPECTED));
    assert_eq!(report["coverage"]["status"], "complete");
    let first = &report["findings"][0];
    assert_eq!(first["vulnerability"], "CVE-2026-1001");
    assert_eq!(first["package"], "libspam1");
    assert_eq!(first["installed_version"], "1.0-2+b1");
    assert_eq!(first["fixed_version"], "1.0-2+deb12u1");
    assert_eq!(first["severity"], "high");
    assert_eq!(first["kev"], true);
    assert_eq!(first["evidence"]["matched_name"], "spam");
    assert_eq!(first["evidence"]["matched_version"], "1.0-2");
    assert_eq!(report["summary"]["total"], 5);
    assert_eq!(report["summary"]["known_exploited"], 2);
    assert_eq!(report["cannot_judge"][0]["vulnerability"], "CVE-2026-1004");
    let parts: f64 = first["score"]["parts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part["points"].as_f64().unwrap())
        .sum();
    let value = first["score"]["value"].as_f64().unwrap();
    assert!((parts - value).abs() < 1e-4, "{parts} is not {value}");
}

#[test]
fn documents_are_compiled_on_the_way_and_give_the_same_report() {
    let place = Place::new();
    place.debian();
    place.compiled();
    let scan = |feeds: &str| {
        let mut report = place
            .run(&["scan", "dir:root", "--feeds", feeds, "--format", "json"])
            .exits(0)
            .json();
        report["scanned_at"] = Value::Null;
        report
    };
    let compiled = scan("compiled");
    assert_eq!(scan("documents"), compiled);
    assert!(place.path("cache").is_dir());
    assert_eq!(scan("documents"), compiled, "from the cache");
    let mut command = place.command(&["scan", "dir:root", "--format", "json"]);
    command.env("BULKHEAD_FEEDS", "compiled");
    let mut report = Ran::from(command).exits(0).json();
    report["scanned_at"] = Value::Null;
    assert_eq!(report, compiled, "by the environment");
}

#[test]
fn the_report_is_as_its_schema_says() {
    let place = Place::new();
    place.debian();
    place.compiled();
    let report = place
        .run(&[
            "scan", "dir:root", "--feeds", "compiled", "--format", "json",
        ])
        .exits(0)
        .json();
    let (_, schema) = schemas::json_schema::documents()
        .into_iter()
        .find(|(name, _)| *name == "report.schema.json")
        .unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<_> = validator
        .iter_errors(&report)
        .map(|error| format!("{error} at {}", error.instance_path()))
        .collect();
    assert_eq!(errors, Vec::<String>::new());
    for name in [
        "name",
        "version",
        "kind",
        "purl",
        "source_name",
        "source_version",
        "path",
    ] {
        assert!(report["packages"][1].get(name).is_some(), "{name}");
    }
}

#[test]
fn the_table_is_what_people_read() {
    let place = Place::new();
    place.debian();
    place.compiled();
    let ran = place
        .run(&["scan", "dir:root", "--feeds", "compiled"])
        .exits(0);
    assert!(!ran.out().contains('\u{1b}'), "colours in a pipe");
    assert_eq!(ran.err(), "", "progress in a pipe");
    // Ages follow the clock of the day.
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    let shown: String = ran
        .out()
        .lines()
        .map(|line| match line.split_once(", ") {
            Some((before, _)) if line.contains("as of") => format!("{before}, AGE\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    settings.bind(|| insta::assert_snapshot!("table", shown));
}

#[test]
fn a_file_gets_the_report_and_standard_output_stays_empty() {
    let place = Place::new();
    place.debian();
    place.compiled();
    let arguments = [
        "scan",
        "dir:root",
        "--feeds",
        "compiled",
        "--format",
        "json",
        "--output",
        "report.json",
    ];
    let ran = place.run(&arguments).exits(0);
    assert_eq!(ran.out(), "");
    let report: Value =
        serde_json::from_slice(&fs::read(place.path("report.json")).unwrap()).unwrap();
    assert_eq!(found(&report), pairs(EXPECTED));
}

#[test]
fn an_unknown_system_is_never_clean() {
    let place = Place::new();
    place.compiled();
    place.write(
        "strange/etc/os-release",
        "ID=haiku\nVERSION_ID=5\nPRETTY_NAME=Haiku\n",
    );
    place
        .run(&["scan", "dir:strange", "--feeds", "compiled"])
        .exits(4)
        .says("UNSUPPORTED")
        .says("nothing can be concluded");
    fs::create_dir(place.path("empty")).unwrap();
    let report = place
        .run(&[
            "scan",
            "dir:empty",
            "--feeds",
            "compiled",
            "--format",
            "json",
        ])
        .exits(4)
        .json();
    assert_eq!(report["coverage"]["status"], "unsupported");
    assert_eq!(report["coverage"]["gaps"][0]["reason"], "unknown_os");
}

#[test]
fn a_known_system_without_advisories_is_not_clean_either() {
    let place = Place::new();
    place.debian();
    place
        .run(&["scan", "dir:root"])
        .exits(4)
        .says("there are no advisories");
    let documents = place.documents();
    fs::remove_file(documents.join("one.json")).unwrap();
    let report = place
        .run(&[
            "scan",
            "dir:root",
            "--feeds",
            "documents",
            "--format",
            "json",
        ])
        .exits(4)
        .json();
    let reasons: Vec<_> = report["coverage"]["gaps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|gap| gap["reason"].as_str().unwrap())
        .collect();
    assert!(reasons.contains(&"no_advisories"), "{reasons:?}");
}

#[test]
fn a_broken_stanza_loses_itself_and_nothing_else() {
    let place = Place::new();
    let root = place.debian();
    place.compiled();
    let status = root.join("var/lib/dpkg/status");
    let whole = fs::read_to_string(&status).unwrap();
    fs::write(
        &status,
        format!("Package: broken\nStatus: install ok installed\n\u{1}garbage\n\n{whole}"),
    )
    .unwrap();
    let report = place
        .run(&[
            "scan", "dir:root", "--feeds", "compiled", "--format", "json",
        ])
        .exits(4)
        .json();
    assert_eq!(found(&report), pairs(EXPECTED));
    assert_eq!(report["coverage"]["status"], "partial");
}

#[test]
fn an_inventory_document_is_judged_as_what_it_describes() {
    let place = Place::new();
    place.compiled();
    let inventory = json!({
        "version": 1,
        "target": {"kind": "host", "name": "web-1"},
        "os": {"family": "linux", "id": "debian", "version_id": "12", "codename": "bookworm"},
        "packages": [{
            "name": "libspam1", "version": "1.0-2+b1", "kind": "deb", "purl": "pkg:deb/debian/libspam1@1.0-2%2Bb1",
            "source_name": "spam", "source_version": "1.0-2", "path": "var/lib/dpkg/status"
        }],
        "coverage": {"status": "complete"},
        "colour": "blue"
    });
    place.write("host.json", inventory.to_string());
    let ran = place
        .run(&[
            "scan",
            "inventory:host.json",
            "--feeds",
            "compiled",
            "--format",
            "json",
        ])
        .exits(0)
        .says("1 field of the inventory is not known");
    assert_eq!(
        found(&ran.json()),
        pairs(&[("CVE-2026-1001", "libspam1"), ("CVE-2026-1002", "libspam1")])
    );
    let mut later = inventory;
    later["version"] = json!(2);
    place.write("later.json", later.to_string());
    place
        .run(&["scan", "inventory:later.json", "--feeds", "compiled"])
        .exits(2)
        .says("version 2");
}

#[test]
fn a_damaged_archive_is_refused_with_a_reason() {
    let place = Place::new();
    place.compiled();
    place.write(
        "noise.tar",
        b"\x1f\x8b\x08\x00 this is no gzip stream".as_slice(),
    );
    place
        .run(&["scan", "archive:noise.tar", "--feeds", "compiled"])
        .exits(2)
        .says("read image noise.tar");
    place.write("empty.tar", [0u8; 10_240].as_slice());
    place
        .run(&["scan", "archive:empty.tar", "--feeds", "compiled"])
        .exits(2)
        .says("holds no image");
}

#[test]
fn names_from_outside_cannot_command_the_terminal() {
    let place = Place::new();
    let root = place.debian();
    place.compiled();
    fs::write(
        root.join("etc/os-release"),
        "ID=debian\nVERSION_ID=12\nVERSION_CODENAME=bookworm\nPRETTY_NAME=\"Debian \u{1b}[2J\u{1b}]0;owned\u{7}\"\n",
    )
    .unwrap();
    let ran = place
        .run(&["scan", "dir:root", "--feeds", "compiled"])
        .exits(0);
    assert!(!ran.out().contains('\u{1b}') && !ran.out().contains('\u{7}'));
    let _ = text(&root);
}

#[cfg(unix)]
#[test]
fn a_reader_that_has_had_enough_is_no_error() {
    let place = Place::new();
    place.debian();
    place.compiled();
    let mut command = place.command(&[
        "scan", "dir:root", "--feeds", "compiled", "--format", "json",
    ]);
    command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

#[cfg(unix)]
#[test]
fn a_scan_that_takes_too_long_is_given_up_with_its_own_code() {
    let place = Place::new();
    // A pipe that nobody writes to keeps a reader waiting for ever.
    let made = std::process::Command::new("mkfifo")
        .arg(place.path("pipe"))
        .status();
    if !made.is_ok_and(|status| status.success()) {
        at_hand::missing(at_hand::Need::Peers, "no mkfifo");
        return;
    }
    place
        .run(&[
            "scan",
            "inventory:pipe",
            "--timeout",
            "1",
            "--output",
            "report",
        ])
        .exits(5)
        .says("not done within 1 seconds");
    assert!(!place.path("report").exists());
}
