//! Collected rows to shard files: sorted, without repetitions, written under names that tell their content.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    io::Write as _,
    path::Path,
    sync::Mutex,
};

use sha2::{Digest as _, Sha256};

use super::{
    BuildError,
    collect::{Collector, Packed},
    shard_key,
};
use crate::{
    row::{EcosystemRef, StoredRow},
    shards::{
        INTEL, MANIFEST_NAME, Manifest, ShardInfo, ShardKind,
        codec::{BlockTexts, StoredIntel, put_intel, put_row},
        format::ShardWriter,
    },
};

/// Rows of one vulnerability and package that are compared with one another to drop repetitions, at most.
const MAX_COMPARED: usize = 64;

/// What was written.
pub(super) struct Written {
    pub(super) generation: String,
    pub(super) shards: Vec<ShardInfo>,
    pub(super) rows_by_feed: BTreeMap<String, u64>,
}

/// Shards with the number of rows that each feed gave them.
type Done = Vec<(ShardInfo, BTreeMap<String, u64>)>;

type Rows<'c> = Vec<(&'c str, &'c Collector, &'c Packed)>;

/// Writes every shard; does not yet publish them.
pub(super) fn write_shards(
    collectors: &[Collector],
    out_dir: &Path,
    threads: usize,
) -> Result<Written, BuildError> {
    fs::create_dir_all(out_dir).map_err(|source| BuildError::Write {
        file: out_dir.display().to_string(),
        source,
    })?;
    let mut groups: HashMap<(&str, &str), Rows<'_>> = HashMap::new();
    for collector in collectors {
        for packed in &collector.rows {
            let Some((name, release)) = collector.shards.get(packed.shard as usize) else {
                continue;
            };
            groups.entry((name, release)).or_default().push((
                collector.name(packed),
                collector,
                packed,
            ));
        }
    }
    let mut waiting: Vec<_> = groups.into_iter().collect();
    // The largest is taken first, from the end.
    waiting.sort_by_key(|(key, rows)| (rows.len(), *key));
    let waiting = Mutex::new(waiting);
    let work = || -> Result<Done, BuildError> {
        let mut done = Vec::new();
        loop {
            let next = waiting.lock().ok().and_then(|mut waiting| waiting.pop());
            let Some(((name, release), rows)) = next else {
                return Ok(done);
            };
            done.push(write_shard(name, release, rows, out_dir)?);
        }
    };
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(|worker| worker.join()).collect()
    });
    let mut written = Written {
        generation: String::new(),
        shards: Vec::new(),
        rows_by_feed: BTreeMap::new(),
    };
    for outcome in outcomes {
        let done = outcome.map_err(|_| BuildError::Write {
            file: out_dir.display().to_string(),
            source: std::io::Error::other("a thread that writes shards failed"),
        })??;
        for (info, rows_by_feed) in done {
            written.shards.push(info);
            for (feed, rows) in rows_by_feed {
                *written.rows_by_feed.entry(feed).or_default() += rows;
            }
        }
    }
    written.shards.sort_by(|a, b| a.key.cmp(&b.key));
    let mut content = Sha256::new();
    for shard in &written.shards {
        content.update(shard.key.as_bytes());
        content.update([0]);
        content.update(shard.sha256.as_bytes());
    }
    written.generation = hex::encode(content.finalize()).chars().take(20).collect();
    Ok(written)
}

fn write_shard(
    ecosystem: &str,
    release: &str,
    mut rows: Rows<'_>,
    out_dir: &Path,
) -> Result<(ShardInfo, BTreeMap<String, u64>), BuildError> {
    let key = shard_key(ecosystem, release);
    let kind = if key == INTEL {
        ShardKind::Intel
    } else {
        ShardKind::Advisories
    };
    let reference = EcosystemRef {
        name: if kind == ShardKind::Intel {
            INTEL
        } else {
            ecosystem
        },
        release: Some(release).filter(|release| !release.is_empty()),
    };
    // Stable: rows of one document keep its order.
    rows.sort_by(|a, b| a.0.cmp(b.0));
    let mut writer = ShardWriter::new(kind, reference);
    let mut by_feed: BTreeMap<String, u64> = BTreeMap::new();
    for group in rows.chunk_by(|a, b| a.0 == b.0) {
        let Some(&(name, ..)) = group.first() else {
            continue;
        };
        let mut encoded = Vec::new();
        let mut texts = BlockTexts::default();
        let mut count = 0;
        match kind {
            ShardKind::Advisories => {
                for row in distinct_rows(group) {
                    put_row(&mut encoded, &mut texts, &row);
                    count_feed(&mut by_feed, row.feed);
                    count += 1;
                }
            }
            ShardKind::Intel => {
                for row in distinct_intel(group) {
                    put_intel(&mut encoded, &mut texts, &row);
                    count_feed(&mut by_feed, row.feed);
                    count += 1;
                }
            }
        }
        writer.entry(name, count, &texts.block(count, &encoded));
    }
    let shard = writer.finish();
    let sha256 = hex::encode(Sha256::digest(&shard.bytes));
    let slug: String = key
        .chars()
        .take(60)
        .map(|c| match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '_' => c,
            _ => '-',
        })
        .collect();
    let file = format!(
        "{}-{}.shard",
        slug.trim_start_matches('.'),
        sha256.get(..16).unwrap_or_default()
    );
    store(out_dir, &file, &shard.bytes)?;
    let info = ShardInfo {
        key,
        kind,
        file,
        sha256,
        size_bytes: shard.bytes.len() as u64,
        names: shard.names,
        rows: shard.rows,
        feeds: by_feed.keys().cloned().collect(),
    };
    Ok((info, by_feed))
}

