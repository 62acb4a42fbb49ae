//! Images of a containerd, read from its folder on disk: no daemon is asked, so a machine's disk can be scanned too.
//!
//! Names lie in the metadata store, documents and layers in the content store, which is laid out as an OCI layout's
//! `blobs`. Source: containerd/containerd, `core/metadata/buckets.go` and `plugins/content/local/store.go`.

mod bolt;

use std::{
    fs::File,
    io::{Read, Seek},
    path::Path,
};

use schemas::Digest;
use serde_json::json;

use self::bolt::{Bolt, BoltError, Bucket, Item};
use super::{
    Choice, ImageError, ImageName, Options, ScannedImage, layers::read_located, oci,
    store::FolderStore,
};

/// Where containerd keeps its state unless it was told otherwise.
pub const DEFAULT_ROOT: &str = if cfg!(windows) {
    r"C:\ProgramData\containerd\root"
} else {
    "/var/lib/containerd"
};

const METADATA: &str = "io.containerd.metadata.v1.bolt/meta.db";
const CONTENT: &str = "io.containerd.content.v1.content";
/// Images of all namespaces that are looked at.
const MAX_IMAGES: usize = 100_000;
/// How often the metadata is read anew when containerd commits to it meanwhile.
const ATTEMPTS: usize = 5;
/// Names that are offered where one is not there.
const MAX_CHOICES: usize = 20;

/// An image as the metadata names it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Record {
    namespace: String,
    name: String,
    target: Digest,
    media_type: String,
}

/// Reads an image of the containerd whose state lies in `root`. The image is chosen by `options.choice.reference`: its
/// whole name, or one as Docker shortens it (`debian:12`), or the digest of its manifest or index; and, where the same
/// name stands in several namespaces, by the namespace.
///
/// # Errors
/// See [`ImageError`]. Layers that containerd has thrown away after unpacking them are gaps.
pub fn read_containerd(
    root: &Path,
    namespace: Option<&str>,
    options: &Options<'_>,
) -> Result<ScannedImage, ImageError> {
    let path = root.join(METADATA);
    let failed = |error: BoltError| ImageError::Metadata {
        path: path.clone(),
        source: Box::new(error),
    };
    let mut records = Vec::new();
    for attempt in 1.. {
        let file = File::open(&path).map_err(|source| ImageError::Open {
            path: path.clone(),
            source,
        })?;
        let bolt = Bolt::open(file).map_err(failed)?;
        let listed = list(&bolt, namespace);
        // What is read while containerd writes may be of two states at once.
        match bolt.is_unchanged() {
            Ok(false) if attempt < ATTEMPTS => continue,
            Ok(_) => {}
            Err(error) => return Err(failed(error)),
        }
        records = listed.map_err(failed)?;
        break;
    }
    let chosen = choose(records, options.choice.reference.as_deref())?;
    let index = json!({"schemaVersion": 2, "manifests": [{
        "mediaType": chosen.media_type,
        "digest": chosen.target,
        "annotations": {"io.containerd.image.name": chosen.name},
    }]});
    let store = FolderStore {
        root: root.join(CONTENT),
    };
    let choice = Choice {
        reference: None,
        platform: options.choice.platform.clone(),
        same_everywhere: options.choice.same_everywhere,
    };
    let located = oci::find(
        &store,
        index.to_string().as_bytes(),
        &choice,
        &options.limits,
    )?;
    read_located(&store, located, options)
}

/// All images, or those of one namespace: `v1/NAMESPACE/images/NAME/target/{digest,mediatype}`.
fn list<F: Read + Seek>(bolt: &Bolt<F>, namespace: Option<&str>) -> Result<Vec<Record>, BoltError> {
    let mut records = Vec::new();
    let Some(version) = bolt.root().bucket(b"v1")? else {
        return Ok(records);
    };
    for (space, bucket) in buckets(&version)? {
        if namespace.is_some_and(|wanted| wanted != space) {
            continue;
        }
        let Some(images) = bucket.bucket(b"images")? else {
            continue;
        };
        for (name, image) in buckets(&images)? {
            let Some(target) = image.bucket(b"target")? else {
                continue;
            };
            if let Some((target, media_type)) = described(&target)?
                && records.len() < MAX_IMAGES
            {
                records.push(Record {
                    namespace: space.clone(),
                    name,
                    target,
                    media_type,
                });
            }
        }
    }
    Ok(records)
}

fn buckets<'b, F: Read + Seek>(
    bucket: &Bucket<'b, F>,
) -> Result<Vec<(String, Bucket<'b, F>)>, BoltError> {
    let mut found = Vec::new();
    bucket.each(&mut |key, item| {
        if let Item::Bucket(inner) = item
            && let Ok(name) = std::str::from_utf8(key)
        {
            found.push((name.to_owned(), inner));
        }
    })?;
    Ok(found)
}

