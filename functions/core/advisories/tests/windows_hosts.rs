//! Every real Windows host that is at hand gets exactly the vulnerabilities that a second, plain reading of the same
//! documents gives it: those whose fixing build on its servicing line lies above its own.
//!
//! The second reading shares no code with the first: it goes through the documents line by line.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that stops at the first surprise and says what it judged"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use advisories::{BuildOptions, MatchResult, ShardSet, Source, build, match_inventory};
use schemas::{
    Timestamp,
    inventory::{
        Coverage, CoverageStatus, InstallationType, Inventory, OperatingSystem, OsFamily, Package,
        PackageKind, Target, TargetKind, UpdateState, WindowsOs, WindowsUpdate,
    },
};

/// Names and unpacked contents of the documents that can hold rows of Windows Server 2016 and later.
fn documents(data: &Path) -> Vec<(String, Vec<u8>)> {
    let mut documents: Vec<(String, Vec<u8>)> = std::fs::read_dir(data.join("cvrf"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter_map(|path| {
            let name = path
                .file_name()?
                .to_str()?
                .strip_suffix(".xml.zst")?
                .to_owned();
            (name.as_str() >= "2016").then(|| {
                let packed = std::fs::read(&path).unwrap();
                let mut decoder = zstd::Decoder::new(packed.as_slice()).unwrap();
                decoder.window_log_max(27).unwrap();
                let mut bytes = Vec::new();
                std::io::copy(&mut decoder, &mut bytes).unwrap();
                (name, bytes)
            })
        })
        .collect();
    documents.sort();
    documents
}

/// A host as its own text file describes it.
struct Host {
    name: String,
    build: u32,
    ubr: u32,
    kbs: BTreeSet<String>,
}

fn hosts(data: &Path) -> Vec<Host> {
    let mut hosts = Vec::new();
    for line in std::fs::read_dir(data.join("aks-hosts")).unwrap() {
        let folder = line.unwrap().path();
        if !folder.is_dir() {
            continue;
        }
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            let field = |name: &str| {
                let line = text
                    .lines()
                    .find(|line| line.trim_start().starts_with(name))
                    .unwrap();
                line.split_once(':').unwrap().1.trim().to_owned()
            };
            assert_eq!(field("OS InstallType"), "Server Core");
            let version = field("OS Version");
            let (build, ubr) = version.split_once('.').unwrap();
            let listed = text.split("Installed QFEs").nth(1).unwrap();
            let listed = listed.split("Windows Update Registry").next().unwrap();
            let kbs = listed
                .split(|c: char| !c.is_ascii_alphanumeric())
                .filter(|word| {
                    word.starts_with("KB")
                        && word.len() > 7
                        && word[2..].bytes().all(|b| b.is_ascii_digit())
                })
                .map(str::to_owned)
                .collect();
            hosts.push(Host {
                name: path.display().to_string(),
                build: build.parse().unwrap(),
                ubr: ubr.parse().unwrap(),
                kbs,
            });
        }
    }
    hosts.sort_by(|a, b| a.name.cmp(&b.name));
    hosts
}

fn inventory(build: u32, ubr: u32, kbs: &BTreeSet<String>, kind: TargetKind) -> Inventory {
    Inventory {
        version: 1,
        target: Target {
            kind,
            name: "host".to_owned(),
            id: None,
        },
        os: Some(OperatingSystem {
            family: OsFamily::Windows,
            id: "windows".to_owned(),
            id_like: vec![],
            version_id: Some(format!("10.0.{build}.{ubr}")),
            codename: None,
            pretty_name: None,
            architecture: Some("amd64".to_owned()),
            windows: Some(WindowsOs {
                build,
                ubr: Some(ubr),
                installation_type: Some(InstallationType::ServerCore),
                updates_complete: true,
                updates: kbs
                    .iter()
                    .map(|kb| WindowsUpdate {
                        kb: kb.clone(),
                        state: UpdateState::Installed,
                        installed_at: None,
                    })
                    .collect(),
                ..WindowsOs::default()
            }),
        }),
        packages: vec![],
        image: None,
        host: None,
        coverage: Coverage {
            status: CoverageStatus::Complete,
            gaps: vec![],
        },
    }
}

/// One update of one vulnerability for one product, as the plain reading sees it.
#[derive(Clone, Default)]
struct Update {
    kb: Option<String>,
    build: Option<String>,
    hotpatch: bool,
    replaces: Vec<String>,
}

/// Vulnerability to updates, for each of the products.
type Plain = BTreeMap<&'static str, BTreeMap<String, Vec<Update>>>;

const PRODUCTS: [(&str, u32); 4] = [
    ("11572", 17763),
    ("11924", 20348),
    ("12244", 25398),
    ("12437", 26100),
];

/// The content of an element that stands alone on a line.
fn content<'l>(line: &'l str, tag: &str) -> Option<&'l str> {
    line.strip_prefix(tag)?.split('<').next()
}

