//! Exceptions: who asks, who decides, what they hide in a place, and what others read of them.

use axum::{
    body::Body,
    http::{Method, Request},
};
use records::Exceptions;
use schemas::{Place, api::Role};
use serde_json::{Value, json};

use crate::{
    house::{Answer, House},
    teams::{Team, teams, tenant},
};

const EXCEPTIONS: &str = "/api/v1/exceptions";
const DAY_MS: i64 = 24 * 3_600_000;

/// What somebody asks for, of a vulnerability.
fn text(vulnerability: &str) -> Value {
    json!({"vulnerability": vulnerability, "scope": {"kind": "estate"}, "status": "accepted_risk",
        "reason": "Mended with the next release."})
}

async fn request(house: &House, token: &str, text: &Value) -> Answer {
    house
        .ask(Method::POST, EXCEPTIONS, Some(token), Some(text.clone()))
        .await
}

/// Asks for an exception, and returns its id.
pub(crate) async fn requested(house: &House, token: &str, text: &Value) -> String {
    let made = request(house, token, text).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.body["state"], "requested");
    made.body["id"].as_str().unwrap().to_owned()
}

async fn decide(house: &House, token: &str, id: &str, verb: &str) -> Answer {
    let path = format!("{EXCEPTIONS}/{id}/{verb}");
    house
        .ask(Method::POST, &path, Some(token), Some(json!({})))
        .await
}

/// An exception of a team's own vulnerability in what it has.
fn of_team(team: &Team) -> Value {
    let mut text = text(&team.own);
    text["scope"] = json!({"kind": "collection", "collection": team.collection});
    text
}

/// Packages of a host's findings, and what hides each.
async fn findings(house: &House, token: &str, team: &Team, excepted: &str) -> Vec<(String, Value)> {
    let path = format!("/api/v1/hosts/{}/findings?excepted={excepted}", team.host);
    let answer = house.get(&path, token).await;
    let rows = answer.body["findings"].as_array();
    let rows = rows.unwrap_or_else(|| panic!("{answer:?}")).iter();
    rows.map(|row| {
        let package = row["package"].as_str().unwrap().to_owned();
        assert!(row["score"]["value"].as_f64().unwrap() > 0.0, "{row}");
        (package, row["excepted_by"].clone())
    })
    .collect()
}

