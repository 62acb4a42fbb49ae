//! Whether the service can work, and which version it is.

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    http::{Method, Request},
};
use platform::weather::{Forecast, Weather};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::house::House;

#[tokio::test]
async fn a_part_that_does_not_answer_is_named() {
    let house = House::new().await;
    let throttled = Forecast {
        throttled: 1000,
        ..Forecast::clear(1)
    };
    let stormy = Weather::over(house.platform.clone(), throttled);
    for part in ["table", "blobs", "queue"] {
        let mut platform = house.platform.clone();
        match part {
            "table" => platform.table = Arc::clone(&stormy.table),
            "blobs" => platform.blobs = Arc::clone(&stormy.blobs),
            _ => platform.queue = Arc::clone(&stormy.queue),
        }
        let (_, router) = api::open(platform).await.unwrap();
        let request = Request::get("/readyz").body(Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        assert_eq!(response.status(), 503, "{part}");
        let body = to_bytes(response.into_body(), 1 << 16).await.unwrap();
        let ready: Value = serde_json::from_slice(&body).unwrap();
        let silent: Vec<&str> = ready["parts"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|part| part["answers"] == false)
            .map(|part| part["name"].as_str().unwrap())
            .collect();
        assert_eq!(silent, [part]);
        assert_eq!(ready["ready"], false);
    }
}

#[tokio::test]
async fn the_version_says_what_is_spoken_and_what_it_stands_on() {
    let house = House::new().await;
    let version = house.ask(Method::GET, "/version", None, None).await;
    assert_eq!(version.status, 200);
    assert_eq!(version.body["platform"], "embedded");
    assert_eq!(version.body["api"], "v1");
    assert_eq!(version.body["schemas"]["envelope"], 1);
    let counted = house.state.requests().all();
    let (answered, count) = counted.first_key_value().unwrap();
    assert_eq!(
        (answered.method, answered.path.as_str(), answered.status),
        ("GET", "/version", 200)
    );
    assert_eq!(count.requests, 1);
}
