//! What is known of issuers while they rotate their keys, lie, and go away.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};

use access::oidc::{Pkce, challenge};
use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
    routing::{get, post},
};
use schemas::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sources::{
    http::{Guard, HttpError, HttpOptions},
    oidc::{CodeError, CodeTrade, IssuerError, Issuers, KEPT_WITHOUT_ISSUER_MS, MAX_ISSUERS},
};

const MINUTE_MS: i64 = 60_000;

/// What an issuer does, and how often it was asked.
#[derive(Default)]
struct Doing {
    issuer: String,
    kids: Vec<&'static str>,
    away: bool,
    elsewhere: Option<String>,
    asked: u32,
    basic_only: bool,
    trades: Vec<(HeaderMap, String)>,
}

type Shared = Arc<Mutex<Doing>>;

async fn description(State(doing): State<Shared>) -> axum::response::Response {
    let mut doing = doing.lock().unwrap();
    doing.asked += 1;
    if doing.away {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    if let Some(to) = &doing.elsewhere {
        return (StatusCode::FOUND, [("location", to.clone())]).into_response();
    }
    let issuer = &doing.issuer;
    let method = ["client_secret_post", "client_secret_basic"][usize::from(doing.basic_only)];
    Json(json!({"issuer": issuer, "jwks_uri": format!("{issuer}/keys"),
        "authorization_endpoint": format!("{issuer}/auth"), "token_endpoint": format!("{issuer}/token"),
        "token_endpoint_auth_methods_supported": [method]}))
    .into_response()
}

async fn keys(State(doing): State<Shared>) -> Json<Value> {
    let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let keys = doing.lock().unwrap().kids.clone();
    let keys = keys.into_iter();
    let keys: Vec<_> = keys
        .map(|kid| json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x}))
        .collect();
    Json(json!({"keys": keys}))
}

async fn token(
    State(doing): State<Shared>,
    headers: HeaderMap,
    body: String,
) -> axum::response::Response {
    let refused = body.contains("code=bad");
    doing.lock().unwrap().trades.push((headers, body));
    if refused {
        return (
            StatusCode::BAD_REQUEST,
            Json(json!({"error": "invalid_grant"})),
        )
            .into_response();
    }
    Json(json!({"access_token": "at", "token_type": "Bearer", "id_token": "a.b.c"})).into_response()
}

/// An issuer on this machine.
async fn issuer() -> (String, Shared) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let doing: Shared = Arc::new(Mutex::new(Doing {
        issuer: issuer.clone(),
        kids: vec!["k1"],
        ..Doing::default()
    }));
    let router = Router::new()
        .route("/.well-known/openid-configuration", get(description))
        .route("/keys", get(keys))
        .route("/token", post(token))
        .with_state(Arc::clone(&doing));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (issuer, doing)
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(1_700_000_000_000 + ms)
}

fn asker() -> Issuers {
    Issuers::new(&HttpOptions::default()).unwrap()
}

#[tokio::test]
async fn a_rotated_key_is_found_and_strangers_cannot_have_the_issuer_asked_without_end() {
    let (name, doing) = issuer().await;
    let issuers = asker();
    let known = issuers.known(&name, at(0)).await.unwrap();
    assert!(known.keys.has("k1"));
    assert!(known.provider.secret_in_body);
    doing.lock().unwrap().kids = vec!["k2", "k1"];
    // A hundred tokens with keys nobody knows, within a minute of the last time.
    for _ in 0..100 {
        let known = issuers
            .known_with_key(&name, "made-up", at(MINUTE_MS - 1))
            .await;
        assert!(!known.unwrap().keys.has("k2"));
    }
    assert_eq!(doing.lock().unwrap().asked, 1);
    let known = issuers
        .known_with_key(&name, "k2", at(MINUTE_MS))
        .await
        .unwrap();
    assert!(known.keys.has("k2"));
    assert_eq!(doing.lock().unwrap().asked, 2);
    // A key that was withdrawn is gone within the hour.
    doing.lock().unwrap().kids = vec!["k2"];
    let later = at(MINUTE_MS + 60 * MINUTE_MS);
    let known = issuers.known_with_key(&name, "k1", later).await.unwrap();
    assert!(!known.keys.has("k1"));
}

#[tokio::test]
async fn many_at_once_ask_once() {
    let (name, doing) = issuer().await;
    let issuers = asker();
    let asks = (0..32).map(|_| issuers.known(&name, at(0)));
    for known in futures::future::join_all(asks).await {
        assert!(known.unwrap().keys.has("k1"));
    }
    assert_eq!(doing.lock().unwrap().asked, 1);
}

#[tokio::test]
async fn keys_are_kept_while_the_issuer_is_away_but_not_for_ever() {
    let (name, doing) = issuer().await;
    let issuers = asker();
    issuers.known(&name, at(0)).await.unwrap();
    doing.lock().unwrap().away = true;
    let last = KEPT_WITHOUT_ISSUER_MS - 1;
    assert!(issuers.known_with_key(&name, "k1", at(last)).await.is_ok());
    assert_eq!(doing.lock().unwrap().asked, 2);
    // Not asked again at once, and what is too old is not used.
    let gone = issuers.known_with_key(&name, "k1", at(last + 1)).await;
    assert!(
        matches!(gone, Err(IssuerError::Waiting { in_s: 1..=61, .. })),
        "{gone:?}"
    );
    let gone = issuers
        .known_with_key(&name, "k1", at(last + MINUTE_MS))
        .await;
    let away = matches!(gone, Err(IssuerError::Status { status: 502, .. }));
    assert!(away, "{gone:?}");
    doing.lock().unwrap().away = false;
    assert!(issuers.known(&name, at(last + 2 * MINUTE_MS)).await.is_ok());
}

