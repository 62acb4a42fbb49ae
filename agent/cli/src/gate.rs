//! The gate of a scan: what is read for it before the scan begins, and what it says afterwards.

use std::{io::Read, path::Path};

use anyhow::Context;
use policy::{
    Authority, Form, Gate, Known, MAX_POLICY_BYTES, Policy, parse_fail_on,
    vex::{self, OpenVexError},
};
use schemas::{Timestamp, inventory::CoverageStatus, policy::PolicyVerdict, report::Report};
use sha2::{Digest, Sha256};

use crate::{
    args::GateArgs,
    exit::{Exit, Failure},
    output, report,
};

/// The largest earlier report that is read.
const MAX_REPORT_BYTES: u64 = 1 << 30;

/// Reads everything that the scan is to be held against: what is wrong with it is told before any work.
///
/// # Errors
/// When a file cannot be read or used, or an option has nothing to work on.
pub fn open(args: &GateArgs) -> Result<Gate, Failure> {
    let mut gate = Gate::default();
    if let Some(rules) = &args.fail_on {
        let policy = parse_fail_on("--fail-on", rules)
            .context("read --fail-on")
            .map_err(Failure::input)?;
        gate.policy(Authority::Local, policy);
    }
    for file in &args.policy {
        gate.policy(Authority::Local, read_policy(file)?);
    }
    for file in &args.vex {
        let bytes = read("VEX document", file, vex::MAX_VEX_BYTES as u64)?;
        let document = vex::Document::parse(&file.display().to_string(), &bytes)
            .map_err(|error| unusable("VEX document", file, error))?;
        gate.vex(document);
    }
    if let Some(file) = &args.new_since {
        let bytes = read("earlier report", file, MAX_REPORT_BYTES)?;
        let known =
            Known::parse(&bytes).map_err(|error| unusable("earlier report", file, error))?;
        gate.new_since(known);
    }
    if args.ignore_unfixed {
        gate.ignore_unfixed();
    }
    if let Some(file) = &args.vex_out {
        output::check(file)?;
    }
    Ok(gate)
}

/// Refuses a gate that could never close.
///
/// # Errors
/// When an option asks for what only rules give.
pub fn check(args: &GateArgs, gate: &Gate) -> Result<(), Failure> {
    let needs_rules = args.new_since.is_some() || (!args.policy.is_empty() && !gate.allows_gaps());
    if needs_rules && !gate.has_rules() {
        let what = if args.policy.is_empty() {
            "--new-since says which findings count, and nothing says what fails the scan"
        } else {
            "no policy has a rule, so nothing could ever violate one"
        };
        return Err(Failure::input(anyhow::anyhow!(what)).advise(
            "name rules with --fail-on, such as --fail-on high,kev, or under [fail_on] of a policy",
        ));
    }
    Ok(())
}

fn read_policy(file: &Path) -> Result<Policy, Failure> {
    let name = file.display().to_string();
    let form = Form::of(&name).ok_or_else(|| {
        Failure::input(anyhow::anyhow!(
            "read policy {name}: its name does not tell its form"
        ))
        .advise("name it *.toml, *.yaml, *.yml or *.json")
    })?;
    let bytes = read("policy", file, MAX_POLICY_BYTES as u64)?;
    Policy::parse(&name, form, &bytes).map_err(|error| unusable("policy", file, error))
}

fn unusable(what: &str, file: &Path, error: policy::PolicyError) -> Failure {
    Failure::input(anyhow::Error::new(error).context(format!("use {what} {}", file.display())))
}

fn read(what: &str, file: &Path, most_bytes: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    std::fs::File::open(file)
        .and_then(|opened| opened.take(most_bytes + 1).read_to_end(&mut bytes))
        .with_context(|| format!("read {what} {}", file.display()))
        .map_err(Failure::input)?;
    if bytes.len() as u64 > most_bytes {
        let error = anyhow::anyhow!(
            "read {what} {}: it has more than {most_bytes} bytes",
            file.display()
        );
        return Err(Failure::input(error));
    }
    Ok(bytes)
}

/// Holds a report against the gate: what does not count leaves the findings and the counts, and the verdict is added.
pub fn decide(gate: &Gate, report: &mut Report, now: Timestamp) {
    let decided = gate.decide(report, now);
    report.findings = decided.findings;
    report.suppressed = decided.suppressed;
    report.policy = decided.outcome;
    report::count(report);
}

/// What a report means for the exit code. A violated policy comes before what was not scanned: what was found is reason
/// enough.
pub fn exit(report: &Report) -> Exit {
    match report.policy.as_ref().map(|outcome| outcome.verdict) {
        Some(PolicyVerdict::Pass) => Exit::Pass,
        Some(PolicyVerdict::Violated) => Exit::PolicyViolated,
        Some(PolicyVerdict::NotFullyScanned | PolicyVerdict::Unknown) => Exit::NotFullyScanned,
        None => match report.coverage.status {
            CoverageStatus::Complete => Exit::Pass,
            CoverageStatus::Partial | CoverageStatus::Unsupported => Exit::NotFullyScanned,
        },
    }
}

/// Writes OpenVEX where it is asked for. Where nothing was found there is nothing to state, and so no document: that is
/// told, and does not fail a build that passes.
///
/// # Errors
/// When the file cannot be written.
pub fn write_vex(args: &GateArgs, report: &Report) -> Result<(), Failure> {
    let Some(file) = &args.vex_out else {
        return Ok(());
    };
    match openvex(args, report) {
        Ok(text) => output::write(Some(file), text.as_bytes()),
        Err(error) if error.is::<OpenVexError>() => {
            output::tell(&format!(
                "bulkhead: {} is not written: {error}\n",
                crate::text::plain(&file.to_string_lossy())
            ));
            Ok(())
        }
        Err(error) => Err(Failure::input(
            error.context(format!("write {}", file.display())),
        )),
    }
}

/// A report as OpenVEX, in text.
///
/// # Errors
/// When there is nothing to state.
pub fn openvex(args: &GateArgs, report: &Report) -> anyhow::Result<String> {
    let id = identifier(report)?;
    let document = vex::write_openvex(report, &id, &args.vex_author, report.scanned_at)?;
    let mut text = serde_json::to_string_pretty(&document)?;
    text.push('\n');
    Ok(text)
}

/// An identifier that follows from what is stated, so that the same report gives the same document. Source: RFC 9562,
/// 5.8 (UUID version 8).
fn identifier(report: &Report) -> anyhow::Result<String> {
    let stated = (
        &report.target,
        report.scanned_at,
        &report.findings,
        &report.suppressed,
    );
    let digest = Sha256::digest(serde_json::to_vec(&stated)?);
    let mut bytes: Vec<u8> = digest.iter().copied().take(16).collect();
    if let [.., v, _, n, _, _, _, _, _, _, _] = bytes.as_mut_slice() {
        *v = (*v & 0x0f) | 0x80;
        *n = (*n & 0x3f) | 0x80;
    }
    let hex = hex::encode(bytes);
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    Ok(format!(
        "urn:uuid:{}-{}-{}-{}-{}",
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32)
    ))
}
