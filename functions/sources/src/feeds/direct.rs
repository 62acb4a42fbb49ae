//! Feed documents at their public addresses: a first, simple form of download.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use thiserror::Error;

use crate::http::{Download, Http, HttpError, HttpRequest, Validators};

/// The largest document that is taken: the whole OSV archive of npm has some 200 MB.
const MAX_DOCUMENT_BYTES: u64 = 1 << 30;
/// The largest list of MSRC's monthly documents that is taken.
const MAX_INDEX_BYTES: usize = 8 << 20;
/// Where MSRC lists its monthly documents, and the documents themselves. Source: MSRC's API description.
const MSRC_UPDATES: &str = "https://api.msrc.microsoft.com/cvrf/v3.0/updates";
const MSRC_DOCUMENT: &str = "https://api.msrc.microsoft.com/cvrf/v3.0/cvrf/";

/// A document at a public address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedDocument {
    /// Name of the document, which is the name of its file too.
    pub name: String,
    /// Its address.
    pub url: String,
}

/// Documents that are at a fixed address. MSRC's are listed by [`msrc_documents`].
pub fn fixed_documents() -> Vec<FeedDocument> {
    const FIXED: &[(&str, &str)] = &[
        (
            "debian-tracker.json",
            "https://security-tracker.debian.org/tracker/data/json",
        ),
        (
            "cisa-kev.json",
            "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json",
        ),
        (
            "epss.csv.gz",
            "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz",
        ),
        (
            "osv-npm.zip",
            "https://osv-vulnerabilities.storage.googleapis.com/npm/all.zip",
        ),
        (
            "osv-pypi.zip",
            "https://osv-vulnerabilities.storage.googleapis.com/PyPI/all.zip",
        ),
        (
            "osv-nuget.zip",
            "https://osv-vulnerabilities.storage.googleapis.com/NuGet/all.zip",
        ),
        (
            "osv-almalinux.zip",
            "https://osv-vulnerabilities.storage.googleapis.com/AlmaLinux/all.zip",
        ),
        (
            "osv-rocky.zip",
            "https://osv-vulnerabilities.storage.googleapis.com/Rocky%20Linux/all.zip",
        ),
    ];
    const ALPINE: &[&str] = &["v3.18", "v3.19", "v3.20", "v3.21", "v3.22", "v3.23"];
    let alpine = ALPINE.iter().flat_map(|release| {
        ["main", "community"].map(|repository| FeedDocument {
            name: format!("alpine-{release}-{repository}.json"),
            url: format!("https://secdb.alpinelinux.org/{release}/{repository}.json"),
        })
    });
    FIXED
        .iter()
        .map(|(name, url)| FeedDocument {
            name: (*name).to_owned(),
            url: (*url).to_owned(),
        })
        .chain(alpine)
        .collect()
}

/// Why a document could not be had.
#[derive(Debug, Error)]
pub enum FeedError {
    /// It could not be transferred.
    #[error("download {name}")]
    Transfer {
        /// The document.
        name: String,
        /// Why.
        #[source]
        source: HttpError,
    },
    /// MSRC's list of documents could not be understood.
    #[error("read MSRC's list of documents at {url}")]
    List {
        /// Where it is.
        url: String,
        /// Why.
        #[source]
        source: serde_json::Error,
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
}

/// MSRC's monthly documents, as it lists them.
///
/// # Errors
/// When the list cannot be had or understood.
pub async fn msrc_documents(http: &Http) -> Result<Vec<FeedDocument>, FeedError> {
    msrc_documents_at(http, MSRC_UPDATES, MSRC_DOCUMENT).await
}

async fn msrc_documents_at(
    http: &Http,
    list: &str,
    documents: &str,
) -> Result<Vec<FeedDocument>, FeedError> {
    let request = HttpRequest {
        method: "GET".to_owned(),
        url: list.to_owned(),
        headers: vec![("accept".to_owned(), "application/json".to_owned())],
        body: Vec::new(),
    };
    let transfer = |source| FeedError::Transfer {
        name: "MSRC's list of documents".to_owned(),
        source,
    };
    let reply = http
        .send(request, MAX_INDEX_BYTES)
        .await
        .map_err(transfer)?;
    if reply.status != 200 {
        let status = HttpError::Status {
            host: list.to_owned(),
            status: reply.status,
        };
        return Err(transfer(status));
    }
    let updates: Updates =
        serde_json::from_slice(&reply.body).map_err(|source| FeedError::List {
            url: list.to_owned(),
            source,
        })?;
    // An id becomes a file's name and part of an address.
    let plain = |id: &String| {
        !id.is_empty()
            && id.len() <= 32
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    Ok(updates
        .value
        .into_iter()
        .map(|update| update.id)
        .filter(plain)
        .map(|id| FeedDocument {
            name: format!("msrc-{id}.xml"),
            url: format!("{documents}{id}"),
        })
        .collect())
}

/// Downloads a document into a folder, unless it is the one that the validators name. Returns the file, too.
///
/// # Errors
/// When it cannot be transferred or stored; the file of an earlier download stays as it is.
pub async fn download(
    http: &Http,
    document: &FeedDocument,
    known: &Validators,
    folder: &Path,
) -> Result<(PathBuf, Download), FeedError> {
    let file = folder.join(&document.name);
    // Validators without their file would keep the document away for good.
    let nothing = Validators::default();
    let known = if file.exists() { known } else { &nothing };
    let download = http
        .download(&document.url, known, &file, MAX_DOCUMENT_BYTES)
        .await
        .map_err(|source| FeedError::Transfer {
            name: document.name.clone(),
            source,
        })?;
    Ok((file, download))
}
