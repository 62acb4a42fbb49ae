//! `bulkhead feeds`: its commands and options.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `bulkhead feeds`.
#[derive(Debug, Subcommand)]
pub enum FeedsCommand {
    /// Compile a folder of documents (MSRC, Debian, Alpine, OSV, KEV, EPSS, CVSS/SSVC) for fast scans.
    ///
    /// Documents are recognised by what they say, not by their names; .zst, .gz, .zip and .tar are read as they are.
    /// A document that is cut, empty or damaged is named, and what it gave the time before stays in use.
    Build(FeedsBuildArgs),
    /// Show what a compiled folder holds.
    Show(FeedsShowArgs),
}

/// `bulkhead feeds build`.
#[derive(Debug, Args)]
pub struct FeedsBuildArgs {
    /// Folder of documents.
    #[arg(long, value_name = "DIR")]
    pub from: PathBuf,
    /// Folder to write to: new, empty, or compiled before, in which case it is replaced.
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// End with exit code 4 when a document of a known feed could not be used; otherwise it is named, and what could be
    /// used is compiled.
    #[arg(long)]
    pub strict: bool,
}

/// `bulkhead feeds show`.
#[derive(Debug, Args)]
pub struct FeedsShowArgs {
    /// The compiled folder.
    #[arg(value_name = "DIR", env = "BULKHEAD_FEEDS")]
    pub folder: PathBuf,
}
