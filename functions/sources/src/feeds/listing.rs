//! What a publisher's lists say: which documents there are, and which of them changed.

use std::collections::{BTreeMap, BTreeSet};

use quick_xml::{Reader, events::Event};
use serde::Deserialize;
use thiserror::Error;

/// Documents that one list may name, at most: ten times what the longest has.
const MAX_LISTED: usize = 500_000;
/// Longest name of a document.
const MAX_NAME_BYTES: usize = 160;
/// Deepest folder of a document's name.
const MAX_NAME_DEPTH: usize = 4;

/// Why a list cannot be used.
#[derive(Debug, Error)]
pub enum ListError {
    /// It is not the JSON that it should be.
    #[error("it is not the JSON that was expected")]
    Json(#[from] serde_json::Error),
    /// It is not the XML that it should be.
    #[error("it is not the XML that was expected")]
    Xml(#[from] quick_xml::Error),
    /// It is not text.
    #[error("it is not text")]
    NotText,
    /// It names nothing, so it is not the list.
    #[error("it names no document, so it is not taken for the list")]
    Empty,
    /// More than any real list.
    #[error("it names more than {MAX_LISTED} documents")]
    TooLong,
    /// Nothing says what the document must be.
    #[error("it gives no SHA-256 of updateinfo, so that nothing could be verified")]
    NoChecksum,
    /// A line of it is not what it should be.
    #[error("line {line} is not a name and a date")]
    Line {
        /// Which, from 1.
        line: usize,
    },
}

#[derive(Deserialize)]
struct Updates {
    value: Vec<Update>,
}

#[derive(Deserialize)]
struct Update {
    #[serde(rename = "ID")]
    id: String,
    #[serde(rename = "CurrentReleaseDate", default)]
    current_release_date: Option<String>,
}

/// MSRC's months with the date of their last revision. Source: MSRC's "Security Update Guide API", `/updates`.
///
/// # Errors
/// When it is not that list.
pub fn parse_msrc_updates(bytes: &[u8]) -> Result<BTreeMap<String, String>, ListError> {
    let updates: Updates = serde_json::from_slice(bytes)?;
    let months: BTreeMap<_, _> = updates
        .value
        .into_iter()
        .take(MAX_LISTED)
        // An id becomes a file's name and part of an address.
        .filter(|update| {
            update.id.len() <= 32 && !update.id.contains('.') && is_plain_name(&update.id)
        })
        .map(|update| (update.id, update.current_release_date.unwrap_or_default()))
        .collect();
    if months.is_empty() {
        return Err(ListError::Empty);
    }
    Ok(months)
}

/// Files of a CSAF directory with the date of their last change: lines of `"2024/cve-2024-1.json","2024-…Z"`, the
/// newest first. Source: OASIS CSAF 2.0, 7.1.13 (`changes.csv`); `deletions.csv` has the same form.
///
/// # Errors
/// When it is not such a list: an HTML page in its place must not pass for a directory without changes.
pub fn parse_changes(bytes: &[u8]) -> Result<BTreeMap<String, String>, ListError> {
    let text = std::str::from_utf8(bytes).map_err(|_| ListError::NotText)?;
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim_start_matches('\u{feff}').trim();
        if line.is_empty() {
            continue;
        }
        let (file, date) = line
            .rsplit_once(',')
            .map(|(file, date)| (unquoted(file), unquoted(date)))
            .filter(|(_, date)| looks_like_a_date(date))
            .ok_or(ListError::Line { line: number + 1 })?;
        // Directories hold signatures, indexes and folders of other systems, too.
        if !file.ends_with(".json") || !is_plain_name(file) {
            continue;
        }
        // The newest line of a file counts.
        let known = files.entry(file.to_owned()).or_default();
        if known.as_str() < date {
            date.clone_into(known);
        }
        if files.len() > MAX_LISTED {
            return Err(ListError::TooLong);
        }
    }
    Ok(files)
}

fn unquoted(field: &str) -> &str {
    field.trim().trim_matches('"').trim()
}

fn looks_like_a_date(text: &str) -> bool {
    text.len() >= 10
        && text.len() <= 40
        && text.bytes().take(4).all(|b| b.is_ascii_digit())
        && text.as_bytes().get(4) == Some(&b'-')
}

/// The name of the archive that a directory names in `archive_latest.txt`.
///
/// # Errors
/// When the text is no file name.
pub fn parse_archive_name(bytes: &[u8]) -> Result<String, ListError> {
    let text = std::str::from_utf8(bytes).map_err(|_| ListError::NotText)?;
    let name = text.trim();
    if is_plain_name(name) && !name.contains('/') {
        Ok(name.to_owned())
    } else {
        Err(ListError::Empty)
    }
}

/// The date in an archive's name, such as `csaf_vex_2025-01-19.tar.zst`.
pub fn date_in_name(name: &str) -> Option<&str> {
    (0..name.len()).find_map(|at| {
        let date = name.get(at..at + 10)?;
        let fits = date.bytes().enumerate().all(|(index, b)| match index {
            4 | 7 => b == b'-',
            _ => b.is_ascii_digit(),
        });
        fits.then_some(date)
    })
}

/// The first mirror of a yum mirror list.
///
/// # Errors
/// When it names none.
pub fn parse_mirror_list(bytes: &[u8]) -> Result<String, ListError> {
    let text = std::str::from_utf8(bytes).map_err(|_| ListError::NotText)?;
    let mirror = text
        .lines()
        .map(str::trim)
        .find(|line| line.starts_with("https://") && line.len() <= 1000)
        .ok_or(ListError::Empty)?;
    Ok(mirror.trim_end_matches('/').to_owned())
}

/// Path and SHA-256, in hexadecimal, of `updateinfo` in a repository's `repomd.xml`. Source: createrepo_c, "repomd.xml".
///
/// # Errors
/// When it is not such a document, the repository has no `updateinfo`, or it gives no SHA-256 of it.
pub fn parse_repomd(bytes: &[u8]) -> Result<(String, String), ListError> {
    let text = std::str::from_utf8(bytes).map_err(|_| ListError::NotText)?;
    let mut reader = Reader::from_str(text);
    let (mut inside, mut in_checksum) = (false, false);
    let (mut location, mut checksum) = (None, String::new());
    loop {
        match reader.read_event()? {
            Event::Eof => break,
            Event::Start(tag) | Event::Empty(tag) => match tag.local_name().as_ref() {
                "data" => {
                    inside = attribute(&tag, "type").as_deref() == Some("updateinfo");
                }
                "checksum" => {
                    in_checksum = inside && attribute(&tag, "type").as_deref() == Some("sha256");
                }
                "location" if inside => location = attribute(&tag, "href"),
                _ => {}
            },
            Event::Text(text) if in_checksum && checksum.len() < 200 => {
                checksum.push_str(text.as_ref());
            }
            Event::End(tag) => match tag.local_name().as_ref() {
                "data" => inside = false,
                "checksum" => in_checksum = false,
                _ => {}
            },
            _ => {}
        }
    }
    let location = location
        .filter(|path| is_plain_name(path))
        .ok_or(ListError::Empty)?;
    let checksum = checksum.trim();
    if checksum.len() != 64 || !checksum.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(ListError::NoChecksum);
    }
    Ok((location, checksum.to_ascii_lowercase()))
}

