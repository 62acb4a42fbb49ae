//! A copy of a store in use is whole, and what was acknowledged before it began is in it.

#![expect(
    clippy::unwrap_used,
    reason = "also outside of test functions a failure here is a failed test"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use platform::backup::{BackupError, back_up, restore, verify};
use platform::{
    BlobPath, Condition, Embedded, Item, Key, Message, Page, Platform, PutOptions, Receive,
    SortRange, SystemClock,
};

fn open(dir: &Path) -> Platform {
    Embedded::open(dir, Arc::new(SystemClock)).unwrap()
}

fn path(writer: u32) -> BlobPath {
    BlobPath::parse(format!("t/acme/documents/{writer}")).unwrap()
}

/// Replaces a document, then writes the record that says which it is, as functions do.
async fn write(platform: &Platform, writer: u32, n: u64) {
    let body = format!("{n:08}").repeat(1000 + writer as usize);
    platform
        .blobs
        .put(&path(writer), body.into(), PutOptions::default())
        .await
        .unwrap();
    let item = Item::new(
        Key::new("t/acme/records", writer.to_string()),
        n.to_string(),
    );
    platform.table.put(item, Condition::None).await.unwrap();
}

/// The number of each record, after its document was found to be that one or a later one.
async fn numbers(platform: &Platform) -> Vec<u64> {
    let page = platform
        .table
        .query("t/acme/records", &SortRange::All, &Page::first(100))
        .await
        .unwrap();
    let mut numbers = Vec::new();
    for item in page.items {
        let n: u64 = String::from_utf8(item.value).unwrap().parse().unwrap();
        let writer = item.key.sort.parse().unwrap();
        let blob = platform.blobs.get(&path(writer)).await.unwrap();
        let body = blob.body.collect(1 << 20).await.unwrap();
        let stored: u64 = std::str::from_utf8(&body[..8]).unwrap().parse().unwrap();
        assert!(stored >= n, "the record says {n}, its document is {stored}");
        numbers.push(n);
    }
    numbers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_is_whole_and_comes_back_with_the_same_answers() {
    let dir = tempfile::tempdir().unwrap();
    let (data, to, again) = (
        dir.path().join("data"),
        dir.path().join("backup"),
        dir.path().join("again"),
    );
    let platform = open(&data);
    let key = platform.keys.signing_key("sessions").await.unwrap();
    for writer in 0..4 {
        write(&platform, writer, 1).await;
    }
    let sent = platform
        .queue
        .send("scan", vec![Message::new("acme/1", "work")])
        .await
        .unwrap();
    assert!(sent.is_empty());
    // It is being worked on while the backup is made.
    let held = platform
        .queue
        .receive("scan", Receive::default())
        .await
        .unwrap();
    assert_eq!(held.len(), 1);

    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (platform, stop) = (platform.clone(), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut n = 1;
                while !stop.load(Ordering::Relaxed) {
                    n += 1;
                    write(&platform, writer, n).await;
                }
                n
            })
        })
        .collect();
    let made = {
        let (data, to) = (data.clone(), to.clone());
        tokio::task::spawn_blocking(move || back_up(&data, &to, "1.2.3", 1_800_000_000_000))
            .await
            .unwrap()
            .unwrap()
    };
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        assert!(writer.await.unwrap() > 1, "nothing was written meanwhile");
    }
    assert_eq!((made.items, made.messages, made.blobs), (4, 1, 4));
    assert_eq!(verify(&to).unwrap(), made);
    for secret in ["backup.json", "store.sqlite", "keys/signing-sessions.key"] {
        let mode = fs::metadata(to.join(secret)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{secret} can be read by others");
    }

    assert_eq!(restore(&to, &again).unwrap(), made);
    let restored = open(&again);
    assert_eq!(numbers(&restored).await.len(), 4);
    assert_eq!(
        restored
            .keys
            .signing_key("sessions")
            .await
            .unwrap()
            .public(),
        key.public()
    );
    let work = restored
        .queue
        .receive("scan", Receive::default())
        .await
        .unwrap();
    assert_eq!(work[0].message, held[0].message);
    // The store that was copied goes on, and what was kept for the backup is gone after the next change.
    write(&platform, 0, 1 << 20).await;
    assert!(numbers(&platform).await.contains(&(1 << 20)));
    let files = fs::read_dir(data.join("blobs"))
        .unwrap()
        .map(|shard| shard.unwrap().path())
        .filter(|shard| shard.is_dir())
        .map(|shard| fs::read_dir(shard).unwrap().count())
        .sum::<usize>();
    assert_eq!(files, 4);
}

#[tokio::test]
async fn what_is_no_whole_backup_is_not_put_back_and_nothing_is_written_over() {
    let dir = tempfile::tempdir().unwrap();
    let (data, to, again) = (
        dir.path().join("data"),
        dir.path().join("backup"),
        dir.path().join("again"),
    );
    let at = |folder: &Path| back_up(&data, folder, "1.2.3", 0);
    assert!(matches!(at(&to), Err(BackupError::NoStore(_))));
    let platform = open(&data);
    write(&platform, 1, 1).await;
    at(&to).unwrap();
    assert!(matches!(at(&to), Err(BackupError::NotEmpty(_))));
    assert!(matches!(restore(&to, &data), Err(BackupError::NotEmpty(_))));

    let blob = fs::read_dir(to.join("blobs"))
        .unwrap()
        .flat_map(|shard| fs::read_dir(shard.unwrap().path()).unwrap())
        .next()
        .unwrap()
        .unwrap()
        .path();
    let whole = fs::read(&blob).unwrap();
    let mut changed = whole.clone();
    changed[5] ^= 1;
    for damage in [&changed[..], &whole[..10]] {
        fs::write(&blob, damage).unwrap();
        assert!(matches!(verify(&to), Err(BackupError::Damaged(_))));
        assert!(matches!(restore(&to, &again), Err(BackupError::Damaged(_))));
    }
    fs::write(&blob, &whole).unwrap();
    // One that was not finished, and one of a later release.
    let manifest = fs::read_to_string(to.join("backup.json")).unwrap();
    fs::write(
        to.join("backup.json"),
        manifest.replace("\"version\": 1", "\"version\": 2"),
    )
    .unwrap();
    assert!(matches!(verify(&to), Err(BackupError::Later { .. })));
    fs::remove_file(to.join("backup.json")).unwrap();
    assert!(matches!(
        restore(&to, &again),
        Err(BackupError::NoBackup(_))
    ));
    assert!(!again.exists(), "something was put back");
    fs::write(to.join("backup.json"), manifest).unwrap();
    restore(&to, &again).unwrap();
}
