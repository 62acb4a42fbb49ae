//! `bulkhead scan`: its options, grouped as the help shows them.

use std::path::PathBuf;

use clap::Args;

use super::{EXIT_CODES, Format};
use crate::source::Source;

/// `bulkhead scan`.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub struct ScanArgs {
    /// What is scanned.
    #[command(flatten)]
    pub from: SourceArgs,
    /// How it is read.
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// What it is judged by.
    #[command(flatten)]
    pub advisories: AdvisoryArgs,
    /// When the scan fails.
    #[command(flatten)]
    pub gate: GateArgs,
    /// What is written.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// What is scanned, and how it is reached.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Source")]
pub struct SourceArgs {
    /// What to scan: docker:REF, containerd:REF, archive:FILE, oci:DIR[:TAG], dir:PATH, host or inventory:FILE.
    #[arg(
        value_name = "SOURCE",
        long_help = "What to scan:\n  \
            docker:REF       an image of the Docker Engine of DOCKER_HOST\n  \
            containerd:REF   an image in containerd's own store on this disk; its daemon need not run\n  \
            archive:FILE     an image in a file, as `docker save` writes it, or an OCI layout as a tar\n  \
            oci:DIR[:TAG]    an image in an OCI layout\n  \
            dir:PATH         a folder that holds a root file system, Linux or Windows\n  \
            host             this machine\n  \
            inventory:FILE   an inventory document (schemas/json/inventory.schema.json)"
    )]
    pub source: Source,
    /// Folder that containerd keeps its images in [default: /var/lib/containerd, or where Windows has it].
    #[arg(long, value_name = "DIR")]
    pub containerd_root: Option<PathBuf>,
    /// Namespace of containerd, such as k8s.io [default: the one that has the image].
    #[arg(long, value_name = "NAME")]
    pub containerd_namespace: Option<String>,
}

/// How it is read.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Reading")]
pub struct ReadingArgs {
    /// Read every layer anew, and keep nothing for the next scan.
    #[arg(long, conflicts_with_all = ["cache_dir", "cache_mb"])]
    pub no_cache: bool,
    /// Folder that what layers contain is kept in, so that no layer is read twice [default: the user's cache folder].
    #[arg(long, value_name = "DIR", env = "BULKHEAD_CACHE")]
    pub cache_dir: Option<PathBuf>,
    /// What that folder may take on disk, in MB; what was not used for longest goes first.
    #[arg(long, value_name = "MB", default_value_t = 1024, value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    pub cache_mb: u64,
    /// Layers that are read at once [default: one per processor, at most 4].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub threads: Option<u8>,
    /// Give up after so many seconds, with exit code 5.
    #[arg(long, value_name = "SECS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub timeout: Option<u64>,
}

/// What it is judged by.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Advisories")]
pub struct AdvisoryArgs {
    /// Folder of advisories: compiled by `bulkhead feeds build`, or documents as they were downloaded.
    #[arg(long, value_name = "DIR", env = "BULKHEAD_FEEDS")]
    pub feeds: Option<PathBuf>,
}

/// When the scan fails.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Gate")]
pub struct GateArgs {}

/// What is written.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// Form of the report.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// File to write the report to; it appears whole or not at all.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}
