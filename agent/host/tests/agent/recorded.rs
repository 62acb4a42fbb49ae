//! What the agent of this version sends, kept in `tests/fixtures/agents/VERSION`: later gateways have to understand it.
//!
//! `BULKHEAD_UPDATE=1` writes the folder of this version anew. Those of released versions are never changed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use agent_host::{
    enrol::{Wanted, enrol},
    state::StateDir,
};
use serde_json::{Value, json};

use crate::{engine::Engine, gateway::Gateway, images::pass, layers::layer};

fn folder() -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.join("tests/fixtures/agents")
        .join(env!("CARGO_PKG_VERSION"))
}

/// A host's file system with something of several ecosystems.
fn write_root(state: &StateDir) {
    for (path, content) in [
        (
            "etc/os-release",
            "NAME=\"Debian GNU/Linux\"\nID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n",
        ),
        (
            "var/lib/dpkg/status",
            "Package: libssl3\nStatus: install ok installed\nArchitecture: amd64\nSource: openssl (3.0.11-1)\n\
             Version: 3.0.11-1~deb12u2\nDescription: x\n\n",
        ),
        (
            "usr/lib/node_modules/lodash/package.json",
            "{\"name\": \"lodash\", \"version\": \"4.17.20\"}",
        ),
        (
            "srv/app/package-lock.json",
            "{\"name\": \"app\", \"lockfileVersion\": 3, \"packages\": {\"node_modules/minimist\": \
             {\"version\": \"1.2.5\", \"dev\": true}}}",
        ),
        (
            "usr/lib/python3/dist-packages/six-1.16.0.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: six\nVersion: 1.16.0\n",
        ),
    ] {
        let path = state.path("root").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}

/// The request without what differs from machine to machine and from run to run.
fn kept(request: &(String, String, axum::http::HeaderMap, axum::body::Bytes)) -> Value {
    let (method, path, headers, body) = request;
    let mut kept = BTreeMap::new();
    for (name, value) in headers {
        let value = match name.as_str() {
            "host" | "content-length" => continue,
            "authorization" => {
                let (scheme, _) = value.to_str().unwrap().split_once(' ').unwrap();
                format!("{scheme} {{token}}")
            }
            "traceparent" => "{trace}".to_owned(),
            "bulkhead-upload" => "{upload}".to_owned(),
            _ => value.to_str().unwrap().to_owned(),
        };
        kept.insert(name.as_str().to_owned(), value);
    }
    let folded = headers.contains_key("content-encoding") && !body.is_empty();
    let content = if folded {
        zstd::decode_all(body.as_ref()).unwrap()
    } else {
        body.to_vec()
    };
    let mut content: Value = serde_json::from_slice(&content).unwrap_or_default();
    for (name, stand_in) in [
        ("token", json!("{enrolment_token}")),
        ("public_key", json!("{public_key}")),
        ("proof", json!("{proof}")),
        ("machine", json!("{machine}")),
        ("digest", json!("{digest}")),
        ("size_bytes", json!(5_000_000)),
        ("host_name", json!("web-1")),
        ("platform", json!("linux/amd64")),
    ] {
        // A layer's size is its own.
        let is_layer = content.get("diff_id").is_some();
        if let Some(value) = content.get_mut(name).filter(|_| !is_layer) {
            *value = stand_in;
        }
    }
    let envelopes = content.get_mut("envelopes").and_then(Value::as_array_mut);
    for envelope in envelopes.into_iter().flatten() {
        envelope["agent"] = json!("{agent}");
        envelope["boot_id"] = json!("{boot}");
        envelope["observed_at"] = json!("{now}");
        let body = &mut envelope["body"];
        if let Some(snapshot) = body.get_mut("snapshot") {
            snapshot["host"] = json!("{host}");
            for container in snapshot["containers"].as_array_mut().unwrap() {
                container["workload"]["host"] = json!("{host}");
            }
        }
        if let Some(inventory) = body.get_mut("inventory") {
            inventory["target"]["name"] = json!("web-1");
            inventory["target"]["id"] = json!("{host}");
            let facts = &mut inventory["host"];
            facts["id"] = json!("{host}");
            facts["name"] = json!("web-1");
            facts["kernel"] = json!("6.1.0-21-amd64");
            facts["addresses"] = json!(["192.0.2.10"]);
            facts["booted_at"] = json!("2026-01-01T00:00:00Z");
            facts["listening_complete"] = json!(true);
            facts["listening"] = json!([
                {"protocol": "tcp", "address": "0.0.0.0", "port": 443, "process": "nginx", "pid": 100}
            ]);
            facts["engines"][0]["address"] = json!("unix:///var/run/docker.sock");
        }
    }
    json!({"method": method, "path": path, "headers": kept, "body": content})
}

/// What there is in a document and of which type it is, and the whole text of what stands in a head.
fn shape(of: &str, value: &Value, shapes: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                shape(&format!("{of}.{name}"), field, shapes);
            }
        }
        Value::Array(items) => {
            for item in items {
                shape(&format!("{of}[]"), item, shapes);
            }
        }
        Value::String(text) if !of.starts_with(".body") => {
            let text = text.split("sha256:").next().unwrap_or_default();
            shapes.insert(format!("{of}: {text}"));
        }
        Value::String(_) => drop(shapes.insert(format!("{of}: text"))),
        Value::Number(_) => drop(shapes.insert(format!("{of}: number"))),
        Value::Bool(_) => drop(shapes.insert(format!("{of}: bool"))),
        Value::Null => {}
    }
}

