//! VEX: what producers and users say of vulnerabilities in products, read from three forms and written in one.

mod csaf;
mod cyclonedx;
mod index;
mod openvex;
mod write;

use purl::Purl;
use schemas::{Timestamp, policy::VexStatus};
use serde::Deserialize;

use crate::error::{PolicyError, shown};

pub(crate) use index::Index;
pub use write::{OpenVexError, write_openvex};

/// The largest VEX document that is read.
pub const MAX_VEX_BYTES: usize = 64 << 20;
/// The most pairs of statement and product of a document.
const MAX_PRODUCTS: usize = 1_000_000;
/// Parts of a document that could not be used, of which each is told.
const SHOWN_UNUSED: usize = 5;

/// Why a package is not affected. Source: OpenVEX 0.2.0 and CSAF 2.0 3.2.3.5.2, which have the same words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Justification {
    ComponentNotPresent,
    VulnerableCodeNotPresent,
    VulnerableCodeNotInExecutePath,
    VulnerableCodeCannotBeControlledByAdversary,
    InlineMitigationsAlreadyExist,
}

impl Justification {
    /// The word as documents have it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::ComponentNotPresent => "component_not_present",
            Self::VulnerableCodeNotPresent => "vulnerable_code_not_present",
            Self::VulnerableCodeNotInExecutePath => "vulnerable_code_not_in_execute_path",
            Self::VulnerableCodeCannotBeControlledByAdversary => {
                "vulnerable_code_cannot_be_controlled_by_adversary"
            }
            Self::InlineMitigationsAlreadyExist => "inline_mitigations_already_exist",
        }
    }
}

/// A VEX document.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    /// Where it was read.
    name: String,
    author: Option<String>,
    statements: Vec<Statement>,
    /// What of it cannot be used, and why.
    unused: Unused,
}

/// One status of one vulnerability in some products.
#[derive(Clone, Debug, Default, PartialEq)]
struct Statement {
    /// The vulnerability's ids.
    ids: Vec<String>,
    status: VexStatus,
    justification: Option<Justification>,
    /// Why, in the author's words.
    detail: Option<String>,
    /// When it was said.
    at: Option<Timestamp>,
    products: Vec<Product>,
}

/// What a statement is about: a product, or components of it.
#[derive(Clone, Debug, Default, PartialEq)]
struct Product {
    /// What the product is known by; any one of them means it.
    identities: Vec<Identity>,
    /// Packages within it; empty for the product as a whole.
    components: Vec<Purl>,
    /// The only system for which it is said.
    platform: Option<Platform>,
}

/// A release of a distribution.
#[derive(Clone, Debug, PartialEq)]
struct Platform {
    /// `ID` of os-release.
    id: &'static str,
    /// The release, such as `9` or `22.04`.
    release: String,
}

/// One name of a product.
#[derive(Clone, Debug, PartialEq)]
enum Identity {
    /// A package URL.
    Purl(Purl),
    /// An image's reference or digest.
    Image(String),
}

/// What of a document cannot be used.
#[derive(Clone, Debug, Default, PartialEq)]
struct Unused {
    shown: Vec<String>,
    number: usize,
}

impl Unused {
    fn tell(&mut self, what: String) {
        self.number += 1;
        if self.shown.len() < SHOWN_UNUSED {
            self.shown.push(shown(&what));
        }
    }
}

/// Enough of a document to tell which form it has.
#[derive(Deserialize)]
struct Probe {
    #[serde(rename = "@context", default)]
    context: Option<serde_json::Value>,
    #[serde(default)]
    document: Option<serde::de::IgnoredAny>,
    #[serde(rename = "bomFormat", default)]
    bom_format: Option<serde_json::Value>,
}

impl Document {
    /// Reads OpenVEX, CSAF or CycloneDX in JSON, told apart by what they say. `name` says where it was read.
    ///
    /// # Errors
    /// When it is too large, of none of these forms, of a version that is not known, or not well-formed.
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Self, PolicyError> {
        if bytes.len() > MAX_VEX_BYTES {
            return Err(PolicyError::TooLarge {
                found: bytes.len(),
                most: MAX_VEX_BYTES,
            });
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let probe: Probe = read(bytes, "JSON document")?;
        let mut document = if let Some(context) = &probe.context {
            openvex::read(bytes, context)?
        } else if probe.bom_format.is_some_and(|form| form == "CycloneDX") {
            cyclonedx::read(bytes)?
        } else if probe.document.is_some() {
            csaf::read(bytes)?
        } else {
            return Err(PolicyError::UnknownVex);
        };
        name.clone_into(&mut document.name);
        let statements = std::mem::take(&mut document.statements);
        for statement in statements {
            document.take(statement);
        }
        Ok(document)
    }

    /// Keeps a statement that says enough to rely on.
    fn take(&mut self, mut statement: Statement) {
        let id = statement.ids.first().cloned().unwrap_or_default();
        if statement.ids.is_empty() || statement.products.is_empty() {
            let what = if id.is_empty() { "a statement" } else { &id };
            self.unused
                .tell(format!("{what}: it names no product by purl or image, or one of a platform that is not known here"));
            return;
        }
        // Whoever reads the report must learn why something does not count.
        if statement.status == VexStatus::NotAffected
            && statement.justification.is_none()
            && statement.detail.is_none()
        {
            self.unused
                .tell(format!("{id}: it is `not affected` and does not say why"));
            return;
        }
        if statement.status == VexStatus::Fixed {
            // `fixed` of every version there ever was would take out the very version that is not.
            let before = statement.products.len();
            statement.products.retain(Product::is_versioned);
            if statement.products.len() < before {
                self.unused.tell(format!(
                    "{id}: it is `fixed` without saying in which version"
                ));
            }
            if statement.products.is_empty() {
                return;
            }
        }
        self.statements.push(statement);
    }
}

impl Product {
    fn is_versioned(&self) -> bool {
        let versioned = |purl: &Purl| purl.version.is_some();
        if self.components.is_empty() {
            self.identities.iter().any(|identity| match identity {
                Identity::Purl(purl) => versioned(purl) || purl.qualifiers.contains_key("tag"),
                Identity::Image(name) => name.contains(':'),
            })
        } else {
            self.components.iter().all(versioned)
        }
    }
}

/// Reads JSON of a form.
fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8], what: &'static str) -> Result<T, PolicyError> {
    serde_json::from_slice(bytes).map_err(|error| PolicyError::Malformed {
        what,
        problem: shown(&error.to_string()),
    })
}

/// Counts pairs of statement and product against the most that is read.
fn bounded(count: &mut usize, more: usize) -> Result<(), PolicyError> {
    *count = count.saturating_add(more);
    if *count > MAX_PRODUCTS {
        Err(PolicyError::TooMany {
            what: "pairs of statement and product",
            most: MAX_PRODUCTS,
        })
    } else {
        Ok(())
    }
}

fn moment(text: Option<&str>) -> Option<Timestamp> {
    text.and_then(|text| text.parse().ok())
}

/// A text that is there and says something.
fn said(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().chars().take(2_000).collect::<String>())
        .filter(|text| !text.is_empty())
}
