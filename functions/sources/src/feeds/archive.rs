//! The archive of a whole CSAF directory, unpacked to one file per document, so that later changes replace single ones.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{BufReader, Read, Write as _},
    path::Path,
};

use schemas::Timestamp;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::{
    catalogue::FeedSpec,
    check::{self, WrongContent},
    listing::is_plain_name,
    state::DocumentUpdate,
};

/// Most documents of an archive: ten times what the largest has.
const MAX_ENTRIES: u64 = 1_000_000;
/// Most bytes that an archive may unpack to.
const MAX_UNPACKED_BYTES: u64 = 32 << 30;
/// Largest window of zstd that is accepted, as a power of two.
const ZSTD_WINDOW_LOG: u32 = 27;
/// Level at which single documents are kept: an archive of 2 GB of JSON takes a tenth of it.
const KEPT_LEVEL: i32 = 3;

/// Why an archive cannot be unpacked.
#[derive(Debug, Error)]
pub enum ArchiveError {
    /// It cannot be read: it is cut, damaged or another thing.
    #[error("read the archive")]
    Read(#[source] std::io::Error),
    /// A document cannot be written.
    #[error("write {name}")]
    Write {
        /// The document.
        name: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// More than any real archive.
    #[error("it holds more than is allowed")]
    TooLarge,
    /// More than a tenth of its documents are none: asking for that many singly would be no better.
    #[error("{wrong} of its documents are not taken; {name} first")]
    Wrong {
        /// How many.
        wrong: u64,
        /// The first.
        name: String,
        /// Why.
        #[source]
        source: WrongContent,
    },
    /// None of the documents of the directory's list is in it.
    #[error("it holds no document of the directory")]
    Nothing,
}

/// Unpacks `tar.zst` of documents into a folder that is not in use, and judges and counts each. Documents that the
/// directory does not list any more are left out, as are those that are not recognised; those that changed after the
/// archive was made get no revision. What was left out and what has no revision is asked for next.
pub(super) fn unpack(
    spec: &FeedSpec,
    archive: &Path,
    to: &Path,
    listed: &BTreeMap<String, Option<String>>,
    made: Option<&str>,
    now: Timestamp,
) -> Result<Vec<(String, DocumentUpdate)>, ArchiveError> {
    let file = File::open(archive).map_err(ArchiveError::Read)?;
    let mut decoder =
        zstd::stream::read::Decoder::new(BufReader::new(file)).map_err(ArchiveError::Read)?;
    decoder
        .window_log_max(ZSTD_WINDOW_LOG)
        .map_err(ArchiveError::Read)?;
    unpack_tar(
        spec,
        decoder.take(MAX_UNPACKED_BYTES),
        to,
        listed,
        made,
        now,
    )
}

fn unpack_tar(
    spec: &FeedSpec,
    reader: impl Read,
    to: &Path,
    listed: &BTreeMap<String, Option<String>>,
    made: Option<&str>,
    now: Timestamp,
) -> Result<Vec<(String, DocumentUpdate)>, ArchiveError> {
    let mut tar = tar::Archive::new(reader);
    let mut documents = Vec::new();
    let mut wrong: Option<(u64, String, WrongContent)> = None;
    for (number, entry) in tar.entries().map_err(ArchiveError::Read)?.enumerate() {
        let mut entry = entry.map_err(ArchiveError::Read)?;
        if number as u64 > MAX_ENTRIES || entry.size() > spec.max_bytes {
            return Err(ArchiveError::TooLarge);
        }
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let Some(name) = listed_name(&path, listed) else {
            continue;
        };
        let size = entry.size();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(ArchiveError::Read)?;
        if (bytes.len() as u64) < size {
            return Err(ArchiveError::Read(std::io::ErrorKind::UnexpectedEof.into()));
        }
        let written = |source| ArchiveError::Write {
            name: name.to_owned(),
            source,
        };
        let kept = to.join(name);
        write(&kept, &bytes).map_err(written)?;
        let head = bytes.get(..check::HEAD_BYTES).unwrap_or(&bytes);
        let judged =
            check::check_form(name, head).and_then(|()| check::judge_content(spec, name, &kept));
        let survey = match judged {
            Ok(survey) => survey,
            Err(why) => {
                fs::remove_file(&kept).map_err(written)?;
                match &mut wrong {
                    Some((more, ..)) => *more += 1,
                    None => wrong = Some((1, name.to_owned(), why)),
                }
                continue;
            }
        };
        let revision = listed.get(name).cloned().flatten();
        let as_archived =
            revision.filter(|revision| made.is_some_and(|made| revision.as_str() < made));
        documents.push((
            name.to_owned(),
            DocumentUpdate {
                revision: as_archived,
                changed_at: Some(now),
                size_bytes: size,
                sha256: hex::encode(Sha256::digest(&bytes)),
                rows: survey.rows,
                as_of: survey.as_of,
                ..DocumentUpdate::default()
            },
        ));
    }
    if let Some((wrong, name, source)) = wrong
        && wrong > documents.len() as u64 / 9
    {
        return Err(ArchiveError::Wrong {
            wrong,
            name,
            source,
        });
    }
    if documents.is_empty() {
        return Err(ArchiveError::Nothing);
    }
    Ok(documents)
}

/// The listed document that a path in the archive is, with or without a folder around all.
fn listed_name<'p>(path: &'p str, listed: &BTreeMap<String, Option<String>>) -> Option<&'p str> {
    let path = path.trim_start_matches("./");
    let inner = path.split_once('/').map(|(_, inner)| inner);
    [Some(path), inner]
        .into_iter()
        .flatten()
        .find(|name| is_plain_name(name) && listed.contains_key(*name))
}

fn write(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut part = file.as_os_str().to_owned();
    part.push(".part");
    let mut out = zstd::stream::write::Encoder::new(File::create(&part)?, KEPT_LEVEL)?;
    out.write_all(bytes)?;
    out.finish()?;
    fs::rename(&part, file)
}
