//! Lists and what is behind them.

use axum::http::Method;
use estate::{PlaceDelta, PlaceFinding};
use platform::Message;
use records::Estates;
use schemas::{
    Place, Severity, TenantId,
    api::Role,
    inventory::CoverageStatus,
    risk::{Exposure, PlaceFacts, VulnerabilityFacts},
};
use serde_json::{Value, json};

use crate::house::House;

/// Puts a place with findings into the estate.
pub(crate) async fn put_place(
    house: &House,
    tenant: &str,
    place: &str,
    cves: &[(&str, Severity, bool)],
) {
    let tenant: TenantId = tenant.parse().unwrap();
    let place: Place = place.parse().unwrap();
    let findings = cves.iter().map(|(id, severity, exploited)| PlaceFinding {
        vulnerability: id.parse().unwrap(),
        severity: *severity,
        cvss_score: None,
        fix_available: true,
        excepted: false,
        facts: VulnerabilityFacts {
            known_exploited: *exploited,
            ..VulnerabilityFacts::default()
        },
    });
    let delta = PlaceDelta {
        place: place.clone(),
        name: format!("name of {}", place.id().get(..8).unwrap_or(place.id())),
        sequence: 0,
        removed: false,
        coverage: CoverageStatus::Partial,
        packages: 12,
        cannot_judge: 3,
        facts: PlaceFacts {
            exposure: Exposure::Published,
            ..PlaceFacts::default()
        },
        findings: findings.collect(),
        os: String::new(),
        resource: estate::Resource::new(),
        at_h: 0,
        replaced: estate::Replaced::default(),
    };
    let estates = Estates(&house.platform);
    let before = estates.state(&tenant, &place).await.unwrap();
    assert!(estates.put(&tenant, before.as_ref(), delta).await.unwrap());
}

pub(crate) fn image(n: u8) -> String {
    format!("image/sha256:{}", format!("{n:02x}").repeat(32))
}

async fn estate(house: &House) {
    put_place(
        house,
        "default",
        "host/web-0001",
        &[
            ("CVE-2024-0001", Severity::Critical, true),
            ("CVE-2024-0002", Severity::Low, false),
        ],
    )
    .await;
    put_place(
        house,
        "default",
        &image(0xaa),
        &[
            ("CVE-2024-0001", Severity::High, true),
            ("CVE-2024-0003", Severity::Medium, false),
            ("CVE-2024-0004", Severity::Unknown, false),
        ],
    )
    .await;
    put_place(
        house,
        "other",
        "host/secret-1",
        &[("CVE-2024-0009", Severity::Critical, true)],
    )
    .await;
}

