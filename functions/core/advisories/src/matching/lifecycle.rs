//! When the security support of releases ends. After that their advisories stop, and silence is not health.
//!
//! Sources: the distributions' own life-cycle pages: Debian LTS, Alpine releases, AlmaLinux, Rocky Linux, Red Hat, and
//! Ubuntu's standard support.

use schemas::Timestamp;

/// Ecosystem, release, last day of support.
static ENDS: &[(&str, &str, &str)] = &[
    ("debian", "7", "2018-05-31"),
    ("debian", "8", "2020-06-30"),
    ("debian", "9", "2022-06-30"),
    ("debian", "10", "2024-06-30"),
    ("debian", "11", "2026-08-31"),
    ("debian", "12", "2028-06-30"),
    ("debian", "13", "2030-06-30"),
    ("ubuntu", "14.04", "2019-04-30"),
    ("ubuntu", "16.04", "2021-04-30"),
    ("ubuntu", "18.04", "2023-05-31"),
    ("ubuntu", "20.04", "2025-05-31"),
    ("ubuntu", "22.04", "2027-04-30"),
    ("ubuntu", "24.04", "2029-05-31"),
    ("alpine", "v3.5", "2018-11-01"),
    ("alpine", "v3.6", "2019-05-01"),
    ("alpine", "v3.7", "2019-11-01"),
    ("alpine", "v3.8", "2020-05-01"),
    ("alpine", "v3.9", "2020-11-01"),
    ("alpine", "v3.10", "2021-05-01"),
    ("alpine", "v3.11", "2021-11-01"),
    ("alpine", "v3.12", "2022-05-01"),
    ("alpine", "v3.13", "2022-11-01"),
    ("alpine", "v3.14", "2023-05-01"),
    ("alpine", "v3.15", "2023-11-01"),
    ("alpine", "v3.16", "2024-05-23"),
    ("alpine", "v3.17", "2024-11-22"),
    ("alpine", "v3.18", "2025-05-09"),
    ("alpine", "v3.19", "2025-11-01"),
    ("alpine", "v3.20", "2026-04-01"),
    ("alpine", "v3.21", "2026-11-01"),
    ("alpine", "v3.22", "2027-05-01"),
    ("alpine", "v3.23", "2027-11-01"),
    ("almalinux", "8", "2029-03-01"),
    ("almalinux", "9", "2032-05-31"),
    ("almalinux", "10", "2035-05-31"),
    ("rocky", "8", "2029-05-31"),
    ("rocky", "9", "2032-05-31"),
    ("rocky", "10", "2035-05-31"),
    ("redhat", "6", "2020-11-30"),
    ("redhat", "7", "2024-06-30"),
    ("redhat", "8", "2029-05-31"),
    ("redhat", "9", "2032-05-31"),
    ("redhat", "10", "2035-05-31"),
];

/// What to tell of a release whose support ended before this moment.
pub(super) fn ended(ecosystem: &str, release: &str, at: Timestamp) -> Option<String> {
    let &(.., end) = ENDS
        .iter()
        .find(|(name, number, _)| *name == ecosystem && *number == release)?;
    let last: Timestamp = format!("{end}T23:59:59Z").parse().ok()?;
    (at > last).then(|| {
        format!(
            "security support of {ecosystem} {release} ended on {end}: later vulnerabilities have no advisories, so \
             finding none says nothing"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_is_a_date_and_passes() {
        for (ecosystem, release, end) in ENDS {
            let last: Timestamp = format!("{end}T00:00:00Z").parse().unwrap();
            assert_eq!(ended(ecosystem, release, last), None);
            let later = last.plus_ms(48 * 3600 * 1000);
            assert!(ended(ecosystem, release, later).unwrap().contains(end));
        }
        assert_eq!(ended("debian", "sid", Timestamp::from_ms(i64::MAX)), None);
    }
}
