//! `mix.lock` of Elixir: a map of terms, one entry a line. Source: Mix's documentation, "mix deps.get".

use schemas::inventory::{PackageKind, PackageOrigin};

use super::{Format, Listing, cut, text};
use crate::analyzers::AnalyzerError;

pub(super) static MIX: Format = Format {
    name: "mix-lock",
    kind: PackageKind::Hex,
    wants: |name| name == "mix.lock",
    parse,
};

fn parse(bytes: &[u8], listing: &mut Listing<'_>) -> Result<(), AnalyzerError> {
    let text = text(bytes);
    if !text.trim().is_empty() && !text.trim_start().starts_with("%{") {
        return Err(AnalyzerError::Corrupt("not a mix.lock".to_owned()));
    }
    for (number, line) in text.lines().enumerate() {
        // `"ALIAS": {:hex, :NAME, "VERSION", …},`, or `{:git, "URL", "COMMIT", …}`
        let Some((key, term)) = line
            .trim()
            .strip_prefix('"')
            .and_then(|line| line.split_once("\": {"))
        else {
            continue;
        };
        if !term.starts_with(":hex,") {
            listing.unresolved(format!(
                "`{}` does not come from Hex and names no version",
                cut(key)
            ));
            continue;
        }
        let mut parts = term.split(',').map(str::trim).skip(1);
        let name = parts
            .next()
            .and_then(|part| part.strip_prefix(':'))
            .map(|part| part.trim_matches('"'));
        let version = parts
            .next()
            .and_then(|part| part.strip_prefix('"')?.strip_suffix('"'));
        match (name, version) {
            (Some(name), Some(version)) => listing.add(name, version, PackageOrigin::Locked),
            _ => listing.broken(format!("line {} names no package and version", number + 1)),
        }
    }
    Ok(())
}