fn ids(body: &Value, list: &str) -> Vec<String> {
    let rows = body[list].as_array().unwrap_or_else(|| panic!("{body}"));
    rows.iter()
        .map(|row| row["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn what_is_vulnerable_here_and_what_first() {
    let house = House::new().await;
    estate(&house).await;
    let admin = house.admin().await;
    let answer = house.get("/api/v1/vulnerabilities", &admin).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let rows = answer.body["vulnerabilities"].as_array().unwrap();
    let scores: Vec<f64> = rows
        .iter()
        .map(|row| row["score"].as_f64().unwrap())
        .collect();
    assert!(scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
    assert_eq!(rows.len(), 4);
    let first = &answer.body["vulnerabilities"][0];
    assert_eq!(first["id"], "CVE-2024-0001");
    assert_eq!(first["severity"], "critical");
    assert_eq!(
        (first["hosts"].as_u64(), first["images"].as_u64()),
        (Some(1), Some(1))
    );
    assert_eq!(first["top_place"], "host/web-0001");
    assert_eq!(answer.body["total"], 4);
    assert_eq!(answer.body["feeds_loaded"], false);
    assert!(
        !answer.body.to_string().contains("CVE-2024-0009"),
        "another tenant's"
    );

    for (query, wanted) in [
        ("severity=critical", vec!["CVE-2024-0001"]),
        ("known_exploited=true", vec!["CVE-2024-0001"]),
        ("search=0003", vec!["CVE-2024-0003"]),
        (
            "place_kind=host&known_exploited=false",
            vec!["CVE-2024-0002"],
        ),
        ("severity=unknown", vec!["CVE-2024-0004"]),
        ("fix_available=false", vec![]),
    ] {
        let answer = house
            .get(&format!("/api/v1/vulnerabilities?{query}"), &admin)
            .await;
        assert_eq!(ids(&answer.body, "vulnerabilities"), wanted, "{query}");
    }
    for query in [
        "severity=grave",
        "place_kind=moon",
        "known_exploited=perhaps",
    ] {
        let answer = house
            .get(&format!("/api/v1/vulnerabilities?{query}"), &admin)
            .await;
        assert!(answer.is(400, "bad-request"), "{query} {answer:?}");
    }
}

#[tokio::test]
async fn pages_hold_every_row_once_and_cursors_only_fit_their_list() {
    let house = House::new().await;
    estate(&house).await;
    let admin = house.admin().await;
    let whole = ids(
        &house.get("/api/v1/vulnerabilities", &admin).await.body,
        "vulnerabilities",
    );
    let mut paged = Vec::new();
    let mut cursor = String::new();
    loop {
        let answer = house
            .get(&format!("/api/v1/vulnerabilities?limit=1{cursor}"), &admin)
            .await;
        paged.extend(ids(&answer.body, "vulnerabilities"));
        match answer.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(paged, whole);

    let first = house.get("/api/v1/vulnerabilities?limit=1", &admin).await;
    let cursor = first.body["next_cursor"].as_str().unwrap().to_owned();
    let other = house.person("other", Role::Admin).await;
    let mut edited = cursor.clone().into_bytes();
    let last = edited.len() - 3;
    edited[last] = if edited[last] == b'A' { b'B' } else { b'A' };
    let edited = String::from_utf8(edited).unwrap();
    for (path, token) in [
        (format!("/api/v1/vulnerabilities?cursor={edited}"), &admin),
        (
            format!("/api/v1/vulnerabilities?cursor={cursor}&severity=high"),
            &admin,
        ),
        (format!("/api/v1/hosts?cursor={cursor}"), &admin),
        (format!("/api/v1/agents?cursor={cursor}"), &admin),
        (format!("/api/v1/vulnerabilities?cursor={cursor}"), &other),
        (
            "/api/v1/vulnerabilities?cursor=eyJvZmZzZXQiOjEwfQ".to_owned(),
            &admin,
        ),
        ("/api/v1/vulnerabilities?cursor=".to_owned(), &admin),
    ] {
        let answer = house.get(&path, token).await;
        assert!(answer.is(400, "bad-cursor"), "{path} {answer:?}");
    }
}

#[tokio::test]
async fn one_vulnerability_names_its_places_with_scores_that_add_up() {
    let house = House::new().await;
    estate(&house).await;
    let admin = house.admin().await;
    let answer = house
        .get("/api/v1/vulnerabilities/CVE-2024-0001", &admin)
        .await;
    let places = answer.body["places"]
        .as_array()
        .unwrap_or_else(|| panic!("{answer:?}"));
    assert_eq!(places.len(), 2);
    assert_eq!(places[0]["place"], "host/web-0001");
    let listed = house.get("/api/v1/vulnerabilities?limit=1", &admin).await;
    assert_eq!(
        places[0]["score"]["value"],
        listed.body["vulnerabilities"][0]["score"]
    );
    let parts = places[0]["score"]["parts"].as_array().unwrap();
    let sum: f64 = parts
        .iter()
        .map(|part| part["points"].as_f64().unwrap())
        .sum();
    assert!((sum - places[0]["score"]["value"].as_f64().unwrap()).abs() < 0.001);
    let page = house
        .get("/api/v1/vulnerabilities/CVE-2024-0001?limit=1", &admin)
        .await;
    let cursor = page.body["next_cursor"].as_str().unwrap();
    let next = house
        .get(
            &format!("/api/v1/vulnerabilities/CVE-2024-0001?limit=1&cursor={cursor}"),
            &admin,
        )
        .await;
    assert_eq!(next.body["places"][0]["place"], image(0xaa));
    assert!(next.body.get("next_cursor").is_none());
    for id in ["CVE-2024-0009", "CVE-1999-0001", "%2e%2e", "a%20b"] {
        let answer = house
            .get(&format!("/api/v1/vulnerabilities/{id}"), &admin)
            .await;
        assert!(answer.is(404, "not-found"), "{id} {answer:?}");
    }
}

#[tokio::test]
async fn hosts_and_images_say_how_they_stand_and_how_much_was_read() {
    let house = House::new().await;
    estate(&house).await;
    let admin = house.admin().await;
    let hosts = house.get("/api/v1/hosts", &admin).await;
    assert_eq!(ids(&hosts.body, "hosts"), ["web-0001"]);
    let standing = &hosts.body["hosts"][0]["standing"];
    assert_eq!(standing["coverage"], "partial");
    assert_eq!(standing["counts"]["critical"], 1);
    assert_eq!(standing["counts"]["cannot_judge"], 3);
    let images = house.get("/api/v1/images", &admin).await;
    assert_eq!(images.body["images"][0]["standing"]["counts"]["total"], 3);
    assert_eq!(
        images.body["images"][0]["standing"]["facts"]["exposure"],
        "published"
    );
}

#[tokio::test]
async fn without_feeds_the_service_is_ready_and_says_how_to_fill_them() {
    let house = House::new().await;
    let ready = house.ask(Method::GET, "/readyz", None, None).await;
    assert_eq!(
        (
            ready.status.as_u16(),
            &ready.body["ready"],
            &ready.body["feeds_loaded"]
        ),
        (200, &json!(true), &json!(false))
    );
    for (part, name) in ready.body["parts"]
        .as_array()
        .unwrap()
        .iter()
        .zip(["table", "blobs", "queue"])
    {
        assert_eq!(part, &json!({"name": name, "answers": true}));
    }
    assert_eq!(
        house.ask(Method::GET, "/healthz", None, None).await.body["status"],
        "ok"
    );
    let feeds = house.get("/api/v1/feeds", &house.admin().await).await;
    assert_eq!(feeds.body["loaded"], false);
    assert!(
        feeds.body["how_to_fill"]
            .as_str()
            .unwrap()
            .contains("--feeds-from")
    );
}

#[tokio::test]
async fn dead_letters_are_seen_and_replayed_by_their_tenant() {
    let house = House::new().await;
    let admin = house.admin().await;
    let messages = ["default/one", "other/two", "global/three"].map(|id| Message::new(id, "{}"));
    assert!(
        house
            .platform
            .queue
            .send("scan", messages.to_vec())
            .await
            .unwrap()
            .is_empty()
    );
    let received = house
        .platform
        .queue
        .receive("scan", platform::Receive::default())
        .await
        .unwrap();
    for delivery in &received {
        house
            .platform
            .queue
            .dead_letter(delivery, "cannot be read")
            .await
            .unwrap();
    }
    let listed = house.get("/api/v1/dead-letters?queue=scan", &admin).await;
    assert_eq!(ids(&listed.body, "dead_letters"), ["default/one"]);
    assert_eq!(listed.body["dead_letters"][0]["reason"], "cannot be read");
    let replay = json!({"queue": "scan", "ids": ["default/one", "other/two", "global/three"]});
    let replayed = house
        .ask(
            Method::POST,
            "/api/v1/dead-letters/replay",
            Some(&admin),
            Some(replay),
        )
        .await;
    assert_eq!(replayed.body["replayed"], 1, "{replayed:?}");
    let depth = house.platform.queue.depth("scan").await.unwrap();
    assert_eq!((depth.ready, depth.dead), (1, 2));
    let unknown = house.get("/api/v1/dead-letters?queue=moon", &admin).await;
    assert!(unknown.is(400, "bad-request"), "{unknown:?}");
}

#[tokio::test]
async fn findings_and_packages_of_one_place_come_in_pages_with_scores() {
    let house = House::new().await;
    let tenant: TenantId = "default".parse().unwrap();
    let place: Place = "host/web-0001".parse().unwrap();
    let finding = |id: &str, severity: &str| -> Value {
        json!({
            "vulnerability": id, "package": "openssl", "installed_version": "1", "fixed_version": "2",
            "severity": severity, "kev": false, "status": "fixed",
            "evidence": {
                "ecosystem": {"name": "debian", "release": "12"}, "matched_name": "openssl",
                "matched_version": "1", "comparison": "1 < 2 (dpkg)",
                "source": {"feed": "debian-tracker", "document": "d"},
            },
        })
    };
    let document: records::FindingsDocument = serde_json::from_value(json!({
        "version": 1, "place": place, "generation": 1,
        "coverage": {"status": "complete"},
        "findings": [finding("CVE-2024-0002", "low"), finding("CVE-2024-0001", "critical"), finding("CVE-2024-0003", "high")],
        "cannot_judge": [],
    }))
    .unwrap();
    let inventory: schemas::inventory::Inventory = serde_json::from_value(json!({
        "version": 1, "target": {"kind": "host", "name": "web"},
        "host": {"id": "web-0001", "name": "web"},
        "packages": [
            {"name": "zlib", "version": "1", "kind": "deb", "purl": "pkg:deb/debian/zlib@1", "path": "p"},
            {"name": "bash", "version": "5", "kind": "deb", "purl": "pkg:deb/debian/bash@5", "path": "p"},
        ],
        "coverage": {"status": "complete"},
    }))
    .unwrap();
    let (reference, inventory) = records::Inventories(&house.platform)
        .put(&tenant, &place, 1, inventory)
        .await
        .unwrap();
    let host: records::HostRecord = serde_json::from_value(json!({
        "version": 1, "id": "web-0001", "agent": "a-1.default", "observed_at": house.now(), "order": 1,
        "facts": inventory.host, "packages": 2, "coverage": "complete", "inventory": reference,
    }))
    .unwrap();
    records::Hosts(&house.platform)
        .put(&tenant, &host)
        .await
        .unwrap();
    let record: records::PlaceRecord = serde_json::from_value(json!({
        "version": 1, "place": place, "name": "web", "revision": 0, "generation": 1,
        "content": reference.content, "findings": "", "scanned_at": house.now(),
        "summary": {"total": 3, "critical": 1, "high": 1, "medium": 0, "low": 1, "unknown": 0,
            "known_exploited": 0, "fixable": 3, "cannot_judge": 0},
        "coverage": "complete", "packages": 2,
    }))
    .unwrap();
    records::Places(&house.platform)
        .put(&tenant, None, record, document, &[])
        .await
        .unwrap()
        .expect("nothing was there before");

    let admin = house.admin().await;
    let base = "/api/v1/hosts/web-0001";
    let host = house.get(base, &admin).await;
    assert_eq!(host.body["host"]["name"], "web", "{host:?}");
    for (query, wanted) in [
        (
            "severity=low,high",
            ["CVE-2024-0003", "CVE-2024-0002"].as_slice(),
        ),
        ("severity=medium", [].as_slice()),
        ("search=cve-2024-0002", ["CVE-2024-0002"].as_slice()),
        (
            "search=OPENSSL&sort=vulnerability",
            ["CVE-2024-0001", "CVE-2024-0002", "CVE-2024-0003"].as_slice(),
        ),
        ("search=zlib", [].as_slice()),
        ("known_exploited=true", [].as_slice()),
        ("fix_available=false", [].as_slice()),
        (
            "fix_available=true&severity=critical",
            ["CVE-2024-0001"].as_slice(),
        ),
    ] {
        let page = house.get(&format!("{base}/findings?{query}"), &admin).await;
        let found = page.body["findings"].as_array().unwrap().iter();
        let found: Vec<_> = found.map(|row| row["vulnerability"].clone()).collect();
        assert_eq!(found, wanted, "{query} {page:?}");
        assert_eq!(page.body["summary"]["total"], 3, "{query}");
    }
    for (query, wanted) in [
        ("search=ZL", ["zlib"].as_slice()),
        ("kind=deb", ["bash", "zlib"].as_slice()),
        ("kind=rpm", [].as_slice()),
    ] {
        let page = house.get(&format!("{base}/packages?{query}"), &admin).await;
        let found = page.body["packages"].as_array().unwrap().iter();
        let found: Vec<_> = found.map(|row| row["name"].clone()).collect();
        assert_eq!(found, wanted, "{query} {page:?}");
        assert_eq!(page.body["total"], wanted.len(), "{query}");
    }
    let unknown = format!("{base}/packages?kind=unknown");
    let unknown = house.get(&unknown, &admin).await;
    assert!(unknown.is(400, "bad-request"), "{unknown:?}");
    for (list, key, wanted) in [
        (
            "findings",
            "vulnerability",
            ["CVE-2024-0001", "CVE-2024-0003", "CVE-2024-0002"].as_slice(),
        ),
        ("packages", "name", ["bash", "zlib"].as_slice()),
    ] {
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = house
                .get(&format!("{base}/{list}?limit=1{cursor}"), &admin)
                .await;
            let rows = page.body[list]
                .as_array()
                .unwrap_or_else(|| panic!("{page:?}"));
            assert_eq!(rows.len(), 1);
            assert_eq!(page.body["coverage"]["status"], "complete");
            seen.push(rows[0][key].as_str().unwrap().to_owned());
            if list == "findings" {
                assert!(
                    rows[0]["score"]["value"].as_f64().unwrap() > 0.0,
                    "{page:?}"
                );
                assert_eq!(page.body["summary"]["total"], 3);
                let marks = rows[0]["factors"].as_array().unwrap();
                assert!(marks.contains(&json!("fix_available")), "{page:?}");
                let answers = rows[0]["deadline"]["facts"].as_array().unwrap();
                assert_eq!(answers.len(), 4, "{page:?}");
            }
            match page.body["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen, wanted);
        let absent = house
            .get(&format!("/api/v1/hosts/nobody/{list}"), &admin)
            .await;
        assert!(absent.is(404, "not-found"), "{absent:?}");
    }
}

#[tokio::test]
async fn what_became_of_a_request_for_an_image_is_told_to_its_tenant_alone() {
    let house = House::new().await;
    let ci = house.person("default", Role::Ci).await;
    let body =
        json!({"reference": "registry.example.invalid/team/app:1", "platform": "linux/arm64"});
    let queued = house
        .ask(
            Method::POST,
            "/api/v1/images",
            Some(&ci),
            Some(body.clone()),
        )
        .await;
    assert_eq!(queued.status, 202, "{queued:?}");
    let id = queued.body["id"].as_str().unwrap();
    let path = format!("/api/v1/images/requests/{id}");
    let found = house.get(&path, &ci).await;
    assert_eq!(
        (found.status.as_u16(), &found.body["state"]),
        (200, &json!("queued"))
    );
    assert_eq!(found.body["reference"], queued.body["reference"]);
    assert_eq!(found.body["platform"], "linux/arm64");
    let message = &receive(&house, "registry").await[0];
    assert_eq!(message["request"], id);
    // Another request is another one, though for the same image.
    let again = house
        .ask(Method::POST, "/api/v1/images", Some(&ci), Some(body))
        .await;
    assert_ne!(again.body["id"], id);

    let (tenant, request) = ("default".parse().unwrap(), id.parse().unwrap());
    let requests = records::ImageRequests(&house.platform);
    requests
        .failed(&tenant, &request, "no such image")
        .await
        .unwrap();
    let failed = house.get(&path, &ci).await.body;
    assert_eq!(
        (&failed["state"], &failed["reason"]),
        (&json!("failed"), &json!("no such image"))
    );
    let other = house.person("other", Role::Admin).await;
    assert!(house.get(&path, &other).await.is(404, "not-found"));
    let unknown = format!("/api/v1/images/requests/{}", "0".repeat(32));
    assert!(house.get(&unknown, &ci).await.is(404, "not-found"));
    house.clock.advance_ms(8 * 24 * 3_600_000);
    assert_eq!(
        requests.get(&tenant, &request).await.unwrap(),
        None,
        "kept for a week"
    );
}

#[tokio::test]
async fn feeds_whose_shrunken_documents_are_to_be_taken_are_known_ones() {
    let house = House::new().await;
    let admin = house.admin().await;
    let path = "/api/v1/feeds/refresh";
    let ask = async |body| house.ask(Method::POST, path, Some(&admin), body).await;
    assert_eq!(ask(None).await.status, 200);
    let plain = receive(&house, "feed").await;
    assert_eq!(plain, [json!({"type": "refresh", "by_hand": true})]);
    let body = json!({"accept_shrunk": ["cisa-kev", "cisa-kev"]});
    assert_eq!(ask(Some(body)).await.status, 200);
    let message = receive(&house, "feed").await;
    assert_eq!(message[0]["accept_shrunk"], json!(["cisa-kev"]));
    let unknown = ask(Some(json!({"accept_shrunk": ["nosuch"]}))).await;
    assert!(unknown.is(400, "bad-request"), "{unknown:?}");
    assert!(unknown.body.to_string().contains("nosuch"), "{unknown:?}");
    assert!(
        ask(Some(json!({"accept_shrunk": "cisa-kev"})))
            .await
            .is(400, "bad-request")
    );
    let auditor = house.person("default", Role::Auditor).await;
    let body = Some(json!({"accept_shrunk": ["cisa-kev"]}));
    let refused = house.ask(Method::POST, path, Some(&auditor), body).await;
    assert!(refused.is(403, "forbidden"), "{refused:?}");
    assert!(receive(&house, "feed").await.is_empty());
}

/// Takes the messages of a queue.
async fn receive(house: &House, queue: &str) -> Vec<Value> {
    let how = platform::Receive {
        max: 10,
        visibility_timeout_s: 60,
        wait_s: 0,
        max_receives: 5,
    };
    let deliveries = house.platform.queue.receive(queue, how).await.unwrap();
    let mut bodies = Vec::new();
    for delivery in deliveries {
        house.platform.queue.ack(&delivery).await.unwrap();
        bodies.push(serde_json::from_str(&delivery.message.body).unwrap());
    }
    bodies
}

#[tokio::test]
async fn an_export_has_every_record_page_by_page_and_no_hash() {
    let house = House::new().await;
    let admin = house.admin().await;
    for seed in 1..=3 {
        house.agent(seed).await;
    }
    let mut names = Vec::new();
    let mut path = "/api/v1/exports/agents?limit=2".to_owned();
    loop {
        let page = house.get(&path, &admin).await;
        assert_eq!(page.status, 200, "{page:?}");
        for row in page.body["records"].as_array().unwrap() {
            assert!(row["record"]["public_key"].is_string());
            names.push(row["name"].as_str().unwrap().to_owned());
        }
        match page.body["next_cursor"].as_str() {
            Some(next) => path = format!("/api/v1/exports/agents?limit=2&cursor={next}"),
            None => break,
        }
    }
    names.dedup();
    assert_eq!(names.len(), 3);
    for noun in ["users", "enrolment-tokens"] {
        let page = house.get(&format!("/api/v1/exports/{noun}"), &admin).await;
        assert!(!page.body["records"].as_array().unwrap().is_empty());
        assert!(!page.body.to_string().contains("_hash"), "{page:?}");
    }
    let unknown = house.get("/api/v1/exports/nonces", &admin).await;
    assert!(unknown.status.is_client_error(), "{unknown:?}");
    let auditor = house.person("default", Role::Auditor).await;
    let refused = house.get("/api/v1/exports/hosts", &auditor).await;
    assert_eq!(refused.status, 403);
}

#[tokio::test]
async fn dead_letters_are_listed_by_tenant_and_no_cursor_names_those_of_others() {
    let house = House::new().await;
    let mine = house.admin().await;
    let queue = &house.platform.queue;
    let ids = ["acme/1", "default/1", "default/2", "zeta/1"];
    let messages = ids.map(|id| Message::new(id, "b")).to_vec();
    assert!(queue.send("scan", messages).await.unwrap().is_empty());
    for delivery in queue
        .receive("scan", platform::Receive::default())
        .await
        .unwrap()
    {
        queue.dead_letter(&delivery, "why").await.unwrap();
    }
    let (mut path, mut found) = (
        "/api/v1/dead-letters?queue=scan&limit=1".to_owned(),
        Vec::new(),
    );
    for _ in 0..2 {
        let answer = house.get(&path, &mine).await;
        let letters = answer.body["dead_letters"].as_array().unwrap();
        found.push(letters[0]["id"].as_str().unwrap().to_owned());
        let next = answer.body["next_cursor"].as_str().unwrap();
        path = format!("/api/v1/dead-letters?queue=scan&limit=1&cursor={next}");
    }
    assert_eq!(found, ["default/1", "default/2"]);
    let last = house.get(&path, &mine).await;
    assert_eq!(
        last.body["dead_letters"].as_array().unwrap().len(),
        0,
        "{last:?}"
    );
    assert!(last.body["next_cursor"].is_null(), "{last:?}");
}
