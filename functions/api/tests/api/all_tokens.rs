//! Everything that lets somebody in, listed and revoked in one place.

use std::collections::BTreeSet;

use axum::{
    body::Body,
    http::{Method, Request},
};
use schemas::api::Role;
use serde_json::{Value, json};

use crate::house::{Answer, House, PASSWORD};

async fn make(house: &House, token: &str, path: &str, body: Value) -> Value {
    let made = house.ask(Method::POST, path, Some(token), Some(body)).await;
    assert!(made.status.is_success(), "{path} {made:?}");
    made.body
}

/// Something of every kind.
async fn furnish(house: &House, admin: &str) {
    let roles = json!([{"role": "ci"}]);
    let key = json!({"note": "nightly", "roles": roles});
    make(house, admin, "/api/v1/api-keys", key).await;
    let rule = json!({"issuer": "https://issuer.example", "audience": "a", "claims": {"sub": "1"},
        "roles": roles});
    make(house, admin, "/api/v1/trusted-builds", rule).await;
    let invitation = json!({"note": "for ann", "roles": [{"role": "developer"}]});
    make(house, admin, "/api/v1/invitations", invitation).await;
    let registry = json!({"settings": {"name": "Ours", "address": "registry.example.invalid",
        "scope": {"repositories": ["team/*"]}}});
    let registry = make(house, admin, "/api/v1/registries", registry).await;
    let id = registry["id"].as_str().unwrap();
    let path = format!("/api/v1/registries/{id}/webhook-secret");
    make(house, admin, &path, json!({})).await;
    house.clock.advance_ms(1);
    make(house, admin, &path, json!({})).await;
    house.agent(7).await;
}

/// Every row of a list, in pages of this many.
async fn rows(house: &House, token: &str, query: &str, limit: usize) -> Vec<Value> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/tokens?limit={limit}{query}{cursor}");
        let page = house.get(&path, token).await;
        assert_eq!(page.status, 200, "{page:?}");
        let found = page.body["tokens"].as_array().unwrap();
        assert!(found.len() <= limit, "{page:?}");
        rows.extend(found.clone());
        match page.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return rows,
        }
    }
}

fn kinds(rows: &[Value]) -> BTreeSet<&str> {
    rows.iter()
        .map(|row| row["kind"].as_str().unwrap())
        .collect()
}

const ALL: [&str; 7] = [
    "agent",
    "api_key",
    "enrolment_token",
    "invitation",
    "session",
    "trusted_build",
    "webhook_secret",
];

async fn revoke(house: &House, token: &str, row: &Value) -> Answer {
    let (kind, id) = (row["kind"].as_str().unwrap(), row["id"].as_str().unwrap());
    let path = format!("/api/v1/tokens/{kind}/{id}");
    house.ask(Method::DELETE, &path, Some(token), None).await
}

#[tokio::test]
async fn everything_that_lets_somebody_in_is_in_one_list_and_ends_there() {
    let house = House::new().await;
    let admin = house.admin().await;
    furnish(&house, &admin).await;
    let all = rows(&house, &admin, "", 500).await;
    assert_eq!(kinds(&all), BTreeSet::from(ALL));
    let of = |kind: &str| all.iter().filter(|row| row["kind"] == kind).count();
    // The enrolment token of the first start, and that of the agent; the session in use, and secrets of an overlap.
    assert_eq!((of("enrolment_token"), of("webhook_secret")), (2, 2));
    for limit in [1, 3] {
        assert_eq!(rows(&house, &admin, "", limit).await, all);
    }
    let lines = Request::builder()
        .uri("/api/v1/tokens?limit=2")
        .header("authorization", format!("Bearer {admin}"))
        .header("accept", "application/x-ndjson");
    let lines = house.send(lines.body(Body::empty()).unwrap()).await;
    let lines = lines.body.as_str().unwrap().lines().count();
    assert_eq!(lines, all.len());
    for kind in ALL {
        let some = rows(&house, &admin, &format!("&kind={kind}"), 500).await;
        let expected: Vec<_> = all.iter().filter(|row| row["kind"] == kind).collect();
        assert_eq!(some.iter().collect::<Vec<_>>(), expected, "{kind}");
    }
    let own = rows(&house, &admin, "&owner=admin&state=valid", 500).await;
    assert_eq!(
        kinds(&own),
        BTreeSet::from(["api_key", "invitation", "session", "trusted_build"])
    );
    assert_eq!(
        rows(&house, &admin, "&owner=nobody", 500).await,
        [] as [Value; 0]
    );
    for query in ["kind=key", "state=fresh", "cursor=AAAA", "limit=0"] {
        let refused = house.get(&format!("/api/v1/tokens?{query}"), &admin).await;
        assert_eq!(refused.status, 400, "{query} {refused:?}");
    }
    // No secret is in it.
    let text = json!(all).to_string();
    assert!(
        !text.contains("hash") && !text.contains("secret_"),
        "{text}"
    );
    let secret = house.enrolment_token.rsplit('_').next().unwrap();
    assert!(!text.contains(secret));

    for row in &all {
        if row["kind"] == "session" {
            continue;
        }
        let revoked = revoke(&house, &admin, row).await;
        assert_eq!(revoked.status, 204, "{row} {revoked:?}");
    }
    let left = rows(&house, &admin, "&state=valid", 500).await;
    assert_eq!(kinds(&left), BTreeSet::from(["session"]), "{left:?}");
    let path = "/api/v1/audit?operation=revoke_webhook_secret";
    let told = house.get(path, &admin).await;
    assert_eq!(told.body["entries"].as_array().unwrap().len(), 2);
    for row in &left {
        assert_eq!(revoke(&house, &admin, row).await.status, 204);
    }
    assert!(
        house
            .get("/api/v1/tokens", &admin)
            .await
            .is(401, "unauthenticated")
    );
}