fn attribute(tag: &quick_xml::events::BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = tag
        .attributes()
        .flatten()
        .find(|attribute| attribute.key.local_name().as_ref() == name)?;
    Some(attribute.value.into_owned())
}

#[derive(Deserialize)]
struct Channels {
    #[serde(rename = "releases-index")]
    index: Vec<Channel>,
}

#[derive(Deserialize)]
struct Channel {
    #[serde(rename = "channel-version")]
    version: String,
    #[serde(rename = "latest-release-date", default)]
    latest_release_date: Option<String>,
    #[serde(rename = "releases.json")]
    releases: String,
}

/// A channel of .NET.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DotnetChannel {
    /// Such as `8.0`.
    pub version: String,
    /// Address of its releases.
    pub url: String,
    /// The day of its latest release.
    pub latest_release_date: Option<String>,
}

/// .NET's channels. Source: github.com/dotnet/core, `release-notes/releases-index.json`.
///
/// # Errors
/// When it is not that index.
pub fn parse_dotnet_index(bytes: &[u8]) -> Result<Vec<DotnetChannel>, ListError> {
    let channels: Channels = serde_json::from_slice(bytes)?;
    let mut seen = BTreeSet::new();
    let channels: Vec<_> = channels
        .index
        .into_iter()
        .take(1000)
        .filter(|channel| {
            is_plain_name(&channel.version)
                && !channel.version.contains('/')
                && channel.releases.len() <= 1000
                && seen.insert(channel.version.clone())
        })
        .map(|channel| DotnetChannel {
            version: channel.version,
            url: channel.releases,
            latest_release_date: channel.latest_release_date,
        })
        .collect();
    if channels.is_empty() {
        return Err(ListError::Empty);
    }
    Ok(channels)
}

/// Whether a name from outside may become a file's name, with folders, on every system.
pub fn is_plain_name(name: &str) -> bool {
    name.len() <= MAX_NAME_BYTES
        && name.split('/').count() <= MAX_NAME_DEPTH
        && name.split('/').all(|part| {
            let stem = part.split('.').next().unwrap_or_default();
            !part.is_empty()
                && !part.starts_with('.')
                && !part.ends_with('.')
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'+'))
                && !is_reserved(stem)
        })
}

