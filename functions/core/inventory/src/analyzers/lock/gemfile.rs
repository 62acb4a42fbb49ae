//! `Gemfile.lock`. It does not tell groups. Source: Bundler's documentation, "Gemfile.lock".

use schemas::inventory::{PackageKind, PackageOrigin};

use super::{Format, Listing, text};
use crate::analyzers::{AnalyzerError, gemspec::without_platform};

pub(super) static GEMFILE: Format = Format {
    name: "gemfile-lock",
    kind: PackageKind::Gem,
    wants: |name| matches!(name, "Gemfile.lock" | "gems.locked"),
    parse,
};

fn parse(bytes: &[u8], listing: &mut Listing<'_>) -> Result<(), AnalyzerError> {
    let (mut section, mut in_specs, mut any) = ("", false, false);
    let text = text(bytes);
    for line in text.lines() {
        let indent = line.len() - line.trim_start_matches(' ').len();
        let content = line.trim();
        match indent {
            0 if content.is_empty() => {}
            0 => {
                section = content;
                in_specs = false;
                any = true;
            }
            2 if content == "specs:" => in_specs = true,
            // `PATH` is the application's own.
            4 if in_specs && matches!(section, "GEM" | "GIT" | "PLUGIN SOURCE") => {
                match content
                    .split_once(" (")
                    .and_then(|(name, rest)| Some((name, rest.strip_suffix(')')?)))
                {
                    Some((name, version)) => {
                        let version = without_platform(version);
                        listing.add(name, version, PackageOrigin::Locked);
                    }
                    None => listing.broken("a gem without a version was skipped"),
                }
            }
            _ => {}
        }
    }
    if any || text.trim().is_empty() {
        Ok(())
    } else {
        Err(AnalyzerError::Corrupt("not a Gemfile.lock".to_owned()))
    }
}