#[tokio::test]
async fn who_may_less_sees_their_own_and_ends_nothing_else() {
    let house = House::new().await;
    let admin = house.admin().await;
    furnish(&house, &admin).await;
    let stranger = house.person("other", Role::Admin).await;
    let all = rows(&house, &admin, "", 500).await;
    let theirs = rows(&house, &stranger, "", 500).await;
    assert_eq!(kinds(&theirs), BTreeSet::from(["session"]));
    assert!(theirs.iter().all(|row| row["owner"] == "admin"));
    for row in &all {
        let none = revoke(&house, &stranger, row).await;
        assert!(none.is(404, "not-found"), "{row} {none:?}");
    }
    // Each of these sees what the lists of the kinds would show them.
    for (role, seen) in [
        (Role::Developer, &["session", "webhook_secret"] as &[&str]),
        (Role::AgentManager, &["agent", "enrolment_token", "session"]),
        (
            Role::Auditor,
            &[
                "agent",
                "api_key",
                "enrolment_token",
                "invitation",
                "session",
                "trusted_build",
                "webhook_secret",
            ],
        ),
    ] {
        let token = house.person("default", role).await;
        let rows = rows(&house, &token, "", 500).await;
        assert_eq!(kinds(&rows), seen.iter().copied().collect(), "{role:?}");
        let sessions = rows.iter().filter(|row| row["kind"] == "session");
        let login = format!("{role:?}").to_lowercase();
        assert!(
            sessions.clone().all(|row| row["owner"] == *login),
            "{rows:?}"
        );
        let end = |row: &&Value| row["kind"] != "session" && row["kind"] != "api_key";
        for row in all.iter().filter(end) {
            let kind = row["kind"].as_str().unwrap();
            let may = role == Role::AgentManager && ["agent", "enrolment_token"].contains(&kind);
            let answer = revoke(&house, &token, row).await;
            assert_eq!(answer.status, if may { 204 } else { 403 }, "{role:?} {row}");
        }
        let of_admin = all.iter().find(|row| row["kind"] == "session").unwrap();
        assert!(revoke(&house, &token, of_admin).await.is(403, "forbidden"));
    }
    // The cursor of one leads nobody else on.
    let session = house.sign_in("default", "developer", PASSWORD).await;
    let developer = session.body["token"].as_str().unwrap();
    let page = house.get("/api/v1/tokens?limit=1", &admin).await;
    let cursor = page.body["next_cursor"].as_str().unwrap();
    let path = format!("/api/v1/tokens?limit=1&cursor={cursor}");
    assert!(house.get(&path, developer).await.is(400, "bad-cursor"));
    // A session by its id alone is one of the caller's.
    let id = session.body["session"].as_str().unwrap();
    let path = format!("/api/v1/tokens/session/{id}");
    let ended = house
        .ask(Method::DELETE, &path, Some(developer), None)
        .await;
    assert_eq!(ended.status, 204, "{ended:?}");
    for path in [
        "/api/v1/tokens/moon/1",
        "/api/v1/tokens/webhook_secret/1",
        "/api/v1/tokens/agent/a%20b",
    ] {
        let none = house.ask(Method::DELETE, path, Some(&admin), None).await;
        assert!(none.is(404, "not-found"), "{path} {none:?}");
    }
}
