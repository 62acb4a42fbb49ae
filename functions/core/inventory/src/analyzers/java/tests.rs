//! Archives made in code, and real ones made by the tools at hand.

use std::{io::Write as _, process::Command};

use proptest::prelude::*;

use super::*;

/// A zip archive of these entries; `method` 0 stores, 8 deflates.
fn zip(entries: &[(&str, u16, Vec<u8>)]) -> Vec<u8> {
    zip_with(b"", entries, 0)
}

fn zip_with(prefix: &[u8], entries: &[(&str, u16, Vec<u8>)], flags: u16) -> Vec<u8> {
    let (mut file, mut directory) = (prefix.to_vec(), Vec::new());
    for (name, method, bytes) in entries {
        let packed = match method {
            8 => {
                let mut encoder =
                    flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            }
            _ => bytes.clone(),
        };
        let at = u32::try_from(file.len() - prefix.len()).unwrap();
        let common = |out: &mut Vec<u8>| {
            for half in [20, flags, *method, 0, 0] {
                out.extend_from_slice(&half.to_le_bytes());
            }
            for word in [0, packed.len(), bytes.len()] {
                out.extend_from_slice(&u32::try_from(word).unwrap().to_le_bytes());
            }
            for half in [name.len(), 0] {
                out.extend_from_slice(&u16::try_from(half).unwrap().to_le_bytes());
            }
        };
        file.extend_from_slice(b"PK\x03\x04");
        common(&mut file);
        file.extend_from_slice(name.as_bytes());
        file.extend_from_slice(&packed);
        directory.extend_from_slice(b"PK\x01\x02\x14\0");
        common(&mut directory);
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&at.to_le_bytes());
        directory.extend_from_slice(name.as_bytes());
    }
    let (at, bytes) = (file.len() - prefix.len(), directory.len());
    file.extend_from_slice(&directory);
    file.extend_from_slice(b"PK\x05\x06\0\0\0\0\0\0\0\0");
    file.extend_from_slice(&u32::try_from(bytes).unwrap().to_le_bytes());
    file.extend_from_slice(&u32::try_from(at).unwrap().to_le_bytes());
    file.extend_from_slice(&[0, 0]);
    file
}

fn pom(group: &str, artifact: &str, version: &str) -> (String, u16, Vec<u8>) {
    (
        format!("META-INF/maven/{group}/{artifact}/pom.properties"),
        8,
        format!("groupId={group}\nartifactId={artifact}\nversion={version}\n").into_bytes(),
    )
}

fn jar(poms: &[(String, u16, Vec<u8>)]) -> Vec<u8> {
    let entries: Vec<_> = poms
        .iter()
        .map(|(name, method, bytes)| (name.as_str(), *method, bytes.clone()))
        .collect();
    zip(&entries)
}

fn read(path: &str, bytes: Vec<u8>) -> (Vec<(String, String)>, Vec<GapReason>) {
    let analysis = Java.analyze(path, &mut Content::from(bytes)).unwrap();
    let [Evidence::Packages { packages, .. }] = &analysis.evidence[..] else {
        panic!("one list of packages is wanted");
    };
    let found = packages
        .iter()
        .map(|package| (package.purl.clone(), package.path.clone()))
        .collect();
    (found, analysis.gaps.iter().map(|gap| gap.reason).collect())
}

