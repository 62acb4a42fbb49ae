//! Databases are written by the real SQLite and read by the reader under test.

use proptest::prelude::*;

use super::*;

/// A header as rpm stores it.
fn header_blob(tags: &[(u32, u32, Vec<u8>)]) -> Vec<u8> {
    let (mut index, mut store) = (Vec::new(), Vec::<u8>::new());
    for (tag, kind, value) in tags {
        for word in [*tag, *kind, u32::try_from(store.len()).unwrap(), 1] {
            index.extend(word.to_be_bytes());
        }
        store.extend(value);
    }
    let mut blob = Vec::new();
    blob.extend(u32::try_from(tags.len()).unwrap().to_be_bytes());
    blob.extend(u32::try_from(store.len()).unwrap().to_be_bytes());
    blob.extend(index);
    blob.extend(store);
    blob
}

fn text(text: &str) -> Vec<u8> {
    [text.as_bytes(), b"\0"].concat()
}

fn sample(name: &str, padding: usize) -> Vec<u8> {
    header_blob(&[
        (1000, 6, text(name)),
        (1001, 6, text("3.0.7")),
        (1002, 6, text("6.el9_2")),
        (1003, 4, vec![0, 0, 0, 1]),
        (1022, 6, text("x86_64")),
        (1044, 6, text("openssl-3.0.7-6.el9_2.src.rpm")),
        (5096, 6, text("nodejs:16:8060:ad008a3a")),
        (1118, 7, vec![7; padding]),
    ])
}

fn database(rows: &[Vec<u8>], page_bytes: u32) -> Vec<u8> {
    let file = tempfile::NamedTempFile::new().unwrap();
    let connection = rusqlite::Connection::open(file.path()).unwrap();
    connection
        .execute_batch(&format!(
            "PRAGMA page_size={page_bytes}; CREATE TABLE Other(x); CREATE INDEX o ON Other(x);
             CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL);"
        ))
        .unwrap();
    connection.execute_batch("BEGIN").unwrap();
    for row in rows {
        connection
            .execute("INSERT INTO Packages(blob) VALUES (?1)", [row])
            .unwrap();
    }
    connection.execute_batch("COMMIT").unwrap();
    drop(connection);
    std::fs::read(file.path()).unwrap()
}

fn read(bytes: Vec<u8>) -> Result<(Vec<Package>, usize), AnalyzerError> {
    let mut analysis = Rpm.analyze(WELL_KNOWN[0], &mut Content::from(bytes))?;
    match analysis.evidence.pop() {
        Some(Evidence::Packages { packages, .. }) => Ok((packages, analysis.gaps.len())),
        other => panic!("packages are wanted, not {other:?}"),
    }
}

#[test]
fn rows_of_all_sizes_are_read_from_trees_of_all_page_sizes() {
    for page_bytes in [512, 4096, 65536] {
        let rows: Vec<_> = (0..300)
            .map(|i| sample(&format!("package-{i}"), i * 37 % 9000))
            .collect();
        let (packages, gaps) = read(database(&rows, page_bytes)).unwrap();
        assert_eq!((packages.len(), gaps), (300, 0), "pages of {page_bytes}");
        assert_eq!(packages[299].name, "package-299");
        let first = &packages[0];
        assert_eq!(first.version, "1:3.0.7-6.el9_2");
        assert_eq!(first.source_name.as_deref(), Some("openssl"));
        assert_eq!(first.source_version.as_deref(), Some("3.0.7-6.el9_2"));
        assert_eq!(
            first.purl,
            "pkg:rpm/package-0@3.0.7-6.el9_2?arch=x86_64&epoch=1&rpmmod=nodejs:16:8060:ad008a3a"
        );
    }
}

#[test]
fn a_damaged_header_costs_its_package_only() {
    let key = header_blob(&[
        (1000, 6, text("gpg-pubkey")),
        (1001, 6, text("1")),
        (1002, 6, text("1")),
    ]);
    let rows = vec![sample("a", 0), vec![0xff; 40], key, sample("b", 0)];
    let (packages, gaps) = read(database(&rows, 4096)).unwrap();
    let names: Vec<_> = packages.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(gaps, 1);
}

