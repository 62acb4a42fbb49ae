//! People who are limited to collections: they see, count and touch nothing else.

use axum::{
    body::Body,
    http::{Method, Request},
};
use serde_json::{Value, json};

use crate::{
    house::{Answer, House},
    operations::{Operation, body, operations, permission},
    teams::{SHARED, Team, found, teams},
};

fn address(operation: &Operation, team: &Team) -> String {
    let mut path = operation
        .path
        .replace("{id}", &team.id_for(&operation.path))
        .replace("{host}", &team.id_for("/hosts/"))
        .replace("{name}", "watchers")
        .replace("{noun}", "hosts");
    if operation.id == "list_dead_letters" {
        path.push_str("?queue=scan");
    }
    if operation.id == "what_if" {
        path.push_str(&format!("?place=host/{}", team.id_for("/hosts/")));
    }
    path
}

#[tokio::test]
async fn nobody_learns_of_what_is_outside_their_collections_by_any_operation() {
    let house = House::new().await;
    let (alpha, beta, admin) = teams(&house).await;
    let mut seen = 0;
    for operation in operations() {
        if permission(&operation).is_none() {
            continue;
        }
        for (own, other) in [(&alpha, &beta), (&beta, &alpha)] {
            let path = address(&operation, other);
            let answer = house
                .ask(
                    operation.method.clone(),
                    &path,
                    Some(&own.lead),
                    body(&operation),
                )
                .await;
            let told = found(&answer, other);
            assert!(
                told.is_empty(),
                "{} tells {told:?}: {answer:?}",
                operation.id
            );
            if operation.path.contains("{id}") {
                let is_refused = answer.is(404, "not-found") || answer.is(403, "beyond-scope");
                assert!(is_refused, "{} {answer:?}", operation.id);
            }
            if operation.method == Method::GET {
                let path = address(&operation, own);
                let answer = house.get(&path, &own.lead).await;
                let told = found(&answer, other);
                assert!(
                    told.is_empty(),
                    "{} tells {told:?}: {answer:?}",
                    operation.id
                );
                seen += usize::from(!found(&answer, own).is_empty());
            }
        }
    }
    // They do see what is their own, or the above would say nothing: hosts, images, vulnerabilities and findings, agents,
    // alerts, scans, collections.
    assert!(seen >= 20, "{seen}");
    // And what they tried had no effect on the other's.
    let agents = house.get("/api/v1/agents?state=active", &admin).await;
    assert_eq!(
        agents.body["agents"].as_array().unwrap().len(),
        2,
        "{agents:?}"
    );
}

#[tokio::test]
async fn what_is_outside_is_not_counted() {
    let house = House::new().await;
    let (alpha, beta, admin) = teams(&house).await;
    let whole = house.get("/api/v1/vulnerabilities", &admin).await;
    assert_eq!(whole.body["total"], 3, "{whole:?}");
    for team in [&alpha, &beta] {
        let list = house.get("/api/v1/vulnerabilities", &team.lead).await;
        assert_eq!(list.body["total"], 2, "{list:?}");
        for row in list.body["vulnerabilities"].as_array().unwrap() {
            assert_eq!(
                (&row["hosts"], &row["images"]),
                (&json!(1), &json!(1)),
                "{row}"
            );
        }
        let shared = house
            .get(&format!("/api/v1/vulnerabilities/{SHARED}"), &team.lead)
            .await;
        assert_eq!(shared.body["total_places"], 2, "{shared:?}");
        for list in ["hosts", "images"] {
            let rows = house.get(&format!("/api/v1/{list}"), &team.lead).await;
            assert_eq!(rows.body["total"], 1, "{rows:?}");
        }
        let preview = preview(&house, &team.lead, json!({})).await;
        assert_eq!(
            (&preview.body["hosts"], &preview.body["images"]),
            (&json!(1), &json!(1))
        );
    }
    let preview = preview(&house, &admin, json!({"hosts": ["alpha-*"]})).await;
    assert_eq!(
        (&preview.body["hosts"], &preview.body["images"]),
        (&json!(1), &json!(1))
    );
    assert!(!found(&preview, &alpha).is_empty() && found(&preview, &beta).is_empty());
    let preview = self::preview(&house, &admin, json!({})).await;
    assert_eq!(
        (&preview.body["hosts"], &preview.body["images"]),
        (&json!(2), &json!(2))
    );
}

async fn preview(house: &House, token: &str, parts: Value) -> Answer {
    let path = "/api/v1/collections/preview";
    let body = json!({"parts": parts});
    house.ask(Method::POST, path, Some(token), Some(body)).await
}

async fn put(house: &House, token: &str, id: &str, tag: Option<&str>, body: &Value) -> Answer {
    let mut request = Request::builder()
        .method(Method::PUT)
        .uri(format!("/api/v1/collections/{id}"))
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json");
    if let Some(tag) = tag {
        request = request.header("if-match", tag);
    }
    let request = request.body(Body::from(body.to_string())).unwrap();
    house.send(request).await
}

