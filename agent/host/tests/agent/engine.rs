//! A Docker Engine with an image store of its own: it names its one image by manifest, as newer engines do.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use schemas::Digest;

#[derive(Clone)]
pub(crate) struct Engine {
    pub(crate) address: String,
    pub(crate) config: Digest,
    pub(crate) layer: Digest,
    pub(crate) exports: Arc<AtomicUsize>,
    pub(crate) archive: Arc<Vec<u8>>,
    /// Whether exports end in the middle.
    pub(crate) breaks_off: bool,
}

fn digest(bytes: &[u8]) -> Digest {
    Digest::from_sha256(&access::keys::sha256(bytes))
}

/// What the engine names the image by.
pub(crate) fn manifest() -> Digest {
    digest(b"manifest")
}

fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, path, *bytes).unwrap();
    }
    archive.into_inner().unwrap()
}

impl Engine {
    pub(crate) async fn start(breaks_off: bool) -> Self {
        let layer = tar(&[
            ("etc/os-release", b"ID=debian\nVERSION_ID=\"12\"\n"),
            (
                "var/lib/dpkg/status",
                b"Package: zlib1g\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:1.2.13.dfsg-1\nDescription: x\n\n",
            ),
        ]);
        let diff_id = digest(&layer);
        let config = serde_json::to_vec(&serde_json::json!({
            "os": "linux", "architecture": "amd64", "config": {"User": "app"},
            "rootfs": {"type": "layers", "diff_ids": [diff_id]},
            "history": [{"created_by": "COPY rootfs /"}],
        }))
        .unwrap();
        let name = format!("{}.json", digest(&config).hex());
        let list = serde_json::to_vec(&serde_json::json!([
            {"Config": name, "RepoTags": ["shop/web:2"], "Layers": ["l/layer.tar"]}
        ]))
        .unwrap();
        let archive = tar(&[
            ("l/layer.tar", &layer),
            (&name, &config),
            ("manifest.json", &list),
        ]);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let engine = Self {
            address: format!("tcp://{}", listener.local_addr().unwrap()),
            config: digest(&config),
            layer: diff_id,
            exports: Arc::default(),
            archive: Arc::new(archive),
            breaks_off,
        };
        let router = Router::new().fallback(answer).with_state(engine.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        engine
    }
}

async fn answer(State(engine): State<Engine>, request: Request) -> Response {
    let path = request.uri().path();
    let path = path
        .strip_prefix("/v")
        .and_then(|rest| rest.find('/').and_then(|at| rest.get(at..)))
        .unwrap_or(path);
    let image = format!("/images/{}", manifest());
    let json = |value: serde_json::Value| axum::Json(value).into_response();
    match path {
        "/version" => {
            json(serde_json::json!({"Version": "29.0.0", "ApiVersion": "1.44", "Os": "linux"}))
        }
        "/info" => json(
            serde_json::json!({"DefaultRuntime": "runc", "SecurityOptions": ["name=seccomp,profile=builtin"]}),
        ),
        "/images/json" => json(serde_json::json!([{
            "Id": manifest(), "ParentId": "", "RepoTags": ["shop/web:2"], "RepoDigests": [], "Created": 0, "Size": 1,
            "SharedSize": -1, "Labels": {}, "Containers": -1,
            "Descriptor": {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": manifest(), "size": 1},
        }])),
        "/containers/json" => json(serde_json::json!([{"Id": "c1"}])),
        "/containers/c1/json" => json(serde_json::json!({
            "Id": "c1", "Name": "/web", "Image": manifest(), "State": {"Running": true},
            "Config": {"Image": "shop/web:2", "Env": ["PASSWORD=hunter2"]}, "HostConfig": {"NetworkMode": "bridge"},
            "NetworkSettings": {"Ports": {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}]}},
        })),
        path if path == format!("{image}/json") => json(serde_json::json!({
            "Id": manifest(), "Os": "linux", "Architecture": "amd64", "RepoTags": ["shop/web:2"],
            "Config": {"User": "app", "Env": ["PASSWORD=hunter2"]},
            "RootFS": {"Type": "layers", "Layers": [engine.layer]},
        })),
        path if path == format!("{image}/get") => {
            engine.exports.fetch_add(1, Ordering::SeqCst);
            let end = if engine.breaks_off {
                700
            } else {
                engine.archive.len()
            };
            engine.archive[..end].to_vec().into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}
