//! The purls of packages by their kind. Source: ECMA-427 (purl) and its type definitions.

use purl::{build, encode};
use schemas::inventory::{OperatingSystem, Package, PackageKind};

/// Kinds whose packages have a type of their own, and that type.
const TYPES: &[(PackageKind, &str)] = &[
    (PackageKind::Deb, "deb"),
    (PackageKind::Apk, "apk"),
    (PackageKind::Rpm, "rpm"),
    (PackageKind::Npm, "npm"),
    (PackageKind::Pypi, "pypi"),
    (PackageKind::Nuget, "nuget"),
    (PackageKind::Maven, "maven"),
    (PackageKind::Golang, "golang"),
    (PackageKind::Cargo, "cargo"),
    (PackageKind::Gem, "gem"),
    (PackageKind::Composer, "composer"),
    (PackageKind::Conan, "conan"),
    (PackageKind::Pub, "pub"),
    (PackageKind::Hex, "hex"),
    (PackageKind::Swift, "swift"),
    (PackageKind::Cocoapods, "cocoapods"),
    (PackageKind::Conda, "conda"),
    (PackageKind::Julia, "julia"),
];

/// The type of a kind's purls.
pub(crate) fn type_of(kind: PackageKind) -> Option<&'static str> {
    let of = TYPES.iter().find(|(known, _)| *known == kind);
    of.map(|(_, name)| *name)
}

/// The kind whose purls have this type.
pub(crate) fn kind_of(name: &str) -> PackageKind {
    let of = TYPES.iter().find(|(_, known)| *known == name);
    of.map_or(PackageKind::Unknown, |(kind, _)| *kind)
}

/// A package of a language by its kind and its whole name (`group:artifact`, `@scope/name`, `vendor/name`); empty for
/// kinds that are none.
pub(crate) fn of_language(kind: PackageKind, name: &str, version: &str) -> String {
    match kind {
        PackageKind::Npm => purl::npm(name, version),
        PackageKind::Pypi => purl::pypi(name, version),
        PackageKind::Nuget => purl::nuget(name, version),
        PackageKind::Maven => {
            let (group, artifact) = name.split_once(':').unwrap_or(("", name));
            purl::maven(group, artifact, version)
        }
        PackageKind::Golang => purl::golang(name, version),
        PackageKind::Cargo => purl::cargo(name, version),
        PackageKind::Gem => purl::gem(name, version, ""),
        PackageKind::Composer => purl::composer(name, version),
        PackageKind::Conan
        | PackageKind::Pub
        | PackageKind::Hex
        | PackageKind::Conda
        | PackageKind::Julia => build(type_of(kind).unwrap_or_default(), "", name, version, &[]),
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
    let module = purl::qualifier(&package.purl, "rpmmod").unwrap_or_default();
    Some(build(
        kind,
        namespace,
        &package.name,
        version,
        &[
            ("arch", arch),
            ("distro", &distro),
            ("epoch", epoch),
            // The module's label, which a layer's purl carries.
            ("rpmmod", &module),
        ],
    ))
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
