//! Identifiers that are made from what they identify, so that the same report has the same ones.

use std::{
    collections::HashMap,
    io::{self, Write},
};

use schemas::{finding::Finding, report::Report};
use sha2::{Digest as _, Sha256};

/// A UUID of the whole report. Source: RFC 9562, section 5.8 (version 8, of a digest).
pub(crate) fn uuid(report: &Report) -> io::Result<String> {
    let mut hash = Hashing(Sha256::new());
    serde_json::to_writer(&mut hash, report)?;
    let digest = hash.0.finalize();
    let mut bytes = [0_u8; 16];
    for (to, from) in bytes.iter_mut().zip(digest.iter()) {
        *to = *from;
    }
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let text = hex::encode(bytes);
    let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default();
    Ok(format!(
        "{}-{}-{}-{}-{}",
        part(0..8),
        part(8..12),
        part(12..16),
        part(16..20),
        part(20..32)
    ))
}

struct Hashing(Sha256);

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Fingerprints of findings that stay the same from scan to scan.
///
/// Versions are left out: an update that does not fix a vulnerability is the same alert as before. Findings of one
/// report that would have the same fingerprint are numbered in the report's order.
#[derive(Default)]
pub(crate) struct Fingerprints {
    seen: HashMap<[u8; 16], u32>,
}

impl Fingerprints {
    /// The next finding's.
    pub(crate) fn next(&mut self, finding: &Finding) -> String {
        let mut hash = Sha256::new();
        let purl = finding.purl.as_deref().unwrap_or_default();
        for field in [
            finding.vulnerability.as_str(),
            &finding.package,
            purl.split(['@', '?', '#']).next().unwrap_or_default(),
            finding.path.as_deref().unwrap_or_default(),
        ] {
            // With its length before it, no field can run over into the next.
            hash.update((field.len() as u64).to_be_bytes());
            hash.update(field.as_bytes());
        }
        let mut bytes = [0_u8; 16];
        for (to, from) in bytes.iter_mut().zip(hash.finalize().iter()) {
            *to = *from;
        }
        let number = self.seen.entry(bytes).or_insert(0);
        *number = number.saturating_add(1);
        format!("{}:{number}", hex::encode(bytes))
    }
}
