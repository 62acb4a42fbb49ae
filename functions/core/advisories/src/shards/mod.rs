//! Compiled advisories: one file (shard) for each ecosystem and release, and one for facts about vulnerabilities, so
//! that a reader loads only what a place needs.
//!
//! A shard is a header, pages and a directory, see [`format`](mod@format). A generation is a folder of shards with a
//! `manifest.json` that names them; files are written once under a name that tells their content, and are never
//! changed, so that a reader of the old generation is undisturbed while the next one is published.

pub(crate) mod codec;
pub mod format;
pub mod manifest;
pub mod map;
pub mod set;
pub mod shard;

pub use manifest::{DocumentState, FeedState, Manifest, ShardInfo, ShardKind};
pub use map::ShardRead;
pub use set::{ShardSet, ShardsRead};
pub use shard::Shard;

/// Name of the manifest in a folder of shards.
pub const MANIFEST_NAME: &str = "manifest.json";

/// Key of the shard of facts about vulnerabilities.
pub const INTEL: &str = "intel";

/// Why shards cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ShardError {
    /// The file could not be opened or read.
    #[error("reading {file} failed")]
    Read {
        /// The shard's file, or the manifest.
        file: String,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The manifest is not JSON of the expected form.
    #[error("the manifest is malformed")]
    Manifest(#[source] serde_json::Error),
    /// The manifest or a shard was written in a form that this version does not read.
    #[error("{file} has form {found}, and {known} is read")]
    OtherVersion {
        /// The shard's file, or the manifest.
        file: String,
        /// Its form.
        found: u32,
        /// The form known here.
        known: u32,
    },
    /// The file is damaged: it is not a shard, is cut, or its checksum is wrong.
    #[error("{file} is damaged: {what}; build the feeds again")]
    Corrupt {
        /// The shard's file.
        file: String,
        /// What is wrong with it.
        what: &'static str,
    },
}
