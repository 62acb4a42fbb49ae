//! Package URLs taken apart and compared. Source: ECMA-427 (purl), "How to parse a purl string in its components".

use std::collections::BTreeMap;

/// The longest text that is read as a purl.
const MAX_PURL_BYTES: usize = 4096;

/// A package URL in its parts, percent-decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Purl {
    /// Type, lower case.
    pub(crate) kind: String,
    /// Namespace without slashes at its ends; empty where there is none.
    pub(crate) namespace: String,
    /// Name.
    pub(crate) name: String,
    /// Version.
    pub(crate) version: Option<String>,
    /// Qualifiers by their lower-case key.
    pub(crate) qualifiers: BTreeMap<String, String>,
}

impl Purl {
    /// Takes a purl apart; `None` when the text is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_PURL_BYTES {
            return None;
        }
        let rest = text.get(..4).filter(|s| s.eq_ignore_ascii_case("pkg:"))?;
        let rest = text.get(rest.len()..)?.trim_start_matches('/');
        // The subpath says nothing about which package it is.
        let rest = rest.split_once('#').map_or(rest, |(before, _)| before);
        let (rest, qualifiers) = rest.split_once('?').unwrap_or((rest, ""));
        let (kind, rest) = rest.split_once('/')?;
        // An `@` of a namespace is encoded, but `pkg:npm/@scope/name` is seen too: a version holds no slash.
        let (path, version) = match rest.rsplit_once('@') {
            Some((path, version)) if !path.is_empty() && !version.contains('/') => {
                (path, Some(decode(version)?))
            }
            _ => (rest, None),
        };
        let path = path.trim_matches('/');
        let (namespace, name) = path.rsplit_once('/').unwrap_or(("", path));
        if kind.is_empty() || name.is_empty() {
            return None;
        }
        let mut read = BTreeMap::new();
        for pair in qualifiers.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=')?;
            if !value.is_empty() {
                read.insert(key.to_ascii_lowercase(), decode(value)?);
            }
        }
        let kind = kind.to_ascii_lowercase();
        let (mut namespace, mut name) = (decode(namespace)?, decode(name)?);
        // Source: purl type definitions; these compare without case.
        if matches!(
            kind.as_str(),
            "deb"
                | "apk"
                | "rpm"
                | "npm"
                | "pypi"
                | "oci"
                | "docker"
                | "github"
                | "composer"
                | "nuget"
        ) {
            namespace = namespace.to_lowercase();
            name = name.to_lowercase();
        }
        if kind == "pypi" {
            name = name.replace(['_', '.'], "-");
        }
        Some(Self {
            kind,
            namespace,
            name,
            version: version.filter(|version| !version.is_empty()),
            qualifiers: read,
        })
    }

    /// Whether this, as a statement names it, speaks of that installed package: the same package; the same version where
    /// one is named; and every qualifier that is named.
    pub(crate) fn speaks_of(&self, installed: &Self) -> bool {
        self.same_package(installed)
            && (self.version.is_none() || self.version == installed.version)
            && self
                .qualifiers
                .iter()
                .all(|(key, value)| installed.qualifiers.get(key) == Some(value))
    }

    /// Whether type, namespace and name are the same.
    pub(crate) fn same_package(&self, other: &Self) -> bool {
        (&self.kind, &self.namespace, &self.name) == (&other.kind, &other.namespace, &other.name)
    }

    /// Whether it names a container image.
    pub(crate) fn is_image(&self) -> bool {
        matches!(self.kind.as_str(), "oci" | "docker")
    }
}

/// Undoes percent-encoding; `None` when it is broken or gives no UTF-8.
pub(crate) fn decode(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let high = char::from(bytes.next()?).to_digit(16)?;
            let low = char::from(bytes.next()?).to_digit(16)?;
            out.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn speaks(statement: &str, installed: &str) -> bool {
        Purl::parse(statement)
            .unwrap()
            .speaks_of(&Purl::parse(installed).unwrap())
    }

    #[test]
    fn a_statement_speaks_of_what_it_names_and_of_nothing_else() {
        let installed = "pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=amd64&distro=debian-12";
        for (statement, expected) in [
            ("pkg:deb/debian/libssl3", true),
            ("pkg:deb/Debian/libssl3@3.0.11-1~deb12u2", true),
            ("pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=amd64", true),
            ("pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=arm64", false),
            ("pkg:deb/debian/libssl3@3.0.13-1", false),
            ("pkg:deb/ubuntu/libssl3", false),
            ("pkg:deb/debian/libssl", false),
        ] {
            assert_eq!(speaks(statement, installed), expected, "{statement}");
        }
        assert!(speaks(
            "pkg:npm/@babel/core@7.0.0",
            "pkg:npm/%40babel/core@7.0.0"
        ));
        assert!(speaks(
            "pkg:pypi/Typing_Extensions",
            "pkg:pypi/typing-extensions@4"
        ));
        assert!(speaks(
            "pkg:golang/github.com/x/y",
            "pkg:golang/github.com/x/y@v1.0.0"
        ));
    }

    #[test]
    fn what_is_no_purl_is_none() {
        for text in [
            "",
            "pkg:",
            "pkg:deb",
            "pkg:deb/",
            "debian",
            "pkg:deb/a@%zz",
            "pkg:/x",
        ] {
            assert_eq!(Purl::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "(pkg:)?\\PC{0,80}") {
            let _ = Purl::parse(&text);
        }
    }
}
