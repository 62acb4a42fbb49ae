//! Documents in the form of the real ones, and real months of CVRF told in that form: both must judge alike.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use schemas::{
    Timestamp,
    inventory::{
        Coverage, CoverageStatus, InstallationType, Inventory, OperatingSystem, OsFamily, Target,
        TargetKind, UpdateState, WindowsOs, WindowsUpdate,
    },
};
use serde_json::{Value, json};

use super::*;
use crate::{
    BuildOptions, MatchResult, ShardSet, Source, build,
    feeds::{FEEDS, msrc_cvrf::tests::as_json},
    match_inventory,
    row::{IntelRow, Row},
};

/// CVE-2026-21510 for some of its products, with a hotpatch, and what is not judged here.
fn shell() -> Value {
    let product = |name: &str, number: &str, build: &str, id: &str| {
        let (below, fixed) = (format!("<{build}"), build);
        json!({ "category": "product_name", "name": name, "branches": [
            { "category": "product_version_range", "name": below,
              "product": { "name": format!("{name} {below}"), "product_id": number } },
            { "category": "product_version", "name": fixed,
              "product": { "name": format!("{name} {fixed}"), "product_id": id } },
        ]})
    };
    let fix = |build: &str, kind: &str, kb: &str, of: &[&str]| {
        let url = format!("https://support.microsoft.com/help/{kb}");
        json!({ "category": "vendor_fix", "date": "2026-02-10T08:00:00.000Z",
            "details": format!("{build}:{kind}:{url}"), "product_ids": of, "url": url })
    };
    json!({
        "document": {
            "acknowledgments": [{ "names": ["Red Hat Product Security"] }],
            "aggregate_severity": { "text": "Important" },
            "category": "csaf_security_advisory",
            "csaf_version": "2.0",
            "publisher": { "category": "vendor", "name": "Microsoft Security Response Center",
                "namespace": "https://msrc.microsoft.com" },
            "title": "Windows Shell Security Feature Bypass Vulnerability",
            "tracking": { "id": "msrc_CVE-2026-21510", "current_release_date": "2026-02-10T08:00:00.000Z",
                "revision_history": [{ "date": "2026-02-10T08:00:00.000Z", "number": "1" }] },
        },
        "product_tree": { "branches": [
            product("Windows Server 2022 (Server Core installation)", "18", "10.0.20348.4773", "11924"),
            product("Windows Server 2025 (Server Core installation)", "5", "10.0.26100.32370", "12437"),
            product("Windows Server 2012", "31", "6.2.9200.25923", "10378"),
        ]},
        "vulnerabilities": [{
            "cve": "CVE-2026-21510",
            "title": "Windows Shell Security Feature Bypass Vulnerability",
            "product_status": { "fixed": ["11924", "12437", "10378"], "known_affected": ["5", "18", "31"] },
            "remediations": [
                fix("10.0.20348.4773", "Security Update", "5075906", &["18"]),
                fix("10.0.26100.32370", "Security Update", "5075899", &["5"]),
                fix("10.0.26100.32313", "Security Hotpatch Update", "5075942", &["5"]),
                fix("6.2.9200.25923", "Monthly Rollup", "5075971", &["31"]),
            ],
            "scores": [{ "cvss_v3": { "baseScore": 8.8, "vectorString": "CVSS:3.1/AV:N" }, "products": ["5", "18", "31"] }],
            "threats": [
                { "category": "impact", "details": "Security Feature Bypass" },
                { "category": "exploit_status", "details": "Publicly Disclosed:Yes;Exploited:Yes" },
            ],
        }],
    })
}

#[derive(Default)]
struct Seen {
    rows: Vec<String>,
    exploited: Vec<String>,
    not_judged: usize,
    title: String,
    problems: Vec<String>,
}

