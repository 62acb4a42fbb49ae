//! An image's facts, bounded, with what the manifest adds to the configuration. The environment and the history are left
//! out: both hold secrets that were given to the build.

use inventory::{Limits, image::parse_config};
use schemas::{Digest, inventory::ImageFacts};
use serde::Deserialize;

use super::{
    super::{EngineImage, RuntimeError, text},
    content::BlobRef,
};

/// Most ports that are kept.
const MAX_PORTS: usize = 1024;

/// What containerd tells of an image when it is asked for everything: the configuration, without the fields that it does
/// not know, is below `imageSpec`. Source: containerd, `pkg/cri/server/image_status.go`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verbose {
    image_spec: serde_json::Value,
}

/// The facts, from the bytes of the configuration. `blobs` are the manifest's layers, if it was found.
pub(super) fn from_config(
    id: &Digest,
    image: &EngineImage,
    config: &[u8],
    blobs: Option<&[BlobRef]>,
) -> Result<ImageFacts, RuntimeError> {
    let mut facts = parse_config(config, &Limits::default())
        .map_err(|error| RuntimeError::Answer(format!("{id}: {error}")))?;
    facts.id = id.clone();
    facts.tags.clone_from(&image.tags);
    facts.repo_digests.clone_from(&image.repo_digests);
    facts.os = text::name(&facts.os);
    facts.os_version = facts.os_version.map(|version| text::name(&version));
    facts.architecture = facts.architecture.map(|name| text::name(&name));
    facts.user = text::name(&facts.user);
    facts.exposed_ports.truncate(MAX_PORTS);
    for port in &mut facts.exposed_ports {
        *port = text::name(port);
    }
    facts.labels = text::labels(Some(facts.labels.into_iter().collect()));
    // Only with one blob for each layer it is known which is whose.
    let blobs = blobs.filter(|blobs| blobs.len() == facts.layers.len());
    for (at, layer) in facts.layers.iter_mut().enumerate() {
        layer.created_by = None;
        if let Some(blob) = blobs.and_then(|blobs| blobs.get(at)) {
            layer.blob = Some(blob.digest.clone());
            layer.media_type = Some(text::name(&blob.media_type));
            layer.size_bytes = Some(blob.size);
        }
    }
    Ok(facts)
}

/// The facts, from the JSON of a verbose answer.
pub(super) fn from_verbose(
    id: &Digest,
    image: &EngineImage,
    info: &str,
) -> Result<ImageFacts, RuntimeError> {
    let verbose: Verbose = serde_json::from_str(info)
        .map_err(|error| RuntimeError::Answer(format!("what is said of {id}: {error}")))?;
    from_config(id, image, verbose.image_spec.to_string().as_bytes(), None)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_image_whose_content_is_gone_is_known_from_what_is_said_of_it() {
        let id: Digest = format!("sha256:{}", "ab".repeat(32)).parse().unwrap();
        let layer = format!("sha256:{}", "cd".repeat(32));
        let image = EngineImage {
            id: id.to_string(),
            config: Some(id.clone()),
            tags: vec!["shop/web:2".to_owned()],
            repo_digests: vec![],
        };
        let said = json!({"chainID": layer, "imageSpec": {
            "architecture": "amd64", "os": "linux",
            "config": {"User": "u".repeat(10_000), "Env": ["PASSWORD=hunter2"], "Labels": {"team": "shop"}},
            "rootfs": {"type": "layers", "diff_ids": [layer]},
            "history": [{"created_by": "RUN |1 TOKEN=hunter2 make"}]
        }});
        let facts = from_verbose(&id, &image, &said.to_string()).unwrap();
        assert_eq!((&facts.id, &facts.tags), (&id, &image.tags));
        assert_eq!(facts.layers[0].diff_id.as_str(), layer);
        assert_eq!(facts.layers[0].blob, None);
        assert!(facts.user.len() <= 512);
        assert!(!serde_json::to_string(&facts).unwrap().contains("hunter2"));
        assert!(from_verbose(&id, &image, "{}").is_err());
    }
}
