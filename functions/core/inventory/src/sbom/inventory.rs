//! From what an SBOM lists to an inventory.

use std::collections::BTreeMap;

use purl::Purl;
use schemas::{
    Digest,
    inventory::{
        Coverage, CoverageGap, CoverageStatus, GapReason, INVENTORY_VERSION, InstallationType,
        Inventory, OperatingSystem, OsFamily, Package, PackageKind, PackageOrigin, Target,
        TargetKind, UpdateState, WindowsOs, WindowsUpdate,
    },
};

use super::{ParsedSbom, Raw, RawComponent};
use crate::{
    gaps::{Gaps, gap},
    limits::Limits,
    purls,
};

/// Components without a purl that a gap names.
const NAMED: usize = 5;

pub(super) fn build(raw: Raw, name: &str, limits: &Limits) -> ParsedSbom {
    let mut gaps = Gaps::new(limits.max_gaps);
    let mut packages = Vec::new();
    let mut os = None;
    let mut distros: BTreeMap<String, usize> = BTreeMap::new();
    let mut nameless = Vec::new();
    let mut unknown: BTreeMap<String, usize> = BTreeMap::new();
    for component in &raw.components {
        if component.kind == "operating-system" {
            os = os.or_else(|| operating_system(component));
            continue;
        }
        let parsed = Purl::lenient(&component.purl);
        if let Some(distro) = parsed.as_ref().and_then(distro_of) {
            *distros.entry(distro).or_default() += 1;
        }
        match package(component, parsed.as_ref()) {
            Some(package) => {
                if package.kind == PackageKind::Unknown {
                    let kind = parsed.map_or_else(|| "unknown".to_owned(), |purl| purl.kind);
                    *unknown.entry(kind).or_default() += 1;
                }
                packages.push(package);
            }
            None if is_package(component) => nameless.push(component),
            None => {}
        }
    }
    if raw.dropped > 0 {
        let detail = format!(
            "the SBOM lists more than {} packages; {} were left out",
            limits.max_packages, raw.dropped
        );
        gaps.push(gap(GapReason::LimitExceeded, detail));
    }
    if !nameless.is_empty() {
        gaps.push(without_purl(&nameless));
    }
    for (kind, count) in unknown {
        let detail = format!(
            "packages of type `{}` cannot be judged by this version: {count} in the SBOM",
            kind.chars().take(40).collect::<String>()
        );
        gaps.push(gap(GapReason::UnsupportedFormat, detail));
    }
    let os = match os {
        Some(os) => {
            gaps.extend(of_others(&os, &distros));
            Some(os)
        }
        None => most_named(&distros, &mut gaps),
    };
    let own = own_gaps(&raw);
    if raw.incomplete && own.is_empty() {
        let detail = "the SBOM says of itself that it does not list everything";
        gaps.push(gap(GapReason::ReadError, detail));
    }
    gaps.extend(own);
    if packages.is_empty() && os.is_none() {
        let detail = "the SBOM lists no package that could be judged";
        gaps.push(gap(GapReason::UnknownOs, detail));
    }
    let gaps = gaps.into_vec();
    let inventory = Inventory {
        version: INVENTORY_VERSION,
        target: target(&raw, name),
        os,
        packages,
        image: None,
        host: None,
        coverage: Coverage {
            status: if gaps.is_empty() {
                CoverageStatus::Complete
            } else {
                CoverageStatus::Partial
            },
            gaps,
        },
    };
    ParsedSbom {
        inventory,
        form: raw.form,
        notes: raw.notes,
    }
}

fn target(raw: &Raw, name: &str) -> Target {
    let component = &raw.target;
    let kind = property(&raw.properties, "bulkhead:target:kind").unwrap_or(&component.kind);
    let id = component.version.as_str();
    Target {
        kind: match kind {
            "container" | "image" => TargetKind::Image,
            "device" | "host" => TargetKind::Host,
            _ => TargetKind::Folder,
        },
        name: if component.name.is_empty() {
            name.to_owned()
        } else {
            component.name.clone()
        },
        id: id.parse::<Digest>().is_ok().then(|| id.to_owned()),
    }
}

fn property<'a>(properties: &'a [(String, String)], name: &str) -> Option<&'a str> {
    properties
        .iter()
        .find(|(key, value)| key == name && !value.is_empty())
        .map(|(_, value)| value.as_str())
}

/// Whether a component without a purl is something that could have been judged: files, targets and groups are not, and
/// groups are told by having no version.
fn is_package(component: &RawComponent) -> bool {
    match component.kind.as_str() {
        "library" | "framework" => true,
        "application" | "" => !component.version.is_empty(),
        _ => false,
    }
}

