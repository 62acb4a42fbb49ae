//! Windows by build and revision: whether a machine or image has a vulnerability is decided by its own `build.UBR`
//! against the build that fixes it on its servicing line, and where no build was published, by the chain of updates.
//!
//! What cannot be decided is kept apart and says why; it is never a finding and never dropped.

mod chain;
mod fix_at;
mod framework;
mod judge;
pub(crate) mod lines;

use schemas::{
    Timestamp,
    finding::{CannotJudge, Finding},
    inventory::{CoverageGap, OperatingSystem, Package},
};

use crate::row::StoredRow;

/// The name under which a shard keeps which update has which build. Its rows are no vulnerabilities.
pub const UPDATE_HISTORY: &str = "update-history";

/// What the rows of a place's product say about it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WindowsVerdicts {
    /// Vulnerabilities that are there, one per id.
    pub findings: Vec<Finding>,
    /// Vulnerabilities that may be there.
    pub cannot_judge: Vec<CannotJudge>,
    /// What about the place as a whole cannot be judged.
    pub gaps: Vec<CoverageGap>,
}

/// Names to look up in the shard `windows:BUILD` of this system; empty when its product is not known here, which
/// [`judge`] then says.
#[must_use]
pub fn packages_of(os: &OperatingSystem, is_image: bool) -> Vec<&'static str> {
    match lines::product_of(os, is_image) {
        Some(product) => vec![product.id, UPDATE_HISTORY],
        None => Vec::new(),
    }
}

/// Judges a system by the rows that [`packages_of`] names, in any order. `as_of` is the moment at which support is
/// checked; `packages` are the place's, of which the .NET Framework is judged by its files' version. Findings carry the
/// row's own ratings; exploitation and EPSS come from elsewhere.
#[must_use]
pub fn judge(
    os: &OperatingSystem,
    is_image: bool,
    packages: &[Package],
    as_of: Timestamp,
    rows: &[StoredRow<'_>],
) -> WindowsVerdicts {
    judge::judge(os, is_image, packages, as_of, rows)
}

/// Whether a text is the number of a KB.
pub(crate) fn is_kb_number(text: &str) -> bool {
    (6..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The KBs that a text names by their numbers, whatever stands between them.
pub(crate) fn kbs_in(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_ascii_digit())
        .filter(|part| is_kb_number(part))
        .map(|digits| format!("KB{digits}"))
}

/// Build and revision of a `FixedBuild`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FixedBuild {
    /// None was given: absent or `-`.
    Absent,
    /// Exactly one build of Windows 10 or later.
    Build { build: u32, revision: u32 },
    /// Something else: several builds, an address, the version of another product.
    Unreadable,
}

impl FixedBuild {
    /// Reads `10.0.17763.6293`, with invisible characters around it as they occur.
    pub(crate) fn parse(text: Option<&str>) -> Self {
        let invisible = |c: char| c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}');
        let text = text.unwrap_or_default().trim_matches(invisible);
        if matches!(text, "" | "-") {
            return Self::Absent;
        }
        let mut numbers = [0_u32; 4];
        let mut parts = text.split('.');
        for number in &mut numbers {
            let digits = parts
                .next()
                .filter(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
            match digits.and_then(|digits| digits.parse().ok()) {
                Some(parsed) => *number = parsed,
                None => return Self::Unreadable,
            }
        }
        match (numbers, parts.next()) {
            ([10, 0, build, revision], None) => Self::Build { build, revision },
            _ => Self::Unreadable,
        }
    }
}

#[cfg(test)]
mod tests;
