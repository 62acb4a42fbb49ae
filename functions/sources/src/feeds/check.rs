//! Whether a download is what it should be: by its first bytes, then by what its reader makes of it.

use std::{fs::File, io::Read as _, path::Path};

use advisories::{Survey, survey};
use thiserror::Error;

use super::catalogue::FeedSpec;

/// Bytes that tell a form.
pub(super) const HEAD_BYTES: usize = 512;

/// Why a download is not taken.
#[derive(Debug, Error)]
pub enum WrongContent {
    /// It cannot be read back.
    #[error("read what was downloaded")]
    Read(#[source] std::io::Error),
    /// It holds nothing.
    #[error("the server answered with nothing")]
    Empty,
    /// A page for people, which is how gateways and portals report errors with status 200.
    #[error("the server answered with an HTML page in place of the document")]
    Html,
    /// Another form than the one that is published.
    #[error("it is not {expected}, which is what its publisher gives")]
    Form {
        /// The form.
        expected: &'static str,
    },
    /// It is cut or damaged.
    #[error("{0}")]
    Damaged(String),
    /// Its reader does not know it.
    #[error("it is not recognised as a document of {reader}")]
    NotRecognised {
        /// The reader.
        reader: &'static str,
    },
}

/// The forms in which documents are published, told from the ends of their names.
const FORMS: &[(&str, &str, &[&[u8]])] = &[
    (".gz", "gzip", &[&[0x1f, 0x8b]]),
    (".zip", "a zip archive", &[b"PK\x03\x04", b"PK\x05\x06"]),
    (".bz2", "bzip2", &[b"BZh"]),
    (".xz", "xz", &[&[0xfd, b'7', b'z', b'X', b'Z', 0]]),
    (".zst", "zstd", &[&[0x28, 0xb5, 0x2f, 0xfd]]),
    (".json", "JSON", &[b"{", b"["]),
    (".xml", "XML", &[b"<"]),
];

/// Whether the first bytes are of the form that the document's name tells. What may be compressed on the way is
/// compressed in the file.
///
/// # Errors
/// Says what it is instead.
pub fn check_form(name: &str, head: &[u8]) -> Result<(), WrongContent> {
    if head.is_empty() {
        return Err(WrongContent::Empty);
    }
    if is_html(head) {
        return Err(WrongContent::Html);
    }
    let Some((ending, expected, starts)) = FORMS.iter().find(|(ending, ..)| name.ends_with(ending))
    else {
        return Ok(());
    };
    let text = matches!(*ending, ".json" | ".xml");
    let body = if text { without_space(head) } else { head };
    let packed_on_the_way = text && head.starts_with(&[0x1f, 0x8b]);
    if packed_on_the_way || starts.iter().any(|start| body.starts_with(start)) {
        Ok(())
    } else {
        Err(WrongContent::Form { expected })
    }
}

/// Without a byte order mark and leading space.
fn without_space(head: &[u8]) -> &[u8] {
    let head = head.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(head);
    head.trim_ascii_start()
}

fn is_html(head: &[u8]) -> bool {
    let start: Vec<u8> = without_space(head)
        .iter()
        .take(15)
        .map(u8::to_ascii_lowercase)
        .collect();
    start.starts_with(b"<!doctype html") || start.starts_with(b"<html")
}

/// Whether names of this form are worth compressing on the way.
pub(super) fn is_compressible(name: &str) -> bool {
    [".json", ".xml", ".csv", ".txt"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

/// Judges a download, and counts what is in it. Takes as long as reading it.
///
/// # Errors
/// Says why it is not to be taken.
pub(super) fn judge(spec: &FeedSpec, name: &str, file: &Path) -> Result<Survey, WrongContent> {
    let mut head = Vec::new();
    File::open(file)
        .and_then(|file| file.take(HEAD_BYTES as u64).read_to_end(&mut head))
        .map_err(WrongContent::Read)?;
    check_form(name, &head)?;
    judge_content(spec, name, file)
}

/// The same of a file whose form was seen to already; it may be kept compressed.
///
/// # Errors
/// Says why it is not to be taken.
pub(super) fn judge_content(
    spec: &FeedSpec,
    name: &str,
    file: &Path,
) -> Result<Survey, WrongContent> {
    if !spec.is_read() {
        return Ok(Survey::default());
    }
    let survey = survey(file, name);
    if let Some(why) = survey.unusable {
        return Err(WrongContent::Damaged(why));
    }
    if !survey.feeds.iter().any(|feed| feed == spec.reader) {
        return Err(WrongContent::NotRecognised {
            reader: spec.reader,
        });
    }
    Ok(survey)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_or_another_form_is_told_from_the_document() {
        assert!(check_form("a.json", b" \n{\"a\":1}").is_ok());
        assert!(check_form("a.json", &[0x1f, 0x8b, 8]).is_ok());
        assert!(check_form("a.xml", b"\xef\xbb\xbf<?xml version='1.0'?>").is_ok());
        assert!(check_form("a.csv", b"cve,epss\n").is_ok());
        assert!(matches!(
            check_form("a.xml", b"\n<!DOCTYPE HTML><title>Login</title>"),
            Err(WrongContent::Html)
        ));
        assert!(matches!(
            check_form("a.zip", b"{\"error\":\"busy\"}"),
            Err(WrongContent::Form { .. })
        ));
        assert!(matches!(check_form("a.zip", b""), Err(WrongContent::Empty)));
    }
}
