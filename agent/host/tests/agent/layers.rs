//! Layers: asked about, and uploaded whole whatever their size.

use schemas::{
    Digest,
    inventory::{Evidence, LayerInventory, Package, PackageKind, layer::LAYER_VERSION},
};

use crate::gateway::Gateway;

fn layer(byte: u8, packages: usize) -> LayerInventory {
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
