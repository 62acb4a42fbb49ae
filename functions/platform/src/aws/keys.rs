//! Keys, wrapped by KMS and kept in the table. KMS is asked once for each key and process, and never signs: it is too slow
//! and too dear for every request.
//!
//! A key is the item `global/keys`, `KIND/NAME`. Its value is a byte for the form, [`WRAPPED`], and the ciphertext of 32
//! bytes. The ciphertext is bound to kind and name by its encryption context, so that one moved to another item opens as
//! nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use secrecy::zeroize::{Zeroize, Zeroizing};
use secrecy::{ExposeSecret, SecretBox};

use super::error::Failure;
use crate::patience::patiently;
use crate::ports::keys::MAX_KEY_NAME_BYTES;
use crate::ports::moving::StoredKey;
use crate::ports::{
    Condition, Item, Key, KeyError, Keys, MacKey, SigningKey, Source, Table, TableError,
};

/// First byte of a value: the rest is the ciphertext that KMS made.
const WRAPPED: u8 = 1;
/// Longest ciphertext that KMS takes. Source: AWS KMS API Reference, Decrypt.
const MAX_WRAPPED_BYTES: usize = 6144;
/// Most keys that are remembered. There are a handful of names; a caller that makes them up fills no memory.
const MAX_REMEMBERED: usize = 64;

/// What a key is for, and its name.
type Id = (&'static str, String);

/// Keys of the house, behind one key of KMS.
pub struct AwsKeys {
    client: Client,
    wrapping_key: String,
    table: Arc<dyn Table>,
    known: Mutex<HashMap<Id, SecretBox<[u8; 32]>>>,
}

impl std::fmt::Debug for AwsKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AwsKeys")
            .field("wrapping_key", &self.wrapping_key)
            .finish_non_exhaustive()
    }
}

fn unavailable(source: impl Into<Source>) -> KeyError {
    KeyError::Unavailable(source.into())
}

fn copy(secret: &SecretBox<[u8; 32]>) -> SecretBox<[u8; 32]> {
    SecretBox::new(Box::new(*secret.expose_secret()))
}

/// What a ciphertext is bound to. KMS writes it to its log, so there is no secret in it.
fn context(kind: &str, name: &str) -> HashMap<String, String> {
    HashMap::from([
        ("bulkhead:purpose".to_owned(), kind.to_owned()),
        ("bulkhead:name".to_owned(), name.to_owned()),
    ])
}

/// The key of a key's item.
fn item_key(kind: &str, name: &str) -> Result<Key, KeyError> {
    let fits = (1..=MAX_KEY_NAME_BYTES).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if fits {
        Ok(Key::new("global/keys", format!("{kind}/{name}")))
    } else {
        Err(KeyError::InvalidName(name.to_owned()))
    }
}

impl AwsKeys {
    /// Keys wrapped by this key of KMS (an id, an ARN or an alias), in this table.
    #[must_use]
    pub fn new(client: Client, wrapping_key: impl Into<String>, table: Arc<dyn Table>) -> Self {
        Self {
            client,
            wrapping_key: wrapping_key.into(),
            table,
            known: Mutex::default(),
        }
    }

    /// The 32 bytes of a key, made when absent.
    async fn secret(
        &self,
        kind: &'static str,
        name: &str,
    ) -> Result<SecretBox<[u8; 32]>, KeyError> {
        let key = item_key(kind, name)?;
        let id = (kind, name.to_owned());
        if let Some(known) = self.remembered(&id) {
            return Ok(known);
        }
        let stored = patiently(async || self.table.get(&key).await)
            .await
            .map_err(unavailable)?;
        let value = match stored {
            Some(item) => item.value,
            None => self.make(kind, name, key).await?,
        };
        let secret = self.unwrap(kind, name, &value).await?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() < MAX_REMEMBERED {
            known.insert(id, copy(&secret));
        }
        Ok(secret)
    }

