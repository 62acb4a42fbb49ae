//! Folders, hosts and real data through the one call over all sources.

use std::fs;

use inventory::{Source, image::Options, read};
use schemas::inventory::{CoverageStatus, GapReason, PackageKind};

#[test]
fn a_real_debian_host_has_all_its_packages_with_their_sources() {
    let Some(data) = at_hand::data("") else {
        return;
    };
    let source = Source::Folder(data.join("hosts/debian-12"));
    let inventory = read(&source, &Options::default()).unwrap();
    assert_eq!(
        inventory.coverage.status,
        CoverageStatus::Complete,
        "{:?}",
        inventory.coverage
    );
    assert_eq!(inventory.packages.len(), 816);
    let other_source = inventory
        .packages
        .iter()
        .filter(|package| package.source_name.as_ref() != Some(&package.name))
        .count();
    assert_eq!(other_source, 653);
    let os = inventory.os.unwrap();
    assert_eq!(
        (os.id.as_str(), os.version_id.as_deref()),
        ("debian", Some("12"))
    );
    for package in &inventory.packages {
        assert!(
            package.purl.starts_with("pkg:deb/debian/"),
            "{}",
            package.purl
        );
        assert!(
            package.purl.ends_with("&distro=debian-12"),
            "{}",
            package.purl
        );
        assert!(
            !package.source_version.as_ref().unwrap().contains("+b"),
            "{package:?}"
        );
    }
}

#[test]
fn folders_are_read_with_libraries_anywhere_and_engines_left_out_of_hosts() {
    let folder = tempfile::tempdir().unwrap();
    let put = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    put("usr/lib/os-release", "ID=alpine\nVERSION_ID=3.18.4\n");
    put("lib/apk/db/installed", "P:musl\nV:1.2.4-r1\nA:x86_64\n");
    put(
        "srv/app/node_modules/x/package.json",
        r#"{"name":"x","version":"1.0.0"}"#,
    );
    put(
        "srv/app/bin/app.deps.json",
        r#"{"libraries":{"A.B/2.0.0":{"type":"package"}}}"#,
    );
    put(
        "data/overlay2/abc/diff/lib/node_modules/y/package.json",
        r#"{"name":"y","version":"1.0.0"}"#,
    );
    put(
        "var/lib/docker/z/node_modules/z/package.json",
        r#"{"name":"z","version":"1.0.0"}"#,
    );
    put("opt/node_modules/bad/package.json", "{");
    let names = |source: &Source| {
        let inventory = read(source, &Options::default()).unwrap();
        let mut names: Vec<_> = inventory.packages.iter().map(|p| p.name.clone()).collect();
        names.sort();
        (names.join(" "), inventory)
    };
    let root = folder.path().to_owned();
    let (found, inventory) = names(&Source::Host {
        root: root.clone(),
        name: "db-1".to_owned(),
    });
    assert_eq!(found, "A.B musl x");
    assert_eq!(inventory.target.name, "db-1");
    assert_eq!(inventory.coverage.status, CoverageStatus::Partial);
    assert_eq!(inventory.coverage.gaps[0].reason, GapReason::Corrupt);
    assert_eq!(
        inventory.os.as_ref().unwrap().architecture.as_deref(),
        Some("amd64")
    );
    let apk = inventory
        .packages
        .iter()
        .find(|p| p.kind == PackageKind::Apk)
        .unwrap();
    assert_eq!(
        apk.purl,
        "pkg:apk/alpine/musl@1.2.4-r1?arch=x86_64&distro=alpine-3.18.4"
    );
    assert_eq!(apk.layer, None);
    assert_eq!(names(&Source::Folder(root)).0, "A.B musl x y z");
}

#[cfg(unix)]
#[test]
fn links_pipes_and_circles_lead_nowhere() {
    use std::os::unix::fs::symlink;

    let folder = tempfile::tempdir().unwrap();
    let outside = folder.path().join("outside");
    fs::create_dir_all(outside.join("node_modules/secret")).unwrap();
    fs::write(
        outside.join("node_modules/secret/package.json"),
        r#"{"name":"secret","version":"1"}"#,
    )
    .unwrap();
    fs::write(outside.join("os-release"), "ID=outside\n").unwrap();
    let root = folder.path().join("root");
    fs::create_dir_all(root.join("etc")).unwrap();
    symlink(outside.join("os-release"), root.join("etc/os-release")).unwrap();
    symlink(&outside, root.join("linked")).unwrap();
    symlink(".", root.join("circle")).unwrap();
    let inventory = read(&Source::Folder(root), &Options::default()).unwrap();
    assert!(inventory.packages.is_empty(), "{:?}", inventory.packages);
    assert_eq!(inventory.os, None);
    assert_eq!(inventory.coverage.status, CoverageStatus::Unsupported);
    assert_eq!(inventory.coverage.gaps[0].reason, GapReason::UnknownOs);
}

