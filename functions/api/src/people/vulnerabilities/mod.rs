//! Vulnerabilities of the tenant's estate, ranked.

pub(crate) mod get;
pub(crate) mod list;