impl Sink for Seen {
    fn advisory(&mut self, row: &Row<'_>) {
        let windows = row.windows.as_ref().unwrap();
        self.rows.push(format!(
            "{} {} {} {:?} {:?} hotpatch={} {:?} {:?} {} ratings",
            row.vulnerability,
            windows.product_id,
            windows.product,
            windows.kb,
            windows.fixed_build,
            windows.hotpatch,
            windows.component,
            row.modified_at.map(|moment| moment.to_string()),
            row.ratings.len(),
        ));
    }
    fn intel(&mut self, row: &IntelRow<'_>) {
        self.exploited.push(row.vulnerability.to_owned());
    }
    fn not_judged(&mut self, _: &str) {
        self.not_judged += 1;
    }
    fn as_of(&mut self, _: Timestamp) {}
    fn title(&mut self, title: &str) {
        self.title = title.to_owned();
    }
    fn problem(&mut self, at: &str, what: &str) {
        self.problems.push(format!("{at}: {what}"));
    }
}

fn read(text: &str) -> (Result<(), FeedError>, Seen) {
    let document = Document {
        name: "any",
        bytes: text.as_bytes(),
    };
    let mut seen = Seen::default();
    let done = MsrcCsaf.parse(&document, &mut seen);
    (done, seen)
}

#[test]
fn rows_have_msrcs_product_ids_and_the_hotpatch_stays_apart() {
    let (done, seen) = read(&shell().to_string());
    assert_eq!(done, Ok(()));
    let tail = "None Some(\"2026-02-10T08:00:00.000Z\") 2 ratings";
    assert_eq!(
        seen.rows,
        [
            format!(
                "CVE-2026-21510 11924 Windows Server 2022 (Server Core installation) Some(\"KB5075906\") \
                 Some(\"10.0.20348.4773\") hotpatch=false {tail}"
            ),
            format!(
                "CVE-2026-21510 12437 Windows Server 2025 (Server Core installation) Some(\"KB5075899\") \
                 Some(\"10.0.26100.32370\") hotpatch=false {tail}"
            ),
            format!(
                "CVE-2026-21510 12437 Windows Server 2025 (Server Core installation) Some(\"KB5075942\") \
                 Some(\"10.0.26100.32313\") hotpatch=true {tail}"
            ),
        ]
    );
    assert_eq!(
        (seen.exploited, seen.not_judged, seen.title.as_str()),
        (vec!["CVE-2026-21510".to_owned()], 1, "msrc_CVE-2026-21510")
    );
    assert!(seen.problems.is_empty());
}

#[test]
fn a_component_on_a_system_is_named_by_both() {
    let mut document = shell();
    document["product_tree"]["branches"]
        .as_array_mut()
        .unwrap()
        .extend([
            json!({ "category": "product_name", "name": "Microsoft .NET Framework 4.8", "branches": [
                { "category": "product_version_range", "name": "<4.8.4654.8", "product": { "product_id": "2" } },
                { "category": "product_version", "name": "4.8.4654.8", "product": { "product_id": "11650" } },
            ]}),
            json!({ "category": "product_name", "name": "Windows Server 2022", "branches": [
                { "category": "product_version", "name": "-", "product": { "product_id": "11923" } },
            ]}),
        ]);
    document["product_tree"]["relationships"] = json!([{ "category": "default_component_of",
        "full_product_name": { "product_id": "11923-2" }, "product_reference": "2",
        "relates_to_product_reference": "11923" }]);
    document["vulnerabilities"][0]["product_status"]["known_affected"] = json!(["11923-2"]);
    document["vulnerabilities"][0]["remediations"] = json!([{ "category": "vendor_fix",
        "details": "4.8.4654.8:Security Update:https://support.microsoft.com/help/5011048",
        "product_ids": ["11923-2"], "url": "https://support.microsoft.com/help/5011048" }]);
    let (done, seen) = read(&document.to_string());
    assert_eq!(done, Ok(()));
    let wanted = "CVE-2026-21510 11650-11923 Microsoft .NET Framework 4.8 on Windows Server 2022 Some(\"KB5011048\") \
                  Some(\"4.8.4654.8\")";
    assert!(
        seen.rows.len() == 1 && seen.rows[0].starts_with(wanted),
        "{:?}",
        seen.rows
    );
}

#[test]
fn a_product_whose_id_is_not_told_is_a_problem_and_no_silence() {
    let mut document = shell();
    document["product_tree"]["branches"][0]["branches"]
        .as_array_mut()
        .unwrap()
        .pop();
    let (done, seen) = read(&document.to_string());
    assert_eq!((done, seen.rows.len()), (Ok(()), 2));
    assert_eq!(seen.problems.len(), 1);
    assert!(seen.problems[0].starts_with("CVE-2026-21510: the product `18`"));
}

