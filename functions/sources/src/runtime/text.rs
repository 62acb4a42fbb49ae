//! Bounds for texts that images and containers bring along: their authors are strangers.

use std::collections::{BTreeMap, HashMap};

/// Most labels of one thing that are kept.
const MAX_LABELS: usize = 256;
/// Longest label value that is kept, in bytes.
const MAX_VALUE_BYTES: usize = 4096;
/// Longest name or key, in bytes.
const MAX_NAME_BYTES: usize = 512;

/// The text, cut at a character boundary.
pub(crate) fn cut(text: &str, max_bytes: usize) -> String {
    let mut end = text.len().min(max_bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().to_owned()
}

/// A name, bounded.
pub(crate) fn name(text: &str) -> String {
    cut(text, MAX_NAME_BYTES)
}

/// Labels, bounded in number and size; those first in order are kept.
pub(crate) fn labels(labels: Option<HashMap<String, String>>) -> BTreeMap<String, String> {
    let sorted: BTreeMap<String, String> = labels.unwrap_or_default().into_iter().collect();
    sorted
        .into_iter()
        .filter(|(key, _)| key.len() <= MAX_NAME_BYTES)
        .take(MAX_LABELS)
        .map(|(key, value)| (key, cut(&value, MAX_VALUE_BYTES)))
        .collect()
}

/// Names of capabilities without `CAP_`, sorted.
pub(crate) fn capabilities(given: Option<Vec<String>>) -> Vec<String> {
    let mut names: Vec<String> = given
        .unwrap_or_default()
        .iter()
        .map(|name| {
            let upper = self::name(name).to_ascii_uppercase();
            upper
                .strip_prefix("CAP_")
                .map_or(upper.clone(), str::to_owned)
        })
        .collect();
    names.sort();
    names.dedup();
    names
}

/// The repository of an image reference: without tag and digest. Nothing for a bare id.
pub(crate) fn repository(reference: &str) -> Option<String> {
    let name = reference.split('@').next().unwrap_or_default();
    if name.is_empty() || name.starts_with("sha256:") {
        return None;
    }
    // A colon after the last slash begins the tag; one before it belongs to the registry's port.
    let slash = name.rfind('/').map_or(0, |at| at + 1);
    let last = name.get(slash..)?;
    let end = last.find(':').map_or(name.len(), |at| slash + at);
    let repository = name.get(..end)?;
    (!repository.is_empty()).then(|| self::name(repository))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_keeps_the_registrys_port_and_loses_tag_and_digest() {
        let digest = format!("nginx:1.27@sha256:{}", "0".repeat(64));
        for (reference, wanted) in [
            ("nginx", Some("nginx")),
            ("nginx:1.27", Some("nginx")),
            (digest.as_str(), Some("nginx")),
            ("localhost:5000/a/b", Some("localhost:5000/a/b")),
            ("localhost:5000/a/b:x", Some("localhost:5000/a/b")),
            ("sha256:abc", None),
            ("", None),
            (":x", None),
        ] {
            assert_eq!(repository(reference).as_deref(), wanted, "{reference}");
        }
    }

    #[test]
    fn endless_labels_are_bounded() {
        let many = (0..1000)
            .map(|i| (format!("k{i:04}"), "ü".repeat(10_000)))
            .collect();
        let kept = labels(Some(many));
        assert_eq!(kept.len(), MAX_LABELS);
        assert!(kept.values().all(|value| value.len() <= MAX_VALUE_BYTES));
        assert_eq!(
            capabilities(Some(vec!["cap_sys_admin".into(), "SYS_ADMIN".into()])),
            ["SYS_ADMIN"]
        );
    }
}
