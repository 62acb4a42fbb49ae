//! Changes under way: one caller cannot take what all need.

use std::{
    net::IpAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use api::Peer;
use axum::{
    body::{Body, Bytes},
    http::{Method, Request},
};
use futures::{StreamExt, stream::FuturesUnordered};
use schemas::api::Role;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};
use tower::ServiceExt;

use crate::house::{Answer, House, PASSWORD};

const COLLECTIONS: &str = "/api/v1/collections";

/// A body that has a beginning and never an end. It counts who waits for more of it.
struct Endless {
    has_begun: bool,
    awaited: Arc<AtomicUsize>,
    is_awaited: bool,
}

impl futures::Stream for Endless {
    type Item = Result<Bytes, std::io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if !self.has_begun {
            self.has_begun = true;
            return Poll::Ready(Some(Ok(Bytes::from_static(b"{"))));
        }
        if !self.is_awaited {
            self.is_awaited = true;
            self.awaited.fetch_add(1, Ordering::SeqCst);
        }
        Poll::Pending
    }
}

/// Requests under way whose bodies do not end.
#[derive(Default)]
struct Held {
    requests: JoinSet<()>,
    awaited: Arc<AtomicUsize>,
}

impl Held {
    /// Sends some more, and waits until each of them is waited for.
    async fn more(&mut self, house: &House, count: usize, request: impl Fn(Body) -> Request<Body>) {
        let wanted = self.awaited.load(Ordering::SeqCst) + count;
        for _ in 0..count {
            let body = Endless {
                has_begun: false,
                awaited: Arc::clone(&self.awaited),
                is_awaited: false,
            };
            let (router, request) = (house.router.clone(), request(Body::from_stream(body)));
            self.requests.spawn(async move {
                let answer = router.oneshot(request).await.unwrap();
                panic!("answered {}", answer.status());
            });
        }
        while self.awaited.load(Ordering::SeqCst) < wanted {
            assert!(self.requests.try_join_next().is_none(), "one was answered");
            tokio::task::yield_now().await;
        }
    }
}

fn post(path: &str, token: Option<&str>, from: Option<&str>, body: Body) -> Request<Body> {
    let mut request = Request::post(path).header("content-type", "application/json");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let mut request = request.body(body).unwrap();
    if let Some(from) = from {
        let address: IpAddr = from.parse().unwrap();
        request.extensions_mut().insert(Peer(address));
    }
    request
}

async fn send(
    house: &House,
    path: &str,
    token: Option<&str>,
    from: Option<&str>,
    body: Value,
) -> Answer {
    let body = Body::from(body.to_string());
    house.send(post(path, token, from, body)).await
}

async fn key(house: &House, admin: &str) -> String {
    let wish = json!({"roles": [{"role": "admin"}]});
    let made = send(house, "/api/v1/api-keys", Some(admin), None, wish).await;
    made.body["key"].as_str().unwrap().to_owned()
}

fn wish(name: &str) -> Value {
    json!({"name": name, "parts": {"hosts": ["ours-*"]}})
}

fn is_told_to_wait(answer: &Answer, kind: &str) -> bool {
    let status = if kind == "unavailable" { 503 } else { 429 };
    answer.is(status, kind) && answer.headers["retry-after"] == "1"
}

#[tokio::test]
async fn one_caller_holds_up_nobody_else_and_one_tenant_no_other() {
    let house = House::new().await;
    let admin = house.admin().await;
    let foreign = house.person("other", Role::Admin).await;
    let keys = [
        key(&house, &admin).await,
        key(&house, &admin).await,
        key(&house, &admin).await,
        key(&house, &admin).await,
    ];
    let mut held = Held::default();
    let begin = |token: &str| {
        let token = token.to_owned();
        move |body| post(COLLECTIONS, Some(&token), None, body)
    };
    held.more(&house, 32, begin(&keys[0])).await;
    let refused = send(&house, COLLECTIONS, Some(&keys[0]), None, wish("a")).await;
    assert!(
        is_told_to_wait(&refused, "too-many-requests"),
        "{refused:?}"
    );
    let detail = refused.body["detail"].as_str().unwrap();
    assert!(detail.contains("32") && detail.contains("send it again"));
    let read = house.get(COLLECTIONS, &keys[0]).await;
    assert_eq!(read.status, 200, "what changes nothing is not counted");
    let made = send(&house, COLLECTIONS, Some(&admin), None, wish("b")).await;
    assert_eq!(made.status, 201, "{made:?}");

    for key in &keys[1..] {
        held.more(&house, 32, begin(key)).await;
    }
    let refused = send(&house, COLLECTIONS, Some(&admin), None, wish("c")).await;
    assert!(
        is_told_to_wait(&refused, "too-many-requests"),
        "{refused:?}"
    );
    assert!(refused.body["detail"].as_str().unwrap().contains("tenant"));
    let made = send(&house, COLLECTIONS, Some(&foreign), None, wish("d")).await;
    assert_eq!(made.status, 201, "{made:?}");
    let session = house.sign_in("default", "admin", PASSWORD).await;
    assert_eq!(session.status, 200, "{session:?}");

    // Who leaves before all was sent gives everything back.
    held.requests.shutdown().await;
    house.state.settled().await;
    let made = send(&house, COLLECTIONS, Some(&keys[0]), None, wish("e")).await;
    assert_eq!(made.status, 201, "{made:?}");
}

