//! What is kept of a body before it is known who sends it, and what becomes of one that does not come whole.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::body::{Body, Bytes};
use axum::http::Request;
use futures::{StreamExt as _, channel::mpsc, stream};
use platform::{
    Page, SortRange,
    weather::{Forecast, Weather},
};
use schemas::api::Role;
use tower::ServiceExt as _;

use crate::house::House;

/// A body of 4 MiB, and how many KiB of it were taken.
fn large() -> (Body, Arc<AtomicUsize>) {
    let taken = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&taken);
    let parts = stream::repeat(()).take(4096).map(move |()| {
        count.fetch_add(1, Ordering::Relaxed);
        Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 1024]))
    });
    (Body::from_stream(parts), taken)
}

fn post(path: &str, token: &str) -> axum::http::request::Builder {
    Request::post(path)
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {token}"))
}

#[tokio::test]
async fn nothing_is_kept_of_the_body_of_who_may_not_send_it() {
    let house = House::new().await;
    let auditor = house.person("default", Role::Auditor).await;
    // A webhook's secret may be in a signature of its body, which is at most 1 MiB.
    let hook = "/webhooks/v1/harbor/r-00000000000000000000000000000000";
    for (path, token, status, most_kib) in [
        ("/api/v1/collections", "x.y.z", 401, 64),
        ("/api/v1/collections", auditor.as_str(), 403, 64),
        ("/api/v1/nothing", "x.y.z", 404, 64),
        ("/agent/v1/envelopes", "x.y.z", 401, 64),
        (hook, "x.y.z", 413, 1088),
    ] {
        let (body, taken) = large();
        let answer = house.send(post(path, token).body(body).unwrap()).await;
        assert_eq!(answer.status, status, "{path} {answer:?}");
        let taken = taken.load(Ordering::Relaxed);
        assert!(taken <= most_kib, "{path}: {taken} KiB");
    }
    // What is too large is not taken whole of those either who may send, nor kept for whoever asks for it once.
    let admin = house.admin().await;
    for key in [None, Some("k")] {
        let (body, taken) = large();
        let mut request = post("/api/v1/collections", &admin);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let answer = house.send(request.body(body).unwrap()).await;
        assert!(answer.is(413, "too-large"), "{answer:?}");
        let taken = taken.load(Ordering::Relaxed);
        assert!(taken <= 128, "{taken} KiB");
    }
    // A report is larger than other bodies.
    let body = Body::from(vec![b' '; 1 << 20]);
    let request = post("/api/v1/scans", &admin).header("idempotency-key", "k");
    let answer = house.send(request.body(body).unwrap()).await;
    assert!(answer.is(400, "bad-request"), "{answer:?}");
}

#[tokio::test]
async fn a_key_of_idempotency_unfolds_nothing_for_who_may_not_ask() {
    let house = House::new().await;
    let auditor = house.person("default", Role::Auditor).await;
    // 64 MiB of blanks, in a few KiB.
    let bomb = zstd::bulk::compress(&vec![b' '; 64 << 20], 1).unwrap();
    let request = post("/api/v1/collections", &auditor)
        .header("idempotency-key", "k")
        .header("content-encoding", "zstd")
        .body(Body::from(bomb.clone()));
    let refused = house.send(request.unwrap()).await;
    assert!(refused.is(403, "forbidden"), "{refused:?}");
    let admin = house.admin().await;
    let request = post("/api/v1/collections", &admin)
        .header("idempotency-key", "k")
        .header("content-encoding", "zstd")
        .body(Body::from(bomb));
    let refused = house.send(request.unwrap()).await;
    assert!(refused.is(413, "too-large"), "{refused:?}");
}

#[tokio::test]
async fn half_a_body_ends_with_who_sent_it() {
    let house = House::new().await;
    let admin = house.admin().await;
    let (mut send, parts) = mpsc::channel::<Result<Bytes, std::io::Error>>(1);
    send.try_send(Ok(Bytes::from_static(b"{\"name\": ")))
        .unwrap();
    let request = post("/api/v1/collections", &admin).body(Body::from_stream(parts));
    let asked = house.router.clone().oneshot(request.unwrap());
    let asked = tokio::time::timeout(Duration::from_millis(200), asked).await;
    assert!(asked.is_err(), "it waits for the rest");
    // The caller is gone: nobody holds the other end any more, nor is anything made of it.
    let gone = futures::future::poll_fn(|context| match send.poll_ready(context) {
        std::task::Poll::Ready(Err(error)) => std::task::Poll::Ready(error.is_disconnected()),
        std::task::Poll::Ready(Ok(())) => {
            let _ = send.try_send(Ok(Bytes::from_static(b" ")));
            context.waker().wake_by_ref();
            std::task::Poll::Pending
        }
        std::task::Poll::Pending => std::task::Poll::Pending,
    });
    assert!(
        tokio::time::timeout(Duration::from_secs(20), gone)
            .await
            .unwrap()
    );
}

/// How many enrolment tokens there are.
async fn tokens(house: &House) -> usize {
    let page = Page::first(100);
    let found = &house.platform.table;
    let found = found.query("t/default/enrolment-tokens", &SortRange::All, &page);
    found.await.unwrap().items.len()
}

#[tokio::test]
async fn what_may_have_been_done_is_not_done_again_whatever_failed() {
    let house = House::new().await;
    let admin = house.admin().await;
    let (mut times_failed, mut times_told) = (0, 0);
    for seed in 0..16 {
        let before = tokens(&house).await;
        let forecast = Forecast {
            throttled: 40,
            lost_acks: 80,
            ..Forecast::clear(seed)
        };
        let stormy = Weather::over(house.platform.clone(), forecast);
        let options = api::ApiOptions::default();
        let Ok(state) = api::ApiState::open_with(stormy, options).await else {
            continue;
        };
        let stormy = api::router(state).0;
        for _ in 0..4 {
            let request = post("/api/v1/enrolment-tokens", &admin)
                .header("idempotency-key", format!("k-{seed}"));
            let request = request.body(Body::from("{}")).unwrap();
            let answer = stormy.clone().oneshot(request).await.unwrap();
            times_failed += usize::from(answer.status().is_server_error());
        }
        // Whoever asks again when all is well is not told that it is being done, when nobody does it.
        let request =
            post("/api/v1/enrolment-tokens", &admin).header("idempotency-key", format!("k-{seed}"));
        let answer = house.send(request.body(Body::from("{}")).unwrap()).await;
        if answer.is(409, "idempotency-key-busy") && !answer.headers.contains_key("retry-after") {
            let detail = answer.body["detail"].as_str().unwrap();
            assert!(detail.contains("failed, so that it may be done or not"));
            times_told += 1;
        }
        let after = tokens(&house).await;
        assert!(
            after <= before + 1,
            "seed {seed}: made {} times",
            after - before
        );
    }
    assert!(times_failed > 0 && times_told > 0, "nothing failed");
}
