//! One document, or an archive of all, from its address to its place: judged before it replaces the one before.

use std::{fs, path::Path};

use inventory::error_chain;
use thiserror::Error;

use super::{
    archive,
    catalogue::FeedSpec,
    check::{self, WrongContent},
    fetch::{FetchError, Fetched},
    folder::{DOCUMENTS, HELD, PARTS, file_of, put},
    plan::{self, Plan, Planned},
    state::{DocumentUpdate, HeldDocument},
    update::{Outcome, Update},
};
use crate::http::Validators;

/// Documents with fewer rows than this may shrink as they like: a tenth of them is no sign of anything.
const FEW_ROWS: u64 = 50;
/// Documents of fewer bytes than this, when only bytes are known.
const FEW_BYTES: u64 = 16 << 10;

/// Where an archive is unpacked, among the parts of its feed; no document is called so.
const UNPACKED: &str = ".unpacked";

/// Why a document is not in use.
#[derive(Debug, Error)]
pub(super) enum DocumentError {
    #[error("download {name}")]
    Fetch {
        name: String,
        #[source]
        source: FetchError,
    },
    #[error("{name} is not taken")]
    Wrong {
        name: String,
        #[source]
        source: WrongContent,
    },
    #[error("put {name} in place")]
    Place {
        name: String,
        #[source]
        source: std::io::Error,
    },
    #[error("unpack {name}")]
    Archive {
        name: String,
        #[source]
        source: archive::ArchiveError,
    },
    #[error(
        "{name} has the SHA-256 {found}, and its publisher's list says {listed}: it was changed on the way, or the list is \
         not of the same day"
    )]
    Checksum {
        name: String,
        found: String,
        listed: String,
    },
    #[error("judging {name} broke off")]
    BrokeOff { name: String },
}

