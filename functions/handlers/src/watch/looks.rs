//! How feeds, agents, registries and queues are now.

use std::{collections::BTreeMap, pin::pin};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use platform::patience::patiently;
use records::{
    Feeds, RecordError, Registries,
    feeds::{DownloadState, FeedState},
    identity::{Agent, Identity},
    messages::QUEUES,
};
use schemas::{TenantId, Timestamp, api::registry::RegistryRun, notification::NotifiedSubject};

use super::Kind;
use crate::{Context, HandlerError};

/// Agents that are read at once.
const AGENTS: u32 = 1_000;
/// Dead letters of a queue that are counted; more are told as more.
const LETTERS: u32 = 100;
/// Looks at registries that are read at once.
const RUNS: usize = 8;
/// How long nothing more has to come of a look at a registry before it is taken for finished, in milliseconds.
const QUIET_MS: i64 = 5 * 60_000;

/// How something is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum State {
    /// Something is wrong.
    Wrong(NotifiedSubject),
    /// Nothing is.
    Right,
    /// That cannot be said yet: as before.
    Open,
}

/// How everything of a kind is, by id. What is not there is not in it.
pub(super) async fn look(
    context: &Context,
    tenant: &TenantId,
    kind: Kind,
) -> Result<BTreeMap<String, State>, HandlerError> {
    match kind {
        Kind::Feed => feeds(context).await,
        Kind::Agent => agents(context, tenant).await,
        Kind::Registry => registries(context, tenant).await,
        Kind::DeadLetters => dead_letters(context, tenant).await,
    }
}

async fn feeds(context: &Context) -> Result<BTreeMap<String, State>, HandlerError> {
    let feeds = Feeds(&context.platform);
    let mut all = BTreeMap::new();
    for download in feeds.downloads().await? {
        all.insert(download.name.clone(), of_download(&download));
    }
    let (now, most_s) = (context.now(), context.limits.feed_age_s);
    for state in feeds.states().await? {
        let wrong = of_feed(&state, now, most_s);
        // Of both of one name, what is wrong counts; with a feed's own reason first.
        if wrong != State::Right || !all.contains_key(&state.feed) {
            all.insert(state.feed.clone(), wrong);
        }
    }
    Ok(all)
}

fn of_download(download: &DownloadState) -> State {
    let Some(error) = &download.error else {
        return State::Right;
    };
    State::Wrong(NotifiedSubject {
        id: download.name.clone(),
        name: download.name.clone(),
        since: download.good_at.unwrap_or(download.checked_at),
        detail: Some(error.clone()),
    })
}

fn of_feed(state: &FeedState, now: Timestamp, most_s: u32) -> State {
    let since = state.good_at.unwrap_or(state.checked_at);
    let age_ms = now.as_ms().saturating_sub(since.as_ms());
    let detail = match &state.error {
        Some(error) => error.clone(),
        None if age_ms > i64::from(most_s).saturating_mul(1000) => {
            format!("it was last read at {since}")
        }
        None => return State::Right,
    };
    State::Wrong(NotifiedSubject {
        id: state.feed.clone(),
        name: state.feed.clone(),
        since,
        detail: Some(detail),
    })
}

