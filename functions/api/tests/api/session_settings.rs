//! How people of a tenant sign in, and for how long.

use std::net::IpAddr;

use access::totp::Seed;
use axum::{
    body::Body,
    http::{Method, Request},
};
use schemas::api::Role;
use serde_json::{Value, json};

use crate::{
    house::{Answer, House, PASSWORD},
    second_factor::code,
};

const PATH: &str = "/api/v1/settings/sessions";

async fn set(house: &House, token: &str, settings: Value, tag: Option<&str>) -> Answer {
    let mut request = Request::builder()
        .method(Method::PUT)
        .uri(PATH)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json");
    if let Some(tag) = tag {
        request = request.header("if-match", tag);
    }
    let body = Body::from(settings.to_string());
    house.send(request.body(body).unwrap()).await
}

async fn sign_in_from(house: &House, address: &str, login: &str, password: &str) -> Answer {
    let body = json!({"login": login, "password": password});
    let address: IpAddr = address.parse().unwrap();
    let request = Request::builder()
        .method(Method::POST)
        .uri("/api/v1/session")
        .header("content-type", "application/json")
        .extension(api::Peer(address))
        .body(Body::from(body.to_string()))
        .unwrap();
    house.send(request).await
}

#[tokio::test]
async fn settings_are_set_by_who_has_seen_them_and_within_bounds() {
    let house = House::new().await;
    let admin = house.admin().await;
    let first = house.get(PATH, &admin).await;
    assert_eq!(first.body["settings"]["idle_s"], 28_800);
    assert!(first.headers.contains_key("etag"), "{first:?}");
    for (bad, field) in [
        (json!({"idle_s": 299}), "idle_s"),
        (json!({"idle_s": 2_592_001}), "idle_s"),
        (json!({"absolute_s": 3_599}), "absolute_s"),
        (json!({"failures_of_address": 4}), "failures_of_address"),
        (
            json!({"second_factor_roles": ["nobody"]}),
            "second_factor_roles",
        ),
    ] {
        let refused = set(&house, &admin, bad.clone(), None).await;
        assert!(refused.is(400, "bad-request"), "{bad} {refused:?}");
        assert!(refused.body["detail"].as_str().unwrap().contains(field));
    }
    let early = set(&house, &admin, json!({}), Some("\"1\"")).await;
    assert!(early.is(412, "precondition-failed"), "{early:?}");
    let made = set(&house, &admin, json!({"idle_s": 600}), None).await;
    assert_eq!(made.status, 200, "{made:?}");
    assert_eq!(made.body["updated_by"], "admin");
    let tag = made.headers["etag"].to_str().unwrap().to_owned();
    let blind = set(&house, &admin, json!({}), None).await;
    assert!(blind.is(412, "precondition-failed"), "{blind:?}");
    let again = set(&house, &admin, json!({"idle_s": 900}), Some(&tag)).await;
    assert_eq!(again.status, 200, "{again:?}");
    let stale = set(&house, &admin, json!({}), Some(&tag)).await;
    assert!(stale.is(412, "precondition-failed"), "{stale:?}");
    // Another tenant's are its own.
    let stranger = house.person("other", Role::Admin).await;
    let theirs = house.get(PATH, &stranger).await;
    assert_eq!(theirs.body["settings"]["idle_s"], 28_800);
    // Whoever only reads people changes nothing, and a key neither.
    let auditor = house.person("default", Role::Auditor).await;
    assert_eq!(
        house.get(PATH, &auditor).await.body["settings"]["idle_s"],
        900
    );
    let refused = set(&house, &auditor, json!({}), None).await;
    assert!(refused.is(403, "forbidden"), "{refused:?}");
    let key = json!({"roles": [{"role": "admin"}]});
    let key = house.ask(Method::POST, "/api/v1/api-keys", Some(&admin), Some(key));
    let key = key.await.body["key"].as_str().unwrap().to_owned();
    let refused = set(&house, &key, json!({}), None).await;
    assert!(refused.is(403, "forbidden"), "{refused:?}");
}

