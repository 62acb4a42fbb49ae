//! What blobs do when S3, or the way to it, fails.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::config::timeout::TimeoutConfig;
use platform::aws::{AwsBlobs, Clients, FileCache, provision};
use platform::ports::{BlobCondition, BlobError, BlobPath, Blobs, Body, PutOptions, SystemClock};
use sha2::{Digest as _, Sha256};

use super::server::{Which, clients, endpoint};
use super::wire::{Fault, Way};

/// Time for a try where nobody is silent.
const PATIENCE: Duration = Duration::from_secs(60);

/// Blobs behind a way on which things go wrong.
struct Behind {
    way: Way,
    blobs: AwsBlobs,
    direct: Clients,
    bucket: String,
    cache: tempfile::TempDir,
}

async fn behind() -> Option<Behind> {
    behind_of(Which::First, Duration::from_millis(2500)).await
}

/// The same of a server, with so much time for each try.
async fn behind_of(which: Which, time: Duration) -> Option<Behind> {
    let endpoint = endpoint(which)?;
    let way = Way::to(&endpoint).await;
    let (settings, direct) = clients(&endpoint).await;
    provision::create_bucket(&direct, &settings.bucket)
        .await
        .unwrap();
    let (_, through) = clients(&way.endpoint).await;
    let config = through.blobs.config().to_builder().timeout_config(
        TimeoutConfig::builder()
            .operation_attempt_timeout(time)
            .build(),
    );
    let cache = tempfile::tempdir().unwrap();
    let blobs = AwsBlobs::new(
        aws_sdk_s3::Client::from_conf(config.build()),
        &settings.bucket,
        Some(FileCache::new(cache.path().join("blobs"), 3_000_000)),
        Arc::new(SystemClock),
    );
    Some(Behind {
        way,
        blobs,
        direct,
        bucket: settings.bucket,
        cache,
    })
}

impl Behind {
    /// Uploads in parts that were begun and neither completed nor ended.
    async fn open_uploads(&self) -> usize {
        let request = self.direct.blobs.list_multipart_uploads();
        let listed = request.bucket(&self.bucket).send().await.unwrap();
        listed.uploads().len()
    }
}

fn path(name: &str) -> BlobPath {
    BlobPath::parse(format!("t/acme/layers/{name}")).unwrap()
}

fn large() -> Vec<u8> {
    (0..18_000_000_u32).map(|n| (n % 251) as u8).collect()
}

fn only(condition: BlobCondition) -> PutOptions {
    PutOptions {
        condition,
        ..PutOptions::default()
    }
}

async fn content(blobs: &AwsBlobs, path: &BlobPath) -> Result<bytes::Bytes, BlobError> {
    blobs.get(path).await?.body.collect(32 << 20).await
}

#[tokio::test]
async fn errors_of_the_service_are_of_their_kind() {
    let Some(Behind { way, blobs, .. }) = behind().await else {
        return;
    };
    let new = || only(BlobCondition::IfNotExists);
    let path = path("kinds");
    for (status, code) in [
        (503, "SlowDown"),
        (503, "ServiceUnavailable"),
        (429, "TooManyRequests"),
        (503, ""),
    ] {
        way.next([("PutObject", Fault::Error(status, code))]);
        let error = blobs.put(&path, vec![1].into(), new()).await.unwrap_err();
        assert!(matches!(error, BlobError::Throttled), "{code}: {error:?}");
        assert_eq!(way.seen(), ["PutObject"], "asked for once");
        way.next([1, 2, 3].map(|_| ("GetObject", Fault::Error(status, code))));
        let error = blobs.get(&path).await.unwrap_err();
        assert!(matches!(error, BlobError::Throttled), "{code}: {error:?}");
        way.next([1, 2, 3].map(|_| ("HeadObject", Fault::Error(status, code))));
        let error = blobs.head(&path).await.unwrap_err();
        assert!(matches!(error, BlobError::Throttled), "{code}: {error:?}");
    }
    for (status, code) in [
        (500, "InternalError"),
        (500, ""),
        (403, "AccessDenied"),
        (404, "NoSuchBucket"),
        (400, "RequestTimeout"),
    ] {
        way.next([1, 2, 3].map(|_| ("PutObject", Fault::Error(status, code))));
        let error = blobs.put(&path, vec![1].into(), new()).await.unwrap_err();
        assert!(
            matches!(error, BlobError::Unavailable(_)),
            "{code}: {error:?}"
        );
        way.next([1, 2, 3].map(|_| ("GetObject", Fault::Error(status, code))));
        let error = blobs.get(&path).await.unwrap_err();
        assert!(
            matches!(error, BlobError::Unavailable(_)),
            "{code}: {error:?}"
        );
    }
    way.next([("PutObject", Fault::Error(409, "ConditionalRequestConflict"))]);
    let error = blobs.put(&path, vec![1].into(), new()).await.unwrap_err();
    assert!(matches!(error, BlobError::Conflict), "{error:?}");
    // What passes is repeated where that is safe.
    way.next([
        ("PutObject", Fault::Error(503, "SlowDown")),
        ("PutObject", Fault::Error(500, "InternalError")),
        ("GetObject", Fault::Error(503, "SlowDown")),
        ("DeleteObject", Fault::LoseAnswer),
    ]);
    let always = PutOptions::default();
    blobs.put(&path, vec![1].into(), always).await.unwrap();
    assert_eq!(content(&blobs, &path).await.unwrap(), [1].as_slice());
    blobs.delete(&path).await.unwrap();
    assert!(matches!(blobs.get(&path).await, Err(BlobError::NotFound)));
}

