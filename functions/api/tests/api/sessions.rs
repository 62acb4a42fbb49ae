//! Signing in.

use axum::http::Method;
use schemas::api::Role;
use serde_json::json;

use crate::house::{House, PASSWORD};

#[tokio::test]
async fn a_one_time_password_opens_nothing_but_its_own_change() {
    let house = House::new().await;
    let first = house
        .sign_in("default", "admin", &house.one_time_password)
        .await;
    assert_eq!(first.body["must_change_password"], true);
    let token = first.body["token"].as_str().unwrap().to_owned();
    let denied = house.get("/api/v1/agents", &token).await;
    assert!(denied.is(403, "password-change-required"), "{denied:?}");

    let renewed = house
        .settle("default", "admin", &house.one_time_password)
        .await;
    assert_eq!(house.get("/api/v1/agents", &renewed).await.status, 200);
    // The session of the one-time password has ended, and so has the password.
    assert!(
        house
            .get("/api/v1/agents", &token)
            .await
            .is(401, "unauthenticated")
    );
    let again = house
        .sign_in("default", "admin", &house.one_time_password)
        .await;
    assert!(again.is(401, "bad-credentials"), "{again:?}");
    let known = house.sign_in("default", "ADMIN ", PASSWORD).await;
    assert_eq!(known.body["must_change_password"], false);
    assert_eq!(known.body["roles"], json!(["admin"]));
}

#[tokio::test]
async fn a_session_ends_after_a_quarter_of_an_hour() {
    let house = House::new().await;
    let token = house.admin().await;
    house.clock.advance_ms(15 * 60_000 - 1);
    assert_eq!(house.get("/api/v1/agents", &token).await.status, 200);
    house.clock.advance_ms(1);
    let ended = house.get("/api/v1/agents", &token).await;
    assert!(ended.is(401, "unauthenticated"), "{ended:?}");
    assert!(ended.headers.contains_key("www-authenticate"));
}

#[tokio::test]
async fn failures_shut_the_door_for_longer_and_longer_whether_the_login_exists_or_not() {
    let house = House::new().await;
    for login in ["admin", "nobody"] {
        for _ in 0..5 {
            let wrong = house.sign_in("default", login, "wrong").await;
            assert!(wrong.is(401, "bad-credentials"), "{login} {wrong:?}");
        }
        let shut = house
            .sign_in("default", login, &house.one_time_password)
            .await;
        assert!(shut.is(429, "too-many-attempts"), "{login} {shut:?}");
        assert_eq!(shut.headers["retry-after"], "15", "{login}");
    }
    house.clock.advance_ms(15_000);
    let wrong = house.sign_in("default", "admin", "wrong").await;
    assert!(wrong.is(401, "bad-credentials"));
    let shut = house.sign_in("default", "admin", "wrong").await;
    assert_eq!(shut.headers["retry-after"], "30");
    house.clock.advance_ms(30_000);
    let right = house
        .sign_in("default", "admin", &house.one_time_password)
        .await;
    assert_eq!(right.status, 200);
    // A success forgets the failures.
    let wrong = house.sign_in("default", "admin", "wrong").await;
    assert!(wrong.is(401, "bad-credentials"));
}

#[tokio::test]
async fn what_is_no_login_tenant_or_password_is_answered_alike() {
    let house = House::new().await;
    for (tenant, login, password) in [
        ("default", "", "x"),
        ("default", "../admin", "x"),
        ("nowhere", "admin", "x"),
        ("default", "admin", ""),
        ("default", &"a".repeat(1000), "x"),
        ("default", "admin", &"p".repeat(5000)),
    ] {
        let answer = house.sign_in(tenant, login, password).await;
        assert!(answer.is(401, "bad-credentials"), "{login:.10} {answer:?}");
    }
    for body in [json!({}), json!([]), json!({"login": 1, "password": "x"})] {
        let answer = house
            .ask(Method::POST, "/api/v1/session", None, Some(body))
            .await;
        assert!(answer.is(400, "bad-request"), "{answer:?}");
    }
}

#[tokio::test]
async fn a_new_password_has_to_be_long_other_and_asked_for_with_the_old_one() {
    let house = House::new().await;
    let token = house.admin().await;
    for (current, new, status, problem) in [
        (PASSWORD, "short", 400, "bad-request"),
        (PASSWORD, PASSWORD, 400, "bad-request"),
        (
            "not the password",
            "a new password that is long",
            401,
            "bad-credentials",
        ),
    ] {
        let body = json!({"current": current, "new": new});
        let answer = house
            .ask(
                Method::POST,
                "/api/v1/session/password",
                Some(&token),
                Some(body),
            )
            .await;
        assert!(answer.is(status, problem), "{answer:?}");
    }
    assert_eq!(
        house.sign_in("default", "admin", PASSWORD).await.status,
        200
    );
}

#[tokio::test]
async fn a_reset_password_ends_every_session() {
    let house = House::new().await;
    let token = house.admin().await;
    house
        .state
        .reset_password(&"default".parse().unwrap(), &"admin".parse().unwrap())
        .await
        .unwrap();
    assert!(
        house
            .get("/api/v1/agents", &token)
            .await
            .is(401, "unauthenticated")
    );
    assert!(
        house.state.set_up().await.unwrap().is_none(),
        "set up twice"
    );
}

#[tokio::test]
async fn secrets_are_in_no_debug_output() {
    let house = House::new().await;
    let token = house.person("default", Role::Auditor).await;
    assert!(!format!("{:?}", house.state).contains(&token));
    let sign_in: schemas::api::session::SignIn =
        serde_json::from_value(json!({"login": "a", "password": "very secret"})).unwrap();
    assert!(!format!("{sign_in:?}").contains("very secret"));
}