#[test]
fn details_are_taken_apart() {
    let of = |details, url| {
        let Details {
            build,
            sub_type,
            url,
        } = Details::of(details, url);
        (build, sub_type, url)
    };
    let kb = "https://support.microsoft.com/help/5075904";
    for (details, url) in [
        (
            "10.0.17763.8389:Security Update:https://support.microsoft.com/help/5075904",
            kb,
        ),
        (
            "10.0.17763.8389:Security Update:https://support.microsoft.com/help/5075904",
            "",
        ),
    ] {
        assert_eq!(of(details, url), ("10.0.17763.8389", "Security Update", kb));
    }
    let page = "https://aka.ms/OfficeSecurityReleases";
    assert_eq!(
        of(
            "https://aka.ms/OfficeSecurityReleases:Security Update:https://support.microsoft.com/help/5075904",
            kb
        ),
        (page, "Security Update", kb)
    );
    assert_eq!(
        of("Security Update:https://x/", "https://x/"),
        ("", "Security Update", "https://x/")
    );
    assert_eq!(of(":AzureHotpatch:", ""), ("", "AzureHotpatch", ""));
    assert_eq!(of("10.0.1.2", ""), ("10.0.1.2", "", ""));
    assert_eq!(of("", "https://x/"), ("", "", ""));
    for (url, wanted) in [
        (kb, Some("KB5075904")),
        (
            "https://catalog.update.microsoft.com/v7/site/Search.aspx?q=KB5075904",
            Some("KB5075904"),
        ),
        (
            "https://www.microsoft.com/download/details.aspx?id=105216",
            None,
        ),
        ("https://go.microsoft.com/fwlink/p/?linkid=2109047", None),
    ] {
        assert_eq!(kb_of(url).as_deref(), wanted, "{url}");
    }
}

#[test]
fn the_publisher_tells_whose_a_document_is() {
    let reader = |text: &str| {
        let document = Document {
            name: "any",
            bytes: text.as_bytes(),
        };
        let found = FEEDS.iter().find(|feed| feed.recognises(&document));
        found.map(|feed| feed.name())
    };
    let ours = shell();
    assert_eq!(reader(&ours.to_string()), Some(NAME));
    assert_eq!(
        reader(&serde_json::to_string_pretty(&ours).unwrap()),
        Some(NAME)
    );
    for (name, wanted) in [
        ("Red Hat Product Security", Some("redhat-csaf")),
        ("SUSE Product Security Team", Some("suse-csaf")),
        ("Cisco", None),
    ] {
        let mut theirs = shell();
        theirs["document"]["publisher"]["name"] = json!(name);
        theirs["document"]["acknowledgments"] =
            json!([{ "organization": "Microsoft Security Response Center" }]);
        assert_eq!(reader(&theirs.to_string()), wanted, "{name}");
    }
    let later = ours
        .to_string()
        .replace("\"csaf_version\":\"2.0\"", "\"csaf_version\":\"3.0\"");
    assert!(
        matches!(read(&later).0, Err(FeedError::OtherVersion { found, .. }) if found == "CSAF 3.0")
    );
}

#[test]
fn a_cut_document_is_an_error_wherever_it_ends() {
    let whole = shell().to_string();
    for end in (1..whole.len()).step_by(7) {
        assert!(
            matches!(read(&whole[..end]).0, Err(FeedError::Cut { .. })),
            "{end}"
        );
    }
    let deep = format!(
        r#"{{"document":{{"csaf_version":"2.0","tracking":{{"id":"x"}}}},"product_tree":{{"branches":{}{}}}}}"#,
        r#"[{"branches":"#.repeat(10_000),
        "}]".repeat(10_000)
    );
    assert!(read(&deep).0.is_err());
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(at in 0usize..4000, byte: u8, details in ".{0,60}", url in ".{0,40}") {
        let mut bytes = shell().to_string().into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        let document = Document { name: "any", bytes: &bytes };
        let _ = MsrcCsaf.recognises(&document);
        let _ = MsrcCsaf.parse(&document, &mut Seen::default());
        let _ = (Details::of(&details, &url), kb_of(&url));
    }
}