#[tokio::test]
async fn a_lost_acknowledgement_of_a_conditional_put_is_no_refusal() {
    let Some(Behind { way, blobs, .. }) = behind().await else {
        return;
    };
    let new = only(BlobCondition::IfNotExists);
    for (name, body, lost) in [
        ("small", vec![1; 10], "PutObject"),
        ("large", large(), "CompleteMultipartUpload"),
    ] {
        let path = path(name);
        way.next([(lost, Fault::LoseAnswer)]);
        let error = blobs.put(&path, body.clone().into(), new.clone()).await;
        assert!(matches!(error, Err(BlobError::Unavailable(_))), "{error:?}");
        let asked = way.seen().iter().filter(|seen| **seen == lost).count();
        assert_eq!(asked, 1, "asked for once");
        assert!(
            content(&blobs, &path).await.unwrap() == body,
            "it was stored"
        );
        let again = blobs.put(&path, body.into(), new.clone()).await;
        assert!(
            matches!(again, Err(BlobError::ConditionFailed)),
            "{again:?}"
        );
    }
}

#[tokio::test]
async fn silence_ends() {
    let Some(Behind { way, blobs, .. }) = behind().await else {
        return;
    };
    way.next([("PutObject", Fault::Silence)]);
    let new = only(BlobCondition::IfNotExists);
    let error = blobs.put(&path("silent"), vec![1].into(), new).await;
    assert!(matches!(error, Err(BlobError::Unavailable(_))), "{error:?}");
}

#[tokio::test]
async fn a_large_blob_goes_in_parts_and_is_whole_or_not_at_all() {
    let Some(behind) = behind().await else {
        return;
    };
    let (way, blobs) = (&behind.way, &behind.blobs);
    let (path, body) = (path("parts"), large());
    let chunks: Vec<_> = body
        .chunks(70_001)
        .map(bytes::Bytes::copy_from_slice)
        .collect();
    let whole = || Body::stream(futures::stream::iter(chunks.clone().into_iter().map(Ok)));
    // A part that fails for a while is sent again.
    way.next([("UploadPart", Fault::Error(503, "SlowDown"))]);
    let new = only(BlobCondition::IfNotExists);
    let meta = blobs.put(&path, whole(), new.clone()).await.unwrap();
    assert_eq!(meta.size_bytes, 18_000_000);
    assert_eq!(blobs.head(&path).await.unwrap(), Some(meta.clone()));
    assert!(content(blobs, &path).await.unwrap() == body);
    let error = blobs.put(&path, whole(), new).await;
    assert!(
        matches!(error, Err(BlobError::ConditionFailed)),
        "{error:?}"
    );
    let same = only(BlobCondition::IfMatch("\"none\"".to_owned()));
    let error = blobs.put(&path, whole(), same).await;
    assert!(
        matches!(error, Err(BlobError::ConditionFailed)),
        "{error:?}"
    );
    assert_eq!(blobs.head(&path).await.unwrap(), Some(meta.clone()));
    assert_eq!(behind.open_uploads().await, 0, "refused");

    // A part that fails for good, a body that breaks off, is too long, or is another one.
    way.next([1; 9].map(|_| ("UploadPart", Fault::Error(500, "InternalError"))));
    let error = blobs.put(&path, whole(), PutOptions::default()).await;
    assert!(matches!(error, Err(BlobError::Unavailable(_))), "{error:?}");
    way.next([]);
    let broken = chunks.iter().take(200).cloned().map(Ok);
    let broken = broken.chain([Err(std::io::Error::other("cable"))]);
    let broken = Body::stream(futures::stream::iter(broken.collect::<Vec<_>>()));
    let error = blobs.put(&path, broken, PutOptions::default()).await;
    assert!(matches!(error, Err(BlobError::Body(_))), "{error:?}");
    let small = PutOptions {
        max_bytes: Some(17_999_999),
        ..PutOptions::default()
    };
    let error = blobs.put(&path, whole(), small).await;
    assert!(
        matches!(error, Err(BlobError::TooLarge { .. })),
        "{error:?}"
    );
    let other = PutOptions {
        sha256: Some([0; 32]),
        ..PutOptions::default()
    };
    let error = blobs.put(&path, whole(), other).await;
    assert!(
        matches!(error, Err(BlobError::ChecksumMismatch)),
        "{error:?}"
    );
    assert_eq!(blobs.head(&path).await.unwrap(), Some(meta), "as before");
    // Somebody else puts it while this one is sent.
    let raced = super::blob_faults::path("raced");
    let other = behind.direct.blobs.put_object();
    let other = other
        .bucket(&behind.bucket)
        .key(raced.as_str())
        .body(vec![1].into())
        .send();
    let late = futures::stream::once(async move {
        other.await.unwrap();
        Ok(bytes::Bytes::from_static(b"late"))
    });
    let early = futures::stream::iter(chunks.clone().into_iter().map(Ok));
    let both = Body::stream(futures::StreamExt::chain(early, late));
    let new = only(BlobCondition::IfNotExists);
    let error = blobs.put(&raced, both, new).await;
    assert!(
        matches!(error, Err(BlobError::ConditionFailed)),
        "{error:?}"
    );
    assert_eq!(content(blobs, &raced).await.unwrap(), [1].as_slice());
    assert_eq!(behind.open_uploads().await, 0, "nothing is left");
}

