//! Why something is a risk here, until when it is to be mended, and what if a fact were another.

use axum::{
    body::Body,
    http::{Method, Request},
};
use estate::{PlaceDelta, PlaceFinding, Resource};
use records::Estates;
use schemas::{
    Place, Severity, TenantId,
    api::Role,
    inventory::CoverageStatus,
    risk::{Answer, Exposure, Factor, PlaceFacts, VulnerabilityFacts},
};
use serde_json::{Value, json};

use crate::house::{Answer as Reply, House};

const SETTINGS: &str = "/api/v1/settings/risk";
const CVE: &str = "/api/v1/vulnerabilities/CVE-2024-38063";

/// A vulnerability that CISA lists, in a place that is reached in this way.
async fn put(house: &House, tenant: &str, place: &str, exposure: Exposure) {
    let tenant: TenantId = tenant.parse().unwrap();
    let place: Place = place.parse().unwrap();
    let facts = VulnerabilityFacts {
        known_exploited: true,
        exploited_sources: vec!["cisa-kev".to_owned()],
        known_exploited_since: Some("2024-08-13T00:00:00Z".parse().unwrap()),
        automatable: Some("yes".to_owned()),
        technical_impact: Some("total".to_owned()),
        factors: [Factor::AttackVectorNetwork].into_iter().collect(),
        ..VulnerabilityFacts::default()
    };
    let delta = PlaceDelta {
        place: place.clone(),
        name: format!("name of {place}"),
        sequence: 0,
        removed: false,
        coverage: CoverageStatus::Complete,
        packages: 1,
        cannot_judge: 0,
        facts: PlaceFacts {
            exposure,
            root: Answer::Yes,
            ..PlaceFacts::default()
        },
        findings: vec![PlaceFinding {
            vulnerability: "CVE-2024-38063".parse().unwrap(),
            severity: Severity::Critical,
            cvss_score: Some(9.8),
            fix_available: true,
            excepted: false,
            facts,
        }],
        os: String::new(),
        resource: Resource::new().label("env", "production"),
        at_h: 0,
        replaced: estate::Replaced::default(),
    };
    let estates = Estates(&house.platform);
    let before = estates.state(&tenant, &place).await.unwrap();
    assert!(estates.put(&tenant, before.as_ref(), delta).await.unwrap());
}

fn has(marks: &Value, wanted: &[&str]) -> bool {
    let marks = marks.as_array().unwrap();
    wanted.iter().all(|one| marks.contains(&json!(one)))
}

#[tokio::test]
async fn a_vulnerability_says_why_and_until_when() {
    let house = House::new().await;
    put(&house, "default", "host/edge", Exposure::Declared).await;
    put(&house, "default", "host/inner", Exposure::Published).await;
    let admin = house.admin().await;
    let listed = house.get("/api/v1/vulnerabilities", &admin).await;
    let row = &listed.body["vulnerabilities"][0];
    let marks = [
        "critical_severity",
        "fix_available",
        "known_exploited",
        "attack_vector_network",
        "internet_reachable",
        "root",
    ];
    assert!(has(&row["factors"], &marks), "{row}");
    assert_eq!(row["due"], "2024-08-16T00:00:00.000Z");
    let detail = house.get(CVE, &admin).await;
    assert!(has(&detail.body["factors"], &marks), "{detail:?}");
    assert_eq!(detail.body["deadline"]["due"], row["due"]);
    let [edge, inner] = detail.body["places"].as_array().unwrap().as_slice() else {
        panic!("{detail:?}");
    };
    assert_eq!(edge["deadline"]["days"], 3);
    assert_eq!(edge["deadline"]["forensics"], true);
    assert_eq!(edge["deadline"]["overdue"], true);
    assert_eq!(edge["deadline"]["clock"]["start"], "added_to_kev");
    assert_eq!(edge["deadline"]["is_earliest"], false);
    assert_eq!(edge["deadline"]["facts"][1]["question"], "publicly_exposed");
    assert!(!has(&inner["factors"], &["internet_reachable"]), "{inner}");
    assert_eq!(inner["deadline"]["facts"][1]["answer"], "unknown");
    assert_eq!(edge["score"]["parts"][0]["group"], "likelihood");
}

