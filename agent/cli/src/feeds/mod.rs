//! Folders of advisories: compiled ones are opened, documents are compiled first.

mod build;
mod bundle;
mod cache;
mod folder;
mod key;
mod list;
mod show;
pub mod status;
pub mod update;

use std::{path::Path, thread};

use advisories::{ShardSet, shards::MANIFEST_NAME};
use anyhow::Context;
use schemas::Timestamp;
use sources::feeds::Built;

use crate::{
    args::{AdvisoryArgs, FeedsCommand, FeedsKeyCommand},
    exit::{Failure, Outcome},
    progress::Progress,
};

/// Feeds that are named as too old.
const SHOWN_OLD: usize = 5;

/// Runs `bulkhead feeds`.
///
/// # Errors
/// When a folder cannot be read or written, or holds no advisories.
pub fn run(command: &FeedsCommand, now: Timestamp) -> Outcome {
    match command {
        FeedsCommand::Update(args) => update::run(args, now),
        FeedsCommand::Status(args) => status::run(args, now),
        FeedsCommand::List(_) => list::run(),
        FeedsCommand::Bundle(args) => bundle::write(args, now),
        FeedsCommand::Import(args) => bundle::import(args),
        FeedsCommand::Key(FeedsKeyCommand::New(args)) => key::new(args),
        FeedsCommand::Key(FeedsKeyCommand::Show(args)) => key::show(&args.file),
        FeedsCommand::Build(args) => build::run(args, now),
        FeedsCommand::Show(args) => show::run(args, now),
    }
}

/// Advisories that are open.
#[derive(Debug)]
pub struct Opened {
    /// The advisories.
    pub shards: ShardSet,
    /// Why they are older than was allowed, if they are.
    pub too_old: Option<String>,
    /// Their folder, where it goes away with them.
    _folder: Option<tempfile::TempDir>,
}

impl From<ShardSet> for Opened {
    fn from(shards: ShardSet) -> Self {
        Self {
            shards,
            too_old: None,
            _folder: None,
        }
    }
}

/// Opens the advisories that a scan is to use: those of the folder that is named, or those that `bulkhead feeds update`
/// got; nothing where it was never run.
///
/// # Errors
/// When a folder is named and holds no advisories, or they cannot be opened.
pub fn open_for_scan(
    args: &AdvisoryArgs,
    now: Timestamp,
    progress: &Progress,
) -> Result<Option<Opened>, Failure> {
    let folder = match &args.feeds {
        Some(folder) => folder.clone(),
        None => match folder::default().filter(|folder| folder::is_feeds(folder)) {
            Some(folder) => folder,
            None => return Ok(None),
        },
    };
    let mut opened = open(&folder, progress)?;
    if let Some(days) = args.max_feed_age {
        let compiled = match folder::is_feeds(&folder) {
            true => folder::compiled(&folder),
            false => folder,
        };
        let built = Built::load(&compiled).map_err(Failure::input)?;
        opened.too_old = too_old(built.as_ref(), opened.shards.manifest(), days, now);
    }
    Ok(Some(opened))
}

/// Which feeds are older than so many days, for people: by when they were last got without an error, where that is
/// known, and else by the newest date that each carries.
fn too_old(
    built: Option<&Built>,
    manifest: &advisories::Manifest,
    days: u32,
    now: Timestamp,
) -> Option<String> {
    if let Some(built) = built.filter(|built| !built.feeds.is_empty()) {
        let old = built.older_than(days, now);
        return too_old_by(&old, days, "last got from their publishers", "never");
    }
    let limit = i64::from(days) * 86_400;
    let mut old: Vec<_> = manifest
        .feeds
        .iter()
        // What carries no date is as old as the bundle that brought it; without one, nobody knows how old.
        .map(|feed| (&feed.name, feed.as_of.or(built.map(|built| built.built_at))))
        .map(|(name, as_of)| (name.as_str(), as_of.unwrap_or_default()))
        .filter(|(_, as_of)| now.as_s().saturating_sub(as_of.as_s()) > limit)
        .collect();
    old.sort_by_key(|(name, as_of)| (*as_of, *name));
    too_old_by(&old, days, "the newest date in each", "no date")
}

fn too_old_by(
    old: &[(&str, Timestamp)],
    days: u32,
    measure: &str,
    without: &str,
) -> Option<String> {
    if old.is_empty() {
        return None;
    }
    let mut named: Vec<_> = old
        .iter()
        .take(SHOWN_OLD)
        .map(|(name, at)| match at.as_ms() {
            0 => format!("{name} ({without})"),
            _ => format!("{name} ({})", at.to_string().get(..10).unwrap_or_default()),
        })
        .collect();
    if old.len() > SHOWN_OLD {
        named.push(format!("and {} more", old.len() - SHOWN_OLD));
    }
    Some(format!(
        "advisories are older than {}: {measure}: {}; run `bulkhead feeds update`",
        crate::text::count(days as usize, "day", "days"),
        named.join(", ")
    ))
}

/// Opens a folder of feeds or a compiled folder, or compiles a folder of documents into the user's cache and opens that.
///
/// # Errors
/// When the folder holds neither.
pub fn open(folder: &Path, progress: &Progress) -> Result<Opened, Failure> {
    if !folder.is_dir() {
        let error = anyhow::anyhow!(
            "open advisories in {}: there is no such folder",
            folder.display()
        );
        return Err(Failure::input(error).advise(
            "name a folder with --feeds DIR or BULKHEAD_FEEDS; `bulkhead feeds update` or `feeds build` makes one",
        ));
    }
    if is_compiled(folder) {
        return open_compiled(folder).map(Opened::from);
    }
    if folder::is_feeds(folder) {
        let compiled = folder::compiled(folder);
        if !is_compiled(&compiled) {
            let error = anyhow::anyhow!("nothing is compiled in {} yet", folder.display());
            return Err(Failure::input(error).advise(update::how_to_fill(folder)));
        }
        return open_compiled(&compiled).map(Opened::from);
    }
    cache::open(folder, progress)
}

fn is_compiled(folder: &Path) -> bool {
    folder.join(MANIFEST_NAME).is_file()
}

fn open_compiled(folder: &Path) -> Result<ShardSet, Failure> {
    ShardSet::open_dir(folder)
        .with_context(|| format!("open compiled advisories in {}", folder.display()))
        .map_err(|error| {
            Failure::input(error)
                .advise("compile them again with `bulkhead feeds build --from DOCUMENTS --to DIR`")
        })
}

fn threads() -> usize {
    thread::available_parallelism().map_or(2, std::num::NonZeroUsize::get)
}

/// What to say of a folder in which nothing is an advisory.
fn nothing_recognised(folder: &Path) -> Failure {
    Failure::input(anyhow::anyhow!(
        "{} holds neither compiled advisories nor a document that is recognised",
        folder.display()
    ))
    .advise(
        "put documents there that `bulkhead feeds build --help` lists; .zst, .gz, .bz2, .xz, .zip and .tar are read as \
         they are",
    )
}
