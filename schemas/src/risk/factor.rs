//! Risk factors: short marks of what makes a vulnerability worse here, or lets it be mended.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::SeqAccess, de::Visitor};
use utoipa::ToSchema;

/// One mark. It is set where it is known to hold; one that is not set says nothing.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Factor {
    /// Of critical severity there.
    CriticalSeverity = 0,
    /// Of high severity there.
    HighSeverity = 1,
    /// Of medium severity there.
    MediumSeverity = 2,
    /// A fix is available: it can be acted on.
    FixAvailable = 3,
    /// It lets others run code, by its vendor's word.
    RemoteExecution = 4,
    /// It stops a service: by its vendor's word, or since its CVSS vector has a high loss of availability and no other.
    DenialOfService = 5,
    /// Its CVE id is of this or the last calendar year.
    Recent = 6,
    /// A proof of concept or an exploit is public.
    ExploitPublic = 7,
    /// Exploited in the wild, by CISA's catalogue or its vendor's word.
    KnownExploited = 8,
    /// Its CVSS vector says that an attack takes no special conditions.
    AttackComplexityLow = 9,
    /// Its CVSS vector says that it is attacked over the network.
    AttackVectorNetwork = 10,
    /// The place is reached from the internet: it was seen, declared, or follows from a public address.
    InternetReachable = 11,
    /// Something in the place listens for connections.
    Listening = 12,
    /// Something in the place runs as root or administrator.
    Root = 13,
    /// Something in the place runs without a mandatory security profile.
    NoSecurityProfile = 14,
    /// Something in the place runs privileged, or as HostProcess.
    Privileged = 15,
    /// The place holds secrets or credentials. Nothing tells this yet, so it is never set.
    SensitiveInformation = 16,
    /// The host's root, or a folder that is as good, is mounted into the place.
    RootMount = 17,
    /// A container runtime's socket or pipe is mounted into the place.
    RuntimeSocket = 18,
    /// Something in the place shares the host's namespaces. Devices are not told yet.
    HostAccess = 19,
    /// A running process has loaded the package. Nothing tells this yet, so it is never set.
    PackageInUse = 20,
    /// A mark that this version does not know.
    #[serde(other)]
    Unknown = 31,
}

impl Factor {
    /// Every mark that is known, in order.
    pub const ALL: [Self; 21] = [
        Self::CriticalSeverity,
        Self::HighSeverity,
        Self::MediumSeverity,
        Self::FixAvailable,
        Self::RemoteExecution,
        Self::DenialOfService,
        Self::Recent,
        Self::ExploitPublic,
        Self::KnownExploited,
        Self::AttackComplexityLow,
        Self::AttackVectorNetwork,
        Self::InternetReachable,
        Self::Listening,
        Self::Root,
        Self::NoSecurityProfile,
        Self::Privileged,
        Self::SensitiveInformation,
        Self::RootMount,
        Self::RuntimeSocket,
        Self::HostAccess,
        Self::PackageInUse,
    ];

    const fn bit(self) -> u32 {
        match self {
            Self::Unknown => 0,
            known => 1 << known as u8,
        }
    }
}

/// A set of marks: a bit for each, so that millions of findings have theirs without a text. In JSON the list of their names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, ToSchema)]
#[schema(value_type = Vec<Factor>)]
pub struct FactorSet(u32);

impl FactorSet {
    /// No marks.
    pub const NONE: Self = Self(0);

    /// The marks of these bits, which [`Self::bits`] gave; what is not known is left out.
    #[must_use]
    pub fn of_bits(bits: u32) -> Self {
        let known = Factor::ALL.iter().fold(0, |all, one| all | one.bit());
        Self(bits & known)
    }

    /// Its bits, which are stored.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether it has none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0 == 0
    }

    /// Whether it has a mark.
    #[must_use]
    pub const fn has(self, factor: Factor) -> bool {
        self.0 & factor.bit() != 0
    }

    /// These and a mark, where it holds.
    #[must_use]
    pub const fn with(self, factor: Factor, holds: bool) -> Self {
        if holds {
            Self(self.0 | factor.bit())
        } else {
            self
        }
    }

    /// These and those.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Its marks in order.
    pub fn iter(self) -> impl Iterator<Item = Factor> {
        Factor::ALL.into_iter().filter(move |one| self.has(*one))
    }
}

impl FromIterator<Factor> for FactorSet {
    fn from_iter<I: IntoIterator<Item = Factor>>(marks: I) -> Self {
        marks
            .into_iter()
            .fold(Self::NONE, |all, one| all.with(one, true))
    }
}

impl Serialize for FactorSet {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for FactorSet {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Marks;
        impl<'de> Visitor<'de> for Marks {
            type Value = FactorSet;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of risk factors")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<FactorSet, A::Error> {
                let mut all = FactorSet::NONE;
                while let Some(one) = list.next_element::<Factor>()? {
                    all = all.with(one, true);
                }
                Ok(all)
            }
        }
        from.deserialize_seq(Marks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_bits_here_and_names_outside() {
        let all: FactorSet = Factor::ALL.into_iter().collect();
        assert_eq!(all.iter().collect::<Vec<_>>(), Factor::ALL);
        assert_eq!(FactorSet::of_bits(all.bits()), all);
        assert_eq!(FactorSet::of_bits(u32::MAX), all, "what is not known");
        let some: FactorSet = [Factor::Root, Factor::KnownExploited].into_iter().collect();
        let text = serde_json::to_string(&some).unwrap();
        assert_eq!(text, r#"["known_exploited","root"]"#);
        let read: FactorSet =
            serde_json::from_str(r#"["root","of a later version","known_exploited"]"#).unwrap();
        assert_eq!(read, some);
    }
}
