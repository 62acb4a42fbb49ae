//! The rules for names of each type: how its definition writes them, how its registry compares them, and how two purls
//! of it compare. They differ, because a definition may lower what its registry keeps apart, and the other way round.

use std::borrow::Cow;

/// A form of a name. Only ASCII letters change their case: the registries that ignore case allow no others, and letters
/// that look alike stay apart.
#[derive(Clone, Copy)]
enum Form {
    /// As it is.
    Kept,
    /// Lower case.
    Lower,
    /// Lower case, with `-` for `_`.
    Dashes,
    /// Lower case, with one `-` for a run of `-`, `_` and `.`. Source: PEP 503, "Normalized Names".
    Pep503,
}

struct Rules {
    /// In a purl.
    written: Form,
    /// By the registry.
    registry: Form,
    /// Between purls, whose names may have lost what the registry tells apart.
    purls: Form,
}

/// Source: the type definitions of purl; of registries, what each refuses as a second name of the same package.
const fn rules(kind: &str) -> Rules {
    use Form::{Dashes, Kept, Lower, Pep503};
    const fn rules(written: Form, registry: Form, purls: Form) -> Rules {
        Rules {
            written,
            registry,
            purls,
        }
    }
    match kind.as_bytes() {
        b"pypi" => rules(Dashes, Pep503, Pep503),
        // crates.io lets no two names differ only in case or in `-` and `_`.
        b"cargo" => rules(Kept, Dashes, Dashes),
        b"nuget" => rules(Kept, Lower, Lower),
        // Go's forges ignore the case of paths.
        b"composer" | b"golang" => rules(Lower, Lower, Lower),
        // The oldest packages of npm differ only in case (`JSONStream`, `jsonstream`), and their purls do not.
        b"npm" => rules(Lower, Kept, Lower),
        b"deb" | b"apk" | b"conan" | b"conda" | b"hex" | b"pub" => rules(Lower, Kept, Lower),
        b"oci" | b"docker" | b"github" => rules(Lower, Kept, Lower),
        b"rpm" => rules(Kept, Kept, Lower),
        _ => rules(Kept, Kept, Kept),
    }
}

/// A name, or a namespace, as purls of this type have it.
pub fn written_name<'a>(kind: &str, name: &'a str) -> Cow<'a, str> {
    rules(kind).written.of(name)
}

/// A name in the one form in which the registry of this type compares it: two names of one package have the same. What
/// has a namespace is given whole (`vendor/name`).
pub fn compared_name<'a>(kind: &str, name: &'a str) -> Cow<'a, str> {
    rules(kind).registry.of(name)
}

/// A name, or a namespace, of a purl in the form in which it is compared with that of another.
pub(crate) fn compared_in_purl<'a>(kind: &str, name: &'a str) -> Cow<'a, str> {
    rules(kind).purls.of(name)
}

impl Form {
    fn of(self, name: &str) -> Cow<'_, str> {
        let upper = || name.bytes().any(|b| b.is_ascii_uppercase());
        match self {
            Self::Lower if upper() => name.to_ascii_lowercase().into(),
            Self::Dashes if upper() || name.contains('_') => {
                name.to_ascii_lowercase().replace('_', "-").into()
            }
            Self::Pep503 if upper() || name.contains(['_', '.']) || name.contains("--") => {
                pep503(name).into()
            }
            _ => name.into(),
        }
    }
}

fn pep503(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            c => normal.push(c.to_ascii_lowercase()),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_type_has_its_own_rules() {
        for (kind, name, written, registry, purls) in [
            (
                "pypi",
                "Ruamel.YAML__clib",
                "ruamel.yaml--clib",
                "ruamel-yaml-clib",
                "ruamel-yaml-clib",
            ),
            ("pypi", "A.-B", "a.-b", "a-b", "a-b"),
            (
                "cargo",
                "Serde_JSON",
                "Serde_JSON",
                "serde-json",
                "serde-json",
            ),
            (
                "nuget",
                "Newtonsoft.Json",
                "Newtonsoft.Json",
                "newtonsoft.json",
                "newtonsoft.json",
            ),
            (
                "composer",
                "Symfony/Http",
                "symfony/http",
                "symfony/http",
                "symfony/http",
            ),
            (
                "golang",
                "github.com/Masterminds/semver/v3",
                "github.com/masterminds/semver/v3",
                "github.com/masterminds/semver/v3",
                "github.com/masterminds/semver/v3",
            ),
            (
                "npm",
                "JSONStream",
                "jsonstream",
                "JSONStream",
                "jsonstream",
            ),
            (
                "rpm",
                "NetworkManager",
                "NetworkManager",
                "NetworkManager",
                "networkmanager",
            ),
            ("maven", "Some.A_b", "Some.A_b", "Some.A_b", "Some.A_b"),
            // The Kelvin sign is no K.
            (
                "npm",
                "\u{212a}it",
                "\u{212a}it",
                "\u{212a}it",
                "\u{212a}it",
            ),
        ] {
            assert_eq!(written_name(kind, name), written, "{kind} {name}");
            assert_eq!(compared_name(kind, name), registry, "{kind} {name}");
            assert_eq!(compared_in_purl(kind, name), purls, "{kind} {name}");
        }
    }

    proptest! {
        #[test]
        fn a_form_is_that_of_itself(name in "[a-cA-C._-]{0,12}", kind in "pypi|cargo|nuget|npm|deb") {
            for form in [written_name, compared_name, compared_in_purl] {
                let once = form(&kind, &name);
                prop_assert_eq!(&form(&kind, &once), &once);
            }
            // What a registry takes for one package has one purl, as far as purls compare.
            let written = written_name(&kind, &name);
            prop_assert_eq!(compared_in_purl(&kind, &written), compared_in_purl(&kind, &name));
        }
    }
}
