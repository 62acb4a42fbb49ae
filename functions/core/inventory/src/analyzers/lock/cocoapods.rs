//! `Podfile.lock` of CocoaPods. Source: CocoaPods' guide, "What is Podfile.lock".

use schemas::inventory::{PackageKind, PackageOrigin};

use super::{Format, Listing, text};
use crate::analyzers::AnalyzerError;

pub(super) static PODFILE: Format = Format {
    name: "podfile-lock",
    kind: PackageKind::Cocoapods,
    wants: |name| name == "Podfile.lock",
    parse,
};

fn parse(bytes: &[u8], listing: &mut Listing<'_>) -> Result<(), AnalyzerError> {
    let (mut in_pods, mut any) = (false, false);
    let text = text(bytes);
    for line in text.lines() {
        if !line.starts_with(' ') {
            any |= line.ends_with(':') || line.contains(": ");
            if !line.trim().is_empty() {
                in_pods = line.trim_end() == "PODS:";
            }
            continue;
        }
        // `  - NAME (VERSION)` or `  - NAME (VERSION):` with its dependencies deeper; names may be quoted.
        let Some(entry) = line.strip_prefix("  - ").filter(|_| in_pods) else {
            continue;
        };
        let entry = entry.trim().trim_end_matches(':').trim_matches('"');
        let parts = entry
            .rsplit_once(" (")
            .and_then(|(name, rest)| Some((name, rest.strip_suffix(')')?)));
        match parts {
            Some((name, version)) => listing.add(name, version, PackageOrigin::Locked),
            None => listing.broken("a pod without a version was skipped"),
        }
    }
    if any || text.trim().is_empty() {
        Ok(())
    } else {
        Err(AnalyzerError::Corrupt("not a Podfile.lock".to_owned()))
    }
}