/// Names that Windows keeps for devices. Source: Microsoft, "Naming Files, Paths, and Namespaces".
fn is_reserved(stem: &str) -> bool {
    let stem = stem.to_ascii_uppercase();
    let numbered = |device: &str| {
        stem.strip_prefix(device)
            .is_some_and(|rest| rest.len() == 1 && rest.bytes().all(|b| b.is_ascii_digit()))
    };
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL") || numbered("COM") || numbered("LPT")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn changes_name_files_and_dates_and_an_error_page_is_none() {
        let files = parse_changes(
            b"\"2024/cve-2024-2.json\",\"2024-08-02T10:00:00+00:00\"\n\
              \"2024/cve-2024-1.json\",\"2024-08-01T10:00:00+00:00\"\r\n\
              \"2024/cve-2024-2.json\",\"2023-01-01T00:00:00+00:00\"\n\
              \"../../etc/passwd.json\",\"2024-08-01T10:00:00+00:00\"\n\
              \"2024/cve-2024-1.json.asc\",\"2024-08-01T10:00:00+00:00\"\n",
        )
        .unwrap();
        assert_eq!(files.len(), 2);
        assert!(files["2024/cve-2024-2.json"].starts_with("2024-08-02"));
        assert!(parse_changes(b"<html><body>Sorry, busy</body></html>").is_err());
    }

    #[test]
    fn only_revised_months_differ_and_ids_cannot_leave_the_folder() {
        let months = parse_msrc_updates(
            br#"{"value":[{"ID":"2024-Aug","CurrentReleaseDate":"2024-08-13T07:00:00Z"},
                {"ID":"../x","CurrentReleaseDate":"2024-08-13T07:00:00Z"},{"ID":"2017-May-B"}]}"#,
        )
        .unwrap();
        assert_eq!(
            months.keys().collect::<Vec<_>>(),
            ["2017-May-B", "2024-Aug"]
        );
        assert!(parse_msrc_updates(b"{\"value\":[]}").is_err());
    }

    #[test]
    fn a_repository_tells_where_its_updateinfo_is() {
        let sum = "0123456789abcdef".repeat(4);
        let list = |kind: &str, sum: &str| {
            format!(
                r#"<?xml version="1.0"?><repomd xmlns="http://linux.duke.edu/metadata/repo">
            <data type="primary"><checksum type="sha256">aa</checksum><location href="repodata/p.xml.gz"/></data>
            <data type="updateinfo"><checksum type="{kind}">{sum}</checksum><open-checksum type="sha256">cc</open-checksum>
            <location href="repodata/u.xml.gz"/></data></repomd>"#
            )
        };
        let (path, checksum) = parse_repomd(list("sha256", &sum).as_bytes()).unwrap();
        assert_eq!(
            (path.as_str(), checksum),
            ("repodata/u.xml.gz", sum.clone())
        );
        for unverifiable in [list("md5", &sum), list("sha256", "bb"), list("sha256", "")] {
            let read = parse_repomd(unverifiable.as_bytes());
            assert!(matches!(read, Err(ListError::NoChecksum)), "{unverifiable}");
        }
        assert!(parse_repomd(b"<html></html>").is_err());
        let away =
            br#"<repomd><data type="updateinfo"><location href="../../u.xml.gz"/></data></repomd>"#;
        assert!(parse_repomd(away).is_err());
    }

    #[test]
    fn names_are_plain_on_every_system() {
        for name in ["2024/cve-2024-1.json", "a_b.tar.zst", "suse_15.5+x.json"] {
            assert!(is_plain_name(name), "{name}");
        }
        for name in [
            "",
            "/a",
            "a//b",
            "../a",
            "a/..",
            "C:x",
            "nul.json",
            "a\\b",
            "a/b/c/d/e",
            "x.",
        ] {
            assert!(!is_plain_name(name), "{name}");
        }
        assert_eq!(
            date_in_name("csaf_vex_2025-01-19.tar.zst"),
            Some("2025-01-19")
        );
        assert_eq!(date_in_name("csaf_vex.tar.zst"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_break_a_list(bytes in proptest::collection::vec(any::<u8>(), 0..300), text in "[\\[\\]{}<>/\":,a-z0-9 \\n.-]{0,200}") {
            for bytes in [bytes.as_slice(), text.as_bytes()] {
                let _ = parse_changes(bytes);
                let _ = parse_msrc_updates(bytes);
                let _ = parse_repomd(bytes);
                let _ = parse_mirror_list(bytes);
                let _ = parse_dotnet_index(bytes);
                let _ = parse_archive_name(bytes);
            }
            let _ = date_in_name(&text);
        }
    }
}
