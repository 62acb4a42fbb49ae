//! Both readers over the same archives.

use std::io::Cursor;

use proptest::prelude::*;

use super::{build::Builder, *};

#[derive(Default)]
struct Seen {
    entries: Vec<(String, Kind, u64, String)>,
    contents: Vec<Vec<u8>>,
    lost: usize,
}

impl Sink for Seen {
    fn entry(&mut self, entry: &Entry<'_>) -> Interest {
        self.entries.push((
            String::from_utf8_lossy(entry.name).into_owned(),
            entry.kind,
            entry.size,
            String::from_utf8_lossy(entry.link).into_owned(),
        ));
        if entry.name.ends_with(b"wanted") {
            self.contents.push(Vec::new());
            Interest::Content
        } else {
            Interest::Skip
        }
    }

    fn content(&mut self, bytes: &[u8]) {
        self.contents.last_mut().unwrap().extend_from_slice(bytes);
    }

    fn end(&mut self) {
        self.contents.last_mut().unwrap().push(b'!');
    }

    fn lost_header(&mut self, _why: &'static str) {
        self.lost += 1;
    }
}

fn scan(archive: &[u8], chunk: usize) -> (Seen, Result<(), TarError>) {
    let mut seen = Seen::default();
    let mut scanner = Scanner::new(10_000);
    for part in archive.chunks(chunk) {
        if let Err(error) = scanner.feed(part, &mut seen) {
            return (seen, Err(error));
        }
    }
    let end = scanner.finish();
    (seen, end)
}

#[test]
fn names_and_contents_come_out_alike_for_any_chunk_size() {
    let long = format!("{}/wanted", "long".repeat(60));
    let archive = Builder::default()
        .folder("a/")
        .file("a/wanted", b"hello")
        .file(&long, vec![7; 1500])
        .pax(&[
            ("path", "pax/ü/wanted"),
            ("mtime", "1.5"),
            ("MSWINDOWS.rawsd", "AQ=="),
        ])
        .file("other", b"content")
        .symlink("l", "../x")
        .hard_link("h", "a/wanted")
        .file("empty/wanted", b"")
        .finish();
    for chunk in [1, 7, 512, 700, 100_000] {
        let (seen, end) = scan(&archive, chunk);
        assert_eq!(end, Ok(()));
        let names: Vec<_> = seen.entries.iter().map(|e| e.0.as_str()).collect();
        assert_eq!(
            names,
            [
                "a/",
                "a/wanted",
                &long,
                "pax/ü/wanted",
                "l",
                "h",
                "empty/wanted"
            ]
        );
        assert_eq!(seen.contents[0], b"hello!");
        assert_eq!(seen.contents[1].len(), 1501);
        assert_eq!(seen.contents[2], b"content!");
        assert_eq!(seen.contents[3], b"!");
        assert_eq!(seen.entries[4].3, "../x");
    }
}

#[test]
fn the_walker_finds_the_same_members_with_their_places() {
    let archive = Builder::default()
        .pax(&[("path", "x/manifest.json")])
        .file("y", b"[1]")
        .file(&"n".repeat(150), vec![1; 600])
        .symlink("link", "../t")
        .finish();
    let mut walker = Walker::new(Seeking(Cursor::new(&archive)), 10_000);
    let first = walker.next().unwrap().unwrap();
    assert_eq!(first.name, b"x/manifest.json");
    let at = usize::try_from(first.offset).unwrap();
    assert_eq!(&archive[at..at + 3], b"[1]");
    let mut streaming = Walker::new(Streaming(&archive[..]), 10_000);
    assert_eq!(streaming.next().unwrap().unwrap(), first);
    let second = walker.next().unwrap().unwrap();
    assert_eq!((second.name.len(), second.size), (150, 600));
    assert_eq!(streaming.next().unwrap().unwrap(), second);
    assert_eq!(walker.next().unwrap().unwrap().link, b"../t");
    assert_eq!(walker.next().unwrap(), None);
}

