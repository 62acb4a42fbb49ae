//! `bulkhead scan`: read a source, judge it, write the report.

use std::{sync::mpsc, time::Duration};

use anyhow::Context;
use schemas::{Timestamp, report::Report};

use crate::{
    args::{AdvisoryArgs, ScanArgs, SourceArgs},
    exit::{Exit, Failure, Outcome},
    feeds, forms, gate, output,
    progress::Progress,
    read,
    remote::gate::Server,
    report::{Judged, assemble, without_advisories},
};

/// Scans and writes the report.
///
/// # Errors
/// When the source or the advisories cannot be used, a service cannot be reached, or the time is over.
pub fn run(args: &ScanArgs, now: Timestamp) -> Outcome {
    forms::check(&args.output)?;
    let mut gate = gate::open(&args.gate)?;
    let server = Server::open(&args.gate)?;
    let late = server
        .as_ref()
        .filter(|server| !server.may_be_asked_early());
    match (&server, late) {
        (_, Some(late)) => late.reach()?,
        (Some(server), None) => server.ask(&mut gate)?,
        (None, None) => {}
    }
    if late.is_none() {
        gate::check(&args.gate, &gate)?;
    }
    let progress = Progress::new();
    let answer = within(args, {
        let (from, given, progress) =
            (args.from.clone(), args.advisories.clone(), progress.clone());
        let settings = read::Settings::of(&args.from, &args.reading);
        let options = advisories::MatchOptions {
            include_development: args.reading.include_dev,
        };
        move || scan(&from, &given, &settings, &options, now, &progress)
    });
    progress.done();
    let mut report = answer?;
    if let Some(late) = late {
        late.ask(&mut gate)?;
        gate::check(&args.gate, &gate)?;
    }
    gate::decide(&gate, &mut report, now);
    forms::write(&report, &args.output)?;
    gate::write_vex(&args.gate, &report)?;
    let exit = gate::exit(&report);
    match server.as_ref().map(|server| server.upload(&report)) {
        // A violation is one whether the server hears of it or not.
        Some(Err(failure)) if exit == Exit::PolicyViolated => output::tell(&failure.text()),
        Some(Err(failure)) => return Err(failure),
        Some(Ok(_)) | None => {}
    }
    Ok(exit)
}

/// Runs the work on a thread of its own, and gives it up when the time is over: what it holds ends with the process,
/// and it never writes the report itself, so none is left half-written.
fn within<T: Send + 'static>(
    args: &ScanArgs,
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let (sender, receiver) = mpsc::channel();
    std::thread::Builder::new()
        .name("scan".to_owned())
        .spawn(move || {
            // Nobody listens any more when the time was over.
            let _ = sender.send(work());
        })
        .context("start a thread")
        .map_err(Failure::input)?;
    let broken = |_| Failure {
        exit: Exit::NotFullyScanned,
        error: anyhow::anyhow!("scan {}: the scan broke off", args.from.source),
        advice: Some("this is a defect of Bulkhead: please report it with this output".to_owned()),
    };
    match args.reading.timeout {
        None => receiver.recv().map_err(|mpsc::RecvError| broken(()))?,
        Some(seconds) => match receiver.recv_timeout(Duration::from_secs(seconds)) {
            Ok(answer) => answer,
            Err(mpsc::RecvTimeoutError::Disconnected) => Err(broken(())),
            Err(mpsc::RecvTimeoutError::Timeout) => Err(Failure {
                exit: Exit::TimedOut,
                error: anyhow::anyhow!(
                    "scan {}: not done within {seconds} seconds",
                    args.from.source
                ),
                advice: Some("allow more time with --timeout; nothing was written".to_owned()),
            }),
        },
    }
}

fn scan(
    from: &SourceArgs,
    given: &AdvisoryArgs,
    settings: &read::Settings,
    options: &advisories::MatchOptions,
    now: Timestamp,
    progress: &Progress,
) -> Result<Report, Failure> {
    // What is quick to refuse comes before what takes long.
    let opened = feeds::open_for_scan(given, now, progress)?;
    progress.step(format!("reading {}", from.source));
    let read = read::read(from, settings, progress)?;
    let inventory = read.inventory;
    progress.step("matching");
    let mut judged = match &opened {
        None => without_advisories(&inventory),
        Some(opened) => judge(&inventory, &opened.shards, options, now).map_err(|error| {
            Failure::input(error.context("match the packages with the advisories"))
                .advise("build the advisories again with `bulkhead feeds build`")
        })?,
    };
    if let Some(why) = opened.and_then(|opened| opened.too_old) {
        judged.outdated(why);
    }
    Ok(assemble(inventory, judged, read.place, now))
}

fn judge(
    inventory: &schemas::inventory::Inventory,
    shards: &advisories::ShardSet,
    options: &advisories::MatchOptions,
    now: Timestamp,
) -> anyhow::Result<Judged> {
    let matched = advisories::match_inventory_with(inventory, shards, now, options)?;
    let coverage = matched.coverage(inventory);
    let findings = matched
        .findings
        .into_iter()
        .map(|finding| {
            let facts = shards.facts(finding.vulnerability.as_str(), &finding.ratings)?;
            Ok((finding, facts))
        })
        .collect::<Result<_, advisories::ShardError>>()?;
    Ok(Judged {
        read: shards.read(),
        left_out: matched.left_out,
        findings,
        cannot_judge: matched.cannot_judge,
        coverage,
        feeds: shards
            .feeds_read()
            .map(advisories::shards::FeedState::used)
            .collect(),
    })
}