#[test]
fn older_and_damaged_forms_are_named() {
    let whole = database(&[sample("a", 20_000)], 4096);
    let cut = whole[..whole.len() - 5000].to_vec();
    match read(cut) {
        Ok((packages, gaps)) => assert!(packages.is_empty() && gaps > 0),
        Err(error) => assert_eq!(error.reason(), GapReason::Corrupt),
    }
    assert!(matches!(
        read(b"not a database at all".to_vec()),
        Err(AnalyzerError::Corrupt(_))
    ));
    for name in ["var/lib/rpm/Packages", "usr/lib/sysimage/rpm/Packages.db"] {
        assert!(Rpm.wants(name));
        let error = Rpm
            .analyze(name, &mut Content::from(&b"xyz"[..]))
            .unwrap_err();
        assert_eq!(error.reason(), GapReason::Corrupt);
    }
    let wal = "var/lib/rpm/rpmdb.sqlite-wal";
    assert!(Rpm.analyze(wal, &mut Content::empty()).is_ok());
    assert!(Rpm.analyze(wal, &mut Content::from(vec![0; 5000])).is_err());
}

const BERKELEY: &str = "var/lib/rpm/Packages";
const NDB: &str = "usr/lib/sysimage/rpm/Packages.db";

/// A Berkeley DB hash with one hash page for each row, whose headers lie in chains of overflow pages.
fn berkeley(rows: &[Vec<u8>], big: bool) -> Vec<u8> {
    const PAGE: usize = 512;
    let half = |value: usize| {
        let value = u16::try_from(value).unwrap();
        if big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    };
    let word = |value: usize| {
        let value = u32::try_from(value).unwrap();
        if big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    };
    let mut pages: Vec<Vec<u8>> = vec![vec![0; PAGE]];
    let put = |page: &mut [u8], at: usize, bytes: &[u8]| {
        page[at..at + bytes.len()].copy_from_slice(bytes)
    };
    for (index, row) in rows.iter().enumerate() {
        let mut page = vec![0; PAGE];
        page[25] = 13;
        put(&mut page, 20, &half(2));
        // The key in the page, then the place of the header.
        put(&mut page, 26, &half(PAGE - 5));
        put(&mut page, 28, &half(PAGE - 17));
        page[PAGE - 5] = 1;
        put(&mut page, PAGE - 4, &word(index + 1));
        page[PAGE - 17] = 3;
        let first = pages.len() + 1;
        put(&mut page, PAGE - 13, &word(first));
        put(&mut page, PAGE - 9, &word(row.len()));
        pages.push(page);
        let parts: Vec<_> = row.chunks(PAGE - 26).collect();
        for (number, part) in parts.iter().enumerate() {
            let mut page = vec![0; PAGE];
            page[25] = 7;
            put(&mut page, 22, &half(part.len()));
            let next = if number + 1 < parts.len() {
                first + number + 1
            } else {
                0
            };
            put(&mut page, 16, &word(next));
            put(&mut page, 26, part);
            pages.push(page);
        }
    }
    let last = pages.len() - 1;
    put(&mut pages[0], 12, &word(0x0006_1561));
    put(&mut pages[0], 20, &word(PAGE));
    put(&mut pages[0], 32, &word(last));
    pages.concat()
}

fn ndb(rows: &[Vec<u8>]) -> Vec<u8> {
    let mut file = vec![0; 4096];
    file[..4].copy_from_slice(b"RpmP");
    file[12] = 1;
    for slot in file[32..].chunks_exact_mut(16) {
        slot[..4].copy_from_slice(b"Slot");
    }
    for (index, row) in rows.iter().enumerate() {
        let word = |value: usize| u32::try_from(value).unwrap().to_le_bytes();
        let blocks = (16 + row.len() + 12).div_ceil(16);
        let at = 32 + index * 16;
        let place = file.len() / 16;
        for (field, value) in [(4, index + 1), (8, place), (12, blocks)] {
            file[at + field..at + field + 4].copy_from_slice(&word(value));
        }
        let start = file.len();
        file.extend_from_slice(b"BlbS");
        file.extend_from_slice(&word(index + 1));
        file.extend_from_slice(&word(7));
        file.extend_from_slice(&word(row.len()));
        file.extend_from_slice(row);
        file.resize(start + blocks * 16 - 12, 0);
        file.extend_from_slice(&word(0));
        file.extend_from_slice(&word(row.len()));
        file.extend_from_slice(b"BlbE");
    }
    file
}

