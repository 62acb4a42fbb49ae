//! Layers that were read before, kept on disk by diff id: one that was seen once is never read again.
//!
//! An entry is the layer's inventory as JSON, compressed, behind a header with the digest of what follows, so that a
//! damaged file is noticed and the layer read anew. Only layers whose digests were verified are kept. Entries carry the
//! generation of the analyzers in their names: what older analyzers read is not used. The least recently used go when the
//! cache outgrows its bound.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use schemas::{
    Digest,
    inventory::{BaseEvidence, BaseImage, ImageFacts, LayerInventory},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};

use crate::image::{LayerOutcome, ScannedImage};

/// Generation of the analyzers, to be raised when they find more than before: layers that older ones read are then read
/// again, on this machine and wherever their inventories are kept.
pub const GENERATION: u32 = 5;
/// Bytes that begin an entry.
const MAGIC: &[u8; 8] = b"BHLAYER1";
/// Bytes of one entry, unpacked, at most: what a damaged or foreign file could make of memory.
const MAX_ENTRY_BYTES: u64 = 256 << 20;
/// What is removed when the bound is reached: down to so many percent of it, so that not every scan has to remove some.
const LOW_WATER_PERCENT: u64 = 80;
/// Layers and images, by the folders they lie in.
const LAYERS: &str = "layers";
const IMAGES: &str = "images";

/// A folder of layers' inventories. Several processes may use one at once.
#[derive(Clone, Debug)]
pub struct LayerCache {
    folder: PathBuf,
    max_bytes: u64,
}

/// What is kept of an image, under the digest of its layers.
#[derive(Debug, Serialize, Deserialize)]
struct KnownImage {
    name: Option<String>,
    facts: ImageFacts,
}

impl LayerCache {
    /// A cache in this folder, which is made when it is first written to. `max_bytes` bounds what it takes on disk.
    pub fn new(folder: &Path, max_bytes: u64) -> Self {
        Self {
            folder: folder.to_owned(),
            max_bytes,
        }
    }

    /// Begins the reading of one image. `variant` tells readings apart that find different things in the same bytes.
    pub fn session(&self, variant: &str) -> Session<'_> {
        Session {
            cache: self,
            variant: variant.to_owned(),
            held: Mutex::default(),
        }
    }

    /// What is known of the image with this configuration digest from an earlier scan.
    pub fn image(&self, id: &Digest) -> Option<ImageFacts> {
        let known: KnownImage = self.get(IMAGES, id.hex())?;
        (known.facts.id == *id).then_some(known.facts)
    }

    fn path(&self, kind: &str, name: &str) -> PathBuf {
        self.folder.join(kind).join(name)
    }

    /// Reads an entry; one that is damaged is removed and counts as not there.
    fn get<T: DeserializeOwned>(&self, kind: &str, name: &str) -> Option<T> {
        let path = self.path(kind, name);
        let mut file = File::open(&path).ok()?;
        match decode(&mut file) {
            Ok(value) => {
                // When it was last used decides what goes first; a file system that does not keep it only chooses worse.
                let _ = file.set_modified(SystemTime::now());
                Some(value)
            }
            Err(_) => {
                let _ = fs::remove_file(&path);
                None
            }
        }
    }

    /// Writes an entry, whole or not at all.
    fn put<T: Serialize>(&self, kind: &str, name: &str, value: &T) -> io::Result<()> {
        let folder = self.folder.join(kind);
        private_folder(&self.folder)?;
        private_folder(&folder)?;
        let mut file = tempfile::NamedTempFile::new_in(&folder)?;
        file.write_all(&encode(value)?)?;
        file.persist(self.path(kind, name))
            .map_err(|error| error.error)?;
        Ok(())
    }

    /// Removes the least recently used entries when there are more than allowed.
    fn trim(&self) -> io::Result<()> {
        let mut entries = Vec::new();
        for kind in [LAYERS, IMAGES] {
            for entry in fs::read_dir(self.folder.join(kind)).into_iter().flatten() {
                let entry = entry?;
                // Another process may have removed it.
                let Ok(about) = entry.metadata() else {
                    continue;
                };
                let used = about.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                entries.push((used, about.len(), entry.path()));
            }
        }
        let mut total: u64 = entries.iter().map(|(_, size, _)| size).sum();
        if total <= self.max_bytes {
            return Ok(());
        }
        entries.sort();
        for (_, size, path) in entries {
            if total <= self.max_bytes / 100 * LOW_WATER_PERCENT {
                break;
            }
            if fs::remove_file(&path).is_ok() {
                total -= size;
            }
        }
        Ok(())
    }
}

