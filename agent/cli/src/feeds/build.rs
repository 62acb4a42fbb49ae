//! `bulkhead feeds build`: documents to shards, with a row for each feed.

use std::path::Path;

use advisories::{BuildOptions, BuildReport, Source, shards::Manifest};
use anyhow::Context;
use schemas::Timestamp;

use super::{is_compiled, nothing_recognised, open_compiled, threads};
use crate::{
    args::FeedsBuildArgs,
    exit::{Exit, Failure, Outcome},
    output::{self, Look},
    progress::Progress,
    table,
};

/// Compiles, and prints what came of it.
pub(super) fn run(args: &FeedsBuildArgs, now: Timestamp) -> Outcome {
    check(args)?;
    let progress = Progress::new();
    progress.step(format!("compiling {}", args.from.display()));
    // What cannot be used of the new documents stays as it was.
    let previous = if is_compiled(&args.to) {
        open_compiled(&args.to).ok()
    } else {
        None
    };
    let report = compile(&args.from, &args.to, previous.as_ref());
    progress.done();
    let report = report?;
    if report.manifest.feeds.is_empty() {
        return Err(nothing_recognised(&args.from));
    }
    remove_stale(&args.to, &report.manifest);
    let text = table::render_build(&report, now, Look::of(None));
    output::write(None, text.as_bytes())?;
    let unusable = report.errors.iter().any(|error| error.unusable);
    Ok(if args.strict && unusable {
        Exit::NotFullyScanned
    } else {
        Exit::Pass
    })
}

/// Compiles a folder of documents into another.
pub(super) fn compile(
    from: &Path,
    to: &Path,
    previous: Option<&advisories::ShardSet>,
) -> Result<BuildReport, Failure> {
    let options = BuildOptions {
        threads: threads(),
        previous,
    };
    advisories::build::build(Source::Folder(from), to, &options)
        .with_context(|| format!("compile the advisories in {}", from.display()))
        .map_err(Failure::input)
}

fn check(args: &FeedsBuildArgs) -> Result<(), Failure> {
    let (from, to) = (&args.from, &args.to);
    let refuse =
        |what: String, advice: &str| Err(Failure::input(anyhow::anyhow!(what)).advise(advice));
    if !from.is_dir() {
        return refuse(
            format!("--from {}: there is no such folder", from.display()),
            "name a folder of documents",
        );
    }
    if !to.exists() {
        std::fs::create_dir_all(to)
            .with_context(|| format!("make folder {}", to.display()))
            .map_err(Failure::input)?;
    }
    let listed = std::fs::read_dir(to)
        .with_context(|| format!("--to {}", to.display()))
        .map_err(Failure::input)?;
    if !is_compiled(to) && listed.count() > 0 {
        return refuse(
            format!("--to {}: the folder holds other things", to.display()),
            "name a new or empty folder, or one that was compiled before",
        );
    }
    let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if real(to).starts_with(real(from)) {
        return refuse(
            format!("--to {} lies in --from {}", to.display(), from.display()),
            "name a folder elsewhere: what is compiled would be read as documents the next time",
        );
    }
    Ok(())
}

/// Takes away shards that no manifest names any more. One that cannot be removed does no harm.
pub(super) fn remove_stale(folder: &Path, manifest: &Manifest) {
    let Ok(listed) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in listed.flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let used = manifest.shards.iter().any(|shard| shard.file == name);
        if !used && name.ends_with(".shard") {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
