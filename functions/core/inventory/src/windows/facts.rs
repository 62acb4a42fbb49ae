//! What a merged registry means: operating system, updates, programs.

use std::collections::BTreeMap;

use schemas::inventory::{
    CoverageGap, GapReason, ImageFacts, InstallationType, OperatingSystem, OsFamily, Package,
    PackageKind, UpdateState, WindowsOs, WindowsUpdate,
};

use super::{
    WindowsFacts,
    merge::{Merged, MergedKey},
    wanted,
};
use crate::gaps::gap;

/// Build and revision of `10.0.20348.2700`, the form of `os.version` in image configurations. The revision may be absent.
pub fn parse_os_version(text: &str) -> Option<(u32, Option<u32>)> {
    let mut parts = text.trim().split('.');
    let _major: u32 = parts.next()?.parse().ok()?;
    let _minor: u32 = parts.next()?.parse().ok()?;
    let build = parts.next()?.parse().ok()?;
    let revision = match parts.next() {
        Some(revision) => Some(revision.parse().ok()?),
        None => None,
    };
    parts.next().is_none().then_some((build, revision))
}

/// Everything that the registry and the image's configuration say together.
pub(super) fn facts(merged: &Merged, image: Option<&ImageFacts>) -> WindowsFacts {
    let mut gaps = Vec::new();
    let os = operating_system(merged, image, &mut gaps);
    let mut packages = programs(merged, image.is_some());
    packages.extend(net_framework(merged, image.is_some()));
    packages.sort();
    WindowsFacts { os, packages, gaps }
}

fn operating_system(
    merged: &Merged,
    image: Option<&ImageFacts>,
    gaps: &mut Vec<CoverageGap>,
) -> Option<OperatingSystem> {
    let version = merged.key(wanted::CURRENT_VERSION);
    let text = |name: &str| version.and_then(|key| key.value(name)).map(str::to_owned);
    let number = |name: &str| text(name)?.parse::<u32>().ok();
    let servicing = Servicing::of(merged);

    let hive_build = number("CurrentBuild").or_else(|| number("CurrentBuildNumber"));
    let hive_revision = number("UBR").or_else(|| servicing.revision_of(hive_build?));
    let configured = image.and_then(|image| image.os_version.as_deref());
    let (build, ubr) = match (configured.and_then(parse_os_version), hive_build) {
        (Some((build, revision)), None) => (build, revision),
        (Some((build, revision)), Some(hive_build)) if build == hive_build => {
            (build, revision.or(hive_revision))
        }
        (Some((build, revision)), Some(_)) => (build, revision),
        (None, Some(hive_build)) => (hive_build, hive_revision),
        (None, None) => return None,
    };
    let says = |build: u32, revision: Option<u32>| match revision {
        Some(revision) => format!("{build}.{revision}"),
        None => format!("{build} without a revision"),
    };
    if let (Some(configured), Some(hive_build)) = (configured, hive_build) {
        let differs = hive_build != build
            || hive_revision.is_some_and(|revision| ubr.is_some_and(|ubr| ubr != revision));
        if differs {
            gaps.push(gap(
                GapReason::Disagreement,
                format!(
                    "the image's os.version is {configured} and its registry says {}: the verdicts are made from \
                     os.version. Pull the image again, or ask its publisher which is right",
                    says(hive_build, hive_revision)
                ),
            ));
        }
    }
    if let Some(configured) = configured
        && parse_os_version(configured).is_none()
    {
        let shown: String = configured.chars().take(64).collect();
        gaps.push(gap(
            GapReason::UnsupportedFormat,
            format!("the image's os.version `{shown}` is not of the form 10.0.BUILD.REVISION"),
        ));
    }

    let installation_type = text("InstallationType").map(|word| installation_type(&word));
    let product_name = text("ProductName").map(|name| {
        // Windows 11 still calls itself Windows 10 here. Source: its registry, any build from 22000.
        if build >= 22_000 {
            name.replace("Windows 10", "Windows 11")
        } else {
            name
        }
    });
    let windows = WindowsOs {
        build,
        ubr,
        edition: text("EditionID"),
        display_version: text("DisplayVersion").or_else(|| text("ReleaseId")),
        installation_type,
        updates_complete: merged.has_base && servicing.listed,
        updates: servicing.updates,
        product_name: product_name.clone(),
    };
    Some(OperatingSystem {
        family: OsFamily::Windows,
        id: "windows".to_owned(),
        id_like: Vec::new(),
        version_id: Some(match ubr {
            Some(ubr) => format!("10.0.{build}.{ubr}"),
            None => format!("10.0.{build}"),
        }),
        codename: None,
        pretty_name: Some(product_name.unwrap_or_else(|| name_of_build(build, image.is_some()))),
        architecture: image.and_then(|image| image.architecture.clone()),
        windows: Some(windows),
    })
}

