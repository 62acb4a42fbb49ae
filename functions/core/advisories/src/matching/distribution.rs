//! Packages of Linux distributions: which shard and which name, by the distribution's own rules.

use std::borrow::Cow;

use schemas::{
    Timestamp,
    inventory::{
        CoverageGap, GapReason, Inventory, OperatingSystem, OsFamily, Package, PackageKind,
    },
};

use super::{lifecycle, lookup::Wanted, subscription};
use crate::feeds::{alpine_release, debian_release};

/// How a distribution's advisories name packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Names {
    /// By the source package, with its version: Debian and its kin, Alpine and its kin.
    Source,
    /// By the binary package.
    Binary,
    /// By either.
    Both,
}

/// A distribution whose advisories can be read.
struct Distribution {
    /// `ID` of os-release.
    id: &'static str,
    /// Name of its ecosystem.
    ecosystem: &'static str,
    kind: PackageKind,
    names: Names,
    release: fn(&OperatingSystem) -> Option<Cow<'_, str>>,
}

static DISTRIBUTIONS: &[Distribution] = {
    const fn entry(
        id: &'static str,
        ecosystem: &'static str,
        kind: PackageKind,
        names: Names,
        release: fn(&OperatingSystem) -> Option<Cow<'_, str>>,
    ) -> Distribution {
        Distribution {
            id,
            ecosystem,
            kind,
            names,
            release,
        }
    }
    use PackageKind::{Apk, Deb, Rpm};
    &[
        entry("debian", "debian", Deb, Names::Source, debian),
        entry("ubuntu", "ubuntu", Deb, Names::Source, whole),
        entry("alpine", "alpine", Apk, Names::Source, alpine),
        entry("wolfi", "wolfi", Apk, Names::Source, rolling),
        entry("chainguard", "chainguard", Apk, Names::Source, rolling),
        entry("almalinux", "almalinux", Rpm, Names::Binary, major),
        entry("rocky", "rocky", Rpm, Names::Both, major),
        entry("rhel", "redhat", Rpm, Names::Both, major),
        entry("centos", "redhat", Rpm, Names::Both, major),
        entry("ol", "oracle", Rpm, Names::Binary, major),
        entry("amzn", "amazon", Rpm, Names::Binary, amazon),
        entry("sles", "sles", Rpm, Names::Binary, whole),
        entry("sled", "sles", Rpm, Names::Binary, whole),
        entry("sles_sap", "sles", Rpm, Names::Binary, whole),
        entry("sle_hpc", "sles", Rpm, Names::Binary, whole),
        entry("sle-micro", "sle-micro", Rpm, Names::Binary, whole),
        entry("sle-micro-rancher", "sle-micro", Rpm, Names::Binary, whole),
        entry("suse-microos", "sle-micro", Rpm, Names::Binary, whole),
        entry("sl-micro", "sle-micro", Rpm, Names::Binary, whole),
        entry("opensuse-leap", "opensuse-leap", Rpm, Names::Binary, whole),
        entry(
            "opensuse-leap-micro",
            "opensuse-leap-micro",
            Rpm,
            Names::Binary,
            whole,
        ),
        entry(
            "opensuse-tumbleweed",
            "opensuse-tumbleweed",
            Rpm,
            Names::Binary,
            rolling,
        ),
        entry("azurelinux", "azurelinux", Rpm, Names::Source, azure),
        entry("mariner", "azurelinux", Rpm, Names::Source, azure),
        entry("photon", "photon", Rpm, Names::Both, photon),
        entry("openeuler", "openeuler", Rpm, Names::Both, openeuler),
        entry("mageia", "mageia", Rpm, Names::Both, whole),
    ]
};

fn whole(os: &OperatingSystem) -> Option<Cow<'_, str>> {
    os.version_id.as_deref().map(Cow::Borrowed)
}

fn major(os: &OperatingSystem) -> Option<Cow<'_, str>> {
    let version = os.version_id.as_deref()?;
    version.split('.').next().map(Cow::Borrowed)
}

fn debian(os: &OperatingSystem) -> Option<Cow<'_, str>> {
    let named = os.version_id.as_deref().or(os.codename.as_deref())?;
    Some(Cow::Borrowed(debian_release(named)))
}

fn alpine(os: &OperatingSystem) -> Option<Cow<'_, str>> {
    let version = os.version_id.as_deref()?;
    // `3.19_alpha20230901` is the development branch.
    Some(match version.contains("_alpha") {
        true => Cow::Borrowed("edge"),
        false => alpine_release(version),
    })
}

/// Amazon Linux 1 is numbered by date (`2018.03`), the others as advisories name them.
fn amazon(os: &OperatingSystem) -> Option<Cow<'_, str>> {
    let version = os.version_id.as_deref()?.split(' ').next()?;
    Some(Cow::Borrowed(match version.split_once('.') {
        Some((year, _)) if year.len() == 4 && !matches!(year, "2022" | "2023") => "1",
        Some((release, _)) => release,
        None => version,
    }))
}

/// `2.0` of `2.0.20240123`.
fn azure(os: &OperatingSystem) -> Option<Cow<'_, str>> {
    let version = os.version_id.as_deref()?;
    let mut parts = version.split('.');
    let (major, minor) = (parts.next()?, parts.next().unwrap_or("0"));
    Some(Cow::Owned(format!("{major}.{minor}")))
}

