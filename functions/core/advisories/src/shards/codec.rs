//! The bytes of rows: variable-length integers, texts by number, and a block of rows that stands alone.
//!
//! A block is `strings, rows`: `strings` = count, then length and bytes of each text; `rows` = count, then each row.
//! A row refers to a text by its number in its own block plus one, 0 for an absent one. All integers are unsigned
//! LEB128. A block says the same bytes for the same rows in every build, so that two builds are compared by bytes.

use std::collections::HashMap;

use schemas::{Severity, Timestamp, advisory::AdvisoryStatus, severity::SeveritySource};

use crate::row::{EcosystemRef, EventsRef, IntelRow, RatingRef, Row, StoredRow, WindowsRef};

/// Bytes that no writer of this format made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Corrupt;

/// Gives texts their numbers.
pub(crate) trait Texts<'a> {
    /// The number of this text, from 0.
    fn number(&mut self, text: &'a str) -> u32;
}

/// Appends an integer.
pub(crate) fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

fn put_text<'a>(out: &mut Vec<u8>, texts: &mut dyn Texts<'a>, text: Option<&'a str>) {
    match text {
        Some(text) if !text.is_empty() => put(out, u64::from(texts.number(text)) + 1),
        _ => put(out, 0),
    }
}

fn put_texts<'a>(out: &mut Vec<u8>, texts: &mut dyn Texts<'a>, list: &[&'a str]) {
    put(out, list.len() as u64);
    for text in list {
        put_text(out, texts, Some(*text));
    }
}

/// Appends bytes with their length.
pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Reads what the writers above wrote, from bytes that nobody vouches for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Corrupt> {
        let (&first, rest) = self.bytes.split_first().ok_or(Corrupt)?;
        self.bytes = rest;
        Ok(first)
    }

    pub(crate) fn integer(&mut self) -> Result<u64, Corrupt> {
        let mut value = 0u64;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Corrupt)
    }

    /// A count of things of at least one byte each, so that no count asks for more memory than there are bytes.
    pub(crate) fn count(&mut self) -> Result<usize, Corrupt> {
        let count = usize::try_from(self.integer()?).map_err(|_| Corrupt)?;
        if count > self.bytes.len() {
            return Err(Corrupt);
        }
        Ok(count)
    }

    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8], Corrupt> {
        let (taken, rest) = self.bytes.split_at_checked(len).ok_or(Corrupt)?;
        self.bytes = rest;
        Ok(taken)
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Corrupt> {
        let len = self.count()?;
        self.take(len)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, Corrupt> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Corrupt)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Corrupt> {
        self.take(N)?.try_into().map_err(|_| Corrupt)
    }
}

/// Looks texts up by number.
pub(crate) trait TextsById<'a> {
    /// The text of this number.
    fn text(&self, number: u32) -> Option<&'a str>;
}

struct RowReader<'a, 't, T: TextsById<'a>> {
    reader: &'t mut Reader<'a>,
    texts: &'t T,
}

impl<'a, T: TextsById<'a>> RowReader<'a, '_, T> {
    fn text(&mut self) -> Result<Option<&'a str>, Corrupt> {
        match self.reader.integer()? {
            0 => Ok(None),
            number => {
                let number = u32::try_from(number - 1).map_err(|_| Corrupt)?;
                self.texts.text(number).map(Some).ok_or(Corrupt)
            }
        }
    }

    fn some_text(&mut self) -> Result<&'a str, Corrupt> {
        Ok(self.text()?.unwrap_or_default())
    }

    fn texts(&mut self) -> Result<Vec<&'a str>, Corrupt> {
        let count = self.reader.count()?;
        (0..count).map(|_| self.some_text()).collect()
    }

    fn list<X>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<X, Corrupt>,
    ) -> Result<Vec<X>, Corrupt> {
        let count = self.reader.count()?;
        (0..count).map(|_| read(self)).collect()
    }

    fn rating(&mut self) -> Result<RatingRef<'a>, Corrupt> {
        let (source, severity) = (self.reader.byte()?, self.reader.byte()?);
        let word = self.text()?;
        let tenths = self.reader.integer()?;
        Ok(RatingRef {
            source: match source {
                1 => SeveritySource::Vendor,
                2 => SeveritySource::Cna,
                3 => SeveritySource::Adp,
                4 => SeveritySource::Nvd,
                _ => SeveritySource::Unknown,
            },
            severity: match severity {
                1 => Severity::Low,
                2 => Severity::Medium,
                3 => Severity::High,
                4 => Severity::Critical,
                _ => Severity::Unknown,
            },
            word,
            cvss_score: match tenths {
                0 => None,
                tenths => Some(f32::from(u8::try_from(tenths - 1).map_err(|_| Corrupt)?) / 10.0),
            },
            cvss_vector: self.text()?,
        })
    }
}

