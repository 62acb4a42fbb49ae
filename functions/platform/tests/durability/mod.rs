//! Nothing that was acknowledged is lost: not by a kill, not by a full disk, not by reopening.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use platform::{
    BlobError, BlobPath, Condition, Embedded, EmbeddedOptions, Item, Key, Message, OpenError,
    PutOptions, Receive, SystemClock, TableError,
};

/// Tells the child, which is this same test binary, where to write.
const CHILD_DIR: &str = "BULKHEAD_DURABILITY_DIR";

fn open(dir: &Path) -> platform::Platform {
    Embedded::open(dir, Arc::new(SystemClock)).unwrap()
}

fn value(of: &str) -> Vec<u8> {
    of.repeat(50).into_bytes()
}

/// Not a test of its own: the child of the one below, which writes until it is killed and prints each
/// thing after it was acknowledged.
#[test]
fn child_that_writes_until_it_is_killed() {
    let Ok(dir) = std::env::var(CHILD_DIR) else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let platform = open(Path::new(&dir));
        let say = |what: String| {
            let mut out = std::io::stdout().lock();
            writeln!(out, "acknowledged {what}").unwrap();
            out.flush().unwrap();
        };
        let mut writers = Vec::new();
        for writer in 0..8 {
            let platform = platform.clone();
            writers.push(tokio::spawn(async move {
                for n in 0.. {
                    let name = format!("{writer}-{n:06}");
                    let key = Key::new("durable", name.clone());
                    platform
                        .table
                        .put(Item::new(key, value(&name)), Condition::NotExists)
                        .await
                        .unwrap();
                    say(format!("item {name}"));
                    let message = Message::new(name.clone(), name.clone());
                    let failed = platform.queue.send("durable", vec![message]).await.unwrap();
                    assert!(failed.is_empty());
                    say(format!("message {name}"));
                    let path = BlobPath::parse(format!("t/{name}")).unwrap();
                    platform
                        .blobs
                        .put(&path, value(&name).into(), PutOptions::default())
                        .await
                        .unwrap();
                    say(format!("blob {name}"));
                }
            }));
        }
        futures::future::join_all(writers).await;
    });
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let mut acknowledged = Vec::new();
    for stop_after in [300, 1, 900] {
        // The names of an earlier round would be taken.
        let store = dir.path().join(stop_after.to_string());
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "--nocapture",
                "durability::child_that_writes_until_it_is_killed",
            ])
            .env(CHILD_DIR, &store)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut wanted = Vec::new();
        let mut is_killed = false;
        // What was said before the kill arrived in the pipe counts too.
        while let Some(Ok(line)) = lines.next() {
            // A last line may be cut.
            if let Some((_, what)) = line.split_once("acknowledged ")
                && let Some((kind, name)) = what.split_once(' ')
                && name.len() == 8
            {
                wanted.push((kind.to_owned(), name.to_owned()));
            }
            if !is_killed && wanted.len() >= stop_after {
                child.kill().unwrap();
                is_killed = true;
            }
        }
        child.wait().unwrap();
        assert!(is_killed, "the child ended by itself");

        let platform = open(&store);
        let mut messages = std::collections::HashSet::new();
        loop {
            let some = platform
                .queue
                .receive("durable", Receive::default())
                .await
                .unwrap();
            if some.is_empty() {
                break;
            }
            messages.extend(some.into_iter().map(|d| d.message.id));
        }
        for (kind, name) in &wanted {
            match kind.as_str() {
                "item" => {
                    let key = Key::new("durable", name.clone());
                    let item = platform.table.get(&key).await.unwrap();
                    assert_eq!(item.map(|i| i.value), Some(value(name)), "item {name}");
                }
                "message" => assert!(messages.contains(name), "message {name}"),
                _ => {
                    let path = BlobPath::parse(format!("t/{name}")).unwrap();
                    let blob = platform.blobs.get(&path).await.unwrap();
                    let bytes = blob.body.collect(1 << 20).await.unwrap();
                    assert_eq!(bytes, value(name), "blob {name}");
                }
            }
        }
        // No file is left over of what was not acknowledged: there are as many files as blobs.
        let mut files = 0;
        for shard in std::fs::read_dir(store.join("blobs")).unwrap() {
            files += std::fs::read_dir(shard.unwrap().path()).unwrap().count();
        }
        let (mut blobs, mut cursor) = (0, None);
        loop {
            let page = platform
                .blobs
                .list("t/", 1000, cursor.as_ref())
                .await
                .unwrap();
            blobs += page.blobs.len();
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(files, blobs);
        acknowledged.extend(wanted);
    }
    assert!(acknowledged.len() >= 1201);
}

