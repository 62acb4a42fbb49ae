//! Lock files and images whose results are known: the same packages and the same pairs of package and vulnerability, but
//! for the differences that `differences.txt` explains one by one. An unexplained difference and an explanation of one
//! that is no more both fail, and so do precision and recall below the recorded level.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::panic, reason = "a test fails by panicking")]

mod advisories;
mod expected;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    path::{Path, PathBuf},
};

use ::advisories::{BuildOptions, MatchOptions, ShardSet, Source, build, match_inventory_with};
use inventory::{Limits, folder::read_folder};
use schemas::{
    Timestamp,
    inventory::{CoverageGap, CoverageStatus, GapReason, Inventory, PackageKind, PackageOrigin},
};

use expected::Expected;

/// Parts of all pairs that were found and are right, and of all right ones that were found, in thousandths.
const PRECISION: usize = 1000;
const RECALL: usize = 1000;

const DIFFERENCES: &str = include_str!("differences.txt");

/// What is scanned, and with which options the expected result was made.
struct Case {
    /// The expected result, without its ending.
    golden: &'static str,
    /// Folder of its lock files; empty where it is not at hand, so that the result's own packages are judged.
    folder: &'static str,
    development: bool,
    /// Whether only what has a fix was asked for.
    fixed_only: bool,
}

const fn lock_files(golden: &'static str, folder: &'static str) -> Case {
    Case {
        golden,
        folder,
        development: false,
        fixed_only: false,
    }
}

const fn image(golden: &'static str) -> Case {
    lock_files(golden, "")
}

const CASES: &[Case] = &[
    lock_files("composer.lock.json", "composer"),
    lock_files("conan.json", "conan"),
    lock_files("conda-cyclonedx.json", "conda"),
    lock_files("conda-environment-cyclonedx.json", "conda-environment"),
    lock_files("gomod-vex.json", "gomod"),
    lock_files("npm-cyclonedx.json", "npm"),
    lock_files("npm-ubuntu-severity.json", "npm"),
    Case {
        development: true,
        ..lock_files("npm-with-dev.json", "npm")
    },
    lock_files("nuget.json", "nuget"),
    lock_files("pip.json", "pip"),
    lock_files("pnpm.json", "pnpm"),
    lock_files("poetry.json", "poetry"),
    lock_files("pom-cyclonedx.json", "pom"),
    lock_files("pubspec.lock.json", "pubspec"),
    lock_files("sbt.json", "sbt"),
    lock_files("uv.json", "uv"),
    image("test-repo.json"),
    image("almalinux-8.json"),
    image("alpine-310.json"),
    image("amazon-1.json"),
    image("amazon-2.json"),
    image("centos-6.json"),
    image("centos-7.json"),
    Case {
        fixed_only: true,
        ..image("debian-buster-ignore-unfixed.json")
    },
    image("fluentd-gems.json"),
    image("fluentd-multiple-lockfiles.json"),
    image("fluentd-multiple-lockfiles-short.cdx.json"),
    image("opensuse-tumbleweed.json"),
    image("oraclelinux-8.json"),
    image("ubi-7.json"),
    image("ubi-7-comprehensive.json"),
    image("ubuntu-1804.json"),
];

/// Expected results that are not compared, and why.
const LEFT_OUT: &[(&str, &str)] = &[
    (
        "centos-7-medium.json",
        "the same image as centos-7, cut to one severity by its own table of severities",
    ),
    (
        "fluentd-multiple-lockfiles.cdx.json",
        "a list of packages without vulnerabilities, made from a document that is not at hand",
    ),
    (
        "sl-micro-rancher5.4.json",
        "no vulnerabilities, and no packages that could be judged in the image's stead",
    ),
];

/// Lock files without an expected result: what the advisories say of them, by hand.
const BY_HAND: &[(&str, &[&str])] = &[
    ("bun", &["jquery 3.3.1 CVE-2019-11358"]),
    ("cargo", &[]),
    ("cocoapods", &["_NIODataStructures 2.41.0 CVE-2022-3215"]),
    ("composer-vendor", &["guzzlehttp/psr7 1.8.3 CVE-2022-24775"]),
    ("dotnet", &["Newtonsoft.Json 9.0.1 GHSA-5crp-9r3c-p9vr"]),
    (
        "gradle",
        &[
            "com.fasterxml.jackson.core:jackson-databind 2.9.1 CVE-2020-9548",
            "com.fasterxml.jackson.core:jackson-databind 2.9.1 CVE-2021-20190",
        ],
    ),
    ("julia", &[]),
    ("mixlock", &["phoenix 1.6.13 CVE-2022-42975"]),
    (
        "packagesprops",
        &["Newtonsoft.Json 9.0.1 GHSA-5crp-9r3c-p9vr"],
    ),
    (
        "pipenv",
        &[
            "werkzeug 0.11.1 CVE-2019-14806",
            "werkzeug 0.11.1 CVE-2020-28724",
        ],
    ),
    (
        "pylock",
        &[
            "werkzeug 0.11.1 CVE-2019-14806",
            "werkzeug 0.11.1 CVE-2020-28724",
        ],
    ),
    (
        "swift",
        &["github.com/apple/swift-nio 2.41.0 CVE-2022-3215"],
    ),
    ("yarn", &["jquery 3.2.1 CVE-2019-11358"]),
];

