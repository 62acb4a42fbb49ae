//! The permission matrix: which role may do what within its tenant.
//!
//! The matrix below is the only place that says so; `schemas/permissions.md` is printed from it. A person with several
//! roles may do what any of them may. Nothing here crosses a tenant.

use std::fmt::Write as _;

use schemas::api::session::Role;

use crate::Permissions;

/// The roles that always are, in the order of the matrix's columns, with their letters there.
pub const ROLES: [(Role, char, &str); 7] = [
    (Role::Admin, 'A', "Admin"),
    (Role::Operator, 'O', "Operator"),
    (Role::Auditor, 'U', "Auditor"),
    (Role::VulnerabilityManager, 'V', "Vulnerability manager"),
    (Role::Developer, 'D', "Developer"),
    (Role::AgentManager, 'G', "Agent manager"),
    (Role::Ci, 'C', "CI"),
];

/// A row for each permission: its type, its word, what it is for, and the letters of the roles that have it.
macro_rules! matrix {
    ($($name:ident = $word:literal, $what:literal, [$($cell:tt)+];)+) => {
        /// One thing that can be allowed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Permission {
            $(#[doc = $what] $name,)+
        }

        impl Permission {
            /// Every permission.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$name),+];

            /// The word used in documents and problems, such as `vulnerabilities.read`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }

            /// What it is for, a sentence.
            #[must_use]
            pub const fn what(self) -> &'static str {
                match self {
                    $(Self::$name => $what,)+
                }
            }

            /// Its row of the matrix: the letters of [`ROLES`], `-` where a role lacks it.
            const fn row(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($(stringify!($cell)),+),)+
                }
            }
        }
    };
}

matrix! {
    ReadVulnerabilities = "vulnerabilities.read", "Read vulnerabilities, images, their findings and packages.", [A O U V D - C];
    ScanImages = "images.scan", "Have images read where their registries keep them.", [A O - V - - C];
    ReadHosts = "hosts.read", "Read hosts and their findings.", [A O U V - G -];
    ReadAgents = "agents.read", "Read agents.", [A O U - - G -];
    RevokeAgents = "agents.revoke", "Take an agent's access away, have its key replaced.", [A - - - - G -];
    ReadEnrolmentTokens = "enrolment_tokens.read", "Read enrolment tokens, without their secrets.", [A O U - - G -];
    ManageEnrolmentTokens = "enrolment_tokens.manage", "Make and revoke enrolment tokens.", [A - - - - G -];
    ReadFeeds = "feeds.read", "Read the feeds' state.", [A O U V D G C];
    RefreshFeeds = "feeds.refresh", "Have the feeds looked at now.", [A O - - - - -];
    ReadAlerts = "alerts.read", "Read alerts.", [A O U V - G -];
    ReadDeadLetters = "dead_letters.read", "Read messages that were given up.", [A O U - - - -];
    ReplayDeadLetters = "dead_letters.replay", "Send messages that were given up again.", [A - - - - - -];
    UploadScans = "scans.upload", "Send results of scans.", [A O - V D - C];
    ReadPolicies = "policies.read", "Read policies that scans are held against.", [A O U V D - C];
    ManagePolicies = "policies.manage", "Set such policies.", [A - - V - - -];
    ReadExceptions = "exceptions.read", "Read exceptions, and export them as VEX.", [A O U V D - C];
    RequestExceptions = "exceptions.request", "Ask for exceptions.", [A O - V D - -];
    DecideExceptions = "exceptions.decide", "Approve, reject and revoke exceptions; one's own only with `people.manage` for the whole tenant.", [A - - V - - -];
    ExportTenant = "tenant.export", "Read every record of the tenant as it is stored.", [A - - - - - -];
    ReadPeople = "people.read", "Read people, their roles, sessions and invitations.", [A - U - - - -];
    ManagePeople = "people.manage", "Invite, change and remove people, make custom roles, end sessions.", [A - - - - - -];
    ReadCollections = "collections.read", "Read collections: which resources a role, a rule or a view is about.", [A O U V D G C];
    ManageCollections = "collections.manage", "Make and change collections.", [A O - - - - -];
    ReadTokens = "tokens.read", "Read API keys of everybody and what builds are trusted, without secrets.", [A - U - - - -];
    ManageTokens = "tokens.manage", "Make and revoke API keys of everybody, say which builds are trusted.", [A - - - - - -];
    ReadIdentityProviders = "identity_providers.read", "Read which services sign people in.", [A - U - - - -];
    ManageIdentityProviders = "identity_providers.manage", "Set which services sign people in, and which roles their groups give.", [A - - - - - -];
    ReadRegistries = "registries.read", "Read registries and what is scanned of them, without credentials.", [A O U V D - C];
    ManageRegistries = "registries.manage", "Set up registries, their credentials, schedules and webhooks.", [A O - V - - -];
    ReadNotifications = "notifications.read", "Read where notifications go, and what became of them, without secrets.", [A O U V - - -];
    ManageNotifications = "notifications.manage", "Set up where notifications go, try them, send them again.", [A O - - - - -];
    ReadAudit = "audit.read", "Read and export the audit log.", [A - U - - - -];
}