fn put_ratings<'a>(out: &mut Vec<u8>, texts: &mut dyn Texts<'a>, ratings: &[RatingRef<'a>]) {
    put(out, ratings.len() as u64);
    for rating in ratings {
        out.push(match rating.source {
            SeveritySource::Unknown => 0,
            SeveritySource::Vendor => 1,
            SeveritySource::Cna => 2,
            SeveritySource::Adp => 3,
            SeveritySource::Nvd => 4,
        });
        out.push(rating.severity as u8);
        put_text(out, texts, rating.word);
        put(out, rating.cvss_score.map_or(0, |score| tenths(score) + 1));
        put_text(out, texts, rating.cvss_vector);
    }
}

/// A score of 0 to 10 in tenths.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 0..=100 first; NaN becomes 0"
)]
fn tenths(score: f32) -> u64 {
    (score * 10.0).round().clamp(0.0, 100.0) as u64
}

const HAS_ADVISORY: u64 = 1;
const HAS_ALIASES: u64 = 1 << 1;
const HAS_AFFECTED: u64 = 1 << 2;
const HAS_VERSIONS: u64 = 1 << 3;
const HAS_WINDOWS: u64 = 1 << 4;
const HAS_RATINGS: u64 = 1 << 5;
const HAS_SUMMARY: u64 = 1 << 6;
const HAS_URL: u64 = 1 << 7;
const HAS_MODIFIED: u64 = 1 << 8;
const HOTPATCH: u64 = 1 << 9;
const HAS_FIXED_AT: u64 = 1 << 10;
const HAS_STREAM: u64 = 1 << 11;
const HAS_ARCHITECTURES: u64 = 1 << 12;
const HAS_SUBSCRIPTION: u64 = 1 << 13;
const KNOWN_FLAGS: u64 = (1 << 14) - 1;

/// Appends a row without its ecosystem and package, which its place in the shard tells.
pub(crate) fn put_row<'a>(out: &mut Vec<u8>, texts: &mut dyn Texts<'a>, stored: &StoredRow<'a>) {
    let row = &stored.row;
    let flag = |on: bool, flag: u64| if on { flag } else { 0 };
    let flags = flag(row.advisory.is_some(), HAS_ADVISORY)
        | flag(!row.aliases.is_empty(), HAS_ALIASES)
        | flag(!row.affected.is_empty(), HAS_AFFECTED)
        | flag(!row.versions.is_empty(), HAS_VERSIONS)
        | flag(row.windows.is_some(), HAS_WINDOWS)
        | flag(!row.ratings.is_empty(), HAS_RATINGS)
        | flag(row.summary.is_some(), HAS_SUMMARY)
        | flag(row.url.is_some(), HAS_URL)
        | flag(row.modified_at.is_some(), HAS_MODIFIED)
        | flag(row.fixed_at.is_some(), HAS_FIXED_AT)
        | flag(row.stream.is_some(), HAS_STREAM)
        | flag(!row.architectures.is_empty(), HAS_ARCHITECTURES)
        | flag(row.subscription.is_some(), HAS_SUBSCRIPTION)
        | flag(row.windows.as_ref().is_some_and(|w| w.hotpatch), HOTPATCH);
    put(out, flags);
    out.push(match row.status {
        AdvisoryStatus::Undetermined => 0,
        AdvisoryStatus::Fixed => 1,
        AdvisoryStatus::Open => 2,
        AdvisoryStatus::WillNotFix => 3,
        AdvisoryStatus::EndOfLife => 4,
        AdvisoryStatus::Unimportant => 5,
        AdvisoryStatus::NotAffected => 6,
    });
    put_text(out, texts, Some(stored.feed));
    put_text(out, texts, Some(stored.document));
    put_text(out, texts, Some(row.vulnerability));
    if row.advisory.is_some() {
        put_text(out, texts, row.advisory);
    }
    if !row.aliases.is_empty() {
        put_texts(out, texts, &row.aliases);
    }
    if !row.affected.is_empty() {
        put(out, row.affected.len() as u64);
        for run in &row.affected {
            put_text(out, texts, Some(run.introduced));
            put_text(out, texts, run.fixed);
            put_text(out, texts, run.last_affected);
        }
    }
    if !row.versions.is_empty() {
        put_texts(out, texts, &row.versions);
    }
    if let Some(windows) = &row.windows {
        put_text(out, texts, Some(windows.product_id));
        put_text(out, texts, Some(windows.product));
        put_text(out, texts, windows.kb);
        put_text(out, texts, windows.fixed_build);
        put_texts(out, texts, &windows.supersedes);
        put_text(out, texts, windows.restart);
        put_text(out, texts, windows.component);
    }
    if !row.ratings.is_empty() {
        put_ratings(out, texts, &row.ratings);
    }
    if row.summary.is_some() {
        put_text(out, texts, row.summary);
    }
    if row.url.is_some() {
        put_text(out, texts, row.url);
    }
    for moment in [row.modified_at, row.fixed_at].into_iter().flatten() {
        out.extend_from_slice(&moment.as_ms().to_le_bytes());
    }
    if row.stream.is_some() {
        put_text(out, texts, row.stream);
    }
    if !row.architectures.is_empty() {
        put_texts(out, texts, &row.architectures);
    }
    if row.subscription.is_some() {
        put_text(out, texts, row.subscription);
    }
}

