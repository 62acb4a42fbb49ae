//! Advisory documents from their publishers, by the update that the command line has, too: each is asked for only when it
//! changed, and one that cannot be had or used leaves the one before it in place.

use std::{collections::BTreeSet, time::Duration};

use records::{Feeds, feeds::DownloadState};
use sources::feeds::{
    AcceptBy, FeedFolder, FeedSpec, FeedUpdate, Unwatched, Update, UpdateError, UpdateState,
};

use crate::{Context, Downloads, HandlerError, mirror::Mirror};

/// How long documents are asked for: the function has ten minutes, and what came is to be compiled in the rest.
const BUDGET: Duration = Duration::from_secs(5 * 60);
/// Most documents held back that a state names.
const MAX_HELD: usize = 100;

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wish {
    /// Every feed, however lately it was asked for.
    pub(crate) all: bool,
    /// Feeds whose documents are taken although they shrank.
    pub(crate) accept_shrunk: BTreeSet<String>,
}

/// What is left for another time.
#[derive(Clone, Debug)]
pub(crate) struct Left {
    /// Of the feeds that are left: those whose documents are taken although they shrank.
    pub(crate) accept_shrunk: BTreeSet<String>,
}

/// Downloads what changed, and notes how each feed is. Returns what is left for another time.
pub(crate) async fn all(
    context: &Context,
    downloads: &Downloads,
    wish: Wish,
) -> Result<Option<Left>, HandlerError> {
    let folder = FeedFolder::lock(&downloads.folder).map_err(|error| match error {
        UpdateError::Busy { .. } => HandlerError::Later(error.into()),
        error => HandlerError::Retry(error.into()),
    })?;
    if !downloads.mirrored {
        return update(context, downloads, &folder, wish).await;
    }
    let mirror = Mirror::open(&context.platform, &downloads.folder).await?;
    let left = update(context, downloads, &folder, wish).await;
    // What came before something failed is kept, too.
    mirror.close().await?;
    left
}

async fn update(
    context: &Context,
    downloads: &Downloads,
    folder: &FeedFolder,
    wish: Wish,
) -> Result<Option<Left>, HandlerError> {
    let retry = |error: UpdateError| HandlerError::Retry(error.into());
    let path = folder.path().to_owned();
    let mut state = UpdateState::load(&path).map_err(|error| retry(error.into()))?;
    let now = context.now();
    let due = |spec: &&'static FeedSpec| {
        let known = state.feeds.get(spec.name);
        wish.all || known.is_none_or(|known| known.is_due(spec.every_hours, now))
    };
    let feeds: Vec<_> = downloads.feeds.iter().copied().filter(due).collect();
    let update = Update {
        folder,
        fetcher: &downloads.fetcher,
        now,
        accept_shrunk: &wish.accept_shrunk,
        accept_by: AcceptBy::Api,
        budget: Some(BUDGET),
        watch: &Unwatched,
    };
    let updated = update
        .run(&feeds, &mut state, &mut |state| state.save(&path))
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
    let waits = |name: &String| state.feeds.get(name).is_some_and(|feed| feed.waiting > 0);
    Ok(updated.unfinished.then(|| Left {
        accept_shrunk: wish
            .accept_shrunk
            .iter()
            .filter(|name| waits(name))
            .cloned()
            .collect(),
    }))
}

/// What people are told of a feed.
fn noted(name: &str, known: &FeedUpdate) -> DownloadState {
    // What the command line held back in this folder, or an earlier version, names a flag that a server does not have.
    let (flag, api) = (AcceptBy::Flag.advice(name), AcceptBy::Api.advice(name));
    let for_people = |why: &str| why.replace(&flag, &api);
    DownloadState {
        version: 1,
        name: name.to_owned(),
        error: known.last_error().as_deref().map(for_people),
        checked_at: known.checked_at.unwrap_or_default(),
        good_at: known.good_at,
        changed_at: known.changed_at,
        documents: known.in_use(),
        rows: known.rows(),
        size_bytes: known.size_bytes(),
        held: known
            .held()
            .take(MAX_HELD)
            .map(|(_, held)| for_people(&held.why))
            .collect(),
        ..DownloadState::default()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sources::feeds::{DocumentUpdate, HeldDocument};

    use super::*;

    #[test]
    fn what_the_command_line_held_back_is_told_as_on_a_server() {
        let held = HeldDocument {
            why: format!("it is held back; {}", AcceptBy::Flag.advice("cisa-kev")),
            ..HeldDocument::default()
        };
        let document = DocumentUpdate {
            held: Some(Box::new(held)),
            ..DocumentUpdate::default()
        };
        let known = FeedUpdate {
            documents: BTreeMap::from([("kev.json".to_owned(), document)]),
            ..FeedUpdate::default()
        };
        let told = noted("cisa-kev", &known).held;
        let how = AcceptBy::Api.advice("cisa-kev");
        assert_eq!(told, [format!("it is held back; {how}")]);
    }
}