fn without_purl(components: &[&RawComponent]) -> CoverageGap {
    let names: Vec<String> = components
        .iter()
        .take(NAMED)
        .map(|component| {
            let text = format!("{} {}", component.name, component.version);
            text.trim().chars().take(80).collect()
        })
        .collect();
    let more = if components.len() > NAMED {
        ", …"
    } else {
        ""
    };
    let detail = format!(
        "{} of the SBOM's components have no purl, so they cannot be judged: {}{more}",
        components.len(),
        names.join(", ")
    );
    gap(GapReason::UnsupportedFormat, detail)
}

/// Gaps of the scan that the SBOM was made by. Those about what can be judged are found out anew.
fn own_gaps(raw: &Raw) -> Vec<CoverageGap> {
    raw.properties
        .iter()
        .filter(|(name, _)| name == "bulkhead:gap")
        .filter_map(|(_, text)| {
            let (word, detail) = text.split_once(": ")?;
            let reason: GapReason = serde_json::from_value(word.into()).ok()?;
            let anew = matches!(
                reason,
                GapReason::NoAdvisories
                    | GapReason::EndOfLife
                    | GapReason::UnsupportedOs
                    | GapReason::UnknownOs
            );
            // A sentence about the whole has no such word before it.
            let known = reason != GapReason::Unknown || word == "unknown";
            (known && !anew).then(|| gap(reason, detail))
        })
        .collect()
}

/// The package that a component is; `None` without a purl, but for what Bulkhead itself wrote.
fn package(component: &RawComponent, parsed: Option<&Purl>) -> Option<Package> {
    let of = |name: &str| property(&component.properties, name);
    let written = of("bulkhead:kind")
        .and_then(|word| serde_json::from_value::<PackageKind>(word.into()).ok());
    let kind = match (written, parsed) {
        (Some(kind), _) => kind,
        (None, Some(purl)) => purls::kind_of(&purl.kind),
        (None, None) => return None,
    };
    let mut package = Package {
        kind,
        purl: purl::without(&component.purl, "upstream"),
        path: of("bulkhead:path")
            .or_else(|| of("aquasecurity:trivy:FilePath"))
            .or_else(|| of("syft:location:0:path"))
            .unwrap_or_default()
            .trim_start_matches('/')
            .to_owned(),
        layer: of("bulkhead:layer")
            .or_else(|| of("aquasecurity:trivy:LayerDiffID"))
            .or_else(|| of("syft:location:0:layerID"))
            .and_then(|text| text.parse().ok()),
        origin: match of("bulkhead:origin") {
            Some("locked") => PackageOrigin::Locked,
            Some("development") => PackageOrigin::Development,
            _ => PackageOrigin::Installed,
        },
        architecture: of("bulkhead:architecture").map(str::to_owned),
        owned_by: of("bulkhead:owned_by").map(str::to_owned),
        ..Package::default()
    };
    if let (Some(_), false) = (written, component.name.is_empty()) {
        package.name.clone_from(&component.name);
        package.version.clone_from(&component.version);
    } else if let Some(purl) = parsed {
        package.name = name_of(purl, kind);
        package.version = version_of(purl, kind);
        if package.version.is_empty() {
            package.version.clone_from(&component.version);
        }
    }
    if package.architecture.is_none() {
        package.architecture = parsed
            .and_then(|purl| purl.qualifier("arch"))
            .map(str::to_owned);
    }
    let (name, version) = source_of(component, parsed, kind);
    package.source_name = name;
    package.source_version = version;
    Some(package)
}

/// The name as the package's manager knows it.
fn name_of(purl: &Purl, kind: PackageKind) -> String {
    let separator = match kind {
        PackageKind::Maven => ':',
        PackageKind::Npm | PackageKind::Golang | PackageKind::Composer | PackageKind::Swift => '/',
        _ => return purl.name.clone(),
    };
    if purl.namespace.is_empty() {
        purl.name.clone()
    } else {
        format!("{}{separator}{}", purl.namespace, purl.name)
    }
}

/// The version with the epoch that some makers write as a qualifier.
fn version_of(purl: &Purl, kind: PackageKind) -> String {
    let version = purl.version.as_deref().unwrap_or_default();
    let epoch = purl.qualifier("epoch").filter(|epoch| *epoch != "0");
    match (kind, epoch) {
        (PackageKind::Rpm | PackageKind::Deb, Some(epoch)) if !version.contains(':') => {
            format!("{epoch}:{version}")
        }
        _ => version.to_owned(),
    }
}

