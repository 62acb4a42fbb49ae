//! A publisher, a folder of feeds, and updates of the one from the other.

use std::{collections::BTreeSet, io::Write as _, path::PathBuf, time::Duration};

use schemas::Timestamp;
use sources::{
    feeds::{
        AcceptBy, FeedFolder, FeedSpec, FeedUpdate, Fetcher, Layout, Patience, Unwatched, Update,
        UpdateState, catalogue::FixedDocument,
    },
    http::{Http, HttpOptions},
};

use crate::script::{Reply, Server};

pub(crate) const HOST: &str = "feeds.test";

pub(crate) static KEV: FeedSpec = FeedSpec {
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
pub(crate) static EPSS: FeedSpec = FeedSpec {
    name: "epss",
    reader: "epss",
    layout: Layout::Fixed(&[FixedDocument {
        name: "epss.csv.gz",
        url: "https://feeds.test/epss.csv.gz",
    }]),
    ..KEV
};
pub(crate) static MSRC: FeedSpec = FeedSpec {
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
pub(crate) static CSAF: FeedSpec = FeedSpec {
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
pub(crate) static REPOSITORY: FeedSpec = FeedSpec {
    name: "repository",
    reader: "none",
    layout: Layout::Updateinfo(&[FixedDocument {
        name: "repository.xml.gz",
        url: "https://feeds.test/mirror.list",
    }]),
    ..KEV
};
pub(crate) static DOTNET: FeedSpec = FeedSpec {
    name: "dotnet",
    reader: "none",
    layout: Layout::DotnetChannels("https://feeds.test/index.json"),
    ..KEV
};

/// A catalogue of known exploited vulnerabilities of so many rows.
pub(crate) fn kev(rows: usize) -> String {
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

pub(crate) fn gzip(text: &str) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(text.as_bytes()).unwrap();
    packer.finish().unwrap()
}

pub(crate) fn epss() -> Vec<u8> {
    gzip(
        "#model_version:v2025.03.14,score_date:2026-11-22T00:00:00+0000\ncve,epss,percentile\n\
         CVE-2026-1001,0.91,0.99\nCVE-2026-1002,0.0003,0.1\n",
    )
}

pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) state: UpdateState,
    pub(crate) accept: BTreeSet<String>,
    pub(crate) budget: Option<Duration>,
    pub(crate) unfinished: bool,
}

impl World {
    pub(crate) async fn new() -> Self {
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
    pub(crate) fn answers(&self, path: &str, replies: Vec<Reply>) {
        self.server.answers(&format!("/{HOST}/{path}"), replies);
    }

    pub(crate) async fn update(&mut self, feeds: &[&'static FeedSpec]) -> bool {
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

    pub(crate) fn feed(&self, name: &str) -> &FeedUpdate {
        &self.state.feeds[name]
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("documents").join(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.file(name)).unwrap()
    }
}

pub(crate) fn walk(folder: &std::path::Path) -> Vec<PathBuf> {
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
