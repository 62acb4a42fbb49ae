//! What moving a store to another platform needs beside the ports: to see everything that is there. Functions and the API
//! have no use for it, so it is apart from what they are given.

use std::fmt;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretBox};

use super::{Cursor, KeyError, Message, QueryPage, QueueError, SigningKey, TableError};

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyKind {
    /// Signatures, see [`super::Keys::signing_key`].
    Signing,
    /// Authentication codes, see [`super::Keys::mac_key`].
    Mac,
}

impl KeyKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Signing, Self::Mac];

    /// Its name, as in the names of stored keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Signing => "signing",
            Self::Mac => "mac",
        }
    }
}

/// A key with its secret.
pub struct StoredKey {
    /// What it is for.
    pub kind: KeyKind,
    /// Its name.
    pub name: String,
    /// Its 32 bytes.
    pub secret: SecretBox<[u8; 32]>,
}

impl StoredKey {
    /// The public half of a key for signatures.
    #[must_use]
    pub fn public(&self) -> Option<[u8; 32]> {
        let seed = SecretBox::new(Box::new(*self.secret.expose_secret()));
        (self.kind == KeyKind::Signing).then(|| SigningKey::from_seed(seed).public())
    }
}

impl fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredKey")
            .field("kind", &self.kind)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// A page of messages that wait in a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingPage {
    /// The messages, each with what is left of its delay.
    pub messages: Vec<Message>,
    /// Where to go on; `None` at the end.
    pub next: Option<Cursor>,
}

/// A platform whose records can all be read.
#[async_trait]
pub trait Scan: Send + Sync {
    /// A page of all records, at most `limit` (1 to 1,000) and about 1 MB, in an order of the platform's own, strongly
    /// consistent. May be empty with a cursor.
    async fn items(&self, limit: u32, cursor: Option<&Cursor>) -> Result<QueryPage, TableError>;
}

/// A platform that can be moved away from.
#[async_trait]
pub trait Origin: Scan {
    /// A page of the messages of a queue, also of those that somebody is working on. They stay as they are.
    async fn waiting(
        &self,
        queue: &str,
        limit: u32,
        cursor: Option<&Cursor>,
    ) -> Result<WaitingPage, QueueError>;

    /// Every key.
    async fn keys(&self) -> Result<Vec<StoredKey>, KeyError>;
}

/// A platform that can be moved to.
#[async_trait]
pub trait Destination: Scan {
    /// Stores a key in place of the one of that kind and name. Who has asked for it before goes on with the former one.
    async fn put_key(&self, key: &StoredKey) -> Result<(), KeyError>;
}
