//! Updates against a local server that answers as real ones do on bad days.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod script;

use std::{collections::BTreeSet, io::Write as _, path::PathBuf, time::Duration};

use schemas::Timestamp;
use script::{Reply, Server};
use sources::{
    feeds::{
        AcceptBy, FeedFolder, FeedSpec, FeedUpdate, Fetcher, Layout, Patience, Unwatched, Update,
        UpdateState, catalogue::FixedDocument,
    },
    http::{Http, HttpOptions},
};

const HOST: &str = "feeds.test";

static KEV: FeedSpec = FeedSpec {
    name: "kev",
    publisher: "a publisher",
    reader: "cisa-kev",
    layout: Layout::Fixed(&[FixedDocument {
        name: "kev.json",
        url: "https://feeds.test/kev.json",
    }]),
    max_bytes: 1 << 20,
    every_hours: 1,
    by_default: true,
};
static EPSS: FeedSpec = FeedSpec {
    name: "epss",
    reader: "epss",
    layout: Layout::Fixed(&[FixedDocument {
        name: "epss.csv.gz",
        url: "https://feeds.test/epss.csv.gz",
    }]),
    ..KEV
};
static MSRC: FeedSpec = FeedSpec {
    name: "msrc",
    reader: "msrc-cvrf",
    layout: Layout::MsrcMonths {
        list: "https://feeds.test/updates",
        documents: "https://feeds.test/cvrf/",
    },
    max_bytes: 64 << 20,
    ..KEV
};
/// A directory whose documents this version does not read.
static CSAF: FeedSpec = FeedSpec {
    name: "vex",
    reader: "none",
    layout: Layout::CsafDirectory {
        base: "https://feeds.test/vex/",
        archive: Some("archive_latest.txt"),
        deletions: Some("deletions.csv"),
    },
    ..KEV
};

/// A repository, whose documents this version does not read.
static REPOSITORY: FeedSpec = FeedSpec {
    name: "repository",
    reader: "none",
    layout: Layout::Updateinfo(&[FixedDocument {
        name: "repository.xml.gz",
        url: "https://feeds.test/mirror.list",
    }]),
    ..KEV
};
static DOTNET: FeedSpec = FeedSpec {
    name: "dotnet",
    reader: "none",
    layout: Layout::DotnetChannels("https://feeds.test/index.json"),
    ..KEV
};

/// A catalogue of known exploited vulnerabilities of so many rows.
fn kev(rows: usize) -> String {
    let rows: Vec<_> = (0..rows)
        .map(|n| {
            format!(
                "{{\"cveID\":\"CVE-2026-{:05}\",\"dateAdded\":\"2026-11-01\"}}",
                10_000 + n
            )
        })
        .collect();
    format!(
        "{{\"catalogVersion\":\"2026.11.20\",\"dateReleased\":\"2026-11-20T12:00:00Z\",\"count\":{},\
         \"vulnerabilities\":[{}]}}",
        rows.len(),
        rows.join(",")
    )
}

fn gzip(text: &str) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(text.as_bytes()).unwrap();
    packer.finish().unwrap()
}

fn epss() -> Vec<u8> {
    gzip(
        "#model_version:v2025.03.14,score_date:2026-11-22T00:00:00+0000\ncve,epss,percentile\n\
         CVE-2026-1001,0.91,0.99\nCVE-2026-1002,0.0003,0.1\n",
    )
}

struct World {
    server: Server,
    folder: tempfile::TempDir,
    state: UpdateState,
    accept: BTreeSet<String>,
    budget: Option<Duration>,
    unfinished: bool,
}

impl World {
    async fn new() -> Self {
        Self {
            server: Server::start().await,
            folder: tempfile::tempdir().unwrap(),
            state: UpdateState::new(),
            accept: BTreeSet::new(),
            budget: None,
            unfinished: false,
        }
    }

    /// What the server answers to requests for a path, one after another; the last for good.
    fn answers(&self, path: &str, replies: Vec<Reply>) {
        self.server.answers(&format!("/{HOST}/{path}"), replies);
    }