#[tokio::test]
async fn who_asks_does_not_decide_and_what_is_approved_is_hidden_in_its_place_at_once() {
    let house = House::new().await;
    let (alpha, _, admin) = teams(&house).await;
    let developer = house.person("default", Role::Developer).await;
    let manager = house.person("default", Role::VulnerabilityManager).await;
    let mut wanted = text(&alpha.own);
    wanted["package"] = json!("pkg:deb/debian/libssl3");
    wanted["expires_at"] = json!(house.now().plus_ms(30 * DAY_MS));
    let id = requested(&house, &developer, &wanted).await;
    let packages =
        |rows: Vec<(String, Value)>| rows.into_iter().map(|row| row.0).collect::<Vec<_>>();
    // What only waits hides nothing.
    let all = findings(&house, &admin, &alpha, "hide").await;
    assert_eq!(packages(all), ["libssl3", "other"]);

    assert!(
        decide(&house, &developer, &id, "approve")
            .await
            .is(403, "forbidden")
    );
    let approved = decide(&house, &manager, &id, "approve").await;
    assert_eq!(approved.status, 200, "{approved:?}");
    assert_eq!(approved.body["state"], "approved");
    assert_eq!(approved.body["decision"]["by"], "vulnerabilitymanager");
    assert!(
        decide(&house, &manager, &id, "approve")
            .await
            .is(409, "conflict")
    );
    assert!(
        decide(&house, &manager, &id, "reject")
            .await
            .is(409, "conflict")
    );
    // Both have the same purl in this sample, so both packages are what it names.
    assert_eq!(findings(&house, &admin, &alpha, "hide").await, []);
    let only = findings(&house, &admin, &alpha, "only").await;
    assert_eq!(
        only,
        [
            ("libssl3".to_owned(), json!(id)),
            ("other".to_owned(), json!(id))
        ]
    );
    let path = format!("/api/v1/hosts/{}/findings", alpha.host);
    let hidden = house.get(&path, &admin).await;
    assert_eq!(hidden.body["excepted"], 2, "{hidden:?}");

    // `score` is told, and what it finds is in the record.
    let kept = Exceptions(&house.platform)
        .in_force(&tenant())
        .await
        .unwrap();
    assert_eq!(kept.record.exceptions.len(), 1);
    assert_eq!(kept.record.pending[0].vulnerability.as_str(), alpha.own);

    let revoked = decide(&house, &manager, &id, "revoke").await;
    assert_eq!(revoked.body["state"], "revoked", "{revoked:?}");
    assert_eq!(revoked.body["decision"]["by"], "vulnerabilitymanager");
    let all = findings(&house, &admin, &alpha, "all").await;
    assert_eq!(all[0].1, Value::Null);
    assert!(
        decide(&house, &manager, &id, "revoke")
            .await
            .is(409, "conflict")
    );

    // One's own, and by a key of one's own, is another's to approve.
    let own = requested(&house, &manager, &wanted).await;
    assert!(
        decide(&house, &manager, &own, "approve")
            .await
            .is(403, "forbidden")
    );
    let key = json!({"roles": [{"role": "vulnerability_manager"}]});
    let key = house
        .ask(Method::POST, "/api/v1/api-keys", Some(&manager), Some(key))
        .await;
    let secret = key.body["secret"]
        .as_str()
        .or_else(|| key.body["key"].as_str());
    let secret = secret.unwrap_or_else(|| panic!("{key:?}")).to_owned();
    let by_key = requested(&house, &secret, &wanted).await;
    assert!(
        decide(&house, &manager, &by_key, "approve")
            .await
            .is(403, "forbidden")
    );
    assert!(
        decide(&house, &secret, &own, "approve")
            .await
            .status
            .is_client_error()
    );
    let rejected = decide(&house, &manager, &own, "reject").await;
    assert_eq!(rejected.body["state"], "rejected", "{rejected:?}");
    // Who could give anybody the right to may.
    let of_admin = requested(&house, &admin, &wanted).await;
    let approved = decide(&house, &admin, &of_admin, "approve").await;
    assert_eq!(approved.status, 200, "{approved:?}");
    // Its time ends it, whether or not anybody noted that.
    house.clock.advance_ms(u64::try_from(30 * DAY_MS).unwrap());
    let admin = house
        .sign_in("default", "admin", crate::house::PASSWORD)
        .await;
    let admin = admin.body["token"].as_str().unwrap().to_owned();
    let ended = house.get(&format!("{EXCEPTIONS}/{of_admin}"), &admin).await;
    assert_eq!(ended.body["state"], "expired", "{ended:?}");
    assert_eq!(findings(&house, &admin, &alpha, "hide").await.len(), 2);
    let late = decide(&house, &admin, &by_key, "approve").await;
    assert!(late.is(409, "conflict"), "{late:?}");
}

#[tokio::test]
async fn a_decision_is_on_the_state_that_was_read() {
    let house = House::new().await;
    let admin = house.admin().await;
    let id = requested(&house, &admin, &text("CVE-2024-1")).await;
    let path = format!("{EXCEPTIONS}/{id}");
    let read = house.get(&path, &admin).await;
    let approve = |tag: &str| {
        Request::post(format!("{path}/approve"))
            .header("authorization", format!("Bearer {admin}"))
            .header("content-type", "application/json")
            .header("if-match", tag)
            .body(Body::from("{\"comment\": \"so be it\"}"))
            .unwrap()
    };
    let other = house.send(approve("\"1\"")).await;
    assert!(other.is(412, "precondition-failed"), "{other:?}");
    let tag = read.headers["etag"].to_str().unwrap();
    let approved = house.send(approve(tag)).await;
    assert_eq!(approved.status, 200, "{approved:?}");
    assert_eq!(approved.body["decision"]["comment"], "so be it");
    assert_ne!(approved.headers["etag"], read.headers["etag"]);
}

