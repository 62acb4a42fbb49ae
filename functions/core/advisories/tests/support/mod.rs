//! Inventories and shards for tests.

use std::path::{Path, PathBuf};

use advisories::{BuildOptions, BuildReport, ShardSet, Source, build};
use schemas::{
    Timestamp,
    inventory::{
        Coverage, CoverageStatus, Inventory, OperatingSystem, OsFamily, Package, PackageKind,
        Target, TargetKind,
    },
};

/// The folder of shared data: named by the environment, else beside the checkout; none when absent.
pub(crate) fn shared() -> Option<PathBuf> {
    let folder = match std::env::var_os("BULKHEAD_SHARED") {
        Some(path) => PathBuf::from(path),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../../shared"),
    };
    if folder.join("data").is_dir() {
        Some(folder)
    } else {
        println!("skipped: no shared data");
        None
    }
}

pub(crate) fn at() -> Timestamp {
    "2026-11-01T00:00:00Z".parse().unwrap()
}

/// Builds shards from named documents.
pub(crate) fn built(documents: &[(&str, &str)], out: &Path) -> (BuildReport, ShardSet) {
    built_over(documents, out, None)
}

pub(crate) fn built_over(
    documents: &[(&str, &str)],
    out: &Path,
    previous: Option<&ShardSet>,
) -> (BuildReport, ShardSet) {
    let owned: Vec<(String, Vec<u8>)> = documents
        .iter()
        .map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()))
        .collect();
    let options = BuildOptions {
        threads: 2,
        previous,
    };
    let report = build(
        Source::Documents(Box::new(owned.into_iter())),
        out,
        &options,
    )
    .unwrap();
    (report, ShardSet::open_dir(out).unwrap())
}

pub(crate) fn os(id: &str, version: &str) -> OperatingSystem {
    OperatingSystem {
        family: OsFamily::Linux,
        id: id.to_owned(),
        id_like: Vec::new(),
        version_id: Some(version.to_owned()),
        codename: None,
        pretty_name: None,
        architecture: None,
        windows: None,
    }
}

pub(crate) fn package(kind: PackageKind, name: &str, version: &str, path: &str) -> Package {
    Package {
        name: name.to_owned(),
        version: version.to_owned(),
        kind,
        purl: format!("pkg:generic/{name}@{version}"),
        source_name: None,
        source_version: None,
        architecture: None,
        path: path.to_owned(),
        layer: None,
        origin: Default::default(),
        owned_by: None,
    }
}

pub(crate) fn inventory(os: Option<OperatingSystem>, packages: Vec<Package>) -> Inventory {
    Inventory {
        version: 1,
        target: Target {
            kind: TargetKind::Folder,
            name: "test".to_owned(),
            id: None,
        },
        os,
        packages,
        image: None,
        host: None,
        coverage: Coverage {
            status: CoverageStatus::Complete,
            gaps: Vec::new(),
        },
    }
}

/// The packages of a dpkg status file that are installed.
pub(crate) fn dpkg_packages(status: &str) -> Vec<Package> {
    let mut packages = Vec::new();
    for stanza in status.split("\n\n") {
        let field = |name: &str| {
            let prefix = format!("{name}: ");
            stanza
                .lines()
                .find_map(|line| line.strip_prefix(&prefix))
                .map(str::trim)
        };
        let installed = field("Status").is_some_and(|status| status.ends_with(" installed"));
        let (Some(name), Some(version), true) = (field("Package"), field("Version"), installed)
        else {
            continue;
        };
        let mut one = package(PackageKind::Deb, name, version, "var/lib/dpkg/status");
        let source = field("Source").unwrap_or(name);
        let (source_name, source_version) = match source.split_once(" (") {
            Some((source, version)) => (source, version.trim_end_matches(')')),
            None => (source, version),
        };
        one.source_name = Some(source_name.to_owned());
        one.source_version = Some(source_version.to_owned());
        packages.push(one);
    }
    packages
}