/// The source package: by our own properties, by trivy's, or by the qualifier `upstream`, in which syft writes
/// `NAME`, `NAME@VERSION`, or the file name of a source rpm.
fn source_of(
    component: &RawComponent,
    parsed: Option<&Purl>,
    kind: PackageKind,
) -> (Option<String>, Option<String>) {
    let of = |name: &str| property(&component.properties, name);
    if of("bulkhead:kind").is_some() {
        let own = |name| of(name).map(str::to_owned);
        return (own("bulkhead:source_name"), own("bulkhead:source_version"));
    }
    if let Some(name) = of("aquasecurity:trivy:SrcName") {
        let version = of("aquasecurity:trivy:SrcVersion").map(|version| {
            let epoch = of("aquasecurity:trivy:SrcEpoch").filter(|epoch| *epoch != "0");
            let epoch = epoch.map_or_else(String::new, |epoch| format!("{epoch}:"));
            let release = of("aquasecurity:trivy:SrcRelease");
            let release = release.map_or_else(String::new, |release| format!("-{release}"));
            format!("{epoch}{version}{release}")
        });
        return (Some(name.to_owned()), version);
    }
    let Some(upstream) = parsed.and_then(|purl| purl.qualifier("upstream")) else {
        return (None, None);
    };
    if kind == PackageKind::Rpm
        && let Some(file) = upstream.strip_suffix(".src.rpm")
    {
        // NAME-VERSION-RELEASE: neither of the last two has a dash.
        let mut parts = file.rsplitn(3, '-');
        let (_, _) = (parts.next(), parts.next());
        return (parts.next().map(str::to_owned), None);
    }
    match upstream.split_once('@') {
        Some((name, version)) => (Some(name.to_owned()), Some(version.to_owned())),
        None => (Some(upstream.to_owned()), None),
    }
}

/// `ID-VERSION` of a distribution's package; without a version only its vendor.
fn distro_of(purl: &Purl) -> Option<String> {
    if !matches!(purl.kind.as_str(), "deb" | "apk" | "rpm") {
        return None;
    }
    match purl.qualifier("distro") {
        Some(distro) => Some(distro.to_owned()),
        None if !purl.namespace.is_empty() => Some(purl.namespace.clone()),
        None => None,
    }
}

/// The distribution that most packages name.
fn most_named(distros: &BTreeMap<String, usize>, gaps: &mut Gaps) -> Option<OperatingSystem> {
    let (distro, _) = distros.iter().max_by_key(|(_, count)| **count)?;
    if distros.len() > 1 {
        let names: Vec<String> = distros
            .keys()
            .take(NAMED)
            .map(|name| name.chars().take(40).collect())
            .collect();
        let detail = format!(
            "the SBOM's packages are of several distributions ({}), and all were judged as those of {distro}",
            names.join(", ")
        );
        gaps.push(gap(GapReason::Disagreement, detail));
    }
    Some(named(distro))
}

/// What to tell of packages that name another distribution than the SBOM's own system.
fn of_others(os: &OperatingSystem, distros: &BTreeMap<String, usize>) -> Option<CoverageGap> {
    let others: Vec<(&String, usize)> = distros
        .iter()
        .filter(|(distro, _)| !is_of(os, &named(distro)))
        .map(|(distro, count)| (distro, *count))
        .collect();
    if others.is_empty() || os.family == OsFamily::Windows {
        return None;
    }
    let names: Vec<String> = others
        .iter()
        .take(NAMED)
        .map(|(name, _)| name.chars().take(40).collect())
        .collect();
    let count: usize = others.iter().map(|(_, count)| count).sum();
    let detail = format!(
        "the SBOM's system is {} {}, and {count} of its packages name another ({}): they were judged as those of {}",
        os.id,
        os.version_id.as_deref().unwrap_or_default(),
        names.join(", "),
        os.id
    );
    Some(gap(GapReason::Disagreement, detail))
}

/// Whether what a purl names is the system or may be: makers differ in how much of a version they write, and in what
/// they call the products of SUSE.
fn is_of(os: &OperatingSystem, named: &OperatingSystem) -> bool {
    let family = |id: &str| -> String {
        match id {
            "wolfi" | "chainguard" => "wolfi".to_owned(),
            _ if ["sl", "suse", "opensuse"]
                .iter()
                .any(|start| id.starts_with(start)) =>
            {
                "suse".to_owned()
            }
            // A code name may follow, such as that of `debian-bookworm`.
            _ => id.split('-').next().unwrap_or(id).to_owned(),
        }
    };
    if family(&os.id) != family(&named.id) {
        return false;
    }
    let numbers = if matches!(os.id.as_str(), "ubuntu" | "alpine") {
        2
    } else {
        1
    };
    let release = |os: &OperatingSystem| -> Option<Vec<String>> {
        let version = os.version_id.as_deref()?.trim_start_matches('v');
        let parts = version.split(['.', ' ', '-', '_']).take(numbers);
        Some(parts.map(str::to_owned).collect())
    };
    match (release(os), release(named)) {
        (Some(a), Some(b)) => a.iter().zip(&b).all(|(a, b)| a == b),
        _ => true,
    }
}

