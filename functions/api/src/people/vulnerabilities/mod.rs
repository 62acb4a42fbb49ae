//! Vulnerabilities of the tenant's estate, ranked.

pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod what_if;
