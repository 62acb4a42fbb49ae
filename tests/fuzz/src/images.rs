//! Images and what describes their content: archives, layers, manifests, SBOMs and inventories.

use std::io::Write as _;

use inventory::{
    Limits,
    image::{
        Choice, Options, Store, count_containerd_images, locate, parse_config, read_archive,
        read_archive_stream, read_oci,
    },
    layer::{LayerExpectation, LayerForm, read_layer},
    sbom,
};
use purl::Purl;

use crate::Target;

pub(crate) fn targets() -> Vec<Target> {
    vec![
        Target::new("layer", |bytes| layer(bytes, LayerForm::Detect)),
        Target::new("layer-windows", |bytes| layer(bytes, LayerForm::Windows)),
        Target::new("image-archive", archive),
        Target::new("image-stream", |mut bytes| {
            read_archive_stream(&mut bytes, &options()).is_ok()
        }),
        Target::new("image-manifest", manifest),
        Target::new("image-config", |bytes| {
            parse_config(bytes, &limits()).is_ok()
        }),
        Target::new("containerd-metadata", |bytes| {
            count_containerd_images(bytes).is_ok()
        }),
        Target::new("sbom", |bytes| {
            sbom::parse(bytes, "sbom", &limits()).is_ok()
        }),
        Target::new("purl", |bytes| {
            std::str::from_utf8(bytes).is_ok_and(|text| {
                let _ = Purl::strict(text);
                Purl::lenient(text).is_some()
            })
        }),
        Target::new("inventory-document", |bytes| {
            inventory::document::parse(bytes, &limits()).is_ok()
        }),
    ]
}

/// As they are, but that what unpacks to much more ends early: a fuzzer wants many inputs in a second.
pub(crate) fn limits() -> Limits {
    Limits {
        ratio_grace_bytes: 4 << 20,
        max_layer_bytes: 32 << 20,
        ..Limits::default()
    }
}

fn options() -> Options<'static> {
    Options {
        limits: limits(),
        threads: 1,
        ..Options::default()
    }
}

fn layer(mut bytes: &[u8], form: LayerForm) -> bool {
    let expectation = LayerExpectation {
        form,
        ..LayerExpectation::default()
    };
    read_layer(&mut bytes, &expectation, &limits(), &|_| {})
        .is_ok_and(|layer| layer.verified && layer.inventory.gaps.is_empty())
}

/// An archive is opened several times, so it has to be a file.
fn archive(bytes: &[u8]) -> bool {
    let Ok(mut file) = tempfile::NamedTempFile::new() else {
        return false;
    };
    if file.write_all(bytes).is_err() {
        return false;
    }
    let docker = read_archive(file.path(), &options());
    let oci = read_oci(file.path(), &options());
    docker.is_ok() || oci.is_ok()
}

/// A place where every part is the same bytes: so an index can lead to itself as far as digests allow it.
struct Mirror<'a>(&'a [u8]);

impl Store for Mirror<'_> {
    fn open(&self, _name: &str) -> std::io::Result<Option<(Box<dyn std::io::Read + Send>, u64)>> {
        let bytes = self.0.to_vec();
        let size = bytes.len() as u64;
        Ok(Some((Box::new(std::io::Cursor::new(bytes)), size)))
    }
}

fn manifest(bytes: &[u8]) -> bool {
    // A manifest's configuration cannot be the manifest: that the digest is wrong is found only after it was understood.
    !matches!(
        locate(&Mirror(bytes), bytes, &Choice::default(), &limits()),
        Err(inventory::image::ImageError::Json { .. })
    )
}
