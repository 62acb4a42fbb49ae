//! `bulkhead feeds update`: downloads what changed, compiles it, and says what came of each feed.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use anyhow::Context;
use schemas::Timestamp;
use sources::{
    feeds::{
        AcceptBy, Built, FeedFolder, FeedSpec, FeedUpdate, Fetcher, Outcome as Became, Patience,
        Update, UpdateError, UpdateState, Watch, catalogue, feed,
    },
    http::{Http, HttpOptions, read_authorities},
};

use super::{build, folder, open_compiled, status::Status};
use crate::{
    args::{FeedsUpdateArgs, Format},
    exit::{Exit, Failure, Outcome},
    output::{self, Look},
    progress::Progress,
    table,
};

/// Longest time for one document: a gigabyte over a slow line.
const TRANSFER_TIMEOUT: Duration = Duration::from_secs(3 * 3600);

/// Updates, and prints what came of it.
pub(super) fn run(args: &FeedsUpdateArgs, now: Timestamp) -> Outcome {
    let feeds = wanted(&args.feeds)?;
    let accept_shrunk: BTreeSet<String> = args.accept_shrunk.iter().cloned().collect();
    for name in &accept_shrunk {
        known(name)?;
    }
    let path = folder::of(&args.folder)?;
    let fetcher = fetcher(args)?;
    let locked = FeedFolder::lock(&path).map_err(|error| {
        let busy = matches!(error, UpdateError::Busy { .. });
        let failure = Failure::input(error);
        if busy {
            failure.advise("wait until it is done")
        } else {
            failure.advise("name a folder that can be written with --dir DIR")
        }
    })?;
    let mut state = UpdateState::load(&path).map_err(Failure::input)?;
    let progress = Progress::new();
    let watching = Watching::new(&progress);
    let changed = {
        let update = Update {
            folder: &locked,
            fetcher: &fetcher,
            now,
            accept_shrunk: &accept_shrunk,
            accept_by: AcceptBy::Flag,
            budget: None,
            watch: &watching,
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .context("start a runtime")
            .map_err(Failure::input)?;
        let mut save = |state: &UpdateState| state.save(&path);
        runtime
            .block_on(update.run(&feeds, &mut state, &mut save))
            .map_err(Failure::input)
    };
    let compiled = match changed {
        Err(failure) => Err(failure),
        Ok(_) if args.download_only => Ok(None),
        Ok(_) => compile(&locked, &mut state, now, &progress),
    };
    progress.done();
    let notes = compiled?.unwrap_or_default();
    let status = Status::of(&path, now)?;
    let text = match args.format {
        Format::Json => status.json()?,
        Format::Table => {
            let asked: BTreeSet<&str> = feeds.iter().map(|feed| feed.name).collect();
            let became = watching.became();
            table::render_update(&status, &asked, &became, &notes, now, Look::of(None))
        }
    };
    output::write(None, text.as_bytes())?;
    let of_asked = |wrong: &dyn Fn(&FeedUpdate) -> bool| {
        let mut states = feeds.iter().filter_map(|feed| state.feeds.get(feed.name));
        states.any(wrong)
    };
    Ok(if of_asked(&|feed| feed.last_error().is_some()) {
        Exit::Unreachable
    } else if of_asked(&|feed| feed.held().next().is_some()) || !notes.is_empty() {
        Exit::NotFullyScanned
    } else {
        Exit::Pass
    })
}

fn fetcher(args: &FeedsUpdateArgs) -> Result<Fetcher, Failure> {
    let authorities = args.ca_file.as_deref().map(read_authorities).transpose();
    let http = Http::new(&HttpOptions {
        extra_ca_pem: authorities.map_err(Failure::input)?,
        proxy: args.proxy.clone(),
        total_timeout: TRANSFER_TIMEOUT,
        ..HttpOptions::default()
    })
    .map_err(Failure::input)?;
    Ok(Fetcher::new(
        http,
        Patience::default(),
        args.mirror.as_deref(),
    ))
}

fn known(name: &str) -> Result<&'static FeedSpec, Failure> {
    feed(name).ok_or_else(|| {
        Failure::input(anyhow::anyhow!("there is no feed `{name}`"))
            .advise("`bulkhead feeds list` names them")
    })
}

/// The feeds that were named; without any, those that are taken by default and are read by this version.
fn wanted(names: &[String]) -> Result<Vec<&'static FeedSpec>, Failure> {
    if names.is_empty() {
        return Ok(catalogue()
            .filter(|feed| feed.by_default && feed.is_read())
            .collect());
    }
    if names.iter().any(|name| name == "all") {
        return Ok(catalogue().filter(|feed| feed.is_read()).collect());
    }
    let mut feeds: Vec<&FeedSpec> = Vec::new();
    for name in names {
        let feed = known(name)?;
        if !feeds.iter().any(|known| known.name == feed.name) {
            feeds.push(feed);
        }
    }
    Ok(feeds)
}

