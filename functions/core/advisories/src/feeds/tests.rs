//! Feeds against small documents of every kind of row, and against damage.

use proptest::prelude::*;
use schemas::advisory::AdvisoryStatus;

use super::*;

mod intel;
mod languages;

/// Writes down what a feed says, a line for each call.
#[derive(Default)]
pub(super) struct Notes(pub(super) Vec<String>);

impl Sink for Notes {
    fn advisory(&mut self, row: &Row<'_>) {
        let runs: Vec<String> = row
            .affected
            .iter()
            .map(|run| match (run.fixed, run.last_affected) {
                (Some(fixed), _) => format!("{}..{fixed}", run.introduced),
                (None, Some(last)) => format!("{}..={last}", run.introduced),
                (None, None) => format!("{}..", run.introduced),
            })
            .collect();
        let status = match row.status {
            AdvisoryStatus::Fixed => "fixed",
            AdvisoryStatus::Open => "open",
            AdvisoryStatus::WillNotFix => "will-not-fix",
            AdvisoryStatus::EndOfLife => "end-of-life",
            AdvisoryStatus::Unimportant => "unimportant",
            AdvisoryStatus::NotAffected => "not-affected",
            AdvisoryStatus::Undetermined => "undetermined",
        };
        let rating = row.ratings.first();
        let severity = rating.map_or("-", |rating| rating.severity.as_str());
        self.0.push(format!(
            "{} {} {} {} {status} [{}] {} {severity}{}",
            row.ecosystem.to_owned(),
            row.package,
            row.vulnerability,
            row.advisory.unwrap_or("-"),
            runs.join(" "),
            row.versions.join(","),
            narrowed(row),
        ));
    }

    fn intel(&mut self, row: &IntelRow<'_>) {
        self.0.push(format!(
            "{} {} ransomware={} epss={:?} {:?} {:?}{}",
            row.vulnerability,
            row.exploited_by.unwrap_or("-"),
            row.ransomware,
            row.epss,
            (row.exploitation, row.automatable, row.technical_impact),
            row.ratings.iter().map(|r| r.cvss_score).collect::<Vec<_>>(),
            match row.public_exploits {
                0 => String::new(),
                count => format!(" exploits={count}"),
            },
        ));
    }

    fn not_judged(&mut self, ecosystem: &str) {
        self.0.push(format!("not judged: {ecosystem}"));
    }

    fn as_of(&mut self, moment: Timestamp) {
        self.0.push(format!("as of {moment}"));
    }

    fn title(&mut self, title: &str) {
        self.0.push(format!("title {title}"));
    }

    fn problem(&mut self, at: &str, what: &str) {
        self.0.push(format!("problem at {at}: {what}"));
    }
}

/// What narrows a row: its stream, its architectures, what its fix needs.
fn narrowed(row: &Row<'_>) -> String {
    let mut text = String::new();
    for part in row.stream.iter().chain(&row.architectures) {
        text.push(' ');
        text.push_str(part);
    }
    if let Some(needs) = row.subscription {
        text.push_str(" with ");
        text.push_str(needs);
    }
    text
}

/// Feed and notes of a document.
pub(super) fn read(text: &str) -> (Option<&'static str>, Vec<String>, Result<(), FeedError>) {
    let document = Document {
        name: "document",
        bytes: text.as_bytes(),
    };
    let Some(feed) = FEEDS.iter().find(|feed| feed.recognises(&document)) else {
        return (None, Vec::new(), Ok(()));
    };
    let mut notes = Notes::default();
    let outcome = feed.parse(&document, &mut notes);
    (Some(feed.name()), notes.0, outcome)
}

pub(super) fn good(text: &str, feed: &str) -> Vec<String> {
    let (found, notes, outcome) = read(text);
    assert_eq!(found, Some(feed));
    assert_eq!(outcome, Ok(()));
    notes
}