/// The vulnerabilities of a month of CVRF as documents in the form of CSAF, with what that form has not left out.
fn as_csaf(month: &Value) -> Vec<(String, String)> {
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    collect_names(&month["ProductTree"], &mut names);
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let ids = |value: &Value| -> Vec<String> {
        let all = value.as_array().into_iter().flatten();
        all.filter_map(|id| id.as_str().map(str::to_owned))
            .collect()
    };
    let mut documents = Vec::new();
    for said in list(&month["Vulnerability"]) {
        let cve = said["CVE"].as_str().unwrap_or_default().to_owned();
        let mut affected: Vec<String> = Vec::new();
        for status in list(&said["ProductStatuses"]) {
            affected.extend(ids(&status["ProductID"]));
        }
        affected.sort();
        affected.dedup();
        let fixes = list(&said["Remediations"]);
        let fixes: Vec<&Value> = fixes.iter().filter(|fix| fix["Type"] == 2).collect();
        let number = |id: &str| {
            let at = affected.iter().position(|known| known == id);
            at.map(|at| (at + 1).to_string())
        };
        let numbers = |value: &Value| -> Vec<String> {
            ids(value).iter().filter_map(|id| number(id)).collect()
        };
        let branches: Vec<Value> = affected
            .iter()
            .map(|id| {
                // The ordinary update names the product's version where there is one.
                let mut of: Vec<&&Value> = fixes
                    .iter()
                    .filter(|fix| ids(&fix["ProductID"]).contains(id))
                    .collect();
                of.sort_by_key(|fix| {
                    fix["SubType"].as_str().unwrap_or_default().to_lowercase().contains("hotpatch")
                });
                let build = of.iter().find_map(|fix| fix["FixedBuild"].as_str()).unwrap_or("N/A");
                json!({ "category": "product_name", "name": names.get(id), "branches": [
                    { "category": "product_version_range", "name": format!("<{build}"),
                      "product": { "product_id": number(id), "name": "" } },
                    { "category": "product_version", "name": build, "product": { "product_id": id, "name": "" } },
                ]})
            })
            .collect();
        let remediations: Vec<Value> = fixes
            .iter()
            .map(|fix| {
                let kb = fix["Description"]["Value"].as_str().unwrap_or_default();
                let url = match kb.bytes().all(|b| b.is_ascii_digit()) && !kb.is_empty() {
                    true => format!("https://support.microsoft.com/help/{kb}"),
                    false => "https://www.microsoft.com/download/".to_owned(),
                };
                let build = fix["FixedBuild"].as_str().unwrap_or_default();
                let kind = fix["SubType"].as_str().unwrap_or_default();
                json!({ "category": "vendor_fix", "details": format!("{build}:{kind}:{url}"), "url": url,
                    "product_ids": numbers(&fix["ProductID"]) })
            })
            .collect();
        let scores: Vec<Value> = list(&said["CVSSScoreSets"])
            .iter()
            .map(|set| {
                json!({ "cvss_v3": { "baseScore": set["BaseScore"], "vectorString": set["Vector"].as_str().unwrap_or_default() },
                    "products": numbers(&set["ProductID"]) })
            })
            .collect();
        let of_kind = |kind: u64| {
            let all = list(&said["Threats"]);
            let texts = all.iter().filter(|threat| threat["Type"] == kind);
            texts
                .filter_map(|threat| threat["Description"]["Value"].as_str())
                .next()
                .unwrap_or_default()
                .to_owned()
        };
        let revisions: Vec<Value> = list(&said["RevisionHistory"])
            .iter()
            .map(|one| json!({ "date": format!("{}.000Z", one["Date"].as_str().unwrap_or_default()) }))
            .collect();
        let document = json!({
            "document": {
                "aggregate_severity": { "text": of_kind(3) },
                "csaf_version": "2.0",
                "publisher": { "name": "Microsoft Security Response Center" },
                "tracking": { "id": format!("msrc_{cve}"), "revision_history": revisions },
            },
            "product_tree": { "branches": branches },
            "vulnerabilities": [{
                "cve": cve,
                "title": said["Title"]["Value"],
                "product_status": { "known_affected": affected.iter().filter_map(|id| number(id)).collect::<Vec<_>>() },
                "remediations": remediations,
                "scores": scores,
                "threats": [
                    { "category": "impact", "details": of_kind(0) },
                    { "category": "exploit_status", "details": of_kind(1) },
                ],
            }],
        });
        documents.push((format!("msrc_{cve}.json"), document.to_string()));
    }
    documents
}

