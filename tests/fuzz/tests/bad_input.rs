//! Input that somebody made to do harm: it ends at a limit, and the answer says what was left out.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io::{Cursor, Read, Write},
    sync::atomic::{AtomicUsize, Ordering},
};

use advisories::{BuildOptions, Source, build};
use flate2::{Compression, write::GzEncoder};
use inventory::{
    Limits,
    analyzers::understand,
    image::{Choice, Store, locate, parse_config},
    layer::{LayerExpectation, read_layer},
    merge::merge,
};
use schemas::inventory::{Evidence, GapReason};
use zip::{ZipWriter, write::SimpleFileOptions};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer
            .start_file(*name, SimpleFileOptions::default())
            .unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder
            .append_data(&mut header, name, Cursor::new(bytes))
            .unwrap();
    }
    builder.into_inner().unwrap()
}

/// A record of packages comes first, so that what was read before the bomb is seen to stay.
#[test]
fn a_layer_that_is_a_gzip_bomb_ends_by_its_ratio_and_keeps_what_came_before() {
    let zeros = vec![0; 24 << 20];
    let status =
        b"Package: bash\nStatus: install ok installed\nVersion: 5.2-1\nArchitecture: amd64\n\n";
    let bomb = gzip(&tar(&[("var/lib/dpkg/status", status), ("zeros", &zeros)]));
    let limits = Limits {
        ratio_grace_bytes: 1 << 20,
        ..Limits::default()
    };
    let read = AtomicUsize::new(0);
    let layer = read_layer(
        &mut bomb.as_slice(),
        &LayerExpectation::default(),
        &limits,
        &|bytes| {
            read.fetch_add(usize::try_from(bytes).unwrap(), Ordering::Relaxed);
        },
    )
    .unwrap();
    assert!(!layer.verified, "it must not be kept under its digest");
    assert!(
        layer
            .inventory
            .gaps
            .iter()
            .any(|gap| gap.reason == GapReason::LimitExceeded),
        "{:?}",
        layer.inventory.gaps
    );
    assert!(layer.inventory.evidence.iter().any(
        |evidence| matches!(evidence, Evidence::Packages { packages, .. } if packages.len() == 1)
    ));
}

#[test]
fn a_jar_whose_manifest_unpacks_to_much_is_a_gap_and_the_next_is_read() {
    let zeros = vec![0; 8 << 20];
    let good = zip(&[(
        "META-INF/maven/org.example/good/pom.properties",
        b"groupId=org.example\nartifactId=good\nversion=1.0\n",
    )]);
    let bad = zip(&[
        ("META-INF/MANIFEST.MF", &zeros),
        ("META-INF/maven/org.example/bad/pom.properties", &zeros),
    ]);
    let outer = zip(&[("lib/bad-1.0.jar", &bad), ("lib/good-1.0.jar", &good)]);
    let analysis = understand("app.war", &outer).unwrap().unwrap();
    let names: Vec<_> = analysis
        .evidence
        .iter()
        .filter_map(|evidence| match evidence {
            Evidence::Packages { packages, .. } => Some(packages),
            _ => None,
        })
        .flatten()
        .map(|package| package.name.as_str())
        .collect();
    assert!(names.iter().any(|name| name.contains("good")), "{names:?}");
}

#[test]
fn documents_packed_more_often_than_any_publisher_does_are_an_error_and_not_silence() {
    let mut packed = br#"{"catalogVersion":"1","title":"x","vulnerabilities":[]}"#.to_vec();
    for round in 0..40 {
        packed = match round % 3 {
            0 => gzip(&packed),
            1 => zip(&[("a", &packed)]),
            _ => tar(&[("a", &packed)]),
        };
    }
    let folder = tempfile::tempdir().unwrap();
    let documents = std::iter::once(("deep".to_owned(), packed));
    let report = build(
        Source::Documents(Box::new(documents)),
        folder.path(),
        &BuildOptions::default(),
    )
    .unwrap();
    assert_eq!(report.errors.len(), 1, "{report:?}");
    assert!(report.errors[0].document.starts_with("deep"));
}

/// A place that gives the same bytes whatever is asked for.
struct Echo {
    bytes: Vec<u8>,
    asked: AtomicUsize,
}

impl Store for Echo {
    fn open(&self, _name: &str) -> std::io::Result<Option<(Box<dyn Read + Send>, u64)>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let bytes = self.bytes.clone();
        let size = bytes.len() as u64;
        Ok(Some((Box::new(Cursor::new(bytes)), size)))
    }
}

#[test]
fn an_index_that_leads_to_itself_is_refused_by_its_digest_after_few_requests() {
    let entry = |number: usize| {
        serde_json::json!({
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "digest": format!("sha256:{number:064x}"),
            "size": 2,
            "platform": {"os": "linux", "architecture": "amd64"},
        })
    };
    let index = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": (0..50).map(entry).collect::<Vec<_>>(),
    });
    let store = Echo {
        bytes: serde_json::to_vec(&index).unwrap(),
        asked: AtomicUsize::new(0),
    };
    let found = locate(&store, &store.bytes, &Choice::default(), &Limits::default());
    let error = found.unwrap_err().to_string();
    assert!(error.contains("digest"), "{error}");
    let asked = store.asked.load(Ordering::Relaxed);
    assert!(asked <= 51, "asked {asked} times");
}

/// In a layer of Windows the later of two names that differ in case only is the file, as it is where it runs.
#[test]
fn names_that_differ_in_case_only_are_one_file_in_a_windows_layer() {
    let deps = |name: &str| {
        serde_json::to_vec(&serde_json::json!({
            "libraries": {format!("{name}/1.0.0"): {"type": "package"}}
        }))
        .unwrap()
    };
    let layer = tar(&[
        ("Files/App/A.deps.json", &deps("First")),
        ("Files/app/a.DEPS.json", &deps("Second")),
    ]);
    let read = read_layer(
        &mut layer.as_slice(),
        &LayerExpectation::default(),
        &Limits::default(),
        &|_| {},
    )
    .unwrap();
    let config = serde_json::json!({
        "os": "windows",
        "architecture": "amd64",
        "rootfs": {"type": "layers", "diff_ids": [read.inventory.diff_id]},
    });
    let config = serde_json::to_vec(&config).unwrap();
    let facts = parse_config(&config, &Limits::default()).unwrap();
    let inventory = merge(&facts, &[Some(read.inventory)], Vec::new());
    let names: Vec<_> = inventory
        .packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    assert_eq!(names, ["Second"]);
}
