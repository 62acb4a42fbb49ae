//! Registries: set up by people, told of by registries.

use api::{ApiOptions, ApiState};
use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use platform::Receive;
use schemas::api::Role;
use serde_json::{Value, json};
use sources::{http::Guard, registry::RegistryOptions};

use crate::house::{Answer, House};

const SECRET: &str = "hunter2-of-the-registry";

fn settings(address: &str) -> Value {
    json!({"name": "Ours", "kind": "harbor", "address": address,
        "scope": {"repositories": ["team/*", "app"], "tags": ["v*", "latest"]}, "every_hours": 6})
}

fn with_credentials(address: &str) -> Value {
    json!({"settings": settings(address), "credentials": {"user": "robot", "secret": SECRET}})
}

async fn set_up(house: &House, admin: &str, body: Value) -> Answer {
    house
        .ask(Method::POST, "/api/v1/registries", Some(admin), Some(body))
        .await
}

async fn change(
    house: &House,
    admin: &str,
    path: &str,
    etag: Option<&str>,
    body: &Value,
) -> Answer {
    let mut request = Request::builder()
        .method(Method::PUT)
        .uri(path)
        .header("authorization", format!("Bearer {admin}"))
        .header("content-type", "application/json");
    if let Some(etag) = etag {
        request = request.header("if-match", etag);
    }
    house
        .send(request.body(Body::from(body.to_string())).unwrap())
        .await
}

#[tokio::test]
async fn a_registry_is_set_up_changed_and_forgotten_and_its_secret_is_never_shown() {
    let house = House::new().await;
    let admin = house.admin().await;
    let made = set_up(
        &house,
        &admin,
        with_credentials("Registry.Example.org:5000"),
    )
    .await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(
        made.body["settings"]["address"],
        "registry.example.org:5000"
    );
    assert_eq!(made.body["credentials"]["user"], "robot");
    let path = format!("/api/v1/registries/{}", made.body["id"].as_str().unwrap());
    let etag = made.headers["etag"].to_str().unwrap().to_owned();

    let mut moved = json!({"settings": settings("other.example.org")});
    for (tag, status) in [
        (None, 412),
        (Some("\"1\""), 412),
        (Some(etag.as_str()), 400),
    ] {
        let answer = change(&house, &admin, &path, tag, &moved).await;
        assert_eq!(answer.status.as_u16(), status, "{answer:?}");
    }
    // Whoever does not know the secret cannot have it sent elsewhere.
    moved["forget_credentials"] = json!(true);
    let mut stays = json!({"settings": settings("registry.example.org:5000")});
    stays["settings"]["name"] = json!("Theirs");
    let changed = change(&house, &admin, &path, Some(&etag), &stays).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(changed.body["credentials"]["user"], "robot");
    assert_eq!(changed.body["settings"]["name"], "Theirs");
    let etag = changed.headers["etag"].to_str().unwrap().to_owned();
    let forgot = change(&house, &admin, &path, Some(&etag), &moved).await;
    assert_eq!(forgot.status, 200, "{forgot:?}");
    assert_eq!(forgot.body.get("credentials"), None);

    let all = house.get("/api/v1/registries", &admin).await;
    let exported = house.get("/api/v1/exports/registries", &admin).await;
    assert_eq!(
        exported.body["records"].as_array().unwrap().len(),
        1,
        "{exported:?}"
    );
    assert_eq!(
        exported.body["records"][0]["record"].get("webhook_secrets"),
        None
    );
    for answer in [&made, &changed, &forgot, &all, &exported] {
        assert!(!answer.body.to_string().contains(SECRET), "{answer:?}");
    }
    let deleted = house.ask(Method::DELETE, &path, Some(&admin), None).await;
    assert_eq!(deleted.status, 204);
    assert!(house.get(&path, &admin).await.is(404, "not-found"));
}

