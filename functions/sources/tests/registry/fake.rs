//! A registry that can be told to misbehave, and remembers what it was asked.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Method, Response, Uri, header},
};
use futures::StreamExt;
use schemas::Digest;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(crate) const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

/// How it signs people in.
#[derive(Clone, Default)]
pub(crate) enum Gate {
    #[default]
    Open,
    /// By the password itself.
    Basic,
    /// By a token of its own `/token`, or of this realm.
    Bearer(Option<String>),
}

/// What it does wrong.
#[derive(Default)]
pub(crate) struct Faults {
    /// Answers to give before anything else: status and `Retry-After`.
    pub(crate) first: Vec<(u16, Option<&'static str>)>,
    /// What `/token` answers before anything else: status, and one header.
    pub(crate) tokens: Vec<(u16, &'static str, String)>,
    /// Blob answers that break off after so many bytes.
    pub(crate) cut_at: Option<(usize, u32)>,
    /// Whether ranges are ignored.
    pub(crate) no_ranges: bool,
    /// Another server that holds the blobs.
    pub(crate) redirect_to: Option<String>,
}

/// A request that came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) authorization: Option<String>,
    pub(crate) range: Option<String>,
    pub(crate) body: String,
}

#[derive(Default)]
pub(crate) struct State_ {
    pub(crate) blobs: Mutex<HashMap<String, Vec<u8>>>,
    pub(crate) manifests: Mutex<HashMap<String, (String, Vec<u8>)>>,
    pub(crate) faults: Mutex<Faults>,
    pub(crate) gate: Mutex<Gate>,
    pub(crate) log: Mutex<Vec<Asked>>,
}

/// The registry. Cloning shares it.
#[derive(Clone)]
pub(crate) struct Fake {
    pub(crate) address: String,
    pub(crate) state: Arc<State_>,
}

pub(crate) fn digest(bytes: &[u8]) -> String {
    Digest::from_sha256(&Sha256::digest(bytes).into()).to_string()
}

/// A layer with these files.
pub(crate) fn layer(files: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, content.as_bytes())
            .unwrap();
    }
    tar.into_inner().unwrap()
}

pub(crate) fn debian() -> Vec<u8> {
    layer(&[
        ("etc/os-release", "ID=debian\nVERSION_ID=12\n"),
        (
            "var/lib/dpkg/status",
            "Package: bash\nStatus: install ok installed\nVersion: 5.2-1\n",
        ),
    ])
}

pub(crate) fn app() -> Vec<u8> {
    let filler = "x".repeat(300_000);
    layer(&[
        ("app/data", filler.as_str()),
        (
            "app/node_modules/x/package.json",
            r#"{"name":"x","version":"1.0.0"}"#,
        ),
    ])
}

impl Fake {
    pub(crate) async fn start() -> Self {
        let state = Arc::new(State_::default());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let fake = Self { address, state };
        let router = Router::new().fallback(answer).with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        fake
    }

    pub(crate) fn put_blob(&self, bytes: &[u8]) -> String {
        let digest = digest(bytes);
        let mut blobs = self.state.blobs.lock().unwrap();
        blobs.insert(digest.clone(), bytes.to_vec());
        digest
    }

    /// Lies about what a digest names.
    pub(crate) fn replace_blob(&self, digest: &str, bytes: &[u8]) {
        let mut blobs = self.state.blobs.lock().unwrap();
        blobs.insert(digest.to_owned(), bytes.to_vec());
    }

    /// A manifest under its digest and, where given, a tag; returns its descriptor.
    pub(crate) fn put_manifest(&self, tag: Option<&str>, media: &str, document: &Value) -> Value {
        let bytes = document.to_string().into_bytes();
        let digest = digest(&bytes);
        let size = bytes.len();
        let mut manifests = self.state.manifests.lock().unwrap();
        if let Some(tag) = tag {
            manifests.insert(tag.to_owned(), (media.to_owned(), bytes.clone()));
        }
        manifests.insert(digest.clone(), (media.to_owned(), bytes));
        json!({"mediaType": media, "digest": digest, "size": size})
    }

    pub(crate) fn image(&self, tag: Option<&str>, platform: &str, layers: &[&[u8]]) -> Value {
        self.image_with(tag, platform, layers, |_| {})
    }

    /// An image of layers, whose manifest can be changed.
    pub(crate) fn image_with(
        &self,
        tag: Option<&str>,
        platform: &str,
        layers: &[&[u8]],
        change: impl FnOnce(&mut Value),
    ) -> Value {
        let (names, version) = platform.split_once(':').unwrap_or((platform, ""));
        let (os, architecture) = names.split_once('/').unwrap();
        let diff_ids: Vec<_> = layers.iter().map(|layer| digest(layer)).collect();
        let config = json!({"os": os, "architecture": architecture, "os.version": version,
            "rootfs": {"type": "layers", "diff_ids": diff_ids}})
        .to_string();
        let descriptors: Vec<_> = layers
            .iter()
            .map(|layer| json!({"mediaType": LAYER, "digest": self.put_blob(layer), "size": layer.len()}))
            .collect();
        let mut manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "layers": descriptors,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": self.put_blob(config.as_bytes()), "size": config.len()}});
        change(&mut manifest);
        let mut descriptor = self.put_manifest(tag, MANIFEST, &manifest);
        descriptor["platform"] =
            json!({"os": os, "architecture": architecture, "os.version": version});
        descriptor
    }

