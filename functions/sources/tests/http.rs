//! Downloads against a real HTTP server.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use axum::{
    Router,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect},
    routing::get,
};
use sources::{
    feeds::{FeedDocument, download},
    http::{Download, Http, HttpError, HttpOptions, HttpRequest, Validators},
};

async fn versioned(headers: HeaderMap) -> impl IntoResponse {
    if headers
        .get("if-none-match")
        .is_some_and(|etag| etag == "\"1\"")
    {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    ([("etag", "\"1\"")], "document").into_response()
}

async fn server() -> String {
    let router = Router::new()
        .route("/versioned", get(versioned))
        .route("/large", get(|| async { "x".repeat(100_000) }))
        .route("/busy", get(|| async { StatusCode::TOO_MANY_REQUESTS }))
        .route(
            "/away",
            get(|| async { Redirect::temporary("http://example.invalid/") }),
        );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

#[tokio::test]
async fn a_document_is_downloaded_once_and_asked_for_by_its_version_after() {
    let (server, folder) = (server().await, tempfile::tempdir().unwrap());
    let http = Http::new(&HttpOptions::default()).unwrap();
    let document = FeedDocument {
        name: "d.json".to_owned(),
        url: format!("{server}/versioned"),
    };
    let (file, first) = download(&http, &document, &Validators::default(), folder.path())
        .await
        .unwrap();
    let Download::Stored {
        size_bytes: 8,
        validators,
    } = first
    else {
        panic!("{first:?}")
    };
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "document");
    let (_, second) = download(&http, &document, &validators, folder.path())
        .await
        .unwrap();
    assert_eq!(second, Download::NotModified);
    std::fs::remove_file(&file).unwrap();
    let (_, third) = download(&http, &document, &validators, folder.path())
        .await
        .unwrap();
    assert!(
        matches!(third, Download::Stored { .. }),
        "the file is gone: it is fetched again"
    );
}

#[tokio::test]
async fn what_is_too_large_refused_or_failing_leaves_the_old_document_alone() {
    let (server, folder) = (server().await, tempfile::tempdir().unwrap());
    let http = Http::new(&HttpOptions::default()).unwrap();
    let file = folder.path().join("d");
    std::fs::write(&file, "old").unwrap();
    let nothing = Validators::default();
    let large = http
        .download(&format!("{server}/large"), &nothing, &file, 1_000)
        .await;
    assert!(
        matches!(large, Err(HttpError::TooLarge { .. })),
        "{large:?}"
    );
    let busy = http
        .download(&format!("{server}/busy"), &nothing, &file, 1_000)
        .await;
    assert!(
        matches!(busy, Err(HttpError::Status { status: 429, .. })),
        "{busy:?}"
    );
    let away = http
        .download(&format!("{server}/away"), &nothing, &file, 1_000)
        .await;
    assert!(
        matches!(away, Err(HttpError::Unreachable { .. })),
        "{away:?}"
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "old");
}

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
