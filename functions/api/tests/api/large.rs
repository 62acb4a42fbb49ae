//! Answers that are too large to be sent, where the blob store serves others itself.

use std::{ops::Range, sync::Arc};

use api::{ApiOptions, ApiState};
use axum::{
    Router,
    body::Body,
    http::{Method, Request, Response},
};
use platform::{
    Blob, BlobError, BlobMeta, BlobPage, BlobPath, Blobs, Cursor, Platform, PutOptions,
    UploadRequest, UploadTicket,
};
use serde_json::Value;
use tower::ServiceExt;

use crate::house::House;

const LIMIT: u64 = 500;

/// Blobs that others can download from an address with their path in it.
struct Served(Arc<dyn Blobs>);

#[async_trait::async_trait]
impl Blobs for Served {
    async fn put(
        &self,
        path: &BlobPath,
        body: platform::Body,
        options: PutOptions,
    ) -> Result<BlobMeta, BlobError> {
        self.0.put(path, body, options).await
    }
    async fn get(&self, path: &BlobPath) -> Result<Blob, BlobError> {
        self.0.get(path).await
    }
    async fn get_range(&self, path: &BlobPath, range: Range<u64>) -> Result<Blob, BlobError> {
        self.0.get_range(path, range).await
    }
    async fn head(&self, path: &BlobPath) -> Result<Option<BlobMeta>, BlobError> {
        self.0.head(path).await
    }
    async fn delete(&self, path: &BlobPath) -> Result<(), BlobError> {
        self.0.delete(path).await
    }
    async fn list(
        &self,
        prefix: &str,
        limit: u32,
        cursor: Option<&Cursor>,
    ) -> Result<BlobPage, BlobError> {
        self.0.list(prefix, limit, cursor).await
    }
    async fn upload_url(
        &self,
        path: &BlobPath,
        request: &UploadRequest,
    ) -> Result<UploadTicket, BlobError> {
        self.0.upload_url(path, request).await
    }
    async fn download_url(
        &self,
        path: &BlobPath,
        expires_in_s: u64,
        file_name: Option<&str>,
    ) -> Result<Option<String>, BlobError> {
        assert!(expires_in_s <= 900);
        let name = file_name.unwrap_or_default();
        Ok(Some(format!("https://store.example/{path}?name={name}")))
    }
    async fn open_file(&self, path: &BlobPath) -> Result<Option<std::fs::File>, BlobError> {
        self.0.open_file(path).await
    }
}

async fn instance(platform: Platform) -> Router {
    let options = ApiOptions {
        max_answer_bytes: Some(LIMIT),
        ..ApiOptions::default()
    };
    let state = ApiState::open_with(platform, options).await.unwrap();
    api::router(state).0
}

async fn get(instance: &Router, path: &str, token: &str) -> Response<Body> {
    let request = Request::get(path)
        .header("authorization", format!("Bearer {token}"))
        .body(Body::empty())
        .unwrap();
    instance.clone().oneshot(request).await.unwrap()
}

async fn json(body: Body) -> Value {
    let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test]
async fn a_large_answer_is_had_by_its_address_where_the_store_serves_others() {
    let house = House::new().await;
    let token = house.admin().await;
    let (plain, mut served) = (house.platform.clone(), house.platform.clone());
    served.blobs = Arc::new(Served(Arc::clone(&plain.blobs)));
    let (plain, served) = (instance(plain).await, instance(served).await);
    let agents = "/api/v1/agents";

    let small = get(&served, agents, &token).await;
    assert_eq!(small.status(), 200);
    for n in 1..=5 {
        house.agent(n).await;
    }
    // Where nobody else is served, every answer is sent.
    let whole = get(&plain, agents, &token).await;
    assert_eq!(whole.status(), 200);
    let whole = json(whole.into_body()).await;
    assert!(whole.to_string().len() as u64 > LIMIT);

    let stored = get(&served, agents, &token).await;
    assert_eq!(stored.status(), 303);
    assert_eq!(stored.headers()["cache-control"], "no-store");
    let address = stored.headers()["location"].to_str().unwrap().to_owned();
    let rest = address.strip_prefix("https://store.example/").unwrap();
    let (path, query) = rest.split_once('?').unwrap();
    assert_eq!(query, "name=agents.json");
    let parts: Vec<&str> = path.split('/').collect();
    assert_eq!((parts[0], parts[2]), ("t", "exports"), "the tenant's own");
    let path: BlobPath = path.parse().unwrap();
    let blob = house.platform.blobs.get(&path).await.unwrap();
    let content = blob.body.collect(1 << 20).await.unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&content).unwrap(), whole);
    // Each has its own.
    let again = get(&served, agents, &token).await;
    assert_ne!(again.headers()["location"], address.as_str());

    // Neither errors, nor answers to anybody, nor to what changes something are stored.
    let refused = get(&served, "/api/v1/agents?limit=nothing", &token).await;
    assert!(refused.status().is_client_error());
    let open = get(&served, "/api/v1/openapi.json", "").await;
    assert_eq!(open.status(), 200);
    let head = Request::builder()
        .method(Method::HEAD)
        .uri(agents)
        .header("authorization", format!("Bearer {token}"))
        .body(Body::empty())
        .unwrap();
    let head = served.clone().oneshot(head).await.unwrap();
    assert_eq!(head.status(), 200);
}
