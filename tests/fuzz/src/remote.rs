//! What servers answer: a registry's challenge, names of images, lists of what a publisher has, and signed bundles.

use access::PublicKey;
use sources::{
    feeds::{built::Built, bundle, check, fetch, listing},
    registry::{Reference, challenge},
};

use crate::Target;

pub(crate) fn targets() -> Vec<Target> {
    vec![
        Target::new("image-reference", |bytes| {
            let Ok(text) = std::str::from_utf8(bytes) else {
                return false;
            };
            let Ok(reference) = text.trim_end().parse::<Reference>() else {
                return false;
            };
            let name = reference.name();
            assert!(
                name.parse::<Reference>()
                    .is_ok_and(|again| again.name() == name),
                "{name:?} does not lead to itself"
            );
            true
        }),
        Target::new("registry-challenge", |bytes| {
            !challenge::parse(&String::from_utf8_lossy(bytes)).is_empty()
        }),
        Target::new("retry-after", |bytes| {
            fetch::retry_after(String::from_utf8_lossy(bytes).trim()).is_some()
        }),
        Target::new("list-msrc", |bytes| {
            listing::parse_msrc_updates(bytes).is_ok()
        }),
        Target::new("list-changes", |bytes| {
            listing::parse_changes(bytes).is_ok()
        }),
        Target::new("list-archive", |bytes| {
            listing::parse_archive_name(bytes).is_ok()
        }),
        Target::new("list-mirrors", |bytes| {
            listing::parse_mirror_list(bytes).is_ok()
        }),
        Target::new("list-repomd", |bytes| listing::parse_repomd(bytes).is_ok()),
        Target::new("list-dotnet", |bytes| {
            listing::parse_dotnet_index(bytes).is_ok()
        }),
        Target::new("download-form", |bytes| {
            [
                "a.json", "a.xml", "a.zst", "a.gz", "a.bz2", "a.zip", "a.csv",
            ]
            .iter()
            .filter(|name| check::check_form(name, bytes).is_ok())
            .count()
                > 1
        }),
        Target::new("bundle-head", |bytes| bundle::parse_head(bytes).is_ok()),
        Target::new("bundle", signed),
        Target::new("built", |bytes| Built::parse(bytes).is_some()),
    ]
}

/// The key of the bundles of the corpus: its seed is 32 times 7.
fn key() -> PublicKey {
    access::AgentKey::from_seed(Box::new([7; 32]).into()).public()
}

fn signed(bytes: &[u8]) -> bool {
    tempfile::tempdir().is_ok_and(|into| bundle::read(bytes, &key(), None, into.path()).is_ok())
}
