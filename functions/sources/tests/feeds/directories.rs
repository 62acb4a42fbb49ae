//! Directories of CSAF: an archive to begin with, then what changed.

use sources::feeds::FeedSpec;

use crate::{
    script::Reply,
    world::{CSAF, World, kev, walk},
};

#[tokio::test]
async fn a_directory_begins_with_its_archive_and_goes_on_by_its_changes() {
    let mut world = World::new().await;
    let mut tar = tar::Builder::new(Vec::new());
    for name in [
        "2024/cve-2024-1.json",
        "2024/cve-2024-2.json",
        "2023/cve-2023-9.json",
        "../up.json",
    ] {
        let bytes = format!("{{\"document\":\"{name}, as archived\"}}");
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        // A path that the library would not write is what a hostile archive has.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        tar.append(&header, bytes.as_bytes()).unwrap();
    }
    let archive = zstd::encode_all(tar.into_inner().unwrap().as_slice(), 1).unwrap();
    world.answers(
        "vex/archive_latest.txt",
        vec![Reply::ok("csaf_vex_2025-01-19.tar.zst\n")],
    );
    world.answers("vex/csaf_vex_2025-01-19.tar.zst", vec![Reply::ok(archive)]);
    world.answers(
        "vex/changes.csv",
        vec![Reply::ok(
            "\"2024/cve-2024-2.json\",\"2025-01-20T00:00:00+00:00\"\n\
             \"2024/cve-2024-1.json\",\"2024-12-01T00:00:00+00:00\"\n\
             \"2023/cve-2023-9.json\",\"2023-12-01T00:00:00+00:00\"\n",
        )],
    );
    world.answers(
        "vex/deletions.csv",
        vec![Reply::ok(
            "\"2023/cve-2023-9.json\",\"2025-01-18T00:00:00+00:00\"\n",
        )],
    );
    world.answers(
        "vex/2024/cve-2024-2.json",
        vec![Reply::ok("{\"document\":\"changed since\"}")],
    );
    assert!(world.update(&[&CSAF]).await);
    assert_eq!(world.feed("vex").last_error(), None);
    let read = |name: &str| {
        let bytes = std::fs::read(world.file(name)).unwrap();
        zstd::decode_all(bytes.as_slice()).map_or(bytes, |text| text)
    };
    assert!(read("vex/2024/cve-2024-1.json").ends_with(b"as archived\"}"));
    assert_eq!(
        read("vex/2024/cve-2024-2.json"),
        b"{\"document\":\"changed since\"}"
    );
    assert_eq!(
        walk(&world.file("vex")).len(),
        2,
        "deleted and foreign ones are left out"
    );
    assert_eq!(world.server.requests_of("vex/2024").len(), 1);
    // Nothing changed: the lists are asked for, and nothing else.
    assert!(!world.update(&[&CSAF]).await);
    assert_eq!(world.server.requests_of("vex/2024").len(), 1);
    assert_eq!(world.server.requests_of("tar.zst").len(), 1);
    // Then one is taken back.
    world.answers(
        "vex/deletions.csv",
        vec![Reply::ok(
            "\"2024/cve-2024-1.json\",\"2025-02-01T00:00:00+00:00\"\n",
        )],
    );
    assert!(world.update(&[&CSAF]).await);
    assert_eq!(walk(&world.file("vex")).len(), 1);
}

/// A `tar.zst` of files.
fn archive(files: &[(String, String)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, content.as_bytes())
            .unwrap();
    }
    zstd::encode_all(tar.into_inner().unwrap().as_slice(), 1).unwrap()
}

/// A directory whose documents are read: any reader does.
static READ: FeedSpec = FeedSpec {
    name: "vex",
    reader: "cisa-kev",
    ..CSAF
};

