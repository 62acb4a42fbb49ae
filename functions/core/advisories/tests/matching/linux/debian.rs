//! Debian's tracker: every kind of its rows, the signed kernel, and a real host as dpkg itself judges it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write as _,
    process::{Command, Stdio},
};

use advisories::{BuildOptions, Source, build};
use schemas::{
    Severity, advisory::AdvisoryStatus, finding::CannotJudgeReason, inventory::CoverageStatus,
    severity::SeveritySource,
};

use super::*;
use crate::support::{DEBIAN, EPSS, KEV, SSVC, dpkg_packages, ids, zlib};

#[test]
fn every_kind_of_debian_row_is_judged_as_the_vendor_means_it() {
    let out = tempfile::tempdir().unwrap();
    let documents = [("d", DEBIAN), ("s", SSVC), ("k", KEV), ("e", EPSS)];
    let (report, shards) = built(&documents, out.path());
    assert_eq!((report.errors.len(), report.unrecognised_total), (0, 0));
    let host = inventory(Some(os("debian", "12")), vec![zlib("1:1.2.13.dfsg-1")]);
    let result = match_inventory(&host, &shards, at()).unwrap();
    let found: Vec<_> = result
        .findings
        .iter()
        .map(|f| {
            (
                f.vulnerability.as_str(),
                f.status,
                f.severity,
                f.fixed_version.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            (
                "CVE-2024-0001",
                AdvisoryStatus::Fixed,
                Severity::Critical,
                Some("1:1.2.13.dfsg-1+deb12u1")
            ),
            (
                "CVE-2024-0002",
                AdvisoryStatus::Open,
                Severity::Medium,
                None
            ),
            (
                "CVE-2024-0004",
                AdvisoryStatus::Unimportant,
                Severity::Low,
                None
            ),
            (
                "CVE-2024-0006",
                AdvisoryStatus::EndOfLife,
                Severity::Unknown,
                None
            ),
            (
                "CVE-2024-0007",
                AdvisoryStatus::WillNotFix,
                Severity::Low,
                None
            ),
        ]
    );
    let first = &result.findings[0];
    assert_eq!((first.kev, first.epss), (true, Some(0.5)));
    assert_eq!(
        (first.package.as_str(), first.installed_version.as_str()),
        ("zlib1g", "1:1.2.13.dfsg-1+b1")
    );
    assert_eq!(first.evidence.matched_name, "zlib");
    assert_eq!(
        first.evidence.comparison,
        "1:1.2.13.dfsg-1 < 1:1.2.13.dfsg-1+deb12u1 (dpkg)"
    );
    assert_eq!(first.evidence.source.document, "d");
    assert!(
        first
            .evidence
            .source
            .url
            .as_ref()
            .unwrap()
            .ends_with("/CVE-2024-0001")
    );
    // All ratings are kept, the used one first: the authority before the publisher, and the vendor's silence last.
    let sources: Vec<_> = first.ratings.iter().map(|rating| rating.source).collect();
    assert_eq!(
        sources,
        [
            SeveritySource::Cna,
            SeveritySource::Adp,
            SeveritySource::Vendor
        ]
    );
    let [open] = &result.cannot_judge[..] else {
        panic!("{:?}", result.cannot_judge)
    };
    assert_eq!(
        (open.vulnerability.as_str(), open.reason),
        ("CVE-2024-0005", CannotJudgeReason::Undetermined)
    );
    assert_eq!(result.coverage(&host).status, CoverageStatus::Complete);
    let facts = shards.facts("CVE-2024-0001", &first.ratings).unwrap();
    assert_eq!(facts.exploited_sources, ["cisa-kev"]);
    assert!(facts.known_exploited && facts.ransomware);
    assert_eq!(
        (facts.cvss_score, facts.exploitation.as_deref()),
        (Some(9.8), Some("active"))
    );

    let mended = inventory(
        Some(os("debian", "12")),
        vec![zlib("1:1.2.13.dfsg-1+deb12u1")],
    );
    let result = match_inventory(&mended, &shards, at()).unwrap();
    assert!(!ids(&result).contains(&"CVE-2024-0001"));
}

#[test]
fn a_signed_kernel_is_judged_as_the_kernel_it_is() {
    let tracker = r#"{"linux":{"CVE-2024-0001":{"releases":{"bookworm":{"status":"resolved","fixed_version":"6.1.64-1","urgency":"low"}}}}}"#;
    let ubuntu = "Candidate: CVE-2024-0001\nPublicDate: x\nPriority: high\njammy_linux: released (5.15.0-92.102)\njammy_linux-hwe-6.5: released (6.5.0-15.15~22.04.1)\n";
    let (_out, shards) = shards(&[("d", tracker), ("u", ubuntu)]);
    let rows = [
        "debian 12 | linux-image-6.1.0-13-amd64 6.1.55-1 of linux-signed-amd64 at 6.1.55+1 | CVE-2024-0001 fixed 6.1.64-1",
        "ubuntu 22.04 | linux-image 5.15.0-91.101 of linux-signed | CVE-2024-0001 fixed 5.15.0-92.102",
        "ubuntu 22.04 | linux-image 5.15.0-92.102 of linux-signed | nothing",
        "ubuntu 22.04 | linux-image 6.5.0-15.15~22.04.1 of linux-signed-hwe-6.5 | nothing",
    ];
    assert_told(&shards, &rows);
}

/// The real host against the real feed, judged independently by dpkg itself.
#[test]
fn the_debian_host_has_exactly_what_dpkg_says() {
    let Some(data) = at_hand::data("") else {
        return;
    };
    if !at_hand::has_peer("dpkg", &["--version"]) {
        return;
    }
    let document = data.join("distro/debian-tracker-bookworm.json.zst");
    let packed = fs::read(&document).unwrap();
    let out = tempfile::tempdir().unwrap();
    let documents = vec![("tracker".to_owned(), packed.clone())];
    let source = Source::Documents(Box::new(documents.into_iter()));
    let report = build(source, out.path(), &BuildOptions::default()).unwrap();
    assert_eq!(report.manifest.feeds[0].rows, 2032);
    let status = fs::read_to_string(data.join("hosts/debian-12/var/lib/dpkg/status")).unwrap();
    let packages = dpkg_packages(&status);
    assert_eq!(packages.len(), 816);
    let host = inventory(Some(os("debian", "12")), packages);

    let text = zstd::decode_all(&packed[..]).unwrap();
    let tracker: BTreeMap<String, BTreeMap<String, serde_json::Value>> =
        serde_json::from_slice(&text).unwrap();
    let mut asked = String::new();
    let mut questions = Vec::new();
    let mut pairs = BTreeMap::new();
    for package in &host.packages {
        let (source, version) = (
            package.source_name.as_ref().unwrap(),
            package.source_version.as_ref().unwrap(),
        );
        for (id, issue) in tracker.get(source).into_iter().flatten() {
            let fixed = issue["releases"]["bookworm"]["fixed_version"]
                .as_str()
                .unwrap();
            pairs
                .entry((version.clone(), fixed.to_owned()))
                .or_insert(false);
            questions.push((
                package.name.clone(),
                id.clone(),
                version.clone(),
                fixed.to_owned(),
            ));
        }
    }
    for (version, fixed) in pairs.keys() {
        asked.push_str(&format!("{version} {fixed}\n"));
    }
    let script =
        "while read a b; do dpkg --compare-versions \"$a\" lt \"$b\" && echo yes || echo no; done";
    let mut shell = Command::new("sh")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = shell.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(asked.as_bytes()).unwrap());
    let answers = shell.wait_with_output().unwrap();
    writer.join().unwrap();
    let answers = String::from_utf8(answers.stdout).unwrap();
    assert_eq!(answers.lines().count(), pairs.len());
    for (answer, less) in answers.lines().zip(pairs.values_mut()) {
        *less = answer == "yes";
    }
    let expected: BTreeSet<(String, String)> = questions
        .into_iter()
        .filter(|(_, _, version, fixed)| pairs[&(version.clone(), fixed.clone())])
        .map(|(package, id, ..)| (package, id))
        .collect();

    let shards = ShardSet::open_dir(out.path()).unwrap();
    let result = match_inventory(&host, &shards, at()).unwrap();
    let found: BTreeSet<(String, String)> = result
        .findings
        .iter()
        .map(|finding| {
            (
                finding.package.clone(),
                finding.vulnerability.as_str().to_owned(),
            )
        })
        .collect();
    println!("{} findings of {} comparisons", found.len(), pairs.len());
    assert!(found.len() > 100);
    assert_eq!(found, expected);
    assert_eq!(
        result.findings.len(),
        expected.len(),
        "something is told twice"
    );
}