/// By host: one that is enrolled anew is heard of by its new agent.
async fn agents(
    context: &Context,
    tenant: &TenantId,
) -> Result<BTreeMap<String, State>, HandlerError> {
    let identity = Identity::new(context.platform.clone());
    let mut latest: BTreeMap<String, Agent> = BTreeMap::new();
    let mut cursor = None;
    loop {
        let page = identity.agents(tenant, AGENTS, cursor).await?;
        for agent in page.records {
            if agent.revoked_at.is_some() {
                continue;
            }
            let known = latest.get(agent.host.as_str());
            if known.is_none_or(|known| known.last_seen_at < agent.last_seen_at) {
                latest.insert(agent.host.to_string(), agent);
            }
        }
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    let silent_ms = i64::from(context.limits.silent_s).saturating_mul(1000);
    let now = context.now();
    let states = latest.into_iter().map(|(host, agent)| {
        let is_silent = now.as_ms().saturating_sub(agent.last_seen_at.as_ms()) > silent_ms;
        let state = if is_silent {
            State::Wrong(NotifiedSubject {
                id: host.clone(),
                name: agent.host_name,
                since: agent.last_seen_at,
                detail: None,
            })
        } else {
            State::Right
        };
        (host, state)
    });
    Ok(states.collect())
}

async fn registries(
    context: &Context,
    tenant: &TenantId,
) -> Result<BTreeMap<String, State>, HandlerError> {
    let registries = Registries(&context.platform);
    let mut all = BTreeMap::new();
    let mut records = registries.all(tenant).await?;
    records.retain(|record| record.settings.enabled);
    let runs = stream::iter(records).map(async |record| {
        let run = registries.run(tenant, &record.id).await;
        run.map(|run| (record, run))
    });
    let mut runs = pin!(runs.buffer_unordered(RUNS));
    while let Some((record, run)) = runs.try_next().await? {
        let id = record.id.as_str();
        let state = run.map_or(State::Open, |run| {
            of_run(id, &record.settings.name, &run, context.now())
        });
        all.insert(id.to_owned(), state);
    }
    Ok(all)
}

fn of_run(id: &str, name: &str, run: &RegistryRun, now: Timestamp) -> State {
    let began = run.started_at.unwrap_or(now);
    if let Some(first) = run.problems.first() {
        let detail = match run.problems.len() {
            1 => first.clone(),
            n => format!("{first} (and {} more)", n - 1),
        };
        return State::Wrong(NotifiedSubject {
            id: id.to_owned(),
            name: name.to_owned(),
            since: began,
            detail: Some(detail),
        });
    }
    let updated = run.updated_at.unwrap_or(began);
    let is_quiet = now.as_ms().saturating_sub(updated.as_ms()) >= QUIET_MS;
    if is_quiet && updated > began && run.repositories_done >= run.repositories {
        State::Right
    } else {
        State::Open
    }
}

/// By queue. Messages that belong to no tenant are not among these: what they fail at makes feeds grow old.
async fn dead_letters(
    context: &Context,
    tenant: &TenantId,
) -> Result<BTreeMap<String, State>, HandlerError> {
    let queues = &context.platform.queue;
    let first = format!("{tenant}/");
    // What the service gave up by itself was gathered for all tenants; see `Queue::list_dead`.
    let after = format!("{first}!");
    let mut all = BTreeMap::new();
    for queue in QUEUES {
        let page = patiently(async || queues.list_dead(queue, LETTERS, Some(&after)).await)
            .await
            .map_err(|error| RecordError::Queue(queue, error))?;
        // Ids begin with their tenant.
        let letters = page.letters.iter();
        let own: Vec<_> = letters
            .filter(|letter| letter.message.id.starts_with(&first))
            .collect();
        let state = match own.first() {
            None => State::Right,
            Some(letter) => {
                let died = own.iter().map(|letter| letter.died_at_ms).min();
                let died = i64::try_from(died.unwrap_or(0)).unwrap_or(i64::MAX);
                let number = match own.len() {
                    n if n >= LETTERS as usize => format!("{n} or more"),
                    n => n.to_string(),
                };
                State::Wrong(NotifiedSubject {
                    id: queue.to_owned(),
                    name: queue.to_owned(),
                    since: Timestamp::from_ms(died),
                    detail: Some(format!("{number}; one of them: {}", letter.reason)),
                })
            }
        };
        all.insert(queue.to_owned(), state);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(problems: &[&str], repositories: u32, done: u32, updated_ms: i64) -> RegistryRun {
        RegistryRun {
            started_at: Some(Timestamp::from_ms(1_000)),
            updated_at: Some(Timestamp::from_ms(updated_ms)),
            repositories,
            repositories_done: done,
            problems: problems.iter().map(|&one| one.to_owned()).collect(),
            ..RegistryRun::default()
        }
    }

    #[test]
    fn a_look_at_a_registry_is_right_only_when_all_of_it_was_looked_at() {
        let now = Timestamp::from_ms(10 * 60_000);
        let of = |run: &RegistryRun| of_run("r", "R", run, now);
        assert_eq!(of(&run(&[], 2, 2, 60_000)), State::Right);
        assert_eq!(of(&run(&[], 2, 1, 60_000)), State::Open, "one is missing");
        assert_eq!(of(&run(&[], 0, 0, 1_000)), State::Open, "it just began");
        let lately = now.as_ms() - 1_000;
        assert_eq!(of(&run(&[], 2, 2, lately)), State::Open, "more may come");
        let State::Wrong(subject) = of(&run(&["a: no", "b: no"], 9, 2, lately)) else {
            panic!("it failed");
        };
        assert_eq!(subject.detail.as_deref(), Some("a: no (and 1 more)"));
    }

    #[test]
    fn a_feed_is_wrong_when_it_fails_and_when_it_is_old() {
        let state = |error: Option<&str>, good_s: i64| FeedState {
            version: 1,
            feed: "kev".to_owned(),
            documents: Vec::new(),
            rows: 1,
            as_of: None,
            good_at: Some(Timestamp::from_ms(good_s * 1000)),
            checked_at: Timestamp::from_ms(good_s * 1000),
            error: error.map(str::to_owned),
        };
        let now = Timestamp::from_ms(1_000_000_000);
        let of = |state: &FeedState| of_feed(state, now, 3600);
        assert_eq!(of(&state(None, 1_000_000 - 3600)), State::Right);
        for wrong in [state(Some("no"), 1_000_000), state(None, 1_000_000 - 3601)] {
            assert!(matches!(of(&wrong), State::Wrong(_)), "{wrong:?}");
        }
    }
}
