//! A lake in a folder.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use bytes::Bytes;

use crate::ports::lake::{Lake, LakeError, is_lake_key};

/// The region of what lies on this machine.
const REGION: &str = "local";

/// A folder of the operator's, in which keys are paths.
#[derive(Clone, Debug)]
pub struct FolderLake {
    folder: PathBuf,
}

impl FolderLake {
    /// A lake in a folder, which is made where it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
        })
    }
}

#[async_trait]
impl Lake for FolderLake {
    async fn put(&self, key: &str, body: Bytes) -> Result<(), LakeError> {
        if !is_lake_key(key) {
            return Err(LakeError::Key(key.to_owned()));
        }
        let target = self.folder.join(key);
        let written = tokio::task::spawn_blocking(move || write(&target, &body)).await;
        written
            .map_err(|error| LakeError::Failed(error.into()))?
            .map_err(|error| LakeError::Failed(error.into()))
    }

    fn region(&self) -> &str {
        REGION
    }
}

/// Writes a file as a whole: under another name first, which readers of `*.gz` do not take.
fn write(target: &Path, body: &[u8]) -> io::Result<()> {
    let parent = target.parent().unwrap_or(target);
    fs::create_dir_all(parent)?;
    let mut part = target.as_os_str().to_owned();
    part.push(".part");
    let mut file = fs::File::create(&part)?;
    file.write_all(body)?;
    file.sync_all()?;
    fs::rename(&part, target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_object_is_a_file_and_no_key_leads_out_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let lake = FolderLake::open(&folder.path().join("lake")).unwrap();
        let key = "ocsf/class=2002/day=20261130/a.json.gz";
        for body in ["one", "two"] {
            lake.put(key, Bytes::from(body)).await.unwrap();
        }
        let file = folder.path().join("lake").join(key);
        assert_eq!(fs::read(&file).unwrap(), b"two");
        let beside = fs::read_dir(file.parent().unwrap()).unwrap().count();
        assert_eq!(beside, 1, "nothing half is left");
        for key in [
            "", "/etc/x", "../x", "a/../x", "a//b", "a/.x", "a\\b", "C:/x",
        ] {
            let put = lake.put(key, Bytes::new()).await;
            assert!(matches!(put, Err(LakeError::Key(_))), "{key}");
        }
    }
}