#[tokio::test]
async fn nobody_makes_or_changes_a_collection_that_reaches_further_than_they_do() {
    let house = House::new().await;
    let (alpha, beta, admin) = teams(&house).await;
    let make = async |parts: Value| {
        let body = json!({"name": "x", "parts": parts});
        let path = "/api/v1/collections";
        house
            .ask(Method::POST, path, Some(&alpha.lead), Some(body))
            .await
    };
    for parts in [
        json!({}),
        json!({"hosts": ["*"]}),
        json!({"hosts": ["alpha-1", "beta-1"]}),
        json!({"images": ["alpha/*"]}),
    ] {
        let answer = make(parts.clone()).await;
        assert!(answer.is(403, "beyond-scope"), "{parts} {answer:?}");
    }
    let narrow = make(json!({"hosts": ["alpha-1*"], "images": ["x/*"]})).await;
    assert_eq!(narrow.status, 201, "{narrow:?}");

    let own = format!("/api/v1/collections/{}", alpha.collection);
    let answer = house.get(&own, &alpha.lead).await;
    let tag = answer.headers["etag"].to_str().unwrap().to_owned();
    let wider = json!({"name": "all", "parts": {"hosts": ["a*"]}});
    let refused = put(&house, &alpha.lead, &alpha.collection, Some(&tag), &wider).await;
    assert!(refused.is(403, "beyond-scope"), "{refused:?}");
    let refused = put(&house, &admin, &alpha.collection, None, &wider).await;
    assert!(refused.is(412, "precondition-failed"), "{refused:?}");
    let changed = put(&house, &admin, &alpha.collection, Some(&tag), &wider).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let again = put(&house, &admin, &alpha.collection, Some(&tag), &wider).await;
    assert!(again.is(412, "precondition-failed"), "{again:?}");
    let list = house.get("/api/v1/collections", &beta.lead).await;
    assert_eq!(
        list.body["collections"].as_array().unwrap().len(),
        1,
        "{list:?}"
    );
}

#[tokio::test]
async fn a_change_of_a_collection_counts_at_once() {
    let house = House::new().await;
    let (alpha, _, admin) = teams(&house).await;
    let path = format!("/api/v1/collections/{}", alpha.collection);
    let answer = house.get(&path, &admin).await;
    let tag = answer.headers["etag"].to_str().unwrap().to_owned();
    let total = async || {
        let hosts = house.get("/api/v1/hosts", &alpha.lead).await;
        hosts.body["total"].as_u64().unwrap()
    };
    assert_eq!(total().await, 1);
    let none = json!({"name": "none", "parts": {"hosts": ["nothing"]}});
    let changed = put(&house, &admin, &alpha.collection, Some(&tag), &none).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(total().await, 0);
    let tag = changed.headers["etag"].to_str().unwrap();
    let both = json!({"name": "both", "parts": {"hosts": ["alpha-*", "beta-*"]}});
    put(&house, &admin, &alpha.collection, Some(tag), &both).await;
    assert_eq!(total().await, 2);
}

#[tokio::test]
async fn a_collection_that_limits_somebody_stays() {
    let house = House::new().await;
    let (alpha, _, admin) = teams(&house).await;
    let path = format!("/api/v1/collections/{}", alpha.collection);
    let kept = house.ask(Method::DELETE, &path, Some(&admin), None).await;
    assert!(kept.is(409, "in-use"), "{kept:?}");
    assert!(
        kept.body["detail"].as_str().unwrap().contains("operator"),
        "{kept:?}"
    );
    let body = json!({"name": "spare", "parts": {"labels": ["team=x"]}});
    let made = house
        .ask(
            Method::POST,
            "/api/v1/collections",
            Some(&admin),
            Some(body),
        )
        .await;
    let path = format!("/api/v1/collections/{}", made.body["id"].as_str().unwrap());
    let roles = json!([{"role": "developer", "collections": [made.body["id"]]}]);
    let invited = house
        .ask(
            Method::POST,
            "/api/v1/invitations",
            Some(&admin),
            Some(json!({"roles": roles})),
        )
        .await;
    assert_eq!(invited.status, 201, "{invited:?}");
    let kept = house.ask(Method::DELETE, &path, Some(&admin), None).await;
    assert!(kept.is(409, "in-use"), "{kept:?}");
    assert!(
        kept.body["detail"].as_str().unwrap().contains("invitation"),
        "{kept:?}"
    );
    // It could be accepted for a week.
    house.clock.advance_ms(8 * 24 * 3_600_000);
    let admin = house
        .sign_in("default", "admin", crate::house::PASSWORD)
        .await;
    let admin = admin.body["token"].as_str().unwrap().to_owned();
    // What scripts and builds may do counts as long as they may.
    let build = json!({"issuer": "https://issuer.example", "audience": "a", "claims": {"sub": "1"}, "roles": roles});
    for (noun, body, id, word) in [
        (
            "api-keys",
            json!({"roles": roles}),
            "/api_key/id",
            "API key",
        ),
        ("trusted-builds", build, "/id", "trusted build"),
    ] {
        let all = format!("/api/v1/{noun}");
        let made = house
            .ask(Method::POST, &all, Some(&admin), Some(body))
            .await;
        assert_eq!(made.status, 201, "{made:?}");
        let kept = house.ask(Method::DELETE, &path, Some(&admin), None).await;
        assert!(kept.is(409, "in-use"), "{kept:?}");
        let detail = kept.body["detail"].as_str().unwrap();
        assert!(detail.contains(word), "{detail}");
        let one = made.body.pointer(id).unwrap().as_str().unwrap();
        let one = format!("{all}/{one}");
        let ended = house.ask(Method::DELETE, &one, Some(&admin), None).await;
        assert_eq!(ended.status, 204, "{ended:?}");
    }
    let gone = house.ask(Method::DELETE, &path, Some(&admin), None).await;
    assert_eq!(gone.status, 204, "{gone:?}");
    assert!(house.get(&path, &admin).await.is(404, "not-found"));
    let again = house.ask(Method::DELETE, &path, Some(&admin), None).await;
    assert!(again.is(404, "not-found"), "{again:?}");
}

