//! Packages of languages: which shard and which name, and which of them belong to a distribution's package.

use schemas::inventory::{Inventory, OsFamily, Package, PackageKind};

use super::lookup::Wanted;
use crate::feeds::normal_name;

/// Adds the languages' packages to what is to be looked up.
pub(super) fn want<'a>(inventory: &'a Inventory, wanted: &mut Wanted<'a>) {
    for package in &inventory.packages {
        let ecosystem = match package.kind {
            PackageKind::Npm => "npm",
            PackageKind::Pypi => "pypi",
            PackageKind::Nuget => "nuget",
            _ => continue,
        };
        if !owned_by_distribution(inventory, package) {
            let name = normal_name(ecosystem, &package.name);
            wanted.add(ecosystem, name, package, &package.version);
        }
    }
}

/// Whether a package lies where only the distribution's own packages put files. Its vulnerabilities are then told by
/// the distribution's advisories, which know its patches, and must not be told twice.
fn owned_by_distribution(inventory: &Inventory, package: &Package) -> bool {
    let Some(os) = inventory
        .os
        .as_ref()
        .filter(|os| os.family == OsFamily::Linux)
    else {
        return false;
    };
    let path = package.path.trim_start_matches('/');
    let has = |kind: PackageKind| inventory.packages.iter().any(|other| other.kind == kind);
    // `usr/lib/python3.11/site-packages/…` and `usr/lib64/…`
    let site_packages = || {
        path.strip_prefix("usr/lib64/")
            .or_else(|| path.strip_prefix("usr/lib/"))
            .and_then(|rest| rest.strip_prefix("python"))
            .and_then(|rest| rest.split_once('/'))
            .is_some_and(|(_, rest)| rest.starts_with("site-packages/"))
    };
    match (os.id.as_str(), package.kind) {
        ("debian" | "ubuntu", PackageKind::Pypi) => {
            path.starts_with("usr/lib/python3/dist-packages/") && has(PackageKind::Deb)
        }
        ("debian" | "ubuntu", PackageKind::Npm) => {
            path.starts_with("usr/share/nodejs/") && has(PackageKind::Deb)
        }
        // On Alpine pip installs into the same folder, so the package itself must be there.
        ("alpine" | "wolfi" | "chainguard", PackageKind::Pypi) => {
            let owner = format!("py3-{}", normal_name("pypi", &package.name));
            let owns = |other: &Package| other.kind == PackageKind::Apk && other.name == owner;
            site_packages() && inventory.packages.iter().any(owns)
        }
        (_, PackageKind::Pypi) => site_packages() && has(PackageKind::Rpm),
        (_, PackageKind::Npm) => path.starts_with("usr/lib/node_modules/") && has(PackageKind::Rpm),
        _ => false,
    }
}
