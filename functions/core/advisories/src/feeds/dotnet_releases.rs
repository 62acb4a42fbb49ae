//! .NET's own release notes: for each channel its releases, with the vulnerabilities that each of them fixed.
//!
//! Source: <https://github.com/dotnet/core/tree/main/release-notes>, `releases.json` and its schema. A list of
//! vulnerabilities is of a whole release and does not tell which part of it was affected, so it counts for every part:
//! each older version of the channel's runtime, ASP.NET Core, desktop runtime and SDK is affected. SDKs are released
//! in bands (`8.0.1xx`, `8.0.4xx`), each with a fix of its own; a band without one is fixed by the next.

use schemas::advisory::AdvisoryStatus;
use serde::Deserialize;

use super::{Document, Feed, FeedError, Sink, is_cve, json_error, moment, shape};
use crate::row::{EcosystemRef, EventsRef, Row};

/// The feed's name.
pub(super) const NAME: &str = "dotnet-releases";

/// .NET's release notes.
pub(super) struct DotnetReleases;

#[derive(Deserialize)]
struct Channel {
    #[serde(rename = "channel-version")]
    channel: String,
    #[serde(rename = "latest-release-date", default)]
    latest: Option<String>,
    releases: Vec<Release>,
}

#[derive(Deserialize)]
struct Release {
    #[serde(rename = "release-date", default)]
    date: Option<String>,
    #[serde(rename = "cve-list", default)]
    cves: Option<Vec<Cve>>,
    #[serde(rename = "release-notes", default)]
    notes: Option<String>,
    #[serde(default)]
    runtime: Option<Part>,
    #[serde(rename = "aspnetcore-runtime", default)]
    aspnetcore: Option<Part>,
    #[serde(default)]
    windowsdesktop: Option<Part>,
    #[serde(default)]
    sdk: Option<Part>,
    #[serde(default)]
    sdks: Option<Vec<Part>>,
}

#[derive(Deserialize)]
struct Cve {
    #[serde(rename = "cve-id")]
    id: String,
}

#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    version: Option<String>,
}

impl Feed for DotnetReleases {
    fn name(&self) -> &'static str {
        NAME
    }

    fn recognises(&self, document: &Document<'_>) -> bool {
        shape::shape(document.bytes).is_some_and(|shape| {
            !shape.list && shape.has("channel-version") && shape.has("latest-release")
        })
    }

    fn parse(&self, document: &Document<'_>, sink: &mut dyn Sink) -> Result<(), FeedError> {
        let bytes = shape::trimmed(document.bytes);
        let channel: Channel = serde_json::from_slice(bytes).map_err(|e| json_error(&e))?;
        if channel.releases.is_empty() {
            return Err(FeedError::Empty);
        }
        sink.title(&format!(".NET {}", channel.channel));
        if let Some(latest) = channel.latest.as_deref().and_then(moment) {
            sink.as_of(latest);
        }
        let start = format!("{}.0-0", channel.channel);
        for release in &channel.releases {
            rows(release, &start, sink);
        }
        Ok(())
    }
}

fn version(part: Option<&Part>) -> Option<&str> {
    part?
        .version
        .as_deref()
        .filter(|version| !version.is_empty())
}

fn rows(release: &Release, start: &str, sink: &mut dyn Sink) {
    let Some(cves) = release.cves.as_ref().filter(|cves| !cves.is_empty()) else {
        return;
    };
    let date = release.date.as_deref().and_then(moment);
    let parts = [
        ("Microsoft.NETCore.App", &release.runtime),
        ("Microsoft.AspNetCore.App", &release.aspnetcore),
        ("Microsoft.WindowsDesktop.App", &release.windowsdesktop),
    ];
    let mut affected: Vec<(&str, Vec<EventsRef<'_>>)> = Vec::new();
    for (name, part) in parts {
        if let Some(fixed) = version(part.as_ref()) {
            let run = EventsRef {
                introduced: start,
                fixed: Some(fixed),
                last_affected: None,
            };
            affected.push((name, vec![run]));
        }
    }
    let all = release.sdks.iter().flatten().chain(&release.sdk);
    let mut sdks: Vec<(u32, &str)> = all
        .filter_map(|part| version(Some(part)))
        .filter_map(|version| Some((band(version)?, version)))
        .collect();
    sdks.sort_unstable();
    sdks.dedup_by_key(|(band, _)| *band);
    let starts: Vec<String> = sdks
        .iter()
        .map(|(band, version)| {
            let line: Vec<&str> = version.splitn(3, '.').take(2).collect();
            // The band above this one.
            format!(
                "{}.{}-0",
                line.join("."),
                band.saturating_add(1).saturating_mul(100)
            )
        })
        .collect();
    let mut from = start;
    let mut runs = Vec::new();
    for ((_, fixed), next) in sdks.iter().zip(&starts) {
        runs.push(EventsRef {
            introduced: from,
            fixed: Some(fixed),
            last_affected: None,
        });
        from = next;
    }
    if !runs.is_empty() {
        affected.push(("Microsoft.NET.Sdk", runs));
    }
    for cve in cves {
        let id = cve.id.trim();
        if !is_cve(id) {
            sink.problem(id, "an id that is no CVE");
            continue;
        }
        for (package, runs) in &affected {
            sink.advisory(&Row {
                ecosystem: EcosystemRef {
                    name: "dotnet",
                    release: None,
                },
                package,
                vulnerability: id,
                status: AdvisoryStatus::Fixed,
                affected: runs.clone(),
                url: release.notes.as_deref(),
                modified_at: date,
                fixed_at: date,
                ..Row::default()
            });
        }
    }
}

/// The feature band of an SDK's version: 4 of `8.0.422`.
fn band(version: &str) -> Option<u32> {
    let patch = version.splitn(3, '.').nth(2)?;
    let digits = patch.split(['-', '+']).next()?;
    digits.parse::<u32>().ok().map(|patch| patch / 100)
}
