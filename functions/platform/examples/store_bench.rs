//! Measures the embedded store: `cargo run --release -p platform --example store_bench [DIR]`.

#![expect(clippy::print_stdout, reason = "its figures are what it is run for")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use platform::patience::{send_all, write_all};
use platform::{
    BatchWrite, BlobPath, Condition, Embedded, Index, Item, Key, Message, Page, Platform,
    PutOptions, Receive, SortRange, SystemClock,
};

type Error = Box<dyn std::error::Error>;

const WRITERS: u32 = 128;

fn say(what: &str, count: u32, since: Instant) {
    let seconds = since.elapsed().as_secs_f64();
    println!("{what:<44} {:>10.0} /s", f64::from(count) / seconds);
}

fn item(n: u32) -> Item {
    let key = Key::new(format!("tenant#{}", n % 100), format!("host#{n:08}"));
    Item::new(key, vec![b'x'; 400]).with_index(
        Index::One,
        format!("seen#{}", n % 10),
        format!("{n:08}"),
    )
}

/// Runs `count` of something on [`WRITERS`] tasks.
async fn spread<F, R>(platform: &Platform, count: u32, each: F) -> Result<(), Error>
where
    F: Fn(Platform, u32) -> R + Copy + Send + 'static,
    R: Future<Output = Result<(), String>> + Send,
{
    let tasks: Vec<_> = (0..WRITERS)
        .map(|task| {
            let platform = platform.clone();
            tokio::spawn(async move {
                for n in (task..count).step_by(WRITERS as usize) {
                    each(platform.clone(), n).await?;
                }
                Ok::<_, String>(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(())
}

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Error> {
    let dir = std::env::args_os()
        .nth(1)
        .map_or_else(|| PathBuf::from(".bench-store"), PathBuf::from);
    let platform = Embedded::open(&dir, Arc::new(SystemClock))?;

    let since = Instant::now();
    for n in 0..1000 {
        platform.table.put(item(n), Condition::None).await?;
    }
    say("puts, one after another", 1000, since);

    let since = Instant::now();
    spread(&platform, 60_000, |platform, n| async move {
        let put = platform.table.put(item(n), Condition::None).await;
        put.map(|_| ()).map_err(|e| e.to_string())
    })
    .await?;
    say("puts, 128 writers, one index", 60_000, since);

    let since = Instant::now();
    let writes = (100_000..150_000)
        .map(|n| BatchWrite::Put(item(n)))
        .collect();
    write_all(&*platform.table, writes).await?;
    say("puts in batches of 25, 8 at a time", 50_000, since);

    let since = Instant::now();
    spread(&platform, 60_000, |platform, n| async move {
        let got = platform
            .table
            .get(&item(n).key)
            .await
            .map_err(|e| e.to_string())?;
        got.map(|_| ())
            .ok_or_else(|| "an item is missing".to_owned())
    })
    .await?;
    say("gets, 128 readers", 60_000, since);

    let since = Instant::now();
    let (mut count, mut page) = (0, Page::first(1000));
    loop {
        let got = platform
            .table
            .query("tenant#7", &SortRange::All, &page)
            .await?;
        count += u32::try_from(got.items.len())?;
        page.cursor = got.next;
        if page.cursor.is_none() {
            break;
        }
    }
    say("items of one partition by query", count, since);

    let since = Instant::now();
    let messages = (0..20_000)
        .map(|n| Message::new(n.to_string(), "m".repeat(400)))
        .collect();
    send_all(&*platform.queue, "bench", messages).await?;
    say("messages sent, one sender", 20_000, since);

    let since = Instant::now();
    let mut received = 0;
    loop {
        let some = platform.queue.receive("bench", Receive::default()).await?;
        if some.is_empty() {
            break;
        }
        received += u32::try_from(some.len())?;
        let acks = some.iter().map(|delivery| platform.queue.ack(delivery));
        futures::future::try_join_all(acks).await?;
    }
    say("messages received and acknowledged", received, since);

    let since = Instant::now();
    spread(&platform, 4000, |platform, n| async move {
        let path = BlobPath::parse(format!("t/{n}")).map_err(|e| e.to_string())?;
        let body = vec![b'b'; 20_000].into();
        let put = platform.blobs.put(&path, body, PutOptions::default()).await;
        put.map(|_| ()).map_err(|e| e.to_string())
    })
    .await?;
    say("blobs of 20 kB put, 128 writers", 4000, since);
    Ok(())
}
