//! What each caller may do, what may come from an address of those who are not known, and what is told of it.

use std::{net::IpAddr, task::Poll};

use api::{ApiOptions, ApiState, Peer, Rate};
use axum::{
    BoxError, Router,
    body::{Body, Bytes},
    http::{HeaderMap, Request},
    response::Response,
};
use futures::{StreamExt as _, stream};
use schemas::api::Role;
use serde_json::json;
use tokio::sync::oneshot;
use tower::ServiceExt;

use crate::house::House;

async fn instance(house: &House, options: ApiOptions) -> Router {
    let state = ApiState::open_with(house.platform.clone(), options).await;
    api::router(state.unwrap()).0
}

/// Status and headers of an answer to `GET`.
async fn get(
    instance: &Router,
    path: &str,
    from: Option<&str>,
    token: Option<&str>,
) -> (u16, HeaderMap) {
    let mut request = Request::get(path);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let mut request = request.body(Body::empty()).unwrap();
    if let Some(from) = from {
        let address: IpAddr = from.parse().unwrap();
        request.extensions_mut().insert(Peer(address));
    }
    let response = instance.clone().oneshot(request).await.unwrap();
    (response.status().as_u16(), response.headers().clone())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn a_caller_that_runs_wild_is_stopped_and_its_tenant_is_not() {
    let house = House::new().await;
    let admin = house.admin().await;
    let other = house.person("default", Role::Auditor).await;
    let instance = instance(
        &house,
        ApiOptions {
            tenant_rate: Some(Rate {
                per_s: 8,
                burst: 16,
            }),
            caller_rate: Some(Rate { per_s: 2, burst: 4 }),
            ..ApiOptions::default()
        },
    )
    .await;
    for left in (0..4).rev() {
        let (status, headers) = get(&instance, "/api/v1/agents", None, Some(&admin)).await;
        assert_eq!(status, 200);
        let full_in_s = (4 - left + 1) / 2;
        assert_eq!(
            text(&headers, "ratelimit"),
            format!("\"caller\";r={left};t={full_in_s}")
        );
        assert_eq!(
            text(&headers, "ratelimit-policy"),
            "\"caller\";q=4;w=2, \"tenant\";q=16;w=2"
        );
    }
    let (status, headers) = get(&instance, "/api/v1/agents", None, Some(&admin)).await;
    assert_eq!((status, text(&headers, "retry-after")), (429, "1"));
    assert_eq!(text(&headers, "ratelimit"), "\"caller\";r=0;t=2");
    let (status, headers) = get(&instance, "/api/v1/agents", None, Some(&other)).await;
    assert_eq!(status, 200, "somebody else of the tenant");
    assert_eq!(text(&headers, "ratelimit"), "\"caller\";r=3;t=1");
    house.clock.advance_ms(499);
    let (status, _) = get(&instance, "/api/v1/agents", None, Some(&admin)).await;
    assert_eq!(status, 429);
    house.clock.advance_ms(1);
    let (status, _) = get(&instance, "/api/v1/agents", None, Some(&admin)).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn the_tighter_of_both_quotas_is_told() {
    let house = House::new().await;
    let admin = house.admin().await;
    let instance = instance(
        &house,
        ApiOptions {
            tenant_rate: Some(Rate {
                per_s: 2,
                burst: 16,
            }),
            caller_rate: Some(Rate {
                per_s: 10,
                burst: 100,
            }),
            ..ApiOptions::default()
        },
    )
    .await;
    for left in (0..16).rev() {
        let (status, headers) = get(&instance, "/api/v1/agents", None, Some(&admin)).await;
        assert_eq!(status, 200);
        let full_in_s = (16 - left + 1) / 2;
        assert_eq!(
            text(&headers, "ratelimit"),
            format!("\"tenant\";r={left};t={full_in_s}")
        );
    }
    let (status, headers) = get(&instance, "/api/v1/agents", None, Some(&admin)).await;
    assert_eq!((status, text(&headers, "retry-after")), (429, "1"));
    assert_eq!(text(&headers, "ratelimit"), "\"tenant\";r=0;t=8");
    let (_, headers) = get(&instance, "/version", None, None).await;
    assert_eq!(text(&headers, "ratelimit"), "", "nobody's");
}

#[tokio::test]
async fn strangers_of_one_address_are_stopped_and_nobody_else() {
    let house = House::new().await;
    let admin = house.admin().await;
    let instance = instance(
        &house,
        ApiOptions {
            address_rate: Some(Rate { per_s: 1, burst: 3 }),
            ..ApiOptions::default()
        },
    )
    .await;
    let (eager, other) = (Some("192.0.2.1"), Some("192.0.2.2"));
    for _ in 0..3 {
        assert_eq!(get(&instance, "/version", eager, None).await.0, 200);
    }
    let (status, headers) = get(&instance, "/version", eager, None).await;
    assert_eq!((status, text(&headers, "retry-after")), (429, "1"));
    assert_eq!(text(&headers, "ratelimit"), "\"address\";r=0;t=3");
    // No password is looked at, whatever else is shown.
    let sign_in = json!({"login": "admin", "password": crate::house::PASSWORD});
    let mut request = Request::post("/api/v1/session")
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {admin}"))
        .body(Body::from(sign_in.to_string()))
        .unwrap();
    let address: IpAddr = "192.0.2.1".parse().unwrap();
    request.extensions_mut().insert(Peer(address));
    let answer = instance.clone().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    // What shows nobody is a stranger's, and is not told why any more.
    for path in ["/api/v1/agents", "/agent/v1/bundle"] {
        let guessed = get(&instance, path, eager, Some("x.y.z")).await;
        assert_eq!(guessed.0, 429, "{path}");
    }
    assert_eq!(
        get(&instance, "/api/v1/agents", eager, Some(&admin))
            .await
            .0,
        200,
        "who is known is not stopped by neighbours"
    );
    assert_eq!(get(&instance, "/version", other, None).await.0, 200);
    assert_eq!(get(&instance, "/healthz", eager, None).await.0, 200);
    assert_eq!(get(&instance, "/version", None, None).await.0, 200);
    for _ in 0..9 {
        let local = get(&instance, "/version", Some("127.0.0.1"), None).await;
        assert_eq!(local.0, 200, "this machine's own");
    }
    house.clock.advance_ms(1000);
    assert_eq!(get(&instance, "/version", eager, None).await.0, 200);
    assert_eq!(get(&instance, "/version", eager, None).await.0, 429);

    // Guesses count, too.
    for _ in 0..2 {
        let guessed = get(&instance, "/api/v1/agents", other, Some("x.y.z")).await;
        assert_eq!(guessed.0, 401);
    }
    let guessed = get(&instance, "/api/v1/agents", other, Some("x.y.z")).await;
    assert_eq!(guessed.0, 401, "one came anew meanwhile");
    assert_eq!(
        get(&instance, "/api/v1/agents", other, Some("x.y.z"))
            .await
            .0,
        429
    );
}

/// A body that begins, and then has this error.
fn broken(error: impl Into<BoxError>) -> Body {
    let begun = Ok(Bytes::from_static(b"{"));
    Body::from_stream(stream::iter([begun, Err(error.into())]))
}

/// A body that begins and never ends: it says when it is waited for, and when nobody does any more.
fn endless() -> (Body, oneshot::Receiver<()>, oneshot::Receiver<()>) {
    let (waits, awaited) = oneshot::channel();
    let (held, dropped) = oneshot::channel();
    let mut waits = Some(waits);
    let rest = stream::poll_fn(move |_| {
        let _ = &held;
        if let Some(waits) = waits.take() {
            let _ = waits.send(());
        }
        Poll::<Option<Result<Bytes, std::io::Error>>>::Pending
    });
    let begun = stream::iter([Ok(Bytes::from_static(b"{"))]);
    (Body::from_stream(begun.chain(rest)), awaited, dropped)
}

/// Sends a request, and leaves when its body is waited for.
async fn leave(answer: impl Future<Output = Response>, awaited: oneshot::Receiver<()>) {
    tokio::select! {
        answer = answer => panic!("{answer:?}"),
        waits = awaited => waits.unwrap(),
    }
}

#[tokio::test]
async fn bodies_that_do_not_come_whole_count_for_the_address_of_who_is_not_known() {
    let house = House::new().await;
    let admin = house.admin().await;
    let instance = instance(
        &house,
        ApiOptions {
            address_rate: Some(Rate { per_s: 1, burst: 4 }),
            ..ApiOptions::default()
        },
    )
    .await;
    let from: IpAddr = "192.0.2.1".parse().unwrap();
    let post = |path: &str, token: Option<&str>, body: Body| {
        let mut request = Request::post(path).header("content-type", "application/json");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let mut request = request.body(body).unwrap();
        request.extensions_mut().insert(Peer(from));
        let answer = instance.clone().oneshot(request);
        async { answer.await.unwrap() }
    };
    let hook = "/webhooks/v1/distribution/x";
    let lost = || std::io::Error::other("lost");
    // Of who is known nothing counts.
    let ours = "/api/v1/collections";
    for _ in 0..5 {
        let answer = post(ours, Some(&admin), broken(api::TooSlow)).await;
        assert_eq!(answer.status(), 408);
        let (body, awaited, dropped) = endless();
        leave(post(ours, Some(&admin), body), awaited).await;
        assert!(dropped.await.is_err());
    }
    let answer = post(hook, None, broken(api::TooSlow)).await;
    assert_eq!(answer.status(), 408);
    let answer = post(hook, None, broken(lost())).await;
    assert_eq!(answer.status(), 400);
    let large = Body::from(vec![b' '; (1 << 20) + 1]);
    assert_eq!(post(hook, None, large).await.status(), 413);
    let (body, awaited, dropped) = endless();
    leave(post(hook, None, body), awaited).await;
    assert!(dropped.await.is_err());
    let refused = get(&instance, "/version", Some("192.0.2.1"), None).await;
    assert_eq!(refused.0, 429);
    let other = get(&instance, "/version", Some("192.0.2.2"), None).await;
    assert_eq!(other.0, 200);
}
