//! Documents to shards: the one way in which feeds become a generation.

mod collect;
mod source;
mod survey;
mod unpack;
mod write;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::Path,
    sync::Mutex,
};

use crate::{
    feeds::{FEEDS, FeedError},
    shards::{
        DocumentState, FeedState, INTEL, Manifest, ShardError, ShardKind, ShardSet,
        manifest::MANIFEST_VERSION,
    },
};
use collect::Collector;

pub use source::Source;
pub use survey::{Survey, survey};

/// Names of unrecognised documents that a report carries, at most.
const MAX_UNRECOGNISED: usize = 1000;
/// Errors that a report carries, at most; more are counted in the feed's state.
const MAX_ERRORS: usize = 10_000;

/// How to build.
#[derive(Clone, Copy, Debug)]
pub struct BuildOptions<'a> {
    /// Number of threads.
    pub threads: usize,
    /// The generation before. A document that cannot be used keeps the rows that it gave there.
    pub previous: Option<&'a ShardSet>,
}

impl Default for BuildOptions<'_> {
    fn default() -> Self {
        Self {
            threads: 2,
            previous: None,
        }
    }
}

/// What a build did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BuildReport {
    /// The generation, with the state of each feed and document.
    pub manifest: Manifest,
    /// Documents that could not be used, and rows that could not be read.
    pub errors: Vec<DocumentError>,
    /// Names of files that are of no feed, in order: the first thousand.
    pub unrecognised: Vec<String>,
    /// How many there are.
    pub unrecognised_total: u64,
}

/// A document that could not be used, or a row of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct DocumentError {
    /// The document, with the archive it is in.
    pub document: String,
    /// The feed it was recognised as.
    pub feed: Option<String>,
    /// Where in it.
    pub at: Option<String>,
    /// What is wrong, for people.
    pub problem: String,
    /// Whether the whole document could not be used, rather than one row.
    pub unusable: bool,
    /// Whether the rows that the document gave in the generation before stay in use.
    pub kept: bool,
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.document)?;
        if let Some(feed) = &self.feed {
            write!(f, " ({feed})")?;
        }
        if let Some(at) = &self.at {
            write!(f, ", {at}")?;
        }
        write!(f, ": {}", self.problem)?;
        if self.kept {
            f.write_str("; its last good rows stay in use")?;
        }
        Ok(())
    }
}

/// Why nothing could be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The folder of documents cannot be listed.
    #[error("reading the folder of documents {folder} failed")]
    Source {
        /// The folder.
        folder: String,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// A shard or the manifest cannot be written.
    #[error("writing {file} failed")]
    Write {
        /// The file.
        file: String,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// A thread that reads documents broke down: what it read is missing, so nothing may be published.
    #[error("a thread that reads documents failed")]
    Reader,
    /// The generation before cannot be read.
    #[error("reading the last good generation failed")]
    Previous(#[source] ShardError),
}

/// Builds a generation from documents. Equal documents give equal shards, whatever their order and the number of
/// threads. Documents that cannot be used are told in the report; the others go on.
///
/// # Errors
/// [`BuildError`] when the documents cannot be listed or the shards cannot be written. The folder's old generation is
/// then still whole.
pub fn build(
    source: Source<'_>,
    out_dir: &Path,
    options: &BuildOptions<'_>,
) -> Result<BuildReport, BuildError> {
    let queue = source.open()?;
    let queue = Mutex::new(queue);
    let threads = options.threads.clamp(1, 64);
    let mut collectors: Vec<Collector> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut collector = Collector::default();
                    loop {
                        let next = match queue.lock() {
                            Ok(mut queue) => queue.next(),
                            Err(_) => None,
                        };
                        let Some(file) = next else { break };
                        collector.begin_file(file.name());
                        unpack::read_file(file, &mut collector);
                        collector.end_file();
                    }
                    collector
                })
            })
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().map_err(|_| BuildError::Reader))
            .collect::<Result<_, _>>()
    })?;

    let mut documents: BTreeMap<String, DocumentState> = BTreeMap::new();
    let mut states: BTreeMap<String, FeedState> = BTreeMap::new();
    let (mut errors, mut unrecognised, mut unrecognised_total) = (Vec::new(), Vec::new(), 0);
    for collector in &mut collectors {
        errors.append(&mut collector.errors);
        unrecognised.append(&mut collector.unrecognised);
        unrecognised_total += collector.unrecognised_total;
        for (name, counted) in std::mem::take(&mut collector.feeds) {
            let state = states.entry(name.to_owned()).or_default();
            state.name = name.to_owned();
            state.documents += counted.documents;
            state.errors += counted.errors;
            state.as_of = state.as_of.max(counted.as_of);
            for (ecosystem, rows) in counted.not_judged {
                *state.not_judged.entry(ecosystem).or_default() += rows;
            }
        }
        for document in std::mem::take(&mut collector.documents) {
            documents.insert(document.name.clone(), document);
        }
    }
    if let Some(previous) = options.previous {
        let kept = keep_last_good(previous, &mut errors, &mut documents, &mut states)
            .map_err(BuildError::Previous)?;
        collectors.push(kept);
    }
    errors.sort();
    errors.truncate(MAX_ERRORS);
    unrecognised.sort();
    unrecognised.truncate(MAX_UNRECOGNISED);

    let written = write::write_shards(&collectors, out_dir, threads)?;
    for (feed, rows) in &written.rows_by_feed {
        if let Some(state) = states.get_mut(feed) {
            state.rows = *rows;
        }
    }
    let manifest = Manifest {
        version: MANIFEST_VERSION,
        generation: written.generation,
        shards: written.shards,
        feeds: states.into_values().collect(),
        documents: documents.into_values().filter(|d| d.rows > 0).collect(),
    };
    write::publish(&manifest, out_dir)?;
    Ok(BuildReport {
        manifest,
        errors,
        unrecognised,
        unrecognised_total,
    })
}

