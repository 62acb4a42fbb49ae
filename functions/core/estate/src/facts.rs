//! Facts that the first form of index and deltas had not: a section of its own behind it, which whoever does not know it passes
//! over.

use std::sync::Arc;

use schemas::{
    Timestamp,
    collection::CollectionParts,
    risk::{Answer, Exposure, FactorSet, PlaceFacts, VulnerabilityFacts},
};
use scope::{Collection, Part};

use crate::{
    codec::{EstateError, Reader, Writer},
    delta::PlaceDelta,
    index::{EstateIndex, PlaceRow},
    known::Known,
};

/// Number of the section of facts, in an index as in a delta.
const FACTS: u8 = 1;
/// Number of the section of history.
pub(crate) const HISTORY: u8 = 2;

/// Labels that make places critical.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Critical {
    patterns: Vec<String>,
    collection: Option<Collection>,
}

impl Critical {
    fn of(patterns: Vec<String>) -> Self {
        let parts = CollectionParts {
            labels: patterns.clone(),
            ..CollectionParts::default()
        };
        // They were read when they were set; what cannot be read any more fits nothing.
        let collection = Collection::read(&parts).ok();
        Self {
            collection: collection.filter(|_| !patterns.is_empty()),
            patterns,
        }
    }

    fn fits(&self, part: Part, text: &str) -> bool {
        let collection = self.collection.as_ref();
        part == Part::Label && collection.is_some_and(|one| one.met(part, text) != 0)
    }

    /// The first of these texts that makes a place critical.
    pub(crate) fn first<'a>(
        &self,
        mut texts: impl Iterator<Item = (Part, &'a str)>,
    ) -> Option<String> {
        self.collection.as_ref()?;
        let label = texts.find(|(part, text)| self.fits(*part, text));
        label.map(|(_, text)| text.to_owned())
    }
}

impl EstateIndex {
    /// Says which labels make places critical: patterns as collections have them, `KEY=VALUE`. Returns whether that changed
    /// anything.
    pub fn set_critical_labels(&mut self, patterns: &[String]) -> bool {
        if self.critical.patterns == patterns {
            return false;
        }
        self.known = Known::default();
        self.critical = Critical::of(patterns.to_vec());
        self.judge_labels();
        true
    }

    /// Which labels make places critical.
    pub fn critical_labels(&self) -> &[String] {
        &self.critical.patterns
    }

    /// Finds the critical label of each place. Each pattern is held against each text once.
    fn judge_labels(&mut self) {
        let texts = self.texts.iter();
        let is_critical: Vec<bool> = texts
            .map(|(kind, text)| kind.is_some_and(|part| self.critical.fits(part, text)))
            .collect();
        let texts = &self.texts;
        for row in self.places.values_mut() {
            let mut numbers = row.texts.iter().map(|number| *number as usize);
            let label = numbers.find(|number| is_critical.get(*number) == Some(&true));
            let label = label.and_then(|number| texts.get(number));
            let label = label.map(|(_, text)| &**text);
            if row.facts.critical_label.as_deref() != label {
                let label = label.map(str::to_owned);
                Arc::make_mut(row).facts.critical_label = label;
            }
        }
    }

    /// Behind what earlier forms had: what is known of these vulnerabilities, in their order, and of all places.
    pub(crate) fn encode_facts<'a>(
        &self,
        vulnerabilities: impl Iterator<Item = &'a VulnerabilityFacts>,
        out: &mut Writer,
    ) {
        out.section(FACTS, |out| {
            out.count(self.critical.patterns.len());
            for pattern in &self.critical.patterns {
                out.text(pattern);
            }
            for facts in vulnerabilities {
                put_vulnerability(facts, out);
            }
            for row in self.places.values() {
                out.number(place_bits(&row.facts));
            }
        });
    }

    /// What [`Self::encode_facts`] wrote, and whatever a later version wrote beside it. Without it nothing is known.
    pub(crate) fn decode_sections(&mut self, input: &mut Reader<'_>) -> Result<(), EstateError> {
        while let Some((number, mut section)) = input.section()? {
            match number {
                FACTS => {}
                HISTORY => {
                    self.decode_history(&mut section)?;
                    continue;
                }
                _ => continue,
            }
            let mut patterns = Vec::new();
            for _ in 0..section.count()? {
                patterns.push(section.text()?.to_owned());
            }
            for known in &mut self.vulnerabilities {
                read_vulnerability(&mut known.facts, &mut section)?;
            }
            for row in self.places.values_mut() {
                let row: &mut PlaceRow = Arc::make_mut(row);
                read_place(&mut row.facts, section.number()?);
            }
            self.critical = Critical::of(patterns);
            // What is read here says nothing of labels, so without patterns nothing is to be judged.
            if self.critical.collection.is_some() {
                self.judge_labels();
            }
        }
        Ok(())
    }
}