/// `5.0` of `5.0` or `5`.
fn photon(os: &OperatingSystem) -> Option<Cow<'_, str>> {
    azure(os)
}

/// `22.03-LTS-SP4`, as advisories name it. `VERSION_ID` is `22.03` for every service pack; which one it is stands in
/// `PRETTY_NAME`, such as `openEuler 22.03 (LTS-SP4)`. Releases between those of long support have no such word.
fn openeuler(os: &OperatingSystem) -> Option<Cow<'_, str>> {
    let version = os.version_id.as_deref()?;
    let named = os.pretty_name.as_deref().unwrap_or_default();
    let support = named
        .split_once('(')
        .and_then(|(_, rest)| rest.split_once(')'))
        .map(|(support, _)| support)
        .filter(|support| support.starts_with("LTS"));
    Some(match support {
        Some(support) if !version.contains('-') => Cow::Owned(format!("{version}-{support}")),
        _ => Cow::Borrowed(version),
    })
}

fn rolling(_: &OperatingSystem) -> Option<Cow<'_, str>> {
    Some(Cow::Borrowed(""))
}

/// Whether a package is one of a Linux distribution.
fn is_system(package: &Package) -> bool {
    use PackageKind::{Apk, Deb, Rpm};
    matches!(package.kind, Deb | Apk | Rpm)
}

/// Adds the distribution's packages to what is to be looked up, or says why they cannot be judged.
pub(super) fn want<'a>(
    inventory: &'a Inventory,
    at: Timestamp,
    wanted: &mut Wanted<'a>,
    gaps: &mut Vec<CoverageGap>,
) {
    let system = inventory
        .packages
        .iter()
        .filter(|package| is_system(package));
    let count = system.clone().count();
    let Some(os) = &inventory.os else {
        if count > 0 {
            let detail = format!(
                "{count} packages of a system were found and no file that names it, so they were not judged"
            );
            gaps.push(gap(GapReason::UnknownOs, detail));
        }
        return;
    };
    if os.family == OsFamily::Windows {
        gaps.extend(of_another_system("Windows", count));
        return;
    }
    let known = DISTRIBUTIONS.iter().find(|known| known.id == os.id);
    let Some(distribution) = known else {
        let name = os.pretty_name.as_deref().unwrap_or(&os.id);
        let detail = format!(
            "no advisories of {name} can be read by this version, so its {count} packages were not judged"
        );
        gaps.push(gap(GapReason::UnsupportedOs, detail));
        return;
    };
    let Some(release) = (distribution.release)(os) else {
        let detail = format!(
            "{} does not say its release, so its packages were not judged",
            os.id
        );
        gaps.push(gap(GapReason::UnknownOs, detail));
        return;
    };
    wanted.subscribed = subscription::shown_by(inventory);
    let ended = lifecycle::ended(os, distribution.ecosystem, &release, wanted.subscribed, at);
    if let Some(detail) = ended {
        gaps.push(gap(GapReason::EndOfLife, detail));
    }
    let key = match &*release {
        "" => distribution.ecosystem.to_owned(),
        release => format!("{}:{release}", distribution.ecosystem),
    };
    let others = system
        .clone()
        .filter(|package| package.kind != distribution.kind);
    gaps.extend(of_another_system(&os.id, others.count()));
    for package in system.filter(|package| package.kind == distribution.kind) {
        let (name, version) = (package.name.as_str(), package.version.as_str());
        let source = package.source_name.as_deref().unwrap_or(name);
        let source_version = package.source_version.as_deref().unwrap_or(version);
        match distribution.names {
            Names::Source => match signed_kernel(distribution.ecosystem, source) {
                Some(kernel) => wanted.add(&key, kernel, package, version),
                None => wanted.add(&key, source.into(), package, source_version),
            },
            Names::Binary => wanted.add(&key, name.into(), package, version),
            Names::Both => wanted.add_both(&key, package, source, source_version),
        }
    }
    // A release without any package is asked for as well, so that a missing shard is told.
    wanted.shards.entry(key).or_default();
}

/// The kernel that a source of signed kernels is built from: advisories speak of that one, and the packages bear its
/// version. `linux-signed-amd64` of Debian is `linux`, `linux-signed-hwe-5.15` of Ubuntu `linux-hwe-5.15`.
fn signed_kernel<'a>(ecosystem: &str, source: &'a str) -> Option<Cow<'a, str>> {
    let rest = source.strip_prefix("linux-signed")?;
    match ecosystem {
        "debian" if rest.starts_with('-') => Some("linux".into()),
        "ubuntu" => Some(format!("linux{rest}").into()),
        _ => None,
    }
}

/// What to tell of packages of a system that are of another kind than those of the one that was found: of which system
/// they are nobody says, so no advisories can be chosen for them.
fn of_another_system(found: &str, count: usize) -> Option<CoverageGap> {
    (count > 0).then(|| {
        let detail = format!(
            "{count} packages are of another kind of system than {found}, which was found, so they were not judged: \
             scan the system that they are of by itself"
        );
        gap(GapReason::UnsupportedOs, detail)
    })
}

fn gap(reason: GapReason, detail: String) -> CoverageGap {
    CoverageGap {
        reason,
        detail,
        path: None,
        layer: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_system_is_named_as_inventories_name_it() {
        for known in DISTRIBUTIONS {
            assert_eq!(known.id, known.id.to_lowercase());
        }
    }
}
