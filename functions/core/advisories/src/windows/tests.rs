//! Rows made by hand and what is judged by them.

use schemas::{
    Severity,
    advisory::AdvisoryStatus,
    finding::{CannotJudgeReason, FixAt},
    inventory::{GapReason, InstallationType, OsFamily, UpdateState, WindowsOs, WindowsUpdate},
    severity::SeveritySource,
};

use super::*;
use crate::row::{EcosystemRef, RatingRef, Row, WindowsRef};

fn os(build: u32, ubr: Option<u32>, kind: InstallationType, kbs: &[&str]) -> OperatingSystem {
    OperatingSystem {
        family: OsFamily::Windows,
        id: "windows".to_owned(),
        id_like: vec![],
        version_id: None,
        codename: None,
        pretty_name: Some("Windows Server".to_owned()),
        architecture: Some("amd64".to_owned()),
        windows: Some(WindowsOs {
            build,
            ubr,
            installation_type: Some(kind),
            updates: kbs
                .iter()
                .map(|kb| WindowsUpdate {
                    kb: (*kb).to_owned(),
                    state: UpdateState::Installed,
                    installed_at: None,
                })
                .collect(),
            ..WindowsOs::default()
        }),
    }
}

fn core(build: u32, ubr: u32, kbs: &[&str]) -> OperatingSystem {
    os(build, Some(ubr), InstallationType::ServerCore, kbs)
}

/// A row: id, whole product id, KB, build, replaced KBs.
fn row<'a>(
    id: &'a str,
    product: &'a str,
    kb: &'a str,
    build: &'a str,
    supersedes: &[&'a str],
) -> StoredRow<'a> {
    StoredRow {
        feed: "msrc-cvrf",
        document: "2024-Sep",
        row: Row {
            ecosystem: EcosystemRef {
                name: "windows",
                release: Some("1"),
            },
            package: product.rsplit('-').next().unwrap(),
            vulnerability: id,
            status: AdvisoryStatus::Fixed,
            windows: Some(WindowsRef {
                product_id: product,
                product: "Windows Server (Server Core installation)",
                kb: Some(kb).filter(|kb| !kb.is_empty()),
                fixed_build: Some(build).filter(|build| !build.is_empty()),
                supersedes: supersedes.to_vec(),
                component: Some("Windows Kernel"),
                ..WindowsRef::default()
            }),
            ratings: vec![
                RatingRef {
                    source: SeveritySource::Cna,
                    severity: Severity::Critical,
                    word: None,
                    cvss_score: Some(9.8),
                    cvss_vector: None,
                },
                RatingRef {
                    source: SeveritySource::Vendor,
                    severity: Severity::High,
                    word: Some("Important"),
                    cvss_score: None,
                    cvss_vector: None,
                },
            ],
            ..Row::default()
        },
    }
}

fn hotpatch<'a>(id: &'a str, product: &'a str, kb: &'a str, build: &'a str) -> StoredRow<'a> {
    let mut stored = row(id, product, kb, build, &[]);
    stored.row.windows.as_mut().unwrap().hotpatch = true;
    stored
}

fn history<'a>(kb: &'a str, build: &'a str) -> StoredRow<'a> {
    let mut stored = row(kb, "", kb, build, &[]);
    stored.row.package = UPDATE_HISTORY;
    stored.row.status = AdvisoryStatus::NotAffected;
    stored
}

fn now() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

