//! `bulkhead-demo`: fills a server with an estate that is not there, by the way that agents go.
//!
//! usage: `BULKHEAD_ENROLMENT_TOKEN=… bulkhead-demo http://127.0.0.1:8080`

mod apps;
mod estate;
mod send;
mod systems;

use std::io::Write as _;

use anyhow::Context as _;
use clap::Parser;

/// Fills a server with an estate for demonstration.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// Address of the server.
    server: String,
    /// A token for 40 enrolments.
    #[arg(long, env = "BULKHEAD_ENROLMENT_TOKEN", hide_env_values = true)]
    token: String,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let sent = send::all(&args.server, args.token.trim()).await?;
    writeln!(
        std::io::stdout(),
        "{} hosts with {} images and {} containers were sent.",
        sent.hosts,
        sent.images,
        sent.containers
    )
    .context("standard output")
}
