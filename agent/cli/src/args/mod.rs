//! The command line.

mod feeds;
mod output;
mod remote;
mod scan;

use clap::{Parser, Subcommand, ValueEnum};

pub use self::{
    feeds::{
        FeedsBuildArgs, FeedsBundleArgs, FeedsCommand, FeedsFolderArgs, FeedsImportArgs,
        FeedsKeyCommand, FeedsKeyNewArgs, FeedsKeyShowArgs, FeedsListArgs, FeedsShowArgs,
        FeedsStatusArgs, FeedsUpdateArgs,
    },
    output::{Destination, InvalidDestination, OutputArgs, ReportForm},
    remote::{SeverityArg, VulnerabilitiesArgs},
    scan::{AdvisoryArgs, GateArgs, ReadingArgs, ScanArgs, SourceArgs},
};

const EXIT_CODES: &str = "\
Exit codes:
  0  done; vulnerabilities may have been found, and no policy was violated
  1  a policy (--fail-on, --policy, --server) is violated; findings without a policy never give it
  2  the command line or the input cannot be used
  3  a service (container engine, Bulkhead server) cannot be reached
  4  not fully scanned: something that matters could not be read, the operating system is unknown or
     unsupported, its release is past its support, or no advisories are loaded for it. The report is
     written all the same and says what is missing; it must not be taken for clean. A violated policy
     gives 1 all the same, and a policy may allow gaps
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
    Scan(Box<ScanArgs>),
    /// Get advisories, say how old they are, compile them, or carry them to a site without internet.
    #[command(subcommand)]
    Feeds(FeedsCommand),
    /// List the vulnerabilities of the whole estate from a server, the highest risk first.
    Vulnerabilities(VulnerabilitiesArgs),
}

/// The forms of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// For machines.
    Json,
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
