//! What packages are judged by: feeds, compiled advisories, orders of versions, policies and VEX.

use advisories::{
    BuildOptions, Manifest, Source, build,
    feeds::{Document, FEEDS, Feed, Sink},
    row::{IntelRow, Row},
    shards::Shard,
    version::{VersionScheme, range},
};
use policy::{Form, Known, Policy, vex};
use sha2::{Digest as _, Sha256};

use crate::Target;

pub(crate) fn targets() -> Vec<Target> {
    // Each feed has its target by being in the list of feeds.
    let feeds = FEEDS.iter().map(|&feed| {
        Target::new(format!("feed-{}", feed.name()), move |bytes| {
            read(feed, bytes)
        })
    });
    feeds
        .chain([
            Target::new("feed-packed", packed),
            Target::new("shard", shard),
            Target::new("shard-manifest", |bytes| Manifest::parse(bytes).is_ok()),
            Target::new("versions", versions),
            Target::new("cvss", |bytes| {
                std::str::from_utf8(bytes)
                    .is_ok_and(|text| advisories::cvss::base_score(text.trim()).is_some())
            }),
            Target::new("policy-toml", |bytes| {
                Policy::parse("policy.toml", Form::Toml, bytes).is_ok()
            }),
            Target::new("policy-yaml", |bytes| {
                Policy::parse("policy.yaml", Form::Yaml, bytes).is_ok()
            }),
            Target::new("vex", |bytes| {
                vex::Document::parse("vex.json", bytes).is_ok()
            }),
            Target::new("report", |bytes| Known::parse(bytes).is_ok()),
        ])
        .collect()
}

/// Takes rows and keeps none.
#[derive(Default)]
struct Count(u64);

impl Sink for Count {
    fn advisory(&mut self, _: &Row<'_>) {
        self.0 += 1;
    }
    fn intel(&mut self, _: &IntelRow<'_>) {
        self.0 += 1;
    }
    fn not_judged(&mut self, _: &str) {
        self.0 += 1;
    }
    fn as_of(&mut self, _: schemas::Timestamp) {}
    fn title(&mut self, _: &str) {}
    fn problem(&mut self, _: &str, _: &str) {}
}

fn read(feed: &dyn Feed, bytes: &[u8]) -> bool {
    let document = Document {
        name: "document",
        bytes,
    };
    let recognised = feed.recognises(&document);
    // A reader is given only what it recognises; that it stands anything costs it nothing and keeps it so.
    let mut rows = Count::default();
    let parsed = feed.parse(&document, &mut rows).is_ok();
    recognised && parsed && rows.0 > 0
}

/// A document as it lies in a folder of feeds, packed in any way, and all the way to shards that can be opened.
fn packed(bytes: &[u8]) -> bool {
    let Ok(folder) = tempfile::tempdir() else {
        return false;
    };
    let documents = std::iter::once(("document".to_owned(), bytes.to_vec()));
    let options = BuildOptions {
        threads: 1,
        previous: None,
    };
    let report = build(
        Source::Documents(Box::new(documents)),
        folder.path(),
        &options,
    );
    report.is_ok_and(|report| !report.manifest.feeds.is_empty())
}

/// A shard's checksums keep damage from its readers; the first is made right here, so that what it guards is reached.
fn shard(bytes: &[u8]) -> bool {
    let mut bytes = bytes.to_vec();
    const HEADER: usize = advisories::shards::format::HEADER_LEN;
    const TOLD: usize = HEADER - 32;
    if let Some((header, rest)) = bytes.split_at_mut_checked(HEADER) {
        let (told, checksum) = header.split_at_mut(TOLD);
        let offset: [u8; 8] = std::array::from_fn(|at| told.get(16 + at).copied().unwrap_or(0));
        let directory = usize::try_from(u64::from_le_bytes(offset))
            .ok()
            .and_then(|offset| offset.checked_sub(HEADER))
            .and_then(|from| rest.get(from..));
        let right = Sha256::new()
            .chain_update(&*told)
            .chain_update(directory.unwrap_or_default())
            .finalize();
        checksum.copy_from_slice(&right);
    }
    let Ok(shard) = Shard::open("shard", Box::new(bytes)) else {
        return false;
    };
    let names: Vec<String> = shard
        .all_names()
        .unwrap_or_default()
        .into_iter()
        .take(100)
        .map(str::to_owned)
        .collect();
    let _ = shard.lookup("openssl");
    !names.is_empty() && names.iter().all(|name| shard.lookup(name).is_ok())
}

/// Two versions and a third, one a line, in every order there is.
fn versions(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines();
    let mut line = || lines.next().unwrap_or_default();
    let (a, b, c) = (line(), line(), line());
    let mut valid = false;
    for scheme in VersionScheme::ALL {
        let order = scheme.order_total(a, b);
        assert_eq!(
            order.reverse(),
            scheme.order_total(b, a),
            "{scheme:?}: {a:?} and {b:?}"
        );
        if order == scheme.order_total(b, c) {
            assert_eq!(
                order,
                scheme.order_total(a, c),
                "{scheme:?}: {a:?}, {b:?} and {c:?}"
            );
        }
        let events = [range::Event::Introduced(b), range::Event::Fixed(c)];
        let _ = range::in_range(scheme, a, &events);
        valid |= scheme.compare(a, b).is_ok();
    }
    valid
}
