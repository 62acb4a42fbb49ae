//! Bundles: compiled advisories in one signed file, for sites without internet.
//!
//! A bundle is a zstd-compressed tar of `bundle.json`, `bundle.sig` and the files that `bundle.json` names with their
//! sizes and SHA-256, in that order. The signature is Ed25519 over `bulkhead-feeds:` and the bytes of `bundle.json`. It
//! is verified before anything else is read, so what is not signed by the expected key is never unpacked.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, BufReader, Read, Write},
    path::{Path, PathBuf},
};

use access::keys::{PublicKey, Sign};
use advisories::shards::{MANIFEST_NAME, Manifest};
use schemas::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::{
    built::{BUILT_NAME, Built},
    listing::is_plain_name,
};

/// The version of bundles that is written here.
const BUNDLE_VERSION: u32 = 1;
/// The first entry.
const HEAD_NAME: &str = "bundle.json";
/// The second entry.
const SIGNATURE_NAME: &str = "bundle.sig";
/// What is signed before the bytes of `bundle.json`.
const PREFIX: &[u8] = b"bulkhead-feeds:";
/// Largest `bundle.json`.
const MAX_HEAD_BYTES: u64 = 16 << 20;
/// Length of a signature, in hexadecimal.
const SIGNATURE_CHARS: u64 = 128;
/// Most files in a bundle.
const MAX_FILES: usize = 20_000;
/// Largest file in a bundle.
const MAX_FILE_BYTES: u64 = 8 << 30;
/// Most bytes of all files in a bundle.
const MAX_TOTAL_BYTES: u64 = 32 << 30;
/// Largest window of zstd that is accepted, as a power of two.
const ZSTD_WINDOW_LOG: u32 = 27;
/// Shards are compressed little in themselves; more than this takes long and gains little.
const LEVEL: i32 = 9;

/// What a bundle says of itself: the content of `bundle.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleHead {
    /// Version of bundles, 1. A later one is refused.
    pub version: u32,
    /// When the bundle was made.
    pub made_at: Timestamp,
    /// When its advisories were compiled.
    pub built_at: Timestamp,
    /// Name of their generation.
    pub generation: String,
    /// The files that follow, in order.
    pub files: Vec<BundleFile>,
}

/// A file in a bundle.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleFile {
    /// Its name, without folders.
    pub name: String,
    /// Its size.
    pub size_bytes: u64,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
}

/// Why a bundle cannot be written or is not to be used.
#[derive(Debug, Error)]
pub enum BundleError {
    /// A file cannot be read or written.
    #[error("{doing} {file}")]
    File {
        /// What was being done.
        doing: &'static str,
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Not a bundle, or damaged.
    #[error("the bundle cannot be read: it is cut, damaged or another thing")]
    Unreadable(#[source] io::Error),
    /// Its entries are not those of a bundle.
    #[error("it is not a bundle: {0}")]
    Malformed(String),
    /// Not signed by the key that is trusted.
    #[error("the bundle is not signed by the key that was given")]
    Signature,
    /// A later version of bundles.
    #[error(
        "the bundle has form {found}, and {BUNDLE_VERSION} is read; use a newer version of this program"
    )]
    Later {
        /// Its version.
        found: u32,
    },
    /// Larger than any real bundle.
    #[error("the bundle holds more than is allowed")]
    TooLarge,
    /// A file is not the one that was signed.
    #[error("{name} in the bundle is not the file that was signed")]
    Hash {
        /// The file.
        name: String,
    },
    /// Its advisories cannot be used.
    #[error("the advisories in the bundle cannot be used")]
    Advisories(#[source] advisories::ShardError),
    /// Older than what is there.
    #[error(
        "the bundle's advisories are of {found}, older than those in use, which are of {installed}"
    )]
    Older {
        /// When they were compiled.
        found: Timestamp,
        /// When those in use were.
        installed: Timestamp,
    },
}

fn file_error(doing: &'static str, file: &Path) -> impl FnOnce(io::Error) -> BundleError {
    let file = file.to_owned();
    move |source| BundleError::File {
        doing,
        file,
        source,
    }
}

