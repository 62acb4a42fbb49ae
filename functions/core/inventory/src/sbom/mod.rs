//! SBOMs as inventories: `sbom:FILE`.
//!
//! Read are CycloneDX as JSON and XML (up to 1.6, and later ones of the same major version with a note) and SPDX 2 as
//! JSON and as tags and values. A package is known by its purl; what has none is counted in a gap, because it cannot be
//! judged and must not be taken for clean. An SBOM is a claim about a place, and as trustworthy as who made it.

mod cyclonedx;
mod cyclonedx_xml;
mod inventory;
mod spdx;
mod spdx_tag;

use std::io::{self, Read};

use schemas::inventory::Inventory;

use crate::limits::Limits;

/// The newest version of CycloneDX that is known here.
const CYCLONEDX: (u32, u32) = (1, 6);
/// The newest version of SPDX that is known here.
const SPDX: (u32, u32) = (2, 3);
/// Bytes of the beginning in which tags and values must say that they are SPDX.
const HEAD: usize = 64 * 1024;
/// Bytes of one text that are kept.
const MAX_TEXT: usize = 16 * 1024;
/// Properties of one component that are kept.
const MAX_PROPERTIES: usize = 4096;

/// An SBOM that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct ParsedSbom {
    /// What it lists.
    pub inventory: Inventory,
    /// Its form and version, such as `CycloneDX 1.6 (JSON)`.
    pub form: String,
    /// What readers should know about how it was read.
    pub notes: Vec<String>,
}

/// Why an SBOM could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SbomError {
    /// Reading failed.
    #[error("reading the SBOM failed")]
    Read(#[source] io::Error),
    /// Larger than the limit.
    #[error("the SBOM is larger than {0} bytes")]
    TooLarge(u64),
    /// Neither form.
    #[error("it is neither CycloneDX (JSON or XML) nor SPDX 2 (JSON or tags and values)")]
    Unrecognised,
    /// Not JSON, or not of the form's structure.
    #[error("the {form} document cannot be read")]
    Json {
        /// The form.
        form: &'static str,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// Not XML, or cut.
    #[error("the XML document cannot be read at byte {at}: {what}")]
    Xml {
        /// Where.
        at: u64,
        /// Why.
        what: String,
    },
    /// Not UTF-8.
    #[error("the document is not UTF-8 at byte {0}")]
    Encoding(usize),
    /// Of a later major version.
    #[error(
        "it is {form} {version}, and this program reads up to {form} {known}; write it in that version, or use a newer \
         Bulkhead"
    )]
    Version {
        /// The form.
        form: &'static str,
        /// Its version as written, cut where it is long.
        version: String,
        /// The newest version that is read.
        known: String,
    },
}

/// Reads an SBOM.
///
/// # Errors
/// See [`SbomError`].
pub fn read(reader: impl Read, name: &str, limits: &Limits) -> Result<ParsedSbom, SbomError> {
    let mut bytes = Vec::new();
    reader
        .take(limits.max_document_bytes.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(SbomError::Read)?;
    if bytes.len() as u64 > limits.max_document_bytes {
        return Err(SbomError::TooLarge(limits.max_document_bytes));
    }
    parse(&bytes, name, limits)
}

/// Reads an SBOM from bytes; `name` is what its target is called when the document does not say.
///
/// # Errors
/// See [`SbomError`].
pub fn parse(bytes: &[u8], name: &str, limits: &Limits) -> Result<ParsedSbom, SbomError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    let raw = match first {
        Some(b'{') => json(bytes, limits)?,
        Some(b'<') => cyclonedx_xml::parse(text(bytes)?, limits)?,
        Some(_) => {
            let head = bytes.get(..HEAD.min(bytes.len())).unwrap_or_default();
            let says = head
                .split(|byte| *byte == b'\n')
                .any(|line| line.starts_with(b"SPDXVersion:"));
            if !says {
                return Err(SbomError::Unrecognised);
            }
            spdx_tag::parse(text(bytes)?, limits)?
        }
        None => return Err(SbomError::Unrecognised),
    };
    Ok(inventory::build(raw, name, limits))
}

