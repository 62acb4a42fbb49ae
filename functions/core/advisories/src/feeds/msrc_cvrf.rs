//! MSRC security updates in CVRF form, one document a month: XML, or JSON with the same content (`json`).
//!
//! Source: `https://api.msrc.microsoft.com/cvrf/v3.0/cvrf/{ID}` and its Swagger description; ICASI, CVRF 1.1. Kept are
//! rows of Windows 10, Windows Server 2016 and later (see [`crate::windows`]), those of the .NET Framework on them, and
//! which vulnerabilities are exploited. Everything else is passed over without being taken apart.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use quick_xml::{
    Reader,
    errors::IllFormedError,
    events::{BytesStart, Event},
};
use schemas::{
    Severity, Timestamp, VulnerabilityId, advisory::AdvisoryStatus, severity::SeveritySource,
};

use super::{Document, Feed, FeedError, Sink, shape};
use crate::{
    row::{EcosystemRef, IntelRow, RatingRef, Row, WindowsRef},
    severity,
    windows::{is_kb_number, kbs_in, lines},
};

mod json;

pub(super) use json::parser;

/// The feed.
#[derive(Clone, Copy, Debug)]
pub(super) struct MsrcCvrf;

/// The namespace of the form that is read, and what comes before its version.
const NAMESPACE: &str = "icasi.org/CVRF/schema/cvrf/1.1";
const ANY_NAMESPACE: &str = "icasi.org/CVRF/schema/cvrf/";
/// Bytes at the beginning that tell what a document is.
const HEAD_BYTES: usize = 4096;
/// Bytes of one text that is kept; names, ids and builds are far shorter.
pub(super) const MAX_TEXT_BYTES: usize = 4096;
/// Elements within one another.
const MAX_DEPTH: u32 = 64;

fn head(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes.get(..bytes.len().min(HEAD_BYTES)).unwrap_or_default())
}

impl Feed for MsrcCvrf {
    fn name(&self) -> &'static str {
        "msrc-cvrf"
    }

    fn recognises(&self, document: &Document<'_>) -> bool {
        if let Some(shape) = shape::shape(document.bytes) {
            return !shape.list && shape.has("DocumentTracking") && shape.has("DocumentType");
        }
        let head = head(document.bytes);
        head.contains("cvrfdoc") && head.contains(ANY_NAMESPACE)
    }

    fn parse(&self, document: &Document<'_>, sink: &mut dyn Sink) -> Result<(), FeedError> {
        let bytes = shape::trimmed(document.bytes);
        if bytes.starts_with(b"{") {
            return parser(sink).month(&json::read(bytes)?);
        }
        let head = head(document.bytes);
        if !head.contains(NAMESPACE) {
            let found = head
                .split(ANY_NAMESPACE)
                .nth(1)
                .and_then(|rest| rest.split('"').next())
                .unwrap_or("unknown");
            return Err(FeedError::OtherVersion {
                found: format!("CVRF {}", found.chars().take(20).collect::<String>()),
                known: "CVRF 1.1",
            });
        }
        let text = std::str::from_utf8(document.bytes).map_err(|error| {
            if error.error_len().is_none() {
                FeedError::Cut {
                    at: format!("byte {}", error.valid_up_to()),
                }
            } else {
                FeedError::Malformed {
                    at: format!("byte {}", error.valid_up_to()),
                    what: "not UTF-8".to_owned(),
                }
            }
        })?;
        let reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
        Parser {
            reader,
            products: HashMap::new(),
            net_framework: HashSet::new(),
            sink,
        }
        .document()
    }
}

/// Rows on their way from a document to the sink, whatever its form.
pub(super) struct Parser<'d, 's> {
    reader: Reader<&'d [u8]>,
    /// Names of products that are judged.
    products: HashMap<Cow<'d, str>, String>,
    /// Whole ids of the .NET Framework on judged products.
    net_framework: HashSet<Cow<'d, str>>,
    pub(super) sink: &'s mut dyn Sink,
}

/// What is kept of one `Vulnerability`.
#[derive(Default)]
pub(super) struct Entry<'d> {
    pub(super) id: Option<Cow<'d, str>>,
    pub(super) title: Option<Cow<'d, str>>,
    pub(super) component: Option<Cow<'d, str>>,
    pub(super) affected: Vec<Cow<'d, str>>,
    pub(super) exploited: bool,
    pub(super) words: HashMap<Cow<'d, str>, Cow<'d, str>>,
    pub(super) scores: HashMap<Cow<'d, str>, usize>,
    pub(super) score_sets: Vec<ScoreSet<'d>>,
    pub(super) remediations: Vec<Remediation<'d>>,
    pub(super) revised: Option<Timestamp>,
}