impl World {
    /// Serves a directory of these documents, all older than the archive.
    fn directory(&self, names: &[&str], archive: Vec<u8>) {
        self.answers(
            "vex/archive_latest.txt",
            vec![Reply::ok("csaf_vex_2025-01-19.tar.zst\n")],
        );
        self.answers("vex/csaf_vex_2025-01-19.tar.zst", vec![Reply::ok(archive)]);
        let line = |name: &&str| format!("\"{name}\",\"2024-12-01T00:00:00+00:00\"\n");
        let changes: String = names.iter().map(line).collect();
        self.answers("vex/changes.csv", vec![Reply::ok(changes)]);
        self.answers("vex/deletions.csv", vec![Reply::ok("")]);
    }
}

#[tokio::test]
async fn an_archive_that_breaks_half_way_leaves_nothing_behind() {
    let mut world = World::new().await;
    // Digits that hardly compress, so that a cut in the middle leaves whole documents before it.
    let noise = |seed: u64| {
        let next = |n: &mut u64| {
            *n = n
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(seed | 1);
            Some(n.to_string())
        };
        let mut state = seed;
        let digits: Vec<_> = std::iter::from_fn(|| next(&mut state))
            .take(20_000)
            .collect();
        format!("{{\"document\":\"{}\"}}", digits.concat())
    };
    let names: Vec<_> = (1..=4).map(|n| format!("2024/cve-2024-{n}.json")).collect();
    let listed: Vec<_> = names.iter().map(String::as_str).collect();
    let files: Vec<_> = names.iter().cloned().zip((1..).map(noise)).collect();
    let whole = archive(&files);
    world.directory(&listed, whole[..whole.len() * 3 / 4].to_vec());
    assert!(!world.update(&[&CSAF]).await);
    let error = world.feed("vex").last_error().unwrap();
    assert!(error.contains("read the archive"), "{error}");
    let left = walk(&world.file("vex"));
    assert!(
        left.is_empty(),
        "half an archive would pass for the whole: {left:?}"
    );

    // What an update that was killed left is not mixed into the archive that comes whole.
    std::fs::create_dir_all(world.file("vex/2023")).unwrap();
    std::fs::write(world.file("vex/2023/cve-2023-1.json"), "{}").unwrap();
    world.directory(&listed, whole);
    assert!(world.update(&[&CSAF]).await);
    assert_eq!(world.feed("vex").last_error(), None);
    assert_eq!(walk(&world.file("vex")).len(), 4);
}

#[tokio::test]
async fn documents_of_an_archive_are_judged_and_counted_like_any_other() {
    let mut world = World::new().await;
    let names: Vec<_> = (10..30).map(|n| format!("2024/cve-{n}.json")).collect();
    let listed: Vec<_> = names.iter().map(String::as_str).collect();
    let mut files: Vec<_> = names.iter().map(|name| (name.clone(), kev(2))).collect();
    files[7].1 = "<!doctype html><title>busy</title>".to_owned();
    world.directory(&listed, archive(&files));
    world.answers(&format!("vex/{}", names[7]), vec![Reply::ok(kev(3))]);
    assert!(world.update(&[&READ]).await);
    // The one that is none was asked for by itself.
    assert_eq!(world.server.requests_of("vex/2024").len(), 1);
    let state = world.feed("vex");
    assert_eq!(
        (state.last_error(), state.in_use(), state.rows()),
        (None, 20, 19 * 2 + 3)
    );

    // Many that are none: it is no archive to use, and tens of thousands of requests are no way out.
    let mut world = World::new().await;
    for file in &mut files[..5] {
        file.1 = "{}".to_owned();
    }
    world.directory(&listed, archive(&files));
    assert!(!world.update(&[&READ]).await);
    let error = world.feed("vex").last_error().unwrap();
    assert!(
        error.contains("6 of its documents are not taken") && error.contains("not recognised"),
        "{error}"
    );
    assert!(walk(&world.file("vex")).is_empty());
    assert!(world.server.requests_of("vex/2024").is_empty());
}
