//! Images made in code, in every layout.

use std::{fs, io::Write as _, path::Path};

use proptest::prelude::*;
use schemas::inventory::{CoverageStatus, GapReason};

use super::{config::digest_of, *};
use crate::tar::build::Builder;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn base() -> Vec<u8> {
    Builder::default()
        .file("etc/os-release", "ID=debian\nVERSION_ID=12\n")
        .file(
            "var/lib/dpkg/status",
            "Package: bash\nStatus: install ok installed\nVersion: 5.2-1\n",
        )
        .finish()
}

fn top() -> Vec<u8> {
    Builder::default()
        .file(
            "app/node_modules/x/package.json",
            r#"{"name":"x","version":"1.0.0"}"#,
        )
        .finish()
}

fn config(os: &str, layers: &[&[u8]]) -> Vec<u8> {
    let diff_ids: Vec<_> = layers.iter().map(|layer| digest_of(layer)).collect();
    serde_json::json!({"os": os, "os.version": "10.0.20348.2700", "architecture": "amd64", "rootfs": {"diff_ids": diff_ids}})
        .to_string()
        .into_bytes()
}

fn hex(bytes: &[u8]) -> String {
    digest_of(bytes).hex().to_owned()
}

/// The older layout of `docker save`, with a layer that is a link to another image's.
fn old_layout() -> Vec<u8> {
    let config = config("linux", &[&base(), &top(), &base()]);
    let name = format!("{}.json", hex(&config));
    let manifest = serde_json::json!([{"Config": name, "RepoTags": ["app:1", "app:latest"],
        "Layers": ["aaa/layer.tar", "bbb/layer.tar", "ccc/layer.tar"]}]);
    Builder::default()
        .folder("aaa/")
        .file("aaa/VERSION", "1.0")
        .file("aaa/json", "{}")
        .file("aaa/layer.tar", base())
        .file("bbb/layer.tar", top())
        .symlink("ccc/layer.tar", "../aaa/layer.tar")
        .file(&name, &config)
        .file("manifest.json", manifest.to_string())
        .file("repositories", "{}")
        .finish()
}

/// Blobs and index of an OCI layout with one image per platform.
fn oci_parts(images: &[(&str, &str, &str)]) -> Vec<(String, Vec<u8>)> {
    let mut parts = vec![(
        "oci-layout".to_owned(),
        b"{\"imageLayoutVersion\":\"1.0.0\"}".to_vec(),
    )];
    let mut manifests = Vec::new();
    let mut put = |bytes: Vec<u8>, media: &str| {
        let descriptor = serde_json::json!({"mediaType": media, "digest": digest_of(&bytes), "size": bytes.len()});
        parts.push((format!("blobs/sha256/{}", hex(&bytes)), bytes));
        descriptor
    };
    for (os, version, tag) in images {
        let config = put(
            config(os, &[&base(), &top()]),
            "application/vnd.oci.image.config.v1+json",
        );
        let layers = [
            put(gzip(&base()), "application/vnd.oci.image.layer.v1.tar+gzip"),
            // The media type says gzip, and the bytes are zstd.
            put(
                zstd::encode_all(&top()[..], 1).unwrap(),
                "application/vnd.oci.image.layer.v1.tar+gzip",
            ),
        ];
        let manifest = serde_json::json!({"schemaVersion": 2, "config": config, "layers": layers, "annotations": {"v": version}});
        let mut descriptor = put(
            manifest.to_string().into_bytes(),
            "application/vnd.oci.image.manifest.v1+json",
        );
        descriptor["platform"] =
            serde_json::json!({"os": os, "architecture": "amd64", "os.version": version});
        descriptor["annotations"] = serde_json::json!({"org.opencontainers.image.ref.name": tag});
        manifests.push(descriptor);
    }
    // One more index between, as registries' multi-platform images have it.
    let nested = serde_json::json!({"schemaVersion": 2, "manifests": manifests});
    let nested = put(
        nested.to_string().into_bytes(),
        "application/vnd.oci.image.index.v1+json",
    );
    let index = serde_json::json!({"schemaVersion": 2, "manifests": [nested]});
    parts.push(("index.json".to_owned(), index.to_string().into_bytes()));
    parts
}

fn tar_of(parts: &[(String, Vec<u8>)]) -> Vec<u8> {
    parts
        .iter()
        .fold(Builder::default(), |tar, (name, bytes)| {
            tar.file(name, bytes)
        })
        .finish()
}