fn described<F: Read + Seek>(
    target: &Bucket<'_, F>,
) -> Result<Option<(Digest, String)>, BoltError> {
    let (mut digest, mut media_type) = (None, String::new());
    target.each(&mut |key, item| {
        let Item::Value(value) = item else { return };
        match (key, std::str::from_utf8(&value)) {
            (b"digest", Ok(text)) => digest = text.parse().ok(),
            (b"mediatype", Ok(text)) => text.clone_into(&mut media_type),
            _ => {}
        }
    })?;
    Ok(digest.map(|digest| (digest, media_type)))
}

/// The one image that is meant.
fn choose(records: Vec<Record>, wanted: Option<&str>) -> Result<Record, ImageError> {
    let mut choices: Vec<String> = records.iter().map(shown).collect();
    choices.sort();
    choices.dedup();
    if choices.is_empty() {
        return Err(ImageError::NoImage);
    }
    let whole = wanted.map(|wanted| ImageName::read(wanted).or_latest());
    let mut fitting: Vec<Record> = records
        .into_iter()
        .filter(|record| match (wanted, &whole) {
            (Some(wanted), Some(whole)) => {
                record.name == wanted || record.target.as_str() == wanted || has_name(record, whole)
            }
            _ => true,
        })
        .collect();
    fitting.dedup_by(|a, b| a.target == b.target);
    match (fitting.len(), wanted) {
        (0, _) => {
            choices.truncate(MAX_CHOICES);
            Err(ImageError::NotFound {
                wanted: wanted.unwrap_or_default().to_owned(),
                choices,
            })
        }
        (1, _) => fitting.pop().ok_or(ImageError::NoImage),
        _ => Err(ImageError::Ambiguous {
            choices: fitting.iter().map(shown).collect(),
        }),
    }
}

fn shown(record: &Record) -> String {
    format!("{} (namespace {})", record.name, record.namespace)
}

/// Whether a record has a name, which containerd keeps written whole. A record whose name was put there by hand, short,
/// is found by just that text.
fn has_name(record: &Record, wanted: &ImageName) -> bool {
    let own = ImageName::read(&record.name);
    own == *wanted && own.to_string().eq_ignore_ascii_case(&record.name)
}

/// Bytes of a metadata store, for a reader of arbitrary ones: how many images it names.
///
/// # Errors
/// When it is damaged, as text.
pub fn count_images(bytes: &[u8]) -> Result<usize, String> {
    let bolt = Bolt::open(std::io::Cursor::new(bytes)).map_err(|error| error.to_string())?;
    list(&bolt, None)
        .map(|records| records.len())
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(namespace: &str, name: &str, digest: u8) -> Record {
        Record {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            target: Digest::from_sha256(&[digest; 32]),
            media_type: String::new(),
        }
    }

    #[test]
    fn names_are_found_as_people_write_them() {
        let records = vec![
            record("default", "docker.io/library/debian:12", 1),
            record("k8s.io", "docker.io/library/debian:12", 1),
            record("k8s.io", "docker.io/team/app:latest", 2),
            record("k8s.io", "127.0.0.1:5000/team/app:1", 3),
            record("a", "docker.io/library/twice:1", 4),
            record("b", "docker.io/library/twice:1", 5),
            record("default", "short:1", 6),
            record("default", "docker.io/library/short:2", 7),
            record("default", "short:2", 7),
            record("default", "MCR.microsoft.com/nano:1", 8),
        ];
        let digest = |wanted: &str| choose(records.clone(), Some(wanted)).map(|found| found.target);
        let of = |number: u8| Digest::from_sha256(&[number; 32]);
        assert_eq!(digest("debian:12").unwrap(), of(1));
        assert_eq!(digest("docker.io/library/debian:12").unwrap(), of(1));
        assert_eq!(digest("index.docker.io/debian:12").unwrap(), of(1));
        assert_eq!(digest("team/app").unwrap(), of(2));
        assert_eq!(digest("127.0.0.1:5000/team/app:1").unwrap(), of(3));
        assert_eq!(digest(of(3).as_str()).unwrap(), of(3));
        assert_eq!(digest("short:1").unwrap(), of(6));
        assert_eq!(digest("docker.io/library/short:2").unwrap(), of(7));
        assert!(digest("docker.io/library/short:1").is_err());
        assert_eq!(digest("MCR.microsoft.com/nano:1").unwrap(), of(8));
        assert_eq!(digest("mcr.microsoft.com/nano:1").unwrap(), of(8));
        let error = digest("twice:1").unwrap_err().to_string();
        assert!(error.contains("namespace a"), "{error}");
        let error = digest("debian:13").unwrap_err().to_string();
        assert!(error.contains("docker.io/library/debian:12"), "{error}");
    }
}
