//! The judging of one system.

use std::collections::{BTreeMap, HashSet};

use schemas::{
    Severity, Timestamp, VulnerabilityId,
    advisory::{AdvisoryStatus, VersionEvents},
    finding::{CannotJudge, CannotJudgeReason, Finding, FixAt, MatchEvidence},
    inventory::{CoverageGap, GapReason, InstallationType, OperatingSystem, Package, WindowsOs},
    risk::FactorSet,
    severity::SeverityRating,
};

use super::{
    FixedBuild, UPDATE_HISTORY, WindowsVerdicts,
    chain::{Chain, Presence},
    fix_at::fix_at,
    framework::{Framework, Said},
    lines::{self, Product},
};
use crate::{
    feeds::MSRC_CSAF as LESSER_FORM,
    row::{RatingRef, StoredRow, WindowsRef},
    severity,
};

/// What one row says.
#[derive(Clone, Debug)]
enum Verdict {
    /// The system is below the fix.
    Affected {
        /// First revision that is fixed.
        revision: u32,
        /// How that revision is known, where the row does not name it.
        how: Option<String>,
    },
    /// The .NET Framework is below this build.
    Older(String),
    /// The system has the fix.
    Fixed,
    /// Neither can be said.
    Unjudged(CannotJudgeReason, String),
}

/// One row with what it says.
struct Judged<'r> {
    stored: &'r StoredRow<'r>,
    row: &'r WindowsRef<'r>,
    verdict: Verdict,
}

/// The system that is judged.
struct System<'r> {
    windows: &'r WindowsOs,
    product: &'static Product,
    chain: Chain<'r>,
    is_image: bool,
    hotpatched: bool,
    framework: Option<Framework<'r>>,
}