#[tokio::test]
async fn sessions_last_as_long_as_the_tenant_says_and_stricter_counts_at_once() {
    let house = House::new().await;
    let admin = house.admin().await;
    let refresh = async |with: &Answer| {
        let body = json!({"refresh_token": with.body["refresh_token"]});
        let path = "/api/v1/session/refresh";
        house.ask(Method::POST, path, None, Some(body)).await
    };
    let early = house.sign_in("default", "admin", PASSWORD).await;
    let made = set(
        &house,
        &admin,
        json!({"idle_s": 600, "absolute_s": 3600}),
        None,
    )
    .await;
    assert_eq!(made.status, 200, "{made:?}");
    // What was listed to end later ends then.
    let listed = house.get("/api/v1/sessions", &admin).await;
    let ends = json!(house.now().plus_ms(600_000));
    let sessions = listed.body["sessions"].as_array().unwrap();
    assert!(sessions.iter().all(|s| s["ends_at"] == ends), "{listed:?}");
    let session = house.sign_in("default", "admin", PASSWORD).await;
    let ends = session.body["session_ends_at"].as_str().unwrap();
    assert_eq!(ends, house.now().plus_ms(3_600_000).to_string());
    house.clock.advance_ms(599_000);
    let mut session = refresh(&session).await;
    assert_eq!(session.status, 200, "{session:?}");
    house.clock.advance_ms(2_000);
    // The one of before lies unused for too long by now.
    assert!(refresh(&early).await.is(401, "unauthenticated"));
    let token = early.body["token"].as_str().unwrap();
    assert!(
        house
            .get("/api/v1/feeds", token)
            .await
            .is(401, "unauthenticated")
    );
    for _ in 0..5 {
        house.clock.advance_ms(590_000);
        session = refresh(&session).await;
    }
    assert_eq!(session.status, 200, "{session:?}");
    house.clock.advance_ms(100_000);
    assert!(refresh(&session).await.is(401, "unauthenticated"));
    // A browser keeps its cookie for no longer.
    let body = json!({"login": "admin", "password": PASSWORD, "cookie": true});
    let browser = house.ask(Method::POST, "/api/v1/session", None, Some(body));
    let cookie = browser.await.headers["set-cookie"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(cookie.contains("Max-Age=3600"), "{cookie}");
}

#[tokio::test]
async fn whoever_lacks_a_second_factor_that_is_asked_for_can_only_set_one_up() {
    let house = House::new().await;
    let admin = house.admin().await;
    let ann = house.assigned("default", "ann", "developer").await;
    let operator = house.person("default", Role::Operator).await;
    let key = async |token: &str, role: &str| {
        let key = json!({"roles": [{"role": role}]});
        let made = house.ask(Method::POST, "/api/v1/api-keys", Some(token), Some(key));
        made.await.body["key"].as_str().unwrap().to_owned()
    };
    let (hers, of_operator) = (key(&ann, "developer").await, key(&operator, "ci").await);
    assert_eq!(house.get("/api/v1/images", &hers).await.status, 200);
    let rule = json!({"second_factor_roles": ["developer"]});
    assert_eq!(set(&house, &admin, rule, None).await.status, 200);
    // At once, for those whom it is about.
    let shut = house.get("/api/v1/images", &ann).await;
    assert!(shut.is(403, "second-factor-setup-required"), "{shut:?}");
    let wish = json!({"roles": [{"role": "developer"}]});
    let made = house.ask(Method::POST, "/api/v1/api-keys", Some(&ann), Some(wish));
    assert!(made.await.is(403, "second-factor-setup-required"));
    // A key that she has is as good as a session.
    for path in ["/api/v1/images", "/api/v1/session"] {
        let shut = house.get(path, &hers).await;
        assert!(shut.is(403, "second-factor-setup-required"), "{shut:?}");
        let detail = shut.body["detail"].as_str().unwrap();
        assert!(detail.contains("ann") && detail.contains("/api/v1/session/second-factor"));
    }
    assert_eq!(house.get("/api/v1/feeds", &of_operator).await.status, 200);
    assert_eq!(house.get("/api/v1/images", &operator).await.status, 200);
    let session = house.sign_in("default", "ann", PASSWORD).await;
    assert_eq!(session.body["must_set_up_second_factor"], true);
    let token = session.body["token"].as_str().unwrap();
    let own = house.get("/api/v1/session", token).await;
    assert_eq!(own.body["must_set_up_second_factor"], true);
    assert_eq!(house.get("/api/v1/sessions", token).await.status, 200);
    let path = "/api/v1/session/second-factor";
    let current = json!({"current": PASSWORD});
    let begun = house
        .ask(Method::POST, path, Some(token), Some(current))
        .await;
    assert_eq!(begun.status, 200, "{begun:?}");
    let seed = begun.body["seed"].as_str().unwrap().to_owned();
    let seed = Seed::parse(&seed.into()).unwrap();
    let still = house.get("/api/v1/images", token).await;
    assert!(still.is(403, "second-factor-setup-required"), "{still:?}");
    let confirm = json!({"code": code(&seed, house.now())});
    let path = format!("{path}/confirm");
    let confirmed = house
        .ask(Method::POST, &path, Some(token), Some(confirm))
        .await;
    assert_eq!(confirmed.status, 200, "{confirmed:?}");
    for token in [token, &ann, &hers] {
        assert_eq!(house.get("/api/v1/images", token).await.status, 200);
    }
    // For everybody, whoever set it included.
    let tag = house.get(PATH, &admin).await.headers["etag"]
        .to_str()
        .unwrap()
        .to_owned();
    let everybody = set(&house, &admin, json!({"second_factor": true}), Some(&tag)).await;
    assert_eq!(everybody.status, 200, "{everybody:?}");
    for token in [&admin, &operator, &of_operator] {
        let shut = house.get("/api/v1/images", token).await;
        assert!(shut.is(403, "second-factor-setup-required"), "{shut:?}");
    }
    let others = house.get("/api/v1/sessions?user=ann", &admin).await;
    assert!(others.is(403, "forbidden"), "{others:?}");
}

#[tokio::test]
async fn an_address_that_fails_too_often_waits_and_sessions_tell_where_they_began() {
    let house = House::new().await;
    let admin = house.admin().await;
    let rule = json!({"failures_of_address": 6});
    assert_eq!(set(&house, &admin, rule, None).await.status, 200);
    // One password for many logins, from one network.
    for n in 0..6 {
        let address = format!("2001:db8::{n:x}");
        let wrong = sign_in_from(&house, &address, &format!("person-{n}"), "wrong wrong").await;
        assert!(wrong.is(401, "bad-credentials"), "{n} {wrong:?}");
    }
    let shut = sign_in_from(&house, "2001:db8::77", "admin", PASSWORD).await;
    assert!(shut.is(429, "too-many-attempts"), "{shut:?}");
    assert_eq!(shut.headers["retry-after"], "15");
    let detail = shut.body["detail"].as_str().unwrap();
    assert!(detail.contains("address"), "{detail}");
    // Others are not kept out, and the address not for ever.
    let other = sign_in_from(&house, "192.0.2.9", "admin", PASSWORD).await;
    assert_eq!(other.status, 200, "{other:?}");
    house.clock.advance_ms(15_000);
    let back = sign_in_from(&house, "2001:db8::77", "admin", PASSWORD).await;
    assert_eq!(back.status, 200, "{back:?}");
    let listed = house.get("/api/v1/sessions", &admin).await;
    let addresses = listed.body["sessions"].as_array().unwrap().iter();
    let mut addresses: Vec<_> = addresses.filter_map(|s| s["address"].as_str()).collect();
    addresses.sort_unstable();
    assert_eq!(addresses, ["192.0.2.9", "2001:db8::77"]);
    // However many addresses strangers have, what is kept of them stays small.
    for n in 0..300 {
        let address = format!("198.51.{}.{}", n / 250, n % 250);
        let identity = records::identity::Identity::new(house.platform.clone());
        let tenant = "default".parse().unwrap();
        let failed = identity.address_failed(&tenant, address.parse().unwrap(), 6);
        failed.await.unwrap();
    }
    let range = platform::SortRange::Prefix("addresses/".to_owned());
    let page = platform::Page::first(1000);
    let partition = "t/default/sign-in-attempts";
    let kept = house
        .platform
        .table
        .query(partition, &range, &page)
        .await
        .unwrap();
    assert!(kept.items.len() <= 256, "{}", kept.items.len());
}

#[tokio::test]
async fn only_who_may_what_administrators_may_loosens_and_puts_them_out() {
    let house = House::new().await;
    let admin = house.admin().await;
    let role =
        json!({"name": "reception", "role": {"permissions": ["people.read", "people.manage"]}});
    let made = house.ask(Method::POST, "/api/v1/roles", Some(&admin), Some(role));
    assert_eq!(made.await.status, 201);
    let clerk = house.assigned("default", "clerk", "reception").await;
    house.assigned("default", "other", "reception").await;
    let tag = async || {
        let found = house.get(PATH, &admin).await;
        found.headers["etag"].to_str().unwrap().to_owned()
    };
    let strict = json!({"idle_s": 600, "absolute_s": 36_000, "second_factor_roles": ["ci", "auditor"], "failures_of_address": 10});
    let tightened = set(&house, &clerk, strict.clone(), None).await;
    assert_eq!(tightened.status, 200, "{tightened:?}");
    for (field, value) in [
        ("idle_s", json!(601)),
        ("absolute_s", json!(36_001)),
        ("second_factor_roles", json!(["ci"])),
        ("failures_of_address", json!(11)),
    ] {
        let mut looser = strict.clone();
        looser[field] = value;
        let refused = set(&house, &clerk, looser.clone(), Some(&tag().await)).await;
        assert!(refused.is(403, "forbidden"), "{looser} {refused:?}");
        assert!(refused.body["detail"].as_str().unwrap().contains(field));
        let now = house.get(PATH, &admin).await;
        assert_eq!(now.body["settings"], tightened.body["settings"]);
    }
    // What is left out is as it is by itself, which is looser here.
    let refused = set(&house, &clerk, json!({}), Some(&tag().await)).await;
    assert!(refused.is(403, "forbidden"), "{refused:?}");
    let loosened = set(&house, &admin, json!({}), Some(&tag().await)).await;
    assert_eq!(loosened.status, 200, "{loosened:?}");

    let session = async |login: &str| {
        let session = house.sign_in("default", login, PASSWORD).await;
        session.body["session"].as_str().unwrap().to_owned()
    };
    let end = async |id: &str, login: &str| {
        let path = format!("/api/v1/sessions/{id}?user={login}");
        house.ask(Method::DELETE, &path, Some(&clerk), None).await
    };
    let of_admin = session("admin").await;
    let refused = end(&of_admin, "admin").await;
    assert!(refused.is(403, "forbidden"), "{refused:?}");
    let listed = house.get("/api/v1/sessions?user=admin", &clerk).await;
    assert!(listed.body.to_string().contains(&of_admin), "{listed:?}");
    let nobody = end(&of_admin, "nobody").await;
    assert!(nobody.is(404, "not-found"), "{nobody:?}");
    for login in ["other", "clerk"] {
        let ended = end(&session(login).await, login).await;
        assert_eq!(ended.status, 204, "{ended:?}");
    }
    let path = "/api/v1/audit?operation=end_session";
    let told = house.get(path, &admin).await;
    let told = told.body["entries"].as_array().unwrap().iter();
    let mut whose: Vec<_> = told.map(|entry| entry["before"]["user"].clone()).collect();
    whose.sort_by_key(Value::to_string);
    assert_eq!(whose, ["clerk", "other"]);
}
