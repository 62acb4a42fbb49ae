//! The index: dictionaries of vulnerabilities and places, and findings that point into them.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use schemas::{
    Place, Severity, Timestamp, VulnerabilityId,
    inventory::CoverageStatus,
    risk::{PlaceFacts, VulnerabilityFacts},
};
use scope::Part;

use crate::{
    codec::{EstateError, Reader, Writer, cvss_tenths},
    delta::{PlaceDelta, PlaceFinding},
    facts::{Critical, HISTORY},
    history::{self, Left},
    known::{self, Known},
};

/// A tenant's estate.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EstateIndex {
    pub(crate) vulnerabilities: Vec<Vulnerability>,
    /// Shared with the state that this one was made from, as far as nothing changed.
    pub(crate) places: BTreeMap<Arc<Place>, Arc<PlaceRow>>,
    numbers: HashMap<VulnerabilityId, u32>,
    /// What collections look at, and names of operating systems: each text once, however many places have it.
    pub(crate) texts: Vec<(Kind, Arc<str>)>,
    text_numbers: HashMap<(Kind, Arc<str>), u32>,
    /// Which labels make places critical.
    pub(crate) critical: Critical,
    /// What follows from all this.
    pub(crate) known: Known,
}

/// What a text says of a place: a part of [`scope::Resource`], or the operating system.
pub(crate) type Kind = Option<Part>;

/// What is known of a vulnerability wherever it is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Vulnerability {
    pub(crate) id: VulnerabilityId,
    pub(crate) facts: VulnerabilityFacts,
}

/// One place and its findings.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PlaceRow {
    pub(crate) name: String,
    pub(crate) sequence: u64,
    pub(crate) removed: bool,
    pub(crate) coverage: CoverageStatus,
    pub(crate) packages: u32,
    pub(crate) cannot_judge: u32,
    pub(crate) facts: PlaceFacts,
    pub(crate) findings: Vec<Row>,
    /// What it no longer has, or could not be seen to have.
    pub(crate) left: Vec<Left>,
    /// Numbers of its texts.
    pub(crate) texts: Box<[u32]>,
}

/// A finding: the number of its vulnerability and how it is rated in this place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) vulnerability: u32,
    pub(crate) severity: Severity,
    /// CVSS in tenths, 255 for none.
    pub(crate) cvss: u8,
    pub(crate) fix_available: bool,
    /// Whether an exception hides it.
    pub(crate) excepted: bool,
    /// Since when it is here, in hours since 1970; 0 when it was there before that was written down.
    pub(crate) since_h: u32,
}

impl Row {
    pub(crate) fn cvss_score(self) -> Option<f32> {
        (self.cvss <= 100).then(|| f32::from(self.cvss) / 10.0)
    }

    pub(crate) fn rating_tenths(self) -> u16 {
        risk::rating_tenths(self.severity, self.cvss_score(), self.fix_available)
    }
}

/// When vulnerabilities came to a place.
#[derive(Debug)]
pub struct Came<'a> {
    index: &'a EstateIndex,
    since_h: HashMap<u32, u32>,
}

impl Came<'_> {
    /// When one came, at the beginning of an hour, where that is known.
    pub fn at(&self, id: &VulnerabilityId) -> Option<Timestamp> {
        came_at(*self.since_h.get(&self.index.number(id)?)?)
    }
}

/// The hour of a count from 1970; none for 0.
pub fn came_at(since_h: u32) -> Option<Timestamp> {
    (since_h > 0).then(|| Timestamp::from_hours(since_h))
}

/// First bytes of an encoded index.
const MAGIC: &[u8; 4] = b"BHEI";
/// Format version of encoded indexes.
const VERSION: u8 = 1;
/// Kind of an operating system among encoded texts; the others are numbers of parts.
const OS: u8 = 255;
/// What the strings of a place or a vulnerability, and the nodes that they hang in, take beside their own sizes, in bytes, about.
const ALLOCATED: usize = 96;

