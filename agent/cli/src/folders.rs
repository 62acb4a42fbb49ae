//! Where this program keeps what it may make anew, and what it downloaded.

use std::path::PathBuf;

/// A folder of this program in the user's cache, nothing when the user has none. Source: XDG base directory
/// specification; `LOCALAPPDATA` on Windows.
pub fn cache(name: &str) -> Option<PathBuf> {
    let base = if cfg!(windows) {
        set("LOCALAPPDATA")
    } else {
        set("XDG_CACHE_HOME")
            .filter(|path| path.is_absolute())
            .or_else(|| set("HOME").map(|home| home.join(".cache")))
    }?;
    Some(base.join("bulkhead").join(name))
}

/// A folder of this program in the user's data, nothing when the user has none. Source: XDG base directory specification;
/// `LOCALAPPDATA` on Windows, whose folders lie beside those of the cache.
pub fn data(name: &str) -> Option<PathBuf> {
    let base = if cfg!(windows) {
        set("LOCALAPPDATA")
    } else {
        set("XDG_DATA_HOME")
            .filter(|path| path.is_absolute())
            .or_else(|| set("HOME").map(|home| home.join(".local").join("share")))
    }?;
    Some(base.join("bulkhead").join(name))
}

/// A path that the environment names.
fn set(name: &str) -> Option<PathBuf> {
    std::env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}
