//! Files that say which packages or which system are present: one target for each form, named by a path at which it lies.

use inventory::analyzers::understand;
use schemas::inventory::Evidence;

use crate::Target;

/// Targets and the path that their input is taken to have.
pub(crate) const PATHS: &[(&str, &str)] = &[
    ("os-release", "etc/os-release"),
    ("redhat-release", "etc/redhat-release"),
    ("debian-version", "etc/debian_version"),
    ("dpkg-status", "var/lib/dpkg/status"),
    ("dpkg-list", "var/lib/dpkg/info/bash.list"),
    ("dpkg-md5sums", "var/lib/dpkg/status.d/base.md5sums"),
    ("apk-installed", "lib/apk/db/installed"),
    ("rpm-sqlite", "var/lib/rpm/rpmdb.sqlite"),
    ("rpm-berkeley", "var/lib/rpm/Packages"),
    ("rpm-ndb", "usr/lib/sysimage/rpm/Packages.db"),
    ("npm-package", "app/node_modules/a/package.json"),
    (
        "python-metadata",
        "usr/lib/python3/dist-packages/a-1.dist-info/METADATA",
    ),
    ("nuget-deps", "app/a.deps.json"),
    ("dotnet-runtime", "usr/lib/dotnet/sdk/8.0.101/.version"),
    (
        "gemspec",
        "usr/lib/ruby/gems/3.1.0/specifications/a-1.gemspec",
    ),
    ("composer-installed", "app/vendor/composer/installed.json"),
    ("conda-meta", "opt/conda/conda-meta/a-1-0.json"),
    ("windows-hive", "Windows/System32/config/SOFTWARE"),
    ("windows-hive-delta", "Hives/Software_Delta"),
    ("java-archive", "app/a.jar"),
    ("executable", "usr/bin/app"),
    ("executable-windows", "app/a.exe"),
    (
        "dotnet-framework",
        "Windows/Microsoft.NET/Framework64/v4.0.30319/clr.dll",
    ),
    ("lock-package-lock", "package-lock.json"),
    ("lock-yarn", "yarn.lock"),
    ("lock-pnpm", "pnpm-lock.yaml"),
    ("lock-bun", "bun.lock"),
    ("lock-poetry", "poetry.lock"),
    ("lock-uv", "uv.lock"),
    ("lock-pdm", "pdm.lock"),
    ("lock-pylock", "pylock.toml"),
    ("lock-pipfile", "Pipfile.lock"),
    ("lock-requirements", "requirements.txt"),
    ("lock-nuget", "packages.lock.json"),
    ("lock-packages-config", "packages.config"),
    ("lock-central-versions", "Directory.Packages.props"),
    ("lock-gradle", "gradle.lockfile"),
    ("lock-sbt", "build.sbt.lock"),
    ("lock-pom", "pom.xml"),
    ("lock-go-mod", "go.mod"),
    ("lock-go-sum", "go.sum"),
    ("lock-cargo", "Cargo.lock"),
    ("lock-gemfile", "Gemfile.lock"),
    ("lock-composer", "composer.lock"),
    ("lock-conan", "conan.lock"),
    ("lock-pubspec", "pubspec.lock"),
    ("lock-mix", "mix.lock"),
    ("lock-swift", "Package.resolved"),
    ("lock-cocoapods", "Podfile.lock"),
    ("lock-conda", "environment.yml"),
    ("lock-julia", "Manifest.toml"),
];

pub(crate) fn targets() -> Vec<Target> {
    PATHS
        .iter()
        .map(|(name, path)| {
            Target::new(*name, |bytes| {
                matches!(understand(path, bytes), Some(Ok(analysis)) if analysis.evidence.iter().any(says))
            })
        })
        .collect()
}

/// Whether something was found in the file.
fn says(evidence: &Evidence) -> bool {
    match evidence {
        Evidence::Packages { packages, .. } => !packages.is_empty(),
        Evidence::OwnedFiles { owners, .. } => !owners.is_empty(),
        Evidence::Hive { keys, .. } => !keys.is_empty(),
        Evidence::Os { .. } => true,
        Evidence::Unknown => false,
    }
}