/// Reads a row.
pub(crate) fn read_row<'a, T: TextsById<'a>>(
    reader: &mut Reader<'a>,
    texts: &T,
    ecosystem: EcosystemRef<'a>,
    package: &'a str,
) -> Result<StoredRow<'a>, Corrupt> {
    let mut r = RowReader { reader, texts };
    let flags = r.reader.integer()?;
    if flags & !KNOWN_FLAGS != 0 {
        return Err(Corrupt);
    }
    let has = |flag: u64| flags & flag != 0;
    let status = match r.reader.byte()? {
        1 => AdvisoryStatus::Fixed,
        2 => AdvisoryStatus::Open,
        3 => AdvisoryStatus::WillNotFix,
        4 => AdvisoryStatus::EndOfLife,
        5 => AdvisoryStatus::Unimportant,
        6 => AdvisoryStatus::NotAffected,
        _ => AdvisoryStatus::Undetermined,
    };
    let (feed, document) = (r.some_text()?, r.some_text()?);
    let mut row = Row {
        ecosystem,
        package,
        status,
        vulnerability: r.some_text()?,
        ..Row::default()
    };
    if has(HAS_ADVISORY) {
        row.advisory = r.text()?;
    }
    if has(HAS_ALIASES) {
        row.aliases = r.texts()?;
    }
    if has(HAS_AFFECTED) {
        row.affected = r.list(|r| {
            Ok(EventsRef {
                introduced: r.some_text()?,
                fixed: r.text()?,
                last_affected: r.text()?,
            })
        })?;
    }
    if has(HAS_VERSIONS) {
        row.versions = r.texts()?;
    }
    if has(HAS_WINDOWS) {
        row.windows = Some(WindowsRef {
            product_id: r.some_text()?,
            product: r.some_text()?,
            kb: r.text()?,
            fixed_build: r.text()?,
            supersedes: r.texts()?,
            hotpatch: has(HOTPATCH),
            restart: r.text()?,
            component: r.text()?,
        });
    }
    if has(HAS_RATINGS) {
        row.ratings = r.list(RowReader::rating)?;
    }
    if has(HAS_SUMMARY) {
        row.summary = r.text()?;
    }
    if has(HAS_URL) {
        row.url = r.text()?;
    }
    if has(HAS_MODIFIED) {
        let ms = i64::from_le_bytes(r.reader.array()?);
        row.modified_at = Some(Timestamp::from_ms(ms));
    }
    if has(HAS_FIXED_AT) {
        let ms = i64::from_le_bytes(r.reader.array()?);
        row.fixed_at = Some(Timestamp::from_ms(ms));
    }
    if has(HAS_STREAM) {
        row.stream = r.text()?;
    }
    if has(HAS_ARCHITECTURES) {
        row.architectures = r.texts()?;
    }
    if has(HAS_SUBSCRIPTION) {
        row.subscription = r.text()?;
    }
    Ok(StoredRow {
        feed,
        document,
        row,
    })
}

/// Facts about a vulnerability as a shard gives them back.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StoredIntel<'a> {
    pub(crate) feed: &'a str,
    pub(crate) document: &'a str,
    pub(crate) row: IntelRow<'a>,
}

