//! Signing in with a second factor.

use access::totp::Seed;
use axum::http::Method;
use schemas::Timestamp;
use serde_json::{Value, json};

use crate::house::{Answer, House, PASSWORD};

async fn post(house: &House, token: Option<&str>, path: &str, body: Value) -> Answer {
    house.ask(Method::POST, path, token, Some(body)).await
}

async fn sign_in(house: &House, code: Option<&str>) -> Answer {
    let body = json!({"login": "ann", "password": PASSWORD, "code": code});
    post(house, None, "/api/v1/session", body).await
}

pub(crate) fn code(seed: &Seed, now: Timestamp) -> String {
    seed.shown(now).unwrap()
}

const PATH: &str = "/api/v1/session/second-factor";

/// A person with a confirmed second factor: their session's token, their seed and their recovery codes.
async fn enrolled(house: &House) -> (String, Seed, Vec<String>) {
    let token = house.assigned("default", "ann", "developer").await;
    let wrong = post(house, Some(&token), PATH, json!({"current": "wrong"})).await;
    assert!(wrong.is(401, "bad-credentials"), "{wrong:?}");
    let early = json!({"code": "123456"});
    let early = post(house, Some(&token), &format!("{PATH}/confirm"), early).await;
    assert!(early.is(409, "conflict"), "{early:?}");
    let begun = post(house, Some(&token), PATH, json!({"current": PASSWORD})).await;
    assert_eq!(begun.status, 200, "{begun:?}");
    let seed = begun.body["seed"].as_str().unwrap().to_owned();
    assert!(begun.body["uri"].as_str().unwrap().contains(&seed));
    let seed = Seed::parse(&seed.into()).unwrap();
    // What was begun and not confirmed locks nobody out.
    assert_eq!(sign_in(house, None).await.status, 200);
    let confirm = json!({"code": code(&seed, house.now())});
    let confirmed = post(house, Some(&token), &format!("{PATH}/confirm"), confirm).await;
    assert_eq!(confirmed.status, 200, "{confirmed:?}");
    let codes = confirmed.body["recovery_codes"].as_array().unwrap();
    let codes: Vec<_> = codes
        .iter()
        .map(|c| c.as_str().unwrap().to_owned())
        .collect();
    assert_eq!(codes.len(), 10);
    (token, seed, codes)
}

#[tokio::test]
async fn signing_in_takes_a_code_and_each_code_once() {
    let house = House::new().await;
    let admin = house.admin().await;
    let (token, seed, recovery) = enrolled(&house).await;
    let used = code(&seed, house.now());
    let again = sign_in(&house, Some(&used)).await;
    assert!(
        again.is(401, "bad-credentials"),
        "used to confirm {again:?}"
    );
    house.clock.advance_ms(30_000);
    let without = sign_in(&house, None).await;
    assert!(without.is(401, "second-factor-required"), "{without:?}");
    let fresh = code(&seed, house.now());
    let both = tokio::join!(sign_in(&house, Some(&fresh)), sign_in(&house, Some(&fresh)));
    let right = [&both.0, &both.1]
        .iter()
        .filter(|a| a.status == 200)
        .count();
    assert_eq!(right, 1, "{both:?}");
    for one in &recovery[..2] {
        assert_eq!(sign_in(&house, Some(one)).await.status, 200);
        let again = sign_in(&house, Some(one)).await;
        assert!(again.is(401, "bad-credentials"), "{again:?}");
    }
    // Nothing that is shown holds any of it.
    let person = house.get("/api/v1/people/ann", &admin).await;
    assert_eq!(person.body["second_factor"], true);
    let export = house.get("/api/v1/exports/users", &admin).await;
    assert_eq!(export.status, 200, "{export:?}");
    assert!(!export.body.to_string().contains("seed"), "{export:?}");

    house.clock.advance_ms(30_000);
    let remove = format!("{PATH}/remove");
    let session = sign_in(&house, Some(&recovery[2])).await;
    let token_now = session.body["token"].as_str().unwrap_or(&token);
    let body = json!({"current": PASSWORD, "code": recovery[2]});
    let used = post(&house, Some(token_now), &remove, body).await;
    assert!(used.is(401, "bad-credentials"), "{used:?}");
    let body = json!({"current": PASSWORD, "code": code(&seed, house.now())});
    let removed = post(&house, Some(token_now), &remove, body).await;
    assert_eq!(removed.status, 204, "{removed:?}");
    assert_eq!(sign_in(&house, None).await.status, 200);
}

#[tokio::test]
async fn guesses_of_codes_shut_the_door_and_a_lost_device_is_forgotten_by_who_manages_people() {
    let house = House::new().await;
    let admin = house.admin().await;
    let (token, seed, _) = enrolled(&house).await;
    for _ in 0..5 {
        let wrong = sign_in(&house, Some("no code")).await;
        assert!(wrong.is(401, "bad-credentials"), "{wrong:?}");
    }
    house.clock.advance_ms(1);
    let right = code(&seed, house.now());
    let shut = sign_in(&house, Some(&right)).await;
    assert!(shut.is(429, "too-many-attempts"), "{shut:?}");
    house.clock.advance_ms(15_000);
    let path = "/api/v1/people/ann/second-factor";
    let own = house.ask(Method::DELETE, path, Some(&token), None).await;
    assert!(own.is(403, "forbidden"), "{own:?}");
    let removed = house.ask(Method::DELETE, path, Some(&admin), None).await;
    assert_eq!(removed.status, 204, "{removed:?}");
    let ended = house.get("/api/v1/feeds", &token).await;
    assert!(ended.is(401, "unauthenticated"), "{ended:?}");
    assert_eq!(sign_in(&house, None).await.status, 200);
}