#[test]
fn debian_rows_of_every_kind() {
    let notes = good(
        r#"{"curl": {
            "CVE-2024-0001": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "7.88-1+deb12u5", "urgency": "medium"}}},
            "CVE-2024-0002": {"scope": "local", "releases": {
                "bookworm": {"status": "open", "urgency": "not yet assigned", "repositories": {"bookworm": "7.88-1"}},
                "bullseye": {"status": "open", "urgency": "high**", "nodsa": "Minor issue", "nodsa_reason": "ignored"},
                "buster": {"status": "open", "urgency": "end-of-life"},
                "sid": {"status": "resolved", "fixed_version": "0", "urgency": "low"}}},
            "CVE-2024-0003": {"releases": {"bookworm": {"status": "open", "urgency": "unimportant"}}},
            "CVE-2024-0004": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "8", "urgency": "unimportant"}}},
            "CVE-2024-0005": {"releases": {"bookworm": {"status": "undetermined", "urgency": "not yet assigned"}}},
            "TEMP-0000001-ABCDEF": {"releases": {"bookworm": {"status": "open", "urgency": "low", "nodsa": "Minor issue", "nodsa_reason": "postponed"}}}
        }}"#,
        "debian-tracker",
    );
    assert_eq!(
        notes,
        [
            "debian:12 curl CVE-2024-0001 - fixed [0..7.88-1+deb12u5]  medium",
            "debian:12 curl CVE-2024-0002 - open []  unknown",
            "debian:11 curl CVE-2024-0002 - will-not-fix []  high",
            "debian:10 curl CVE-2024-0002 - end-of-life []  unknown",
            "debian:sid curl CVE-2024-0002 - not-affected []  low",
            "debian:12 curl CVE-2024-0003 - unimportant []  low",
            "debian:12 curl CVE-2024-0004 - unimportant [0..8]  low",
            "debian:12 curl CVE-2024-0005 - undetermined []  unknown",
            "debian:12 curl TEMP-0000001-ABCDEF - open []  low",
        ]
    );
}

const ALPINE: &str = "---\ndistroversion: v3.18\nreponame: main\nurlprefix: http://example.org\npackages:\n  - pkg:\n      \
                      name: xen\n      secfixes:\n        '0':\n          - CVE-2020-0001\n        4.17.0-r2:\n          - \
                      XSA-248 CVE-2017-17566 (+ regression)\n          - CVE_2019-2426\n          - XSA-300\n        \
                      4.18.0-r0:\n          - CVE-2021-0001 CVE-2021-0002\n  - pkg:\n      name: nothing\n      \
                      secfixes:\n";

#[test]
fn alpine_yaml_and_json_say_the_same() {
    let yaml = good(ALPINE, "alpine-secdb");
    let json = good(
        r#"{"apkurl":"{{urlprefix}}","distroversion":"v3.18","reponame":"main","packages":[{"pkg":{"name":"xen","secfixes":{
            "0":["CVE-2020-0001"],"4.17.0-r2":["XSA-248 CVE-2017-17566 (+ regression)","CVE_2019-2426","XSA-300"],
            "4.18.0-r0":["CVE-2021-0001 CVE-2021-0002"]}}},{"pkg":{"name":"nothing","secfixes":{}}}]}"#,
        "alpine-secdb",
    );
    assert_eq!(yaml, json);
    assert_eq!(
        yaml,
        [
            "alpine:v3.18 xen CVE-2020-0001 - not-affected []  -",
            "alpine:v3.18 xen CVE-2017-17566 - fixed [0..4.17.0-r2]  -",
            "alpine:v3.18 xen CVE-2019-2426 - fixed [0..4.17.0-r2]  -",
            "alpine:v3.18 xen XSA-300 - fixed [0..4.17.0-r2]  -",
            "alpine:v3.18 xen CVE-2021-0001 - fixed [0..4.18.0-r0]  -",
            "alpine:v3.18 xen CVE-2021-0002 - fixed [0..4.18.0-r0]  -",
        ]
    );
}

const OSV: &str = r#"{"schema_version":"1.6.0","id":"GHSA-aaaa-bbbb-cccc","modified":"2024-05-01T00:00:00Z","aliases":["CVE-2024-1000"],
"details":"Long text.\nSecond line.","severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
"affected":[{"package":{"ecosystem":"npm","name":"left-pad"},"ranges":[{"type":"SEMVER","events":[{"introduced":"2.0.0"},{"fixed":"2.1.0"},{"introduced":"0"},{"fixed":"1.3.0"}]}],"versions":["1.0.0","1.9.9-odd"]},
{"package":{"ecosystem":"Bioconductor","name":"a:b"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}]},
{"package":{"ecosystem":"PyPI","name":"Left_Pad"},"versions":["1.0"]}],
"database_specific":{"severity":"MODERATE"}}"#;