fn shapes(text: &str) -> BTreeSet<String> {
    let mut shapes = BTreeSet::new();
    let document = serde_json::from_str(text).unwrap_or_default();
    shape("", &document, &mut shapes);
    shapes
}

#[tokio::test]
async fn what_this_version_sends_is_kept_for_gateways_to_come() {
    let (gateway, engine) = (Gateway::start().await, Engine::start(false).await);
    let home = tempfile::tempdir().unwrap();
    let state = StateDir::open(home.path()).unwrap();
    let wanted = Wanted {
        server: gateway.address.clone(),
        token: "bhe_good".to_owned().into(),
        ca: None,
        allow_http: false,
        force: false,
    };
    enrol(&state, wanted).await.unwrap();
    fs::remove_file(state.path("agent.key")).unwrap();
    write_root(&state);
    let passed = pass(&gateway, &engine, &state).await;
    assert_eq!((passed.drained.delivered, passed.held), (3, 0));
    // What is too large for a request goes by ticket; its content is of no further interest.
    gateway.uplink().put_layer(&layer(9, 40_000)).await.unwrap();

    let mut recorded = BTreeMap::new();
    for request in &gateway.told().requests {
        let (method, path, headers, _) = request;
        let name = match (method.as_str(), path.as_str()) {
            ("POST", "/agent/v1/enrol") => "1-enrol",
            ("GET", "/agent/v1/bundle") => "2-bundle",
            ("POST", "/agent/v1/layers/missing") => "3-missing-layers",
            ("POST", "/agent/v1/envelopes") => "5-envelopes",
            ("POST", "/agent/v1/uploads") => "6-upload",
            ("PUT", path) if path.starts_with("/uploads/") => continue,
            ("PUT", _) if headers.contains_key("bulkhead-upload") => "7-uploaded-layer",
            ("PUT", _) => "4-layer",
            other => panic!("a request that is not kept: {other:?}"),
        };
        let mut text = serde_json::to_string_pretty(&kept(request)).unwrap();
        text.push('\n');
        assert!(recorded.insert(format!("{name}.json"), text).is_none());
    }
    let folder = folder();
    if std::env::var_os("BULKHEAD_UPDATE").is_some() {
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in &recorded {
            fs::write(folder.join(name), text).unwrap();
        }
    }
    for (name, text) in &recorded {
        let path = folder.join(name);
        let found = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(
            shapes(&found),
            shapes(text),
            "{} is not what this version sends. If no agent of this version was given out yet, write it anew with \
             `BULKHEAD_UPDATE=1 cargo test -p agent-host --test agent recorded`; else raise the version first.",
            path.display()
        );
    }
}
