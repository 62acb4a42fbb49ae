//! Requests that are done once: what came under an `Idempotency-Key`, and what it was answered, for a day.
//!
//! Whoever comes first takes the key with a conditional write and then does what is asked. Others are told that it is under
//! way, and later what the answer was. Answers may show secrets that are shown once, so they are sealed.

use platform::{Item, Platform};
use schemas::{Digest, TenantId, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::{
    RecordError, SealedSecret, Secrets, keys,
    store::{self, Put, stored},
};

const NOUN: &str = "idempotency";
const WHAT: &str = "a request that is done once";
/// How long a key is kept, in seconds.
pub const KEPT_S: i64 = 24 * 3600;
/// Most bytes that are sealed as one, with room for the seal.
const PIECE_BYTES: usize = 48 * 1024;
/// Most bytes of an answer that is kept: with what sealing adds, the item stays within what a table takes.
pub const MAX_ANSWER_BYTES: usize = 4 * PIECE_BYTES;

/// A request as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    version: u32,
    /// What was asked.
    request: Digest,
    /// Which attempt took the key.
    attempt: String,
    /// When it did.
    began_at: Timestamp,
    /// Whether it is done.
    #[serde(default)]
    is_done: bool,
    /// Whether it failed, so that it is not known what of it was done.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_failed: bool,
    /// The answer in pieces; none when it was too large.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    answer: Vec<SealedSecret>,
}

stored! { Kept: "a request that is done once" 1; }

/// A request that is to be done once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The digest of the caller, the operation and the key.
    pub name: Digest,
    /// The digest of what is asked.
    pub request: Digest,
}

/// The right to do it, and the duty to say what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    name: Digest,
    attempt: String,
}

/// What was found under a key.
#[derive(Debug)]
pub enum Begun {
    /// Nothing: whoever asked does it.
    First(Turn),
    /// Another request came under this key.
    Other,
    /// It is being done, or whoever did it broke off.
    Running {
        /// Since when.
        since: Timestamp,
    },
    /// It failed, and nobody knows what of it was done.
    Failed {
        /// When it began.
        since: Timestamp,
    },
    /// It is done.
    Done {
        /// What it was answered; `None` when that was too large to be kept.
        answer: Option<SecretString>,
    },
}

/// The repository of requests that are done once.
#[derive(Clone, Copy, Debug)]
pub struct Idempotency<'a>(pub &'a Platform);

