//! Getting feeds from a server, and carrying them to where there is none.

use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    sync::{Arc, Mutex},
};

use serde_json::json;

use super::fixture::{Place, Ran, tracker};

/// A server of documents by path, each with an entity tag of its content.
struct Mirror {
    url: String,
    documents: Arc<Mutex<HashMap<String, Vec<u8>>>>,
    sent: Arc<Mutex<Vec<String>>>,
}

const KEV: &str = "/www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json";
const DEBIAN: &str = "/security-tracker.debian.org/tracker/data/json";
const FEEDS: [&str; 4] = ["--feed", "debian-tracker", "--feed", "cisa-kev"];

impl Mirror {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let documents: Arc<Mutex<HashMap<String, Vec<u8>>>> = Arc::default();
        let sent: Arc<Mutex<Vec<String>>> = Arc::default();
        let (shared, log) = (Arc::clone(&documents), Arc::clone(&sent));
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let mut socket = socket.unwrap();
                let head: Vec<String> = BufReader::new(&socket)
                    .lines()
                    .map_while(Result::ok)
                    .take_while(|line| !line.is_empty())
                    .collect();
                let path = head[0].split(' ').nth(1).unwrap().to_owned();
                let document = shared.lock().unwrap().get(&path).cloned();
                let reply = match document {
                    None => {
                        b"HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
                            .to_vec()
                    }
                    Some(body) => {
                        let tag = format!(
                            "\"{}-{}\"",
                            body.len(),
                            body.iter().map(|b| usize::from(*b)).sum::<usize>()
                        );
                        if head
                            .iter()
                            .any(|line| line.to_lowercase() == format!("if-none-match: {tag}"))
                        {
                            b"HTTP/1.1 304 Not Modified\r\nconnection: close\r\n\r\n".to_vec()
                        } else {
                            log.lock().unwrap().push(path);
                            let head = format!(
                                "HTTP/1.1 200 OK\r\nconnection: close\r\netag: {tag}\r\ncontent-length: {}\r\n\r\n",
                                body.len()
                            );
                            [head.as_bytes(), &body].concat()
                        }
                    }
                };
                let _ = socket.write_all(&reply);
            }
        });
        Self {
            url,
            documents,
            sent,
        }
    }

    fn serve(&self, path: &str, document: impl AsRef<[u8]>) {
        let mut documents = self.documents.lock().unwrap();
        documents.insert(path.to_owned(), document.as_ref().to_vec());
    }

    /// How many documents were sent so far.
    fn sent(&self) -> usize {
        self.sent.lock().unwrap().len()
    }

    fn update(&self, place: &Place, more: &[&str]) -> Ran {
        let arguments = [
            &["feeds", "update", "--mirror", &self.url],
            &FEEDS[..],
            more,
        ]
        .concat();
        place.run(&arguments)
    }
}

fn kev(rows: usize) -> String {
    let rows: Vec<_> = (1001..1001 + rows)
        .map(|n| json!({"cveID": format!("CVE-2026-{n}"), "dateAdded": "2026-11-19"}))
        .collect();
    json!({
        "catalogVersion": "2026.11.20", "dateReleased": "2026-11-20T12:00:00Z", "count": rows.len(),
        "vulnerabilities": rows
    })
    .to_string()
}

/// A place with a Debian root, and a mirror with two feeds.
fn filled() -> (Place, Mirror) {
    let (place, mirror) = (Place::new(), Mirror::start());
    place.debian();
    mirror.serve(DEBIAN, tracker().to_string());
    mirror.serve(KEV, kev(100));
    (place, mirror)
}

#[test]
fn an_update_fills_the_folder_that_scans_use() {
    let (place, mirror) = filled();
    place
        .run(&["feeds", "status"])
        .exits(2)
        .says("bulkhead feeds update");
    place
        .run(&["scan", "dir:root"])
        .exits(4)
        .says("bulkhead feeds update");
    mirror.update(&place, &[]).exits(0).says("1 updated");
    place
        .run(&["scan", "dir:root"])
        .exits(0)
        .says("CVE-2026-1001");
    assert_eq!(mirror.sent(), 2);
    mirror.update(&place, &[]).exits(0).says("unchanged");
    assert_eq!(mirror.sent(), 2, "nothing changed, so nothing was sent");

    let status = place.run(&["feeds", "status", "--json"]).exits(0).json();
    let feeds = status["feeds"].as_array().unwrap();
    assert_eq!(feeds.len(), 2);
    let kev = &feeds[0];
    assert_eq!(
        (&kev["name"], &kev["documents"], &kev["rows"]),
        (&json!("cisa-kev"), &json!(1), &json!(100))
    );
    assert!(
        kev["age_s"].as_i64().unwrap() >= 0 && kev["last_error"].is_null(),
        "{kev}"
    );
    assert!(
        status["compiled"]["rows"].as_u64().unwrap() > 100,
        "{status}"
    );
    place
        .run(&["feeds", "status", "--max-feed-age", "1"])
        .exits(0)
        .says("debian-tracker");
}

