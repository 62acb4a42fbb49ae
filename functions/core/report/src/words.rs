//! What findings, gaps and verdicts are called, the same in every form.

use std::borrow::Cow;

use schemas::{
    Severity,
    advisory::AdvisoryStatus,
    finding::{CannotJudgeReason, Finding, FixAt},
    inventory::{
        CoverageGap, CoverageStatus, GapReason, InstallationType, OperatingSystem, PackageKind,
        TargetKind,
    },
    policy::{PolicyVerdict, Suppression, SuppressionKind},
    report::Report,
};

/// The CVSS score of the rating that the severity was taken from, where it has one.
pub(crate) fn cvss_used(finding: &Finding) -> Option<f32> {
    finding
        .ratings
        .first()
        .and_then(|rating| rating.cvss_score)
        .filter(|score| score.is_finite() && (0.0..=10.0).contains(score))
}

/// Whether there is something that fixes it, in words.
pub(crate) fn fix(finding: &Finding) -> Cow<'_, str> {
    match (&finding.fixed_version, &finding.kb, finding.status) {
        (Some(version), Some(kb), _) => Cow::Owned(format!("fixed by {kb} ({version})")),
        (Some(version), None, _) => Cow::Owned(format!("fixed in {version}")),
        (None, Some(kb), _) => Cow::Owned(format!("fixed by {kb}")),
        (None, None, AdvisoryStatus::WillNotFix) => "the vendor will not fix it".into(),
        (None, None, AdvisoryStatus::EndOfLife) => {
            "the release is past its support and gets no fix".into()
        }
        (None, None, AdvisoryStatus::Unimportant) => {
            "the vendor says that it does not matter here".into()
        }
        (None, None, AdvisoryStatus::Undetermined) => "the vendor has not decided".into(),
        (None, None, _) => "no fix yet".into(),
    }
}

/// Where a Windows finding is fixed.
pub(crate) fn fix_at(at: FixAt) -> &'static str {
    match at {
        FixAt::Host => "on the host",
        FixAt::Image => "in the image",
        FixAt::Both => "in the image and on the host",
        FixAt::Unknown => "not known",
    }
}

/// A sentence about a finding.
pub(crate) fn sentence(finding: &Finding) -> String {
    let mut text = format!(
        "{} {}: {} ({}), {}.",
        finding.package,
        finding.installed_version,
        finding.vulnerability,
        finding.severity.as_str(),
        fix(finding)
    );
    if finding.kev {
        text.push_str(" Known to be exploited.");
    }
    if finding.in_base_image == Some(true) {
        text.push_str(" It comes with the base image.");
    }
    if let Some(summary) = &finding.summary {
        text.push(' ');
        text.push_str(summary);
    }
    text
}

/// What says that a finding does not count, and why.
pub(crate) fn suppressed(by: &Suppression) -> String {
    let kind = match by.kind {
        SuppressionKind::Exception => "exception of",
        SuppressionKind::Vex => "VEX statement of",
        SuppressionKind::Unfixed => "left out because there is no fix, by",
        SuppressionKind::Unknown => "suppressed by",
    };
    let mut text = format!("{kind} {}: {}", by.source, by.reason);
    if let Some(author) = &by.author {
        text.push_str(&format!(" (by {author})"));
    }
    if let Some(expires) = by.expires_at {
        text.push_str(&format!("; until {expires}"));
    }
    if by.until_fixable {
        text.push_str("; until there is a fix");
    }
    text
}

/// One gap as a sentence, with where it is.
pub(crate) fn gap(gap: &CoverageGap) -> String {
    let mut text = gap.detail.clone();
    if let Some(path) = &gap.path
        && !text.contains(path.as_str())
    {
        text.push_str(&format!(" [{path}]"));
    }
    if let Some(layer) = &gap.layer
        && !text.contains(layer.hex())
    {
        text.push_str(&format!(" [layer {layer}]"));
    }
    text
}

/// The word of a gap's reason, as in JSON.
pub(crate) fn gap_reason(reason: GapReason) -> String {
    match serde_json::to_value(reason) {
        Ok(serde_json::Value::String(word)) => word,
        _ => "unknown".to_owned(),
    }
}

/// The word of a package's kind, as in JSON.
pub(crate) fn package_kind(kind: PackageKind) -> String {
    match serde_json::to_value(kind) {
        Ok(serde_json::Value::String(word)) => word,
        _ => "unknown".to_owned(),
    }
}

/// The word of an installation type, as in JSON.
pub(crate) fn installation_type(kind: InstallationType) -> &'static str {
    match kind {
        InstallationType::Server => "server",
        InstallationType::ServerCore => "server_core",
        InstallationType::NanoServer => "nano_server",
        InstallationType::Client => "client",
        InstallationType::Unknown => "unknown",
    }
}

