//! The names of everything stored. Each begins with its tenant: `t/TENANT/…`; what belongs to no tenant begins with
//! `global/`.

use platform::{BlobPath, Key};
use schemas::{Digest, Place, TenantId};

use crate::RecordError;

/// A partition of a tenant.
pub(crate) fn partition(tenant: &TenantId, noun: &str) -> String {
    format!("t/{tenant}/{noun}")
}

/// A key in a partition of a tenant.
pub(crate) fn key(tenant: &TenantId, noun: &str, sort: &str) -> Key {
    Key::new(partition(tenant, noun), sort)
}

/// A path of a tenant. Ids leave no room for separators; whatever else is given here was checked by [`plain`].
pub(crate) fn path(tenant: &TenantId, rest: &str) -> Result<BlobPath, RecordError> {
    BlobPath::parse(format!("t/{tenant}/{rest}")).map_err(|_| RecordError::Name("a path"))
}

/// A path that belongs to no tenant.
pub(crate) fn global_path(rest: &str) -> Result<BlobPath, RecordError> {
    BlobPath::parse(format!("global/{rest}")).map_err(|_| RecordError::Name("a path"))
}

/// A place as two segments of a path, `host/ID` or `image/HEX`: a digest's colon is no character of paths.
pub(crate) fn place_path(place: &Place) -> String {
    match place {
        Place::Host(id) => format!("host/{id}"),
        Place::Image(id) => format!("image/{}", id.hex()),
    }
}

/// Text from outside as one part of a name: 1 to 128 of `a–z A–Z 0–9 - _ .`, not beginning with a dot.
pub(crate) fn plain<'a>(text: &'a str, what: &'static str) -> Result<&'a str, RecordError> {
    let fits = (1..=128).contains(&text.len()) && !text.starts_with('.');
    let known = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if fits && text.bytes().all(known) {
        Ok(text)
    } else {
        Err(RecordError::Name(what))
    }
}

/// The SHA-256 of these bytes.
pub(crate) fn digest(bytes: &[u8]) -> Digest {
    Digest::from_sha256(&access::keys::sha256(bytes))
}

/// The first half of a digest's digits: enough to tell states of one thing apart.
pub(crate) fn short(digest: &Digest) -> &str {
    digest.hex().get(..32).unwrap_or_default()
}