fn names_of(path: &str, bytes: Vec<u8>) -> Result<(Vec<String>, usize), AnalyzerError> {
    let mut analysis = Rpm.analyze(path, &mut Content::from(bytes))?;
    match analysis.evidence.pop() {
        Some(Evidence::Packages { packages, .. }) => Ok((
            packages.into_iter().map(|p| p.name).collect(),
            analysis.gaps.len(),
        )),
        other => panic!("packages are wanted, not {other:?}"),
    }
}

#[test]
fn older_databases_give_the_same_packages() {
    let rows: Vec<_> = [("a", 0), ("b", 3000), ("c", 70)]
        .map(|(name, size)| sample(name, size))
        .into();
    let wanted = (vec!["a".to_owned(), "b".to_owned(), "c".to_owned()], 0);
    assert_eq!(names_of(BERKELEY, berkeley(&rows, false)).unwrap(), wanted);
    assert_eq!(names_of(BERKELEY, berkeley(&rows, true)).unwrap(), wanted);
    assert_eq!(names_of(NDB, ndb(&rows)).unwrap(), wanted);
}

#[test]
fn older_databases_that_bite_their_tail_or_are_cut_or_encrypted_are_gaps() {
    let rows = [sample("a", 2000), sample("b", 0)];
    let mut circle = berkeley(&rows, false);
    // The first page of the first chain leads to itself.
    circle[512 * 2 + 16] = 2;
    assert_eq!(
        names_of(BERKELEY, circle).unwrap(),
        (vec!["b".to_owned()], 1)
    );
    let mut encrypted = berkeley(&rows, false);
    encrypted[24] = 1;
    let error = names_of(BERKELEY, encrypted).unwrap_err();
    assert_eq!(error.reason(), GapReason::UnsupportedFormat);
    let cut = berkeley(&rows, false);
    assert!(names_of(BERKELEY, cut[..cut.len() - 600].to_vec()).is_err());
    let mut overlapping = ndb(&rows);
    let first: Vec<u8> = overlapping[32..48].to_vec();
    for slot in overlapping[32..4096].chunks_exact_mut(16) {
        slot.copy_from_slice(&first);
    }
    let (names, gaps) = names_of(NDB, overlapping).unwrap();
    assert!(names.len() < 3 && gaps > 0, "{names:?}");
    let mut torn = ndb(&rows);
    let end = torn.len();
    torn[end - 1] = 0;
    assert_eq!(names_of(NDB, torn).unwrap(), (vec!["a".to_owned()], 1));
}

#[test]
fn a_database_that_berkeley_db_wrote_is_read() {
    use std::{
        fmt::Write as _,
        io::Write as _,
        process::{Command, Stdio},
    };
    let folder = tempfile::tempdir().unwrap();
    let mut dump =
        "VERSION=3\nformat=bytevalue\ntype=hash\ndb_pagesize=4096\nHEADER=END\n".to_owned();
    let mut put = |bytes: &[u8]| {
        dump.push(' ');
        for byte in bytes {
            write!(dump, "{byte:02x}").unwrap();
        }
        dump.push('\n');
    };
    put(&[0; 4]);
    put(&2000_u32.to_le_bytes());
    for number in 1..=200_u32 {
        put(&number.to_le_bytes());
        put(&sample(
            &format!("package-{number}"),
            usize::try_from(number).unwrap() * 61,
        ));
    }
    dump.push_str("DATA=END\n");
    let loaded = Command::new("db5.3_load")
        .arg(folder.path().join("Packages"))
        .stdin(Stdio::piped())
        .spawn()
        .and_then(|mut child| {
            child.stdin.take().unwrap().write_all(dump.as_bytes())?;
            child.wait()
        });
    if !loaded.is_ok_and(|status| status.success()) {
        at_hand::missing(at_hand::Need::Peers, "no db5.3_load");
        return;
    }
    let bytes = std::fs::read(folder.path().join("Packages")).unwrap();
    let (names, gaps) = names_of(BERKELEY, bytes).unwrap();
    assert_eq!((names.len(), gaps), (200, 0));
}