impl PlaceDelta {
    /// Behind what earlier forms had: what is known of its vulnerabilities, in their order, and of the place.
    pub(crate) fn encode_facts(&self, out: &mut Writer) {
        out.section(FACTS, |out| {
            for finding in &self.findings {
                put_vulnerability(&finding.facts, out);
            }
            out.number(place_bits(&self.facts));
        });
    }

    /// What [`Self::encode_facts`] wrote, and whatever a later version wrote beside it.
    pub(crate) fn decode_sections(&mut self, input: &mut Reader<'_>) -> Result<(), EstateError> {
        while let Some((number, mut section)) = input.section()? {
            match number {
                FACTS => {}
                HISTORY => {
                    self.decode_history(&mut section)?;
                    continue;
                }
                _ => continue,
            }
            for finding in &mut self.findings {
                read_vulnerability(&mut finding.facts, &mut section)?;
            }
            read_place(&mut self.facts, section.number()?);
        }
        Ok(())
    }
}

fn put_vulnerability(facts: &VulnerabilityFacts, out: &mut Writer) {
    out.number(u64::from(facts.public_exploits));
    // Whole seconds after 1970 and one more, 0 for none.
    let since = facts.known_exploited_since.map(|since| since.as_s() + 1);
    out.number(
        since
            .and_then(|since| u64::try_from(since).ok())
            .unwrap_or(0),
    );
    out.number(u64::from(facts.factors.bits()));
}

fn read_vulnerability(
    facts: &mut VulnerabilityFacts,
    input: &mut Reader<'_>,
) -> Result<(), EstateError> {
    facts.public_exploits = input.number_32()?;
    let since = input.number()?.checked_sub(1);
    facts.known_exploited_since = since.map(|seconds| {
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        Timestamp::from_ms(seconds.saturating_mul(1000))
    });
    facts.factors = FactorSet::of_bits(input.number_32()?);
    Ok(())
}

/// The answers that the first form had not, two bits each from the lowest, in an order that never changes: a later one comes
/// last.
fn answers(facts: &mut PlaceFacts) -> [&mut Answer; 7] {
    [
        &mut facts.capabilities,
        &mut facts.no_security_profile,
        &mut facts.host_namespaces,
        &mut facts.host_mounts,
        &mut facts.listening,
        &mut facts.package_in_use,
        &mut facts.own_kernel,
    ]
}

/// The bit that says that the exposure was seen, where the first form says that it was declared.
const OBSERVED: u64 = 1 << 32;

fn place_bits(facts: &PlaceFacts) -> u64 {
    let is_observed = facts.exposure == Exposure::Observed;
    let first = if is_observed { OBSERVED } else { 0 };
    let answers = [
        facts.capabilities,
        facts.no_security_profile,
        facts.host_namespaces,
        facts.host_mounts,
        facts.listening,
        facts.package_in_use,
        facts.own_kernel,
    ];
    (0u32..).zip(answers).fold(first, |bits, (at, answer)| {
        let two: u64 = match answer {
            Answer::Unknown => 0,
            Answer::Yes => 1,
            Answer::No => 2,
        };
        bits | two << (2 * at)
    })
}

fn read_place(facts: &mut PlaceFacts, bits: u64) {
    if bits & OBSERVED != 0 {
        facts.exposure = Exposure::Observed;
    }
    for (at, answer) in (0u32..).zip(answers(facts)) {
        *answer = match bits >> (2 * at) & 3 {
            1 => Answer::Yes,
            2 => Answer::No,
            _ => Answer::Unknown,
        };
    }
}

#[cfg(test)]
mod tests;
