//! What makes something is done once under an `Idempotency-Key`.

use axum::{
    body::Body,
    http::{Method, Request},
};
use platform::{Condition, Item, Page, SortRange};
use schemas::api::Role;
use serde_json::{Value, json};

use crate::{
    house::{Answer, House},
    operations::{document, operations},
};

/// Operations by POST that are not done once under a key, with the reason.
const APART: [(&str, &str); 19] = [
    (
        "accept_invitation",
        "no caller is known; an invitation is used once",
    ),
    ("agent_enrol", "the same key enrols once"),
    ("agent_missing_layers", "it asks"),
    (
        "agent_request_upload",
        "a ticket that is not used ends by itself",
    ),
    (
        "agent_rotate_key",
        "the same key takes the place of the same one once",
    ),
    ("agent_send_envelopes", "envelopes have names of their own"),
    ("begin_second_factor", "another begin replaces it"),
    (
        "change_password",
        "it ends sessions and gives a new one; a second time the password is wrong",
    ),
    ("confirm_second_factor", "a code is used once"),
    (
        "create_session",
        "no caller is known; a session is the answer",
    ),
    ("exchange_token", "no caller is known; a token is used once"),
    ("preview_collection", "it asks"),
    (
        "receive_webhook",
        "registries send no such key; images are told apart by digest",
    ),
    ("refresh_feeds", "feeds that are as new are not read again"),
    (
        "refresh_session",
        "no caller is known; a secret is used once",
    ),
    ("remove_second_factor", "a second time there is none"),
    ("replay_dead_letters", "a second time there is none"),
    ("test_channel", "each test is one message"),
    ("test_registry", "it asks"),
];

async fn post(house: &House, path: &str, token: &str, key: Option<&str>, body: &Value) -> Answer {
    let mut request = Request::post(path)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json");
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    let body = Body::from(body.to_string());
    house.send(request.body(body).unwrap()).await
}

/// Everything that is kept of such requests in a tenant.
async fn kept(house: &House) -> Vec<Item> {
    let page = Page::first(100);
    let found = &house.platform.table;
    let found = found.query("t/default/idempotency", &SortRange::All, &page);
    found.await.unwrap().items
}

#[test]
fn every_operation_by_post_is_done_once_or_it_is_said_why_not() {
    let document = document();
    let mut apart = Vec::new();
    for operation in operations() {
        if operation.method != Method::POST {
            continue;
        }
        let described = &document["paths"][&operation.path]["post"];
        let parameters = described["parameters"].as_array();
        let key = parameters
            .into_iter()
            .flatten()
            .find(|one| one["name"] == "Idempotency-Key");
        match key {
            Some(key) => {
                assert_eq!(
                    (&key["in"], &key["required"]),
                    (&json!("header"), &json!(false))
                );
                assert_eq!(key["schema"]["maxLength"], 255, "{key}");
                for status in ["409", "422"] {
                    let response = &described["responses"][status];
                    assert!(response.is_object(), "{} {status}", operation.id);
                }
            }
            None => apart.push(operation.id),
        }
    }
    apart.sort();
    let listed: Vec<_> = APART.iter().map(|(id, _)| (*id).to_owned()).collect();
    assert_eq!(apart, listed);
}

