//! The update: every feed is asked for what changed, every document is judged before it replaces the one before, and
//! one that fails leaves all others alone.

use std::{
    collections::BTreeSet,
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
};

use futures::{FutureExt as _, StreamExt as _, future::BoxFuture, stream};
use schemas::Timestamp;
use thiserror::Error;

use super::{
    archive,
    catalogue::{FeedSpec, Layout},
    check::{self, WrongContent},
    fetch::{FetchError, Fetched, Fetcher},
    plan::{self, Plan, Planned},
    state::{DocumentUpdate, FeedUpdate, HeldDocument, StateError, UpdateState},
};
use crate::http::Validators;

/// Feeds that are updated at a time.
const FEEDS_AT_A_TIME: usize = 4;
/// Documents of one feed that are asked for at a time.
const DOCUMENTS_AT_A_TIME: usize = 4;
/// Documents with fewer rows than this may shrink as they like: a tenth of them is no sign of anything.
const FEW_ROWS: u64 = 50;
/// Documents of fewer bytes than this, when only bytes are known.
const FEW_BYTES: u64 = 16 << 10;
/// Lists of fewer documents than this.
const FEW_DOCUMENTS: u64 = 10;

/// Where documents in use are, below the folder of feeds.
pub const DOCUMENTS: &str = "documents";
/// Where those held back are.
const HELD: &str = "held";
/// Where transfers grow.
const PARTS: &str = "parts";
/// The file that one update at a time holds.
const LOCK: &str = "lock";

/// What an update is told while it goes on.
pub trait Watch: Sync {
    /// A feed's publisher is asked.
    fn asking(&self, feed: &str);
    /// So many of a feed's documents changed by its publisher's lists, or may have.
    fn listed(&self, feed: &str, to_ask: usize);
    /// Bytes of a document came.
    fn bytes(&self, feed: &str, document: &str, bytes: u64);
    /// A document was dealt with.
    fn document(&self, feed: &str, document: &str, outcome: &Outcome);
    /// A feed was dealt with.
    fn done(&self, feed: &str, state: &FeedUpdate);
}

/// Watches nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn asking(&self, _feed: &str) {}
    fn listed(&self, _feed: &str, _to_ask: usize) {}
    fn bytes(&self, _feed: &str, _document: &str, _bytes: u64) {}
    fn document(&self, _feed: &str, _document: &str, _outcome: &Outcome) {}
    fn done(&self, _feed: &str, _state: &FeedUpdate) {}
}

/// What became of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is the one in use.
    Unchanged,
    /// It is in use now.
    Taken,
    /// It shrank too much and is held back, for this reason.
    Held(String),
    /// It could not be had or used, for this reason.
    Failed(String),
}