#[tokio::test]
async fn whoever_is_limited_asks_and_decides_within_their_collections() {
    let house = House::new().await;
    let (alpha, beta, admin) = teams(&house).await;
    let everywhere = request(&house, &alpha.lead, &text(&alpha.own)).await;
    assert!(everywhere.is(403, "beyond-scope"), "{everywhere:?}");
    let theirs = request(&house, &alpha.lead, &of_team(&beta)).await;
    assert!(theirs.is(400, "bad-request"), "{theirs:?}");
    let mut place = text(&alpha.own);
    place["scope"] = json!({"kind": "place", "place": Place::Host(beta.host.clone())});
    let theirs = request(&house, &alpha.lead, &place).await;
    assert!(theirs.is(400, "bad-request"), "{theirs:?}");
    place["scope"]["place"] = json!(Place::Host(alpha.host.clone()));
    let in_host = requested(&house, &alpha.lead, &place).await;
    let id = requested(&house, &alpha.lead, &of_team(&alpha)).await;

    for id in [&id, &in_host] {
        for verb in ["approve", "reject", "revoke"] {
            let foreign = decide(&house, &beta.lead, id, verb).await;
            assert!(foreign.is(404, "not-found"), "{verb} {foreign:?}");
        }
    }
    let theirs = house.get(EXCEPTIONS, &beta.lead).await;
    assert_eq!(theirs.body["exceptions"], json!([]));
    let own = house.get(EXCEPTIONS, &alpha.lead).await;
    assert_eq!(own.body["exceptions"].as_array().unwrap().len(), 2);
    // They are administrators of their collection alone, so they approve what others asked for.
    assert!(
        decide(&house, &alpha.lead, &id, "approve")
            .await
            .is(403, "forbidden")
    );
    let of_admin = requested(&house, &admin, &of_team(&alpha)).await;
    let approved = decide(&house, &alpha.lead, &of_admin, "approve").await;
    assert_eq!(approved.status, 200, "{approved:?}");
    assert_eq!(findings(&house, &alpha.lead, &alpha, "hide").await, []);

    // What holds everywhere is seen once it does, and is not theirs to take back.
    let all = requested(&house, &admin, &text(&beta.own)).await;
    let path = format!("{EXCEPTIONS}/{all}");
    assert!(house.get(&path, &beta.lead).await.is(404, "not-found"));
    assert_eq!(decide(&house, &admin, &all, "approve").await.status, 200);
    assert_eq!(house.get(&path, &beta.lead).await.status, 200);
    let taken = decide(&house, &beta.lead, &all, "revoke").await;
    assert!(taken.is(403, "beyond-scope"), "{taken:?}");
}

#[tokio::test]
async fn a_collection_that_exceptions_hold_in_stays_and_grows_only_by_who_decides() {
    let house = House::new().await;
    let (alpha, _, admin) = teams(&house).await;
    let id = requested(&house, &admin, &of_team(&alpha)).await;
    assert_eq!(decide(&house, &admin, &id, "approve").await.status, 200);
    house.assigned("default", "keeper", "operator").await;
    let operator = house
        .sign_in("default", "keeper", crate::house::PASSWORD)
        .await;
    let operator = operator.body["token"].as_str().unwrap().to_owned();
    // Nobody has a role for it, so that exceptions alone hold it.
    let text = |hosts: &str| json!({"name": "x", "parts": {"hosts": [hosts]}});
    let made = house
        .ask(
            Method::POST,
            "/api/v1/collections",
            Some(&admin),
            Some(text("alpha-w*")),
        )
        .await;
    let collection = made.body["id"].as_str().unwrap().to_owned();
    let mut wanted = self::text(&alpha.own);
    wanted["scope"] = json!({"kind": "collection", "collection": collection});
    let id = requested(&house, &admin, &wanted).await;
    assert_eq!(decide(&house, &admin, &id, "approve").await.status, 200);
    let path = format!("/api/v1/collections/{collection}");
    let set = async |token: &str, text: Value| {
        let read = house.get(&path, token).await;
        let request = Request::put(&path)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .header("if-match", &read.headers["etag"])
            .body(Body::from(text.to_string()));
        house.send(request.unwrap()).await
    };
    let wider = set(&operator, text("*")).await;
    assert!(wider.is(403, "forbidden"), "{wider:?}");
    let exceptions = Exceptions(&house.platform);
    let before = exceptions.in_force(&tenant()).await.unwrap().record;
    assert_eq!(set(&operator, text("alpha-web*")).await.status, 200);
    let after = exceptions.in_force(&tenant()).await.unwrap().record;
    assert!(
        after.revision > before.revision,
        "its places are scored again"
    );
    assert_eq!(set(&admin, text("*")).await.status, 200);
    let gone = house.ask(Method::DELETE, &path, Some(&admin), None).await;
    assert!(gone.is(409, "in-use"), "{gone:?}");
    assert_eq!(decide(&house, &admin, &id, "revoke").await.status, 200);
    let gone = house.ask(Method::DELETE, &path, Some(&admin), None).await;
    assert_eq!(gone.status, 204, "{gone:?}");
}

