//! One document from its address: asked for by version, tried again when the server is busy or the line breaks, and
//! resumed where it broke.

use std::{
    io::{Seek as _, Write as _},
    path::Path,
    time::Duration,
};

use sha2::{Digest as _, Sha256};
use thiserror::Error;

pub use crate::http::retry_after;
use crate::http::{Answer, Http, HttpError, Validators};

/// How often and how long a server is asked.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Most requests for one document.
    pub attempts: u32,
    /// Wait before the second request; doubles with each further one.
    pub first_wait: Duration,
    /// Longest wait that follows from doubling.
    pub max_wait: Duration,
    /// Longest wait that a server's `Retry-After` may ask for; a longer one ends the attempt.
    pub max_asked: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            attempts: 5,
            first_wait: Duration::from_secs(1),
            max_wait: Duration::from_secs(30),
            max_asked: Duration::from_secs(120),
        }
    }
}

/// Why a document could not be had.
#[derive(Debug, Error)]
pub enum FetchError {
    /// The server cannot be asked, or the connection broke.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// An answer that is no success.
    #[error("{host} answered {status}")]
    Status {
        /// The server.
        host: String,
        /// HTTP status.
        status: u16,
    },
    /// The server is busy for longer than is waited.
    #[error("{host} answered {status} and asks to come back in {seconds} s; try again later")]
    AskedToWait {
        /// The server.
        host: String,
        /// HTTP status.
        status: u16,
        /// What it asks for.
        seconds: u64,
    },
    /// More than allowed.
    #[error("{host} sends more than {max_bytes} bytes")]
    TooLarge {
        /// The server.
        host: String,
        /// The bound.
        max_bytes: u64,
    },
    /// The file cannot be written.
    #[error("store the document in {file}")]
    Store {
        /// The file.
        file: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Every attempt failed.
    #[error("gave up after {attempts} attempts")]
    GaveUp {
        /// How many.
        attempts: u32,
        /// The last failure.
        #[source]
        source: Box<FetchError>,
    },
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// The document is the one that the validators name.
    NotModified,
    /// The document was stored.
    Stored {
        /// Its size.
        size_bytes: u64,
        /// Its SHA-256, in hexadecimal.
        sha256: String,
        /// Its version.
        validators: Validators,
    },
}

/// Where documents are really asked for.
#[derive(Clone, Debug)]
pub struct Fetcher {
    http: Http,
    patience: Patience,
    mirror: Option<String>,
}

/// One attempt's end.
enum Attempt {
    Done(Fetched),
    /// Worth another attempt, after the server's own wait where it names one.
    Again(FetchError, Option<Duration>),
    Failed(FetchError),
}

/// A file that grows over several attempts.
struct Growing<'f> {
    path: &'f Path,
    file: std::fs::File,
    hash: Sha256,
    size_bytes: u64,
    validators: Validators,
}

impl Growing<'_> {
    fn create(path: &Path) -> Result<Growing<'_>, FetchError> {
        let file = std::fs::File::create(path).map_err(|source| store(path, source))?;
        Ok(Growing {
            path,
            file,
            hash: Sha256::new(),
            size_bytes: 0,
            validators: Validators::default(),
        })
    }

    fn restart(&mut self) -> Result<(), FetchError> {
        let again = self.file.set_len(0).and_then(|()| self.file.rewind());
        again.map_err(|source| store(self.path, source))?;
        self.hash = Sha256::new();
        self.size_bytes = 0;
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), FetchError> {
        self.file
            .write_all(bytes)
            .map_err(|source| store(self.path, source))?;
        self.hash.update(bytes);
        self.size_bytes += bytes.len() as u64;
        Ok(())
    }

    /// What a server must still have for the rest to fit: a strong entity tag or a date of change (RFC 9110, 13.1.5).
    fn resumable_by(&self) -> Option<&str> {
        let strong = self
            .validators
            .etag
            .as_deref()
            .filter(|etag| !etag.starts_with("W/"));
        strong
            .or(self.validators.last_modified.as_deref())
            .filter(|_| self.size_bytes > 0)
    }
}

fn store(path: &Path, source: std::io::Error) -> FetchError {
    FetchError::Store {
        file: path.display().to_string(),
        source,
    }
}

impl Fetcher {
    /// A fetcher by this client. With a mirror, `https://HOST/PATH` is asked for at `MIRROR/HOST/PATH`.
    pub fn new(http: Http, patience: Patience, mirror: Option<&str>) -> Self {
        Self {
            http,
            patience,
            mirror: mirror.map(|mirror| mirror.trim_end_matches('/').to_owned()),
        }
    }

    fn address(&self, url: &str) -> String {
        match (&self.mirror, url.strip_prefix("https://")) {
            (Some(mirror), Some(rest)) => format!("{mirror}/{rest}"),
            _ => url.to_owned(),
        }
    }

    /// Reads a small document whole.
    ///
    /// # Errors
    /// When it cannot be had after all attempts, or is larger than allowed.
    pub async fn small(&self, url: &str, max_bytes: u64) -> Result<Vec<u8>, FetchError> {
        let folder = tempfile::tempdir().map_err(|source| store(&std::env::temp_dir(), source))?;
        let file = folder.path().join("document");
        let known = Validators::default();
        self.document(url, &known, &file, max_bytes, false, &|_| {})
            .await?;
        std::fs::read(&file).map_err(|source| store(&file, source))
    }

