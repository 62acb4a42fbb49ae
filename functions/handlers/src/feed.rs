//! feed: documents become shards, shards a generation, and the places that its changes name are matched again.
//!
//! A document that cannot be used leaves the shards of its feed as they are: the last good ones stay in use, and the
//! feed's state says why.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use advisories::BuildReport;
use async_trait::async_trait;
use platform::Delivery;
use records::{
    Feeds,
    feeds::{Changes, FeedState, GenerationRecord, ManifestDocument},
    identity::Identity,
    messages::{self, FeedMessage, ScanMessage, ScoreMessage},
};
use sources::feeds::folder::DOCUMENTS;

use crate::{
    ATTEMPTS, Advisories, Context, FeedSources, Handler, HandlerError, advise,
    download::{self, Left, Wish},
    message, mirror,
};

/// Most documents that a feed's state names.
const MAX_NAMED: usize = 1000;

/// The function.
#[derive(Clone, Copy, Debug, Default)]
pub struct Feed;

/// The scheduled function: asks `feed` to look at its sources.
#[derive(Clone, Copy, Debug, Default)]
pub struct Refresh;

#[async_trait]
impl Handler for Refresh {
    async fn handle(&self, context: &Context, _tick: &Delivery) -> Result<(), HandlerError> {
        Ok(messages::send(&context.platform, &[FeedMessage::scheduled()]).await?)
    }
}

#[async_trait]
impl Handler for Feed {
    async fn handle(&self, context: &Context, delivery: &Delivery) -> Result<(), HandlerError> {
        let wish = match message(delivery)? {
            FeedMessage::Refresh {
                by_hand,
                accept_shrunk,
            } => Wish {
                all: by_hand,
                accept_shrunk,
            },
            // Of what was asked for by hand the rest waits, and what waits is due.
            FeedMessage::Continue { accept_shrunk, .. } => Wish {
                all: false,
                accept_shrunk,
            },
        };
        // A delivery that broke off after it published.
        tell_tenants(context).await?;
        let Some((folder, left)) = folder(context, wish).await? else {
            return Ok(());
        };
        for _ in 0..ATTEMPTS {
            if publish(context, &folder).await? {
                if let Some(Left { accept_shrunk }) = left {
                    // Of another moment: the same message would be taken for one that was sent twice.
                    let since = context.now();
                    let more = [FeedMessage::Continue {
                        since,
                        accept_shrunk,
                    }];
                    messages::send(&context.platform, &more).await?;
                }
                return tell_tenants(context).await;
            }
        }
        Err(HandlerError::retry("others publish advisories, too"))
    }
}

/// The folder of documents, once what was to be downloaded is there, and what is left to be downloaded.
async fn folder(
    context: &Context,
    wish: Wish,
) -> Result<Option<(PathBuf, Option<Left>)>, HandlerError> {
    match &context.sources {
        FeedSources::None => Ok(None),
        FeedSources::Folder(folder) => Ok(Some((folder.clone(), None))),
        FeedSources::Download(downloads) => {
            let left = download::all(context, downloads, wish).await?;
            Ok(Some((downloads.folder.join(DOCUMENTS), left)))
        }
        FeedSources::Mirror(folder) => {
            mirror::restore_only(&context.platform, folder).await?;
            Ok(Some((folder.join(DOCUMENTS), None)))
        }
    }
}

/// Compiles the documents and publishes what they change; `false` when others published in between.
async fn publish(context: &Context, documents: &Path) -> Result<bool, HandlerError> {
    let feeds = Feeds(&context.platform);
    let before = feeds.current().await?;
    let in_use = context.advisories().await?;
    let generation = before.as_ref().map_or(0, |before| before.record.id);
    if in_use.generation() != generation {
        return Ok(false);
    }
    let out = tempfile::tempdir().map_err(|error| HandlerError::Retry(error.into()))?;
    let report = advise::build(
        documents.to_owned(),
        out.path().to_owned(),
        Arc::clone(&in_use),
    )
    .await?;
    let lost = lost(&report, &in_use);
    if lost.is_empty() && is_new(&report, &in_use) {
        let manifest = store(context, &report, &in_use, out.path()).await?;
        let changes = advise::changes(in_use, out.path()).await?;
        if feeds
            .publish(before.as_ref(), &manifest, changes)
            .await?
            .is_none()
        {
            return Ok(false);
        }
    }
    let known = feeds.states().await?;
    for state in states(context, &report, &known, &lost) {
        feeds.put_state(&state).await?;
    }
    Ok(true)
}

/// Whether what was compiled is not what is in use. Before the first generation that is: anything at all.
fn is_new(report: &BuildReport, in_use: &Advisories) -> bool {
    let contents = |manifest: &advisories::Manifest| -> BTreeMap<String, String> {
        let shards = manifest.shards.iter();
        shards.map(|s| (s.key.clone(), s.sha256.clone())).collect()
    };
    contents(&report.manifest) != contents(in_use.set().manifest())
}