/// Findings as `id fixed`, then what cannot be judged as `id reason`.
fn verdicts(
    os: &OperatingSystem,
    is_image: bool,
    rows: &[StoredRow<'_>],
) -> (Vec<String>, Vec<String>) {
    let verdicts = judge(os, is_image, &[], now(), rows);
    (
        verdicts
            .findings
            .iter()
            .map(|f| {
                format!(
                    "{} {}",
                    f.vulnerability,
                    f.fixed_version.as_deref().unwrap()
                )
            })
            .collect(),
        verdicts
            .cannot_judge
            .iter()
            .map(|c| format!("{} {:?}", c.vulnerability, c.reason))
            .collect(),
    )
}

fn none() -> Vec<String> {
    Vec::new()
}

#[test]
fn a_build_below_the_fix_is_affected_and_says_why() {
    let rows = [row(
        "CVE-2024-38063",
        "11572",
        "KB5043050",
        "10.0.17763.6293",
        &["KB5041578"],
    )];
    let found = judge(&core(17763, 6189, &["KB5041578"]), false, &[], now(), &rows).findings;
    let [finding] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(
        finding.evidence.comparison,
        "10.0.17763.6189 < 10.0.17763.6293"
    );
    assert_eq!(finding.evidence.product_id.as_deref(), Some("11572"));
    assert_eq!(finding.kb.as_deref(), Some("KB5043050"));
    assert_eq!(finding.severity, Severity::High);
    assert_eq!(finding.ratings.len(), 2);
    assert_eq!(finding.fix_at, None);
    for ubr in [6293, 6300] {
        assert_eq!(
            verdicts(&core(17763, ubr, &[]), false, &rows),
            (none(), none())
        );
    }
}

#[test]
fn an_image_says_where_it_is_fixed_and_nano_server_says_whose_row_it_is() {
    let rows = [row("CVE-1", "11924", "KB5043050", "10.0.20348.3000", &[])];
    let nano = os(20348, Some(2700), InstallationType::NanoServer, &[]);
    let found = judge(&nano, true, &[], now(), &rows).findings;
    assert_eq!(found[0].fix_at, Some(FixAt::Host));
    assert!(
        found[0].evidence.comparison.contains("not proven"),
        "{:?}",
        found[0].evidence
    );
}

#[test]
fn rows_of_another_product_or_line_never_match() {
    let full = row("CVE-1", "11571", "KB1000001", "10.0.17763.9000", &[]);
    assert_eq!(
        verdicts(&core(17763, 1, &[]), false, &[full]),
        (none(), none())
    );
    // The update's build is known from another row, and still the wrong one is not believed.
    let wrong = row(
        "CVE-2024-43513",
        "12244",
        "KB5044288",
        "10.0.20348.2751",
        &[],
    );
    let right = row("CVE-2", "12244", "KB5044288", "10.0.25398.1189", &[]);
    let (found, doubtful) = verdicts(&core(25398, 1000, &[]), false, &[wrong, right]);
    assert_eq!(found, ["CVE-2 10.0.25398.1189"]);
    assert_eq!(doubtful, ["CVE-2024-43513 OtherLine"]);
}

#[test]
fn hotpatch_rows_count_only_with_evidence_and_never_for_images() {
    let rows = [
        hotpatch("CVE-2026-21510", "12437", "KB5075942", "10.0.26100.32313"),
        row(
            "CVE-2026-21510",
            "12437",
            "KB5075899",
            "10.0.26100.32370",
            &[],
        ),
        hotpatch("CVE-OLD", "12437", "KB5000001", "10.0.26100.30000"),
        row("CVE-OLD", "12437", "KB5000002", "10.0.26100.30010", &[]),
        hotpatch("CVE-NEW", "12437", "KB5000003", "10.0.26100.33000"),
        row("CVE-NEW", "12437", "KB5000004", "10.0.26100.33100", &[]),
        // A cumulative update between the two.
        row("CVE-MID", "12437", "KB5000005", "10.0.26100.32320", &[]),
    ];
    let mid_and = |fix: &str| {
        vec![
            "CVE-MID 10.0.26100.32320".to_owned(),
            format!("CVE-NEW {fix}"),
        ]
    };
    let hotpatched = mid_and("10.0.26100.33000");
    // The revision is a hotpatch's own.
    assert_eq!(
        verdicts(&core(26100, 32313, &[]), false, &rows),
        (hotpatched.clone(), none())
    );
    assert_eq!(
        verdicts(&core(26100, 32314, &["KB5075942"]), false, &rows),
        (hotpatched.clone(), none())
    );
    let mut azure = core(26100, 32314, &[]);
    azure.windows.as_mut().unwrap().edition = Some("ServerTurbine".to_owned());
    assert_eq!(verdicts(&azure, false, &rows), (hotpatched, none()));

    let mut ordinary = vec!["CVE-2026-21510 10.0.26100.32370".to_owned()];
    ordinary.extend(mid_and("10.0.26100.33100"));
    assert_eq!(
        verdicts(&core(26100, 32314, &[]), false, &rows),
        (ordinary.clone(), none())
    );
    assert_eq!(
        verdicts(&core(26100, 32313, &["KB5075942"]), true, &rows),
        (ordinary, none())
    );
}

#[test]
fn a_hotpatched_host_that_took_the_lower_cumulative_update_is_fixed() {
    let rows = [
        hotpatch("CVE-1", "11924", "KB5010456", "10.0.20348.525"),
        row("CVE-1", "11924", "KB5010354", "10.0.20348.524", &[]),
    ];
    let mut azure = core(20348, 524, &[]);
    azure.windows.as_mut().unwrap().product_name =
        Some("Windows Server 2022 Datacenter: Azure Edition".to_owned());
    assert_eq!(verdicts(&azure, false, &rows), (none(), none()));
    assert_eq!(
        verdicts(&core(20348, 524, &[]), false, &rows[..1]),
        (none(), vec!["CVE-1 NoFixedBuild".to_owned()])
    );
}

#[test]
fn without_a_build_the_update_its_chain_or_the_history_decides() {
    let old = || row("CVE-2019-1", "11572", "KB4500001", "", &[]);
    let doubtful = vec!["CVE-2019-1 NoFixedBuild".to_owned()];
    let host = |kbs: &[&str]| core(17763, 500, kbs);
    assert_eq!(
        verdicts(&host(&[]), false, &[old()]),
        (none(), doubtful.clone())
    );
    assert_eq!(
        verdicts(&host(&["KB4500001"]), false, &[old()]),
        (none(), none())
    );
    // Replaced by an update that is installed, over one in between.
    let chain = [
        old(),
        row("CVE-2019-2", "11572", "KB4500002", "", &["KB4500001"]),
        row("CVE-2019-3", "11572", "KB4500003", "", &["KB4500002"]),
    ];
    assert_eq!(
        verdicts(&host(&["KB4500003"]), false, &chain),
        (none(), none())
    );
    // The history names its build.
    assert_eq!(
        verdicts(
            &host(&[]),
            false,
            &[old(), history("KB4500001", "10.0.17763.480")]
        ),
        (none(), none())
    );
    assert_eq!(
        verdicts(
            &host(&[]),
            false,
            &[old(), history("KB4500001", "10.0.17763.600")]
        ),
        (vec!["CVE-2019-1 10.0.17763.600".to_owned()], none())
    );
    // The build of one that replaces it, or that it replaces, is known.
    let known_above = row(
        "CVE-2021-1",
        "11572",
        "KB4500009",
        "10.0.17763.490",
        &["KB4500001"],
    );
    assert_eq!(
        verdicts(&host(&[]), false, &[old(), known_above]),
        (none(), none())
    );
    let newer = row("CVE-2019-1", "11572", "KB4500001", "", &["KB4400000"]);
    assert_eq!(
        verdicts(
            &host(&[]),
            false,
            &[newer, history("KB4400000", "10.0.17763.590")]
        ),
        (vec!["CVE-2019-1 10.0.17763.590".to_owned()], none())
    );
}

#[test]
fn what_is_not_one_build_cannot_be_judged() {
    for (build, reason) in [
        ("-", "NoFixedBuild"),
        ("https://aka.ms/OfficeSecurityReleases", "UnreadableBuild"),
        ("10.0.17763.1 & 10.0.17763.2", "UnreadableBuild"),
        ("1.25.5-3", "UnreadableBuild"),
        ("6.1.17763.99999", "UnreadableBuild"),
        ("10.0.17763", "UnreadableBuild"),
        ("10.0.17763.99999999999", "UnreadableBuild"),
    ] {
        let rows = [row("CVE-1", "11572", "", build, &[])];
        assert_eq!(
            verdicts(&core(17763, 1, &[]), false, &rows),
            (none(), vec![format!("CVE-1 {reason}")]),
            "{build}"
        );
    }
    assert_eq!(
        FixedBuild::parse(Some("\t\n10.0.17763.5\u{200b}\u{200b}")),
        FixedBuild::Build {
            build: 17763,
            revision: 5
        }
    );
}

#[test]
fn an_unknown_revision_is_never_clean() {
    let rows = [row("CVE-1", "11572", "KB5043050", "10.0.17763.6293", &[])];
    let host = os(17763, None, InstallationType::ServerCore, &[]);
    assert_eq!(
        verdicts(&host, false, &rows),
        (none(), vec!["CVE-1 UnknownRevision".to_owned()])
    );
    assert_eq!(
        judge(&host, false, &[], now(), &rows).gaps[0].reason,
        GapReason::UnknownOs
    );
}

#[test]
fn the_net_framework_is_settled_by_its_update_alone() {
    let rows = [
        row("CVE-1", "11650-11572", "KB5049608", "4.8.04762.01", &[]),
        row("CVE-1", "11862-11572", "KB5049614", "4.7.4126.0", &[]),
    ];
    let unknown = vec!["CVE-1 UnknownComponent".to_owned()];
    assert_eq!(
        verdicts(&core(17763, 9000, &[]), false, &rows),
        (none(), unknown)
    );
    assert_eq!(
        verdicts(&core(17763, 9000, &["KB5049608"]), false, &rows),
        (none(), none())
    );
    let nano = os(17763, Some(9000), InstallationType::NanoServer, &[]);
    assert_eq!(verdicts(&nano, true, &rows), (none(), none()));
}

#[test]
fn after_support_nothing_is_clean() {
    let gaps = |build, kind, as_of: &str| {
        judge(
            &os(build, Some(1), kind, &[]),
            false,
            &[],
            as_of.parse().unwrap(),
            &[],
        )
        .gaps
    };
    let ended = gaps(19042, InstallationType::ServerCore, "2026-01-01T00:00:00Z");
    assert_eq!(ended[0].reason, GapReason::EndOfLife);
    assert!(
        ended[0].detail.contains("cannot judge since 2022-08-09"),
        "{}",
        ended[0].detail
    );
    assert_eq!(
        gaps(19042, InstallationType::ServerCore, "2022-08-01T00:00:00Z"),
        []
    );
    assert_eq!(
        gaps(20348, InstallationType::ServerCore, "2026-01-01T00:00:00Z"),
        []
    );
    let unknown = gaps(9600, InstallationType::Server, "2026-01-01T00:00:00Z");
    assert_eq!(unknown[0].reason, GapReason::UnsupportedOs);
}

#[test]
fn a_vulnerability_without_any_update_is_kept() {
    let mut open = row("CVE-1", "11572", "", "", &[]);
    open.row.status = AdvisoryStatus::Open;
    let doubtful = judge(&core(17763, 1, &[]), false, &[], now(), &[open]).cannot_judge;
    assert_eq!(doubtful[0].reason, CannotJudgeReason::NoFixedBuild);
    assert!(
        doubtful[0].detail.contains("neither"),
        "{}",
        doubtful[0].detail
    );
}

#[test]
fn the_framework_is_judged_by_its_newest_file_and_not_by_rows_of_its_other_versions() {
    use schemas::inventory::{Package, PackageKind};
    let framework = |version: &str| {
        vec![Package {
            name: ".NET Framework".to_owned(),
            version: version.to_owned(),
            kind: PackageKind::Dotnet,
            path: "Windows/Microsoft.NET/Framework64/v4.0.30319/mscorlib.dll".to_owned(),
            ..Package::default()
        }]
    };
    let mut newer = row(
        "CVE-2023-36899",
        "11650-11572",
        "KB5028953",
        "4.8.04654.06",
        &[],
    );
    let mut older = row(
        "CVE-2023-36899",
        "11677-11572",
        "KB5028953",
        "4.7.04057.05",
        &[],
    );
    for (row, product) in [
        (
            &mut newer,
            "Microsoft .NET Framework 3.5 AND 4.8 on Windows Server 2019 (Server Core installation)",
        ),
        (
            &mut older,
            "Microsoft .NET Framework 3.5 AND 4.7.2 on Windows Server 2019 (Server Core installation)",
        ),
    ] {
        row.row.windows.as_mut().unwrap().product = product;
    }
    let rows = [older, newer];
    let image = core(17763, 4737, &[]);
    let judged = |packages: &[Package]| judge(&image, true, packages, now(), &rows);

    let below = judged(&framework("4.8.4644.0"));
    assert!(below.cannot_judge.is_empty());
    let [found] = &below.findings[..] else {
        panic!("one finding is wanted: {below:?}");
    };
    assert_eq!(found.installed_version, "4.8.4644.0");
    assert_eq!(found.fixed_version.as_deref(), Some("4.8.04654.06"));
    assert_eq!(found.kb.as_deref(), Some("KB5028953"));
    assert_eq!(found.fix_at, Some(FixAt::Image));
    assert!(found.package.contains("4.8 on Windows Server 2019"));
    assert!(
        found.evidence.comparison.contains("mscorlib.dll"),
        "{}",
        found.evidence.comparison
    );

    assert_eq!(judged(&framework("4.8.4654.0")).findings, []);
    assert_eq!(judged(&framework("4.8.4654.0")).cannot_judge, []);
    let old_line = judged(&framework("4.7.4050.0"));
    assert_eq!(
        old_line.findings[0].fixed_version.as_deref(),
        Some("4.7.04057.05")
    );

    let unseen = judged(&[]);
    assert!(unseen.findings.is_empty());
    assert_eq!(
        unseen.cannot_judge[0].reason,
        CannotJudgeReason::UnknownComponent
    );
    assert!(unseen.cannot_judge[0].detail.contains("Release value"));
}

#[test]
fn what_both_of_msrcs_forms_say_is_told_once_and_by_the_fuller() {
    let place = core(20348, 2000, &[]);
    let csaf = |id, build| {
        let mut stored = row(id, "11924", "KB5000002", build, &[]);
        stored.feed = "msrc-csaf";
        stored
    };
    let rows = [
        csaf("CVE-2024-0001", "10.0.20348.2200"),
        row(
            "CVE-2024-0001",
            "11924",
            "KB5000001",
            "10.0.20348.2100",
            &[],
        ),
        csaf("CVE-2024-0002", "10.0.20348.2200"),
    ];
    let wanted = [
        "CVE-2024-0001 10.0.20348.2100",
        "CVE-2024-0002 10.0.20348.2200",
    ];
    let (found, doubts) = verdicts(&place, false, &rows);
    assert_eq!(
        (found, doubts),
        (wanted.map(str::to_owned).to_vec(), none())
    );
}
