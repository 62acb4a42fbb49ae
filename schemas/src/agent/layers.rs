//! Layers are uploaded once per tenant.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Digest, Timestamp};

/// Which of these layers does the tenant lack?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MissingLayersRequest {
    /// Diff ids, at most 1,000.
    pub layers: Vec<Digest>,
    /// Generation of the asker's analyzers: layers that older ones read are lacked too. 0 where any reading will do.
    #[serde(default)]
    pub generation: u32,
}

/// These.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MissingLayersReply {
    /// Diff ids whose inventories are wanted.
    pub missing: Vec<Digest>,
}

/// A place to upload something too large for a request's body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UploadTicketRequest {
    /// Size of the upload.
    pub size_bytes: u64,
    /// Digest of the upload.
    pub digest: Digest,
}

/// A header to send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UploadHeader {
    /// Its name, in lower case.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// Where and until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UploadTicketReply {
    /// Address to `PUT` to.
    pub url: String,
    /// Name to refer to the upload by, in the header `bulkhead-upload` of the request that it is the body of.
    pub upload: String,
    /// When the address ends.
    pub expires_at: Timestamp,
    /// Headers that the `PUT` has to have beside `content-length`: `if-none-match`, and some that begin with `x-`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<UploadHeader>,
}
