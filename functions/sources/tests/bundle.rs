//! Bundles that were tampered with.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use access::keys::{AgentKey, Sign as _};
use advisories::{BuildOptions, Source};
use proptest::prelude::*;
use schemas::Timestamp;
use secrecy::SecretBox;
use sources::feeds::bundle::{self, BundleError};

const KEV: &str = r#"{"catalogVersion":"2026.11.20","dateReleased":"2026-11-20T12:00:00Z","count":1,
    "vulnerabilities":[{"cveID":"CVE-2026-1001","dateAdded":"2026-11-19"}]}"#;

fn key(byte: u8) -> AgentKey {
    AgentKey::from_seed(SecretBox::new(Box::new([byte; 32])))
}

fn compiled(into: &Path) {
    let documents = [("kev.json".to_owned(), KEV.as_bytes().to_vec())];
    let source = Source::Documents(Box::new(documents.into_iter()));
    advisories::build(source, into, &BuildOptions::default()).unwrap();
}

fn bundle(now_ms: i64) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    compiled(folder.path());
    let mut bytes = Vec::new();
    bundle::write(
        folder.path(),
        &mut bytes,
        &key(1),
        Timestamp::from_ms(now_ms),
    )
    .unwrap();
    bytes
}

fn read(bytes: &[u8]) -> Result<bundle::BundleHead, BundleError> {
    let into = tempfile::tempdir().unwrap();
    bundle::read(bytes, &key(1).public(), None, into.path())
}

/// The entries of a bundle.
fn entries(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let tar = zstd::decode_all(bytes).unwrap();
    let mut archive = tar::Archive::new(tar.as_slice());
    archive
        .entries()
        .unwrap()
        .map(|entry| {
            let mut entry = entry.unwrap();
            let name = entry.path().unwrap().display().to_string();
            let mut content = Vec::new();
            std::io::copy(&mut entry, &mut content).unwrap();
            (name, content)
        })
        .collect()
}

fn packed(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, content) in entries {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, content.as_slice())
            .unwrap();
    }
    zstd::encode_all(tar.into_inner().unwrap().as_slice(), 1).unwrap()
}

/// Signs another head in place of a bundle's own.
fn with_head(all: &[(String, Vec<u8>)], change: impl Fn(&mut serde_json::Value)) -> Vec<u8> {
    let mut all = all.to_vec();
    let mut head: serde_json::Value = serde_json::from_slice(&all[0].1).unwrap();
    change(&mut head);
    all[0].1 = serde_json::to_vec(&head).unwrap();
    let signature = key(1).sign(&[b"bulkhead-feeds:".as_slice(), &all[0].1].concat());
    all[1].1 = signature
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<String>()
        .into_bytes();
    packed(&all)
}

#[test]
fn what_was_signed_is_what_is_unpacked() {
    let bytes = bundle(1_000);
    let into = tempfile::tempdir().unwrap();
    let head = bundle::read(bytes.as_slice(), &key(1).public(), None, into.path()).unwrap();
    assert_eq!(head.built_at, Timestamp::from_ms(1_000));
    let set = advisories::ShardSet::open_dir(into.path()).unwrap();
    assert!(!set.intel("CVE-2026-1001").unwrap().exploited_by.is_empty());
    let other = bundle::read(bytes.as_slice(), &key(2).public(), None, into.path());
    assert!(matches!(other, Err(BundleError::Signature)));
    let newer = Some(Timestamp::from_ms(2_000));
    let older = bundle::read(bytes.as_slice(), &key(1).public(), newer, into.path());
    assert!(matches!(older, Err(BundleError::Older { .. })), "{older:?}");
}

#[test]
fn every_kind_of_tampering_is_told() {
    let all = entries(&bundle(1_000));
    assert!(read(&packed(&all)).is_ok(), "packing again changes nothing");

    let mut changed = all.clone();
    let last = changed.last_mut().unwrap();
    last.1[20] ^= 1;
    assert!(matches!(
        read(&packed(&changed)),
        Err(BundleError::Hash { .. })
    ));
    let mut longer = all.clone();
    longer.last_mut().unwrap().1.push(0);
    assert!(matches!(
        read(&packed(&longer)),
        Err(BundleError::Hash { .. })
    ));

    let mut more = all.clone();
    more.push(("extra.shard".to_owned(), vec![1]));
    assert!(matches!(
        read(&packed(&more)),
        Err(BundleError::Malformed(_))
    ));
    let mut fewer = all.clone();
    fewer.pop();
    assert!(matches!(
        read(&packed(&fewer)),
        Err(BundleError::Malformed(_))
    ));
    let mut swapped = all.clone();
    swapped.swap(0, 1);
    assert!(matches!(
        read(&packed(&swapped)),
        Err(BundleError::Malformed(_))
    ));

    let mut head = all.clone();
    let text = String::from_utf8(head[0].1.clone()).unwrap();
    head[0].1 = text
        .replace("1970-01-01T00:00:01", "2970-01-01T00:00:01")
        .into_bytes();
    assert_ne!(head[0].1, all[0].1);
    assert!(matches!(read(&packed(&head)), Err(BundleError::Signature)));
}

#[test]
fn a_signer_cannot_name_what_must_not_be() {
    let all = entries(&bundle(1_000));
    assert!(read(&with_head(&all, |_| {})).is_ok());
    let named = |name: &str| {
        let mut all = all.clone();
        all[2].0 = name.to_owned();
        with_head(&all, |head| head["files"][0]["name"] = name.into())
    };
    for name in ["a/b", "nul", ".hidden"] {
        let error = read(&named(name)).unwrap_err();
        assert!(
            matches!(error, BundleError::Malformed(_)),
            "{name}: {error}"
        );
    }
    let later = with_head(&all, |head| {
        *head = serde_json::json!({"version": 2, "new": true})
    });
    assert!(matches!(read(&later), Err(BundleError::Later { found: 2 })));
    let large = with_head(&all, |head| {
        head["files"][0]["size_bytes"] = u64::MAX.into()
    });
    assert!(matches!(read(&large), Err(BundleError::TooLarge)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_bytes_break_the_reader(at in 0.0..1.0_f64, flip in 1..=255_u8, noise in proptest::collection::vec(any::<u8>(), 0..200)) {
        let good = bundle(1_000);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a position in a small file")]
        let at = (good.len() as f64 * at) as usize;
        prop_assert!(read(&good[..at]).is_err());
        let mut damaged = good.clone();
        damaged[at] ^= flip;
        // A bit of compressed data that says nothing may change, and nothing else.
        if let Ok(head) = read(&damaged) {
            prop_assert_eq!(head, read(&good).unwrap());
        }
        prop_assert!(read(&noise).is_err());
        let _ = bundle::parse_head(&noise);
    }
}