proptest! {
    #[test]
    fn damaged_older_databases_never_panic(
        which in 0_usize..3,
        changes in proptest::collection::vec((any::<u16>(), any::<u8>()), 1..8),
        cut in any::<u16>(),
    ) {
        use std::sync::LazyLock;
        static WHOLE: LazyLock<[Vec<u8>; 3]> = LazyLock::new(|| {
            let rows: Vec<_> = (0..6).map(|i| sample("a", i * 300)).collect();
            [berkeley(&rows, false), berkeley(&rows, true), ndb(&rows)]
        });
        let mut bytes = WHOLE[which].clone();
        for (at, to) in changes {
            let at = usize::from(at) % bytes.len();
            bytes[at] = to;
        }
        if cut % 4 == 0 {
            bytes.truncate(usize::from(cut));
        }
        let _ = Rpm.analyze(if which == 2 { NDB } else { BERKELEY }, &mut Content::from(bytes));
    }

    #[test]
    fn arbitrary_headers_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = package("p", &bytes, &mut Owners::default());
    }

    #[test]
    fn damaged_headers_never_panic(at in 0_usize..200, to in any::<u8>()) {
        let mut blob = sample("a", 10);
        let at = at % blob.len();
        blob[at] = to;
        let _ = package("p", &blob, &mut Owners::default());
    }

    #[test]
    fn damaged_databases_never_panic(changes in proptest::collection::vec((any::<u16>(), any::<u8>()), 1..8)) {
        use std::sync::LazyLock;
        static WHOLE: LazyLock<Vec<u8>> =
            LazyLock::new(|| database(&(0..30).map(|i| sample("a", i * 60)).collect::<Vec<_>>(), 512));
        let mut bytes = WHOLE.clone();
        for (at, to) in changes {
            let at = usize::from(at) % bytes.len();
            bytes[at] = to;
        }
        let _ = Rpm.analyze(WELL_KNOWN[0], &mut Content::from(bytes));
    }
}

#[test]
fn files_of_languages_have_their_package_and_strangers_are_told() {
    fn with_files(name: &str, vendor: &str) -> Vec<u8> {
        // What is built in house names no vendor.
        let vendor_tag = if vendor.is_empty() { 1020 } else { 1011 };
        let mut blob = header_blob(&[
            (1000, 6, text(name)),
            (1001, 6, text("1")),
            (1002, 6, text("1")),
            (vendor_tag, 6, text(vendor)),
            (1116, 4, [0_u32, 1].map(u32::to_be_bytes).concat()),
            (1117, 8, [text("six-1.egg-info"), text("README")].concat()),
            (
                1118,
                8,
                [
                    text(&format!("/usr/lib/python3.9/site-packages/{name}/")),
                    text("/usr/share/doc/"),
                ]
                .concat(),
            ),
        ]);
        // Of the arrays there are two items each.
        for entry in 4..7 {
            blob[8 + entry * 16 + 15] = 2;
        }
        blob
    }
    let rows = [
        with_files("python3-six", "Red Hat, Inc."),
        with_files("python3-b", "Red Hat, Inc."),
        with_files("docker-x", "Docker"),
        with_files("in-house", ""),
    ];
    let bytes = database(&rows, 4096);
    let analysis = Rpm
        .analyze("var/lib/rpm/rpmdb.sqlite", &mut Content::from(bytes))
        .unwrap();
    let [_, Evidence::OwnedFiles { owners, .. }] = &analysis.evidence[..] else {
        panic!("packages and their files are wanted");
    };
    let told: Vec<_> = owners
        .iter()
        .map(|owner| (owner.package.as_str(), owner.foreign, owner.paths.len()))
        .collect();
    assert_eq!(
        told,
        [
            ("docker-x", true, 1),
            ("in-house", true, 1),
            ("python3-b", false, 1),
            ("python3-six", false, 1)
        ]
    );
    assert_eq!(
        owners[3].paths,
        ["usr/lib/python3.9/site-packages/python3-six/six-1.egg-info"]
    );

    // Where hardly a package names its vendor, it tells nothing.
    let bytes = database(&[with_files("a", ""), with_files("b", "")], 4096);
    let analysis = Rpm
        .analyze("var/lib/rpm/rpmdb.sqlite", &mut Content::from(bytes))
        .unwrap();
    let [_, Evidence::OwnedFiles { owners, .. }] = &analysis.evidence[..] else {
        panic!("packages and their files are wanted");
    };
    assert!(owners.iter().all(|owner| !owner.foreign), "{owners:?}");
}
