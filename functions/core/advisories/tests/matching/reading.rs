//! How shards are built and read changes no answer, and a scan reads no more of them than it needs.

use std::fs;

use advisories::{BuildOptions, ShardSet, Source, build, match_inventory, shards::ShardRead};
use schemas::inventory::{Package, PackageKind};

use super::support::{DEBIAN, KEV, at, built, inventory, os, package, vulnerabilities};

/// Reads ranges only, as from a store of objects.
struct Ranges(Vec<u8>);

impl ShardRead for Ranges {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<()> {
        ShardRead::read_at(&self.0, offset, buffer)
    }
}

#[test]
fn ranged_reads_and_maps_and_any_number_of_threads_say_the_same() {
    let Some(file) = at_hand::data("distro/almalinux-osv/almalinux10.jsonl.zst") else {
        return;
    };
    let bytes = fs::read(file).unwrap();
    let built = |threads| {
        let out = tempfile::tempdir().unwrap();
        let options = BuildOptions {
            threads,
            previous: None,
        };
        let documents = [
            ("alma", &bytes[..]),
            ("kev", KEV.as_bytes()),
            ("debian", DEBIAN.as_bytes()),
        ];
        let documents = documents.map(|(name, bytes)| (name.to_owned(), bytes.to_vec()));
        let source = Source::Documents(Box::new(documents.into_iter()));
        let report = build(source, out.path(), &options).unwrap();
        assert!(report.errors.is_empty() && report.unrecognised.is_empty());
        (report, out)
    };
    let ((one, out), (three, _other)) = (built(1), built(3));
    assert_eq!(one.manifest.generation, three.manifest.generation);
    assert!(one.manifest.shard("almalinux:10").is_some());
    let packages: Vec<Package> = ["kernel", "openssl", "nodejs", "pcs", "zzz"]
        .iter()
        .map(|name| package(PackageKind::Rpm, name, "0:0.0.1-1.el10", "var/lib/rpm"))
        .collect();
    let place = inventory(Some(os("almalinux", "10.0")), packages);
    let mapped = ShardSet::open_dir(out.path()).unwrap();
    let dir = out.path().to_owned();
    let ranged = ShardSet::open_with(one.manifest.clone(), move |file| {
        Ok(Box::new(Ranges(fs::read(dir.join(file))?)))
    });
    let found = match_inventory(&place, &mapped, at()).unwrap();
    assert_eq!(found, match_inventory(&place, &ranged, at()).unwrap());
    assert!(found.findings.len() > 100, "{}", found.findings.len());
    assert!(
        found
            .findings
            .iter()
            .all(|f| f.evidence.advisory.as_deref().unwrap().starts_with("ALSA-"))
    );
}

#[test]
fn a_scan_reads_only_the_pages_that_it_asks() {
    let rows: Vec<String> = (0..20_000)
        .map(|number| {
            format!(
                r#"{{"id":"X-{number}","modified":"2024-05-01T00:00:00Z","details":"some words about package {number}","affected":[{{"package":{{"ecosystem":"npm","name":"package-{number}"}},"ranges":[{{"type":"SEMVER","events":[{{"introduced":"0"}}]}}]}}]}}"#
            )
        })
        .collect();
    let out = tempfile::tempdir().unwrap();
    let text = rows.join("\n");
    let (report, shards) = built(&[("all.jsonl", &text)], out.path());
    assert_eq!(shards.read().shards, 0);
    let found = vulnerabilities(&shards, PackageKind::Npm, "package-777", "1.0.0");
    assert_eq!(found.len(), 1);
    let read = shards.read();
    let all: u64 = report
        .manifest
        .shards
        .iter()
        .map(|shard| shard.size_bytes)
        .sum();
    assert_eq!(read.shards, 1);
    assert!(read.bytes > 0 && read.bytes * 10 < all, "{read:?} of {all}");
    // What was read once is not read again.
    vulnerabilities(&shards, PackageKind::Npm, "package-777", "2.0.0");
    assert_eq!(shards.read(), read);
}