#[tokio::test]
async fn strangers_whose_bodies_do_not_end_hold_up_nobody() {
    let house = House::new().await;
    let admin = house.admin().await;
    let agent = house.agent(1).await;
    let sign_in = json!({"login": "admin", "password": PASSWORD});
    let path = "/api/v1/session";
    let mut held = Held::default();
    let from = |address: &'static str| move |body| post(path, None, Some(address), body);
    held.more(&house, 100, from("2001:db8::1")).await;
    held.more(&house, 200, |body| post(path, None, None, body))
        .await;
    // Not even those of the same network.
    for address in ["2001:db8::2", "192.0.2.1"] {
        let session = send(&house, path, None, Some(address), sign_in.clone()).await;
        assert_eq!(session.status, 200, "{session:?}");
    }
    let from = Some("2001:db8::1");
    let made = send(&house, COLLECTIONS, Some(&admin), from, wish("a")).await;
    assert_eq!(made.status, 201, "{made:?}");
    let asked = json!({"layers": []});
    let asked = agent.call(&house, "POST", "/agent/v1/layers/missing", &asked);
    assert_eq!(asked.await.status, 200);
}

/// A registry with a webhook: the path for `distribution`, and the secret.
async fn webhook(house: &House, admin: &str) -> (String, String) {
    let settings = json!({"name": "Ours", "kind": "harbor", "address": "registry.example.org",
        "scope": {"repositories": ["*"], "tags": ["*"]}, "every_hours": 6});
    let body = json!({"settings": settings});
    let made = send(house, "/api/v1/registries", Some(admin), None, body).await;
    let id = made.body["id"].as_str().unwrap();
    let path = format!("/api/v1/registries/{id}/webhook-secret");
    let made = send(house, &path, Some(admin), None, json!({})).await;
    let text = |name: &str| made.body[name].as_str().unwrap().to_owned();
    (
        text("path").replace("FORMAT", "distribution"),
        text("secret"),
    )
}

#[tokio::test]
async fn deliveries_that_do_not_end_hold_up_neither_other_networks_nor_other_registries() {
    let house = House::new().await;
    let admin = house.admin().await;
    let foreign = house.person("other", Role::Admin).await;
    let (ours, secret) = webhook(&house, &admin).await;
    let (theirs, of_theirs) = webhook(&house, &foreign).await;
    let event = json!({"events": [{"id": "1", "action": "push", "target": {"repository": "app", "tag": "1"}}]});
    let deliver = async |path: &str, secret: &str, from: &str| {
        let body = Body::from(event.to_string());
        house.send(post(path, Some(secret), Some(from), body)).await
    };
    let mut held = Held::default();
    // Two networks, with as many as there are turns of webhooks, that name nothing: most are refused at once.
    let astray = "/webhooks/v1/distribution/x";
    for network in ["192.0.2.1", "192.0.2.2"] {
        held.more(&house, 16, |body| post(astray, None, Some(network), body))
            .await;
        for _ in 16..64 {
            let refused = deliver(astray, "", network).await;
            assert!(
                is_told_to_wait(&refused, "too-many-requests"),
                "{refused:?}"
            );
        }
    }
    for network in ["192.0.2.1", "192.0.2.3", "192.0.2.4"] {
        let taken = deliver(&ours, &secret, network).await;
        assert_eq!(taken.status, 202, "{network} {taken:?}");
    }
    for n in 5..11 {
        let network = format!("192.0.2.{n}");
        held.more(&house, 16, |body| post(astray, None, Some(&network), body))
            .await;
    }
    let refused = deliver(astray, "", "192.0.2.20").await;
    assert!(is_told_to_wait(&refused, "unavailable"), "{refused:?}");
    let taken = deliver(&ours, &secret, "192.0.2.20").await;
    assert_eq!(taken.status, 202, "{taken:?}");

    // Whoever knows the address of a webhook, and no secret, holds up that one.
    for network in ["192.0.2.21", "192.0.2.22"] {
        held.more(&house, 16, |body| post(&ours, None, Some(network), body))
            .await;
    }
    let refused = deliver(&ours, &secret, "192.0.2.23").await;
    assert!(
        is_told_to_wait(&refused, "too-many-requests"),
        "{refused:?}"
    );
    let taken = deliver(&theirs, &of_theirs, "192.0.2.23").await;
    assert_eq!(taken.status, 202, "{taken:?}");
}