#[test]
fn one_feed_that_fails_leaves_the_others_and_says_so() {
    let (place, mirror) = filled();
    mirror.serve(KEV, "<!doctype html><title>Blocked by policy</title>");
    mirror
        .update(&place, &[])
        .exits(3)
        .says("HTML page")
        .says("1 updated");
    place
        .run(&["scan", "dir:root"])
        .exits(0)
        .says("CVE-2026-1001");
    place
        .run(&["feeds", "status"])
        .exits(0)
        .says("failed")
        .says("HTML page");
    // What the mirror does not have.
    place
        .run(&[
            "feeds",
            "update",
            "--mirror",
            &mirror.url,
            "--feed",
            "epss",
            "--dir",
            "new",
        ])
        .exits(3)
        .says("epss.csv.gz")
        .says("answered 404");
    place
        .run(&["feeds", "update", "--feed", "epsss"])
        .exits(2)
        .says("bulkhead feeds list");
    place.run(&["feeds", "list"]).exits(0).says("msrc-cvrf");
}

#[test]
fn what_shrank_is_held_back_and_taken_on_a_person_s_word() {
    let (place, mirror) = filled();
    mirror.update(&place, &[]).exits(0);
    mirror.serve(KEV, kev(60));
    mirror
        .update(&place, &[])
        .exits(4)
        .says("60 rows, and 100 before")
        .says("--accept-shrunk cisa-kev");
    let status = place.run(&["feeds", "status", "--json"]).exits(0).json();
    assert_eq!(status["feeds"][0]["rows"], 100);
    assert_eq!(status["feeds"][0]["held"][0]["document"], "cisa-kev.json");
    mirror
        .update(&place, &["--accept-shrunk", "cisa-kev"])
        .exits(0)
        .says("1 updated");
    let status = place.run(&["feeds", "status", "--json"]).exits(0).json();
    assert_eq!(status["feeds"][0]["rows"], 60);
}

#[test]
fn what_was_only_downloaded_is_compiled_by_the_next_update() {
    let (place, mirror) = filled();
    mirror.serve(
        DEBIAN,
        tracker()
            .to_string()
            .replace("CVE-2026-1001", "CVE-2026-7001"),
    );
    mirror.update(&place, &[]).exits(0);
    mirror.serve(DEBIAN, tracker().to_string());
    mirror.update(&place, &["--download-only"]).exits(0);
    // Nothing is sent any more, and what came is not in use yet.
    let sent = mirror.sent();
    mirror.update(&place, &[]).exits(0);
    assert_eq!(mirror.sent(), sent);
    place
        .run(&["scan", "dir:root"])
        .exits(0)
        .says("CVE-2026-1001");
}

#[test]
fn advisories_that_are_too_old_are_no_basis_for_clean() {
    let (place, mirror) = filled();
    mirror.update(&place, &[]).exits(0);
    let scan = [
        "scan",
        "dir:root",
        "--max-feed-age",
        "7",
        "--format",
        "json",
    ];
    place.run(&scan).exits(0);
    let built = place.path("data/bulkhead/advisories/compiled/built.json");
    let text = std::fs::read_to_string(&built).unwrap();
    let mut old: serde_json::Value = serde_json::from_str(&text).unwrap();
    old["feeds"]["debian-tracker"]["good_at"] = json!("2026-01-01T00:00:00Z");
    std::fs::write(&built, old.to_string()).unwrap();
    let report = place.run(&scan).exits(4).json();
    assert_eq!(report["coverage"]["status"], "partial");
    let gaps = report["coverage"]["gaps"].to_string();
    assert!(
        gaps.contains("older than 7 days") && gaps.contains("debian-tracker (2026-01-01)"),
        "{gaps}"
    );
    // Findings are there all the same, and without the option nothing changes.
    assert!(!report["findings"].as_array().unwrap().is_empty());
    place.run(&["scan", "dir:root"]).exits(0);
    // A person's own documents tell their age by themselves.
    place.compiled();
    place
        .run(&[
            "scan",
            "dir:root",
            "--feeds",
            "compiled",
            "--max-feed-age",
            "1",
        ])
        .exits(4)
        .says("the newest date in each")
        .says("cisa-kev (2026-11-20)")
        .says("debian-tracker (no date)");
}

