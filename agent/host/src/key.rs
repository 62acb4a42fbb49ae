//! The agent's signing key: made here, kept where only the agent reads, and never sent.

use std::{fs, io, path::Path};

use access::AgentKey;
use secrecy::{ExposeSecret, SecretBox, zeroize::Zeroizing};

use crate::{
    service,
    state::{StateDir, StateError, write_durably},
};

/// The file: 64 hexadecimal digits.
const FILE: &str = "agent.key";
/// The same of the key that is to be the next, from before the server knows it until it is the agent's.
const NEXT: &str = "agent.key.next";

/// The key in the folder, nothing if there is none.
///
/// # Errors
/// The file could not be read, or holds something else.
pub fn load(state: &StateDir) -> Result<Option<AgentKey>, StateError> {
    read(state, FILE)
}

/// The key that is to be the next, nothing if there is none.
///
/// # Errors
/// As [`load`].
pub fn load_next(state: &StateDir) -> Result<Option<AgentKey>, StateError> {
    read(state, NEXT)
}

fn read(state: &StateDir, file: &str) -> Result<Option<AgentKey>, StateError> {
    let path = state.path(file);
    let text = match fs::read(&path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(StateError::Read { path, source }),
    };
    let mut seed = SecretBox::new(Box::new([0; 32]));
    let read = hex::decode_to_slice(
        text.trim_ascii(),
        secrecy::ExposeSecretMut::expose_secret_mut(&mut seed),
    );
    read.map_err(|_| StateError::Damaged {
        path,
        detail: "not 64 hexadecimal digits".to_owned(),
    })?;
    Ok(Some(AgentKey::from_seed(seed)))
}

/// Makes a new key and keeps it.
///
/// # Errors
/// No randomness, or the file could not be written.
pub fn create(state: &StateDir) -> Result<AgentKey, StateError> {
    make(state, FILE)
}

/// Makes the key that is to be the next and keeps it beside the agent's own.
///
/// # Errors
/// As [`create`].
pub fn create_next(state: &StateDir) -> Result<AgentKey, StateError> {
    make(state, NEXT)
}

/// Puts the next key in the place of the agent's own, whole or not at all, and returns it.
///
/// # Errors
/// There is none, or it could not be put there.
pub fn promote_next(state: &StateDir) -> Result<AgentKey, StateError> {
    let (from, to) = (state.path(NEXT), state.path(FILE));
    let moved = fs::rename(from, &to).and_then(|()| match to.parent() {
        Some(folder) => service::platform::sync_folder(folder),
        None => Ok(()),
    });
    moved.map_err(|source| StateError::Write {
        path: to.clone(),
        source,
    })?;
    load(state)?.ok_or(StateError::NotEnrolled(to))
}

fn make(state: &StateDir, file: &str) -> Result<AgentKey, StateError> {
    let path = state.path(file);
    let mut seed = SecretBox::new(Box::new([0; 32]));
    getrandom::fill(secrecy::ExposeSecretMut::expose_secret_mut(&mut seed)).map_err(|error| {
        StateError::Write {
            path: path.clone(),
            source: io::Error::other(error.to_string()),
        }
    })?;
    let key = AgentKey::from_seed(seed);
    store(&path, &key).map_err(|source| StateError::Write { path, source })?;
    Ok(key)
}

fn store(path: &Path, key: &AgentKey) -> io::Result<()> {
    let text = Zeroizing::new(hex::encode(key.seed().expose_secret()));
    write_durably(path, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_comes_back_and_only_its_owner_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::open(folder.path()).unwrap();
        assert!(load(&state).unwrap().is_none());
        let key = create(&state).unwrap();
        let again = load(&state).unwrap().unwrap();
        assert_eq!(again.public().to_base64url(), key.public().to_base64url());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(state.path(FILE)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        // The next one waits beside it, and takes its place whole.
        assert!(load_next(&state).unwrap().is_none());
        assert!(promote_next(&state).is_err());
        let next = create_next(&state).unwrap();
        let kept = load(&state).unwrap().unwrap();
        assert_eq!(kept.public().to_base64url(), key.public().to_base64url());
        let promoted = promote_next(&state).unwrap();
        assert_eq!(
            promoted.public().to_base64url(),
            next.public().to_base64url()
        );
        assert!(load_next(&state).unwrap().is_none());
        fs::write(state.path(FILE), "not a key").unwrap();
        assert!(matches!(load(&state), Err(StateError::Damaged { .. })));
    }
}
