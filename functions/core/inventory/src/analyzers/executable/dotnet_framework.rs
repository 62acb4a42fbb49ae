//! The .NET Framework by the file versions of its components: the registry's `Release` tells its version and nothing of
//! its updates. An update brings files of its own build, so that the highest file version is the newest update.
//! Source: Microsoft, ".NET Framework servicing" and the file lists of its updates.

use schemas::inventory::{Package, PackageKind};

use super::{binary::Binary, version_resource};
use crate::{
    analyzers::AnalyzerError,
    path::{ends_with_ignore_case, split},
};

/// The name under which components are listed.
pub(crate) const NAME: &str = ".NET Framework";

/// Folders of the Framework's own files: its runtime, and Windows Presentation Foundation.
const FOLDERS: &[(&str, &str)] = &[
    ("Windows/Microsoft.NET/Framework64/v4.0.30319", "amd64"),
    ("Windows/Microsoft.NET/Framework64/v4.0.30319/WPF", "amd64"),
    ("Windows/Microsoft.NET/FrameworkArm64/v4.0.30319", "arm64"),
    ("Windows/Microsoft.NET/Framework/v4.0.30319", "x86"),
    ("Windows/Microsoft.NET/Framework/v4.0.30319/WPF", "x86"),
];

fn architecture(path: &str) -> Option<&'static str> {
    let folder = split(path).0;
    FOLDERS
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(folder))
        .map(|(_, architecture)| *architecture)
}

/// Whether the file is one of the Framework's.
pub(super) fn is_component(path: &str) -> bool {
    ends_with_ignore_case(path, ".dll") && architecture(path).is_some()
}

/// The Framework as this component dates it.
pub(super) fn package(
    binary: &mut Binary<'_>,
    path: &str,
) -> Result<Option<Package>, AnalyzerError> {
    let Some(resource) = version_resource::read(binary)? else {
        return Ok(None);
    };
    // Parts of Windows lie in the same folder and have its version (10.0.…).
    if !resource.product_name.contains(NAME) || !resource.file_version.starts_with("4.") {
        return Ok(None);
    }
    Ok(Some(Package {
        purl: purl::generic("microsoft", NAME, &resource.file_version),
        name: NAME.to_owned(),
        version: resource.file_version,
        kind: PackageKind::Dotnet,
        architecture: architecture(path).map(str::to_owned),
        path: path.to_owned(),
        ..Package::default()
    }))
}
