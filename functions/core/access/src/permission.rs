//! The permission matrix: which role may do what within its tenant.
//!
//! | Permission | Admin | Operator | Auditor | Vulnerability manager | Developer | Agent manager | CI |
//! |---|---|---|---|---|---|---|---|
//! | read vulnerabilities, images, findings, packages | yes | yes | yes | yes | yes | – | yes |
//! | have images of registries read | yes | yes | – | yes | – | – | yes |
//! | read hosts | yes | yes | yes | yes | – | yes | – |
//! | read agents | yes | yes | yes | – | – | yes | – |
//! | revoke agents | yes | – | – | – | – | yes | – |
//! | read enrolment tokens | yes | yes | yes | – | – | yes | – |
//! | make and revoke enrolment tokens | yes | – | – | – | – | yes | – |
//! | read the feeds' state | yes | yes | yes | yes | yes | yes | yes |
//! | have the feeds looked at now | yes | yes | – | – | – | – | – |
//! | read alerts | yes | yes | yes | yes | – | yes | – |
//! | read dead letters | yes | yes | yes | – | – | – | – |
//! | replay dead letters | yes | – | – | – | – | – | – |
//! | send results of scans | yes | yes | – | yes | yes | – | yes |
//! | read policies | yes | yes | yes | yes | yes | – | yes |
//! | set policies | yes | – | – | yes | – | – | – |
//! | export the tenant's records | yes | – | – | – | – | – | – |
//!
//! A person with several roles may do what any of them may. Nothing here crosses a tenant.

use schemas::api::session::Role;

/// One thing that can be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// Vulnerabilities, images, their findings and packages.
    ReadVulnerabilities,
    /// Have images read where their registries keep them.
    ScanImages,
    /// Hosts and their findings.
    ReadHosts,
    /// Agents.
    ReadAgents,
    /// Take an agent's access away.
    RevokeAgents,
    /// Enrolment tokens, without their secrets.
    ReadEnrolmentTokens,
    /// Make and revoke enrolment tokens.
    ManageEnrolmentTokens,
    /// What is loaded of each feed.
    ReadFeeds,
    /// Have the feeds looked at now.
    RefreshFeeds,
    /// Alerts.
    ReadAlerts,
    /// Messages that were given up.
    ReadDeadLetters,
    /// Send messages that were given up again.
    ReplayDeadLetters,
    /// Send results of scans.
    UploadScans,
    /// Policies that scans are held against.
    ReadPolicies,
    /// Set such policies.
    ManagePolicies,
    /// Read every record of the tenant as it is stored.
    ExportTenant,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 16] = [
        Self::ReadVulnerabilities,
        Self::ScanImages,
        Self::ReadHosts,
        Self::ReadAgents,
        Self::RevokeAgents,
        Self::ReadEnrolmentTokens,
        Self::ManageEnrolmentTokens,
        Self::ReadFeeds,
        Self::RefreshFeeds,
        Self::ReadAlerts,
        Self::ReadDeadLetters,
        Self::ReplayDeadLetters,
        Self::UploadScans,
        Self::ReadPolicies,
        Self::ManagePolicies,
        Self::ExportTenant,
    ];

    /// The word used in documents and problems, such as `vulnerabilities.read`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadVulnerabilities => "vulnerabilities.read",
            Self::ScanImages => "images.scan",
            Self::ReadHosts => "hosts.read",
            Self::ReadAgents => "agents.read",
            Self::RevokeAgents => "agents.revoke",
            Self::ReadEnrolmentTokens => "enrolment_tokens.read",
            Self::ManageEnrolmentTokens => "enrolment_tokens.manage",
            Self::ReadFeeds => "feeds.read",
            Self::RefreshFeeds => "feeds.refresh",
            Self::ReadAlerts => "alerts.read",
            Self::ReadDeadLetters => "dead_letters.read",
            Self::ReplayDeadLetters => "dead_letters.replay",
            Self::UploadScans => "scans.upload",
            Self::ReadPolicies => "policies.read",
            Self::ManagePolicies => "policies.manage",
            Self::ExportTenant => "tenant.export",
        }
    }
}

/// Whether one of these roles may do this.
pub fn allows(roles: &[Role], permission: Permission) -> bool {
    roles.iter().any(|role| role_allows(*role, permission))
}

/// One cell of the matrix.
fn role_allows(role: Role, permission: Permission) -> bool {
    use Permission as P;
    match role {
        Role::Admin => true,
        Role::Operator => matches!(
            permission,
            P::ReadVulnerabilities
                | P::ScanImages
                | P::ReadHosts
                | P::ReadAgents
                | P::ReadEnrolmentTokens
                | P::ReadFeeds
                | P::RefreshFeeds
                | P::ReadAlerts
                | P::ReadDeadLetters
                | P::UploadScans
                | P::ReadPolicies
        ),
        Role::Auditor => matches!(
            permission,
            P::ReadVulnerabilities
                | P::ReadHosts
                | P::ReadAgents
                | P::ReadEnrolmentTokens
                | P::ReadFeeds
                | P::ReadAlerts
                | P::ReadDeadLetters
                | P::ReadPolicies
        ),
        Role::VulnerabilityManager => matches!(
            permission,
            P::ReadVulnerabilities
                | P::ScanImages
                | P::ReadHosts
                | P::ReadFeeds
                | P::ReadAlerts
                | P::UploadScans
                | P::ReadPolicies
                | P::ManagePolicies
        ),
        Role::Developer => matches!(
            permission,
            P::ReadVulnerabilities | P::ReadFeeds | P::UploadScans | P::ReadPolicies
        ),
        Role::Ci => matches!(
            permission,
            P::ReadVulnerabilities
                | P::ScanImages
                | P::ReadFeeds
                | P::UploadScans
                | P::ReadPolicies
        ),
        Role::AgentManager => matches!(
            permission,
            P::ReadHosts
                | P::ReadAgents
                | P::RevokeAgents
                | P::ReadEnrolmentTokens
                | P::ManageEnrolmentTokens
                | P::ReadFeeds
                | P::ReadAlerts
        ),
        Role::Unknown => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Columns as in the documented table.
    const COLUMNS: [Role; 7] = [
        Role::Admin,
        Role::Operator,
        Role::Auditor,
        Role::VulnerabilityManager,
        Role::Developer,
        Role::AgentManager,
        Role::Ci,
    ];

    #[test]
    fn the_matrix_is_the_documented_table() {
        let table: Vec<Vec<bool>> = include_str!("permission.rs")
            .lines()
            .filter_map(|line| line.strip_prefix("//! | "))
            .skip(1)
            .map(|row| {
                row.split('|')
                    .skip(1)
                    .filter(|cell| !cell.is_empty())
                    .map(|cell| cell.trim() == "yes")
                    .collect()
            })
            .collect();
        assert_eq!(table.len(), Permission::ALL.len());
        for (permission, row) in Permission::ALL.iter().zip(table) {
            for (role, documented) in COLUMNS.iter().zip(&row) {
                assert_eq!(
                    allows(&[*role], *permission),
                    *documented,
                    "{role:?} {permission:?}"
                );
            }
            assert_eq!(row.len(), COLUMNS.len());
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