#[tokio::test]
async fn what_no_exception_can_say_is_refused_with_what_to_say_instead() {
    let house = House::new().await;
    let admin = house.admin().await;
    let now = house.now();
    let long = "x".repeat(2001);
    let far = now.plus_ms(366 * DAY_MS + 1).to_string();
    let nowhere = json!({"kind": "place", "place": "host/none"});
    for (field, value, said) in [
        ("reason", json!("  "), "`reason`"),
        ("reason", json!(long), "`reason`"),
        ("package", json!("openssl"), "`package`"),
        ("package", json!("pkg:oci/nginx"), "`package`"),
        ("status", json!("whatever"), "`status`"),
        ("status", json!("not_affected"), "`justification`"),
        (
            "justification",
            json!("component_not_present"),
            "`justification`",
        ),
        ("expires_at", json!(now), "`expires_at`"),
        ("expires_at", json!(far), "`expires_at`"),
        ("scope", json!({"kind": "moon"}), "`scope`"),
        ("scope", nowhere, "`scope`"),
        (
            "scope",
            json!({"kind": "collection", "collection": "none"}),
            "`scope`",
        ),
        ("vulnerability", json!("no id\n"), "vulnerability"),
    ] {
        let mut wanted = text("CVE-2024-1");
        wanted[field] = value.clone();
        let answer = request(&house, &admin, &wanted).await;
        assert!(answer.is(400, "bad-request"), "{value} {answer:?}");
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(detail.contains(said), "{value}: {detail}");
    }
    let id = requested(&house, &admin, &text("CVE-2024-1")).await;
    let path = format!("{EXCEPTIONS}/{id}/reject");
    let comment = json!({"comment": "x".repeat(1025)});
    let answer = house
        .ask(Method::POST, &path, Some(&admin), Some(comment))
        .await;
    assert!(answer.is(400, "bad-request"), "{answer:?}");
    let none = decide(&house, &admin, "0", "approve").await;
    assert!(none.is(404, "not-found"), "{none:?}");
}

#[tokio::test]
async fn lists_have_the_newest_first_and_are_filtered() {
    let house = House::new().await;
    let admin = house.admin().await;
    let mut made = Vec::new();
    for n in 0..5 {
        house.clock.advance_ms(1000);
        let mut wanted = text(&format!("CVE-2024-000{n}"));
        wanted["reason"] = json!(format!("Ticket {n}"));
        made.push(requested(&house, &admin, &wanted).await);
    }
    made.reverse();
    assert_eq!(
        decide(&house, &admin, &made[0], "approve").await.status,
        200
    );
    let ids = async |query: &str| {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("{EXCEPTIONS}?{query}{cursor}");
            let answer = house.get(&path, &admin).await;
            let rows = answer.body["exceptions"].as_array();
            let rows = rows.unwrap_or_else(|| panic!("{answer:?}"));
            all.extend(
                rows.iter()
                    .map(|row| row["id"].as_str().unwrap().to_owned()),
            );
            match answer.body["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return all,
            }
        }
    };
    assert_eq!(ids("limit=2").await, made);
    assert_eq!(ids("state=approved").await, made[..1]);
    assert_eq!(ids("state=requested").await, made[1..]);
    assert_eq!(ids("vulnerability=CVE-2024-0001").await, made[3..4]);
    assert_eq!(ids("search=ticket%203").await, made[1..2]);
    assert_eq!(ids("search=nothing").await, [""; 0]);
}

