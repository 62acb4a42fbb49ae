//! `bulkhead scan`: its options, grouped as the help shows them.

use std::path::PathBuf;

use clap::Args;

use super::{EXIT_CODES, OutputArgs};
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
    /// What to scan: registry:REF, docker:REF, containerd:REF, archive:FILE, oci:DIR[:TAG], dir:PATH, host or
    /// inventory:FILE.
    #[arg(
        value_name = "SOURCE",
        long_help = "What to scan:\n  \
            registry:REF     an image in a registry: [HOST[:PORT]/]REPOSITORY[:TAG][@sha256:HEX]\n  \
            docker:REF       an image of the Docker Engine of --docker-host\n  \
            containerd:REF   an image in containerd's own store on this disk; its daemon need not run\n  \
            archive:FILE     an image in a file, as `docker save` writes it, or an OCI layout as a tar\n  \
            oci:DIR[:TAG]    an image in an OCI layout\n  \
            dir:PATH         a folder: a root file system, Linux or Windows, or an application with its lock files\n  \
            host             this machine\n  \
            sbom:FILE        an SBOM: CycloneDX 1.0 to 1.6 (JSON, XML) or SPDX 2 (JSON, tags and values)\n  \
            inventory:FILE   an inventory document (schemas/json/inventory.schema.json)"
    )]
    pub source: Source,
    /// Folder that containerd keeps its images in [default: /var/lib/containerd, or where Windows has it].
    #[arg(long, value_name = "DIR")]
    pub containerd_root: Option<PathBuf>,
    /// Namespace of containerd, such as k8s.io [default: the one that has the image].
    #[arg(long, value_name = "NAME")]
    pub containerd_namespace: Option<String>,
    /// Platform of the image, OS/ARCH[/VARIANT][:OS_VERSION], such as windows/amd64:10.0.20348.
    ///
    /// Without it, and where an image has several: never between Linux and Windows; of Linux the one of this machine's
    /// architecture; of Windows the newest long-term line (2025, 2022, 2019, 2016) and of that the newest build. What
    /// was not chosen is listed on standard error.
    #[arg(long, value_name = "PLATFORM", value_parser = platform)]
    pub platform: Option<String>,
    /// User name for the registry; without it the credentials of Docker, Podman and their helpers are used.
    #[arg(
        long,
        value_name = "NAME",
        env = "BULKHEAD_REGISTRY_USERNAME",
        long_help = "User name for the registry, with the password on standard input or in \
            BULKHEAD_REGISTRY_PASSWORD. Without it the credentials of Docker and Podman are used: config.json \
            ($DOCKER_CONFIG, ~/.docker), auth.json ($REGISTRY_AUTH_FILE, containers/), and credential helpers \
            (ECR, ACR, Google and others).\n\n\
            Amazon ECR: AWS, with the output of `aws ecr get-login-password`\n\
            Azure:      00000000-0000-0000-0000-000000000000, with a token\n\
            Google:     oauth2accesstoken with an access token, or _json_key with a key file"
    )]
    pub registry_username: Option<String>,
    /// Read the password of --registry-username from standard input.
    #[arg(long, requires = "registry_username")]
    pub registry_password_stdin: bool,
    /// File of certificate authorities (PEM) to trust beside the built-in ones, for the registry.
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// Ask the registry without encryption. Only for a network you trust: passwords travel in the open.
    #[arg(long)]
    pub plain_http: bool,
    /// Address of the Docker Engine: unix://PATH, npipe:////./pipe/docker_engine or tcp://HOST:PORT.
    #[arg(long, value_name = "ADDRESS", env = "DOCKER_HOST")]
    pub docker_host: Option<String>,
}

