//! The agent's folder: its key, who it is, and what it has yet to send. One agent at a time uses it.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use schemas::{AgentId, HostId, TenantId};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::service;

/// Why the folder could not be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The folder could not be made or closed to others.
    #[error("the folder {path} could not be prepared")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another agent uses the folder.
    #[error("another agent is running with {0}")]
    InUse(PathBuf),
    /// A file could not be read.
    #[error("{path} could not be read")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file could not be written.
    #[error("{path} could not be written")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file holds something else than it should.
    #[error("{path} is damaged: {detail}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How.
        detail: String,
    },
    /// The agent has not been enrolled.
    #[error("no agent is enrolled in {0}: run `bulkhead-agent enroll --server URL` first")]
    NotEnrolled(PathBuf),
}

/// Who this agent is and whom it belongs to: the file `agent.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolled {
    /// Version of this file's form, 1.
    pub version: u32,
    /// Address of the server.
    pub server: String,
    /// File with the certificates that the server's has to come from; the system's own when absent.
    #[serde(default)]
    pub ca: Option<PathBuf>,
    /// Whether the owner allowed a server without TLS that is not on this host.
    #[serde(default)]
    pub allow_http: bool,
    /// The agent's id.
    pub agent: AgentId,
    /// The tenant.
    pub tenant: TenantId,
    /// The host's id.
    pub host: HostId,
    /// The key that bundles are signed with, base64url.
    pub bundle_key: String,
}

/// The agent's folder.
#[derive(Debug)]
pub struct StateDir {
    root: PathBuf,
    /// Held open: the lock ends with it.
    _lock: File,
}

impl StateDir {
    /// Opens the folder, makes it if needed, and keeps other agents out until dropped.
    ///
    /// # Errors
    /// [`StateError::Folder`], [`StateError::InUse`].
    pub fn open(root: &Path) -> Result<Self, StateError> {
        let folder = |source| StateError::Folder {
            path: root.to_owned(),
            source,
        };
        service::platform::private_folder(root).map_err(folder)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(root.join("lock"))
            .map_err(folder)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                root: root.to_owned(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(StateError::InUse(root.to_owned())),
            Err(TryLockError::Error(source)) => Err(folder(source)),
        }
    }

    /// A file or folder in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Who this agent is.
    ///
    /// # Errors
    /// [`StateError::NotEnrolled`], or what is wrong with the file.
    pub fn enrolled(&self) -> Result<Enrolled, StateError> {
        self.read("agent.json")?
            .ok_or_else(|| StateError::NotEnrolled(self.root.clone()))
    }

    /// A JSON file, nothing if it is not there.
    ///
    /// # Errors
    /// It could not be read, or holds something else.
    pub fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StateError> {
        let path = self.path(name);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(StateError::Read { path, source }),
        };
        serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| StateError::Damaged {
                path,
                detail: error.to_string(),
            })
    }

    /// A JSON file that can be made anew: a damaged one is left out with a warning.
    pub fn read_or_default<T: DeserializeOwned + Default>(&self, name: &str) -> T {
        match self.read(name) {
            Ok(found) => found.unwrap_or_default(),
            Err(error) => {
                tracing::warn!(%error, "begun anew");
                T::default()
            }
        }
    }

    /// Replaces a JSON file whole, durably.
    ///
    /// # Errors
    /// [`StateError::Write`].
    pub fn write<T: Serialize>(&self, name: &str, value: &T) -> Result<(), StateError> {
        let path = self.path(name);
        let fail = |source| StateError::Write {
            path: path.clone(),
            source,
        };
        let bytes = serde_json::to_vec_pretty(value).map_err(|error| fail(error.into()))?;
        write_durably(&path, &bytes).map_err(fail)
    }
}

/// Replaces a file by a new one whole: readers see the old or the new, also after a loss of power. Only the owner may
/// read it.
pub(crate) fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".tmp");
    let temporary = PathBuf::from(temporary);
    let mut file = service::platform::create_private(&temporary)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    drop(file);
    if let Err(error) = written.and_then(|()| fs::rename(&temporary, path)) {
        // What could not be finished is of no use to anyone, and may be what fills the disk.
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    match path.parent() {
        Some(folder) => service::platform::sync_folder(folder),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_agent_uses_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let first = StateDir::open(folder.path()).unwrap();
        assert!(matches!(
            StateDir::open(folder.path()),
            Err(StateError::InUse(_))
        ));
        drop(first);
        assert!(StateDir::open(folder.path()).is_ok());
    }

    #[test]
    fn files_are_replaced_whole_and_damage_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::open(folder.path()).unwrap();
        assert!(matches!(state.enrolled(), Err(StateError::NotEnrolled(_))));
        state.write("x.json", &vec![1, 2]).unwrap();
        state.write("x.json", &vec![3]).unwrap();
        assert_eq!(state.read::<Vec<u8>>("x.json").unwrap(), Some(vec![3]));
        fs::write(state.path("x.json"), "{").unwrap();
        assert!(matches!(
            state.read::<Vec<u8>>("x.json"),
            Err(StateError::Damaged { .. })
        ));
        assert_eq!(state.read_or_default::<Vec<u8>>("x.json"), Vec::<u8>::new());
    }
}