/// Appends facts without their vulnerability's id, which their place in the shard tells.
pub(crate) fn put_intel<'a>(
    out: &mut Vec<u8>,
    texts: &mut dyn Texts<'a>,
    stored: &StoredIntel<'a>,
) {
    let row = &stored.row;
    out.push(
        u8::from(row.ransomware)
            | u8::from(row.epss.is_some()) << 1
            | u8::from(row.public_exploits > 0) << 2
            | u8::from(row.epss_percentile.is_some()) << 3,
    );
    put_text(out, texts, Some(stored.feed));
    put_text(out, texts, Some(stored.document));
    put_text(out, texts, row.exploited_by);
    if let Some(epss) = row.epss {
        out.extend_from_slice(&epss.to_le_bytes());
    }
    if row.public_exploits > 0 {
        put(out, u64::from(row.public_exploits));
    }
    if let Some(percentile) = row.epss_percentile {
        out.extend_from_slice(&percentile.to_le_bytes());
    }
    put_text(out, texts, row.exploitation);
    put_text(out, texts, row.automatable);
    put_text(out, texts, row.technical_impact);
    put_ratings(out, texts, &row.ratings);
}

/// Reads facts.
pub(crate) fn read_intel<'a, T: TextsById<'a>>(
    reader: &mut Reader<'a>,
    texts: &T,
    vulnerability: &'a str,
) -> Result<StoredIntel<'a>, Corrupt> {
    let mut r = RowReader { reader, texts };
    let flags = r.reader.byte()?;
    if flags > 15 {
        return Err(Corrupt);
    }
    let (feed, document) = (r.some_text()?, r.some_text()?);
    let exploited_by = r.text()?;
    let epss = match flags & 2 {
        0 => None,
        _ => Some(f32::from_le_bytes(r.reader.array()?)).filter(|p| (0.0..=1.0).contains(p)),
    };
    let public_exploits = match flags & 4 {
        0 => 0,
        _ => u32::try_from(r.reader.integer()?).map_err(|_| Corrupt)?,
    };
    let epss_percentile = match flags & 8 {
        0 => None,
        _ => Some(f32::from_le_bytes(r.reader.array()?)).filter(|p| (0.0..=1.0).contains(p)),
    };
    Ok(StoredIntel {
        feed,
        document,
        row: IntelRow {
            public_exploits,
            vulnerability,
            exploited_by,
            ransomware: flags & 1 != 0,
            epss,
            epss_percentile,
            exploitation: r.text()?,
            automatable: r.text()?,
            technical_impact: r.text()?,
            ratings: r.list(RowReader::rating)?,
        },
    })
}

/// Numbers the texts of one block in the order in which they first occur.
#[derive(Default)]
pub(crate) struct BlockTexts<'a> {
    numbers: HashMap<&'a str, u32>,
    order: Vec<&'a str>,
    bytes: usize,
}

impl<'a> BlockTexts<'a> {
    /// The block: its texts and its rows.
    pub(crate) fn block(&self, rows: u64, encoded_rows: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bytes + encoded_rows.len() + 16);
        put(&mut out, self.order.len() as u64);
        for text in &self.order {
            put_bytes(&mut out, text.as_bytes());
        }
        put(&mut out, rows);
        out.extend_from_slice(encoded_rows);
        out
    }
}

impl<'a> Texts<'a> for BlockTexts<'a> {
    fn number(&mut self, text: &'a str) -> u32 {
        let next = u32::try_from(self.order.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry(text).or_insert(next);
        if number == next {
            self.order.push(text);
            self.bytes = self.bytes.saturating_add(text.len() + 2);
        }
        number
    }
}

/// The texts of a block that is read.
pub(crate) struct TextTable<'a>(Vec<&'a str>);

impl<'a> TextsById<'a> for TextTable<'a> {
    fn text(&self, number: u32) -> Option<&'a str> {
        self.0.get(usize::try_from(number).ok()?).copied()
    }
}

