//! Roles: those that every tenant has, and those that a tenant makes for itself.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::session::Role;
use crate::{CollectionId, Timestamp};

/// Why a text is no name of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidRoleName;

impl fmt::Display for InvalidRoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a role's name is 1 to 64 characters of a-z, 0-9, `-` and `_`, beginning with a letter",
        )
    }
}

impl std::error::Error for InvalidRoleName {}

/// The name of a role: one of those that every tenant has ([`Role`]) or one that the tenant made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, pattern = "^[a-z][a-z0-9_-]{0,63}$", examples("vulnerability_manager"))]
pub struct RoleName(String);

impl RoleName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The role of every tenant that has this name, if one has.
    pub fn builtin(&self) -> Option<Role> {
        [
            Role::Admin,
            Role::Operator,
            Role::Auditor,
            Role::VulnerabilityManager,
            Role::Developer,
            Role::AgentManager,
            Role::Ci,
        ]
        .into_iter()
        .find(|role| role.as_str() == self.0)
    }
}

impl Role {
    /// The name of the role, as it is stored and sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Operator => "operator",
            Self::Auditor => "auditor",
            Self::VulnerabilityManager => "vulnerability_manager",
            Self::Developer => "developer",
            Self::AgentManager => "agent_manager",
            Self::Ci => "ci",
            Self::Unknown => "unknown",
        }
    }
}

impl From<Role> for RoleName {
    fn from(role: Role) -> Self {
        Self(role.as_str().to_owned())
    }
}

impl TryFrom<String> for RoleName {
    type Error = InvalidRoleName;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let begins = text.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
        let plain =
            |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_');
        if begins && text.len() <= 64 && text.bytes().all(plain) {
            Ok(Self(text))
        } else {
            Err(InvalidRoleName)
        }
    }
}

impl FromStr for RoleName {
    type Err = InvalidRoleName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::try_from(text.to_owned())
    }
}

impl From<RoleName> for String {
    fn from(name: RoleName) -> Self {
        name.0
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A role that somebody has, for the whole tenant or for some of what is in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct RoleAssignment {
    /// The role.
    pub role: RoleName,
    /// The collections that it is limited to; none for the whole tenant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 32)]
    pub collections: Vec<CollectionId>,
}

impl From<Role> for RoleAssignment {
    fn from(role: Role) -> Self {
        Self {
            role: role.into(),
            collections: Vec::new(),
        }
    }
}

/// A role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoleDetail {
    /// Its name.
    pub name: RoleName,
    /// What it is for.
    pub description: String,
    /// Whether every tenant has it; then it cannot be changed.
    pub builtin: bool,
    /// The words of what it allows.
    pub permissions: Vec<String>,
    /// When it was made, if the tenant made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// When it was last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// Who changed it then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_by: Option<String>,
}

/// Which roles are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RoleQuery {
    /// Only those whose name or description contains this text, without regard to case.
    #[serde(default)]
    #[param(max_length = 128)]
    pub search: Option<String>,
    /// Only those that every tenant has, or only those that the tenant made.
    #[serde(default)]
    pub builtin: Option<bool>,
    /// `next_cursor` of the page before; valid for the same filters only.
    #[serde(default)]
    #[param(max_length = 2048)]
    pub cursor: Option<String>,
    /// Most rows, 1 to 500; 100 when absent.
    #[serde(default)]
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
}

/// One page of roles.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RoleList {
    /// Those that every tenant has, then those that the tenant made, by name.
    pub roles: Vec<RoleDetail>,
    /// Where the next page begins; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A role that is to be made.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct NewRole {
    /// Its name, which no other role has.
    pub name: RoleName,
    /// What it allows, and what it is for.
    pub role: RoleText,
}

/// What a role allows, and what it is for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RoleText {
    /// What it is for.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub description: String,
    /// The words of what it allows, such as `hosts.read`; `GET /api/v1/permissions` lists them.
    #[schema(min_items = 1, max_items = 200)]
    pub permissions: Vec<String>,
}

/// Everything that can be allowed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PermissionList {
    /// In the order of the printed matrix.
    pub permissions: Vec<PermissionDetail>,
}

/// One thing that can be allowed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PermissionDetail {
    /// Its word, such as `hosts.read`.
    pub permission: String,
    /// What it is for.
    pub description: String,
    /// The roles of every tenant that have it.
    pub roles: Vec<RoleName>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_builtin_roles_are_those_that_were_stored_as_words() {
        for role in ["admin", "vulnerability_manager", "ci", "agent_manager"] {
            let word: Role = serde_json::from_value(serde_json::json!(role)).unwrap();
            let name: RoleName = serde_json::from_value(serde_json::json!(role)).unwrap();
            assert_eq!(name.builtin(), Some(word));
            assert_eq!(RoleName::from(word), name);
        }
        let unknown: RoleName = "unknown".parse().unwrap();
        assert_eq!(unknown.builtin(), None);
    }

    #[test]
    fn what_could_be_mistaken_for_another_name_is_none() {
        for bad in ["", "Admin", "a b", "1st", "-x", "a/b", "ä", &"x".repeat(65)] {
            assert!(bad.parse::<RoleName>().is_err(), "{bad:?}");
        }
        assert!("team-a_2".parse::<RoleName>().is_ok());
    }
}
