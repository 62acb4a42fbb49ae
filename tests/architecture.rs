//! The arrows between the rooms: which crate may depend on which, as ARCHITECTURE.md draws them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeMap, path::Path, process::Command};

use serde_json::Value;

/// What each crate may depend on among the workspace's own crates. A new crate is listed here and drawn in
/// ARCHITECTURE.md, or this test names it.
const ARROWS: &[(&str, &[&str])] = &[
    ("schemas", &[]),
    // Whose packages are the same must not depend on who asks, so all that compare names import the rules for them.
    ("purl", &[]),
    // Collections and inventories read names of images alike.
    ("scope", &["schemas"]),
    ("inventory", &["schemas", "purl", "scope"]),
    ("advisories", &["schemas", "purl"]),
    ("risk", &["schemas"]),
    ("access", &["schemas"]),
    ("policy", &["schemas", "purl"]),
    ("report", &["schemas", "purl"]),
    ("notification", &["schemas"]),
    // The index ranks by score, so it reads the formula.
    ("estate", &["schemas", "risk", "scope"]),
    // A download is judged by what its reader makes of it, before it replaces the one before; bundles are signed.
    // A notification is put into its receiver's form where it is sent.
    (
        "sources",
        &[
            "schemas",
            "inventory",
            "advisories",
            "access",
            "notification",
        ],
    ),
    ("platform", &["schemas"]),
    (
        "records",
        // What of a channel is shown is one rule for answers and exports.
        &["schemas", "platform", "access", "estate", "notification"],
    ),
    (
        "handlers",
        &[
            "schemas",
            "platform",
            "records",
            "inventory",
            "advisories",
            "risk",
            "estate",
            "scope",
            "notification",
            "policy",
            "sources",
        ],
    ),
    (
        "api",
        // `sources` for the grammar of names, since what no registry could have is refused before it is queued, and to try a
        // channel while its owner waits.
        &[
            "schemas",
            "platform",
            "records",
            "access",
            "estate",
            "risk",
            "scope",
            "policy",
            "notification",
            "sources",
        ],
    ),
    ("roster", &["schemas", "platform", "records", "handlers"]),
    (
        "server",
        &[
            "schemas", "platform", "records", "handlers", "roster", "api", "access", "sources",
        ],
    ),
    (
        "lambda",
        &[
            "schemas", "platform", "records", "handlers", "roster", "api", "sources",
        ],
    ),
    // It measures what the API and the functions ask of a platform.
    (
        "cost",
        &[
            "schemas",
            "platform",
            "records",
            "handlers",
            "roster",
            "api",
            "access",
            "estate",
            "inventory",
        ],
    ),
    ("agent-host", &["schemas", "inventory", "access", "sources"]),
    (
        "bulkhead-cli",
        &[
            "schemas",
            "inventory",
            "advisories",
            "risk",
            "policy",
            "report",
            "access",
            "sources",
        ],
    ),
    // Hosts that are not there, by what agents send with.
    ("demo", &["schemas", "inventory", "access", "agent-host"]),
    // It signs as agents do, to say what no agent of today would.
    ("bulkhead-tests", &["schemas", "access", "at-hand"]),
    // Tests of every room ask it for what may be missing on a machine.
    ("at-hand", &[]),
    // Whatever reads bytes from outside.
    (
        "fuzz-targets",
        &[
            "schemas",
            "inventory",
            "advisories",
            "policy",
            "purl",
            "access",
            "sources",
        ],
    ),
];

/// External crates that are confined to the rooms that exist for them.
const CONFINED: &[(&str, &[&str])] = &[
    // The agent's uplink has rules of its own: no redirects, and only the authorities it was told to trust.
    ("reqwest", &["sources", "agent-host", "bulkhead-tests"]),
    ("bollard", &["sources"]),
    ("oci-client", &["sources"]),
    ("rusqlite", &["platform", "inventory"]),
    ("axum", &["api", "server", "lambda", "cost"]),
];

fn metadata() -> BTreeMap<String, Vec<(String, bool)>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .current_dir(root)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    packages
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().unwrap();
            let names = dependencies
                .iter()
                .map(|d| {
                    (
                        d["name"].as_str().unwrap().to_owned(),
                        d["kind"].as_str() == Some("dev"),
                    )
                })
                .collect();
            (package["name"].as_str().unwrap().to_owned(), names)
        })
        .collect()
}

#[test]
fn crates_depend_only_along_the_arrows() {
    let crates = metadata();
    let mut wrong = Vec::new();
    for (name, dependencies) in &crates {
        let Some((_, allowed)) = ARROWS.iter().find(|(known, _)| known == name) else {
            wrong.push(format!("crate `{name}` has no place in the arrows"));
            continue;
        };
        for (dependency, dev) in dependencies {
            let ours = crates.contains_key(dependency);
            if ours && !dev && !allowed.contains(&dependency.as_str()) {
                wrong.push(format!("`{name}` must not depend on `{dependency}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_outside_is_reached_only_from_its_rooms() {
    let mut wrong = Vec::new();
    for (name, dependencies) in metadata() {
        for (dependency, dev) in dependencies {
            let confined = CONFINED.iter().find(|(outside, _)| *outside == dependency);
            if let Some((_, rooms)) = confined
                && !dev
                && !rooms.contains(&name.as_str())
            {
                wrong.push(format!(
                    "`{dependency}` belongs to {rooms:?}, not to `{name}`"
                ));
            }
            let aws = dependency.starts_with("aws-") || dependency.starts_with("lambda_");
            if aws && !["platform", "lambda"].contains(&name.as_str()) {
                wrong.push(format!(
                    "`{dependency}` belongs to platform and lambda, not to `{name}`"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
