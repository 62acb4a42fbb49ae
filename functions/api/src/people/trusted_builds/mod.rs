//! Rules that say which builds are trusted.

pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod remove;

use records::identity::TrustedBuild;
use schemas::api::trusted_build::TrustedBuildRow;

/// A rule as it is listed.
pub(crate) fn row(rule: TrustedBuild) -> TrustedBuildRow {
    TrustedBuildRow {
        id: rule.id,
        note: rule.note,
        issuer: rule.issuer,
        audience: rule.audience,
        claims: rule.claims,
        roles: rule.roles,
        lifetime_s: rule.lifetime_s,
        created_at: rule.created_at,
        created_by: rule.created_by,
    }
}
