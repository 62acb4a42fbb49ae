//! People, their roles and invitations.

use axum::http::{Method, Request};
use schemas::api::Role;
use serde_json::{Value, json};

use crate::house::{Answer, House, PASSWORD};

async fn change(house: &House, token: &str, method: Method, path: &str, body: Value) -> Answer {
    let read = house.get(path, token).await;
    let tag = read.headers.get("etag").cloned();
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json");
    if let Some(tag) = tag {
        request = request.header("if-match", tag);
    }
    house
        .send(request.body(body.to_string().into()).unwrap())
        .await
}

async fn post(house: &House, token: Option<&str>, path: &str, body: Value) -> Answer {
    house.ask(Method::POST, path, token, Some(body)).await
}

#[tokio::test]
async fn a_tenant_makes_changes_and_removes_its_own_roles() {
    let house = House::new().await;
    let admin = house.admin().await;
    let role = json!({"name": "watchers", "role": {"permissions": ["hosts.read"]}});
    let made = post(&house, Some(&admin), "/api/v1/roles", role.clone()).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.body["created_by"], "admin");
    let again = post(&house, Some(&admin), "/api/v1/roles", role).await;
    assert!(again.is(409, "conflict"), "{again:?}");
    for (name, permissions, status, problem) in [
        ("admin", json!(["hosts.read"]), 409, "conflict"),
        ("unknown", json!(["hosts.read"]), 409, "conflict"),
        ("Bad Name", json!(["hosts.read"]), 400, "bad-request"),
        ("other", json!([]), 400, "bad-request"),
        ("other", json!(["moons.read"]), 400, "bad-request"),
        ("other", json!("hosts.read"), 400, "bad-request"),
    ] {
        let role = json!({"name": name, "role": {"permissions": permissions}});
        let answer = post(&house, Some(&admin), "/api/v1/roles", role).await;
        assert!(
            answer.is(status, problem),
            "{name} {permissions} {answer:?}"
        );
    }
    let watcher = house.assigned("default", "watcher", "watchers").await;
    assert_eq!(house.get("/api/v1/hosts", &watcher).await.status, 200);

    let text = json!({"permissions": ["feeds.read"], "description": "d"});
    let blind = house
        .ask(
            Method::PUT,
            "/api/v1/roles/watchers",
            Some(&admin),
            Some(text.clone()),
        )
        .await;
    assert!(blind.is(412, "precondition-failed"), "{blind:?}");
    let path = "/api/v1/roles/watchers";
    let set = change(&house, &admin, Method::PUT, path, text.clone()).await;
    assert_eq!(set.status, 200, "{set:?}");
    assert_ne!(set.headers["etag"], made.headers["etag"]);
    let hosts = house.get("/api/v1/hosts", &watcher).await;
    assert!(hosts.is(403, "forbidden"), "a permission that is gone");
    let builtin = change(&house, &admin, Method::PUT, "/api/v1/roles/admin", text).await;
    assert!(builtin.is(409, "conflict"), "{builtin:?}");

    let listed = house.get("/api/v1/roles", &admin).await;
    let names: Vec<_> = listed.body["roles"].as_array().unwrap().iter().collect();
    assert_eq!(names.len(), 8);
    let mut cursor = String::new();
    let mut paged = Vec::new();
    loop {
        let path = format!("/api/v1/roles?limit=3{cursor}");
        let page = house.get(&path, &admin).await;
        paged.extend(page.body["roles"].as_array().unwrap().clone());
        match page.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(json!(paged), listed.body["roles"]);

    let held = change(&house, &admin, Method::DELETE, path, json!({})).await;
    assert!(held.is(409, "conflict"), "{held:?}");
    assert!(held.body["detail"].as_str().unwrap().contains("watcher"));
    let person = "/api/v1/people/watcher";
    let roles = json!({"roles": [{"role": "ci"}]});
    let moved = change(&house, &admin, Method::PATCH, person, roles).await;
    assert_eq!(moved.status, 200, "{moved:?}");
    let gone = change(&house, &admin, Method::DELETE, path, json!({})).await;
    assert_eq!(gone.status, 204, "{gone:?}");
    assert!(house.get(path, &admin).await.is(404, "not-found"));
}

