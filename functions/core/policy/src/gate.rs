//! The gate: a report held against all that was given, with the authority that each has.

use std::collections::BTreeSet;

use schemas::{
    Severity, Timestamp,
    finding::Finding,
    inventory::CoverageStatus,
    policy::{
        FindingRef, PolicyNotice, PolicyNoticeKind, PolicyOutcome, PolicyUsed, PolicyVerdict,
        SuppressedFinding, Suppression, SuppressionKind, Violation,
    },
    report::Report,
};

use crate::{
    document::{Accept, Policy, Unjudged},
    evaluate::{lacking_feeds, not_rated},
    exceptions::Exceptions,
    image::ImageNames,
    known::Known,
    rules::fix_available,
    vex,
    words::{counted, gap_word},
};

/// Whose word a policy is. What whoever runs a scan adds must not weaken what the server asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Authority {
    /// Given beside the scan: a file, an option.
    Local,
    /// Set on the server for all scans of a tenant. Exceptions and options given beside the scan count for it only as
    /// far as its `accept` says; its own exceptions count for every policy.
    Server,
}

/// All that a report is held against.
#[derive(Debug, Default)]
pub struct Gate {
    policies: Vec<(Authority, Policy)>,
    vex: Vec<vex::Document>,
    ignore_unfixed: bool,
    known: Option<Known>,
}

/// What a gate says of a report.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decided {
    /// Findings that count, in their order.
    pub findings: Vec<Finding>,
    /// Findings that do not, and why.
    pub suppressed: Vec<SuppressedFinding>,
    /// The verdict; `None` when there is no policy.
    pub outcome: Option<PolicyOutcome>,
}

/// What one authority's policies make of a finding.
#[derive(Default)]
struct Side {
    suppression: Option<Suppression>,
    known: bool,
}

impl Gate {
    /// Adds a policy.
    pub fn policy(&mut self, authority: Authority, policy: Policy) {
        self.policies.push((authority, policy));
    }

    /// Adds a VEX document.
    pub fn vex(&mut self, document: vex::Document) {
        self.vex.push(document);
    }

    /// Leaves out what has no fix.
    pub fn ignore_unfixed(&mut self) {
        self.ignore_unfixed = true;
    }

    /// Counts only what an earlier report does not have.
    pub fn new_since(&mut self, known: Known) {
        self.known = Some(known);
    }

    /// Whether there is a policy.
    pub fn has_policy(&self) -> bool {
        !self.policies.is_empty()
    }

    /// Whether any policy has a rule.
    pub fn has_rules(&self) -> bool {
        self.policies.iter().any(|(_, policy)| policy.has_rules())
    }

    /// Whether any policy allows gaps in what was scanned.
    pub fn allows_gaps(&self) -> bool {
        let allows = |policy: &Policy| !policy.allowed_gaps.is_empty();
        self.policies.iter().any(|(_, policy)| allows(policy))
    }

    fn of(&self, authority: Authority) -> impl Iterator<Item = &Policy> {
        let wanted = move |has: &Authority| *has == authority;
        self.policies
            .iter()
            .filter(move |(has, _)| wanted(has))
            .map(|(_, policy)| policy)
    }

    /// Whether policies of this authority take what was given beside the scan.
    fn accepts(&self, authority: Authority, what: Accept) -> bool {
        self.of(authority).all(|policy| match &policy.accept {
            Some(accepted) => accepted.contains(&what),
            None => authority == Authority::Local,
        })
    }