#[tokio::test]
async fn an_issuer_that_is_not_whom_it_was_asked_for_or_sends_on_is_none() {
    let (name, doing) = issuer().await;
    let issuers = asker();
    let slash = format!("{name}/");
    let other = issuers.known(&slash, at(0)).await;
    assert!(matches!(other, Err(IssuerError::Discovery(_))), "{other:?}");
    doing.lock().unwrap().elsewhere = Some(format!("{name}/keys"));
    let sent_on = issuers.known(&name, at(0)).await;
    assert!(
        matches!(sent_on, Err(IssuerError::Status { status: 302, .. })),
        "{sent_on:?}"
    );
}

#[tokio::test]
async fn only_names_that_may_be_asked_are() {
    let issuers = asker();
    for name in [
        "",
        "issuer",
        "ftp://issuer.example",
        "https://user:word@issuer.example",
        "https://issuer.example?tenant=1",
        "https://issuer.example#x",
        "file:///etc/passwd",
    ] {
        let none = issuers.known(name, at(0)).await;
        assert!(matches!(none, Err(IssuerError::Name)), "{name}: {none:?}");
    }
    let plain = issuers.known("http://issuer.example", at(0)).await;
    let refused = |known: &Result<_, IssuerError>| matches!(known, Err(IssuerError::Http { .. }));
    assert!(refused(&plain), "{plain:?}");
    let public = Issuers::new(&HttpOptions {
        guard: Some(Guard::default()),
        ..HttpOptions::default()
    });
    let public = public.unwrap();
    let (name, doing) = issuer().await;
    for inside in [name.as_str(), "https://169.254.169.254", "https://[::1]:1"] {
        let known = public.known(inside, at(0)).await;
        let guarded = matches!(
            &known,
            Err(IssuerError::Http {
                source: HttpError::Internal(_),
                ..
            })
        );
        assert!(guarded, "{inside}: {known:?}");
    }
    assert_eq!(doing.lock().unwrap().asked, 0);
}

#[tokio::test]
async fn so_many_issuers_are_remembered_and_no_more() {
    let (name, doing) = issuer().await;
    let issuers = asker();
    issuers.known(&name, at(0)).await.unwrap();
    for n in 0..MAX_ISSUERS {
        let none = issuers
            .known(&format!("http://127.0.0.1:1/{n}"), at(1))
            .await;
        assert!(none.is_err());
    }
    // It gave way, so it is asked anew.
    issuers.known(&name, at(2)).await.unwrap();
    assert_eq!(doing.lock().unwrap().asked, 2);
}

#[tokio::test]
async fn a_code_is_traded_with_its_verifier_and_the_secret_goes_where_the_issuer_takes_it() {
    let (name, doing) = issuer().await;
    let pkce = Pkce::new([9; 32]);
    let (code, secret) = (SecretString::from("c/1"), SecretString::from("s+cret:&"));
    let trade = CodeTrade {
        client_id: "client 1",
        client_secret: Some(&secret),
        code: &code,
        verifier: pkce.verifier(),
        redirect_uri: "https://bulkhead.example/callback",
    };
    let by_body = asker();
    let known = by_body.known(&name, at(0)).await.unwrap();
    let token = by_body.trade(&known.provider, &trade).await.unwrap();
    assert_eq!(token.expose_secret(), "a.b.c");
    doing.lock().unwrap().basic_only = true;
    let by_header = asker();
    let known = by_header.known(&name, at(0)).await.unwrap();
    by_header.trade(&known.provider, &trade).await.unwrap();
    let public = CodeTrade {
        client_secret: None,
        ..trade
    };
    by_header.trade(&known.provider, &public).await.unwrap();
    let bad = SecretString::from("bad");
    let refused = by_header
        .trade(
            &known.provider,
            &CodeTrade {
                code: &bad,
                ..public
            },
        )
        .await;
    let why = refused.unwrap_err();
    assert!(
        matches!(&why, CodeError::Refused { status: 400, error } if error == "invalid_grant"),
        "{why}"
    );
    let trades = std::mem::take(&mut doing.lock().unwrap().trades);
    let [(plain, body), (basic, without), (none, public), _] = trades.as_slice() else {
        panic!("four trades");
    };
    assert!(plain.get("authorization").is_none());
    assert!(body.contains("client_secret=s%2Bcret%3A%26"), "{body}");
    assert!(body.contains("code=c%2F1&") && body.contains("grant_type=authorization_code"));
    let verifier = body
        .split('&')
        .find_map(|part| part.strip_prefix("code_verifier="));
    assert_eq!(challenge(verifier.unwrap()), pkce.challenge());
    // client%201:s%2Bcret%3A%26
    let expected = "Basic Y2xpZW50JTIwMTpzJTJCY3JldCUzQSUyNg==";
    assert_eq!(basic["authorization"], expected);
    assert!(!without.contains("client_secret"));
    assert!(none.get("authorization").is_none() && public.contains("client_id=client%201"));
}
