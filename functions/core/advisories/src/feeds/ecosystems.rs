//! Names of ecosystems and releases as feeds write them, and the order of versions that each has.

use std::borrow::Cow;

use super::{suse_products, ubuntu};
use crate::version::VersionScheme;

/// What an ecosystem is called here and how its versions are ordered.
struct Known {
    /// As OSV writes it, before the first colon.
    osv: &'static str,
    name: &'static str,
    scheme: VersionScheme,
    form: ReleaseForm,
}

/// What follows the ecosystem's name in OSV.
#[derive(Clone, Copy)]
enum ReleaseForm {
    /// No releases: what follows is ignored.
    None,
    /// `12`.
    Whole,
    /// `v3.18`.
    Alpine,
    /// `22.04:LTS`, `Pro:22.04:LTS`.
    Ubuntu,
    /// `3`, and `3.0` here.
    Azure,
    /// A product's CPE such as `enterprise_linux:9::appstream`.
    RedHat,
}

/// Source: the OSV schema, "Defined ecosystems".
static KNOWN: &[Known] = {
    use ReleaseForm::{Alpine, Azure, None, RedHat, Ubuntu, Whole};
    use VersionScheme as Order;
    const fn known(
        osv: &'static str,
        name: &'static str,
        scheme: Order,
        form: ReleaseForm,
    ) -> Known {
        Known {
            osv,
            name,
            scheme,
            form,
        }
    }
    &[
        known("npm", "npm", Order::Semver, None),
        known("PyPI", "pypi", Order::Pypi, None),
        known("NuGet", "nuget", Order::Nuget, None),
        known("crates.io", "crates.io", Order::Semver, None),
        known("Go", "go", Order::Go, None),
        known("Maven", "maven", Order::Maven, None),
        known("RubyGems", "rubygems", Order::RubyGems, None),
        known("Packagist", "packagist", Order::Packagist, None),
        known("Hex", "hex", Order::Semver, None),
        known("Pub", "pub", Order::Pub, None),
        known("CRAN", "cran", Order::Cran, None),
        known("Hackage", "hackage", Order::Hackage, None),
        known("SwiftURL", "swifturl", Order::Semver, None),
        // Conan compares numbers and letters part by part, as Debian does for versions without a revision.
        known("ConanCenter", "conan", Order::Debian, None),
        // CocoaPods uses RubyGems' own comparison.
        known("CocoaPods", "cocoapods", Order::RubyGems, None),
        known("Julia", "julia", Order::Semver, None),
        // Of feeds of their own, not of OSV: Microsoft's .NET and Node.js itself.
        known(".NET", "dotnet", Order::Semver, None),
        known("Node.js", "nodejs", Order::Semver, None),
        known("Debian", "debian", Order::Debian, Whole),
        known("Ubuntu", "ubuntu", Order::Debian, Ubuntu),
        known("Alpine", "alpine", Order::Alpine, Alpine),
        known("Wolfi", "wolfi", Order::Alpine, None),
        known("Chainguard", "chainguard", Order::Alpine, None),
        known("AlmaLinux", "almalinux", Order::Redhat, Whole),
        known("Rocky Linux", "rocky", Order::Redhat, Whole),
        known("Red Hat", "redhat", Order::Redhat, RedHat),
        known("openEuler", "openeuler", Order::Redhat, Whole),
        known("Mageia", "mageia", Order::Redhat, Whole),
        known("Azure Linux", "azurelinux", Order::Redhat, Azure),
        // The others are not in OSV, or are read there by their products' names.
        known("", "oracle", Order::Redhat, Whole),
        known("", "amazon", Order::Redhat, Whole),
        known("", "photon", Order::Redhat, Whole),
        known("", "sles", Order::Redhat, Whole),
        known("", "sle-micro", Order::Redhat, Whole),
        known("", "opensuse-leap", Order::Redhat, Whole),
        known("", "opensuse-leap-micro", Order::Redhat, Whole),
        known("", "opensuse-tumbleweed", Order::Redhat, None),
    ]
};

/// An ecosystem with its release, and how its versions are ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place<'a> {
    pub(super) name: &'static str,
    pub(super) release: Option<Cow<'a, str>>,
    /// What a machine needs for the fixes of this place.
    pub(super) subscription: Option<&'static str>,
    pub(super) scheme: VersionScheme,
}

/// What OSV's text form names (`Debian:12`, `npm`); none when the order of its versions is not known.
pub(super) fn from_osv(text: &str) -> Option<Place<'_>> {
    let (name, rest) = match text.split_once(':') {
        Some((name, rest)) => (name, Some(rest)),
        None => (text, None),
    };
    if let ("SUSE" | "openSUSE", Some(rest)) = (name, rest) {
        let (name, release) = suse_products::place(&format!("{name} {rest}"))?;
        return Some(Place {
            name,
            release: release.map(Cow::Owned),
            subscription: None,
            scheme: VersionScheme::Redhat,
        });
    }
    let known = KNOWN
        .iter()
        .find(|known| known.osv == name && !name.is_empty())?;
    let mut subscription = None;
    let release = match (known.form, rest) {
        (ReleaseForm::None, _) => None,
        // Without a release it could be any, and matching every one would be wrong.
        (_, None) => return None,
        (ReleaseForm::Whole, Some(rest)) => Some(match known.name {
            "debian" => Cow::Borrowed(debian_release(rest)),
            _ => Cow::Borrowed(rest),
        }),
        (ReleaseForm::Azure, Some(rest)) => Some(match rest.contains('.') {
            true => Cow::Borrowed(rest),
            false => Cow::Owned(format!("{rest}.0")),
        }),
        (ReleaseForm::Alpine, Some(rest)) => Some(alpine_release(rest)),
        (ReleaseForm::Ubuntu, Some(rest)) => {
            // `22.04:LTS`, `Pro:22.04:LTS`; `Pro:FIPS-updates:22.04:LTS` has versions of its own.
            let rest = match rest.strip_prefix("Pro:") {
                Some(rest) => {
                    subscription = Some(ubuntu::PRO);
                    rest
                }
                None => rest,
            };
            let number = rest.split(':').next()?;
            if !number.starts_with(|c: char| c.is_ascii_digit()) {
                return None;
            }
            Some(Cow::Borrowed(number))
        }
        (ReleaseForm::RedHat, Some(rest)) => {
            let version = rest.strip_prefix("enterprise_linux:")?.split(':').next()?;
            Some(Cow::Borrowed(version.split('.').next()?))
        }
    };
    Some(Place {
        name: known.name,
        release,
        subscription,
        scheme: known.scheme,
    })
}