#[test]
fn archives_within_archives_are_read_with_their_shaded_parts() {
    let library = jar(&[
        pom("org.apache.logging.log4j", "log4j-core", "2.14.1"),
        pom("com.lmax", "disruptor", "3.4.4"),
    ]);
    let war = zip(&[
        ("WEB-INF/lib/log4j-core-2.14.1.jar", 0, library.clone()),
        ("WEB-INF/lib/nameless-1.0.jar", 8, jar(&[])),
        ("WEB-INF/lib/log4j-core-2.14.1-sources.jar", 0, library),
    ]);
    let ear = zip_with(b"#!/bin/sh\nexec java -jar $0\n", &[("web.war", 8, war)], 0);
    let (found, gaps) = read("opt/app.ear", ear);
    let inner = "opt/app.ear!/web.war!/WEB-INF/lib/log4j-core-2.14.1.jar";
    assert_eq!(
        found,
        [
            (
                "pkg:maven/com.lmax/disruptor@3.4.4".to_owned(),
                inner.to_owned()
            ),
            (
                "pkg:maven/nameless@1.0".to_owned(),
                "opt/app.ear!/web.war!/WEB-INF/lib/nameless-1.0.jar".to_owned()
            ),
            (
                "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1".to_owned(),
                inner.to_owned()
            ),
        ]
    );
    assert_eq!(gaps, [GapReason::UnsupportedFormat]);
}

#[test]
fn depth_encryption_and_damage_are_gaps_and_the_rest_is_read() {
    let mut inner = jar(&[pom("a", "deepest", "1")]);
    for _ in 0..8 {
        inner = zip(&[("x.jar", 0, inner)]);
    }
    assert_eq!(
        read("deep.jar", inner),
        (Vec::new(), vec![GapReason::LimitExceeded])
    );
    let (name, _, bytes) = pom("a", "b", "1");
    let locked = zip_with(b"", &[(name.as_str(), 8, bytes.clone())], 1);
    assert_eq!(
        read("locked.jar", locked),
        (Vec::new(), vec![GapReason::UnsupportedFormat])
    );
    let odd = zip(&[(name.as_str(), 93, bytes.clone())]);
    assert_eq!(
        read("odd.jar", odd),
        (Vec::new(), vec![GapReason::UnsupportedFormat])
    );
    let mixed = zip(&[
        ("broken.jar", 0, b"no archive".to_vec()),
        (name.as_str(), 8, bytes),
    ]);
    let (found, gaps) = read("mixed.jar", mixed);
    assert_eq!((found.len(), gaps), (1, vec![GapReason::Corrupt]));
    let whole = jar(&[pom("a", "b", "1")]);
    for cut in [0, 10, whole.len() - 5] {
        let result = Java.analyze("x.jar", &mut Content::from(&whole[..cut]));
        assert!(cut == 0 || result.is_err(), "cut at {cut}");
    }
}

#[test]
fn a_bomb_of_entries_that_share_their_bytes_ends_at_a_limit() {
    let bomb = zip(&[("x.jar", 8, vec![0; 4 << 20])]);
    let outer = zip(&[("a.jar", 8, bomb)]);
    assert_eq!(read("bomb.jar", outer).1, [GapReason::Corrupt]);
    let mut reader = Reader {
        nested_bytes: MAX_NESTED_BYTES - (1 << 20),
        ..Reader::new()
    };
    let mut content = Content::from(zip(&[("x.jar", 8, vec![0; 4 << 20])]));
    reader.archive("bomb.jar", &mut content, 0).unwrap();
    assert_eq!(reader.gaps.into_vec()[0].reason, GapReason::LimitExceeded);
}

/// Entries and archives may share their bytes, so what reading costs is bounded over the whole file.
#[test]
fn many_small_entries_end_at_one_limit_over_the_whole_file() {
    let inner = |name: &str| jar(&[pom("a", name, "1")]);
    let outer = zip(&[
        ("a.jar", 0, inner("first")),
        ("b.jar", 0, inner("second")),
        ("c.jar", 0, inner("third")),
    ]);
    let budgets = [
        Reader {
            small_entries: MAX_SMALL_ENTRIES - 1,
            ..Reader::new()
        },
        Reader {
            small_bytes: MAX_SMALL_BYTES - 100,
            ..Reader::new()
        },
    ];
    for mut reader in budgets {
        let mut content = Content::from(outer.clone());
        reader.archive("many.jar", &mut content, 0).unwrap();
        assert_eq!(reader.packages.len(), 1);
        let gaps: Vec<_> = reader.gaps.into_vec();
        assert_eq!(gaps.len(), 1, "{gaps:?}");
        assert_eq!(gaps[0].reason, GapReason::LimitExceeded);
    }
    // Once no more packages are kept, nothing more is unpacked.
    let mut reader = Reader {
        full: true,
        ..Reader::new()
    };
    reader
        .archive("many.jar", &mut Content::from(outer), 0)
        .unwrap();
    assert_eq!((reader.archives, reader.nested_bytes), (0, 0));
}

