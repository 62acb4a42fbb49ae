//! `bulkhead-agent`: enrols this host, then looks at it for as long as it runs.

use std::{
    fs::{File, OpenOptions},
    io::{self, IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Mutex,
    time::Duration,
};

use agent_host::{
    config::Config,
    enrol,
    run::{self, Pass},
    service::{Stop, platform, stopper},
    state::StateDir,
    uplink::UplinkError,
};
use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use secrecy::{ExposeSecret as _, SecretString};
use tracing_subscriber::{EnvFilter, fmt::writer::BoxMakeWriter};

/// Exit code for bad usage, bad input, or a refusal.
const USAGE: u8 = 2;
/// Exit code when the server could not be reached.
const UNREACHABLE: u8 = 3;
/// Exit code when not everything could be looked at.
const INCOMPLETE: u8 = 4;
/// A service's log is begun anew above this size, and the one before kept.
const MAX_LOG_BYTES: u64 = 10 << 20;

/// Looks at what this host and its containers are made of, and tells a Bulkhead server.
#[derive(Parser)]
#[command(name = "bulkhead-agent", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make this host's agent known to a server.
    #[command(alias = "enrol")]
    Enroll(Enroll),
    /// Look at this host and send what is found.
    Run(Run),
}

#[derive(Args)]
struct State {
    /// Folder for the agent's key and for what it has yet to send.
    #[arg(long = "state", value_name = "DIR", env = "BULKHEAD_AGENT_STATE")]
    state: Option<PathBuf>,
}

impl State {
    fn folder(&self) -> PathBuf {
        self.state
            .clone()
            .unwrap_or_else(platform::default_state_dir)
    }
}

#[derive(Args)]
struct Enroll {
    #[command(flatten)]
    state: State,
    /// Address of the server, such as https://bulkhead.example.
    #[arg(long, value_name = "URL")]
    server: String,
    /// Enrolment token. Better given in a file or the environment, where other processes do not see it.
    #[arg(
        long,
        value_name = "TOKEN",
        env = "BULKHEAD_ENROLMENT_TOKEN",
        hide_env_values = true
    )]
    token: Option<String>,
    /// File that holds the enrolment token.
    #[arg(long, value_name = "FILE", conflicts_with = "token")]
    token_file: Option<PathBuf>,
    /// PEM file with the certificates that the server's has to come from, instead of the system's.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Allow a server on another host without TLS. Everything sent can be read and changed on the way.
    #[arg(long)]
    allow_http: bool,
    /// Enrol anew, with a new key, forgetting the server that this agent was enrolled at.
    #[arg(long)]
    force: bool,
}

#[derive(Args)]
struct Run {
    #[command(flatten)]
    state: State,
    /// Look and send once, then end.
    #[arg(long)]
    once: bool,
    /// Settings, TOML. The default is agent.toml in the agent's folder, if it is there.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Seconds between two looks.
    #[arg(long, value_name = "SECONDS")]
    interval: Option<u64>,
    /// Address of a Docker Engine; may be given more than once.
    #[arg(long, value_name = "ADDRESS", env = "DOCKER_HOST")]
    docker: Vec<String>,
    /// Address of containerd; may be given more than once.
    #[arg(long, value_name = "ADDRESS")]
    containerd: Vec<String>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let code = match &cli.command {
        Command::Enroll(arguments) => {
            log_to(BoxMakeWriter::new(io::stderr));
            ended(enroll(arguments))
        }
        Command::Run(arguments) if arguments.once => {
            log_to(BoxMakeWriter::new(io::stderr));
            ended(once(arguments))
        }
        Command::Run(arguments) => match platform::run_as_service(serve) {
            Ok(true) => 0,
            Ok(false) => {
                log_to(BoxMakeWriter::new(io::stderr));
                ended(watch(arguments, None))
            }
            Err(error) => ended(Err(error.into())),
        },
    };
    ExitCode::from(code)
}

/// The exit code of a result; an error is written for people, with what caused it.
fn ended(result: anyhow::Result<u8>) -> u8 {
    result.unwrap_or_else(|error| {
        let unreachable = error
            .chain()
            .filter_map(|cause| cause.downcast_ref::<UplinkError>())
            .any(UplinkError::is_transient);
        let refused = error
            .chain()
            .filter_map(|cause| cause.downcast_ref::<UplinkError>())
            .any(|error| matches!(error, UplinkError::Refused { .. }));
        let _ = writeln!(io::stderr(), "bulkhead-agent: {error:#}");
        if unreachable && !refused {
            UNREACHABLE
        } else {
            USAGE
        }
    })
}

