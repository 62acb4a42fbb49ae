//! The list of crates that `cargo auditable` puts into an executable.
//! Source: rust-secure-code, cargo-auditable, "Auditable binary format" (PARSING.md and its JSON schema).

use std::io::Read as _;

use flate2::read::ZlibDecoder;
use schemas::inventory::{Package, PackageKind};
use serde::Deserialize;

use super::binary::Binary;
use crate::analyzers::AnalyzerError;

const SECTION: &str = ".dep-v0";
/// Bytes of the section, and of the JSON in it: what the format's own reader takes.
const MAX_SECTION_BYTES: u64 = 1 << 20;
const MAX_JSON_BYTES: u64 = 8 << 20;
const MAX_CRATES: usize = 20_000;

#[derive(Deserialize)]
struct List {
    packages: Vec<Crate>,
}

#[derive(Deserialize)]
struct Crate {
    name: String,
    version: String,
    #[serde(default)]
    source: serde_json::Value,
    /// `build` for crates that only ran while it was built; else it is in the executable.
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    root: bool,
}

impl Crate {
    /// A local part of the program shares its name with a stranger's crate by chance only; the program itself does not.
    fn is_in_executable(&self) -> bool {
        self.kind.as_deref().is_none_or(|kind| kind != "build")
            && (self.root || self.source.as_str() != Some("local"))
    }
}

/// The crates of an executable; nothing when it names none.
pub(super) fn read(
    binary: &mut Binary<'_>,
    path: &str,
) -> Result<Option<Vec<Package>>, AnalyzerError> {
    let Some((offset, size)) = binary
        .section(SECTION)
        .map(|section| (section.offset, section.size))
    else {
        return Ok(None);
    };
    if size > MAX_SECTION_BYTES {
        return Err(AnalyzerError::Limit(format!(
            "the section {SECTION} is larger than {MAX_SECTION_BYTES} bytes"
        )));
    }
    let bytes = binary.read(offset, size)?;
    let mut json = Vec::new();
    ZlibDecoder::new(bytes.as_slice())
        .take(MAX_JSON_BYTES + 1)
        .read_to_end(&mut json)
        .map_err(|error| AnalyzerError::Corrupt(format!("the section {SECTION}: {error}")))?;
    if json.len() as u64 > MAX_JSON_BYTES {
        return Err(AnalyzerError::Limit(format!(
            "the section {SECTION} inflates to more than {MAX_JSON_BYTES} bytes"
        )));
    }
    let list: List = serde_json::from_slice(&json)
        .map_err(|error| AnalyzerError::Corrupt(format!("the section {SECTION}: {error}")))?;
    if list.packages.len() > MAX_CRATES {
        return Err(AnalyzerError::Limit(format!(
            "the section {SECTION} names more than {MAX_CRATES} crates"
        )));
    }
    let packages = list
        .packages
        .into_iter()
        .filter(Crate::is_in_executable)
        .map(|one| Package {
            purl: purl::cargo(&one.name, &one.version),
            name: one.name,
            version: one.version,
            kind: PackageKind::Cargo,
            path: path.to_owned(),
            ..Package::default()
        })
        .collect();
    Ok(Some(packages))
}
