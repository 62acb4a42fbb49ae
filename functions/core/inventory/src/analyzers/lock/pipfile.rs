//! `Pipfile.lock`. Source: pipenv's documentation, "Pipfile & Pipfile.lock".

use schemas::inventory::PackageKind;
use serde::Deserialize;

use super::{
    Format, Listing, cut, development_if, json,
    loose::{Flag, Map, Text},
    python::is_for_development,
};
use crate::analyzers::AnalyzerError;

pub(super) static PIPFILE: Format = Format {
    name: "pipfile-lock",
    kind: PackageKind::Pypi,
    wants: |name| name == "Pipfile.lock",
    parse,
};

#[derive(Default, Deserialize)]
struct Pinned {
    /// `==1.0`.
    #[serde(default)]
    version: Text,
    #[serde(default)]
    editable: Flag,
}

fn parse(bytes: &[u8], listing: &mut Listing<'_>) -> Result<(), AnalyzerError> {
    // Beside `default` and `develop` there may be groups of any name; `_meta` is about the file.
    let lock: Map<Map<Pinned>> = json(bytes, "Pipfile.lock")?;
    for (group, packages) in &lock.0 {
        let origin = match group.as_str() {
            "_meta" => continue,
            // Categories of any other name are what somebody installs for production, as a rule.
            name => development_if(is_for_development(name)),
        };
        for (name, pinned) in &packages.0 {
            match pinned
                .version
                .get()
                .and_then(|text| text.strip_prefix("=="))
            {
                Some(version) => listing.add(name, version.trim(), origin),
                None if pinned.editable.0 => {}
                None => listing.unresolved(format!("`{}` is named without a version", cut(name))),
            }
        }
    }
    Ok(())
}