/// Why nothing of what was compiled may be used, by feed: documents that gave rows are no advisories any more, or none
/// is left. An error page in a document's place, or an unmounted folder, is not the end of all advisories.
fn lost(report: &BuildReport, in_use: &Advisories) -> BTreeMap<String, String> {
    let mut lost = BTreeMap::new();
    let before = &in_use.set().manifest().documents;
    let nothing = report.manifest.documents.is_empty();
    for document in before {
        let unrecognised = report.unrecognised.contains(&document.name)
            && report
                .manifest
                .documents
                .iter()
                .all(|now| now.name != document.name);
        let why = if unrecognised {
            format!("{}: it is not recognised any more", document.name)
        } else if nothing {
            "there are no advisory documents any more".to_owned()
        } else {
            continue;
        };
        for feed in &document.feeds {
            lost.entry(feed.clone()).or_insert_with(|| why.clone());
        }
    }
    lost
}

/// Stores the shards that are not in use already.
async fn store(
    context: &Context,
    report: &BuildReport,
    in_use: &Advisories,
    folder: &Path,
) -> Result<ManifestDocument, HandlerError> {
    let mut document = ManifestDocument {
        version: 1,
        shards: BTreeSet::new(),
        manifest: serde_json::to_value(&report.manifest)
            .map_err(|error| HandlerError::poison_by("the manifest of advisories", error))?,
    };
    let old: BTreeSet<&str> = in_use
        .set()
        .manifest()
        .shards
        .iter()
        .map(|shard| shard.sha256.as_str())
        .collect();
    for shard in &report.manifest.shards {
        let digest = if old.contains(shard.sha256.as_str()) {
            format!("sha256:{}", shard.sha256)
                .parse()
                .map_err(|error| HandlerError::poison_by("the digest of a shard", error))?
        } else {
            let bytes = tokio::fs::read(folder.join(&shard.file))
                .await
                .map_err(|error| HandlerError::Retry(error.into()))?;
            Feeds(&context.platform).put_shard(bytes).await?
        };
        document.shards.insert(digest);
    }
    Ok(document)
}

/// The new state of each feed that was read now or ever.
fn states(
    context: &Context,
    report: &BuildReport,
    known: &[FeedState],
    lost: &BTreeMap<String, String>,
) -> Vec<FeedState> {
    let now = context.now();
    let errors = |feed: &str| {
        let mut errors = report.errors.iter().filter(|error| {
            error.unusable
                && match &error.feed {
                    Some(of) => of == feed,
                    // Of no feed by its content: of those which it had rows for.
                    None => report.manifest.documents.iter().any(|document| {
                        document.name == error.document && document.feeds.iter().any(|f| f == feed)
                    }),
                }
        });
        let first = errors.next()?.to_string();
        Some(match errors.count() {
            0 => first,
            more => format!("{first} (and {more} more)"),
        })
    };
    let names: BTreeSet<&String> = report
        .manifest
        .feeds
        .iter()
        .map(|feed| &feed.name)
        .chain(known.iter().map(|state| &state.feed))
        .chain(report.errors.iter().filter_map(|error| error.feed.as_ref()))
        .collect();
    names
        .into_iter()
        .map(|feed| {
            let before = known.iter().find(|state| state.feed == *feed);
            if let Some(before) = before
                && !lost.is_empty()
            {
                // Nothing was published: what was good before is in use.
                return FeedState {
                    checked_at: now,
                    error: lost.get(feed).cloned().or_else(|| {
                        let (_, why) = lost.first_key_value()?;
                        Some(format!("nothing new was put to use, because of {why}"))
                    }),
                    ..before.clone()
                };
            }
            let error = lost.get(feed).cloned().or_else(|| errors(feed));
            let counted = report.manifest.feeds.iter().find(|f| f.name == *feed);
            let documents = report.manifest.documents.iter();
            FeedState {
                version: 1,
                feed: feed.clone(),
                documents: documents
                    .filter(|document| document.feeds.contains(feed))
                    .map(|document| document.name.clone())
                    .take(MAX_NAMED)
                    .collect(),
                rows: counted.map_or(0, |counted| counted.rows),
                as_of: counted.and_then(|counted| counted.as_of),
                good_at: match error {
                    None => Some(now),
                    Some(_) => before.and_then(|before| before.good_at),
                },
                checked_at: now,
                error,
            }
        })
        .collect()
}

/// Tells every tenant what the generation in use changed, unless that was done.
async fn tell_tenants(context: &Context) -> Result<(), HandlerError> {
    let feeds = Feeds(&context.platform);
    for _ in 0..ATTEMPTS {
        let Some(current) = feeds.current().await? else {
            return Ok(());
        };
        if current.record.told {
            return Ok(());
        }
        let changes = feeds.changes(&current.record.changes).await?;
        tell(context, &current.record, &changes).await?;
        if feeds.told(&current).await? {
            return Ok(());
        }
    }
    Err(HandlerError::retry("others publish advisories, too"))
}

async fn tell(
    context: &Context,
    generation: &GenerationRecord,
    changes: &Changes,
) -> Result<(), HandlerError> {
    let tenants = Identity::new(context.platform.clone()).tenants().await?;
    let mut rematches = Vec::new();
    let mut refreshes = Vec::new();
    for tenant in tenants {
        if !changes.names.is_empty() {
            rematches.push(ScanMessage::Rematch {
                tenant: tenant.id.clone(),
                changes: generation.changes.clone(),
                from: None,
            });
        }
        if changes.intel {
            refreshes.push(ScoreMessage::Intel {
                tenant: tenant.id,
                generation: generation.id,
            });
        }
    }
    messages::send(&context.platform, &rematches).await?;
    Ok(messages::send(&context.platform, &refreshes).await?)
}