impl Idempotency<'_> {
    /// Takes a key, or says what is under it.
    ///
    /// # Errors
    /// When the table fails, the record is damaged, or the answer cannot be opened.
    pub async fn begin(&self, tenant: &TenantId, asked: &Asked) -> Result<Begun, RecordError> {
        let mut random = [0; 16];
        let taken = self.0.keys.random(&mut random);
        taken.map_err(|error| RecordError::Secret(platform::SealError::Key(error)))?;
        let began_at = store::now(self.0);
        let kept = Kept {
            version: 1,
            request: asked.request.clone(),
            attempt: keys::digest(&random).hex().to_owned(),
            began_at,
            is_done: false,
            is_failed: false,
            answer: Vec::new(),
        };
        let key = keys::key(tenant, NOUN, asked.name.hex());
        for _ in 0..store::ATTEMPTS {
            let Some((found, _)) = store::read::<Kept>(self.0, &key).await? else {
                match self.put(tenant, &asked.name, &kept, None).await? {
                    Put::Written => {
                        return Ok(Begun::First(Turn {
                            name: asked.name.clone(),
                            attempt: kept.attempt,
                        }));
                    }
                    Put::Held => continue,
                }
            };
            return self.found(tenant, asked, found).await;
        }
        Err(RecordError::Busy(WHAT))
    }

    async fn found(
        &self,
        tenant: &TenantId,
        asked: &Asked,
        found: Kept,
    ) -> Result<Begun, RecordError> {
        if found.request != asked.request {
            return Ok(Begun::Other);
        }
        if found.is_failed {
            return Ok(Begun::Failed {
                since: found.began_at,
            });
        }
        if !found.is_done {
            return Ok(Begun::Running {
                since: found.began_at,
            });
        }
        if found.answer.is_empty() {
            return Ok(Begun::Done { answer: None });
        }
        let mut answer = String::new();
        for (at, piece) in found.answer.iter().enumerate() {
            let thing = thing(&asked.name, at);
            let piece = Secrets(self.0).open(tenant, &thing, piece).await?;
            answer.push_str(piece.expose_secret());
        }
        Ok(Begun::Done {
            answer: Some(answer.into()),
        })
    }

    /// It is done, with this answer; one that is too large is not kept, only that there was one.
    ///
    /// # Errors
    /// As [`Self::begin`].
    pub async fn done(
        &self,
        tenant: &TenantId,
        turn: &Turn,
        answer: &SecretString,
    ) -> Result<(), RecordError> {
        let mut sealed = Vec::new();
        if answer.expose_secret().len() <= MAX_ANSWER_BYTES {
            let mut rest = answer.expose_secret();
            while !rest.is_empty() {
                let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE_BYTES));
                let thing = thing(&turn.name, sealed.len());
                let piece = Secrets(self.0).seal(tenant, &thing, &piece.into()).await?;
                sealed.push(piece);
                rest = after;
            }
        }
        let Some((mut kept, version)) = self.own(tenant, turn).await? else {
            return Ok(());
        };
        kept.is_done = true;
        kept.answer = sealed;
        self.replace(tenant, turn, &kept, version).await
    }

    /// It failed, and may be done or not.
    ///
    /// # Errors
    /// As [`Self::begin`].
    pub async fn fail(&self, tenant: &TenantId, turn: &Turn) -> Result<(), RecordError> {
        let Some((mut kept, version)) = self.own(tenant, turn).await? else {
            return Ok(());
        };
        kept.is_failed = true;
        self.replace(tenant, turn, &kept, version).await
    }

    async fn replace(
        &self,
        tenant: &TenantId,
        turn: &Turn,
        kept: &Kept,
        version: u64,
    ) -> Result<(), RecordError> {
        match self.put(tenant, &turn.name, kept, Some(version)).await? {
            Put::Written => Ok(()),
            Put::Held => Err(RecordError::Busy(WHAT)),
        }
    }

    /// Nothing was done: the same key may come again with anything.
    ///
    /// # Errors
    /// As [`Self::begin`].
    pub async fn release(&self, tenant: &TenantId, turn: &Turn) -> Result<(), RecordError> {
        let key = keys::key(tenant, NOUN, turn.name.hex());
        if let Some((_, version)) = self.own(tenant, turn).await? {
            // Nobody else changes what is theirs; a write whose acknowledgement was lost is the same one.
            store::delete_read(self.0, &key, version, WHAT).await?;
        }
        Ok(())
    }

    /// The record of a turn; `None` when its time is over.
    async fn own(
        &self,
        tenant: &TenantId,
        turn: &Turn,
    ) -> Result<Option<(Kept, u64)>, RecordError> {
        let key = keys::key(tenant, NOUN, turn.name.hex());
        let found = store::read::<Kept>(self.0, &key).await?;
        Ok(found.filter(|(kept, _)| kept.attempt == turn.attempt))
    }

    async fn put(
        &self,
        tenant: &TenantId,
        name: &Digest,
        kept: &Kept,
        replaces: Option<u64>,
    ) -> Result<Put, RecordError> {
        let key = keys::key(tenant, NOUN, name.hex());
        let forget_s = kept.began_at.as_s().saturating_add(KEPT_S);
        let item =
            Item::new(key, store::encode(kept)?).with_expiry(u64::try_from(forget_s).unwrap_or(0));
        store::put(self.0, item, store::unchanged(replaces), WHAT).await
    }
}

/// What a piece of an answer is sealed for.
fn thing(name: &Digest, at: usize) -> String {
    format!("{NOUN}/{}/{at}", name.hex())
}
