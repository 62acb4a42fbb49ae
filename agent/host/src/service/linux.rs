//! Linux: signals, and folders that only their owner may enter.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use tokio::signal::unix::{SignalKind, signal};

use super::Stopper;

/// Where the agent keeps its files unless it is told otherwise.
pub fn default_state_dir() -> PathBuf {
    PathBuf::from("/var/lib/bulkhead-agent")
}

/// Makes a folder that only its owner may enter, or uses the one that is there unless others may write to it.
///
/// # Errors
/// As the system says; `PermissionDenied` for a folder that others may write to.
pub fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    let mode = fs::metadata(path)?.permissions().mode();
    if mode & 0o022 != 0 {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "others may write to it: `chmod go-w` it, or name another folder",
        ));
    }
    Ok(())
}

/// Makes an empty file that only its owner may read.
///
/// # Errors
/// As the system says.
pub fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
}

/// Makes the names in a folder durable.
///
/// # Errors
/// As the system says.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    File::open(path)?.sync_all()
}

/// Stops on SIGTERM and SIGINT. Has to be called within a runtime.
///
/// # Errors
/// The signals could not be caught.
pub fn stop_on_signals(stopper: Stopper) -> io::Result<()> {
    let mut term = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        stopper.stop();
    });
    Ok(())
}

/// Whether the process is a service that its manager drives. On Linux a service is an ordinary process.
///
/// # Errors
/// Never on Linux.
pub fn run_as_service(_run: fn(super::Stop) -> i32) -> io::Result<bool> {
    Ok(false)
}
