//! The binary form of index and deltas: magic, format version, then LEB128 numbers and length-prefixed UTF-8 text, with
//! a 64-bit FNV-1a checksum over everything before it as the last eight bytes (little endian).
//!
//! Damage is found by the checksum, and reading is bounds-checked all the same.

use schemas::{
    Place, Severity, VulnerabilityId,
    inventory::CoverageStatus,
    risk::{Answer, Exposure, PlaceFacts, VulnerabilityFacts},
};
use thiserror::Error;

/// Why an encoded index or delta cannot be read.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum EstateError {
    /// It does not begin as it should.
    #[error("not an estate document of the wanted kind")]
    NotOurs,
    /// It was written by a later version.
    #[error("estate document of format version {found}, this version reads up to {known}")]
    LaterVersion {
        /// The version it has.
        found: u8,
        /// The latest version that can be read.
        known: u8,
    },
    /// It ends early, or its checksum or a value in it is wrong.
    #[error("damaged estate document: {0}")]
    Damaged(&'static str),
}

fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Appends values.
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(crate) fn new(magic: &[u8; 4], version: u8) -> Self {
        let mut bytes = magic.to_vec();
        bytes.push(version);
        Self { bytes }
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        let sum = checksum(&self.bytes);
        self.bytes.extend_from_slice(&sum.to_le_bytes());
        self.bytes
    }

    pub(crate) fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    pub(crate) fn number(&mut self, mut number: u64) {
        loop {
            let low = u8::try_from(number & 0x7f).unwrap_or(0);
            number >>= 7;
            if number == 0 {
                return self.bytes.push(low);
            }
            self.bytes.push(low | 0x80);
        }
    }

    pub(crate) fn count(&mut self, count: usize) {
        self.number(count as u64);
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.count(text.len());
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// A section behind what the first form had, with its number and length, so that others can be told from it and passed
    /// over.
    pub(crate) fn section(&mut self, number: u8, write: impl FnOnce(&mut Self)) {
        let mut content = Self { bytes: Vec::new() };
        write(&mut content);
        self.byte(number);
        self.count(content.bytes.len());
        self.bytes.extend_from_slice(&content.bytes);
    }

    fn optional_text(&mut self, text: Option<&str>) {
        self.byte(u8::from(text.is_some()));
        if let Some(text) = text {
            self.text(text);
        }
    }

    fn optional_float(&mut self, number: Option<f32>) {
        self.byte(u8::from(number.is_some()));
        if let Some(number) = number {
            self.bytes.extend_from_slice(&number.to_le_bytes());
        }
    }

    pub(crate) fn coverage(&mut self, status: CoverageStatus) {
        self.byte(match status {
            CoverageStatus::Complete => 0,
            CoverageStatus::Partial => 1,
            CoverageStatus::Unsupported => 2,
        });
    }

    pub(crate) fn rating(&mut self, severity: Severity, cvss: Option<f32>, fix_available: bool) {
        self.byte(severity as u8 | if fix_available { 0x80 } else { 0 });
        // Tenths in one byte, 255 for none: CVSS scores have one decimal.
        self.byte(cvss.map_or(255, cvss_tenths));
    }

    pub(crate) fn place_facts(&mut self, facts: &PlaceFacts) {
        self.byte(match facts.exposure {
            Exposure::None => 0,
            Exposure::Internal => 1,
            Exposure::Published => 2,
            Exposure::PublicAddress => 3,
            // What was seen is told with what this form had not: see the module `facts`.
            Exposure::Declared | Exposure::Observed => 4,
            Exposure::Unknown => 5,
        });
        self.optional_text(facts.exposure_reason.as_deref());
        for answer in [facts.root, facts.privileged, facts.runtime_socket] {
            self.byte(match answer {
                Answer::Yes => 1,
                Answer::No => 0,
                Answer::Unknown => 2,
            });
        }
        self.number(
            facts
                .running_containers
                .map_or(0, |count| u64::from(count) + 1),
        );
    }

    pub(crate) fn vulnerability_facts(&mut self, facts: &VulnerabilityFacts) {
        self.byte(u8::from(facts.known_exploited) | u8::from(facts.ransomware) << 1);
        self.optional_float(facts.epss);
        self.count(facts.exploited_sources.len());
        for source in &facts.exploited_sources {
            self.text(source);
        }
        for word in [
            &facts.exploitation,
            &facts.automatable,
            &facts.technical_impact,
        ] {
            self.optional_text(word.as_deref());
        }
    }
}

/// A CVSS score in tenths; what is out of range is brought into it.
pub(crate) fn cvss_tenths(score: f32) -> u8 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to 0 to 100 before; not a number becomes 0"
    )]
    let tenths = (score * 10.0).round().clamp(0.0, 100.0) as u8;
    tenths
}

