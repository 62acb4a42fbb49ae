//! Addresses: where people read more, and files as relative references.

use std::fmt::Write as _;

use schemas::{VulnerabilityId, advisory::AdvisorySource, finding::Finding};

/// Longest address that is passed on.
const MAX_URL: usize = 2048;

/// The address when it is a web address and nothing else; feeds are not trusted to name one.
pub(crate) fn web(url: &str) -> Option<&str> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))?;
    let plain = rest.bytes().all(|b| {
        b.is_ascii_graphic()
            && !matches!(
                b,
                b'<' | b'>' | b'"' | b'\'' | b'`' | b'{' | b'}' | b'|' | b'\\' | b'^'
            )
    });
    let host = rest
        .bytes()
        .next()
        .is_some_and(|b| b.is_ascii_alphanumeric());
    (plain && host && url.len() <= MAX_URL).then_some(url)
}

/// Where people read about a finding's vulnerability: the advisory's own page, else the public record of the id.
pub(crate) fn of_finding(finding: &Finding) -> Option<String> {
    of(&finding.vulnerability, &finding.evidence.source)
}

/// Where people read about a vulnerability.
pub(crate) fn of(id: &VulnerabilityId, source: &AdvisorySource) -> Option<String> {
    if let Some(url) = source.url.as_deref().and_then(web) {
        return Some(url.to_owned());
    }
    // The alphabet of these ids holds `/`, `:` and `+`, which would change what the address means.
    let text = id.as_str();
    if !text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    {
        return None;
    }
    if id.is_cve() {
        Some(format!("https://www.cve.org/CVERecord?id={text}"))
    } else if text.starts_with("GHSA-") {
        Some(format!("https://github.com/advisories/{text}"))
    } else {
        Some(format!("https://osv.dev/vulnerability/{text}"))
    }
}

/// A path as a relative reference that stays below where it starts. Source: RFC 3986, sections 3.3 and 4.2; a colon is
/// encoded, so that no first part is taken for a scheme. `None` when nothing of it is left.
pub(crate) fn relative(path: &str) -> Option<String> {
    let mut out = String::with_capacity(path.len() + 8);
    for part in path.split(['/', '\\']) {
        if matches!(part, "" | "." | "..") {
            continue;
        }
        if !out.is_empty() {
            out.push('/');
        }
        for byte in part.bytes() {
            if byte.is_ascii_alphanumeric()
                || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b',' | b'=')
            {
                out.push(char::from(byte));
            } else {
                // Writing to a String cannot fail.
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    (!out.is_empty()).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_are_passed_on() {
        assert_eq!(
            web("https://a.example/b?c=d#e"),
            Some("https://a.example/b?c=d#e")
        );
        for bad in [
            "javascript:alert(1)",
            "https://a\"b",
            "https://",
            "https://a b",
            "data:text/html,x",
            "http:///x",
        ] {
            assert_eq!(web(bad), None, "{bad}");
        }
    }

    #[test]
    fn paths_stay_below_where_they_start() {
        let of = |path| relative(path).unwrap_or_default();
        assert_eq!(of("var/lib/dpkg/status"), "var/lib/dpkg/status");
        assert_eq!(of("../../etc/./passwd"), "etc/passwd");
        assert_eq!(of("javascript:alert(1)"), "javascript%3Aalert%281%29");
        assert_eq!(of(r"HKLM\Software\a b"), "HKLM/Software/a%20b");
        assert_eq!(of("größe"), "gr%C3%B6%C3%9Fe");
        assert_eq!(relative("/../"), None);
    }
}
