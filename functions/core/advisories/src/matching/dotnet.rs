//! Parts of .NET on disk: which of them release notes tell of, and until when.

use schemas::{
    Timestamp,
    inventory::{CoverageGap, GapReason, Package},
};

/// Channels and the last day of their support. Source: `eol-date` of `releases-index.json`,
/// <https://github.com/dotnet/core/tree/main/release-notes>.
static ENDS: &[(&str, &str)] = &[
    ("1.0", "2019-06-27"),
    ("1.1", "2019-06-27"),
    ("2.0", "2018-10-01"),
    ("2.1", "2021-08-21"),
    ("2.2", "2019-12-23"),
    ("3.0", "2020-03-03"),
    ("3.1", "2022-12-13"),
    ("5.0", "2022-05-10"),
    ("6.0", "2024-11-12"),
    ("7.0", "2024-05-14"),
    ("8.0", "2026-11-10"),
    ("9.0", "2026-11-10"),
    ("10.0", "2028-11-14"),
];

/// Whether this is a part of .NET that its release notes tell of. The .NET Framework is judged with Windows, by the
/// files of its components.
pub(super) fn is_part(name: &str) -> bool {
    matches!(
        name,
        "Microsoft.NETCore.App"
            | "Microsoft.AspNetCore.App"
            | "Microsoft.WindowsDesktop.App"
            | "Microsoft.NET.Sdk"
    )
}

/// What to tell of a .NET whose channel is no longer supported: no release notes tell of its vulnerabilities.
pub(super) fn out_of_support(package: &Package, at: Timestamp) -> Option<CoverageGap> {
    let &(channel, end) = ENDS.iter().find(|(channel, _)| {
        package
            .version
            .strip_prefix(channel)
            .is_some_and(|rest| rest.starts_with('.'))
    })?;
    let last: Timestamp = format!("{end}T23:59:59Z").parse().ok()?;
    (at > last).then(|| CoverageGap {
        reason: GapReason::EndOfLife,
        detail: format!(
            "support of .NET {channel} ended on {end}: its later vulnerabilities have no advisories, so finding none \
             says nothing"
        ),
        path: None,
        layer: None,
    })
}