/// `InstallationType` in our words.
fn installation_type(word: &str) -> InstallationType {
    match word.to_ascii_lowercase().as_str() {
        "server" => InstallationType::Server,
        "server core" => InstallationType::ServerCore,
        "nano server" => InstallationType::NanoServer,
        "client" => InstallationType::Client,
        _ => InstallationType::Unknown,
    }
}

/// A name for people where no registry gave one. Container images are of servers.
fn name_of_build(build: u32, is_image: bool) -> String {
    let server = match build {
        14_393 => "Windows Server 2016",
        17_763 => "Windows Server 2019",
        20_348 => "Windows Server 2022",
        25_398 => "Windows Server, version 23H2",
        26_100 => "Windows Server 2025",
        _ => return format!("Windows (build {build})"),
    };
    if is_image || !matches!(build, 14_393 | 17_763 | 26_100) {
        server.to_owned()
    } else {
        // Clients share these builds.
        format!("Windows (build {build})")
    }
}

/// The packages of Windows' servicing.
struct Servicing {
    /// Whether the registry listed them.
    listed: bool,
    updates: Vec<WindowsUpdate>,
    /// Build and revision of installed cumulative updates.
    rollups: Vec<(u32, u32)>,
}

impl Servicing {
    fn of(merged: &Merged) -> Self {
        let mut by_kb: BTreeMap<String, UpdateState> = BTreeMap::new();
        let mut rollups = Vec::new();
        for (name, key) in merged.below(wanted::SERVICING) {
            let state = update_state(key.value("CurrentState"));
            if let Some(kb) = kb_of_package(name, key) {
                let entry = by_kb.entry(kb).or_insert(state);
                // An update of several packages is in force when one of them is.
                if rank(state) > rank(*entry) {
                    *entry = state;
                }
            }
            if state == UpdateState::Installed
                && let Some(rollup) = rollup_of(name)
            {
                rollups.push(rollup);
            }
        }
        Self {
            listed: merged.key(wanted::SERVICING).is_some(),
            updates: by_kb
                .into_iter()
                .map(|(kb, state)| WindowsUpdate {
                    kb,
                    state,
                    installed_at: None,
                })
                .collect(),
            rollups,
        }
    }

    /// The revision that the newest installed cumulative update gives this build.
    fn revision_of(&self, build: u32) -> Option<u32> {
        self.rollups
            .iter()
            .filter(|(of, _)| *of == build)
            .map(|(_, revision)| *revision)
            .max()
    }
}

fn rank(state: UpdateState) -> u8 {
    match state {
        UpdateState::Installed => 3,
        UpdateState::Pending => 2,
        UpdateState::Superseded => 1,
        UpdateState::Unknown => 0,
    }
}

/// `CurrentState` of a servicing package, in decimal.
fn update_state(state: Option<&str>) -> UpdateState {
    match state.and_then(|state| state.parse::<u32>().ok()) {
        Some(0x70) => UpdateState::Installed,
        Some(0x40 | 0x50 | 0x60) => UpdateState::Pending,
        Some(_) => UpdateState::Superseded,
        None => UpdateState::Unknown,
    }
}