/// The word of a gate's verdict, as in JSON.
pub(crate) fn verdict(verdict: PolicyVerdict) -> &'static str {
    match verdict {
        PolicyVerdict::Pass => "pass",
        PolicyVerdict::Violated => "violated",
        PolicyVerdict::NotFullyScanned => "not_fully_scanned",
        PolicyVerdict::Unknown => "unknown",
    }
}

/// How much was read, in a word.
pub(crate) fn coverage(status: CoverageStatus) -> &'static str {
    match status {
        CoverageStatus::Complete => "complete",
        CoverageStatus::Partial => "partial",
        CoverageStatus::Unsupported => "unsupported",
    }
}

/// What incomplete coverage means for whoever reads the report; `None` when it is complete.
pub(crate) fn not_fully_scanned(report: &Report) -> Option<&'static str> {
    match report.coverage.status {
        CoverageStatus::Complete => None,
        CoverageStatus::Partial => Some(
            "Not fully scanned: something that matters could not be read or judged, so this list is not complete.",
        ),
        CoverageStatus::Unsupported => Some(
            "Not scanned: nothing can be concluded about this target. An empty list does not mean that it is clean.",
        ),
    }
}

/// What it means that not everything was scanned, or that a gate lacks something to decide by; `None` when neither is so.
pub(crate) fn incomplete(report: &Report) -> Option<&'static str> {
    let lacks = || {
        (!lacking(report).is_empty()).then_some(
            "Not enough for the gate: it lacks something that its policies need, so an empty list is no pass.",
        )
    };
    not_fully_scanned(report).or_else(lacks)
}

/// What keeps the gate from a pass although nothing is violated, a sentence each.
pub(crate) fn lacking(report: &Report) -> &[String] {
    report.policy.as_ref().map_or(&[], |policy| &policy.lacking)
}

/// Packages that were not judged by themselves: how many, and why. A sentence without its end for each reason.
pub(crate) fn left_out(report: &Report) -> Vec<String> {
    let packages = |number: u32| match number {
        1 => "1 package".to_owned(),
        number => format!("{number} packages"),
    };
    let (development, owned) = (
        report.summary.development_left_out,
        report.summary.owned_by_distribution,
    );
    let mut out = Vec::new();
    if development > 0 {
        out.push(format!(
            "{} for development only left out (--include-dev judges them)",
            packages(development)
        ));
    }
    if owned > 0 {
        out.push(format!(
            "{} of languages judged by the distribution that brought them",
            packages(owned)
        ));
    }
    out
}

/// Why something cannot be judged, in words.
pub fn cannot_judge(reason: CannotJudgeReason) -> &'static str {
    match reason {
        CannotJudgeReason::NoFixedBuild => {
            "no fixing build is named, and no chain of updates decides"
        }
        CannotJudgeReason::OtherLine => {
            "the fixing build that is named is of another servicing line"
        }
        CannotJudgeReason::UnreadableBuild => "the fixing build that is named cannot be read",
        CannotJudgeReason::UnknownRevision => "this system's own build and revision are not known",
        CannotJudgeReason::Undetermined => "the vendor has not decided",
        CannotJudgeReason::UnreadableVersion => "an installed version cannot be compared",
        CannotJudgeReason::UnknownComponent => "the file version of a component is needed",
        CannotJudgeReason::Unknown => "another reason",
    }
}

/// The name of an operating system with its version and architecture, as it was read: not yet made fit for a terminal.
pub fn system(os: &OperatingSystem) -> String {
    let mut name = match (&os.pretty_name, &os.version_id) {
        (Some(pretty), _) => pretty.clone(),
        (None, Some(version)) => format!("{} {version}", os.id),
        (None, None) => os.id.clone(),
    };
    // Windows is judged by its build, which its name does not tell.
    if os.windows.is_some()
        && let Some(version) = &os.version_id
        && !name.contains(version.as_str())
    {
        name.push_str(&format!(", {version}"));
    }
    if let Some(architecture) = &os.architecture {
        name.push_str(&format!(", {architecture}"));
    }
    name
}

/// The kind of a target.
pub(crate) fn target(kind: TargetKind) -> &'static str {
    match kind {
        TargetKind::Host => "host",
        TargetKind::Image => "image",
        TargetKind::Folder => "folder",
        TargetKind::Unknown => "target",
    }
}

/// A place in the order of severities, the worst first.
pub(crate) const WORST_FIRST: [Severity; 5] = [
    Severity::Critical,
    Severity::High,
    Severity::Medium,
    Severity::Low,
    Severity::Unknown,
];

#[cfg(test)]
mod tests {
    #[test]
    fn the_system_of_windows_is_told_with_its_build() {
        let os = serde_json::from_value(serde_json::json!({
            "family": "windows", "id": "windows", "pretty_name": "Windows Server 2022 Datacenter",
            "version_id": "10.0.20348.2700", "architecture": "amd64", "windows": {"build": 20348, "ubr": 2700},
        }));
        assert_eq!(
            super::system(&os.expect("an operating system")),
            "Windows Server 2022 Datacenter, 10.0.20348.2700, amd64"
        );
    }
}