/// Writes compiled advisories as a bundle.
///
/// # Errors
/// When the folder holds no compiled advisories, or a file cannot be read or written.
pub fn write(
    compiled: &Path,
    out: impl Write,
    key: &dyn Sign,
    now: Timestamp,
) -> Result<BundleHead, BundleError> {
    let manifest_file = compiled.join(MANIFEST_NAME);
    let manifest = fs::read(&manifest_file).map_err(file_error("read", &manifest_file))?;
    let manifest = Manifest::parse(&manifest).map_err(BundleError::Advisories)?;
    let built_file = compiled.join(BUILT_NAME);
    let built = match fs::read(&built_file) {
        Ok(bytes) => Built::parse(&bytes),
        Err(_) => None,
    };
    let mut names = vec![MANIFEST_NAME];
    if built.is_some() {
        names.push(BUILT_NAME);
    }
    names.extend(manifest.shards.iter().map(|shard| shard.file.as_str()));
    let mut files = Vec::with_capacity(names.len());
    for name in names {
        let (size_bytes, sha256) = hash(&compiled.join(name))?;
        files.push(BundleFile {
            name: name.to_owned(),
            size_bytes,
            sha256,
        });
    }
    let head = BundleHead {
        version: BUNDLE_VERSION,
        made_at: now,
        // A person's own documents do not tell when they were got: then the day of the bundle counts.
        built_at: built.map_or(now, |built| built.built_at),
        generation: manifest.generation,
        files,
    };
    let head_bytes =
        serde_json::to_vec_pretty(&head).map_err(|error| BundleError::Unreadable(error.into()))?;
    let signature = hex::encode(key.sign(&[PREFIX, &head_bytes].concat()));
    let unwritten = |error| file_error("write", Path::new("the bundle"))(error);
    let packer = zstd::stream::write::Encoder::new(out, LEVEL).map_err(unwritten)?;
    let mut tar = tar::Builder::new(packer);
    let mut append = |name: &str, size: u64, content: &mut dyn Read| {
        let mut header = tar::Header::new_ustar();
        header.set_size(size);
        header.set_mode(0o644);
        // Equal advisories give equal bundles but for their date.
        header.set_mtime(0);
        tar.append_data(&mut header, name, content)
    };
    append(
        HEAD_NAME,
        head_bytes.len() as u64,
        &mut head_bytes.as_slice(),
    )
    .and_then(|()| {
        append(
            SIGNATURE_NAME,
            signature.len() as u64,
            &mut signature.as_bytes(),
        )
    })
    .map_err(unwritten)?;
    for file in &head.files {
        let path = compiled.join(&file.name);
        let mut content = File::open(&path).map_err(file_error("read", &path))?;
        append(&file.name, file.size_bytes, &mut content).map_err(unwritten)?;
    }
    tar.into_inner()
        .and_then(zstd::stream::write::Encoder::finish)
        .and_then(|mut out| out.flush())
        .map_err(unwritten)?;
    Ok(head)
}

fn hash(path: &Path) -> Result<(u64, String), BundleError> {
    let mut file = File::open(path).map_err(file_error("read", path))?;
    let mut hash = Sha256::new();
    let size = copy(&mut file, |bytes| {
        hash.update(bytes);
        Ok(())
    })
    .map_err(file_error("read", path))?;
    Ok((size, hex::encode(hash.finalize())))
}