#[test]
fn osv_in_each_container_says_the_same() {
    let one = OSV.replace('\n', "");
    let expected = [
        "as of 2024-05-01T00:00:00.000Z",
        "npm left-pad CVE-2024-1000 GHSA-aaaa-bbbb-cccc fixed [0..1.3.0 2.0.0..2.1.0] 1.9.9-odd medium",
        "not judged: Bioconductor",
        "pypi left-pad CVE-2024-1000 GHSA-aaaa-bbbb-cccc open [] 1.0 medium",
    ];
    assert_eq!(good(OSV, "osv"), expected);
    assert_eq!(good(&format!("[{OSV}]"), "osv"), expected);
    let twice = good(&format!("{one}\n\n{one}\n"), "osv");
    assert_eq!(twice, [expected, expected].concat());
    let yaml = "id: GHSA-aaaa-bbbb-cccc\nmodified: 2024-05-01T00:00:00Z\naliases: [CVE-2024-1000]\naffected:\n- package:\n    \
                ecosystem: PyPI\n    name: Left_Pad\n  versions: [\"1.0\", 5.0]\n";
    assert_eq!(
        good(yaml, "osv")[1],
        "pypi left-pad CVE-2024-1000 GHSA-aaaa-bbbb-cccc open [] 1.0,5.0 -"
    );
}

#[test]
fn a_distributions_osv_gives_a_row_for_each_cve_with_its_own_word() {
    let notes = good(
        r#"{"id":"ALSA-2022:1","modified":"2022-01-02T00:00:00Z","summary":"Important: pcs security update","related":["CVE-2022-1111","CVE-2022-2222","RHSA-1"],
        "affected":[{"package":{"ecosystem":"AlmaLinux:9","name":"pcs"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"0.11-1.el9"}]}]}]}"#,
        "osv",
    );
    assert_eq!(
        notes[1..],
        [
            "almalinux:9 pcs CVE-2022-1111 ALSA-2022:1 fixed [0..0.11-1.el9]  high",
            "almalinux:9 pcs CVE-2022-2222 ALSA-2022:1 fixed [0..0.11-1.el9]  high",
        ]
    );
}

#[test]
fn withdrawn_entries_give_nothing_and_other_versions_are_refused() {
    let withdrawn = OSV.replace(
        "\"details\"",
        "\"withdrawn\":\"2024-06-01T00:00:00Z\",\"details\"",
    );
    assert_eq!(good(&withdrawn, "osv"), ["as of 2024-05-01T00:00:00.000Z"]);
    let (feed, _, outcome) = read(&OSV.replace("1.6.0", "2.0.0"));
    assert_eq!(feed, Some("osv"));
    assert!(matches!(outcome, Err(FeedError::OtherVersion { .. })));
}

#[test]
fn exploitation_feeds() {
    let json = r#"{"title":"CISA Catalog of Known Exploited Vulnerabilities","catalogVersion":"2025.01.01","dateReleased":"2025-01-01T10:00:00.5Z","count":1,
        "vulnerabilities":[{"cveID":"CVE-2024-1","dateAdded":"2024-12-31","knownRansomwareCampaignUse":"Known"}]}"#;
    assert_eq!(
        good(json, "cisa-kev"),
        [
            "as of 2025-01-01T10:00:00.500Z",
            "CVE-2024-1 cisa-kev 2024-12-31 ransomware=true epss=None (None, None, None) []"
        ]
    );
    let csv = "cveID,vendorProject,dateAdded,knownRansomwareCampaignUse\nCVE-2024-1,\"A, B\",2024-12-31,Unknown\n";
    assert_eq!(
        good(csv, "cisa-kev"),
        [
            "as of 2024-12-31T00:00:00.000Z",
            "CVE-2024-1 cisa-kev 2024-12-31 ransomware=false epss=None (None, None, None) []"
        ]
    );
    let epss = "#model_version:v2025.03.14,score_date:2026-11-22T00:00:00+0000\ncve,epss,percentile\nCVE-2024-1,0.94421,0.99\nCVE-2024-2,7,0.1\n";
    assert_eq!(
        good(epss, "epss"),
        [
            "as of 2026-11-22T00:00:00.000Z",
            "CVE-2024-1 - ransomware=false epss=Some(0.94421) (None, None, None) []",
            "problem at row 2: a score that is not between 0 and 1"
        ]
    );
    let ssvc = "cve,cna_cvss_vector,cna_base_score,adp_cvss_vector,adp_base_score,ssvc_exploitation,ssvc_automatable,ssvc_technical_impact\n\
                CVE-2024-1,CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H,,,9.1,poc,no,total\n";
    assert_eq!(
        good(ssvc, "cvss-ssvc"),
        [
            "CVE-2024-1 - ransomware=false epss=None (Some(\"poc\"), Some(\"no\"), Some(\"total\")) [Some(7.8), Some(9.1)]"
        ]
    );
}

