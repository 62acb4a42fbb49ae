//! `bulkhead feeds show`: what a compiled folder holds.

use schemas::Timestamp;

use super::{is_compiled, open_compiled};
use crate::{
    args::FeedsShowArgs,
    exit::{Exit, Failure, Outcome},
    output::{self, Look},
    table,
};

/// Prints feeds and shards.
pub(super) fn run(args: &FeedsShowArgs, now: Timestamp) -> Outcome {
    if !is_compiled(&args.folder) {
        let error = anyhow::anyhow!("{} holds no compiled advisories", args.folder.display());
        return Err(Failure::input(error).advise(format!(
            "compile its documents: bulkhead feeds build --from {} --to DIR",
            args.folder.display()
        )));
    }
    let shards = open_compiled(&args.folder)?;
    let text = table::render_feeds(shards.manifest(), now, Look::of(None));
    output::write(None, text.as_bytes())?;
    Ok(Exit::Pass)
}
