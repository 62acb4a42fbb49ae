//! Damage to documents and to shards: it is told, and never a panic or a wrong answer.

use std::fs;

use advisories::{
    ShardError, ShardSet, diff, match_inventory,
    shards::{INTEL, MANIFEST_NAME, ShardRead},
};

use super::support::{DEBIAN, EPSS, KEV, SSVC, at, built, built_over, inventory, os, zlib};

#[test]
fn a_cut_or_empty_document_keeps_its_last_good_rows_and_the_others_go_on() {
    let out = tempfile::tempdir().unwrap();
    let (_, first) = built(
        &[
            ("debian.json", DEBIAN),
            ("kev.json", KEV),
            ("epss.csv", EPSS),
        ],
        out.path(),
    );
    let newer = EPSS.replace("0.5", "0.25");
    let documents = [
        ("debian.json", &DEBIAN[..600]),
        ("kev.json", ""),
        ("epss.csv", &newer),
    ];
    let next = tempfile::tempdir().unwrap();
    let (report, second) = built_over(&documents, next.path(), Some(&first));
    let errors: Vec<_> = report
        .errors
        .iter()
        .map(|error| {
            (
                error.document.as_str(),
                error.problem.as_str(),
                error.unusable,
                error.kept,
            )
        })
        .collect();
    assert_eq!(
        errors,
        [
            ("debian.json", "the document is cut", true, true),
            ("kev.json", "the document is empty", true, true),
        ]
    );
    assert!(report.errors[0].at.as_ref().unwrap().starts_with("line "));
    let changes = diff(&first, &second).unwrap();
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert_eq!(
        (changes[0].shard.as_str(), &changes[0].names[..]),
        (INTEL, &["CVE-2024-0001".to_owned()][..])
    );
    let facts = second.facts("CVE-2024-0001", &[]).unwrap();
    assert!(facts.known_exploited && facts.epss == Some(0.25));
    // And again, with the generation that kept them as the one before.
    let third = tempfile::tempdir().unwrap();
    let (_, third) = built_over(&documents, third.path(), Some(&second));
    assert!(diff(&second, &third).unwrap().is_empty());
    // Without a generation before, nothing half-read is used.
    let alone = tempfile::tempdir().unwrap();
    let (report, shards) = built(&documents, alone.path());
    assert!(shards.shard("debian:12").unwrap().is_none());
    assert!(
        report
            .errors
            .iter()
            .all(|error| error.unusable && !error.kept)
    );
}

#[test]
fn a_damaged_shard_is_an_error_and_never_a_panic_or_a_wrong_answer() {
    let out = tempfile::tempdir().unwrap();
    let (report, shards) = built(&[("d", DEBIAN), ("s", SSVC)], out.path());
    let host = inventory(Some(os("debian", "12")), vec![zlib("1:1.2.13.dfsg-1")]);
    let right = match_inventory(&host, &shards, at()).unwrap();
    let file = &report.manifest.shard("debian:12").unwrap().file;
    let bytes = fs::read(out.path().join(file)).unwrap();
    let open = |changed: Vec<u8>| {
        let mut manifest = report.manifest.clone();
        for shard in &mut manifest.shards {
            if &shard.file == file {
                shard.size_bytes = changed.len() as u64;
            }
        }
        let (file, folder) = (file.clone(), out.path().to_owned());
        ShardSet::open_with(manifest, move |name| {
            let bytes = if name == file {
                changed.clone()
            } else {
                fs::read(folder.join(name))?
            };
            Ok(Box::new(bytes) as Box<dyn ShardRead>)
        })
    };
    for at_byte in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at_byte] ^= 0x41;
        let result = match_inventory(&host, &open(changed), at());
        let error = result.expect_err(&format!("byte {at_byte} changed unnoticed"));
        assert!(
            matches!(
                error,
                ShardError::Corrupt { .. } | ShardError::OtherVersion { .. }
            ),
            "{error}"
        );
    }
    for len in 0..bytes.len() {
        assert!(match_inventory(&host, &open(bytes[..len].to_vec()), at()).is_err());
    }
    assert_eq!(match_inventory(&host, &open(bytes), at()).unwrap(), right);
    fs::write(
        out.path().join(MANIFEST_NAME),
        b"{\"version\":9,\"generation\":\"x\"}",
    )
    .unwrap();
    assert!(matches!(
        ShardSet::open_dir(out.path()),
        Err(ShardError::OtherVersion { found: 9, .. })
    ));
}