#[tokio::test]
async fn what_is_changed_on_its_way_is_refused() {
    // The first compares checksums, and no hash of what was signed; the strict one compares what was signed.
    for which in [Which::First, Which::Strict] {
        let Some(behind) = behind_of(which, PATIENCE).await else {
            return;
        };
        let (way, blobs) = (&behind.way, &behind.blobs);
        for (name, body, changed) in [
            ("changed", vec![7; 1000], "PutObject"),
            ("changed-part", large(), "UploadPart"),
        ] {
            let path = path(name);
            let always = PutOptions::default();
            // Each time that it is tried.
            way.next([1; 9].map(|_| (changed, Fault::Change)));
            let error = blobs.put(&path, body.clone().into(), always.clone()).await;
            assert!(
                matches!(error, Err(BlobError::Unavailable(_))),
                "{which:?}, {name}: {error:?}"
            );
            let left = blobs.head(&path).await.unwrap();
            assert_eq!(left, None, "{which:?}, {name}");
            // Nothing is wrong with the bytes themselves: they are taken when they arrive as they are.
            way.next([]);
            blobs.put(&path, body.clone().into(), always).await.unwrap();
            assert!(content(blobs, &path).await.unwrap() == body);
        }
        if which == Which::First {
            assert_eq!(behind.open_uploads().await, 0, "nothing is left");
        }
    }
}

#[tokio::test]
async fn the_checksums_of_parts_are_kept_with_a_large_blob() {
    for which in [Which::First, Which::Second] {
        let Some(behind) = behind_of(which, PATIENCE).await else {
            return;
        };
        let (path, body) = (path("summed"), large());
        let always = PutOptions::default();
        let put = behind.blobs.put(&path, body.clone().into(), always);
        put.await.unwrap();
        assert!(content(&behind.blobs, &path).await.unwrap() == body);
        let asked = behind.direct.blobs.head_object();
        let known = asked
            .bucket(&behind.bucket)
            .key(path.as_str())
            .checksum_mode(aws_sdk_s3::types::ChecksumMode::Enabled)
            .send()
            .await
            .unwrap();
        // The sum of the parts' sums. Behind it stands how many they were, which the second server leaves out.
        let sums: Vec<u8> = body
            .chunks(8 << 20)
            .flat_map(|part| Sha256::digest(part).to_vec())
            .collect();
        let sum = known.checksum_sha256().unwrap_or_default();
        let (sum, parts) = sum.split_once('-').unwrap_or((sum, "3"));
        let expected = aws_smithy_types::base64::encode(Sha256::digest(sums));
        assert_eq!((sum, parts), (expected.as_str(), "3"), "{which:?}");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_gone_on_with_or_says_so() {
    let Some(Behind { way, blobs, .. }) = behind().await else {
        return;
    };
    let (path, body) = (path("cut"), large());
    let always = PutOptions::default();
    blobs
        .put(&path, body.clone().into(), always.clone())
        .await
        .unwrap();
    way.next([
        ("GetObject", Fault::Cut(1_000_000)),
        ("GetObject", Fault::Cut(0)),
        ("GetObject", Fault::Cut(5_000_000)),
    ]);
    assert!(
        content(&blobs, &path).await.unwrap() == body,
        "another content"
    );
    assert_eq!(way.seen(), ["GetObject"; 4]);
    way.next([("GetObject", Fault::Cut(10))]);
    let part = blobs.get_range(&path, 100..1_000_000).await.unwrap();
    assert!(part.body.collect(32 << 20).await.unwrap() == body[100..1_000_000]);
    // Not for ever.
    way.next([1; 9].map(|_| ("GetObject", Fault::Cut(10))));
    let error = content(&blobs, &path).await;
    assert!(matches!(error, Err(BlobError::Unavailable(_))), "{error:?}");
    assert_eq!(way.seen(), ["GetObject"; 4]);
    // And never with the rest of another blob.
    way.next([("GetObject", Fault::Cut(1_000_000))]);
    let reader = blobs.get(&path).await.unwrap();
    let other = vec![7; body.len()];
    blobs.put(&path, other.into(), always).await.unwrap();
    let error = reader.body.collect(32 << 20).await;
    assert!(matches!(error, Err(BlobError::Unavailable(_))), "{error:?}");
}

fn bytes_of(mut file: std::fs::File) -> Vec<u8> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).unwrap();
    bytes
}

