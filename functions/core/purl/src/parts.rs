//! A purl taken apart, and which package it speaks of. Source: ECMA-427, "How to parse a purl string in its components".

use std::collections::{BTreeMap, btree_map::Entry};

use crate::{
    names::compared_in_purl,
    text::{Broken, decode_or},
};

/// The longest text that is read as a purl.
pub const MAX_PURL_BYTES: usize = 4096;

/// A package URL in its parts, percent-decoded. The subpath is left out: it says nothing about which package it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purl {
    /// The type, lower case.
    pub kind: String,
    /// The namespace, with `/` between its parts; empty where there is none.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// The version.
    pub version: Option<String>,
    /// Qualifiers that have a value, by their lower-case key.
    pub qualifiers: BTreeMap<String, String>,
}

impl Purl {
    /// Reads a purl to judge by it: `None` when any of it is broken (its encoding, a qualifier without `=` or one that is
    /// there twice), so that it names nothing. Namespace and name are in the form in which purls of their type compare.
    pub fn strict(text: &str) -> Option<Self> {
        let mut purl = Self::parse(text, Broken::Refused)?;
        purl.namespace = compared_in_purl(&purl.kind, &purl.namespace).into_owned();
        purl.name = compared_in_purl(&purl.kind, &purl.name).into_owned();
        Some(purl)
    }

    /// Reads a purl to keep what it says, with namespace and name as they are written: what is no encoding stays as it
    /// is, qualifiers that cannot be read are left out, and the first of a key counts. `None` when it has no type or name.
    pub fn lenient(text: &str) -> Option<Self> {
        Self::parse(text.trim(), Broken::Kept)
    }

    fn parse(text: &str, broken: Broken) -> Option<Self> {
        if text.len() > MAX_PURL_BYTES {
            return None;
        }
        let (scheme, rest) = text.split_at_checked(4)?;
        if !scheme.eq_ignore_ascii_case("pkg:") {
            return None;
        }
        let rest = rest.trim_start_matches('/');
        let rest = rest.split_once('#').map_or(rest, |(before, _)| before);
        let (path, qualifiers) = rest.split_once('?').unwrap_or((rest, ""));
        let (kind, path) = path.split_once('/')?;
        let path = path.trim_matches('/');
        // An `@` of a namespace is encoded, but `pkg:npm/@scope/name` is seen too: a version follows the last one behind
        // the last slash, and something stands before it.
        let (path, version) = match path.rsplit_once('@') {
            Some((before, version))
                if !before.is_empty() && !before.ends_with('/') && !version.contains('/') =>
            {
                (before, Some(decode_or(version, broken)?))
            }
            _ => (path, None),
        };
        let (namespace, name) = path.rsplit_once('/').unwrap_or(("", path));
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+');
        if name.is_empty() || kind.is_empty() || !kind.bytes().all(plain) {
            return None;
        }
        let namespace = namespace
            .split('/')
            .filter(|part| !part.is_empty())
            .map(|part| decode_or(part, broken))
            .collect::<Option<Vec<_>>>()?;
        Some(Self {
            kind: kind.to_ascii_lowercase(),
            namespace: namespace.join("/"),
            name: decode_or(name, broken)?,
            version: version.filter(|version| !version.is_empty()),
            qualifiers: read_qualifiers(qualifiers, broken)?,
        })
    }

    /// The value of a qualifier, by its lower-case key.
    pub fn qualifier(&self, key: &str) -> Option<&str> {
        self.qualifiers.get(key).map(String::as_str)
    }

    /// Whether this, as a statement names it, speaks of that installed package: the same package; the same version where
    /// one is named; and every qualifier that is named. Both are read by [`Purl::strict`].
    pub fn speaks_of(&self, installed: &Self) -> bool {
        self.same_package(installed)
            && (self.version.is_none() || self.version == installed.version)
            && self
                .qualifiers
                .iter()
                .all(|(key, value)| installed.qualifiers.get(key) == Some(value))
    }

    /// Whether type, namespace and name are the same. Both are read by [`Purl::strict`].
    pub fn same_package(&self, other: &Self) -> bool {
        (&self.kind, &self.namespace, &self.name) == (&other.kind, &other.namespace, &other.name)
    }

    /// Whether it names a container image.
    pub fn is_image(&self) -> bool {
        matches!(self.kind.as_str(), "oci" | "docker")
    }
}