/// A platform by its form; what it names is found out with the image.
fn platform(text: &str) -> Result<String, String> {
    let names = text.split(':').next().unwrap_or_default();
    let parts = names.split('/').count();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/:._-".contains(&byte);
    if names.is_empty() || parts > 3 || !text.bytes().all(plain) {
        return Err("write OS/ARCH[/VARIANT][:OS_VERSION], such as linux/arm64".to_owned());
    }
    Ok(text.to_owned())
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
    /// Read lock files in images and on hosts too; without it they are read in folders (dir:) only, because elsewhere
    /// what is installed counts.
    #[arg(long)]
    pub lock_files: bool,
    /// Judge packages that lock files name for development only; without it they are counted and left out.
    #[arg(long)]
    pub include_dev: bool,
    /// Give up after so many seconds, with exit code 5.
    #[arg(long, value_name = "SECS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub timeout: Option<u64>,
}

/// What it is judged by.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Advisories")]
pub struct AdvisoryArgs {
    /// Folder of advisories: filled by `bulkhead feeds update`, compiled by `bulkhead feeds build`, or documents as
    /// they were downloaded [default: the folder that `bulkhead feeds update` fills].
    #[arg(long, value_name = "DIR", env = "BULKHEAD_FEEDS")]
    pub feeds: Option<PathBuf>,
    /// Not fully scanned (exit code 4) when a feed was not asked for without an error for so many days.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub max_feed_age: Option<u32>,
}

/// When the scan fails.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Gate")]
pub struct GateArgs {
    /// Rules that fail the scan with exit code 1, such as high,kev,epss>=0.5: a finding that meets any of them does.
    #[arg(
        long,
        value_name = "RULES",
        long_help = "Rules that fail the scan with exit code 1, separated by commas; a finding that meets any of them does:\n  \
            critical, high, medium, low   this severity or worse\n  \
            unknown                       any severity, also what nobody rated\n  \
            unrated                       what nobody rated\n  \
            kev                           known to be exploited\n  \
            epss>=0.5                     probability of exploitation within 30 days\n  \
            epss_percentile>=0.95         among all vulnerabilities\n  \
            cvss>=9, score>=70            CVSS base score, risk score\n  \
            unjudged                      what may be here and cannot be judged\n\
            Quote it, because shells read > as something else."
    )]
    pub fail_on: Option<String>,
    /// File of rules, grace periods and exceptions, *.toml or *.yaml (repeatable).
    #[arg(long, value_name = "FILE")]
    pub policy: Vec<PathBuf>,
    /// Let only findings count that this earlier report (--format json) does not have: others by vulnerability, package or path.
    #[arg(long, value_name = "REPORT")]
    pub new_since: Option<PathBuf>,
    /// Leave out what has no fix yet; the report lists it as suppressed.
    #[arg(long)]
    pub ignore_unfixed: bool,
    /// VEX document (OpenVEX, CSAF or CycloneDX in JSON) whose `not affected` and `fixed` do not count (repeatable).
    #[arg(long, value_name = "FILE")]
    pub vex: Vec<PathBuf>,
    /// Write exceptions, VEX statements and open findings as OpenVEX to this file.
    #[arg(long, value_name = "FILE")]
    pub vex_out: Option<PathBuf>,
    /// Who answers for what --vex-out states.
    #[arg(long, value_name = "NAME", default_value = "Unknown author")]
    pub vex_author: String,
    /// Hold the scan against the policy of this server, too, and send it the result. Takes a token or an API key of
    /// BULKHEAD_TOKEN, or in a job of GitHub, GitLab or Azure DevOps that the server trusts, the job's own token.
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// File that holds the token for --server; - reads it from standard input.
    #[arg(long, value_name = "FILE", requires = "server")]
    pub server_token_file: Option<PathBuf>,
    /// File of certificate authorities (PEM) to trust for --server beside the built-in ones.
    #[arg(long, value_name = "FILE", requires = "server")]
    pub server_ca_file: Option<PathBuf>,
    /// Allow a --server that is not this machine to be asked without encryption.
    #[arg(long, requires = "server")]
    pub server_allow_http: bool,
}
