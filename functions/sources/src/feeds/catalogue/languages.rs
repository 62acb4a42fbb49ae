//! Feeds of language ecosystems.

use super::{FeedSpec, Layout, MIB, at};

/// Feeds of language ecosystems. OSV: google.github.io/osv.dev/data, "Data dumps"; one archive per ecosystem.
pub(super) static FEEDS: &[FeedSpec] = &[
    FeedSpec {
        name: "osv-go",
        publisher: "OSV",
        reader: "osv",
        layout: Layout::Fixed(&[at(
            "osv-go.zip",
            "https://osv-vulnerabilities.storage.googleapis.com/Go/all.zip",
        )]),
        max_bytes: 1024 * MIB,
        every_hours: 6,
        by_default: true,
    },
    FeedSpec {
        name: "osv-pypi",
        publisher: "OSV",
        reader: "osv",
        layout: Layout::Fixed(&[at(
            "osv-pypi.zip",
            "https://osv-vulnerabilities.storage.googleapis.com/PyPI/all.zip",
        )]),
        max_bytes: 1024 * MIB,
        every_hours: 6,
        by_default: true,
    },
    FeedSpec {
        name: "osv-crates-io",
        publisher: "OSV",
        reader: "osv",
        layout: Layout::Fixed(&[at(
            "osv-crates-io.zip",
            "https://osv-vulnerabilities.storage.googleapis.com/crates.io/all.zip",
        )]),
        max_bytes: 1024 * MIB,
        every_hours: 6,
        by_default: true,
    },
    FeedSpec {
        name: "osv-npm",
        publisher: "OSV",
        reader: "osv",
        layout: Layout::Fixed(&[at(
            "osv-npm.zip",
            "https://osv-vulnerabilities.storage.googleapis.com/npm/all.zip",
        )]),
        max_bytes: 1024 * MIB,
        every_hours: 6,
        by_default: true,
    },
    FeedSpec {
        name: "osv-maven",
        publisher: "OSV",
        reader: "osv",
        layout: Layout::Fixed(&[at(
            "osv-maven.zip",
            "https://osv-vulnerabilities.storage.googleapis.com/Maven/all.zip",
        )]),
        max_bytes: 1024 * MIB,
        every_hours: 6,
        by_default: true,
    },
    FeedSpec {
        name: "osv-nuget",
        publisher: "OSV",
        reader: "osv",
        layout: Layout::Fixed(&[at(
            "osv-nuget.zip",
            "https://osv-vulnerabilities.storage.googleapis.com/NuGet/all.zip",
        )]),
        max_bytes: 1024 * MIB,
        every_hours: 6,
        by_default: true,
    },
    FeedSpec {
        name: "osv-rubygems",
        publisher: "OSV",
        reader: "osv",
        layout: Layout::Fixed(&[at(
            "osv-rubygems.zip",
            "https://osv-vulnerabilities.storage.googleapis.com/RubyGems/all.zip",
        )]),
        max_bytes: 1024 * MIB,
        every_hours: 6,
        by_default: true,
    },
    FeedSpec {
        name: "osv-packagist",
        publisher: "OSV",
        reader: "osv",
        layout: Layout::Fixed(&[at(
            "osv-packagist.zip",
            "https://osv-vulnerabilities.storage.googleapis.com/Packagist/all.zip",
        )]),
        max_bytes: 1024 * MIB,
        every_hours: 6,
        by_default: true,
    },
    // Microsoft: github.com/dotnet/core, release-notes/releases-index.json.
    FeedSpec {
        name: "dotnet-releases",
        publisher: "Microsoft",
        reader: "dotnet-releases",
        layout: Layout::DotnetChannels(
            "https://builds.dotnet.microsoft.com/dotnet/release-metadata/releases-index.json",
        ),
        max_bytes: 32 * MIB,
        every_hours: 24,
        by_default: true,
    },
];