fn numbers(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_ascii_digit())
        .filter(|part| part.len() >= 6)
        .map(|part| format!("KB{part}"))
        .collect()
}

fn plain(documents: &[(String, Vec<u8>)]) -> Plain {
    let mut plain = Plain::new();
    for (_, bytes) in documents {
        let text = std::str::from_utf8(bytes).unwrap();
        let (mut cve, mut affected, mut fixes) = (String::new(), Vec::new(), Vec::new());
        let (mut in_status, mut fix): (bool, Option<(Update, Vec<&'static str>)>) = (false, None);
        for line in text.split('\n') {
            let line = line.trim();
            if !line.starts_with("<vuln:")
                && !line.starts_with("</vuln:")
                && line != "Type=\"Vendor Fix\">"
            {
                continue;
            }
            if let Some(id) = content(line, "<vuln:ProductID>") {
                let Some((product, _)) = PRODUCTS.iter().find(|(product, _)| *product == id) else {
                    continue;
                };
                if in_status {
                    affected.push(*product);
                } else if let Some((_, products)) = &mut fix {
                    products.push(product);
                }
            } else if let Some(id) = content(line, "<vuln:CVE>") {
                cve = id.to_owned();
            } else if line == "<vuln:ProductStatuses>" || line == "</vuln:ProductStatuses>" {
                in_status = line.starts_with("<v");
            } else if line == "Type=\"Vendor Fix\">" {
                fix = Some(<(Update, Vec<&'static str>)>::default());
            } else if line == "</vuln:Remediation>" {
                fixes.extend(fix.take());
            } else if line == "</vuln:Vulnerability>" {
                // A withdrawn entry says so in its id.
                if cve.contains(' ') {
                    affected.clear();
                }
                for product in affected.drain(..) {
                    let updates = plain
                        .entry(product)
                        .or_default()
                        .entry(cve.clone())
                        .or_default();
                    updates.extend(
                        fixes
                            .iter()
                            .filter(|(_, products)| products.contains(&product))
                            .map(|(update, _)| update.clone()),
                    );
                }
                fixes.clear();
            } else if let Some((update, _)) = &mut fix {
                if let Some(text) = content(line, "<vuln:Description>") {
                    update.kb = numbers(text).pop().filter(|kb| kb[2..] == *text);
                } else if let Some(text) = content(line, "<vuln:Supercedence>") {
                    update.replaces = numbers(text);
                } else if let Some(text) = content(line, "<vuln:SubType>") {
                    update.hotpatch = text.to_lowercase().contains("hotpatch");
                } else if let Some(text) = content(line, "<vuln:FixedBuild>") {
                    update.build = Some(text.trim().to_owned());
                }
            }
        }
    }
    plain
}

/// The revision when the text is a build of this line.
fn revision(text: &str, build: u32) -> Option<u32> {
    text.strip_prefix(&format!("10.0.{build}."))?.parse().ok()
}

/// What the plain reading expects of a host without hotpatches: vulnerabilities that are there, and that cannot be judged.
fn expected(
    updates: &BTreeMap<String, Vec<Update>>,
    history: &BTreeMap<(u32, String), u32>,
    host: &Host,
) -> (BTreeSet<String>, BTreeSet<String>) {
    // Revisions by update: the history's and those that some row names.
    let mut revisions: BTreeMap<String, u32> = BTreeMap::new();
    let mut know = |kb: &str, revision: u32| {
        let entry = revisions.entry(kb.to_owned()).or_insert(revision);
        *entry = revision.min(*entry);
    };
    for ((build, kb), revision) in history {
        if *build == host.build {
            know(kb, *revision);
        }
    }
    let ordinary = || updates.values().flatten().filter(|update| !update.hotpatch);
    for update in ordinary() {
        let named = update
            .build
            .as_deref()
            .and_then(|text| revision(text, host.build));
        if let (Some(kb), Some(revision)) = (&update.kb, named) {
            know(kb, revision);
        }
    }
    let mut present = host.kbs.clone();
    present.extend(
        revisions
            .iter()
            .filter(|(_, r)| **r <= host.ubr)
            .map(|(kb, _)| kb.clone()),
    );
    let mut missing: BTreeSet<String> = revisions
        .iter()
        .filter(|(_, r)| **r > host.ubr)
        .map(|(kb, _)| kb.clone())
        .collect();
    // Until nothing changes: what a present update replaces is present, what replaces a missing one is missing.
    let sizes = |a: &BTreeSet<String>, b: &BTreeSet<String>| (a.len(), b.len());
    loop {
        let before = sizes(&present, &missing);
        for update in ordinary() {
            let Some(kb) = &update.kb else { continue };
            if present.contains(kb) {
                present.extend(update.replaces.iter().cloned());
            }
            if update.replaces.iter().any(|older| missing.contains(older)) {
                missing.insert(kb.clone());
            }
        }
        if sizes(&present, &missing) == before {
            break;
        }
    }
    let (mut there, mut doubtful) = (BTreeSet::new(), BTreeSet::new());
    for (cve, updates) in updates {
        let (mut affected, mut unknown) = (false, updates.iter().all(|update| update.hotpatch));
        for update in updates.iter().filter(|update| !update.hotpatch) {
            let build = update.build.as_deref().filter(|text| *text != "-");
            match build.map(|text| (text, revision(text, host.build))) {
                Some((_, Some(revision))) => affected |= revision > host.ubr,
                Some((text, None)) if text.starts_with("10.0.") => unknown = true,
                _ => match &update.kb {
                    Some(kb) if present.contains(kb) => {}
                    Some(kb) if missing.contains(kb) => affected = true,
                    _ => unknown = true,
                },
            }
        }
        if affected {
            there.insert(cve.clone());
        } else if unknown {
            doubtful.insert(cve.clone());
        }
    }
    (there, doubtful)
}

fn history(data: &Path) -> BTreeMap<(u32, String), u32> {
    let text = std::fs::read_to_string(data.join("windows-build-kb.csv")).unwrap();
    let mut history = BTreeMap::new();
    for line in text.lines().skip(1) {
        // Product names may hold commas; the other columns do not.
        let mut fields = line.rsplit(',').skip(1);
        let (kb, revision, build) = (
            fields.next().unwrap(),
            fields.next().unwrap(),
            fields.next().unwrap(),
        );
        if let (Ok(build), Ok(revision)) = (build.parse::<u32>(), revision.parse::<u32>()) {
            let entry = history
                .entry((build, format!("KB{kb}")))
                .or_insert(revision);
            *entry = revision.min(*entry);
        }
    }
    history
}

fn matched(inventory: &Inventory, shards: &ShardSet) -> MatchResult {
    let at: Timestamp = "2026-06-01T00:00:00Z".parse().unwrap();
    match_inventory(inventory, shards, at).unwrap()
}

fn ids(result: &MatchResult) -> (BTreeSet<String>, BTreeSet<String>) {
    let there = result
        .findings
        .iter()
        .map(|f| f.vulnerability.to_string())
        .collect();
    let doubtful = result
        .cannot_judge
        .iter()
        // The .NET Framework is judged by its own updates.
        .filter(|c| !c.package.contains(".NET Framework"))
        .map(|c| c.vulnerability.to_string())
        .collect();
    (there, doubtful)
}

fn shards_of(documents: Vec<(String, Vec<u8>)>, folder: &Path) -> ShardSet {
    let source = Source::Documents(Box::new(documents.into_iter()));
    let report = build(source, folder, &BuildOptions::default()).unwrap();
    // Nothing but the one entry that its publisher withdrew.
    assert!(
        report.errors.iter().all(|error| !error.unusable),
        "{:?}",
        report.errors
    );
    assert!(report.errors.len() <= 1, "{:?}", report.errors);
    assert_eq!(report.unrecognised, Vec::<String>::new());
    ShardSet::open_dir(folder).unwrap()
}

#[test]
fn every_real_host_gets_exactly_what_lies_above_its_build() {
    let Some(data) = at_hand::data("microsoft") else {
        return;
    };
    let mut documents = documents(&data);
    let plain = plain(&documents);
    let history = history(&data);
    let hosts = hosts(&data);
    documents.push((
        "builds".to_owned(),
        std::fs::read(data.join("windows-build-kb.csv")).unwrap(),
    ));
    let folder = tempfile::tempdir().unwrap();
    let shards = shards_of(documents, folder.path());

    let (mut findings, mut doubts) = (0, 0);
    for host in &hosts {
        let (product, _) = PRODUCTS
            .iter()
            .find(|(_, build)| *build == host.build)
            .unwrap();
        let inventory = inventory(host.build, host.ubr, &host.kbs, TargetKind::Host);
        let (there, doubtful) = ids(&matched(&inventory, &shards));
        let (want_there, want_doubtful) = expected(&plain[product], &history, host);
        assert_eq!(there, want_there, "{}: findings", host.name);
        assert_eq!(doubtful, want_doubtful, "{}: cannot judge", host.name);
        findings += there.len();
        doubts += doubtful.len();
    }
    println!(
        "{} hosts: {findings} findings, {doubts} cannot judge",
        hosts.len()
    );
    assert!(
        hosts.len() > 200 && findings > 10_000,
        "{} hosts, {findings}",
        hosts.len()
    );
    known_cases(&shards);
    framework_by_its_files(&shards);
}

/// The .NET Framework of an image: without its files nothing is decided, and with them nearly everything.
fn framework_by_its_files(shards: &ShardSet) {
    let mut image = inventory(17763, 6000, &BTreeSet::new(), TargetKind::Image);
    let mut judged = |version: Option<&str>| {
        image.packages = version
            .into_iter()
            .map(|version| Package {
                name: ".NET Framework".to_owned(),
                version: version.to_owned(),
                kind: PackageKind::Dotnet,
                ..Package::default()
            })
            .collect();
        let result = matched(&image, shards);
        let of = |name: &str| name.contains(".NET Framework");
        let findings: Vec<_> = result
            .findings
            .into_iter()
            .filter(|f| of(&f.package))
            .collect();
        let doubts: BTreeMap<String, String> = result
            .cannot_judge
            .into_iter()
            .filter(|c| of(&c.package))
            .map(|c| (c.vulnerability.to_string(), c.detail))
            .collect();
        println!(
            "{version:?}: {} findings, {} cannot judge",
            findings.len(),
            doubts.len()
        );
        (findings, doubts)
    };
    let (none, unseen) = judged(None);
    assert!(none.is_empty() && unseen.len() > 20, "{}", unseen.len());
    let for_want_of_files = |detail: &String| detail.contains("files were not seen");
    assert!(unseen.values().all(for_want_of_files), "{unseen:?}");
    let (newest, undecided) = judged(Some("4.8.8999.0"));
    assert!(newest.is_empty());
    let (old, undecided_too) = judged(Some("4.8.4600.0"));
    assert!(old.len() > 10, "{}", old.len());
    for finding in &old {
        let fixed = finding.fixed_version.as_deref().unwrap();
        let build: u32 = fixed.split('.').nth(2).unwrap().parse().unwrap();
        assert!(fixed.starts_with("4.8.") && build > 4600, "{fixed}");
        let id = finding.vulnerability.as_str();
        assert!(
            unseen.contains_key(id) && !undecided.contains_key(id),
            "{id}"
        );
    }
    // With the files, what stays undecided are rows that name no version of 4.8, or none at all: the same ones whatever
    // the files say.
    assert!(undecided.keys().eq(undecided_too.keys()));
    for (id, detail) in &undecided {
        assert!(unseen.contains_key(id), "{id}");
        assert!(!detail.contains("(version 4.8."), "{id}: {detail}");
    }
}

/// Cases that are known one by one.
fn known_cases(shards: &ShardSet) {
    let kbs = |kbs: &[&str]| {
        kbs.iter()
            .map(|kb| (*kb).to_owned())
            .collect::<BTreeSet<String>>()
    };
    let there = |build, ubr, installed: &[&str], kind| {
        ids(&matched(
            &inventory(build, ubr, &kbs(installed), kind),
            shards,
        ))
        .0
    };
    use TargetKind::{Host, Image};
    // The cumulative update fixes later than the hotpatch, which these hosts do not take.
    assert!(there(20348, 2340, &[], Host).contains("CVE-2024-21427"));
    assert!(there(20348, 2966, &[], Host).contains("CVE-2024-49120"));
    assert!(!there(20348, 3091, &[], Host).contains("CVE-2024-49120"));

    // The build of another line is never believed.
    for (build, ubr, id) in [(25398, 1, "CVE-2024-43513"), (26100, 1, "CVE-2025-49735")] {
        let result = matched(&inventory(build, ubr, &kbs(&[]), Host), shards);
        let (there, doubtful) = ids(&result);
        let row_is_loaded = there.contains(id) || doubtful.contains(id);
        assert!(!there.contains(id), "{id}");
        println!(
            "{id} on {build}: {}",
            if row_is_loaded {
                "cannot judge"
            } else {
                "its month is not here"
            }
        );
    }

    // A host at a hotpatch's own revision has what the hotpatch fixes; an image of that revision does not.
    let hotpatched = there(26100, 32463, &[], Host);
    let image = there(26100, 32463, &[], Image);
    let shown_by_update = there(26100, 32464, &["KB5078736"], Host);
    let without = there(26100, 32464, &[], Host);
    assert!(
        hotpatched.len() < image.len(),
        "{} and {}",
        hotpatched.len(),
        image.len()
    );
    assert!(hotpatched.is_subset(&image));
    assert_eq!(hotpatched, shown_by_update);
    assert_eq!(image, without);

    let result = matched(&inventory(20348, 2966, &kbs(&[]), Image), shards);
    let finding = result
        .findings
        .iter()
        .find(|f| f.vulnerability.as_str() == "CVE-2024-49120")
        .unwrap();
    assert_eq!(
        finding.evidence.comparison,
        "10.0.20348.2966 < 10.0.20348.3091"
    );
    assert_eq!(finding.kb.as_deref(), Some("KB5049983"));
    assert!(finding.fix_at.is_some() && !finding.ratings.is_empty());
}
