//! Reading package URLs. Source: ECMA-427, "How to parse a purl string in its components".

/// A purl in its parts, decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParsedPurl {
    /// The type, lower case.
    pub kind: String,
    /// The namespace, with `/` between its parts; empty where there is none.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// The version; empty where there is none.
    pub version: String,
    /// Qualifiers in the order in which they are written, keys lower case.
    pub qualifiers: Vec<(String, String)>,
}

impl ParsedPurl {
    /// The value of a qualifier, unless it is empty.
    pub fn qualifier(&self, key: &str) -> Option<&str> {
        self.qualifiers
            .iter()
            .find(|(name, value)| name == key && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }
}

/// Longest purl that is read.
const MAX_PURL: usize = 4096;

/// Reads a purl; `None` when it is none.
pub fn parse(text: &str) -> Option<ParsedPurl> {
    if text.len() > MAX_PURL {
        return None;
    }
    let rest = text.trim().strip_prefix("pkg:")?.trim_start_matches('/');
    let rest = rest.split('#').next().unwrap_or(rest);
    let (path, qualifiers) = rest.split_once('?').unwrap_or((rest, ""));
    let (kind, path) = path.split_once('/')?;
    let path = path.trim_matches('/');
    // An `@` that is not encoded may begin a scope; a version follows the last one behind the last slash.
    let (path, version) = match path.rsplit_once('@') {
        Some((before, version))
            if !before.is_empty() && !before.ends_with('/') && !version.contains('/') =>
        {
            (before, decode(version))
        }
        _ => (path, String::new()),
    };
    let (namespace, name) = path.rsplit_once('/').unwrap_or(("", path));
    let name = decode(name);
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+');
    if name.is_empty() || kind.is_empty() || !kind.bytes().all(plain) {
        return None;
    }
    let namespace: Vec<String> = namespace
        .split('/')
        .filter(|part| !part.is_empty())
        .map(decode)
        .collect();
    Some(ParsedPurl {
        kind: kind.to_ascii_lowercase(),
        namespace: namespace.join("/"),
        name,
        version,
        qualifiers: qualifiers
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(key, value)| (key.to_ascii_lowercase(), decode(value)))
            .collect(),
    })
}

/// The purl without one qualifier.
pub(super) fn without(purl: &str, key: &str) -> String {
    let (base, fragment) = match purl.split_once('#') {
        Some((base, fragment)) => (base, Some(fragment)),
        None => (purl, None),
    };
    let (path, qualifiers) = base.split_once('?').unwrap_or((base, ""));
    let kept: Vec<&str> = qualifiers
        .split('&')
        .filter(|pair| !pair.is_empty() && pair.split('=').next() != Some(key))
        .collect();
    let mut out = path.to_owned();
    if !kept.is_empty() {
        out.push('?');
        out.push_str(&kept.join("&"));
    }
    if let Some(fragment) = fragment {
        out.push('#');
        out.push_str(fragment);
    }
    out
}

/// Percent-decodes; what is no UTF-8 afterwards is replaced, and what is no encoding stays.
fn decode(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let hex = |offset: usize| {
            bytes
                .get(at + offset)
                .and_then(|b| char::from(*b).to_digit(16))
                .and_then(|digit| u8::try_from(digit).ok())
        };
        match (byte, hex(1), hex(2)) {
            (b'%', Some(high), Some(low)) => {
                out.push(high * 16 + low);
                at += 3;
            }
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purls_are_read_in_their_parts() {
        let purl = parse("pkg:deb/debian/libssl3@3.0.11-1%2Bb1?arch=amd64&distro=debian-12&upstream=openssl%403.0").unwrap();
        assert_eq!(
            (purl.kind.as_str(), purl.namespace.as_str()),
            ("deb", "debian")
        );
        assert_eq!(
            (purl.name.as_str(), purl.version.as_str()),
            ("libssl3", "3.0.11-1+b1")
        );
        assert_eq!(purl.qualifier("upstream"), Some("openssl@3.0"));
        for (text, namespace, name, version) in [
            ("pkg:npm/%40angular/core@1.0", "@angular", "core", "1.0"),
            ("pkg:npm/@angular/core", "@angular", "core", ""),
            (
                "pkg:golang/github.com/a/b@v1.2.3#sub/path",
                "github.com/a",
                "b",
                "v1.2.3",
            ),
            ("pkg:Maven/org.a/b@1?type=jar", "org.a", "b", "1"),
            ("pkg:gem/rails@7", "", "rails", "7"),
        ] {
            let purl = parse(text).unwrap();
            assert_eq!(
                (
                    purl.namespace.as_str(),
                    purl.name.as_str(),
                    purl.version.as_str()
                ),
                (namespace, name, version),
                "{text}"
            );
        }
        for bad in [
            "",
            "pkg:",
            "pkg:npm",
            "pkg:npm/",
            "npm/a@1",
            "pkg:n pm/a@1",
            "http://a",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
        assert_eq!(decode("%zz%4"), "%zz%4");
    }

    #[test]
    fn one_qualifier_can_be_left_out() {
        assert_eq!(
            without("pkg:a/b@1?x=1&upstream=c&y=2#d", "upstream"),
            "pkg:a/b@1?x=1&y=2#d"
        );
        assert_eq!(without("pkg:a/b@1?upstream=c", "upstream"), "pkg:a/b@1");
    }
}