#[test]
fn a_cut_document_is_recognised_and_refused_with_where() {
    let debian = r#"{"curl": {"CVE-2024-0001": {"releases": {"bookworm": {"status": "reso"#;
    let one = OSV.replace('\n', "");
    let lines = format!("{one}\n{}", &one[..200]);
    let kev = r#"{"catalogVersion":"1","dateReleased":"2025-01-01T00:00:00Z","count":2,"vulnerabilities":[{"cveID":"CVE-2024-1"}"#;
    for (text, feed) in [
        (debian, "debian-tracker"),
        (&OSV[..400], "osv"),
        (&lines, "osv"),
        (kev, "cisa-kev"),
    ] {
        let (found, _, outcome) = read(text);
        assert_eq!(found, Some(feed), "{text}");
        let error = outcome.unwrap_err();
        assert!(
            matches!(&error, FeedError::Cut { at } if !at.is_empty()),
            "{text}: {error:?}"
        );
    }
    for (text, feed) in [
        (
            r#"{"catalogVersion":"1","title":"x","vulnerabilities":[]}"#,
            "cisa-kev",
        ),
        ("#model_version:1\ncve,epss,percentile\n", "epss"),
        (
            "distroversion: v3.18\nreponame: main\npackages: []\n",
            "alpine-secdb",
        ),
    ] {
        let (found, _, outcome) = read(text);
        assert_eq!(
            (found, outcome),
            (Some(feed), Err(FeedError::Empty)),
            "{text}"
        );
    }
}

#[test]
fn what_is_of_no_feed_is_left_alone() {
    for text in [
        "",
        "hello",
        "{}",
        "[]",
        r#"{"id":1,"created_at":"2015","module_name":"x"}"#,
        r#"{"a":{"b":{"c":1}}}"#,
        "name,id\n1,2\n",
        "gem: x\ncve: 2020-1\n",
    ] {
        assert_eq!(read(text).0, None, "{text}");
    }
}

#[test]
fn ids_dates_and_lines() {
    assert_eq!(
        cves_in("CVE-2017-17566, CVE-2017-17566 (CVE-2020-12345678) CVE-20 CVE-"),
        ["CVE-2017-17566", "CVE-2020-12345678"]
    );
    assert_eq!(
        moment("2025-08-25").unwrap().to_string(),
        "2025-08-25T00:00:00.000Z"
    );
    assert_eq!(
        moment("2025-08-25T01:02:03").unwrap().to_string(),
        "2025-08-25T01:02:03.000Z"
    );
    assert_eq!(moment("soon"), None);
    assert_eq!(one_line(" a\n\n b "), Some("a b".to_owned()));
    assert_eq!(one_line(" \n"), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Pieces of real documents, cut and glued in any order, and plain noise.
    #[test]
    fn no_bytes_stop_a_feed(
        pieces in proptest::collection::vec((0usize..4, 0usize..700, 0usize..120), 0..6),
        noise in proptest::collection::vec(any::<u8>(), 0..60),
    ) {
        let texts = [OSV, ALPINE, "cve,epss,percentile\nCVE-2024-1,0.9,1\n", r#"{"curl":{"CVE-2024-1":{"releases":{"bookworm":{"status":"open"}}}}}"#];
        let mut bytes = Vec::new();
        for (index, (text, start, len)) in pieces.into_iter().enumerate() {
            let text = texts[text].as_bytes();
            let start = if index == 0 { 0 } else { start.min(text.len()) };
            bytes.extend_from_slice(&text[start..(start + len * 5).min(text.len())]);
        }
        bytes.extend_from_slice(&noise);
        for feed in FEEDS {
            let document = Document { name: "noise", bytes: &bytes };
            let _ = feed.recognises(&document);
            let _ = feed.parse(&document, &mut Notes::default());
        }
    }
}
