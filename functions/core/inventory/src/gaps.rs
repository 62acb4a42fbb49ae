//! Gaps in coverage as they are collected: bounded, so that a hostile layer cannot fill memory with complaints.

use std::collections::BTreeMap;

use schemas::{
    Digest,
    inventory::{CoverageGap, GapReason},
};

/// A gap without path or layer.
pub(crate) fn gap(reason: GapReason, detail: impl Into<String>) -> CoverageGap {
    CoverageGap {
        reason,
        detail: detail.into(),
        path: None,
        layer: None,
    }
}

/// A gap about one file.
pub(crate) fn gap_at(
    reason: GapReason,
    path: impl Into<String>,
    detail: impl Into<String>,
) -> CoverageGap {
    CoverageGap {
        path: Some(shortened(path.into())),
        ..gap(reason, detail)
    }
}

/// A gap about one layer.
pub(crate) fn gap_in(reason: GapReason, layer: &Digest, detail: impl Into<String>) -> CoverageGap {
    CoverageGap {
        layer: Some(layer.clone()),
        ..gap(reason, detail)
    }
}

/// At most 300 characters of a name that a stranger chose.
fn shortened(text: String) -> String {
    match text.char_indices().nth(300) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// An error with everything that caused it, on one line: `open the store: permission denied`. A cause that an error
/// says at its own end is not said twice.
pub fn error_chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

/// The same for a gap, which is told to people and kept: bounded.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    shortened(error_chain(error))
}

/// A bounded list of gaps. The first of each reason are kept whole; further ones are counted.
#[derive(Debug)]
pub(crate) struct Gaps {
    kept: Vec<CoverageGap>,
    max: usize,
    more: BTreeMap<GapReason, u64>,
}

impl Gaps {
    pub(crate) fn new(max: usize) -> Self {
        Self {
            kept: Vec::new(),
            max,
            more: BTreeMap::new(),
        }
    }

    pub(crate) fn push(&mut self, gap: CoverageGap) {
        if self.kept.len() < self.max {
            self.kept.push(gap);
        } else {
            *self.more.entry(gap.reason).or_default() += 1;
        }
    }

    pub(crate) fn extend(&mut self, gaps: impl IntoIterator<Item = CoverageGap>) {
        for gap in gaps {
            self.push(gap);
        }
    }

    pub(crate) fn into_vec(self) -> Vec<CoverageGap> {
        let mut gaps = self.kept;
        for (reason, count) in self.more {
            gaps.push(gap(
                reason,
                format!("{count} more gaps of this kind are not listed"),
            ));
        }
        gaps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    enum Failed {
        #[error("it broke: {0}")]
        Says(#[source] Box<Failed>),
        #[error("open")]
        Open(#[source] Box<Failed>),
        #[error("{0}")]
        Cause(String),
    }

    #[test]
    fn every_cause_is_said_once_and_a_gap_stays_short() {
        let cause = |text: &str| Box::new(Failed::Cause(text.to_owned()));
        let error = Failed::Open(Box::new(Failed::Says(cause("no room"))));
        assert_eq!(error_chain(&error), "open: it broke: no room");
        let long = Failed::Open(cause(&"x".repeat(5000)));
        assert!(error_chain(&long).len() > 5000);
        assert!(chain(&long).len() < 400);
    }

    #[test]
    fn gaps_beyond_the_limit_are_counted_by_reason() {
        let mut gaps = Gaps::new(2);
        for _ in 0..5 {
            gaps.push(gap_at(GapReason::UnsafePath, "x".repeat(5000), "a"));
        }
        let listed = gaps.into_vec();
        assert_eq!(listed.len(), 3);
        assert!(listed[0].path.as_ref().unwrap().len() < 400);
        assert_eq!(listed[2].reason, GapReason::UnsafePath);
        assert!(listed[2].detail.starts_with("3 more"));
    }
}