/// Blocks of deflate without content inflate to nothing: what counts then is what they take packed.
#[test]
fn empty_blocks_count_by_what_they_take() {
    let blocks = [0, 0, 0, 0xff, 0xff].repeat(200_000);
    for name in ["META-INF/maven/a/b/pom.properties", "x.jar"] {
        let mut bytes = zip(&[(name, 0, blocks.clone())]);
        let central = bytes.windows(4).rposition(|w| w == b"PK\x01\x02").unwrap();
        for at in [8, central + 10] {
            bytes[at] = 8;
        }
        let mut reader = Reader::new();
        let mut content = Content::from(bytes);
        reader.archive("empty.jar", &mut content, 0).unwrap();
        let charged = reader.small_bytes + reader.packed_bytes;
        assert!(charged >= 2 * MAX_PROPERTIES_BYTES, "{name}: {charged}");
        assert!(reader.small_bytes <= 2 * MAX_PROPERTIES_BYTES);
    }
}

#[test]
fn archives_of_real_tools_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"
import sys, zipfile
inner = zipfile.ZipFile('lib-1.2.jar', 'w', zipfile.ZIP_DEFLATED)
inner.writestr('META-INF/MANIFEST.MF', 'Manifest-Version: 1.0\r\nImplementation-Vendor-Id: org.example\r\n\r\n')
inner.close()
class Pipe:
    def __init__(self, f): self.f = f
    def write(self, b): return self.f.write(b)
    def flush(self): self.f.flush()
# To a stream: sizes follow the content. As zip64.
with open('app.jar', 'wb') as f:
    with zipfile.ZipFile(Pipe(f), 'w', zipfile.ZIP_DEFLATED) as z:
        with z.open('BOOT-INF/lib/lib-1.2.jar', 'w', force_zip64=True) as e:
            e.write(open('lib-1.2.jar', 'rb').read())
        z.comment = b'PK\x05\x06 is no end, however long it goes on'
"#;
    let made = Command::new("python3")
        .args(["-c", script])
        .current_dir(folder.path())
        .output()
        .is_ok_and(|output| output.status.success());
    if !made {
        at_hand::missing(at_hand::Need::Peers, "no python3");
        return;
    }
    let bytes = std::fs::read(folder.path().join("app.jar")).unwrap();
    assert_eq!(
        read("app.jar", bytes),
        (
            vec![(
                "pkg:maven/org.example/lib@1.2".to_owned(),
                "app.jar!/BOOT-INF/lib/lib-1.2.jar".to_owned()
            )],
            Vec::new()
        )
    );
}

proptest! {
    #[test]
    fn damaged_archives_never_panic(
        changes in proptest::collection::vec((any::<u16>(), any::<u8>()), 1..6),
        cut in any::<u16>(),
    ) {
        use std::sync::LazyLock;
        static WHOLE: LazyLock<Vec<u8>> = LazyLock::new(|| {
            zip(&[("a.jar", 0, jar(&[pom("a", "b", "1")])), ("META-INF/MANIFEST.MF", 8, b"A: b\n".to_vec())])
        });
        let mut bytes = WHOLE.clone();
        for (at, to) in changes {
            let at = usize::from(at) % bytes.len();
            bytes[at] = to;
        }
        if cut % 3 == 0 {
            bytes.truncate(usize::from(cut) % bytes.len());
        }
        let _ = Java.analyze("x.jar", &mut Content::from(bytes));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let bytes = [&bytes[..], b"PK\x05\x06", &bytes].concat();
        let _ = Java.analyze("x.jar", &mut Content::from(bytes.clone()));
        let _ = names::properties(&bytes);
        let _ = Manifest::read(&bytes);
    }
}