fn text(bytes: &[u8]) -> Result<&str, SbomError> {
    std::str::from_utf8(bytes).map_err(|error| SbomError::Encoding(error.valid_up_to()))
}

fn json(bytes: &[u8], limits: &Limits) -> Result<Raw, SbomError> {
    let kind: Kind = serde_json::from_slice(bytes).map_err(|source| SbomError::Json {
        form: "JSON",
        source,
    })?;
    // GitHub hands SBOMs out within an envelope.
    if kind.sbom.is_some() {
        return spdx::parse_enveloped(bytes, limits);
    }
    if kind.bom_format.as_deref() == Some("CycloneDX") {
        cyclonedx::parse(bytes, limits)
    } else if kind.spdx_version.is_some() {
        spdx::parse(bytes, limits)
    } else if kind.context.is_some() && kind.graph.is_some() {
        Err(SbomError::Version {
            form: "SPDX",
            version: "3".to_owned(),
            known: known(SPDX),
        })
    } else {
        Err(SbomError::Unrecognised)
    }
}

/// What tells the forms apart.
#[derive(serde::Deserialize)]
struct Kind {
    #[serde(default, rename = "bomFormat")]
    bom_format: Option<String>,
    #[serde(default, rename = "spdxVersion")]
    spdx_version: Option<serde::de::IgnoredAny>,
    #[serde(default, rename = "@context")]
    context: Option<serde::de::IgnoredAny>,
    #[serde(default, rename = "@graph")]
    graph: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    sbom: Option<serde::de::IgnoredAny>,
}

fn known((major, minor): (u32, u32)) -> String {
    format!("{major}.{minor}")
}

/// Checks a version: one of the same major version is read, with a note when it is later than what is known.
fn check_version(
    form: &'static str,
    version: &str,
    newest: (u32, u32),
) -> Result<Option<String>, SbomError> {
    let refused = || SbomError::Version {
        form,
        version: version.chars().take(40).collect(),
        known: known(newest),
    };
    let (major, minor) = version.split_once('.').ok_or_else(refused)?;
    let major: u32 = major.parse().map_err(|_| refused())?;
    let minor: u32 = minor.parse().map_err(|_| refused())?;
    if major != newest.0 {
        return Err(refused());
    }
    Ok((minor > newest.1).then(|| {
        format!(
            "it is {form} {version}, later than the {} that is known here: what that version added was not looked at",
            known(newest)
        )
    }))
}

/// An SBOM in the words that all forms share.
#[derive(Debug, Default)]
struct Raw {
    form: String,
    notes: Vec<String>,
    /// What it is about.
    target: RawComponent,
    /// Properties of the document.
    properties: Vec<(String, String)>,
    components: Vec<RawComponent>,
    /// Components beyond the limit.
    dropped: usize,
    /// The document says that it does not list everything.
    incomplete: bool,
}

impl Raw {
    fn add(&mut self, component: RawComponent, limits: &Limits) {
        if self.components.len() < limits.max_packages {
            self.components.push(component);
        } else {
            self.dropped = self.dropped.saturating_add(1);
        }
    }
}

/// A component or package. Texts are empty where nothing is said.
#[derive(Clone, Debug, Default)]
struct RawComponent {
    /// Its type in CycloneDX's words.
    kind: String,
    group: String,
    name: String,
    version: String,
    purl: String,
    description: String,
    properties: Vec<(String, String)>,
}

/// A text cut to what is kept of one.
fn bounded(mut text: String) -> String {
    if text.len() > MAX_TEXT {
        text.truncate(text.floor_char_boundary(MAX_TEXT));
    }
    text
}

#[cfg(test)]
mod tests;
