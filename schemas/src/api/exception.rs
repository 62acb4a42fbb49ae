//! Exceptions: asking for one, deciding, and telling others of it as VEX.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    ExceptionId, Timestamp, VulnerabilityId,
    exception::{ExceptionScope, ExceptionState, ExceptionStatus, VexJustification},
};

/// An exception as somebody asks for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExceptionText {
    /// The vulnerability, by the id that findings have: the CVE, or the advisory's own where there is none.
    pub vulnerability: VulnerabilityId,
    /// purl of the package, such as `pkg:deb/debian/openssl`; without a version all of its versions. Absent for whatever
    /// package has the vulnerability.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 512, example = "pkg:deb/debian/openssl")]
    pub package: Option<String>,
    /// Where it is to hold.
    pub scope: ExceptionScope,
    /// What is said of the vulnerability there.
    pub status: ExceptionStatus,
    /// Why it is `not_affected`; nothing else has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub justification: Option<VexJustification>,
    /// Why, for whoever decides and for whoever reads it later.
    #[schema(min_length = 1, max_length = 2000)]
    pub reason: String,
    /// From when on it no longer holds, at most 366 days from now; absent for one that holds until it is revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// Who decided something of an exception, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExceptionDecision {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// What they said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// An exception.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExceptionDetail {
    /// Its id. Later ones come first in the order of ids.
    pub id: ExceptionId,
    /// What it is about, and why.
    pub exception: ExceptionText,
    /// How far it has come.
    pub state: ExceptionState,
    /// Who asked for it.
    pub requested_by: String,
    /// When.
    pub requested_at: Timestamp,
    /// Who approved or rejected it; absent until somebody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<ExceptionDecision>,
    /// Who revoked it; absent unless somebody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation: Option<ExceptionDecision>,
}

/// What is said with a decision.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DecideException {
    /// For whoever asked, and whoever reads it later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1024)]
    pub comment: Option<String>,
}

/// Which exceptions are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExceptionQuery {
    /// Only those that have come this far.
    #[serde(default)]
    #[param(inline)]
    pub state: Option<ExceptionState>,
    /// Only those of this vulnerability.
    #[serde(default)]
    pub vulnerability: Option<VulnerabilityId>,
    /// Only those whose vulnerability, package, reason or requester contains this text, without regard to case.
    #[serde(default)]
    #[param(max_length = 128)]
    pub search: Option<String>,
    /// `next_cursor` of the page before; valid for the same filters only.
    #[serde(default)]
    #[param(max_length = 2048)]
    pub cursor: Option<String>,
    /// Most rows, 1 to 500; 100 when absent.
    #[serde(default)]
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
}

/// One page of exceptions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExceptionList {
    /// Those that were asked for last first.
    pub exceptions: Vec<ExceptionDetail>,
    /// Where the next page begins; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Which findings are wanted with regard to exceptions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExceptedFilter {
    /// Without those that an exception hides.
    #[default]
    Hide,
    /// Only those.
    Only,
    /// With them.
    All,
}

/// Which exceptions a VEX document is to be of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct VexQuery {
    /// Only those of this vulnerability.
    #[serde(default)]
    pub vulnerability: Option<VulnerabilityId>,
}

/// A document of OpenVEX 0.2.0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpenVexDocument {
    /// `https://openvex.dev/ns/v0.2.0`.
    #[serde(rename = "@context")]
    pub context: String,
    /// An IRI that is this document's own.
    #[serde(rename = "@id")]
    pub id: String,
    /// Who answers for it: the tenant.
    pub author: String,
    /// When it was written.
    pub timestamp: Timestamp,
    /// 1: each document has an id of its own.
    pub version: u32,
    /// The software that wrote it.
    pub tooling: String,
    /// What is said; none where nothing is in force, which OpenVEX itself knows no document for.
    pub statements: Vec<OpenVexStatement>,
}

/// What is said of one vulnerability in some products.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpenVexStatement {
    /// An IRI that names the exception.
    #[serde(rename = "@id")]
    pub id: String,
    /// The vulnerability.
    pub vulnerability: OpenVexVulnerability,
    /// When it was approved.
    pub timestamp: Timestamp,
    /// What it is said of.
    pub products: Vec<OpenVexProduct>,
    /// `not_affected` or `affected`.
    pub status: String,
    /// Why it is not affected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub justification: Option<String>,
    /// The same in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impact_statement: Option<String>,
    /// What is done about it, where it is affected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action_statement: Option<String>,
}

/// A vulnerability of a statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpenVexVulnerability {
    /// Its id.
    pub name: String,
}

/// A product of a statement.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpenVexProduct {
    /// purl of a package or an image, digest of an image's configuration, or `urn:bulkhead:host:ID`.
    #[serde(rename = "@id")]
    pub id: String,
    /// The same by kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifiers: Option<OpenVexIdentifiers>,
    /// SHA-256 of an image's configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hashes: Option<OpenVexHashes>,
    /// The packages of it that this is said of; all of them where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subcomponents: Vec<OpenVexComponent>,
}

/// A package of a product.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpenVexComponent {
    /// Its purl.
    #[serde(rename = "@id")]
    pub id: String,
    /// The same by kind.
    pub identifiers: OpenVexIdentifiers,
}

/// What names a product.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpenVexIdentifiers {
    /// A package URL.
    pub purl: String,
}

/// Digests of a product.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpenVexHashes {
    /// SHA-256, hexadecimal.
    #[serde(rename = "sha-256")]
    pub sha_256: String,
}
