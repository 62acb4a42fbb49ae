//! Layers: asked about, and uploaded whole whatever their size.

use schemas::{
    Digest,
    agent::UploadHeader,
    inventory::{Evidence, LayerInventory, Package, PackageKind, layer::LAYER_VERSION},
};

use agent_host::uplink::UplinkError;
use axum::{
    Router,
    extract::{Path, Request, State},
    http::StatusCode,
    routing::put,
};

use crate::gateway::Gateway;

pub(crate) fn layer(byte: u8, packages: usize) -> LayerInventory {
    // Names that do not compress well, so that large documents stay large.
    let name = |n: usize, part: u8| {
        hex::encode(access::keys::sha256(
            &[&n.to_le_bytes()[..], &[byte, part]].concat(),
        ))
    };
    LayerInventory {
        version: LAYER_VERSION,
        diff_id: Digest::from_sha256(&[byte; 32]),
        reader: None,
        generation: inventory::GENERATION,
        size_bytes: 1,
        entries: 1,
        windows: false,
        evidence: vec![Evidence::Packages {
            path: "p".to_owned(),
            analyzer: "npm".to_owned(),
            packages: (0..packages)
                .map(|n| Package {
                    name: name(n, 0),
                    version: name(n, 1),
                    kind: PackageKind::Npm,
                    purl: name(n, 2),
                    source_name: None,
                    source_version: None,
                    architecture: None,
                    path: name(n, 3),
                    layer: None,
                    origin: Default::default(),
                    owned_by: None,
                })
                .collect(),
        }],
        whiteouts: Vec::new(),
        opaque: Vec::new(),
        replaced: Vec::new(),
        gaps: Vec::new(),
    }
}

#[tokio::test]
async fn only_layers_that_were_offered_are_taken_as_wanted() {
    let gateway = Gateway::start().await;
    let uplink = gateway.uplink();
    let one = layer(1, 1);
    uplink.put_layer(&one).await.unwrap();
    let offered: Vec<Digest> = (1..=3)
        .map(|byte| Digest::from_sha256(&[byte; 32]))
        .collect();
    assert_eq!(uplink.missing_layers(&offered).await.unwrap(), offered[1..]);
    assert_eq!(gateway.told().layers.values().collect::<Vec<_>>(), [&one]);

    // One that older analyzers read is lacked.
    let older = LayerInventory {
        generation: inventory::GENERATION - 1,
        ..one
    };
    uplink.put_layer(&older).await.unwrap();
    assert_eq!(uplink.missing_layers(&offered).await.unwrap(), offered);
}

#[tokio::test]
async fn a_layer_too_large_for_a_request_arrives_whole_by_an_upload() {
    let gateway = Gateway::start().await;
    let large = layer(9, 60_000);
    gateway.uplink().put_layer(&large).await.unwrap();
    assert_eq!(gateway.told().uploads.len(), 1);
    assert!(
        gateway.told().layers.get(&large.diff_id) == Some(&large),
        "the layer changed on the way"
    );
}

/// A store beside the gateway: it takes an upload that has its header and nothing of the agent's own.
async fn store(
    State(gateway): State<Gateway>,
    Path(upload): Path<String>,
    request: Request,
) -> (StatusCode, &'static str) {
    let (parts, body) = request.into_parts();
    assert!(!parts.headers.contains_key("authorization"));
    let body = axum::body::to_bytes(body, 100 << 20).await.unwrap();
    if parts
        .headers
        .get("x-amz-checksum-sha256")
        .is_none_or(|sum| sum != "as signed")
    {
        // What S3 says of an upload that took too long is a 400, too.
        return (
            StatusCode::BAD_REQUEST,
            "<Error><Code>RequestTimeout</Code></Error>",
        );
    }
    gateway.told().uploads.insert(upload, body.to_vec());
    (StatusCode::OK, "")
}

#[tokio::test]
async fn an_upload_to_a_store_beside_the_gateway_carries_its_headers_and_nothing_else() {
    let gateway = Gateway::start().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    // Another host by name.
    let address = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    let router = Router::new()
        .route("/uploads/{upload}", put(store))
        .with_state(gateway.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let header = |name: &str, value: &str| UploadHeader {
        name: name.to_owned(),
        value: value.to_owned(),
    };
    let large = layer(9, 60_000);
    let put_with = async |headers: Vec<UploadHeader>| {
        gateway.told().uploads_at = Some((address.clone(), headers));
        gateway.uplink().put_layer(&large).await
    };
    // A store's refusal is no verdict on what was sent, which may come again.
    let error = put_with(Vec::new()).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    assert!(
        matches!(&error, UplinkError::Upload { status: 400, code } if code == "RequestTimeout"),
        "{error:?}"
    );
    for bad in ["authorization", "cookie", "host", "content-length", "x y"] {
        let error = put_with(vec![header(bad, "1")]).await.unwrap_err();
        assert!(matches!(error, UplinkError::Answer(_)), "{bad}: {error:?}");
    }
    assert!(gateway.told().uploads.is_empty());
    put_with(vec![
        header("if-none-match", "*"),
        header("x-amz-checksum-sha256", "as signed"),
    ])
    .await
    .unwrap();
    assert!(gateway.told().layers.get(&large.diff_id) == Some(&large));
}
