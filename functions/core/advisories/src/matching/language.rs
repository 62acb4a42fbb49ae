//! Packages of languages: which shard and which name. Those that a distribution's package brought are judged by the
//! distribution's advisories alone, which know its patches, and are not told twice; but where the distribution's
//! advisories do not speak of that package, by their own.

use std::collections::BTreeMap;

use schemas::{
    Timestamp,
    inventory::{CoverageGap, GapReason, Inventory, PackageKind, PackageOrigin},
};

use super::{LeftOut, MatchOptions, dotnet, lookup::Wanted, owned::Speaks};
use crate::{
    feeds::normal_name,
    shards::{ShardError, ShardSet},
};

/// Adds the languages' packages to what is to be looked up.
pub(super) fn want<'a>(
    inventory: &'a Inventory,
    at: Timestamp,
    options: &MatchOptions,
    speaks: &Speaks<'_>,
    wanted: &mut Wanted<'a>,
    gaps: &mut Vec<CoverageGap>,
) -> LeftOut {
    let mut left_out = LeftOut::default();
    let (mut conda, mut programs) = (0_usize, 0_usize);
    for package in &inventory.packages {
        let ecosystem = match package.kind {
            PackageKind::Npm => "npm",
            PackageKind::Pypi => "pypi",
            PackageKind::Nuget => "nuget",
            PackageKind::Maven => "maven",
            PackageKind::Golang => "go",
            PackageKind::Cargo => "crates.io",
            PackageKind::Gem => "rubygems",
            PackageKind::Composer => "packagist",
            PackageKind::Pub => "pub",
            PackageKind::Hex => "hex",
            PackageKind::Swift => "swifturl",
            PackageKind::Conan => "conan",
            PackageKind::Cocoapods => "cocoapods",
            PackageKind::Julia => "julia",
            PackageKind::Conda => {
                conda += 1;
                continue;
            }
            PackageKind::Dotnet if dotnet::is_part(&package.name) => "dotnet",
            // Node.js is a program on Windows, and has advisories of its own.
            PackageKind::WindowsProgram | PackageKind::WindowsFile if package.name == "Node.js" => {
                "nodejs"
            }
            PackageKind::WindowsProgram if !is_judged_by_its_files(&package.name) => {
                programs += 1;
                continue;
            }
            _ => continue,
        };
        let owner = package.owned_by.as_deref();
        if owner.is_some_and(|owner| speaks.of(owner)) {
            left_out.owned += 1;
        } else if package.origin == PackageOrigin::Development && !options.include_development {
            left_out.development += 1;
        } else {
            if ecosystem == "dotnet" {
                gaps.extend(dotnet::out_of_support(package, at));
            }
            let name = match ecosystem {
                "nodejs" => "node".into(),
                ecosystem => normal_name(ecosystem, &package.name),
            };
            wanted.add(ecosystem, name, package, &package.version);
        }
    }
    if conda > 0 {
        gaps.push(CoverageGap {
            reason: GapReason::NoAdvisories,
            detail: format!(
                "nobody publishes advisories by the names and builds of conda, so its {conda} packages were not judged"
            ),
            path: None,
            layer: None,
        });
    }
    if programs > 0 {
        gaps.push(CoverageGap {
            reason: GapReason::NoAdvisories,
            detail: format!(
                "no feed speaks of programs by the names that Windows lists them under, so {programs} installed \
                 programs were listed and not judged"
            ),
            path: None,
            layer: None,
        });
    }
    left_out
}

/// Finds names for Maven's artifacts whose archives do not state their group: the only name in the advisories that has
/// the artifact id. Where several have it nobody can tell which is meant, and that is said.
pub(super) fn find_groups(
    wanted: &mut Wanted<'_>,
    shards: &ShardSet,
    gaps: &mut Vec<CoverageGap>,
) -> Result<(), ShardError> {
    const MAVEN: &str = "maven";
    const MAX_NAMED: usize = 5;
    let Some(names) = wanted.shards.get_mut(MAVEN) else {
        return Ok(());
    };
    let mut with_group: BTreeMap<String, Vec<String>> = names
        .keys()
        .filter(|name| !name.contains(':'))
        .map(|artifact| (artifact.to_string(), Vec::new()))
        .collect();
    if with_group.is_empty() {
        return Ok(());
    }
    // Without the shard nothing is judged, which is said of it as a whole.
    let Some(shard) = shards.shard(MAVEN)? else {
        return Ok(());
    };
    for name in shard.all_names()? {
        let artifact = name.rsplit_once(':').map(|(_, artifact)| artifact);
        if let Some(known) = artifact.and_then(|artifact| with_group.get_mut(artifact)) {
            known.push(name.to_owned());
        }
    }
    let mut unclear = Vec::new();
    for (artifact, known) in with_group {
        match known.as_slice() {
            [] => {}
            [name] => {
                let installed = names.remove(artifact.as_str()).unwrap_or_default();
                let of_name = names.entry(name.clone().into()).or_default();
                of_name.extend(installed);
            }
            _ => unclear.push(artifact),
        }
    }
    if !unclear.is_empty() {
        let more = match unclear.len() > MAX_NAMED {
            true => " and others",
            false => "",
        };
        unclear.truncate(MAX_NAMED);
        gaps.push(CoverageGap {
            reason: GapReason::Unresolved,
            detail: format!(
                "{}{more} state no group id and advisories know several that have these artifacts, so they were not \
                 judged",
                unclear.join(", ")
            ),
            path: None,
            layer: None,
        });
    }
    Ok(())
}

/// Whether Windows lists a program whose files are judged, under their own names: .NET and the .NET Framework.
fn is_judged_by_its_files(program: &str) -> bool {
    [
        "Microsoft .NET Runtime",
        "Microsoft .NET SDK",
        "Microsoft .NET Framework",
        "Microsoft ASP.NET Core",
        "Microsoft Windows Desktop Runtime",
    ]
    .iter()
    .any(|start| program.starts_with(start))
}