#[tokio::test]
async fn files_are_kept_and_never_stale() {
    let Some(Behind {
        way, blobs, cache, ..
    }) = behind().await
    else {
        return;
    };
    let always = PutOptions::default;
    let (a, b, c) = (path("a"), path("b"), path("c"));
    for (path, byte) in [(&a, 1), (&b, 2), (&c, 3)] {
        let body = vec![byte; 1_200_000];
        blobs.put(path, body.into(), always()).await.unwrap();
    }
    let open = async |path: &BlobPath| blobs.open_file(path).await.unwrap().map(bytes_of);
    assert!(open(&a).await == Some(vec![1; 1_200_000]));
    way.next([]);
    let kept = blobs.open_file(&a).await.unwrap().unwrap();
    assert_eq!(way.seen(), ["HeadObject"], "it is not fetched again");
    // Many at once fetch it once.
    let all = (0..8).map(|_| blobs.open_file(&b));
    for file in futures::future::join_all(all).await {
        assert!(bytes_of(file.unwrap().unwrap()) == vec![2; 1_200_000]);
    }
    let fetched = way
        .seen()
        .iter()
        .filter(|seen| **seen == "GetObject")
        .count();
    assert_eq!(fetched, 1);
    // The third does not fit: the one used least recently goes, and stays readable for those who have it open.
    assert!(open(&c).await == Some(vec![3; 1_200_000]));
    assert!(bytes_of(kept) == vec![1; 1_200_000]);
    let dir = cache.path().join("blobs");
    let sizes = || {
        let files = std::fs::read_dir(&dir).unwrap();
        files
            .map(|file| file.unwrap().metadata().unwrap().len())
            .sum::<u64>()
    };
    assert_eq!(sizes(), 2_400_000);
    way.next([]);
    open(&b).await;
    assert_eq!(way.seen(), ["HeadObject"], "the other one stayed");
    // A blob that was replaced is another one, of the same size too.
    blobs
        .put(&b, vec![9; 1_200_000].into(), always())
        .await
        .unwrap();
    assert!(open(&b).await == Some(vec![9; 1_200_000]));
    // A file that was cut is fetched again.
    for file in std::fs::read_dir(&dir).unwrap() {
        let file = std::fs::File::options()
            .write(true)
            .open(file.unwrap().path());
        file.unwrap().set_len(5).unwrap();
    }
    assert!(open(&b).await == Some(vec![9; 1_200_000]));
    // What breaks off leaves nothing.
    blobs
        .put(&a, vec![4; 500_000].into(), always())
        .await
        .unwrap();
    way.next([1; 9].map(|_| ("GetObject", Fault::Cut(10))));
    let error = blobs.open_file(&a).await;
    assert!(matches!(error, Err(BlobError::Unavailable(_))), "{error:?}");
    let unfinished = std::fs::read_dir(&dir).unwrap().filter(|file| {
        let name = file.as_ref().unwrap().file_name();
        name.to_string_lossy().starts_with("part-")
    });
    assert_eq!(unfinished.count(), 0);
    // Too large for the folder, and a folder that cannot be: the caller reads ranges.
    blobs
        .put(&c, vec![5; 3_000_001].into(), always())
        .await
        .unwrap();
    assert!(open(&c).await.is_none());
    std::fs::remove_dir_all(&dir).unwrap();
    std::fs::write(&dir, b"no folder").unwrap();
    way.next([]);
    assert!(open(&a).await.is_none());
    let absent = blobs.open_file(&path("absent")).await;
    assert!(matches!(absent, Err(BlobError::NotFound)));
}
