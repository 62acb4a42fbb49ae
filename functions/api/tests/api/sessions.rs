//! Signing in.

use axum::{
    body::Body,
    http::{Method, Request},
};
use schemas::api::Role;
use serde_json::{Value, json};

use crate::house::{Answer, House, PASSWORD};

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

const HOUR_MS: u64 = 60 * 60_000;

async fn refresh(house: &House, secret: &str) -> Answer {
    let body = json!({"refresh_token": secret});
    house
        .ask(Method::POST, "/api/v1/session/refresh", None, Some(body))
        .await
}

fn text(answer: &Answer, field: &str) -> String {
    answer.body[field].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_session_is_renewed_while_it_is_used_and_for_a_week_at_most() {
    let house = House::new().await;
    house.admin().await;
    let session = house.sign_in("default", "admin", PASSWORD).await;
    let mut secret = text(&session, "refresh_token");
    let mut token = text(&session, "token");
    for _ in 0..24 {
        house.clock.advance_ms(7 * HOUR_MS - 1);
        let ended = house.get("/api/v1/agents", &token).await;
        assert!(ended.is(401, "unauthenticated"), "{ended:?}");
        let renewed = refresh(&house, &secret).await;
        if renewed.status != 200 {
            break;
        }
        assert_eq!(renewed.body["session"], session.body["session"]);
        (secret, token) = (text(&renewed, "refresh_token"), text(&renewed, "token"));
        assert_eq!(house.get("/api/v1/agents", &token).await.status, 200);
    }
    let begun = 1_800_000_000_000_i64;
    let lasted = house.now().as_ms() - begun;
    assert_eq!(lasted, 24 * (7 * 3_600_000 - 1), "to the end of the week");
    house.clock.advance_ms(25);
    assert!(refresh(&house, &secret).await.is(401, "unauthenticated"));

    let session = house.sign_in("default", "admin", PASSWORD).await;
    house.clock.advance_ms(8 * HOUR_MS);
    let unused = refresh(&house, &text(&session, "refresh_token")).await;
    assert!(unused.is(401, "unauthenticated"), "{unused:?}");
}

#[tokio::test]
async fn a_secret_that_comes_again_ends_its_session_and_no_other_and_raises_an_alert() {
    let house = House::new().await;
    let admin = house.admin().await;
    let session = house.sign_in("default", "admin", PASSWORD).await;
    let first = text(&session, "refresh_token");
    // Who guesses ends nobody's session.
    let (known, _) = first.rsplit_once(':').unwrap();
    let (known, _) = known.rsplit_once(':').unwrap();
    let guess = format!("{known}:{}:{}", "0".repeat(32), "0".repeat(64));
    for wrong in ["", "x", guess.as_str(), &first.replace("default", "other")] {
        assert!(refresh(&house, wrong).await.is(401, "unauthenticated"));
    }
    let renewed = refresh(&house, &first).await;
    let token = text(&renewed, "token");
    assert_eq!(house.get("/api/v1/agents", &token).await.status, 200);
    let again = refresh(&house, &first).await;
    assert!(again.is(401, "unauthenticated"), "{again:?}");
    assert_eq!(
        again.body["detail"],
        refresh(&house, &guess).await.body["detail"]
    );
    let ended = house.get("/api/v1/agents", &token).await;
    assert!(ended.is(401, "unauthenticated"), "{ended:?}");
    let second = refresh(&house, &text(&renewed, "refresh_token")).await;
    assert!(second.is(401, "unauthenticated"), "{second:?}");
    let alerts = house.get("/api/v1/alerts", &admin).await;
    assert_eq!(alerts.status, 200, "the other session holds");
    let kinds = alerts.body["alerts"].as_array().unwrap();
    assert_eq!(kinds.len(), 1, "{alerts:?}");
    assert_eq!(kinds[0]["kind"], "session-secret-reused");
}

#[tokio::test]
async fn of_many_renewals_at_once_with_one_secret_none_leaves_two_sessions() {
    let house = House::new().await;
    house.admin().await;
    let session = house.sign_in("default", "admin", PASSWORD).await;
    let secret = text(&session, "refresh_token");
    let answers = futures::future::join_all((0..4).map(|_| refresh(&house, &secret))).await;
    let renewed = answers.iter().filter(|answer| answer.status == 200);
    assert!(renewed.count() <= 1, "{answers:?}");
    for answer in answers.iter().filter(|answer| answer.status == 200) {
        let ended = house.get("/api/v1/agents", &text(answer, "token")).await;
        assert!(ended.is(401, "unauthenticated"), "{ended:?}");
    }
}

#[tokio::test]
async fn sessions_are_listed_and_ended_at_once() {
    let house = House::new().await;
    let admin = house.admin().await;
    house.assigned("default", "ann", "developer").await;
    let (one, two) = (
        house.sign_in("default", "ann", PASSWORD).await,
        house.sign_in("default", "ann", PASSWORD).await,
    );
    let (token, other) = (text(&one, "token"), text(&two, "token"));
    let own = house.get("/api/v1/sessions", &token).await;
    let sessions = own.body["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 3, "{own:?}");
    let current: Vec<_> = sessions
        .iter()
        .filter(|s| s["is_current"] == true)
        .collect();
    assert_eq!(current.len(), 1);
    assert_eq!(current[0]["id"], one.body["session"]);
    let listed = own.body.to_string();
    for answer in [&one, &two] {
        let secret = text(answer, "refresh_token");
        assert!(secret.split(':').skip(3).all(|part| !listed.contains(part)));
    }

    // Others' are for who manages people, in their tenant.
    let theirs = house.get("/api/v1/sessions?user=admin", &token).await;
    assert!(theirs.is(403, "forbidden"), "{theirs:?}");
    let strange = house.person("other", Role::Admin).await;
    let none = house.get("/api/v1/sessions?user=ann", &strange).await;
    assert_eq!(none.body["sessions"], json!([]));
    let path = format!("/api/v1/sessions/{}", text(&two, "session"));
    let of_ann = format!("{path}?user=ann");
    let end = |path: &str, token: &str| {
        let (path, token) = (path.to_owned(), token.to_owned());
        let house = &house;
        async move { house.ask(Method::DELETE, &path, Some(&token), None).await }
    };
    assert!(end(&of_ann, &strange).await.is(404, "not-found"));
    assert!(
        end(&path, &admin).await.is(404, "not-found"),
        "not the admin's own"
    );
    assert_eq!(house.get("/api/v1/feeds", &other).await.status, 200);
    assert_eq!(end(&of_ann, &admin).await.status, 204);
    assert!(
        house
            .get("/api/v1/feeds", &other)
            .await
            .is(401, "unauthenticated")
    );
    let renewed = refresh(&house, &text(&two, "refresh_token")).await;
    assert!(renewed.is(401, "unauthenticated"), "{renewed:?}");
    assert!(end(&of_ann, &admin).await.is(404, "not-found"));

    assert_eq!(end("/api/v1/session", &token).await.status, 204);
    assert!(
        house
            .get("/api/v1/feeds", &token)
            .await
            .is(401, "unauthenticated")
    );
}

/// A browser's request: with a cookie, and maybe with the header that makes a change of it.
async fn browse(
    house: &House,
    method: Method,
    path: &str,
    cookie: &str,
    csrf: bool,
    body: Option<Value>,
) -> Answer {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "portal.example")
        .header("cookie", format!("theme=dark; {cookie}"));
    if csrf {
        request = request.header("bulkhead-csrf", "1");
    }
    if body.is_some() {
        request = request.header("content-type", "application/json");
    }
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    house.send(request.body(body).unwrap()).await
}

#[tokio::test]
async fn a_browser_has_its_session_in_a_cookie_and_changes_nothing_by_that_alone() {
    let house = House::new().await;
    house.admin().await;
    let sign_in = json!({"login": "admin", "password": PASSWORD, "cookie": true});
    let session = browse(
        &house,
        Method::POST,
        "/api/v1/session",
        "",
        false,
        Some(sign_in),
    )
    .await;
    assert_eq!(session.status, 200, "{session:?}");
    assert!(session.body.get("token").is_none() && session.body.get("refresh_token").is_none());
    let cookie = session.headers["set-cookie"].to_str().unwrap();
    let (cookie, attributes) = cookie.split_once("; ").unwrap();
    assert!(cookie.starts_with("__Host-bulkhead=bhs_"));
    assert_eq!(
        attributes,
        "Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=604800"
    );
    assert!(
        !session
            .body
            .to_string()
            .contains(cookie.split_once('=').unwrap().1)
    );

    let read = browse(&house, Method::GET, "/api/v1/agents", cookie, false, None).await;
    assert_eq!(read.status, 200, "{read:?}");
    let tokens = "/api/v1/enrolment-tokens";
    let blind = browse(&house, Method::POST, tokens, cookie, false, Some(json!({}))).await;
    assert!(blind.is(403, "csrf-header-missing"), "{blind:?}");
    let meant = browse(&house, Method::POST, tokens, cookie, true, Some(json!({}))).await;
    assert_eq!(meant.status, 201, "{meant:?}");
    // It is a secret of browsers only: no token, nothing to renew by scripts, and of no other host's name.
    let secret = cookie.split_once('=').unwrap().1;
    assert!(
        house
            .get("/api/v1/agents", secret)
            .await
            .is(401, "unauthenticated")
    );
    assert!(refresh(&house, secret).await.is(401, "unauthenticated"));
    let renamed = cookie.replace("__Host-bulkhead", "bulkhead-loopback");
    let answer = browse(&house, Method::GET, "/api/v1/agents", &renamed, false, None).await;
    assert!(answer.is(401, "unauthenticated"), "{answer:?}");

    // It lives while it is used.
    for _ in 0..3 {
        house.clock.advance_ms(7 * HOUR_MS);
        let read = browse(&house, Method::GET, "/api/v1/agents", cookie, false, None).await;
        assert_eq!(read.status, 200, "{read:?}");
    }
    // A changed password gives another one.
    let change = json!({"current": PASSWORD, "new": "a new password that is long"});
    let path = "/api/v1/session/password";
    let changed = browse(&house, Method::POST, path, cookie, true, Some(change)).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let ended = browse(&house, Method::GET, "/api/v1/agents", cookie, false, None).await;
    assert!(ended.is(401, "unauthenticated"), "{ended:?}");
    let cookie = changed.headers["set-cookie"].to_str().unwrap();
    let cookie = cookie.split_once("; ").unwrap().0;
    let out = browse(
        &house,
        Method::DELETE,
        "/api/v1/session",
        cookie,
        true,
        None,
    )
    .await;
    assert_eq!(out.status, 204, "{out:?}");
    assert!(
        out.headers["set-cookie"]
            .to_str()
            .unwrap()
            .contains("Max-Age=0")
    );
    let ended = browse(&house, Method::GET, "/api/v1/agents", cookie, false, None).await;
    assert!(ended.is(401, "unauthenticated"), "{ended:?}");
}
