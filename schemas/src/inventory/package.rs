//! Packages: what was installed by something that keeps a record of it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Digest;

/// One installed package.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
pub struct Package {
    /// Name as the package manager knows it.
    pub name: String,
    /// Installed version in the ecosystem's own form (Debian: with epoch and revision; rpm: `[epoch:]version-release`).
    pub version: String,
    /// Which manager or ecosystem it belongs to.
    pub kind: PackageKind,
    /// Package URL. Source: the purl specification and its type definitions.
    pub purl: String,
    /// Name of the source package, where the ecosystem has one: advisories of distributions speak of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_name: Option<String>,
    /// Version of the source package, which may differ from the binary's (binary-only rebuilds, `+b1`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_version: Option<String>,
    /// Architecture as the manager writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
    /// The file or registry key that is the evidence, relative to the place's root, without a leading slash.
    pub path: String,
    /// Diff id of the layer that brought it, in an image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<Digest>,
    /// Whether it is installed, or only named by a lock file.
    #[serde(default, skip_serializing_if = "PackageOrigin::is_installed")]
    pub origin: PackageOrigin,
    /// Name of the distribution's package that owns the file at `path`: it is then judged by the distribution alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owned_by: Option<String>,
}

/// How a package is known.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PackageOrigin {
    /// It is there, or its manager says so.
    #[default]
    Installed,
    /// A lock file names it for what is built or deployed.
    Locked,
    /// A lock file names it for development or tests only.
    Development,
    /// An origin that this version does not know.
    #[serde(other)]
    Unknown,
}

impl PackageOrigin {
    /// Whether this is [`PackageOrigin::Installed`].
    pub fn is_installed(&self) -> bool {
        *self == Self::Installed
    }
}

/// The package managers and ecosystems.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PackageKind {
    /// Debian and its kin, dpkg.
    Deb,
    /// Alpine and its kin, apk.
    Apk,
    /// Red Hat, SUSE and their kin, rpm.
    Rpm,
    /// Node.js packages.
    Npm,
    /// Python distributions.
    Pypi,
    /// .NET packages.
    Nuget,
    /// A program of Windows' list of installed programs.
    WindowsProgram,
    /// Java artifacts, named `group:artifact`.
    Maven,
    /// Go modules, and the standard library as `stdlib`.
    Golang,
    /// Rust crates.
    Cargo,
    /// Ruby gems.
    Gem,
    /// PHP packages, named `vendor/package`.
    Composer,
    /// Microsoft's .NET: runtimes on disk, and the .NET Framework by its components' file versions.
    Dotnet,
    /// A Windows executable or library that says its product and version in its resources.
    WindowsFile,
    /// C and C++ packages of Conan.
    Conan,
    /// Dart and Flutter packages.
    Pub,
    /// Elixir and Erlang packages.
    Hex,
    /// Swift packages, named by their repository without scheme (`github.com/apple/swift-nio`).
    Swift,
    /// CocoaPods.
    Cocoapods,
    /// Conda packages.
    Conda,
    /// Julia packages.
    Julia,
    /// A kind that this version does not know.
    #[default]
    #[serde(other)]
    Unknown,
}
