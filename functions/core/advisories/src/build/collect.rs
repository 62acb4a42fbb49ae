//! Rows on their way to shards, packed: half a million of them in some tens of megabytes.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use schemas::{Timestamp, VulnerabilityId};

use super::DocumentError;
use crate::{
    feeds::{FeedError, Sink, shown},
    row::{EcosystemRef, IntelRow, Row, StoredRow},
    shards::{
        DocumentState,
        codec::{
            Corrupt, Reader, StoredIntel, Texts, TextsById, put_intel, put_row, read_intel,
            read_row,
        },
    },
};

/// Longest text of a row that is kept, in bytes; a longer one makes the row a problem.
const MAX_TEXT_BYTES: usize = 16 * 1024;
/// Problems of single rows that one file tells, at most.
const MAX_PROBLEMS: u32 = 100;

/// What one thread has read.
#[derive(Default)]
pub(super) struct Collector {
    /// Rows are counted and not kept.
    counting: bool,
    texts: Interner,
    packed: Vec<u8>,
    pub(super) rows: Vec<Packed>,
    pub(super) shards: Vec<(String, String)>,
    shard_numbers: HashMap<(String, String), u32>,
    pub(super) feeds: BTreeMap<&'static str, Counted>,
    pub(super) documents: Vec<DocumentState>,
    pub(super) errors: Vec<DocumentError>,
    pub(super) unrecognised: Vec<String>,
    pub(super) unrecognised_total: u64,
    file: DocumentState,
    file_problems: u32,
    file_failed: bool,
    file_before: (usize, usize),
    document: Open,
}

/// The document that is being read.
#[derive(Default)]
struct Open {
    feed: &'static str,
    name: String,
    title: Option<String>,
    rows_before: usize,
    packed_before: usize,
    as_of: Option<Timestamp>,
    not_judged: BTreeMap<String, u64>,
}

/// What a feed's documents gave.
#[derive(Default)]
pub(super) struct Counted {
    pub(super) documents: u32,
    pub(super) errors: u32,
    pub(super) as_of: Option<Timestamp>,
    pub(super) not_judged: BTreeMap<String, u64>,
}

/// One packed row: where it goes, and where its bytes are.
#[derive(Clone, Copy, Default)]
pub(super) struct Packed {
    pub(super) shard: u32,
    pub(super) name: u32,
    offset: u64,
    len: u32,
}

/// Texts by number, each kept once.
#[derive(Default)]
struct Interner {
    numbers: HashMap<Arc<str>, u32>,
    texts: Vec<Arc<str>>,
}

impl<'a> Texts<'a> for Interner {
    fn number(&mut self, text: &'a str) -> u32 {
        if let Some(&number) = self.numbers.get(text) {
            return number;
        }
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        let kept: Arc<str> = text.into();
        self.texts.push(Arc::clone(&kept));
        self.numbers.insert(kept, number);
        number
    }
}

impl<'a> TextsById<'a> for &'a Interner {
    fn text(&self, number: u32) -> Option<&'a str> {
        let texts: &'a Interner = self;
        texts
            .texts
            .get(usize::try_from(number).ok()?)
            .map(|text| &**text)
    }
}

impl Collector {
    /// A collector that counts rows and keeps none.
    pub(super) fn counting() -> Self {
        Self {
            counting: true,
            ..Self::default()
        }
    }

    /// Counts a row where that is all that is wanted.
    fn only_counted(&mut self) -> bool {
        if self.counting {
            self.rows.push(Packed::default());
        }
        self.counting
    }

    pub(super) fn begin_file(&mut self, name: &str) {
        self.file = DocumentState {
            name: name.to_owned(),
            ..DocumentState::default()
        };
        self.file_problems = 0;
        self.file_failed = false;
        self.file_before = (self.rows.len(), self.packed.len());
    }

    pub(super) fn end_file(&mut self) {
        let mut file = std::mem::take(&mut self.file);
        if self.file_failed {
            // An archive that is cut counts like a document that is cut: whole or not at all.
            let (rows, packed) = self.file_before;
            self.rows.truncate(rows);
            self.packed.truncate(packed);
            file.rows = 0;
        }
        if !file.feeds.is_empty() {
            file.feeds.sort_unstable();
            self.documents.push(file);
        }
    }

