//! Linux distributions from their feeds' documents to findings: who is affected, who is not, and what cannot be said.

mod debian;
mod goldens;
mod published;
mod red_hat;
mod rpm_builds;
mod systems;
mod ubuntu;

use advisories::{MatchResult, ShardSet, match_inventory};
use schemas::inventory::{Package, PackageKind};

use super::support::{at, built, inventory, os, package};

/// An rpm package with its source, architecture and module.
fn rpm(name: &str, version: &str, source: &str, architecture: &str, module: &str) -> Package {
    let mut package = package(PackageKind::Rpm, name, version, "var/lib/rpm/rpmdb.sqlite");
    let (source_name, source_version) = source.split_once(' ').unwrap_or((source, version));
    package.source_name = Some(source_name.to_owned());
    package.source_version = Some(source_version.to_owned());
    package.architecture = Some(architecture.to_owned());
    if !module.is_empty() {
        package.purl = format!("pkg:rpm/x/{name}@{version}?arch={architecture}&rpmmod={module}");
    }
    package
}

fn deb(name: &str, version: &str, source: &str) -> Package {
    let mut package = package(PackageKind::Deb, name, version, "var/lib/dpkg/status");
    package.source_name = Some(source.to_owned());
    package.source_version = Some(version.to_owned());
    package
}

fn judged(shards: &ShardSet, id: &str, release: &str, packages: Vec<Package>) -> MatchResult {
    match_inventory(&inventory(Some(os(id, release)), packages), shards, at()).unwrap()
}

/// `package vulnerability status fixed-version` of each finding, and `package vulnerability ?` of what is open.
fn told(result: &MatchResult) -> Vec<String> {
    let findings = result.findings.iter().map(|f| {
        let status = serde_json::to_string(&f.status).unwrap();
        let fixed = f.fixed_version.as_deref().unwrap_or("-");
        format!(
            "{} {} {} {fixed}",
            f.package,
            f.vulnerability,
            status.trim_matches('"')
        )
    });
    let open = result
        .cannot_judge
        .iter()
        .map(|row| format!("{} {} ?", row.package, row.vulnerability));
    findings.chain(open).collect()
}

fn shards(documents: &[(&str, &str)]) -> (tempfile::TempDir, ShardSet) {
    let out = tempfile::tempdir().unwrap();
    let (report, shards) = built(documents, out.path());
    assert_eq!(
        (report.errors, report.unrecognised),
        (Vec::new(), Vec::new())
    );
    (out, shards)
}

/// A package of a system, and what is told of it.
struct Case {
    id: String,
    release: String,
    package: Package,
    told: Vec<String>,
}

/// Reads a row of a table: `system release | package version [of source] [at source's version] [for architecture]
/// [in module] | vulnerability status fixed-version`, where `nothing` stands for no finding.
fn case(row: &str) -> Case {
    let columns: Vec<&str> = row.split(" | ").collect();
    let [system, package, told] = columns[..] else {
        panic!("{row}")
    };
    let (id, release) = system.split_once(' ').unwrap();
    let words: Vec<&str> = package.split(' ').collect();
    let (name, version) = (words[0], words[1]);
    let (mut source, mut source_version) = (name, version);
    let (mut architecture, mut module) = ("x86_64", "");
    for pair in words[2..].chunks(2) {
        match *pair {
            ["of", word] => source = word,
            ["at", word] => source_version = word,
            ["for", word] => architecture = word,
            ["in", word] => module = word,
            _ => panic!("{row}"),
        }
    }
    let package = match id {
        "debian" | "ubuntu" => Package {
            source_version: Some(source_version.to_owned()),
            ..deb(name, version, source)
        },
        _ => rpm(
            name,
            version,
            &format!("{source} {source_version}"),
            architecture,
            module,
        ),
    };
    let told = match told {
        "nothing" => Vec::new(),
        _ => vec![format!("{name} {told}")],
    };
    Case {
        id: id.to_owned(),
        release: release.to_owned(),
        package,
        told,
    }
}

/// Judges the package of each row on its own: exactly what the row says is told of it.
fn assert_told(shards: &ShardSet, rows: &[&str]) {
    for row in rows {
        let case = case(row);
        let found = told(&judged(shards, &case.id, &case.release, vec![case.package]));
        assert_eq!(found, case.told, "{row}");
    }
}
