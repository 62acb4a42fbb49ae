//! Requests that must not be sent.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{Router, extract::State, response::Redirect, routing::get};
use sources::http::{Guard, Http, HttpError, HttpOptions, HttpRequest};

#[tokio::test]
async fn plain_http_to_elsewhere_is_refused_before_anything_is_sent() {
    let http = Http::new(&HttpOptions::default()).unwrap();
    let request = |url: &str| HttpRequest {
        method: "GET".to_owned(),
        url: url.to_owned(),
        ..HttpRequest::default()
    };
    let plain = http.send(request("http://192.0.2.1/"), 10).await;
    assert!(
        matches!(plain, Err(HttpError::NotEncrypted(_))),
        "{plain:?}"
    );
    let file = http.send(request("file:///etc/passwd"), 10).await;
    assert!(matches!(file, Err(HttpError::Address(_))), "{file:?}");
}

/// A server on two addresses of this machine: `/to` sends on to the second, `/back` to the first.
async fn servers() -> (String, String, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let first = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = first.local_addr().unwrap().port();
    let second = tokio::net::TcpListener::bind(("127.0.0.2", port))
        .await
        .unwrap();
    let of = |host: &str| format!("http://{host}:{port}");
    let (to, back) = (of("127.0.0.2"), of("127.0.0.1"));
    let router = Router::new()
        .route("/to", get(async move || Redirect::temporary(&to)))
        .route("/back", get(async move || Redirect::temporary(&back)));
    tokio::spawn(async { axum::serve(first, router.fallback(async || "first")).await });
    let count = async |State(asked): State<Arc<AtomicUsize>>| {
        asked.fetch_add(1, Ordering::SeqCst);
        "second"
    };
    let router = Router::new().fallback(count).with_state(Arc::clone(&asked));
    tokio::spawn(async { axum::serve(second, router).await });
    (of("127.0.0.1"), of("127.0.0.2"), asked)
}

#[tokio::test]
async fn a_guard_judges_redirects_and_what_names_lead_to() {
    let (first, second, asked) = servers().await;
    let http = |networks: &str| {
        Http::new(&HttpOptions {
            guard: Some(Guard::of_list(networks).unwrap()),
            allow_http: true,
            ..HttpOptions::default()
        })
        .unwrap()
    };
    let one = http("127.0.0.1/32");
    assert_eq!(one.get(&first, &[]).await.unwrap().status(), 200);
    assert_eq!(
        one.get(&format!("{first}/back"), &[])
            .await
            .unwrap()
            .status(),
        200
    );
    for url in [second.clone(), format!("{first}/to")] {
        let refused = one.get(&url, &[]).await;
        assert!(
            matches!(refused, Err(HttpError::Internal(_))),
            "{refused:?}"
        );
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    // A name is judged by what it leads to when it is asked: none says `internal` here.
    let port = first.rsplit_once(':').unwrap().1;
    let name = format!("http://localhost:{port}/");
    assert_eq!(one.get(&name, &[]).await.unwrap().status(), 200);
    for guard in ["10.0.0.0/8", ""] {
        let refused = http(guard).get(&name, &[]).await;
        assert!(
            matches!(refused, Err(HttpError::Internal(_))),
            "{refused:?}"
        );
    }
    let both = http("127.0.0.0/8");
    assert_eq!(
        both.get(&format!("{first}/to"), &[])
            .await
            .unwrap()
            .status(),
        200
    );
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}