#[tokio::test]
async fn what_is_in_force_is_read_as_vex_by_others_and_by_the_gate() {
    let house = House::new().await;
    let (alpha, beta, admin) = teams(&house).await;
    let empty = house.get("/api/v1/exceptions/vex", &admin).await;
    assert_eq!(empty.body["statements"], json!([]));
    let mut not_affected = text(crate::teams::SHARED);
    not_affected["status"] = json!("not_affected");
    not_affected["justification"] = json!("vulnerable_code_not_in_execute_path");
    let mut package = text(&beta.own);
    package["package"] = json!("pkg:deb/debian/libssl3");
    let mut only_asked = Vec::new();
    for wanted in [not_affected, package, of_team(&alpha)] {
        house.clock.advance_ms(1000);
        let id = requested(&house, &admin, &wanted).await;
        assert_eq!(decide(&house, &admin, &id, "approve").await.status, 200);
        only_asked.push(requested(&house, &admin, &wanted).await);
    }
    let answer = house.get("/api/v1/exceptions/vex", &admin).await;
    assert_eq!(
        answer.body["@context"], "https://openvex.dev/ns/v0.2.0",
        "{answer:?}"
    );
    let statements = answer.body["statements"].as_array().unwrap();
    let [team, package, shared] = statements.as_slice() else {
        panic!("{answer:?}");
    };
    assert_eq!(shared["status"], "not_affected");
    assert_eq!(
        shared["justification"],
        "vulnerable_code_not_in_execute_path"
    );
    // The hosts and images of both teams.
    assert_eq!(shared["products"].as_array().unwrap().len(), 4);
    assert_eq!(package["products"][0]["@id"], "pkg:deb/debian/libssl3");
    assert_eq!(package["status"], "affected");
    let action = package["action_statement"].as_str().unwrap();
    assert_eq!(action, "accepted: Mended with the next release.");
    let image = json!({"@id": alpha.image, "hashes": {"sha-256": alpha.image.hex()}});
    let products = team["products"].as_array().unwrap();
    assert!(products.len() == 2 && products.contains(&image), "{team}");
    let text = answer.body.to_string();
    let read = policy::vex::Document::parse("vex.json", text.as_bytes());
    assert!(read.is_ok(), "{read:?}");
    let one = house
        .get(
            &format!("/api/v1/exceptions/vex?vulnerability={}", beta.own),
            &admin,
        )
        .await;
    assert_eq!(one.body["statements"].as_array().unwrap().len(), 1);
    // Whoever sees one team is told of nothing else.
    let own = house.get("/api/v1/exceptions/vex", &beta.lead).await;
    assert!(!own.body.to_string().contains(alpha.image.hex()), "{own:?}");
    assert_eq!(
        own.body["statements"].as_array().unwrap().len(),
        2,
        "{own:?}"
    );
}

#[tokio::test]
async fn the_policies_that_are_set_are_listed() {
    let house = House::new().await;
    let admin = house.admin().await;
    let list = house.get("/api/v1/policies", &admin).await;
    assert_eq!(list.body["policies"], json!([]), "{list:?}");
    let text = json!({"form": "toml", "text": "version = 1\n[fail_on]\nkev = true\n"});
    let set = house
        .ask(Method::PUT, "/api/v1/policies/ci", Some(&admin), Some(text))
        .await;
    assert_eq!(set.status, 200, "{set:?}");
    let list = house.get("/api/v1/policies", &admin).await;
    assert_eq!(list.body["policies"][0]["id"], "ci", "{list:?}");
}