fn collect_names(value: &Value, names: &mut BTreeMap<String, String>) {
    if let (Some(id), Some(name)) = (value["ProductID"].as_str(), value["Value"].as_str()) {
        names.insert(id.to_owned(), name.to_owned());
    }
    for key in ["Branch", "Items", "FullProductName"] {
        for inner in value[key].as_array().into_iter().flatten() {
            collect_names(inner, names);
        }
    }
}

fn built(documents: Vec<(String, Vec<u8>)>) -> (tempfile::TempDir, ShardSet) {
    let folder = tempfile::tempdir().unwrap();
    let options = BuildOptions {
        threads: 2,
        previous: None,
    };
    let source = Source::Documents(Box::new(documents.into_iter()));
    let report = build(source, folder.path(), &options).unwrap();
    let unusable: Vec<_> = report
        .errors
        .iter()
        .filter(|error| error.unusable)
        .collect();
    assert!(unusable.is_empty(), "{unusable:?}");
    let set = ShardSet::open_dir(folder.path()).unwrap();
    (folder, set)
}

fn place(build: u32, ubr: u32, kind: TargetKind, kbs: &[&str]) -> Inventory {
    Inventory {
        version: 1,
        target: Target {
            kind,
            name: "place".to_owned(),
            id: None,
        },
        os: Some(OperatingSystem {
            family: OsFamily::Windows,
            id: "windows".to_owned(),
            id_like: Vec::new(),
            version_id: None,
            codename: None,
            pretty_name: None,
            architecture: Some("amd64".to_owned()),
            windows: Some(WindowsOs {
                build,
                ubr: Some(ubr),
                installation_type: Some(InstallationType::ServerCore),
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
        }),
        packages: Vec::new(),
        image: None,
        host: None,
        coverage: Coverage {
            status: CoverageStatus::Complete,
            gaps: Vec::new(),
        },
    }
}

/// What is judged, in words that both forms can give: each finding once. With the feeds that it was read from.
fn judged(set: &ShardSet, place: &Inventory) -> (Vec<String>, BTreeSet<String>) {
    let at = "2026-04-01T00:00:00Z".parse().unwrap();
    let MatchResult {
        findings,
        cannot_judge,
        ..
    } = match_inventory(place, set, at).unwrap();
    let feeds = findings.iter().map(|f| f.evidence.source.feed.clone());
    let feeds = feeds.collect();
    let found = findings.iter().map(|f| {
        format!(
            "{} {} {:?} {:?} {} kev={}",
            f.vulnerability, f.package, f.fixed_version, f.kb, f.evidence.comparison, f.kev
        )
    });
    let doubts = cannot_judge.iter().map(|c| {
        format!(
            "{} {} {:?} {:?}",
            c.vulnerability, c.package, c.reason, c.kb
        )
    });
    (found.chain(doubts).collect(), feeds)
}

/// Revisions that fix something, and KBs of hotpatches, by line of Server Core.
fn points(month: &Value) -> (BTreeMap<u32, BTreeSet<u32>>, BTreeSet<String>) {
    let mut revisions: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    let mut hotpatches = BTreeSet::new();
    let all = month["Vulnerability"].as_array().into_iter().flatten();
    for fix in all.flat_map(|said| said["Remediations"].as_array().into_iter().flatten()) {
        let build = fix["FixedBuild"].as_str().unwrap_or_default();
        let numbers: Vec<u32> = build
            .split('.')
            .filter_map(|part| part.parse().ok())
            .collect();
        if let [
            10,
            0,
            line @ (14393 | 17763 | 20348 | 25398 | 26100),
            revision,
        ] = numbers[..]
        {
            revisions.entry(line).or_default().insert(revision);
            let kind = fix["SubType"].as_str().unwrap_or_default();
            if kind.contains("otpatch") {
                let kb = fix["Description"]["Value"].as_str().unwrap_or_default();
                hotpatches.insert(format!("KB{kb}"));
            }
        }
    }
    (revisions, hotpatches)
}

#[test]
fn a_real_month_is_judged_alike_in_either_form_and_once_in_both() {
    let Some(path) = at_hand::data("microsoft/cvrf/2026-Mar.xml.zst") else {
        return;
    };
    let packed = std::fs::read(path).unwrap();
    let xml = zstd::decode_all(packed.as_slice()).unwrap();
    let month = as_json::month(std::str::from_utf8(&xml).unwrap());
    let month: Value = serde_json::from_str(&month).unwrap();
    let csaf: Vec<(String, Vec<u8>)> = as_csaf(&month)
        .into_iter()
        .map(|(name, text)| (name, text.into_bytes()))
        .collect();
    let cvrf = vec![("2026-Mar.xml".to_owned(), xml)];
    let both: Vec<_> = cvrf.iter().chain(&csaf).cloned().collect();
    let [by_cvrf, by_csaf, by_both] = [built(cvrf), built(csaf), built(both)];
    let only = |feed: &str| BTreeSet::from([feed.to_owned()]);
    let (revisions, hotpatches) = points(&month);
    let hotpatches: Vec<&str> = hotpatches.iter().map(String::as_str).collect();
    assert_eq!(revisions.len(), 5);
    assert!(!hotpatches.is_empty());
    let (mut findings, mut on_hotpatches) = (0, 0);
    for (build, fixed) in revisions {
        // Below all fixes, and just below and at the last ones: cumulative updates and hotpatches.
        let last = fixed.iter().rev().take(3);
        let last = last.flat_map(|revision| [*revision, revision - 1]);
        for ubr in last.chain([1]) {
            for (kind, kbs) in [
                (TargetKind::Host, &[][..]),
                (TargetKind::Host, &hotpatches),
                (TargetKind::Image, &[][..]),
            ] {
                let place = place(build, ubr, kind, kbs);
                let (wanted, of) = judged(&by_cvrf.1, &place);
                let (other, of_other) = judged(&by_csaf.1, &place);
                let (all, of_all) = judged(&by_both.1, &place);
                assert_eq!(wanted, other, "{build}.{ubr} {kbs:?}");
                assert_eq!(wanted, all, "{build}.{ubr} {kbs:?}");
                // Where both are, the fuller form speaks.
                assert_eq!(of, of_all);
                assert!(of_other.is_empty() || of_other == only(NAME));
                assert!(of_all.is_empty() || of_all == only("msrc-cvrf"));
                findings += wanted.len();
                let by_hotpatch = |line: &&String| line.contains("(hotpatch)");
                on_hotpatches += wanted.iter().filter(by_hotpatch).count();
            }
        }
    }
    println!("{findings} judgements alike in three ways, {on_hotpatches} by a hotpatch");
    assert!(findings > 1000 && on_hotpatches > 0);
}

#[test]
fn real_documents_of_other_products_are_read_and_said_to_be_not_judged() {
    let Some(folder) = at_hand::data("microsoft/api-samples") else {
        return;
    };
    let folder = std::fs::read_dir(folder).unwrap();
    let mut read_documents = 0;
    for entry in folder {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).unwrap();
        let document = Document {
            name: &name,
            bytes: &bytes,
        };
        let is_ours = name.starts_with("csaf__") || name.starts_with("vex__");
        assert_eq!(MsrcCsaf.recognises(&document), is_ours, "{name}");
        if is_ours {
            let mut seen = Seen::default();
            assert_eq!(MsrcCsaf.parse(&document, &mut seen), Ok(()));
            assert!(seen.title.starts_with("msrc_CVE-"));
            assert!(seen.not_judged > 0 && seen.rows.is_empty(), "{name}");
            assert_eq!(seen.problems, Vec::<String>::new(), "{name}");
            read_documents += 1;
        }
    }
    assert_eq!(read_documents, 4);
}
