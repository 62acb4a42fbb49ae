//! Builds shards from a folder of documents and tells how long it took: `build_shards FROM TO [THREADS]`.
#![expect(clippy::print_stdout, reason = "a tool for people")]

use std::{path::Path, time::Instant};

use advisories::{BuildOptions, Source, build};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, from, to, rest @ ..] = arguments.as_slice() else {
        return Err("usage: build_shards FROM TO [THREADS]".into());
    };
    let threads = rest.first().map_or(Ok(2), |threads| threads.parse())?;
    let start = Instant::now();
    let options = BuildOptions {
        threads,
        ..BuildOptions::default()
    };
    let report = build(Source::Folder(Path::new(from)), Path::new(to), &options)?;
    for feed in &report.manifest.feeds {
        println!(
            "{}: {} documents, {} rows, {} errors, as of {}, not judged: {:?}",
            feed.name,
            feed.documents,
            feed.rows,
            feed.errors,
            feed.as_of
                .map_or("unknown".to_owned(), |moment| moment.to_string()),
            feed.not_judged,
        );
    }
    for shard in &report.manifest.shards {
        println!(
            "  {}: {} names, {} rows, {} bytes",
            shard.key, shard.names, shard.rows, shard.size_bytes
        );
    }
    for error in &report.errors {
        println!("! {error}");
    }
    for name in &report.unrecognised {
        println!("? {name}");
    }
    println!(
        "{} unrecognised, generation {}, {} ms: {:.2} of the limit of 5 s for 600 MB of documents",
        report.unrecognised_total,
        report.manifest.generation,
        start.elapsed().as_millis(),
        start.elapsed().as_secs_f64() / 5.0
    );
    let peak = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    for line in peak.lines().filter(|line| line.starts_with("VmHWM")) {
        println!("{line}");
    }
    Ok(())
}
