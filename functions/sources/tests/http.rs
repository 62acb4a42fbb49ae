//! Requests that must not be sent.

use sources::http::{Http, HttpError, HttpOptions, HttpRequest};

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
