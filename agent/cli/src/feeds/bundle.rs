//! `bulkhead feeds bundle` and `feeds import`: compiled advisories in one signed file.

use std::{fs, io::BufWriter, path::Path};

use advisories::{Manifest, shards::MANIFEST_NAME};
use anyhow::Context;
use indicatif::HumanBytes;
use schemas::Timestamp;
use sources::feeds::{Built, FeedFolder, bundle};

use super::{build::remove_stale, folder, is_compiled, key, open_compiled, update::how_to_fill};
use crate::{
    args::{FeedsBundleArgs, FeedsImportArgs},
    exit::{Exit, Failure, Outcome},
    output,
    progress::Progress,
    text::{count, plain},
};

/// Writes a bundle.
pub(super) fn write(args: &FeedsBundleArgs, now: Timestamp) -> Outcome {
    output::check(&args.file)?;
    let key = key::secret(&args.key)?;
    let named = args.folder.dir.as_deref().filter(|dir| is_compiled(dir));
    let compiled = match named {
        Some(compiled) => compiled.to_owned(),
        None => folder::compiled(&folder::of(&args.folder)?),
    };
    if !is_compiled(&compiled) {
        let error = anyhow::anyhow!("there are no compiled advisories in {}", compiled.display());
        return Err(Failure::input(error).advise(how_to_fill(&compiled)));
    }
    let progress = Progress::new();
    progress.step(format!("writing {}", args.file.display()));
    let written = write_file(&args.file, |out| bundle::write(&compiled, out, &key, now));
    progress.done();
    let head = written
        .with_context(|| format!("write {}", args.file.display()))
        .map_err(Failure::input)?;
    let size = fs::metadata(&args.file).map_or(0, |about| about.len());
    output::write(
        None,
        format!(
            "{}: {}, generation {}, {}\n",
            plain(&args.file.display().to_string()),
            count(head.files.len(), "file", "files"),
            plain(&head.generation),
            HumanBytes(size)
        )
        .as_bytes(),
    )?;
    Ok(Exit::Pass)
}

/// Writes a file that appears whole or not at all.
fn write_file<T>(
    file: &Path,
    content: impl FnOnce(&mut BufWriter<fs::File>) -> Result<T, bundle::BundleError>,
) -> anyhow::Result<T> {
    let mut part = file.as_os_str().to_owned();
    part.push(".part");
    let part = Path::new(&part);
    let mut out = BufWriter::new(fs::File::create(part)?);
    let written = content(&mut out)
        .map_err(anyhow::Error::new)
        .and_then(|written| {
            let file = out
                .into_inner()
                .map_err(std::io::IntoInnerError::into_error)?;
            file.sync_all()?;
            Ok(written)
        });
    match written {
        Ok(written) => {
            fs::rename(part, file)?;
            Ok(written)
        }
        Err(error) => {
            let _ = fs::remove_file(part);
            Err(error)
        }
    }
}

/// Takes a bundle into use.
pub(super) fn import(args: &FeedsImportArgs) -> Outcome {
    let key = key::public(&args.key)?;
    let path = folder::of(&args.folder)?;
    let locked = FeedFolder::lock(&path).map_err(Failure::input)?;
    let compiled = folder::compiled(locked.path());
    let installed = match Built::load(&compiled) {
        Ok(built) => built.map(|built| built.built_at),
        // What is damaged is replaced.
        Err(_) => None,
    };
    let file = fs::File::open(&args.file)
        .with_context(|| format!("read {}", args.file.display()))
        .map_err(Failure::input)?;
    let into = tempfile::Builder::new()
        .prefix("import-")
        .tempdir_in(locked.path())
        .with_context(|| format!("make a folder in {}", locked.path().display()))
        .map_err(Failure::input)?;
    let progress = Progress::new();
    progress.step(format!("reading {}", args.file.display()));
    let not_before = installed.filter(|_| !args.allow_older);
    let read = bundle::read(file, &key, not_before, into.path());
    progress.done();
    let head = read.map_err(|error| {
        let advice = match error {
            bundle::BundleError::Older { .. } => Some("take it all the same with --allow-older"),
            bundle::BundleError::Signature => {
                Some("get the bundle from whoever has the key, and check --key")
            }
            bundle::BundleError::Unreadable(_)
            | bundle::BundleError::Malformed(_)
            | bundle::BundleError::Hash { .. } => Some("copy the bundle again"),
            _ => None,
        };
        let failure = Failure::input(
            anyhow::Error::new(error).context(format!("import {}", args.file.display())),
        );
        match advice {
            Some(advice) => failure.advise(advice),
            None => failure,
        }
    })?;
    install(into.path(), &compiled, &head)
        .with_context(|| format!("put the advisories into {}", compiled.display()))
        .map_err(Failure::input)?;
    let shards = open_compiled(&compiled)?;
    output::write(
        None,
        format!(
            "imported {}, generation {}, compiled {}\n",
            count(shards.manifest().shards.len(), "shard", "shards"),
            plain(&head.generation),
            head.built_at.to_string().get(..10).unwrap_or_default(),
        )
        .as_bytes(),
    )?;
    Ok(Exit::Pass)
}

/// Moves what was unpacked into place. Shards have names of their content, so the old generation stays whole until the
/// manifest, which goes last, names the new ones.
fn install(from: &Path, compiled: &Path, head: &bundle::BundleHead) -> anyhow::Result<()> {
    fs::create_dir_all(compiled)?;
    let moved = head
        .files
        .iter()
        .filter(|file| file.name.ends_with(".shard"));
    for file in moved {
        fs::rename(from.join(&file.name), compiled.join(&file.name))?;
    }
    fs::rename(from.join(MANIFEST_NAME), compiled.join(MANIFEST_NAME))?;
    let mut built = Built::load(from)?.unwrap_or_default();
    built.built_at = head.built_at;
    built.bundled_at = Some(head.made_at);
    built.save(compiled)?;
    let manifest = Manifest::parse(&fs::read(compiled.join(MANIFEST_NAME))?)?;
    remove_stale(compiled, &manifest);
    Ok(())
}
