//! `bulkhead-server`.

use std::{io::Write, process::ExitCode};

use clap::Parser;

fn main() -> ExitCode {
    let cli = server::cli::Cli::parse();
    let done = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| runtime.block_on(cli.run()).map_err(anyhow::Error::from));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The chain of causes in one line. Where standard error cannot be written to, nobody reads it.
            let _ = writeln!(std::io::stderr(), "bulkhead-server: {error:#}");
            ExitCode::FAILURE
        }
    }
}