#[tokio::test]
async fn the_same_request_is_done_once_and_answered_as_the_first_time() {
    let house = House::new().await;
    let admin = house.admin().await;
    let wish = json!({"roles": [{"role": "ci"}], "note": "a build"});
    let path = "/api/v1/api-keys";
    let first = post(&house, path, &admin, Some("\"k-1\""), &wish).await;
    assert_eq!(first.status, 201, "{first:?}");
    assert!(!first.headers.contains_key("idempotency-replayed"));
    for key in ["\"k-1\"", "k-1"] {
        let again = post(&house, path, &admin, Some(key), &wish).await;
        assert_eq!((again.status, &again.body), (first.status, &first.body));
        assert_eq!(again.headers["idempotency-replayed"], "true");
        assert_eq!(again.headers["content-type"], first.headers["content-type"]);
        assert_ne!(again.headers["x-request-id"], first.headers["x-request-id"]);
    }
    // Another session of the same person repeats it as well.
    let session = house
        .sign_in("default", "admin", crate::house::PASSWORD)
        .await;
    let session = session.body["token"].as_str().unwrap();
    let again = post(&house, path, session, Some("k-1"), &wish).await;
    assert_eq!(again.body, first.body);

    let keys = house.get(path, &admin).await;
    assert_eq!(
        keys.body["api_keys"].as_array().unwrap().len(),
        1,
        "{keys:?}"
    );
    let log = house
        .get("/api/v1/audit?operation=create_api_key", &admin)
        .await;
    let made = log.body["entries"].as_array().unwrap().iter();
    let made = made.filter(|entry| entry["operation"] == "create_api_key");
    assert_eq!(made.count(), 1, "{log:?}");
    // What the answer shows once is not kept as it is.
    let secret = first.body["key"].as_str().unwrap();
    let kept = kept(&house).await;
    assert_eq!(kept.len(), 1);
    let kept = String::from_utf8_lossy(&kept[0].value);
    assert!(
        kept.contains("\"is_done\":true") && !kept.contains(secret),
        "{kept}"
    );
}

#[tokio::test]
async fn a_key_is_of_one_request_of_one_caller() {
    let house = House::new().await;
    let admin = house.admin().await;
    let path = "/api/v1/collections";
    let wish = json!({"name": "ours", "parts": {"hosts": ["ours-*"]}});
    let made = post(&house, path, &admin, Some("k"), &wish).await;
    assert!(made.status.is_success(), "{made:?}");
    let other = json!({"name": "theirs", "parts": {"hosts": ["theirs-*"]}});
    let reused = post(&house, path, &admin, Some("k"), &other).await;
    assert!(reused.is(422, "idempotency-key-reused"), "{reused:?}");
    // Of another operation, another person and another tenant it is another key.
    let token = post(
        &house,
        "/api/v1/enrolment-tokens",
        &admin,
        Some("k"),
        &json!({}),
    )
    .await;
    assert!(token.status.is_success(), "{token:?}");
    let second = house.assigned("default", "second", "admin").await;
    let theirs = post(&house, path, &second, Some("k"), &other).await;
    assert!(theirs.status.is_success(), "{theirs:?}");
    assert!(!theirs.headers.contains_key("idempotency-replayed"));
    let foreign = house.person("other", Role::Admin).await;
    let foreign = post(&house, path, &foreign, Some("k"), &wish).await;
    assert!(foreign.status.is_success(), "{foreign:?}");
    assert_ne!(foreign.body["id"], made.body["id"]);

    let before = kept(&house).await.len();
    let without = post(
        &house,
        path,
        &admin,
        None,
        &json!({"name": "more", "parts": {}}),
    )
    .await;
    assert!(without.status.is_success(), "{without:?}");
    assert_eq!(kept(&house).await.len(), before, "nobody asked for it");
    for key in ["", "\"\"", &"x".repeat(256)] {
        let bad = post(&house, path, &admin, Some(key), &wish).await;
        assert!(bad.is(400, "bad-request"), "{key} {bad:?}");
    }
    let nobody = post(&house, path, "x.y.z", Some("k"), &wish).await;
    assert!(nobody.is(401, "unauthenticated"), "{nobody:?}");
}

#[tokio::test]
async fn what_was_refused_takes_no_key() {
    let house = House::new().await;
    let admin = house.admin().await;
    let path = "/api/v1/collections";
    let bad = post(&house, path, &admin, Some("k"), &json!({"name": 7})).await;
    assert!(bad.is(400, "bad-request"), "{bad:?}");
    let developer = house.person("default", Role::Developer).await;
    let wish = json!({"name": "ours", "parts": {"hosts": ["ours-*"]}});
    let forbidden = post(&house, path, &developer, Some("k"), &wish).await;
    assert!(forbidden.is(403, "forbidden"), "{forbidden:?}");
    assert!(kept(&house).await.is_empty());
    let made = post(&house, path, &admin, Some("k"), &wish).await;
    assert!(made.status.is_success(), "{made:?}");
}