#[tokio::test]
async fn a_question_what_if_changes_nothing_but_its_answer() {
    let house = House::new().await;
    put(&house, "default", "host/edge", Exposure::Declared).await;
    put(&house, "other", "host/theirs", Exposure::Declared).await;
    let admin = house.admin().await;
    let ask = async |query: &str| house.get(&format!("{CVE}/what-if?{query}"), &admin).await;
    let same = ask("place=host/edge").await;
    assert_eq!(same.body["before"], same.body["after"], "{same:?}");
    let changed = ask("place=host/edge&exposure=none&root=no&running_containers=0&fix_available=false&critical=true").await;
    assert_eq!(changed.body["before"], same.body["before"]);
    let value = |state: &str| changed.body[state]["score"]["value"].as_f64().unwrap();
    // Exposure -14, root -4, running -1, fix -3, critical +4.
    assert!(
        (value("before") - value("after") - 18.0).abs() < 0.01,
        "{changed:?}"
    );
    assert_eq!(
        changed.body["after"]["deadline"]["days"], 3,
        "automatable and total"
    );
    let calm = ask("place=host/edge&exposure=none&known_exploited=false&automatable=no").await;
    assert_eq!(calm.body["after"]["deadline"].get("days"), None, "{calm:?}");
    assert!(
        !has(&calm.body["after"]["factors"], &["known_exploited"]),
        "{calm:?}"
    );
    let again = house.get(CVE, &admin).await;
    assert_eq!(
        again.body["places"][0]["score"],
        same.body["before"]["score"]
    );
    for (bad, names) in [
        ("exposure=none", "place"),
        ("place=host/edge&exposure=everywhere", "exposure"),
        ("place=host/edge&root=perhaps", "root"),
        ("place=host/edge&epss=1.5", "epss"),
        ("place=host/edge&epss=NaN", "epss"),
        ("place=host/edge&cvss_score=-1", "cvss_score"),
        ("place=host/edge&running_containers=-1", ""),
        ("place=moon/edge", ""),
    ] {
        let refused = ask(bad).await;
        assert!(refused.is(400, "bad-request"), "{bad} {refused:?}");
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(detail.contains(names), "{bad} {detail}");
    }
    for gone in ["place=host/theirs", "place=host/none"] {
        let refused = ask(gone).await;
        assert!(refused.is(404, "not-found"), "{gone} {refused:?}");
    }
}

async fn set(house: &House, token: &str, settings: Value, tag: Option<&str>) -> Reply {
    let mut request = Request::builder()
        .method(Method::PUT)
        .uri(SETTINGS)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json");
    if let Some(tag) = tag {
        request = request.header("if-match", tag);
    }
    let body = Body::from(settings.to_string());
    house.send(request.body(body).unwrap()).await
}

#[tokio::test]
async fn labels_are_called_critical_by_who_has_seen_what_is_set() {
    let house = House::new().await;
    let admin = house.admin().await;
    let first = house.get(SETTINGS, &admin).await;
    assert_eq!(first.body["settings"]["critical_labels"], json!([]));
    assert!(first.headers.contains_key("etag"), "{first:?}");
    let many: Vec<String> = (0..51).map(|at| format!("a={at}")).collect();
    for bad in [
        json!([""]),
        json!([" a=b"]),
        json!(["x".repeat(257)]),
        json!(many),
    ] {
        let refused = set(&house, &admin, json!({"critical_labels": bad}), None).await;
        assert!(refused.is(400, "bad-request"), "{refused:?}");
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(detail.contains("critical_labels"), "{detail}");
    }
    let wanted = json!({"critical_labels": ["env=production", "tier"]});
    let made = set(&house, &admin, wanted.clone(), None).await;
    assert_eq!(made.status, 200, "{made:?}");
    assert_eq!(made.body["settings"], wanted);
    assert_eq!(made.body["updated_by"], "admin");
    let tag = made.headers["etag"].to_str().unwrap().to_owned();
    let kept = house.get(SETTINGS, &admin).await;
    assert_eq!(kept.headers["etag"].to_str().unwrap(), tag);
    // Whoever works on scores is told, once for each change.
    let depth = house.platform.queue.depth("score").await.unwrap();
    assert_eq!(depth.ready, 1);
    let blind = set(&house, &admin, json!({}), None).await;
    assert!(blind.is(412, "precondition-failed"), "{blind:?}");
    let again = set(&house, &admin, json!({}), Some(&tag)).await;
    assert_eq!(again.status, 200, "{again:?}");
    let stale = set(&house, &admin, wanted, Some(&tag)).await;
    assert!(stale.is(412, "precondition-failed"), "{stale:?}");
    // Another tenant's are its own, and whoever only reads changes nothing.
    let stranger = house.person("other", Role::Admin).await;
    let theirs = house.get(SETTINGS, &stranger).await;
    assert_eq!(theirs.body.get("updated_by"), None, "{theirs:?}");
    let auditor = house.person("default", Role::Auditor).await;
    assert_eq!(house.get(SETTINGS, &auditor).await.status, 200);
    let refused = set(&house, &auditor, json!({}), None).await;
    assert!(refused.is(403, "forbidden"), "{refused:?}");
}