/// The reading of one image: which layers are known, and what became of the others.
#[derive(Debug)]
pub struct Session<'c> {
    cache: &'c LayerCache,
    variant: String,
    /// Layers that were found, held so that they cannot vanish before they are used.
    held: Mutex<HashMap<Digest, LayerInventory>>,
}

impl Session<'_> {
    fn name(&self, layer: &Digest) -> String {
        format!("{}.{GENERATION}{}", layer.hex(), self.variant)
    }

    /// Whether the layer has to be read: for [`crate::image::Options::want`].
    pub fn wants(&self, layer: &Digest) -> bool {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.contains_key(layer) {
            return false;
        }
        match self
            .cache
            .get::<LayerInventory>(LAYERS, &self.name(layer))
            .filter(|known| known.diff_id == *layer)
        {
            Some(known) => {
                held.insert(layer.clone(), known);
                false
            }
            None => true,
        }
    }

    /// Whether all layers of an image are known, so that none of its bytes is needed.
    pub fn knows(&self, image: &ImageFacts) -> bool {
        image.layers.iter().all(|layer| !self.wants(&layer.diff_id))
    }

    /// A known image as a whole, if all of its layers are known. What is remembered of it alone is not enough: its
    /// layers may have gone from the cache since.
    pub fn take(self, facts: ImageFacts) -> Option<ScannedImage> {
        if !self.knows(&facts) {
            return None;
        }
        let mut image = ScannedImage {
            layers: facts.layers.iter().map(|_| LayerOutcome::Known).collect(),
            facts,
            gaps: Vec::new(),
            passed_over: Vec::new(),
        };
        // Nothing was read, so nothing has to be kept.
        self.finish(&mut image);
        Some(image)
    }

    /// Puts the known layers into the image, keeps those that were read, and says which known image it was built on.
    /// Returns what could not be kept; the scan is right all the same.
    pub fn finish(self, image: &mut ScannedImage) -> Option<io::Error> {
        let name = |layer: &Digest| self.name(layer);
        let mut failed = None;
        let mut written = false;
        for outcome in &image.layers {
            if let LayerOutcome::Read(inventory) = outcome {
                written = true;
                let put = self.cache.put(LAYERS, &name(&inventory.diff_id), inventory);
                failed = failed.or(put.err());
            }
        }
        let held = self
            .held
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        for (outcome, reference) in image.layers.iter_mut().zip(&image.facts.layers) {
            if *outcome == LayerOutcome::Known
                && let Some(known) = held.get(&reference.diff_id)
            {
                *outcome = LayerOutcome::Read(known.clone());
            }
        }
        if let Some(base) = self.cache.base_of(&image.facts) {
            image.facts.base = Some(base);
        }
        let known = image
            .layers
            .iter()
            .all(|layer| matches!(layer, LayerOutcome::Read(_)));
        // A whole image is remembered, to be told without its engine and to be found as others' base.
        if known && self.cache.image(&image.facts.id).as_ref() != Some(&image.facts) {
            written = true;
            failed = failed.or(self.cache.remember(&image.facts).err());
        }
        if written {
            failed = failed.or(self.cache.trim().err());
        }
        failed
    }
}

impl LayerCache {
    fn remember(&self, facts: &ImageFacts) -> io::Result<()> {
        let known = KnownImage {
            name: facts.tags.first().cloned(),
            facts: facts.clone(),
        };
        self.put(IMAGES, facts.id.hex(), &known)?;
        // A name is what makes a base worth telling.
        match known.name {
            Some(_) => self.put(IMAGES, &chain(facts, facts.layers.len()), &known),
            None => Ok(()),
        }
    }

