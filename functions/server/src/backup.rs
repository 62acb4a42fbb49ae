//! Backups of the store, by the command line.

use std::{path::PathBuf, time::Instant};

use platform::{
    Clock as _, SystemClock,
    backup::{self, BackupError, Manifest},
};
use serde_json::json;

use crate::{ServerError, people::print_json};

/// Copies the store and says what is in the copy.
pub(crate) async fn back_up(data: PathBuf, to: PathBuf) -> Result<(), ServerError> {
    let now_ms = SystemClock.now_ms();
    say(move || backup::back_up(&data, &to, env!("CARGO_PKG_VERSION"), now_ms)).await
}

/// Reads a backup and says what is in it.
pub(crate) async fn verify(folder: PathBuf) -> Result<(), ServerError> {
    say(move || backup::verify(&folder)).await
}

/// Puts a backup back and says what was in it.
pub(crate) async fn restore(from: PathBuf, data: PathBuf) -> Result<(), ServerError> {
    say(move || backup::restore(&from, &data)).await
}

async fn say(
    work: impl FnOnce() -> Result<Manifest, BackupError> + Send + 'static,
) -> Result<(), ServerError> {
    let begun = Instant::now();
    let manifest = tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| ServerError::Stopped)?
        .map_err(ServerError::Backup)?;
    print_json(&json!({
        "software": manifest.software,
        "made_at_ms": manifest.made_at_ms,
        "records": manifest.items,
        "messages": manifest.messages,
        "blobs": manifest.blobs,
        "blob_bytes": manifest.blob_bytes,
        "keys": manifest.keys.len(),
        "took_ms": u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
    }))
}
