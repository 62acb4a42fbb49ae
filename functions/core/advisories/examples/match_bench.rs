//! How long matching a Debian host takes: `match_bench SHARDS DPKG_STATUS [ROUNDS]`. Cold is opening the shards and
//! matching once, warm the median of the rounds that follow.
#![expect(clippy::print_stdout, reason = "a tool for people")]

use std::{path::Path, time::Instant};

use advisories::{ShardSet, match_inventory};
use schemas::{Timestamp, inventory::Inventory};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, shards, status, rest @ ..] = arguments.as_slice() else {
        return Err("usage: match_bench SHARDS DPKG_STATUS [ROUNDS]".into());
    };
    let rounds: usize = rest.first().map_or(Ok(101), |rounds| rounds.parse())?;
    let inventory = inventory(&std::fs::read_to_string(status)?)?;
    let at = Timestamp::from_ms(1_790_000_000_000);

    let start = Instant::now();
    let set = ShardSet::open_dir(Path::new(shards))?;
    let result = match_inventory(&inventory, &set, at)?;
    let cold = start.elapsed();
    let mut warm = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let start = Instant::now();
        let again = match_inventory(&inventory, &set, at)?;
        warm.push(start.elapsed());
        if again.findings.len() != result.findings.len() {
            return Err("two rounds do not agree".into());
        }
    }
    warm.sort_unstable();
    let median = warm.get(warm.len() / 2).copied().unwrap_or_default();
    let best = warm.first().copied().unwrap_or_default();
    let ms = |time: std::time::Duration| time.as_secs_f64() * 1e3;
    println!(
        "{} packages, {} findings, {} not judged",
        inventory.packages.len(),
        result.findings.len(),
        result.cannot_judge.len()
    );
    // Limits for a host of some 800 packages.
    println!(
        "cold {:.2} ms, {:.2} of its limit of 50 ms",
        ms(cold),
        ms(cold) / 50.0
    );
    println!(
        "warm {:.2} ms, {:.2} of its limit of 4 ms (best of {rounds}: {:.2} ms)",
        ms(median),
        ms(median) / 4.0,
        ms(best)
    );
    Ok(())
}

/// The installed packages of a status file, as an inventory document.
fn inventory(status: &str) -> Result<Inventory, serde_json::Error> {
    let packages: Vec<serde_json::Value> = status
        .split("\n\n")
        .filter_map(|stanza| {
            let field = |name: &str| {
                let line = |line: &'_ str| line.strip_prefix(name).map(|rest| rest.trim().to_owned());
                stanza.lines().find_map(line)
            };
            field("Status:").filter(|status| status.ends_with(" installed"))?;
            let (name, version) = (field("Package:")?, field("Version:")?);
            let source = field("Source:").unwrap_or_else(|| name.clone());
            let (source, source_version) = match source.split_once(" (") {
                Some((source, version)) => (source.to_owned(), version.trim_end_matches(')').to_owned()),
                None => (source, version.clone()),
            };
            Some(serde_json::json!({
                "name": name, "version": version, "kind": "deb", "purl": format!("pkg:deb/debian/{name}@{version}"),
                "source_name": source, "source_version": source_version, "path": "var/lib/dpkg/status",
            }))
        })
        .collect();
    serde_json::from_value(serde_json::json!({
        "version": 1,
        "target": {"kind": "folder", "name": "host"},
        "os": {"family": "linux", "id": "debian", "version_id": "12"},
        "packages": packages,
        "coverage": {"status": "complete"},
    }))
}
