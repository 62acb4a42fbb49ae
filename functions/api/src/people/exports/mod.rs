//! A tenant's records, to be kept or taken elsewhere.

pub(crate) mod get;
