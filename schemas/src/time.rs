//! Points in time, as milliseconds since 1970-01-01 UTC, written as RFC 3339 text.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use utoipa::ToSchema;

/// A point in time with millisecond resolution. JSON form: RFC 3339 in UTC, such as `2026-11-23T10:00:00.000Z`.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, format = DateTime)]
pub struct Timestamp(i64);

/// The latest representable moment, 9999-12-31T23:59:59.999Z, and the earliest, year 0.
const MAX_MS: i64 = 253_402_300_799_999;
const MIN_MS: i64 = -62_167_219_200_000;

/// Why a text is not a timestamp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidTimestamp(String);

impl fmt::Display for InvalidTimestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not an RFC 3339 date and time", self.0)
    }
}

impl std::error::Error for InvalidTimestamp {}

/// Milliseconds of an hour.
const HOUR_MS: i64 = 3_600_000;

impl Timestamp {
    /// The moment this many milliseconds after 1970-01-01 UTC, confined to the years 0 to 9999.
    pub fn from_ms(ms: i64) -> Self {
        Self(ms.clamp(MIN_MS, MAX_MS))
    }

    /// Milliseconds since 1970-01-01 UTC.
    pub fn as_ms(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970-01-01 UTC.
    pub fn as_s(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Whole hours since 1970-01-01 UTC; 0 for what is before.
    pub fn hours(self) -> u32 {
        u32::try_from(self.0.div_euclid(HOUR_MS)).unwrap_or(0)
    }

    /// The moment this many hours after 1970-01-01 UTC.
    pub fn from_hours(hours: u32) -> Self {
        Self::from_ms(i64::from(hours) * HOUR_MS)
    }

    /// Its day in UTC, as in `2026-11-30`.
    pub fn day(self) -> String {
        let mut text = self.to_string();
        text.truncate("2026-11-30".len());
        text
    }

    /// This moment moved by so many milliseconds, confined to the years 0 to 9999.
    pub fn plus_ms(self, ms: i64) -> Self {
        Self::from_ms(self.0.saturating_add(ms))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH);
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
            moment.year(),
            u8::from(moment.month()),
            moment.day(),
            moment.hour(),
            moment.minute(),
            moment.second(),
            moment.millisecond()
        )
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let moment = OffsetDateTime::parse(text, &Rfc3339)
            .map_err(|_| InvalidTimestamp(text.chars().take(64).collect()))?;
        let ms = moment.unix_timestamp_nanos().div_euclid(1_000_000);
        Ok(Self::from_ms(i64::try_from(ms).unwrap_or(0)))
    }
}

impl TryFrom<String> for Timestamp {
    type Error = InvalidTimestamp;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(moment: Timestamp) -> Self {
        moment.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_milliseconds_agree() {
        let moment: Timestamp = "2024-02-29T23:59:59.5+01:00".parse().unwrap();
        assert_eq!(moment.to_string(), "2024-02-29T22:59:59.500Z");
        assert_eq!(Timestamp::from_ms(moment.as_ms()), moment);
        assert!("yesterday".parse::<Timestamp>().is_err());
        assert_eq!(
            Timestamp::from_ms(i64::MAX).to_string(),
            "9999-12-31T23:59:59.999Z"
        );
    }
}