#[tokio::test]
async fn nobody_gives_away_takes_over_or_gets_rid_of_what_is_more_than_they_have() {
    let house = House::new().await;
    let admin = house.admin().await;
    let role = json!({"name": "reception", "role": {"permissions": ["people.read", "people.manage", "feeds.read"]}});
    let made = post(&house, Some(&admin), "/api/v1/roles", role).await;
    assert_eq!(made.status, 201, "{made:?}");
    let clerk = house.assigned("default", "clerk", "reception").await;
    house.assigned("default", "dev", "developer").await;

    let more = json!({"name": "more", "role": {"permissions": ["hosts.read"]}});
    let invitation = json!({"roles": [{"role": "auditor"}]});
    let grow = json!({"permissions": ["people.manage", "tenant.export"]});
    let admin_too = json!({"roles": [{"role": "admin"}]});
    let attempts = [
        post(&house, Some(&clerk), "/api/v1/roles", more).await,
        post(&house, Some(&clerk), "/api/v1/invitations", invitation).await,
        post(
            &house,
            Some(&clerk),
            "/api/v1/people/admin/password",
            json!({}),
        )
        .await,
        post(
            &house,
            Some(&clerk),
            "/api/v1/people/dev/password",
            json!({}),
        )
        .await,
        change(&house, &clerk, Method::PUT, "/api/v1/roles/reception", grow).await,
        change(
            &house,
            &clerk,
            Method::PATCH,
            "/api/v1/people/clerk",
            admin_too,
        )
        .await,
        change(
            &house,
            &clerk,
            Method::PATCH,
            "/api/v1/people/admin",
            json!({"disabled": true}),
        )
        .await,
        change(
            &house,
            &clerk,
            Method::DELETE,
            "/api/v1/people/admin",
            json!({}),
        )
        .await,
    ];
    for (at, answer) in attempts.iter().enumerate() {
        assert!(answer.is(403, "forbidden"), "{at} {answer:?}");
    }
    // What they have themselves they can give.
    let same = json!({"roles": [{"role": "reception"}]});
    let invited = post(&house, Some(&clerk), "/api/v1/invitations", same).await;
    assert_eq!(invited.status, 201, "{invited:?}");

    // Whoever is limited to collections decides nothing about the whole tenant.
    let limited = json!({"roles": [{"role": "admin", "collections": ["shop"]}]});
    let changed = change(
        &house,
        &admin,
        Method::PATCH,
        "/api/v1/people/clerk",
        limited,
    )
    .await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let role = json!({"name": "more", "role": {"permissions": ["feeds.read"]}});
    let answer = post(&house, Some(&clerk), "/api/v1/roles", role).await;
    assert!(answer.is(403, "beyond-scope"), "{answer:?}");
    let own = house.get("/api/v1/session", &clerk).await;
    let permissions = own.body["permissions"].as_array().unwrap();
    assert!(
        permissions
            .iter()
            .all(|p| p["collections"] == json!(["shop"]))
    );
    // The invitation of somebody who could not give its roles any more lets nobody in.
    let accept = json!({"token": invited.body["token"], "login": "eve", "password": PASSWORD});
    let answer = post(&house, None, "/api/v1/invitations/accept", accept).await;
    assert!(answer.is(401, "bad-invitation"), "{answer:?}");
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let house = House::new().await;
    let admin = house.admin().await;
    let own = "/api/v1/people/admin";
    // An administrator of some collections, or one that is disabled, is not one who could let the others in.
    house.assigned("default", "bob", "admin").await;
    let off = json!({"disabled": true});
    let bob = "/api/v1/people/bob";
    let disabled = change(&house, &admin, Method::PATCH, bob, off.clone()).await;
    assert_eq!(disabled.body["disabled"], true, "{disabled:?}");
    for answer in [
        change(&house, &admin, Method::PATCH, own, off).await,
        change(&house, &admin, Method::PATCH, own, json!({"roles": []})).await,
        change(
            &house,
            &admin,
            Method::PATCH,
            own,
            json!({"roles": [{"role": "admin", "collections": ["a"]}]}),
        )
        .await,
        change(&house, &admin, Method::DELETE, own, json!({})).await,
    ] {
        assert!(answer.is(409, "conflict"), "{answer:?}");
    }
    assert_eq!(house.get("/api/v1/people", &admin).await.status, 200);
    let on = change(
        &house,
        &admin,
        Method::PATCH,
        bob,
        json!({"disabled": false}),
    )
    .await;
    assert_eq!(on.body["disabled"], false);
    let gone = change(&house, &admin, Method::DELETE, own, json!({})).await;
    assert_eq!(gone.status, 204, "{gone:?}");
    let ended = house.get("/api/v1/people", &admin).await;
    assert!(ended.is(401, "unauthenticated"), "{ended:?}");
}