    fn remembered(&self, id: &Id) -> Option<SecretBox<[u8; 32]>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(id).map(copy)
    }

    /// Makes a key unless somebody else is faster, and returns the value that is stored.
    async fn make(&self, kind: &str, name: &str, key: Key) -> Result<Vec<u8>, KeyError> {
        let mut secret = Zeroizing::new([0_u8; 32]);
        self.random(&mut *secret)?;
        let value = self.wrap(kind, name, &secret).await?;
        let item = Item::new(key, value.clone());
        let put = patiently(async || self.table.put(item.clone(), Condition::NotExists).await);
        match put.await {
            Ok(_) => Ok(value),
            Err(TableError::ConditionFailed {
                current: Some(current),
                ..
            }) => Ok(current.value),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Stores a key in place of the one of its name; other processes go on with that one until they end.
    pub(super) async fn replace(&self, stored: &StoredKey) -> Result<(), KeyError> {
        let kind = stored.kind.as_str();
        let key = item_key(kind, &stored.name)?;
        let secret = stored.secret.expose_secret();
        let item = Item::new(key, self.wrap(kind, &stored.name, secret).await?);
        patiently(async || self.table.put(item.clone(), Condition::None).await)
            .await
            .map_err(unavailable)?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.remove(&(kind, stored.name.clone()));
        Ok(())
    }

    /// The value of a key's item.
    async fn wrap(&self, kind: &str, name: &str, secret: &[u8; 32]) -> Result<Vec<u8>, KeyError> {
        let answer = self
            .client
            .encrypt()
            .key_id(&self.wrapping_key)
            .plaintext(Blob::new(secret.to_vec()))
            .set_encryption_context(Some(context(kind, name)))
            .send()
            .await
            .map_err(|e| unavailable(source(Failure::of("Encrypt", e))))?;
        let wrapped = answer
            .ciphertext_blob
            .ok_or_else(|| unavailable("KMS answered without a ciphertext"))?;
        Ok([&[WRAPPED], wrapped.as_ref()].concat())
    }

    async fn unwrap(
        &self,
        kind: &str,
        name: &str,
        value: &[u8],
    ) -> Result<SecretBox<[u8; 32]>, KeyError> {
        let damaged = || KeyError::Damaged(name.to_owned());
        let Some((&WRAPPED, wrapped)) = value.split_first() else {
            return Err(damaged());
        };
        if !(1..=MAX_WRAPPED_BYTES).contains(&wrapped.len()) {
            return Err(damaged());
        }
        let answer = self
            .client
            .decrypt()
            .key_id(&self.wrapping_key)
            .ciphertext_blob(Blob::new(wrapped))
            .set_encryption_context(Some(context(kind, name)))
            .send()
            .await;
        let plain = match answer {
            Ok(answer) => answer.plaintext.map(Blob::into_inner).unwrap_or_default(),
            Err(error) => {
                return Err(match Failure::of("Decrypt", error) {
                    Failure::Refused(code, _) if is_damage(&code) => damaged(),
                    failure => unavailable(source(failure)),
                });
            }
        };
        let mut plain = Zeroizing::new(plain);
        let mut secret = <[u8; 32]>::try_from(plain.as_slice()).map_err(|_| damaged())?;
        plain.zeroize();
        let boxed = SecretBox::new(Box::new(secret));
        secret.zeroize();
        Ok(boxed)
    }
}

/// Whether KMS says that a ciphertext is none of this key with this context. Source: AWS KMS API Reference, Decrypt.
fn is_damage(code: &str) -> bool {
    matches!(code, "InvalidCiphertextException" | "IncorrectKeyException")
}

fn source(failure: Failure) -> Source {
    match failure {
        Failure::Refused(_, refusal) => refusal.into(),
        Failure::Silent(source) => source,
    }
}

#[async_trait]
impl Keys for AwsKeys {
    async fn signing_key(&self, name: &str) -> Result<SigningKey, KeyError> {
        self.secret("signing", name)
            .await
            .map(SigningKey::from_seed)
    }

    async fn mac_key(&self, name: &str) -> Result<MacKey, KeyError> {
        self.secret("mac", name).await.map(MacKey::new)
    }

    fn random(&self, into: &mut [u8]) -> Result<(), KeyError> {
        getrandom::fill(into).map_err(|e| KeyError::Random(e.into()))
    }
}
