//! API keys, and builds that exchange the token of their system.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex},
};

use access::{AgentKey, Sign};
use api::Peer;
use axum::{
    Json, Router,
    body::Body,
    http::{Method, Request},
    routing::get,
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use schemas::api::Role;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::house::{Answer, House, PASSWORD, key};

const DAY_MS: u64 = 24 * 3600 * 1000;

async fn make(house: &House, token: &str, body: Value) -> Answer {
    house
        .ask(Method::POST, "/api/v1/api-keys", Some(token), Some(body))
        .await
}

/// A new key with its id.
async fn made(house: &House, token: &str, body: Value) -> (String, String) {
    let made = make(house, token, body).await;
    assert_eq!(made.status, 201, "{made:?}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&made.body["key"]), text(&made.body["api_key"]["id"]))
}

async fn from(house: &House, path: &str, token: &str, address: Option<&str>) -> Answer {
    let request = Request::builder()
        .uri(path)
        .header("authorization", format!("Bearer {token}"));
    let mut request = request.body(Body::empty()).unwrap();
    if let Some(address) = address {
        let address: IpAddr = address.parse().unwrap();
        request.extensions_mut().insert(Peer(address));
    }
    house.send(request).await
}

#[tokio::test]
async fn a_key_does_what_its_roles_allow_and_no_more_than_its_owner_may_by_now() {
    let house = House::new().await;
    let admin = house.admin().await;
    let (key, id) = made(
        &house,
        &admin,
        json!({"note": "nightly", "roles": [{"role": "auditor"}]}),
    )
    .await;
    assert!(key.starts_with(&format!("bhk_{id}_")));
    assert_eq!(house.get("/api/v1/hosts", &key).await.status, 200);
    let refresh = house
        .ask(
            Method::POST,
            "/api/v1/feeds/refresh",
            Some(&key),
            Some(json!({})),
        )
        .await;
    assert!(refresh.is(403, "forbidden"), "{refresh:?}");
    let own = house.get("/api/v1/session", &key).await;
    assert_eq!(own.body["roles"], json!(["auditor"]));
    assert!(own.body["user"].is_null(), "a key is no person: {own:?}");
    // A key makes no keys and changes no password.
    let more = make(&house, &key, json!({"roles": [{"role": "auditor"}]})).await;
    assert!(more.is(403, "forbidden"), "{more:?}");

    // Whoever may less gives less away, and what they gave shrinks with them.
    let operator = house.person("default", Role::Operator).await;
    let (of_operator, _) = made(&house, &operator, json!({"roles": [{"role": "operator"}]})).await;
    let too_much = make(&house, &operator, json!({"roles": [{"role": "admin"}]})).await;
    assert!(too_much.is(403, "forbidden"), "{too_much:?}");
    assert_eq!(house.get("/api/v1/hosts", &of_operator).await.status, 200);
    house.give("default", "operator", &["ci"]).await;
    let hosts = house.get("/api/v1/hosts", &of_operator).await;
    assert!(hosts.is(403, "forbidden"), "{hosts:?}");
    assert_eq!(house.get("/api/v1/feeds", &of_operator).await.status, 200);

    // A key ends with its owner, and is not the key of whoever has their login after them.
    let users = platform::Key::new("t/default/users", "operator");
    let item = house.platform.table.get(&users).await.unwrap().unwrap();
    for (field, value) in [
        ("disabled_at", json!(house.now())),
        ("created_at", json!("2020-01-01T00:00:00.000Z")),
    ] {
        let mut user: Value = serde_json::from_slice(&item.value).unwrap();
        user[field] = value;
        let other = platform::Item::new(users.clone(), user.to_string().into_bytes());
        let put = house.platform.table.put(other, platform::Condition::None);
        put.await.unwrap();
        let ended = house.get("/api/v1/feeds", &of_operator).await;
        assert!(ended.is(401, "unauthenticated"), "{field} {ended:?}");
    }

    // Listed without its secret, with its last use; and gone at once when it is revoked.
    let listed = house.get("/api/v1/api-keys", &admin).await;
    let row = &listed.body["api_keys"][0];
    assert_eq!((&row["id"], &row["state"]), (&json!(id), &json!("valid")));
    assert_eq!(row["last_used_at"], json!(house.now()));
    assert_eq!(listed.body["api_keys"].as_array().unwrap().len(), 1);
    let secret = key.rsplit_once('_').unwrap().1;
    assert!(!listed.body.to_string().contains(secret));
    let path = format!("/api/v1/api-keys/{id}");
    assert_eq!(
        house
            .ask(Method::DELETE, &path, Some(&admin), None)
            .await
            .status,
        204
    );
    let ended = house.get("/api/v1/hosts", &key).await;
    assert!(ended.is(401, "unauthenticated"), "{ended:?}");
}

#[tokio::test]
async fn a_key_ends_with_its_time_and_says_so_and_a_made_up_one_is_none() {
    let house = House::new().await;
    let admin = house.admin().await;
    let (key, id) = made(
        &house,
        &admin,
        json!({"roles": [{"role": "ci"}], "valid_for_s": 3600}),
    )
    .await;
    house.clock.advance_ms(59 * 60_000);
    assert_eq!(house.get("/api/v1/feeds", &key).await.status, 200);
    house.clock.advance_ms(60_000);
    let late = house.get("/api/v1/feeds", &key).await;
    assert!(late.is(401, "unauthenticated"), "{late:?}");
    assert!(late.body["detail"].as_str().unwrap().contains("expired"));
    // The id of a key with another secret, and a mistyped digit.
    let other =
        access::api_key::ApiKeyText::new(hex(&id), secrecy::SecretBox::new(Box::new([7; 32])));
    let other = other.unwrap().reveal().expose_secret().to_owned();
    for bad in [other.as_str(), &key[..key.len() - 1], "bhk_"] {
        let refused = house.get("/api/v1/feeds", bad).await;
        assert!(refused.is(401, "unauthenticated"), "{refused:?}");
    }
    for bad in [
        json!({"roles": []}),
        json!({"roles": [{"role": "nobody"}]}),
        json!({"roles": [{"role": "ci"}], "valid_for_s": 59}),
        json!({"roles": [{"role": "ci"}], "valid_for_s": 31_536_001}),
        json!({"roles": [{"role": "ci"}], "note": "x".repeat(201)}),
        json!({"roles": [{"role": "ci"}], "networks": ["example.org"]}),
        json!({"roles": [{"role": "ci"}], "networks": ["10.0.0.1/8"]}),
        json!({}),
    ] {
        let session = house.sign_in("default", "admin", PASSWORD).await;
        let session = session.body["token"].as_str().unwrap();
        let refused = make(&house, session, bad.clone()).await;
        assert!(refused.is(400, "bad-request"), "{bad} {refused:?}");
    }
}

fn hex(id: &str) -> [u8; 8] {
    let digit = |at: usize| u8::from_str_radix(&id[at..at + 2], 16).unwrap();
    std::array::from_fn(|at| digit(2 * at))
}

#[tokio::test]
async fn a_key_is_accepted_from_its_networks_only() {
    let house = House::new().await;
    let admin = house.admin().await;
    let body = json!({"roles": [{"role": "ci"}], "networks": ["192.0.2.0/24", "2001:db8::/32"]});
    let (key, _) = made(&house, &admin, body).await;
    for (address, status) in [
        (Some("192.0.2.200"), 200),
        (Some("2001:db8::1"), 200),
        (Some("::ffff:192.0.2.1"), 200),
        (Some("192.0.3.1"), 401),
        (Some("2001:db9::1"), 401),
        (None, 401),
    ] {
        let answer = from(&house, "/api/v1/feeds", &key, address).await;
        assert_eq!(answer.status, status, "{address:?} {answer:?}");
    }
    let listed = house.get("/api/v1/api-keys", &admin).await;
    assert_eq!(listed.body["api_keys"][0]["last_used_from"], "192.0.2.200");
}

#[tokio::test]
async fn keys_of_others_are_for_who_may_see_and_end_them() {
    let house = House::new().await;
    let admin = house.admin().await;
    let auditor = house.person("default", Role::Auditor).await;
    let developer = house.person("default", Role::Developer).await;
    let stranger = house.person("other", Role::Admin).await;
    let (_, id) = made(
        &house,
        &developer,
        json!({"roles": [{"role": "developer"}]}),
    )
    .await;
    let everybody = "/api/v1/api-keys?of=everybody";
    for (token, found) in [(&admin, 1), (&auditor, 1), (&stranger, 0)] {
        let listed = house.get(everybody, token).await;
        assert_eq!(listed.body["api_keys"].as_array().unwrap().len(), found);
    }
    let denied = house.get(everybody, &developer).await;
    assert!(denied.is(403, "forbidden"), "{denied:?}");
    let path = format!("/api/v1/api-keys/{id}");
    for token in [&auditor, &stranger] {
        let none = house.ask(Method::DELETE, &path, Some(token), None).await;
        assert!(none.is(404, "not-found"), "{none:?}");
    }
    assert_eq!(
        house
            .ask(Method::DELETE, &path, Some(&admin), None)
            .await
            .status,
        204
    );
    let listed = house.get("/api/v1/api-keys", &developer).await;
    assert_eq!(listed.body["api_keys"][0]["state"], "revoked");
}

/// A build system on this machine, whose keys are of these seeds.
pub(crate) struct Builds {
    issuer: String,
    kids: Arc<Mutex<Vec<u8>>>,
}

impl Builds {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let kids = Arc::new(Mutex::new(vec![1]));
        let (name, seeds) = (issuer.clone(), Arc::clone(&kids));
        let description = json!({"issuer": name, "jwks_uri": format!("{name}/keys")});
        let jwk = |seed: &u8| {
            json!({"kty": "OKP", "crv": "Ed25519", "kid": format!("k{seed}"),
                "x": key(*seed).public().to_base64url()})
        };
        let keys = move || {
            let keys: Vec<_> = seeds.lock().unwrap().iter().map(jwk).collect();
            async move { Json(json!({"keys": keys})) }
        };
        let router = Router::new()
            .route(
                "/.well-known/openid-configuration",
                get(async || Json(description)),
            )
            .route("/keys", get(keys));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { issuer, kids }
    }

    /// A job's token with some claims changed.
    pub(crate) fn token(&self, house: &House, seed: u8, changes: &Value) -> String {
        let now_s = house.now().as_s();
        let mut claims = json!({"iss": self.issuer, "sub": "repo:acme/shop:ref:refs/heads/main",
            "aud": "https://bulkhead.example", "repository_id": "42", "ref": "refs/heads/main",
            "iat": now_s, "exp": now_s + 300, "jti": "job-1"});
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        sign(&key(seed), &format!("k{seed}"), &claims)
    }
}

fn sign(key: &AgentKey, kid: &str, claims: &Value) -> String {
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let header = json!({"alg": "EdDSA", "typ": "JWT", "kid": kid});
    let signed = format!("{}.{}", part(&header), part(claims));
    let signature = BASE64_URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

pub(crate) fn exchange_of(tenant: Option<&str>, token: &str) -> Value {
    json!({"grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "tenant": tenant,
        "subject_token": token, "subject_token_type": "urn:ietf:params:oauth:token-type:jwt"})
}

async fn exchange(house: &House, tenant: Option<&str>, token: &str) -> Answer {
    let body = exchange_of(tenant, token);
    house
        .ask(Method::POST, "/api/v1/token/exchange", None, Some(body))
        .await
}

/// A house that may ask issuers of this machine.
pub(crate) async fn house() -> House {
    House::new().await.asking_this_machine().await
}

pub(crate) fn rule(builds: &Builds) -> Value {
    json!({"issuer": builds.issuer, "audience": "https://bulkhead.example", "roles": [{"role": "ci"}],
        "claims": {"repository_id": "42", "ref": "refs/heads/*"}, "lifetime_s": 600})
}

pub(crate) async fn trust(house: &House, token: &str, rule: Value) -> Answer {
    house
        .ask(
            Method::POST,
            "/api/v1/trusted-builds",
            Some(token),
            Some(rule),
        )
        .await
}

#[tokio::test]
async fn a_trusted_build_gets_a_token_for_a_while_and_loses_it_with_its_rule() {
    let (house, builds) = (
        House::new().await.asking_this_machine().await,
        Builds::start().await,
    );
    let admin = house.admin().await;
    let made = trust(&house, &admin, rule(&builds)).await;
    assert_eq!(made.status, 201, "{made:?}");
    let got = exchange(&house, None, &builds.token(&house, 1, &json!({}))).await;
    assert_eq!(got.status, 200, "{got:?}");
    assert_eq!(
        (&got.body["expires_in"], &got.body["token_type"]),
        (&json!(600), &json!("Bearer"))
    );
    let token = got.body["access_token"].as_str().unwrap();
    let report = crate::gate::report();
    let sent = house
        .ask(Method::POST, "/api/v1/scans", Some(token), Some(report))
        .await;
    assert_eq!(sent.status.as_u16() / 100, 2, "{sent:?}");
    let again = builds.token(&house, 1, &json!({}));
    assert_eq!(exchange(&house, None, &again).await.status, 401);
    let agents = house.get("/api/v1/agents", token).await;
    assert!(agents.is(403, "forbidden"), "{agents:?}");
    let own = house.get("/api/v1/session", token).await;
    assert!(
        own.body["name"]
            .as_str()
            .unwrap()
            .contains("repo:acme/shop"),
        "{own:?}"
    );
    let key = make(&house, token, json!({"roles": [{"role": "ci"}]})).await;
    assert!(key.is(403, "forbidden"), "{key:?}");

    // The system rotates its keys.
    builds.kids.lock().unwrap().push(2);
    house.clock.advance_ms(60_000);
    let rotated = builds.token(&house, 2, &json!({"jti": "job-2"}));
    assert_eq!(exchange(&house, None, &rotated).await.status, 200);

    let id = made.body["id"].as_str().unwrap();
    let path = format!("/api/v1/trusted-builds/{id}");
    assert_eq!(house.get("/api/v1/feeds", token).await.status, 200);
    let removed = house.ask(Method::DELETE, &path, Some(&admin), None).await;
    assert_eq!(removed.status, 204, "{removed:?}");
    let ended = house.get("/api/v1/feeds", token).await;
    assert!(ended.is(401, "unauthenticated"), "{ended:?}");

    // The audit log has what builds did, and that somebody sent a token that was used.
    house.clock.advance_ms(11 * 60_000);
    let told = house
        .get("/api/v1/audit?target_kind=trusted_build", &admin)
        .await;
    let told = told.body["entries"].as_array().unwrap();
    let told: Vec<_> = told
        .iter()
        .filter(|entry| entry["operation"] == "exchange_token")
        .map(|entry| (entry["outcome"].as_str(), entry["actor"]["id"].as_str()))
        .collect();
    let name = "build repo:acme/shop:ref:refs/heads/main";
    for (outcome, id, times) in [("done", name, 2), ("refused", "anonymous", 1)] {
        let such = told
            .iter()
            .filter(|told| **told == (Some(outcome), Some(id)));
        assert_eq!(such.count(), times, "{told:?}");
    }
    let path = "/api/v1/audit?operation=upload_scan";
    let told = house.get(path, &admin).await;
    assert_eq!(told.body["entries"][0]["actor"]["id"], name);
    assert_eq!(told.body["entries"][0]["actor"]["kind"], "build");
}

/// Why the last exchange was refused, as the audit log has it, and of which issuer it was.
async fn why(house: &House, admin: &str) -> (String, Value) {
    let path = "/api/v1/audit?operation=exchange_token&outcome=refused";
    let told = house.get(path, admin).await;
    let after = &told.body["entries"][0]["after"];
    (
        after["why"].as_str().unwrap().to_owned(),
        after["issuer"].clone(),
    )
}

#[tokio::test]
async fn a_build_s_token_that_is_not_what_was_trusted_is_refused_and_only_its_tenant_learns_why() {
    let (house, builds) = (
        House::new().await.asking_this_machine().await,
        Builds::start().await,
    );
    house.admin().await;
    // Sessions end within the hours that pass here.
    let admin = async || {
        let session = house.sign_in("default", "admin", PASSWORD).await;
        session.body["token"].as_str().unwrap().to_owned()
    };
    house.person("other", Role::Admin).await;
    let good = builds.token(&house, 1, &json!({}));
    let refused = exchange(&house, None, &good).await;
    assert!(refused.is(401, "bad-build-token"), "{refused:?}");
    // One answer for whatever is wrong: no stranger learns which tenants there are and whom they trust.
    let same = |answer: Answer| {
        assert!(answer.is(401, "bad-build-token"), "{answer:?}");
        assert_eq!(answer.body["detail"], refused.body["detail"]);
    };
    assert_eq!(
        trust(&house, &admin().await, rule(&builds)).await.status,
        201
    );
    for tenant in ["other", "nowhere"] {
        same(exchange(&house, Some(tenant), &good).await);
    }
    let now_s = || house.now().as_s();
    for (changes, said) in [
        (json!({"repository_id": "43"}), "repository_id"),
        (json!({"ref": "refs/tags/v1"}), "`ref`"),
        (json!({"aud": "https://other.example"}), "audience"),
        (json!({"iss": "http://127.0.0.1:1"}), "issuer"),
        (json!({"exp": now_s() - 60}), "expired"),
        (json!({"nbf": now_s() + 100_000}), "clocks"),
        (json!({"exp": now_s() + 190_000}), "longer"),
    ] {
        // Refusals of ten minutes are told as one.
        house.clock.advance_ms(11 * 60_000);
        same(exchange(&house, None, &builds.token(&house, 1, &changes)).await);
        let (why, issuer) = why(&house, &admin().await).await;
        assert!(why.contains(said), "{changes} {why}");
        let trusted = changes.get("iss").is_none();
        assert_eq!(
            issuer,
            json!(trusted.then_some(&builds.issuer)),
            "{changes}"
        );
    }
    let good = builds.token(&house, 1, &json!({}));
    let claims = |token: &str| token.split('.').nth(1).unwrap().to_owned();
    let none = format!(
        "{}.{}.",
        BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"none","kid":"k1"}"#),
        claims(&good)
    );
    let forged = sign(
        &key(9),
        "k1",
        &json!({"iss": builds.issuer, "aud": "https://bulkhead.example"}),
    );
    let unpublished = builds.token(&house, 9, &json!({}));
    for token in [forged, unpublished] {
        same(exchange(&house, None, &token).await);
    }
    // What is no token at all is told so, wherever it is sent, and fills no log.
    let told = async || {
        let path = "/api/v1/audit?operation=exchange_token&outcome=refused";
        house.get(path, &admin().await).await.body["entries"].clone()
    };
    house.clock.advance_ms(11 * 60_000);
    let before = told().await;
    let (nothing, parts, long) = (String::new(), "a.b.c".to_owned(), "x".repeat(17_000));
    for token in [none, nothing, parts, long] {
        let here = exchange(&house, None, &token).await;
        let nowhere = exchange(&house, Some("nowhere"), &token).await;
        for answer in [&here, &nowhere] {
            assert!(answer.is(401, "bad-build-token"), "{answer:?}");
            assert_eq!(answer.body["detail"], here.body["detail"]);
        }
        let detail = here.body["detail"].as_str().unwrap();
        assert!(detail.contains("build's system"), "{detail}");
    }
    house.clock.advance_ms(11 * 60_000);
    assert_eq!(told().await, before);
    let good = builds.token(&house, 1, &json!({}));
    assert_eq!(exchange(&house, None, &good).await.status, 200);
    same(exchange(&house, None, &good).await);
    // It stays used until nobody would accept it.
    house.clock.advance_ms(299_000 + 60_000);
    same(exchange(&house, None, &good).await);
    let (why, _) = why(&house, &admin().await).await;
    assert!(why.contains("before"), "{why}");
    house.clock.advance_ms(DAY_MS);
    let body = json!({"grant_type": "password", "subject_token": good, "subject_token_type": "x"});
    let other = house
        .ask(Method::POST, "/api/v1/token/exchange", None, Some(body))
        .await;
    assert!(other.is(400, "bad-request"), "{other:?}");
}

#[tokio::test]
async fn an_issuer_that_is_away_is_no_news_for_strangers() {
    let (house, builds) = (house().await, Builds::start().await);
    let admin = house.admin().await;
    let mut away = rule(&builds);
    away["issuer"] = json!("http://127.0.0.1:1");
    assert_eq!(trust(&house, &admin, away).await.status, 201);
    let of_away = builds.token(&house, 1, &json!({"iss": "http://127.0.0.1:1"}));
    let unknown = builds.token(&house, 1, &json!({}));
    let away = exchange(&house, None, &of_away).await;
    assert!(away.is(401, "bad-build-token"), "{away:?}");
    let (why, issuer) = why(&house, &admin).await;
    assert!(why.contains("cannot be had"), "{why}");
    assert_eq!(issuer, "http://127.0.0.1:1");
    let unknown = exchange(&house, None, &unknown).await;
    assert_eq!(unknown.body["detail"], away.body["detail"]);
    assert_eq!(unknown.status, away.status);
}

#[tokio::test]
async fn keys_that_ended_hold_no_place() {
    let house = House::new().await;
    let admin = house.admin().await;
    let mut first = String::new();
    for n in 0..records::identity::MAX_KEYS_OF_A_PERSON {
        let (_, id) = made(&house, &admin, json!({"roles": [{"role": "ci"}]})).await;
        if n == 0 {
            first = id;
        }
    }
    let full = make(&house, &admin, json!({"roles": [{"role": "ci"}]})).await;
    assert!(full.is(409, "conflict"), "{full:?}");
    let path = format!("/api/v1/api-keys/{first}");
    let revoked = house.ask(Method::DELETE, &path, Some(&admin), None).await;
    assert_eq!(revoked.status, 204, "{revoked:?}");
    made(
        &house,
        &admin,
        json!({"roles": [{"role": "ci"}], "valid_for_s": 60}),
    )
    .await;
    let full = make(&house, &admin, json!({"roles": [{"role": "ci"}]})).await;
    assert!(full.is(409, "conflict"), "{full:?}");
    house.clock.advance_ms(61_000);
    made(&house, &admin, json!({"roles": [{"role": "ci"}]})).await;
    // What ended is still listed, for a while.
    let listed = house.get("/api/v1/api-keys?limit=500", &admin).await;
    let states = |state: &str| {
        let keys = listed.body["api_keys"].as_array().unwrap();
        keys.iter().filter(|key| key["state"] == state).count()
    };
    assert_eq!(
        (states("valid"), states("revoked"), states("expired")),
        (100, 1, 1)
    );
}

#[tokio::test]
async fn a_rule_that_strangers_could_meet_or_that_reaches_inside_is_not_made() {
    let (house, builds) = (
        House::new().await.asking_this_machine().await,
        Builds::start().await,
    );
    let admin = house.admin().await;
    for (name, value) in [
        ("claims", json!({})),
        ("claims", json!({"repository": "acme/shop"})),
        (
            "claims",
            json!({"sub": "repo:acme/shop:ref:refs/heads/main"}),
        ),
        ("claims", json!({"repository_id": "4*"})),
        ("claims", json!({"repository_id": "42", "aud": "x"})),
        ("issuer", json!("https://10.0.0.1")),
        ("issuer", json!("https://169.254.169.254")),
        ("issuer", json!("http://issuer.example")),
        ("issuer", json!("https://issuer.example?x")),
        ("audience", json!("")),
        ("lifetime_s", json!(3601)),
        ("lifetime_s", json!(59)),
        ("roles", json!([])),
    ] {
        let mut body = rule(&builds);
        body[name] = value;
        let refused = trust(&house, &admin, body.clone()).await;
        assert!(refused.is(400, "bad-request"), "{body} {refused:?}");
        assert!(
            refused.body["detail"].as_str().unwrap().contains(name),
            "{refused:?}"
        );
    }
    assert_eq!(trust(&house, &admin, rule(&builds)).await.status, 201);
    let listed = house.get("/api/v1/trusted-builds", &admin).await;
    assert_eq!(listed.body["trusted_builds"].as_array().unwrap().len(), 1);
    let stranger = house.person("other", Role::Admin).await;
    let listed = house.get("/api/v1/trusted-builds", &stranger).await;
    assert_eq!(listed.body["trusted_builds"], json!([]));
}

#[tokio::test]
async fn a_key_opens_no_door_that_outlives_it() {
    let house = House::new().await;
    let admin = house.admin().await;
    house.assigned("default", "ann", "developer").await;
    let (key, _) = made(&house, &admin, json!({"roles": [{"role": "admin"}]})).await;
    let roles = json!([{"role": "admin"}]);
    for (path, body) in [
        ("/api/v1/invitations", json!({"roles": roles})),
        (
            "/api/v1/trusted-builds",
            json!({"issuer": "https://issuer.example", "audience": "a", "claims": {"sub": "1"}, "roles": roles}),
        ),
        ("/api/v1/people/ann/password", json!({})),
        ("/api/v1/people/admin/password", json!({})),
    ] {
        let answer = house.ask(Method::POST, path, Some(&key), Some(body)).await;
        assert!(answer.is(403, "forbidden"), "{path} {answer:?}");
    }
    let person = house.get("/api/v1/people/ann", &admin).await;
    for body in [json!({"roles": roles}), json!({"disabled": false})] {
        let request = Request::builder()
            .method(Method::PATCH)
            .uri("/api/v1/people/ann")
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "application/json")
            .header("if-match", person.headers["etag"].clone())
            .body(Body::from(body.to_string()));
        let answer = house.send(request.unwrap()).await;
        assert!(answer.is(403, "forbidden"), "{body} {answer:?}");
    }
    let path = "/api/v1/people/ann/second-factor";
    let answer = house.ask(Method::DELETE, path, Some(&key), None).await;
    assert!(answer.is(403, "forbidden"), "{answer:?}");
    // Who made a key by a password that an administrator took away uses it no more.
    let path = "/api/v1/people/ann/password";
    let ann = house.sign_in("default", "ann", PASSWORD).await;
    let ann = ann.body["token"].as_str().unwrap();
    let (hers, _) = made(&house, ann, json!({"roles": [{"role": "developer"}]})).await;
    assert_eq!(house.get("/api/v1/session", &hers).await.status, 200);
    let reset = house.ask(Method::POST, path, Some(&admin), Some(json!({})));
    assert_eq!(reset.await.status, 200);
    let refused = house.get("/api/v1/session", &hers).await;
    assert!(refused.is(401, "unauthenticated"), "{refused:?}");
}
