//! The update: every feed is asked for what changed, every document is judged before it replaces the one before, and
//! one that fails leaves all others alone.

use std::{
    collections::BTreeSet,
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use futures::{FutureExt as _, StreamExt as _, future::BoxFuture, stream};
use inventory::error_chain;
use schemas::Timestamp;
use thiserror::Error;

use super::{
    catalogue::{FeedSpec, Layout},
    document::shrank,
    fetch::Fetcher,
    folder::{DOCUMENTS, FeedFolder, HELD, file_of, put},
    plan::{self, Plan, Planned},
    state::{FeedUpdate, StateError, UpdateState},
};

/// Feeds that are updated at a time.
const FEEDS_AT_A_TIME: usize = 4;
/// Documents of one feed that are asked for at a time.
const DOCUMENTS_AT_A_TIME: usize = 4;
/// Lists of fewer documents than this.
const FEW_DOCUMENTS: u64 = 10;

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

/// What an update did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Updated {
    /// Whether any document in use changed.
    pub changed: bool,
    /// Whether its time ended before all was asked for. Then another update goes on from there.
    pub unfinished: bool,
}

/// How a person says that a shrunken document is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AcceptBy {
    /// On the command line.
    Flag,
    /// By an operation of a server's API.
    Api,
}

impl AcceptBy {
    /// What to do about a document of this feed that is held back.
    pub fn advice(self, feed: &str) -> String {
        match self {
            Self::Flag => format!("take it with --accept-shrunk {feed}"),
            Self::Api => format!(
                "take it with POST /api/v1/feeds/refresh and {{\"accept_shrunk\": [\"{feed}\"]}}"
            ),
        }
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
    /// How people say that such documents are taken, for what they are told of those held back.
    pub accept_by: AcceptBy,
    /// How long it may ask for documents; what is left then is for the next update. Without it, until all is done.
    pub budget: Option<Duration>,
    /// Who watches.
    pub watch: &'u dyn Watch,
}

impl std::fmt::Debug for Update<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Update")
            .field("folder", &self.folder.path())
            .finish_non_exhaustive()
    }
}

impl Update<'_> {
    /// Updates feeds, and gives `save` the state whenever one is done, so that an interrupted update loses little.
    /// What went wrong with a feed is in its state.
    ///
    /// # Errors
    /// When the state cannot be kept.
    pub async fn run(
        &self,
        feeds: &[&'static FeedSpec],
        state: &mut UpdateState,
        save: &mut (dyn FnMut(&UpdateState) -> Result<(), StateError> + Send),
    ) -> Result<Updated, UpdateError> {
        let until = self.budget.map(|budget| Instant::now() + budget);
        // Boxed: the compiler cannot tell that a closure over borrowed feeds makes futures that may change threads.
        let updates: Vec<BoxFuture<'_, _>> = feeds
            .iter()
            .map(|&spec| {
                let before = state.feeds.get(spec.name).cloned().unwrap_or_default();
                async move { (spec, self.feed(spec, before, until).await) }.boxed()
            })
            .collect();
        let mut updates = stream::iter(updates).buffer_unordered(FEEDS_AT_A_TIME);
        let mut updated = Updated::default();
        while let Some((spec, (after, changed))) = updates.next().await {
            updated.changed |= changed;
            updated.unfinished |= after.waiting > 0;
            self.watch.done(spec.name, &after);
            state.feeds.insert(spec.name.to_owned(), after);
            save(state)?;
        }
        Ok(updated)
    }

    async fn feed(
        &self,
        spec: &'static FeedSpec,
        mut state: FeedUpdate,
        until: Option<Instant>,
    ) -> (FeedUpdate, bool) {
        if is_over(until) {
            state.waiting = state.waiting.max(1);
            return (state, false);
        }
        self.watch.asking(spec.name);
        let (mut state, changed) = self.ask(spec, state, until).await;
        if changed {
            // However it ended: what is compiled is compared with this.
            state.changed_at = Some(self.now);
        }
        if state.waiting == 0 && state.last_error().is_none() && state.held().next().is_none() {
            state.good_at = Some(self.now);
        }
        (state, changed)
    }

    async fn ask(
        &self,
        spec: &'static FeedSpec,
        mut state: FeedUpdate,
        until: Option<Instant>,
    ) -> (FeedUpdate, bool) {
        state.waiting = 0;
        let mut changed = self.promote_held(spec, &mut state);
        state.checked_at = Some(self.now);
        let first = state.in_use() == 0;
        let plan = match plan::plan(self.fetcher, spec, first, self.now).await {
            Ok(plan) => plan,
            Err(error) => {
                state.error = Some(error_chain(&error));
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
                    state.error = Some(error_chain(&error));
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
                // What was begun is brought to its end.
                if is_over(until) {
                    return None;
                }
                let (after, outcome) = self.document(spec, &planned, before).await;
                Some((planned.name, after, outcome))
            })
            .buffer_unordered(DOCUMENTS_AT_A_TIME);
        while let Some(answer) = answers.next().await {
            let Some((name, after, outcome)) = answer else {
                state.waiting += 1;
                continue;
            };
            changed |= outcome == Outcome::Taken;
            self.watch.document(spec.name, &name, &outcome);
            state.documents.insert(name, after);
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
                "the list names {now} documents, and {} before: it is held back; {}",
                state.listed,
                self.accept_by.advice(spec.name)
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
            if document.held.is_none() {
                continue;
            }
            let from = file_of(self.folder, HELD, spec, name);
            let to = file_of(self.folder, DOCUMENTS, spec, name);
            // One that cannot be put there stays held back, and its note with it.
            if put(&from, &to).is_ok()
                && let Some(held) = document.held.take()
            {
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
}

fn is_over(until: Option<Instant>) -> bool {
    until.is_some_and(|until| Instant::now() >= until)
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
