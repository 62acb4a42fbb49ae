//! Keys, in files which only the owner can read.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretBox};

use super::blob_files::{make_private_folder, sync_folder};
use crate::ports::keys::MAX_KEY_NAME_BYTES;
use crate::ports::moving::StoredKey;
use crate::ports::{KeyError, Keys, MacKey, SigningKey};

/// The keys of one embedded store.
#[derive(Debug, Clone)]
pub(crate) struct EmbeddedKeys {
    folder: PathBuf,
}

impl EmbeddedKeys {
    /// Opens the folder, creating it when absent.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        make_private_folder(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    /// The HMAC key of a name, from a thread that may block.
    pub(crate) fn mac_key_now(&self, name: &str) -> Result<MacKey, KeyError> {
        self.secret("mac", name).map(MacKey::new)
    }

    async fn secret_soon(
        &self,
        kind: &'static str,
        name: &str,
    ) -> Result<SecretBox<[u8; 32]>, KeyError> {
        let (keys, name) = (self.clone(), name.to_owned());
        tokio::task::spawn_blocking(move || keys.secret(kind, &name))
            .await
            .map_err(|e| KeyError::Unavailable(e.into()))?
    }

    /// The folder that they are in.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The 32 bytes of a key, made when absent.
    pub(super) fn secret(&self, kind: &str, name: &str) -> Result<SecretBox<[u8; 32]>, KeyError> {
        let file = self.file(kind, name)?;
        if let Some(secret) = read(&file, name)? {
            return Ok(secret);
        }
        let mut secret = Zeroizing::new([0_u8; 32]);
        self.random(&mut *secret)?;
        self.make(&file, &secret)?;
        read(&file, name)?.ok_or_else(|| KeyError::Damaged(name.to_owned()))
    }

    /// Stores a key in place of the one of its name.
    pub(super) fn replace(&self, key: &StoredKey) -> Result<(), KeyError> {
        let file = self.file(key.kind.as_str(), &key.name)?;
        match fs::remove_file(&file) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(KeyError::Unavailable(e.into())),
            _ => self.make(&file, key.secret.expose_secret()),
        }
    }

    fn file(&self, kind: &str, name: &str) -> Result<PathBuf, KeyError> {
        let fits = (1..=MAX_KEY_NAME_BYTES).contains(&name.len())
            && name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if fits {
            Ok(self.folder.join(format!("{kind}-{name}.key")))
        } else {
            Err(KeyError::InvalidName(name.to_owned()))
        }
    }

    /// Makes a key unless somebody else is faster: it appears under its name at once and whole.
    fn make(&self, file: &Path, secret: &[u8; 32]) -> Result<(), KeyError> {
        let unavailable = |e: io::Error| KeyError::Unavailable(e.into());
        let mut unique = [0_u8; 8];
        self.random(&mut unique)?;
        let part = self.folder.join(format!("{}.part", hex::encode(unique)));
        let made = (|| {
            let mut new = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&part)?;
            new.write_all(secret)?;
            new.sync_all()?;
            match fs::hard_link(&part, file) {
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                other => other,
            }
        })();
        let removed = fs::remove_file(&part);
        made.map_err(unavailable)?;
        removed.map_err(unavailable)?;
        sync_folder(&self.folder).map_err(unavailable)
    }
}

fn read(file: &Path, name: &str) -> Result<Option<SecretBox<[u8; 32]>>, KeyError> {
    let opened = match fs::File::open(file) {
        Ok(opened) => opened,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(KeyError::Unavailable(e.into())),
    };
    let mut bytes = Vec::with_capacity(33);
    opened
        .take(33)
        .read_to_end(&mut bytes)
        .map_err(|e| KeyError::Unavailable(e.into()))?;
    let secret = <[u8; 32]>::try_from(bytes).map_err(|_| KeyError::Damaged(name.to_owned()))?;
    Ok(Some(SecretBox::new(Box::new(secret))))
}

#[async_trait]
impl Keys for EmbeddedKeys {
    async fn signing_key(&self, name: &str) -> Result<SigningKey, KeyError> {
        self.secret_soon("signing", name)
            .await
            .map(SigningKey::from_seed)
    }

    async fn mac_key(&self, name: &str) -> Result<MacKey, KeyError> {
        self.secret_soon("mac", name).await.map(MacKey::new)
    }

    fn random(&self, into: &mut [u8]) -> Result<(), KeyError> {
        getrandom::fill(into).map_err(|e| KeyError::Random(e.into()))
    }
}
