//! .NET runtimes and SDKs on disk, which any number of versions share: `dotnet/shared/NAME/VERSION/` and
//! `dotnet/sdk/VERSION/`. Source: .NET, "Install location" and "Runtime store" design notes; the folder's name is the
//! version.

use schemas::inventory::{Evidence, Package, PackageKind};

use super::{Analysis, Analyzer, AnalyzerError};
use crate::content::Content;

/// Frameworks by the folder below `shared/`, each of which holds a file of its name with `.deps.json`.
const FRAMEWORKS: &[&str] = &[
    "Microsoft.NETCore.App",
    "Microsoft.AspNetCore.App",
    "Microsoft.WindowsDesktop.App",
];
const SDK: &str = "Microsoft.NET.Sdk";

/// Recognises runtimes and SDKs by one file of each.
pub(crate) struct Dotnet;

/// Name and version that a path stands for.
fn named(path: &str) -> Option<(&'static str, &str)> {
    let mut parts = path.rsplit('/');
    let (file, version, folder) = (parts.next()?, parts.next()?, parts.next()?);
    if !version.contains('.') || !version.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if file.eq_ignore_ascii_case(".version") && folder.eq_ignore_ascii_case("sdk") {
        return Some((SDK, version));
    }
    let stem = file.len().checked_sub(".deps.json".len())?;
    let (stem, ending) = file.split_at_checked(stem)?;
    if !ending.eq_ignore_ascii_case(".deps.json") || !parts.next()?.eq_ignore_ascii_case("shared") {
        return None;
    }
    let name = FRAMEWORKS
        .iter()
        .find(|name| name.eq_ignore_ascii_case(folder) && name.eq_ignore_ascii_case(stem))?;
    Some((name, version))
}

impl Analyzer for Dotnet {
    fn name(&self) -> &'static str {
        "dotnet"
    }

    fn wants(&self, path: &str) -> bool {
        named(path).is_some()
    }

    fn analyze(&self, path: &str, _: &mut Content) -> Result<Analysis, AnalyzerError> {
        let packages = named(path).map(|(name, version)| Package {
            purl: purl::generic("microsoft", name, version),
            name: name.to_owned(),
            version: version.to_owned(),
            kind: PackageKind::Dotnet,
            path: path.to_owned(),
            ..Package::default()
        });
        Ok(Analysis {
            evidence: vec![Evidence::Packages {
                path: path.to_owned(),
                analyzer: self.name().to_owned(),
                packages: packages.into_iter().collect(),
            }],
            gaps: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyzers;

    #[test]
    fn runtimes_and_sdks_are_known_by_their_folder() {
        let shared =
            "usr/share/dotnet/shared/Microsoft.NETCore.App/8.0.11/Microsoft.NETCore.App.deps.json";
        for (path, name, version) in [
            (shared, "Microsoft.NETCore.App", "8.0.11"),
            (
                "program files/dotnet/Shared/microsoft.windowsdesktop.app/9.0.0-rc.2.24474.4/Microsoft.WindowsDesktop.App.deps.json",
                "Microsoft.WindowsDesktop.App",
                "9.0.0-rc.2.24474.4",
            ),
            ("usr/lib/dotnet/sdk/8.0.101/.version", SDK, "8.0.101"),
        ] {
            let analyzer = analyzers::for_path(path, false).unwrap();
            assert_eq!(analyzer.name(), "dotnet", "{path}");
            let analysis = analyzer.analyze(path, &mut Content::empty()).unwrap();
            let [Evidence::Packages { packages, .. }] = &analysis.evidence[..] else {
                panic!("one list is wanted");
            };
            assert_eq!(
                (packages[0].name.as_str(), packages[0].version.as_str()),
                (name, version)
            );
            assert_eq!(packages[0].kind, PackageKind::Dotnet);
        }
        for path in [
            "app/shared/Microsoft.NETCore.App/latest/Microsoft.NETCore.App.deps.json",
            "app/Microsoft.NETCore.App.deps.json",
            "app/shared/Other/8.0.1/Other.deps.json",
            "sdk/readme/.version",
            ".deps.json",
        ] {
            assert!(!Dotnet.wants(path), "{path}");
        }
    }
}