#[tokio::test]
async fn two_administrators_cannot_remove_each_other_at_once() {
    let house = House::new().await;
    let admin = house.admin().await;
    for round in 0..8 {
        let login = format!("second-{round}");
        let second = house.assigned("default", &login, "admin").await;
        let other = format!("/api/v1/people/{login}");
        let (one, two) = tokio::join!(
            change(&house, &admin, Method::DELETE, &other, json!({})),
            change(
                &house,
                &second,
                Method::PATCH,
                "/api/v1/people/admin",
                json!({"roles": [{"role": "ci"}]})
            ),
        );
        let admins = [&admin, &second];
        let mut left = 0;
        for token in admins {
            left += usize::from(house.get("/api/v1/people", token).await.status == 200);
        }
        assert!(left >= 1, "{one:?} {two:?}");
        if house.get("/api/v1/people", &admin).await.status != 200 {
            break;
        }
    }
}

#[tokio::test]
async fn somebody_disabled_does_nothing_and_learns_nothing() {
    let house = House::new().await;
    let admin = house.admin().await;
    let token = house.assigned("default", "ann", "developer").await;
    let ann = "/api/v1/people/ann";
    let off = change(
        &house,
        &admin,
        Method::PATCH,
        ann,
        json!({"disabled": true}),
    )
    .await;
    assert_eq!(off.status, 200, "{off:?}");
    let ended = house.get("/api/v1/feeds", &token).await;
    assert!(ended.is(401, "unauthenticated"), "{ended:?}");
    let right = house.sign_in("default", "ann", PASSWORD).await;
    let wrong = house.sign_in("default", "ann", "wrong").await;
    assert!(right.is(401, "bad-credentials"), "{right:?}");
    assert_eq!(right.body["detail"], wrong.body["detail"]);
}

#[tokio::test]
async fn who_forgot_a_password_gets_a_one_time_one() {
    let house = House::new().await;
    let admin = house.admin().await;
    let token = house.assigned("default", "ann", "developer").await;
    let reset = post(
        &house,
        Some(&admin),
        "/api/v1/people/ann/password",
        json!({}),
    )
    .await;
    assert_eq!(reset.status, 200, "{reset:?}");
    let ended = house.get("/api/v1/feeds", &token).await;
    assert!(ended.is(401, "unauthenticated"), "{ended:?}");
    let one_time = reset.body["one_time_password"].as_str().unwrap();
    let person = house.get("/api/v1/people/ann", &admin).await;
    assert_eq!(person.body["must_change_password"], true);
    assert!(!person.body.to_string().contains("argon2"));
    house.settle("default", "ann", one_time).await;
}

#[tokio::test]
async fn an_invitation_lets_one_person_in_once() {
    let house = House::new().await;
    let admin = house.admin().await;
    let wish = json!({"note": "for Ann", "roles": [{"role": "developer"}]});
    let made = post(&house, Some(&admin), "/api/v1/invitations", wish.clone()).await;
    assert_eq!(made.status, 201, "{made:?}");
    let token = made.body["token"].as_str().unwrap().to_owned();
    let listed = house.get("/api/v1/invitations", &admin).await;
    assert_eq!(listed.body["invitations"][0]["state"], "open");
    let secret = token.rsplit('_').next().unwrap();
    assert!(!listed.body.to_string().contains(secret));

    let accept = |token: &str, login: &str, password: &str| {
        let body = json!({"token": token, "login": login, "password": password});
        post(&house, None, "/api/v1/invitations/accept", body)
    };
    let forged = token.replace(secret, &"0".repeat(64));
    for (token, login, password, status, problem) in [
        (forged.as_str(), "ann", PASSWORD, 401, "bad-invitation"),
        ("x", "ann", PASSWORD, 401, "bad-invitation"),
        (
            &token.replace("default", "other"),
            "ann",
            PASSWORD,
            401,
            "bad-invitation",
        ),
        (&token, "../ann", PASSWORD, 400, "bad-request"),
        (&token, "ann", "short", 400, "bad-request"),
        (&token, "admin", PASSWORD, 409, "conflict"),
    ] {
        let answer = accept(token, login, password).await;
        assert!(answer.is(status, problem), "{login} {answer:?}");
    }
    let accepted = accept(&token, "Ann ", PASSWORD).await;
    assert_eq!(accepted.status, 201, "{accepted:?}");
    assert_eq!(accepted.body, json!({"user": "ann", "tenant": "default"}));
    let again = accept(&token, "eve", PASSWORD).await;
    assert!(again.is(401, "bad-invitation"), "{again:?}");
    let session = house.sign_in("default", "ann", PASSWORD).await;
    assert_eq!(session.body["roles"], json!(["developer"]));
    let listed = house.get("/api/v1/invitations", &admin).await;
    assert_eq!(listed.body["invitations"][0]["accepted_by"], "ann");

    // Revoked ones and those whose time is over let nobody in.
    let made = post(&house, Some(&admin), "/api/v1/invitations", wish.clone()).await;
    let id = made.body["invitation"]["id"].as_str().unwrap();
    let path = format!("/api/v1/invitations/{id}");
    let revoked = house.ask(Method::DELETE, &path, Some(&admin), None).await;
    assert_eq!(revoked.status, 204, "{revoked:?}");
    let token = made.body["token"].as_str().unwrap();
    assert!(
        accept(token, "bob", PASSWORD)
            .await
            .is(401, "bad-invitation")
    );
    let made = post(&house, Some(&admin), "/api/v1/invitations", wish).await;
    let token = made.body["token"].as_str().unwrap();
    house.clock.advance_ms(7 * 24 * 60 * 60_000);
    assert!(
        accept(token, "bob", PASSWORD)
            .await
            .is(401, "bad-invitation")
    );
}