#[test]
fn documents_come_back_as_they_were_written() {
    let Some(data) = at_hand::data("") else {
        return;
    };
    let source = Source::Folder(data.join("hosts/debian-12"));
    let inventory = read(&source, &Options::default()).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    serde_json::to_writer(&file, &inventory).unwrap();
    let again = read(
        &Source::Document(file.path().to_owned()),
        &Options::default(),
    )
    .unwrap();
    assert_eq!(again, inventory);
}

const LOCK: &str = r#"{"lockfileVersion":3,"packages":{"node_modules/a":{"version":"1.0.0"}}}"#;

#[test]
fn an_applications_folder_is_whole_without_an_operating_system() {
    let app = tempfile::tempdir().unwrap();
    fs::write(app.path().join("package-lock.json"), LOCK).unwrap();
    let inventory = read(&Source::Folder(app.path().to_owned()), &Options::default()).unwrap();
    assert_eq!(inventory.os, None);
    assert_eq!(inventory.packages.len(), 1);
    assert_eq!(inventory.coverage.status, CoverageStatus::Complete);
    // What cannot be resolved is a gap, and still no question of an operating system.
    fs::write(app.path().join("requirements.txt"), "flask>=2\n").unwrap();
    let inventory = read(&Source::Folder(app.path().to_owned()), &Options::default()).unwrap();
    assert_eq!(inventory.coverage.status, CoverageStatus::Partial);
    let reasons: Vec<_> = inventory
        .coverage
        .gaps
        .iter()
        .map(|gap| gap.reason)
        .collect();
    assert_eq!(reasons, [GapReason::Unresolved]);
}

#[test]
fn a_root_without_its_release_or_an_empty_folder_is_never_whole() {
    let root = tempfile::tempdir().unwrap();
    let unknown = |what: &str| {
        let inventory = read(&Source::Folder(root.path().to_owned()), &Options::default()).unwrap();
        assert_eq!(
            inventory.coverage.status,
            CoverageStatus::Unsupported,
            "{what}"
        );
    };
    unknown("empty");
    fs::write(root.path().join("package-lock.json"), LOCK).unwrap();
    fs::create_dir_all(root.path().join("usr/lib")).unwrap();
    unknown("a root file system without os-release");
}

#[test]
fn lock_files_are_read_in_images_only_when_asked() {
    use inventory::{
        Limits, LockFiles,
        layer::{LayerExpectation, read_layer},
    };

    // A tar of one file: its header, its content, and two empty blocks.
    let mut header = [0_u8; 512];
    header[..21].copy_from_slice(b"app/package-lock.json");
    header[100..108].copy_from_slice(b"0000644\0");
    header[124..136].copy_from_slice(format!("{:011o}\0", LOCK.len()).as_bytes());
    header[148..156].copy_from_slice(b"        ");
    header[156] = b'0';
    header[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut bytes = header.to_vec();
    bytes.extend(LOCK.as_bytes());
    bytes.resize(1024 + 1024, 0);
    let evidence = |lock_files: LockFiles| {
        let limits = Limits {
            lock_files,
            ..Limits::default()
        };
        let expectation = LayerExpectation::default();
        let layer = read_layer(&mut &bytes[..], &expectation, &limits, &|_| {}).unwrap();
        assert!(layer.verified);
        layer.inventory.evidence.len()
    };
    assert_eq!(evidence(LockFiles::Folders), 0);
    assert_eq!(evidence(LockFiles::Everywhere), 1);
    let variant = |lock_files: LockFiles| {
        Limits {
            lock_files,
            ..Limits::default()
        }
        .variant()
    };
    assert_ne!(variant(LockFiles::Folders), variant(LockFiles::Everywhere));
}
