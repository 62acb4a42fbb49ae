//! Headers of answers that more than one reader goes by.

use std::time::{Duration, SystemTime};

/// The wait of a `Retry-After` header (RFC 9110, 10.2.3): seconds, or a date.
pub fn retry_after(text: &str) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let when = httpdate::parse_http_date(text).ok()?;
    Some(
        when.duration_since(SystemTime::now())
            .unwrap_or(Duration::ZERO),
    )
}

/// The first byte that a partial answer holds, from its `Content-Range` (RFC 9110, 14.4): `bytes 100-199/200`.
pub(super) fn first_byte(text: &str) -> Option<u64> {
    let range = text.trim().strip_prefix("bytes ")?;
    let (first, _) = range.split_once('-')?;
    first.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_seconds_or_a_date_and_never_below_nothing() {
        assert_eq!(retry_after(" 7 "), Some(Duration::from_secs(7)));
        assert_eq!(
            retry_after("Fri, 31 Dec 1999 23:59:59 GMT"),
            Some(Duration::ZERO)
        );
        assert_eq!(retry_after("soon"), None);
        assert_eq!(retry_after("-1"), None);
    }

    #[test]
    fn a_range_that_does_not_say_where_it_begins_begins_nowhere() {
        assert_eq!(first_byte("bytes 100-199/200"), Some(100));
        assert_eq!(first_byte(" bytes 0-0/*"), Some(0));
        for text in [
            "",
            "bytes */200",
            "bytes 100",
            "bytes -100/200",
            "bytes=100-199",
            "items 100-199/200",
            "bytes 18446744073709551616-/1",
        ] {
            assert_eq!(first_byte(text), None, "{text}");
        }
    }
}