    async fn update(&mut self, feeds: &[&'static FeedSpec]) -> bool {
        let http = Http::new(&HttpOptions::default()).unwrap();
        let patience = Patience {
            attempts: 3,
            first_wait: Duration::from_millis(1),
            ..Patience::default()
        };
        let fetcher = Fetcher::new(http, patience, Some(&self.server.url()));
        let folder = FeedFolder::lock(self.folder.path()).unwrap();
        let update = Update {
            folder: &folder,
            fetcher: &fetcher,
            now: Timestamp::from_ms(1_764_000_000_000),
            accept_shrunk: &self.accept,
            accept_by: AcceptBy::Flag,
            budget: self.budget,
            watch: &Unwatched,
        };
        let path = self.folder.path();
        let updated = update
            .run(feeds, &mut self.state, &mut |state| state.save(path))
            .await
            .unwrap();
        assert_eq!(UpdateState::load(path).unwrap(), self.state);
        let parts = path.join("parts");
        let left = walk(&parts);
        assert!(left.is_empty(), "transfers are left: {left:?}");
        self.unfinished = updated.unfinished;
        updated.changed
    }

    fn feed(&self, name: &str) -> &FeedUpdate {
        &self.state.feeds[name]
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("documents").join(name)
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.file(name)).unwrap()
    }
}