impl EstateIndex {
    /// An estate without places.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lays a place's state over the index. Returns whether it changed anything: an older state, or the same again,
    /// does not.
    pub fn apply(&mut self, delta: &PlaceDelta) -> bool {
        if let Some(known) = self.places.get(&delta.place)
            && known.sequence >= delta.sequence
        {
            return false;
        }
        self.known = Known::default();
        let mut findings: Vec<Row> = delta
            .findings
            .iter()
            .map(|finding| self.row(finding, delta.at_h))
            .collect();
        let replaced = self.replaced(delta);
        let known = self.places.get(&delta.place).map(Arc::as_ref);
        let left = history::carry(known, delta, replaced, &mut findings);
        let resource = delta.resource.texts();
        let texts = resource.map(|(part, text)| self.text(Some(part), text));
        let mut texts: Vec<u32> = texts.collect();
        if !delta.os.is_empty() {
            texts.push(self.text(None, &delta.os));
        }
        // A removal stays as a row without findings, so that an older state arriving late does not bring it back.
        let row = PlaceRow {
            name: delta.name.clone(),
            sequence: delta.sequence,
            removed: delta.removed,
            coverage: delta.coverage,
            packages: delta.packages,
            cannot_judge: delta.cannot_judge,
            facts: PlaceFacts {
                critical_label: self.critical.first(delta.resource.texts()),
                ..delta.facts.clone()
            },
            findings,
            left,
            texts: texts.into_boxed_slice(),
        };
        self.places
            .insert(Arc::new(delta.place.clone()), Arc::new(row));
        true
    }

    fn row(&mut self, finding: &PlaceFinding, at_h: u32) -> Row {
        let facts = VulnerabilityFacts {
            severity: Severity::Unknown,
            cvss_score: None,
            cvss_vector: None,
            ..finding.facts.clone()
        };
        let vulnerability = match self.numbers.get(&finding.vulnerability) {
            Some(number) => {
                // The newest place's facts are the newest reading of the feeds.
                if let Some(known) = self.vulnerabilities.get_mut(*number as usize) {
                    // What one place's advisory says of it holds, whoever else says nothing.
                    let factors = facts.factors.and(known.facts.factors);
                    known.facts = VulnerabilityFacts { factors, ..facts };
                }
                *number
            }
            None => self.add_vulnerability(finding.vulnerability.clone(), facts),
        };
        Row {
            vulnerability,
            severity: finding.severity,
            cvss: finding.cvss_score.map_or(255, cvss_tenths),
            fix_available: finding.fix_available,
            excepted: finding.excepted,
            since_h: at_h,
        }
    }

    /// What the states had that one replaced, by the numbers of vulnerabilities.
    fn replaced(&mut self, delta: &PlaceDelta) -> Vec<Left> {
        let left = delta.replaced.left.iter().map(|left| {
            let id = &left.vulnerability;
            let number = self.number(id).unwrap_or_else(|| {
                // Whoever has it next brings what is known of it.
                self.add_vulnerability(id.clone(), VulnerabilityFacts::default())
            });
            Left {
                vulnerability: number,
                severity: left.severity,
                excepted: left.excepted,
                since_h: left.since_h,
                at_h: left.at_h,
            }
        });
        left.collect()
    }

    /// The number of a text.
    fn text(&mut self, kind: Kind, text: &str) -> u32 {
        let text: Arc<str> = text.into();
        if let Some(number) = self.text_numbers.get(&(kind, Arc::clone(&text))) {
            return *number;
        }
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.texts.push((kind, Arc::clone(&text)));
        self.text_numbers.insert((kind, text), number);
        number
    }

    /// The name of a place's operating system.
    pub(crate) fn os_of<'a>(&'a self, row: &'a PlaceRow) -> &'a str {
        let os = self.texts_of(row).find(|(kind, _)| kind.is_none());
        os.map_or("", |(_, text)| text)
    }

