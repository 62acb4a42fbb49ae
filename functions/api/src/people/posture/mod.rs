//! How the estate stands, how it stood, and what was fixed.

pub(crate) mod fixed;
pub(crate) mod get;
pub(crate) mod trend;

use schemas::Timestamp;

use crate::problem::{ApiError, Kind};

/// Changes are counted since a day ago where nothing else is asked for, in milliseconds.
const DAY_MS: i64 = 24 * 60 * 60_000;

/// The hour since which changes are wanted, counted from 1970.
pub(in crate::people) fn since_h(
    now: Timestamp,
    asked: Option<Timestamp>,
) -> Result<u32, ApiError> {
    let since = asked.unwrap_or(now.plus_ms(-DAY_MS)).hours();
    if since.saturating_add(estate::LEFT_HOURS) < now.hours() {
        return Err(ApiError::new(
            Kind::BadRequest,
            format!(
                "What came and went is known for {} days: take a later moment.",
                estate::LEFT_HOURS / 24
            ),
        ));
    }
    Ok(since)
}