    pub(crate) fn index(&self, tag: &str, manifests: &[Value]) -> Value {
        self.put_manifest(
            Some(tag),
            INDEX,
            &json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}),
        )
    }

    pub(crate) fn faults(&self, faults: Faults) {
        *self.state.faults.lock().unwrap() = faults;
    }

    pub(crate) fn gate(&self, gate: Gate) {
        *self.state.gate.lock().unwrap() = gate;
    }

    /// Requests whose path contains this.
    pub(crate) fn asked(&self, part: &str) -> Vec<Asked> {
        let log = self.state.log.lock().unwrap();
        log.iter()
            .filter(|asked| asked.path.contains(part))
            .cloned()
            .collect()
    }

    fn is_let_in(&self, authorization: Option<&str>) -> bool {
        match &*self.state.gate.lock().unwrap() {
            Gate::Open => true,
            Gate::Basic => authorization == Some("Basic dXNlcjpzM2NyZXQ="),
            Gate::Bearer(_) => authorization == Some("Bearer the-token"),
        }
    }

    fn challenge(&self) -> String {
        match &*self.state.gate.lock().unwrap() {
            Gate::Open => String::new(),
            Gate::Basic => "Basic realm=\"here\"".to_owned(),
            Gate::Bearer(realm) => {
                let own = format!("http://{}/token", self.address);
                let realm = realm.as_ref().unwrap_or(&own);
                format!(
                    "Bearer realm=\"{realm}\",service=\"fake\",scope=\"repository:team/app:pull\""
                )
            }
        }
    }
}

async fn answer(
    State(fake): State<Fake>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let text = |name: header::HeaderName| headers.get(name)?.to_str().ok().map(str::to_owned);
    let asked = Asked {
        path: uri.to_string(),
        authorization: text(header::AUTHORIZATION),
        range: text(header::RANGE),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    fake.state.log.lock().unwrap().push(asked.clone());
    let status = |status: u16| Response::builder().status(status);
    let plain = |code: u16| status(code).body(Body::empty()).unwrap();
    if uri.path() == "/token" {
        let tokens = &mut fake.state.faults.lock().unwrap().tokens;
        if !tokens.is_empty() {
            let (code, name, value) = tokens.remove(0);
            let answer = status(code).header(name, value);
            return answer.body(Body::empty()).unwrap();
        }
        let right = match method {
            Method::POST => asked.body.contains("refresh_token=the-refresh"),
            _ => matches!(
                asked.authorization.as_deref(),
                None | Some("Basic dXNlcjpzM2NyZXQ=")
            ),
        };
        return match right {
            true => status(200)
                .body(Body::from(r#"{"token":"","access_token":"the-token"}"#))
                .unwrap(),
            false => plain(401),
        };
    }
    if !uri.path().starts_with("/storage") && !fake.is_let_in(asked.authorization.as_deref()) {
        return status(401)
            .header("www-authenticate", fake.challenge())
            .body(Body::empty())
            .unwrap();
    }
    let mut faults = fake.state.faults.lock().unwrap();
    if uri.path().contains("/team/") && !faults.first.is_empty() {
        let (code, wait) = faults.first.remove(0);
        let answer = wait.into_iter().fold(status(code), |answer, wait| {
            answer.header("retry-after", wait)
        });
        return answer
            .body(Body::from(
                r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}"#,
            ))
            .unwrap();
    }
    let last = uri.path().rsplit('/').next().unwrap_or_default();
    if uri.path().contains("/manifests/") {
        let manifests = fake.state.manifests.lock().unwrap();
        return match manifests.get(last) {
            Some((media, bytes)) => status(200)
                .header("content-type", media)
                .body(Body::from(bytes.clone()))
                .unwrap(),
            None => plain(404),
        };
    }
    if let Some(other) = &faults.redirect_to {
        return status(307)
            .header("location", format!("{other}/storage/blobs/{last}"))
            .body(Body::empty())
            .unwrap();
    }
    let Some(bytes) = fake.state.blobs.lock().unwrap().get(last).cloned() else {
        return plain(404);
    };
    let from = asked
        .range
        .as_deref()
        .filter(|_| !faults.no_ranges)
        .and_then(|range| {
            range
                .strip_prefix("bytes=")?
                .strip_suffix('-')?
                .parse()
                .ok()
        })
        .unwrap_or(0usize);
    let rest = bytes.get(from..).unwrap_or_default().to_vec();
    let mut answer = status(if from > 0 { 206 } else { 200 }).header("content-length", rest.len());
    if from > 0 {
        let range = format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len());
        answer = answer.header("content-range", range);
    }
    match &mut faults.cut_at {
        Some((at, times)) if *times > 0 && rest.len() > *at => {
            *times -= 1;
            let part = Bytes::from(rest.get(..*at).unwrap().to_vec());
            // What was written has to leave before the connection is closed.
            let cut = async {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                Err(std::io::Error::other("cut"))
            };
            let stream =
                futures::stream::once(async { Ok(part) }).chain(futures::stream::once(cut));
            answer.body(Body::from_stream(stream)).unwrap()
        }
        _ => answer.body(Body::from(rest)).unwrap(),
    }
}