/// The KB of `Package_for_KB5012170~31bf3856ad364e35~amd64~~10.0.1.2`. Cumulative updates (`Package_for_RollupFix~…`)
/// do not name theirs; where the key kept the path it was installed from, that does.
fn kb_of_package(name: &str, key: &MergedKey) -> Option<String> {
    let part = name.split('~').next().unwrap_or_default();
    kb_in(part).or_else(|| kb_in(key.value("InstallLocation")?))
}

/// The first `KB` followed by six to eight digits.
fn kb_in(text: &str) -> Option<String> {
    let upper = text.to_ascii_uppercase();
    upper.match_indices("KB").find_map(|(at, _)| {
        let digits: String = upper
            .get(at + 2..)?
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        (6..=8)
            .contains(&digits.len())
            .then(|| format!("KB{digits}"))
    })
}

/// Build and revision of `Package_for_RollupFix~31bf3856ad364e35~amd64~~20348.2700.1.5`.
fn rollup_of(name: &str) -> Option<(u32, u32)> {
    let mut parts = name.split('~');
    if !parts.next()?.eq_ignore_ascii_case("Package_for_RollupFix") {
        return None;
    }
    let mut numbers = parts.next_back()?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn programs(merged: &Merged, of_image: bool) -> Vec<Package> {
    let lists = [
        (wanted::UNINSTALL, None),
        (wanted::UNINSTALL_32, Some("x86")),
    ];
    let mut packages = Vec::new();
    for (list, architecture) in lists {
        for (_, key) in merged.below(list) {
            let Some(name) = key.value("DisplayName") else {
                continue;
            };
            // Updates of a program list themselves beside it.
            if key.value("ParentKeyName").is_some() || key.value("ReleaseType").is_some() {
                continue;
            }
            let version = key.value("DisplayVersion").unwrap_or_default();
            let publisher = key.value("Publisher").unwrap_or_default();
            packages.push(Package {
                architecture: architecture.map(str::to_owned),
                ..program(name, version, publisher, key, of_image)
            });
        }
    }
    packages
}

fn program(name: &str, version: &str, publisher: &str, key: &MergedKey, of_image: bool) -> Package {
    Package {
        name: name.to_owned(),
        version: version.to_owned(),
        kind: PackageKind::WindowsProgram,
        purl: purl::build("generic", "", name, version, &[("vendor", publisher)]),
        source_name: None,
        source_version: None,
        architecture: None,
        path: format!(r"HKLM\SOFTWARE\{}", key.path),
        layer: of_image.then(|| key.layer.clone()),
        origin: Default::default(),
        owned_by: None,
    }
}

/// The .NET Framework from its `Release` value, which orders its versions and says nothing of its updates.
/// Source: Microsoft Learn, "Determine which .NET Framework versions are installed".
fn net_framework(merged: &Merged, of_image: bool) -> Option<Package> {
    const RELEASES: &[(u32, &str)] = &[
        (533_320, "4.8.1"),
        (528_040, "4.8"),
        (461_808, "4.7.2"),
        (461_308, "4.7.1"),
        (460_798, "4.7"),
        (394_802, "4.6.2"),
        (394_254, "4.6.1"),
        (393_295, "4.6"),
        (379_893, "4.5.2"),
        (378_675, "4.5.1"),
        (378_389, "4.5"),
    ];
    let key = merged.key(wanted::NET_FRAMEWORK)?;
    let release: u32 = key.value("Release")?.parse().ok()?;
    let (_, version) = RELEASES.iter().find(|(least, _)| release >= *least)?;
    Some(program(
        "Microsoft .NET Framework",
        version,
        "Microsoft Corporation",
        key,
        of_image,
    ))
}
