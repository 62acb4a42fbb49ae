//! What changed in one place.

use schemas::{
    Place, Severity, VulnerabilityId,
    inventory::CoverageStatus,
    risk::{PlaceFacts, VulnerabilityFacts},
};
use scope::{Part, Resource};

use crate::{
    codec::{EstateError, Reader, Writer},
    facts::HISTORY,
    replaced::Replaced,
};

/// The whole state of one place, replacing what the index held of it.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaceDelta {
    /// The place.
    pub place: Place,
    /// The name people know it by.
    pub name: String,
    /// Order of this state: a delta with a lower one than the index has is ignored.
    pub sequence: u64,
    /// Whether the place is gone; then all else is empty.
    pub removed: bool,
    /// How much of the place was read.
    pub coverage: CoverageStatus,
    /// Number of its packages.
    pub packages: u32,
    /// Number of rows that cannot be judged.
    pub cannot_judge: u32,
    /// What is known of the place.
    pub facts: PlaceFacts,
    /// Its vulnerabilities, each once.
    pub findings: Vec<PlaceFinding>,
    /// Its operating system as people name it, such as `Debian GNU/Linux 12`; empty when it is not known.
    pub os: String,
    /// What collections look at.
    pub resource: Resource,
    /// When it was so, in whole hours since 1970; 0 when that is not known, as of what an earlier version wrote.
    pub at_h: u32,
    /// What is known of the states that it replaced before they were laid over the index.
    pub replaced: Replaced,
}

/// A vulnerability in a place, over all packages that have it there.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaceFinding {
    /// The vulnerability.
    pub vulnerability: VulnerabilityId,
    /// The worst severity given for it here: distributions rate their own packages.
    pub severity: Severity,
    /// CVSS base score that goes with that severity, 0 to 10.
    pub cvss_score: Option<f32>,
    /// Whether a fix is available for any of the packages.
    pub fix_available: bool,
    /// Whether an exception hides it here.
    pub excepted: bool,
    /// What is known of it wherever it is; severity and CVSS in it are not used.
    pub facts: VulnerabilityFacts,
}

/// First bytes of an encoded delta.
const MAGIC: &[u8; 4] = b"BHED";
/// Format version of encoded deltas.
const VERSION: u8 = 1;

impl PlaceDelta {
    /// A delta that removes a place.
    pub fn removal(place: Place, sequence: u64) -> Self {
        Self {
            place,
            name: String::new(),
            sequence,
            removed: true,
            coverage: CoverageStatus::Unsupported,
            packages: 0,
            cannot_judge: 0,
            facts: PlaceFacts::default(),
            findings: Vec::new(),
            os: String::new(),
            resource: Resource::new(),
            at_h: 0,
            replaced: Replaced::default(),
        }
    }

    /// The compact form, about 20 bytes a finding.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new(MAGIC, VERSION);
        out.text(&self.place.to_string());
        out.text(&self.name);
        out.number(self.sequence);
        out.byte(u8::from(self.removed));
        out.coverage(self.coverage);
        out.number(u64::from(self.packages));
        out.number(u64::from(self.cannot_judge));
        out.place_facts(&self.facts);
        out.count(self.findings.len());
        for finding in &self.findings {
            out.text(finding.vulnerability.as_str());
            out.rating(finding.severity, finding.cvss_score, finding.fix_available);
            out.vulnerability_facts(&finding.facts);
        }
        // Behind what the first form had: whoever reads that stops before it.
        out.text(&self.os);
        out.count(self.resource.texts().count());
        for (part, text) in self.resource.texts() {
            out.byte(part.number());
            out.text(text);
        }
        out.section(HISTORY, |out| self.encode_history(out));
        self.encode_facts(&mut out);
        out.finish()
    }

    /// Reads the compact form.
    ///
    /// # Errors
    /// When the bytes are damaged or of a later version.
    pub fn decode(bytes: &[u8]) -> Result<Self, EstateError> {
        let mut input = Reader::new(bytes, MAGIC, VERSION)?;
        let mut delta = Self {
            place: input.place()?,
            name: input.text()?.to_owned(),
            sequence: input.number()?,
            removed: input.byte()? != 0,
            coverage: input.coverage()?,
            packages: input.number_32()?,
            cannot_judge: input.number_32()?,
            facts: input.place_facts()?,
            findings: Vec::new(),
            os: String::new(),
            resource: Resource::new(),
            at_h: 0,
            replaced: Replaced::default(),
        };
        for _ in 0..input.count()? {
            let vulnerability = input.vulnerability()?;
            let (severity, cvss_score, fix_available) = input.rating()?;
            let facts = input.vulnerability_facts()?;
            delta.findings.push(PlaceFinding {
                vulnerability,
                severity,
                cvss_score,
                fix_available,
                excepted: false,
                facts,
            });
        }
        if !input.is_at_end() {
            delta.os = input.text()?.to_owned();
            let mut texts = Vec::new();
            for _ in 0..input.count()? {
                let (part, text) = (input.byte()?, input.text()?);
                texts.extend(Part::of_number(part).map(|part| (part, text.to_owned())));
            }
            delta.resource = Resource::stored(texts);
        }
        delta.decode_sections(&mut input)?;
        Ok(delta)
    }

    /// What stands in a section of its own: when it was so, and which findings are excepted.
    fn encode_history(&self, out: &mut Writer) {
        out.number(u64::from(self.at_h));
        let excepted = || {
            let findings = self.findings.iter().enumerate();
            findings.filter(|(_, finding)| finding.excepted)
        };
        out.count(excepted().count());
        for (at, _) in excepted() {
            out.count(at);
        }
        self.replaced.encode(out);
    }

    /// What [`Self::encode_history`] wrote.
    pub(crate) fn decode_history(&mut self, input: &mut Reader<'_>) -> Result<(), EstateError> {
        self.at_h = input.number_32()?;
        for _ in 0..input.count()? {
            let finding = self.findings.get_mut(input.number_32()? as usize);
            finding
                .ok_or(EstateError::Damaged("no such finding"))?
                .excepted = true;
        }
        self.replaced = Replaced::decode(input)?;
        Ok(())
    }
}
