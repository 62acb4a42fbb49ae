//! Inventory documents as files: `inventory:FILE`.

use std::io::{self, Read};

use schemas::inventory::{INVENTORY_VERSION, Inventory};
use serde::Deserialize;

use crate::limits::Limits;

/// A document that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct ParsedDocument {
    /// The inventory.
    pub inventory: Inventory,
    /// Number of fields that this version does not know.
    pub ignored_fields: u32,
}

/// Why a document could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// Reading failed.
    #[error("reading the inventory document failed")]
    Read(#[source] io::Error),
    /// Larger than the limit.
    #[error("the inventory document is larger than {0} bytes")]
    TooLarge(u64),
    /// Not JSON, or not of the document's form.
    #[error("it is not an inventory document")]
    Json(#[source] serde_json::Error),
    /// Of a later version.
    #[error(
        "the inventory document has version {0}, and this program reads up to {INVENTORY_VERSION}; use a newer one"
    )]
    Version(u64),
}

#[derive(Deserialize)]
struct Version {
    version: u64,
}

/// Reads an inventory document. Unknown fields are ignored and counted, unknown words of enums become `unknown`.
///
/// # Errors
/// See [`DocumentError`].
pub fn parse(reader: impl Read, limits: &Limits) -> Result<ParsedDocument, DocumentError> {
    let mut bytes = Vec::new();
    reader
        .take(limits.max_document_bytes.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(DocumentError::Read)?;
    if bytes.len() as u64 > limits.max_document_bytes {
        return Err(DocumentError::TooLarge(limits.max_document_bytes));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    // The version alone first: a later form may differ in all else.
    let Version { version } = serde_json::from_slice(bytes).map_err(DocumentError::Json)?;
    if version > u64::from(INVENTORY_VERSION) {
        return Err(DocumentError::Version(version));
    }
    let mut ignored_fields = 0_u32;
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let inventory = serde_ignored::deserialize(&mut json, |_| {
        ignored_fields = ignored_fields.saturating_add(1);
    })
    .map_err(DocumentError::Json)?;
    json.end().map_err(DocumentError::Json)?;
    Ok(ParsedDocument {
        inventory,
        ignored_fields,
    })
}

#[cfg(test)]
mod tests {
    use schemas::inventory::{CoverageStatus, PackageKind, TargetKind};

    use super::*;

    fn read(text: &str) -> Result<ParsedDocument, DocumentError> {
        parse(text.as_bytes(), &Limits::default())
    }

    #[test]
    fn unknown_fields_are_counted_and_unknown_words_are_kept() {
        let parsed = read(
            r#"{"version":1,"target":{"kind":"satellite","name":"x","orbit":7},"new":{"a":1},
            "packages":[{"name":"a","version":"1","kind":"newkind","purl":"pkg:x/a@1","path":"p","colour":"red"}]}"#,
        )
        .unwrap();
        assert_eq!(parsed.ignored_fields, 3);
        assert_eq!(parsed.inventory.target.kind, TargetKind::Unknown);
        assert_eq!(parsed.inventory.packages[0].kind, PackageKind::Unknown);
        assert_eq!(
            parsed.inventory.coverage.status,
            CoverageStatus::Unsupported
        );
    }

    #[test]
    fn later_versions_other_documents_and_large_ones_are_refused() {
        assert!(matches!(
            read(r#"{"version":2,"everything":"else"}"#),
            Err(DocumentError::Version(2))
        ));
        for bad in [
            "",
            "{}",
            "[]",
            r#"{"version":1}"#,
            r#"{"version":1,"target":{"kind":"host","name":"x"}} x"#,
        ] {
            assert!(matches!(read(bad), Err(DocumentError::Json(_))), "{bad}");
        }
        let limits = Limits {
            max_document_bytes: 10,
            ..Limits::default()
        };
        assert!(matches!(
            parse(&b"{\"version\":1}"[..], &limits),
            Err(DocumentError::TooLarge(10))
        ));
    }
}