#[test]
fn sparse_files_are_passed_over_whole() {
    // Old GNU form: a map in the header that goes on in one more block.
    let mut header = Builder::header(b"sparse/wanted", b'S', 512, b"");
    header[482] = 1;
    Builder::sign(&mut header);
    let old = Builder::default()
        .raw(&header)
        .raw(&[0; 512])
        .raw(&[9; 512])
        .pax(&[
            ("GNU.sparse.major", "1"),
            ("GNU.sparse.name", "real/wanted"),
            ("path", "x/0/y"),
        ])
        .file("GNUSparseFile.0/y", b"1\n0\n5\n")
        .file("after/wanted", b"x")
        .finish();
    let (seen, end) = scan(&old, 100);
    assert_eq!(end, Ok(()));
    assert_eq!(seen.entries[0].1, Kind::Sparse);
    assert_eq!(
        (seen.entries[1].0.as_str(), seen.entries[1].1),
        ("real/wanted", Kind::Sparse)
    );
    assert_eq!(seen.contents.last().unwrap(), b"x!");
}

#[test]
fn long_headers_are_left_out_and_told() {
    let archive = Builder::default()
        .special(b'x', &[b'x'; 20_000])
        .file("a", b"")
        .special(b'x', b"what is this\n")
        .file("b", b"")
        .special(b'g', b"20 path=everything\n")
        .file("c/wanted", b"c")
        .finish();
    let (seen, end) = scan(&archive, 333);
    assert_eq!(end, Ok(()));
    assert_eq!(seen.lost, 2);
    let names: Vec<_> = seen.entries.iter().map(|e| e.0.as_str()).collect();
    assert_eq!(names, ["a", "b", "c/wanted"]);
}

#[test]
fn damage_is_told_from_the_end() {
    let whole = Builder::default()
        .file("a/wanted", vec![1; 2000])
        .unfinished();
    assert_eq!(
        scan(&whole, 512).1,
        Ok(()),
        "an archive may lack its end mark"
    );
    assert_eq!(scan(&whole[..1000], 512).1, Err(TarError::Truncated));
    assert_eq!(scan(&whole[..100], 512).1, Err(TarError::Truncated));
    let mut wrong = whole.clone();
    wrong[3] ^= 1;
    assert_eq!(scan(&wrong, 512).1, Err(TarError::Checksum));
    let hidden = Builder::default().raw(&[0; 512]).file("b", b"").finish();
    assert_eq!(scan(&hidden, 512).1, Err(TarError::LoneZeroBlock));
    let endless = Builder::header(b"a/wanted", b'0', 0o77777777777, b"");
    assert_eq!(scan(&endless, 512).1, Err(TarError::Truncated));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..3000), chunk in 1_usize..700) {
        let _ = scan(&bytes, chunk);
        let mut walker = Walker::new(Streaming(&bytes[..]), 10_000);
        while let Ok(Some(_)) = walker.next() {}
    }

    /// Headers whose checksum is right, with hostile fields.
    #[test]
    fn arbitrary_headers_never_panic(
        blocks in proptest::collection::vec(
            (proptest::sample::select(&b"0127LKxgSX5"[..]), proptest::collection::vec(any::<u8>(), 12), proptest::collection::vec(any::<u8>(), 0..60)), 1..6),
        chunk in 1_usize..2000,
    ) {
        let mut archive = Vec::new();
        for (kind, size, junk) in blocks {
            let mut header = Builder::header(b"x/wanted", kind, 30, b"l");
            if size[0] & 3 == 0 {
                header[124..136].copy_from_slice(&size);
            }
            header[482] = size[1];
            Builder::sign(&mut header);
            archive.extend(header);
            archive.extend(&junk);
            archive.resize(archive.len().next_multiple_of(512), 0);
        }
        let _ = scan(&archive, chunk);
        let mut walker = Walker::new(Streaming(&archive[..]), 10_000);
        while let Ok(Some(_)) = walker.next() {}
    }
}