/// The system that a purl names.
fn named(distro: &str) -> OperatingSystem {
    // The version follows the last dash before a digit: `opensuse-leap-15.6`, `debian-12`.
    let (id, version) = match distro.rsplit_once('-') {
        Some((id, version)) if version.starts_with(|c: char| c.is_ascii_digit() || c == 'v') => {
            (id, Some(version))
        }
        _ => (distro, None),
    };
    linux(id, version)
}

/// A system with its `ID` as in os-release, whatever a maker calls it.
fn linux(name: &str, version: Option<&str>) -> OperatingSystem {
    let lower = name.to_lowercase();
    let id = match lower.as_str() {
        "redhat" | "red hat enterprise linux" => "rhel",
        "amazon" | "amazon linux" => "amzn",
        "oracle" | "oracle linux" => "ol",
        "alma" => "almalinux",
        "rockylinux" | "rocky linux" => "rocky",
        "suse" | "suse linux enterprise server" | "sle" => "sles",
        "opensuse.leap" | "opensuse leap" => "opensuse-leap",
        "opensuse.tumbleweed" | "opensuse tumbleweed" => "opensuse-tumbleweed",
        "cbl-mariner" => "mariner",
        "azure" => "azurelinux",
        other => other,
    };
    // Makers that read etc/debian_version write the point release, which no advisory knows.
    let version = version.map(|version| match id {
        "debian" => version.split('.').next().unwrap_or(version).to_owned(),
        _ => version.to_owned(),
    });
    OperatingSystem {
        family: OsFamily::Linux,
        id: id.to_owned(),
        id_like: Vec::new(),
        version_id: version.filter(|version| !version.is_empty()),
        codename: None,
        pretty_name: None,
        architecture: None,
        windows: None,
    }
}

fn operating_system(component: &RawComponent) -> Option<OperatingSystem> {
    if component.name.is_empty() {
        return None;
    }
    let of = |name: &str| property(&component.properties, name);
    let text = |name: &str| of(name).map(str::to_owned);
    let version = Some(component.version.as_str()).filter(|version| !version.is_empty());
    let mut os =
        if component.name.eq_ignore_ascii_case("windows") || of("bulkhead:os:build").is_some() {
            windows(component, version)
        } else {
            linux(&component.name, version)
        };
    os.id_like = component
        .properties
        .iter()
        .filter(|(name, _)| name == "bulkhead:os:id_like")
        .map(|(_, value)| value.clone())
        .collect();
    os.codename = text("bulkhead:os:codename");
    os.architecture = text("bulkhead:os:architecture");
    os.pretty_name = Some(component.description.clone()).filter(|text| !text.is_empty());
    Some(os)
}

fn windows(component: &RawComponent, version: Option<&str>) -> OperatingSystem {
    let of = |name: &str| property(&component.properties, name);
    let text = |name: &str| of(name).map(str::to_owned);
    let mut parts = version.unwrap_or_default().split('.').skip(2);
    let mut number = |name: &str| {
        let part = parts.next();
        of(name).or(part).and_then(|text| text.parse::<u32>().ok())
    };
    let (build, ubr) = (number("bulkhead:os:build"), number("bulkhead:os:ubr"));
    let updates = component
        .properties
        .iter()
        .filter_map(|(name, kb)| {
            let state = match name.strip_prefix("bulkhead:os:update:")? {
                "installed" => UpdateState::Installed,
                "pending" => UpdateState::Pending,
                "superseded" => UpdateState::Superseded,
                _ => UpdateState::Unknown,
            };
            Some(WindowsUpdate {
                kb: kb.clone(),
                state,
                installed_at: None,
            })
        })
        .collect();
    OperatingSystem {
        family: OsFamily::Windows,
        id: "windows".to_owned(),
        id_like: Vec::new(),
        version_id: version.map(str::to_owned),
        codename: None,
        pretty_name: None,
        architecture: None,
        windows: build.map(|build| WindowsOs {
            product_name: text("bulkhead:os:product_name"),
            build,
            ubr,
            edition: text("bulkhead:os:edition"),
            display_version: text("bulkhead:os:display_version"),
            installation_type: of("bulkhead:os:installation_type")
                .and_then(|word| serde_json::from_value::<InstallationType>(word.into()).ok()),
            updates_complete: of("bulkhead:os:updates_complete") == Some("true"),
            updates,
        }),
    }
}
