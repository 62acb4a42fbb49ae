//! The report, put together from what was read and what was judged.

use std::cmp::Ordering;

use advisories::{LeftOut, shards::ShardsRead};
use schemas::{
    Severity, Timestamp,
    finding::{CannotJudge, Finding},
    inventory::{Coverage, CoverageGap, CoverageStatus, GapReason, Inventory},
    report::{FeedUsed, REPORT_VERSION, Report, Summary},
    risk::{PlaceFacts, VulnerabilityFacts},
};

use crate::remedies::remedies;

/// What the advisories say of an inventory.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judged {
    /// Findings, each with what is known of its vulnerability; without scores.
    pub findings: Vec<(Finding, VulnerabilityFacts)>,
    /// What cannot be judged.
    pub cannot_judge: Vec<CannotJudge>,
    /// How much was read, and judged.
    pub coverage: Coverage,
    /// The advisories that took part.
    pub feeds: Vec<FeedUsed>,
    /// Packages that were not judged by themselves.
    pub left_out: LeftOut,
    /// How much of the advisories was read.
    pub read: ShardsRead,
}

impl Judged {
    /// Notes that the advisories are older than was allowed: what came out since is not known.
    pub fn outdated(&mut self, why: String) {
        self.coverage.gaps.push(CoverageGap {
            reason: GapReason::NoAdvisories,
            detail: why,
            path: None,
            layer: None,
        });
        if self.coverage.status == CoverageStatus::Complete {
            self.coverage.status = CoverageStatus::Partial;
        }
    }
}

/// The report: findings scored and in order, and nothing in it but `scanned_at` that depends on when it is made.
pub fn assemble(
    inventory: Inventory,
    judged: Judged,
    place: PlaceFacts,
    scanned_at: Timestamp,
) -> Report {
    let mut findings: Vec<Finding> = judged
        .findings
        .into_iter()
        .map(|(mut finding, facts)| {
            finding.score = Some(risk::finding_score(&finding, &facts, &place));
            finding
        })
        .collect();
    findings.sort_by(by_rank);
    let mut cannot_judge = judged.cannot_judge;
    cannot_judge.sort_by(|a, b| {
        (&a.vulnerability, &a.package, &a.reason, &a.detail).cmp(&(
            &b.vulnerability,
            &b.package,
            &b.reason,
            &b.detail,
        ))
    });
    let mut packages = inventory.packages;
    packages.sort();
    let kind = inventory.target.kind;
    Report {
        version: REPORT_VERSION,
        software: env!("CARGO_PKG_VERSION").to_owned(),
        scanned_at,
        target: inventory.target,
        os: inventory.os,
        image: inventory.image,
        coverage: judged.coverage,
        packages,
        summary: Summary {
            development_left_out: number(judged.left_out.development),
            owned_by_distribution: number(judged.left_out.owned),
            shards_read: judged.read.shards,
            shard_bytes_read: judged.read.bytes,
            ..summary(&findings, &cannot_judge)
        },
        remedies: remedies(&findings, kind),
        findings,
        cannot_judge,
        suppressed: Vec::new(),
        policy: None,
        feeds: judged.feeds,
        place,
    }
}

/// What can be said of an inventory when no advisories were given: nothing.
pub fn without_advisories(inventory: &Inventory) -> Judged {
    let mut gaps = inventory.coverage.gaps.clone();
    gaps.push(CoverageGap {
        reason: GapReason::NoAdvisories,
        detail: "there are no advisories, so nothing was judged; get them with `bulkhead feeds update`, or name a \
                 folder of them with --feeds DIR or BULKHEAD_FEEDS"
            .to_owned(),
        path: None,
        layer: None,
    });
    Judged {
        coverage: Coverage {
            status: CoverageStatus::Unsupported,
            gaps,
        },
        ..Judged::default()
    }
}

/// Highest score first, then by vulnerability, package and where it is.
fn by_rank(a: &Finding, b: &Finding) -> Ordering {
    let value = |finding: &Finding| finding.score.as_ref().map_or(0.0, |score| score.value);
    let rest = |finding: &Finding| {
        (
            finding.vulnerability.clone(),
            finding.package.clone(),
            finding.installed_version.clone(),
            finding.path.clone(),
            finding.kb.clone(),
            finding.purl.clone(),
            finding.evidence.advisory.clone(),
        )
    };
    value(b)
        .total_cmp(&value(a))
        .then_with(|| rest(a).cmp(&rest(b)))
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Counts anew, when findings came or went.
pub fn count(report: &mut Report) {
    // What was left out and read does not follow from the findings.
    report.summary = Summary {
        development_left_out: report.summary.development_left_out,
        owned_by_distribution: report.summary.owned_by_distribution,
        shards_read: report.summary.shards_read,
        shard_bytes_read: report.summary.shard_bytes_read,
        ..summary(&report.findings, &report.cannot_judge)
    };
    report.remedies = remedies(&report.findings, report.target.kind);
}

fn summary(findings: &[Finding], cannot_judge: &[CannotJudge]) -> Summary {
    let of = |wanted: &dyn Fn(&Finding) -> bool| {
        number(findings.iter().filter(|finding| wanted(finding)).count())
    };
    let severity = |severity: Severity| of(&|finding| finding.severity == severity);
    Summary {
        total: number(findings.len()),
        critical: severity(Severity::Critical),
        high: severity(Severity::High),
        medium: severity(Severity::Medium),
        low: severity(Severity::Low),
        unknown: severity(Severity::Unknown),
        known_exploited: of(&|finding| finding.kev),
        fixable: of(&risk::fix_available),
        cannot_judge: number(cannot_judge.len()),
        ..Summary::default()
    }
}
