//! Layers made in code, read whole.

use std::io::Write as _;

use proptest::prelude::*;
use schemas::inventory::{Evidence, GapReason};
use sha2::{Digest as _, Sha256};

use super::*;
use crate::{Limits, tar::build::Builder};

const STATUS: &str =
    "Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2-1\n\n";

fn digest(bytes: &[u8]) -> Digest {
    Digest::from_sha256(&Sha256::digest(bytes).into())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn read_with(bytes: &[u8], expectation: &LayerExpectation, limits: &Limits) -> ReadLayer {
    let mut input = bytes;
    read_layer(&mut input, expectation, limits, &|_| {}).unwrap()
}

fn read(bytes: &[u8]) -> ReadLayer {
    read_with(bytes, &LayerExpectation::default(), &Limits::default())
}

fn paths(layer: &ReadLayer) -> Vec<&str> {
    layer
        .inventory
        .evidence
        .iter()
        .map(|evidence| match evidence {
            Evidence::Packages { path, .. }
            | Evidence::Os { path, .. }
            | Evidence::Hive { path, .. } => path.as_str(),
            Evidence::OwnedFiles { path, .. } => path,
            Evidence::Unknown => "",
        })
        .collect()
}

fn reasons(layer: &ReadLayer) -> Vec<GapReason> {
    layer.inventory.gaps.iter().map(|gap| gap.reason).collect()
}

fn debian() -> Vec<u8> {
    Builder::default()
        .folder("./")
        .file("./etc/os-release", "ID=debian\nVERSION_ID=12\n")
        .file("./usr/bin/bash", vec![7; 700_000])
        .file("./var/lib/dpkg/status", STATUS)
        .finish()
}

#[test]
fn all_forms_of_compression_give_the_same_layer() {
    let tar = debian();
    let plain = read(&tar);
    assert_eq!(paths(&plain), ["etc/os-release", "var/lib/dpkg/status"]);
    assert_eq!(plain.inventory.diff_id, digest(&tar));
    assert_eq!(plain.blob, digest(&tar));
    assert_eq!(plain.inventory.entries, 4);
    for blob in [gzip(&tar), zstd::encode_all(&tar[..], 3).unwrap()] {
        let expectation = LayerExpectation {
            diff_id: Some(digest(&tar)),
            blob: Some(digest(&blob)),
            blob_bytes: Some(blob.len() as u64),
            form: LayerForm::Linux,
        };
        let layer = read_with(&blob, &expectation, &Limits::default());
        assert!(layer.verified);
        assert_eq!(layer.inventory, plain.inventory);
        assert_eq!(layer.blob, digest(&blob));
    }
}

#[test]
fn whiteouts_are_collected_and_odd_ones_refused() {
    let layer = read(
        &Builder::default()
            .file("var/lib/.wh.dpkg", "")
            .file("app/.wh..wh..opq", "")
            .file(".wh..wh..opq", "")
            .file(".wh..wh.plnk", "")
            .file("x/.wh.", "")
            .file("x/.wh...", "")
            .symlink("app/node_modules", "/srv/modules")
            .symlink("etc/os-release", "../usr/lib/os-release")
            .finish(),
    );
    assert_eq!(layer.inventory.whiteouts, ["var/lib/dpkg"]);
    assert_eq!(layer.inventory.opaque, ["app", ""]);
    assert_eq!(
        layer.inventory.replaced,
        ["app/node_modules", "etc/os-release"]
    );
    assert_eq!(
        reasons(&layer),
        [GapReason::UnsafePath, GapReason::UnsafePath]
    );
}

#[test]
fn unsafe_names_are_skipped_and_told() {
    let endless = "e".repeat(5000);
    let layer = read(
        &Builder::default()
            .file("../etc/os-release", "ID=evil\n")
            .file("a/../../../x", "")
            .file(&endless, "")
            .file("/lib/apk/db/installed", "P:musl\nV:1\n")
            .file("b/../usr/lib/os-release", "ID=fine\n")
            .finish(),
    );
    assert_eq!(
        paths(&layer),
        ["lib/apk/db/installed", "usr/lib/os-release"]
    );
    assert_eq!(reasons(&layer), [GapReason::UnsafePath; 3]);
    assert!(
        layer.verified,
        "the layer is what it is, and its gaps are part of that"
    );
}

#[test]
fn windows_layers_are_read_below_files() {
    let tar = Builder::default()
        .folder("Files")
        .file(
            "Files/app/node_modules/lodash/package.json",
            r#"{"name":"lodash","version":"4.17.4"}"#,
        )
        .file("Files/Windows/.wh.Temp", "")
        .folder("Hives")
        .folder("UtilityVM")
        .file(
            "UtilityVM/Files/app/node_modules/other/package.json",
            r#"{"name":"other","version":"1.0.0"}"#,
        )
        .finish();
    let layer = read(&tar);
    assert!(layer.inventory.windows);
    assert_eq!(paths(&layer), ["app/node_modules/lodash/package.json"]);
    assert_eq!(layer.inventory.whiteouts, ["Windows/Temp"]);
    // The same names in an image that is known to be Linux are names.
    let linux = LayerExpectation {
        form: LayerForm::Linux,
        ..LayerExpectation::default()
    };
    let layer = read_with(&tar, &linux, &Limits::default());
    assert_eq!(layer.inventory.evidence.len(), 2);
    assert_eq!(layer.inventory.whiteouts, ["Files/Windows/Temp"]);
}

#[test]
fn a_later_entry_of_the_same_name_counts_and_links_carry_evidence() {
    let layer = read(
        &Builder::default()
            .file("var/lib/dpkg/status", STATUS)
            .file("var/lib/dpkg/status", STATUS.replace("bash", "dash"))
            .hard_link("usr/lib/os-release", "etc/missing")
            .file("lib/apk/db/installed", "P:musl\nV:1\n")
            .hard_link("usr/lib/apk/db/installed", "./lib/apk/db/installed")
            .symlink("var/lib/rpm/rpmdb.sqlite", "/elsewhere")
            .finish(),
    );
    assert_eq!(
        paths(&layer),
        [
            "lib/apk/db/installed",
            "usr/lib/apk/db/installed",
            "var/lib/dpkg/status"
        ]
    );
    let Evidence::Packages { packages, .. } = &layer.inventory.evidence[2] else {
        panic!("packages are wanted");
    };
    assert_eq!(packages[0].name, "dash");
    assert_eq!(
        reasons(&layer),
        [GapReason::UnsupportedFormat, GapReason::UnsupportedFormat]
    );
}

#[test]
fn a_broken_record_hides_the_one_below_and_is_told() {
    let layer = read(
        &Builder::default()
            .file("var/lib/rpm/rpmdb.sqlite", "junk")
            .finish(),
    );
    assert_eq!(reasons(&layer), [GapReason::Corrupt]);
    assert_eq!(layer.inventory.replaced, ["var/lib/rpm/rpmdb.sqlite"]);
}

#[test]
fn content_that_is_not_the_expected_is_not_used() {
    let tar = debian();
    let wrong = |change: fn(&mut LayerExpectation)| {
        let mut expectation = LayerExpectation::default();
        change(&mut expectation);
        read_with(&gzip(&tar), &expectation, &Limits::default())
    };
    for layer in [
        wrong(|e| e.diff_id = Some(digest(b"other"))),
        wrong(|e| e.blob = Some(digest(b"other"))),
        wrong(|e| e.blob_bytes = Some(7)),
    ] {
        assert!(!layer.verified);
        assert!(layer.inventory.evidence.is_empty());
        assert_eq!(reasons(&layer), [GapReason::DigestMismatch]);
    }
}

#[test]
fn damaged_layers_keep_what_came_before_the_damage() {
    let tar = debian();
    let packed = gzip(&tar);
    for cut in [&tar[..tar.len() / 2], &packed[..packed.len() / 2]] {
        let layer = read(cut);
        assert_eq!(paths(&layer), ["etc/os-release"]);
        assert_eq!(reasons(&layer), [GapReason::Corrupt]);
    }
    assert!(!read(&packed[..packed.len() / 2]).verified);
    let junk = read(b"this is no archive at all, but it is longer than nothing");
    assert_eq!(reasons(&junk), [GapReason::Corrupt]);
    let bzip = read(b"BZh91AY&SY");
    assert_eq!(reasons(&bzip), [GapReason::UnsupportedFormat]);
    assert!(!bzip.verified);
}

#[test]
fn limits_end_in_gaps() {
    let limited = |bytes: &[u8], change: fn(&mut Limits)| {
        let mut limits = Limits::default();
        change(&mut limits);
        read_with(bytes, &LayerExpectation::default(), &limits)
    };
    let bomb = gzip(&vec![0; 30 << 20]);
    let layer = limited(&bomb, |l| {
        l.ratio_grace_bytes = 1 << 20;
        l.max_ratio = 10;
    });
    assert_eq!(reasons(&layer), [GapReason::LimitExceeded]);
    assert!(!layer.verified);
    assert!(layer.inventory.size_bytes < 4 << 20, "it stops early");
    let layer = limited(&debian(), |l| l.max_layer_bytes = 1000);
    assert_eq!(reasons(&layer), [GapReason::LimitExceeded]);
    let layer = limited(&debian(), |l| l.max_entries = 2);
    assert_eq!(reasons(&layer), [GapReason::LimitExceeded]);
    assert!(!layer.verified);
    assert_eq!(paths(&layer), ["etc/os-release"]);
    let layer = limited(&debian(), |l| l.max_evidence_file_bytes = 50);
    assert_eq!(reasons(&layer), [GapReason::LimitExceeded]);
    assert_eq!(paths(&layer), ["etc/os-release"]);
    let layer = limited(&debian(), |l| l.max_packages = 1);
    assert_eq!(reasons(&layer), [GapReason::LimitExceeded]);
    let mut many = Builder::default();
    for index in 0..50 {
        many = many.file(&format!("x/.wh.{index}"), "");
    }
    let layer = limited(&many.finish(), |l| l.max_hidden_paths = 10);
    assert_eq!(layer.inventory.whiteouts.len(), 10);
    assert_eq!(reasons(&layer), [GapReason::LimitExceeded]);
}

#[test]
fn large_records_go_through_a_file() {
    let status: String = (0..60_000)
        .map(|index| STATUS.replace("bash", &format!("package-{index}")))
        .collect();
    let layer = read(&gzip(
        &Builder::default()
            .file("var/lib/dpkg/status", &status)
            .finish(),
    ));
    let Evidence::Packages { packages, .. } = &layer.inventory.evidence[0] else {
        panic!("packages are wanted");
    };
    assert_eq!(packages.len(), 60_000);
}

#[test]
fn executables_are_told_by_their_bytes_and_hidden_by_what_stands_in_their_place() {
    use crate::analyzers::executable::{elf, go_build_info};
    let go = elf(&[(".go.buildinfo", &go_build_info())]);
    let large = [go.clone(), vec![0; 6 << 20]].concat();
    let tar = Builder::default()
        .folder("./")
        .program("usr/local/bin/tool", &go)
        .program("opt/app/server", &large)
        .file("opt/app/not-executable", &go)
        .program("usr/bin/script", vec![b'#'; 20_000])
        .program("usr/bin/small", "#!/bin/sh")
        .hard_link("usr/bin/tool", "usr/local/bin/tool")
        .symlink("usr/bin/other", "tool")
        .finish();
    let layer = read(&tar);
    assert_eq!(
        paths(&layer),
        ["opt/app/server", "usr/bin/tool", "usr/local/bin/tool"]
    );
    assert!(reasons(&layer).is_empty());
    // Only what is an executable is missed when it is too large.
    let limits = Limits {
        max_database_bytes: 15_000,
        ..Limits::default()
    };
    let limited = read_with(&tar, &LayerExpectation::default(), &limits);
    assert_eq!(reasons(&limited), [GapReason::LimitExceeded]);
    assert_eq!(
        layer.inventory.replaced,
        [
            "opt/app/not-executable",
            "usr/bin/script",
            "usr/bin/small",
            "usr/bin/other"
        ]
    );
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let _ = read(&bytes);
    }

    #[test]
    fn damaged_layers_never_panic(at in any::<usize>(), to in any::<u8>(), packed in any::<bool>()) {
        let mut tar = Builder::default()
            .file("var/lib/dpkg/status", STATUS)
            .file("a/node_modules/b/package.json", "{}")
            .symlink("l", "t")
            .finish();
        if packed {
            tar = gzip(&tar);
        }
        let at = at % tar.len();
        tar[at] = to;
        let _ = read(&tar);
    }
}