/// Reads to the end by pieces.
fn copy(reader: &mut dyn Read, mut to: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<u64> {
    let mut buffer = vec![0; 1 << 16];
    let mut total = 0;
    loop {
        let count = match reader.read(&mut buffer) {
            Ok(0) => return Ok(total),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        to(buffer.get(..count).unwrap_or_default())?;
        total += count as u64;
    }
}

/// Understands `bundle.json`. To be called on signed bytes; safe on any.
///
/// # Errors
/// When it is of a later version, names more than is allowed, or names what no file may be called.
pub fn parse_head(bytes: &[u8]) -> Result<BundleHead, BundleError> {
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    let malformed = |error: serde_json::Error| BundleError::Malformed(error.to_string());
    // A later version may have another form altogether.
    let Version { version } = serde_json::from_slice(bytes).map_err(malformed)?;
    if version > BUNDLE_VERSION {
        return Err(BundleError::Later { found: version });
    }
    let head: BundleHead = serde_json::from_slice(bytes).map_err(malformed)?;
    let total = head
        .files
        .iter()
        .try_fold(0_u64, |total, file| total.checked_add(file.size_bytes));
    if head.files.len() > MAX_FILES
        || head
            .files
            .iter()
            .any(|file| file.size_bytes > MAX_FILE_BYTES)
        || total.is_none_or(|total| total > MAX_TOTAL_BYTES)
    {
        return Err(BundleError::TooLarge);
    }
    let mut seen = BTreeSet::new();
    for file in &head.files {
        if !is_plain_name(&file.name) || file.name.contains('/') || !seen.insert(&file.name) {
            return Err(BundleError::Malformed(
                "it names a file that cannot be".to_owned(),
            ));
        }
    }
    Ok(head)
}

/// Verifies a bundle and unpacks it into an empty folder, which holds compiled advisories afterwards. On an error the
/// folder holds parts that nobody may use.
///
/// `not_before` refuses advisories that were compiled before that moment.
///
/// # Errors
/// When it is not signed by this key, damaged, of a later version, older, or too large.
pub fn read(
    bundle: impl Read,
    key: &PublicKey,
    not_before: Option<Timestamp>,
    into: &Path,
) -> Result<BundleHead, BundleError> {
    let mut decoder = zstd::stream::read::Decoder::new(BufReader::new(bundle))
        .map_err(BundleError::Unreadable)?;
    decoder
        .window_log_max(ZSTD_WINDOW_LOG)
        .map_err(BundleError::Unreadable)?;
    // Each entry takes at most 1 KiB of its own.
    let limit = MAX_TOTAL_BYTES + MAX_HEAD_BYTES + (MAX_FILES as u64) * 1024;
    let mut tar = tar::Archive::new(decoder.take(limit));
    let mut entries = tar.entries().map_err(BundleError::Unreadable)?;
    let mut next = || -> Result<_, BundleError> {
        let Some(entry) = entries.next() else {
            return Ok(None);
        };
        let entry = entry.map_err(BundleError::Unreadable)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        Ok(Some((name, entry)))
    };
    let mut small = |wanted: &str, max_bytes: u64| -> Result<Vec<u8>, BundleError> {
        match next()? {
            Some((name, entry)) if name == wanted && entry.size() <= max_bytes => {
                let (size, mut bytes) = (entry.size(), Vec::new());
                let mut entry = entry;
                entry
                    .read_to_end(&mut bytes)
                    .map_err(BundleError::Unreadable)?;
                if (bytes.len() as u64) < size {
                    return Err(BundleError::Unreadable(io::ErrorKind::UnexpectedEof.into()));
                }
                Ok(bytes)
            }
            _ => Err(BundleError::Malformed(format!(
                "{wanted} is not where it belongs"
            ))),
        }
    };
    let head_bytes = small(HEAD_NAME, MAX_HEAD_BYTES)?;
    let signature = small(SIGNATURE_NAME, SIGNATURE_CHARS)?;
    let signature = hex::decode(signature).map_err(|_| BundleError::Signature)?;
    if !key.verifies(&[PREFIX, &head_bytes].concat(), &signature) {
        return Err(BundleError::Signature);
    }
    let head = parse_head(&head_bytes)?;
    if let Some(installed) = not_before.filter(|installed| head.built_at < *installed) {
        return Err(BundleError::Older {
            found: head.built_at,
            installed,
        });
    }
    for file in &head.files {
        match next()? {
            Some((name, entry)) if name == file.name && entry.header().entry_type().is_file() => {
                unpack(entry, file, into)?;
            }
            _ => {
                return Err(BundleError::Malformed(format!(
                    "{} is not where it belongs",
                    file.name
                )));
            }
        }
    }
    if next()?.is_some() {
        return Err(BundleError::Malformed(
            "it holds more files than were signed".to_owned(),
        ));
    }
    check_advisories(&head, into)?;
    Ok(head)
}

fn unpack(mut entry: impl Read, file: &BundleFile, into: &Path) -> Result<(), BundleError> {
    let path = into.join(&file.name);
    let mut out = File::create(&path).map_err(file_error("write", &path))?;
    let mut hash = Sha256::new();
    let (mut size, mut failed) = (0_u64, None);
    let copied = copy(&mut entry, |bytes| {
        size += bytes.len() as u64;
        if size > file.size_bytes {
            return Err(io::ErrorKind::InvalidData.into());
        }
        hash.update(bytes);
        out.write_all(bytes).inspect_err(|error| {
            failed = Some(io::Error::new(error.kind(), error.to_string()));
        })
    });
    if let Some(source) = failed {
        return Err(file_error("write", &path)(source));
    }
    let right =
        copied.is_ok() && size == file.size_bytes && hex::encode(hash.finalize()) == file.sha256;
    if !right {
        return Err(BundleError::Hash {
            name: file.name.clone(),
        });
    }
    out.sync_all().map_err(file_error("write", &path))
}

/// Whether the advisories that were unpacked are whole: every shard that their manifest names is a file of the bundle.
fn check_advisories(head: &BundleHead, into: &Path) -> Result<(), BundleError> {
    let file = into.join(MANIFEST_NAME);
    let bytes = fs::read(&file).map_err(file_error("read", &file))?;
    let manifest = Manifest::parse(&bytes).map_err(BundleError::Advisories)?;
    for shard in &manifest.shards {
        let same = |file: &&BundleFile| {
            file.name == shard.file
                && file.sha256 == shard.sha256
                && file.size_bytes == shard.size_bytes
        };
        if head.files.iter().find(same).is_none() {
            return Err(BundleError::Malformed(format!(
                "the shard {} is missing",
                shard.key
            )));
        }
    }
    Ok(())
}