fn count_feed(by_feed: &mut BTreeMap<String, u64>, feed: &str) {
    match by_feed.get_mut(feed) {
        Some(rows) => *rows += 1,
        None => {
            by_feed.insert(feed.to_owned(), 1);
        }
    }
}

/// The rows of one package, in an order that follows from what they say, each once: documents overlap.
fn distinct_rows<'c>(group: &[(&'c str, &'c Collector, &'c Packed)]) -> Vec<StoredRow<'c>> {
    let mut rows: Vec<StoredRow<'c>> = group
        .iter()
        .filter_map(|(_, collector, packed)| collector.row(packed).ok())
        .collect();
    rows.sort_by(|a, b| order(a).cmp(&order(b)));
    let mut kept: Vec<StoredRow<'c>> = Vec::with_capacity(rows.len());
    for row in rows {
        let repeated = kept
            .iter()
            .rev()
            .take(MAX_COMPARED)
            .take_while(|earlier| earlier.row.vulnerability == row.row.vulnerability)
            .any(|earlier| earlier.feed == row.feed && earlier.row == row.row);
        if !repeated {
            kept.push(row);
        }
    }
    kept
}

type RowOrder<'a> = (&'a str, Option<&'a str>, &'a str, &'a str);

fn order<'a>(stored: &StoredRow<'a>) -> RowOrder<'a> {
    let row = &stored.row;
    (
        row.vulnerability,
        row.advisory,
        stored.feed,
        stored.document,
    )
}

fn distinct_intel<'c>(group: &[(&'c str, &'c Collector, &'c Packed)]) -> Vec<StoredIntel<'c>> {
    let mut rows: Vec<StoredIntel<'c>> = group
        .iter()
        .filter_map(|(_, collector, packed)| collector.intel_row(packed).ok())
        .collect();
    rows.sort_by(|a, b| (a.feed, a.document).cmp(&(b.feed, b.document)));
    let mut kept: Vec<StoredIntel<'c>> = Vec::with_capacity(rows.len());
    for row in rows {
        let mut earlier = kept.iter().rev().take(MAX_COMPARED);
        if !earlier.any(|earlier| earlier.feed == row.feed && earlier.row == row.row) {
            kept.push(row);
        }
    }
    kept
}

/// Writes a file under another name, and renames it: nobody ever sees half of it, and a map of the old one stays.
fn store(dir: &Path, file: &str, bytes: &[u8]) -> Result<(), BuildError> {
    let path = dir.join(file);
    let fail = |source| BuildError::Write {
        file: path.display().to_string(),
        source,
    };
    let content_named = file != MANIFEST_NAME;
    if content_named && fs::metadata(&path).is_ok_and(|about| about.len() == bytes.len() as u64) {
        // The name tells the content, so an equal file is there already; unless it is damaged.
        if fs::read(&path).is_ok_and(|there| there == bytes) {
            return Ok(());
        }
    }
    let temporary = dir.join(format!(".{file}.{}.tmp", std::process::id()));
    let written = fs::File::create(&temporary)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&temporary, &path));
    if written.is_err() {
        // The disk may be full: leave nothing half-made behind. The first error is the one to tell.
        let _ = fs::remove_file(&temporary);
    }
    written.map_err(fail)
}

/// Makes a generation the folder's current one, and removes the shards of the one before.
pub(super) fn publish(manifest: &Manifest, out_dir: &Path) -> Result<(), BuildError> {
    let old = fs::read(out_dir.join(MANIFEST_NAME))
        .ok()
        .and_then(|bytes| Manifest::parse(&bytes).ok());
    let bytes = serde_json::to_vec_pretty(manifest).map_err(|error| BuildError::Write {
        file: out_dir.join(MANIFEST_NAME).display().to_string(),
        source: error.into(),
    })?;
    store(out_dir, MANIFEST_NAME, &bytes)?;
    let in_use = |file: &str| manifest.shards.iter().any(|shard| shard.file == file);
    for shard in old.iter().flat_map(|old| &old.shards) {
        if !in_use(&shard.file) {
            // A reader may have it mapped, which some systems refuse; it is only waste then.
            let _ = fs::remove_file(out_dir.join(&shard.file));
        }
    }
    Ok(())
}