fn walk(folder: &std::path::Path) -> Vec<PathBuf> {
    let Ok(listed) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    listed
        .flat_map(|entry| {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

#[tokio::test]
async fn a_document_is_taken_once_and_asked_for_by_its_version_after() {
    let mut world = World::new().await;
    world.answers(
        "kev.json",
        vec![
            Reply::ok(kev(60))
                .header("etag", "\"1\"")
                .header("last-modified", "Fri, 20 Nov 2026 12:00:00 GMT"),
            Reply::status(304),
        ],
    );
    assert!(world.update(&[&KEV]).await);
    let state = world.feed("kev").clone();
    assert_eq!(
        (state.rows(), state.in_use(), state.last_error()),
        (60, 1, None)
    );
    assert!(state.good_at.is_some() && state.changed_at.is_some() && state.as_of().is_some());
    assert!(!world.update(&[&KEV]).await);
    let asked = world.server.requests();
    assert!(!asked[0].contains("if-none-match"), "{}", asked[0]);
    assert!(
        asked[1].contains("if-none-match: \"1\"")
            && asked[1].contains("if-modified-since: fri, 20 nov"),
        "{}",
        asked[1]
    );
    // Validators without their file would keep the document away for good.
    std::fs::remove_file(world.file("kev/kev.json")).unwrap();
    world.answers("kev.json", vec![Reply::ok(kev(60))]);
    world.update(&[&KEV]).await;
    assert!(!world.server.requests()[2].contains("if-none-match"));
    assert_eq!(world.text("kev/kev.json"), kev(60));
}

#[tokio::test]
async fn a_busy_server_is_asked_again_and_one_that_is_busy_for_long_is_left_alone() {
    let mut world = World::new().await;
    world.answers(
        "kev.json",
        vec![
            Reply::status(429).header("retry-after", "0"),
            Reply::status(503),
            Reply::ok(kev(3)),
        ],
    );
    world.answers(
        "epss.csv.gz",
        vec![Reply::status(429).header("retry-after", "86400")],
    );
    world.update(&[&KEV, &EPSS]).await;
    assert_eq!(world.feed("kev").rows(), 3);
    assert_eq!(world.server.requests_of("kev.json").len(), 3);
    // One feed's failure is no other's.
    let error = world.feed("epss").last_error().unwrap();
    assert!(error.contains("86400 s"), "{error}");
    assert_eq!(world.server.requests_of("epss").len(), 1);
    assert!(world.feed("epss").good_at.is_none());

    world.answers("epss.csv.gz", vec![Reply::status(500)]);
    world.update(&[&EPSS]).await;
    let error = world.feed("epss").last_error().unwrap();
    assert!(
        error.contains("gave up after 3 attempts") && error.contains("500"),
        "{error}"
    );
    world.answers("epss.csv.gz", vec![Reply::status(404)]);
    world.update(&[&EPSS]).await;
    assert_eq!(
        world.server.requests_of("epss").len(),
        1 + 3 + 1,
        "404 is final"
    );
}

#[tokio::test]
async fn a_transfer_that_breaks_is_resumed_where_it_broke() {
    let mut world = World::new().await;
    let whole = kev(200);
    let half = whole.len() / 2;
    world.answers(
        "kev.json",
        vec![
            Reply::ok(&whole).header("etag", "\"7\"").cut_at(half),
            Reply::partial(&whole, half).header("etag", "\"7\""),
        ],
    );
    world.update(&[&KEV]).await;
    assert_eq!(world.feed("kev").last_error(), None);
    assert_eq!(world.text("kev/kev.json"), whole);
    let asked = world.server.requests();
    assert!(
        asked[1].contains(&format!("range: bytes={half}-")) && asked[1].contains("if-range: \"7\""),
        "{}",
        asked[1]
    );

    // The document changed in between: the server sends the new one whole, and no half of the old one is in it.
    let newer = kev(220);
    world.answers(
        "kev.json",
        vec![
            Reply::ok(kev(210)).header("etag", "\"8\"").cut_at(half),
            Reply::ok(&newer).header("etag", "\"9\""),
        ],
    );
    world.update(&[&KEV]).await;
    assert_eq!(world.text("kev/kev.json"), newer);

    // Without a version nothing is resumed, and a line that always breaks ends in an error.
    world.answers("kev.json", vec![Reply::ok(kev(230)).cut_at(half)]);
    world.update(&[&KEV]).await;
    let error = world.feed("kev").last_error().unwrap();
    assert!(error.contains("gave up"), "{error}");
    assert_eq!(world.text("kev/kev.json"), newer, "the last good one stays");
}

#[tokio::test]
async fn what_is_no_document_never_replaces_one() {
    let mut world = World::new().await;
    world.answers("kev.json", vec![Reply::ok(kev(60))]);
    world.answers("epss.csv.gz", vec![Reply::ok(epss())]);
    world.update(&[&KEV, &EPSS]).await;
    let (before, packed) = (kev(60), epss());
    let cut = &before[..before.len() - 30];
    for (wrong, says) in [
        (
            b"<!DOCTYPE html><html><title>Sign in</title></html>".to_vec(),
            "HTML",
        ),
        (b"".to_vec(), "nothing"),
        (cut.as_bytes().to_vec(), "cut"),
        (b"{\"error\":\"try later\"}".to_vec(), "not recognised"),
        (b"cve,epss\n".to_vec(), "not JSON"),
        (vec![b'['; 2 << 20], "more than 1048576 bytes"),
    ] {
        world.answers("kev.json", vec![Reply::ok(wrong)]);
        assert!(!world.update(&[&KEV]).await);
        let error = world.feed("kev").last_error().unwrap();
        assert!(
            error.contains(says) && error.contains("kev.json"),
            "{error}"
        );
        assert_eq!(world.text("kev/kev.json"), before);
        assert_eq!(world.feed("kev").rows(), 60);
    }
    // A gzip that the publisher itself cut: its length is right, its content is not whole.
    world.answers("epss.csv.gz", vec![Reply::ok(&packed[..packed.len() - 12])]);
    world.update(&[&EPSS]).await;
    let error = world.feed("epss").last_error().unwrap();
    assert!(error.contains("epss.csv.gz"), "{error}");
    assert_eq!(
        std::fs::read(world.file("epss/epss.csv.gz")).unwrap(),
        packed
    );
    // And all is well again once it is.
    world.answers("epss.csv.gz", vec![Reply::ok(&packed)]);
    world.update(&[&EPSS]).await;
    assert_eq!(world.feed("epss").last_error(), None);
}

#[tokio::test]
async fn no_redirect_leads_into_the_own_network() {
    let mut world = World::new().await;
    for inside in [
        "http://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/kev.json",
        "https://[fd00::1]/kev.json",
        "https://[::ffff:192.168.0.1]/kev.json",
        "https://metadata.google.internal/kev.json",
        "http://127.0.0.2:1/kev.json",
    ] {
        world.answers(
            "kev.json",
            vec![Reply::status(302).header("location", inside)],
        );
        world.update(&[&KEV]).await;
        let error = world.feed("kev").last_error().unwrap();
        assert!(
            error.contains("redirect to an address"),
            "{inside}: {error}"
        );
    }
    // One request each: what is refused on purpose is not tried again.
    assert_eq!(world.server.requests().len(), 6);
    world.answers("moved.json", vec![Reply::ok(kev(1))]);
    world.answers(
        "kev.json",
        vec![Reply::status(301).header("location", "/feeds.test/moved.json")],
    );
    world.update(&[&KEV]).await;
    assert_eq!(world.feed("kev").last_error(), None);
}

#[tokio::test]
async fn a_document_that_shrinks_is_held_back_until_a_person_takes_it() {
    let mut world = World::new().await;
    world.answers(
        "kev.json",
        vec![Reply::ok(kev(100)).header("etag", "\"1\"")],
    );
    world.update(&[&KEV]).await;
    world.answers("kev.json", vec![Reply::ok(kev(95)).header("etag", "\"2\"")]);
    assert!(
        world.update(&[&KEV]).await,
        "a twentieth is nothing to hold back"
    );
    world.answers(
        "kev.json",
        vec![
            Reply::ok(kev(80)).header("etag", "\"3\""),
            Reply::status(304),
        ],
    );
    assert!(!world.update(&[&KEV]).await);
    let check = |world: &World| {
        assert_eq!(world.text("kev/kev.json"), kev(95));
        let state = world.feed("kev");
        let (name, held) = state.held().next().unwrap();
        assert_eq!(
            (name, held.document.rows, state.rows()),
            ("kev.json", 80, 95)
        );
        assert!(held.why.contains("80 rows, and 95 before"), "{}", held.why);
        assert!(held.why.contains("--accept-shrunk kev"), "{}", held.why);
    };
    check(&world);
    // It is not downloaded again every time.
    assert!(!world.update(&[&KEV]).await);
    check(&world);
    assert!(
        world
            .server
            .requests()
            .last()
            .unwrap()
            .contains("if-none-match: \"3\"")
    );

    world.accept.insert("kev".to_owned());
    assert!(world.update(&[&KEV]).await);
    assert_eq!(world.text("kev/kev.json"), kev(80));
    assert_eq!(
        (world.feed("kev").rows(), world.feed("kev").held().count()),
        (80, 0)
    );

    // One that was held back and came back whole is forgotten.
    world.accept.clear();
    world.answers("kev.json", vec![Reply::ok(kev(10))]);
    world.update(&[&KEV]).await;
    assert_eq!(world.feed("kev").held().count(), 1);
    world.answers("kev.json", vec![Reply::ok(kev(81))]);
    assert!(world.update(&[&KEV]).await);
    assert_eq!(
        (world.feed("kev").rows(), world.feed("kev").held().count()),
        (81, 0)
    );
}

#[tokio::test]
async fn what_is_not_what_its_repository_names_is_not_taken() {
    use sha2::Digest as _;
    let repomd = |document: &[u8]| {
        Reply::ok(format!(
            "<repomd><data type=\"updateinfo\"><checksum type=\"sha256\">{}</checksum>\
             <location href=\"repodata/u.xml.gz\"/></data></repomd>",
            hex::encode(sha2::Sha256::digest(document))
        ))
    };
    let mut world = World::new().await;
    let (first, second) = (gzip("<updates>1</updates>"), gzip("<updates>2</updates>"));
    world.answers("mirror.list", vec![Reply::ok("https://feeds.test/repo/")]);
    world.answers("repo/repodata/repomd.xml", vec![repomd(&first)]);
    world.answers(
        "repo/repodata/u.xml.gz",
        vec![Reply::ok(&first).header("etag", "\"1\"")],
    );
    assert!(world.update(&[&REPOSITORY]).await);
    assert_eq!(world.feed("repository").last_error(), None);
    let file = world.file("repository/repository.xml.gz");
    // Another one than the list names, and one that the server says has not changed although the list says so.
    world.answers("repo/repodata/repomd.xml", vec![repomd(&second)]);
    for reply in [Reply::ok(gzip("<updates>3</updates>")), Reply::status(304)] {
        world.answers("repo/repodata/u.xml.gz", vec![reply]);
        assert!(!world.update(&[&REPOSITORY]).await);
        let error = world.feed("repository").last_error().unwrap();
        assert!(
            error.contains("repository.xml.gz has the SHA-256") && error.contains("list says"),
            "{error}"
        );
        assert_eq!(
            std::fs::read(&file).unwrap(),
            first,
            "the last good one stays"
        );
    }
    world.answers("repo/repodata/u.xml.gz", vec![Reply::ok(&second)]);
    assert!(world.update(&[&REPOSITORY]).await);
    assert_eq!(world.feed("repository").last_error(), None);
    assert_eq!(std::fs::read(&file).unwrap(), second);
}

#[tokio::test]
async fn no_list_leads_into_the_own_network() {
    let mut world = World::new().await;
    for inside in [
        "https://10.0.0.1/repo",
        "https://[::ffff:192.168.0.1]/repo",
        "https://metadata.google.internal/repo",
        "https://localhost/repo",
    ] {
        world.answers("mirror.list", vec![Reply::ok(inside)]);
        let index = format!(
            "{{\"releases-index\":[{{\"channel-version\":\"8.0\",\"releases.json\":\"{inside}\"}}]}}"
        );
        world.answers("index.json", vec![Reply::ok(index)]);
        world.update(&[&REPOSITORY, &DOTNET]).await;
        for feed in ["repository", "dotnet"] {
            let error = world.feed(feed).last_error().unwrap();
            assert!(error.contains("a private network"), "{error}");
        }
    }
    // The lists, and nothing that they name.
    assert_eq!(world.server.requests().len(), 4 * 2);
}

/// A month of MSRC with one vulnerability.
fn month(id: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="utf-8"?>
<cvrf:cvrfdoc xmlns:cvrf="http://www.icasi.org/CVRF/schema/cvrf/1.1" xmlns:prod="http://www.icasi.org/CVRF/schema/prod/1.1" xmlns:vuln="http://www.icasi.org/CVRF/schema/vuln/1.1">
<cvrf:DocumentTitle>{id}</cvrf:DocumentTitle>
<cvrf:DocumentTracking><cvrf:Identification><cvrf:ID>{id}</cvrf:ID></cvrf:Identification>
<cvrf:CurrentReleaseDate>2024-08-13T07:00:00Z</cvrf:CurrentReleaseDate></cvrf:DocumentTracking>
<prod:ProductTree><prod:FullProductName ProductID="11572">Windows Server 2019  (Server Core installation)</prod:FullProductName></prod:ProductTree>
<vuln:Vulnerability Ordinal="1"><vuln:Title>T</vuln:Title><vuln:CVE>CVE-2024-38063</vuln:CVE>
<vuln:ProductStatuses><vuln:Status Type="Known Affected"><vuln:ProductID>11572</vuln:ProductID></vuln:Status></vuln:ProductStatuses>
<vuln:Remediations><vuln:Remediation Type="Vendor Fix"><vuln:Description>5043050</vuln:Description><vuln:URL>https://x</vuln:URL>
<vuln:ProductID>11572</vuln:ProductID><vuln:FixedBuild>10.0.17763.6293</vuln:FixedBuild></vuln:Remediation></vuln:Remediations>
</vuln:Vulnerability></cvrf:cvrfdoc>"#
    )
}

fn months(revisions: &[(&str, &str)]) -> String {
    let rows: Vec<_> = revisions
        .iter()
        .map(|(id, date)| format!("{{\"ID\":\"{id}\",\"CurrentReleaseDate\":\"{date}\"}}"))
        .collect();
    format!("{{\"value\":[{}]}}", rows.join(","))
}

#[tokio::test]
async fn only_months_that_were_revised_are_asked_for() {
    let mut world = World::new().await;
    let ids: Vec<_> = (1..=12).map(|n| format!("20{n:02}-Aug")).collect();
    let first: Vec<_> = ids
        .iter()
        .map(|id| (id.as_str(), "2026-01-01T00:00:00Z"))
        .collect();
    world.answers("updates", vec![Reply::ok(months(&first))]);
    for id in &ids {
        world.answers(&format!("cvrf/{id}"), vec![Reply::ok(month(id))]);
    }
    assert!(world.update(&[&MSRC]).await);
    assert_eq!(world.feed("msrc").last_error(), None);
    assert_eq!(
        (world.feed("msrc").in_use(), world.feed("msrc").rows()),
        (12, 12)
    );
    assert_eq!(world.server.requests_of("cvrf/").len(), 12);

    let mut revised = first.clone();
    revised[3].1 = "2026-02-02T00:00:00Z";
    world.answers("updates", vec![Reply::ok(months(&revised))]);
    world.update(&[&MSRC]).await;
    assert_eq!(world.server.requests_of("cvrf/").len(), 13);
    assert!(
        world
            .server
            .requests()
            .last()
            .unwrap()
            .contains("/cvrf/2004-aug")
    );

    // A list that lost months is not acted on, and the months stay.
    world.answers("updates", vec![Reply::ok(months(&revised[..6]))]);
    assert!(!world.update(&[&MSRC]).await);
    let error = world.feed("msrc").last_error().unwrap();
    assert!(
        error.contains("names 6 documents, and 12 before"),
        "{error}"
    );
    assert_eq!(walk(&world.file("msrc")).len(), 12);
    // A page in its place is no list either.
    world.answers("updates", vec![Reply::ok("<html>busy</html>")]);
    world.update(&[&MSRC]).await;
    let error = world.feed("msrc").last_error().unwrap();
    assert!(error.contains("updates"), "{error}");
}

#[tokio::test]
async fn a_directory_begins_with_its_archive_and_goes_on_by_its_changes() {
    let mut world = World::new().await;
    let mut tar = tar::Builder::new(Vec::new());
    for name in [
        "2024/cve-2024-1.json",
        "2024/cve-2024-2.json",
        "2023/cve-2023-9.json",
        "../up.json",
    ] {
        let bytes = format!("{{\"document\":\"{name}, as archived\"}}");
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        // A path that the library would not write is what a hostile archive has.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        tar.append(&header, bytes.as_bytes()).unwrap();
    }
    let archive = zstd::encode_all(tar.into_inner().unwrap().as_slice(), 1).unwrap();
    world.answers(
        "vex/archive_latest.txt",
        vec![Reply::ok("csaf_vex_2025-01-19.tar.zst\n")],
    );
    world.answers("vex/csaf_vex_2025-01-19.tar.zst", vec![Reply::ok(archive)]);
    world.answers(
        "vex/changes.csv",
        vec![Reply::ok(
            "\"2024/cve-2024-2.json\",\"2025-01-20T00:00:00+00:00\"\n\
             \"2024/cve-2024-1.json\",\"2024-12-01T00:00:00+00:00\"\n\
             \"2023/cve-2023-9.json\",\"2023-12-01T00:00:00+00:00\"\n",
        )],
    );
    world.answers(
        "vex/deletions.csv",
        vec![Reply::ok(
            "\"2023/cve-2023-9.json\",\"2025-01-18T00:00:00+00:00\"\n",
        )],
    );
    world.answers(
        "vex/2024/cve-2024-2.json",
        vec![Reply::ok("{\"document\":\"changed since\"}")],
    );
    assert!(world.update(&[&CSAF]).await);
    assert_eq!(world.feed("vex").last_error(), None);
    let read = |name: &str| {
        let bytes = std::fs::read(world.file(name)).unwrap();
        zstd::decode_all(bytes.as_slice()).map_or(bytes, |text| text)
    };
    assert!(read("vex/2024/cve-2024-1.json").ends_with(b"as archived\"}"));
    assert_eq!(
        read("vex/2024/cve-2024-2.json"),
        b"{\"document\":\"changed since\"}"
    );
    assert_eq!(
        walk(&world.file("vex")).len(),
        2,
        "deleted and foreign ones are left out"
    );
    assert_eq!(world.server.requests_of("vex/2024").len(), 1);
    // Nothing changed: the lists are asked for, and nothing else.
    assert!(!world.update(&[&CSAF]).await);
    assert_eq!(world.server.requests_of("vex/2024").len(), 1);
    assert_eq!(world.server.requests_of("tar.zst").len(), 1);
    // Then one is taken back.
    world.answers(
        "vex/deletions.csv",
        vec![Reply::ok(
            "\"2024/cve-2024-1.json\",\"2025-02-01T00:00:00+00:00\"\n",
        )],
    );
    assert!(world.update(&[&CSAF]).await);
    assert_eq!(walk(&world.file("vex")).len(), 1);
}

/// A `tar.zst` of files.
fn archive(files: &[(String, String)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, content.as_bytes())
            .unwrap();
    }
    zstd::encode_all(tar.into_inner().unwrap().as_slice(), 1).unwrap()
}

/// A directory whose documents are read: any reader does.
static READ: FeedSpec = FeedSpec {
    name: "vex",
    reader: "cisa-kev",
    ..CSAF
};

impl World {
    /// Serves a directory of these documents, all older than the archive.
    fn directory(&self, names: &[&str], archive: Vec<u8>) {
        self.answers(
            "vex/archive_latest.txt",
            vec![Reply::ok("csaf_vex_2025-01-19.tar.zst\n")],
        );
        self.answers("vex/csaf_vex_2025-01-19.tar.zst", vec![Reply::ok(archive)]);
        let line = |name: &&str| format!("\"{name}\",\"2024-12-01T00:00:00+00:00\"\n");
        let changes: String = names.iter().map(line).collect();
        self.answers("vex/changes.csv", vec![Reply::ok(changes)]);
        self.answers("vex/deletions.csv", vec![Reply::ok("")]);
    }
}

#[tokio::test]
async fn an_archive_that_breaks_half_way_leaves_nothing_behind() {
    let mut world = World::new().await;
    // Digits that hardly compress, so that a cut in the middle leaves whole documents before it.
    let noise = |seed: u64| {
        let next = |n: &mut u64| {
            *n = n
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(seed | 1);
            Some(n.to_string())
        };
        let mut state = seed;
        let digits: Vec<_> = std::iter::from_fn(|| next(&mut state))
            .take(20_000)
            .collect();
        format!("{{\"document\":\"{}\"}}", digits.concat())
    };
    let names: Vec<_> = (1..=4).map(|n| format!("2024/cve-2024-{n}.json")).collect();
    let listed: Vec<_> = names.iter().map(String::as_str).collect();
    let files: Vec<_> = names.iter().cloned().zip((1..).map(noise)).collect();
    let whole = archive(&files);
    world.directory(&listed, whole[..whole.len() * 3 / 4].to_vec());
    assert!(!world.update(&[&CSAF]).await);
    let error = world.feed("vex").last_error().unwrap();
    assert!(error.contains("read the archive"), "{error}");
    let left = walk(&world.file("vex"));
    assert!(
        left.is_empty(),
        "half an archive would pass for the whole: {left:?}"
    );

    // What an update that was killed left is not mixed into the archive that comes whole.
    std::fs::create_dir_all(world.file("vex/2023")).unwrap();
    std::fs::write(world.file("vex/2023/cve-2023-1.json"), "{}").unwrap();
    world.directory(&listed, whole);
    assert!(world.update(&[&CSAF]).await);
    assert_eq!(world.feed("vex").last_error(), None);
    assert_eq!(walk(&world.file("vex")).len(), 4);
}

#[tokio::test]
async fn documents_of_an_archive_are_judged_and_counted_like_any_other() {
    let mut world = World::new().await;
    let names: Vec<_> = (10..30).map(|n| format!("2024/cve-{n}.json")).collect();
    let listed: Vec<_> = names.iter().map(String::as_str).collect();
    let mut files: Vec<_> = names.iter().map(|name| (name.clone(), kev(2))).collect();
    files[7].1 = "<!doctype html><title>busy</title>".to_owned();
    world.directory(&listed, archive(&files));
    world.answers(&format!("vex/{}", names[7]), vec![Reply::ok(kev(3))]);
    assert!(world.update(&[&READ]).await);
    // The one that is none was asked for by itself.
    assert_eq!(world.server.requests_of("vex/2024").len(), 1);
    let state = world.feed("vex");
    assert_eq!(
        (state.last_error(), state.in_use(), state.rows()),
        (None, 20, 19 * 2 + 3)
    );

    // Many that are none: it is no archive to use, and tens of thousands of requests are no way out.
    let mut world = World::new().await;
    for file in &mut files[..5] {
        file.1 = "{}".to_owned();
    }
    world.directory(&listed, archive(&files));
    assert!(!world.update(&[&READ]).await);
    let error = world.feed("vex").last_error().unwrap();
    assert!(
        error.contains("6 of its documents are not taken") && error.contains("not recognised"),
        "{error}"
    );
    assert!(walk(&world.file("vex")).is_empty());
    assert!(world.server.requests_of("vex/2024").is_empty());
}

#[tokio::test]
async fn a_feed_is_not_up_to_date_while_anything_of_it_is_held_back() {
    let mut world = World::new().await;
    world.answers("kev.json", vec![Reply::ok(kev(100))]);
    world.update(&[&KEV]).await;
    world.state.feeds.get_mut("kev").unwrap().good_at = None;
    world.answers("kev.json", vec![Reply::ok(kev(60))]);
    world.update(&[&KEV]).await;
    assert_eq!(world.feed("kev").held().count(), 1);
    assert_eq!(world.feed("kev").good_at, None, "it is not the latest");
    world.accept.insert("kev".to_owned());
    // The word counts even where the publisher cannot be asked.
    world.state.feeds.get_mut("kev").unwrap().changed_at = None;
    world.answers("kev.json", vec![Reply::status(404)]);
    assert!(world.update(&[&KEV]).await);
    assert_eq!(world.feed("kev").rows(), 60);
    assert!(world.feed("kev").changed_at.is_some());
}

#[tokio::test]
async fn what_an_update_has_no_time_for_is_left_to_the_next() {
    let mut world = World::new().await;
    world.answers("kev.json", vec![Reply::ok(kev(3))]);
    world.budget = Some(Duration::ZERO);
    assert!(!world.update(&[&KEV]).await);
    assert!(world.unfinished && world.feed("kev").waiting > 0);
    assert_eq!(world.feed("kev").good_at, None, "nobody was asked");
    assert!(world.server.requests().is_empty());
    world.budget = None;
    assert!(world.update(&[&KEV]).await);
    assert!(!world.unfinished && world.feed("kev").good_at.is_some());
}

#[tokio::test]
async fn two_updates_of_one_folder_do_not_mix() {
    let folder = tempfile::tempdir().unwrap();
    let first = FeedFolder::lock(folder.path()).unwrap();
    let second = FeedFolder::lock(folder.path()).unwrap_err();
    assert!(second.to_string().contains("another update"), "{second}");
    drop(first);
    FeedFolder::lock(folder.path()).unwrap();
}

/// The folder of sample data, if it is there.
fn shared() -> Option<PathBuf> {
    let shared = std::env::var_os("BULKHEAD_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let data = shared.join("data");
    data.is_dir().then_some(data)
}

#[tokio::test]
async fn real_documents_pass() {
    let Some(data) = shared() else {
        eprintln!("skipped: no shared data");
        return;
    };
    let read = |name: &str| {
        let bytes = std::fs::read(data.join(name)).unwrap();
        zstd::decode_all(bytes.as_slice()).unwrap()
    };
    let mut world = World::new().await;
    world.answers(
        "kev.json",
        vec![Reply::ok(read(
            "intel/known_exploited_vulnerabilities.json.zst",
        ))],
    );
    let index = std::fs::read(data.join("microsoft/cvrf/index.json")).unwrap();
    let listed = sources::feeds::listing::parse_msrc_updates(&index).unwrap();
    let mut served = Vec::new();
    for id in ["1999-Sep", "2016-Apr", "2016-May"] {
        let file = format!("microsoft/cvrf/{id}.xml.zst");
        if data.join(&file).exists() {
            world.answers(&format!("cvrf/{id}"), vec![Reply::ok(read(&file))]);
            served.push((id, listed[id].as_str()));
        }
    }
    world.answers("updates", vec![Reply::ok(months(&served))]);
    static REAL_KEV: FeedSpec = FeedSpec {
        max_bytes: 64 << 20,
        ..KEV
    };
    world.update(&[&REAL_KEV, &MSRC]).await;
    for feed in ["kev", "msrc"] {
        let state = world.feed(feed);
        assert_eq!(state.last_error(), None, "{feed}");
        assert!(state.rows() > 0, "{feed}: {state:?}");
    }
    assert!(world.feed("kev").rows() > 1000);
    assert_eq!(world.feed("msrc").in_use(), served.len() as u64);
}