fn read_qualifiers(text: &str, broken: Broken) -> Option<BTreeMap<String, String>> {
    let refused = broken == Broken::Refused;
    let mut read = BTreeMap::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let Some((key, value)) = pair.split_once('=') else {
            if refused {
                return None;
            }
            continue;
        };
        if value.is_empty() {
            continue;
        }
        let (key, value) = (key.to_ascii_lowercase(), decode_or(value, broken)?);
        match read.entry(key) {
            Entry::Vacant(free) => {
                free.insert(value);
            }
            Entry::Occupied(_) if refused => return None,
            Entry::Occupied(_) => {}
        }
    }
    Some(read)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::build;

    fn speaks(statement: &str, installed: &str) -> bool {
        Purl::strict(statement)
            .unwrap()
            .speaks_of(&Purl::strict(installed).unwrap())
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
    fn a_statement_speaks_of_every_spelling_that_the_registry_takes_for_one_package() {
        for (statement, installed) in [
            ("pkg:pypi/a-b", "pkg:pypi/a--b@1"),
            ("pkg:pypi/a-b", "pkg:pypi/A.-B@1"),
            ("pkg:pypi/a__b", "pkg:pypi/a.b@1"),
            ("pkg:cargo/serde-json", "pkg:cargo/serde_json@1.0.0"),
            ("pkg:nuget/newtonsoft.json", "pkg:nuget/Newtonsoft.Json@13"),
            (
                "pkg:golang/github.com/Masterminds/semver",
                "pkg:golang/github.com/masterminds/semver@v1.5.0",
            ),
        ] {
            assert!(speaks(statement, installed), "{statement} {installed}");
        }
        assert!(!speaks("pkg:pypi/ab", "pkg:pypi/a-b@1"));
        assert!(!speaks("pkg:maven/g/a-b", "pkg:maven/g/a_b@1"));
    }

    #[test]
    fn what_is_no_purl_is_none() {
        for text in [
            "",
            "pkg:",
            "pkg:deb",
            "pkg:npm/",
            "pkg:deb/",
            "debian",
            "pkg:/x",
            "npm/a@1",
            "pkg:n pm/a@1",
            "http://a",
        ] {
            assert_eq!(Purl::strict(text), None, "{text}");
            assert_eq!(Purl::lenient(text), None, "{text}");
        }
        let long = format!("pkg:npm/{}", "a".repeat(MAX_PURL_BYTES));
        assert_eq!((Purl::strict(&long), Purl::lenient(&long)), (None, None));
    }

    #[test]
    fn what_is_broken_names_nothing_and_is_kept_in_a_list() {
        for (text, name, version, arch) in [
            ("pkg:deb/a@%zz", "a", "%zz", None),
            ("pkg:deb/a%ff@1", "a\u{fffd}", "1", None),
            ("pkg:deb/a@1?arch=%4", "a", "1", Some("%4")),
            ("pkg:deb/a@1?arch", "a", "1", None),
            ("pkg:deb/a@1?arch=x&ARCH=y", "a", "1", Some("x")),
        ] {
            assert_eq!(Purl::strict(text), None, "{text}");
            let kept = Purl::lenient(text).unwrap();
            assert_eq!(
                (kept.name.as_str(), kept.version.as_deref()),
                (name, Some(version)),
                "{text}"
            );
            assert_eq!(kept.qualifier("arch"), arch, "{text}");
        }
    }

    #[test]
    fn purls_are_read_in_their_parts() {
        let purl = Purl::lenient("pkg:deb/debian/libssl3@3.0.11-1%2Bb1?arch=amd64&distro=debian-12&upstream=openssl%403.0").unwrap();
        assert_eq!(
            (purl.kind.as_str(), purl.namespace.as_str()),
            ("deb", "debian")
        );
        assert_eq!(
            (purl.name.as_str(), purl.version.as_deref()),
            ("libssl3", Some("3.0.11-1+b1"))
        );
        assert_eq!(purl.qualifier("upstream"), Some("openssl@3.0"));
        for (text, namespace, name, version) in [
            (
                "pkg:npm/%40angular/core@1.0",
                "@angular",
                "core",
                Some("1.0"),
            ),
            ("pkg:npm/@angular/core", "@angular", "core", None),
            (
                "pkg:golang/github.com/a/b@v1.2.3#sub/path",
                "github.com/a",
                "b",
                Some("v1.2.3"),
            ),
            ("pkg:Maven/org.a/b@1?type=jar", "org.a", "b", Some("1")),
            ("pkg:gem/rails@7", "", "rails", Some("7")),
            (
                " pkg:pypi/Zope.Interface@7 ",
                "",
                "Zope.Interface",
                Some("7"),
            ),
        ] {
            let purl = Purl::lenient(text).unwrap();
            assert_eq!(
                (
                    purl.namespace.as_str(),
                    purl.name.as_str(),
                    purl.version.as_deref()
                ),
                (namespace, name, version),
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "(pkg:)?\\PC{0,80}", near in "pkg:[a-z%@/?&=#.0-9\u{e4}]{0,60}") {
            for text in [text, near] {
                let (strict, lenient) = (Purl::strict(&text), Purl::lenient(&text));
                // Whatever names something is also kept.
                prop_assert!(strict.is_none() || lenient.is_some());
            }
        }

        #[test]
        fn what_is_written_is_read(
            namespace in "[a-z@. +]{0,8}", name in "\\PC{1,20}", version in "\\PC{0,20}", value in "\\PC{0,20}",
        ) {
            let text = build("generic", &namespace, &name, &version, &[("k", &value)]);
            let purl = Purl::strict(&text).unwrap();
            prop_assert_eq!(Purl::lenient(&text), Some(purl.clone()));
            prop_assert_eq!((purl.namespace, purl.name), (namespace, name));
            prop_assert_eq!(purl.version.unwrap_or_default(), version);
            prop_assert_eq!(purl.qualifiers.get("k").cloned().unwrap_or_default(), value);
        }
    }
}