    pub(super) fn unrecognised(&mut self, name: &str) {
        self.unrecognised_total += 1;
        // Sorted and cut later; several threads and many archives must not pile up names meanwhile.
        if self.unrecognised.len() < 20_000 {
            self.unrecognised.push(name.to_owned());
        }
    }

    /// Tells of a document that cannot be used.
    pub(super) fn unusable(
        &mut self,
        document: &str,
        feed: Option<&'static str>,
        error: &FeedError,
    ) {
        if let Some(feed) = feed {
            self.feeds.entry(feed).or_default().errors += 1;
        }
        self.file_failed |= document == self.file.name;
        let at = match error {
            FeedError::Cut { at } | FeedError::Malformed { at, .. } => Some(shown(at)),
            _ => None,
        };
        let problem = match error {
            FeedError::Cut { .. } => "the document is cut".to_owned(),
            FeedError::Malformed { what, .. } => shown(what),
            other => other.to_string(),
        };
        self.errors.push(DocumentError {
            document: document.to_owned(),
            feed: feed.map(str::to_owned),
            at,
            problem,
            unusable: true,
            kept: false,
        });
    }

    pub(super) fn begin_document(&mut self, feed: &'static str, name: &str) {
        self.document = Open {
            feed,
            name: name.to_owned(),
            rows_before: self.rows.len(),
            packed_before: self.packed.len(),
            ..Open::default()
        };
    }

    pub(super) fn end_document(&mut self, outcome: Result<(), FeedError>) {
        let document = std::mem::take(&mut self.document);
        let counted = self.feeds.entry(document.feed).or_default();
        counted.documents += 1;
        if !self.file.feeds.iter().any(|feed| feed == document.feed) {
            self.file.feeds.push(document.feed.to_owned());
        }
        if let Err(error) = outcome {
            self.rows.truncate(document.rows_before);
            self.packed.truncate(document.packed_before);
            self.unusable(&document.name, Some(document.feed), &error);
            return;
        }
        counted.as_of = counted.as_of.max(document.as_of);
        for (ecosystem, rows) in document.not_judged {
            *counted.not_judged.entry(ecosystem).or_default() += rows;
        }
        self.file.as_of = self.file.as_of.max(document.as_of);
        self.file.rows += (self.rows.len() - document.rows_before) as u64;
        if let Some(title) = document.title
            && !self.file.titles.contains(&title)
            && self.file.titles.len() < 1000
        {
            self.file.titles.push(title);
        }
    }

    /// Takes over a row of an earlier generation.
    pub(super) fn keep_row(&mut self, stored: &StoredRow<'_>) {
        let ecosystem = stored.row.ecosystem;
        let start = self.packed.len();
        put_row(&mut self.packed, &mut self.texts, stored);
        self.packed_row(ecosystem, stored.row.package, start);
    }

    /// Takes over facts of an earlier generation.
    pub(super) fn keep_intel(&mut self, stored: &StoredIntel<'_>) {
        let start = self.packed.len();
        put_intel(&mut self.packed, &mut self.texts, stored);
        self.packed_row(EcosystemRef::default(), stored.row.vulnerability, start);
    }

    fn packed_row(&mut self, ecosystem: EcosystemRef<'_>, name: &str, start: usize) {
        let key = (
            ecosystem.name.to_owned(),
            ecosystem.release.unwrap_or_default().to_owned(),
        );
        let shard = match self.shard_numbers.get(&key) {
            Some(&number) => number,
            None => {
                let number = u32::try_from(self.shards.len()).unwrap_or(u32::MAX);
                self.shards.push(key.clone());
                self.shard_numbers.insert(key, number);
                number
            }
        };
        let name = self.texts.number(name);
        self.rows.push(Packed {
            shard,
            name,
            offset: start as u64,
            len: u32::try_from(self.packed.len() - start).unwrap_or(u32::MAX),
        });
    }

