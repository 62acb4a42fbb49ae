//! The values that policies are written in, each refused with what is wrong about it.

use std::fmt;

use schemas::{Severity, Timestamp, inventory::GapReason};
use serde::{
    Deserialize, Deserializer,
    de::{self, IntoDeserializer, MapAccess, Visitor, value::Error as WordError},
};

/// Milliseconds of a day.
pub(crate) const DAY_MS: i64 = 86_400_000;

/// A severity as policies name it: unlike in documents of others, a word that is not known is an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SeverityWord {
    Critical,
    High,
    Medium,
    Low,
    /// Everything, whether anybody rated it or not.
    Unknown,
}

impl From<SeverityWord> for Severity {
    fn from(word: SeverityWord) -> Self {
        match word {
            SeverityWord::Critical => Self::Critical,
            SeverityWord::High => Self::High,
            SeverityWord::Medium => Self::Medium,
            SeverityWord::Low => Self::Low,
            SeverityWord::Unknown => Self::Unknown,
        }
    }
}

/// A number within bounds that its type names.
macro_rules! bounded {
    ($name:ident, $most:literal, $doc:literal) => {
        #[doc = $doc]
        #[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Deserialize)]
        #[serde(try_from = "f64")]
        pub(crate) struct $name(pub(crate) f32);

        impl TryFrom<f64> for $name {
            type Error = String;

            fn try_from(value: f64) -> Result<Self, String> {
                if (0.0..=$most).contains(&value) {
                    #[expect(
                        clippy::cast_possible_truncation,
                        reason = "within bounds, and compared with values of this precision"
                    )]
                    let value = value as f32;
                    Ok(Self(value))
                } else {
                    Err(format!("{value} is not between 0 and {}", $most))
                }
            }
        }
    };
}

bounded!(Share, 1.0, "A probability or percentile, 0 to 1.");
bounded!(Points, 100.0, "A risk score, 0 to 100.");
bounded!(Cvss, 10.0, "A CVSS base score, 0 to 10.");

/// A calendar day, `2026-12-31`. What ends on it holds until it is over everywhere that counts in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Day {
    /// The first moment of the next day.
    pub(crate) end: Timestamp,
}

impl Day {
    /// Reads `YYYY-MM-DD`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{}` is not a day: write it as 2026-12-31",
                crate::error::shown(text)
            )
        };
        if text.len() != 10 {
            return Err(wrong());
        }
        let start: Timestamp = format!("{text}T00:00:00Z").parse().map_err(|_| wrong())?;
        Ok(Self {
            end: start.plus_ms(DAY_MS),
        })
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Day;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a day such as 2026-12-31")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Day, E> {
                Day::parse(text).map_err(E::custom)
            }

            // TOML writes dates without quotes; its reader hands them over as a map of one text.
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Day, A::Error> {
                match map.next_entry::<String, String>()? {
                    Some((_, text)) => Day::parse(&text).map_err(de::Error::custom),
                    None => Err(de::Error::custom("it is not a day")),
                }
            }
        }
        reader.deserialize_any(Either)
    }
}

/// A reason of a coverage gap. A word that is not known is an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Gap(pub(crate) GapReason);

impl TryFrom<String> for Gap {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let read: Result<GapReason, WordError> =
            GapReason::deserialize(text.as_str().into_deserializer());
        match read {
            Ok(reason) if reason != GapReason::Unknown => Ok(Self(reason)),
            _ => Err(format!(
                "`{}` is no reason of a coverage gap: take the word of `coverage.gaps[].reason` in a JSON report, such \
                 as foreign_layer",
                crate::error::shown(&text)
            )),
        }
    }
}

/// The word of a gap's reason, as JSON has it.
pub(crate) fn gap_word(reason: GapReason) -> String {
    serde_json::to_value(reason)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// A text that says something.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Said(pub(crate) String);

impl TryFrom<String> for Said {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            Err("it is empty: say why, for those who read the report".to_owned())
        } else if text.chars().count() > 2_000 {
            Err("it is longer than 2,000 characters".to_owned())
        } else {
            Ok(Self(text.to_owned()))
        }
    }
}

/// The day of a moment, `2026-12-31`.
pub(crate) fn day(moment: Timestamp) -> String {
    moment.to_string().chars().take(10).collect()
}

/// `1 finding`, `2 findings`.
pub(crate) fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
