//! `bulkhead feeds`: its commands and options.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Format;

/// `bulkhead feeds`.
#[derive(Debug, Subcommand)]
pub enum FeedsCommand {
    /// Download what changed of the advisories, and compile it for scans.
    ///
    /// Every publisher is asked only for what changed. A document that is cut, wrong or lost more than a tenth of its
    /// rows never replaces the one before; it is named, and all others go on.
    Update(FeedsUpdateArgs),
    /// Say of each feed how old it is, what it holds and what went wrong.
    Status(FeedsStatusArgs),
    /// List the feeds that can be downloaded.
    List(FeedsListArgs),
    /// Write the compiled advisories to one signed file, for a site without internet.
    Bundle(FeedsBundleArgs),
    /// Take a signed file of advisories into use.
    ///
    /// Its signature, the hash of every file in it and its age are checked before anything of it is used.
    Import(FeedsImportArgs),
    /// Keys that bundles are signed with.
    #[command(subcommand)]
    Key(FeedsKeyCommand),
    /// Compile a folder of documents, of your own or downloaded by other means, for fast scans.
    ///
    /// Documents are recognised by what they say, not by their names; .zst, .gz, .bz2, .xz, .zip and .tar, and one in
    /// another, are read as they are. A document that is cut, empty or damaged is named, and what it gave the time
    /// before stays in use.
    Build(FeedsBuildArgs),
    /// Show what a compiled folder holds.
    Show(FeedsShowArgs),
}

/// The folder of feeds.
#[derive(Clone, Debug, Args)]
pub struct FeedsFolderArgs {
    /// Folder of feeds [default: the user's data folder].
    #[arg(long, value_name = "DIR", env = "BULKHEAD_FEEDS")]
    pub dir: Option<PathBuf>,
}

/// `bulkhead feeds update`.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes:
  0  every feed is as its publisher has it
  2  the command line or the folder cannot be used
  3  a feed could not be had; what was there before stays in use, and the others were updated
  4  a document was held back because it shrank, or could not be compiled")]
pub struct FeedsUpdateArgs {
    /// The folder.
    #[command(flatten)]
    pub folder: FeedsFolderArgs,
    /// Only this feed; may be repeated, and `all` names every one of `bulkhead feeds list`.
    #[arg(long = "feed", value_name = "NAME")]
    pub feeds: Vec<String>,
    /// Take what was held back of this feed because it shrank; may be repeated.
    #[arg(long, value_name = "FEED")]
    pub accept_shrunk: Vec<String>,
    /// Proxy for every request [default: HTTPS_PROXY and NO_PROXY of the environment].
    #[arg(long, value_name = "URL")]
    pub proxy: Option<String>,
    /// Ask for https://HOST/PATH at URL/HOST/PATH: a mirror or caching proxy of your own.
    #[arg(long, value_name = "URL", env = "BULKHEAD_FEEDS_MIRROR")]
    pub mirror: Option<String>,
    /// File of certificate authorities (PEM) to trust beside the built-in ones.
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// Download, and do not compile.
    #[arg(long)]
    pub download_only: bool,
    /// Form of the result.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
}

/// `bulkhead feeds status`.
#[derive(Debug, Args)]
pub struct FeedsStatusArgs {
    /// The folder.
    #[command(flatten)]
    pub folder: FeedsFolderArgs,
    /// As JSON, for machines.
    #[arg(long)]
    pub json: bool,
    /// End with exit code 4 when a feed was not asked for without an error for so many days.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub max_feed_age: Option<u32>,
}

/// `bulkhead feeds list`.
#[derive(Debug, Args)]
pub struct FeedsListArgs {}

/// `bulkhead feeds bundle`.
#[derive(Debug, Args)]
pub struct FeedsBundleArgs {
    /// File to write; it appears whole or not at all.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// File of the secret key to sign with, made by `bulkhead feeds key new`.
    #[arg(long, value_name = "KEYFILE")]
    pub key: PathBuf,
    /// The folder, of feeds or compiled.
    #[command(flatten)]
    pub folder: FeedsFolderArgs,
}

/// `bulkhead feeds import`.
#[derive(Debug, Args)]
pub struct FeedsImportArgs {
    /// The bundle.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The public key that it must be signed with, or a file that holds it.
    // One key of 64 begins with a hyphen.
    #[arg(long, value_name = "PUB", allow_hyphen_values = true)]
    pub key: String,
    /// Take it even if its advisories are older than those in use.
    #[arg(long)]
    pub allow_older: bool,
    /// The folder.
    #[command(flatten)]
    pub folder: FeedsFolderArgs,
}

/// `bulkhead feeds key`.
#[derive(Debug, Subcommand)]
pub enum FeedsKeyCommand {
    /// Make a key: the secret half goes to a file, the public half is printed.
    New(FeedsKeyNewArgs),
    /// Print the public half of a key.
    Show(FeedsKeyShowArgs),
}

/// `bulkhead feeds key new`.
#[derive(Debug, Args)]
pub struct FeedsKeyNewArgs {
    /// File for the secret key; one that is there is never replaced.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// `bulkhead feeds key show`.
#[derive(Debug, Args)]
pub struct FeedsKeyShowArgs {
    /// File of the secret key.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// `bulkhead feeds build`.
#[derive(Debug, Args)]
#[command(after_help = "\
Documents that are recognised, by the names that `bulkhead feeds show` gives them:
  Windows          msrc-cvrf (XML and JSON), msrc-csaf, windows-update-history, dotnet-releases
  Debian, Ubuntu   debian-tracker, ubuntu-tracker, ubuntu-oval
  Alpine           alpine-secdb, also of Wolfi and Chainguard
  Red Hat          redhat-csaf (advisories and VEX)
  AlmaLinux        almalinux-errata, updateinfo
  Rocky Linux      rocky-errata, updateinfo
  Oracle, Amazon   oracle-oval, updateinfo
  SUSE, openSUSE   suse-csaf, suse-oval
  Azure Linux      azurelinux-oval
  Photon OS        photon, photon-oval
  Languages        osv, rustsec, ruby-advisory-db, friends-of-php, nodejs-security
  Vulnerabilities  nvd, cve-record (also Vulnrichment), cvss-ssvc, epss
  Exploits         cisa-kev, exploit-db, metasploit, nuclei, exploit-counts")]
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

#[cfg(test)]
mod tests {
    use clap::{Args as _, Command};

    use super::*;

    #[test]
    fn help_names_every_feed_that_can_be_compiled() {
        let command = FeedsBuildArgs::augment_args(Command::new("build"));
        let help = command.get_after_help().unwrap().to_string();
        let named: Vec<&str> = help.split([' ', ',', '\n', '(', ')']).collect();
        for feed in advisories::feeds::FEEDS {
            assert!(named.contains(&feed.name()), "{}", feed.name());
        }
    }
}
