//! `bulkhead`, the command line: scans in a build or at a desk, compiles advisories, and asks a server.

pub mod args;
pub mod exit;
pub mod feeds;
pub mod folders;
pub mod forms;
pub mod gate;
pub mod output;
pub mod progress;
pub mod read;
pub mod remedies;
pub mod remote;
pub mod report;
pub mod scan;
pub mod source;
pub mod table;
pub mod text;

use std::{
    process::ExitCode,
    time::{SystemTime, UNIX_EPOCH},
};

use clap::Parser;
use schemas::Timestamp;

use crate::{
    args::{Cli, Command},
    exit::Outcome,
};

/// Runs the program with the process's arguments; errors are told on standard error.
pub fn main() -> ExitCode {
    // Usage errors end here with exit code 2, `--help` and `--version` with 0.
    let cli = Cli::parse();
    log_to_stderr();
    match run(&cli.command, now()) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            output::tell(&failure.text());
            failure.exit.into()
        }
    }
}

fn run(command: &Command, now: Timestamp) -> Outcome {
    match command {
        Command::Scan(args) => scan::run(args, now),
        Command::Feeds(command) => feeds::run(command, now),
        Command::Vulnerabilities(args) => remote::run(args),
    }
}

fn now() -> Timestamp {
    let age = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_ms(i64::try_from(age.as_millis()).unwrap_or(i64::MAX))
}

/// Logs are for those who look for a defect: off unless `BULKHEAD_LOG` names a level.
fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("BULKHEAD_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("off"));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
}