fn write_folder(root: &Path, parts: &[(String, Vec<u8>)]) {
    for (name, bytes) in parts {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

fn names(image: &ScannedImage) -> Vec<String> {
    let inventory = image.inventory();
    inventory.packages.into_iter().map(|p| p.name).collect()
}

fn from_file(bytes: &[u8], options: &Options<'_>) -> Result<ScannedImage, ImageError> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    read_archive(file.path(), options)
}

fn from_stream(bytes: &[u8], options: &Options<'_>) -> Result<ScannedImage, ImageError> {
    let mut reader = bytes;
    read_archive_stream(&mut reader, options)
}

#[test]
fn every_layout_gives_the_same_packages_from_file_and_stream() {
    let oci = tar_of(&oci_parts(&[("linux", "", "1")]));
    let options = Options::default();
    for (what, archive) in [("old", old_layout()), ("oci", oci)] {
        let packed = gzip(&archive);
        let zstd = zstd::encode_all(&archive[..], 1).unwrap();
        for (how, image) in [
            ("file", from_file(&archive, &options)),
            ("gzip file", from_file(&packed, &options)),
            ("stream", from_stream(&archive, &options)),
            ("zstd stream", from_stream(&zstd, &options)),
        ] {
            let image = image.unwrap();
            assert_eq!(names(&image), ["bash", "x"], "{what} as {how}");
            assert_eq!(
                image.inventory().coverage.status,
                CoverageStatus::Complete,
                "{what} as {how}"
            );
            assert_eq!(
                image.verified().count(),
                image.facts.layers.len(),
                "{what} as {how}"
            );
        }
    }
    let folder = tempfile::tempdir().unwrap();
    write_folder(folder.path(), &oci_parts(&[("linux", "", "1")]));
    let image = read_oci(folder.path(), &options).unwrap();
    assert_eq!(names(&image), ["bash", "x"]);
    assert_eq!(image.facts.tags, ["1"]);
    assert_eq!(
        from_file(&old_layout(), &options).unwrap().facts.tags,
        ["app:1", "app:latest"]
    );
}

#[test]
fn of_several_images_one_must_be_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let images = [
        ("linux", "", "1"),
        ("windows", "10.0.20348.2700", "1"),
        ("windows", "10.0.17763.6293", "2"),
    ];
    write_folder(folder.path(), &oci_parts(&images));
    let read = |reference: Option<&str>, platform: Option<&str>| {
        let options = Options {
            choice: Choice {
                reference: reference.map(str::to_owned),
                platform: platform.map(str::to_owned),
                same_everywhere: false,
            },
            ..Options::default()
        };
        read_oci(folder.path(), &options)
    };
    match read(None, None) {
        Err(ImageError::Ambiguous { choices }) => {
            assert_eq!(choices.len(), 3);
            assert!(
                choices[1].contains("windows/amd64:10.0.20348.2700"),
                "{choices:?}"
            );
        }
        other => panic!("a choice is wanted, not {other:?}"),
    }
    assert!(
        matches!(read(Some("1"), None), Err(ImageError::Ambiguous { choices }) if choices.len() == 2)
    );
    assert_eq!(read(Some("2"), None).unwrap().facts.os, "windows");
    assert_eq!(read(None, Some("linux/amd64")).unwrap().facts.os, "linux");
    assert_eq!(
        read(None, Some("windows/amd64:10.0.17763"))
            .unwrap()
            .facts
            .tags,
        ["2"]
    );
    assert!(matches!(
        read(Some("3"), None),
        Err(ImageError::NotFound { .. })
    ));
    assert!(matches!(
        read(None, Some("linux/arm64")),
        Err(ImageError::NotFound { .. })
    ));
}

#[test]
fn layers_that_are_known_are_not_read() {
    let known = digest_of(&base());
    let want = |digest: &Digest| *digest != known;
    let options = Options {
        want: &want,
        ..Options::default()
    };
    for image in [
        from_file(&old_layout(), &options),
        from_stream(&old_layout(), &options),
    ] {
        let image = image.unwrap();
        assert_eq!(image.layers[0], LayerOutcome::Known);
        assert_eq!(image.verified().count(), 1);
        assert!(image.gaps.is_empty());
    }
}

#[test]
fn absent_layers_are_foreign_or_missing() {
    let parts = oci_parts(&[("windows", "10.0.20348.2700", "1")]);
    let layer = format!("blobs/sha256/{}", hex(&gzip(&base())));
    let without: Vec<_> = parts
        .iter()
        .filter(|(name, _)| *name != layer)
        .cloned()
        .collect();
    let options = Options::default();
    for image in [
        from_file(&tar_of(&without), &options),
        from_stream(&tar_of(&without), &options),
    ] {
        let image = image.unwrap();
        assert_eq!(image.layers[0], LayerOutcome::Absent);
        assert_eq!(image.gaps[0].reason, GapReason::MissingLayer);
    }
    // The same with a manifest that says so.
    let foreign: Vec<_> = {
        let mut parts = without;
        let at = parts
            .iter()
            .position(|(_, bytes)| bytes.windows(10).any(|w| w == b"\"layers\":["))
            .unwrap();
        let text = String::from_utf8(parts[at].1.clone()).unwrap();
        let media = "application/vnd.oci.image.layer.v1.tar+gzip";
        let text = text.replacen(
            media,
            "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
            1,
        );
        let old = format!("sha256:{}", hex(&parts[at].1));
        let new = format!("sha256:{}", hex(text.as_bytes()));
        parts[at] = (
            format!("blobs/sha256/{}", hex(text.as_bytes())),
            text.into_bytes(),
        );
        // Digests and sizes upwards.
        let manifest_size = parts[at].1.len();
        for (name, bytes) in &mut parts {
            if name == "index.json" {
                let mut index: serde_json::Value = serde_json::from_slice(bytes).unwrap();
                index["manifests"] = serde_json::json!([{"mediaType": "application/vnd.oci.image.manifest.v1+json",
                    "digest": new, "size": manifest_size, "urls": []}]);
                *bytes = index.to_string().into_bytes();
            }
        }
        assert!(!old.is_empty());
        parts
    };
    let image = from_file(&tar_of(&foreign), &options).unwrap();
    assert_eq!(image.gaps[0].reason, GapReason::ForeignLayer);
    let inventory = image.inventory();
    assert_eq!(inventory.coverage.status, CoverageStatus::Partial);
    assert_eq!(inventory.os.unwrap().windows.unwrap().build, 20348);
}

#[test]
fn damage_is_told_and_never_passes_for_the_image() {
    let options = Options::default();
    let archive = old_layout();
    // A byte of a layer's content that no record holds.
    let at = archive
        .windows(5)
        .position(|bytes| bytes == b"5.2-1")
        .unwrap();
    let mut changed = archive.clone();
    changed[at] = b'4';
    for image in [
        from_file(&changed, &options),
        from_stream(&changed, &options),
    ] {
        let image = image.unwrap();
        assert_eq!(names(&image), ["x"]);
        assert!(
            image
                .inventory()
                .coverage
                .gaps
                .iter()
                .any(|gap| gap.reason == GapReason::DigestMismatch)
        );
        assert_eq!(image.verified().count(), 1);
    }
    // Another configuration than the name says.
    let name = archive
        .windows(9)
        .position(|bytes| bytes == b"\"linux\",\"")
        .unwrap();
    let mut changed = archive.clone();
    changed[name + 1] = b'L';
    for image in [
        from_file(&changed, &options),
        from_stream(&changed, &options),
    ] {
        assert!(matches!(image, Err(ImageError::Digest(_))), "{image:?}");
    }
    // Cut off: an error that says so, or a gap.
    for cut in [10, 700, 3000, archive.len() - 4000] {
        for image in [
            from_file(&archive[..cut], &options),
            from_stream(&archive[..cut], &options),
        ] {
            match image {
                Ok(image) => {
                    assert_ne!(image.inventory().coverage.status, CoverageStatus::Complete)
                }
                Err(error) => assert!(!error.to_string().is_empty()),
            }
        }
    }
    for junk in [
        &b""[..],
        b"junk",
        &Builder::default().file("a", "b").finish(),
    ] {
        assert!(from_file(junk, &options).is_err());
        assert!(from_stream(junk, &options).is_err());
    }
    assert!(matches!(
        read_archive(Path::new("/nowhere/at/all.tar"), &options),
        Err(ImageError::Open { .. })
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn damaged_archives_never_panic(changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..4)) {
        let mut archive = old_layout();
        for (at, to) in changes {
            let at = at % archive.len();
            archive[at] = to;
        }
        let _ = from_stream(&archive, &Options::default());
        let _ = from_file(&archive, &Options::default());
    }
}
