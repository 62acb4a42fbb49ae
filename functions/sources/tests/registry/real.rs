//! The distribution project's registry, where it is installed.

use at_hand::registry::Reserved;
use serde_json::json;
use sources::http::{Http, HttpOptions, HttpReply, HttpRequest};

use super::{
    fake::{LAYER, MANIFEST, app, debian, digest},
    names, scan,
};

const REPOSITORY: &str = "bulkhead/tests";

async fn send(method: &str, url: String, media: &str, body: &[u8]) -> Option<HttpReply> {
    let http = Http::new(&HttpOptions::default()).unwrap();
    let request = HttpRequest {
        method: method.to_owned(),
        url,
        headers: vec![("content-type".to_owned(), media.to_owned())],
        body: body.to_vec(),
    };
    http.send(request, 1 << 20).await.ok()
}

async fn push(address: &str, bytes: &[u8]) -> serde_json::Value {
    let uploads = format!("http://{address}/v2/{REPOSITORY}/blobs/uploads/");
    let begun = send("POST", uploads, "application/octet-stream", b"").await;
    let begun = begun.unwrap();
    let place = begun.header("location").unwrap();
    let url = format!("{place}&digest={}", digest(bytes));
    let done = send("PUT", url, "application/octet-stream", bytes).await;
    assert_eq!(done.unwrap().status, 201);
    json!({"mediaType": LAYER, "digest": digest(bytes), "size": bytes.len()})
}

#[tokio::test]
async fn an_image_of_a_real_registry_is_read() {
    let Some(at) = Reserved::find().unwrap() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let registry = at.start(folder.path(), None).unwrap();
    let address = registry.address();
    let layers = [debian(), app()];
    let config = json!({"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers",
        "diff_ids": layers.iter().map(|layer| digest(layer)).collect::<Vec<_>>()}});
    let mut pushed = Vec::new();
    for layer in &layers {
        pushed.push(push(address, layer).await);
    }
    let mut config = push(address, config.to_string().as_bytes()).await;
    config["mediaType"] = json!("application/vnd.oci.image.config.v1+json");
    let manifest =
        json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": pushed});
    let url = format!("http://{address}/v2/{REPOSITORY}/manifests/1");
    let stored = send("PUT", url, MANIFEST, manifest.to_string().as_bytes()).await;
    assert_eq!(stored.unwrap().status, 201);
    let image = scan(&format!("{address}/{REPOSITORY}:1")).await.unwrap();
    assert_eq!(names(&image), ["bash", "x"]);
    assert_eq!(image.verified().count(), 2);
}
