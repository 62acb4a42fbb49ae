//! Images.

pub(crate) mod findings;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod packages;
pub(crate) mod request;
pub(crate) mod scan;