#[tokio::test]
async fn who_only_names_an_agent_is_not_waited_for() {
    let house = House::new().await;
    let agent = house.agent(1).await;
    let other = house.agent(2).await;
    let path = "/agent/v1/envelopes";
    let signed = agent.request(&house, "POST", path, b"whatever");
    let token = signed.headers()["authorization"].to_str().unwrap();
    let endless = |token: &str, body| {
        let mut request = post(path, None, Some("192.0.2.1"), body);
        let headers = request.headers_mut();
        headers.insert("authorization", token.parse().unwrap());
        request
    };
    let pending = || {
        let awaited = Arc::default();
        Body::from_stream(Endless {
            has_begun: false,
            awaited,
            is_awaited: false,
        })
    };
    // The signature is another agent's, or nobody's.
    let (head, _) = token.rsplit_once('.').unwrap();
    let of_other = other.request(&house, "POST", path, b"whatever");
    let of_other = of_other.headers()["authorization"].to_str().unwrap();
    let (_, signature) = of_other.rsplit_once('.').unwrap();
    let forged = format!("{head}.{signature}");
    let refused = house.send(endless(&forged, pending())).await;
    assert!(refused.is(401, "bad-signature"), "{refused:?}");
    let refused = house.send(endless("Bulkhead-Agent x", pending())).await;
    assert!(refused.is(401, "unsigned-request"), "{refused:?}");

    // What it has signed takes its own turns.
    let mut held = Held::default();
    held.more(&house, 32, |body| endless(token, body)).await;
    let refused = house.send(endless(token, pending())).await;
    assert!(
        is_told_to_wait(&refused, "too-many-requests"),
        "{refused:?}"
    );
    let asked = json!({"layers": []});
    let asked = other.call(&house, "POST", "/agent/v1/layers/missing", &asked);
    assert_eq!(asked.await.status, 200);
    // Another body than what was signed is refused when it came.
    held.requests.shutdown().await;
    house.state.settled().await;
    let refused = house.send(endless(token, Body::from("other"))).await;
    assert!(refused.is(401, "request-mismatch"), "{refused:?}");
}

#[tokio::test]
async fn whoever_leaves_a_try_ends_it() {
    let house = House::new().await.asking_this_machine().await;
    let admin = house.admin().await;
    // What takes requests and answers none.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let target = json!({"kind": "webhook", "url": format!("http://{address}/hook")});
    let channel =
        json!({"name": "silent", "target": target, "wants": {"events": ["findings.new"]}});
    let channels = "/api/v1/notifications/channels";
    let made = send(&house, channels, Some(&admin), None, channel).await;
    assert_eq!(made.status, 201, "{made:?}");
    let id = made.body["channel"]["id"].as_str().unwrap();
    let path = format!("{channels}/{id}/test");
    let tries: FuturesUnordered<_> = (0..32)
        .map(|_| house.ask(Method::POST, &path, Some(&admin), None))
        .collect();
    let mut tries = Box::pin(tries);
    let mut connections = Vec::new();
    while connections.len() < 32 {
        tokio::select! {
            answer = tries.next() => panic!("{answer:?}"),
            accepted = silent.accept() => connections.push(accepted.unwrap()),
        }
    }
    let refused = send(&house, COLLECTIONS, Some(&admin), None, wish("a")).await;
    assert!(
        is_told_to_wait(&refused, "too-many-requests"),
        "{refused:?}"
    );
    // Nothing of them is left, whatever comes of what they asked.
    drop(tries);
    let made = send(&house, COLLECTIONS, Some(&admin), None, wish("b")).await;
    assert_eq!(made.status, 201, "{made:?}");
    let path = "/api/v1/audit?operation=test_channel";
    let told = house.get(path, &admin).await;
    assert_eq!(told.body["entries"].as_array().unwrap().len(), 32);
}
