//! `bulkhead vulnerabilities`: the ranked list of a server.

mod client;
pub mod gate;
mod job;
mod list;
mod secret;

use std::time::Duration;

use crate::{
    args::{Format, VulnerabilitiesArgs},
    exit::{Exit, Failure, Outcome},
    output::{self, Look},
    progress::Progress,
    table,
};

/// Asks the server and writes the list.
///
/// # Errors
/// When the credentials or the answer cannot be used, the server cannot be reached, or the time is over.
pub fn run(args: &VulnerabilitiesArgs) -> Outcome {
    if let Some(file) = &args.output {
        output::check(file)?;
    }
    let credentials = secret::Credentials::of(args)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::unreachable)?;
    let progress = Progress::new();
    progress.step(format!("asking {}", args.server));
    let answer = runtime.block_on(async {
        let asked = list::settled(args, &credentials);
        let patience = Duration::from_secs(args.timeout.saturating_add(args.wait));
        tokio::time::timeout(patience, asked).await
    });
    progress.done();
    let list = answer.map_err(|_| Failure {
        exit: Exit::TimedOut,
        error: anyhow::anyhow!(
            "ask {}: no complete answer within {} seconds",
            args.server,
            args.timeout
        ),
        advice: Some("try again, or allow more time with --timeout".to_owned()),
    })??;
    let text = match args.format {
        Format::Table => table::render_vulnerabilities(&list, Look::of(args.output.as_deref())),
        Format::Json => {
            let mut json = serde_json::to_string_pretty(&list).map_err(Failure::unreachable)?;
            json.push('\n');
            json
        }
    };
    output::write(args.output.as_deref(), text.as_bytes())?;
    if list.feeds_loaded && list.as_of.is_some() {
        Ok(Exit::Pass)
    } else {
        Ok(Exit::NotFullyScanned)
    }
}