/// One `ScoreSet`.
#[derive(Default)]
pub(super) struct ScoreSet<'d> {
    pub(super) score: Option<f32>,
    pub(super) vector: Option<Cow<'d, str>>,
}

/// One `Remediation` of type "Vendor Fix".
#[derive(Default)]
pub(super) struct Remediation<'d> {
    pub(super) kb: Option<String>,
    pub(super) supersedes: Vec<String>,
    pub(super) restart: Option<Cow<'d, str>>,
    pub(super) hotpatch: bool,
    pub(super) fixed_build: Option<Cow<'d, str>>,
    pub(super) products: Vec<Cow<'d, str>>,
}

/// The product of the operating system that an id is about: the part after the dash of a composite one.
fn system_of(id: &str) -> &str {
    id.rsplit_once('-').map_or(id, |(_, system)| system)
}

/// Whether an exploit status, such as `Publicly Disclosed:No;Exploited:Yes`, says that it is exploited.
pub(super) fn says_exploited(status: &str) -> bool {
    let mut parts = status.split(';');
    parts.any(|part| part.trim().eq_ignore_ascii_case("Exploited:Yes"))
}

/// The attribute of this name as written; the values that matter hold no entities.
fn attribute<'e>(element: &'e BytesStart<'_>, name: &str) -> Option<Cow<'e, str>> {
    Some(element.try_get_attribute(name).ok()??.value)
}

/// A date of the form `2024-10-25T00:00:00`, which is UTC when it does not say otherwise.
fn moment(text: &str) -> Option<Timestamp> {
    text.parse().or_else(|_| format!("{text}Z").parse()).ok()
}

/// Whether an error says that the end came too early.
fn is_cut(error: &quick_xml::Error) -> bool {
    match error {
        quick_xml::Error::Syntax(_) => true,
        quick_xml::Error::IllFormed(error) => matches!(
            error,
            IllFormedError::UnclosedReference | IllFormedError::MissingEndTag(_)
        ),
        _ => false,
    }
}

