//! Typed identifiers: one type per noun, so that a host's id can never be handed over as an image's.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Digest;

/// Why a text is not an identifier of the wanted kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidId {
    /// What was wanted, such as `tenant`.
    pub kind: &'static str,
}

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a {} id is 1 to 128 characters of a-z, A-Z, 0-9, `-`, `_` and `.`, not beginning with a dot",
            self.kind
        )
    }
}

impl std::error::Error for InvalidId {}

/// Ids become parts of keys and paths, so their alphabet leaves no room for separators or `..`.
fn is_plain_id(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && !text.starts_with('.')
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

macro_rules! plain_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $example:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schema(value_type = String, pattern = "^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$", examples($example))]
        pub struct $name(String);

        impl $name {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::try_from(text.to_owned())
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                if is_plain_id(&text) { Ok(Self(text)) } else { Err(InvalidId { kind: $kind }) }
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

plain_id!(
    /// A tenant: the owner of an estate, apart from every other in every key, blob, message and log.
    TenantId,
    "tenant",
    "default"
);
plain_id!(
    /// An enrolled agent.
    AgentId,
    "agent",
    "6f1d2c3b4a596877.default"
);
plain_id!(
    /// A host: a machine, given by its agent (machine id hashed with the tenant's enrolment), stable over reboots.
    HostId,
    "host",
    "9a0b7c4d2e1f3a58"
);
plain_id!(
    /// A person who signs in.
    UserId,
    "user",
    "ada"
);
plain_id!(
    /// The public half of a token of any kind; never the secret.
    TokenId,
    "token",
    "7c339fb38fb3345c"
);
plain_id!(
    /// A service that signs people in.
    IdentityProviderId,
    "identity provider",
    "entra"
);
plain_id!(
    /// A request to read an image where its registry keeps it.
    ImageRequestId,
    "request",
    "4b1e7d90c2a85f36"
);
plain_id!(
    /// A channel: where notifications go.
    ChannelId,
    "channel",
    "c05e8a1f7d3b2946"
);
plain_id!(
    /// A delivery: one notification to one channel, begun with the channel's id.
    DeliveryId,
    "delivery",
    "c05e8a1f7d3b2946.01jd9x2m4k"
);

plain_id!(
    /// A collection: which resources a role, a rule or a view is about.
    CollectionId,
    "collection",
    "5d2f8c3a9b7e1046"
);
plain_id!(
    /// An exception: that some findings are not shown, and why.
    ExceptionId,
    "exception",
    "fe5a3c1b09d2c05e8a1f7d3b"
);
plain_id!(
    /// A registry that a tenant set up.
    RegistryId,
    "registry",
    "e8b1c5d0a3f72964"
);

plain_id!(
    /// A session of a person: one sign-in.
    SessionId,
    "session",
    "2f8d6a1b3c9e7054a1b2c3d4e5f60718"
);

/// An image: the digest of its configuration, which names its content whatever registry, tag or compression it has.
pub type ImageId = Digest;

/// A vulnerability's id: `CVE-2024-38063`, or the advisory's own id (`GHSA-…`, `DSA-…`) where no CVE was assigned.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, pattern = "^[A-Za-z0-9][A-Za-z0-9._:/+-]{0,127}$", examples("CVE-2024-38063"))]
pub struct VulnerabilityId(String);

impl VulnerabilityId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is a CVE id.
    pub fn is_cve(&self) -> bool {
        self.0.starts_with("CVE-")
    }
}

impl TryFrom<String> for VulnerabilityId {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let plain = |b: u8| {
            b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':' | b'/' | b'+')
        };
        let starts_well = text
            .bytes()
            .next()
            .is_some_and(|b| b.is_ascii_alphanumeric());
        if starts_well && text.len() <= 128 && text.bytes().all(plain) {
            Ok(Self(text))
        } else {
            Err(InvalidId {
                kind: "vulnerability",
            })
        }
    }
}

impl FromStr for VulnerabilityId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::try_from(text.to_owned())
    }
}

impl From<VulnerabilityId> for String {
    fn from(id: VulnerabilityId) -> Self {
        id.0
    }
}

impl fmt::Display for VulnerabilityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What kind of place a finding is in.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PlaceKind {
    /// A machine.
    Host,
    /// A container image.
    Image,
}

/// A place that holds packages: a host or an image. Text form `host/ID` or `image/sha256:…`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Place {
    /// A machine.
    Host(HostId),
    /// A container image.
    Image(ImageId),
}

impl utoipa::PartialSchema for Place {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some(
                "A place that holds packages: a host, `host/ID`, or an image, `image/sha256:…`.",
            ))
            .examples(["host/9a0b7c4d2e1f3a58"])
            .pattern(Some(
                "^(host/[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}|image/sha256:[0-9a-f]{64})$",
            ))
            .into()
    }
}

impl ToSchema for Place {}

impl Place {
    /// Which kind of place this is.
    pub fn kind(&self) -> PlaceKind {
        match self {
            Self::Host(_) => PlaceKind::Host,
            Self::Image(_) => PlaceKind::Image,
        }
    }

    /// The id without its kind.
    pub fn id(&self) -> &str {
        match self {
            Self::Host(id) => id.as_str(),
            Self::Image(id) => id.as_str(),
        }
    }
}

impl FromStr for Place {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = InvalidId { kind: "place" };
        match text.split_once('/') {
            Some(("host", id)) => id.parse().map(Self::Host).map_err(|_| invalid),
            Some(("image", id)) => id.parse().map(Self::Image).map_err(|_| invalid),
            _ => Err(invalid),
        }
    }
}

impl TryFrom<String> for Place {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Place> for String {
    fn from(place: Place) -> Self {
        place.to_string()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(id) => write!(f, "host/{id}"),
            Self::Image(id) => write!(f, "image/{id}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_leave_no_room_for_separators() {
        for bad in [
            "",
            ".",
            "..",
            "a/b",
            "a#b",
            "a b",
            "ä",
            "a\0",
            &"x".repeat(129),
        ] {
            assert!(
                bad.parse::<TenantId>().is_err(),
                "{bad:?} was taken as an id"
            );
        }
        assert_eq!(
            "acme-1.eu".parse::<TenantId>().unwrap().as_str(),
            "acme-1.eu"
        );
    }

    #[test]
    fn places_print_and_parse_alike() {
        for text in ["host/db-1", &format!("image/sha256:{}", "ab".repeat(32))] {
            assert_eq!(text.parse::<Place>().unwrap().to_string(), text);
        }
        for bad in ["db-1", "pod/x", "image/latest", "host/../x"] {
            assert!(bad.parse::<Place>().is_err());
        }
    }
}