    /// The texts of a place.
    pub(crate) fn texts_of<'a>(
        &'a self,
        row: &'a PlaceRow,
    ) -> impl Iterator<Item = (Kind, &'a str)> {
        let texts = row.texts.iter();
        let texts = texts.filter_map(|number| self.texts.get(*number as usize));
        texts.map(|(kind, text)| (*kind, &**text))
    }

    fn add_vulnerability(&mut self, id: VulnerabilityId, facts: VulnerabilityFacts) -> u32 {
        // Four thousand million distinct vulnerabilities are not to be had.
        let number = u32::try_from(self.vulnerabilities.len()).unwrap_or(u32::MAX);
        self.numbers.insert(id.clone(), number);
        self.vulnerabilities.push(Vulnerability { id, facts });
        number
    }

    /// Reads the facts of every vulnerability anew, as after a daily feed: no finding is touched. Returns how many
    /// changed.
    pub fn refresh(
        &mut self,
        facts_of: &dyn Fn(&VulnerabilityId) -> Option<VulnerabilityFacts>,
    ) -> usize {
        self.known = Known::default();
        let mut changed = 0;
        for known in &mut self.vulnerabilities {
            let facts = VulnerabilityFacts {
                severity: Severity::Unknown,
                cvss_score: None,
                cvss_vector: None,
                // They are of findings, which have not changed.
                factors: known.facts.factors,
                ..facts_of(&known.id).unwrap_or_default()
            };
            if known.facts != facts {
                known.facts = facts;
                changed += 1;
            }
        }
        changed
    }

    /// What is known of a vulnerability wherever it is; its severity depends on the place and is unknown here.
    pub fn vulnerability_facts(&self, id: &VulnerabilityId) -> Option<&VulnerabilityFacts> {
        self.vulnerability(self.number(id)?)
            .map(|known| &known.facts)
    }

    /// The number of a vulnerability.
    pub(crate) fn number(&self, id: &VulnerabilityId) -> Option<u32> {
        self.numbers.get(id).copied()
    }

    /// The vulnerability of a number.
    pub(crate) fn vulnerability(&self, number: u32) -> Option<&Vulnerability> {
        self.vulnerabilities.get(number as usize)
    }

    /// Facts of a place.
    pub fn place_facts(&self, place: &Place) -> Option<&PlaceFacts> {
        self.places
            .get(place)
            .filter(|row| !row.removed)
            .map(|row| &row.facts)
    }

    /// Since when each vulnerability is in a place, in hours since 1970; 0 where it was there before that was written down.
    pub fn came(&self, place: &Place) -> Came<'_> {
        let found = self.places.get(place).filter(|row| !row.removed);
        let rows = found.map_or(&[][..], |row| &row.findings);
        let since_h = rows.iter().map(|row| (row.vulnerability, row.since_h));
        Came {
            index: self,
            since_h: since_h.collect(),
        }
    }

    /// What the index takes in memory, in bytes, about, with what answers need beside it.
    pub fn memory_bytes(&self) -> u64 {
        // An id stands in the dictionary and in the map that finds its number.
        let vulnerability = size_of::<Vulnerability>()
            + size_of::<(VulnerabilityId, u32)>()
            + known::VULNERABILITY_BYTES;
        let vulnerabilities = self.vulnerabilities.iter();
        let vulnerabilities =
            vulnerabilities.map(|known| vulnerability + 2 * known.id.as_str().len() + ALLOCATED);
        let places = self.places.values().map(|row| {
            size_of::<(Place, PlaceRow)>()
                + ALLOCATED
                + known::PLACE_BYTES
                // Once as it is, and twice to be searched: an image has the same name among its texts.
                + row.name.len() * 3
                + row.facts.exposure_reason.as_ref().map_or(0, String::len)
                + row.facts.critical_label.as_ref().map_or(0, String::len)
                + row.findings.capacity() * (size_of::<Row>() + known::FINDING_BYTES)
                + row.left.capacity() * size_of::<Left>()
                + row.texts.len() * size_of::<u32>()
        });
        let text = size_of::<(Kind, Arc<str>)>() * 2 + size_of::<u32>();
        let texts = self.texts.iter();
        let texts = texts.map(|(_, known)| text + known.len() + ALLOCATED);
        let bytes: usize = vulnerabilities.chain(places).chain(texts).sum();
        bytes as u64
    }

    /// The compact form. Vulnerabilities that no place has any more are left out.
    pub fn encode(&self) -> Vec<u8> {
        let mut used = vec![None; self.vulnerabilities.len()];
        let mut kept = Vec::new();
        let numbers = self.places.values().flat_map(|place| {
            let found = place.findings.iter().map(|row| row.vulnerability);
            found.chain(place.left.iter().map(|left| left.vulnerability))
        });
        for number in numbers {
            if let Some(slot @ None) = used.get_mut(number as usize) {
                *slot = Some(kept.len());
                kept.push(number);
            }
        }
        let mut out = Writer::new(MAGIC, VERSION);
        out.count(kept.len());
        for known in kept
            .iter()
            .filter_map(|n| self.vulnerabilities.get(*n as usize))
        {
            out.text(known.id.as_str());
            out.vulnerability_facts(&known.facts);
        }
        out.count(self.places.len());
        for (place, row) in &self.places {
            out.text(&place.to_string());
            out.text(&row.name);
            out.number(row.sequence);
            out.byte(u8::from(row.removed));
            out.coverage(row.coverage);
            out.number(u64::from(row.packages));
            out.number(u64::from(row.cannot_judge));
            out.place_facts(&row.facts);
            out.count(row.findings.len());
            for finding in &row.findings {
                let number = used.get(finding.vulnerability as usize).copied().flatten();
                out.count(number.unwrap_or_default());
                out.rating(
                    finding.severity,
                    finding.cvss_score(),
                    finding.fix_available,
                );
            }
        }
        self.encode_texts(&mut out);
        out.section(HISTORY, |out| self.encode_history(out, &used));
        let kept = kept
            .iter()
            .filter_map(|n| self.vulnerabilities.get(*n as usize));
        self.encode_facts(kept.map(|known| &known.facts), &mut out);
        out.finish()
    }

    /// Behind what the first form had, so that whoever reads that stops before it: the texts, then each place's.
    fn encode_texts(&self, out: &mut Writer) {
        let mut used = vec![None; self.texts.len()];
        let mut kept = Vec::new();
        for number in self.places.values().flat_map(|place| &place.texts) {
            if let Some(slot @ None) = used.get_mut(*number as usize) {
                *slot = Some(kept.len());
                kept.extend(self.texts.get(*number as usize));
            }
        }
        out.count(kept.len());
        for (kind, text) in kept {
            out.byte(kind.map_or(OS, Part::number));
            out.text(text);
        }
        for row in self.places.values() {
            out.count(row.texts.len());
            for number in &row.texts {
                let number = used.get(*number as usize).copied().flatten();
                out.count(number.unwrap_or_default());
            }
        }
    }

    /// What [`Self::encode_texts`] wrote.
    fn decode_texts(&mut self, input: &mut Reader<'_>) -> Result<(), EstateError> {
        // Where each text went; those of a later version's kinds go nowhere.
        let mut numbers = Vec::new();
        for _ in 0..input.count()? {
            let (kind, text) = (input.byte()?, input.text()?);
            let kind = match Part::of_number(kind) {
                None if kind == OS => Some(None),
                None => None,
                part => Some(part),
            };
            numbers.push(kind.map(|kind| self.text(kind, text)));
        }
        for row in self.places.values_mut() {
            let row = Arc::make_mut(row);
            let mut texts = Vec::new();
            for _ in 0..input.count()? {
                let number = numbers.get(input.number_32()? as usize);
                texts.extend(number.ok_or(EstateError::Damaged("no such text"))?);
            }
            row.texts = texts.into_boxed_slice();
        }
        Ok(())
    }

    /// Reads the compact form.
    ///
    /// # Errors
    /// When the bytes are damaged or of a later version.
    pub fn decode(bytes: &[u8]) -> Result<Self, EstateError> {
        let mut input = Reader::new(bytes, MAGIC, VERSION)?;
        let mut index = Self::default();
        for _ in 0..input.count()? {
            let id = input.vulnerability()?;
            let facts = input.vulnerability_facts()?;
            index.add_vulnerability(id, facts);
        }
        for _ in 0..input.count()? {
            let place = input.place()?;
            let mut row = PlaceRow {
                name: input.text()?.to_owned(),
                sequence: input.number()?,
                removed: input.byte()? != 0,
                coverage: input.coverage()?,
                packages: input.number_32()?,
                cannot_judge: input.number_32()?,
                facts: input.place_facts()?,
                findings: Vec::new(),
                left: Vec::new(),
                texts: Box::default(),
            };
            for _ in 0..input.count()? {
                let vulnerability = input.number_32()?;
                if vulnerability as usize >= index.vulnerabilities.len() {
                    return Err(EstateError::Damaged("a finding of no vulnerability"));
                }
                let (severity, cvss, fix_available) = input.rating()?;
                row.findings.push(Row {
                    vulnerability,
                    severity,
                    cvss: cvss.map_or(255, cvss_tenths),
                    fix_available,
                    excepted: false,
                    since_h: 0,
                });
            }
            index.places.insert(Arc::new(place), Arc::new(row));
        }
        if !input.is_at_end() {
            index.decode_texts(&mut input)?;
        }
        index.decode_sections(&mut input)?;
        Ok(index)
    }
}
