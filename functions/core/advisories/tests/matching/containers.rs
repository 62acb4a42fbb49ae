//! Documents are read from every container that feeds are published in, and a cut one is told.

use std::{collections::BTreeSet, fs, io::Write as _};

use advisories::{BuildOptions, Source, build};

use super::support::{DEBIAN, EPSS, KEV, SSVC};

/// A catalogue of exploited vulnerabilities with CVE-2024-0009, as `xz` and `bzip2` compress it.
const KEV_XZ: &str = "fd377a585a000004e6d6b4460200210116000000742fe5a3e0009a00875d003d8888665474af3f3d8fb8e98404d592b33828\
    37fbd57ba68c5948a2913b0d14f48ae5fc7fe2da62c8655faf8d4e5be95512f6d98fe3d6e9e44b4be6fc13ed8d65f96de239\
    a06c316ce3cee8d2457d9db4dabfdf11a5d4fdb0509501acdb339e6c16adedea564342e4c011c5819765b7eafaced10b37bf\
    15b1ad46c14440f31bd4f45e44d066780000faa190f27398aac90001a3019b010000bf923e0ab1c467fb020000000004595a";
const KEV_BZ2: &str = "425a683931415926535967a908cd00004b9f80100675300e20171a3eafdf8a20007514d468c8f534d01a0c801ea341aa6d35\
    0f24c8ca6d400c8343ca6eb55c35e78f4db6b851ec6588fb308c8b38cb8601a330602990369030c23180c0765f8c4b019236\
    eaa1811352e82f9770c3a01c301240d9779f0268252a3e09540e121c57e505d79bd67015823038a768217cf258b9a3950ebf\
    c5dc914e142419ea423340";

#[test]
fn xz_and_bzip2_are_unpacked_and_told_when_they_are_cut() {
    for (name, text) in [("kev.xz", KEV_XZ), ("kev.bz2", KEV_BZ2)] {
        let bytes = hex::decode(text).unwrap();
        let build = |bytes: &[u8]| {
            let out = tempfile::tempdir().unwrap();
            let documents = vec![(name.to_owned(), bytes.to_vec())];
            let source = Source::Documents(Box::new(documents.into_iter()));
            build(source, out.path(), &BuildOptions::default()).unwrap()
        };
        let report = build(&bytes);
        assert_eq!(report.errors, [], "{name}");
        let feeds: Vec<_> = report
            .manifest
            .feeds
            .iter()
            .map(|feed| (feed.name.as_str(), feed.rows))
            .collect();
        assert_eq!(feeds, [("cisa-kev", 1)], "{name}");
        for cut in [bytes.len() / 2, bytes.len() - 3] {
            let report = build(&bytes[..cut]);
            assert!(
                report.errors.iter().any(|error| error.unusable),
                "{name} {cut}"
            );
            assert!(
                report.manifest.feeds.iter().all(|feed| feed.rows == 0),
                "{name} {cut}"
            );
        }
        // A part in the middle that is not what was packed.
        let mut changed = bytes.clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 0xff;
        assert!(
            build(&changed).errors.iter().any(|error| error.unusable),
            "{name}"
        );
    }
}

#[test]
fn documents_are_read_from_every_container_and_nothing_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    let zst = |bytes: &[u8]| zstd::encode_all(bytes, 3).unwrap();
    let gz = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in [("a/kev.json", KEV.as_bytes()), ("a/notes.txt", b"nothing")] {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, bytes).unwrap();
    }
    let tar = tar.into_inner().unwrap();
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("epss.csv.gz", zip::write::SimpleFileOptions::default())
        .unwrap();
    zip.write_all(&gz(EPSS.as_bytes())).unwrap();
    let zip = zip.finish().unwrap().into_inner();
    write("one.bin", &zst(DEBIAN.as_bytes()));
    write("two", &zst(&tar));
    write("three.zip", &zip);
    write("four.gz", &gz(SSVC.as_bytes()));
    write("cut.tar.zst", &zst(&tar)[..60]);
    write("half.tar", &[&tar[..1536], &tar[1024..1100]].concat());
    write("binary", &[0; 100]);
    #[cfg(unix)]
    {
        let outside = tempfile::NamedTempFile::new().unwrap();
        fs::write(outside.path(), KEV).unwrap();
        std::os::unix::fs::symlink(outside.path(), folder.path().join("link.json")).unwrap();
    }
    let out = tempfile::tempdir().unwrap();
    let report = build(
        Source::Folder(folder.path()),
        out.path(),
        &BuildOptions::default(),
    )
    .unwrap();
    let feeds: Vec<_> = report
        .manifest
        .feeds
        .iter()
        .map(|feed| (feed.name.as_str(), feed.documents))
        .collect();
    assert_eq!(
        feeds.iter().map(|feed| feed.0).collect::<Vec<_>>(),
        ["cisa-kev", "cvss-ssvc", "debian-tracker", "epss"]
    );
    assert_eq!(
        report.unrecognised,
        ["binary", "half.tar/a/notes.txt", "two/a/notes.txt"]
    );
    let broken: BTreeSet<_> = report
        .errors
        .iter()
        .map(|error| error.document.split('/').next().unwrap())
        .collect();
    assert_eq!(
        broken,
        BTreeSet::from(["cut.tar.zst", "half.tar"]),
        "{:?}",
        report.errors
    );
    let names: Vec<_> = report
        .manifest
        .documents
        .iter()
        .map(|document| document.name.as_str())
        .collect();
    assert_eq!(names, ["four.gz", "one.bin", "three.zip", "two"]);
}
