//! Documents compiled once and kept in the user's cache until their listing changes.

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use anyhow::Context;
use sha2::{Digest, Sha256};

use super::{Opened, build::compile, is_compiled, nothing_recognised, open_compiled};
use crate::{
    exit::Failure,
    folders, output,
    progress::Progress,
    text::{count, plain},
};

/// Most files whose names, sizes and times make up the key.
const MAX_FILES: usize = 1_000_000;
/// Depth of folders.
const MAX_DEPTH: usize = 32;
/// Age at which what another run left behind is taken away; a younger one may be at work.
const STALE_AFTER: Duration = Duration::from_secs(3600);

/// Opens what was compiled from the documents as they are now, compiling it first where needed.
pub(super) fn open(folder: &Path, progress: &Progress) -> Result<Opened, Failure> {
    let listing = listing(folder)
        .with_context(|| format!("list {}", folder.display()))
        .map_err(Failure::input)?;
    if listing.files == 0 {
        return Err(nothing_recognised(folder));
    }
    let Some(cache) = folders::cache("feeds") else {
        // Without a home there is nothing to keep it in.
        let place = tempfile::tempdir()
            .context("make a folder for the compiled advisories")
            .map_err(Failure::input)?;
        build(folder, place.path(), progress)?;
        return Ok(Opened {
            shards: open_compiled(place.path())?,
            too_old: None,
            _folder: Some(place),
        });
    };
    let place = cache.join(&listing.key);
    if !is_compiled(&place) {
        fs::create_dir_all(&cache)
            .with_context(|| format!("make folder {}", cache.display()))
            .map_err(Failure::input)?;
        let part = tempfile::Builder::new()
            .prefix(&format!("{}.part-", listing.source))
            .tempdir_in(&cache)
            .with_context(|| format!("make a folder in {}", cache.display()))
            .map_err(Failure::input)?;
        build(folder, part.path(), progress)?;
        let made = part.keep();
        // Another run may have been quicker; what it made is the same.
        if fs::rename(&made, &place).is_err() {
            if is_compiled(&place) {
                let _ = fs::remove_dir_all(&made);
            } else {
                return open_compiled(&made).map(Opened::from);
            }
        }
        prune(&cache, &listing);
    }
    open_compiled(&place).map(Opened::from)
}

fn build(from: &Path, to: &Path, progress: &Progress) -> Result<(), Failure> {
    progress.step(format!(
        "compiling the advisories in {} (once)",
        from.display()
    ));
    let report = compile(from, to, None)?;
    if report.manifest.feeds.is_empty() {
        return Err(nothing_recognised(from));
    }
    let unusable = report.errors.iter().filter(|error| error.unusable).count();
    if unusable > 0 {
        output::tell(&format!(
            "bulkhead: {} in {} cannot be used; `bulkhead feeds build` names them\n",
            count(unusable, "document", "documents"),
            plain(&from.display().to_string()),
        ));
    }
    Ok(())
}

/// What tells whether documents are still those that were compiled.
struct Listing {
    /// Which folder, as a name.
    source: String,
    /// Which folder with which content, as a name.
    key: String,
    files: usize,
}

fn listing(folder: &Path) -> std::io::Result<Listing> {
    let mut lines = Vec::new();
    walk(folder, folder, 0, &mut lines)?;
    lines.sort_unstable();
    let mut content = Sha256::new();
    // Another build of this program may read the same documents better.
    content.update(env!("CARGO_PKG_VERSION"));
    if let Ok(facts) = std::env::current_exe().and_then(fs::metadata) {
        content.update(facts.len().to_le_bytes());
        content.update(since_epoch(&facts).to_le_bytes());
    }
    for line in &lines {
        content.update(line.as_bytes());
        content.update([0]);
    }
    let real = fs::canonicalize(folder)?;
    let source = short(&Sha256::digest(real.as_os_str().as_encoded_bytes()));
    Ok(Listing {
        key: format!("{source}-{}", short(&content.finalize())),
        source,
        files: lines.len(),
    })
}

fn short(digest: &[u8]) -> String {
    hex::encode(digest.get(..12).unwrap_or(digest))
}

fn since_epoch(facts: &fs::Metadata) -> u128 {
    facts
        .modified()
        .ok()
        .and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok())
        .map_or(0, |age| age.as_nanos())
}

fn walk(root: &Path, folder: &Path, depth: usize, lines: &mut Vec<String>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let Ok(facts) = fs::metadata(&path) else {
            continue;
        };
        if facts.is_dir() {
            if depth < MAX_DEPTH {
                walk(root, &path, depth + 1, lines)?;
            }
        } else if lines.len() < MAX_FILES {
            let name = path.strip_prefix(root).unwrap_or(&path);
            lines.push(format!(
                "{}\t{}\t{}",
                hex::encode(name.as_os_str().as_encoded_bytes()),
                facts.len(),
                since_epoch(&facts)
            ));
        }
    }
    Ok(())
}

/// Takes away what was compiled from earlier contents of the same folder.
fn prune(cache: &Path, current: &Listing) {
    let Ok(listed) = fs::read_dir(cache) else {
        return;
    };
    for entry in listed.flatten() {
        let name = entry.file_name();
        let of_source = name
            .to_str()
            .is_some_and(|name| name.starts_with(&current.source) && name != current.key);
        let old = entry
            .metadata()
            .and_then(|facts| facts.modified())
            .ok()
            .and_then(|time| time.elapsed().ok())
            .is_some_and(|age| age > STALE_AFTER);
        if of_source && old {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_follows_the_listing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.json");
        fs::write(&file, "{}").unwrap();
        let first = listing(folder.path()).unwrap();
        assert_eq!(first.key, listing(folder.path()).unwrap().key);
        fs::write(folder.path().join("b.json"), "{}").unwrap();
        let second = listing(folder.path()).unwrap();
        assert_ne!(first.key, second.key);
        assert_eq!(first.source, second.source);
        assert_eq!(second.files, 2);
    }
}