/// For every file that could not be used: takes its rows out of the generation before.
fn keep_last_good(
    previous: &ShardSet,
    errors: &mut [DocumentError],
    documents: &mut BTreeMap<String, DocumentState>,
    states: &mut BTreeMap<String, FeedState>,
) -> Result<Collector, ShardError> {
    let mut kept = Collector::default();
    // An archive's documents are named `archive/inner`, and the manifest knows the archive.
    let of_file = |error: &DocumentError, state: &DocumentState| {
        error.unusable
            && error
                .document
                .strip_prefix(&state.name)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let mut wanted: BTreeSet<(&str, &str)> = BTreeSet::new();
    for state in &previous.manifest().documents {
        let mut broken = errors
            .iter_mut()
            .filter(|error| of_file(error, state))
            .peekable();
        // What an archive still gives is newer than what it gave: only a file that gave nothing is kept whole.
        let gives = documents.get(&state.name).is_some_and(|now| now.rows > 0);
        if broken.peek().is_none() || gives {
            continue;
        }
        broken.for_each(|error| error.kept = true);
        for feed in &state.feeds {
            wanted.insert((feed, &state.name));
            wanted.extend(
                state
                    .titles
                    .iter()
                    .map(|title| (feed.as_str(), title.as_str())),
            );
            let entry = states.entry(feed.clone()).or_default();
            entry.name.clone_from(feed);
            entry.as_of = entry.as_of.max(state.as_of);
            entry.errors = entry.errors.max(1);
        }
        let document = DocumentState {
            kept: true,
            ..state.clone()
        };
        documents.insert(state.name.clone(), document);
    }
    if wanted.is_empty() {
        return Ok(kept);
    }
    for info in &previous.manifest().shards {
        let Some(shard) = previous.shard(&info.key)? else {
            continue;
        };
        for block in shard.blocks() {
            let block = block?;
            match info.kind {
                ShardKind::Advisories => shard
                    .rows_of(block)?
                    .iter()
                    .filter(|row| wanted.contains(&(row.feed, row.document)))
                    .for_each(|row| kept.keep_row(row)),
                ShardKind::Intel => shard
                    .intel_of(block)?
                    .iter()
                    .filter(|row| wanted.contains(&(row.feed, row.document)))
                    .for_each(|row| kept.keep_intel(row)),
            }
        }
    }
    Ok(kept)
}

/// The key of the shard that a collected row goes to: the ecosystem's text form.
fn shard_key(ecosystem: &str, release: &str) -> String {
    match (ecosystem, release) {
        ("", _) => INTEL.to_owned(),
        (name, "") => name.to_owned(),
        (name, release) => format!("{name}:{release}"),
    }
}

/// Finds the feed of a document, reads it, and tells what went wrong.
fn read_document(name: &str, bytes: &[u8], collector: &mut Collector) {
    let document = crate::feeds::Document { name, bytes };
    let Some(feed) = FEEDS.iter().find(|feed| feed.recognises(&document)) else {
        // Hidden files such as `.gitkeep` are empty on purpose.
        let hidden = name
            .rsplit('/')
            .next()
            .is_some_and(|file| file.starts_with('.'));
        if !hidden && bytes.iter().all(u8::is_ascii_whitespace) {
            collector.unusable(name, None, &FeedError::Empty);
        } else {
            collector.unrecognised(name);
        }
        return;
    };
    collector.begin_document(feed.name(), name);
    let outcome = feed.parse(&document, collector);
    collector.end_document(outcome);
}
