//! What is known of issuers, remembered: asked for once an hour, and once more when a key is not known.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use access::oidc::{
    KeySet, MAX_DISCOVERY_BYTES, MAX_KEYS_BYTES, Provider, discovery_address, parse_discovery,
};
use schemas::Timestamp;

use super::{IssuerError, is_issuer};
use crate::http::{Http, HttpError, HttpOptions, HttpRequest};

/// Most issuers that are remembered; the one that was needed least recently gives way.
pub const MAX_ISSUERS: usize = 256;
/// How long what an issuer says is not asked for again.
const FRESH_MS: i64 = 60 * 60_000;
/// How often an issuer is asked at most, whatever for: an unknown key, or after it failed.
const AGAIN_MS: i64 = 60_000;
/// How long an issuer's keys are used while it cannot be asked. A key that it withdrew meanwhile holds that long, so this is
/// no more than a working day's trouble.
pub const KEPT_WITHOUT_ISSUER_MS: i64 = 12 * 60 * 60_000;

/// What an issuer said.
#[derive(Clone, Debug)]
pub struct Known {
    /// Its addresses.
    pub provider: Provider,
    /// Its keys.
    pub keys: KeySet,
}

#[derive(Default)]
struct State {
    known: Option<Arc<Known>>,
    /// When it said that.
    known_at_ms: i64,
    /// When it was last asked, with what went wrong then.
    asked_at_ms: Option<i64>,
    trouble: Option<String>,
}

struct Slot {
    used_at_ms: i64,
    /// Held while the issuer is asked, so that it is asked once.
    state: Arc<tokio::sync::Mutex<State>>,
}

/// Asks issuers, and remembers what they said. Cheap to share; one for a process.
pub struct Issuers {
    http: Http,
    slots: Mutex<HashMap<String, Slot>>,
}

impl std::fmt::Debug for Issuers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issuers").finish_non_exhaustive()
    }
}

impl Issuers {
    /// Asks with a client of these options, but follows no redirect: an issuer that moved is another issuer.
    ///
    /// # Errors
    /// When the client cannot be made.
    pub fn new(options: &HttpOptions) -> Result<Self, HttpError> {
        let options = HttpOptions {
            redirects: false,
            ..options.clone()
        };
        Ok(Self {
            http: Http::new(&options)?,
            slots: Mutex::default(),
        })
    }

    pub(super) fn http(&self) -> &Http {
        &self.http
    }

    /// What is known of an issuer; asks it when that is more than an hour old.
    ///
    /// # Errors
    /// When it cannot be asked and nothing recent is known.
    pub async fn known(&self, issuer: &str, now: Timestamp) -> Result<Arc<Known>, IssuerError> {
        self.known_with(issuer, None, now).await
    }

    /// The same, asking also when no key of this id is known, but at most once a minute. What is returned may lack the key
    /// all the same.
    ///
    /// # Errors
    /// As [`Self::known`].
    pub async fn known_with_key(
        &self,
        issuer: &str,
        kid: &str,
        now: Timestamp,
    ) -> Result<Arc<Known>, IssuerError> {
        self.known_with(issuer, Some(kid), now).await
    }

    async fn known_with(
        &self,
        issuer: &str,
        kid: Option<&str>,
        now: Timestamp,
    ) -> Result<Arc<Known>, IssuerError> {
        if !is_issuer(issuer) {
            return Err(IssuerError::Name);
        }
        let now_ms = now.as_ms();
        let slot = self.slot(issuer, now_ms);
        let mut state = slot.lock().await;
        let age_ms = now_ms.saturating_sub(state.known_at_ms);
        let lacks = |known: &Known| kid.is_some_and(|kid| !known.keys.has(kid));
        let usable = state
            .known
            .clone()
            .filter(|_| age_ms < KEPT_WITHOUT_ISSUER_MS);
        if let Some(known) = usable
            .as_ref()
            .filter(|known| age_ms < FRESH_MS && !lacks(known))
        {
            return Ok(Arc::clone(known));
        }
        let since_ms = state.asked_at_ms.map(|at| now_ms.saturating_sub(at).max(0));
        if let Some(since_ms) = since_ms.filter(|since_ms| *since_ms < AGAIN_MS) {
            return usable.ok_or_else(|| IssuerError::Waiting {
                in_s: u64::try_from((AGAIN_MS - since_ms) / 1000).unwrap_or(0) + 1,
                why: state.trouble.clone().unwrap_or_default(),
            });
        }
        state.asked_at_ms = Some(now_ms);
        state.trouble = Some("it has not answered".to_owned());
        match self.ask(issuer).await {
            Ok(known) => {
                let known = Arc::new(known);
                state.known = Some(Arc::clone(&known));
                state.known_at_ms = now_ms;
                state.trouble = None;
                Ok(known)
            }
            Err(error) => {
                let why = chain(&error);
                tracing::warn!(issuer, error = why, "an issuer could not be asked");
                state.trouble = Some(why);
                usable.ok_or(error)
            }
        }
    }

    fn slot(&self, issuer: &str, now_ms: i64) -> Arc<tokio::sync::Mutex<State>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if !slots.contains_key(issuer)
            && slots.len() >= MAX_ISSUERS
            && let Some(oldest) = slots
                .iter()
                .min_by_key(|(_, slot)| slot.used_at_ms)
                .map(|(name, _)| name.clone())
        {
            slots.remove(&oldest);
        }
        let slot = slots.entry(issuer.to_owned()).or_insert_with(|| Slot {
            used_at_ms: now_ms,
            state: Arc::default(),
        });
        slot.used_at_ms = now_ms;
        Arc::clone(&slot.state)
    }

    async fn ask(&self, issuer: &str) -> Result<Known, IssuerError> {
        let description = self
            .document(
                &discovery_address(issuer),
                "its description",
                MAX_DISCOVERY_BYTES,
            )
            .await?;
        let provider = parse_discovery(&description, issuer).map_err(IssuerError::Discovery)?;
        let keys = self
            .document(&provider.keys_address, "its keys", MAX_KEYS_BYTES)
            .await?;
        let keys = KeySet::parse(&keys).map_err(IssuerError::Keys)?;
        Ok(Known { provider, keys })
    }

    async fn document(
        &self,
        address: &str,
        what: &'static str,
        max_bytes: usize,
    ) -> Result<Vec<u8>, IssuerError> {
        let request = HttpRequest {
            method: "GET".to_owned(),
            url: address.to_owned(),
            headers: vec![("accept".to_owned(), "application/json".to_owned())],
            body: Vec::new(),
        };
        let reply = self.http.send(request, max_bytes).await;
        let reply = reply.map_err(|source| IssuerError::Http { what, source })?;
        match reply.status {
            200 => Ok(reply.body),
            status => Err(IssuerError::Status { what, status }),
        }
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