#[tokio::test]
async fn what_is_no_collection_is_refused_and_says_why() {
    let house = House::new().await;
    let admin = house.admin().await;
    for (body, said) in [
        (json!({"name": "", "parts": {}}), "`name`"),
        (json!({"name": "x".repeat(129), "parts": {}}), "`name`"),
        (
            json!({"name": "x", "description": "x".repeat(1025), "parts": {}}),
            "`description`",
        ),
        (
            json!({"name": "x", "parts": {"hosts": [""]}}),
            "pattern 1 of `hosts`",
        ),
        (
            json!({"name": "x", "parts": {"labels": ["a", "x".repeat(257)]}}),
            "pattern 2 of `labels`",
        ),
        (
            json!({"name": "x", "parts": {"accounts": vec!["1"; 201]}}),
            "`accounts` has 201",
        ),
        (json!({"name": "x", "parts": {"hosts": "web"}}), "hosts"),
        (json!({"name": "x"}), "parts"),
    ] {
        let answer = house
            .ask(
                Method::POST,
                "/api/v1/collections",
                Some(&admin),
                Some(body),
            )
            .await;
        assert!(answer.is(400, "bad-request"), "{answer:?}");
        assert!(
            answer.body["detail"].as_str().unwrap().contains(said),
            "{said} {answer:?}"
        );
    }
}

#[tokio::test]
async fn only_images_of_the_scope_are_read_and_only_scans_of_it_are_kept() {
    let house = House::new().await;
    let (alpha, _, admin) = teams(&house).await;
    let scan = json!({"reference": "registry.example.com/beta/app:1"});
    let refused = house
        .ask(
            Method::POST,
            "/api/v1/images",
            Some(&alpha.lead),
            Some(scan.clone()),
        )
        .await;
    assert!(refused.is(403, "beyond-scope"), "{refused:?}");
    let queued = house
        .ask(Method::POST, "/api/v1/images", Some(&admin), Some(scan))
        .await;
    assert_eq!(queued.status, 202, "{queued:?}");
    let request = format!(
        "/api/v1/images/requests/{}",
        queued.body["id"].as_str().unwrap()
    );
    assert_eq!(house.get(&request, &admin).await.status, 200);
    assert!(house.get(&request, &alpha.lead).await.is(404, "not-found"));
    let refused = house
        .ask(
            Method::POST,
            "/api/v1/scans",
            Some(&alpha.lead),
            Some(crate::gate::report()),
        )
        .await;
    assert!(refused.is(403, "beyond-scope"), "{refused:?}");
}

#[tokio::test]
async fn what_limits_somebody_is_made_wider_only_by_who_gives_rights() {
    let house = House::new().await;
    let admin = house.admin().await;
    let operator = house.assigned("default", "op", "operator").await;
    let text = |hosts: &str| json!({"name": "dev", "parts": {"hosts": [hosts]}});
    let path = "/api/v1/collections";
    let made = house
        .ask(Method::POST, path, Some(&operator), Some(text("dev-a*")))
        .await;
    let id = made.body["id"].as_str().unwrap().to_owned();
    let tag = async || {
        let found = house.get(&format!("{path}/{id}"), &admin).await;
        found.headers["etag"].to_str().unwrap().to_owned()
    };
    // Nobody is limited to it yet.
    let free = put(&house, &operator, &id, Some(&tag().await), &text("dev-*")).await;
    assert_eq!(free.status, 200, "{free:?}");
    let invitation = json!({"roles": [{"role": "agent_manager", "collections": [id]}]});
    let invited = house
        .ask(
            Method::POST,
            "/api/v1/invitations",
            Some(&admin),
            Some(invitation),
        )
        .await;
    assert_eq!(invited.status, 201, "{invited:?}");
    let wider = put(&house, &operator, &id, Some(&tag().await), &text("*")).await;
    assert!(wider.is(403, "forbidden"), "{wider:?}");
    let narrower = put(&house, &operator, &id, Some(&tag().await), &text("dev-b*")).await;
    assert_eq!(narrower.status, 200, "{narrower:?}");
    let wider = put(&house, &admin, &id, Some(&tag().await), &text("*")).await;
    assert_eq!(wider.status, 200, "{wider:?}");
}