    /// The known image with the most layers that are this one's lowest.
    fn base_of(&self, facts: &ImageFacts) -> Option<BaseImage> {
        let count = (1..facts.layers.len()).rev().find_map(|count| {
            let known: KnownImage = self.get(IMAGES, &chain(facts, count))?;
            let same = known
                .facts
                .layers
                .iter()
                .map(|layer| &layer.diff_id)
                .eq(facts.layers.iter().take(count).map(|layer| &layer.diff_id));
            same.then_some((count, known.name))
        });
        let (count, name) = count?;
        Some(BaseImage {
            layers: u32::try_from(count).unwrap_or(u32::MAX),
            name,
            digest: facts.base.as_ref().and_then(|base| base.digest.clone()),
            evidence: BaseEvidence::KnownImage,
        })
    }
}

/// A name for the lowest layers of an image.
fn chain(facts: &ImageFacts, count: usize) -> String {
    let mut hash = Sha256::new();
    for layer in facts.layers.iter().take(count) {
        hash.update(layer.diff_id.as_str());
        hash.update(b"\n");
    }
    format!(
        "chain-{}",
        Digest::from_sha256(&hash.finalize().into()).hex()
    )
}

fn encode<T: Serialize>(value: &T) -> io::Result<Vec<u8>> {
    let packed = zstd::encode_all(serde_json::to_vec(value)?.as_slice(), 1)?;
    let mut entry = Vec::with_capacity(packed.len() + 40);
    entry.extend_from_slice(MAGIC);
    entry.extend_from_slice(&Sha256::digest(&packed));
    entry.extend_from_slice(&packed);
    Ok(entry)
}

fn decode<T: DeserializeOwned>(file: &mut File) -> io::Result<T> {
    let damaged = || io::Error::from(io::ErrorKind::InvalidData);
    let mut entry = Vec::new();
    file.take(MAX_ENTRY_BYTES).read_to_end(&mut entry)?;
    let (head, packed) = entry.split_at_checked(40).ok_or_else(damaged)?;
    let (magic, digest) = head.split_at_checked(8).ok_or_else(damaged)?;
    if magic != MAGIC || Sha256::digest(packed).as_slice() != digest {
        return Err(damaged());
    }
    let mut json = Vec::new();
    zstd::Decoder::new(packed)?
        .take(MAX_ENTRY_BYTES)
        .read_to_end(&mut json)?;
    Ok(serde_json::from_slice(&json)?)
}