#[tokio::test]
async fn what_is_no_registry_is_refused_with_what_is_wrong() {
    let house = House::new().await;
    let admin = house.admin().await;
    let good = with_credentials("registry.example.org");
    for (pointer, value, says) in [
        ("/settings/name", json!(""), "settings.name"),
        ("/settings/kind", json!("floppy"), "settings.kind"),
        (
            "/settings/address",
            json!("https://registry.example.org"),
            "settings.address",
        ),
        (
            "/settings/address",
            json!("registry.example.org/team"),
            "settings.address",
        ),
        (
            "/settings/address",
            json!("user@registry.example.org"),
            "settings.address",
        ),
        ("/settings/address", json!("registry"), "settings.address"),
        ("/settings/address", json!(""), "settings.address"),
        ("/settings/scope/repositories", json!([]), "repositories"),
        (
            "/settings/scope/repositories",
            json!(["Team/App"]),
            "Team/App",
        ),
        (
            "/settings/scope/repositories",
            json!(["team//app"]),
            "team//app",
        ),
        (
            "/settings/scope/repositories",
            json!(["team/app:1"]),
            "team/app:1",
        ),
        (
            "/settings/scope/repositories",
            json!(["*".repeat(256)]),
            "repositories",
        ),
        ("/settings/scope/tags", json!(["a/b"]), "a/b"),
        ("/settings/scope/newest", json!(0), "newest"),
        (
            "/settings/scope/platforms",
            json!(["linux arm"]),
            "platforms",
        ),
        ("/settings/every_hours", json!(0), "every_hours"),
        ("/credentials/secret", json!(""), "credentials.secret"),
        ("/credentials/user", json!("a:b"), "credentials.user"),
        ("/credentials/kind", json!("aws_keys"), "keys of AWS"),
        ("/credentials/kind", json!("riddle"), "credentials.kind"),
    ] {
        let mut body = good.clone();
        match body.pointer_mut(pointer) {
            Some(place) => *place = value.clone(),
            None => {
                let (parent, name) = pointer.rsplit_once('/').unwrap();
                body.pointer_mut(parent).unwrap()[name] = value.clone();
            }
        }
        let answer = set_up(&house, &admin, body).await;
        assert!(
            answer.is(400, "bad-request"),
            "{pointer} {value}: {answer:?}"
        );
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(detail.contains(says), "{pointer} {value}: {detail}");
        assert!(!detail.contains(SECRET), "{detail}");
    }
}

#[tokio::test]
async fn a_service_for_strangers_keeps_no_registry_of_its_own_network() {
    let mut house = House::new().await;
    let admin = house.admin().await;
    let options = ApiOptions {
        registries: RegistryOptions {
            guard: Some(Guard::of_list("10.1.0.0/16").unwrap()),
            ..RegistryOptions::default()
        },
        ..ApiOptions::default()
    };
    let state = ApiState::open_with(house.platform.clone(), options)
        .await
        .unwrap();
    house.router = api::router(state.clone()).0;
    house.state = state;
    for address in [
        "127.0.0.1:5000",
        "169.254.169.254",
        "10.2.0.1",
        "[::1]:5000",
    ] {
        let answer = set_up(&house, &admin, with_credentials(address)).await;
        assert!(answer.is(400, "bad-request"), "{address} {answer:?}");
    }
    let allowed = set_up(&house, &admin, with_credentials("10.1.0.1:5000")).await;
    assert_eq!(allowed.status, 201, "{allowed:?}");
    // A name that leads inside is found out when it is asked.
    let named = set_up(&house, &admin, with_credentials("localhost:9")).await;
    let id = named.body["id"].as_str().unwrap();
    let path = format!("/api/v1/registries/{id}/test");
    let tested = house.ask(Method::POST, &path, Some(&admin), None).await;
    assert_eq!(tested.body["ok"], false, "{tested:?}");
    let detail = tested.body["detail"].as_str().unwrap();
    assert!(detail.contains("does not ask"), "{detail}");
}

