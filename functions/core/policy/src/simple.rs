//! Rules on one line, as a command line has them: `high,kev,epss>=0.5`.

use serde::{Deserialize, de::IntoDeserializer, de::value::Error as WordError};

use crate::{
    document::{Policy, Unjudged},
    error::shown,
    rules::{BaseImage, Conditions, GraceDays, Rule},
    words::{Cvss, Points, SeverityWord, Share},
};

/// Why a line of rules cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no rule: write a severity (critical, high, medium, low, unknown), kev, unrated, unjudged, epss>=0.5, \
     epss_percentile>=0.95, cvss>=9 or score>=70, separated by commas"
)]
pub struct InvalidFailOn(String);

/// Reads rules, of which each fails by itself. `source` says where they were read, such as `--fail-on`.
///
/// # Errors
/// When a part is no rule.
pub fn parse_fail_on(source: &str, text: &str) -> Result<Policy, InvalidFailOn> {
    let mut conditions = Conditions::default();
    let mut unjudged = Unjudged::Ignore;
    for part in text.split(',') {
        let part = part.trim();
        let invalid = || InvalidFailOn(shown(part));
        let (name, value) = match part.split_once('=') {
            Some((name, value)) => {
                let value: f64 = value.trim().parse().map_err(|_| invalid())?;
                (
                    name.trim_end().trim_end_matches('>').trim_end(),
                    Some(value),
                )
            }
            None => (part, None),
        };
        match (name.to_ascii_lowercase().replace('-', "_").as_str(), value) {
            ("kev", None) => conditions.kev = true,
            ("unrated", None) => conditions.unrated = true,
            ("unjudged", None) => unjudged = Unjudged::Any,
            ("epss", Some(value)) => {
                conditions.epss = Some(Share::try_from(value).map_err(|_| invalid())?);
            }
            ("epss_percentile", Some(value)) => {
                conditions.epss_percentile = Some(Share::try_from(value).map_err(|_| invalid())?);
            }
            ("cvss", Some(value)) => {
                conditions.cvss = Some(Cvss::try_from(value).map_err(|_| invalid())?);
            }
            ("score", Some(value)) => {
                conditions.score = Some(Points::try_from(value).map_err(|_| invalid())?);
            }
            (word, None) => {
                let read: Result<SeverityWord, WordError> =
                    SeverityWord::deserialize(word.into_deserializer());
                conditions.severity = Some(read.map_err(|_| invalid())?);
            }
            _ => return Err(invalid()),
        }
    }
    Ok(Policy {
        name: source.to_owned(),
        source: source.to_owned(),
        rules: conditions
            .apart()
            .into_iter()
            .map(|(name, conditions)| Rule {
                name: name.to_owned(),
                conditions,
                only_fixable: false,
                base_image: BaseImage::Count,
                grace_days: GraceDays::default(),
            })
            .collect(),
        unjudged,
        ..Policy::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_is_a_rule() {
        let names = |text: &str| -> Vec<String> {
            let policy = parse_fail_on("--fail-on", text).unwrap();
            policy.rules.into_iter().map(|rule| rule.name).collect()
        };
        assert_eq!(names("high"), ["severity"]);
        assert_eq!(
            names("Critical, kev, epss>=0.5, epss-percentile >= .95, cvss=9, score>=70, unrated"),
            [
                "kev",
                "severity",
                "unrated",
                "score",
                "cvss",
                "epss",
                "epss_percentile"
            ]
        );
    }

    #[test]
    fn what_is_no_rule_is_named() {
        for text in [
            "",
            "hihg",
            "epss",
            "epss>=50",
            "kev=1",
            "high,",
            "cvss>=a",
            "cvss>=nan",
        ] {
            let error = parse_fail_on("--fail-on", text).unwrap_err().to_string();
            assert!(error.contains("epss>=0.5"), "{text}: {error}");
        }
    }
}
