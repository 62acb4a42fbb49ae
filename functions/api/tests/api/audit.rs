//! The audit log as its readers see it: everything that is done leaves one entry.

use std::collections::BTreeMap;

use access::totp::Seed;
use axum::{
    body::Body,
    http::{Method, Request},
};
use schemas::api::Role;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::{
    house::{Answer, House, PASSWORD},
    operations::{Operation, filled, ids, operations},
    second_factor::code,
    tokens::{self, Builds, exchange_of, rule, trust},
};

/// Operations that succeed, change something and leave no entry, with the reason. This list may only shrink.
const UNTOLD: [(&str, &str); 2] = [
    (
        "preview_collection",
        "it only asks what a collection would have",
    ),
    (
        "refresh_session",
        "it goes on with what a sign-in began, every few minutes",
    ),
];

/// Operations that do what another one does, and are told as that one.
const TOLD_AS: [(&str, &str); 1] = [("revoke_token", "revoke_enrolment_token")];

async fn entries(house: &House, token: &str, query: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/api/v1/audit?limit=500{query}{cursor}");
        let answer = house.get(&path, token).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        all.extend(answer.body["entries"].as_array().unwrap().clone());
        match answer.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

/// Sends an operation as somebody would who read first what is there.
async fn send(
    house: &House,
    operation: &Operation,
    ids: &BTreeMap<&str, String>,
    token: &str,
    body: Option<Value>,
) -> Answer {
    // What other tests look for in vain is there for this one.
    let mut operation = operation.clone();
    operation.path = operation.path.replace("{name}", "made");
    let (path, filled) = filled(&operation, ids);
    let mut request = Request::builder()
        .method(operation.method.clone())
        .uri(&path)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json");
    if !operation.method.is_safe() && operation.method != Method::POST {
        let found = house.get(&path, token).await;
        if let Some(tag) = found.headers.get("etag") {
            request = request.header("if-match", tag);
        }
    }
    let body = body
        .or(filled)
        .map_or_else(String::new, |body| body.to_string());
    house.send(request.body(Body::from(body)).unwrap()).await
}

#[tokio::test]
async fn every_operation_that_changes_something_leaves_one_entry() {
    let (house, builds) = (tokens::house().await, Builds::start().await);
    let mut token = house.admin().await;
    let mut ids = ids(&house, &token).await;
    ids.insert("/policies/", "ci".to_owned());
    let collection = json!({"name": "ours", "parts": {"hosts": ["ours-*"]}});
    let path = "/api/v1/collections";
    let made = house.ask(Method::POST, path, Some(&token), Some(collection));
    let made = made.await;
    let id = made.body["id"]
        .as_str()
        .unwrap_or_else(|| panic!("{made:?}"));
    ids.insert("/collections/", id.to_owned());
    let trusted = trust(&house, &token, rule(&builds)).await;
    let id = trusted.body["id"]
        .as_str()
        .unwrap_or_else(|| panic!("{trusted:?}"));
    ids.insert("/trusted-builds/", id.to_owned());
    let key = json!({"roles": [{"role": "ci"}]});
    let key = house.ask(Method::POST, "/api/v1/api-keys", Some(&token), Some(key));
    let key = key.await;
    let id = key.body["api_key"]["id"]
        .as_str()
        .unwrap_or_else(|| panic!("{key:?}"));
    ids.insert("/api-keys/", id.to_owned());
    let invitation = json!({"roles": [{"role": "developer"}]});
    let path = "/api/v1/invitations";
    let invitation = house.ask(Method::POST, path, Some(&token), Some(invitation));
    let invitation = invitation.await.body["token"].clone();
    let mut missing = BTreeMap::new();
    let mut operations = operations();
    // What takes things away comes last, and the whole after its parts.
    operations.sort_by_key(|operation| {
        (
            operation.method == Method::DELETE,
            operation.path.ends_with("{id}"),
            operation.path.clone(),
        )
    });
    let mut recovery = Value::Null;
    for operation in operations {
        if !operation.path.starts_with("/api/") {
            continue;
        }
        // Another session, to be ended or renewed.
        let apart = match operation.id.as_str() {
            "end_own_session" | "end_session" | "refresh_session" => {
                house.sign_in("default", "admin", PASSWORD).await.body
            }
            _ => Value::Null,
        };
        if let Some(id) = apart["session"].as_str() {
            ids.insert("/sessions/", id.to_owned());
        }
        let before = entries(&house, &token, "").await.len();
        let body = match operation.id.as_str() {
            "create_session" => Some(json!({"login": "admin", "password": PASSWORD})),
            "change_password" => Some(json!({"current": PASSWORD, "new": format!("{PASSWORD}!")})),
            "accept_invitation" => {
                Some(json!({"token": invitation, "login": "new", "password": PASSWORD}))
            }
            "refresh_session" => Some(json!({"refresh_token": apart["refresh_token"]})),
            "begin_second_factor" => Some(json!({"current": PASSWORD})),
            "confirm_second_factor" => {
                let seed = SecretString::from(recovery["seed"].as_str().unwrap());
                let code = code(&Seed::parse(&seed).unwrap(), house.now());
                Some(json!({"code": code}))
            }
            "remove_second_factor" => {
                Some(json!({"current": PASSWORD, "code": recovery["recovery_codes"][0]}))
            }
            "exchange_token" => Some(exchange_of(None, &builds.token(&house, 1, &json!({})))),
            _ => None,
        };
        let by = match operation.id.as_str() {
            "end_own_session" => apart["token"].as_str().unwrap(),
            _ => &token,
        };
        let answer = send(&house, &operation, &ids, by, body).await;
        if matches!(
            operation.id.as_str(),
            "begin_second_factor" | "confirm_second_factor"
        ) {
            recovery = answer.body.clone();
        }
        if operation.id == "change_password" {
            token = answer.body["token"].as_str().unwrap().to_owned();
            let back = json!({"current": format!("{PASSWORD}!"), "new": PASSWORD});
            let path = "/api/v1/session/password";
            let back = house.ask(Method::POST, path, Some(&token), Some(back));
            token = back.await.body["token"].as_str().unwrap().to_owned();
        }
        let after = entries(&house, &token, "").await;
        let new = after.get(..after.len() - before).unwrap();
        let told_as = TOLD_AS.iter().find(|(id, _)| *id == operation.id);
        let told_as = told_as.map_or(operation.id.as_str(), |(_, as_which)| *as_which);
        let told = new.iter().filter(|e| e["operation"] == told_as);
        let told = told.count();
        if operation.method.is_safe() {
            assert_eq!(new.len(), 0, "{} changes nothing: {new:?}", operation.id);
            continue;
        }
        assert!(
            answer.status.is_success(),
            "{} has to succeed to be judged here: {answer:?}",
            operation.id
        );
        let expected = if operation.id == "change_password" {
            2
        } else {
            1
        };
        if (told, new.len()) != (expected, expected) {
            missing.insert(operation.id, new.to_vec());
        }
    }
    let missing: Vec<_> = missing.into_iter().collect();
    let names: Vec<_> = missing.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(
        names,
        UNTOLD.map(|(id, _)| id),
        "tell the audit log with `state.audit`: {missing:?}"
    );
}

#[tokio::test]
async fn an_entry_says_who_did_what_from_where_and_how_it_was_before() {
    let house = House::new().await;
    let admin = house.admin().await;
    let agent = house.agent(3).await;
    let path = format!("/api/v1/agents/{}", agent.reply.agent);
    let request = Request::builder()
        .method(Method::DELETE)
        .uri(&path)
        .header("authorization", format!("Bearer {admin}"))
        .header("user-agent", format!("curl/8 {}", "x".repeat(1000)))
        .extension(api::Peer("192.0.2.7".parse().unwrap()))
        .body(Body::empty())
        .unwrap();
    let answer = house.send(request).await;
    assert_eq!(answer.status, 204);
    let auditor = house.person("default", Role::Auditor).await;
    let query = format!("&target={}", agent.reply.agent);
    let found = entries(&house, &auditor, &query).await;
    let [entry] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(entry["operation"], "revoke_agent");
    assert_eq!(entry["outcome"], "done");
    assert_eq!(
        entry["actor"],
        json!({"kind": "person", "id": "admin", "roles": ["admin"]})
    );
    assert_eq!(entry["origin"]["address"], "192.0.2.7");
    let client = entry["origin"]["user_agent"].as_str().unwrap();
    assert!(client.starts_with("curl/8 ") && client.len() == 256);
    assert_eq!(
        entry["origin"]["request_id"].as_str(),
        answer.headers["x-request-id"].to_str().ok()
    );
    assert_eq!(entry["before"].get("revoked_at"), None);
    assert!(entry["after"]["revoked_at"].is_string());
    assert_eq!(entry["before"]["host_name"], "host-3");
    for (query, some) in [
        ("&actor=admin&operation=revoke_agent", true),
        ("&actor=nobody", false),
        ("&target_kind=policy", false),
        ("&outcome=refused", false),
        ("&until=2020-01-01T00:00:00Z", false),
        ("&since=2020-01-01T00:00:00Z", true),
    ] {
        let found = entries(&house, &auditor, query).await;
        assert_eq!(!found.is_empty(), some, "{query}");
    }
    for query in ["outcome=x", "since=yesterday", "cursor=AAAA", "limit=0"] {
        let answer = house.get(&format!("/api/v1/audit?{query}"), &auditor).await;
        assert_eq!(answer.status, 400, "{query} {answer:?}");
    }
    // A cursor leads nowhere with other filters.
    let page = house.get("/api/v1/audit?limit=1", &auditor).await;
    let cursor = page.body["next_cursor"].as_str().unwrap();
    let path = format!("/api/v1/audit?limit=1&actor=admin&cursor={cursor}");
    assert!(house.get(&path, &auditor).await.is(400, "bad-cursor"));
}

#[tokio::test]
async fn the_chain_is_verified_and_a_break_is_named() {
    let house = House::new().await;
    let admin = house.admin().await;
    let verify = async || house.get("/api/v1/audit/verification", &admin).await.body;
    let whole = verify().await;
    assert_eq!(whole["whole"], true, "{whole}");
    let last = entries(&house, &admin, "").await.swap_remove(0);
    assert_eq!(whole["last_seq"], last["seq"]);
    assert_eq!(whole["last_hash"], last["hash"]);
    let key = platform::Key::new("t/default/audit", "0000000000000002");
    let mut item = house.platform.table.get(&key).await.unwrap().unwrap();
    let text = String::from_utf8(item.value).unwrap();
    item.value = text.replace("\"done\"", "\"refused\"").into_bytes();
    let put = house.platform.table.put(item, platform::Condition::None);
    put.await.unwrap();
    let broken = verify().await;
    assert_eq!(broken["whole"], false);
    assert_eq!(broken["broken"]["seq"], 2);
    assert_eq!(broken["last_seq"], 1);
}

#[tokio::test]
async fn failed_sign_ins_are_entries_that_a_stranger_cannot_fill_the_log_with() {
    let house = House::new().await;
    let admin = house.admin().await;
    let before = entries(&house, &admin, "").await.len();
    for at in 0..4 {
        let answer = house.sign_in("default", "admin", "wrong wrong").await;
        assert!(answer.is(401, "bad-credentials"), "{answer:?}");
        let login = format!("hunter2-{at}");
        let answer = house.sign_in("default", &login, "wrong wrong").await;
        assert!(answer.is(401, "bad-credentials"), "{answer:?}");
    }
    house.clock.advance_ms(11 * 60 * 1000);
    let found = entries(&house, &admin, "&operation=create_session&outcome=refused").await;
    let count = |with: &dyn Fn(&Value) -> bool| {
        let of = found.iter().filter(|entry| with(entry));
        of.map(|entry| entry["count"].as_u64().unwrap())
            .sum::<u64>()
    };
    assert_eq!(count(&|entry| entry["target"]["id"] == "admin"), 4);
    assert_eq!(count(&|entry| entry.get("target").is_none()), 4);
    assert_eq!(found.len(), 4, "{found:?}");
    assert!(
        found
            .iter()
            .all(|entry| entry["actor"]["kind"] == "anonymous")
    );
    assert!(!format!("{found:?}").contains("hunter2"));
    assert_eq!(entries(&house, &admin, "").await.len(), before + 4);
}

#[tokio::test]
async fn who_leaves_before_the_answer_is_told_of_all_the_same() {
    use tower::ServiceExt as _;
    let house = House::new().await;
    let admin = house.admin().await;
    // As soon as all of it was read, which is after it is known who sends it.
    let wish = json!({"name": "ours", "parts": {"hosts": ["ours-*"]}});
    let read = std::sync::Arc::new(tokio::sync::Notify::new());
    let (was_read, mut rest) = (std::sync::Arc::clone(&read), Some(wish.to_string()));
    let body = futures::stream::poll_fn(move |_| {
        let next = rest.take();
        if next.is_none() {
            was_read.notify_one();
        }
        std::task::Poll::Ready(next.map(Ok::<_, std::io::Error>))
    });
    let request = Request::post("/api/v1/collections")
        .header("authorization", format!("Bearer {admin}"))
        .header("content-type", "application/json")
        .body(Body::from_stream(body))
        .unwrap();
    let answer = house.router.clone().oneshot(request);
    tokio::select! {
        biased;
        () = read.notified() => {}
        answer = answer => panic!("answered at once: {:?}", answer.map(|answer| answer.status())),
    }
    house.state.settled().await;
    let found = entries(&house, &admin, "&operation=create_collection").await;
    assert_eq!(found.len(), 1, "it is done, and nobody is told");

    // Whoever leaves before that has nothing done.
    let agent = house.agent(3).await;
    let path = format!("/api/v1/agents/{}", agent.reply.agent);
    let request = Request::delete(&path)
        .header("authorization", format!("Bearer {admin}"))
        .body(Body::empty())
        .unwrap();
    let answer = house.router.clone().oneshot(request);
    let left = tokio::time::timeout(std::time::Duration::ZERO, answer).await;
    assert!(left.is_err(), "the answer was there at once");
    house.state.settled().await;
    let found = entries(&house, &admin, "&operation=revoke_agent").await;
    let asked = agent.call(&house, "GET", "/agent/v1/bundle", &Value::Null);
    let is_revoked = asked.await.is(403, "agent-revoked");
    assert_eq!(found.len(), usize::from(is_revoked), "{found:?}");
}
