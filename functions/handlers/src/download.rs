//! Advisory documents from their publishers, by the update that the command line has, too: each is asked for only when it
//! changed, and one that cannot be had or used leaves the one before it in place.

use std::{collections::BTreeSet, time::Duration};

use records::{Feeds, feeds::DownloadState};
use sources::feeds::{FeedFolder, FeedUpdate, Unwatched, Update, UpdateError, UpdateState};

use crate::{Context, Downloads, HandlerError};

/// How long documents are asked for: the function has ten minutes, and what came is to be compiled in the rest.
const BUDGET: Duration = Duration::from_secs(5 * 60);
/// Most documents held back that a state names.
const MAX_HELD: usize = 100;

/// Downloads what changed, and notes how each feed is. Returns whether something is left for another time.
pub(crate) async fn all(context: &Context, downloads: &Downloads) -> Result<bool, HandlerError> {
    let retry = |error: UpdateError| HandlerError::Retry(error.into());
    let folder = FeedFolder::lock(&downloads.folder).map_err(retry)?;
    let path = folder.path().to_owned();
    let mut state = UpdateState::load(&path).map_err(|error| retry(error.into()))?;
    let accept_shrunk = BTreeSet::new();
    let update = Update {
        folder: &folder,
        fetcher: &downloads.fetcher,
        now: context.now(),
        accept_shrunk: &accept_shrunk,
        budget: Some(BUDGET),
        watch: &Unwatched,
    };
    let updated = update
        .run(&downloads.feeds, &mut state, &mut |state| state.save(&path))
        .await
        .map_err(retry)?;
    for feed in &downloads.feeds {
        if let Some(known) = state.feeds.get(feed.name) {
            let noted = noted(feed.name, known);
            if let Some(why) = &noted.error {
                tracing::warn!(feed = feed.name, why, "cannot update");
            }
            for held in &noted.held {
                tracing::warn!(feed = feed.name, held, "held back");
            }
            Feeds(&context.platform).put_download(&noted).await?;
        }
    }
    Ok(updated.unfinished)
}

/// What people are told of a feed.
fn noted(name: &str, known: &FeedUpdate) -> DownloadState {
    DownloadState {
        version: 1,
        name: name.to_owned(),
        error: known.last_error(),
        checked_at: known.checked_at.unwrap_or_default(),
        good_at: known.good_at,
        changed_at: known.changed_at,
        documents: known.in_use(),
        rows: known.rows(),
        size_bytes: known.size_bytes(),
        held: known
            .held()
            .take(MAX_HELD)
            .map(|(_, held)| held.why.clone())
            .collect(),
        ..DownloadState::default()
    }
}
