//! Advisories: feed documents are recognised and compiled to shards, installed versions are matched against them, and
//! every finding says which row, range and comparison it rests on.
//!
//! The way of the data: [`build`] reads documents through the [`feeds`] into [`row`]s and writes [`shards`];
//! [`matching`] judges an inventory by them with the orders of [`version`] and, for Windows, by build in [`windows`];
//! [`diff`] tells what changed between two generations.

pub mod build;
pub mod cvss;
pub mod diff;
pub mod feeds;
pub mod matching;
pub mod row;
pub mod severity;
pub mod shards;
pub mod version;
pub mod windows;

pub use build::{
    BuildError, BuildOptions, BuildReport, DocumentError, Source, Survey, build, survey,
};
pub use diff::{ShardChange, diff};
pub use matching::{
    LeftOut, MatchOptions, MatchResult, ShardUse, match_inventory, match_inventory_with,
};
pub use shards::{Manifest, ShardError, ShardSet};