    /// The name of a packed row: its package, or its vulnerability for facts.
    pub(super) fn name(&self, row: &Packed) -> &str {
        (&self.texts).text(row.name).unwrap_or_default()
    }

    fn bytes(&self, row: &Packed) -> &[u8] {
        usize::try_from(row.offset)
            .ok()
            .and_then(|start| self.packed.get(start..))
            .and_then(|rest| rest.get(..row.len as usize))
            .unwrap_or_default()
    }

    /// A packed row of advisories.
    pub(super) fn row(&self, packed: &Packed) -> Result<StoredRow<'_>, Corrupt> {
        let ecosystem = EcosystemRef::default();
        let mut reader = Reader::new(self.bytes(packed));
        read_row(&mut reader, &(&self.texts), ecosystem, self.name(packed))
    }

    /// A packed row of facts.
    pub(super) fn intel_row(&self, packed: &Packed) -> Result<StoredIntel<'_>, Corrupt> {
        let mut reader = Reader::new(self.bytes(packed));
        read_intel(&mut reader, &(&self.texts), self.name(packed))
    }

    fn document_name(&self) -> String {
        match &self.document.title {
            Some(title) => title.clone(),
            None => self.file.name.clone(),
        }
    }
}

/// Whether a name can be a key of a shard: something, and not of endless length.
fn usable_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 512 && !name.contains(char::is_control)
}

impl Sink for Collector {
    fn advisory(&mut self, row: &Row<'_>) {
        let named = VulnerabilityId::try_from(row.vulnerability.to_owned()).is_ok();
        let ecosystem = usable_name(row.ecosystem.name)
            && row.ecosystem.release.is_none_or(usable_name)
            && !row.ecosystem.name.contains(':');
        if !named || !ecosystem || !usable_name(row.package) {
            let at = format!("{} {}", row.vulnerability, row.package);
            self.problem(&at, "a row without a usable id, ecosystem or package");
            return;
        }
        let long = |text: Option<&str>| text.is_some_and(|text| text.len() > MAX_TEXT_BYTES);
        if long(row.summary)
            || long(row.url)
            || row.affected.len() > 10_000
            || row.versions.len() > 100_000
        {
            self.problem(row.vulnerability, "a row that is longer than any real one");
            return;
        }
        if self.only_counted() {
            return;
        }
        let document = self.document_name();
        let start = self.packed.len();
        let stored = StoredRow {
            feed: self.document.feed,
            document: &document,
            row: row.clone(),
        };
        put_row(&mut self.packed, &mut self.texts, &stored);
        self.packed_row(row.ecosystem, row.package, start);
    }

    fn intel(&mut self, row: &IntelRow<'_>) {
        if VulnerabilityId::try_from(row.vulnerability.to_owned()).is_err() {
            self.problem(row.vulnerability, "facts without a usable id");
            return;
        }
        if self.only_counted() {
            return;
        }
        let document = self.document_name();
        let start = self.packed.len();
        let stored = StoredIntel {
            feed: self.document.feed,
            document: &document,
            row: row.clone(),
        };
        put_intel(&mut self.packed, &mut self.texts, &stored);
        self.packed_row(EcosystemRef::default(), row.vulnerability, start);
    }

    fn not_judged(&mut self, ecosystem: &str) {
        let ecosystem: String = ecosystem.chars().take(60).collect();
        if self.document.not_judged.len() < 1000
            || self.document.not_judged.contains_key(&ecosystem)
        {
            *self.document.not_judged.entry(ecosystem).or_default() += 1;
        }
    }

    fn as_of(&mut self, moment: Timestamp) {
        self.document.as_of = self.document.as_of.max(Some(moment));
    }

    fn title(&mut self, title: &str) {
        if usable_name(title) {
            self.document.title = Some(title.to_owned());
        }
    }

    fn problem(&mut self, at: &str, what: &str) {
        self.file_problems += 1;
        if self.file_problems > MAX_PROBLEMS {
            return;
        }
        self.errors.push(DocumentError {
            document: self.document.name.clone(),
            feed: Some(self.document.feed.to_owned()),
            at: Some(shown(at)),
            problem: shown(what),
            unusable: false,
            kept: false,
        });
    }
}