/// The order of an ecosystem's versions.
pub(crate) fn scheme_of(ecosystem: &str) -> Option<VersionScheme> {
    KNOWN
        .iter()
        .find(|known| known.name == ecosystem)
        .map(|known| known.scheme)
}

/// Whether an ecosystem is one of a language's packages, rather than of a distribution's.
pub(crate) fn is_language(ecosystem: &str) -> bool {
    matches!(
        ecosystem,
        "npm"
            | "pypi"
            | "nuget"
            | "crates.io"
            | "go"
            | "maven"
            | "rubygems"
            | "packagist"
            | "hex"
            | "pub"
            | "cran"
            | "hackage"
            | "swifturl"
            | "conan"
            | "cocoapods"
            | "julia"
            | "dotnet"
            | "nodejs"
    )
}

/// A package's name in the one form in which an ecosystem compares it, by the rules of its purl type.
pub(crate) fn normal_name<'a>(ecosystem: &str, name: &'a str) -> Cow<'a, str> {
    let purl_type = match ecosystem {
        "crates.io" => "cargo",
        "go" => "golang",
        "packagist" => "composer",
        "rubygems" => "gem",
        "swifturl" => "swift",
        // The others are called alike, or have no type and keep their names.
        other => other,
    };
    purl::compared_name(purl_type, name)
}

/// `v3.18` of `v3.18`, `3.18`, `3.18.4` or `edge`.
pub(crate) fn alpine_release(text: &str) -> Cow<'_, str> {
    let number = text.strip_prefix('v').unwrap_or(text);
    let mut parts = number.split('.');
    match (parts.next(), parts.next()) {
        (Some(major), Some(minor)) if major.starts_with(|c: char| c.is_ascii_digit()) => {
            Cow::Owned(format!("v{major}.{minor}"))
        }
        _ => Cow::Borrowed(text),
    }
}

/// Debian's number of a release, of its code name or itself; the text as it is where there is no number yet.
pub(crate) fn debian_release(text: &str) -> &str {
    match text {
        "squeeze" => "6",
        "wheezy" => "7",
        "jessie" => "8",
        "stretch" => "9",
        "buster" => "10",
        "bullseye" => "11",
        "bookworm" => "12",
        "trixie" => "13",
        "forky" => "14",
        "duke" => "15",
        other => other.split('.').next().unwrap_or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn osv_names_become_shards() {
        for (text, expected) in [
            ("npm", Some(("npm", None))),
            ("Debian:12", Some(("debian", Some("12")))),
            ("Alpine:v3.18", Some(("alpine", Some("v3.18")))),
            ("Ubuntu:22.04:LTS", Some(("ubuntu", Some("22.04")))),
            ("Ubuntu:Pro:18.04:LTS", Some(("ubuntu", Some("18.04")))),
            ("Ubuntu:Pro:FIPS-updates:22.04:LTS", None),
            ("Rocky Linux:9", Some(("rocky", Some("9")))),
            ("Azure Linux:3", Some(("azurelinux", Some("3.0")))),
            (
                "SUSE:Linux Enterprise Server 15 SP4",
                Some(("sles", Some("15.4"))),
            ),
            ("openSUSE:Tumbleweed", Some(("opensuse-tumbleweed", None))),
            (
                "Red Hat:enterprise_linux:9::appstream",
                Some(("redhat", Some("9"))),
            ),
            ("Red Hat:openshift:4.12::el8", None),
            ("Debian", None),
            ("Maven", Some(("maven", None))),
            (
                "Maven:https://repo1.maven.org/maven2",
                Some(("maven", None)),
            ),
            ("Bioconductor", None),
            ("Root:Alpine:3.18", None),
        ] {
            let found = from_osv(text);
            let found = found.as_ref().map(|p| (p.name, p.release.as_deref()));
            assert_eq!(found, expected, "{text}");
        }
        assert_eq!(normal_name("pypi", "Ruamel.YAML__clib"), "ruamel-yaml-clib");
        assert_eq!(normal_name("nuget", "Newtonsoft.Json"), "newtonsoft.json");
        assert_eq!(normal_name("npm", "JSONStream"), "JSONStream");
        assert_eq!(normal_name("crates.io", "Serde_JSON"), "serde-json");
        assert_eq!(normal_name("packagist", "Symfony/Http"), "symfony/http");
        assert_eq!(
            normal_name("go", "github.com/Masterminds/semver/v3"),
            "github.com/masterminds/semver/v3"
        );
        assert_eq!(debian_release("bookworm"), "12");
        assert_eq!(alpine_release("3.18.4"), "v3.18");
        assert_eq!(alpine_release("edge"), "edge");
    }
}
