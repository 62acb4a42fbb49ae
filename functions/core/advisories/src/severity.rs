//! Words and CVSS scores to severities, and which of several ratings is used.

use schemas::{
    Severity,
    severity::{SeverityRating, SeveritySource},
};

/// The severity that a vendor's word means. Words that say that nobody has judged yet are unknown, which is not low.
#[must_use]
pub fn of_word(word: &str) -> Severity {
    // Debian marks some urgencies with asterisks.
    match word
        .trim()
        .trim_end_matches('*')
        .to_ascii_lowercase()
        .as_str()
    {
        "negligible" | "unimportant" | "low" | "minor" => Severity::Low,
        "medium" | "moderate" => Severity::Medium,
        "high" | "important" => Severity::High,
        "critical" => Severity::Critical,
        _ => Severity::Unknown,
    }
}

/// The band of a CVSS 3.x base score: below 4 low, below 7 medium, below 9 high, else critical.
#[must_use]
pub fn of_score(score: f32) -> Severity {
    match score {
        s if s.is_nan() => Severity::Unknown,
        s if s < 4.0 => Severity::Low,
        s if s < 7.0 => Severity::Medium,
        s if s < 9.0 => Severity::High,
        _ => Severity::Critical,
    }
}

/// Where a source stands: the vendor's word for its own package first, then the numbering authority, then data
/// publishers and the national database.
fn rank(source: SeveritySource) -> u8 {
    match source {
        SeveritySource::Vendor => 0,
        SeveritySource::Cna => 1,
        SeveritySource::Adp => 2,
        SeveritySource::Nvd => 3,
        SeveritySource::Unknown => 4,
    }
}

/// The rating that is used: the first by preference that says a severity.
#[must_use]
pub fn preferred(ratings: &[SeverityRating]) -> Option<&SeverityRating> {
    ratings
        .iter()
        .filter(|rating| rating.severity != Severity::Unknown)
        .min_by_key(|rating| rank(rating.source))
}

/// Puts ratings into the order of preference, the one that is used first, and gives its severity.
pub fn settle(ratings: &mut [SeverityRating]) -> Severity {
    ratings.sort_by_key(|rating| (rating.severity == Severity::Unknown, rank(rating.source)));
    ratings
        .first()
        .map_or(Severity::Unknown, |rating| rating.severity)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rating(source: SeveritySource, severity: Severity) -> SeverityRating {
        SeverityRating {
            source,
            severity,
            word: None,
            cvss_score: None,
            cvss_vector: None,
        }
    }

    #[test]
    fn words_nobody_has_judged_are_unknown_and_not_low() {
        for (word, severity) in [
            ("unimportant", Severity::Low),
            ("low**", Severity::Low),
            ("Moderate", Severity::Medium),
            ("Important", Severity::High),
            ("CRITICAL", Severity::Critical),
            ("not yet assigned", Severity::Unknown),
            ("unassigned", Severity::Unknown),
            ("", Severity::Unknown),
        ] {
            assert_eq!(of_word(word), severity, "{word}");
        }
        for (score, severity) in [
            (0.0, Severity::Low),
            (3.9, Severity::Low),
            (4.0, Severity::Medium),
            (7.0, Severity::High),
            (8.9, Severity::High),
            (9.0, Severity::Critical),
        ] {
            assert_eq!(of_score(score), severity, "{score}");
        }
    }

    #[test]
    fn the_vendors_word_is_used_before_the_authority_and_an_unknown_one_never() {
        let mut all = [
            rating(SeveritySource::Nvd, Severity::Critical),
            rating(SeveritySource::Cna, Severity::High),
            rating(SeveritySource::Vendor, Severity::Unknown),
        ];
        assert_eq!(preferred(&all).unwrap().severity, Severity::High);
        assert_eq!(settle(&mut all), Severity::High);
        assert_eq!(all[2].source, SeveritySource::Vendor);
        all[2].severity = Severity::Low;
        assert_eq!(settle(&mut all), Severity::Low);
        assert_eq!(settle(&mut []), Severity::Unknown);
    }
}
