//! Commands that ask a server.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Format;

/// `bulkhead vulnerabilities`.
#[derive(Debug, Args)]
#[command(after_help = "\
A token or a password is never an argument, because arguments can be seen by every user of the machine.
Give a token or an API key by --token-file or BULKHEAD_TOKEN, or sign in with --user and --password-file. In a job of
GitHub, GitLab or Azure DevOps that the server trusts, the job's own token is exchanged: see the README.
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