impl Update<'_> {
    pub(super) async fn whole_archive(
        &self,
        spec: &FeedSpec,
        archive: &plan::Archive,
        plan: &Plan,
    ) -> Result<Vec<(String, DocumentUpdate)>, DocumentError> {
        let part = file_of(self.folder, PARTS, spec, &archive.name);
        self.transfer(
            spec,
            &archive.url,
            &archive.name,
            &Validators::default(),
            &part,
        )
        .await?;
        // Nothing of it is in use before all of it is there: what broke off half way would pass for the whole.
        let to = file_of(self.folder, PARTS, spec, UNPACKED);
        let place = |source| DocumentError::Place {
            name: archive.name.clone(),
            source,
        };
        let made = archive.made.clone();
        let revisions = plan
            .documents
            .iter()
            .map(|planned| (planned.name.clone(), planned.revision.clone()))
            .collect();
        let (spec_there, now, file, there) = (*spec, self.now, part.clone(), to.clone());
        // It goes on when the update is called off, and keeps the folder locked until it is done.
        let lock = self.folder.held();
        let unpacked = tokio::task::spawn_blocking(move || {
            let unpacked =
                archive::unpack(&spec_there, &file, &there, &revisions, made.as_deref(), now);
            let _ = fs::remove_file(&file);
            if unpacked.is_err() {
                let _ = fs::remove_dir_all(&there);
            }
            drop(lock);
            unpacked
        })
        .await
        .map_err(|_| DocumentError::BrokeOff {
            name: archive.name.clone(),
        })?;
        let documents = unpacked.map_err(|source| DocumentError::Archive {
            name: archive.name.clone(),
            source,
        })?;
        // Whatever is there is of no state: an update that was broken off left it.
        let in_use = self.folder.documents().join(spec.name);
        match fs::remove_dir_all(&in_use) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(place(error)),
            _ => {}
        }
        put(&to, &in_use).map_err(place)?;
        Ok(documents)
    }

    async fn transfer(
        &self,
        spec: &FeedSpec,
        url: &str,
        name: &str,
        known: &Validators,
        part: &Path,
    ) -> Result<Fetched, DocumentError> {
        let place = |source| DocumentError::Place {
            name: name.to_owned(),
            source,
        };
        if let Some(folder) = part.parent() {
            fs::create_dir_all(folder).map_err(place)?;
        }
        let on_bytes = |bytes| self.watch.bytes(spec.name, name, bytes);
        self.fetcher
            .document(
                url,
                known,
                part,
                spec.max_bytes,
                check::is_compressible(name),
                &on_bytes,
            )
            .await
            .map_err(|source| DocumentError::Fetch {
                name: name.to_owned(),
                source,
            })
    }

    /// Asks for one document. Whatever happens, a whole document is in use afterwards if one was before.
    pub(super) async fn document(
        &self,
        spec: &FeedSpec,
        planned: &Planned,
        before: DocumentUpdate,
    ) -> (DocumentUpdate, Outcome) {
        let part = file_of(self.folder, PARTS, spec, &planned.name);
        let outcome = self.try_document(spec, planned, &before, &part).await;
        let _ = fs::remove_file(&part);
        outcome.unwrap_or_else(|error| {
            let why = error_chain(&error);
            let after = DocumentUpdate {
                error: Some(why.clone()),
                ..before
            };
            (after, Outcome::Failed(why))
        })
    }

    async fn try_document(
        &self,
        spec: &FeedSpec,
        planned: &Planned,
        before: &DocumentUpdate,
        part: &Path,
    ) -> Result<(DocumentUpdate, Outcome), DocumentError> {
        let name = &planned.name;
        let file = file_of(self.folder, DOCUMENTS, spec, name);
        // Validators without their file would keep the document away for good.
        let held = before
            .held
            .as_ref()
            .filter(|_| file_of(self.folder, HELD, spec, name).exists());
        let known = match held {
            Some(held) => held.document.validators.clone(),
            None if file.exists() => before.validators.clone(),
            None => Validators::default(),
        };
        let fetched = self
            .transfer(spec, &planned.url, name, &known, part)
            .await?;
        let (size_bytes, sha256, validators) = match fetched {
            Fetched::NotModified => {
                let there = held.map_or(before, |held| &held.document);
                verify(planned, &there.sha256)?;
                let mut same = before.clone();
                same.error = None;
                if held.is_none() {
                    same.revision.clone_from(&planned.revision);
                }
                return Ok((same, Outcome::Unchanged));
            }
            Fetched::Stored {
                size_bytes,
                sha256,
                validators,
            } => (size_bytes, sha256, validators),
        };
        verify(planned, &sha256)?;
        if sha256 == before.sha256 && file.exists() {
            // Sent again, or back to what is in use.
            let _ = fs::remove_file(file_of(self.folder, HELD, spec, name));
            let same = DocumentUpdate {
                validators,
                revision: planned.revision.clone(),
                error: None,
                held: None,
                ..before.clone()
            };
            return Ok((same, Outcome::Unchanged));
        }
        let survey = self.judge(spec, name, part).await??;
        let taken = DocumentUpdate {
            validators,
            revision: planned.revision.clone(),
            changed_at: Some(self.now),
            size_bytes,
            sha256,
            rows: survey.rows,
            as_of: survey.as_of,
            error: None,
            held: None,
        };
        let place = |source| DocumentError::Place {
            name: name.clone(),
            source,
        };
        if let Some(why) = self.shrunken(spec, name, &file, before, &taken).await? {
            put(part, &file_of(self.folder, HELD, spec, name)).map_err(place)?;
            let held_at = before.held.as_ref().map_or(self.now, |held| held.held_at);
            let after = DocumentUpdate {
                error: None,
                held: Some(Box::new(HeldDocument {
                    held_at,
                    why: why.clone(),
                    document: taken,
                })),
                ..before.clone()
            };
            return Ok((after, Outcome::Held(why)));
        }
        put(part, &file).map_err(place)?;
        let _ = fs::remove_file(file_of(self.folder, HELD, spec, name));
        Ok((taken, Outcome::Taken))
    }

    async fn judge(
        &self,
        spec: &FeedSpec,
        name: &str,
        file: &Path,
    ) -> Result<Result<advisories::Survey, DocumentError>, DocumentError> {
        let (spec, document, file) = (*spec, name.to_owned(), file.to_owned());
        let judged = tokio::task::spawn_blocking(move || {
            let judged = check::judge(&spec, &document, &file);
            judged.map_err(|source| DocumentError::Wrong {
                name: document,
                source,
            })
        });
        judged.await.map_err(|_| DocumentError::BrokeOff {
            name: name.to_owned(),
        })
    }

    /// Why a document is held back, if it is: it has less than nine tenths of the rows of the one in use, or of its
    /// bytes where rows are not known.
    async fn shrunken(
        &self,
        spec: &FeedSpec,
        name: &str,
        file: &Path,
        before: &DocumentUpdate,
        now: &DocumentUpdate,
    ) -> Result<Option<String>, DocumentError> {
        if before.sha256.is_empty() || self.accept_shrunk.contains(spec.name) || !file.exists() {
            return Ok(None);
        }
        let advice = self.accept_by.advice(spec.name);
        if !spec.is_read() {
            let (old, new) = (before.size_bytes, now.size_bytes);
            let shrunken = old >= FEW_BYTES && shrank(old, new);
            return Ok(shrunken.then(|| {
                format!("{name} has {new} bytes, and {old} before: it is held back; {advice}")
            }));
        }
        if before.rows < FEW_ROWS || !shrank(before.rows, now.rows) {
            return Ok(None);
        }
        // Another version of this program may have counted then.
        let old = match self.judge(spec, name, file).await? {
            Ok(survey) => survey.rows,
            Err(_) => return Ok(None),
        };
        let shrunken = old >= FEW_ROWS && shrank(old, now.rows);
        Ok(shrunken.then(|| {
            let new = now.rows;
            format!("{name} has {new} rows, and {old} before: it is held back; {advice}")
        }))
    }
}

/// Whether a document is the one that its publisher's list names, where that gives a checksum.
fn verify(planned: &Planned, found: &str) -> Result<(), DocumentError> {
    match &planned.sha256 {
        Some(listed) if !listed.eq_ignore_ascii_case(found) => Err(DocumentError::Checksum {
            name: planned.name.clone(),
            found: found.to_owned(),
            listed: listed.clone(),
        }),
        _ => Ok(()),
    }
}

/// Whether a number fell by more than a tenth.
pub(super) fn shrank(before: u64, now: u64) -> bool {
    u128::from(now) * 10 < u128::from(before) * 9
}