impl<'d> Parser<'d, '_> {
    fn malformed(&self, what: impl ToString) -> FeedError {
        FeedError::Malformed {
            at: format!("byte {}", self.reader.error_position()),
            what: what.to_string(),
        }
    }

    fn cut(&self) -> FeedError {
        FeedError::Cut {
            at: format!("byte {}", self.reader.buffer_position()),
        }
    }

    fn next(&mut self) -> Result<Event<'d>, FeedError> {
        match self.reader.read_event() {
            Ok(Event::Eof) => Err(self.cut()),
            Ok(event) => Ok(event),
            Err(error) if is_cut(&error) => Err(self.cut()),
            Err(error) => Err(self.malformed(error)),
        }
    }

    /// Calls `each` for every child element of the element just begun, up to its end. What `each` does not read is
    /// passed over.
    fn children(
        &mut self,
        each: &mut dyn FnMut(&mut Self, &BytesStart<'d>) -> Result<bool, FeedError>,
    ) -> Result<(), FeedError> {
        loop {
            match self.next()? {
                Event::Start(element) if !each(self, &element)? => self.skip(&element)?,
                Event::End(_) => return Ok(()),
                _ => {}
            }
        }
    }

    /// Passes over the element just begun.
    fn skip(&mut self, element: &BytesStart<'d>) -> Result<(), FeedError> {
        self.reader
            .read_to_end(element.name())
            .map(|_| ())
            .map_err(|error| {
                if is_cut(&error) {
                    self.cut()
                } else {
                    self.malformed(error)
                }
            })
    }

    /// The text of the element just begun, without elements inside; absent when it has none.
    fn text(&mut self) -> Result<Option<Cow<'d, str>>, FeedError> {
        let mut whole: Cow<'d, str> = Cow::Borrowed("");
        let mut depth = 0_u32;
        let add = |whole: &mut Cow<'d, str>, part: Cow<'d, str>| {
            if whole.is_empty() {
                *whole = part;
            } else if whole.len() < MAX_TEXT_BYTES {
                whole.to_mut().push_str(&part);
            }
        };
        loop {
            match self.next()? {
                Event::Text(part) => add(&mut whole, part.into_inner()),
                Event::CData(part) => add(&mut whole, part.into_inner()),
                Event::GeneralRef(entity) => {
                    let named = quick_xml::escape::resolve_predefined_entity(&entity);
                    let part = match (named, entity.resolve_char_ref()) {
                        (Some(text), _) => Cow::Borrowed(text),
                        (None, Ok(Some(char))) => Cow::Owned(char.to_string()),
                        (None, _) => Cow::Borrowed("\u{fffd}"),
                    };
                    add(&mut whole, part);
                }
                Event::Start(_) => {
                    depth += 1;
                    if depth > MAX_DEPTH {
                        return Err(self.malformed("elements are nested too deeply"));
                    }
                }
                Event::End(_) if depth == 0 => break,
                Event::End(_) => depth -= 1,
                _ => {}
            }
        }
        let trimmed = whole.trim();
        if trimmed.is_empty() {
            return Ok(None);
        }
        let end = trimmed.floor_char_boundary(MAX_TEXT_BYTES);
        if trimmed.len() == whole.len() && end == whole.len() {
            return Ok(Some(whole));
        }
        let short = trimmed.get(..end).unwrap_or_default().to_owned();
        Ok(Some(Cow::Owned(short)))
    }

    fn document(mut self) -> Result<(), FeedError> {
        loop {
            match self.next()? {
                Event::Start(root) if root.local_name().as_ref() == "cvrfdoc" => break,
                Event::Start(_) | Event::Empty(_) => {
                    return Err(self.malformed("the root element is not `cvrfdoc`"));
                }
                _ => {}
            }
        }
        self.children(&mut |parser, element| {
            match element.local_name().as_ref() {
                "DocumentTracking" => parser.tracking()?,
                "ProductTree" => parser.product_tree()?,
                "Vulnerability" => parser.vulnerability()?,
                _ => return Ok(false),
            }
            Ok(true)
        })
    }

    fn tracking(&mut self) -> Result<(), FeedError> {
        self.children(&mut |parser, element| {
            match element.local_name().as_ref() {
                "Identification" => parser.children(&mut |parser, element| {
                    if element.local_name().as_ref() != "ID" {
                        return Ok(false);
                    }
                    if let Some(id) = parser.text()? {
                        parser.sink.title(&id);
                    }
                    Ok(true)
                })?,
                "CurrentReleaseDate" => {
                    if let Some(moment) = parser.text()?.and_then(|text| moment(&text)) {
                        parser.sink.as_of(moment);
                    }
                }
                _ => return Ok(false),
            }
            Ok(true)
        })
    }

    /// The tree's branches nest; the names in them are all that matters, so it is read flat.
    fn product_tree(&mut self) -> Result<(), FeedError> {
        let mut depth = 0_u32;
        loop {
            match self.next()? {
                Event::Start(element) if element.local_name().as_ref() == "FullProductName" => {
                    let id = attribute(&element, "ProductID").map(Cow::into_owned);
                    let name = self.text()?;
                    let (Some(id), Some(name)) = (id, name) else {
                        continue;
                    };
                    if lines::product(system_of(&id)).is_none() {
                        continue;
                    }
                    if id.contains('-') && name.contains(".NET Framework") {
                        self.net_framework.insert(Cow::Owned(id.clone()));
                    }
                    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
                    self.products.insert(Cow::Owned(id), name);
                }
                Event::Start(_) => {
                    depth += 1;
                    if depth > MAX_DEPTH {
                        return Err(self.malformed("elements are nested too deeply"));
                    }
                }
                Event::End(_) if depth == 0 => return Ok(()),
                Event::End(_) => depth -= 1,
                _ => {}
            }
        }
    }

    /// Whether rows of this product are kept.
    pub(super) fn is_kept(&self, id: &str) -> bool {
        lines::product(id).is_some() || self.net_framework.contains(id)
    }

    fn vulnerability(&mut self) -> Result<(), FeedError> {
        let mut entry = Entry::default();
        let mut others = 0_u64;
        self.children(&mut |parser, element| {
            match element.local_name().as_ref() {
                "Title" => entry.title = parser.text()?,
                "CVE" => entry.id = parser.text()?,
                "Notes" => parser.notes(&mut entry)?,
                "ProductStatuses" => others += parser.statuses(&mut entry)?,
                "Threats" => parser.threats(&mut entry)?,
                "CVSSScoreSets" => parser.score_sets(&mut entry)?,
                "Remediations" => parser.remediations(&mut entry)?,
                "RevisionHistory" => parser.revisions(&mut entry)?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        for _ in 0..others {
            self.sink.not_judged("microsoft");
        }
        self.emit(entry);
        Ok(())
    }

    /// The note of type Tag names the component.
    fn notes(&mut self, entry: &mut Entry<'d>) -> Result<(), FeedError> {
        self.children(&mut |parser, element| {
            let is_tag = attribute(element, "Type").is_some_and(|kind| kind == "Tag");
            if is_tag && entry.component.is_none() {
                entry.component = parser.text()?;
                return Ok(true);
            }
            Ok(false)
        })
    }

    /// Products that are "Known Affected", the only status in use. Gives the number of those that are not kept.
    fn statuses(&mut self, entry: &mut Entry<'d>) -> Result<u64, FeedError> {
        let mut others = 0;
        self.children(&mut |parser, element| {
            if attribute(element, "Type").is_none_or(|kind| kind != "Known Affected") {
                return Ok(false);
            }
            parser.children(&mut |parser, element| {
                if element.local_name().as_ref() != "ProductID" {
                    return Ok(false);
                }
                match parser.text()? {
                    Some(id) if parser.is_kept(&id) => entry.affected.push(id),
                    Some(_) => others += 1,
                    None => {}
                }
                Ok(true)
            })?;
            Ok(true)
        })?;
        Ok(others)
    }

    fn threats(&mut self, entry: &mut Entry<'d>) -> Result<(), FeedError> {
        self.children(&mut |parser, element| {
            let kind = attribute(element, "Type");
            let is_status = match kind.as_deref() {
                Some("Severity") => false,
                Some("Exploit Status") => true,
                _ => return Ok(false),
            };
            let mut description = None;
            parser.children(&mut |parser, element| {
                match element.local_name().as_ref() {
                    "Description" => description = parser.text()?,
                    "ProductID" if !is_status => {
                        let id = parser.text()?.filter(|id| parser.is_kept(id));
                        if let (Some(id), Some(word)) = (id, &description) {
                            entry.words.insert(id, word.clone());
                        }
                    }
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
            if is_status && let Some(status) = description {
                entry.exploited |= says_exploited(&status);
            }
            Ok(true)
        })
    }

    fn score_sets(&mut self, entry: &mut Entry<'d>) -> Result<(), FeedError> {
        self.children(&mut |parser, element| {
            if element.local_name().as_ref() != "ScoreSet" {
                return Ok(false);
            }
            let mut set = ScoreSet::default();
            let index = entry.score_sets.len();
            let mut wanted = false;
            parser.children(&mut |parser, element| {
                match element.local_name().as_ref() {
                    "BaseScore" => {
                        set.score = parser
                            .text()?
                            .and_then(|text| text.parse().ok())
                            .filter(|score| *score > 0.0 && *score <= 10.0);
                    }
                    "Vector" => set.vector = parser.text()?,
                    "ProductID" => {
                        if let Some(id) = parser.text()?.filter(|id| parser.is_kept(id)) {
                            entry.scores.insert(id, index);
                            wanted = true;
                        }
                    }
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
            if wanted {
                entry.score_sets.push(set);
            }
            Ok(true)
        })
    }

    fn remediations(&mut self, entry: &mut Entry<'d>) -> Result<(), FeedError> {
        self.children(&mut |parser, element| {
            if attribute(element, "Type").is_none_or(|kind| kind != "Vendor Fix") {
                return Ok(false);
            }
            let mut fix = Remediation::default();
            parser.children(&mut |parser, element| {
                match element.local_name().as_ref() {
                    "Description" => {
                        fix.kb = parser.text()?.and_then(|text| {
                            let digits = text.trim_start_matches("KB");
                            is_kb_number(digits).then(|| format!("KB{digits}"))
                        });
                    }
                    "Supercedence" => {
                        if let Some(text) = parser.text()? {
                            fix.supersedes.extend(kbs_in(&text));
                        }
                    }
                    "RestartRequired" => fix.restart = parser.text()?,
                    "SubType" => {
                        fix.hotpatch = parser
                            .text()?
                            .is_some_and(|text| text.to_ascii_lowercase().contains("hotpatch"));
                    }
                    "FixedBuild" => fix.fixed_build = parser.text()?,
                    "ProductID" => {
                        fix.products
                            .extend(parser.text()?.filter(|id| parser.is_kept(id)));
                    }
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
            if !fix.products.is_empty() {
                entry.remediations.push(fix);
            }
            Ok(true)
        })
    }

    fn revisions(&mut self, entry: &mut Entry<'d>) -> Result<(), FeedError> {
        self.children(&mut |parser, element| {
            if element.local_name().as_ref() != "Revision" {
                return Ok(false);
            }
            parser.children(&mut |parser, element| {
                if element.local_name().as_ref() != "Date" {
                    return Ok(false);
                }
                let date = parser.text()?.and_then(|text| moment(&text));
                entry.revised = entry.revised.max(date);
                Ok(true)
            })?;
            Ok(true)
        })
    }

    /// One row for each affected product and each of its updates; one without an update where there is none.
    pub(super) fn emit(&mut self, mut entry: Entry<'d>) {
        // Withdrawn entries say so in their id ("CVE-… - do not use this one"), beside the entry that counts.
        let id = entry.id.take().unwrap_or_default();
        if id.parse::<VulnerabilityId>().is_err() {
            if !entry.affected.is_empty() {
                let at = format!("byte {}", self.reader.buffer_position());
                self.sink
                    .problem(&at, &format!("`{id}` is not the id of a vulnerability"));
            }
            return;
        }
        if entry.exploited {
            self.sink.intel(&IntelRow {
                vulnerability: &id,
                exploited_by: Some("msrc"),
                ..IntelRow::default()
            });
        }
        entry.affected.sort_unstable();
        entry.affected.dedup();
        let mut fixes: HashMap<&str, Vec<&Remediation<'_>>> = HashMap::new();
        for fix in &entry.remediations {
            for product in &fix.products {
                let of_product = fixes.entry(product).or_default();
                if !of_product.iter().any(|known| std::ptr::eq(*known, fix)) {
                    of_product.push(fix);
                }
            }
        }
        let nothing = Remediation::default();
        for product in &entry.affected {
            let Some(system) = lines::product(system_of(product)) else {
                continue;
            };
            let found = fixes.get(product.as_ref()).map_or(&[][..], Vec::as_slice);
            let found = if found.is_empty() {
                &[&nothing][..]
            } else {
                found
            };
            for fix in found {
                self.emit_row(&id, &entry, product, system, fix);
            }
        }
    }

    fn emit_row(
        &mut self,
        id: &str,
        entry: &Entry<'d>,
        product: &str,
        system: &lines::Product,
        fix: &Remediation<'_>,
    ) {
        let mut ratings = Vec::with_capacity(2);
        if let Some(word) = entry.words.get(product) {
            let severity = severity::of_word(word);
            if severity != Severity::Unknown {
                ratings.push(RatingRef {
                    source: SeveritySource::Vendor,
                    severity,
                    word: Some(word),
                    cvss_score: None,
                    cvss_vector: None,
                });
            }
        }
        let set = entry
            .scores
            .get(product)
            .and_then(|index| entry.score_sets.get(*index));
        if let Some(set) = set
            && let Some(score) = set.score
        {
            ratings.push(RatingRef {
                source: SeveritySource::Cna,
                severity: severity::of_score(score),
                word: None,
                cvss_score: Some(score),
                cvss_vector: set.vector.as_deref(),
            });
        }
        let has_fix = fix.kb.is_some() || fix.fixed_build.is_some();
        self.sink.advisory(&Row {
            ecosystem: EcosystemRef {
                name: "windows",
                release: Some(system.release),
            },
            package: system.id,
            vulnerability: id,
            advisory: fix.kb.as_deref(),
            status: if has_fix {
                AdvisoryStatus::Fixed
            } else {
                AdvisoryStatus::Open
            },
            windows: Some(WindowsRef {
                product_id: product,
                product: self.products.get(product).map_or("", String::as_str),
                kb: fix.kb.as_deref(),
                fixed_build: fix.fixed_build.as_deref(),
                supersedes: fix.supersedes.iter().map(String::as_str).collect(),
                hotpatch: fix.hotpatch,
                restart: fix.restart.as_deref(),
                component: entry.component.as_deref(),
            }),
            ratings,
            summary: entry.title.as_deref(),
            modified_at: entry.revised,
            ..Row::default()
        });
    }
}

#[cfg(test)]
pub(super) mod tests;