/// Why nothing could be updated.
#[derive(Debug, Error)]
pub enum UpdateError {
    /// A folder cannot be made.
    #[error("make folder {folder}")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Another update is at work there.
    #[error("another update is at work in {folder}")]
    Busy {
        /// The folder.
        folder: PathBuf,
    },
    /// The lock cannot be had.
    #[error("lock {folder}")]
    Lock {
        /// The folder.
        folder: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The state cannot be read or written.
    #[error("keep the state of the feeds")]
    State(#[from] StateError),
}

/// Why a document is not in use.
#[derive(Debug, Error)]
enum DocumentError {
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
    #[error("judging {name} broke off")]
    BrokeOff { name: String },
}

/// A folder of feeds that this process alone updates, until it is dropped.
#[derive(Debug)]
pub struct FeedFolder {
    path: PathBuf,
    // The lock goes with the file.
    _lock: File,
}

impl FeedFolder {
    /// Takes a folder for an update; makes it where it is not there.
    ///
    /// # Errors
    /// When another process updates it, or it cannot be made.
    pub fn lock(path: &Path) -> Result<Self, UpdateError> {
        let folder = |source| UpdateError::Folder {
            folder: path.to_owned(),
            source,
        };
        fs::create_dir_all(path.join(DOCUMENTS)).map_err(folder)?;
        let lock_failed = |source| UpdateError::Lock {
            folder: path.to_owned(),
            source,
        };
        let lock = File::create(path.join(LOCK)).map_err(lock_failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(UpdateError::Busy {
                    folder: path.to_owned(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(lock_failed(source)),
        }
        // What an update that was interrupted left: its documents are asked for again.
        match fs::remove_dir_all(path.join(PARTS)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(folder(error));
            }
            _ => {}
        }
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder of the documents in use.
    pub fn documents(&self) -> PathBuf {
        self.path.join(DOCUMENTS)
    }
}

/// How to update.
pub struct Update<'u> {
    /// The folder.
    pub folder: &'u FeedFolder,
    /// How documents are asked for.
    pub fetcher: &'u Fetcher,
    /// The time.
    pub now: Timestamp,
    /// Feeds whose shrunken documents are taken.
    pub accept_shrunk: &'u BTreeSet<String>,
    /// Who watches.
    pub watch: &'u dyn Watch,
}

impl std::fmt::Debug for Update<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Update")
            .field("folder", &self.folder.path)
            .finish_non_exhaustive()
    }
}

impl Update<'_> {
    /// Updates feeds, and gives `save` the state whenever one is done, so that an interrupted update loses little.
    /// Returns whether any document in use changed. What went wrong with a feed is in its state.
    ///
    /// # Errors
    /// When the state cannot be kept.
    pub async fn run(
        &self,
        feeds: &[&'static FeedSpec],
        state: &mut UpdateState,
        save: &mut (dyn FnMut(&UpdateState) -> Result<(), StateError> + Send),
    ) -> Result<bool, UpdateError> {
        // Boxed: the compiler cannot tell that a closure over borrowed feeds makes futures that may change threads.
        let updates: Vec<BoxFuture<'_, _>> = feeds
            .iter()
            .map(|&spec| {
                let before = state.feeds.get(spec.name).cloned().unwrap_or_default();
                async move { (spec, self.feed(spec, before).await) }.boxed()
            })
            .collect();
        let mut updates = stream::iter(updates).buffer_unordered(FEEDS_AT_A_TIME);
        let mut any = false;
        while let Some((spec, (after, changed))) = updates.next().await {
            any |= changed;
            self.watch.done(spec.name, &after);
            state.feeds.insert(spec.name.to_owned(), after);
            save(state)?;
        }
        Ok(any)
    }

    async fn feed(&self, spec: &'static FeedSpec, mut state: FeedUpdate) -> (FeedUpdate, bool) {
        self.watch.asking(spec.name);
        let mut changed = self.promote_held(spec, &mut state);
        state.checked_at = Some(self.now);
        let first = state.in_use() == 0;
        let plan = match plan::plan(self.fetcher, spec, first, self.now).await {
            Ok(plan) => plan,
            Err(error) => {
                state.error = Some(chain(&error));
                return (state, changed);
            }
        };
        if let Some(error) = self.shrunken_list(spec, &state, &plan) {
            state.error = Some(error);
            return (state, changed);
        }
        state.error = None;
        state.listed = plan.documents.len() as u64;
        if let Some(archive) = &plan.archive {
            match self.whole_archive(spec, archive, &plan).await {
                Ok(documents) => {
                    changed |= !documents.is_empty();
                    state.documents.extend(documents);
                }
                Err(error) => {
                    // One by one it would be tens of thousands of requests.
                    state.error = Some(chain(&error));
                    return (state, changed);
                }
            }
        }
        changed |= self.forget_deleted(spec, &mut state, &plan);
        forget_unlisted_errors(&mut state, &plan);
        let to_ask: Vec<_> = plan
            .documents
            .into_iter()
            .filter(|planned| self.may_have_changed(spec, planned, &state))
            .map(|planned| {
                let before = state.documents.get(&planned.name).cloned();
                (planned, before.unwrap_or_default())
            })
            .collect();
        self.watch.listed(spec.name, to_ask.len());
        let mut answers = stream::iter(to_ask)
            .map(|(planned, before)| async move {
                let (after, outcome) = self.document(spec, &planned, before).await;
                (planned.name, after, outcome)
            })
            .buffer_unordered(DOCUMENTS_AT_A_TIME);
        while let Some((name, after, outcome)) = answers.next().await {
            changed |= outcome == Outcome::Taken;
            self.watch.document(spec.name, &name, &outcome);
            state.documents.insert(name, after);
        }
        if changed {
            state.changed_at = Some(self.now);
        }
        if state.last_error().is_none() {
            state.good_at = Some(self.now);
        }
        (state, changed)
    }

    /// A list that lost more than a tenth of its documents is no list to act on.
    fn shrunken_list(&self, spec: &FeedSpec, state: &FeedUpdate, plan: &Plan) -> Option<String> {
        let listed = matches!(
            spec.layout,
            Layout::MsrcMonths { .. } | Layout::CsafDirectory { .. } | Layout::DotnetChannels(_)
        );
        let now = plan.documents.len() as u64;
        let shrunken = listed
            && state.listed >= FEW_DOCUMENTS
            && shrank(state.listed, now)
            && !self.accept_shrunk.contains(spec.name);
        shrunken.then(|| {
            format!(
                "the list names {now} documents, and {} before: it is held back; take it with --accept-shrunk {}",
                state.listed, spec.name
            )
        })
    }

    fn may_have_changed(&self, spec: &FeedSpec, planned: &Planned, state: &FeedUpdate) -> bool {
        let Some(known) = state.documents.get(&planned.name) else {
            return true;
        };
        let same =
            |revision: &Option<String>| planned.revision.is_some() && planned.revision == *revision;
        let in_use = same(&known.revision)
            && known.error.is_none()
            && file_of(self.folder, DOCUMENTS, spec, &planned.name).exists();
        let held = known.held.as_ref().is_some_and(|held| {
            same(&held.document.revision)
                && file_of(self.folder, HELD, spec, &planned.name).exists()
        });
        !in_use && !held
    }

    /// Puts documents that were held back into use, where that was asked for.
    fn promote_held(&self, spec: &FeedSpec, state: &mut FeedUpdate) -> bool {
        if !self.accept_shrunk.contains(spec.name) {
            return false;
        }
        let mut changed = false;
        for (name, document) in &mut state.documents {
            let Some(held) = document.held.take() else {
                continue;
            };
            let from = file_of(self.folder, HELD, spec, name);
            let to = file_of(self.folder, DOCUMENTS, spec, name);
            if put(&from, &to).is_ok() {
                *document = held.document;
                self.watch.document(spec.name, name, &Outcome::Taken);
                changed = true;
            }
        }
        changed
    }

    fn forget_deleted(&self, spec: &FeedSpec, state: &mut FeedUpdate, plan: &Plan) -> bool {
        let mut changed = false;
        for name in &plan.deleted {
            if state.documents.contains_key(name) {
                let file = file_of(self.folder, DOCUMENTS, spec, name);
                if fs::remove_file(&file).is_ok() || !file.exists() {
                    state.documents.remove(name);
                    changed = true;
                }
            }
        }
        changed
    }

    async fn whole_archive(
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
        let to = self.folder.documents().join(spec.name);
        let made = archive.made.clone();
        let revisions = plan
            .documents
            .iter()
            .map(|planned| (planned.name.clone(), planned.revision.clone()))
            .collect();
        let (max_bytes, now, file) = (spec.max_bytes, self.now, part.clone());
        let unpacked = tokio::task::spawn_blocking(move || {
            let unpacked = archive::unpack(&file, &to, &revisions, made.as_deref(), max_bytes, now);
            let _ = fs::remove_file(&file);
            unpacked
        })
        .await
        .map_err(|_| DocumentError::BrokeOff {
            name: archive.name.clone(),
        })?;
        unpacked.map_err(|source| DocumentError::Archive {
            name: archive.name.clone(),
            source,
        })
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
    async fn document(
        &self,
        spec: &FeedSpec,
        planned: &Planned,
        before: DocumentUpdate,
    ) -> (DocumentUpdate, Outcome) {
        let part = file_of(self.folder, PARTS, spec, &planned.name);
        let outcome = self.try_document(spec, planned, &before, &part).await;
        let _ = fs::remove_file(&part);
        outcome.unwrap_or_else(|error| {
            let why = chain(&error);
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
        let advice = format!("take it with --accept-shrunk {}", spec.name);
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

/// What the publisher does not list any more is not asked for, so it cannot fail. What is in use of it stays.
fn forget_unlisted_errors(state: &mut FeedUpdate, plan: &Plan) {
    let listed: BTreeSet<&str> = plan.documents.iter().map(|p| p.name.as_str()).collect();
    state.documents.retain(|name, document| {
        if !listed.contains(name.as_str()) {
            document.error = None;
        }
        listed.contains(name.as_str()) || !document.sha256.is_empty()
    });
}

/// Whether a number fell by more than a tenth.
fn shrank(before: u64, now: u64) -> bool {
    u128::from(now) * 10 < u128::from(before) * 9
}

fn file_of(folder: &FeedFolder, part: &str, spec: &FeedSpec, name: &str) -> PathBuf {
    folder.path.join(part).join(spec.name).join(name)
}

/// Puts a file in another's place, at one moment.
fn put(from: &Path, to: &Path) -> std::io::Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::rename(from, to)
}

/// An error with all its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