#[tokio::test]
async fn trying_a_registry_tells_what_is_wrong_with_it() {
    let house = House::new().await;
    let admin = house.admin().await;
    let router = axum::Router::new().fallback(async |request: axum::extract::Request| {
        let path = request.uri().path().to_owned();
        let signed = request.headers().get("authorization").is_some_and(|sent| {
            // robot:hunter2-of-the-registry
            sent.as_bytes() == b"Basic cm9ib3Q6aHVudGVyMi1vZi10aGUtcmVnaXN0cnk="
        });
        let (status, body) = match (signed, path.as_str()) {
            (false, _) => (StatusCode::UNAUTHORIZED, ""),
            (_, "/v2/app/tags/list") => (StatusCode::OK, r#"{"tags":["1","2"]}"#),
            _ => (StatusCode::NOT_FOUND, ""),
        };
        (status, [("www-authenticate", "Basic realm=\"r\"")], body)
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async { axum::serve(listener, router).await });
    for (repository, secret, ok, says) in [
        ("app", SECRET, true, "app has 2 tags"),
        ("other", SECRET, false, "holds no image other"),
        ("app", "wrong", false, "401"),
        ("*", SECRET, false, "does not list its repositories"),
    ] {
        let mut body = with_credentials(&address);
        body["settings"]["scope"] = json!({"repositories": [repository]});
        body["credentials"]["secret"] = json!(secret);
        let made = set_up(&house, &admin, body).await;
        let id = made.body["id"].as_str().unwrap();
        let path = format!("/api/v1/registries/{id}/test");
        let tested = house.ask(Method::POST, &path, Some(&admin), None).await;
        assert_eq!(tested.body["ok"], ok, "{tested:?}");
        let detail = tested.body["detail"].as_str().unwrap();
        assert!(detail.contains(says), "{detail}");
    }
}

/// A registry with a webhook: the path with its format, and the secret.
async fn webhook(house: &House, admin: &str, format: &str) -> (String, String, String) {
    let made = set_up(house, admin, with_credentials("registry.example.org")).await;
    let id = made.body["id"].as_str().unwrap().to_owned();
    let (path, secret) = secret(house, admin, &id, json!({})).await;
    (id, path.replace("FORMAT", format), secret)
}

async fn secret(house: &House, admin: &str, id: &str, body: Value) -> (String, String) {
    let path = format!("/api/v1/registries/{id}/webhook-secret");
    let made = house
        .ask(Method::POST, &path, Some(admin), Some(body))
        .await;
    assert_eq!(made.status, 201, "{made:?}");
    let text = |name: &str| made.body[name].as_str().unwrap().to_owned();
    (text("path"), text("secret"))
}

async fn deliver(house: &House, path: &str, headers: &[(&str, String)], body: &str) -> Answer {
    let mut request = Request::builder().method(Method::POST).uri(path);
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    house
        .send(request.body(Body::from(body.to_owned())).unwrap())
        .await
}

fn pushed(repository: &str, tag: &str) -> String {
    let digest = format!("sha256:{}", "a".repeat(64));
    json!({"events": [{"id": "1", "action": "push", "target": {"repository": repository, "tag": tag, "digest": digest}}]})
        .to_string()
}

/// Messages that wait for `registry`.
async fn waiting(house: &House) -> Vec<Value> {
    let how = Receive {
        max: 10,
        ..Receive::default()
    };
    let got = house.platform.queue.receive("registry", how).await.unwrap();
    got.iter()
        .map(|delivery| serde_json::from_str(&delivery.message.body).unwrap())
        .collect()
}

#[tokio::test]
async fn a_push_that_is_told_again_asks_for_the_same() {
    let house = House::new().await;
    let admin = house.admin().await;
    let (id, path, secret) = webhook(&house, &admin, "distribution").await;
    let bearer = [("authorization", format!("Bearer {secret}"))];
    for _ in 0..3 {
        let answer = deliver(&house, &path, &bearer, &pushed("team/app", "v1")).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        assert_eq!(answer.body, json!({"queued": 1}));
    }
    let messages = waiting(&house).await;
    // The same message, which whoever works on it knows by its content, or finds done.
    assert!(
        messages.iter().all(|one| *one == messages[0]),
        "{messages:?}"
    );
    assert_eq!(messages[0]["type"], "tags");
    assert_eq!(messages[0]["registry"], id);
    assert_eq!(messages[0]["repository"], "team/app");
    for (repository, tag, why) in [
        (
            "team/app",
            "main",
            "an image that is not within the registry's scope",
        ),
        (
            "other/app",
            "v1",
            "an image that is not within the registry's scope",
        ),
        ("team/../app", "v1", "a name that no image has"),
        ("team/app", "", "an image without a tag"),
    ] {
        let answer = deliver(&house, &path, &bearer, &pushed(repository, tag)).await;
        assert_eq!(
            answer.body,
            json!({"queued": 0, "ignored": [why]}),
            "{repository}:{tag}"
        );
    }
    assert!(waiting(&house).await.is_empty());
    // Another registry's image, by a format that names it.
    let harbor = path.replace("distribution", "harbor");
    let event = json!({"type": "PUSH_ARTIFACT", "event_data": {"repository": {"repo_full_name": "team/app", "name": "app"},
        "resources": [{"tag": "v1", "resource_url": "169.254.169.254/team/app:v1"}]}});
    let answer = deliver(&house, &harbor, &bearer, &event.to_string()).await;
    assert_eq!(
        answer.body,
        json!({"queued": 0, "ignored": ["an image of another registry"]})
    );
    let no_json = deliver(&house, &path, &bearer, "payload=%7B").await;
    assert!(no_json.is(400, "bad-request"), "{no_json:?}");
    let large = deliver(&house, &path, &bearer, &"x".repeat((1 << 20) + 1)).await;
    assert!(large.is(413, "too-large"), "{large:?}");

    let disable = json!({"settings": {"name": "Ours", "address": "registry.example.org", "enabled": false,
        "scope": {"repositories": ["**"]}}});
    let at = format!("/api/v1/registries/{id}");
    let etag = house.get(&at, &admin).await.headers["etag"]
        .to_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        change(&house, &admin, &at, Some(&etag), &disable)
            .await
            .status,
        200
    );
    let answer = deliver(&house, &path, &bearer, &pushed("team/app", "v2")).await;
    assert_eq!(
        answer.body,
        json!({"queued": 0, "ignored": ["the registry is disabled"]})
    );
    assert!(waiting(&house).await.is_empty());
}

#[tokio::test]
async fn who_does_not_know_the_secret_learns_nothing() {
    let house = House::new().await;
    let admin = house.admin().await;
    let (id, path, secret) = webhook(&house, &admin, "distribution").await;
    let other = house.person("other", Role::Admin).await;
    let (_, _, of_other) = webhook(&house, &other, "distribution").await;
    let none = set_up(&house, &admin, with_credentials("registry.example.org")).await;
    let without = none.body["id"].as_str().unwrap();
    let right = format!("Bearer {secret}");
    let mut answers = Vec::new();
    for (path, value) in [
        (path.clone(), String::new()),
        (path.clone(), format!("Bearer {of_other}")),
        (path.clone(), format!("Bearer {}", &secret[1..])),
        (path.clone(), format!("Bearer {secret}x")),
        (path.replace("default", "other"), right.clone()),
        (path.replace("default", "nobody"), right.clone()),
        (path.replace(&id, without), right.clone()),
        (path.replace(&id, "0000000000000000"), right.clone()),
        (path.replace("distribution", "floppy"), right.clone()),
        // This format has it in the address.
        (path.replace("distribution", "docker_hub"), right.clone()),
        (format!("{path}?token={secret}"), String::new()),
        ("/webhooks/v1/distribution/x".to_owned(), right.clone()),
    ] {
        let answer = deliver(
            &house,
            &path,
            &[("authorization", value)],
            &pushed("team/app", "v1"),
        )
        .await;
        assert!(answer.is(401, "unauthenticated"), "{path} {answer:?}");
        answers.push(answer.body["detail"].clone());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert!(waiting(&house).await.is_empty());
    let by_address = path.replace("distribution", "docker_hub");
    let event =
        json!({"push_data": {"tag": "v1"}, "repository": {"repo_name": "team/app"}}).to_string();
    let answer = deliver(&house, &format!("{by_address}?token={secret}"), &[], &event).await;
    assert_eq!(answer.body, json!({"queued": 1}), "{answer:?}");
}

#[tokio::test]
async fn a_signature_is_of_the_body_that_came() {
    let house = House::new().await;
    let admin = house.admin().await;
    let (_, path, secret) = webhook(&house, &admin, "ghcr").await;
    let event = json!({"action": "published", "package": {"name": "app", "package_type": "CONTAINER",
        "owner": {"login": "Team"}, "package_version": {"container_metadata": {"tag": {"name": "v1"}}}}});
    let body = event.to_string();
    let mut key = [0; 32];
    key.copy_from_slice(secret.as_bytes());
    let code = platform::MacKey::new(secrecy::SecretBox::new(Box::new(key))).mac(body.as_bytes());
    let hex: String = code.iter().map(|byte| format!("{byte:02x}")).collect();
    let signed = [("x-hub-signature-256", format!("sha256={hex}"))];
    let answer = deliver(&house, &path, &signed, &body).await;
    assert_eq!(answer.body, json!({"queued": 1}), "{answer:?}");
    let forged = deliver(&house, &path, &signed, &body.replace("app", "apps")).await;
    assert!(forged.is(401, "unauthenticated"), "{forged:?}");
    let bare = deliver(
        &house,
        &path,
        &[("authorization", format!("Bearer {secret}"))],
        &body,
    )
    .await;
    assert!(bare.is(401, "unauthenticated"), "{bare:?}");
}

#[tokio::test]
async fn a_secret_gives_way_to_the_next_but_one_or_at_once() {
    let house = House::new().await;
    let admin = house.admin().await;
    let (id, path, first) = webhook(&house, &admin, "distribution").await;
    let opens = async |secret: &str| {
        let bearer = [("authorization", format!("Bearer {secret}"))];
        deliver(&house, &path, &bearer, &pushed("team/app", "v1"))
            .await
            .status
            == 202
    };
    let (_, second) = secret(&house, &admin, &id, json!({})).await;
    assert!(opens(&first).await && opens(&second).await);
    let (_, third) = secret(&house, &admin, &id, json!({})).await;
    assert!(!opens(&first).await && opens(&second).await && opens(&third).await);
    let (_, fourth) = secret(&house, &admin, &id, json!({"replace": true})).await;
    assert!(!opens(&second).await && !opens(&third).await && opens(&fourth).await);
    let shown = house.get(&format!("/api/v1/registries/{id}"), &admin).await;
    assert_eq!(shown.body["webhook_secrets"].as_array().unwrap().len(), 1);
    assert!(!shown.body.to_string().contains(&fourth));
}

#[tokio::test]
async fn a_look_is_asked_for_unless_the_registry_is_disabled() {
    let house = House::new().await;
    let admin = house.admin().await;
    let mut body = with_credentials("registry.example.org");
    let made = set_up(&house, &admin, body.clone()).await;
    let scan = |id: &Value| format!("/api/v1/registries/{}/scan", id.as_str().unwrap());
    let asked = house
        .ask(Method::POST, &scan(&made.body["id"]), Some(&admin), None)
        .await;
    assert_eq!(asked.status, 202, "{asked:?}");
    let messages = waiting(&house).await;
    assert_eq!(messages[0]["type"], "survey");
    assert_eq!(messages[0]["began"], asked.body["started_at"]);
    body["settings"]["enabled"] = json!(false);
    let made = set_up(&house, &admin, body).await;
    let asked = house
        .ask(Method::POST, &scan(&made.body["id"]), Some(&admin), None)
        .await;
    assert!(asked.is(400, "bad-request"), "{asked:?}");
    assert!(waiting(&house).await.is_empty());
    let images = format!(
        "/api/v1/registries/{}/images",
        made.body["id"].as_str().unwrap()
    );
    assert_eq!(house.get(&images, &admin).await.body, json!({"images": []}));
}