fn unpack(archive: &Path, to: &Path) {
    let file = File::open(archive).unwrap();
    let mut decoder = zstd::Decoder::new(file).unwrap();
    decoder.window_log_max(27).unwrap();
    tar::Archive::new(decoder).unpack(to).unwrap();
}

/// The one folder below this one in which all of these are.
fn find(root: &Path, name: &str) -> PathBuf {
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        if folder.join(name).exists() {
            return folder;
        }
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    panic!("{name} is not below {}", root.display());
}

fn shards(db: &Path, out: &Path) -> ShardSet {
    let mut documents = Vec::new();
    for entry in std::fs::read_dir(db).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        // About vulnerabilities, feeds and names, and no advisories.
        if !matches!(name.as_str(), "vulnerability" | "data-source" | "cpe") {
            let text = std::fs::read_to_string(&path).unwrap();
            documents.extend(advisories::documents(&name, &text));
        }
    }
    assert!(documents.len() > 50, "{} advisories", documents.len());
    let options = BuildOptions {
        threads: 2,
        previous: None,
    };
    let source = Source::Documents(Box::new(documents.into_iter()));
    let report = build(source, out, &options).unwrap();
    assert!(
        report.errors.is_empty() && report.unrecognised.is_empty(),
        "{:?} {:?}",
        report.errors,
        report.unrecognised
    );
    ShardSet::open_dir(out).unwrap()
}

/// A name in the one form that both sides share.
fn plain(kind: PackageKind, name: &str) -> String {
    match kind {
        PackageKind::Pypi => purl::compared_name("pypi", name).into_owned(),
        _ => name.to_owned(),
    }
}

/// `PACKAGE VERSION` and `PACKAGE VERSION VULNERABILITY` lines.
fn found(
    case: &Case,
    inventory: &Inventory,
    shards: &ShardSet,
) -> (BTreeSet<String>, BTreeSet<String>) {
    let at: Timestamp = "2021-08-25T12:20:30Z".parse().unwrap();
    let options = MatchOptions {
        include_development: case.development,
    };
    let result = match_inventory_with(inventory, shards, at, &options).unwrap();
    let packages = inventory
        .packages
        .iter()
        .filter(|package| case.development || package.origin != PackageOrigin::Development)
        .map(|package| format!("{} {}", plain(package.kind, &package.name), package.version))
        .collect();
    let kinds: BTreeMap<&str, PackageKind> = inventory
        .packages
        .iter()
        .map(|package| (package.name.as_str(), package.kind))
        .collect();
    let pairs = result
        .findings
        .iter()
        .filter(|finding| !case.fixed_only || finding.fixed_version.is_some())
        .map(|finding| {
            let kind = kinds
                .get(finding.package.as_str())
                .copied()
                .unwrap_or_default();
            let version = finding.installed_version.as_str();
            format!(
                "{} {version} {}",
                plain(kind, &finding.package),
                finding.vulnerability
            )
        })
        .collect();
    (packages, pairs)
}

/// Differences as lines: `RESULT + WHAT` for what is found and not expected, `RESULT - WHAT` for the contrary.
fn note(
    differences: &mut BTreeSet<String>,
    name: &str,
    expected: &BTreeSet<String>,
    found: &BTreeSet<String>,
) {
    let more = found
        .difference(expected)
        .map(|what| format!("{name} + {what}"));
    let less = expected
        .difference(found)
        .map(|what| format!("{name} - {what}"));
    differences.extend(more.chain(less));
}

