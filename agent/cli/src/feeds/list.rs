//! `bulkhead feeds list`: the feeds that can be downloaded.

use crate::{
    exit::{Exit, Outcome},
    output::{self, Look},
    table,
};

/// Prints the catalogue.
pub(super) fn run() -> Outcome {
    let text = table::render_catalogue(Look::of(None));
    output::write(None, text.as_bytes())?;
    Ok(Exit::Pass)
}
