//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::source::Source;

const EXIT_CODES: &str = "\
Exit codes:
  0  done; vulnerabilities may have been found, and no policy was violated
  1  a policy was violated (findings alone never give it)
  2  the command line or the input cannot be used
  3  a service (container engine, Bulkhead server) cannot be reached
  4  not fully scanned: something that matters could not be read, the operating system is unknown or
     unsupported, its release is past its support, or no advisories are loaded for it. The report is
     written all the same and says what is missing; it must not be taken for clean
  5  the time of --timeout is over; nothing was written";

/// Says what is vulnerable in a host or an image, and what to fix first.
#[derive(Debug, Parser)]
#[command(name = "bulkhead", version, about, after_help = EXIT_CODES, max_term_width = 100)]
#[command(arg_required_else_help = true, subcommand_required = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Scan a host, an image or a folder with local advisories.
    Scan(ScanArgs),
    /// Compile advisories, or show what is compiled.
    #[command(subcommand)]
    Feeds(FeedsCommand),
    /// List the vulnerabilities of the whole estate from a server, the highest risk first.
    Vulnerabilities(VulnerabilitiesArgs),
}

/// `bulkhead scan`.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub struct ScanArgs {
    /// What to scan: docker:REF, archive:FILE, oci:DIR[:TAG], dir:PATH, host or inventory:FILE.
    #[arg(
        value_name = "SOURCE",
        long_help = "What to scan:\n  \
            docker:REF       an image of the Docker Engine of DOCKER_HOST\n  \
            archive:FILE     an image in a file, as `docker save` writes it, or an OCI layout as a tar\n  \
            oci:DIR[:TAG]    an image in an OCI layout\n  \
            dir:PATH         a folder that holds a root file system, Linux or Windows\n  \
            host             this machine\n  \
            inventory:FILE   an inventory document (schemas/json/inventory.schema.json)"
    )]
    pub source: Source,
    /// Folder of advisories: compiled by `bulkhead feeds build`, or documents as they were downloaded.
    #[arg(long, value_name = "DIR", env = "BULKHEAD_FEEDS")]
    pub feeds: Option<PathBuf>,
    /// Form of the report.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// File to write the report to; it appears whole or not at all.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Give up after so many seconds, with exit code 5.
    #[arg(long, value_name = "SECS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub timeout: Option<u64>,
}

/// The forms of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// For machines.
    Json,
}

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

/// `bulkhead vulnerabilities`.
#[derive(Debug, Args)]
#[command(after_help = "\
A token or a password is never an argument, because arguments can be seen by every user of the machine.
Give a token by --token-file or BULKHEAD_TOKEN, or sign in with --user and --password-file.
Exit code 4 means that the server has judged nothing yet or has no advisories, so that an empty list proves nothing.")]
pub struct VulnerabilitiesArgs {
    /// Address of the server, such as https://bulkhead.example.org.
    #[arg(long, value_name = "URL", env = "BULKHEAD_SERVER")]
    pub server: String,
    /// File that holds a token.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["user", "password_file"])]
    pub token_file: Option<PathBuf>,
    /// Login name.
    #[arg(long, value_name = "NAME", requires = "password_file")]
    pub user: Option<String>,
    /// File that holds the password of --user.
    #[arg(long, value_name = "FILE", requires = "user")]
    pub password_file: Option<PathBuf>,
    /// Tenant of --user, where the server has several.
    #[arg(long, value_name = "NAME", requires = "user")]
    pub tenant: Option<String>,
    /// Most rows.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub limit: u32,
    /// Only these severities, separated by commas.
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_enum)]
    pub severity: Vec<SeverityArg>,
    /// Only those that are known to be exploited.
    #[arg(long)]
    pub known_exploited: bool,
    /// Only those whose id contains this text.
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
    /// Wait until what was just sent has been worked on: until the list stays the same, at most so many seconds.
    #[arg(long, value_name = "SECS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=86_400))]
    pub wait: u64,
    /// Form of the list.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// File to write the list to; it appears whole or not at all.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Give up after so many seconds, with exit code 5.
    #[arg(long, value_name = "SECS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub timeout: u64,
    /// File of certificate authorities (PEM) to trust beside the built-in ones.
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// Allow a server that is not this machine to be asked without encryption.
    #[arg(long)]
    pub allow_http: bool,
}

/// Severities as the command line names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SeverityArg {
    /// Critical.
    Critical,
    /// High.
    High,
    /// Medium.
    Medium,
    /// Low.
    Low,
    /// Not rated by anybody.
    Unknown,
}

impl SeverityArg {
    /// The word of the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_secret_is_an_argument() {
        for command in Cli::command().get_subcommands() {
            for argument in command.get_arguments() {
                let name = argument.get_id().as_str();
                assert!(
                    !matches!(name, "token" | "password" | "secret"),
                    "{name} of {}",
                    command.get_name()
                );
            }
        }
    }
}