pub(super) fn judge(
    os: &OperatingSystem,
    is_image: bool,
    packages: &[Package],
    as_of: Timestamp,
    rows: &[StoredRow<'_>],
) -> WindowsVerdicts {
    let mut verdicts = WindowsVerdicts::default();
    let Some(windows) = &os.windows else {
        return verdicts;
    };
    let Some(product) = lines::product_of(os, is_image) else {
        verdicts.gaps.push(unknown_product(windows));
        return verdicts;
    };
    verdicts.gaps.extend(end_of_support(os, product, as_of));
    let chain = Chain::of(windows, rows);
    let hotpatched = !is_image && chain.is_hotpatched(windows);
    let system = System {
        windows,
        product,
        chain,
        is_image,
        hotpatched,
        framework: Framework::of(packages),
    };
    if windows.ubr.is_none() {
        verdicts.gaps.push(CoverageGap {
            reason: GapReason::UnknownOs,
            detail: format!(
                "of Windows only the build {} is known and not its revision, so nothing can be judged by build",
                windows.build
            ),
            path: None,
            layer: None,
        });
    }

    let mut by_id: BTreeMap<&str, (Vec<Judged<'_>>, Vec<Judged<'_>>)> = BTreeMap::new();
    let told_twice = told_twice(rows);
    for stored in rows {
        let Some(row) = &stored.row.windows else {
            continue;
        };
        if stored.row.package != product.id || stored.row.package == UPDATE_HISTORY {
            continue;
        }
        if stored.feed == LESSER_FORM
            && told_twice.contains(&(stored.row.vulnerability, row.product_id))
        {
            continue;
        }
        let of_id = by_id.entry(stored.row.vulnerability).or_default();
        if row.product_id == product.id {
            of_id.0.push(Judged {
                stored,
                row,
                verdict: system.verdict(stored, row),
            });
        // Nano Server has no .NET Framework. Source: Microsoft Learn, "Windows container base images".
        } else if windows.installation_type != Some(InstallationType::NanoServer)
            && let Some(verdict) = system.component_verdict(row)
        {
            of_id.1.push(Judged {
                stored,
                row,
                verdict,
            });
        }
    }
    for (id, (of_system, of_component)) in by_id {
        let Ok(id) = id.parse::<VulnerabilityId>() else {
            continue;
        };
        system.decide(&id, of_system, &mut verdicts);
        system.decide_component(&id, of_component, &mut verdicts);
    }
    verdicts
}

/// What rows in MSRC's lesser form say that there are also rows in the fuller one for: vulnerabilities with whole product
/// ids. They are the same facts, and the fuller form alone has the chain of updates and the component.
fn told_twice<'r>(rows: &'r [StoredRow<'_>]) -> HashSet<(&'r str, &'r str)> {
    let key = |stored: &'r StoredRow<'_>| {
        let row = stored.row.windows.as_ref()?;
        Some((stored.row.vulnerability, row.product_id))
    };
    if rows.iter().all(|stored| stored.feed != LESSER_FORM) {
        return HashSet::new();
    }
    let fuller = rows.iter().filter(|stored| stored.feed != LESSER_FORM);
    fuller.filter_map(key).collect()
}

fn unknown_product(windows: &WindowsOs) -> CoverageGap {
    CoverageGap {
        reason: GapReason::UnsupportedOs,
        detail: format!(
            "build {} is not a release of Windows that can be judged: known are Windows 10, Windows Server 2016 and later",
            windows.build
        ),
        path: None,
        layer: None,
    }
}

/// A place whose release is out of support is never clean, because its advisories stopped.
fn end_of_support(
    os: &OperatingSystem,
    product: &Product,
    as_of: Timestamp,
) -> Option<CoverageGap> {
    let (year, month, day) = lines::end_of_support(product)?;
    let date = format!("{year:04}-{month:02}-{day:02}");
    let end: Timestamp = format!("{date}T00:00:00Z").parse().ok()?;
    (as_of > end).then(|| CoverageGap {
        reason: GapReason::EndOfLife,
        detail: format!(
            "cannot judge since {date}: support of {} (build {}) ended then, and Microsoft publishes nothing for it any \
             more. Move to a supported release",
            os.pretty_name.as_deref().unwrap_or("this Windows"),
            product.build
        ),
        path: None,
        layer: None,
    })
}

impl System<'_> {
    /// What a row of the operating system says.
    fn verdict(&self, stored: &StoredRow<'_>, row: &WindowsRef<'_>) -> Verdict {
        let unjudged = Verdict::Unjudged;
        match stored.row.status {
            AdvisoryStatus::Undetermined => {
                return unjudged(
                    CannotJudgeReason::Undetermined,
                    "the vendor has not decided".to_owned(),
                );
            }
            AdvisoryStatus::NotAffected => return Verdict::Fixed,
            _ => {}
        }
        let line = self.windows.build;
        let said = row.fixed_build.unwrap_or_default();
        let (reason, why) = match FixedBuild::parse(row.fixed_build) {
            FixedBuild::Build { build, revision } if build == line => {
                return match self.windows.ubr {
                    Some(ubr) if ubr < revision => Verdict::Affected {
                        revision,
                        how: None,
                    },
                    Some(_) => Verdict::Fixed,
                    None if self.has(row.kb) => Verdict::Fixed,
                    None => unjudged(
                        CannotJudgeReason::UnknownRevision,
                        format!("fixed in {said}; the revision of this place is not known"),
                    ),
                };
            }
            // Neither its build nor its update can be trusted then.
            FixedBuild::Build { .. } => {
                return unjudged(
                    CannotJudgeReason::OtherLine,
                    format!(
                        "the row names the build {said}, which is not of this product's line {line}"
                    ),
                );
            }
            FixedBuild::Unreadable => (
                CannotJudgeReason::UnreadableBuild,
                format!("the row's build `{said}` is not one build of Windows"),
            ),
            FixedBuild::Absent => (
                CannotJudgeReason::NoFixedBuild,
                match row.kb {
                    Some(kb) => format!("the row names {kb} without a build"),
                    None => "the row names neither a build nor an update".to_owned(),
                },
            ),
        };
        let Some(kb) = row.kb else {
            return unjudged(reason, why);
        };
        match self.chain.presence(kb, self.windows) {
            Presence::Present => Verdict::Fixed,
            Presence::Missing { revision, by } => Verdict::Affected {
                revision,
                how: Some(if by == kb {
                    format!("{kb} brings 10.0.{line}.{revision} by the update history")
                } else {
                    format!("{kb} replaces {by}, which brings 10.0.{line}.{revision}")
                }),
            },
            Presence::Unknown => {
                let reason = if self.windows.ubr.is_none() {
                    CannotJudgeReason::UnknownRevision
                } else {
                    reason
                };
                unjudged(reason, format!("{why}, and no chain of updates decides"))
            }
        }
    }

    fn has(&self, kb: Option<&str>) -> bool {
        kb.is_some_and(|kb| self.chain.presence(kb, self.windows) == Presence::Present)
    }

    /// What a row of the .NET Framework says: its update, or a cumulative update that carried it, proves the fix, and so
    /// does the version of its files. Nothing for a row of a version that is not here.
    fn component_verdict(&self, row: &WindowsRef<'_>) -> Option<Verdict> {
        let carried = match FixedBuild::parse(row.fixed_build) {
            FixedBuild::Build { build, revision } if build == self.windows.build => {
                self.windows.ubr.map(|ubr| ubr >= revision)
            }
            _ => None,
        };
        let said = self
            .framework
            .map(|framework| framework.said(row.product, row.fixed_build, carried));
        match said {
            Some(Said::OtherVersion) => return None,
            Some(Said::Fixed) => return Some(Verdict::Fixed),
            _ if carried == Some(true) || self.has(row.kb) => return Some(Verdict::Fixed),
            Some(Said::Affected(fixed)) => return Some(Verdict::Older(fixed)),
            Some(Said::Undecided) | None => {}
        }
        let update = row.kb.unwrap_or("an update");
        let build = row.fixed_build.unwrap_or("not named");
        Some(Verdict::Unjudged(
            CannotJudgeReason::UnknownComponent,
            match self.framework {
                Some(framework) => format!(
                    "fixed by {update} (version {build}), which cannot be compared with the installed {}",
                    framework.package.version
                ),
                None => format!(
                    "fixed by {update} (version {build}); whether that update or that version is here is not known: the \
                     Framework's files were not seen, and the registry's Release value does not tell updates apart"
                ),
            },
        ))
    }

    /// One finding, one "cannot judge", or nothing for all rows of one vulnerability in the operating system.
    fn decide(&self, id: &VulnerabilityId, rows: Vec<Judged<'_>>, verdicts: &mut WindowsVerdicts) {
        let (hotpatches, ordinary): (Vec<_>, Vec<_>) =
            rows.into_iter().partition(|judged| judged.row.hotpatch);
        let revision = |judged: &&Judged<'_>| match &judged.verdict {
            Verdict::Affected { revision, .. } => *revision,
            _ => 0,
        };
        let affected = |rows: &[Judged<'_>]| {
            rows.iter()
                .any(|judged| matches!(judged.verdict, Verdict::Affected { .. }))
        };
        let fixed = |rows: &[Judged<'_>]| {
            rows.iter()
                .any(|judged| matches!(judged.verdict, Verdict::Fixed))
        };
        if self.hotpatched && !hotpatches.is_empty() {
            // On the hotpatch line the hotpatch fixes as well as the cumulative update does, whichever is the lower.
            if fixed(&hotpatches) && !affected(&hotpatches) {
                return;
            }
            if affected(&hotpatches) && (affected(&ordinary) || !fixed(&ordinary)) {
                if let Some(decisive) = hotpatches.iter().max_by_key(revision) {
                    verdicts.findings.push(self.finding(id, decisive));
                }
                return;
            }
        }
        if affected(&ordinary) {
            if let Some(decisive) = ordinary.iter().max_by_key(revision) {
                verdicts.findings.push(self.finding(id, decisive));
            }
            return;
        }
        let unjudged = |judged: &&Judged<'_>| matches!(judged.verdict, Verdict::Unjudged(..));
        if let Some(doubtful) = ordinary.iter().find(unjudged) {
            verdicts.cannot_judge.push(self.cannot_judge(id, doubtful));
        } else if ordinary.is_empty()
            && let Some(only) = hotpatches.first()
        {
            let mut doubt = self.cannot_judge(id, only);
            doubt.reason = CannotJudgeReason::NoFixedBuild;
            doubt.detail = format!(
                "the only row is of the hotpatch {}, and nothing shows that hotpatches are taken here",
                only.row.kb.unwrap_or("line")
            );
            doubt.kb = None;
            verdicts.cannot_judge.push(doubt);
        }
    }

    /// The .NET Framework on the system: several of its versions have a row each, of which one is there at most, so that
    /// the update of one settles it.
    fn decide_component(
        &self,
        id: &VulnerabilityId,
        rows: Vec<Judged<'_>>,
        verdicts: &mut WindowsVerdicts,
    ) {
        if rows
            .iter()
            .any(|judged| matches!(judged.verdict, Verdict::Fixed))
        {
            return;
        }
        let older = rows.iter().find_map(|judged| match &judged.verdict {
            Verdict::Older(fixed) => Some((judged, fixed)),
            _ => None,
        });
        if let (Some((judged, fixed)), Some(framework)) = (older, &self.framework) {
            let finding = self.component_finding(id, judged, fixed, framework.package);
            verdicts.findings.push(finding);
        } else if let Some(first) = rows.first() {
            verdicts.cannot_judge.push(self.cannot_judge(id, first));
        }
    }

    /// The finding of a row of the .NET Framework, whose evidence is a file of it.
    fn component_finding(
        &self,
        id: &VulnerabilityId,
        judged: &Judged<'_>,
        fixed: &str,
        package: &Package,
    ) -> Finding {
        let mut finding = self.finding(id, judged);
        let name = package.path.rsplit('/').next().unwrap_or_default();
        finding.installed_version.clone_from(&package.version);
        finding.fixed_version = Some(fixed.to_owned());
        finding.fix_at = self.is_image.then_some(FixAt::Image);
        finding.path = Some(package.path.clone()).filter(|path| !path.is_empty());
        finding.layer.clone_from(&package.layer);
        finding.purl = Some(package.purl.clone()).filter(|purl| !purl.is_empty());
        finding
            .evidence
            .matched_version
            .clone_from(&package.version);
        finding.evidence.range = None;
        finding.evidence.comparison = match fixed.starts_with("10.") {
            true => format!(
                "{} < {fixed}, the update of Windows that carries the Framework's",
                self.installed_version()
            ),
            false => format!(
                "{} < {fixed} (newest file of the Framework: {name})",
                package.version
            ),
        };
        finding
    }

    fn installed_version(&self) -> String {
        match self.windows.ubr {
            Some(ubr) => format!("10.0.{}.{ubr}", self.windows.build),
            None => format!("10.0.{}", self.windows.build),
        }
    }

    fn finding(&self, id: &VulnerabilityId, judged: &Judged<'_>) -> Finding {
        let Judged {
            stored,
            row,
            verdict,
        } = judged;
        let installed = self.installed_version();
        let (fixed, how) = match verdict {
            Verdict::Affected { revision, how } => (
                format!("10.0.{}.{revision}", self.windows.build),
                how.as_deref(),
            ),
            Verdict::Older(_) | Verdict::Fixed | Verdict::Unjudged(..) => (String::new(), None),
        };
        let mut comparison = format!("{installed} < {fixed}");
        if let Some(how) = how {
            comparison.push_str(&format!(" ({how})"));
        }
        if row.hotpatch {
            comparison.push_str(" (hotpatch)");
        }
        if self.windows.installation_type == Some(InstallationType::NanoServer) {
            comparison.push_str(
                " (Nano Server, judged by Server Core's row: that the component is present is not proven)",
            );
        }
        let (severity, ratings) = settled_ratings(stored);
        Finding {
            in_base_image: None,
            fixed_at: stored.row.fixed_at,
            vulnerability: id.clone(),
            package: product_name(row, self.product),
            purl: None,
            installed_version: installed.clone(),
            fixed_version: Some(fixed.clone()),
            severity,
            ratings,
            kev: false,
            epss: None,
            epss_percentile: None,
            kb: row.kb.map(str::to_owned),
            status: stored.row.status,
            fix_at: self.is_image.then(|| fix_at(row.component)),
            path: None,
            layer: None,
            summary: stored.row.summary.map(str::to_owned),
            evidence: MatchEvidence {
                ecosystem: stored.row.ecosystem.to_owned(),
                matched_name: row.product_id.to_owned(),
                matched_version: installed,
                advisory: row.kb.map(str::to_owned),
                range: Some(VersionEvents {
                    introduced: format!("10.0.{}.0", self.windows.build),
                    fixed: Some(fixed),
                    last_affected: None,
                }),
                comparison,
                product_id: Some(row.product_id.to_owned()),
                fix_requires: None,
                source: stored.source(),
            },
            score: None,
            excepted_by: None,
            factors: FactorSet::NONE,
            deadline: None,
            fixed_in: None,
        }
    }

    fn cannot_judge(&self, id: &VulnerabilityId, judged: &Judged<'_>) -> CannotJudge {
        let Judged {
            stored,
            row,
            verdict,
        } = judged;
        let (reason, detail) = match verdict {
            Verdict::Unjudged(reason, detail) => (*reason, detail.clone()),
            Verdict::Affected { .. } | Verdict::Older(_) | Verdict::Fixed => {
                (CannotJudgeReason::NoFixedBuild, String::new())
            }
        };
        CannotJudge {
            vulnerability: id.clone(),
            package: product_name(row, self.product),
            installed_version: self.installed_version(),
            severity: settled_ratings(stored).0,
            kev: false,
            kb: row.kb.map(str::to_owned),
            reason,
            detail,
            source: stored.source(),
        }
    }
}

/// The product's name; its id where the document named none.
fn product_name(row: &WindowsRef<'_>, product: &Product) -> String {
    if row.product.is_empty() {
        format!("Windows product {}", product.id)
    } else {
        row.product.to_owned()
    }
}

fn settled_ratings(stored: &StoredRow<'_>) -> (Severity, Vec<SeverityRating>) {
    let mut ratings: Vec<SeverityRating> =
        stored.row.ratings.iter().map(RatingRef::to_owned).collect();
    let severity = severity::settle(&mut ratings);
    (severity, ratings)
}