fn enroll(arguments: &Enroll) -> anyhow::Result<u8> {
    let token = match (&arguments.token, &arguments.token_file) {
        (Some(token), _) => SecretString::from(token.clone()),
        (None, Some(path)) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("{} could not be read", path.display()))?;
            SecretString::from(text)
        }
        (None, None) => anyhow::bail!(
            "an enrolment token is needed: set BULKHEAD_ENROLMENT_TOKEN, or give --token-file FILE or --token TOKEN"
        ),
    };
    anyhow::ensure!(
        !token.expose_secret().trim().is_empty(),
        "the enrolment token is empty"
    );
    let state = StateDir::open(&arguments.state.folder())?;
    let wanted = enrol::Wanted {
        server: arguments.server.clone(),
        token,
        ca: arguments.ca.clone(),
        allow_http: arguments.allow_http,
        force: arguments.force,
    };
    let enrolled = runtime()?.block_on(enrol::enrol(&state, wanted))?;
    writeln!(
        io::stdout(),
        "Enrolled agent {} for host {} of tenant {} at {}.",
        enrolled.agent,
        enrolled.host,
        enrolled.tenant,
        enrolled.server
    )?;
    Ok(0)
}

fn once(arguments: &Run) -> anyhow::Result<u8> {
    let (state, config) = prepare(arguments)?;
    let runtime = runtime()?;
    let pass = runtime.block_on(async {
        let (stopper, stop) = stopper();
        platform::stop_on_signals(stopper)?;
        anyhow::Ok(run::run(&state, &config, true, stop).await?)
    })?;
    runtime.shutdown_timeout(Duration::from_secs(5));
    let Pass {
        drained,
        held,
        images_read,
        complete,
        unreachable,
    } = pass;
    writeln!(
        io::stdout(),
        "Sent {}, refused {}, still held {held}; read {images_read} {}.",
        drained.delivered,
        drained.refused,
        if images_read == 1 { "image" } else { "images" }
    )?;
    match unreachable {
        Some(error) => {
            Err(anyhow::Error::from(error)
                .context("what was seen is kept until the server is reached"))
        }
        None if complete => Ok(0),
        None => Ok(INCOMPLETE),
    }
}

/// Runs until told to stop: by a signal, or by whoever gave `stop`.
fn watch(arguments: &Run, stop: Option<Stop>) -> anyhow::Result<u8> {
    let (state, config) = prepare(arguments)?;
    let runtime = runtime()?;
    runtime.block_on(async {
        let stop = match stop {
            Some(stop) => stop,
            None => {
                let (stopper, stop) = stopper();
                platform::stop_on_signals(stopper)?;
                stop
            }
        };
        anyhow::Ok(run::run(&state, &config, false, stop).await?)
    })?;
    runtime.shutdown_timeout(Duration::from_secs(5));
    Ok(0)
}

/// Runs as a service: nobody sees its standard error, so it logs into the agent's folder.
fn serve(stop: Stop) -> i32 {
    let Command::Run(arguments) = Cli::parse().command else {
        return i32::from(USAGE);
    };
    if let Ok(file) = service_log(&arguments.state.folder()) {
        log_to(BoxMakeWriter::new(Mutex::new(file)));
    }
    match watch(&arguments, Some(stop)) {
        Ok(code) => i32::from(code),
        Err(error) => {
            tracing::error!("{error:#}");
            i32::from(USAGE)
        }
    }
}

fn service_log(folder: &Path) -> io::Result<File> {
    platform::private_folder(folder)?;
    let path = folder.join("agent.log");
    if std::fs::metadata(&path).is_ok_and(|file| file.len() > MAX_LOG_BYTES) {
        std::fs::rename(&path, folder.join("agent.log.1"))?;
    }
    OpenOptions::new().create(true).append(true).open(path)
}

fn prepare(arguments: &Run) -> anyhow::Result<(StateDir, Config)> {
    let state = StateDir::open(&arguments.state.folder())?;
    let beside = state.path("agent.toml");
    let mut config = match &arguments.config {
        Some(path) => Config::load(path).with_context(|| path.display().to_string())?,
        None if beside.exists() => {
            Config::load(&beside).with_context(|| beside.display().to_string())?
        }
        None => Config::default(),
    };
    if let Some(interval) = arguments.interval {
        config.interval_s = interval;
    }
    if !arguments.docker.is_empty() {
        config.docker = Some(arguments.docker.clone());
    }
    if !arguments.containerd.is_empty() {
        config.containerd = Some(arguments.containerd.clone());
    }
    Ok((state, config.check()?))
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("the runtime could not be started")
}

fn log_to(writer: BoxMakeWriter) {
    let filter = EnvFilter::try_from_env("BULKHEAD_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let colours = io::stderr().is_terminal();
    // A second logger is refused, and the first goes on.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(colours)
        .with_writer(writer)
        .try_init();
}