    /// Holds a report against everything at a moment. Findings keep their order; nothing is lost.
    pub fn decide(&self, report: &Report, now: Timestamp) -> Decided {
        let image = ImageNames::of(report);
        let statements = vex::Index::new(&self.vex, report, &image);
        let has_server = self.of(Authority::Server).next().is_some();
        let mut outcome = PolicyOutcome {
            policies: self
                .policies
                .iter()
                .map(|(_, policy)| PolicyUsed {
                    name: policy.name.clone(),
                    source: policy.source.clone(),
                })
                .collect(),
            new_since: self.known.as_ref().map(|known| known.scanned_at),
            ..PolicyOutcome::default()
        };
        let exceptions = |authority| -> Vec<Exceptions<'_>> {
            self.of(authority)
                .map(|policy| Exceptions::new(&policy.name, &policy.exceptions, &image, now))
                .collect()
        };
        let mut local = exceptions(Authority::Local);
        let mut server = exceptions(Authority::Server);
        let takes = |authority| {
            let [vex, unfixed, known] = [Accept::Vex, Accept::IgnoreUnfixed, Accept::NewSince]
                .map(|what| self.accepts(authority, what));
            (vex, unfixed, known)
        };
        let (local_takes, server_takes) = (takes(Authority::Local), takes(Authority::Server));
        let mut decided = Decided::default();
        for finding in &report.findings {
            let by_vex = statements.suppression(finding);
            let unfixed = (self.ignore_unfixed && !fix_available(finding)).then(not_fixed);
            let known = self.known.as_ref().is_some_and(|known| known.has(finding));
            let by_server = first_of(&mut server, |exceptions| exceptions.of_finding(finding));
            let by_local = first_of(&mut local, |exceptions| exceptions.of_finding(finding));
            let side = |takes: (bool, bool, bool), own: Option<Suppression>| Side {
                suppression: by_vex
                    .clone()
                    .filter(|_| takes.0)
                    .or(own)
                    .or_else(|| unfixed.clone().filter(|_| takes.1)),
                known: known && takes.2,
            };
            let server_side = side(server_takes, by_server.clone());
            let local_side = side(local_takes, by_local.or(by_server));
            let mut counts = false;
            for (authority, policy) in &self.policies {
                let side = match authority {
                    Authority::Local => &local_side,
                    Authority::Server => &server_side,
                };
                if side.suppression.is_some() || side.known {
                    continue;
                }
                counts = true;
                for rule in &policy.rules {
                    if let Some(reason) = rule.violated_by(finding, now) {
                        outcome.violations.push(Violation {
                            policy: policy.name.clone(),
                            rule: rule.name.clone(),
                            finding: Some(FindingRef::from(finding)),
                            reason,
                        });
                    }
                }
            }
            // It leaves the counts only when everybody who was asked agrees.
            let suppression = match (local_side.suppression, server_side.suppression) {
                (Some(local), Some(_)) => Some(local),
                (Some(local), None) if !has_server => Some(local),
                _ => None,
            };
            match suppression {
                Some(by) => decided.suppressed.push(SuppressedFinding {
                    finding: finding.clone(),
                    by,
                }),
                None => {
                    outcome.considered = outcome.considered.saturating_add(u32::from(counts));
                    outcome.known_before = outcome
                        .known_before
                        .saturating_add(u32::from(known && !counts));
                    decided.findings.push(finding.clone());
                }
            }
        }
        self.unjudged(report, &mut local, &mut server, &mut outcome);
        for exceptions in local.iter().chain(&server) {
            outcome.notices.extend(exceptions.notices());
        }
        outcome.notices.extend(statements.notices());
        let unrated = |finding: &&Finding| finding.severity == Severity::Unknown;
        let unrated = decided.findings.iter().filter(unrated).count();
        if unrated > 0 {
            outcome.notices.extend(
                self.policies
                    .iter()
                    .filter_map(|(_, it)| not_rated(it, unrated)),
            );
        }
        self.coverage(report, now, &mut outcome);
        outcome.verdict = if !outcome.violations.is_empty() {
            PolicyVerdict::Violated
        } else if !outcome.lacking.is_empty() {
            PolicyVerdict::NotFullyScanned
        } else {
            PolicyVerdict::Pass
        };
        decided.outcome = self.has_policy().then_some(outcome);
        decided
    }

    fn unjudged(
        &self,
        report: &Report,
        local: &mut [Exceptions<'_>],
        server: &mut [Exceptions<'_>],
        outcome: &mut PolicyOutcome,
    ) {
        for row in &report.cannot_judge {
            let by_server = first_of(server, |exceptions| exceptions.of_unjudged(row)).is_some();
            let by_local = first_of(local, |exceptions| exceptions.of_unjudged(row)).is_some();
            for (authority, policy) in &self.policies {
                let excepted = by_server || (*authority == Authority::Local && by_local);
                let violated = match policy.unjudged {
                    Unjudged::Ignore => false,
                    Unjudged::KnownExploited => row.kev,
                    Unjudged::Any => true,
                };
                if violated && !excepted {
                    outcome.violations.push(Violation {
                        policy: policy.name.clone(),
                        rule: "unjudged".to_owned(),
                        finding: Some(FindingRef {
                            vulnerability: row.vulnerability.clone(),
                            package: row.package.clone(),
                            installed_version: row.installed_version.clone(),
                            fixed_version: None,
                            severity: row.severity,
                            purl: None,
                            path: None,
                        }),
                        reason: format!("it may be here and cannot be judged: {}", row.detail),
                    });
                }
            }
        }
    }

    /// What keeps a scan from passing although nothing is violated: gaps, and feeds that rules need.
    fn coverage(&self, report: &Report, now: Timestamp, outcome: &mut PolicyOutcome) {
        let mut lacking: BTreeSet<String> = BTreeSet::new();
        for authority in [Authority::Local, Authority::Server] {
            if self.of(authority).next().is_none() {
                continue;
            }
            // What the server allows is allowed to everybody; what is allowed beside the scan, only there.
            let allowed = || {
                self.policies
                    .iter()
                    .filter(|(whose, _)| *whose >= authority)
                    .flat_map(|(_, policy)| &policy.allowed_gaps)
            };
            if report.coverage.status != CoverageStatus::Complete {
                let (open, let_pass): (Vec<_>, Vec<_>) = report
                    .coverage
                    .gaps
                    .iter()
                    .partition(|gap| !allowed().any(|allowed| allowed.allows(gap, now)));
                if !open.is_empty() || report.coverage.gaps.is_empty() {
                    let words: BTreeSet<String> =
                        open.iter().map(|gap| gap_word(gap.reason)).collect();
                    let words: Vec<String> = words.into_iter().collect();
                    lacking.insert(match open.len() {
                        0 => "not everything was scanned".to_owned(),
                        number => format!(
                            "not everything was scanned: {} that no policy allows ({})",
                            counted(number, "gap", "gaps"),
                            words.join(", ")
                        ),
                    });
                }
                for gap in let_pass {
                    let by = allowed().find(|allowed| allowed.allows(gap, now));
                    let notice = PolicyNotice {
                        kind: PolicyNoticeKind::GapAllowed,
                        source: String::new(),
                        detail: format!(
                            "allowed although not scanned: {} ({})",
                            gap.detail,
                            by.map_or("", |by| by.reason.0.as_str())
                        ),
                    };
                    if !outcome.notices.contains(&notice) {
                        outcome.notices.push(notice);
                    }
                }
            }
        }
        for (_, policy) in &self.policies {
            lacking.extend(lacking_feeds(policy, report));
        }
        outcome.lacking = lacking.into_iter().collect();
    }
}

fn not_fixed() -> Suppression {
    Suppression {
        kind: SuppressionKind::Unfixed,
        source: "--ignore-unfixed".to_owned(),
        reason: "there is no fix yet".to_owned(),
        until_fixable: true,
        ..Suppression::default()
    }
}

/// Asks all, so that each keeps account of what it is about, and takes the first answer.
fn first_of<'a>(
    all: &mut [Exceptions<'a>],
    mut ask: impl FnMut(&mut Exceptions<'a>) -> Option<Suppression>,
) -> Option<Suppression> {
    let mut found = None;
    for exceptions in all {
        let answer = ask(exceptions);
        found = found.or(answer);
    }
    found
}