/// Compiles the documents in use where that is needed. Returns what could not be compiled, for people.
fn compile(
    locked: &FeedFolder,
    state: &mut UpdateState,
    now: Timestamp,
    progress: &Progress,
) -> Result<Option<Vec<String>>, Failure> {
    let to = folder::compiled(locked.path());
    let program = env!("CARGO_PKG_VERSION");
    let before = Built::load(&to).ok().flatten();
    if state.feeds.values().all(|feed| feed.in_use() == 0) {
        // Nothing could be had yet; that is told by each feed.
        return Ok(None);
    }
    let previous = open_compiled(&to).ok();
    if let (Some(bundle), Some(shards)) = (&before, &previous)
        && bundle.bundled_at.is_some()
    {
        let missing = not_newer(bundle, shards.manifest(), state);
        if !missing.is_empty() {
            let of = bundle.built_at.to_string();
            return Ok(Some(vec![format!(
                "the bundle of {} stays in use: not got since from their publishers: {}; update them, too, or take \
                 away {} to use what was downloaded",
                of.get(..10).unwrap_or_default(),
                missing.into_iter().collect::<Vec<_>>().join(", "),
                to.display()
            )]));
        }
    }
    let current = previous.is_some()
        && before
            .as_ref()
            .is_some_and(|built| built.program == program && built.is_of(state));
    let mut notes = Vec::new();
    let built_at = match before {
        Some(built) if current => built.built_at,
        _ => {
            progress.step("compiling");
            let report = build::compile(&locked.documents(), &to, previous.as_ref())?;
            count_rows(state, &report.manifest);
            state.save(locked.path()).map_err(Failure::input)?;
            build::remove_stale(&to, &report.manifest);
            let unusable = report.errors.iter().filter(|error| error.unusable);
            notes.extend(unusable.map(ToString::to_string));
            now
        }
    };
    // When the feeds were last asked is news even when nothing changed.
    Built::of(state, built_at, program)
        .save(&to)
        .map_err(Failure::input)?;
    Ok(Some(notes))
}

/// Feeds of a bundle that were not got from their publishers since it was compiled: without them, what was downloaded
/// is older than the bundle, or less. A bundle of a person's own documents names readers in place of feeds.
fn not_newer(
    bundle: &Built,
    manifest: &advisories::Manifest,
    state: &UpdateState,
) -> BTreeSet<String> {
    let newer = |wanted: &dyn Fn(&str) -> bool| {
        state.feeds.iter().any(|(name, feed)| {
            wanted(name) && feed.in_use() > 0 && feed.good_at >= Some(bundle.built_at)
        })
    };
    if bundle.feeds.is_empty() {
        let readers = manifest.feeds.iter().map(|feed| &feed.name);
        let of = |reader: &str, name: &str| feed(name).is_some_and(|spec| spec.reader == reader);
        return readers
            .filter(|reader| !newer(&|name| of(reader, name)))
            .cloned()
            .collect();
    }
    let names = bundle.feeds.keys();
    names
        .filter(|wanted| !newer(&|name| name == wanted.as_str()))
        .cloned()
        .collect()
}

/// Notes the rows of documents that came in an archive, which were not counted one by one.
fn count_rows(state: &mut UpdateState, manifest: &advisories::Manifest) {
    for document in &manifest.documents {
        let Some((feed, name)) = document.name.split_once('/') else {
            continue;
        };
        if let Some(known) = state
            .feeds
            .get_mut(feed)
            .and_then(|feed| feed.documents.get_mut(name))
            && known.rows == 0
        {
            known.rows = document.rows;
            known.as_of = document.as_of;
        }
    }
}

/// How many documents of each feed became what.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Documents that are in use now.
    pub taken: usize,
    /// Documents that are held back.
    pub held: usize,
    /// Documents that could not be had or used.
    pub failed: usize,
}

/// Shows what is being done, and counts.
struct Watching<'p> {
    progress: &'p Progress,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    bytes: u64,
    open: BTreeMap<String, usize>,
    counts: BTreeMap<String, Counts>,
}

impl<'p> Watching<'p> {
    fn new(progress: &'p Progress) -> Self {
        Self {
            progress,
            inner: Mutex::default(),
        }
    }

    fn with(&self, change: impl FnOnce(&mut Inner)) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut inner);
        if !self.progress.is_shown() {
            return;
        }
        let open: Vec<_> = inner
            .open
            .iter()
            .map(|(feed, left)| match left {
                0 => feed.clone(),
                left => format!("{feed} ({left})"),
            })
            .collect();
        let bytes = indicatif::HumanBytes(inner.bytes);
        self.progress
            .step(format!("updating {}, {bytes}", open.join(", ")));
    }

    fn became(&self) -> BTreeMap<String, Counts> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.counts.clone()
    }
}

impl Watch for Watching<'_> {
    fn asking(&self, feed: &str) {
        self.with(|inner| {
            inner.open.insert(feed.to_owned(), 0);
            inner.counts.entry(feed.to_owned()).or_default();
        });
    }

    fn listed(&self, feed: &str, to_ask: usize) {
        self.with(|inner| {
            inner.open.insert(feed.to_owned(), to_ask);
        });
    }

    fn bytes(&self, _feed: &str, _document: &str, bytes: u64) {
        self.with(|inner| inner.bytes += bytes);
    }

    fn document(&self, feed: &str, _document: &str, outcome: &Became) {
        self.with(|inner| {
            if let Some(left) = inner.open.get_mut(feed) {
                *left = left.saturating_sub(1);
            }
            let counts = inner.counts.entry(feed.to_owned()).or_default();
            match outcome {
                Became::Unchanged => {}
                Became::Taken => counts.taken += 1,
                Became::Held(_) => counts.held += 1,
                Became::Failed(_) => counts.failed += 1,
            }
        });
    }

    fn done(&self, feed: &str, _state: &FeedUpdate) {
        self.with(|inner| {
            inner.open.remove(feed);
        });
    }
}

/// What is said of a folder without advisories.
pub(super) fn how_to_fill(folder: &Path) -> String {
    format!(
        "`bulkhead feeds update` fills {}; without internet, `bulkhead feeds import FILE` does",
        folder.display()
    )
}