/// Makes a folder that only its owner may use: what lies there is believed.
fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use schemas::inventory::{LayerRef, layer::LAYER_VERSION};

    use super::*;

    fn digest(number: u8) -> Digest {
        Digest::from_sha256(&[number; 32])
    }

    fn inventory(number: u8, gap_bytes: usize) -> LayerInventory {
        LayerInventory {
            version: LAYER_VERSION,
            diff_id: digest(number),
            reader: None,
            generation: GENERATION,
            size_bytes: 1,
            entries: 1,
            windows: false,
            evidence: Vec::new(),
            // Text that does not shrink when packed.
            whiteouts: (0..gap_bytes / 32)
                .map(|index| digest_text(number, index))
                .collect(),
            opaque: Vec::new(),
            replaced: Vec::new(),
            gaps: Vec::new(),
        }
    }

    fn digest_text(number: u8, index: usize) -> String {
        hex(&Sha256::digest(format!("{number} {index}")))
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn image(tag: &str, layers: &[u8]) -> ImageFacts {
        let config = format!(
            r#"{{"os":"linux","x":"{tag}","rootfs":{{"diff_ids":[{}]}}}}"#,
            layers
                .iter()
                .map(|layer| format!("\"{}\"", digest(*layer)))
                .collect::<Vec<_>>()
                .join(",")
        );
        let mut facts =
            crate::image::parse_config(config.as_bytes(), &crate::Limits::default()).unwrap();
        facts.tags = vec![tag.to_owned()];
        facts
    }

    fn scan(cache: &LayerCache, facts: ImageFacts, size: usize) -> (ScannedImage, usize) {
        let session = cache.session("");
        let mut read = 0;
        let layers = facts
            .layers
            .iter()
            .map(|LayerRef { diff_id, .. }| {
                if session.wants(diff_id) {
                    read += 1;
                    let number = (0..=u8::MAX).find(|n| digest(*n) == *diff_id).unwrap();
                    LayerOutcome::Read(inventory(number, size))
                } else {
                    LayerOutcome::Known
                }
            })
            .collect();
        let mut scanned = ScannedImage {
            facts,
            layers,
            gaps: Vec::new(),
            passed_over: Vec::new(),
        };
        assert!(session.finish(&mut scanned).is_none());
        (scanned, read)
    }

    /// What each generation read of the fixture layer, to be added to and never changed: a digest that is not the last
    /// one's means that analyzers find other things, so that `GENERATION` has to be raised.
    const READ_BY: &[(u32, &str)] = &[(
        5,
        "469c310e1d23e9d873b41723d6f9bcc42493f359b08703efd6d9ca738216a057",
    )];

    /// A jar with one stored entry, which makes an archive as simple as it gets.
    fn jar(name: &str, bytes: &str) -> Vec<u8> {
        let word = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
        let mut about = [20, 0, 0, 0, 0].map(u16::to_le_bytes).concat();
        about.extend(
            [
                word(0),
                word(bytes.len()),
                word(bytes.len()),
                word(name.len()),
            ]
            .concat(),
        );
        let head = [
            b"PK\x03\x04".as_slice(),
            &about,
            name.as_bytes(),
            bytes.as_bytes(),
        ]
        .concat();
        let entry = [
            b"PK\x01\x02\x14\0".as_slice(),
            &about,
            &[0; 14],
            name.as_bytes(),
        ]
        .concat();
        let end = [
            b"PK\x05\x06\0\0\0\0\x01\0\x01\0".as_slice(),
            &word(entry.len()),
            &word(head.len()),
            &[0; 2],
        ];
        [head, entry, end.concat()].concat()
    }

    #[test]
    fn what_analyzers_read_of_a_layer_belongs_to_their_generation() {
        let pom = "groupId=g\nartifactId=a\nversion=1\n";
        let files: [(&str, Vec<u8>); 13] = [
            ("etc/os-release", "ID=debian\nVERSION_ID=12\n".into()),
            ("var/lib/dpkg/status", "Package: bash\nStatus: install ok installed\nSource: b (5)\nArchitecture: amd64\nVersion: 5.2-1+b1\n\n".into()),
            ("var/lib/dpkg/info/bash.list", "/.\n/usr/lib/python3/dist-packages/six.egg-info\n".into()),
            ("lib/apk/db/installed", "C:Q1\nP:musl\nV:1.2.4-r1\nA:x86_64\no:musl\nF:lib\nR:libc.so\n\n".into()),
            ("app/a-1.jar", jar("META-INF/maven/g/a/pom.properties", pom)),
            ("app/tomcat-embed-core-9.0.54.jar", jar("META-INF/MANIFEST.MF", "Bundle-SymbolicName: org.apache.tomcat-embed-core\n\n")),
            ("app/vendor/composer/installed.json", r#"{"packages":[{"name":"a/b","version":"2.0"}],"dev-package-names":["a/b"]}"#.into()),
            ("app/node_modules/a/package.json", r#"{"name":"a","version":"1.0.0"}"#.into()),
            ("usr/lib/python3/dist-packages/a-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: a\nVersion: 1\n\n".into()),
            ("usr/lib/ruby/gems/3.1.0/specifications/a-1.0.gemspec", "Gem::Specification.new do |s|\n  s.name = \"a\".freeze\n  s.version = \"1.0\"\nend\n".into()),
            ("opt/conda/conda-meta/a-1-0.json", r#"{"name":"a","version":"1","build":"0"}"#.into()),
            ("app/app.deps.json", r#"{"runtimeTarget":{"name":"x"},"libraries":{"A/1.0.0":{"type":"package"}},"targets":{"x":{"A/1.0.0":{"runtime":{}}}}}"#.into()),
            ("app/requirements.txt", "a==1\n-r base.txt\n".into()),
        ];
        let tar = files
            .into_iter()
            .fold(
                crate::tar::build::Builder::default(),
                |tar, (path, bytes)| tar.file(path, bytes),
            )
            .finish();
        let layer = crate::layer::read_layer(
            &mut tar.as_slice(),
            &crate::layer::LayerExpectation::default(),
            &crate::Limits {
                lock_files: crate::LockFiles::Everywhere,
                ..crate::Limits::default()
            },
            &|_| {},
        )
        .unwrap();
        let read = LayerInventory {
            reader: None,
            ..layer.inventory
        };
        let digest = hex(&Sha256::digest(serde_json::to_vec(&read).unwrap()));
        assert!(READ_BY.is_sorted_by_key(|(generation, _)| *generation));
        assert_eq!(
            READ_BY.last(),
            Some(&(GENERATION, digest.as_str())),
            "raise GENERATION and add what it reads: {read:#?}"
        );
    }

    #[test]
    fn a_layer_is_read_once_and_names_its_base() {
        let folder = tempfile::tempdir().unwrap();
        let cache = LayerCache::new(folder.path(), 1 << 20);
        let (base, read) = scan(&cache, image("base:1", &[1, 2]), 64);
        assert_eq!((read, base.facts.base), (2, None));
        let (app, read) = scan(&cache, image("app:1", &[1, 2, 3]), 64);
        assert_eq!(read, 1);
        let base = app.facts.base.clone().unwrap();
        assert_eq!(base.name.as_deref(), Some("base:1"));
        assert_eq!((base.layers, base.evidence), (2, BaseEvidence::KnownImage));
        let (again, read) = scan(&cache, image("app:1", &[1, 2, 3]), 64);
        assert_eq!(read, 0);
        assert_eq!(again.inventory(), app.inventory());
        assert_eq!(cache.image(&app.facts.id), Some(app.facts.clone()));
        let taken = cache.session("").take(app.facts.clone()).unwrap();
        assert_eq!(taken.inventory(), app.inventory());
        assert!(cache.session("-other").take(app.facts).is_none());
        // Another way of reading finds other things.
        assert!(cache.session("-other").wants(&digest(1)));
    }

    #[test]
    fn a_damaged_entry_is_read_anew() {
        let folder = tempfile::tempdir().unwrap();
        let cache = LayerCache::new(folder.path(), 1 << 20);
        scan(&cache, image("a", &[1]), 640);
        let entry = fs::read_dir(folder.path().join(LAYERS))
            .unwrap()
            .next()
            .unwrap();
        let path = entry.unwrap().path();
        let whole = fs::read(&path).unwrap();
        for at in [0, 9, 41, whole.len() - 1] {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            fs::write(&path, damaged).unwrap();
            assert!(cache.session("").wants(&digest(1)), "byte {at}");
            assert!(!path.exists());
        }
        fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        assert!(cache.session("").wants(&digest(1)));
    }

    #[test]
    fn the_bound_holds_and_what_was_used_last_stays() {
        let folder = tempfile::tempdir().unwrap();
        let bound = 200_000;
        let cache = LayerCache::new(folder.path(), bound);
        for number in 1..=40 {
            scan(&cache, image(&number.to_string(), &[number]), 20_000);
            let total: u64 = [LAYERS, IMAGES]
                .iter()
                .flat_map(|kind| fs::read_dir(folder.path().join(kind)).unwrap())
                .map(|entry| entry.unwrap().metadata().unwrap().len())
                .sum();
            assert!(total <= bound, "{total} bytes after {number} layers");
        }
        assert!(!cache.session("").wants(&digest(40)));
        assert!(cache.session("").wants(&digest(1)));
    }
}