#[tokio::test]
async fn what_is_under_way_is_not_done_a_second_time() {
    let house = House::new().await;
    let admin = house.admin().await;
    let path = "/api/v1/collections";
    let wish = json!({"name": "ours", "parts": {"hosts": ["ours-*"]}});
    let at_once = async || post(&house, path, &admin, Some("at once"), &wish).await;
    let answers = futures::join!(at_once(), at_once(), at_once());
    let answers = [answers.0, answers.1, answers.2];
    for answer in &answers {
        let fits = answer.status.is_success() || answer.is(409, "idempotency-key-busy");
        assert!(fits, "{answer:?}");
    }
    assert!(answers.iter().any(|answer| answer.status.is_success()));
    let listed = house.get(path, &admin).await;
    assert_eq!(listed.body["collections"].as_array().unwrap().len(), 1);

    // As an instance leaves it that ends in between.
    let item = kept(&house).await.remove(0);
    let mut record: Value = serde_json::from_slice(&item.value).unwrap();
    record["is_done"] = json!(false);
    let item = Item::new(item.key, record.to_string().into_bytes());
    let put = house.platform.table.put(item, Condition::None);
    put.await.unwrap();
    let busy = at_once().await;
    assert!(busy.is(409, "idempotency-key-busy"), "{busy:?}");
    assert_eq!(busy.headers["retry-after"], "5");
    // It may be done or not, and is not done again.
    let shifted = {
        house.clock.advance_ms(16 * 60_000);
        let session = house
            .sign_in("default", "admin", crate::house::PASSWORD)
            .await;
        session.body["token"].as_str().unwrap().to_owned()
    };
    let broken = post(&house, path, &shifted, Some("at once"), &wish).await;
    assert!(broken.is(409, "idempotency-key-busy"), "{broken:?}");
    assert!(!broken.headers.contains_key("retry-after"));
    assert!(
        broken.body["detail"]
            .as_str()
            .unwrap()
            .contains("broke off")
    );
}

#[tokio::test]
async fn an_answer_is_not_given_again_to_who_has_other_roles_now() {
    let house = House::new().await;
    let _ = house.admin().await;
    let second = house.assigned("default", "second", "admin").await;
    let path = "/api/v1/enrolment-tokens";
    let made = post(&house, path, &second, Some("k"), &json!({})).await;
    assert!(made.status.is_success(), "{made:?}");
    house.give("default", "second", &["auditor"]).await;
    let withheld = post(&house, path, &second, Some("k"), &json!({})).await;
    assert!(
        withheld.is(409, "idempotency-answer-withheld"),
        "{withheld:?}"
    );
}

#[tokio::test]
async fn an_answer_is_not_given_again_to_who_may_something_else_by_the_same_roles() {
    let house = House::new().await;
    let admin = house.admin().await;
    let words = json!(["enrolment_tokens.manage", "feeds.read"]);
    let role = json!({"name": "makers", "role": {"permissions": words}});
    let made = post(&house, "/api/v1/roles", &admin, None, &role).await;
    assert_eq!(made.status, 201, "{made:?}");
    let maker = house.assigned("default", "maker", "makers").await;
    let path = "/api/v1/enrolment-tokens";
    let made = post(&house, path, &maker, Some("k"), &json!({})).await;
    assert!(made.status.is_success(), "{made:?}");
    let again = post(&house, path, &maker, Some("k"), &json!({})).await;
    assert_eq!((again.status, &again.body), (made.status, &made.body));

    let of_role = "/api/v1/roles/makers";
    let read = house.get(of_role, &admin).await;
    let request = Request::put(of_role)
        .header("authorization", format!("Bearer {admin}"))
        .header("content-type", "application/json")
        .header("if-match", read.headers["etag"].clone())
        .body(Body::from(
            json!({"permissions": ["feeds.read"]}).to_string(),
        ));
    let set = house.send(request.unwrap()).await;
    assert_eq!(set.status, 200, "{set:?}");
    let withheld = post(&house, path, &maker, Some("k"), &json!({})).await;
    assert!(
        withheld.is(409, "idempotency-answer-withheld"),
        "{withheld:?}"
    );
    assert!(
        !withheld.body.to_string().contains("token\""),
        "{withheld:?}"
    );
}