#[test]
fn known_results_are_met_and_every_difference_is_explained() {
    let Some(folder) = at_hand::data("peers/trivy") else {
        return;
    };
    let unpacked = tempfile::tempdir().unwrap();
    unpack(&folder.join("expected.tar.zst"), unpacked.path());
    unpack(&folder.join("lockfiles.tar.zst"), unpacked.path());
    let goldens = find(unpacked.path(), "pnpm.json.golden");
    let repo = find(unpacked.path(), "pubspec");
    let out = tempfile::tempdir().unwrap();
    let shards = shards(&goldens.join("db"), out.path());

    // None is forgotten.
    for entry in std::fs::read_dir(&goldens).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        if let Some(name) = name.strip_suffix(".golden") {
            let compared = CASES.iter().any(|case| case.golden == name);
            let left_out = LEFT_OUT.iter().any(|(left_out, _)| *left_out == name);
            assert!(compared || left_out, "{name} is not compared");
        }
    }
    for entry in std::fs::read_dir(&repo).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        let compared = CASES.iter().any(|case| case.folder == name);
        let by_hand = BY_HAND.iter().any(|(folder, _)| *folder == name);
        assert!(compared || by_hand, "{name} is not scanned");
    }

    let mut differences: BTreeSet<String> = BTreeSet::new();
    let (mut right, mut wrong, mut missed) = (0_usize, 0_usize, 0_usize);
    let scan = |folder: &str| {
        let inventory = read_folder(&repo.join(folder), &Limits::default()).unwrap();
        assert_ne!(
            inventory.coverage.status,
            CoverageStatus::Unsupported,
            "{folder}: {:?}",
            inventory.coverage
        );
        let only_unresolved = |gap: &CoverageGap| gap.reason == GapReason::Unresolved;
        assert!(
            inventory.coverage.gaps.iter().all(only_unresolved),
            "{folder}: {:?}",
            inventory.coverage
        );
        inventory
    };
    let mut compare = |name: &str, expected: &BTreeSet<String>, pairs: &BTreeSet<String>| {
        right += pairs.intersection(expected).count();
        wrong += pairs.difference(expected).count();
        missed += expected.difference(pairs).count();
        note(&mut differences, name, expected, pairs);
    };
    let mut of_packages = Vec::new();
    for case in CASES {
        let path = goldens.join(format!("{}.golden", case.golden));
        let expected = Expected::read(&std::fs::read(path).unwrap());
        let inventory = match case.folder {
            "" => expected.inventory(),
            folder => scan(folder),
        };
        let (packages, pairs) = found(case, &inventory, &shards);
        compare(case.golden, &expected.pairs, &pairs);
        if !expected.packages.is_empty() && !case.folder.is_empty() {
            of_packages.push((case.golden, expected.packages, packages));
        }
    }
    for (folder, expected) in BY_HAND {
        let expected = expected.iter().map(|pair| (*pair).to_owned()).collect();
        let (_, pairs) = found(&lock_files(folder, folder), &scan(folder), &shards);
        compare(folder, &expected, &pairs);
    }
    for (name, expected, packages) in &of_packages {
        note(&mut differences, name, expected, packages);
    }

    let explained: BTreeMap<&str, &str> = DIFFERENCES
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            line.split_once(" : ")
                .unwrap_or_else(|| panic!("no reason: {line}"))
        })
        .collect();
    let told: BTreeSet<&str> = differences.iter().map(String::as_str).collect();
    let unexplained: Vec<_> = told
        .iter()
        .filter(|line| !explained.contains_key(**line))
        .collect();
    let stale: Vec<_> = explained
        .keys()
        .filter(|line| !told.contains(**line))
        .collect();
    // What an explanation calls right on our side counts as right.
    let ours = |sign: &str| {
        explained
            .iter()
            .filter(|(line, reason)| {
                line.contains(sign) && line.split(' ').count() == 5 && reason.starts_with("right: ")
            })
            .count()
    };
    let (more, less) = (ours(" + "), ours(" - "));
    let (right, wrong, missed) = (right + more, wrong - more, missed - less);
    let thousandths = |of: usize| (right * 1000).checked_div(right + of).unwrap_or(0);
    let (precision, recall) = (thousandths(wrong), thousandths(missed));
    println!(
        "{} results: {right} pairs right, {wrong} wrong, {missed} missed; precision {precision} ‰, recall {recall} ‰; {} \
         differences explained",
        CASES.len() + BY_HAND.len(),
        explained.len()
    );
    assert!(
        unexplained.is_empty() && stale.is_empty(),
        "unexplained differences: {unexplained:#?}\nexplanations of none: {stale:#?}"
    );
    assert!(precision >= PRECISION, "precision fell to {precision} ‰");
    assert!(recall >= RECALL, "recall fell to {recall} ‰");
}