#[test]
fn a_bundle_carries_advisories_to_a_site_without_internet() {
    let (place, mirror) = filled();
    mirror.update(&place, &[]).exits(0);
    let public = place
        .run(&["feeds", "key", "new", "feeds.key"])
        .exits(0)
        .out();
    let public = public.trim();
    place.run(&["feeds", "key", "new", "feeds.key"]).exits(2);
    place
        .run(&["feeds", "key", "show", "feeds.key"])
        .exits(0)
        .says(public);
    place
        .run(&["feeds", "bundle", "feeds.bundle", "--key", "feeds.key"])
        .exits(0)
        .says("generation");

    let import = |more: &[&str]| {
        let arguments = [&["feeds", "import", "feeds.bundle", "--dir", "site"], more].concat();
        place.run(&arguments)
    };
    import(&["--key", public]).exits(0).says("imported");
    place
        .run(&["scan", "dir:root", "--feeds", "site", "--max-feed-age", "2"])
        .exits(0)
        .says("CVE-2026-1001");
    place
        .run(&["feeds", "status", "--dir", "site"])
        .exits(0)
        .says("from a bundle")
        .says("cisa-kev");
    // Again is no harm: it is not older than itself.
    import(&["--key", public]).exits(0);

    // Another key, a secret key in its place, and what is no key.
    let other = place
        .run(&["feeds", "key", "new", "other.key"])
        .exits(0)
        .out();
    import(&["--key", other.trim()])
        .exits(2)
        .says("not signed by the key");
    import(&["--key", "feeds.key"]).exits(2).says("secret key");
    import(&["--key", "AAAA"]).exits(2);

    // One that was compiled before those in use, and on a person's word.
    let built = place.path("site/compiled/built.json");
    let text = std::fs::read_to_string(&built).unwrap();
    let mut newer: serde_json::Value = serde_json::from_str(&text).unwrap();
    newer["built_at"] = json!("2999-01-01T00:00:00Z");
    std::fs::write(&built, newer.to_string()).unwrap();
    import(&["--key", public])
        .exits(2)
        .says("older")
        .says("--allow-older");
    import(&["--key", public, "--allow-older"]).exits(0);

    // Damage anywhere leaves what is in use alone.
    let good = std::fs::read(place.path("feeds.bundle")).unwrap();
    for at in [0, 10, good.len() / 2, good.len() - 3] {
        let mut damaged = good.clone();
        damaged[at] ^= 0x40;
        place.write("feeds.bundle", &damaged);
        import(&["--key", public]).exits(2);
        place.write("feeds.bundle", &good[..at]);
        import(&["--key", public]).exits(2);
    }
    place
        .run(&["scan", "dir:root", "--feeds", "site"])
        .exits(0)
        .says("CVE-2026-1001");
    let left = std::fs::read_dir(place.path("site")).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert!(
        left.iter()
            .all(|name| !name.to_string_lossy().starts_with("import-")),
        "{left:?}"
    );
}

/// Makes a key and a bundle of a folder, and takes it into the folder `site`.
fn carried(place: &Place, from: &[&str]) {
    let public = place
        .run(&["feeds", "key", "new", "feeds.key"])
        .exits(0)
        .out();
    let write = ["feeds", "bundle", "feeds.bundle", "--key", "feeds.key"];
    place.run(&[&write, from].concat()).exits(0);
    let import = ["feeds", "import", "feeds.bundle", "--dir", "site", "--key"];
    place
        .run(&[&import[..], &[public.trim()]].concat())
        .exits(0);
}

#[test]
fn a_bundle_of_own_documents_tells_how_old_they_are() {
    let place = Place::new();
    place.debian();
    place.compiled();
    carried(&place, &["--dir", "compiled"]);
    let scan = |days: &str| {
        let arguments = [
            "scan",
            "dir:root",
            "--feeds",
            "site",
            "--max-feed-age",
            days,
        ];
        place.run(&arguments)
    };
    // The bundle is of today, and what is in it is not.
    scan("1").exits(4).says("cisa-kev (2026-11-20)");
    scan("3650").exits(0);
    place
        .run(&["feeds", "status", "--dir", "site", "--max-feed-age", "1"])
        .exits(4)
        .says("epss (2026-11-22)");
}

#[test]
fn a_bundle_stays_in_use_until_all_of_it_was_got_again() {
    let (place, mirror) = filled();
    // What the site downloaded itself, earlier, knows less than the bundle.
    let other = |cve: &str| tracker().to_string().replace("CVE-2026-1001", cve);
    mirror.serve(DEBIAN, other("CVE-2026-7001"));
    mirror.update(&place, &["--dir", "site"]).exits(0);
    mirror.serve(DEBIAN, tracker().to_string());
    mirror.update(&place, &[]).exits(0);
    carried(&place, &[]);
    let scan = || place.run(&["scan", "dir:root", "--feeds", "site"]).exits(0);
    scan().says("CVE-2026-1001");
    // Nothing can be got: the bundle stays.
    mirror.serve(DEBIAN, "");
    mirror.serve(KEV, "");
    mirror.update(&place, &["--dir", "site"]).exits(3);
    scan().says("CVE-2026-1001");
    // One of its two feeds: with it alone the other would be gone.
    mirror.serve(KEV, kev(100));
    let one = ["feeds", "update", "--mirror", &mirror.url, "--dir", "site"];
    place
        .run(&[&one[..], &["--feed", "cisa-kev"]].concat())
        .exits(4)
        .says("stays in use")
        .says("debian-tracker");
    scan().says("CVE-2026-1001");
    mirror.serve(DEBIAN, other("CVE-2026-8001"));
    mirror.update(&place, &["--dir", "site"]).exits(0);
    scan().says("CVE-2026-8001");
}
