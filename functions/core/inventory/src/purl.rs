//! Package URLs. Source: ECMA-427 (purl) and its type definitions for apk, cargo, composer, deb,
//! gem, generic, golang, maven, npm, nuget, pypi and rpm.

use std::fmt::Write as _;

use schemas::inventory::{OperatingSystem, Package, PackageKind};

/// Percent-encodes for purl: everything but letters, digits, `.`, `-`, `_`, `~` and `:`.
pub fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'~' | b':') {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

/// Builds one: `namespace` is split at `/`; qualifiers with empty values are left out and the others are sorted by key.
pub fn build(
    kind: &str,
    namespace: &str,
    name: &str,
    version: &str,
    qualifiers: &[(&str, &str)],
) -> String {
    let mut purl = String::with_capacity(64);
    purl.push_str("pkg:");
    purl.push_str(kind);
    for part in namespace.split('/').filter(|part| !part.is_empty()) {
        purl.push('/');
        encode(part, &mut purl);
    }
    purl.push('/');
    encode(name, &mut purl);
    if !version.is_empty() {
        purl.push('@');
        encode(version, &mut purl);
    }
    let mut qualifiers: Vec<_> = qualifiers
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .collect();
    qualifiers.sort_unstable();
    for (index, (key, value)) in qualifiers.into_iter().enumerate() {
        purl.push(if index == 0 { '?' } else { '&' });
        purl.push_str(key);
        purl.push('=');
        encode(value, &mut purl);
    }
    purl
}

/// npm: the scope is the namespace with its `@` encoded; lower case.
pub(crate) fn npm(name: &str, version: &str) -> String {
    let name = name.to_ascii_lowercase();
    match name.split_once('/') {
        Some((scope, rest)) if scope.starts_with('@') => build("npm", scope, rest, version, &[]),
        _ => build("npm", "", &name, version, &[]),
    }
}

/// PyPI: lower case, with `-` for `_`.
pub(crate) fn pypi(name: &str, version: &str) -> String {
    let name = name.to_ascii_lowercase().replace('_', "-");
    build("pypi", "", &name, version, &[])
}

/// NuGet: as written.
pub(crate) fn nuget(name: &str, version: &str) -> String {
    build("nuget", "", name, version, &[])
}

/// Maven: the group is the namespace, as written, its dots kept. A group that is not known is left out.
pub fn maven(group: &str, artifact: &str, version: &str) -> String {
    build("maven", group, artifact, version, &[])
}

/// Go: the module's path, lower case, its last part being the name; the version as Go writes it (`v1.2.3`), but for the
/// standard library (`1.22.3`).
pub fn golang(module: &str, version: &str) -> String {
    let module = module.to_ascii_lowercase();
    let (namespace, name) = module
        .trim_end_matches('/')
        .rsplit_once('/')
        .unwrap_or(("", module.trim_end_matches('/')));
    build("golang", namespace, name, version, &[])
}

/// crates.io: as written.
pub fn cargo(name: &str, version: &str) -> String {
    build("cargo", "", name, version, &[])
}

/// RubyGems: as written. The platform, such as `java`, is a qualifier and no part of the version; `ruby` goes without
/// saying.
pub fn gem(name: &str, version: &str, platform: &str) -> String {
    let platform = if platform == "ruby" { "" } else { platform };
    build("gem", "", name, version, &[("platform", platform)])
}

/// Packagist: `vendor/name`, lower case.
pub fn composer(name: &str, version: &str) -> String {
    let name = name.to_ascii_lowercase();
    let (vendor, name) = name.split_once('/').unwrap_or(("", &name));
    build("composer", vendor, name, version, &[])
}

/// What no type is defined for: Microsoft's .NET, and files that name their product.
pub fn generic(namespace: &str, name: &str, version: &str) -> String {
    build("generic", namespace, name, version, &[])
}

/// A package of a language by its kind and its whole name (`group:artifact`, `@scope/name`, `vendor/name`); empty for
/// kinds that are none.
pub(crate) fn of_language(kind: PackageKind, name: &str, version: &str) -> String {
    let plain = |kind: &str| build(kind, "", name, version, &[]);
    let lower = |kind: &str| build(kind, "", &name.to_lowercase(), version, &[]);
    match kind {
        PackageKind::Npm => npm(name, version),
        PackageKind::Pypi => pypi(name, version),
        PackageKind::Nuget => nuget(name, version),
        PackageKind::Maven => {
            let (group, artifact) = name.split_once(':').unwrap_or(("", name));
            maven(group, artifact, version)
        }
        PackageKind::Golang => golang(name, version),
        PackageKind::Cargo => cargo(name, version),
        PackageKind::Gem => gem(name, version, ""),
        PackageKind::Composer => composer(name, version),
        PackageKind::Conan => lower("conan"),
        PackageKind::Pub => lower("pub"),
        PackageKind::Hex => lower("hex"),
        PackageKind::Conda => lower("conda"),
        PackageKind::Julia => plain("julia"),
        PackageKind::Swift => {
            let (namespace, name) = name.rsplit_once('/').unwrap_or(("", name));
            build("swift", namespace, name, version, &[])
        }
        PackageKind::Cocoapods => {
            let (pod, part) = name.split_once('/').unwrap_or((name, ""));
            let mut purl = build("cocoapods", "", pod, version, &[]);
            if !part.is_empty() {
                purl.push('#');
                for (index, part) in part.split('/').enumerate() {
                    if index > 0 {
                        purl.push('/');
                    }
                    encode(part, &mut purl);
                }
            }
            purl
        }
        _ => String::new(),
    }
}

/// A package of a distribution, whose purl needs the operating system. Without one the namespace is left out.
pub(crate) fn of_distribution(package: &Package, os: Option<&OperatingSystem>) -> Option<String> {
    let (kind, namespace) = match package.kind {
        PackageKind::Deb => ("deb", os.map_or("", |os| os.id.as_str())),
        PackageKind::Apk => ("apk", os.map_or("", |os| os.id.as_str())),
        PackageKind::Rpm => ("rpm", os.map_or("", |os| rpm_namespace(&os.id))),
        _ => return None,
    };
    let distro = os.map_or_else(String::new, |os| {
        match os.version_id.as_ref().or(os.codename.as_ref()) {
            Some(version) => format!("{}-{version}", os.id),
            None => os.id.clone(),
        }
    });
    let (epoch, version) = match package.kind {
        PackageKind::Rpm => package
            .version
            .split_once(':')
            .unwrap_or(("", &package.version)),
        _ => ("", package.version.as_str()),
    };
    let arch = package.architecture.as_deref().unwrap_or_default();
    // The type definitions lower the case of Debian's and Alpine's names, and keep that of rpm's.
    let name = match package.kind {
        PackageKind::Rpm => package.name.clone(),
        _ => package.name.to_lowercase(),
    };
    let mut purl = build(
        kind,
        namespace,
        &name,
        version,
        &[("arch", arch), ("distro", &distro), ("epoch", epoch)],
    );
    if let Some(module) = module_of(&package.purl) {
        purl.push(if purl.contains('?') { '&' } else { '?' });
        purl.push_str("rpmmod=");
        purl.push_str(module);
    }
    Some(purl)
}

/// The encoded module label (`rpmmod`) that a layer's purl carries.
fn module_of(purl: &str) -> Option<&str> {
    purl.split(['?', '&'])
        .find_map(|part| part.strip_prefix("rpmmod="))
}

/// The vendor's name in purl's words where it differs from the `ID` of os-release.
fn rpm_namespace(id: &str) -> &str {
    match id {
        "rhel" => "redhat",
        "sles" | "sled" | "sle_hpc" => "suse",
        "opensuse-leap" | "opensuse-tumbleweed" => "opensuse",
        "ol" => "oracle",
        "amzn" => "amazon",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::inventory::OsFamily;

    fn os(id: &str, version: &str) -> OperatingSystem {
        OperatingSystem {
            family: OsFamily::Linux,
            id: id.to_owned(),
            id_like: vec![],
            version_id: Some(version.to_owned()),
            codename: None,
            pretty_name: None,
            architecture: None,
            windows: None,
        }
    }

    fn package(kind: PackageKind, name: &str, version: &str, arch: &str) -> Package {
        Package {
            name: name.to_owned(),
            version: version.to_owned(),
            kind,
            purl: String::new(),
            source_name: None,
            source_version: None,
            architecture: Some(arch.to_owned()),
            path: String::new(),
            layer: None,
            origin: Default::default(),
            owned_by: None,
        }
    }

    #[test]
    fn purls_follow_the_type_definitions() {
        assert_eq!(
            npm("@Angular/animation", "12.3.1"),
            "pkg:npm/%40angular/animation@12.3.1"
        );
        assert_eq!(npm("foobar", "12.3.1"), "pkg:npm/foobar@12.3.1");
        assert_eq!(
            pypi("Django_Package", "1.11.1.dev1"),
            "pkg:pypi/django-package@1.11.1.dev1"
        );
        assert_eq!(
            nuget("EnterpriseLibrary.Common", "6.0.1304"),
            "pkg:nuget/EnterpriseLibrary.Common@6.0.1304"
        );
    }

    #[test]
    fn every_language_has_the_case_and_namespace_of_its_type_definition() {
        for (purl, wanted) in [
            (
                maven("org.apache.xmlgraphics", "batik-anim", "1.9.1"),
                "pkg:maven/org.apache.xmlgraphics/batik-anim@1.9.1",
            ),
            (maven("", "Some Thing", "1.0"), "pkg:maven/Some%20Thing@1.0"),
            (
                golang("github.com/Azure/go-autorest/v14", "v14.2.0+incompatible"),
                "pkg:golang/github.com/azure/go-autorest/v14@v14.2.0%2Bincompatible",
            ),
            (golang("stdlib", "1.22.3"), "pkg:golang/stdlib@1.22.3"),
            (golang("example.org/app/", ""), "pkg:golang/example.org/app"),
            (
                cargo("Inflector", "0.11.4+x"),
                "pkg:cargo/Inflector@0.11.4%2Bx",
            ),
            (
                gem("jruby-launcher", "1.1.2", "java"),
                "pkg:gem/jruby-launcher@1.1.2?platform=java",
            ),
            (gem("rails", "7.1.2", "ruby"), "pkg:gem/rails@7.1.2"),
            (
                composer("Laravel/Laravel", "5.5.0"),
                "pkg:composer/laravel/laravel@5.5.0",
            ),
            (
                generic("microsoft", "Microsoft.NETCore.App", "8.0.1"),
                "pkg:generic/microsoft/Microsoft.NETCore.App@8.0.1",
            ),
        ] {
            assert_eq!(purl, wanted);
        }
    }

    #[test]
    fn purls_of_distributions_name_vendor_architecture_and_release() {
        let deb = package(PackageKind::Deb, "libstdc++6", "1:4.7.2-5+b1", "amd64");
        assert_eq!(
            of_distribution(&deb, Some(&os("debian", "12"))).unwrap(),
            "pkg:deb/debian/libstdc%2B%2B6@1:4.7.2-5%2Bb1?arch=amd64&distro=debian-12"
        );
        let rpm = package(
            PackageKind::Rpm,
            "openssl-libs",
            "1:3.0.7-6.el9_2",
            "x86_64",
        );
        assert_eq!(
            of_distribution(&rpm, Some(&os("rhel", "9.2"))).unwrap(),
            "pkg:rpm/redhat/openssl-libs@3.0.7-6.el9_2?arch=x86_64&distro=rhel-9.2&epoch=1"
        );
        let mut modular = package(PackageKind::Rpm, "NodeJS", "16.1-1", "x86_64");
        modular.purl = "pkg:rpm/NodeJS@16.1-1?rpmmod=nodejs:16".to_owned();
        assert_eq!(
            of_distribution(&modular, Some(&os("rocky", "8"))).unwrap(),
            "pkg:rpm/rocky/NodeJS@16.1-1?arch=x86_64&distro=rocky-8&rpmmod=nodejs:16"
        );
        let apk = package(PackageKind::Apk, "musl", "1.2.4-r1", "x86_64");
        assert_eq!(
            of_distribution(&apk, Some(&os("alpine", "3.18.4"))).unwrap(),
            "pkg:apk/alpine/musl@1.2.4-r1?arch=x86_64&distro=alpine-3.18.4"
        );
        assert_eq!(
            of_distribution(&apk, None).unwrap(),
            "pkg:apk/musl@1.2.4-r1?arch=x86_64"
        );
        let npm = package(PackageKind::Npm, "x", "1", "");
        assert_eq!(of_distribution(&npm, None), None);
    }
}