#[tokio::test]
async fn a_full_store_says_so_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let options = EmbeddedOptions {
        max_database_bytes: Some(2 * 1024 * 1024),
    };
    let platform = Embedded::open_with(dir.path(), Arc::new(SystemClock), options).unwrap();
    let key = |n: usize| Key::new("full", format!("{n:04}"));
    let writes = (0..200).map(|n| {
        let platform = &platform;
        async move {
            let item = Item::new(key(n), vec![7; 30_000]);
            (n, platform.table.put(item, Condition::None).await)
        }
    });
    let results = futures::future::join_all(writes).await;
    let (mut stored, mut refused) = (0, 0);
    for (n, result) in results {
        match result {
            Ok(_) => {
                stored += 1;
                assert!(
                    platform.table.get(&key(n)).await.unwrap().is_some(),
                    "item {n}"
                );
            }
            Err(TableError::NoRoom(_)) => refused += 1,
            Err(error) => panic!("item {n}: {error:?}"),
        }
    }
    assert!(refused > 100, "{stored} stored, {refused} refused");
    // Room that is made is room again.
    for n in 0..200 {
        platform
            .table
            .delete(&key(n), Condition::None)
            .await
            .unwrap();
    }
    let item = Item::new(key(0), vec![7; 30_000]);
    platform.table.put(item, Condition::None).await.unwrap();
}

#[tokio::test]
async fn a_second_process_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let platform = open(dir.path());
    match Embedded::open(dir.path(), Arc::new(SystemClock)) {
        Err(
            error @ OpenError::Held {
                holder: Some(id), ..
            },
        ) => {
            assert_eq!(id, std::process::id());
            assert!(error.to_string().contains(&id.to_string()));
        }
        other => panic!("{other:?}"),
    }
    let key = Key::new("p", "s");
    platform
        .table
        .put(Item::new(key.clone(), "1"), Condition::None)
        .await
        .unwrap();
    let public = platform.keys.signing_key("bundle").await.unwrap().public();
    drop(platform);
    let platform = open(dir.path());
    assert!(platform.table.get(&key).await.unwrap().is_some());
    assert_eq!(
        platform.keys.signing_key("bundle").await.unwrap().public(),
        public
    );
}

#[tokio::test]
async fn keys_are_for_the_owner_only_and_damage_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store");
    let platform = open(&store);
    platform.keys.signing_key("jwt").await.unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let file = store.join("keys/signing-jwt.key");
    assert_eq!(mode(&file), 0o600);
    assert_eq!(mode(&store), 0o700);
    std::fs::write(&file, b"short").unwrap();
    let error = platform.keys.signing_key("jwt").await.unwrap_err();
    assert!(matches!(error, platform::KeyError::Damaged(_)), "{error}");
}

#[tokio::test]
async fn a_missing_file_of_a_blob_is_an_error_not_an_absence() {
    let dir = tempfile::tempdir().unwrap();
    let platform = open(dir.path());
    let path = BlobPath::parse("t/a").unwrap();
    platform
        .blobs
        .put(&path, vec![1].into(), PutOptions::default())
        .await
        .unwrap();
    for shard in std::fs::read_dir(dir.path().join("blobs")).unwrap() {
        for file in std::fs::read_dir(shard.unwrap().path()).unwrap() {
            std::fs::remove_file(file.unwrap().path()).unwrap();
        }
    }
    let error = platform.blobs.get(&path).await.unwrap_err();
    assert!(matches!(error, BlobError::Unavailable(_)), "{error}");
}