impl Permission {
    /// The permission of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.as_str() == word)
    }
}

/// Whether one of these roles may do this.
#[must_use]
pub fn allows(roles: &[Role], permission: Permission) -> bool {
    roles.iter().any(|role| role_allows(*role, permission))
}

/// Everything that a role may do.
#[must_use]
pub fn of_role(role: Role) -> Permissions {
    let of = |permission: &Permission| role_allows(role, *permission);
    Permission::ALL.into_iter().filter(of).collect()
}

/// One cell of the matrix.
fn role_allows(role: Role, permission: Permission) -> bool {
    ROLES
        .iter()
        .find(|(known, ..)| *known == role)
        .is_some_and(|(_, letter, _)| permission.row().contains(*letter))
}

/// The matrix as a table of Markdown, for the documentation.
#[must_use]
pub fn table() -> String {
    let mut text = "| Permission | What it is for |".to_owned();
    for (_, _, name) in ROLES {
        // Writing to a String cannot fail.
        let _ = write!(text, " {name} |");
    }
    text.push_str("\n|---|---|");
    text.push_str(&"---|".repeat(ROLES.len()));
    for permission in Permission::ALL {
        let _ = write!(
            text,
            "\n| `{}` | {} |",
            permission.as_str(),
            permission.what()
        );
        for (role, ..) in ROLES {
            let cell = if role_allows(role, permission) {
                "yes"
            } else {
                "–"
            };
            let _ = write!(text, " {cell} |");
        }
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_a_cell_for_each_role_in_the_order_of_the_columns() {
        let letters: String = ROLES.iter().map(|(_, letter, _)| letter).collect();
        for permission in Permission::ALL {
            let row = permission.row();
            assert_eq!(row.chars().count(), letters.len(), "{permission:?}");
            for (cell, letter) in row.chars().zip(letters.chars()) {
                assert!(
                    cell == '-' || cell == letter,
                    "{permission:?} has {cell} for {letter}"
                );
            }
            assert_eq!(Permission::from_word(permission.as_str()), Some(permission));
        }
    }

    #[test]
    fn the_printed_matrix_is_this_one() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../../schemas/permissions.md"
        );
        let printed = format!(
            "# Who may do what\n\nWithin their tenant; printed from `functions/core/access/src/permission.rs`.\n\n{}",
            table()
        );
        if std::env::var_os("BULKHEAD_UPDATE").is_some() {
            std::fs::write(path, &printed).unwrap();
        }
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            kept == printed,
            "run `make schemas`: {path} is not the matrix"
        );
    }

    #[test]
    fn who_only_looks_changes_nothing_and_only_an_admin_gives_rights() {
        use Permission as P;
        let changes = |p: &P| !p.as_str().ends_with(".read");
        assert!(
            !P::ALL
                .iter()
                .filter(|p| changes(p))
                .any(|p| allows(&[Role::Auditor], *p))
        );
        assert!(P::ALL.iter().all(|p| allows(&[Role::Admin], *p)));
        for right in [
            P::ManagePeople,
            P::ManageTokens,
            P::ManageIdentityProviders,
            P::ExportTenant,
        ] {
            for (role, ..) in ROLES {
                assert_eq!(
                    allows(&[role], right),
                    role == Role::Admin,
                    "{role:?} {right:?}"
                );
            }
        }
    }

    #[test]
    fn a_role_of_a_later_version_allows_nothing() {
        assert!(
            Permission::ALL
                .iter()
                .all(|p| !allows(&[Role::Unknown], *p) && !allows(&[], *p))
        );
        assert!(allows(
            &[Role::Ci, Role::AgentManager],
            Permission::RevokeAgents
        ));
    }
}
