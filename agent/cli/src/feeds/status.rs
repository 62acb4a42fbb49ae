//! `bulkhead feeds status`: how old each feed is, what it holds and what went wrong.

use std::path::{Path, PathBuf};

use anyhow::Context;
use schemas::Timestamp;
use serde::Serialize;
use sources::feeds::{Built, UpdateState, feed};

use super::{folder, open_compiled, update::how_to_fill};
use crate::{
    args::FeedsStatusArgs,
    exit::{Exit, Failure, Outcome},
    output::{self, Look},
    table,
};

/// The state of a folder of feeds, as it is shown. Also the form of `--json`.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// Version of this document's form, 1.
    pub version: u32,
    /// The folder.
    pub folder: PathBuf,
    /// What is compiled, and thus used by scans.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compiled: Option<Compiled>,
    /// By name.
    pub feeds: Vec<FeedStatus>,
}

/// What is compiled.
#[derive(Clone, Debug, Serialize)]
pub struct Compiled {
    /// Name of the generation.
    pub generation: String,
    /// When it was compiled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub built_at: Option<Timestamp>,
    /// When the bundle was made that it was imported from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bundled_at: Option<Timestamp>,
    /// Number of rows in all shards.
    pub rows: u64,
    /// Size of all shards.
    pub size_bytes: u64,
}

/// How one feed is.
#[derive(Clone, Debug, Default, Serialize)]
pub struct FeedStatus {
    /// Its name.
    pub name: String,
    /// Who publishes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publisher: Option<String>,
    /// Number of documents in use.
    pub documents: u64,
    /// Number of rows in them.
    pub rows: u64,
    /// Their size, as they were transferred.
    pub size_bytes: u64,
    /// The newest date that they carry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// When one of them last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<Timestamp>,
    /// When its publisher was last asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checked_at: Option<Timestamp>,
    /// When it was last asked without any error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub good_at: Option<Timestamp>,
    /// Seconds since then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_s: Option<i64>,
    /// What went wrong the last time; what was good before is in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// Documents that are held back because they shrank.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<HeldStatus>,
}

/// A document that is held back.
#[derive(Clone, Debug, Serialize)]
pub struct HeldStatus {
    /// Its name.
    pub document: String,
    /// Since when.
    pub held_at: Timestamp,
    /// Why.
    pub why: String,
}

impl Status {
    /// Reads the state of a folder.
    pub(super) fn of(folder: &Path, now: Timestamp) -> Result<Self, Failure> {
        let state = UpdateState::load(folder).map_err(Failure::input)?;
        let compiled = folder::compiled(folder);
        let built = Built::load(&compiled).map_err(Failure::input)?;
        let shards = open_compiled(&compiled).ok();
        let age = |good_at: Option<Timestamp>| good_at.map(|at| now.as_s() - at.as_s());
        let imported = built.as_ref().filter(|built| built.bundled_at.is_some());
        let feeds = match imported {
            // What a bundle brought is in use, whatever was downloaded before.
            Some(built) => built
                .feeds
                .iter()
                .map(|(name, feed)| FeedStatus {
                    documents: feed.documents,
                    rows: feed.rows,
                    size_bytes: feed.size_bytes,
                    as_of: feed.as_of,
                    changed_at: feed.changed_at,
                    checked_at: feed.good_at,
                    good_at: feed.good_at,
                    age_s: age(feed.good_at),
                    ..FeedStatus::named(name)
                })
                .collect(),
            None => state
                .feeds
                .iter()
                .map(|(name, feed)| FeedStatus {
                    documents: feed.in_use(),
                    rows: feed.rows(),
                    size_bytes: feed.size_bytes(),
                    as_of: feed.as_of(),
                    changed_at: feed.changed_at,
                    checked_at: feed.checked_at,
                    good_at: feed.good_at,
                    age_s: age(feed.good_at),
                    last_error: feed.last_error(),
                    held: feed
                        .held()
                        .map(|(document, held)| HeldStatus {
                            document: document.to_owned(),
                            held_at: held.held_at,
                            why: held.why.clone(),
                        })
                        .collect(),
                    ..FeedStatus::named(name)
                })
                .collect(),
        };
        Ok(Self {
            version: 1,
            folder: folder.to_owned(),
            compiled: shards.map(|set| {
                let manifest = set.manifest();
                Compiled {
                    generation: manifest.generation.clone(),
                    built_at: built.as_ref().map(|built| built.built_at),
                    bundled_at: built.as_ref().and_then(|built| built.bundled_at),
                    rows: manifest.shards.iter().map(|shard| shard.rows).sum(),
                    size_bytes: manifest.shards.iter().map(|shard| shard.size_bytes).sum(),
                }
            }),
            feeds,
        })
    }

    /// As JSON.
    pub(super) fn json(&self) -> Result<String, Failure> {
        let mut json = serde_json::to_string_pretty(self)
            .context("write the state as JSON")
            .map_err(Failure::input)?;
        json.push('\n');
        Ok(json)
    }
}

impl FeedStatus {
    fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            publisher: feed(name).map(|feed| feed.publisher.to_owned()),
            ..Self::default()
        }
    }
}

/// Prints the state.
pub(super) fn run(args: &FeedsStatusArgs, now: Timestamp) -> Outcome {
    let path = folder::of(&args.folder)?;
    if !folder::is_feeds(&path) {
        let error = anyhow::anyhow!("there are no feeds in {}", path.display());
        return Err(Failure::input(error).advise(how_to_fill(&path)));
    }
    let status = Status::of(&path, now)?;
    let text = if args.json {
        status.json()?
    } else {
        table::render_status(&status, now, Look::of(None))
    };
    output::write(None, text.as_bytes())?;
    let built = Built::load(&folder::compiled(&path)).map_err(Failure::input)?;
    let shards = open_compiled(&folder::compiled(&path)).ok();
    let old = args
        .max_feed_age
        .zip(shards.as_ref())
        .and_then(|(days, shards)| super::too_old(built.as_ref(), shards.manifest(), days, now));
    Ok(match (old, status.compiled) {
        (Some(why), _) => {
            output::tell(&format!("bulkhead: {why}\n"));
            Exit::NotFullyScanned
        }
        (None, None) => Exit::NotFullyScanned,
        (None, Some(_)) => Exit::Pass,
    })
}