    /// Downloads a document into a file, which is the caller's to judge and to rename.
    ///
    /// `compressible` asks the server to compress it on the way: the file then holds it compressed. `on_bytes` is told
    /// of bytes as they come.
    ///
    /// # Errors
    /// When it cannot be had after all attempts, is larger than allowed, or cannot be stored.
    pub async fn document(
        &self,
        url: &str,
        known: &Validators,
        file: &Path,
        max_bytes: u64,
        compressible: bool,
        on_bytes: &(dyn Fn(u64) + Sync),
    ) -> Result<Fetched, FetchError> {
        let url = self.address(url);
        let mut growing = Growing::create(file)?;
        let mut wait = self.patience.first_wait;
        let mut attempt = 1;
        loop {
            let outcome = self
                .attempt(&url, known, &mut growing, max_bytes, compressible, on_bytes)
                .await;
            let (error, asked) = match outcome {
                Attempt::Done(fetched) => return Ok(fetched),
                Attempt::Failed(error) => return Err(error),
                Attempt::Again(error, asked) => (error, asked),
            };
            if attempt >= self.patience.attempts {
                return Err(FetchError::GaveUp {
                    attempts: attempt,
                    source: Box::new(error),
                });
            }
            tracing::debug!(url, attempt, %error, "trying again");
            tokio::time::sleep(asked.unwrap_or(wait)).await;
            wait = wait.saturating_mul(2).min(self.patience.max_wait);
            attempt += 1;
        }
    }

    async fn attempt(
        &self,
        url: &str,
        known: &Validators,
        growing: &mut Growing<'_>,
        max_bytes: u64,
        compressible: bool,
        on_bytes: &(dyn Fn(u64) + Sync),
    ) -> Attempt {
        let encoding = if compressible { "gzip" } else { "identity" };
        let mut headers = vec![("accept-encoding", encoding)];
        let range = format!("bytes={}-", growing.size_bytes);
        let resume_by = growing.resumable_by().map(str::to_owned);
        if let Some(by) = &resume_by {
            headers.extend([("range", range.as_str()), ("if-range", by)]);
        } else {
            if let Some(etag) = &known.etag {
                headers.push(("if-none-match", etag));
            }
            if let Some(date) = &known.last_modified {
                headers.push(("if-modified-since", date));
            }
        }
        let mut answer = match self.http.get(url, &headers).await {
            Ok(answer) => answer,
            Err(error @ HttpError::Unreachable { .. }) if !is_refused_redirect(&error) => {
                return Attempt::Again(error.into(), None);
            }
            Err(error) => return Attempt::Failed(error.into()),
        };
        match answer.status() {
            304 if resume_by.is_none() && *known != Validators::default() => {
                return Attempt::Done(Fetched::NotModified);
            }
            206 if resume_by.is_some() && answer.begins_at(growing.size_bytes) => {}
            200 => {
                if let Err(error) = growing.restart() {
                    return Attempt::Failed(error);
                }
                growing.validators = validators(&answer);
            }
            // A range that does not fit any more: from the beginning.
            206 | 416 => {
                growing.validators = Validators::default();
                return match growing.restart() {
                    Ok(()) => Attempt::Again(status(&answer), None),
                    Err(error) => Attempt::Failed(error),
                };
            }
            408 | 429 | 500 | 502 | 503 | 504 => return self.busy(&answer),
            _ => return Attempt::Failed(status(&answer)),
        }
        loop {
            match answer.chunk().await {
                Ok(None) => break,
                Ok(Some(bytes)) => {
                    if growing.size_bytes + bytes.len() as u64 > max_bytes {
                        return Attempt::Failed(FetchError::TooLarge {
                            host: answer.host().to_owned(),
                            max_bytes,
                        });
                    }
                    if let Err(error) = growing.append(&bytes) {
                        return Attempt::Failed(error);
                    }
                    on_bytes(bytes.len() as u64);
                }
                Err(error) => return Attempt::Again(error.into(), None),
            }
        }
        if let Err(source) = growing.file.sync_all() {
            return Attempt::Failed(store(growing.path, source));
        }
        Attempt::Done(Fetched::Stored {
            size_bytes: growing.size_bytes,
            sha256: hex::encode(growing.hash.clone().finalize()),
            validators: growing.validators.clone(),
        })
    }

    /// A server that asks for patience.
    fn busy(&self, answer: &Answer) -> Attempt {
        let asked = answer.header("retry-after").and_then(retry_after);
        match asked {
            Some(asked) if asked > self.patience.max_asked => {
                Attempt::Failed(FetchError::AskedToWait {
                    host: answer.host().to_owned(),
                    status: answer.status(),
                    seconds: asked.as_secs(),
                })
            }
            asked => Attempt::Again(status(answer), asked),
        }
    }
}

fn status(answer: &Answer) -> FetchError {
    FetchError::Status {
        host: answer.host().to_owned(),
        status: answer.status(),
    }
}

fn validators(answer: &Answer) -> Validators {
    Validators {
        etag: answer.header("etag").map(str::to_owned),
        last_modified: answer.header("last-modified").map(str::to_owned),
    }
}

/// A redirect that is not followed on purpose is not followed at the next attempt either.
fn is_refused_redirect(error: &HttpError) -> bool {
    matches!(error, HttpError::Unreachable { source, .. } if source.is_redirect())
}