/// Reads the texts at the beginning of a block, and the number of its rows.
pub(crate) fn open_block<'a>(reader: &mut Reader<'a>) -> Result<(TextTable<'a>, usize), Corrupt> {
    let count = reader.count()?;
    let texts = (0..count)
        .map(|_| reader.text())
        .collect::<Result<Vec<_>, _>>()?;
    Ok((TextTable(texts), reader.count()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row() -> Row<'static> {
        Row {
            ecosystem: EcosystemRef {
                name: "windows",
                release: Some("17763"),
            },
            package: "11572",
            vulnerability: "CVE-2024-38063",
            advisory: Some("KB5043050"),
            aliases: vec!["A-1", "A-2"],
            status: AdvisoryStatus::Fixed,
            affected: vec![
                EventsRef {
                    introduced: "0",
                    fixed: Some("2"),
                    last_affected: None,
                },
                EventsRef {
                    introduced: "3",
                    fixed: None,
                    last_affected: Some("4"),
                },
            ],
            versions: vec!["7"],
            windows: Some(WindowsRef {
                product_id: "11572",
                product: "Windows Server 2019",
                kb: Some("KB5043050"),
                fixed_build: Some("10.0.17763.6293"),
                supersedes: vec!["KB5041578"],
                hotpatch: true,
                restart: Some("Yes"),
                component: None,
            }),
            ratings: vec![RatingRef {
                source: SeveritySource::Cna,
                severity: Severity::Critical,
                word: None,
                cvss_score: Some(9.8),
                cvss_vector: Some("CVSS:3.1/…"),
            }],
            summary: Some("text"),
            url: None,
            modified_at: Some(Timestamp::from_ms(-5)),
            fixed_at: Some(Timestamp::from_ms(7)),
            stream: Some("nodejs:18"),
            architectures: vec!["aarch64", "x86_64"],
            subscription: Some("Ubuntu Pro"),
        }
    }

    #[test]
    fn a_row_comes_back_as_it_went_in() {
        for row in [
            row(),
            Row {
                ecosystem: row().ecosystem,
                package: "11572",
                ..Row::default()
            },
        ] {
            let stored = StoredRow {
                feed: "msrc-cvrf",
                document: "2024-Aug",
                row,
            };
            let (mut rows, mut texts) = (Vec::new(), BlockTexts::default());
            put_row(&mut rows, &mut texts, &stored);
            put_row(&mut rows, &mut texts, &stored);
            let block = texts.block(2, &rows);
            let mut reader = Reader::new(&block);
            let (table, count) = open_block(&mut reader).unwrap();
            assert_eq!(count, 2);
            for _ in 0..count {
                let ecosystem = stored.row.ecosystem;
                let back = read_row(&mut reader, &table, ecosystem, "11572").unwrap();
                assert_eq!(back, stored);
            }
            assert!(reader.is_empty());
        }
    }

    #[test]
    fn integers_of_every_length() {
        for value in [
            0,
            1,
            127,
            128,
            16_383,
            16_384,
            u64::from(u32::MAX),
            (1 << 62) - 1,
        ] {
            let mut bytes = Vec::new();
            put(&mut bytes, value);
            assert_eq!(Reader::new(&bytes).integer(), Ok(value));
            bytes.pop();
            assert_eq!(Reader::new(&bytes).integer(), Err(Corrupt));
        }
    }

    proptest! {
        /// Bytes that begin like a block, changed anywhere, and plain noise.
        #[test]
        fn no_bytes_stop_a_reader(noise in proptest::collection::vec(any::<u8>(), 0..80), changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 0..6)) {
            let stored = StoredRow { feed: "f", document: "d", row: row() };
            let (mut rows, mut texts) = (Vec::new(), BlockTexts::default());
            put_row(&mut rows, &mut texts, &stored);
            let mut block = texts.block(1, &rows);
            for (at, byte) in changes {
                let at = at % block.len();
                block[at] = byte;
            }
            for bytes in [&block, &noise] {
                let mut reader = Reader::new(bytes);
                if let Ok((table, count)) = open_block(&mut reader) {
                    let mut intel = reader;
                    for _ in 0..count {
                        if read_row(&mut reader, &table, EcosystemRef::default(), "x").is_err() { break; }
                    }
                    for _ in 0..count {
                        if read_intel(&mut intel, &table, "x").is_err() { break; }
                    }
                }
            }
        }

        #[test]
        fn no_bytes_stop_a_shard(noise in proptest::collection::vec(any::<u8>(), 0..300), keep in 0usize..80) {
            let mut bytes = super::super::format::MAGIC.to_vec();
            bytes.extend_from_slice(&1u32.to_le_bytes());
            bytes.truncate(keep);
            bytes.extend_from_slice(&noise);
            prop_assert!(super::super::Shard::open("noise", Box::new(bytes)).is_err());
        }
    }
}
