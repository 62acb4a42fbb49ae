//! Layers that were read before, and the image that others were built on.

use std::fs;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::fixture::Place;

/// Writes a blob of an OCI layout and describes it.
fn blob(place: &Place, content: &[u8], media: &str) -> Value {
    let hex = hex::encode(Sha256::digest(content));
    place.write(&format!("layout/blobs/sha256/{hex}"), content);
    json!({
        "mediaType": format!("application/vnd.oci.image.{media}"),
        "digest": format!("sha256:{hex}"), "size": content.len(),
    })
}

/// An image of the layout by tag, with these layers, and its entry in the index.
fn image(place: &Place, tag: &str, layers: &[&[u8]]) -> Value {
    let described: Vec<Value> = layers
        .iter()
        .map(|layer| blob(place, layer, "layer.v1.tar"))
        .collect();
    let ids: Vec<&Value> = described.iter().map(|layer| &layer["digest"]).collect();
    let config = json!({
        "os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": ids},
    });
    let config = blob(place, config.to_string().as_bytes(), "config.v1+json");
    let manifest = json!({"schemaVersion": 2, "config": config, "layers": described});
    let mut entry = blob(place, manifest.to_string().as_bytes(), "manifest.v1+json");
    entry["annotations"] = json!({"org.opencontainers.image.ref.name": tag});
    entry
}

/// A layout with `base` (the fixture's Debian) and `app`, built on it with one package more.
pub(crate) fn layout(place: &Place) {
    let root = place.debian();
    let mut base = tar::Builder::new(Vec::new());
    for name in ["etc/os-release", "var/lib/dpkg/status"] {
        base.append_path_with_name(root.join(name), name).unwrap();
    }
    let base = base.into_inner().unwrap();
    let mut status = fs::read_to_string(root.join("var/lib/dpkg/status")).unwrap();
    status.push_str(
        "\nPackage: libspam-extra\nStatus: install ok installed\nArchitecture: amd64\nSource: spam (1.0-2)\n\
         Version: 1.0-2+b1\n",
    );
    let mut header = tar::Header::new_ustar();
    header.set_size(status.len() as u64);
    header.set_mode(0o644);
    let mut app = tar::Builder::new(Vec::new());
    app.append_data(&mut header, "var/lib/dpkg/status", status.as_bytes())
        .unwrap();
    let app = app.into_inner().unwrap();
    let images = [
        image(place, "base", &[&base]),
        image(place, "app", &[&base, &app]),
    ];
    place.write("layout/oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#);
    let index = json!({"schemaVersion": 2, "manifests": images});
    place.write("layout/index.json", index.to_string());
}

pub(crate) fn scan(place: &Place, source: &str, more: &[&str], code: i32) -> Value {
    let mut arguments = vec!["scan", source, "--feeds", "compiled", "--format", "json"];
    arguments.extend(more);
    place.run(&arguments).exits(code).json()
}

/// Takes the layers away and leaves the documents that name them.
fn lose_layers(place: &Place) {
    for entry in fs::read_dir(place.path("layout/blobs/sha256")).unwrap() {
        let path = entry.unwrap().path();
        if !fs::read(&path).unwrap().starts_with(b"{") {
            fs::remove_file(path).unwrap();
        }
    }
}

#[test]
fn a_layer_is_read_once() {
    let place = Place::new();
    place.compiled();
    layout(&place);
    let first = scan(&place, "oci:layout:app", &[], 0);
    assert!(!first["findings"].as_array().unwrap().is_empty());
    lose_layers(&place);
    let second = scan(&place, "oci:layout:app", &[], 0);
    assert_eq!(first["findings"], second["findings"]);
    assert_eq!(second["coverage"]["status"], "complete");
    // Without what was kept, there is nothing left to read, and nothing is taken for clean.
    scan(&place, "oci:layout:app", &["--no-cache"], 4);
    scan(&place, "oci:layout:app", &["--cache-dir", "other"], 4);
}

#[test]
fn findings_of_the_image_below_are_told_apart() {
    let place = Place::new();
    place.compiled();
    layout(&place);
    let base = scan(&place, "oci:layout:base", &[], 0);
    assert_eq!(base["findings"][0]["in_base_image"], Value::Null);
    let app = scan(&place, "oci:layout:app", &[], 0);
    let told: Vec<(&str, &Value)> = app["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            (
                finding["package"].as_str().unwrap(),
                &finding["in_base_image"],
            )
        })
        .collect();
    assert!(told.contains(&("libspam1", &json!(true))), "{told:?}");
    assert!(told.contains(&("libspam-extra", &json!(false))), "{told:?}");
    // The table says it too.
    place
        .run(&["scan", "oci:layout:app", "--feeds", "compiled"])
        .exits(0)
        .says("base, 1 of 2 layers; 5 of 7 findings come with it")
        .says("FROM");
}