/// Reads values back, checking every bound.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8], magic: &[u8; 4], known: u8) -> Result<Self, EstateError> {
        let rest = bytes.strip_prefix(magic).ok_or(EstateError::NotOurs)?;
        match rest.first() {
            Some(found) if *found > known => {
                return Err(EstateError::LaterVersion {
                    found: *found,
                    known,
                });
            }
            Some(_) => {}
            None => return Err(EstateError::Damaged("no version")),
        }
        let (content, sum) = bytes
            .split_last_chunk::<8>()
            .ok_or(EstateError::Damaged("no checksum"))?;
        if checksum(content) != u64::from_le_bytes(*sum) {
            return Err(EstateError::Damaged("wrong checksum"));
        }
        content
            .get(5..)
            .map(|rest| Self { rest })
            .ok_or(EstateError::Damaged("too short"))
    }

    /// Whether nothing is left, as in what an earlier version wrote.
    pub(crate) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn byte(&mut self) -> Result<u8, EstateError> {
        let (first, rest) = self
            .rest
            .split_first()
            .ok_or(EstateError::Damaged("ends early"))?;
        self.rest = rest;
        Ok(*first)
    }

    pub(crate) fn number(&mut self) -> Result<u64, EstateError> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(EstateError::Damaged("number too long"))
    }

    pub(crate) fn number_32(&mut self) -> Result<u32, EstateError> {
        u32::try_from(self.number()?).map_err(|_| EstateError::Damaged("number too large"))
    }

    /// A count of things that take at least one byte each, so that a wrong one cannot reserve memory.
    pub(crate) fn count(&mut self) -> Result<usize, EstateError> {
        usize::try_from(self.number()?)
            .ok()
            .filter(|count| *count <= self.rest.len())
            .ok_or(EstateError::Damaged("count too large"))
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, EstateError> {
        let length = self.count()?;
        let (text, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(EstateError::Damaged("ends early"))?;
        self.rest = rest;
        std::str::from_utf8(text).map_err(|_| EstateError::Damaged("text is not UTF-8"))
    }

    fn optional_text(&mut self) -> Result<Option<String>, EstateError> {
        Ok(if self.byte()? == 0 {
            None
        } else {
            Some(self.text()?.to_owned())
        })
    }

    fn optional_float(&mut self) -> Result<Option<f32>, EstateError> {
        if self.byte()? == 0 {
            return Ok(None);
        }
        let (number, rest) = self
            .rest
            .split_first_chunk::<4>()
            .ok_or(EstateError::Damaged("ends early"))?;
        self.rest = rest;
        Ok(Some(f32::from_le_bytes(*number)))
    }

    /// A section behind what the first form had: its number and its content; `None` at the end. Whoever does not know the
    /// number goes on with the next.
    pub(crate) fn section(&mut self) -> Result<Option<(u8, Reader<'a>)>, EstateError> {
        if self.is_at_end() {
            return Ok(None);
        }
        let number = self.byte()?;
        let length = self.count()?;
        let (content, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(EstateError::Damaged("ends early"))?;
        self.rest = rest;
        Ok(Some((number, Reader { rest: content })))
    }

    pub(crate) fn place(&mut self) -> Result<Place, EstateError> {
        self.text()?
            .parse()
            .map_err(|_| EstateError::Damaged("not a place"))
    }

    pub(crate) fn vulnerability(&mut self) -> Result<VulnerabilityId, EstateError> {
        self.text()?
            .parse()
            .map_err(|_| EstateError::Damaged("not a vulnerability id"))
    }

    pub(crate) fn coverage(&mut self) -> Result<CoverageStatus, EstateError> {
        Ok(match self.byte()? {
            0 => CoverageStatus::Complete,
            1 => CoverageStatus::Partial,
            _ => CoverageStatus::Unsupported,
        })
    }

    /// The severity that a number stands for.
    pub(crate) fn severity(number: u8) -> Severity {
        match number {
            1 => Severity::Low,
            2 => Severity::Medium,
            3 => Severity::High,
            4 => Severity::Critical,
            _ => Severity::Unknown,
        }
    }

    pub(crate) fn rating(&mut self) -> Result<(Severity, Option<f32>, bool), EstateError> {
        let word = self.byte()?;
        let tenths = self.byte()?;
        let severity = Self::severity(word & 0x7f);
        let cvss = (tenths <= 100).then(|| f32::from(tenths) / 10.0);
        Ok((severity, cvss, word & 0x80 != 0))
    }

    pub(crate) fn place_facts(&mut self) -> Result<PlaceFacts, EstateError> {
        let exposure = match self.byte()? {
            0 => Exposure::None,
            1 => Exposure::Internal,
            2 => Exposure::Published,
            3 => Exposure::PublicAddress,
            4 => Exposure::Declared,
            _ => Exposure::Unknown,
        };
        let exposure_reason = self.optional_text()?;
        let mut answer = || {
            self.byte().map(|byte| match byte {
                1 => Answer::Yes,
                0 => Answer::No,
                _ => Answer::Unknown,
            })
        };
        let (root, privileged, runtime_socket) = (answer()?, answer()?, answer()?);
        let running_containers = self.number_32()?.checked_sub(1);
        Ok(PlaceFacts {
            exposure,
            exposure_reason,
            root,
            privileged,
            runtime_socket,
            running_containers,
            ..PlaceFacts::default()
        })
    }

    pub(crate) fn vulnerability_facts(&mut self) -> Result<VulnerabilityFacts, EstateError> {
        let flags = self.byte()?;
        let epss = self.optional_float()?;
        let mut exploited_sources = Vec::new();
        for _ in 0..self.count()? {
            exploited_sources.push(self.text()?.to_owned());
        }
        Ok(VulnerabilityFacts {
            known_exploited: flags & 1 != 0,
            ransomware: flags & 2 != 0,
            epss,
            exploited_sources,
            exploitation: self.optional_text()?,
            automatable: self.optional_text()?,
            technical_impact: self.optional_text()?,
            ..VulnerabilityFacts::default()
        })
    }
}