#[tokio::test]
async fn what_is_wrongly_typed_or_too_long_is_refused() {
    let house = House::new().await;
    let admin = house.admin().await;
    let many: Vec<_> = (0..33).map(|at| format!("c-{at}")).collect();
    for roles in [
        json!([{"role": "nobody-made-it"}]),
        json!([{"role": "ci"}, {"role": "ci"}]),
        json!([{"role": "ci", "collections": many}]),
        json!([{"role": "ci", "collections": ["a/b"]}]),
        json!(vec![json!({"role": "ci"}); 33]),
        json!(["ci"]),
        json!([]),
    ] {
        let wish = json!({"roles": roles});
        let answer = post(&house, Some(&admin), "/api/v1/invitations", wish).await;
        assert!(answer.is(400, "bad-request"), "{roles} {answer:?}");
    }
    let auditor = house.person("default", Role::Auditor).await;
    let people = house.get("/api/v1/people?limit=1", &auditor).await;
    assert_eq!(people.body["people"].as_array().unwrap().len(), 1);
    let cursor = people.body["next_cursor"].as_str().unwrap();
    let path = format!("/api/v1/invitations?cursor={cursor}");
    let other = house.get(&path, &auditor).await;
    assert!(other.is(400, "bad-cursor"), "{other:?}");
}

#[tokio::test]
async fn a_role_is_changed_by_who_has_as_much_and_removed_once_nothing_holds_it() {
    let house = House::new().await;
    let admin = house.admin().await;
    let role = |permissions: Value| json!({"permissions": permissions});
    for (name, permissions) in [
        ("clerks", json!(["people.manage", "people.read"])),
        ("keepers", json!(["policies.manage"])),
    ] {
        let body = json!({"name": name, "role": role(permissions)});
        let made = post(&house, Some(&admin), "/api/v1/roles", body).await;
        assert_eq!(made.status, 201, "{made:?}");
    }
    let clerk = house.assigned("default", "clerk", "clerks").await;
    let path = "/api/v1/roles/keepers";
    for (method, body) in [
        (Method::PUT, role(json!(["people.read"]))),
        (Method::DELETE, json!({})),
    ] {
        let answer = change(&house, &clerk, method.clone(), path, body).await;
        assert!(answer.is(403, "forbidden"), "{method} {answer:?}");
    }
    let key = json!({"roles": [{"role": "keepers"}]});
    let key = post(&house, Some(&admin), "/api/v1/api-keys", key).await;
    assert_eq!(key.status, 201, "{key:?}");
    let held = change(&house, &admin, Method::DELETE, path, json!({})).await;
    assert!(held.is(409, "conflict"), "{held:?}");
    let key = format!(
        "/api/v1/api-keys/{}",
        key.body["api_key"]["id"].as_str().unwrap()
    );
    let revoked = house.ask(Method::DELETE, &key, Some(&admin), None).await;
    assert_eq!(revoked.status, 204, "{revoked:?}");
    let gone = change(&house, &admin, Method::DELETE, path, json!({})).await;
    assert_eq!(gone.status, 204, "{gone:?}");
}
